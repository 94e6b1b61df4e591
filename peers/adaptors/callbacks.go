package adaptors

import (
	"bytes"
	"sort"
	"strings"

	"github.com/antlabs/httparser"
	"github.com/lesismal/nbio/nbhttp"
	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/fuzz/differ"
)

// A message collects the first message that a parser calls back about.
type message struct {
	v        differ.Verdict
	headDone bool
	done     bool
}

// field adds a part of a field. A name begins a field, unless it continues one.
func (m *message) field(name, value string, continues bool) {
	if m.done || m.headDone {
		return
	}
	if name != "" && !continues {
		m.v.Fields = append(m.v.Fields, differ.Field{})
	} else if len(m.v.Fields) == 0 {
		return
	}
	f := &m.v.Fields[len(m.v.Fields)-1]
	f.Name += name
	f.Value += value
	if strings.EqualFold(f.Name, "transfer-encoding") {
		m.v.Framing.Body = picohttp.BodyChunked
	}
}

func (m *message) body(b []byte) {
	if !m.done {
		m.v.Body = append(m.v.Body, b...)
	}
}

// verdict returns the verdict of a parser that calls back, and tells neither where the head
// and the message end nor all about how the body is framed.
func verdict(parse func(b []byte) (*message, error), b []byte) differ.Verdict {
	m, err := parse(bytes.Clone(b))
	switch {
	case m.done:
	case err != nil:
		return differ.Verdict{Why: err.Error()}
	default:
		return differ.Verdict{Result: differ.Incomplete}
	}
	v := m.v
	v.Result = differ.Accept
	v.Silent |= differ.PartHead | differ.PartKeepAlive
	if v.Framing.Body != picohttp.BodyChunked && len(v.Body) > 0 {
		v.Framing = differ.Framing{Body: picohttp.BodyLength, Length: int64(len(v.Body))}
	}
	// The message ends with the shortest beginning that is complete.
	v.Length = sort.Search(len(b), func(n int) bool {
		m, _ := parse(bytes.Clone(b[:n]))
		return m.done
	})
	return v
}

func antlabs() differ.Adaptor {
	return differ.Adaptor{Name: "antlabs", Request: func(b []byte) differ.Verdict { return verdict(antlabsParse, b) }}
}

func antlabsParse(b []byte) (*message, error) {
	m := new(message)
	inName := false
	_, err := httparser.New(httparser.REQUEST).Execute(&httparser.Setting{
		URL: func(_ *httparser.Parser, url []byte, _ int) {
			if !m.done {
				m.v.Target += string(url)
			}
		},
		HeaderField: func(_ *httparser.Parser, name []byte, _ int) {
			m.field(string(name), "", inName)
			inName = true
		},
		HeaderValue: func(_ *httparser.Parser, value []byte, _ int) {
			m.field("", string(value), false)
			inName = false
		},
		HeadersComplete: func(*httparser.Parser, int) { m.headDone = true },
		Body:            func(_ *httparser.Parser, body []byte, _ int) { m.body(body) },
		MessageComplete: func(p *httparser.Parser, _ int) {
			if !m.done {
				m.v.Method, m.v.Minor = p.Method.String(), int(p.Minor)
			}
			m.done = true
		},
	}, b)
	return m, err
}

func nbioHTTP() differ.Adaptor {
	return differ.Adaptor{Name: "nbio", Request: func(b []byte) differ.Verdict { return verdict(nbioParse, b) }}
}

// An nbioMessage is what nbio calls back.
type nbioMessage struct {
	nbhttp.EmptyProcessor
	message
}

func (m *nbioMessage) OnMethod(_ *nbhttp.Parser, method string) {
	if !m.done {
		m.v.Method = method
	}
}

func (m *nbioMessage) OnURL(_ *nbhttp.Parser, uri string) error {
	if !m.done {
		m.v.Target = uri
	}
	return nil
}

func (m *nbioMessage) OnHeader(_ *nbhttp.Parser, key, value string) { m.field(key, value, false) }

func (m *nbioMessage) OnContentLength(_ *nbhttp.Parser, length int) {
	if !m.done && length > 0 {
		m.v.Framing = differ.Framing{Body: picohttp.BodyLength, Length: int64(length)}
	}
}

func (m *nbioMessage) OnBody(_ *nbhttp.Parser, data []byte) error {
	m.body(data)
	return nil
}

func (m *nbioMessage) OnComplete(*nbhttp.Parser) { m.done = true }

var nbioEngine = nbhttp.NewEngine(nbhttp.Config{})

func nbioParse(b []byte) (*message, error) {
	m := new(nbioMessage)
	m.v.Silent = differ.PartMinor
	err := nbhttp.NewParser(nil, nbioEngine, m, false, nil).Parse(b)
	return &m.message, err
}
