package differ

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/textproto"
	"slices"
	"strings"

	"github.com/picohttp/picohttp"
)

// NetHTTP returns an adaptor of net/http: ReadRequest, ReadResponse and its
// chunked reader, without what its Server checks on top, such as Host.
func NetHTTP() Adaptor {
	return Adaptor{Name: "net/http", Request: netRequest, Response: netResponse, Chunked: netChunked}
}

func netRequest(b []byte) (v Verdict) {
	var r *http.Request
	s := netHead(&v, b, func(s *Source) (err error) {
		r, err = http.ReadRequest(s.Reader)
		return err
	})
	if s == nil {
		return v
	}
	v.Method, v.Target, v.Minor = r.Method, r.RequestURI, r.ProtoMinor
	v.Framing = Framing{KeepAlive: !r.Close && r.Method != "CONNECT"}
	switch {
	case len(r.TransferEncoding) > 0:
		v.Framing.Body = picohttp.BodyChunked
	case r.ContentLength > 0:
		v.Framing.Body, v.Framing.Length = picohttp.BodyLength, r.ContentLength
	case r.Method == "CONNECT" && r.Header["Content-Length"] == nil:
		v.Framing.Body = picohttp.BodyTunnel
	}
	content, err := io.ReadAll(r.Body)
	s.Body(&v, b, content, err)
	return v
}

func netResponse(b []byte) (v Verdict) {
	var r *http.Response
	s := netHead(&v, b, func(s *Source) (err error) {
		r, err = http.ReadResponse(s.Reader, nil)
		return err
	})
	if s == nil {
		return v
	}
	v.Minor, v.Status = r.ProtoMinor, r.StatusCode
	_, v.Reason, _ = strings.Cut(r.Status, " ")
	v.Framing = Framing{KeepAlive: !r.Close}
	switch {
	case len(r.TransferEncoding) > 0:
		v.Framing.Body = picohttp.BodyChunked
	case r.ContentLength >= 0:
		v.Framing.Body, v.Framing.Length = picohttp.BodyLength, r.ContentLength
	default:
		v.Framing = Framing{Body: picohttp.BodyUntilClose}
	}
	bodiless := r.StatusCode < 200 || r.StatusCode == 204 || r.StatusCode == 304
	if bodiless && r.Body == http.NoBody && r.ContentLength <= 0 {
		v.Framing.Body = picohttp.BodyNone
	}
	content, err := io.ReadAll(r.Body)
	s.Body(&v, b, content, err)
	return v
}

// netHead reads a head. It returns nil if v is the verdict on b already.
func netHead(v *Verdict, b []byte, read func(s *Source) error) *Source {
	s := NewSource(b)
	if err := read(s); err != nil {
		*v = s.Fault(b, err, read)
		return nil
	}
	v.Head = len(b) - s.Left()
	// The Header of a Request lacks fields that net/http uses itself, such as Host. There is no
	// error, because read has just parsed the same bytes with the same calls.
	text := textproto.NewReader(bufio.NewReader(bytes.NewReader(b)))
	text.ReadLine()
	fields, _ := text.ReadMIMEHeader()
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		for _, value := range fields[name] {
			v.Fields = append(v.Fields, Field{name, value})
		}
	}
	return s
}

func netChunked(b []byte) (v Verdict) {
	v.Silent = PartFields
	s := NewSource(b)
	content, err := io.ReadAll(httputil.NewChunkedReader(s.Reader))
	if err == nil { // the reader stops after the last-chunk line
		_, err = textproto.NewReader(s.Reader).ReadMIMEHeader()
	}
	s.Body(&v, b, content, err)
	return v
}
