package adaptors

import (
	"io"

	"github.com/cloudwego/hertz/pkg/protocol"
	"github.com/cloudwego/hertz/pkg/protocol/http1/req"
	"github.com/picohttp/picohttp/fuzz/differ"
)

func hertz() differ.Adaptor { return differ.Adaptor{Name: "hertz", Request: hertzRequest} }

func hertzRequest(b []byte) (v differ.Verdict) {
	read := func(r *protocol.Request, s *differ.Source) error {
		r.Header.DisableNormalizing()
		return req.ReadHeader(&r.Header, hertzReader{s})
	}
	var r protocol.Request
	s := differ.NewSource(b)
	if err := read(&r, s); err != nil {
		return s.Fault(b, err, func(s *differ.Source) error { return read(new(protocol.Request), s) })
	}
	v.Head = len(b) - s.Left()
	v.Method, v.Target = string(r.Header.Method()), string(r.Header.RequestURI())
	v.Silent = differ.PartMinor | differ.PartConnection
	r.Header.VisitAll(func(name, value []byte) {
		v.Fields = append(v.Fields, differ.Field{Name: string(name), Value: string(value)})
	})
	v.Framing = framing(int64(r.Header.ContentLength()), !r.Header.ConnectionClose())
	rest := differ.NewSource(b[v.Head:])
	if err := req.ContinueReadBody(&r, hertzReader{rest}, 1<<20, false); err != nil {
		return bodyFault(v, err, rest.Wanted())
	} else if rest.Wanted() { // it takes the end of the connection for that of a body
		return bodyFault(v, io.ErrUnexpectedEOF, true)
	}
	v.Result, v.Body, v.Length = differ.Accept, append([]byte(nil), r.Body()...), len(b)-rest.Left()
	return v
}

// A hertzReader is a connection for hertz.
type hertzReader struct{ *differ.Source }

func (r hertzReader) Skip(n int) error {
	_, err := r.Discard(n)
	return err
}

func (r hertzReader) Release() error { return nil }

func (r hertzReader) Len() int { return r.Left() }

func (r hertzReader) ReadBinary(n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return b, err
}
