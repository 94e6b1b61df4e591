package adaptors

import (
	"sort"
	"strings"

	"github.com/lesismal/nbio/nbhttp"
	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/fuzz/differ"
)

func nbioHTTP() differ.Adaptor { return differ.Adaptor{Name: "nbio", Request: nbioRequest} }

// An nbioMessage collects the first message that a parser of nbio calls back for.
type nbioMessage struct {
	nbhttp.EmptyProcessor
	v       differ.Verdict
	headEnd bool
	done    bool
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

func (m *nbioMessage) OnHeader(_ *nbhttp.Parser, key, value string) {
	if m.done {
		return
	}
	m.v.Fields = append(m.v.Fields, differ.Field{Name: key, Value: value})
	if strings.EqualFold(key, "transfer-encoding") {
		m.v.Framing.Body = picohttp.BodyChunked
	}
}

func (m *nbioMessage) OnContentLength(_ *nbhttp.Parser, length int) {
	if m.headEnd = true; !m.done && length > 0 {
		m.v.Framing = differ.Framing{Body: picohttp.BodyLength, Length: int64(length)}
	}
}

func (m *nbioMessage) OnBody(_ *nbhttp.Parser, data []byte) error {
	if !m.done {
		m.v.Body = append(m.v.Body, data...)
	}
	return nil
}

func (m *nbioMessage) OnComplete(*nbhttp.Parser) { m.done = true }

func nbioParse(b []byte) (m *nbioMessage, err error) {
	m = new(nbioMessage)
	p := nbhttp.NewParser(nil, nbioEngine, m, false, nil)
	err = p.Parse(append([]byte(nil), b...))
	return m, err
}

var nbioEngine = nbhttp.NewEngine(nbhttp.Config{})

func nbioRequest(b []byte) differ.Verdict {
	m, err := nbioParse(b)
	v := m.v
	v.Silent = differ.PartHead | differ.PartMinor | differ.PartKeepAlive
	switch {
	case m.done:
		v.Result = differ.Accept
		// It does not say where the message ended: at the shortest
		// beginning that is complete.
		v.Length = sort.Search(len(b), func(n int) bool {
			m, _ := nbioParse(b[:n])
			return m.done
		})
		return v
	case err == nil:
		return differ.Verdict{Result: differ.Incomplete}
	}
	return differ.Verdict{Why: err.Error()}
}
