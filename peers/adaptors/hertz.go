package adaptors

import (
	"bytes"
	"io"

	"github.com/cloudwego/hertz/pkg/protocol"
	"github.com/cloudwego/hertz/pkg/protocol/http1/req"
	"github.com/picohttp/picohttp/fuzz/differ"
)

func hertz() differ.Adaptor { return differ.Adaptor{Name: "hertz", Request: hertzRequest} }

func hertzRequest(b []byte) (v differ.Verdict) {
	read := func(r *protocol.Request, b []byte) (*octets, error) {
		r.Header.DisableNormalizing()
		o := &octets{b: bytes.Clone(b)} // hertz writes to its buffer
		return o, req.ReadHeader(&r.Header, o)
	}
	var r protocol.Request
	o, err := read(&r, b)
	if err != nil {
		if o.wanted {
			return differ.Verdict{Result: differ.Incomplete, Stage: differ.StageHead}
		}
		return differ.NewSource(b).Fault(b, err, func(s *differ.Source) error {
			other, _ := s.Peek(len(b))
			_, err := read(new(protocol.Request), other)
			return err
		})
	}
	v.Head = o.at
	v.Method, v.Target = string(r.Header.Method()), string(r.Header.RequestURI())
	v.Silent = differ.PartMinor | differ.PartConnection
	r.Header.VisitAll(func(name, value []byte) {
		v.Fields = append(v.Fields, differ.Field{Name: string(name), Value: string(value)})
	})
	v.Framing = framing(int64(r.Header.ContentLength()), !r.Header.ConnectionClose())
	o.wanted = false
	if err := req.ContinueReadBody(&r, o, 1<<20, false); err != nil {
		return bodyFault(v, err, o.wanted)
	} else if o.wanted { // it takes the end of the connection for that of a body
		return bodyFault(v, io.ErrUnexpectedEOF, true)
	}
	v.Result, v.Body, v.Length = differ.Accept, append([]byte(nil), r.Body()...), o.at
	return v
}

// octets is a connection to hertz, on which b arrives.
type octets struct {
	b      []byte
	at     int
	wanted bool // more than b
}

func (o *octets) Peek(n int) ([]byte, error) {
	if n > o.Len() {
		o.wanted = true
		return o.b[o.at:], io.EOF
	}
	return o.b[o.at : o.at+n : o.at+n], nil
}

func (o *octets) Skip(n int) error {
	if n > o.Len() {
		o.wanted = true
		return io.EOF
	}
	o.at += n
	return nil
}

func (o *octets) Release() error { return nil }
func (o *octets) Len() int       { return len(o.b) - o.at }

func (o *octets) ReadByte() (byte, error) {
	b, err := o.ReadBinary(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

func (o *octets) ReadBinary(n int) ([]byte, error) {
	b, err := o.Peek(n)
	if err != nil {
		return nil, err
	}
	o.at += n
	return append([]byte(nil), b...), nil
}

func (o *octets) Read(p []byte) (int, error) {
	if o.Len() == 0 {
		o.wanted = true
		return 0, io.EOF
	}
	n := copy(p, o.b[o.at:])
	o.at += n
	return n, nil
}
