package picohttp

import "iter"

// A head is what all messages have in common: the bytes, where the lines are,
// and where an unfinished parse stands.
type head struct {
	b    []byte
	part part // what the reference is to read next

	deviations Deviations // in the lines that are settled
	from       uint32     // where the start-line begins
	more       uint32     // field lines settled beyond those in index
	index
	progress
}

// Reset lets go of the caller's bytes, so that nothing keeps them alive. What is
// left answers as the zero value does.
func (h *head) Reset() {
	h.clear()
	h.b, h.lim = nil, limits{}
}

func (h *head) clear() {
	h.part, h.deviations, h.from, h.more = none, 0, 0, 0
	h.next, h.n = 0, 0
}

// NumFields returns the number of field lines.
func (h *head) NumFields() int {
	if h.n == 0 {
		return 0
	}
	return int(h.n - 1 + h.more)
}

// Field returns the i-th field line, from 0, in the order sent: the name as
// sent, and the value without the white space around it. It panics if i is out
// of range. A value that Lenient lets be folded has its line ends in it; see Unfold.
//
// The first 64 field lines are at hand; for one behind them, Field reads the
// head from the 64th on. A loop over all of a long head takes Fields, which reads
// it once.
func (h *head) Field(i int) (name, value []byte) {
	if at := uint(i) + 1; at < uint(h.n) && at < tableLines && h.deviations == 0 {
		return cut(h.b, h.end[at-1]+2, h.mark[at], h.end[at])
	}
	return h.fieldBeyond(i)
}

// fieldBeyond is Field for the field lines that are not in the index, and for
// heads with deviations.
func (h *head) fieldBeyond(i int) (name, value []byte) {
	if uint(i) >= uint(h.NumFields()) {
		panic("picohttp: field index out of range")
	}
	if h.deviations != 0 {
		line, colon, end := h.place(i)
		return cutDeviating(h.b, line, colon, end)
	}
	end := h.end[tableFields]
	for range i - tableFields {
		_, _, end = lineAfter(h.b, end)
	}
	line, colon, end := lineAfter(h.b, end)
	return cut(h.b, line, colon, end)
}

// Fields ranges over the field lines in the order sent, as Field returns them.
// The loop must not parse another head with the same value, nor reset it.
func (h *head) Fields() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) { h.fields(yield) }
}

// fields looks at h anew for each line, so that a loop that should have parsed
// another head finds lines of that, and nothing out of bounds.
func (h *head) fields(yield func(name, value []byte) bool) {
	if h.deviations != 0 {
		h.eachPlace(func(line, colon, end uint32) bool {
			return yield(cutDeviating(h.b, line, colon, end))
		})
		return
	}
	for at := uint32(1); at < h.n && h.deviations == 0; at++ {
		if !yield(cut(h.b, h.end[at-1]+2, h.mark[at], h.end[at])) {
			return
		}
	}
	end := h.end[tableFields]
	for i := uint32(0); i < h.more && h.deviations == 0; i++ {
		var line, colon uint32
		line, colon, end = lineAfter(h.b, end)
		if !yield(cut(h.b, line, colon, end)) {
			return
		}
	}
}

// Get returns the value of the first field with that name, compared without
// regard to ASCII case, and whether there is one. A list may go on in further
// fields of that name: RFC 9110, section 5.3. Fields has them all.
func (h *head) Get(name string) (value []byte, ok bool) {
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
	return trimRight(b)
}

func trimRight(b []byte) []byte {
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
