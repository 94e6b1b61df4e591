package picohttp

import "iter"

// A Request is a parsed request head. It holds offsets into the bytes that it
// was parsed from, and those bytes: whatever its methods return is part of
// them, with nothing copied, lower-cased or written, and is good as long as
// they are. The zero value is ready; a Request that is used again allocates
// nothing.
//
// After ErrIncomplete or an Error the methods tell of the lines before the one
// with the fault, which helps when logging: without a whole request-line there is
// no method and no target. Such a request must not be served.
//
// Goroutines may call the methods that only read at the same time.
type Request struct{ head }

// Reset makes r the zero Request, so that it keeps no caller's bytes alive.
func (r *Request) Reset() {
	r.clear()
	r.b = nil
}

// Method returns the method as sent; it is case-sensitive.
func (r *Request) Method() []byte {
	if r.n == 0 {
		return nil
	}
	return r.b[r.from:r.mark[0]:r.mark[0]]
}

// Target returns the request-target as sent: 1*VCHAR, not decoded, its form not
// judged. TargetForm tells the form.
func (r *Request) Target() []byte {
	if r.n == 0 {
		return nil
	}
	return r.b[r.mark[0]+1 : r.word2 : r.word2]
}

// A Form is one of the shapes that RFC 9112, section 3.2 gives a request-target.
type Form uint8

const (
	NoForm        Form = iota // none of those below; a server should answer 400
	OriginForm                // "/where?q=now"
	AbsoluteForm              // "http://example.org/where", as sent to a proxy
	AuthorityForm             // "example.com:443", of CONNECT only
	AsteriskForm              // "*", of OPTIONS only
)

func (f Form) String() string {
	if int(f) >= len(formNames) {
		f = NoForm
	}
	return formNames[f]
}

var formNames = [...]string{"no form", "origin-form", "absolute-form", "authority-form", "asterisk-form"}

// TargetForm tells the form of the request-target by how it begins. It does not
// check the rest of it, nor whether the method goes with the form.
func (r *Request) TargetForm() Form {
	t := r.Target()
	switch {
	case len(t) == 0:
		return NoForm
	case t[0] == '/':
		return OriginForm
	case string(t) == "*":
		return AsteriskForm
	case string(r.Method()) == "CONNECT":
		return AuthorityForm
	case isAlpha(t[0]):
		// scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ), RFC 3986, section 3.1
		for _, c := range t {
			if c == ':' {
				return AbsoluteForm
			}
			if !isAlpha(c) && !isDigit(c) && c != '+' && c != '-' && c != '.' {
				break
			}
		}
	}
	return NoForm
}

// Minor returns the minor version: 1 for HTTP/1.1.
func (r *Request) Minor() int {
	if r.n == 0 {
		return 0
	}
	return int(r.b[r.end[0]-1] - '0')
}

// NumFields returns the number of field lines.
func (r *Request) NumFields() int { return r.numFields() }

// Field returns the i-th field line, from 0, in the order sent: the name as
// sent, and the value without the white space around it. It panics if i is out
// of range.
//
// The first 64 field lines are at hand; for one behind them, Field reads the
// head from the 64th on. A loop over all of a long head takes Fields, which reads
// it once.
func (r *Request) Field(i int) (name, value []byte) { return r.fieldAt(i) }

// Fields ranges over the field lines in the order sent, as Field returns them.
func (r *Request) Fields() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) { r.fields(yield) }
}

// Get returns the value of the first field with that name, compared without
// regard to ASCII case, and whether there is one.
func (r *Request) Get(name string) (value []byte, ok bool) { return r.get(name) }

// A head is what all messages have in common: the bytes, where the lines are,
// and where an unfinished parse stands.
type head struct {
	b    []byte
	part part   // what the reference is to read next
	from uint32 // where the start-line begins
	more uint32 // field lines settled beyond those in index
	index
	progress
}

func (h *head) clear() {
	h.part, h.from, h.more = none, 0, 0
	h.next, h.n = 0, 0
}

func (h *head) numFields() int {
	if h.n == 0 {
		return 0
	}
	return int(h.n - 1 + h.more)
}

func (h *head) fieldAt(i int) (name, value []byte) {
	if at := uint(i) + 1; at < uint(h.n) && at < tableLines {
		return cut(h.b, h.end[at-1]+2, h.mark[at], h.end[at])
	}
	return h.fieldBeyond(i)
}

// fieldBeyond is fieldAt for the field lines that are not in the index.
func (h *head) fieldBeyond(i int) (name, value []byte) {
	if uint(i) >= uint(h.numFields()) {
		panic("picohttp: field index out of range")
	}
	end := h.end[tableFields]
	for range i - tableFields {
		_, _, end = lineAfter(h.b, end)
	}
	line, colon, end := lineAfter(h.b, end)
	return cut(h.b, line, colon, end)
}

func (h *head) fields(yield func(name, value []byte) bool) {
	b, more := h.b, h.more // yield may use h for another head
	for at := uint32(1); at < h.n; at++ {
		if !yield(cut(b, h.end[at-1]+2, h.mark[at], h.end[at])) {
			return
		}
	}
	end := h.end[tableFields]
	for range more {
		var line, colon uint32
		line, colon, end = lineAfter(b, end)
		if !yield(cut(b, line, colon, end)) {
			return
		}
	}
}

func (h *head) get(name string) (value []byte, ok bool) {
	for n, v := range h.fields {
		if len(n) == len(name) && equalFold(n, name) {
			return v, true
		}
	}
	return nil, false
}

// equalFold reports whether a and b, of one length, are equal without regard to
// ASCII case.
func equalFold(a []byte, b string) bool {
	for i, c := range a {
		if d := b[i]; c != d && !(c^d == 0x20 && isAlpha(c)) {
			return false
		}
	}
	return true
}

// cut takes the field line b[line:end] apart, whose name ends at colon.
func cut(b []byte, line, colon, end uint32) (name, value []byte) {
	value = b[colon+1 : end : end]
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	// in a value nothing else is below "!"
	if len(value) > 0 && (value[0] <= ' ' || value[len(value)-1] <= ' ') {
		value = trim(value)
	}
	return b[line:colon:colon], value
}

// trim returns b without the OWS around it.
func trim(b []byte) []byte {
	for len(b) > 0 && isWhitespace(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isWhitespace(b[len(b)-1]) {
		b = b[: len(b)-1 : len(b)-1]
	}
	return b
}

// lineAfter locates the field line behind the one that ends at end. It was
// settled before; should the caller have written to b since, it finds something
// within b.
func lineAfter(b []byte, end uint32) (line, colon, next uint32) {
	last := len(b) - 1
	from := min(int(end)+len("\r\n"), last)
	to := min(skip(b, from, tchar), last)
	return uint32(from), uint32(to), uint32(skip(b, to+1, fieldByte))
}
