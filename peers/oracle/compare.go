package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/fuzz/differ"
)

// comparisons has the state of one run, which several workers share.
type comparisons struct {
	options
	library *library
	source  source
	older   []bool           // by difference, whether the library has it
	profile picohttp.Profile // Pico, except in the test that another one differs
	start   time.Time

	taken       atomic.Int64 // questions taken from the source
	asked       atomic.Int64 // questions, with those of checkAround
	unexplained atomic.Int64 // differences
	counts      [len(kindNames)][columns]atomic.Int64
	named       []atomic.Int64 // by difference

	mu    sync.Mutex
	out   io.Writer
	shown int
}

// The counts of each kind are by outcome, at its negative, and then of differences.
const (
	explained = -incomplete + 1 + iota
	unexplained
	columns
)

const (
	maxShown   = 10   // differences that are printed
	minimising = 3000 // questions at most to make an input smaller
)

// compare runs the workers.
func (r *comparisons) compare() error {
	r.start = time.Now()
	r.named = make([]atomic.Int64, len(differences))
	done := make(chan struct{})
	defer close(done)
	go r.progress(done)
	var workers sync.WaitGroup
	defer workers.Wait()
	for range runtime.GOMAXPROCS(0) {
		o, err := newOracle(r.library)
		if err != nil {
			r.taken.Store(r.source.total)
			return err
		}
		w := &worker{r, newSubject(r.profile), o}
		workers.Go(w.work)
	}
	return nil
}

// progress prints a line every five seconds, until done is closed.
func (r *comparisons) progress(done <-chan struct{}) {
	ticks := time.Tick(5 * time.Second)
	for {
		select {
		case <-done:
			return
		case <-ticks:
			asked := r.asked.Load()
			fmt.Fprintf(os.Stderr, "%d of %d inputs, %.0f a second, %d differences\n",
				asked, r.source.total, float64(asked)/time.Since(r.start).Seconds(), r.unexplained.Load())
		}
	}
}

// A worker has a picohttp and a picohttpparser.
type worker struct {
	*comparisons
	subject *subject
	oracle  *oracle
}

func (w *worker) work() {
	for number := w.taken.Add(1) - 1; number < w.source.total; number = w.taken.Add(1) - 1 {
		q := w.source.question(number)
		n, err := w.check(q, anyOutcome)
		if outcomeOf(err) == malformed && number%17 == 0 && len(q.input) < 100<<10 {
			w.checkAround(q, n, err)
		}
	}
}

// anyOutcome makes check accept each outcome.
const anyOutcome = 1

// check asks both sides, counts the outcome and the differences, and returns n and err of picohttp.
func (w *worker) check(q question, want int) (n int, err error) {
	c, counts := w.ask(&q, want), &w.counts[q.kind]
	n, err = w.subject.n, w.subject.err
	w.asked.Add(1)
	counts[-outcomeOf(err)].Add(1)
	if c == nil {
		return n, err
	}
	found := c.explained(w.older)
	for _, i := range found {
		w.named[i].Add(1)
	}
	if len(found) > 0 {
		counts[explained].Add(1)
	} else {
		counts[unexplained].Add(1)
		w.unexplained.Add(1)
		w.print(c)
	}
	return n, err
}

// ask asks both sides. It returns their answers if they differ, or if picohttp's outcome is not the
// one that is wanted. They are valid until the next question.
func (w *worker) ask(q *question, want int) *comparison {
	theirs, s := w.oracle.ask(q), w.subject
	s.ask(q)
	wrong := want != anyOutcome && want != outcomeOf(s.err)
	if !wrong && theirs.equal(&s.answer) {
		return nil
	}
	return &comparison{*q, *theirs, s.answer, s.n, s.err, wrong}
}

// checkAround checks that the n of a malformed input is the offset of the byte that makes it
// malformed: without that byte both must report incomplete, and with it malformed. Shorter inputs
// than 100 KiB have such a byte; a body can also have too much overhead.
func (w *worker) checkAround(q question, n int, err error) {
	input, to := q.input, n+1
	// picohttpparser reports an HTTP-version as incomplete until a byte follows it.
	const version = len("HTTP/1.1\n")
	if q.kind == response {
		to = max(to, version)
	}
	switch err {
	case picohttp.ErrVersion, picohttp.ErrMajor, picohttp.ErrRequestLine, picohttp.ErrTLS, picohttp.ErrHTTP2, picohttp.ErrEmptyLine:
		to = n + version
	case picohttp.ErrStatus:
		// The status-code is read when 4 bytes are there, and what follows it with the whole line.
		to = n + len("200 ")
		if i := bytes.IndexByte(input[n:], '\n'); i >= 0 {
			to = max(to, n+i+1)
		}
	}
	q.input = input[:n]
	w.check(q, incomplete)
	q.input = input[:min(to, len(input))]
	w.check(q, malformed)
}

// print prints a difference that nothing explains, and then the smallest input found that has one.
func (w *worker) print(c *comparison) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.shown++; w.shown > maxShown {
		return
	}
	fmt.Fprintf(w.out, "\ndifference %d: %v\n", w.shown, c)
	if c.wrong {
		fmt.Fprintln(w.out, "for a longer input, picohttp reports malformed with an n that contradicts this outcome")
		return
	}
	input, q, smaller := bytes.Clone(c.input), c.question, ""
	differs := func(b []byte) bool {
		q.input = b
		c := w.ask(&q, anyOutcome)
		if c == nil || len(c.explained(w.older)) > 0 {
			return false
		}
		smaller = c.String()
		return true
	}
	if q.pieces = nil; !differs(input) {
		q.pieces = c.pieces
		differs(input) // sets smaller, in case nothing is smaller
	}
	differ.Minimise(input, minimising, differs)
	fmt.Fprintf(w.out, "smaller: %s\n", smaller)
}

func (c *comparison) String() string {
	why := ""
	if err, ok := c.err.(picohttp.Error); ok {
		why = fmt.Sprintf(" at %d: %s", c.n, err)
	}
	return fmt.Sprintf("%v\npicohttpparser: %s\npicohttp:       %s%s", &c.question, c.text(c.older), c.text(c.newest), why)
}
