// Package broken is a parser of HTTP/1.1 requests with three faults, each of a
// kind that has let requests be smuggled. It is there to be fuzzed: the README of
// the module says how.
package broken

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
)

var ErrMalformed = errors.New("malformed request")

type Request struct {
	Method, Target string
	Fields         [][2]string
	Chunked        bool
	Length         int // of the body, if there is a Content-Length
	Body           []byte
}

// Parse reads a request from the start of b and returns its length, or
// io.ErrUnexpectedEOF if it continues after b.
func Parse(b []byte) (r Request, n int, err error) {
	head, _, whole := bytes.Cut(b, []byte("\r\n\r\n"))
	lines := strings.Split(string(head), "\r\n")
	words := strings.Split(lines[0], " ")
	if !whole {
		return r, 0, io.ErrUnexpectedEOF
	} else if len(words) != 3 || !token(words[0]) || words[1] == "" || words[2] != "HTTP/1.1" {
		return r, 0, ErrMalformed
	}
	r.Method, r.Target = words[0], words[1]
	for _, line := range lines[1:] {
		name, value, colon := strings.Cut(line, ":")
		if !colon || !token(name) || strings.ContainsAny(value, "\x00\n") {
			return r, 0, ErrMalformed
		}
		value = strings.Trim(value, " \t")
		r.Fields = append(r.Fields, [2]string{name, value})
		switch strings.ToLower(name) {
		case "content-length":
			r.Length, err = number(value, 10)
		case "transfer-encoding":
			if r.Chunked = value == "chunked"; !r.Chunked {
				err = ErrMalformed
			}
		}
		if err != nil || r.Chunked && r.Length > 0 {
			return r, 0, ErrMalformed
		}
	}
	n = len(head) + 4
	for size := -1; r.Chunked && size != 0; {
		line, _, whole := bytes.Cut(b[n:], []byte("\r\n"))
		n += len(line) + 2
		if size, err = number(string(line), 16); whole && err != nil {
			return r, 0, ErrMalformed
		} else if !whole || len(b)-n < size+2 {
			return r, 0, io.ErrUnexpectedEOF
		} else if string(b[n+size:n+size+2]) != "\r\n" {
			return r, 0, ErrMalformed
		}
		r.Body = append(r.Body, b[n:n+size]...)
		n += size + 2
	}
	if len(b)-n < r.Length {
		return r, 0, io.ErrUnexpectedEOF
	}
	r.Body = append(r.Body, b[n:n+r.Length]...)
	return r, n + r.Length, nil
}

func number(s string, base int) (int, error) {
	n, err := strconv.ParseUint(s, base, 64)
	return int(uint32(n)), err
}

func token(s string) bool {
	const others = "!#$%&'*+-.^_`|~0123456789"
	return s != "" && strings.Trim(s, others+"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}
