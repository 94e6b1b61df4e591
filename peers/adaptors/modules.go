package adaptors

import (
	"bytes"
	"io"
	"slices"
	"sort"
	"strings"

	"github.com/antlabs/httparser"
	"github.com/cloudwego/hertz/pkg/protocol"
	"github.com/cloudwego/hertz/pkg/protocol/http1/req"
	"github.com/lesismal/nbio/nbhttp"
	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/fuzz/differ"
	"github.com/valyala/fasthttp"
)

// Go returns adaptors for the parsers that are Go modules. They parse requests; the kit puts a head
// before chunked bodies for them.
func Go() []differ.Adaptor {
	return []differ.Adaptor{
		connection("fasthttp", newFastHTTP), connection("hertz", newHertz),
		callback("nbio", nbio), callback("antlabs", antlabs),
	}
}

// A header has the methods that fasthttp and hertz, which is derived from it, have in common.
type header interface {
	Method() []byte
	RequestURI() []byte
	VisitAll(f func(name, value []byte))
	ContentLength() int // -1 for a chunked body, and 0 or -2 for none
	ConnectionClose() bool
}

// A request is read from a connection: first its head, and then its body.
type request struct {
	header
	readHead, readBody func(s *differ.Source) error
	body               func() []byte
}

func newFastHTTP() request {
	r := new(fasthttp.Request)
	r.Header.DisableNormalizing()
	return request{
		&r.Header,
		func(s *differ.Source) error { return r.Header.Read(s.Reader) },
		func(s *differ.Source) error { return r.ContinueReadBody(s.Reader, 1<<20, false) },
		r.Body,
	}
}

func newHertz() request {
	r := new(protocol.Request)
	r.Header.DisableNormalizing()
	return request{
		&r.Header,
		func(s *differ.Source) error { return req.ReadHeader(&r.Header, hertzReader{s}) },
		func(s *differ.Source) error { return req.ContinueReadBody(r, hertzReader{s}, 1<<20, false) },
		r.Body,
	}
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

// connection returns an adaptor for a parser that reads from a connection.
func connection(name string, newRequest func() request) differ.Adaptor {
	return differ.Adaptor{Name: name, Request: func(b []byte) (v differ.Verdict) {
		r, s := newRequest(), differ.NewSource(b)
		if err := r.readHead(s); err != nil {
			return s.Fault(b, err, func(s *differ.Source) error { return newRequest().readHead(s) })
		}
		v.Silent = differ.PartMinor | differ.PartConnection
		v.Head = len(b) - s.Left()
		v.Method, v.Target = string(r.Method()), string(r.RequestURI())
		r.VisitAll(func(name, value []byte) {
			v.Fields = append(v.Fields, differ.Field{Name: string(name), Value: string(value)})
		})
		v.Framing.KeepAlive = !r.ConnectionClose()
		if n := r.ContentLength(); n == -1 {
			v.Framing.Body = picohttp.BodyChunked
		} else if n > 0 {
			v.Framing.Body, v.Framing.Length = picohttp.BodyLength, int64(n)
		}
		rest := differ.NewSource(b[v.Head:])
		err := r.readBody(rest)
		if err == nil && rest.Wanted() {
			err = io.ErrUnexpectedEOF // hertz accepts a body that the end of the connection cuts off
		}
		rest.Body(&v, b, bytes.Clone(r.body()), err)
		return v
	}}
}

// A message collects what a parser passes to its callbacks.
type message struct {
	differ.Verdict
	done bool
}

// callback returns an adaptor for a parser with callbacks. Such a parser does not report where the
// head and the message end, nor how the body is framed.
func callback(name string, parse func(b []byte) (*message, error)) differ.Adaptor {
	return differ.Adaptor{Name: name, Request: func(b []byte) differ.Verdict {
		m, err := parse(bytes.Clone(b))
		if !m.done && err != nil {
			return differ.Verdict{Why: err.Error()}
		} else if !m.done {
			return differ.Verdict{Result: differ.Incomplete}
		}
		// The first message ends with the shortest beginning that is complete.
		length := sort.Search(len(b), func(n int) bool {
			m, _ := parse(bytes.Clone(b[:n]))
			return m.done
		})
		m, _ = parse(bytes.Clone(b[:length]))
		v := m.Verdict
		v.Result, v.Length = differ.Accept, length
		v.Silent |= differ.PartHead | differ.PartKeepAlive
		if slices.ContainsFunc(v.Fields, func(f differ.Field) bool { return strings.EqualFold(f.Name, "transfer-encoding") }) {
			v.Framing.Body = picohttp.BodyChunked
		} else if len(v.Body) > 0 {
			v.Framing = differ.Framing{Body: picohttp.BodyLength, Length: int64(len(v.Body))}
		}
		return v
	}}
}

func antlabs(b []byte) (*message, error) {
	m := new(message)
	inName, headDone := false, false
	_, err := httparser.New(httparser.REQUEST).Execute(&httparser.Setting{
		URL: func(_ *httparser.Parser, url []byte, _ int) { m.Target += string(url) },
		HeaderField: func(_ *httparser.Parser, name []byte, _ int) {
			if headDone {
				return
			}
			if !inName {
				m.Fields = append(m.Fields, differ.Field{})
			}
			m.Fields[len(m.Fields)-1].Name += string(name)
			inName = true
		},
		HeaderValue: func(_ *httparser.Parser, value []byte, _ int) {
			if n := len(m.Fields); n > 0 && !headDone {
				m.Fields[n-1].Value += string(value)
			}
			inName = false
		},
		HeadersComplete: func(*httparser.Parser, int) { headDone = true },
		Body:            func(_ *httparser.Parser, body []byte, _ int) { m.Body = append(m.Body, body...) },
		MessageComplete: func(p *httparser.Parser, _ int) {
			m.Method, m.Minor, m.done = p.Method.String(), int(p.Minor), true
		},
	}, b)
	return m, err
}

// An nbioMessage has the callbacks of nbio.
type nbioMessage struct {
	nbhttp.EmptyProcessor
	message
}

func (m *nbioMessage) OnMethod(_ *nbhttp.Parser, method string) { m.Method = method }

func (m *nbioMessage) OnURL(_ *nbhttp.Parser, uri string) error {
	m.Target = uri
	return nil
}

func (m *nbioMessage) OnHeader(_ *nbhttp.Parser, key, value string) {
	m.Fields = append(m.Fields, differ.Field{Name: key, Value: value})
}

func (m *nbioMessage) OnBody(_ *nbhttp.Parser, data []byte) error {
	m.Body = append(m.Body, data...)
	return nil
}

func (m *nbioMessage) OnComplete(*nbhttp.Parser) { m.done = true }

var nbioEngine = nbhttp.NewEngine(nbhttp.Config{})

func nbio(b []byte) (*message, error) {
	m := new(nbioMessage)
	m.Silent = differ.PartMinor
	err := nbhttp.NewParser(nil, nbioEngine, m, false, nil).Parse(b)
	return &m.message, err
}
