package picohttp

import "bytes"

// exploitable returns the error of the first deviation in h that is dangerous where it
// is, or 0 if there is none, and the offset of its byte. A recipient that does not
// know the deviation sees other fields that control the message, or another end of
// the head.
func (h *Head) exploitable() (fault Error, at int) {
	if h.deviations&BareLF != 0 {
		// One that ends lines at CRLF alone takes the LF for a part of a value,
		// and continues where this line or this head ends.
		lines := h.b[h.from:h.next]
		if bytes.Contains(lines, []byte("\r\n")) {
			if at := bareLF(lines); at >= 0 {
				return ErrBareLF, int(h.from) + at
			}
		}
	}
	if h.deviations&StartLineSpace != 0 && h.deviations&TargetObsText != 0 {
		// One that also splits at 0x85 and 0xA0 sees other parts.
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
		text := h.b[line:max(line, lineEnd(h.b, end))]
		at = int(line)
		if colon+1 == line {
			if isControlField(before) || len(trimBlanks(text)) == 0 || beginsControlField(text) {
				fault = ErrObsFold // or the end of the head, where it is blank
			}
			return fault == 0
		}
		name, _ := h.cut(line, colon, end)
		before = name
		if nul && isControlField(name) {
			fault = ErrFieldValue // a recipient for which NUL ends the head does not see it
			return false
		}
		nul = nul || bytes.IndexByte(text, 0) >= 0
		var column int
		fault, column = exploitableField(text, name)
		at += column
		return fault == 0
	})
	return fault, at
}

// isVersionVague reports whether some recipients see another HTTP-version in a head
// with deviations: with more than one SP, or with what is whitespace to some, another
// word is where the HTTP-version should be.
func (h *Head) isVersionVague() bool {
	target := h.b[h.mark[0]:h.word2]
	return h.deviations&(MinorDigits|StartLineSpace) != 0 || bytes.IndexByte(target, 0x85) >= 0 || bytes.IndexByte(target, 0xa0) >= 0
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
func exploitableField(b, name []byte) (fault Error, at int) {
	if isControlField(name) {
		if len(name) == len(b) || b[len(name)] != ':' {
			return ErrFieldName, len(name) // it is another name to some
		}
		if lf := bytes.IndexByte(b, '\n'); lf >= 0 {
			return ErrObsFold, lf + 1 // a recipient that does not unfold sees another value
		}
		if end := skip(b, len(name), fieldByte); end < len(b) {
			return ErrFieldValue, end // or the value ends there
		}
	}
	return brokenLine(b)
}

// brokenLine returns the error of the first place in b, a line that may be folded,
// where the line ends for some recipients (a fold, VT, FF, or another control
// character), if another field that controls the message would begin there or the
// head would end.
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
	return decidesFraming(name) || equalName(name, "Connection") || equalName(name, "Expect") || equalName(name, "Upgrade")
}

// decidesFraming reports whether a field of that name decides where a body ends or
// where a request goes. In a trailer section it comes too late, and recipients differ
// in whether they merge it into the header section.
func decidesFraming(name []byte) bool {
	return equalName(name, "Content-Length") || equalName(name, "Transfer-Encoding") || equalName(name, "Host")
}

func trimBlanks(b []byte) []byte {
	for len(b) > 0 && blank(b[0]) {
		b = b[1:]
	}
	return b
}
