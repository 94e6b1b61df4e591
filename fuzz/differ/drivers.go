package differ

import (
	"bytes"
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/picohttp/picohttp"
)

// Call returns what parse says of b. A panic and, in Go code, the use of memory
// that is not there is the Result Crash.
func Call(parse func(b []byte) Verdict, b []byte) (v Verdict) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			function, line := panicked()
			why := fmt.Sprint(p)
			v = Verdict{Result: Crash, Why: fmt.Sprintf("%s (%s)", why, line), Where: function + ": " + withoutValues(why)}
		}
	}()
	return parse(b[:len(b):len(b)])
}

// withoutValues returns the beginning of a text, up to the first number or quotation.
func withoutValues(text string) string {
	if i := strings.IndexAny(text, "\"'`[0123456789"); i >= 0 {
		text = text[:i]
	}
	return strings.TrimRight(text[:min(len(text), 60)], " :")
}

// panicked returns where the panic that is being recovered from began: the first function
// that belongs to neither the runtime nor the kit nor, unless there is no other, the
// standard library.
func panicked() (function, line string) {
	const kit = "github.com/picohttp/picohttp/fuzz/differ."
	var callers [64]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers[:])])
	library := "" // the folder of the standard library, as the first frame is runtime's
	ours := false // so far all is the kit's
	for {
		f, more := frames.Next()
		domain, _, path := strings.Cut(f.Function, "/")
		own := strings.HasPrefix(f.Function, kit)
		standard := strings.HasPrefix(f.File, library) && !(path && strings.Contains(domain, ".")) && !strings.HasPrefix(f.Function, "main.")
		switch {
		case f.Function == kit+"Call":
			return function, line
		case strings.HasPrefix(f.Function, "runtime."):
			if i := strings.LastIndex(f.File, "runtime/"); library == "" && i >= 0 {
				library = f.File[:i]
			}
		case function == "" || ours && !own || !own && !standard:
			function, line, ours = f.Function, fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line), own
			if !own && !standard {
				return function, line
			}
		}
		if !more {
			return function, line
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

// Parse returns parse, with each input at both ends of the Guard. If the verdict depends
// on that, or parse writes to the input, that is a Crash. A longer input than the Guard is
// for is passed as it is.
func (g *Guard) Parse(parse func(b []byte) Verdict) func(b []byte) Verdict {
	return func(b []byte) Verdict {
		if len(b) > len(g.room) {
			return Call(parse, b)
		}
		place := g.AtEnd(b)
		end := Call(parse, place)
		if !bytes.Equal(place, b) {
			return writes
		}
		start := Call(parse, g.AtStart(b))
		if c := Compare(&end, &start); c != Agree && end.Result != Crash {
			return Verdict{Result: Crash, Why: "the verdict depends on where the input lies: " + c.String(), Where: "depends on where the input lies"}
		}
		return end
	}
}

// writes is the verdict of a parser that writes to its input.
var writes = Verdict{Result: Crash, Why: "it wrote to its input", Where: "writes to its input"}

// Prefixes holds parse to itself: what it says of b must be what it said of each
// beginning of b, or "incomplete". An input that has been rejected cannot become
// right, and one that has been accepted does not change with what comes behind
// it. It answers the first beginning that does not fit, and why, or -1.
func Prefixes(parse func(b []byte) Verdict, b []byte) (end int, why string) {
	whole := Call(parse, b)
	for end := range b {
		v := Call(parse, b[:end])
		switch {
		case v.Result == Incomplete || !v.compared() || closes(&v) || closes(&whole):
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
		case !v.compared() || !whole.compared():
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
