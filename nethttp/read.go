package nethttp

import (
	"bufio"
	"io"
	"net/http"

	"github.com/picohttp/picohttp"
)

// ErrCoding is picohttp.ErrCoding: a transfer coding other than chunked is applied to the body.
// A server responds with 501.
const ErrCoding = picohttp.ErrCoding

// A Reader reads messages. Its zero value reads as ReadRequest and ReadResponse do. Reading
// does not write to a Reader, so goroutines may share one.
type Reader struct {
	// Parser holds the profile and the limits.
	Parser picohttp.Parser

	// Continue, if it is not nil, sends 100 (Continue) to the client. The first Read of a Body
	// calls it if the request expects 100 (Continue) and nothing of the Body has arrived. If it returns an
	// error, that Read and all later ones return it, too.
	//
	// Continue must not write anything once the final response has begun: the client would take
	// the 100 for a part of it. Only the server knows whether the response has begun. Once it
	// has begun, return an error such as ErrNotRead, because the client may never send the
	// Body. Return nil only if Read should wait for the Body anyway.
	//
	// A Reader with Continue is for one connection.
	Continue func() error

	// MaxDiscard is the largest number of bytes that Close of a Body reads and discards. 0 means
	// DefaultMaxDiscard, and a negative number means no limit.
	MaxDiscard int64
}

// DefaultMaxDiscard is the largest number of bytes that Close of a Body discards by default.
const DefaultMaxDiscard = 256 << 10

// ReadRequest reads the head of a request from b. Its Body is read from b later, when you read
// it. The Request is a copy that does not depend on b, except for its Body. Read the Body to
// its end or close it before you read the next request.
//
// The error is
//
//   - io.EOF if b ends before the request or after an empty line, io.ErrUnexpectedEOF if it
//     ends within the head, or the error of reading from b;
//   - a picohttp.Error if the head is malformed, if picohttp.Request.Check rejects it, or if
//     its Trailer announces a field that does not belong there;
//   - an error of package url if the request-target is not a URI.
//
// After any of them, no other request can be read from b. With picohttp.ErrTLS and
// picohttp.ErrHTTP2, nothing has been consumed, so b can be passed to code that speaks that
// protocol.
func ReadRequest(b *bufio.Reader) (*http.Request, error) {
	return defaultReader.ReadRequest(b)
}

// ReadResponse reads a response from b, as ReadRequest reads a request. req is the request that
// it responds to; nil means a GET. A 1xx is a response like any other. If b ends before the
// response, the error is io.ErrUnexpectedEOF.
//
// The Body of a 101, and of a 2xx to CONNECT, is http.NoBody. What follows in b is no longer
// HTTP.
func ReadResponse(b *bufio.Reader, req *http.Request) (*http.Response, error) {
	return defaultReader.ReadResponse(b, req)
}

var defaultReader Reader

// ReadRequest is the function ReadRequest with r's profile and limits.
func (r *Reader) ReadRequest(b *bufio.Reader) (*http.Request, error) {
	var h picohttp.Request
	return r.ReadRequestHead(b, &h)
}

// ReadRequestHead works like ReadRequest. It also sets h to the head as sent, for what a Request cannot
// express: names in their case and order, deviations, and the rest of Framing, such as
// ExpectOther. Along with an error, h holds as much of the head as there is. h is valid until b
// is read again, which includes reading the Body.
func (r *Reader) ReadRequestHead(b *bufio.Reader, h *picohttp.Request) (*http.Request, error) {
	if h == nil {
		h = new(picohttp.Request)
	}
	in := input{src: from(b)}
	failed := in.more()
	n, err := r.Parser.ParseRequest(h, in.b)
	if err == picohttp.ErrIncomplete {
		n, err = in.resume(failed, h.Resume)
	}
	switch {
	case err == io.EOF && isBlank(in.b):
		return nil, io.EOF
	case err == picohttp.ErrHTTP2 && in.held > 0:
		return nil, picohttp.ErrMajor // HTTP/2 begins with its preface
	case err != nil:
		return nil, unexpected(err)
	}
	v, err := h.Check()
	if err != nil {
		return nil, err
	}
	req, err := r.request(h, &v, false)
	if err != nil {
		return nil, err
	}
	in.discard(n)
	if hasContent(&v.Framing) {
		req.Body = r.body(in.src, &v.Framing, req.Close, false, &req.Trailer)
	}
	return req, nil
}

// ReadResponse is the function ReadResponse with r's profile and limits.
func (r *Reader) ReadResponse(b *bufio.Reader, req *http.Request) (*http.Response, error) {
	var h picohttp.Response
	return r.ReadResponseHead(b, req, &h)
}

// ReadResponseHead works like ReadResponse. It also sets h to the head as sent, as ReadRequestHead
// does.
func (r *Reader) ReadResponseHead(b *bufio.Reader, req *http.Request, h *picohttp.Response) (*http.Response, error) {
	if h == nil {
		h = new(picohttp.Response)
	}
	in := input{src: from(b)}
	failed := in.more()
	n, err := r.Parser.ParseResponse(h, in.b)
	if err == picohttp.ErrIncomplete {
		n, err = in.resume(failed, h.Resume)
	}
	if err != nil {
		return nil, unexpected(err)
	}
	f, err := framing(h, req)
	if err != nil {
		return nil, err
	}
	resp, err := r.response(h, &f, req, false)
	if err != nil {
		return nil, err
	}
	in.discard(n)
	if hasContent(&f) {
		resp.Body = r.body(in.src, &f, resp.Close, true, &resp.Trailer)
	}
	return resp, nil
}

// framing returns the framing of a response to req.
func framing(h *picohttp.Response, req *http.Request) (picohttp.Framing, error) {
	method := http.MethodGet
	if req != nil {
		method = req.Method
	}
	f, err := h.Framing(method)
	if f.OtherCoding {
		err = ErrCoding
	}
	return f, err
}

// ParseRequest parses the request at the start of b. The Request is a copy, except that its
// Body reads from b. n is the length of head and body.
//
// If the body is cut off, n is len(b), and reading the Body ends in io.ErrUnexpectedEOF. If the
// body is malformed, ParseRequest returns both the Request and the picohttp.Error, and n is the
// offset of the byte at fault.
//
// If b ends within the head, the error is io.ErrUnexpectedEOF. Once the start-line is complete,
// ParseRequest also returns a Request with the lines that are complete. Its Body is
// http.NoBody, its ContentLength -1, and n the offset after those lines. If b has nothing but
// empty lines, the error is io.EOF.
//
// Other errors are those of ReadRequest. Then n is the offset of the byte at fault, or the
// length of the head if that is rejected as a whole.
func ParseRequest(b []byte) (req *http.Request, n int, err error) {
	return defaultReader.ParseRequest(b)
}

// ParseResponse parses the response at the start of b, as ParseRequest parses a request. req is
// the request that it responds to; nil means a GET. If the Body ends with the connection, it is
// the rest of b, and reading it ends in io.EOF. If b has nothing but empty lines, the error is
// io.ErrUnexpectedEOF.
func ParseResponse(b []byte, req *http.Request) (resp *http.Response, n int, err error) {
	return defaultReader.ParseResponse(b, req)
}

// ParseRequest is the function ParseRequest with r's profile and limits.
func (r *Reader) ParseRequest(b []byte) (req *http.Request, n int, err error) {
	var h picohttp.Request
	return r.ParseRequestHead(b, &h)
}

// ParseRequestHead is ParseRequest. It also sets h to the head as sent, as ReadRequestHead
// does. h is valid as long as b is.
func (r *Reader) ParseRequestHead(b []byte, h *picohttp.Request) (req *http.Request, n int, err error) {
	if h == nil {
		h = new(picohttp.Request)
	}
	n, _ = r.Parser.ParseRequest(h, b)
	v, err := h.Check()
	cutOff := err == picohttp.ErrIncomplete
	if cutOff {
		n = h.Settled()
	}
	switch {
	case cutOff && isBlank(b):
		return nil, 0, io.EOF
	case cutOff && n == 0:
		return nil, 0, io.ErrUnexpectedEOF
	case err != nil && !cutOff:
		return nil, n, err
	}
	if req, err = r.request(h, &v, cutOff); err != nil {
		return nil, n, err
	}
	switch {
	case cutOff:
		err = io.ErrUnexpectedEOF
	case hasContent(&v.Framing):
		var size int
		req.Body, size, err = r.bodyIn(b[n:], &v.Framing, req.Close, false, &req.Trailer)
		n += size
	}
	return req, n, err
}

// ParseResponse is the function ParseResponse with r's profile and limits.
func (r *Reader) ParseResponse(b []byte, req *http.Request) (resp *http.Response, n int, err error) {
	var h picohttp.Response
	return r.ParseResponseHead(b, req, &h)
}

// ParseResponseHead is ParseResponse. It also sets h to the head as sent, as ParseRequestHead
// does.
func (r *Reader) ParseResponseHead(b []byte, req *http.Request, h *picohttp.Response) (resp *http.Response, n int, err error) {
	if h == nil {
		h = new(picohttp.Response)
	}
	n, _ = r.Parser.ParseResponse(h, b)
	f, err := framing(h, req)
	cutOff := err == picohttp.ErrIncomplete
	if cutOff {
		n = h.Settled()
	}
	switch {
	case cutOff && n == 0:
		return nil, 0, io.ErrUnexpectedEOF
	case err != nil && !cutOff:
		return nil, n, err
	}
	if resp, err = r.response(h, &f, req, cutOff); err != nil {
		return nil, n, err
	}
	switch {
	case cutOff:
		err = io.ErrUnexpectedEOF
	case hasContent(&f):
		var size int
		resp.Body, size, err = r.bodyIn(b[n:], &f, resp.Close, true, &resp.Trailer)
		n += size
	}
	return resp, n, err
}
