package differ

import (
	"bufio"
	"bytes"
	"io"
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

// A source is a connection on which an input arrives, and nothing behind it.
type source struct {
	rest   bytes.Reader
	wanted bool // more than that
	*bufio.Reader
}

func newSource(b []byte) *source {
	s := new(source)
	s.rest.Reset(b)
	s.Reader = bufio.NewReader(readFunc(func(p []byte) (int, error) {
		n, err := s.rest.Read(p)
		s.wanted = s.wanted || err == io.EOF
		return n, err
	}))
	return s
}

type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// left returns how many octets were not read.
func (s *source) left() int { return s.Buffered() + s.rest.Len() }

func netRequest(b []byte) (v Verdict) {
	s := newSource(b)
	r, err := http.ReadRequest(s.Reader)
	if err != nil {
		return s.fault(b, err, func(r *bufio.Reader) error {
			_, err := http.ReadRequest(r)
			return err
		})
	}
	v.Head = len(b) - s.left()
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
	s := newSource(b)
	r, err := http.ReadResponse(s.Reader, nil)
	if err != nil {
		return s.fault(b, err, func(r *bufio.Reader) error {
			_, err := http.ReadResponse(r, nil)
			return err
		})
	}
	v.Head = len(b) - s.left()
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

// netFields has the fields from the reader that net/http reads them with: it
// takes some of them out of its Header.
func netFields(b []byte, v *Verdict) (silent Parts) {
	text := textproto.NewReader(bufio.NewReader(bytes.NewReader(b)))
	if _, err := text.ReadLine(); err != nil {
		return PartFields
	}
	fields, err := text.ReadMIMEHeader()
	if err != nil {
		return PartFields
	}
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range fields {
			if !yield(name) {
				return
			}
		}
	}) {
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

func netBody(v *Verdict, b []byte, s *source, body io.Reader) {
	v.Result = Accept
	content, err := io.ReadAll(body)
	v.Body = content
	v.Length = len(b) - s.left()
	if err != nil {
		v.Result, v.Stage, v.Why = Reject, StageBody, err.Error()
		if s.wanted {
			v.Result = Incomplete
		}
	}
}

// fault finds out which stage an error is from: read again without the fields
// that frame, the message is accepted if only they were at fault. A line that has
// not ended is an error to net/http where the connection has; on one that goes on
// it would have waited.
func (s *source) fault(b []byte, err error, read func(r *bufio.Reader) error) Verdict {
	v := Verdict{Stage: StageHead, Why: err.Error()}
	if s.wanted {
		v.Result = Incomplete
	} else if read(bufio.NewReader(bytes.NewReader(unframed(b)))) == nil {
		v.Stage = StageFraming
	}
	return v
}

// unframed returns b with other names of the same length for the fields that
// frame a message.
func unframed(b []byte) []byte {
	b = bytes.Clone(b)
	for _, name := range []string{"content-length", "transfer-encoding", "trailer"} {
		for at := 0; at+len(name) < len(b); at++ {
			if (at == 0 || b[at-1] == '\n') && strings.EqualFold(string(b[at:at+len(name)]), name) {
				b[at] = 'X'
			}
		}
	}
	return b
}

func netChunked(b []byte) (v Verdict) {
	v.Stage = StageBody
	v.Silent = PartFields
	s := newSource(b)
	content, err := io.ReadAll(httputil.NewChunkedReader(s.Reader))
	if err == nil {
		// The reader stops behind the last-chunk line.
		_, err = textproto.NewReader(s.Reader).ReadMIMEHeader()
	}
	v.Result, v.Body, v.Length = Accept, content, len(b)-s.left()
	if err != nil {
		v.Result, v.Why = Reject, err.Error()
		if s.wanted {
			v.Result = Incomplete
		}
	}
	return v
}
