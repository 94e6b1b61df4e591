package picohttp_test

import (
	"fmt"
	"io"
	"strings"

	"github.com/picohttp/picohttp"
)

func ExampleRequest_Parse() {
	b := []byte("GET /index.html HTTP/1.1\r\nHost: www.example.com\r\nAccept: */*\r\n\r\n")

	var r picohttp.Request // ready, and to be used again for the next head
	n, err := r.Parse(b)
	if err != nil {
		fmt.Println(picohttp.Explain(b, n, err))
		return
	}
	fmt.Printf("%s %s, %d octets\n", r.Method(), r.Target(), n)
	for name, value := range r.Fields() {
		fmt.Printf("%s = %s\n", name, value)
	}
	// Output:
	// GET /index.html, 64 octets
	// Host = www.example.com
	// Accept = */*
}

// Reading heads from a connection: the buffer fills up, the parser goes on where
// it stopped, and what is behind a head begins the next.
func ExampleRequest_Resume() {
	var conn io.Reader = sevenOctets{strings.NewReader(
		"GET /1 HTTP/1.1\r\nHost: example.com\r\n\r\n" +
			"GET /2 HTTP/1.1\r\nHost: example.com\r\n\r\n")}

	buf := make([]byte, 0, 16<<10)
	p := picohttp.Parser{MaxHeadBytes: cap(buf)} // a head that fills buf is an Error
	var r picohttp.Request
	for {
		n, err := p.ParseRequest(&r, buf)
		for err == picohttp.ErrIncomplete {
			m, readErr := conn.Read(buf[len(buf):cap(buf)])
			if readErr != nil {
				return // between heads this is the end, within one it is cut off
			}
			buf = buf[:len(buf)+m]
			n, err = r.Resume(buf)
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s %s\n", r.Method(), r.Target())
		buf = append(buf[:0], buf[n:]...)
	}
	// Output:
	// GET /1
	// GET /2
}

// sevenOctets gives seven octets at a time.
type sevenOctets struct{ r io.Reader }

func (c sevenOctets) Read(p []byte) (int, error) { return c.r.Read(p[:min(7, len(p))]) }

// A server answers an Error with its status, and closes the connection.
func ExampleError() {
	p := picohttp.Parser{MaxFields: 1}
	for _, head := range []string{
		"GET / HTTP/1.1\r\nHost : example.com\r\n\r\n",
		"GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\n\r\n",
		"GET / HTTP/2.0\r\n\r\n",
	} {
		var r picohttp.Request
		n, err := p.ParseRequest(&r, []byte(head))
		if e, ok := err.(picohttp.Error); ok {
			fmt.Printf("%d at %d: %s (%s)\n", e.Status(), n, e.Code(), e.Section())
		}
	}
	// Output:
	// 400 at 20: field-name (RFC 9112, section 5.1)
	// 431 at 22: too-many-fields (RFC 6585, section 5)
	// 505 at 11: http-major (RFC 9110, section 15.6.6)
}
