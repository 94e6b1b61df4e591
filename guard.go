package picohttp

import "bytes"

// exploitable answers the error of the first deviation in h that stands where it
// is dangerous, 0 if there is none, and the offset of its octet: a recipient that
// does not know it sees other fields that control the message, or another end of
// the head.
func (h *Head) exploitable() (fault Error, at int) {
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
	return decidesFraming(name) || equalName(name, "Connection") || equalName(name, "Expect") || equalName(name, "Upgrade")
}

// decidesFraming reports whether a field of that name says where a body ends or
// where a request goes. A recipient that merged it into the header section would
// do so too late, and otherwise than others.
func decidesFraming(name []byte) bool {
	return equalName(name, "Content-Length") || equalName(name, "Transfer-Encoding") || equalName(name, "Host")
}

func trimBlanks(b []byte) []byte {
	for len(b) > 0 && blank(b[0]) {
		b = b[1:]
	}
	return b
}
