package picohttp

// The reference is the scalar parser that says what HTTP/1.x is. Every syntax
// error is made here, so errors and offsets are the same whatever the kernel.
//
// It can stop and go on at any octet. Each production has a function; it reads
// from progress.off on, names the production that follows in head.part,
// and answers nil, or ErrIncomplete, or an Error about the octet at
// progress.off.

// A part names the production that the octet at progress.off belongs to.
type part uint8

const (
	none       part = iota // no head is under way
	leading                // the empty line before the request-line, or the request-line
	leadingLF              // the LF of that empty line
	method                 // method SP
	target                 // request-target SP
	version                // HTTP-version CR
	startLF                // the LF of the start-line
	fieldLine              // a field line, or the empty line that ends the head
	fieldName              // field-name ":"
	fieldValue             // OWS field-value OWS CR
	fieldLF                // the LF of a field line
	emptyLF                // the LF of the empty line
	ended                  // nothing: the head is complete
)

// A progress says where the reference stands in a head.
type progress struct {
	off   uint32 // everything before has been read
	word1 uint32 // where the method ends, while the request-line is read
	colon uint32 // where the field name ends, while the field line is read
	lim   limits
}

// run reads b from r.off on, until the head or b ends or an octet cannot be
// right.
func (r *Request) run(b []byte) (n int, err error) {
	for err == nil && r.part != ended {
		err = r.read(b)
	}
	switch {
	case err == nil:
		r.part = none
		return int(r.next), nil
	case err != ErrIncomplete:
		r.part = none
		return int(r.off), err
	case len(b) >= int(r.lim.head):
		r.part = none
		return int(r.lim.head), ErrHeadTooLong
	}
	return 0, ErrIncomplete
}

// read reads what one production has in b.
func (r *Request) read(b []byte) error {
	if int(r.off) == len(b) {
		return ErrIncomplete
	}
	switch r.part {
	case leading:
		return r.readLeading(b)
	case leadingLF:
		return r.readLF(b, leading)
	case method:
		return r.readMethod(b)
	case target:
		return r.readTarget(b)
	case version:
		return r.readVersion(b)
	case startLF:
		return r.readStartLF(b)
	}
	return r.readField(b)
}

// readLeading reads the first octet of a message, or of what follows one empty
// line.
//
//	HTTP-message = start-line CRLF *( field-line CRLF ) CRLF [ message-body ]
//
// RFC 9112, sections 2.1 and 2.2.
func (r *Request) readLeading(b []byte) error {
	const tlsHandshake = 0x16 // ContentType of RFC 8446, section 5.1
	switch c := b[r.off]; {
	case c == '\n':
		return ErrBareLF
	case c == '\r' && r.off == 0:
		r.off++
		r.part = leadingLF
		return nil
	case c == '\r':
		return ErrEmptyLine
	case c == tlsHandshake && r.off == 0:
		return ErrTLS
	}
	r.from = r.off
	r.part = method
	return nil
}

// readMethod reads
//
//	method SP, method = token
//
// RFC 9112, section 3.1.
func (r *Request) readMethod(b []byte) error {
	i := skip(b, int(r.off), tchar)
	r.off = uint32(i)
	if i == len(b) {
		return ErrIncomplete
	}
	if b[i] != ' ' || r.off == r.from {
		return ErrMethod
	}
	r.word1 = r.off
	r.off++
	r.part = target
	return nil
}

// readTarget reads
//
//	request-target SP
//
// RFC 9112, section 3.2, where the request-target is 1*VCHAR: its forms are
// narrower, but no two recipients disagree where it ends.
func (r *Request) readTarget(b []byte) error {
	begin := r.word1 + 1
	i := skip(b, int(r.off), vchar)
	if i-int(begin) > int(r.lim.target) {
		r.off = begin + r.lim.target
		return ErrTargetTooLong
	}
	r.off = uint32(i)
	if i == len(b) {
		return ErrIncomplete
	}
	switch c := b[i]; {
	case r.off == begin:
		return ErrTarget
	case c == '\r' || c == '\n':
		return ErrVersion
	case c != ' ':
		return ErrTarget
	}
	r.word2 = r.off
	r.off++
	r.part = version
	return nil
}

// readVersion reads
//
//	HTTP-version CR, HTTP-version = %s"HTTP" "/" DIGIT "." DIGIT
//
// RFC 9112, section 2.3, with 1 as the first DIGIT.
func (r *Request) readVersion(b []byte) error {
	const begins = "HTTP/1."
	const major, minor = len("HTTP/"), len(begins)
	for ; int(r.off) < len(b); r.off++ {
		c := b[r.off]
		switch at := int(r.off - (r.word2 + 1)); {
		case at == major && isDigit(c) && c != '1':
			if c == '2' && string(b[r.from:r.word2]) == "PRI *" {
				return ErrHTTP2
			}
			return ErrMajor
		case at < minor && c != begins[at], at == minor && !isDigit(c):
			return ErrVersion
		case at <= minor:
			continue
		case c == '\n':
			return ErrBareLF
		case c != '\r':
			return ErrRequestLine
		}
		r.off++
		r.part = startLF
		return nil
	}
	return ErrIncomplete
}

// readStartLF reads the LF of the start-line.
func (r *Request) readStartLF(b []byte) error {
	if err := r.readLF(b, fieldLine); err != nil {
		return err
	}
	r.mark[0], r.end[0] = r.word1, r.off-2
	r.n = 1
	r.next = r.off
	return r.indexFields(b, r.settle(b))
}

// readLF reads the LF behind a CR.
func (h *head) readLF(b []byte, then part) error {
	if b[h.off] != '\n' {
		return ErrBareCR
	}
	h.off++
	h.part = then
	return nil
}

// readField reads a part of the field lines or of the empty line behind them.
func (h *head) readField(b []byte) error {
	switch h.part {
	case fieldLine:
		return h.readFieldLine(b)
	case fieldName:
		return h.readFieldName(b)
	case fieldValue:
		return h.readFieldValue(b)
	case fieldLF:
		return h.readFieldLF(b)
	default:
		return h.readEmptyLF(b)
	}
}

// readFieldLine reads the first octet of
//
//	*( field-line CRLF ) CRLF
//
// RFC 9112, sections 2.1, 2.2 and 5.2.
func (h *head) readFieldLine(b []byte) error {
	switch c := b[h.off]; {
	case c == '\r':
		h.off++
		h.part = emptyLF
		return nil
	case c == '\n':
		return ErrBareLF
	case isWhitespace(c) && h.numFields() > 0:
		return ErrObsFold
	case isWhitespace(c):
		return ErrLeadingSpace
	case !isTchar(c):
		return ErrFieldName
	case h.numFields() == int(h.lim.fields):
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
	if b[i] != ':' {
		return ErrFieldName
	}
	h.colon = h.off
	h.off++
	h.part = fieldValue
	return nil
}

// readFieldValue reads
//
//	OWS field-value OWS CR
//
// RFC 9110, section 5.5.
func (h *head) readFieldValue(b []byte) error {
	i := skip(b, int(h.off), fieldByte)
	h.off = uint32(i)
	if i == len(b) {
		return ErrIncomplete
	}
	switch b[i] {
	case '\r':
	case '\n':
		return ErrBareLF
	default:
		return ErrFieldValue
	}
	h.off++
	h.part = fieldLF
	return nil
}

// readFieldLF reads the LF of a field line, which settles it.
func (h *head) readFieldLF(b []byte) error {
	if err := h.readLF(b, fieldLine); err != nil {
		return err
	}
	if h.n < tableLines {
		h.mark[h.n], h.end[h.n] = h.colon, h.off-2
		h.n++
	} else {
		h.more++
	}
	h.next = h.off
	return h.indexFields(b, h.settle(b))
}

// readEmptyLF reads the LF of the empty line that ends the head.
func (h *head) readEmptyLF(b []byte) error {
	if err := h.readLF(b, ended); err != nil {
		return err
	}
	h.next = h.off
	return nil
}

// tooManyFields answers for field lines that kernels settled past the limit,
// the first of them at off.
func (h *head) tooManyFields(off uint32) error {
	h.off = off
	h.part = none
	return ErrTooManyFields
}
