package picohttp

import (
	"bytes"
	"encoding/binary"
	"iter"
)

// A Head is what all messages have in common: the bytes, where their lines are, and
// how far the parse has come.
type Head struct {
	b []byte
	progress
	index
}

// A progress says how far a parse has come.
type progress struct {
	rules rules
	part  part  // the production that the next byte belongs to; ended only once the head is proven complete
	first part  // the production that a start-line begins with
	fault Error // what is wrong with the byte at off, 0 if nothing is

	deviations Deviations // in the lines that are settled
	met        Deviations // in the line that is read
	from       uint32     // where the start-line begins
	more       uint32     // field lines settled beyond those in index
	off        uint32     // everything before has been read
	word       uint32     // where the word begins that is read, in the start-line
	colon      uint32     // where the colon is, while the field line is read
}

// Reset lets go of the caller's bytes, so that nothing keeps them alive. What is
// left answers as the zero value does.
func (h *Head) Reset() {
	h.clear()
	h.b, h.rules = nil, rules{}
}

func (h *Head) clear() {
	h.part, h.fault, h.deviations, h.from, h.more = none, 0, 0, 0, 0
	h.next, h.n = 0, 0
}

// NumFields returns the number of field lines.
func (h *Head) NumFields() int {
	if h.n == 0 {
		return 0
	}
	return int(h.fieldLines())
}

// fieldLines is NumFields once the start-line is settled.
func (h *Head) fieldLines() uint32 { return h.n - 1 + h.more }

// Field returns the i-th field line, from 0, in the order sent: the name as
// sent, and the value without the white space around it. It panics if i is out
// of range. A value that Lenient lets be folded has its line ends in it; see Unfold.
//
// The first 64 field lines are at hand; for one behind them, Field reads the
// head from the 64th on. A loop over all of a long head takes Fields, which reads
// it once.
func (h *Head) Field(i int) (name, value []byte) {
	if at := uint32(i) + 1; uint(i)+1 < uint(h.n) && at < tableLines && h.deviations == 0 {
		return cut(h.b, h.begin(at), h.mark[at], h.end[at])
	}
	return h.fieldBeyond(i)
}

// fieldBeyond is Field for the field lines that are not in the index, and for
// heads with deviations.
func (h *Head) fieldBeyond(i int) (name, value []byte) {
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
func (h *Head) Fields() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) { h.fields(yield) }
}

// fields looks at h anew for each line, so that a loop that should have parsed
// another head finds lines of that, and nothing out of bounds.
func (h *Head) fields(yield func(name, value []byte) bool) {
	if h.deviations != 0 {
		h.eachPlace(func(line, colon, end uint32) bool {
			return yield(cutDeviating(h.b, line, colon, end))
		})
		return
	}
	for at := uint32(1); at < h.n && h.deviations == 0; at++ {
		if !yield(cut(h.b, h.begin(at), h.mark[at], h.end[at])) {
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
func (h *Head) Get(name string) (value []byte, ok bool) {
	for n, v := range h.fields {
		if equalName(n, name) {
			return v, true
		}
	}
	return nil, false
}

// equalName reports whether b is name, ignoring ASCII case.
func equalName(b []byte, name string) bool {
	return len(b) == len(name) && (string(b) == name || equalFold(b, name))
}

// equalFold is equalName for b of the length of name, by words of eight bytes.
func equalFold(b []byte, name string) bool {
	n := len(b)
	switch {
	case n >= 8:
		for i := 0; i < n-8; i += 8 {
			if !equalFold8(binary.LittleEndian.Uint64(b[i:]), eightOf(name[i:])) {
				return false
			}
		}
		return equalFold8(binary.LittleEndian.Uint64(b[n-8:]), eightOf(name[n-8:]))
	case n >= 4:
		first, last := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[n-4:])
		return equalFold8(uint64(first)|uint64(last)<<32, uint64(fourOf(name))|uint64(fourOf(name[n-4:]))<<32)
	}
	for i, c := range b {
		if !equalFold8(uint64(c), uint64(name[i])) {
			return false
		}
	}
	return true
}

// equalFold8 is equalName for eight bytes.
func equalFold8(v, w uint64) bool {
	const bit = 0x20 * lanes // the difference between the cases
	differs := v ^ w
	low := (v | bit) &^ highs
	letters := (low + (0x80-'a')*lanes) &^ (low + (0x7f-'z')*lanes) &^ v & highs
	return differs&^bit == 0 && differs<<2&^letters == 0
}

// fourOf and eightOf return the first bytes of s, the first of them the lowest.
func fourOf(s string) uint32 {
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

func eightOf(s string) uint64 { return uint64(fourOf(s)) | uint64(fourOf(s[4:]))<<32 }

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

// The places of a head with deviations are those of other heads, but for what
// the octets themselves tell:
//
//   - A line that ends in LF alone has its end one octet before the LF, where the
//     CR would be, but is not.
//   - A value that is folded contains the ends of lines.
//   - Before a colon there may be white space.
//   - A folded line that is a field of its own has its colon before its
//     beginning.

// cutDeviating is cut for a head with deviations. It finds parts of b also if
// the caller has written to b since.
func cutDeviating(b []byte, line, colon, end uint32) (name, value []byte) {
	end = max(lineEnd(b, end), line)
	if colon+1 == line {
		return b[line:line:line], trimRight(b[line:end:end])
	}
	end = max(end, colon+1)
	value = trimRight(b[colon+1 : end : end])
	for len(value) > 0 && isFolding(value[0]) {
		value = value[1:]
	}
	return trimRight(b[line:colon:colon]), value
}

// isFolding reports whether c may stand in an obs-fold.
func isFolding(c byte) bool { return isWhitespace(c) || c == '\r' || c == '\n' }

// lineEnd returns where the octets of a line end that has its end at end.
func lineEnd(b []byte, end uint32) uint32 {
	if b[end] != '\r' {
		end++
	}
	return end
}

// lineAfterDeviating is lineAfter for a head with deviations.
func lineAfterDeviating(b []byte, end uint32, foldsApart bool) (line, colon, next uint32) {
	last := len(b) - 1
	from := min(int(end)+2, last)
	lf := from
	for {
		if lf = indexFrom(b, lf, '\n'); lf >= last || foldsApart || !isWhitespace(b[lf+1]) {
			break
		}
		lf++
	}
	to := from - 1
	if !isWhitespace(b[from]) {
		to = min(indexFrom(b, from, ':'), lf)
	}
	return uint32(from), uint32(to), uint32(lf - 1)
}

// indexFrom returns the offset of the first c in b[i:], or that of b's last octet.
func indexFrom(b []byte, i int, c byte) int {
	if at := bytes.IndexByte(b[i:], c); at >= 0 {
		return i + at
	}
	return len(b) - 1
}

// place returns where the i-th field line lies, from 0, in a head with deviations.
func (h *Head) place(i int) (line, colon, end uint32) {
	at := min(i, tableFields-1) + 1
	line, colon, end = h.begin(uint32(at)), h.mark[at], h.end[at]
	for range i - (at - 1) {
		line, colon, end = lineAfterDeviating(h.b[:h.next], end, h.rules.quirks&foldIsField != 0)
	}
	return line, colon, end
}

// eachPlace calls f for each field line of a head with deviations, until it
// answers false.
func (h *Head) eachPlace(f func(line, colon, end uint32) bool) {
	var line, colon, end uint32
	for i := 0; i < h.NumFields(); i++ {
		if i < tableFields {
			line, colon, end = h.place(i)
		} else {
			line, colon, end = lineAfterDeviating(h.b[:h.next], end, h.rules.quirks&foldIsField != 0)
		}
		if !f(line, colon, end) {
			return
		}
	}
}

// Unfold appends value to dst with an SP in place of each obs-fold. RFC 9112,
// section 5.2 has a recipient do so before it looks at a value, or passes it on.
func Unfold(dst, value []byte) []byte {
	for {
		lf := bytes.IndexByte(value, '\n')
		if lf < 0 {
			return append(dst, value...)
		}
		dst = append(dst, bytes.TrimRight(value[:lf], " \t\r")...)
		dst = append(dst, ' ')
		value = bytes.TrimLeft(value[lf+1:], " \t")
	}
}

// minor returns the number that b begins with.
func minor(b []byte) (n int) {
	for _, c := range b {
		if !isDigit(c) {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}
