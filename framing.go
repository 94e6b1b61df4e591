package picohttp

import (
	"bytes"
)

// A Body says how the end of a message body is found.
type Body uint8

const (
	BodyNone       Body = iota // there is no body: the head is the message
	BodyLength                 // the body has Framing.Length bytes
	BodyChunked                // the body is in chunked coding, which marks its end: see Chunked
	BodyUntilClose             // the body ends when the connection ends
	BodyTunnel                 // what follows is not HTTP, but the tunnel of a CONNECT
)

// String returns "none", "length", "chunked", "until-close" or "tunnel".
func (b Body) String() string {
	if int(b) >= len(bodyNames) {
		return "unknown"
	}
	return bodyNames[b]
}

var bodyNames = [...]string{"none", "length", "chunked", "until-close", "tunnel"}

// A Framing says where the body of a message ends, and whether the connection stays open.
type Framing struct {
	Body   Body
	Length int64 // bytes of the body, for BodyLength; else 0

	// ContentLength is the Content-Length as sent, or -1 if there is no valid one. A response
	// to HEAD and a 304 may have one, although they have no body.
	ContentLength int64

	// KeepAlive: another message may follow on the connection. After an HTTP/1.0 request, a
	// forward proxy must still close the connection (RFC 9112, section 9.3), and a server or
	// reverse proxy that keeps it open must send "Connection: keep-alive".
	KeepAlive bool

	// ExpectContinue: the client waits for 100 (Continue) before it sends the body.
	// ExpectOther: it expects something else, for which a server may respond with 417. Only
	// for requests; RFC 9110, section 10.1.1.
	ExpectContinue, ExpectOther bool

	// Upgrade: the sender wants another protocol, or in a 101 has changed to it. Get("Upgrade")
	// names it. RFC 9110, section 7.8. After such a request, send nothing to a server before it
	// has responded: some servers read what you send as the other protocol before they have
	// agreed to it.
	Upgrade bool

	// OtherCoding: a transfer coding other than chunked is applied to the body,
	// before chunked or instead of it. A server that does not decode it responds
	// with 501. RFC 9112, section 6.1.
	OtherCoding bool
}

// MaxConnectionOptions limits the connection options in all Connection fields of a message. If
// there are more, the error is ErrConnection. The limit keeps EndToEnd linear.
const MaxConnectionOptions = 32

// unknownFraming is returned along with an error, so that code that ignores the error does
// not take what follows for another message.
var unknownFraming = Framing{Body: BodyUntilClose, ContentLength: -1}

// signals holds what the fields say about the body, the connection and where a request goes.
type signals struct {
	length  int64 // Content-Length
	minor   int32
	digits  int32 // length of the Content-Length, 0 if there is no valid one
	seen    signal
	allow   Deviations // deviations of the body that are accepted
	met     Deviations // those of them that were found
	fault   Error      // the first fault, 0 if there is none
	guard   bool       // the fault is in the lines, so it counts whatever the status-code
	routed  bool       // whether Host is needed
	routing Deviations // deviations of routing that were found
	at      uint32     // the offset of the fault
	metAt   uint32     // the offset of the first byte of met

	repeatAt uint32 // where in a list the first repeated element is

	hosts     uint32    // Host lines
	options   uint32    // connection options
	host      []byte    // the first Host
	hostPlace namePlace // the line of the second Host, or of the only one
	lengthOf  namePlace // the last line with Content-Length
	codingOf  namePlace // the last line with Transfer-Encoding
}

// A namePlace is the first two offsets of the place of a field line: where it begins, and its
// colon. See Head.place.
type namePlace struct{ line, colon uint32 }

// value returns the offset of the field value.
func (p namePlace) value(b []byte) uint32 {
	at := p.colon + 1
	for int(at) < len(b)-1 && isWhitespace(b[at]) {
		at++
	}
	return at
}

// A signal is a bit of signals.seen.
type signal uint16

const (
	contentLength signal = 1 << iota
	transferEncoding
	chunkedOnce    // a transfer coding is chunked
	chunkedLast    // the last transfer coding is chunked
	otherCoding    // a transfer coding is not chunked
	closes         // Connection has close
	keepsAlive     // Connection has keep-alive
	upgrades       // Connection has upgrade
	upgradeField   // there is an Upgrade field with a value
	expectContinue // Expect has 100-continue
	expectOther    // Expect has something else
	oddCoding      // Transfer-Encoding is anything but a single "chunked"
	deviates       // the head has deviations
	vagueVersion   // some recipients see another HTTP-version
	oddSpace       // whitespace that some recipients do not strip is next to a length or coding
	tabAfter       // HTAB comes after the value of Transfer-Encoding
)

// has reports whether any of the bits is set.
func (s *signals) has(bits signal) bool { return s.seen&bits != 0 }

func (s *signals) keepAlive() bool {
	return !s.has(closes|deviates|oddSpace) && (s.minor > 0 || s.has(keepsAlive)) && s.met|s.routing == 0
}

// readFields reads the fields. If it accepts a deviation of the body, and there is a fault or
// another deviation as well, it reads them again as Strict does: a message must not deviate
// both in its body and elsewhere.
func (s *signals) readFields(h *Head) {
	s.minor = int32(h.minor())
	s.allow = h.rules.allow & (EqualLengths | LengthAndCoding | RepeatedChunked | CodingVersion)
	s.routed = s.routed || h.rules.allow&(HostDiffers|HostInvalid) != 0
	if h.deviations != 0 {
		s.readDeviating(h)
	} else {
		s.readCanonical(h)
	}
	if s.fault == 0 && s.has(transferEncoding) {
		s.endCoding(h.b)
	}
	if h.rules.kind == requestKind && h.rules.allow&(HostDiffers|HostInvalid) != 0 {
		s.readRouting(h)
	}
	if s.met != 0 && (s.fault != 0 || s.routing != 0) {
		*s = signals{minor: s.minor, routed: s.routed, routing: s.routing}
		s.readCanonical(h)
		if s.fault == 0 && s.has(transferEncoding) {
			s.endCoding(h.b)
		}
	}
}

func (s *signals) readCanonical(h *Head) {
	s.readLines(h.b, &h.index)
	if h.more > 0 {
		s.readBeyond(h)
	}
}

// readBeyond is readCanonical for the lines for which the index has no room.
func (s *signals) readBeyond(h *Head) {
	var x index
	b := h.b[:h.next]
	for from := h.end[tableFields] + 2; x.settleAgain(b, from); from = x.begin(x.n) {
		s.readLines(b, &x)
	}
}

// readLines reads the field lines in x.
func (s *signals) readLines(b []byte, x *index) {
	for k := uint32(1); k < x.n; k++ {
		line, colon := x.begin(k), x.mark[k]
		if controlKeys[x.key[k-1]] == 0 || colon-line == uint32(len("Host")) && !s.routed {
			continue
		}
		name, value := cut(b, int(line), int(colon), int(x.end[k]))
		s.read(b, namePlace{line, colon}, name, value)
	}
}

// readDeviating is readFields for a head with deviations. A message whose lines deviate must
// not deviate in its body as well.
func (s *signals) readDeviating(h *Head) {
	s.allow = 0
	if !h.isHarmless() {
		s.seen |= deviates
	}
	if h.isVersionVague() {
		s.seen |= vagueVersion
	}
	fault, at := h.exploitable()
	s.guard, s.fault, s.at = fault != 0, fault, uint32(at)
	h.eachPlace(func(line, colon, end uint32) bool {
		name, value := h.cut(line, colon, end)
		if int(line)+len(name) != int(colon) && (equalName(name, "Content-Length") || equalName(name, "Transfer-Encoding")) {
			s.fail(ErrFieldName, line+uint32(len(name)))
		}
		s.read(h.b, namePlace{line, colon}, name, value)
		return true
	})
}

// readRouting finds the deviations of routing.
func (s *signals) readRouting(h *Head) {
	fault, _ := s.judgeHost(h.b, h.next)
	if fault != 0 {
		s.routing = HostInvalid & h.rules.allow
	}
	method, target := h.b[h.from:h.mark[0]], h.target()
	if _, fault, _ := judgeTarget(method, target, formOf(method, target), s.host); fault == ErrAuthority {
		s.routing |= HostDiffers & h.rules.allow
	}
}

// endCoding judges Transfer-Encoding when all fields have been read.
func (s *signals) endCoding(b []byte) {
	later := max(s.lengthOf.line, s.codingOf.line)
	switch {
	case s.minor == 0 && !s.has(contentLength) && s.met == 0 && s.allow&CodingVersion != 0:
		s.met, s.metAt = CodingVersion, s.codingOf.line
	case s.minor == 0 || s.has(vagueVersion):
		s.fail(ErrTransferEncodingVersion, s.codingOf.line)
	case s.has(contentLength) && s.met == 0 && s.allow&LengthAndCoding != 0 && !s.has(oddCoding):
		s.met, s.metAt = LengthAndCoding, later
	case s.has(contentLength):
		s.fail(ErrAmbiguousLength, later)
	}
}

// fail notes a fault, unless there is one already.
func (s *signals) fail(fault Error, at uint32) {
	if s.fault == 0 {
		s.fault, s.at = fault, at
	}
}

// request determines the framing of a request, and returns what is wrong with it. f must be
// unknownFraming.
func (s *signals) request(f *Framing, b, method []byte) Error {
	if s.digits > 0 {
		f.ContentLength = s.length
	}
	connect := string(method) == "CONNECT"
	switch {
	case connect && s.has(transferEncoding):
		s.fail(ErrConnectContent, s.codingOf.line)
	case connect && s.length > 0:
		s.fail(ErrConnectContent, s.lengthOf.line)
	// Some recipients do not know Transfer-Encoding in versions after HTTP/1.1.
	case s.has(transferEncoding) && s.minor > 1:
		s.fail(ErrTransferEncodingVersion, s.codingOf.line)
	case s.has(tabAfter) && s.has(upgrades|upgradeField): // some recipients then see no content
		s.fail(ErrTransferEncoding, s.codingOf.value(b))
	case s.has(transferEncoding) && !s.has(chunkedLast):
		s.fail(ErrNotChunked, s.codingOf.value(b))
	}
	if s.fault != 0 {
		return s.fault
	}
	switch {
	case s.has(transferEncoding):
		f.Body, f.OtherCoding = BodyChunked, s.has(otherCoding)
	case connect:
		f.Body = BodyTunnel
	case s.has(contentLength):
		f.Body, f.Length = BodyLength, s.length
	default:
		f.Body = BodyNone
	}
	f.KeepAlive = s.keepAlive() && !connect
	if s.has(upgradeField|expectContinue|expectOther) && s.minor > 0 {
		f.Upgrade = s.has(upgradeField) && s.has(upgrades)
		f.ExpectOther = s.has(expectOther)
		f.ExpectContinue = s.has(expectContinue) && (f.Body == BodyChunked || f.Length > 0)
	}
	// Some recipients take the content for the other protocol, and some upgrade even from
	// HTTP/1.0.
	if s.has(upgradeField) && s.has(upgrades) && (s.minor == 0 || f.Body == BodyChunked || f.Length > 0) {
		f.KeepAlive = false
	}
	return 0
}

// response determines the framing of a response with the given status-code to a request with
// the given method, and returns what is wrong with it.
func (s *signals) response(status int, requestMethod string) (Framing, Error) {
	f := unknownFraming
	if s.digits > 0 {
		f.ContentLength = s.length
	}
	keepAlive := s.keepAlive() && s.fault == 0 && status >= 100
	if status/100 == 1 || status == 204 || status == 304 {
		if s.met&EqualLengths != 0 { // EqualLengths is not reported for these
			f.ContentLength = -1
		}
	}
	switch {
	case s.guard: // other recipients may see another message
		return f, s.fault
	case status/100 == 2 && requestMethod == "CONNECT":
		f.Body, keepAlive = BodyTunnel, false
	case status/100 == 1:
		f.Body = BodyNone
		keepAlive = status != 101 && s.fault == 0 && s.met == 0 && !s.has(deviates|oddSpace) && s.isEmpty()
	case status == 204:
		f.Body = BodyNone
		keepAlive = keepAlive && s.isEmpty()
	case status == 304 || requestMethod == "HEAD":
		f.Body = BodyNone
		if status == 304 && s.has(transferEncoding) {
			keepAlive = false
		}
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
	return f, 0
}

// isEmpty reports whether no field announces a body. Some recipients ignore that the
// status-code excludes one.
func (s *signals) isEmpty() bool { return !s.has(transferEncoding) && s.length == 0 }

// judgeHost returns what is wrong with the Host of a request, and at which offset: that of
// the end of the head if Host is missing. RFC 9112, section 3.2.
func (s *signals) judgeHost(b []byte, end uint32) (fault Error, at uint32) {
	switch {
	case s.routing&HostInvalid != 0:
		return 0, 0
	case s.hosts > 1:
		return ErrHostRepeated, s.hostPlace.line
	case s.hosts == 0 && s.minor > 0:
		return ErrHostMissing, end
	case !isHost(s.host):
		return ErrHost, s.hostPlace.value(b)
	}
	return 0, 0
}

// controlKeys has 1 for the keys of the fields that signals.read knows.
var controlKeys = func() (t [256]uint8) {
	for _, name := range []string{"Host", "Expect", "Upgrade", "Connection", "Content-Length", "Transfer-Encoding"} {
		t[keyOfName(name)] = 1
	}
	return t
}()

// read reads a field line.
func (s *signals) read(b []byte, p namePlace, name, value []byte) {
	fault := Error(0)
	switch len(name) {
	case len("Host"):
		if equalName(name, "Host") {
			s.readHost(p, value)
		}
	case len("Expect"):
		if equalName(name, "Expect") {
			s.readExpect(value)
		}
	case len("Upgrade"):
		if equalName(name, "Upgrade") && len(value) > 0 {
			s.seen |= upgradeField
		}
	case len("Connection"):
		if equalName(name, "Connection") {
			fault = s.readConnection(value)
		}
	case len("Content-Length"):
		if equalName(name, "Content-Length") {
			s.lengthOf = p
			s.noteSpace(b, p, value)
			fault = s.readContentLength(value)
		}
	case len("Transfer-Encoding"):
		if equalName(name, "Transfer-Encoding") {
			s.codingOf = p
			s.noteSpace(b, p, value)
			fault = s.readTransferEncoding(value)
		}
	}
	if s.met != 0 && s.metAt == 0 {
		s.metAt = p.line
		if s.repeatAt > 0 {
			s.metAt = p.value(b) + s.repeatAt
		}
	}
	if fault != 0 {
		s.fail(fault, p.value(b))
	}
}

// noteSpace notes whitespace around a value that some recipients take for part of the value:
// HTAB, and any whitespace after the value of Transfer-Encoding. RFC 9112, section 5.1.
func (s *signals) noteSpace(b []byte, p namePlace, value []byte) {
	begin := int(p.value(b))
	before, after := b[p.colon+1:begin], b[min(begin+len(value), len(b)):]
	n := 0
	for n < len(after) && isWhitespace(after[n]) {
		n++
	}
	tab := bytes.IndexByte(after[:n], '\t') >= 0
	coding := s.codingOf == p
	if tab || bytes.IndexByte(before, '\t') >= 0 || coding && n > 0 {
		s.seen |= oddSpace
	}
	if coding && tab {
		s.seen |= tabAfter
	}
}

// readHost keeps the value of the first Host, and where the second one is, or the only one.
func (s *signals) readHost(p namePlace, value []byte) {
	if s.hosts == 0 {
		s.host = value
	}
	if s.hosts++; s.hosts <= 2 {
		s.hostPlace = p
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
	for rest, more := list, true; more; {
		var value []byte
		value, rest, more = bytes.Cut(rest, []byte(","))
		element := trim(value)
		length, ok := decimal(element)
		if !s.has(contentLength) {
			s.seen |= contentLength
			s.length, s.digits = length, int32(len(element))
		} else if s.repeatAt == 0 && len(element) > 0 {
			s.repeatAt = uint32(len(list) - len(rest) - len(value) + bytes.IndexByte(value, element[0]))
			if more {
				s.repeatAt--
			}
		}
		if !ok || length != s.length || int32(len(element)) != s.digits || s.allow&EqualLengths == 0 {
			s.digits = 0
			return ErrContentLengthRepeated
		}
	}
	s.met |= EqualLengths
	return 0
}

// readTransferEncoding reads
//
//	Transfer-Encoding = #transfer-coding
//
// RFC 9112, section 6.1. Unless RepeatedChunked is allowed, it accepts one line only. It accepts
// no empty elements: RFC 9110, section 5.6.1.2 allows a recipient to ignore them, but recipients
// differ.
func (s *signals) readTransferEncoding(value []byte) Error {
	again := s.has(transferEncoding)
	s.seen |= transferEncoding
	if again || !equalName(value, "chunked") {
		s.seen |= oddCoding
	}
	list := value
	for more := true; more; {
		var coding []byte
		at := len(list) - len(value)
		coding, value = nextElement(value)
		more = value != nil
		name, parameters := splitCoding(coding)
		chunked := equalName(name, "chunked") && !parameters
		switch {
		case name == nil:
			return ErrTransferEncoding
		case chunked && s.has(chunkedOnce) && !s.has(otherCoding) && s.met&RepeatedChunked < s.allow&RepeatedChunked:
			s.met |= RepeatedChunked
			s.repeatAt = uint32(at + bytes.Index(list[at:], coding))
			continue
		case again, s.met&RepeatedChunked != 0:
			return ErrTransferEncoding
		case !equalName(name, "chunked"):
			s.seen = s.seen&^chunkedLast | otherCoding
		case s.has(chunkedOnce) || parameters:
			return ErrChunkedCoding
		default:
			s.seen |= chunkedOnce | chunkedLast
		}
	}
	return 0
}

// splitCoding returns the name of a transfer coding and whether it has parameters:
//
//	transfer-coding    = token *( OWS ";" OWS transfer-parameter )
//	transfer-parameter = token BWS "=" BWS ( token / quoted-string )
//
// RFC 9112, section 7. It returns nil if coding is something else. It also returns nil for
// whitespace around "=" and for quoted strings: no coding in use has them, and some
// recipients take them for the end of an element.
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
// RFC 9110, section 7.6.1. It may name Transfer-Encoding, as gateways do: recipients drop
// that field anyway. An element that is not a token counts as close, because some recipients
// take it for that.
func (s *signals) readConnection(value []byte) Error {
	if string(value) == "keep-alive" && s.options < MaxConnectionOptions { // as in nearly every message
		s.options++
		s.seen |= keepsAlive
		return 0
	}
	for len(value) > 0 {
		var option []byte
		option, value = nextElement(value)
		if len(option) == 0 {
			continue
		}
		s.options++
		switch {
		case s.options > MaxConnectionOptions, equalName(option, "Content-Length"), equalName(option, "Host"):
			return ErrConnection
		case equalName(option, "keep-alive"):
			s.seen |= keepsAlive
		case equalName(option, "upgrade"):
			s.seen |= upgrades
		case equalName(option, "close"), skip(option, 0, tchar) < len(option):
			s.seen |= closes
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
	for len(value) > 0 {
		var expectation []byte
		expectation, value = nextElement(value)
		switch {
		case len(expectation) == 0:
		case equalName(expectation, "100-continue"):
			s.seen |= expectContinue
		default:
			s.seen |= expectOther
		}
	}
}

// judgedDeviations returns the deviations of a complete head that no single line shows: those
// of mixed line ends, of framing and of routing. If the status-code says that there is no
// body, those of framing are not included.
func (h *Head) judgedDeviations() Deviations {
	const judged = EqualLengths | LengthAndCoding | RepeatedChunked | CodingVersion | HostDiffers | HostInvalid
	if h.part != ended || h.rules.allow&(judged|MixedLineEnds) == 0 {
		return 0
	}
	met := Deviations(0)
	if h.rules.allow&MixedLineEnds != 0 && h.isMixed() {
		met = MixedLineEnds
	}
	var s signals
	s.readFields(h)
	if s.fault == 0 && !h.isBodiless() {
		met |= s.met
	}
	return met | s.routing
}

// isBodiless reports whether the status-code of a response says that there is no body.
func (h *Head) isBodiless() bool {
	if h.rules.kind != responseKind {
		return false
	}
	status := h.status()
	return status/100 == 1 || status == 204 || status == 304
}

// endToEnd ranges over the fields that a proxy forwards: RFC 9110, section 7.6.1.
func (h *Head) endToEnd(yield func(name, value []byte) bool) {
	var options [MaxConnectionOptions][]byte
	n := 0
	if h.part != ended {
		return
	}
	for option := range h.Elements("Connection") {
		if n == len(options) {
			return
		}
		options[n] = option
		n++
	}
	for name, value := range h.Fields() {
		if len(name) == 0 || isHopByHop(name) || isOption(options[:n], name) {
			continue
		}
		if !yield(name, value) {
			return
		}
	}
}

// isOption reports whether name is one of the connection options.
func isOption(options [][]byte, name []byte) bool {
	for _, option := range options {
		// EqualFold folds only ASCII letters here: name is a token, and an option of equal length
		// with other bytes never equals it.
		if len(option) == len(name) && bytes.EqualFold(option, name) {
			return true
		}
	}
	return false
}

// isHopByHop reports whether a field of that name is for one connection only. Content-Length
// counts as one, because a proxy writes its own.
func isHopByHop(name []byte) bool {
	switch len(name) {
	case len("TE"):
		return equalName(name, "TE")
	case len("Upgrade"):
		return equalName(name, "Upgrade")
	case len("Connection"):
		return equalName(name, "Connection") || equalName(name, "Keep-Alive")
	case len("Content-Length"):
		return equalName(name, "Content-Length")
	case len("Proxy-Connection"):
		return equalName(name, "Proxy-Connection")
	case len("Transfer-Encoding"):
		return equalName(name, "Transfer-Encoding")
	case len("Proxy-Authenticate"):
		return equalName(name, "Proxy-Authenticate")
	case len("Proxy-Authorization"):
		return equalName(name, "Proxy-Authorization")
	}
	return false
}
