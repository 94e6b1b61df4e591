package differ

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/picohttp/picohttp"
)

// Call returns what parse says of b. A panic and, in Go code, the use of memory
// that is not there is the Result Crash.
func Call(parse func(b []byte) Verdict, b []byte) (v Verdict) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			v = Verdict{Result: Crash, Why: fmt.Sprint(p)}
		}
	}()
	return parse(b[:len(b):len(b)])
}

// A watched parser runs on a goroutine of its own, which is abandoned when it does
// not answer: a parser may well run for ever where one looks for its faults.
type watched struct {
	questions chan func() Verdict
	answers   chan Verdict
	patience  *time.Timer
	limit     time.Duration
	abandoned bool
	stuck     []byte // the input that it was abandoned with, until that is a finding
}

func newWatched(limit time.Duration) *watched {
	w := &watched{make(chan func() Verdict), make(chan Verdict, 1), time.NewTimer(limit), limit, false, nil}
	go func() {
		for q := range w.questions {
			w.answers <- Call(func([]byte) Verdict { return q() }, nil)
		}
	}()
	return w
}

// ask answers what q does, which is about an input in pieces; if that takes too
// long, and from then on, Absent.
func (w *watched) ask(q func() Verdict, pieces ...[]byte) Verdict {
	if w.abandoned {
		return Verdict{Result: Absent}
	}
	w.questions <- q
	w.patience.Reset(w.limit)
	select {
	case v := <-w.answers:
		return v
	case <-w.patience.C:
		w.abandoned, w.stuck = true, joined(pieces)
		return Verdict{Result: Absent}
	}
}

// watch has p run watched.
func (p *parser) watch(limit time.Duration) {
	w := newWatched(limit)
	p.watched = w
	parse, pieces := p.parse, p.pieces
	p.parse = func(b []byte) Verdict {
		return w.ask(func() Verdict { return parse(b[:len(b):len(b)]) }, b)
	}
	if pieces != nil {
		p.pieces = func(k Kind, of [][]byte) Verdict {
			return w.ask(func() Verdict { return pieces(k, of) }, of...)
		}
	}
}

// A Guard holds octets flush against a page that cannot be read: a load that
// leaves them by one octet faults. C code that faults ends the process.
type Guard struct{ room []byte }

// NewGuard returns a Guard for inputs of up to max octets. Its memory is never
// given back.
func NewGuard(max int) (*Guard, error) {
	room, err := guardMemory(max)
	return &Guard{room}, err
}

// AtEnd returns b, copied to where the memory ends. The next call overwrites it.
func (g *Guard) AtEnd(b []byte) []byte {
	end := g.room[len(g.room)-len(b):]
	copy(end, b)
	return end[:len(b):len(b)]
}

// AtStart returns b, copied to where the memory begins. The next call overwrites
// it.
func (g *Guard) AtStart(b []byte) []byte {
	copy(g.room, b)
	return g.room[:len(b):len(b)]
}

// Parse returns parse, with each input at both ends of the Guard; verdicts that
// depend on that are a Crash. A longer input than the Guard is for is handed
// on as it is.
func (g *Guard) Parse(parse func(b []byte) Verdict) func(b []byte) Verdict {
	return func(b []byte) Verdict {
		if len(b) > len(g.room) {
			return Call(parse, b)
		}
		end := Call(parse, g.AtEnd(b))
		start := Call(parse, g.AtStart(b))
		if c := Compare(&end, &start); c != Agree && end.Result != Crash {
			return Verdict{Result: Crash, Why: "the verdict depends on where the input lies: " + c.String()}
		}
		return end
	}
}

// Prefixes holds parse to itself: what it says of b must be what it said of each
// beginning of b, or "incomplete". An input that has been rejected cannot become
// right, and one that has been accepted does not change with what comes behind
// it. It answers the first beginning that does not fit, and why, or -1.
func Prefixes(parse func(b []byte) Verdict, b []byte) (end int, why string) {
	whole := Call(parse, b)
	for end := range b {
		v := Call(parse, b[:end])
		switch {
		case v.Result == Incomplete || closes(&v) || closes(&whole):
			continue
		case v.Result != whole.Result:
			return end, fmt.Sprintf("%s of %d octets, %s of %d", v.Result, end, whole.Result, len(b))
		case v.Result == Accept:
			if c := Compare(&v, &whole); c != Agree {
				return end, fmt.Sprintf("another %s with %d octets than with %d", c, end, len(b))
			}
		}
	}
	return -1, ""
}

// closes: the body ends where the input does.
func closes(v *Verdict) bool {
	return v.Result == Accept && v.Silent&PartFraming == 0 && v.Framing.Body == picohttp.BodyUntilClose
}

// Splits holds a parser that takes pieces to itself: b in two pieces, cut at each
// place, and octet by octet must have the verdict of b in one. It answers the
// first cut that does not fit, len(b) for octet by octet, and why, or -1.
func Splits(pieces func(k Kind, pieces [][]byte) Verdict, k Kind, b []byte) (cut int, why string) {
	deliver := func(p ...[]byte) Verdict {
		return Call(func([]byte) Verdict { return pieces(k, p) }, nil)
	}
	whole := deliver(b)
	check := func(v Verdict) string {
		switch c := Compare(&v, &whole); {
		case c != Agree || v.Result != whole.Result:
			return fmt.Sprintf("%s in pieces, %s in one: %s", v.Result, whole.Result, c)
		case v.Result == Reject && v.Why != whole.Why:
			return fmt.Sprintf("%q in pieces, %q in one", v.Why, whole.Why)
		}
		return ""
	}
	for cut := 1; cut < len(b); cut++ {
		if why := check(deliver(b[:cut:cut], b[cut:])); why != "" {
			return cut, why
		}
	}
	octets := make([][]byte, len(b))
	for i := range b {
		octets[i] = b[i : i+1 : i+1]
	}
	if len(b) > 0 {
		if why := check(deliver(octets...)); why != "" {
			return len(b), why
		}
	}
	return -1, ""
}
