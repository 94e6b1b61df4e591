package main

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/picohttp/picohttp"
)

// An outcome is what is said of a message in JSON. Absent parts are left out.
type outcome struct {
	Result string      `json:"result"`
	N      *int        `json:"n,omitempty"`
	Error  string      `json:"error,omitempty"`
	Status int         `json:"status,omitempty"`
	Method string      `json:"method,omitempty"`
	Target string      `json:"target,omitempty"`
	Minor  *int        `json:"minor,omitempty"`
	Fields [][2]string `json:"fields,omitzero"`
	Host   *host       `json:"host,omitempty"`
}

type host struct {
	Value *string `json:"value,omitempty"`
	Error string  `json:"error,omitempty"`
}

// outcomeOf says what became of r, for which Parse answered n and err.
func outcomeOf(r *picohttp.Request, n int, err error) outcome {
	switch err := err.(type) {
	case nil:
	case picohttp.Error:
		return outcome{Result: "malformed", N: &n, Error: err.Code(), Status: err.Status()}
	default:
		return outcome{Result: "incomplete"}
	}
	minor := r.Minor()
	o := outcome{
		Result: "complete",
		N:      &n,
		Method: latin1(r.Method()),
		Target: latin1(r.Target()),
		Minor:  &minor,
		Fields: make([][2]string, 0, r.NumFields()),
		Host:   new(host),
	}
	for name, value := range r.Fields() {
		o.Fields = append(o.Fields, [2]string{latin1(name), latin1(value)})
	}
	if value, err := r.Host(); err != nil {
		o.Host.Error = err.(picohttp.Error).Code()
	} else {
		s := latin1(value)
		o.Host.Value = &s
	}
	return o
}

// latin1 returns the characters whose numbers are the octets of b.
func latin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// writeJSON writes v in a line, in one Write.
func writeJSON(w io.Writer, v any) error {
	var line bytes.Buffer
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(line.Bytes())
	return err
}
