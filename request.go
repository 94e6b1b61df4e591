package picohttp

import "iter"

// A Request is a parsed request head. The zero value is ready; use it again for the
// next head, so that nothing is allocated.
//
// A server must not act on a request until Parse and Check have both returned a nil
// error. See Head for the methods that all messages share, for the ownership of the
// bytes and for the state after an error.
//
// A Request may be copied. Both copies then refer to the same bytes.
type Request struct{ Head }

// Parse parses the request head at the start of b: at most one empty line, the
// request-line, the field lines and the empty line that ends them. What an earlier
// call saw plays no part.
//
//   - If err is nil, the head is complete and n is its length in bytes, including its
//     empty line and one that was skipped before it. The body or the next message
//     begins at b[n:].
//   - If err is ErrIncomplete, b is a valid prefix of a head, and n is 0. Read
//     more, then call Resume.
//   - Otherwise err is an Error, and n the offset of the first byte that cannot be
//     right: b[:n] is valid, except for its length. For a head that is too long, n may
//     be len(b), the offset of a byte that has not arrived yet.
//
// Parse reports an invalid byte as soon as it sees it, even if the head is still
// incomplete, except in Pico. It does not validate the request-target any further, nor the meaning of
// fields. Check validates those that a server depends on.
//
// r keeps b without a copy, and its methods return parts of it, until the next Parse,
// Resume, Move or Reset.
func (r *Request) Parse(b []byte) (n int, err error) {
	r.rules = strictRequest
	return r.parseRequest(b, 0)
}

// ParseRequest is r.Parse(b) under p's profile and limits, which Resume and Reset
// keep.
func (p *Parser) ParseRequest(r *Request, b []byte) (n int, err error) {
	r.rules.of(p, requestKind)
	return r.parseRequest(b, 0)
}

// Resume continues where Parse or Resume returned ErrIncomplete. b holds the same
// bytes as then, there or elsewhere, and more after them. The result is that of
// Parse, but only the new bytes are read and, at most once more, the line that was
// unfinished: a head that arrives in k pieces costs O(len(b) + k) in all. If there are
// no new bytes, it is ErrIncomplete again.
//
// If b does not begin with the bytes seen so far, Resume returns ErrResume and drops
// the bytes. It compares their number, the first eight and the last eight. That
// catches the usual mistakes, such as passing only the new bytes, or reusing a Request
// of another connection without Reset; it does not compare the bytes between.
//
// If no parse is in progress, also after an Error, Resume starts a new one with the same
// profile and limits, so a server can always call Resume.
func (r *Request) Resume(b []byte) (n int, err error) {
	return r.resume(b, &strictRequest)
}

// Check reports whether a server can act on the request. It rejects what recipients are
// known to read differently, as listed here, and returns where the request goes, where its
// content ends and what becomes of the connection. In Strict it is one pass over the
// fields.
//
// The error is the first of these:
//
//   - That of Parse or Resume: ErrIncomplete if the head is not complete.
//   - That of Host.
//   - ErrTargetForm (400), if the request-target contains "#"; if it has none of the
//     four forms; if it is in asterisk-form and the method is GET, HEAD, POST, PUT,
//     DELETE, PATCH, TRACE or CONNECT; if it is in authority-form and the method is not
//     CONNECT, or the reverse; if a CONNECT has no host, or no port from 1 to 65535; if
//     it is in absolute-form and its authority is missing, not valid, or has userinfo.
//     RFC 9112, section 3.2.
//   - ErrAuthority (400), if it is in absolute-form and there is a Host that differs
//     from its authority in more than case and an empty or default port. RFC 9112,
//     section 3.2.2 lets the authority win, as HostDiffers does; recipients that go by
//     Host would disagree.
//   - That of Framing.
//   - ErrCoding (501), if Framing.OtherCoding is set. Call Framing instead to decode
//     such a body yourself.
//
// A BodyTunnel is not an error: respond with 501 unless you are a proxy.
//
// The Verdict returned along with an error is filled as far as is known, and its
// KeepAlive is false. Close the connection after the response.
func (r *Request) Check() (v Verdict, err error) {
	if !r.checkPlain(&v) {
		err = r.check(&v)
	}
	return v, err
}

// checkPlain is a short way through check, for requests as most are: without deviations, not
// HTTP/1.0, in origin-form, with one Host, which is not empty, and with no other field that
// matters here but one "Connection: keep-alive" and one Content-Length. What it does not
// recognize at a glance it leaves to check, and returns false.
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
		line, colon, end := r.end[i]+2, r.mark[i+1], r.end[i+1]
		name, text := b[line:colon], b[colon+1:end:end]
		switch {
		case !isPlain(text):
			return false
		case equalName(name, "Host"):
			if host != nil {
				return false
			}
			host = text[1:]
		case equalName(name, "Connection"):
			if connections++; connections > 1 || string(text) != " keep-alive" {
				return false
			}
		case equalName(name, "Content-Length"):
			length, ok := decimal(text[1:])
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

// A Verdict is what Check finds out about a request.
type Verdict struct {
	Framing      // where the content ends and what becomes of the connection
	Form    Form // of the request-target

	// Authority is where the request goes: the authority of a request-target in
	// absolute-form or authority-form, else Host. It is part of the bytes, as
	// sent. It is empty if Host is empty, and nil if an HTTP/1.0 request has none.
	// A proxy writes Host from it: RFC 9112, section 3.2.2.
	Authority []byte
}

// Method returns the method as sent; it is case-sensitive. While the head is
// incomplete, or after an Error, it returns the method if the SP after it has
// arrived.
func (r *Request) Method() []byte {
	if r.n == 0 && r.part < target {
		return nil
	}
	return r.b[r.from:r.mark[0]:r.mark[0]]
}

// Target returns the request-target as sent: 1*VCHAR and, with TargetObsText,
// obs-text. It is not decoded. While the request-line is incomplete, or after an
// Error, it returns what there is of it that is valid.
func (r *Request) Target() []byte {
	begin, end := r.TargetSpan()
	return r.b[begin:end:end]
}

// TargetSpan returns where the request-target begins and ends, as offsets into the
// bytes that were parsed. They are equal if there is no request-target.
func (r *Request) TargetSpan() (begin, end int) {
	switch {
	case r.n > 0 || r.part > target && r.part <= startLF:
		return int(r.word2) - len(r.target()), int(r.word2)
	case r.part == target:
		return int(r.word), int(r.off)
	}
	return 0, 0
}

// TargetForm tells the form of the request-target by how it begins. It does not
// validate the rest of it, nor whether the form fits the method. Check does.
func (r *Request) TargetForm() Form {
	if r.n == 0 {
		return NoForm
	}
	return formOf(r.Method(), r.Target())
}

// Path returns the path of the request-target, as sent and not decoded: up to the
// first "?" in origin-form, "*" in asterisk-form, and in absolute-form what follows
// the authority. An absolute-form without a path has the path "/", for which Path
// returns the second "/" of its "//". Path returns nil for authority-form, for no form,
// and for OPTIONS with an absolute-form that has neither path nor query, which asks
// for "*" (RFC 9112, section 3.2.4).
func (r *Request) Path() []byte {
	path, _ := pathAndQuery(r.Method(), r.Target(), r.TargetForm())
	return path
}

// Query returns what follows the first "?" of a request-target in origin-form or
// absolute-form, as sent and not decoded. It is nil if there is no "?", and empty if
// nothing follows it.
func (r *Request) Query() []byte {
	_, query := pathAndQuery(r.Method(), r.Target(), r.TargetForm())
	return query
}

// AppendOriginForm appends the request-target as a proxy sends it to an origin server:
// path and query in origin-form, or "*". RFC 9112, sections 3.2.1 and 3.2.4. For
// authority-form and no form it appends nothing. The bytes are appended as sent: with
// TargetObsText there may be obs-text, which Strict rejects.
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

// Host returns the value of the Host field. An HTTP/1.1 request has exactly one. An
// HTTP/1.0 request without one has the empty host. If the last Parse or Resume did not
// return nil, Host returns that error. Its own errors are ErrHostMissing,
// ErrHostRepeated (even if the values are equal) and ErrHost, for a value that is not
//
//	Host = uri-host [ ":" port ]
//
// RFC 9112, section 3.2, and RFC 9110, section 7.2. An empty value is valid: a client
// sends it if its target has no authority.
//
// With HostInvalid allowed, these are no errors: Host returns the first value, nil if there
// is none.
//
// Use Check to learn where a request goes. If the request-target is in absolute-form,
// that is its authority and not Host: RFC 9112, section 3.2.2.
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

// Framing decides where the body of the request ends, as RFC 9112, section 6.3 does,
// and rejects what that section lets a recipient repair. It does not look at Host and
// the request-target: use Check unless you decode transfer codings yourself.
//
//   - With Transfer-Encoding it is BodyChunked. It is an Error if that is not a list
//     of transfer codings, has an empty element or comes in two lines; if the last
//     coding is not chunked, if chunked comes twice or with parameters, along with
//     Content-Length, and in any version but HTTP/1.1.
//   - With Content-Length it is BodyLength, if that is 1*DIGIT within int64. It is an
//     Error if there are two or a list, even of equal values.
//   - With neither it is BodyNone.
//   - For CONNECT it is BodyTunnel, and an Error with Transfer-Encoding or a
//     Content-Length above 0. A CONNECT is never KeepAlive: if a server declines it,
//     what follows may still be meant for the tunnel.
//
// It is also an Error if Connection names Content-Length or Host, because a proxy would
// drop it; and if Connection has more options than MaxConnectionOptions. With an option
// that is not a token it is not KeepAlive.
//
// Nor is it KeepAlive where some recipients find another end of the content than RFC 9112
// does: with HTAB next to Content-Length or Transfer-Encoding, or SP after
// Transfer-Encoding; with content and an Upgrade that Connection names; and with such an
// Upgrade in HTTP/1.0. HTAB after Transfer-Encoding together with Upgrade or the option
// upgrade is an Error.
//
// Lenient may accept EqualLengths, LengthAndCoding, RepeatedChunked and CodingVersion.
// Deviations that can make others read another message are an Error: ErrBareLF,
// ErrObsFold, ErrFieldName, ErrFieldValue or ErrTarget; see Profile. With deviations it is
// not KeepAlive, except with EmptyLines and TargetObsText alone, which leave no doubt
// where the request ends.
//
// If Framing returns an Error, close the connection. The returned Framing is
// BodyUntilClose, so that code that ignores the error does not parse what follows as
// another request.
//
// If the last Parse or Resume did not return nil, Framing returns that error.
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

// EndToEnd ranges over the fields that a proxy forwards, in the order sent. It leaves
// out Connection and the fields that it names, Proxy-Connection, Keep-Alive, TE,
// Transfer-Encoding, Upgrade, Proxy-Authorization, Proxy-Authenticate (RFC 9110, section
// 7.6.1), and Content-Length, because the new message takes its length from Framing.
// In Pico it also leaves out folded lines. Write the fields with AppendField.
//
// Some of what it yields is still the caller's to decide: write Host from
// Verdict.Authority instead; remove Expect if you respond to it yourself; count down
// Max-Forwards (RFC 9110, section 7.6.2); and replace what only your own proxy may say,
// such as X-Forwarded-For.
//
// If the head is not complete, or has more connection options than
// MaxConnectionOptions, it yields nothing: call Check first. The loop must not parse with
// the same value, nor reset or move it.
func (r *Request) EndToEnd() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) { r.endToEnd(yield) }
}

// Deviations returns how the lines that were parsed depart from the RFCs, and for a
// complete head also how its framing does, and where it goes, as far as the Parser allows
// it. It is the empty set for what Strict accepts. To find out, Lenient reads the fields
// at each call.
func (r *Request) Deviations() Deviations { return r.deviations | r.judgedDeviations() }
