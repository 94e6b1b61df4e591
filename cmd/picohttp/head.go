package main

import (
	"iter"

	"github.com/picohttp/picohttp"
)

// A head is what a message that is not a chunked body is parsed into: a
// Request, a Response or a Trailer.
type head interface {
	Resume(b []byte) (n int, err error)
	NumFields() int
	Fields() iter.Seq2[[]byte, []byte]
	Get(name string) (value []byte, ok bool)
	Deviations() picohttp.Deviations
}

// newHead returns a head of the kind, or nil for a chunked body.
func (m *messageFlags) newHead() head {
	switch m.kind {
	case "request":
		return new(picohttp.Request)
	case "response":
		return new(picohttp.Response)
	case "trailer":
		return new(picohttp.Trailer)
	}
	return nil
}

func (m *messageFlags) parse(h head, b []byte) (n int, err error) {
	switch h := h.(type) {
	case *picohttp.Request:
		return m.parser.ParseRequest(h, b)
	case *picohttp.Response:
		return m.parser.ParseResponse(h, b)
	case *picohttp.Trailer:
		return m.parser.ParseTrailer(h, b)
	}
	panic("unknown kind of head")
}

// framing decides on the body behind h; behind a trailer section there is none.
func (m *messageFlags) framing(h head) (picohttp.Framing, error) {
	switch h := h.(type) {
	case *picohttp.Request:
		return h.Framing()
	case *picohttp.Response:
		return h.Framing(m.method)
	}
	return picohttp.Framing{}, nil
}

// answer returns the status that a server answers e with, or 0 if it came in a
// response.
func (m *messageFlags) answer(e picohttp.Error) int {
	if m.kind == "response" {
		return 0
	}
	return e.Status()
}
