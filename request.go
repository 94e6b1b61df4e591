package picohttp

import "iter"

// A Request is a parsed request head. The zero value is ready to use. Use it again for the
// next head, so that nothing is allocated.
//
// A server must not act on a request until Parse and Check have both returned a nil error.
// See Head for the methods that all messages share, for the ownership of the bytes and for
// the state after an error.
//
// A Request may be copied. Both copies then refer to the same bytes.
type Request struct{ Head }

// Parse parses the request head at the start of b: at most one empty line, the request-line,
// the field lines and the empty line that ends them. Earlier calls do not affect the result.
//
//   - If err is nil, the head is complete and n is its length in bytes, including its empty
//     line and one that was skipped before it. The body or the next message begins at b[n:].
//   - If err is ErrIncomplete, b is a valid prefix of a head, and n is 0. Read more, then
//     call Resume.
//   - Otherwise err is an Error, and n the offset of the first byte that breaks a rule: b[:n]
//     can be the start of a valid head. If the head is too long, n may be len(b), the offset
//     of a byte that has not arrived yet.
//
// For example, "GET / HTTP/1.1\r\n\r\nabc" is complete with n = 18, "GET / HT" is
// ErrIncomplete, and "GET / HTXP" is ErrVersion with n = 8.
//
// Parse reports an invalid byte as soon as it sees it, even if the head is still incomplete.
// (Pico reports some of them later.) It does not check what the request-target and the fields
// mean; Check does, for those that a server depends on.
//
// r keeps b without a copy, and its methods return parts of it, until the next Parse, Resume,
// Move or Reset.
func (r *Request) Parse(b []byte) (n int, err error) {
	r.rules = strictRequest
	return r.parseRequest(b, 0)
}

// ParseRequest is r.Parse(b) with p's profile and limits. r keeps them for Resume, even after
// Reset.
func (p *Parser) ParseRequest(r *Request, b []byte) (n int, err error) {
	r.rules.of(p, requestKind)
	return r.parseRequest(b, 0)
}

// Resume continues where Parse or Resume returned ErrIncomplete. b holds the bytes of that
// call, in the same place or in another one, followed by new bytes. The result is that of
// Parse, but Resume reads only the new bytes and, at most once more, the line that was
// unfinished. So a head that arrives in k pieces costs O(len(b) + k) in all. If there are no
// new bytes, Resume returns ErrIncomplete again.
//
// If Resume finds that b does not begin with the bytes of that call, it returns ErrResume and
// resets r. It compares only their number, the first eight and the last eight. That catches the
// usual mistakes: passing only the new bytes, or using the Request of another
// connection without Reset.
//
// If no parse is in progress, because the last one ended with or without an Error, Resume
// starts a new one with the same profile and limits. So a server can always call Resume.
func (r *Request) Resume(b []byte) (n int, err error) {
	return r.resume(b, &strictRequest)
}

// Check reports whether a server can act on the request, and returns where the request goes,
// where its content ends and whether the connection stays open. If recipients are known to read
// a request differently, Check rejects it or sets KeepAlive to false. Its cost is linear in the
// number of fields.
//
// The error is the first of these:
//
//   - That of Parse or Resume: ErrIncomplete if the head is not complete.
//   - That of Host.
//   - ErrTargetForm (400): the request-target is malformed or does not fit the method. RFC
//     9112, section 3.2.
//   - ErrAuthority (400): the request-target is in absolute-form, and its authority differs
//     from Host in more than case and an empty or default port. RFC 9112, section 3.2.2 lets
//     the authority win, but recipients that use Host would disagree. HostDiffers accepts such
//     a request.
//   - That of Framing.
//   - ErrCoding (501): Framing.OtherCoding is set. Call Framing instead to decode such a body
//     yourself.
//
// ErrTargetForm means that the request-target
//
//   - contains "#", or has none of the four forms;
//   - is in asterisk-form, and the method is GET, HEAD, POST, PUT, DELETE, PATCH, TRACE or
//     CONNECT;
//   - is in authority-form, and the method is not CONNECT;
//   - is, in a CONNECT, anything but a host and a port from 1 to 65535;
//   - is in absolute-form, and its authority is missing, malformed, or has userinfo.
//
// A BodyTunnel is not an error: respond with 501 unless you are a proxy.
//
// The Verdict returned along with an error holds what is known, and its KeepAlive is false.
// Close the connection after the response.
func (r *Request) Check() (v Verdict, err error) {
	if !r.checkPlain(&v) {
		err = r.check(&v)
	}
	return v, err
}

// checkPlain is a fast version of check for the usual requests: without deviations, not
// HTTP/1.0, in origin-form, with one Host that is not empty, and with no other field that
// matters here except at most one "Connection: keep-alive" and at most one Content-Length. It
// returns false for everything else, which check then decides.
func (r *Request) checkPlain(v *Verdict) bool {
	n := r.n
	if r.part != ended || r.deviations != 0 || r.more > 0 || n == 0 || n > tableLines {
		return false
	}
	b := r.b
	target := b[r.mark[0]+1 : r.word2]
	if target[0] != '/' || b[r.end[0]-1] == '0' || b[r.from] == 'C' || hasHash(target) {
		return false
	}
	var host []byte
	connections := 0
	v.Form, v.KeepAlive, v.ContentLength = OriginForm, true, -1
	for i, key := range r.key[:n-1] {
		if controlKeys[key] == 0 {
			continue
		}
		line, colon, end := int(r.end[i]+2), int(r.mark[i+1]), int(r.end[i+1])
		if !isPlain(b, line, colon, end) {
			return false
		}
		name, value := b[line:colon], b[colon+2:end:end]
		switch {
		case string(name) == "Host" || equalName(name, "Host"):
			if host != nil {
				return false
			}
			host = value
		case string(name) == "Connection" || equalName(name, "Connection"):
			if connections++; connections > 1 || string(value) != "keep-alive" {
				return false
			}
		case string(name) == "Content-Length" || equalName(name, "Content-Length"):
			length, ok := decimal(value)
			if !ok || v.ContentLength >= 0 {
				return false
			}
			v.Body, v.Length, v.ContentLength = BodyLength, length, length
		case equalName(name, "Transfer-Encoding"), equalName(name, "Expect"), equalName(name, "Upgrade"):
			return false
		}
	}
	v.Authority = host
	return len(host) > 0 && isHost(host)
}

// check is Check for any request.
func (r *Request) check(v *Verdict) error {
	*v = Verdict{Framing: unknownFraming}
	var method, target []byte
	if r.n > 0 {
		method, target = r.b[r.from:r.mark[0]], r.target()
		v.Form = formOf(method, target)
	}
	if r.part != ended {
		return r.unfinished()
	}
	s := signals{routed: true}
	s.readFields(&r.Head)

	fault, _ := s.judgeHost(r.b, r.next)
	authority, targetFault, _ := judgeTarget(method, target, v.Form, s.host)
	if targetFault == ErrAuthority && s.routing&HostDiffers != 0 {
		targetFault = 0
	}
	if fault == 0 {
		fault = targetFault
	}
	if v.Authority = authority; authority == nil && fault == 0 {
		v.Authority = s.host
	}
	framingFault := s.request(&v.Framing, r.b, method)
	switch {
	case fault != 0:
	case framingFault != 0:
		fault = framingFault
	case v.OtherCoding:
		fault = ErrCoding
	}
	if fault != 0 {
		v.KeepAlive = false
		return fault
	}
	return nil
}

// A Verdict is the result of Check.
type Verdict struct {
	Framing      // where the content ends and whether the connection stays open
	Form    Form // of the request-target

	// Authority is where the request goes: the authority of a request-target in absolute-form
	// or authority-form, else Host. It is part of the parsed bytes, as sent. It is empty if
	// Host is empty, and nil if there is no Host, which only HTTP/1.0 and HostInvalid allow. A
	// proxy writes Host from it: RFC 9112, section 3.2.2.
	Authority []byte
}

// Method returns the method as sent; it is case-sensitive. It is nil if parsing has not
// reached the SP after the method.
func (r *Request) Method() []byte {
	if r.n == 0 && r.part < target {
		return nil
	}
	return r.b[r.from:r.mark[0]:r.mark[0]]
}

// Target returns the request-target as sent: 1*VCHAR and, with TargetObsText, obs-text. It is
// not decoded. While the request-line is incomplete, or after an Error, it returns the valid
// bytes that have arrived.
func (r *Request) Target() []byte {
	begin, end := r.TargetSpan()
	return r.b[begin:end:end]
}

// TargetSpan returns the offsets where the request-target begins and ends in the bytes that
// were parsed. They are equal if there is no request-target.
func (r *Request) TargetSpan() (begin, end int) {
	switch {
	case r.n > 0 || r.part > target && r.part <= startLF:
		return int(r.word2) - len(r.target()), int(r.word2)
	case r.part == target:
		return int(r.word), int(r.off)
	}
	return 0, 0
}

// TargetForm returns the form of the request-target, judged by the method and by how the
// target begins. It is NoForm until the request-line is complete. It checks neither the rest
// of the target nor whether the form fits the method. Check does both.
func (r *Request) TargetForm() Form {
	if r.n == 0 {
		return NoForm
	}
	return formOf(r.Method(), r.Target())
}

// Path returns the path of the request-target, as sent and not decoded. In origin-form it is
// what comes before the first "?", in asterisk-form "*", and in absolute-form what comes
// between the authority and the first "?". For example, it is "/a" for "http://h/a?b".
//
// If an absolute-form has no path, the path is "/". Path then returns the second slash after the
// scheme, so that the result is still a part of the parsed bytes. Path returns nil for
// authority-form, for no form, and for OPTIONS with an absolute-form that has neither path nor
// query, which asks for "*" (RFC 9112, section 3.2.4). The result is meaningful only if Check
// accepts the request-target.
func (r *Request) Path() []byte {
	path, _ := pathAndQuery(r.Method(), r.Target(), r.TargetForm())
	return path
}

// Query returns what comes after the first "?" of a request-target in origin-form or
// absolute-form, as sent and not decoded. It is nil if there is no "?", and empty if nothing
// comes after it.
func (r *Request) Query() []byte {
	_, query := pathAndQuery(r.Method(), r.Target(), r.TargetForm())
	return query
}

// AppendOriginForm appends the request-target as a proxy sends it to an origin server: path
// and query in origin-form, or "*". RFC 9112, sections 3.2.1 and 3.2.4. It appends nothing
// for authority-form and for no form. The bytes are appended as sent: if TargetObsText was
// allowed, they may contain obs-text, which Strict rejects.
func (r *Request) AppendOriginForm(dst []byte) []byte {
	form := r.TargetForm()
	path, query := pathAndQuery(r.Method(), r.Target(), form)
	if path == nil && form == AbsoluteForm {
		return append(dst, '*')
	}
	dst = append(dst, path...)
	if query != nil {
		dst = append(dst, '?')
		dst = append(dst, query...)
	}
	return dst
}

// Minor returns the minor version: 1 for HTTP/1.1. It is 0 until the request-line is
// complete.
func (r *Request) Minor() int { return r.minor() }

// Host returns the value of the Host field. An HTTP/1.1 request has exactly one. An HTTP/1.0
// request may have none, and the value is then nil. An empty value is valid: a client sends
// it if its target has no authority.
//
// If the last Parse or Resume returned an error, Host returns that error. Otherwise the error
// is ErrHostMissing, ErrHostRepeated (even if the values are equal) or ErrHost, if the value
// is not
//
//	Host = uri-host [ ":" port ]
//
// RFC 9112, section 3.2, and RFC 9110, section 7.2. If the Parser allows HostInvalid, Host
// returns the first value instead of these errors, or nil if there is none.
//
// Use Check to find out where a request goes. If the request-target is in absolute-form, the
// request goes to its authority, not to Host: RFC 9112, section 3.2.2.
func (r *Request) Host() (value []byte, err error) {
	if err := r.unfinished(); err != nil {
		return nil, err
	}
	s := signals{routed: true}
	s.readFields(&r.Head)
	if fault, _ := s.judgeHost(r.b, r.next); fault != 0 {
		return nil, fault
	}
	return s.host, nil
}

// Framing determines where the body of the request ends, by the rules of RFC 9112, section
// 6.3. It does not look at Host and the request-target: use Check unless you decode transfer
// codings yourself.
//
//   - A CONNECT is BodyTunnel.
//   - With Transfer-Encoding the request is BodyChunked.
//   - With Content-Length it is BodyLength.
//   - With neither it is BodyNone.
//
// If the last Parse or Resume returned an error, Framing returns that error. Otherwise the
// error is one of these. RFC 9112 allows a recipient to repair some of these messages, but
// Framing does not.
//
//   - ErrTransferEncoding: Transfer-Encoding is not a list of transfer codings, has an empty
//     element, or is on two lines. Also if a parameter is a quoted string or has whitespace
//     around "=", or if HTAB follows the value and the request has Upgrade or the connection
//     option upgrade.
//   - ErrTransferEncodingVersion: Transfer-Encoding in any version but HTTP/1.1.
//   - ErrNotChunked: the last transfer coding is not chunked.
//   - ErrChunkedCoding: chunked comes twice or has parameters.
//   - ErrAmbiguousLength: both Transfer-Encoding and Content-Length.
//   - ErrContentLength: Content-Length is not 1*DIGIT or exceeds math.MaxInt64.
//   - ErrContentLengthRepeated: Content-Length is on two lines, or is a list, even of equal
//     values.
//   - ErrConnectContent: a CONNECT with Transfer-Encoding, or with a Content-Length above 0.
//   - ErrConnection: Connection names Content-Length or Host, which a proxy would then drop,
//     or has more options than MaxConnectionOptions.
//   - ErrBareLF, ErrObsFold, ErrFieldName, ErrFieldValue or ErrTarget: a deviation that can
//     make other recipients read another message; see Profile.
//
// Lenient may accept EqualLengths, LengthAndCoding, RepeatedChunked and CodingVersion.
//
// After an Error, close the connection. The returned Framing is BodyUntilClose, so that code
// that ignores the error does not parse what follows as another request.
//
// KeepAlive is false if the version or Connection says so. It is also false where recipients
// may disagree on where the request ends:
//
//   - A CONNECT. If a server declines it, what follows may still be meant for the tunnel.
//   - A connection option that is not a token.
//   - HTAB next to the value of Content-Length or Transfer-Encoding, or SP after the value of
//     Transfer-Encoding.
//   - An Upgrade field that Connection names, in a request with content or in HTTP/1.0.
//   - Deviations other than EmptyLines and TargetObsText; see Profile.
func (r *Request) Framing() (f Framing, err error) {
	if err := r.unfinished(); err != nil {
		return unknownFraming, err
	}
	var s signals
	s.readFields(&r.Head)
	f = unknownFraming
	if fault := s.request(&f, r.b, r.Method()); fault != 0 {
		return f, fault
	}
	return f, nil
}

// EndToEnd ranges over the fields that a proxy forwards, in the order sent. It leaves out
// these fields: Connection, every field that Connection names, Proxy-Connection, Keep-Alive,
// TE, Transfer-Encoding, Upgrade, Proxy-Authorization and Proxy-Authenticate (RFC 9110,
// section 7.6.1). It also leaves out Content-Length: write it from Framing.Length or, for a
// response to HEAD and a 304, from Framing.ContentLength. In Pico it leaves out folded lines.
// Write the fields with AppendField.
//
// You still have to handle some of the fields that it yields. Write Host from
// Verdict.Authority instead. Remove Expect if you respond to it yourself. Count down
// Max-Forwards (RFC 9110, section 7.6.2). Replace what only your own proxy may say, such as
// X-Forwarded-For.
//
// If the head is not complete, or has more connection options than MaxConnectionOptions,
// EndToEnd yields nothing: call Check first. The loop must not parse with the same value, nor
// reset or move it.
func (r *Request) EndToEnd() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) { r.endToEnd(yield) }
}

// Deviations returns the departures from the RFCs in the lines that were parsed. For a
// complete head it includes those of framing and routing that the Parser allows. The set is
// empty for every message that Strict accepts. In Lenient each call reads the fields again.
func (r *Request) Deviations() Deviations { return r.deviations | r.judgedDeviations() }
