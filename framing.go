package picohttp

import (
	"bytes"
	"math"
)

// A Body is a way to find where the body of a message ends.
type Body uint8

const (
	BodyNone       Body = iota // there is no body: the head is the message
	BodyLength                 // it has Framing.Length octets
	BodyChunked                // it is in chunked coding, which says where it ends: see Chunked
	BodyUntilClose             // it ends where the connection ends
	BodyTunnel                 // what follows is no HTTP: the two sides of a CONNECT
)

// String returns "none", "length", "chunked", "until-close" or "tunnel".
func (b Body) String() string {
	if int(b) >= len(bodyNames) {
		return "unknown"
	}
	return bodyNames[b]
}

var bodyNames = [...]string{"none", "length", "chunked", "until-close", "tunnel"}

// A Framing says where the body of a message ends, and what becomes of the
// connection.
type Framing struct {
	Body   Body
	Length int64 // octets of the body, for BodyLength; else 0

	// KeepAlive: another message may follow on the connection, unless the
	// side that reads this wants to close it. RFC 9112, section 9.3, which
	// has a proxy close the connection behind each request of HTTP/1.0.
	KeepAlive bool

	// ExpectContinue: the client waits for 100 (Continue) before it sends the
	// body. ExpectOther: it expects something else, for which a server may
	// answer 417. Of requests only; RFC 9110, section 10.1.1.
	ExpectContinue, ExpectOther bool

	// Upgrade: the sender wants another protocol (in a 101, has changed to
	// it), which Get("Upgrade") names. RFC 9110, section 7.8.
	Upgrade bool

	// OtherCoding: another transfer coding than chunked is applied to the
	// body, before chunked or instead of it. A server that does not decode it
	// answers 501. RFC 9112, section 6.1.
	OtherCoding bool
}

// signals is what the fields say that control the body and the connection.
type signals struct {
	length int64 // Content-Length
	minor  int32
	digits int32 // octets of Content-Length
	seen   signal
	allow  Deviations // those about the body that may be let pass
	met    Deviations // and were
	fault  Error      // the first, 0 if there is none
}

// A signal is a bit of signals.seen.
type signal uint16

const (
	contentLength signal = 1 << iota
	transferEncoding
	chunkedOnce    // a transfer coding is chunked
	chunkedLast    // the last one is
	otherCoding    // one is not
	closes         // Connection has close
	keepsAlive     // Connection has keep-alive
	upgrades       // Connection has upgrade
	upgradeField   // Upgrade is there
	expectField    // Expect is there
	expectContinue // Expect has 100-continue
	expectOther    // Expect has something else
	oddCoding      // Transfer-Encoding is not chunked, once and plainly
	deviates       // the head has deviations
	vagueVersion   // the HTTP-version is another one to some
)

// has reports whether any of the bits is set.
func (s *signals) has(bits signal) bool { return s.seen&bits != 0 }

func (s *signals) keepAlive() bool {
	return !s.has(closes|deviates) && (s.minor > 0 || s.has(keepsAlive)) && s.met == 0
}

// readFields reads the fields once.
func (s *signals) readFields(h *Head, minor int) {
	s.minor = int32(minor)
	s.begin(h)
	if h.deviations != 0 {
		s.readDeviating(h)
		return
	}
	b := h.b
	marks := h.mark[1:h.n]
	ends := h.end[:len(marks)]
	for i, colon := range marks {
		if line := ends[i] + 2; mayControl(colon-line, b[line]) {
			s.read(cut(b, line, colon, h.end[i+1]))
		}
	}
	end := h.end[tableFields]
	for range h.more {
		var line, colon uint32
		line, colon, end = lineAfter(b, end)
		s.read(cut(b, line, colon, end))
	}
	if s.fault == 0 && s.has(transferEncoding) {
		s.endCoding()
	}
}

// readDeviating is readFields for a head with deviations.
func (s *signals) readDeviating(h *Head) {
	s.fault, _ = h.exploitable()
	for name, value := range h.fields {
		s.read(name, value)
	}
	if s.fault == 0 && s.has(transferEncoding) {
		s.endCoding()
	}
}

// begin takes in what is known before the fields are read. A message that
// departs from the rules about lines may not depart from those about its body,
// too.
func (s *signals) begin(h *Head) {
	if h.deviations == 0 {
		s.allow = h.rules.allow & (EqualLengths | LengthAndCoding)
		return
	}
	s.seen |= deviates
	// With more than one SP, or what is white space to some, they see another
	// word where the HTTP-version should be.
	target := h.b[h.mark[0]:h.word2]
	if h.deviations&(MinorDigits|StartLineSpace) != 0 || bytes.IndexByte(target, 0x85) >= 0 || bytes.IndexByte(target, 0xa0) >= 0 {
		s.seen |= vagueVersion
	}
}

// endCoding judges what all Transfer-Encoding lines and the others are together.
func (s *signals) endCoding() {
	switch {
	case s.met != 0:
		s.fault = ErrContentLengthRepeated
	case s.minor == 0 || s.has(vagueVersion):
		s.fault = ErrTransferEncodingVersion
	case s.has(contentLength) && s.allow&LengthAndCoding != 0 && !s.has(oddCoding):
		s.met = LengthAndCoding
	case s.has(contentLength):
		s.fault = ErrAmbiguousLength
	case !s.has(chunkedOnce | otherCoding):
		s.fault = ErrTransferEncoding
	}
}

// mayControl tells nearly all other field names apart from those that
// signals.read knows, by the length and the first octet.
func mayControl(length uint32, first byte) bool {
	return firstByLength[length%uint32(len(firstByLength))] == first|0x20
}

var firstByLength = [32]byte{
	len("expect"):            'e',
	len("upgrade"):           'u',
	len("connection"):        'c',
	len("content-length"):    'c',
	len("transfer-encoding"): 't',
}

// read takes in a field line. Of several faults the first one stays.
func (s *signals) read(name, value []byte) {
	fault := Error(0)
	switch {
	case equalName(name, "Connection"):
		fault = s.readConnection(value)
	case equalName(name, "Content-Length"):
		fault = s.readContentLength(value)
	case equalName(name, "Transfer-Encoding"):
		fault = s.readTransferEncoding(value)
	case equalName(name, "Expect"):
		s.readExpect(value)
	case equalName(name, "Upgrade") && len(value) > 0:
		s.seen |= upgradeField
	}
	if s.fault == 0 && fault != 0 {
		if s.fault = fault; s.met != 0 {
			s.fault = ErrContentLengthRepeated // which cannot be let pass then
		}
	}
}

// readContentLength reads
//
//	Content-Length = 1*DIGIT
//
// RFC 9110, section 8.6.
func (s *signals) readContentLength(value []byte) Error {
	if s.has(contentLength) || bytes.IndexByte(value, ',') >= 0 {
		return s.repeatContentLength(value)
	}
	s.seen |= contentLength
	length, ok := decimal(value)
	if !ok {
		return ErrContentLength
	}
	s.length, s.digits = length, int32(len(value))
	return 0
}

// repeatContentLength reads a Content-Length that is a list, or not the first.
func (s *signals) repeatContentLength(list []byte) Error {
	for more := true; more; {
		var value []byte
		value, list, more = bytes.Cut(list, []byte(","))
		value = trim(value)
		length, ok := decimal(value)
		if !s.has(contentLength) {
			s.seen |= contentLength
			s.length, s.digits = length, int32(len(value))
		}
		if !ok || length != s.length || int32(len(value)) != s.digits || s.allow&EqualLengths == 0 {
			return ErrContentLengthRepeated
		}
	}
	s.met |= EqualLengths
	return 0
}

// decimal returns the number that b, 1*DIGIT within int64, is.
func decimal(b []byte) (n int64, ok bool) {
	for _, c := range b {
		digit := int64(c - '0')
		if !isDigit(c) || n > (math.MaxInt64-digit)/10 {
			return 0, false
		}
		n = n*10 + digit
	}
	return n, len(b) > 0
}

// readTransferEncoding reads
//
//	Transfer-Encoding = #transfer-coding
//
// RFC 9112, section 6.1. Each line goes on with the list of the one before.
func (s *signals) readTransferEncoding(value []byte) Error {
	if s.has(transferEncoding) || !equalName(value, "chunked") {
		s.seen |= oddCoding
	}
	s.seen |= transferEncoding
	for len(value) > 0 {
		var coding []byte
		if coding, value = nextElement(value); len(coding) == 0 {
			continue
		}
		name, parameters := splitCoding(coding)
		if name == nil {
			return ErrTransferEncoding
		}
		s.seen &^= chunkedLast
		if !equalName(name, "chunked") {
			s.seen |= otherCoding
			continue
		}
		if s.has(chunkedOnce) || parameters {
			return ErrChunkedCoding
		}
		s.seen |= chunkedOnce | chunkedLast
	}
	return 0
}

// splitCoding returns the name of a transfer coding and whether it has
// parameters:
//
//	transfer-coding    = token *( OWS ";" OWS transfer-parameter )
//	transfer-parameter = token BWS "=" BWS ( token / quoted-string )
//
// RFC 9112, section 7. It returns nil if coding is something else. White space
// around "=" and quoted strings, which no coding in use has and some recipients
// take for the end of an element, are something else, too.
func splitCoding(coding []byte) (name []byte, parameters bool) {
	i := skip(coding, 0, tchar)
	if i == 0 {
		return nil, false
	}
	name = coding[:i]
	for rest := trim(coding[i:]); len(rest) > 0; {
		if rest[0] != ';' {
			return nil, false
		}
		rest = trim(rest[1:])
		equals := skip(rest, 0, tchar)
		if equals == 0 || equals == len(rest) || rest[equals] != '=' {
			return nil, false
		}
		end := skip(rest, equals+1, tchar)
		if end == equals+1 {
			return nil, false
		}
		rest = trim(rest[end:])
		parameters = true
	}
	return name, parameters
}

// readConnection reads
//
//	Connection = #connection-option, connection-option = token
//
// RFC 9110, section 7.6.1.
func (s *signals) readConnection(value []byte) Error {
	if string(value) == "keep-alive" { // as nearly all send it
		s.seen |= keepsAlive
		return 0
	}
	for len(value) > 0 {
		var option []byte
		option, value = nextElement(value)
		switch {
		case equalName(option, "keep-alive"):
			s.seen |= keepsAlive
		case equalName(option, "close"):
			s.seen |= closes
		case equalName(option, "upgrade"):
			s.seen |= upgrades
		case decidesFraming(option):
			return ErrConnection
		}
	}
	return 0
}

// readExpect reads
//
//	Expect = #expectation
//
// RFC 9110, section 10.1.1, where only 100-continue is defined.
func (s *signals) readExpect(value []byte) {
	switch {
	case s.has(expectField):
		s.seen |= expectOther
	case equalName(value, "100-continue"):
		s.seen |= expectContinue
	case len(value) > 0:
		s.seen |= expectOther
	}
	s.seen |= expectField
}

// nextElement returns the first element of a list, without the white space
// around it, and what is behind its comma. An element may be empty: RFC 9110,
// section 5.6.1.2 has a recipient ignore that.
func nextElement(list []byte) (element, rest []byte) {
	for i, c := range list {
		if c == ',' {
			return trim(list[:i]), list[i+1:]
		}
	}
	return trim(list), nil
}

// framingDeviations returns those of EqualLengths and LengthAndCoding that are
// accepted in a complete head.
func (h *Head) framingDeviations(minor int) Deviations {
	if h.part != ended || h.rules.allow&(EqualLengths|LengthAndCoding) == 0 {
		return 0
	}
	var s signals
	s.readFields(h, minor)
	if s.fault != 0 {
		return 0
	}
	return s.met
}
