package differ

import (
	"errors"
	"sync/atomic"
	"time"
)

// A parser is what an adaptor has for the kind of a Run.
type parser struct {
	name    string
	parse   func(b []byte) Verdict
	program *program // of a Pipe; nil for Go code

	out   atomic.Bool     // it is not asked any more
	ended map[string]bool // inputs that ended the process of an earlier run
}

// endsRun is the verdict on an input that is not tried again.
var endsRun = Verdict{Result: Crash, Where: "ended the process", Why: "the process ended while the parser " +
	"read this: by os.Exit, a fatal error of Go's runtime, or killed from outside"}

// watched returns parse with a time limit. It runs parse on another goroutine, and abandons
// that one if parse does not return: nothing can stop it.
func (j *job) watched(name string, parse func(b []byte) Verdict) func(b []byte) Verdict {
	inputs, verdicts, late := make(chan []byte), make(chan Verdict, 1), time.NewTimer(0)
	go func() {
		for b := range inputs {
			verdicts <- Call(parse, b)
		}
	}()
	j.closers = append(j.closers, func() { close(inputs) })
	return func(b []byte) Verdict {
		begin(j.record, name, b)
		defer clear(j.record[:4])
		inputs <- b
		late.Reset(j.Patience)
		select {
		case v := <-verdicts:
			return v
		case <-late.C:
			v := noAnswer(j.Patience)
			v.gone = errors.New(v.Why)
			return v
		}
	}
}
