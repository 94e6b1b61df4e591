package differ

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A parser is what an adaptor has for the kind of a Run.
type parser struct {
	name    string
	parse   func(b []byte) Verdict
	program *process // of a Pipe; nil for Go code
	worker  *worker  // of Go code

	out   bool            // it is not asked any more
	stuck []byte          // the input that it did not return for, until that is a finding
	ended map[string]bool // inputs that ended the process of an earlier run
}

// A worker calls Go code on a goroutine of its own, which is abandoned if the code does not
// return: nothing can stop it.
type worker struct {
	inputs   chan []byte
	verdicts chan Verdict
	timer    *time.Timer
}

func newWorker(parse func(b []byte) Verdict) *worker {
	w := &worker{make(chan []byte), make(chan Verdict, 1), time.NewTimer(0)}
	go func() {
		for b := range w.inputs {
			w.verdicts <- Call(parse, b)
		}
	}()
	return w
}

// ask returns the verdict on b, or false if that takes longer than patience.
func (w *worker) ask(b []byte, patience time.Duration) (v Verdict, inTime bool) {
	w.inputs <- b
	w.timer.Reset(patience)
	select {
	case v := <-w.verdicts:
		return v, true
	case <-w.timer.C:
		return Verdict{Result: Absent}, false
	}
}

// ask returns the verdict of a parser on b, and notes what that shows about the parser.
func (r *Run) ask(p *parser, b []byte) (v Verdict) {
	if p.out {
		return Verdict{Result: Absent}
	}
	r.copied = append(r.copied[:0], b...)
	if p.program != nil {
		v = p.parse(b)
		if p.program.gone != nil {
			r.leave(p, p.program.gone)
		} else if v.Result == Protocol {
			r.garbled(p, v.Why)
		}
		return v
	}
	if p.ended[string(b)] {
		return endsRun
	}
	r.trying.begin(p.name, b, r.done)
	v, inTime := p.worker.ask(b, r.Patience)
	r.trying.end()
	if !inTime {
		p.stuck = append([]byte{}, b...) // not nil, even if that is empty
		r.leave(p, fmt.Errorf("%s in %v", noAnswer, r.Patience))
	} else if !bytes.Equal(b, r.copied) {
		copy(b, r.copied)
		v = writes
	}
	return v
}

// endsRun is the verdict on an input that is not tried again.
var endsRun = Verdict{Result: Crash, Where: "ended the process", Why: "the process ended while the parser read this: " +
	"by os.Exit, a fatal error of Go's runtime, or killed from outside"}

// A Failure is what happened to a parser, apart from its verdicts.
type Failure struct {
	Kind   Kind
	Parser string
	Out    bool   // it takes no part from then on
	Since  int64  // executions when it happened first
	Count  int64  // how often it happened
	Why    string // the first time
	Input  []byte // that it happened with first
}

// maxGarbled is how many lines that are no answers end a run.
const maxGarbled = 10

// leave notes that a parser is out, and ends the run if it cannot do without.
func (r *Run) leave(p *parser, why error) {
	p.out = true
	r.failures = append(r.failures, Failure{r.Kind, p.name, true, r.done, 1, why.Error(), bytes.Clone(r.copied)})
	switch {
	case r.over != nil:
	case errors.Is(why, errProtocol):
		r.over = fmt.Errorf("differ: %s: %w", p.name, why)
	case !r.enough():
		r.over = fmt.Errorf("differ: too few parsers are left for %s: %s is out: %w", r.Kind, p.name, why)
	}
}

// enough reports whether there is something left to compare.
func (r *Run) enough() bool {
	left := 0
	for i := range r.parsers {
		if !r.parsers[i].out {
			left++
		}
	}
	return left > 1 && (r.against == everyone || !r.parsers[r.against].out) || left > 0 && r.Splits
}

// garbled notes that a program wrote something other than an answer.
func (r *Run) garbled(p *parser, why string) {
	i := slices.IndexFunc(r.failures, func(f Failure) bool { return f.Parser == p.name && !f.Out })
	if i < 0 {
		i = len(r.failures)
		r.failures = append(r.failures, Failure{r.Kind, p.name, false, r.done, 0, "protocol: " + why, bytes.Clone(r.copied)})
	}
	f := &r.failures[i]
	if f.Count++; f.Count >= maxGarbled && r.over == nil {
		r.over = fmt.Errorf("differ: %s: %w: %s", p.name, errProtocol, strings.TrimPrefix(f.Why, "protocol: "))
	}
}
