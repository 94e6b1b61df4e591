package picohttp

import "bytes"

// This file finds what Lenient must always reject: deviations in places where they can be
// exploited. A recipient that does not know the deviation sees other control fields, or
// another end of the head. A blank is a character that some recipients take for whitespace or
// for nothing: see blankLength.

// exploitable returns the error of the first deviation in h that is dangerous where it is,
// and the offset of its byte. The error is 0 if there is none.
func (h *Head) exploitable() (fault Error, at int) {
	if h.isMixed() && h.rules.allow&MixedLineEnds == 0 {
		return ErrBareLF, int(h.from) + bareLF(h.b[h.from:h.next])
	}
	if fault, at = h.exploitableMix(); fault != 0 {
		return fault, at
	}
	if h.deviations&StartLineSpace != 0 && h.deviations&TargetObsText != 0 {
		// A recipient that also splits the line at 0x85 and 0xA0 sees other parts of it.
		begin := h.mark[0] + 1
		// If the caller has written to b, there may be no such byte, and at is meaningless.
		return ErrTarget, int(begin) + bytes.IndexFunc(h.b[begin:h.word2], func(c rune) bool { return c >= 0x80 })
	}
	if h.deviations&(ObsFold|SpaceBeforeColon|ValueControl|ValueNUL) == 0 {
		return 0, 0
	}
	line := h.b[h.from:lineEnd(h.b, h.end[0])]
	if fault, at = brokenLine(line); fault != 0 {
		return fault, int(h.from) + at
	}
	ended := bytes.ContainsAny(line, lineEnders)
	var before []byte // the name of the field that a folded line continues
	h.eachPlace(func(line, colon, end uint32) bool {
		text := h.b[line:max(line, lineEnd(h.b, end))]
		at = int(line)
		if colon+1 == line {
			if isControlField(before) || len(trimBlanks(text)) == 0 || beginsControlField(text) {
				fault = ErrObsFold // a blank line may be the end of the head
			}
			return fault == 0
		}
		name, _ := h.cut(line, colon, end)
		before = name
		if ended && isControlField(name) {
			fault = ErrFieldValue // for some recipients the fields have ended before it
			return false
		}
		ended = ended || bytes.ContainsAny(text, lineEnders)
		var column int
		fault, column = h.exploitableField(text, name)
		at += column
		return fault == 0
	})
	return fault, at
}

// lineEnders are the control characters that end a line for some recipients, and NUL, which
// ends the text for others. Recipients of the first kind take what follows for a line that is
// not a field line, and so for the end of the fields.
const lineEnders = "\x00\v\f\x1c\x1d\x1e"

// isMixed reports whether lines of the head end both in LF and in CRLF.
func (h *Head) isMixed() bool {
	if h.deviations&BareLF == 0 {
		return false
	}
	lines := h.b[h.from:h.next]
	return bytes.Contains(lines, []byte("\r\n")) && bareLF(lines) >= 0
}

// exploitableMix is exploitable for a head with mixed line ends. A recipient that ends lines
// only at CRLF takes a bare LF for part of a line, and so reads past the end of this line or
// head.
func (h *Head) exploitableMix() (fault Error, at int) {
	switch {
	case !h.isMixed():
		return 0, 0
	// Recipients may split such a head into lines in too many ways to check.
	case h.deviations&(ValueControl|ValueNUL) != 0:
		return ErrBareLF, int(h.from) + bareLF(h.b[h.from:h.next])
	case h.isCGI():
		return 0, 0
	}
	if !bytes.HasSuffix(h.b[:h.next], []byte("\r\n\r\n")) {
		return ErrBareLF, int(h.next) - 1
	}
	h.eachPlace(func(line, colon, end uint32) bool {
		name, _ := h.cut(line, colon, end)
		for _, lf := range [...]int{int(line) - 1, int(end) + 1} {
			if isControlField(name) && lf < len(h.b) && h.b[lf-1] != '\r' {
				fault, at = ErrBareLF, lf
			}
		}
		return fault == 0
	})
	return fault, at
}

// isCGI reports whether the status-line ends in CRLF and all lines after it in LF. That
// happens when a server puts its status-line before the output of a CGI program.
func (h *Head) isCGI() bool {
	return h.b[h.end[0]] == '\r' && !bytes.Contains(h.b[h.begin(1):h.next], []byte("\r\n"))
}

// isVersionVague reports whether some recipients see another HTTP-version in a head with
// deviations. Some read only the first digit of a longer minor version. With more than one SP,
// or with a blank in the request-target, they may find another word where the HTTP-version
// should be.
func (h *Head) isVersionVague() bool {
	return h.deviations&(MinorDigits|StartLineSpace) != 0 || hasBlank(h.b[h.mark[0]:h.word2])
}

// isHarmless reports whether all recipients that accept the deviations of a request head
// agree on where it ends and what it says. That is true of extra empty lines before the
// request-line, and of non-ASCII bytes in a target that belong to no blank.
func (h *Head) isHarmless() bool {
	return h.rules.kind == requestKind && h.deviations&^(EmptyLines|TargetObsText) == 0 && !hasBlank(h.b[h.mark[0]:h.word2])
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

// exploitableField is exploitable for the field in b.
func (h *Head) exploitableField(b, name []byte) (fault Error, at int) {
	if isControlField(name) {
		spaced := len(name) == len(b) || b[len(name)] != ':'
		if spaced && h.rules.kind != responseKind { // see readDeviating
			return ErrFieldName, len(name) // some recipients see another name
		}
		if lf := bytes.IndexByte(b, '\n'); lf >= 0 {
			return ErrObsFold, lf + 1 // a recipient that does not unfold sees another value
		}
		if end := skip(b, len(name), fieldByte); end < len(b) {
			return ErrFieldValue, end // a recipient may end the value there
		}
	}
	return brokenLine(b)
}

// brokenLine returns the error of the first dangerous place in b, a line that may be folded,
// and its offset. At a fold, VT, FF or another control character, the line ends for some
// recipients. That is dangerous if what follows would begin a control field, or if only blanks
// come before the next such place or the end of b, because then the head would end.
func brokenLine(b []byte) (fault Error, at int) {
	broken := Error(0) // the error of the last such place, if only blanks came after it
	for i := 0; i < len(b); i++ {
		c := b[i]
		breaks := Error(0)
		if c == '\n' {
			breaks = ErrObsFold
		} else if c != '\r' && class[c]&fieldByte == 0 {
			breaks = ErrFieldValue
		}
		switch blank := blankLength(b[i:]); {
		case breaks != 0 && broken != 0:
			return broken, at
		case breaks != 0:
			broken, at = breaks, i
			if c == '\n' {
				at++
			}
		case blank > 0:
			i += blank - 1
		case broken != 0 && beginsControlField(b[i:]):
			return broken, at
		default:
			broken = 0
		}
	}
	return broken, at
}

// beginsControlField reports whether b, without the blanks at its start, would be the field
// line of a control field.
func beginsControlField(b []byte) bool {
	b = trimBlanks(b)
	name := b[:skip(b, 0, tchar)]
	return isControlField(name) && bytes.HasPrefix(trimBlanks(b[len(name):]), []byte(":"))
}

// isControlField reports whether a field of that name controls the body, the connection, or
// where a request goes.
func isControlField(name []byte) bool {
	return decidesFraming(name) || equalName(name, "Connection") || equalName(name, "Expect") || equalName(name, "Upgrade")
}

// decidesFraming reports whether a field of that name decides where a body ends or where a
// request goes. In a trailer section such a field comes too late, and recipients differ in
// whether they merge it into the header section.
func decidesFraming(name []byte) bool {
	return equalName(name, "Content-Length") || equalName(name, "Transfer-Encoding") || equalName(name, "Host")
}
