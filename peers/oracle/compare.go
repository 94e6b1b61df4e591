package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/picohttp/picohttp"
)

// Comparisons are those of one run, by several workers.
type comparisons struct {
	options
	source  source
	older   []bool           // by difference, whether it explains anything here
	profile picohttp.Profile // Pico, unless it is to be shown that another differs
	batches atomic.Int64     // that were taken from the source
	asked   atomic.Int64     // questions
	failed  atomic.Bool      // a worker, so that the others end, too
	start   time.Time

	mu     sync.Mutex
	out    io.Writer
	counts [chunkedLeave + 1]counts
	named  []int64 // by difference
	shown  int
}

// Counts are of the inputs of a kind.
type counts struct {
	outcomes    [anyOutcome]int64
	explained   int64
	unexplained int64
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
			r.progress()
		}
	}
	return failed
}

func (r *comparisons) progress() {
	asked := r.asked.Load()
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(os.Stderr, "%d of %d inputs, %.0f a second, %d differences\n",
		asked, r.source.total(), float64(asked)/time.Since(r.start).Seconds(), r.unexplained())
}

func (r *comparisons) unexplained() (n int64) {
	for _, c := range r.counts {
		n += c.unexplained
	}
	return n
}

// A worker has a picohttp and an oracle, which work at the same time: while one
// answers a batch, the other has the batch before.
type worker struct {
	*comparisons
	subject *subject
	oracle  *oracle
	counts  [chunkedLeave + 1]counts
	q       question

	// For a difference the question is asked again, with a verbose answer.
	verbose *subject
	witness *oracle
}

func (r *comparisons) work() error {
	w := &worker{comparisons: r, subject: newSubject(r.profile, false), verbose: newSubject(r.profile, true)}
	var err error
	if w.oracle, err = startOracle(r.path); err != nil {
		return err
	}
	defer w.oracle.stop()
	if w.witness, err = startOracle(r.path); err != nil {
		return err
	}
	defer w.witness.stop()
	current, previous := new(batch), new(batch)
	for !w.failed.Load() && w.fill(current) {
		if _, err := w.oracle.stdin.Write(current.frames); err != nil {
			return w.oracle.ended()
		}
		if err := w.check(previous); err != nil {
			return err
		}
		current, previous = previous, current
	}
	if err := w.check(previous); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, c := range w.counts {
		for i, n := range c.outcomes {
			r.counts[k].outcomes[i] += n
		}
	}
	return nil
}

// fill fills a batch with the next questions, and reports whether there are any.
func (w *worker) fill(b *batch) bool {
	b.reset()
	return w.source.fill(w, b, w.batches.Add(1)-1)
}

// add puts the question w.q into a batch.
func (w *worker) add(b *batch, want outcome) outcome {
	at := len(b.frames)
	b.frames = w.q.appendTo(b.frames, false)
	q := w.q
	q.input = b.frames[len(b.frames)-len(q.input):] // for many alignments
	got := w.subject.ask(&q)
	b.asked = append(b.asked, asked{at, w.subject.hash, q.next, want != anyOutcome && want != got})
	w.counts[q.kind].outcomes[got]++
	return got
}

// addAround puts into a batch what shows whether the n of a malformed input is
// the offset of the octet that picohttpparser cannot take: without it the input
// is incomplete, with it malformed. That is no test of too much overhead, which is
// not in one octet, nor does it work on bodies that may have it.
func (w *worker) addAround(b *batch) {
	input, n, to := w.q.input, w.subject.n, w.subject.n+1
	// picohttpparser looks at no HTTP-version with less than an octet behind it.
	const version = len("HTTP/1.1\n")
	if w.q.kind == response {
		to = max(to, version)
	}
	switch w.subject.err {
	case picohttp.ErrVersion, picohttp.ErrMajor, picohttp.ErrRequestLine, picohttp.ErrTLS, picohttp.ErrHTTP2, picohttp.ErrEmptyLine:
		to = n + version
	case picohttp.ErrStatus:
		// It wants 4 octets of a status-code, and of what is behind it the whole line.
		to = n + len("200 ")
		if i := bytes.IndexByte(input[n:], '\n'); i >= 0 {
			to = max(to, n+i+1)
		}
	}
	w.q.input = input[:n]
	w.add(b, incomplete)
	w.q.input = input[:min(to, len(input))]
	w.add(b, malformed)
}

// check reads the answers to a batch.
func (w *worker) check(b *batch) error {
	for i, a := range b.asked {
		hash, err := w.oracle.word()
		if err != nil {
			return err
		}
		if hash != a.hash || a.offset {
			if err := w.differ(b.question(i), a.offset); err != nil {
				return err
			}
		}
	}
	w.asked.Add(int64(len(b.asked)))
	return nil
}

// differ takes note of a difference. If nothing explains it, it shows it, and the
// same as small as it can be.
func (w *worker) differ(q *question, offset bool) error {
	names, c, err := w.compareOne(q)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(names) > 0 && !offset {
		w.comparisons.counts[q.kind].explained++
		for _, i := range names {
			w.named[i]++
		}
		return nil
	}
	w.comparisons.counts[q.kind].unexplained++
	if w.shown++; w.shown > w.show {
		return nil
	}
	fmt.Fprintf(w.out, "\ndifference %d: %v\n%s", w.shown, q, c.show())
	if offset {
		fmt.Fprintln(w.out, "picohttp said of a longer input that it is malformed, with an n that cannot be")
		return nil
	}
	small, err := w.shrink(q)
	if err != nil || len(small.input) == len(q.input) {
		return err
	}
	if _, c, err = w.compareOne(small); err == nil {
		fmt.Fprintf(w.out, "smaller: %v\n%s", small, c.show())
	}
	return err
}

// compareOne asks both sides, verbosely, and returns what explains the
// difference, if there is one.
func (w *worker) compareOne(q *question) (names []int, c *comparison, err error) {
	theirs, err := w.witness.ask(q)
	if err != nil {
		return nil, nil, err
	}
	w.verbose.ask(q)
	c = &comparison{question: q, older: theirs, newest: slices.Clone(w.verbose.words), n: w.verbose.n, err: w.verbose.err}
	for _, i := range explain(c) {
		if w.older[i] {
			names = append(names, i)
		}
	}
	return names, c, nil
}

func (c *comparison) show() string {
	why := ""
	if err, ok := c.err.(picohttp.Error); ok {
		why = fmt.Sprintf(" at %d: %s", c.n, err)
	}
	return fmt.Sprintf("picohttpparser: %s\npicohttp:       %s%s\n", describe(c.question, c.older), describe(c.question, c.newest), why)
}

// shrink takes octets away as long as there is a difference that nothing explains.
func (w *worker) shrink(q *question) (*question, error) {
	small := *q
	try := func(q question) (bool, error) {
		names, c, err := w.compareOne(&q)
		ok := err == nil && len(names) == 0 && !slices.Equal(c.older, c.newest)
		if ok {
			small = q
		}
		return ok, err
	}
	whole := small
	whole.pieces = nil
	if _, err := try(whole); err != nil {
		return nil, err
	}
	for size := len(small.input) / 2; size > 0; size /= 2 {
		for from := 0; from+size <= len(small.input); {
			less := small
			less.input = slices.Concat(small.input[:from], small.input[from+size:])
			ok, err := try(less)
			if err != nil {
				return nil, err
			}
			if !ok {
				from += size
			}
		}
	}
	return &small, nil
}
