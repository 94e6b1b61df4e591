package picohttp

// The reference is the scalar parser that says what HTTP/1.x is. Every syntax
// error of Parse is made here, so errors and offsets are the same whatever the
// kernel.
//
// It can stop and go on at any octet. Each production has a function; it reads
// from progress.off on, names the production that follows in head.part,
// and answers nil, or ErrIncomplete, or an Error about the octet at
// progress.off.

// A part names the production that the octet at progress.off belongs to.
type part uint8

const (
	none          part = iota // no head is under way
	ended                     // nothing: the head is complete
	leading                   // an empty line before the start-line, or the start-line
	leadingLF                 // the LF of that empty line
	method                    // method SP
	target                    // request-target SP
	version                   // HTTP-version CR
	statusVersion             // HTTP-version SP
	statusCode                // status-code SP
	reasonPhrase              // reason-phrase CR
	startLF                   // the LF of the start-line
	fieldLine                 // a field line, or the empty line that ends the head
	fieldName                 // field-name ":"
	colonSpace                // white space before that colon
	foldSpace                 // the white space of an obs-fold
	fieldValue                // OWS field-value OWS CR
	fieldLF                   // the LF of a field line
	emptyLF                   // the LF of the empty line
)

// The first octet of a TLS record: ContentType of RFC 8446, section 5.1.
const tlsAlert, tlsHandshake = 0x15, 0x16

// A progress says where the reference stands in a head. Where the words of the
// start-line end is in the index: no kernel is called until that line is read.
type progress struct {
	off   uint32     // everything before has been read
	word  uint32     // where the word begins that is read, in the start-line
	colon uint32     // where the colon is, while the field line is read
	first part       // the production that a start-line begins with
	met   Deviations // in the line that is read
	lim   limits
}

// run reads b from h.off on, until the head or b ends or an octet cannot be
// right.
func (h *head) run(b []byte) (n int, err error) {
	for err == nil && h.part != ended {
		err = h.read(b)
	}
	switch {
	case err == nil:
		return int(h.next), nil
	case err != ErrIncomplete:
		h.part = none
		return int(h.off), err
	case len(b) >= int(h.lim.head):
		h.part = none
		return int(h.lim.head), h.lim.tooLong
	}
	return 0, ErrIncomplete
}

// read reads what one production has in b.
func (h *head) read(b []byte) error {
	if int(h.off) == len(b) {
		return ErrIncomplete
	}
	switch h.part {
	case leading:
		return h.readLeading(b)
	case leadingLF:
		h.part = leading
		return h.readLF(b)
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
	default:
		return h.readEmptyLF(b)
	}
}

// readLeading reads the first octet of a message, or of what follows one empty
// line.
//
//	HTTP-message = start-line CRLF *( field-line CRLF ) CRLF [ message-body ]
//
// RFC 9112, sections 2.1 and 2.2.
func (h *head) readLeading(b []byte) error {
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

// readCR reads the CR of a line end, of which c is the first octet: a CR, or a
// LF that is let pass.
func (h *head) readCR(c byte, then part) error {
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
func (h *head) readMethod(b []byte) error {
	i := skip(b, int(h.off), tchar)
	h.off = uint32(i)
	if i == len(b) {
		return ErrIncomplete
	}
	if b[i] != ' ' || h.off == h.from && h.lim.profile != Pico {
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
// RFC 9112, section 3.2, where the request-target is 1*VCHAR: its forms are
// narrower, but no two recipients disagree where it ends.
func (h *head) readTarget(b []byte) error {
	i := skip(b, int(h.off), vchar)
	for i < len(b) && isObsText(b[i]) && h.letAlone(TargetObsText, StartLineSpace) {
		i = skip(b, i+1, vchar)
	}
	if i-int(h.word) > int(h.lim.target) {
		h.off = h.word + h.lim.target
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
func (h *head) readVersion(b []byte) error {
	switch c := b[h.off]; {
	case h.off == h.word && c == ' ' && h.letAlone(StartLineSpace, TargetObsText):
		h.off++
		h.word = h.off
		return nil
	case h.mark[0] == h.from: // no method: Pico alone lets it come here
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
	case c == ' ' && h.lim.profile != Pico && h.letAlone(StartLineSpace, TargetObsText):
	case h.moreDigits(b):
	default:
		return ErrRequestLine
	}
	h.off++
	return nil
}

// waits reports whether fewer than n octets of a word are in b: picohttpparser
// says nothing of it then.
func (h *head) waits(b []byte, n int) bool {
	return h.lim.profile == Pico && len(b)-int(h.word) < n
}

// matchVersion reads
//
//	HTTP-version = %s"HTTP" "/" DIGIT "." DIGIT
//
// RFC 9112, section 2.3, with 1 as the first DIGIT, and leaves h.off at the octet
// behind it.
func (h *head) matchVersion(b []byte) error {
	const begins = "HTTP/1."
	const major, minor = len("HTTP/"), len(begins)
	for ; int(h.off) < len(b); h.off++ {
		c := b[h.off]
		switch at := int(h.off - h.word); {
		case at == major && isDigit(c) && c != '1':
			return ErrMajor
		case at < minor && c != begins[at], at == minor && !isDigit(c):
			return ErrVersion
		case at > minor:
			return nil
		}
	}
	return ErrIncomplete
}

// moreDigits reports whether the octet at h.off belongs to a minor version of
// two or three digits.
func (h *head) moreDigits(b []byte) bool {
	return isDigit(b[h.off]) && isDigit(b[h.off-1]) && int(h.off-h.word) < len("HTTP/1.123") && h.let(MinorDigits)
}

// readStatusVersion reads
//
//	HTTP-version SP
//
// RFC 9112, section 4.
func (h *head) readStatusVersion(b []byte) error {
	h.word = h.from
	if h.waits(b, len("HTTP/1.1")+1) {
		return ErrIncomplete
	}
	switch c := b[h.from]; {
	case c == '\n' && h.lim.allow&BareLF == 0:
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
// RFC 9112, section 4. Servers leave out the SP where the reason-phrase is
// empty; that has one reading.
func (h *head) readStatusCode(b []byte) error {
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
		case c != ' ' && (h.lim.profile != Pico || !isFieldByte(c)): // Pico looks at the end of the line
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
func (h *head) readReasonPhrase(b []byte) error {
	return h.readFieldBytes(b, startLF, ErrReason)
}

// readStartLF reads the LF of the start-line.
func (h *head) readStartLF(b []byte) error {
	if err := h.readLF(b); err != nil {
		return err
	}
	if c := b[h.word2]; c != ' ' && c != '\r' && c != '\n' {
		h.off = h.word2
		return ErrStatus
	}
	h.deviations |= h.met
	h.end[0] = h.off - 2
	h.n = 1
	h.next = h.off
	return h.indexFields(b, h.settle(b))
}

// readLF reads the LF behind a CR.
func (h *head) readLF(b []byte) error {
	if b[h.off] != '\n' {
		return ErrBareCR
	}
	h.off++
	return nil
}

// readFieldLine reads the first octet of
//
//	*( field-line CRLF ) CRLF
//
// RFC 9112, sections 2.1, 2.2 and 5.2.
func (h *head) readFieldLine(b []byte) error {
	switch c := b[h.off]; {
	case c == '\r' || c == '\n':
		return h.readCR(c, emptyLF)
	case isWhitespace(c) && h.NumFields() > 0:
		return h.readObsFold()
	case isWhitespace(c):
		return ErrLeadingSpace
	case !isTchar(c):
		return ErrFieldName
	case h.NumFields() == int(h.lim.fields):
		return ErrTooManyFields
	}
	h.part = fieldName
	return nil
}

// readFieldName reads
//
//	field-name ":", field-name = token
//
// RFC 9112, section 5.1: no white space before the colon.
func (h *head) readFieldName(b []byte) error {
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

// readColonSpace reads white space before a colon, where it is let pass.
func (h *head) readColonSpace(b []byte) error {
	if isWhitespace(b[h.off]) {
		h.off++
		return nil
	}
	return h.readColon(b)
}

func (h *head) readColon(b []byte) error {
	if b[h.off] != ':' {
		return ErrFieldName
	}
	h.colon = h.off
	h.off++
	h.part = fieldValue
	return nil
}

// readObsFold is called for a line that begins with white space.
//
//	obs-fold = OWS CRLF RWS
//
// RFC 9112, section 5.2.
func (h *head) readObsFold() error {
	if !h.let(ObsFold) {
		return ErrObsFold
	}
	if h.lim.profile == Pico && h.NumFields() == int(h.lim.fields) {
		return ErrTooManyFields
	}
	h.colon = h.off - 1 // there is none
	h.part = foldSpace
	return nil
}

// readFoldSpace reads the white space that a folded line begins with. There has to
// be more in the line than what is blank to some recipients: they take it for
// the empty line.
func (h *head) readFoldSpace(b []byte) error {
	switch c := b[h.off]; {
	case h.lim.profile == Pico || !blank(c):
		h.part = fieldValue
		return nil
	case c == '\r' || c == '\n':
		return ErrObsFold
	case class[c]&fieldByte == 0 && (c == 0 || !h.let(ValueControl)): // NUL ends it to some
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
func (h *head) readFieldValue(b []byte) error {
	return h.readFieldBytes(b, fieldLF, ErrFieldValue)
}

// readFieldBytes reads what a field value may hold, and a CR.
func (h *head) readFieldBytes(b []byte, then part, fault Error) error {
	i := skip(b, int(h.off), fieldByte)
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

// readFieldLF reads the LF of a field line, which settles it.
func (h *head) readFieldLF(b []byte) error {
	if err := h.readLF(b); err != nil {
		return err
	}
	h.deviations |= h.met
	end := h.off - 2 // also if there is no CR: see cutDeviating
	switch folded := h.colon < h.next; {
	case folded && h.lim.profile == Lenient:
		if h.more == 0 {
			h.end[h.n-1] = end
		}
	case h.n < tableLines:
		h.mark[h.n], h.end[h.n] = h.colon, end
		h.n++
	default:
		h.more++
	}
	h.next = h.off
	return h.indexFields(b, h.settle(b))
}

// readEmptyLF reads the LF of the empty line that ends the head.
func (h *head) readEmptyLF(b []byte) error {
	if err := h.readLF(b); err != nil {
		return err
	}
	h.deviations |= h.met
	h.next = h.off
	h.part = ended
	return nil
}

// tooManyFields answers for field lines that kernels settled past the limit,
// the first of them at off.
func (h *head) tooManyFields(off uint32) error {
	h.off = off
	h.part = none
	return ErrTooManyFields
}
