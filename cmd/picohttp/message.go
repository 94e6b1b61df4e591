package main

import (
	"iter"

	"github.com/picohttp/picohttp"
)

// A head is what a message that is not a chunked body is parsed into: a Request, a
// Response or a Trailer.
type head interface {
	Resume(b []byte) (n int, err error)
	Reset()
	NumFields() int
	Fields() iter.Seq2[[]byte, []byte]
	Get(name string) (value []byte, ok bool)
	Deviations() picohttp.Deviations
	Explain(err error) string
}

// newHead returns a head of the kind, or nil for a chunked body. Its Resume parses under
// m's profile and limits, which the first parse sets, here of no bytes.
func (m *messageFlags) newHead() head {
	switch m.kind {
	case "request":
		var r picohttp.Request
		m.parser.ParseRequest(&r, nil)
		return &r
	case "response":
		var r picohttp.Response
		m.parser.ParseResponse(&r, nil)
		return &r
	case "trailer":
		var t picohttp.Trailer
		m.parser.ParseTrailer(&t, nil)
		return &t
	}
	return nil
}

// A message is what became of a head.
type message struct {
	head
	n        int   // from Resume
	err      error // from Resume
	verdict  picohttp.Verdict
	rejected error // from Check, or for a response from Framing
	framing  picohttp.Framing
	unframed error // from Framing
}

// judge returns the message in h, of which Resume returned n and err.
func (m *messageFlags) judge(h head, n int, err error) message {
	j := message{head: h, n: n, err: err}
	if err != nil {
		return j
	}
	switch h := h.(type) {
	case *picohttp.Request:
		j.verdict, j.rejected = h.Check()
		j.framing, j.unframed = h.Framing()
	case *picohttp.Response:
		j.framing, j.unframed = h.Framing(m.method)
		j.rejected = j.unframed
	}
	return j
}

// misrouted returns the code of what Check rejected about where a request goes, or "".
func (j message) misrouted() string {
	switch e, _ := j.rejected.(picohttp.Error); e {
	case picohttp.ErrHostMissing, picohttp.ErrHostRepeated, picohttp.ErrHost, picohttp.ErrTargetForm, picohttp.ErrAuthority:
		return e.Code()
	}
	return ""
}
