package picohttp

import "iter"

// A Response is a parsed response head. The zero value is ready; use it again for the
// next head, so that nothing is allocated.
//
// See Head for the methods that all messages share, for the ownership of the bytes and
// for the state after an error.
type Response struct{ Head }

// Parse parses the response head at the start of b: the status-line, the field
// lines and the empty line that ends them. An informational response (1xx) is a
// head like any other: the next one begins at b[n:]. Request.Parse describes n and
// err. The Status of an Error is for requests; a gateway responds with 502.
func (r *Response) Parse(b []byte) (n int, err error) {
	r.rules = strictResponse
	return r.parseResponse(b)
}

// ParseResponse is r.Parse(b) under p's profile and limits, which Resume and Reset
// keep.
func (p *Parser) ParseResponse(r *Response, b []byte) (n int, err error) {
	r.rules.of(p, responseKind)
	return r.parseResponse(b)
}

// Resume continues where Parse or Resume returned ErrIncomplete, as
// Request.Resume does.
func (r *Response) Resume(b []byte) (n int, err error) {
	return r.resume(b, &strictResponse)
}

// Status returns the status-code. It has three digits, and may be one that is not
// defined: RFC 9110, section 15 requires a client to treat one outside 100 to 599 as
// a 5xx. While the head is incomplete, Status returns the code once its three digits
// have arrived, and 0 until then.
func (r *Response) Status() int { return r.status() }

// Reason returns the reason-phrase as sent, which is often empty. In Pico it is
// without SP at its beginning. Programs should ignore it: RFC 9112, section 4.
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

// Framing decides where the body of the response ends, given the method of the
// request it responds to: RFC 9112, section 6.3, as Request.Framing does.
//
//   - A 2xx to CONNECT is BodyTunnel, even a 204.
//   - A response to HEAD, a 1xx, a 204 and a 304 are BodyNone, whatever the
//     fields say. Where these are at fault, or a 1xx or 204 has content by them, or a
//     304 has Transfer-Encoding, it is not KeepAlive: another recipient may see a body.
//   - With Transfer-Encoding it is BodyChunked if chunked is the last coding,
//     else BodyUntilClose.
//   - With Content-Length it is BodyLength, with neither BodyUntilClose.
//
// In any other response the fields that are an Error in a request are one here, but
// Transfer-Encoding means the same in HTTP/1.2 to 1.9. With a status-code below 100, and with
// the whitespace that Request.Framing names, it is not KeepAlive. Deviations
// of lines that can make others read another message are an Error whatever the status.
// A 101 is not KeepAlive: after it the connection speaks another protocol. For other
// 1xx, KeepAlive means that the final response can be read from the connection; their
// Connection field and version do not count.
//
// If the last Parse or Resume did not return nil, Framing returns that error.
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

// Deviations returns how the head departs from the RFCs, as Request.Deviations does.
// Where the status-code says that there is no body, framing departs from nothing.
func (r *Response) Deviations() Deviations { return r.deviations | r.judgedDeviations() }
