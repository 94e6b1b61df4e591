package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/picohttp/picohttp"
)

// An outcome is what is said of a message in JSON. Absent parts are left out.
type outcome struct {
	Result     string      `json:"result"`
	N          *int64      `json:"n,omitempty"`
	Error      string      `json:"error,omitempty"`
	Status     int         `json:"status,omitempty"`
	Method     string      `json:"method,omitempty"`
	Target     string      `json:"target,omitempty"`
	Minor      *int        `json:"minor,omitempty"`
	StatusCode *int        `json:"status_code,omitempty"`
	Reason     *string     `json:"reason,omitempty"`
	Fields     [][2]string `json:"fields,omitzero"`
	Framing    *framing    `json:"framing,omitempty"`
	Host       *result     `json:"host,omitempty"`
	Form       string      `json:"form,omitempty"`
	Authority  *result     `json:"authority,omitempty"`
	Path       *string     `json:"path,omitempty"`
	Query      *string     `json:"query,omitempty"`
	Check      *result     `json:"check,omitempty"`
	Body       []byte      `json:"body,omitzero"`
	Trailers   [][2]string `json:"trailers,omitzero"`
	Deviations []string    `json:"deviations,omitempty"`
}

type framing struct {
	Body           string `json:"body,omitempty"`
	Length         *int64 `json:"length,omitempty"`
	ContentLength  *int64 `json:"content_length,omitempty"`
	KeepAlive      *bool  `json:"keep_alive,omitempty"`
	ExpectContinue bool   `json:"expect_continue,omitempty"`
	ExpectOther    bool   `json:"expect_other,omitempty"`
	Upgrade        bool   `json:"upgrade,omitempty"`
	OtherCoding    bool   `json:"other_coding,omitempty"`
	Error          string `json:"error,omitempty"`
	Status         int    `json:"status,omitempty"`
}

type result struct {
	Value *string `json:"value,omitempty"`
	Error string  `json:"error,omitempty"`
}

// outcome says what became of a message without its body.
func (m *messageFlags) outcome(j message) outcome {
	if j.err != nil {
		return m.notComplete(int64(j.n), j.err)
	}
	o := outcome{Result: "complete", N: new(int64(j.n)), Fields: fieldsOf(j.head), Deviations: codes(j.Deviations())}
	switch h := j.head.(type) {
	case *picohttp.Request:
		o.Method, o.Target, o.Minor = latin1(h.Method()), latin1(h.Target()), new(h.Minor())
		o.Framing, o.Form, o.Path, o.Query = m.framing(j), j.verdict.Form.String(), text(h.Path()), text(h.Query())
		value, err := h.Host()
		o.Host = resultOf(value, code(err))
		o.Authority = resultOf(j.verdict.Authority, j.misrouted())
		o.Check = &result{Error: code(j.rejected)}
	case *picohttp.Response:
		o.Minor, o.StatusCode, o.Reason = new(h.Minor()), new(h.Status()), new(latin1(h.Reason()))
		o.Framing = m.framing(j)
	}
	return o
}

// chunkedOutcome says what became of the chunked body in an input, and what its content
// is as far as it is there.
func (m *messageFlags) chunkedOutcome(in *input) outcome {
	var c picohttp.Content
	c.Start(picohttp.Framing{Body: picohttp.BodyChunked}, &m.parser)
	content := []byte{} // not nil: an empty one is written
	err := readBody(&c, in, func(data []byte) { content = append(content, data...) })
	if err == nil {
		return outcome{Result: "complete", N: &in.at, Body: content, Trailers: fieldsOf(c.Trailer()), Deviations: codes(c.Deviations())}
	}
	o := m.notComplete(in.at, err)
	if err == picohttp.ErrIncomplete {
		o.Body = content
	}
	return o
}

// notComplete says that a message is incomplete, or malformed at n.
func (m *messageFlags) notComplete(n int64, err error) outcome {
	e, ok := err.(picohttp.Error)
	if !ok {
		return outcome{Result: "incomplete"}
	}
	return outcome{Result: "malformed", N: &n, Error: e.Code(), Status: m.status(e)}
}

func (m *messageFlags) framing(j message) *framing {
	if e, ok := j.unframed.(picohttp.Error); ok {
		return &framing{Error: e.Code(), Status: m.status(e)}
	}
	f := j.framing
	o := &framing{
		Body:           f.Body.String(),
		KeepAlive:      &f.KeepAlive,
		ExpectContinue: f.ExpectContinue,
		ExpectOther:    f.ExpectOther,
		Upgrade:        f.Upgrade,
		OtherCoding:    f.OtherCoding,
	}
	if f.Body == picohttp.BodyLength {
		o.Length = &f.Length
	}
	if f.ContentLength >= 0 {
		o.ContentLength = &f.ContentLength
	}
	return o
}

// status returns the status code to respond with to e, or 0 if e is about a response.
func (m *messageFlags) status(e picohttp.Error) int {
	if m.kind == "response" {
		return 0
	}
	return e.Status()
}

// code returns the code of err, or "" if it is no Error.
func code(err error) string {
	e, _ := err.(picohttp.Error)
	return e.Code()
}

// resultOf returns the value, or the error if there is one.
func resultOf(value []byte, code string) *result {
	if code != "" {
		return &result{Error: code}
	}
	return &result{Value: new(latin1(value))}
}

func fieldsOf(h head) [][2]string {
	fields := make([][2]string, 0, h.NumFields())
	for name, value := range h.Fields() {
		fields = append(fields, [2]string{latin1(name), latin1(value)})
	}
	return fields
}

func codes(all picohttp.Deviations) (codes []string) {
	for d := range all.All() {
		codes = append(codes, d.Code())
	}
	return codes
}

// text returns b as a string, or nil for nil.
func text(b []byte) *string {
	if b == nil {
		return nil
	}
	return new(latin1(b))
}

// latin1 returns the characters whose numbers are the bytes of b.
func latin1(b []byte) string {
	s := make([]rune, len(b))
	for i, c := range b {
		s[i] = rune(c)
	}
	return string(s)
}

// newEncoder returns an encoder that writes each value in a line of printable ASCII, in
// one Write.
func newEncoder(w io.Writer) *json.Encoder {
	e := json.NewEncoder(ascii{w})
	e.SetEscapeHTML(false)
	return e
}

// An ascii escapes the characters that package json does not: DEL and all beyond ASCII.
// What is written has none beyond Latin-1, but for the name of a CPU perhaps.
type ascii struct{ w io.Writer }

func (a ascii) Write(text []byte) (int, error) {
	line := make([]byte, 0, len(text))
	for _, r := range string(text) {
		if r <= '~' {
			line = append(line, byte(r))
		} else {
			line = fmt.Appendf(line, `\u%04x`, min(r, '\uffff'))
		}
	}
	_, err := a.w.Write(line)
	return len(text), err
}
