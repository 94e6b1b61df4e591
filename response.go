package picohttp

// A Response is a parsed response head. What is said of Request is true of it:
// it holds the caller's bytes and offsets into them, the zero value is ready,
// and without a whole status-line there is no status-code and no reason-phrase.
type Response struct{ Head }

// Parse parses the response head at the start of b: the status-line, the field
// lines and the empty line that ends them. An informational response (1xx) is a
// head like any other: the next one begins at b[n:]. Request.Parse describes n and
// err. The Status of an Error is for requests; a gateway responds with 502.
func (r *Response) Parse(b []byte) (n int, err error) {
	r.rules = strictResponse
	return r.parse(b, 0)
}

// ParseResponse is r.Parse(b) under p's profile and limits, which Resume keeps.
func (p *Parser) ParseResponse(r *Response, b []byte) (n int, err error) {
	r.rules = p.rules(responseKind)
	return r.parse(b, 0)
}

// Resume continues where Parse or Resume returned ErrIncomplete, as
// Request.Resume does.
func (r *Response) Resume(b []byte) (n int, err error) {
	if r.rules.head == 0 {
		return r.Parse(b)
	}
	return r.resume(b)
}

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
	for r.has(foldIsField) && len(reason) > 0 && reason[0] == ' ' {
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
	s.readFields(&r.Head, r.Minor())
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

// Deviations returns how the head departs from the RFCs, as Request.Deviations does.
// Where the status-code says that there is no body, framing departs from nothing.
func (r *Response) Deviations() Deviations {
	if status := r.Status(); status/100 == 1 || status == 204 || status == 304 {
		return r.deviations
	}
	return r.deviations | r.framingDeviations(r.Minor())
}
