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
	s := NewSource(b)
	r, err := http.ReadRequest(s.Reader)
	if err != nil {
		return s.Fault(b, err, func(s *Source) error {
			_, err := http.ReadRequest(s.Reader)
			return err
		})
	}
	v.Head = len(b) - s.Left()
	v.Method, v.Target, v.Minor = r.Method, r.RequestURI, r.ProtoMinor
	v.Silent = netFields(b, &v)
	v.Framing = netFraming(r.ContentLength, r.TransferEncoding, picohttp.BodyNone, r.Close)
	if r.Method == "CONNECT" && v.Framing.Body == picohttp.BodyNone && r.Header["Content-Length"] == nil {
		v.Framing.Body = picohttp.BodyTunnel
	}
	v.Framing.KeepAlive = v.Framing.KeepAlive && r.Method != "CONNECT"
	netBody(&v, b, s, r.Body)
	return v
}

func netResponse(b []byte) (v Verdict) {
	s := NewSource(b)
	r, err := http.ReadResponse(s.Reader, nil)
	if err != nil {
		return s.Fault(b, err, func(s *Source) error {
			_, err := http.ReadResponse(s.Reader, nil)
			return err
		})
	}
	v.Head = len(b) - s.Left()
	v.Minor, v.Status = r.ProtoMinor, r.StatusCode
	if _, reason, found := strings.Cut(r.Status, " "); found {
		v.Reason = reason
	}
	v.Silent = netFields(b, &v)
	v.Framing = netFraming(r.ContentLength, r.TransferEncoding, picohttp.BodyUntilClose, r.Close)
	if r.Body == http.NoBody && r.ContentLength <= 0 && (r.StatusCode < 200 || r.StatusCode == 204 || r.StatusCode == 304) {
		v.Framing.Body = picohttp.BodyNone
	}
	netBody(&v, b, s, r.Body)
	return v
}

// netFields reads the fields as net/http does, which removes some of them from its
// Header.
func netFields(b []byte, v *Verdict) (silent Parts) {
	text := textproto.NewReader(bufio.NewReader(bytes.NewReader(b)))
	if _, err := text.ReadLine(); err != nil {
		return PartFields
	}
	fields, err := text.ReadMIMEHeader()
	if err != nil {
		return PartFields
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		for _, value := range fields[name] {
			v.Fields = append(v.Fields, Field{name, value})
		}
	}
	return 0
}

func netFraming(length int64, codings []string, none picohttp.Body, closes bool) Framing {
	f := Framing{KeepAlive: !closes}
	switch {
	case len(codings) > 0:
		f.Body = picohttp.BodyChunked
	case length > 0 || length == 0 && none == picohttp.BodyUntilClose:
		f.Body, f.Length = picohttp.BodyLength, length
	default:
		f.Body = none
		f.KeepAlive = f.KeepAlive && none != picohttp.BodyUntilClose
	}
	return f
}

func netBody(v *Verdict, b []byte, s *Source, body io.Reader) {
	v.Result = Accept
	content, err := io.ReadAll(body)
	v.Body = content
	v.Length = len(b) - s.Left()
	if err != nil {
		v.Result, v.Stage, v.Why = Reject, StageBody, err.Error()
		if s.Wanted() {
			v.Result = Incomplete
		}
	}
}

func netChunked(b []byte) (v Verdict) {
	v.Stage = StageBody
	v.Silent = PartFields
	s := NewSource(b)
	content, err := io.ReadAll(httputil.NewChunkedReader(s.Reader))
	if err == nil {
		// The reader stops after the last-chunk line.
		_, err = textproto.NewReader(s.Reader).ReadMIMEHeader()
	}
	v.Result, v.Body, v.Length = Accept, content, len(b)-s.Left()
	if err != nil {
		v.Result, v.Why = Reject, err.Error()
		if s.Wanted() {
			v.Result = Incomplete
		}
	}
	return v
}
