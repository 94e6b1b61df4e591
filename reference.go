package picohttp

import (
	"bytes"
	"encoding/binary"
)

// The reference is the scalar parser that defines which heads this package accepts. Every syntax
// error of Parse is reported here, so errors and offsets are the same with every kernel.
//
// It can stop and continue at any byte. Each production has a function. The function reads from
// progress.off on, stores the production that follows in state.part, and returns nil,
// ErrIncomplete, or an Error about the byte at progress.off.

// These are two values of the first byte of a TLS record: ContentType of RFC 8446, section 5.1.
const tlsAlert, tlsHandshake = 0x15, 0x16

// let reports whether the rules accept d, and notes that it has occurred.
func (h *Head) let(d Deviations) bool {
	if h.rules.allow&d == 0 {
		return false
	}
	h.met |= d
	return true
}

// letAlone is let for d. Except in Pico, it rejects d if other has occurred in the same
// start-line: see exploitable.
func (h *Head) letAlone(d, other Deviations) bool {
	return (h.met&other == 0 || h.has(spaceBetween)) && h.let(d)
}

func (h *Head) has(q quirks) bool { return h.rules.quirks&q != 0 }

// readPart reads as much of one production as b has.
func (h *Head) readPart(b []byte) error {
	if int(h.off) == len(b) {
		return ErrIncomplete
	}
	switch h.part {
	case leading:
		return h.readLeading(b)
	case leadingLF:
		return h.readLeadingLF(b)
	case method:
		return h.readMethod(b)
	case target:
		return h.readTarget(b)
	case version:
		return h.readVersion(b)
	case statusVersion:
		return h.readStatusVersion(b)
	case statusCode:
		return h.readStatusCode(b)
	case reasonPhrase:
		return h.readReasonPhrase(b)
	case startLF:
		return h.readStartLF(b)
	case fieldLine:
		return h.readFieldLine(b)
	case fieldName:
		return h.readFieldName(b)
	case colonSpace:
		return h.readColonSpace(b)
	case foldSpace:
		return h.readFoldSpace(b)
	case fieldValue:
		return h.readFieldValue(b)
	case fieldLF:
		return h.readFieldLF(b)
	case invalidLine:
		return h.readInvalidLine(b)
	case invalidLF:
		return h.readInvalidLF(b)
	default:
		return h.readEmptyLF(b)
	}
}

// A start-line that a kernel has settled is two words and the rest of the line. isMethod and
// endsRequestLine, or isStatusLine, report whether it is valid. If it is not, the productions
// below find out why. There are two functions for
//
//	request-line = method SP request-target SP HTTP-version
//
// RFC 9112, section 3, so that each is small enough to be inlined.

// isMethod reports whether the first word is a method within the limit.
func (h *Head) isMethod(b []byte) bool {
	const get = 'G' | 'E'<<8 | 'T'<<16 | ' '<<24
	return binary.LittleEndian.Uint32(b[h.from:]) == get && !h.isMethodTooLong(uint32(len("GET"))) ||
		skip(b, int(h.from), tchar) == int(h.mark[0]) && !h.isMethodTooLong(h.mark[0]-h.from)
}

// endsRequestLine reports whether the line ends after a request-target within the limit and an
// HTTP-version.
func (h *Head) endsRequestLine(b []byte) bool {
	rest := b[h.word2:h.end[0]]
	return len(rest) == len(" HTTP/1.1") && rest[0] == ' ' && isVersion(binary.LittleEndian.Uint64(rest[1:])) &&
		!h.isTargetTooLong(h.word2-h.mark[0]-1)
}

// isStatusLine reports whether the line is
//
//	status-line = HTTP-version SP status-code SP [ reason-phrase ]
//
// RFC 9112, section 4. The second SP may be missing before an empty reason-phrase: some servers
// omit it, and all recipients that accept such a line read it the same way.
func (h *Head) isStatusLine(b []byte) bool {
	const version, code = len("HTTP/1.1"), len("HTTP/1.1 200")
	line := b[:h.end[0]]
	return len(line) >= code && isVersion(binary.LittleEndian.Uint64(line)) && line[version] == ' ' &&
		isDigit(line[code-3]) && isDigit(line[code-2]) && isDigit(line[code-1]) &&
		(len(line) == code || line[code] == ' ')
}

// httpVersion is an HTTP-version without its minor version.
const httpVersion = "HTTP/1."

// isVersion reports whether eight bytes, the first of them the lowest, are an HTTP-version of
// major version 1.
func isVersion(w uint64) bool {
	const begins uint64 = 'H' | 'T'<<8 | 'T'<<16 | 'P'<<24 | '/'<<32 | '1'<<40 | '.'<<48
	return w&(1<<56-1) == begins && isDigit(byte(w>>56))
}

// isMethodTooLong reports whether a method of n bytes exceeds the limit.
func (h *Head) isMethodTooLong(n uint32) bool { return n > h.rules.method }

// isTargetTooLong reports whether a request-target of n bytes exceeds the limit.
func (h *Head) isTargetTooLong(n uint32) bool { return n > h.rules.target }

// readLeading reads the first byte of a message, or the byte after an empty line.
//
//	HTTP-message = start-line CRLF *( field-line CRLF ) CRLF [ message-body ]
//
// RFC 9112, sections 2.1 and 2.2.
func (h *Head) readLeading(b []byte) error {
	switch c := b[h.off]; {
	case c == '\n' && !h.let(BareLF):
		return ErrBareLF
	case c == '\r' || c == '\n':
		if (h.off > 0 || h.first != method) && !h.let(EmptyLines) {
			return ErrEmptyLine
		}
		return h.readCR(c, leadingLF)
	case c == tlsHandshake && h.off == 0:
		return ErrTLS
	}
	h.from = h.off
	h.part = h.first
	return nil
}

// readLeadingLF reads the LF of an empty line before the start-line.
func (h *Head) readLeadingLF(b []byte) error {
	if err := h.readLF(b); err != nil {
		return err
	}
	h.part = leading
	return nil
}

// readCR reads c, the first byte of a line end. It consumes a CR. It leaves a bare LF, if that
// is accepted, to the next production.
func (h *Head) readCR(c byte, then part) error {
	switch {
	case c == '\r':
		h.off++
	case !h.let(BareLF):
		return ErrBareLF
	}
	h.part = then
	return nil
}

// readMethod reads
//
//	method SP, method = token
//
// RFC 9112, section 3.1.
func (h *Head) readMethod(b []byte) error {
	i := skip(b, int(h.off), tchar)
	if h.isMethodTooLong(uint32(i) - h.from) {
		h.off = h.from + h.rules.method
		return ErrMethodTooLong
	}
	h.off = uint32(i)
	if i == len(b) {
		return ErrIncomplete
	}
	if b[i] != ' ' || h.off == h.from && !h.has(lateFaults) {
		return ErrMethod
	}
	h.mark[0] = h.off
	h.off++
	h.word = h.off
	h.part = target
	return nil
}

// readTarget reads
//
//	request-target SP
//
// RFC 9112, section 3.2. It accepts 1*VCHAR as the request-target. The four forms are narrower,
// but all recipients agree on where it ends.
func (h *Head) readTarget(b []byte) error {
	i := skip(b, int(h.off), vchar)
	for i < len(b) && isObsText(b[i]) && h.letAlone(TargetObsText, StartLineSpace) {
		i = skip(b, i+1, vchar)
	}
	if h.isTargetTooLong(uint32(i) - h.word) {
		h.off = h.word + h.rules.target
		return ErrTargetTooLong
	}
	h.off = uint32(i)
	if i == len(b) {
		return ErrIncomplete
	}
	switch c := b[i]; {
	case h.off == h.word && c == ' ' && h.let(StartLineSpace):
		h.off++
		h.word = h.off
		return nil
	case h.off == h.word:
		return ErrTarget
	case c == '\r' || c == '\n':
		return ErrVersion
	case c != ' ':
		return ErrTarget
	}
	h.word2 = h.off
	h.off++
	h.word = h.off
	h.part = version
	return nil
}

// readVersion reads
//
//	HTTP-version CR
//
// RFC 9112, section 3.
func (h *Head) readVersion(b []byte) error {
	switch c := b[h.off]; {
	case h.off == h.word && c == ' ' && h.letAlone(StartLineSpace, TargetObsText):
		h.off++
		h.word = h.off
		return nil
	case h.mark[0] == h.from: // an empty method, see lateFaults
		return ErrMethod
	case h.waits(b, len("HTTP/1.1")+1):
		return ErrIncomplete
	}
	switch err := h.matchVersion(b); {
	case err == ErrMajor && b[h.off] == '2' && string(b[h.from:h.word2]) == "PRI *":
		return ErrHTTP2
	case err != nil:
		return err
	}
	switch c := b[h.off]; {
	case c == '\r' || c == '\n':
		return h.readCR(c, startLF)
	case c == ' ' && !h.has(spaceBetween) && h.letAlone(StartLineSpace, TargetObsText):
	case h.moreDigits(b):
	default:
		return ErrRequestLine
	}
	h.off++
	return nil
}

// waits reports whether a fault in a word must not be reported yet, because fewer than n bytes
// of the word have arrived: see lateFaults.
func (h *Head) waits(b []byte, n int) bool {
	return h.has(lateFaults) && len(b)-int(h.word) < n
}

// matchVersion reads
//
//	HTTP-version = %s"HTTP" "/" DIGIT "." DIGIT
//
// RFC 9112, section 2.3, with 1 as the first DIGIT. On success h.off is at the first unread byte
// after the version.
func (h *Head) matchVersion(b []byte) error {
	const major, minor = len("HTTP/"), len(httpVersion)
	for ; int(h.off) < len(b); h.off++ {
		c := b[h.off]
		switch at := int(h.off - h.word); {
		case at == major && isDigit(c) && c != '1':
			return ErrMajor
		case at < minor && c != httpVersion[at], at == minor && !isDigit(c):
			return ErrVersion
		case at > minor:
			return nil
		}
	}
	return ErrIncomplete
}

// moreDigits reports whether the byte at h.off belongs to a minor version of two or three
// digits that is accepted.
func (h *Head) moreDigits(b []byte) bool {
	return isDigit(b[h.off]) && isDigit(b[h.off-1]) && int(h.off-h.word) < len("HTTP/1.123") && h.let(MinorDigits)
}

// readStatusVersion reads
//
//	HTTP-version SP
//
// RFC 9112, section 4.
func (h *Head) readStatusVersion(b []byte) error {
	h.word = h.from
	if h.waits(b, len("HTTP/1.1")+1) {
		return ErrIncomplete
	}
	switch c := b[h.from]; {
	case c == '\n' && h.rules.allow&BareLF == 0:
		return ErrBareLF
	case (c == tlsAlert || c == tlsHandshake) && h.from == 0:
		return ErrTLS
	}
	if err := h.matchVersion(b); err != nil {
		return err
	}
	switch c := b[h.off]; {
	case c == '\r' || c == '\n':
		return ErrStatus
	case h.moreDigits(b):
		h.off++
		return nil
	case c != ' ':
		return ErrVersion
	}
	h.mark[0] = h.off
	h.off++
	h.word = h.off
	h.part = statusCode
	return nil
}

// readStatusCode reads
//
//	status-code SP, status-code = 3DIGIT
//
// RFC 9112, section 4. The SP may be missing before an empty reason-phrase: see isStatusLine.
func (h *Head) readStatusCode(b []byte) error {
	const digits = 3
	if c := b[h.off]; h.off == h.word && c == ' ' && h.let(StartLineSpace) {
		h.off++
		h.word = h.off
		return nil
	}
	if h.waits(b, digits+1) {
		return ErrIncomplete
	}
	for ; int(h.off) < len(b); h.off++ {
		switch c := b[h.off]; {
		case h.off < h.word+digits && isDigit(c):
			continue
		case h.off < h.word+digits:
			return ErrStatus
		case c == '\r' || c == '\n':
			h.word2 = h.off
			return h.readCR(c, startLF)
		// With lateFaults, a field byte is rejected later, by readStartLF.
		case c != ' ' && (!h.has(lateFaults) || !isFieldByte(c)):
			return ErrStatus
		}
		h.word2 = h.off
		h.part = reasonPhrase
		return nil
	}
	return ErrIncomplete
}

// readReasonPhrase reads
//
//	[ reason-phrase ] CR, reason-phrase = 1*( HTAB / SP / VCHAR / obs-text )
//
// RFC 9112, section 4.
func (h *Head) readReasonPhrase(b []byte) error {
	return h.readFieldBytes(b, startLF, ErrReason)
}

// readStartLF reads the LF of the start-line.
func (h *Head) readStartLF(b []byte) error {
	if err := h.readLF(b); err != nil {
		return err
	}
	if !endsStatusCode(b[h.word2]) { // in a request-line, it always does
		h.off = h.word2
		return ErrStatus
	}
	h.deviations |= h.met
	h.end[0] = h.off - 2
	h.n = 1
	h.next = h.off
	h.part = lineStart
	return nil
}

// readLF reads the LF after a CR.
func (h *Head) readLF(b []byte) error {
	if b[h.off] != '\n' {
		return ErrBareCR
	}
	h.off++
	return nil
}

// readFieldLine reads the first byte of
//
//	*( field-line CRLF ) CRLF
//
// RFC 9112, sections 2.1, 2.2 and 5.2.
func (h *Head) readFieldLine(b []byte) error {
	switch c := b[h.off]; {
	case c == '\r' || c == '\n':
		return h.readCR(c, emptyLF)
	case isWhitespace(c) && h.NumFields() > 0:
		return h.readObsFold()
	case isWhitespace(c):
		return ErrLeadingSpace
	case !isTchar(c):
		return h.skipLine(b)
	case h.isOver(h.fieldLines() + 1):
		return ErrTooManyFields
	}
	h.part = fieldName
	return nil
}

// readFieldName reads
//
//	field-name ":", field-name = token
//
// RFC 9112, section 5.1: no whitespace before the colon.
func (h *Head) readFieldName(b []byte) error {
	i := skip(b, int(h.off), tchar)
	h.off = uint32(i)
	if i == len(b) {
		return ErrIncomplete
	}
	if isWhitespace(b[i]) && h.let(SpaceBeforeColon) {
		h.part = colonSpace
		return nil
	}
	return h.readColon(b)
}

// readColonSpace reads whitespace before a colon, if that is accepted.
func (h *Head) readColonSpace(b []byte) error {
	if isWhitespace(b[h.off]) {
		h.off++
		return nil
	}
	return h.readColon(b)
}

func (h *Head) readColon(b []byte) error {
	if b[h.off] != ':' {
		return h.skipLine(b)
	}
	h.colon = h.off
	h.off++
	h.part = fieldValue
	return nil
}

// readObsFold is called for a line that begins with whitespace.
//
//	obs-fold = OWS CRLF RWS
//
// RFC 9112, section 5.2.
func (h *Head) readObsFold() error {
	if h.wasSkipped() || !h.let(ObsFold) {
		return ErrObsFold
	}
	if h.has(foldIsField) && h.isOver(h.fieldLines()+1) {
		return ErrTooManyFields
	}
	h.colon = h.off - 1 // marks a line without a colon
	h.part = foldSpace
	return nil
}

// readFoldSpace reads the blanks at the start of a folded line. The line must have other
// characters as well: some recipients take a line of blanks for the empty line.
func (h *Head) readFoldSpace(b []byte) error {
	switch c := b[h.off]; {
	case h.has(foldIsField) || !mayBeBlank(c):
		h.part = fieldValue
		return nil
	case c == '\r' || c == '\n':
		line := b[bytes.LastIndexByte(b[:h.off], '\n')+1 : h.off]
		if len(trimBlanks(line)) == 0 {
			return ErrObsFold
		}
		return h.readCR(c, fieldLF)
	// NUL is never accepted here, because some recipients end the text at NUL.
	case class[c]&fieldByte == 0 && (c == 0 || !h.let(ValueControl)):
		return ErrFieldValue
	}
	h.off++
	return nil
}

// readFieldValue reads
//
//	OWS field-value OWS CR
//
// RFC 9110, section 5.5.
func (h *Head) readFieldValue(b []byte) error {
	return h.readFieldBytes(b, fieldLF, ErrFieldValue)
}

// readFieldBytes reads the bytes that a field value may contain, and the CR after them.
func (h *Head) readFieldBytes(b []byte, then part, fault Error) error {
	i := fieldEnd(b, int(h.off))
	h.off = uint32(i)
	if i == len(b) {
		return ErrIncomplete
	}
	switch c := b[i]; {
	case c == '\r' || c == '\n':
		return h.readCR(c, then)
	case c == 0 && h.let(ValueNUL), c != 0 && h.let(ValueControl):
		h.off++
		return nil
	}
	return fault
}

// readFieldLF reads the LF of a field line and settles the line.
func (h *Head) readFieldLF(b []byte) error {
	if err := h.readLF(b); err != nil {
		return err
	}
	h.deviations |= h.met
	end := h.off - 2 // also if there is no CR: see lineEnd
	switch folded := h.colon < h.next; {
	case folded && !h.has(foldIsField):
		if h.more == 0 {
			h.end[h.n-1] = end
		}
	case h.n < tableLines:
		h.mark[h.n], h.end[h.n], h.key[h.n-1] = h.colon, end, keyOf(h.colon-h.next, b[h.next])
		h.n++
	default:
		h.more++
	}
	h.next = h.off
	h.part = lineStart
	return nil
}

// skipLine handles a line that is not a field line. h.off is at the byte that proves this. It
// returns an error unless the line may be skipped.
func (h *Head) skipLine(b []byte) error {
	for end := h.next + 1; end <= h.off; end++ {
		if endsForbidden(b[h.next:end]) {
			return ErrFieldName
		}
	}
	switch {
	case h.rules.allow&InvalidLine == 0:
		return ErrFieldName
	case h.isOver(h.fieldLines() + 1):
		return ErrTooManyFields
	}
	h.met = InvalidLine
	h.part = invalidLine
	return nil
}

// readInvalidLine reads the rest of a line that is skipped, and its CR.
func (h *Head) readInvalidLine(b []byte) error {
	for ; int(h.off) < len(b); h.off++ {
		line := b[h.next : h.off+1]
		switch c := b[h.off]; {
		case c == '\r' || c == '\n':
			return h.readCR(c, invalidLF)
		case class[c]&fieldByte == 0, blankLength(line) > 0, endsForbidden(line):
			return ErrFieldName
		}
	}
	return ErrIncomplete
}

// readInvalidLF reads the LF of a line that is skipped. The line gets an entry in the index,
// because the beginning of a line is found from the end of the line before.
func (h *Head) readInvalidLF(b []byte) error {
	if err := h.readLF(b); err != nil {
		return err
	}
	h.deviations |= h.met
	if h.n < tableLines {
		h.mark[h.n], h.end[h.n] = h.next-2, h.off-2
		h.n++
	} else {
		h.more++
	}
	h.skipped++
	h.next, h.skippedEnd = h.off, h.off
	h.part = lineStart
	return nil
}

// neverSkipped are words that a skipped line must not contain, even as part of another word. A
// recipient may take such a line for a field that controls the message, or for the start-line
// of another message.
var neverSkipped = [...]string{"content-length", "transfer-encoding", "host", "connection", "expect", "upgrade", "http/"}

// endsForbidden reports whether b ends in one of neverSkipped, ignoring ASCII case.
func endsForbidden(b []byte) bool {
	for _, word := range neverSkipped {
		if len(b) >= len(word) && equalName(b[len(b)-len(word):], word) {
			return true
		}
	}
	return false
}

// readEmptyLF reads the LF of the empty line that ends the head.
func (h *Head) readEmptyLF(b []byte) error {
	if err := h.readLF(b); err != nil {
		return err
	}
	h.deviations |= h.met
	h.next = h.off
	h.part = ended
	return nil
}

// isOver reports whether a head with this number of lines after the start-line exceeds the
// limit.
func (h *Head) isOver(lines uint32) bool { return lines > h.rules.fields }
