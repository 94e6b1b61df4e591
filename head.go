package picohttp

import (
	"bytes"
	"encoding/binary"
	"iter"
)

// A Head is what Request, Response and Trailer have in common: the bytes of a head or trailer
// section, and where its lines are. They embed it, so that a function for all of them can
// take a *Head.
//
// A Head keeps the slice that it was parsed from. Its methods return parts of that slice,
// without spare capacity, which are valid until the caller overwrites the bytes. Several
// goroutines may call its methods at the same time, except Parse, Resume, Move and Reset. No
// method allocates, except Explain.
//
// After ErrIncomplete or an Error, the methods describe the lines parsed so far, which is
// useful for logging.
type Head struct {
	b []byte
	state
	from uint32 // where the start-line begins
	index
	progress
}

// A progress says how far a parse has come.
type progress struct {
	rules      rules
	met        Deviations // in the line being read
	off        uint32     // everything before has been read
	word       uint32     // where the current word of the start-line begins
	colon      uint32     // the colon of the current field line
	skippedEnd uint32     // where the last skipped line ends, if there is one
	seen       seen       // what to expect from Resume
}

// A state is the part of a Head that is zero when a parse begins: 16 bytes, cleared in one
// store.
type state struct {
	part       part       // the production of the next byte; ended only once the head is complete
	first      part       // the first production of a start-line
	fault      Error      // what is wrong with the byte at off, 0 if nothing is
	deviations Deviations // in the lines that are settled
	more       uint32     // settled lines beyond those in index
	skipped    uint32     // settled lines that are not field lines
}

// seen identifies an unfinished head: its length so far, and its first and last eight bytes, or
// all of them if there are fewer.
type seen struct {
	length      uint32
	first, last uint64
}

// see returns the seen of an unfinished head b.
func see(b []byte) seen {
	if len(b) >= 8 {
		return seen{uint32(len(b)), binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[len(b)-8:])}
	}
	s := seen{length: uint32(len(b))}
	for i, c := range b {
		s.first |= uint64(c) << (8 * i)
	}
	return s
}

// Reset drops the reference to the bytes and everything that was parsed. Profile and limits
// stay.
func (h *Head) Reset() {
	h.clear()
	h.b = nil
}

func (h *Head) clear() {
	h.state = state{}
	h.next, h.n, h.from = 0, 0, 0
}

// Move tells h that the bytes it was parsed from are at the start of b, for example because
// you copied them to make room. Everything parsed stays valid, and Resume can continue. Move
// takes constant time and does not compare the bytes.
//
// b must hold at least the whole head or, if it is unfinished, all that had arrived. If b is
// shorter, Move resets h.
func (h *Head) Move(b []byte) {
	need := len(h.b)
	if h.part == ended {
		need = int(h.next)
	}
	if len(b) < need {
		h.Reset()
		return
	}
	h.b = b[:min(len(b), len(h.b))]
}

// Bytes returns the head as sent, through its empty line, including an empty line that was
// skipped before it. For an unfinished or malformed head it returns the complete lines: the
// first Settled bytes.
func (h *Head) Bytes() []byte {
	end := h.Settled()
	return h.b[:end:end]
}

// Settled returns the offset after the last complete line. It is 0 until the start-line is
// complete, and the length of the head once that is complete. If folds are accepted, a field
// line is complete only when the first byte after it shows that no fold follows.
func (h *Head) Settled() int {
	switch {
	case h.n == 0:
		return 0
	case h.mayContinue():
		return h.lastLine()
	}
	return int(h.next)
}

// lastLine returns where the last field line begins. Lines that begin with whitespace are
// folds of it.
func (h *Head) lastLine() int {
	at := int(h.next)
	for at > 0 {
		at = bytes.LastIndexByte(h.b[:at-1], '\n') + 1
		if !isWhitespace(h.b[at]) {
			break
		}
	}
	return at
}

// mayContinue reports whether a fold of the last field line may follow or is being read.
func (h *Head) mayContinue() bool {
	if h.rules.allow&ObsFold == 0 || h.rules.quirks&foldIsField != 0 || h.NumFields() == 0 || h.wasSkipped() {
		return false
	}
	switch h.part {
	case lineStart, fieldLine:
		return h.fault == 0
	case foldSpace, fieldValue, fieldLF:
		return h.colon < h.next
	}
	return false
}

// wasSkipped reports whether the last settled line was skipped.
func (h *Head) wasSkipped() bool { return h.skipped > 0 && h.skippedEnd == h.next }

// minor returns the minor version, or 0 without a start-line.
func (h *Head) minor() int {
	const before = uint32(len("HTTP/1."))
	switch {
	case h.n == 0 || h.rules.kind == trailerKind:
		return 0
	case h.rules.kind == responseKind:
		return number(h.b[h.from+before : h.mark[0]])
	case h.deviations == 0:
		return int(h.b[h.end[0]-1] - '0')
	}
	version := trim(h.b[h.word2 : h.end[0]+1])
	return number(version[min(int(before), len(version)):])
}

// target returns the request-target once the request-line is settled.
func (h *Head) target() []byte {
	begin, end := h.mark[0]+1, h.word2
	for begin < end && h.b[begin] == ' ' { // only with StartLineSpace
		begin++
	}
	return h.b[min(begin, end):end:end]
}

// status returns the status-code of a response, 0 until its three digits have arrived.
func (h *Head) status() int {
	const digits = 3
	end := h.word2
	switch {
	case h.rules.kind != responseKind:
		return 0
	case h.n > 0:
	case (h.part == reasonPhrase || h.part == startLF) && endsStatusCode(h.b[h.word2]):
	case h.part == statusCode && h.fault == 0 && h.off >= h.word+digits:
		end = h.word + digits
	default:
		return 0
	}
	code := h.b[end-digits : end]
	return int(code[0]-'0')*100 + int(code[1]-'0')*10 + int(code[2]-'0')
}

// NumFields returns the number of field lines.
func (h *Head) NumFields() int {
	if h.n == 0 {
		return 0
	}
	return int(h.fieldLines() - h.skipped)
}

// fieldLines returns the number of lines after the start-line, once that is settled,
// including those that are skipped.
func (h *Head) fieldLines() uint32 { return h.n - 1 + h.more }

// Field returns the i-th field line, counted from 0, in the order sent: the name as sent, and
// the value without the whitespace around it. A value that Lenient accepted with folds
// contains their line ends; see Unfold. Field panics if i is out of range.
//
// Access to the first 96 field lines takes constant time, unless lines were skipped
// (InvalidLine). For later ones Field scans forward from the 96th; use Fields to loop over a
// long head.
func (h *Head) Field(i int) (name, value []byte) {
	if k := uint(i); k < tableFields && k+1 < uint(h.n) && h.deviations == 0 {
		b, line, colon, end := h.b, int(h.end[k]+2), int(h.mark[k+1]), int(h.end[k+1])
		if isPlain(b, line, colon, end) {
			return b[line:colon:colon], b[colon+2 : end : end]
		}
		return cut(b, line, colon, end)
	}
	return h.cut(h.place(i))
}

// Fields ranges over the field lines in the order sent, as Field returns them. It is the
// fastest way to take all of them. The loop must not parse with the same value, nor reset or
// move it.
func (h *Head) Fields() iter.Seq2[[]byte, []byte] {
	// The whole common loop is in this function, and calls yield in one place. So the compiler
	// inlines it into the caller, along with the body of the caller's loop. Nothing is kept from
	// one line to the next: a loop that parses with h, although it must not, gets the lines of the
	// new head.
	return func(yield func(name, value []byte) bool) {
		for k := uint(0); k < tableFields && k+1 < uint(h.n) && h.deviations == 0; k++ {
			b, line, colon, end := h.b, int(h.end[k]+2), int(h.mark[k+1]), int(h.end[k+1])
			var name, value []byte
			if isPlain(b, line, colon, end) {
				name, value = b[line:colon:colon], b[colon+2:end:end]
			} else {
				name, value = b[line:colon:colon], trim(b[colon+1:end:end])
			}
			if !yield(name, value) {
				return
			}
		}
		if h.deviations != 0 || h.more > 0 {
			h.otherFields(yield)
		}
	}
}

// otherFields is Fields for a head with deviations, and for the lines for which the index
// has no room.
func (h *Head) otherFields(yield func(name, value []byte) bool) {
	if h.deviations != 0 {
		h.eachPlace(func(line, colon, end uint32) bool { return yield(h.cut(line, colon, end)) })
	} else {
		h.fieldsBeyond(yield)
	}
}

// fieldsBeyond is Fields for the lines for which the index has no room.
func (h *Head) fieldsBeyond(yield func(name, value []byte) bool) {
	var x index
	b, more := h.b[:h.next], h.more
	for from := h.end[tableFields] + 2; x.settleAgain(b, from); from = x.begin(x.n) {
		for k := uint32(1); k < x.n; k++ {
			if !yield(cut(b, int(x.begin(k)), int(x.mark[k]), int(x.end[k]))) || h.more != more {
				return
			}
		}
	}
}

// A Span says where a field line is, in offsets into the bytes that were parsed. For the line
// "A : b\r\n" at offset 100 it is {100, 101, 102, 104, 105, 107}.
type Span struct {
	Line    int // the line and the name begin here
	NameEnd int // the name ends here
	Colon   int // the colon; -1 if the line has no name, such as a fold in Pico
	Value   int // the value begins here, without the whitespace before it
	End     int // the value ends here, without the whitespace after it
	Next    int // the next line begins here, after the line end
}

// Span returns where the i-th field line is, counted from 0. Field returns b[Line:NameEnd]
// and b[Value:End]. Span panics if i is out of range.
func (h *Head) Span(i int) Span {
	line, colon, end := h.place(i)
	nameEnd, begin, after := bounds(h.b, line, colon, end)
	s := Span{Line: int(line), NameEnd: int(nameEnd), Colon: int(colon), Value: int(begin), End: int(after), Next: min(int(end)+2, len(h.b))}
	if colon+1 == line {
		s.Colon = -1
	}
	return s
}

// The place of a field line is three offsets: where it begins, its colon, and its end, the CR
// of its line end. In a head with deviations, a place may mean something else. The bytes of
// the line show which of these applies:
//
//   - A line that ends in LF alone has its end one byte before the LF, where the CR would be.
//   - A value that is folded contains line ends.
//   - There may be whitespace before a colon.
//   - A folded line that is a field of its own has its colon one byte before its beginning. A
//     line that is skipped has it two bytes before.

// place returns the place of the i-th field line. It panics if i is out of range.
func (h *Head) place(i int) (line, colon, end uint32) {
	if uint(i) >= uint(h.NumFields()) {
		panic("picohttp: field index out of range")
	}
	if h.skipped == 0 {
		if k := uint32(i) + 1; k < tableLines {
			return h.begin(k), h.mark[k], h.end[k]
		}
		i -= tableFields
	}
	line, colon, end = h.begin(1), h.mark[1], h.end[1] // in case the caller has written to the bytes since
	last := func(l, c, e uint32) bool {
		line, colon, end = l, c, e
		i--
		return i >= 0
	}
	if h.skipped == 0 {
		h.eachPlaceBeyond(last)
	} else {
		h.eachPlace(last)
	}
	return line, colon, end
}

// eachPlace calls f for the place of each field line, until it returns false.
func (h *Head) eachPlace(f func(line, colon, end uint32) bool) {
	for k := uint32(1); k < h.n; k++ {
		line, colon := h.begin(k), h.mark[k]
		if colon+2 != line && !f(line, colon, h.end[k]) {
			return
		}
	}
	if h.more > 0 {
		h.eachPlaceBeyond(f)
	}
}

// settleAgain fills x with the field lines that begin at offset from, as many as fit. It
// reports whether it found any. It finds none at the end of the head, or if the caller has
// written to the bytes.
func (x *index) settleAgain(b []byte, from uint32) bool {
	x.fieldsFrom(from)
	x.settle(b)
	return x.n > 1
}

// eachPlaceBeyond is eachPlace for the lines for which the index has no room. If the caller
// has written to the bytes since, the places are still within them. If f parses with h,
// although it must not, the loop ends.
func (h *Head) eachPlaceBeyond(f func(line, colon, end uint32) bool) {
	var x index
	b, was := h.b[:h.next], h.state
	for from, left := h.end[tableFields]+2, h.more; left > 0; left -= x.n - 1 {
		if h.deviations == 0 {
			x.settleAgain(b, from)
		} else {
			x.fieldsFrom(from)
			h.settleDeviating(b, &x, left)
		}
		for k := uint32(1); k < x.n; k++ {
			line, colon := min(x.begin(k), uint32(len(b)-1)), x.mark[k]
			if colon+2 != line && !f(line, colon, x.end[k]) || h.state != was || len(h.b) < len(b) {
				return
			}
		}
		if x.n == 1 { // the caller has written to the bytes
			return
		}
		from = x.begin(x.n)
	}
}

// settleDeviating settles lines of a head with deviations in x, which has only line 0: as many
// as fit, but no more than n.
func (h *Head) settleDeviating(b []byte, x *index, n uint32) {
	for ; x.n < tableLines && x.n <= n; x.n++ {
		x.mark[x.n], x.end[x.n] = h.placeAfter(b, x.end[x.n-1])
	}
}

// placeAfter returns the place of the line after the one that ends at end, in a head
// with deviations.
func (h *Head) placeAfter(b []byte, end uint32) (colon, next uint32) {
	last := len(b) - 1
	from := min(int(end)+2, last)
	lf := from
	for {
		if lf = indexFrom(b, lf, '\n'); lf >= last || h.rules.quirks&foldIsField != 0 || !isWhitespace(b[lf+1]) {
			break
		}
		lf++
	}
	to := from - 1
	if !isWhitespace(b[from]) {
		to = skip(b, from, tchar)
		empty := to == from
		for to < lf && isWhitespace(b[to]) && h.rules.allow&SpaceBeforeColon != 0 {
			to++
		}
		if empty || to >= lf || b[to] != ':' {
			to = from - 2 // a skipped line
		}
	}
	return uint32(to), uint32(lf - 1)
}

// indexFrom returns the offset of the first c in b[i:], or that of b's last byte.
func indexFrom(b []byte, i int, c byte) int {
	if at := bytes.IndexByte(b[i:], c); at >= 0 {
		return i + at
	}
	return len(b) - 1
}

// cut returns the name and the value of the field line at a place.
func (h *Head) cut(line, colon, end uint32) (name, value []byte) {
	if h.deviations == 0 {
		return cut(h.b, int(line), int(colon), int(end))
	}
	nameEnd, begin, after := bounds(h.b, line, colon, end)
	return h.b[line:nameEnd:nameEnd], h.b[begin:after:after]
}

// cut returns the name and the value of a field line without deviations.
func cut(b []byte, line, colon, end int) (name, value []byte) {
	return b[line:colon:colon], trim(b[colon+1 : end : end])
}

// isPlain reports whether a field line without deviations has one SP before its value and no
// other whitespace around it, as nearly every field line has. Of the bytes that a value may
// contain, only whitespace is below "!". What it compares also proves to the compiler that
// b[line:colon:colon] and b[colon+2:end:end] are within b.
func isPlain(b []byte, line, colon, end int) bool {
	begin := colon + 2
	return line < colon && begin < end && end <= len(b) && b[begin-1] == ' ' && b[begin] > ' ' && b[end-1] > ' '
}

// bounds returns where the name and the value are in a field line of any head. They are
// within b even if the caller has written to b since it was parsed.
func bounds(b []byte, line, colon, end uint32) (nameEnd, begin, after uint32) {
	after = max(lineEnd(b, end), line)
	if colon+1 == line || colon+2 == line {
		nameEnd, begin = line, line
	} else {
		nameEnd, begin = colon, colon+1
		after = max(after, begin)
		for nameEnd > line && isWhitespace(b[nameEnd-1]) {
			nameEnd--
		}
	}
	for after > begin && isWhitespace(b[after-1]) {
		after--
	}
	for begin > line && begin < after && isFolding(b[begin]) {
		begin++
	}
	return nameEnd, begin, after
}

// lineEnd returns the offset of the CR or the bare LF that ends a line. end is the end of that
// line in the index: at the CR, or one byte before a bare LF.
func lineEnd(b []byte, end uint32) uint32 {
	if int(end) < len(b) && b[end] != '\r' {
		end++
	}
	return end
}

// isFolding reports whether c may be part of an obs-fold.
func isFolding(c byte) bool { return isWhitespace(c) || c == '\r' || c == '\n' }

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
