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

// ErrCoding is picohttp.ErrCoding: a transfer coding other than chunked is applied
// to the body. A server responds with 501.
const ErrCoding = picohttp.ErrCoding

// ErrProfile means that a Reader's Parser is not strict.
var ErrProfile = errors.New("nethttp: an http.Request cannot say what is not strict")

// A Reader reads messages. Its zero value reads as ReadRequest and ReadResponse do.
// Reading does not write to it, so goroutines may share one.
type Reader struct {
	// Parser holds the limits. Another profile than Strict is ErrProfile.
	Parser picohttp.Parser

	// Continue, if it is not nil, is the connection that requests come from. When
	// the Body of a request that expects it is first read, 100 (Continue) is
	// written there, unless some of that Body has arrived already. If the Body is
	// never read, Close returns ErrNotRead. A Reader with Continue is for one
	// connection.
	Continue io.Writer
}

// ReadRequest reads a request from b, its head now and its Body when that is read. The
// Request is a copy that does not depend on b, except for its Body. Read the Body to
// its end or close it before you read the next request.
//
// The error is
//
//   - io.EOF if b ends before the first byte, io.ErrUnexpectedEOF if it ends within the
//     head, or the error of reading from b;
//   - a picohttp.Error if the head is malformed, if picohttp.Request.Check rejects it,
//     or if its Trailer announces a field that does not belong there;
//   - an error of package url if the request-target is not a URI.
//
// After any of them, nothing else can be read from b.
func ReadRequest(b *bufio.Reader) (*http.Request, error) {
	return defaultReader.ReadRequest(b)
}

// ReadResponse reads a response from b, as ReadRequest reads a request. req is the
// request it responds to; nil is a GET. A 1xx is a response like any other.
func ReadResponse(b *bufio.Reader, req *http.Request) (*http.Response, error) {
	return defaultReader.ReadResponse(b, req)
}

var defaultReader Reader

// ReadRequest is the function ReadRequest under r's limits.
func (r *Reader) ReadRequest(b *bufio.Reader) (*http.Request, error) {
	if r.Parser.Profile != picohttp.Strict {
		return nil, ErrProfile
	}
	var h picohttp.Request
	in := input{r: b}
	if err := in.more(); err != nil {
		return nil, err
	}
	n, err := r.Parser.ParseRequest(&h, in.b)
	for ; err == picohttp.ErrIncomplete; n, err = h.Resume(in.b) {
		if err := in.more(); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, err
	}
	v, err := h.Check()
	if err != nil {
		return nil, err
	}

	var room scratch
	var table [atHand]lengths
	t := append(append(room.text(n), h.Method()...), h.Target()...)
	t, fields := t.appendFields(&h.Head, table[:0])
	all := taker(t)
	others := h.NumFields() // that are kept in Header
	if h.Minor() > 0 || h.Index("Host", 0) >= 0 {
		others--
	}
	req := &http.Request{
		Method:        all.next(uint32(len(h.Method()))),
		RequestURI:    all.next(uint32(len(h.Target()))),
		Proto:         protos[h.Minor()],
		ProtoMajor:    1,
		ProtoMinor:    h.Minor(),
		Header:        make(http.Header, others),
		Body:          http.NoBody,
		ContentLength: v.Length,
		Close:         !v.KeepAlive,
	}
	values := make([]string, others)
	for _, f := range fields {
		key := all.next(f.name)
		if text := all.next(f.value); key == "Host" {
			req.Host = text
		} else {
			values = addField(req.Header, values, key, text)
		}
	}
	in.discard(n)

	if req.URL, err = parseTarget(v.Form, req.RequestURI); err != nil {
		return nil, err
	}
	if req.URL.Host != "" {
		req.Host = req.URL.Host
	}
	fixPragma(req.Header)
	var answer io.Writer
	if v.ExpectContinue {
		answer = r.Continue
	}
	switch v.Body {
	case picohttp.BodyLength:
		if v.Length > 0 {
			req.Body = &body{r: b, left: v.Length, closing: req.Close, answer: answer}
		}
	case picohttp.BodyChunked:
		req.ContentLength = -1
		req.TransferEncoding = []string{"chunked"}
		delete(req.Header, "Transfer-Encoding")
		if req.Trailer, err = announced(&h.Head, req.Header); err != nil {
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
	if err := in.more(); err != nil {
		return nil, unexpected(err)
	}
	n, err := r.Parser.ParseResponse(&h, in.b)
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
	var table [atHand]lengths
	t, fields := append(room.text(n), status...).appendFields(&h.Head, table[:0])
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

	if h.Status()/100 == 1 { // whose KeepAlive is about the final response
		closes := h.Minor() == 0 && !h.HasToken("Connection", "keep-alive")
		resp.Close = closes || resp.Close && h.Status() != http.StatusSwitchingProtocols
	}
	if h.HasToken("Connection", "close") {
		resp.Close = true
		if h.Minor() > 0 {
			delete(resp.Header, "Connection")
		}
	}
	fixPragma(resp.Header)
	chunked := framing.Body == picohttp.BodyChunked
	if codings, ok := resp.Header["Transfer-Encoding"]; ok {
		delete(resp.Header, "Transfer-Encoding")
		if chunked || h.Minor() > 0 && len(codings) == 1 && isChunked(codings[0]) {
			resp.TransferEncoding = []string{"chunked"}
			if resp.Trailer, err = announced(&h.Head, resp.Header); err != nil {
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

// parseTarget does what http.ReadRequest does with a request-target of that form.
func parseTarget(form picohttp.Form, target string) (*url.URL, error) {
	switch form {
	case picohttp.OriginForm:
		path, query, found := strings.Cut(target, "?")
		if isPlain(path) {
			return &url.URL{Path: path, RawQuery: query, ForceQuery: found && query == ""}, nil
		}
	case picohttp.AuthorityForm:
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

// isChunked compares without Unicode's folding, which takes U+212A for a "k".
func isChunked(coding string) bool {
	return len(coding) == len("chunked") && strings.EqualFold(coding, "chunked")
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

// announced takes the Trailer field of a chunked message out of its header, and
// returns a Header with the names in it and no values. Like net/http it rejects
// Content-Length, Transfer-Encoding and Trailer there.
func announced(h *picohttp.Head, header http.Header) (http.Header, error) {
	delete(header, "Trailer")
	var trailer http.Header
	for name := range h.Elements("Trailer") {
		switch key := textproto.CanonicalMIMEHeaderKey(string(name)); key {
		case "Transfer-Encoding", "Trailer", "Content-Length":
			return nil, picohttp.ErrTrailerField
		default:
			if trailer == nil {
				trailer = http.Header{}
			}
			trailer[key] = nil
		}
	}
	return trailer, nil
}
