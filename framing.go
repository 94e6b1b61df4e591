package picohttp

import (
	"bytes"
	"encoding/binary"
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

// Framing decides where the body of the request ends, as RFC 9112, section 6.3
// does, and refuses what that lets a recipient repair. What Host says plays no part.
//
//   - With Transfer-Encoding it is BodyChunked. That is an Error if it is no list
//     of transfer codings or an empty one, if the last is not chunked, if chunked
//     comes twice or with parameters, with Content-Length, and in HTTP/1.0.
//   - With Content-Length it is BodyLength, if that is 1*DIGIT within int64. It
//     is an Error if there are two or a list, also of equal values.
//   - With neither it is BodyNone, for CONNECT BodyTunnel. A CONNECT is never
//     KeepAlive: if a server declines it, what follows may still be meant for
//     the tunnel.
//
// It is an Error too if Connection names one of the fields that decide this, or
// Host, because a proxy would drop it.
//
// In Lenient it may let EqualLengths and LengthAndCoding pass. Deviations that may
// make others read another message are an Error, ErrBareLF, ErrObsFold, ErrFieldName,
// ErrFieldValue or ErrTarget: see Profile. Beside any deviation it is not KeepAlive.
//
// Behind an Error the connection must be closed: the Framing beside it is
// BodyUntilClose, so that nothing that follows is taken for another request.
//
// Unless the last Parse or Resume answered nil, Framing returns ErrIncomplete.
func (r *Request) Framing() (f Framing, err error) {
	f.Body = BodyUntilClose
	if r.part != ended {
		return f, ErrIncomplete
	}
	var s signals
	s.readFields(&r.head, r.Minor())
	if s.fault == 0 && s.has(transferEncoding) && !s.has(chunkedLast) {
		s.fault = ErrNotChunked
	}
	if s.fault != 0 {
		return f, s.fault
	}
	connect := string(r.Method()) == "CONNECT"
	switch {
	case s.has(transferEncoding):
		f.Body, f.OtherCoding = BodyChunked, s.has(otherCoding)
	case s.has(contentLength):
		f.Body, f.Length = BodyLength, s.length
	case connect:
		f.Body = BodyTunnel
	default:
		f.Body = BodyNone
	}
	f.KeepAlive = s.keepAlive() && !connect
	if s.has(upgradeField|expectField) && s.minor > 0 {
		f.Upgrade = s.has(upgradeField) && s.has(upgrades)
		f.ExpectOther = s.has(expectOther)
		f.ExpectContinue = s.has(expectContinue) && !s.has(expectOther)
	}
	return f, nil
}

// Framing decides where the body of the response ends, given the method of the
// request that it answers: RFC 9112, section 6.3, as Request.Framing does.
//
//   - A 2xx to CONNECT is BodyTunnel, also a 204.
//   - A response to HEAD, a 1xx, a 204 and a 304 are BodyNone, whatever the
//     fields say. Where these are at fault, or should not be there, it is not
//     KeepAlive: another recipient may see a body.
//   - With Transfer-Encoding it is BodyChunked if chunked is the last coding,
//     else BodyUntilClose.
//   - With Content-Length it is BodyLength, with neither BodyUntilClose.
//
// In any other response the fields that are an Error in a request are one here.
// A 101 is not KeepAlive: behind it the connection speaks another protocol. Of
// other 1xx, KeepAlive says nothing about the final response, which still comes.
func (r *Response) Framing(requestMethod string) (f Framing, err error) {
	f.Body = BodyUntilClose
	if r.part != ended {
		return f, ErrIncomplete
	}
	var s signals
	s.readFields(&r.head, r.Minor())
	keepAlive := s.keepAlive()
	switch status := r.Status(); {
	case status/100 == 2 && requestMethod == "CONNECT":
		f.Body, keepAlive = BodyTunnel, false
	case status/100 == 1 || status == 204:
		f.Body = BodyNone
		keepAlive = keepAlive && s.fault == 0 && status != 101 && !s.has(contentLength|transferEncoding)
	case status == 304 || requestMethod == "HEAD":
		f.Body = BodyNone
		keepAlive = keepAlive && s.fault == 0
	case s.fault != 0:
		return f, s.fault
	case s.has(chunkedLast):
		f.Body, f.OtherCoding = BodyChunked, s.has(otherCoding)
	case s.has(contentLength):
		f.Body, f.Length = BodyLength, s.length
	default:
		f.OtherCoding, keepAlive = s.has(otherCoding), false
	}
	f.KeepAlive = keepAlive
	f.Upgrade = s.minor > 0 && s.has(upgradeField) && s.has(upgrades)
	return f, nil
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
func (s *signals) readFields(h *head, minor int) {
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
func (s *signals) readDeviating(h *head) {
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
func (s *signals) begin(h *head) {
	if h.deviations == 0 {
		s.allow = h.lim.allow & (EqualLengths | LengthAndCoding)
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
	case string(name) == "Connection" || isWord(name, "connection"):
		fault = s.readConnection(value)
	case isWord(name, "content-length"):
		fault = s.readContentLength(value)
	case isWord(name, "transfer-encoding"):
		fault = s.readTransferEncoding(value)
	case isWord(name, "expect"):
		s.readExpect(value)
	case isWord(name, "upgrade") && len(value) > 0:
		s.seen |= upgradeField
	}
	if s.fault == 0 && fault != 0 {
		if s.fault = fault; s.met != 0 {
			s.fault = ErrContentLengthRepeated // which cannot be let pass then
		}
	}
}

// isWord reports whether b, octets of a field name or a field value, is a word of
// four or more lower-case letters, digits and "-", without regard to ASCII case.
// Of the octets that may stand there only a letter of either case becomes a
// lower-case letter when the bit 0x20 is set, and nothing but a digit or "-"
// becomes one of those.
func isWord(b []byte, word string) bool {
	const fold4, fold8 = 0x20202020, 0x2020202020202020
	n := len(word)
	if len(b) != n {
		return false
	}
	if n < 8 {
		return binary.LittleEndian.Uint32(b)|fold4 == fourOf(word) &&
			binary.LittleEndian.Uint32(b[n-4:])|fold4 == fourOf(word[n-4:])
	}
	for i := 0; i < n-8; i += 8 {
		if binary.LittleEndian.Uint64(b[i:])|fold8 != eightOf(word[i:]) {
			return false
		}
	}
	return binary.LittleEndian.Uint64(b[n-8:])|fold8 == eightOf(word[n-8:])
}

// fourOf and eightOf return the first octets of s, the first of them the lowest.
func fourOf(s string) uint32 {
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

func eightOf(s string) uint64 { return uint64(fourOf(s)) | uint64(fourOf(s[4:]))<<32 }

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
	if s.has(transferEncoding) || !isWord(value, "chunked") {
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
		if !isWord(name, "chunked") {
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
		case isWord(option, "keep-alive"):
			s.seen |= keepsAlive
		case isWord(option, "close"):
			s.seen |= closes
		case isWord(option, "upgrade"):
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
	case isWord(value, "100-continue"):
		s.seen |= expectContinue
	case len(value) > 0:
		s.seen |= expectOther
	}
	s.seen |= expectField
}

// decidesFraming reports whether a field of that name says where a body ends or
// where a request goes. A recipient that merged it into the header section would
// do so too late, and otherwise than others.
func decidesFraming(name []byte) bool {
	return isWord(name, "content-length") || isWord(name, "transfer-encoding") || isWord(name, "host")
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
