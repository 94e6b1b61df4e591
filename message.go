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
type Request struct{ head }

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

// minor returns the number that b begins with.
func minor(b []byte) (n int) {
	for _, c := range b {
		if !isDigit(c) {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// A Response is a parsed response head. What is said of Request is true of it:
// it holds the caller's bytes and offsets into them, the zero value is ready,
// and without a whole status-line there is no status-code and no reason-phrase.
type Response struct{ head }

// Status returns the status-code, 0 if there is none yet. It has three digits,
// which may name no status that is defined: RFC 9110, section 15 has a client
// take one outside 100 to 599 for a 5xx.
func (r *Response) Status() int {
	if r.n == 0 {
		return 0
	}
	code := r.b[r.word2-3 : r.word2]
	return int(code[0]-'0')*100 + int(code[1]-'0')*10 + int(code[2]-'0')
}

// Reason returns the reason-phrase as sent, often empty; in Pico without SP at its
// beginning. It says nothing to a program: RFC 9112, section 4.
func (r *Response) Reason() []byte {
	if r.n == 0 {
		return nil
	}
	begin, end := r.word2+1, r.end[0]
	if r.deviations != 0 {
		end = lineEnd(r.b, end)
	}
	if end <= begin {
		return nil
	}
	reason := r.b[begin:end:end]
	for r.lim.profile == Pico && len(reason) > 0 && reason[0] == ' ' {
		reason = reason[1:]
	}
	return reason
}

// Minor returns the minor version: 1 for HTTP/1.1, and 0 if there is none yet.
func (r *Response) Minor() int {
	if r.n == 0 {
		return 0
	}
	const at = uint32(len("HTTP/1."))
	return minor(r.b[r.from+at : r.mark[0]])
}

// A Trailer is a parsed trailer section, the field lines behind the last chunk
// of a chunked body. What is said of Request is true of it.
//
// Trailer fields are not header fields: RFC 9110, section 6.5.1 forbids to merge
// them, unless the definition of a field says that it may come so late. Parse does
// not judge their names.
type Trailer struct{ head }
