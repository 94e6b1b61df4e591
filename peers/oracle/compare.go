package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/fuzz/differ"
)

// Comparisons are those of one run, by several workers.
type comparisons struct {
	options
	source  source
	older   []bool           // by difference, whether it explains anything here
	profile picohttp.Profile // Pico, except in the test that another one differs
	batches atomic.Int64     // that were taken from the source
	asked   atomic.Int64     // questions
	failed  atomic.Bool      // a worker has, so the others end, too
	start   time.Time

	mu     sync.Mutex
	out    io.Writer
	counts [chunkedLeave + 1]counts
	named  []int64 // by difference
	shown  int
}

// Counts are of the inputs of a kind.
type counts struct {
	outcomes               [3]int64 // of complete, -malformed and -incomplete
	explained, unexplained int64
}

// compare runs the workers.
func (r *comparisons) compare() error {
	r.start = time.Now()
	r.named = make([]int64, len(differences))
	errs := make(chan error)
	for range r.workers {
		go func() { errs <- r.work() }()
	}
	ticker := time.NewTicker(5 * time.Second)
	defer ticker.Stop()
	var failed error
	for left := r.workers; left > 0; {
		select {
		case err := <-errs:
			failed = cmp.Or(failed, err)
			r.failed.Store(failed != nil)
			left--
		case <-ticker.C:
			asked := r.asked.Load()
			fmt.Fprintf(os.Stderr, "%d of %d inputs, %.0f a second, %d differences\n",
				asked, r.source.total, float64(asked)/time.Since(r.start).Seconds(), r.unexplained())
		}
	}
	return failed
}

func (r *comparisons) unexplained() (n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.counts {
		n += c.unexplained
	}
	return n
}

// A worker has a picohttp and an oracle, and one batch after the other.
type worker struct {
	*comparisons
	subject *subject
	oracle  *oracle

	frames  []byte // questions for the oracle
	last    int    // where the last one begins
	asked   []asked
	answers []byte // of picohttp
}

// What was asked.
type asked struct {
	question
	end     int // of the answer of picohttp in answers
	outcome int
	n       int // of the subject
	err     error
	wrong   bool // the outcome contradicts the n for a longer input
}

func (r *comparisons) work() error {
	o, err := startOracle(r.path)
	if err != nil {
		return err
	}
	defer o.stop()
	w := &worker{comparisons: r, subject: newSubject(r.profile), oracle: o}
	for !w.failed.Load() && w.fill() {
		if err := w.check(); err != nil {
			return err
		}
	}
	return nil
}

// fill makes the next batch, and reports whether there is one.
func (w *worker) fill() bool {
	w.frames, w.asked, w.answers = w.frames[:0], w.asked[:0], w.answers[:0]
	questions := w.source.batch(w.batches.Add(1) - 1)
	if questions == nil {
		return false
	}
	malformedOnes := 0
	for q := range questions {
		if w.add(q, anyOutcome) == malformed && len(q.input) < 100<<10 {
			if malformedOnes++; malformedOnes%16 == 0 {
				w.addAround(q)
			}
		}
	}
	return true
}

// anyOutcome is what add wants of most inputs.
const anyOutcome = 1

// add adds a question to the batch and returns the outcome.
func (w *worker) add(q question, want int) (outcome int) {
	a := asked{question: q}
	w.last = len(w.frames)
	w.frames = q.appendTo(w.frames)
	a.input = w.frames[len(w.frames)-len(q.input):] // where it has any alignment
	a.outcome = w.subject.ask(&a.question)
	a.n, a.err = w.subject.n, w.subject.err
	a.wrong = want != anyOutcome && want != a.outcome
	w.answers = append(w.answers, w.subject.answer...)
	a.end = len(w.answers)
	w.asked = append(w.asked, a)
	return a.outcome
}

// addAround adds what shows whether the n of a malformed input is the offset of the byte
// that picohttpparser cannot take: without that byte the input is incomplete, with it
// malformed. This does not hold for bodies with too much overhead, which is not in one
// byte.
func (w *worker) addAround(q question) {
	input, n, to := q.input, w.subject.n, w.subject.n+1
	// picohttpparser looks at no HTTP-version that has no byte after it.
	const version = len("HTTP/1.1\n")
	if q.kind == response {
		to = max(to, version)
	}
	switch w.subject.err {
	case picohttp.ErrVersion, picohttp.ErrMajor, picohttp.ErrRequestLine, picohttp.ErrTLS, picohttp.ErrHTTP2, picohttp.ErrEmptyLine:
		to = n + version
	case picohttp.ErrStatus:
		// It wants 4 bytes of a status-code, and of what follows it the whole line.
		to = n + len("200 ")
		if i := bytes.IndexByte(input[n:], '\n'); i >= 0 {
			to = max(to, n+i+1)
		}
	}
	q.input = input[:n]
	w.add(q, incomplete)
	q.input = input[:min(to, len(input))]
	w.add(q, malformed)
}

// check sends the batch to the oracle and compares the answers. The differences are
// examined after that, when the oracle is free for other questions.
func (w *worker) check() error {
	if len(w.asked) == 0 {
		return nil
	}
	setLast(w.frames[w.last:])
	w.oracle.send(w.frames)
	var differing []*comparison
	from := 0
	for i := range w.asked {
		a := &w.asked[i]
		theirs, err := w.oracle.read()
		if err != nil {
			return err
		}
		if ours := w.answers[from:a.end]; a.wrong || !bytes.Equal(theirs, ours) {
			differing = append(differing, &comparison{&a.question, bytes.Clone(theirs), ours, a.n, a.err, a.wrong})
		}
		from = a.end
	}
	w.oracle.writes.Wait()
	w.comparisons.asked.Add(int64(len(w.asked)))
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.asked {
		w.counts[a.kind].outcomes[-a.outcome]++
	}
	for _, c := range differing {
		if err := w.differ(c); err != nil {
			return err
		}
	}
	return nil
}

// differ counts a difference. If nothing explains it, it is shown, and again as small as it
// can be.
func (w *worker) differ(c *comparison) (err error) {
	q, counts := c.question, &w.counts[c.kind]
	if found := c.explained(w.older); len(found) > 0 && !c.wrong {
		counts.explained++
		for _, i := range found {
			w.named[i]++
		}
		return nil
	}
	counts.unexplained++
	if w.shown++; w.shown > w.show {
		return nil
	}
	fmt.Fprintf(w.out, "\ndifference %d: %v\n", w.shown, c)
	if c.wrong {
		fmt.Fprintln(w.out, "picohttp says of a longer input that it is malformed, with an n that cannot be")
		return nil
	}
	small := *q
	differs := func(q question) bool {
		c, failed := w.compareOne(&q)
		err = cmp.Or(err, failed)
		return err == nil && !bytes.Equal(c.older, c.newest) && len(c.explained(w.older)) == 0
	}
	if small.pieces = nil; !differs(small) {
		small.pieces = q.pieces
	}
	small.input = differ.Minimise(q.input, minimising, func(b []byte) bool {
		less := small
		less.input = b
		return differs(less)
	})
	if err == nil && len(small.input) < len(q.input) {
		c, err = w.compareOne(&small)
	}
	if err == nil {
		fmt.Fprintf(w.out, "smaller: %v\n", c)
	}
	return err
}

// minimising is how many questions are asked to make an input smaller.
const minimising = 3000

// compareOne asks both sides a question.
func (w *worker) compareOne(q *question) (*comparison, error) {
	theirs, err := w.oracle.ask(q)
	if err != nil {
		return nil, err
	}
	w.subject.ask(q)
	return &comparison{q, bytes.Clone(theirs), bytes.Clone(w.subject.answer), w.subject.n, w.subject.err, false}, nil
}

func (c *comparison) String() string {
	why := ""
	if err, ok := c.err.(picohttp.Error); ok {
		why = fmt.Sprintf(" at %d: %s", c.n, err)
	}
	return fmt.Sprintf("%v\npicohttpparser: %v\npicohttp:       %v%s", c.question, c.read(c.older), c.read(c.newest), why)
}
