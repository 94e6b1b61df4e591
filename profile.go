package picohttp

import (
	"bytes"
	"iter"
	"math/bits"
	"strings"
)

// A Profile says what a Parser accepts. A head that Strict accepts, all accept,
// with the same fields and without deviations; one that is accepted without
// deviations, Strict accepts. The words in the table are codes of Deviations.
//
//	                                   Strict   Lenient              Pico
//	LF alone ends a line               refused  bare-lf              bare-lf
//	CR without LF                      refused  refused              refused
//	empty lines before a request-line  one      empty-lines          one
//	empty lines before a status-line   refused  empty-lines          refused
//	more than one SP in a start-line   refused  start-line-space     start-line-space
//	SP at the end of a request-line    refused  start-line-space     refused
//	obs-text in a request-target       refused  target-obs-text (2)  target-obs-text
//	control characters there           refused  refused              refused
//	two or three digits of minor       refused  minor-digits         refused
//	another major version              refused  refused              refused
//	no SP before an empty reason       passes   passes               passes
//	white space before a colon         refused  space-before-colon   refused
//	                                            (1)
//	octets in a name that no token has refused  refused              refused
//	obs-fold                           refused  obs-fold             obs-fold, a field
//	                                                                 without a name
//	obs-fold of white space alone      refused  refused (3)          obs-fold
//	obs-fold before the first field    refused  refused              refused
//	control characters in a value      refused  value-control        refused
//	NUL in a value                     refused  value-nul (1)        refused
//	Content-Length twice, equal        refused  equal-lengths (4)    refused
//	Content-Length with coding         refused  length-and-coding    refused
//	                                            (4)
//	chunk-size of 2^63 to 2^64-1       refused  refused              passes
//	behind SP, HTAB or ";" there       grammar  grammar              all but CR, LF
//	trailer section of a chunked body  fields   fields, as Strict    lines of anything,
//	                                                                 thrown away
//	limits of a chunked body           ours     ours                 overhead, as the C
//	a fault is told                    at once  at once              when the C tells it
//
// (1) Only if Parser.Allow says so: NUL; in requests and trailer sections white
// space before a colon; and in trailer sections bare-lf and obs-fold, as nothing
// there guards where they end.
//
// Some things are refused whatever is allowed, because they can be exploited
// together. By Parse, and in Pico by Framing:
//
//   - (2) More than one SP and obs-text in a request-line: some recipients split
//     it at 0x85 and 0xA0, too.
//   - (3) A folded line of white space alone, or of what is white space or nothing
//     to some, control characters, 0x85 and 0xA0: they take it for the empty line.
//
// By Framing, which says where the next message begins:
//
//   - (4) Content-Length that is repeated, or beside Transfer-Encoding, in a message
//     with any other deviation, the other of these included; and beside a
//     Transfer-Encoding that is not chunked, once and plainly.
//   - Bare LF and CRLF in one head: one recipient reads on where the other is at
//     the end.
//   - Content-Length, Transfer-Encoding, Host, Connection, Expect or Upgrade that is
//     folded, has white space before its colon, a control character in its value,
//     or a NUL anywhere before it; and what looks like one of them in a folded line
//     or behind a control character: some do not unfold, some end lines at VT or FF.
//   - A control character at the end of a value or a reason-phrase: to those the CRLF
//     behind it is the empty line.
//   - Transfer-Encoding, where some may not read HTTP/1.1: with minor-digits, with
//     start-line-space, or with 0x85 or 0xA0 in the request-target.
//
// And no connection stays open behind a message with deviations: KeepAlive is false.
//
// Limits are the same in all profiles, but for those of chunked bodies and the
// default of MaxTargetBytes in Pico. With the last_len of the C functions, faults
// are told only when the head is complete; Resume tells them as Parse does. Where
// Pico tells a fault late, n is the octet that the C stops at.
type Profile uint8

const (
	// Strict accepts what RFC 9112 and RFC 9110 define, and nothing that two
	// recipients may read differently.
	Strict Profile = iota
	// Lenient accepts in addition what Parser.Allow names, and reports it in
	// Deviations. Where a body ends is decided hardly less strictly. A proxy
	// does not pass such a message on as it came, but writes it anew.
	Lenient
	// Pico gives the verdicts, the lengths and the fields of the C library
	// picohttpparser, commit f832609. A folded line is a field of its own with
	// an empty name, as there.
	Pico
)

// String returns "strict", "lenient" or "pico".
func (p Profile) String() string {
	if int(p) >= len(profileNames) {
		return "unknown"
	}
	return profileNames[p]
}

var profileNames = [...]string{"strict", "lenient", "pico"}

// Deviations is a set of the departures from the RFCs that were let pass, or may
// be.
type Deviations uint16

const (
	// BareLF: a line ends in LF without CR.
	BareLF Deviations = 1 << iota
	// ObsFold: a field value goes on in a line that begins with white space.
	// Unfold makes one line of it.
	ObsFold
	// StartLineSpace: more than one SP between the parts of a start-line, or
	// SP behind the HTTP-version of a request-line.
	StartLineSpace
	// EmptyLines: more than one empty line before a request-line, or one
	// before a status-line.
	EmptyLines
	// SpaceBeforeColon: white space between a field name and its colon.
	SpaceBeforeColon
	// TargetObsText: octets from 0x80 on in the request-target.
	TargetObsText
	// MinorDigits: a minor version of two or three digits.
	MinorDigits
	// ValueControl: control characters in a field value or a reason-phrase.
	// NUL, CR and LF are not among them.
	ValueControl
	// ValueNUL: NUL in a field value or a reason-phrase.
	ValueNUL
	// EqualLengths: Content-Length is there more than once, in lines or in a
	// list, always with the same digits.
	EqualLengths
	// LengthAndCoding: Content-Length is there beside Transfer-Encoding,
	// which decides; the connection does not stay open.
	LengthAndCoding

	allDeviations = 1<<iota - 1
)

// What Lenient lets pass unless Parser.Allow says otherwise. In requests, white
// space before a colon is not among it: RFC 9112, section 5.1 has a server refuse
// it. In trailer sections, nor is what may end them elsewhere for others: there is
// no Framing to guard that.
const (
	DefaultResponseDeviations = allDeviations &^ ValueNUL
	DefaultRequestDeviations  = DefaultResponseDeviations &^ SpaceBeforeColon
	DefaultTrailerDeviations  = DefaultRequestDeviations &^ (BareLF | ObsFold)
)

// picoDeviations is what picohttpparser lets pass.
const picoDeviations = BareLF | ObsFold | StartLineSpace | TargetObsText

var deviations = [...]struct{ code, text, section string }{
	{"bare-lf", "a line ends in LF without CR", "RFC 9112, section 2.2"},
	{"obs-fold", "a field value is folded over lines", "RFC 9112, section 5.2"},
	{"start-line-space", "the start-line has more SP than one between its parts, or SP at its end", "RFC 9112, section 3"},
	{"empty-lines", "more empty lines than one come before a request-line, or any before a status-line", "RFC 9112, section 2.2"},
	{"space-before-colon", "white space stands between a field name and its colon", "RFC 9112, section 5.1"},
	{"target-obs-text", "the request-target has octets from 0x80 on", "RFC 9112, section 3.2"},
	{"minor-digits", "the minor version has more than one digit", "RFC 9112, section 2.3"},
	{"value-control", "a field value or a reason-phrase has control characters", "RFC 9110, section 5.5"},
	{"value-nul", "a field value or a reason-phrase has NUL", "RFC 9110, section 5.5"},
	{"equal-lengths", "Content-Length is repeated, with equal values", "RFC 9110, section 8.6"},
	{"length-and-coding", "Content-Length stands beside Transfer-Encoding", "RFC 9112, section 6.3"},
}

// String returns the codes of the deviations in the order of the constants,
// such as "bare-lf, obs-fold"; "" for none.
func (d Deviations) String() string {
	var codes []string
	for one := range d.All() {
		codes = append(codes, one.Code())
	}
	return strings.Join(codes, ", ")
}

// All ranges over the deviations in d, each as a set of its own.
func (d Deviations) All() iter.Seq[Deviations] {
	return func(yield func(Deviations) bool) {
		for d &= allDeviations; d != 0; d &= d - 1 {
			if !yield(d & -d) {
				return
			}
		}
	}
}

// Code returns a short name of the first deviation in d, the same in every
// release, such as "bare-lf"; "" if there is none.
func (d Deviations) Code() string { return d.row().code }

// Rule returns what the first deviation in d is, in a clause.
func (d Deviations) Rule() string { return d.row().text }

// Section returns where the rule stands that the first deviation in d breaks,
// such as "RFC 9112, section 2.2".
func (d Deviations) Section() string { return d.row().section }

func (d Deviations) row() (row struct{ code, text, section string }) {
	if d &= allDeviations; d != 0 {
		row = deviations[bits.TrailingZeros16(uint16(d))]
	}
	return row
}

// loosen makes l what the profile of p wants, if standard is what Lenient lets
// pass by default in a kind of message.
func (l *limits) loosen(p *Parser, standard Deviations) {
	l.profile = p.Profile
	switch {
	case p.Profile == Pico:
		l.allow = picoDeviations
		if p.MaxTargetBytes <= 0 {
			l.target = l.head
		}
	case p.Profile == Lenient && p.Allow != 0:
		l.allow = p.Allow
	case p.Profile == Lenient:
		l.allow = standard
	}
}

// let reports whether the profile lets d pass, and notes that it was there.
func (h *head) let(d Deviations) bool {
	if h.lim.allow&d == 0 {
		return false
	}
	h.met |= d
	return true
}

// letAlone is let, but Lenient does not let d pass in a line that has other.
func (h *head) letAlone(d, other Deviations) bool {
	return (h.met&other == 0 || h.lim.profile == Pico) && h.let(d)
}

// Deviations returns what departs from the RFCs in the lines that are parsed.
// It is empty for whatever Strict accepts. In a complete head, EqualLengths and
// LengthAndCoding are among it if Framing lets them pass; for that, Lenient reads
// the fields at each call.
func (r *Request) Deviations() Deviations { return r.deviations | r.framingDeviations(r.Minor()) }

// Deviations returns what departs from the RFCs, as Request.Deviations does. Where
// the status-code says that there is no body, framing departs from nothing.
func (r *Response) Deviations() Deviations {
	if status := r.Status(); status/100 == 1 || status == 204 || status == 304 {
		return r.deviations
	}
	return r.deviations | r.framingDeviations(r.Minor())
}

// Deviations returns what departs from the RFCs, as Request.Deviations does,
// but for framing, of which a trailer section has no part.
func (t *Trailer) Deviations() Deviations { return t.deviations }

func (h *head) framingDeviations(minor int) Deviations {
	if h.part != ended || h.lim.allow&(EqualLengths|LengthAndCoding) == 0 {
		return 0
	}
	var s signals
	s.readFields(h, minor)
	if s.fault != 0 {
		return 0
	}
	return s.met
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
func lineAfterDeviating(b []byte, end uint32, profile Profile) (line, colon, next uint32) {
	last := len(b) - 1
	from := min(int(end)+2, last)
	lf := from
	for {
		if lf = indexFrom(b, lf, '\n'); lf >= last || profile == Pico || !isWhitespace(b[lf+1]) {
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
func (h *head) place(i int) (line, colon, end uint32) {
	at := min(i, tableFields-1) + 1
	line, colon, end = h.end[at-1]+2, h.mark[at], h.end[at]
	for range i - (at - 1) {
		line, colon, end = lineAfterDeviating(h.b[:h.next], end, h.lim.profile)
	}
	return line, colon, end
}

// eachPlace calls f for each field line of a head with deviations, until it
// answers false.
func (h *head) eachPlace(f func(line, colon, end uint32) bool) {
	var line, colon, end uint32
	for i := 0; i < h.NumFields(); i++ {
		if i < tableFields {
			line, colon, end = h.place(i)
		} else {
			line, colon, end = lineAfterDeviating(h.b[:h.next], end, h.lim.profile)
		}
		if !f(line, colon, end) {
			return
		}
	}
}

// exploitable answers the error of the first deviation in h that stands where it
// is dangerous, 0 if there is none, and the offset of its octet: a recipient that
// does not know it sees other fields that control the message, or another end of
// the head.
func (h *head) exploitable() (fault Error, at int) {
	if h.deviations&BareLF != 0 {
		// One that ends lines at CRLF alone takes the LF for a part of a value,
		// and reads on where this line or this head is at its end.
		lines := h.b[h.from:h.next]
		if bytes.Contains(lines, []byte("\r\n")) {
			if at := bareLF(lines); at >= 0 {
				return ErrBareLF, int(h.from) + at
			}
		}
	}
	if h.deviations&StartLineSpace != 0 && h.deviations&TargetObsText != 0 {
		// One that splits at 0x85 and 0xA0, too, sees other parts.
		begin := h.mark[0] + 1
		// There is one, unless the caller has written to b, and then at is not used.
		return ErrTarget, int(begin) + bytes.IndexFunc(h.b[begin:h.word2], func(c rune) bool { return c >= 0x80 })
	}
	if h.deviations&(ObsFold|SpaceBeforeColon|ValueControl|ValueNUL) == 0 {
		return 0, 0
	}
	line := h.b[h.from:lineEnd(h.b, h.end[0])]
	if fault, at = brokenLine(line); fault != 0 {
		return fault, int(h.from) + at
	}
	nul := bytes.IndexByte(line, 0) >= 0
	var before []byte // the name of the field that a folded line continues
	h.eachPlace(func(line, colon, end uint32) bool {
		octets := h.b[line:max(line, lineEnd(h.b, end))]
		at = int(line)
		if colon+1 == line {
			if isControlField(before) || len(trimBlanks(octets)) == 0 || beginsControlField(octets) {
				fault = ErrObsFold // or the end of the head, where it is blank
			}
			return fault == 0
		}
		name := trimRight(h.b[line:colon])
		before = name
		if nul && isControlField(name) {
			fault = ErrFieldValue // one for which NUL ends the head does not see it
			return false
		}
		nul = nul || bytes.IndexByte(octets, 0) >= 0
		var column int
		fault, column = exploitableField(octets, name)
		at += column
		return fault == 0
	})
	return fault, at
}

// bareLF returns the offset of the first LF in b without a CR, or -1.
func bareLF(b []byte) int {
	for i, c := range b {
		if c == '\n' && (i == 0 || b[i-1] != '\r') {
			return i
		}
	}
	return -1
}

// exploitableField is exploitable for a field, of which b holds the octets.
func exploitableField(b, name []byte) (fault Error, at int) {
	if isControlField(name) {
		if len(name) == len(b) || b[len(name)] != ':' {
			return ErrFieldName, len(name) // it is another name to some
		}
		if lf := bytes.IndexByte(b, '\n'); lf >= 0 {
			return ErrObsFold, lf + 1 // one that does not unfold sees another value
		}
		if end := skip(b, len(name), fieldByte); end < len(b) {
			return ErrFieldValue, end // or the value ends there
		}
	}
	return brokenLine(b)
}

// brokenLine answers the error of the first place in b, a line that may be folded,
// where it ends to some, if another field that controls the message would begin
// there, or the head end: a fold, VT, FF, or another control character.
func brokenLine(b []byte) (fault Error, at int) {
	broken := Error(0) // by what, since the last octet that is not blank
	for i, c := range b {
		switch {
		case c == '\n' && broken == 0:
			broken, at = ErrObsFold, i+1
		case c == '\n':
			return broken, at
		case broken == 0 && c != '\r' && class[c]&fieldByte == 0:
			broken, at = ErrFieldValue, i
		}
		if broken != 0 && !blank(c) {
			if beginsControlField(b[i:]) {
				return broken, at
			}
			broken = 0
		}
	}
	return broken, at
}

// beginsControlField reports whether b, without blanks before it, would be a
// field line that controls the message.
func beginsControlField(b []byte) bool {
	b = trimBlanks(b)
	name := b[:skip(b, 0, tchar)]
	return isControlField(name) && bytes.HasPrefix(trimBlanks(b[len(name):]), []byte(":"))
}

// isControlField reports whether a field of that name controls the body, the
// connection, or where a request goes.
func isControlField(name []byte) bool {
	return decidesFraming(name) || isWord(name, "connection") || isWord(name, "expect") || isWord(name, "upgrade")
}

func trimBlanks(b []byte) []byte {
	for len(b) > 0 && blank(b[0]) {
		b = b[1:]
	}
	return b
}
