package picohttp_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/picohttp/picohttp"
)

func ExampleRequest_Parse() {
	b := []byte("GET /index.html HTTP/1.1\r\nHost: www.example.com\r\nAccept: */*\r\n\r\n")

	var r picohttp.Request // ready to use; use it again for the next head
	n, err := r.Parse(b)
	if err == nil {
		_, err = r.Check()
	}
	if err != nil {
		fmt.Println(r.Explain(err))
		return
	}
	fmt.Printf("%s %s, %d bytes\n", r.Method(), r.Target(), n)
	for name, value := range r.Fields() {
		fmt.Printf("%s = %s\n", name, value)
	}
	// Output:
	// GET /index.html, 64 bytes
	// Host = www.example.com
	// Accept = */*
}

// This example reads heads from a connection. The buffer fills up, the parser continues where it
// stopped, and the next head begins after the last one.
func ExampleRequest_Resume() {
	var conn io.Reader = sevenBytes{strings.NewReader(
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
				return // the connection has ended, between heads or within one
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

// A server reads pipelined requests with content from a connection. Check says whether a
// request is safe to serve, and Content where the next one begins.
func ExampleRequest_Check() {
	server, client := net.Pipe()
	go func() {
		io.WriteString(client, "POST /length HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\n\r\nhello"+
			"POST /chunks HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n"+
			"6\r\nhello,\r\n6\r\n world\r\n0\r\n\r\n"+
			"GET /both HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n")
		client.Close()
	}()
	serve(server, func(r *picohttp.Request, content []byte) {
		fmt.Printf("%s %s %q\n", r.Method(), r.Path(), content)
	})
	// Output:
	// POST /length "hello"
	// POST /chunks "hello, world"
	// respond with 400 and close: both Transfer-Encoding and Content-Length
}

// serve reads requests from conn until one of them is the last.
func serve(conn net.Conn, handle func(r *picohttp.Request, content []byte)) {
	defer conn.Close()
	const headTime, contentTime = 10 * time.Second, time.Minute
	var (
		buf     = make([]byte, 0, 64<<10) // for a head and its content
		p       = picohttp.Parser{MaxHeadBytes: 16 << 10}
		r       picohttp.Request
		content picohttp.Content
	)
	read := func() (err error) { // more bytes after buf
		n := 0
		if len(buf) == cap(buf) {
			return io.ErrShortBuffer
		}
		n, err = conn.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if n > 0 {
			err = nil
		}
		return err
	}
	for {
		conn.SetReadDeadline(time.Now().Add(headTime))
		n, err := p.ParseRequest(&r, buf)
		for err == picohttp.ErrIncomplete {
			if err = read(); err == nil {
				n, err = r.Resume(buf)
			}
		}
		var verdict picohttp.Verdict
		if err == nil {
			verdict, err = r.Check()
		}
		if e, ok := err.(picohttp.Error); ok {
			fmt.Printf("respond with %d and close: %s\n", e.Status(), strings.TrimPrefix(e.Error(), "picohttp: "))
			return
		} else if err != nil {
			return // the connection has ended or is too slow
		}
		if verdict.Body == picohttp.BodyTunnel {
			fmt.Println("respond with 501 and close")
			return
		}
		if verdict.ExpectContinue {
			io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n")
		}

		// The head stays where it is, so r stays valid. Each piece of content is
		// moved to the start of what is free after it.
		conn.SetReadDeadline(time.Now().Add(contentTime))
		content.Start(verdict.Framing, &p)
		from, to := n, n // content is buf[n:to], and buf[from:] has not been read
		for {
			data, m, err := content.Next(buf[from:])
			to += copy(buf[to:], data)
			from += m
			if err == io.EOF {
				break
			}
			if err == picohttp.ErrIncomplete {
				buf = buf[:to+copy(buf[to:], buf[from:])]
				from = to
				err = read()
			}
			if err != nil {
				return
			}
		}
		handle(&r, buf[n:to])
		if !verdict.KeepAlive {
			return
		}
		buf = buf[:copy(buf, buf[from:])]
	}
}

// A proxy forwards a request: it sends the fields that are end-to-end, and writes the
// others itself.
func ExampleRequest_EndToEnd() {
	b := []byte("GET http://example.com/a?b HTTP/1.1\r\nHost: example.com\r\n" +
		"Connection: X-Trace, close\r\nX-Trace: 1\r\nAccept: */*\r\nTE: trailers\r\n\r\n")
	var r picohttp.Request
	if _, err := r.Parse(b); err != nil {
		fmt.Println(r.Explain(err))
		return
	}
	verdict, err := r.Check()
	if err != nil {
		fmt.Println(r.Explain(err))
		return
	}
	out := append([]byte{}, r.Method()...)
	out = append(out, ' ')
	out = r.AppendOriginForm(out)
	out = append(out, " HTTP/1.1\r\n"...)
	out = picohttp.AppendField(out, []byte("Host"), verdict.Authority)
	for name, value := range r.EndToEnd() {
		if !strings.EqualFold(string(name), "Host") {
			out = picohttp.AppendField(out, name, value)
		}
	}
	out = append(out, "\r\n"...)
	fmt.Printf("to %s:\n%s", verdict.Authority, strings.ReplaceAll(string(out), "\r", ""))
	// Output:
	// to example.com:
	// GET /a?b HTTP/1.1
	// Host: example.com
	// Accept: */*
}

// A scanner reads what a server would reject, and says what is wrong with it.
func ExampleHead_DeviationOffsets() {
	p := picohttp.Parser{Profile: picohttp.Lenient}
	var r picohttp.Request
	if _, err := p.ParseRequest(&r, []byte("GET  /caf\xe9 HTTP/1.1\nHost: a\n\n")); err != nil {
		fmt.Println(err)
	}
	if _, err := p.ParseRequest(&r, []byte("GET  / HTTP/1.1\nHost: a\nX: b,\n c\n\n")); err != nil {
		fmt.Println(err)
		return
	}
	for d, at := range r.DeviationOffsets() {
		fmt.Printf("%s at %d: %s (%s)\n", d.Code(), at, d.Rule(), d.Section())
	}
	x, _ := r.Get("X")
	fmt.Printf("X = %s\n", picohttp.Unfold(nil, x))
	// Output:
	// picohttp: invalid request-target
	// start-line-space at 4: the start-line has more than one SP between its parts, or SP at its end (RFC 9112, section 3)
	// bare-lf at 15: a line ends in LF without CR (RFC 9112, section 2.2)
	// obs-fold at 30: a field value is folded over lines (RFC 9112, section 5.2)
	// X = b, c
}

// A client reads the response to a GET. Informational responses come first, and the
// content may end when the connection does.
func ExampleResponse() {
	b := []byte("HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n" +
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
		"5\r\nhello\r\n0\r\nServer-Timing: db;dur=53\r\n\r\n") // as read from a connection

	var r picohttp.Response
	var framing picohttp.Framing
	for heads := 1; ; heads++ {
		n, err := r.Parse(b) // ErrIncomplete: read more, then Resume
		if err == nil {
			framing, err = r.Framing("GET")
		}
		if err != nil {
			fmt.Println(r.Explain(err))
			return
		}
		fmt.Printf("%d %s\n", r.Status(), r.Reason())
		b = b[n:]
		if r.Status()/100 != 1 || r.Status() == 101 {
			break
		}
		if heads == 10 {
			fmt.Println("too many informational responses")
			return
		}
	}
	content := picohttp.Content{Response: true}
	content.Start(framing, nil)
	for {
		data, n, err := content.Next(b)
		b = b[n:]
		if err == picohttp.ErrIncomplete { // read more; here the connection has ended
			if err = content.End(); err == nil {
				err = io.EOF
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			fmt.Println(content.Explain(err))
			return
		}
		fmt.Printf("%q\n", data)
	}
	timing, _ := content.Trailer().Get("Server-Timing")
	fmt.Printf("Server-Timing: %s\n", timing)
	// Output:
	// 103 Early Hints
	// 200 OK
	// "hello"
	// Server-Timing: db;dur=53
}

// Next returns the content of a chunked body where it is, piece by piece.
func ExampleChunked_Next() {
	var d picohttp.Chunked
	for _, piece := range []string{"6\r\nhel", "lo,\r\n6;why=not\r", "\n world\r\n0\r\n\r\nGET /"} {
		b := []byte(piece) // as read from a connection
		for {
			data, n, err := d.Next(b)
			b = b[n:]
			if err == picohttp.ErrIncomplete {
				break // if b is not empty, read more bytes after it
			}
			if err != nil {
				fmt.Printf("%v, then %q\n", err, b)
				break
			}
			fmt.Printf("%q\n", data)
		}
	}
	// Output:
	// "hel"
	// "lo,"
	// " world"
	// EOF, then "GET /"
}

// sevenBytes returns seven bytes at a time.
type sevenBytes struct{ r io.Reader }

func (c sevenBytes) Read(p []byte) (int, error) { return c.r.Read(p[:min(7, len(p))]) }

// A server responds to an Error with its status, and closes the connection.
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
