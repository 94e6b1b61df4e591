package nethttp

import (
	"bytes"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"

	"github.com/picohttp/picohttp"
)

// request makes a Request, without the Body, from a head and the Verdict about it. If the head
// is cut off, the Request has the lines that are complete.
func (r *Reader) request(h *picohttp.Request, v *picohttp.Verdict, cutOff bool) (*http.Request, error) {
	minor := h.Minor()
	fields := h.NumFields()
	if minor > 0 || h.Index("Host", 0) >= 0 {
		fields-- // it is not in the Header
	}
	text := clone(h.Bytes())
	begin, end := h.TargetSpan()
	target := stringOf(text[begin:end])
	u, room, err := parseTarget(v.Form, target, max(0, fields))
	if err != nil {
		return nil, err
	}
	plain := r.Parser.Profile == picohttp.Strict || h.Deviations() == 0
	s := section{text: text, header: make(http.Header, len(room)), room: room, request: true}
	s.addFields(&h.Head, lineEnd(text, end), plain)
	method := startLine(text)
	req := &http.Request{
		Method:        stringOf(text[method : method+len(h.Method())]),
		URL:           u,
		RequestURI:    target,
		Proto:         proto(minor),
		ProtoMajor:    1,
		ProtoMinor:    minor,
		Header:        s.header,
		Host:          s.host,
		Body:          http.NoBody,
		ContentLength: v.Length,
		Close:         !v.KeepAlive,
	}
	if u.Host != "" {
		req.Host = u.Host
	}
	if cutOff {
		req.ContentLength = -1
		return req, nil
	}
	if s.names.has("Pragma") {
		fixPragma(req.Header)
	}
	switch v.Body {
	case picohttp.BodyTunnel:
		req.Close = closes(&h.Head, minor)
	case picohttp.BodyLength:
		if !plain {
			fixLength(req.Header)
		}
	case picohttp.BodyChunked:
		req.ContentLength = -1
		req.TransferEncoding = []string{"chunked"}
		delete(req.Header, "Transfer-Encoding")
		delete(req.Header, "Content-Length")
		if req.Trailer, err = announced(&h.Head, req.Header); err != nil {
			return nil, err
		}
	}
	return req, nil
}

// response makes a Response from a head and its framing, as request makes a Request. req is the
// request that it responds to; nil means a GET.
func (r *Reader) response(h *picohttp.Response, f *picohttp.Framing, req *http.Request, cutOff bool) (*http.Response, error) {
	minor, status := h.Minor(), h.Status()
	fields := h.NumFields()
	text := clone(h.Bytes())
	begin := startLine(text)
	end := lineEnd(text, begin)
	plain := r.Parser.Profile == picohttp.Strict || h.Deviations() == 0
	s := section{text: text, header: make(http.Header, fields), room: make([]string, fields)}
	s.addFields(&h.Head, end, plain)
	_, statusText, _ := strings.Cut(strings.TrimRight(stringOf(text[begin:end]), "\r\n"), " ")
	resp := &http.Response{
		Status:        strings.TrimLeft(statusText, " "),
		StatusCode:    status,
		Proto:         proto(minor),
		ProtoMajor:    1,
		ProtoMinor:    minor,
		Header:        s.header,
		Body:          http.NoBody,
		ContentLength: f.Length,
		Close:         !f.KeepAlive,
		Request:       req,
	}
	if cutOff {
		resp.ContentLength = -1
		return resp, nil
	}
	tunnel := f.Body == picohttp.BodyTunnel
	changes := tunnel || status == http.StatusSwitchingProtocols
	if changes || status/100 == 1 { // KeepAlive means something else there
		resp.Close = closes(&h.Head, minor) || resp.Close && !changes
	}
	if s.names.has("Connection") && h.HasToken("Connection", "close") {
		resp.Close = true
		if minor > 0 {
			delete(resp.Header, "Connection")
		}
	}
	if s.names.has("Pragma") {
		fixPragma(resp.Header)
	}
	if codings, ok := resp.Header["Transfer-Encoding"]; ok {
		delete(resp.Header, "Transfer-Encoding")
		if f.Body == picohttp.BodyChunked || !tunnel && minor > 0 && len(codings) == 1 && isChunked(codings[0]) {
			resp.TransferEncoding = []string{"chunked"}
			trailer, err := announced(&h.Head, resp.Header)
			if err != nil {
				return nil, err
			}
			resp.Trailer = trailer
		}
	}
	switch f.Body {
	case picohttp.BodyNone:
		lengths := resp.Header["Content-Length"]
		if len(lengths) > 1 {
			resp.Header["Content-Length"] = lengths[:1]
		}
		if req != nil && req.Method == http.MethodHead {
			resp.ContentLength = lengthOf(lengths)
		}
	case picohttp.BodyLength:
		if !plain {
			fixLength(resp.Header)
		}
	case picohttp.BodyChunked:
		resp.ContentLength = -1
		delete(resp.Header, "Content-Length")
	case picohttp.BodyUntilClose:
		resp.ContentLength = -1
	}
	return resp, nil
}

// clone copies b. bytes.Clone takes longer, because it looks for a larger capacity.
func clone(b []byte) []byte {
	c := make([]byte, len(b))
	copy(c, b)
	return c
}

// startLine returns where the start-line of a head begins, after empty lines.
func startLine(head []byte) (at int) {
	for head[at] == '\r' || head[at] == '\n' {
		at++
	}
	return at
}

// lineEnd returns where the next line begins, after the line that contains offset at.
func lineEnd(head []byte, at int) int { return at + bytes.IndexByte(head[at:], '\n') + 1 }

// urlAnd is a URL and an array of strings.
type urlAnd[T any] struct {
	url     url.URL
	strings T
}

// newURL returns a URL and n strings, in one allocation for most requests.
func newURL(n int) (*url.URL, []string) {
	switch {
	case n == 0:
		return new(url.URL), nil
	case n <= 4:
		m := new(urlAnd[[4]string])
		return &m.url, m.strings[:n]
	case n <= 8:
		m := new(urlAnd[[8]string])
		return &m.url, m.strings[:n]
	case n <= 16:
		m := new(urlAnd[[16]string])
		return &m.url, m.strings[:n]
	}
	return new(url.URL), make([]string, n)
}

// closes reports whether the version or Connection says that the connection is closed after the
// message.
func closes(h *picohttp.Head, minor int) bool {
	return h.HasToken("Connection", "close") || minor == 0 && !h.HasToken("Connection", "keep-alive")
}

// proto returns the HTTP-version for a minor version.
func proto(minor int) string {
	if minor < len(protos) {
		return protos[minor]
	}
	return "HTTP/1." + strconv.Itoa(minor)
}

var protos = [...]string{
	"HTTP/1.0", "HTTP/1.1", "HTTP/1.2", "HTTP/1.3", "HTTP/1.4",
	"HTTP/1.5", "HTTP/1.6", "HTTP/1.7", "HTTP/1.8", "HTTP/1.9",
}

// parseTarget makes a URL of a request-target of that form, as http.ReadRequest does. It also
// returns n strings, nearly always in the same allocation.
func parseTarget(form picohttp.Form, target string, n int) (u *url.URL, room []string, err error) {
	switch form {
	case picohttp.OriginForm:
		end := 0
		for end < len(target) && plain[target[end]] {
			end++
		}
		if end < len(target) && target[end] != '?' {
			break
		}
		u, room = newURL(n)
		if u.Path = target[:end]; end < len(target) {
			u.RawQuery = target[end+1:]
			u.ForceQuery = u.RawQuery == ""
		}
		return u, room, nil
	case picohttp.AuthorityForm:
		target = "http://" + target
	}
	if u, err = url.ParseRequestURI(target); err != nil {
		return nil, nil, err
	}
	if form == picohttp.AuthorityForm {
		u.Scheme = ""
	}
	return u, make([]string, n), nil
}

// plain are the bytes that a path may contain so that package url neither decodes nor encodes
// anything.
var plain = func() (t [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~$&+,/:;=@") {
		t[c] = true
	}
	return t
}()

// fixPragma adds "Cache-Control: no-cache" for "Pragma: no-cache", as net/http does.
func fixPragma(header http.Header) {
	if pragma := header["Pragma"]; len(pragma) > 0 && pragma[0] == "no-cache" {
		if _, ok := header["Cache-Control"]; !ok {
			header["Cache-Control"] = []string{"no-cache"}
		}
	}
}

// fixLength replaces a repeated Content-Length by one number.
func fixLength(header http.Header) {
	if lengths := header["Content-Length"]; len(lengths) > 0 {
		first, _, _ := strings.Cut(lengths[0], ",")
		header["Content-Length"] = []string{strings.TrimRight(first, " \t")}
	}
}

// isChunked compares without Unicode's case folding, which takes U+212A for a "k".
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

// announced removes the Trailer field of a chunked message from its header, and returns a
// Header with the names in it and no values. Like net/http it rejects Content-Length,
// Transfer-Encoding and Trailer there.
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
