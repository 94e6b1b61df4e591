package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/picohttp/picohttp"
)

// An input is what has been read of a file and not been passed over.
type input struct {
	bytes.Buffer
	r   io.Reader
	at  int64 // offset in the file
	eof bool
	err error // a fault in reading
}

// more reads more, and reports whether there was more. It may move the bytes.
func (in *input) more() bool {
	for !in.eof && in.err == nil {
		in.Grow(16 << 10)
		room := in.AvailableBuffer()
		n, err := in.r.Read(room[:cap(room)])
		in.Write(room[:n])
		if in.eof = err == io.EOF; !in.eof {
			in.err = err
		}
		if n > 0 {
			return true
		}
	}
	return false
}

// skip passes over n bytes.
func (in *input) skip(n int) {
	in.at += int64(n)
	in.Next(n)
}

// A message is a head or a body, and what became of it.
type message struct {
	outcome
	what    string                 // request, response, trailer, body or tunnel
	at      int64                  // offset of its first byte in the file
	err     error                  // why it is not complete, or else why it is rejected
	explain func(err error) string // puts err into words
	framing picohttp.Framing
	size    int64 // of the content in a body, in bytes; -1 for a head
}

// next passes over the head or the chunked body at the start of an input, if it is complete.
func (m *messageFlags) next(in *input) message {
	switch m.kind {
	case "request":
		return m.request(in)
	case "response":
		return m.response(in)
	case "trailer":
		var t picohttp.Trailer
		m.parser.ParseTrailer(&t, nil)
		return m.head(in, &t)
	}
	return m.body(in, picohttp.Framing{Body: picohttp.BodyChunked})
}

func (m *messageFlags) request(in *input) message {
	var r picohttp.Request
	m.parser.ParseRequest(&r, nil) // sets the profile and the limits for Resume
	j := m.head(in, &r)
	if j.err != nil {
		return j
	}
	var err error
	j.framing, err = r.Framing()
	j.Framing = m.framingOf(j.framing, err)
	host, err := r.Host()
	j.Host = resultOf(new(latin1(host)), err)
	verdict, err := r.Check()
	j.err, j.Check = err, resultOf(nil, err)
	if !slices.Contains([]error{picohttp.ErrHostMissing, picohttp.ErrHostRepeated, picohttp.ErrHost,
		picohttp.ErrTargetForm, picohttp.ErrAuthority}, err) {
		err = nil // it is not about where the request goes
	}
	j.Authority = resultOf(new(latin1(verdict.Authority)), err)
	j.Method, j.Target, j.Minor = text(r.Method()), text(r.Target()), new(r.Minor())
	j.Form, j.Path, j.Query = new(verdict.Form.String()), text(r.Path()), text(r.Query())
	return j
}

func (m *messageFlags) response(in *input) message {
	var r picohttp.Response
	m.parser.ParseResponse(&r, nil)
	j := m.head(in, &r)
	if j.err == nil {
		j.framing, j.err = r.Framing(m.method)
		j.Framing = m.framingOf(j.framing, j.err)
		j.Minor, j.StatusCode, j.Reason = new(r.Minor()), new(r.Status()), new(latin1(r.Reason()))
	}
	return j
}

// A head is a Request, a Response or a Trailer.
type head interface {
	Resume(b []byte) (n int, err error)
	Fields() iter.Seq2[[]byte, []byte]
	Deviations() picohttp.Deviations
	Explain(err error) string
}

// head parses a head. It reads more only while the head is incomplete, or to show the byte
// that exceeds a limit. So the input holds little more than the longest head that is accepted.
func (m *messageFlags) head(in *input, h head) message {
	n, err := h.Resume(in.Bytes())
	for more := true; more && (err == picohttp.ErrIncomplete || err != nil && n == in.Len()); {
		more = in.more()
		n, err = h.Resume(in.Bytes()) // also without more, because the bytes may have moved
	}
	j := message{what: m.kind, at: in.at, err: err, explain: h.Explain, size: -1}
	j.outcome = m.outcomeOf(int64(n), err)
	if err == nil {
		j.Fields, j.Deviations = fieldsOf(h), codes(h.Deviations())
		in.skip(n)
	}
	return j
}

// body passes over a body up to its end, or to the first byte that cannot be right.
func (m *messageFlags) body(in *input, f picohttp.Framing) message {
	hold := m.kind == "chunked" && m.asJSON
	c := picohttp.Content{Response: m.kind == "response"}
	j := message{what: "body", at: in.at, explain: c.Explain, framing: f}
	if f.Body == picohttp.BodyTunnel {
		j.what, f.Body = "tunnel", picohttp.BodyUntilClose // which has content
	}
	c.Start(f, &m.parser)
	content := []byte{} // not nil: JSON has an empty one
	for more := true; ; {
		data, n, err := c.Next(in.Bytes())
		j.size += int64(len(data))
		if hold {
			content = append(content, data...)
		}
		in.skip(n)
		switch {
		case err == nil:
			continue
		case err == picohttp.ErrIncomplete && more:
			more = in.more() // and then Next again, even without more, as the bytes may have moved
			continue
		case err == io.EOF, err == picohttp.ErrIncomplete && c.End() == nil:
			err = nil
		}
		j.outcome, j.err = m.outcomeOf(in.at-j.at, err), err
		if err == nil {
			j.Trailers, j.Deviations = fieldsOf(c.Trailer()), codes(c.Deviations())
		}
		if hold && j.Result != "malformed" {
			j.Body = content
		}
		return j
	}
}

// An outcome is what became of a message, as JSON has it. Absent parts are left out. Texts
// are Latin-1: each character is a byte of the message.
type outcome struct {
	Result     string      `json:"result"`
	N          *int64      `json:"n,omitempty"`
	Error      string      `json:"error,omitempty"`
	Status     int         `json:"status,omitempty"`
	Method     *string     `json:"method,omitempty"`
	Target     *string     `json:"target,omitempty"`
	Minor      *int        `json:"minor,omitempty"`
	StatusCode *int        `json:"status_code,omitempty"`
	Reason     *string     `json:"reason,omitempty"`
	Fields     [][2]string `json:"fields,omitzero"`
	Framing    *framing    `json:"framing,omitempty"`
	Host       *result     `json:"host,omitempty"`
	Form       *string     `json:"form,omitempty"`
	Authority  *result     `json:"authority,omitempty"`
	Path       *string     `json:"path,omitempty"`
	Query      *string     `json:"query,omitempty"`
	Check      *result     `json:"check,omitempty"`
	Body       []byte      `json:"body,omitzero"`
	Trailers   [][2]string `json:"trailers,omitzero"`
	Deviations codes       `json:"deviations,omitempty"`
}

// codes are deviations, of which JSON has a list of their codes.
type codes picohttp.Deviations

func (c codes) MarshalJSON() ([]byte, error) {
	return json.Marshal(strings.Split(picohttp.Deviations(c).String(), ", "))
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

// outcomeOf returns the outcome of a message that is complete with n bytes, incomplete, or
// malformed at n.
func (m *messageFlags) outcomeOf(n int64, err error) outcome {
	switch e, malformed := err.(picohttp.Error); {
	case err == nil:
		return outcome{Result: "complete", N: &n}
	case malformed:
		return outcome{Result: "malformed", N: &n, Error: e.Code(), Status: m.status(e)}
	}
	return outcome{Result: "incomplete"}
}

// framingOf returns what Framing says of a message.
func (m *messageFlags) framingOf(f picohttp.Framing, err error) *framing {
	if e, ok := err.(picohttp.Error); ok {
		return &framing{Error: e.Code(), Status: m.status(e)}
	}
	o := &framing{Body: f.Body.String(), KeepAlive: &f.KeepAlive, ExpectContinue: f.ExpectContinue,
		ExpectOther: f.ExpectOther, Upgrade: f.Upgrade, OtherCoding: f.OtherCoding}
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

// resultOf returns the value, or the error if there is one.
func resultOf(value *string, err error) *result {
	if e, ok := err.(picohttp.Error); ok {
		return &result{Error: e.Code()}
	}
	return &result{Value: value}
}

func fieldsOf(h head) [][2]string {
	fields := [][2]string{} // not nil: JSON has an empty list
	for name, value := range h.Fields() {
		fields = append(fields, [2]string{latin1(name), latin1(value)})
	}
	return fields
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

// writeJSON writes o in a line of printable ASCII, in one Write. Package json leaves DEL and
// all beyond ASCII as they are.
func writeJSON(w io.Writer, o outcome) error {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(o) // no outcome is an error
	var line []byte
	for _, r := range b.String() {
		if r <= '~' {
			line = append(line, byte(r))
		} else {
			line = fmt.Appendf(line, `\u%04x`, r)
		}
	}
	_, err := w.Write(line)
	return err
}
