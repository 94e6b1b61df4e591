package main

import (
	"encoding/json"
	"io"
	"unicode/utf8"

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
	Host       *host       `json:"host,omitempty"`
	Body       []byte      `json:"body,omitzero"`
	Trailers   [][2]string `json:"trailers,omitzero"`
	Deviations []string    `json:"deviations,omitempty"`
}

type framing struct {
	Body           string `json:"body,omitempty"`
	Length         *int64 `json:"length,omitempty"`
	KeepAlive      *bool  `json:"keep_alive,omitempty"`
	ExpectContinue bool   `json:"expect_continue,omitempty"`
	ExpectOther    bool   `json:"expect_other,omitempty"`
	Upgrade        bool   `json:"upgrade,omitempty"`
	OtherCoding    bool   `json:"other_coding,omitempty"`
	Error          string `json:"error,omitempty"`
	Status         int    `json:"status,omitempty"`
}

type host struct {
	Value *string `json:"value,omitempty"`
	Error string  `json:"error,omitempty"`
}

// outcome says what became of h, for which parse answered n and err.
func (m *messageFlags) outcome(h head, n int, err error) outcome {
	if err != nil {
		return m.notComplete(int64(n), err)
	}
	o := outcome{Result: "complete", N: ptr(int64(n)), Fields: fieldsOf(h)}
	for d := range h.Deviations().All() {
		o.Deviations = append(o.Deviations, d.Code())
	}
	switch h := h.(type) {
	case *picohttp.Request:
		o.Method, o.Target, o.Minor = latin1(h.Method()), latin1(h.Target()), ptr(h.Minor())
		o.Framing, o.Host = m.framingOf(h), hostOf(h)
	case *picohttp.Response:
		o.Minor, o.StatusCode, o.Reason = ptr(h.Minor()), ptr(h.Status()), ptr(latin1(h.Reason()))
		o.Framing = m.framingOf(h)
	}
	return o
}

// chunkedOutcome says what became of a chunked body, and what its content is as
// far as it is there.
func (m *messageFlags) chunkedOutcome(d *picohttp.Chunked, content []byte, n int64, err error) outcome {
	if err == nil {
		return outcome{Result: "complete", N: &n, Body: content, Trailers: fieldsOf(d.Trailer())}
	}
	o := m.notComplete(n, err)
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
	return outcome{Result: "malformed", N: &n, Error: e.Code(), Status: m.answer(e)}
}

func (m *messageFlags) framingOf(h head) *framing {
	f, err := m.framing(h)
	if e, ok := err.(picohttp.Error); ok {
		return &framing{Error: e.Code(), Status: m.answer(e)}
	}
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
	return o
}

func hostOf(r *picohttp.Request) *host {
	value, err := r.Host()
	if e, ok := err.(picohttp.Error); ok {
		return &host{Error: e.Code()}
	}
	return &host{Value: ptr(latin1(value))}
}

func fieldsOf(h head) [][2]string {
	fields := make([][2]string, 0, h.NumFields())
	for name, value := range h.Fields() {
		fields = append(fields, [2]string{latin1(name), latin1(value)})
	}
	return fields
}

func ptr[T any](v T) *T { return &v }

// latin1 returns the characters whose numbers are the octets of b.
func latin1(b []byte) string {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			runes := make([]rune, len(b))
			for i, c := range b {
				runes[i] = rune(c)
			}
			return string(runes)
		}
	}
	return string(b)
}

// newEncoder returns an encoder that writes each value in a line, in one Write.
func newEncoder(w io.Writer) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e
}
