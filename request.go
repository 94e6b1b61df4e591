package picohttp

// A Request is a parsed request head. It holds offsets into the bytes that it
// was parsed from, and those bytes: whatever its methods return is part of
// them, with nothing copied, lower-cased or written, and is good as long as
// they are. The zero value is ready; a Request that is used again allocates
// nothing.
//
// After ErrIncomplete or an Error the methods tell of the lines before the one
// with the fault, which helps when logging: without a whole request-line there is
// no method and no target. Such a request must not be served.
//
// Goroutines may call the methods that only read at the same time.
type Request struct{ Head }

// Parse parses the request head at the start of b: at most one empty line, the
// request-line, the field lines and the empty line that ends them. What an earlier
// call saw plays no part.
//
//   - If err is nil, the head is complete and n is its length in bytes, including its
//     empty line and a skipped one before it. The body or the next message begins
//     at b[n:].
//   - If err is ErrIncomplete, b is a valid prefix of a head, and n is 0. Read
//     more, then call Resume.
//   - Otherwise err is an Error, and n the offset of the first byte that cannot be
//     right: b[:n] is a valid prefix. For a head that is too long, n may be len(b),
//     the offset of a byte that has not arrived yet.
//
// r keeps b without a copy, and its methods return parts of it, until the next
// Parse, Resume or Reset.
func (r *Request) Parse(b []byte) (n int, err error) {
	r.rules = strictRequest
	return r.parse(b, 0)
}

// ParseRequest is r.Parse(b) under p's profile and limits, which Resume keeps.
func (p *Parser) ParseRequest(r *Request, b []byte) (n int, err error) {
	r.rules = p.rules(requestKind)
	return r.parse(b, 0)
}

// Resume continues where Parse or Resume returned ErrIncomplete. b holds the same
// bytes as then, there or elsewhere, and more after them. The result is that of
// Parse, but only the new bytes are read and, at most once more, the line that was
// unfinished: a head that arrives in k pieces costs O(len(b) + k) in all.
//
// If no parse is in progress, Resume starts a new one with the same profile and
// limits, so a server can always call Resume.
func (r *Request) Resume(b []byte) (n int, err error) {
	if r.rules.head == 0 {
		return r.Parse(b)
	}
	return r.resume(b)
}

// Method returns the method as sent; it is case-sensitive.
func (r *Request) Method() []byte {
	if r.n == 0 {
		return nil
	}
	return r.b[r.from:r.mark[0]:r.mark[0]]
}

// Target returns the request-target as sent: 1*VCHAR, with TargetObsText obs-text,
// not decoded, its form not judged. TargetForm tells the form.
func (r *Request) Target() []byte {
	if r.n == 0 {
		return nil
	}
	target := r.b[r.mark[0]+1 : r.word2 : r.word2]
	for len(target) > 0 && target[0] == ' ' { // only with StartLineSpace
		target = target[1:]
	}
	return target
}

// TargetForm tells the form of the request-target by how it begins. It does not
// check the rest of it, nor whether the method goes with the form.
func (r *Request) TargetForm() Form {
	t := r.Target()
	switch {
	case len(t) == 0:
		return NoForm
	case t[0] == '/':
		return OriginForm
	case string(t) == "*":
		return AsteriskForm
	case string(r.Method()) == "CONNECT":
		return AuthorityForm
	case isAlpha(t[0]):
		// scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ), RFC 3986, section 3.1
		for _, c := range t {
			if c == ':' {
				return AbsoluteForm
			}
			if !isAlpha(c) && !isDigit(c) && c != '+' && c != '-' && c != '.' {
				break
			}
		}
	}
	return NoForm
}

// Minor returns the minor version: 1 for HTTP/1.1, and 0 if there is none yet.
func (r *Request) Minor() int {
	if r.n == 0 {
		return 0
	}
	if r.deviations != 0 {
		version := trim(r.b[r.word2 : r.end[0]+1])
		return minor(version[min(len("HTTP/1."), len(version)):])
	}
	return int(r.b[r.end[0]-1] - '0')
}

// Host returns the value of the Host field. A request has exactly one; without
// it a complete HTTP/1.0 request has the empty host. The errors are ErrHostMissing,
// ErrHostRepeated (equal values too) and ErrHost, for a value that is not
//
//	Host = uri-host [ ":" port ]
//
// RFC 9112, section 3.2, RFC 9110, section 7.2. An empty value is valid: a
// client sends it when its target has no authority.
//
// If the request-target is in absolute-form, its authority is the host and not
// this: RFC 9112, section 3.2.2.
func (r *Request) Host() (value []byte, err error) {
	found := false
	for n, v := range r.fields {
		if !equalName(n, "Host") {
			continue
		}
		if found {
			return nil, ErrHostRepeated
		}
		value, found = v, true
	}
	if !found && (r.n == 0 || r.Minor() > 0) {
		return nil, ErrHostMissing
	}
	if !isHost(value) {
		return nil, ErrHost
	}
	return value, nil
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
	s.readFields(&r.Head, r.Minor())
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

// Deviations returns how the lines that were parsed depart from the RFCs. It is the
// empty set for what Strict accepts. For a complete head it includes EqualLengths and
// LengthAndCoding if Framing accepts them; to find out, Lenient reads the fields at
// each call.
func (r *Request) Deviations() Deviations { return r.deviations | r.framingDeviations(r.Minor()) }

// A Form is one of the shapes that RFC 9112, section 3.2 gives a request-target.
type Form uint8

const (
	NoForm        Form = iota // none of those below; a server should answer 400
	OriginForm                // "/where?q=now"
	AbsoluteForm              // "http://example.org/where", as sent to a proxy
	AuthorityForm             // "example.com:443", of CONNECT only
	AsteriskForm              // "*", of OPTIONS only
)

// String returns "origin-form", and so on, or "no form".
func (f Form) String() string {
	if int(f) >= len(formNames) {
		f = NoForm
	}
	return formNames[f]
}

var formNames = [...]string{"no form", "origin-form", "absolute-form", "authority-form", "asterisk-form"}
