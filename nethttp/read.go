package nethttp

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"

	"github.com/picohttp/picohttp"
)

// ErrCoding says that a transfer coding other than chunked is applied to a body.
// A server answers 501.
var ErrCoding = errors.New("nethttp: unsupported transfer coding")

// ErrProfile says that a Reader's Parser is not strict.
var ErrProfile = errors.New("nethttp: an http.Request cannot say what is not strict")

// A Reader reads messages. Its zero value reads as ReadRequest and ReadResponse
// do. It is not written to: goroutines may share one.
type Reader struct {
	// Parser holds the limits. Another profile than Strict is ErrProfile.
	Parser picohttp.Parser

	// Continue, if it is not nil, is the connection that requests come from:
	// when the Body of one that expects it is first read, 100 (Continue) is
	// written there, unless some of that Body has arrived already. A Body that
	// is never read is not asked for, and its Close answers ErrNotRead. A
	// Reader with Continue is for one connection.
	Continue io.Writer
}

// ReadRequest reads a request from b, its head now and its Body when that is
// read. What is in the Request is a copy: it does not depend on b, but the Body
// does. The Body has to be read to its end or closed before the next request is
// read.
//
// The error is io.EOF if b ends before the first octet, io.ErrUnexpectedEOF if it
// ends within the head, a picohttp.Error if the head, its framing or its Host is
// malformed or its Trailer announces a field that may not come there, ErrCoding, an
// error of package url if the request-target is no URI, or what reading from b
// answered. After any of them b is of no use any more.
func ReadRequest(b *bufio.Reader) (*http.Request, error) {
	return new(Reader).ReadRequest(b)
}

// ReadResponse reads a response from b, as ReadRequest reads a request. req is
// the request that it answers, a GET if it is nil. A 1xx is a response like
// others.
func ReadResponse(b *bufio.Reader, req *http.Request) (*http.Response, error) {
	return new(Reader).ReadResponse(b, req)
}

// ReadRequest is the function ReadRequest under r's limits.
func (r *Reader) ReadRequest(b *bufio.Reader) (*http.Request, error) {
	if r.Parser.Profile != picohttp.Strict {
		return nil, ErrProfile
	}
	var h picohttp.Request
	in := input{r: b}
	n, err := r.Parser.ParseRequest(&h, in.begin())
	for ; err == picohttp.ErrIncomplete; n, err = h.Resume(in.b) {
		if err := in.more(); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, err
	}
	if _, err := h.Host(); err != nil {
		return nil, err
	}
	framing, err := h.Framing()
	if err != nil {
		return nil, err
	}
	if framing.OtherCoding {
		return nil, ErrCoding
	}

	var room scratch
	t := append(append(room.text(n), h.Method()...), h.Target()...)
	var table [atHand]lengths
	fields := table[:0]
	if h.NumFields() > atHand {
		t, fields = appendRequestFields(t, &h)
	} else {
		for i := range h.NumFields() {
			name, value := h.Field(i)
			t = t.appendField(name, value)
			fields = append(fields, lengths{uint32(len(name)), uint32(len(value))})
		}
	}
	all := taker(t)
	req := &http.Request{
		Method:        all.next(uint32(len(h.Method()))),
		RequestURI:    all.next(uint32(len(h.Target()))),
		Proto:         protos[h.Minor()],
		ProtoMajor:    1,
		ProtoMinor:    h.Minor(),
		Header:        make(http.Header, max(0, h.NumFields()-1)), // Host is none of it
		Body:          http.NoBody,
		ContentLength: framing.Length,
		Close:         !framing.KeepAlive,
	}
	values := make([]string, h.NumFields())
	for _, f := range fields {
		key := all.next(f.name)
		if text := all.next(f.value); key == "Host" {
			req.Host = text
		} else {
			values = addField(req.Header, values, key, text)
		}
	}
	in.discard(n)

	if req.URL, err = parseTarget(req.Method, req.RequestURI); err != nil {
		return nil, err
	}
	if req.URL.Host != "" {
		req.Host = req.URL.Host
	}
	fixPragma(req.Header)
	var answer io.Writer
	if framing.ExpectContinue {
		answer = r.Continue
	}
	switch framing.Body {
	case picohttp.BodyLength:
		if framing.Length > 0 {
			req.Body = &body{r: b, left: framing.Length, closing: req.Close, answer: answer}
		}
	case picohttp.BodyChunked:
		req.ContentLength = -1
		req.TransferEncoding = []string{"chunked"}
		delete(req.Header, "Transfer-Encoding")
		if req.Trailer, err = announced(req.Header); err != nil {
			return nil, err
		}
		req.Body = &body{r: b, chunked: picohttp.NewChunkedReader(b, &r.Parser), trailer: &req.Trailer, answer: answer}
	}
	return req, nil
}

// ReadResponse is the function ReadResponse under r's limits.
func (r *Reader) ReadResponse(b *bufio.Reader, req *http.Request) (*http.Response, error) {
	if r.Parser.Profile != picohttp.Strict {
		return nil, ErrProfile
	}
	var h picohttp.Response
	in := input{r: b}
	n, err := r.Parser.ParseResponse(&h, in.begin())
	for ; err == picohttp.ErrIncomplete; n, err = h.Resume(in.b) {
		if err := in.more(); err != nil {
			return nil, unexpected(err)
		}
	}
	if err != nil {
		return nil, err
	}
	method := http.MethodGet
	if req != nil {
		method = req.Method
	}
	framing, err := h.Framing(method)
	if err != nil {
		return nil, err
	}
	if framing.OtherCoding {
		return nil, ErrCoding
	}

	const version = len("HTTP/1.1 ")
	status := in.b[version : version+bytes.IndexByte(in.b[version:], '\r')]
	var room scratch
	t := append(room.text(n), status...)
	var table [atHand]lengths
	fields := table[:0]
	if h.NumFields() > atHand {
		t, fields = appendResponseFields(t, &h)
	} else {
		for i := range h.NumFields() {
			name, value := h.Field(i)
			t = t.appendField(name, value)
			fields = append(fields, lengths{uint32(len(name)), uint32(len(value))})
		}
	}
	all := taker(t)
	resp := &http.Response{
		Status:        all.next(uint32(len(status))),
		StatusCode:    h.Status(),
		Proto:         protos[h.Minor()],
		ProtoMajor:    1,
		ProtoMinor:    h.Minor(),
		Header:        make(http.Header, h.NumFields()),
		Body:          http.NoBody,
		ContentLength: framing.Length,
		Close:         !framing.KeepAlive,
		Request:       req,
	}
	values := make([]string, h.NumFields())
	for _, f := range fields {
		values = addField(resp.Header, values, all.next(f.name), all.next(f.value))
	}
	in.discard(n)

	connection := resp.Header["Connection"]
	if h.Status() == http.StatusSwitchingProtocols {
		resp.Close = h.Minor() == 0 && !hasToken(connection, "keep-alive")
	}
	if hasToken(connection, "close") {
		resp.Close = true
		if h.Minor() > 0 {
			delete(resp.Header, "Connection")
		}
	}
	fixPragma(resp.Header)
	chunked := framing.Body == picohttp.BodyChunked
	if codings, ok := resp.Header["Transfer-Encoding"]; ok {
		delete(resp.Header, "Transfer-Encoding")
		if chunked || h.Minor() > 0 && len(codings) == 1 && isToken(codings[0], "chunked") {
			resp.TransferEncoding = []string{"chunked"}
			if resp.Trailer, err = announced(resp.Header); err != nil {
				return nil, err
			}
		}
	}
	switch framing.Body {
	case picohttp.BodyNone:
		values := resp.Header["Content-Length"]
		if len(values) > 1 {
			resp.Header["Content-Length"] = values[:1]
		}
		if method == http.MethodHead {
			resp.ContentLength = lengthOf(values)
		}
	case picohttp.BodyLength:
		if framing.Length > 0 {
			resp.Body = &body{r: b, left: framing.Length, closing: resp.Close}
		}
	case picohttp.BodyChunked:
		resp.ContentLength = -1
		resp.Body = &body{r: b, chunked: picohttp.NewChunkedReader(b, &r.Parser), trailer: &resp.Trailer}
	default:
		resp.ContentLength = -1
		resp.Body = &body{r: b, left: -1, closing: true}
	}
	return resp, nil
}

var protos = [...]string{
	"HTTP/1.0", "HTTP/1.1", "HTTP/1.2", "HTTP/1.3", "HTTP/1.4",
	"HTTP/1.5", "HTTP/1.6", "HTTP/1.7", "HTTP/1.8", "HTTP/1.9",
}

// parseTarget does what http.ReadRequest does with a request-target.
func parseTarget(method, target string) (*url.URL, error) {
	if target[0] == '/' {
		path, query, found := strings.Cut(target, "?")
		if isPlain(path) {
			return &url.URL{Path: path, RawQuery: query, ForceQuery: found && query == ""}, nil
		}
	} else if method == http.MethodConnect {
		u, err := url.ParseRequestURI("http://" + target)
		if err != nil {
			return nil, err
		}
		u.Scheme = ""
		return u, nil
	}
	return url.ParseRequestURI(target)
}

// isPlain reports whether a path is the same encoded and decoded for package url.
func isPlain(path string) bool {
	for i := range len(path) {
		if !plain[path[i]] {
			return false
		}
	}
	return true
}

var plain = func() (t [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~$&+,/:;=@") {
		t[c] = true
	}
	return t
}()

// fixPragma takes "Pragma: no-cache" for a Cache-Control, as net/http does.
func fixPragma(header http.Header) {
	if pragma := header["Pragma"]; len(pragma) > 0 && pragma[0] == "no-cache" {
		if _, ok := header["Cache-Control"]; !ok {
			header["Cache-Control"] = []string{"no-cache"}
		}
	}
}

// announced takes the Trailer field of a chunked message out of its header, and
// returns a Header with the names in it and no values. Like net/http it refuses
// Content-Length, Transfer-Encoding and Trailer there.
func announced(header http.Header) (http.Header, error) {
	lists, ok := header["Trailer"]
	if !ok {
		return nil, nil
	}
	delete(header, "Trailer")
	trailer := http.Header{}
	for _, list := range lists {
		for name := range strings.SplitSeq(list, ",") {
			name = textproto.TrimString(name)
			switch key := textproto.CanonicalMIMEHeaderKey(name); key {
			case "":
			case "Transfer-Encoding", "Trailer", "Content-Length":
				return nil, picohttp.ErrTrailerField
			default:
				trailer[key] = nil
			}
		}
	}
	if len(trailer) == 0 {
		return nil, nil
	}
	return trailer, nil
}

// isToken reports whether s is the token, without regard to ASCII case: what is
// folded to ASCII from beyond it is longer.
func isToken(s, token string) bool { return len(s) == len(token) && strings.EqualFold(s, token) }

// hasToken reports whether one of the lists has the token.
func hasToken(lists []string, token string) bool {
	for _, list := range lists {
		for element := range strings.SplitSeq(list, ",") {
			if isToken(strings.Trim(element, " \t"), token) {
				return true
			}
		}
	}
	return false
}

// lengthOf returns the Content-Length of a response to HEAD, or -1.
func lengthOf(lengths []string) int64 {
	if len(lengths) == 0 {
		return -1
	}
	n, err := strconv.ParseUint(lengths[0], 10, 63)
	if err != nil {
		return -1
	}
	return int64(n)
}

// appendRequestFields appends fields that Field has not all at hand. It stands
// apart, and once for each type, so that in most heads nothing is moved to the heap.
func appendRequestFields(t text, h *picohttp.Request) (text, []lengths) {
	fields := make([]lengths, 0, h.NumFields())
	for name, value := range h.Fields() {
		t = t.appendField(name, value)
		fields = append(fields, lengths{uint32(len(name)), uint32(len(value))})
	}
	return t, fields
}

// appendResponseFields is appendRequestFields for a Response.
func appendResponseFields(t text, h *picohttp.Response) (text, []lengths) {
	fields := make([]lengths, 0, h.NumFields())
	for name, value := range h.Fields() {
		t = t.appendField(name, value)
		fields = append(fields, lengths{uint32(len(name)), uint32(len(value))})
	}
	return t, fields
}
