package picohttp

import "iter"

// A Response is a parsed response head. The zero value is ready to use. Use it again for the
// next head, so that nothing is allocated.
//
// See Head for the methods that all messages share, for the ownership of the bytes and for
// the state after an error.
type Response struct{ Head }

// Parse parses the response head at the start of b: the status-line, the field lines and the
// empty line that ends them. Request.Parse describes n and err. An informational response
// (1xx) is a head like any other, and the next head begins at b[n:].
//
// The Status of an Error is for requests. A gateway responds with 502 instead.
func (r *Response) Parse(b []byte) (n int, err error) {
	r.rules = strictResponse
	return r.parseResponse(b)
}

// ParseResponse is r.Parse(b) with p's profile and limits. r keeps them for Resume, even after
// Reset.
func (p *Parser) ParseResponse(r *Response, b []byte) (n int, err error) {
	r.rules.of(p, responseKind)
	return r.parseResponse(b)
}

// Resume continues where Parse or Resume returned ErrIncomplete, as
// Request.Resume does.
func (r *Response) Resume(b []byte) (n int, err error) {
	return r.resume(b, &strictResponse)
}

// Status returns the status-code. It has three digits, and may be one that is not defined:
// RFC 9110, section 15 requires a client to treat one outside 100 to 599 as a 5xx. While the
// head is incomplete, Status returns 0 until the three digits have arrived.
func (r *Response) Status() int { return r.status() }

// Reason returns the reason-phrase as sent, which is often empty. In Pico, SP at its
// beginning is removed. Programs should ignore the reason-phrase: RFC 9112, section 4.
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
	for r.has(spaceBetween) && len(reason) > 0 && reason[0] == ' ' {
		reason = reason[1:]
	}
	return reason
}

// Minor returns the minor version: 1 for HTTP/1.1. It is 0 until the status-line is
// complete.
func (r *Response) Minor() int { return r.minor() }

// Framing determines where the body of the response ends, by the rules of RFC 9112, section
// 6.3. requestMethod is the method of the request that the response responds to. The first of
// these rules that applies decides:
//
//   - A 2xx to CONNECT is BodyTunnel, even a 204.
//   - A response to HEAD, a 1xx, a 204 and a 304 are BodyNone, whatever the fields say.
//   - With Transfer-Encoding the response is BodyChunked if chunked is the last coding, else
//     BodyUntilClose.
//   - With Content-Length it is BodyLength.
//   - With neither it is BodyUntilClose.
//
// If the last Parse or Resume returned an error, Framing returns that error. Otherwise the
// errors are those of Request.Framing, with these differences. ErrNotChunked and
// ErrConnectContent do not occur, and HTAB after Transfer-Encoding is not an error.
// Transfer-Encoding is accepted in HTTP/1.1 to HTTP/1.9. For a response to which the first or
// second rule applies, only a deviation that can make other recipients read another message is
// an error.
//
// KeepAlive is false if the version or Connection says so, or if the body is BodyTunnel or
// BodyUntilClose. It is also false in these cases:
//
//   - A 101, after which the connection speaks another protocol.
//   - A status-code below 100.
//   - A BodyNone where another recipient may see a body: its fields are malformed, a 1xx or a
//     204 has Transfer-Encoding or a Content-Length above 0, or a 304 has Transfer-Encoding.
//   - Whitespace, connection options and deviations as in Request.Framing.
//
// For a 1xx other than 101, KeepAlive means that the final response can be read from the
// connection. The version and Connection of the 1xx do not matter.
func (r *Response) Framing(requestMethod string) (f Framing, err error) {
	if err := r.unfinished(); err != nil {
		return unknownFraming, err
	}
	var s signals
	s.readFields(&r.Head)
	f, fault := s.response(r.Status(), requestMethod)
	if fault != 0 {
		return f, fault
	}
	return f, nil
}

// EndToEnd ranges over the fields that a gateway forwards, as Request.EndToEnd does.
func (r *Response) EndToEnd() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) { r.endToEnd(yield) }
}

// Deviations returns the departures from the RFCs, as Request.Deviations does. If the
// status-code says that there is no body, those of framing are not included.
func (r *Response) Deviations() Deviations { return r.deviations | r.judgedDeviations() }
