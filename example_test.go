package picohttp_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

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

// A server reads pipelined requests with bodies from a connection: Framing says
// where each body ends, and so where the next request begins.
func ExampleRequest_Framing() {
	server, client := net.Pipe()
	go func() {
		io.WriteString(client, "POST /length HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\n\r\nhello"+
			"POST /chunks HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n"+
			"6\r\nhello,\r\n6\r\n world\r\n0\r\n\r\n"+
			"GET /both HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n")
		client.Close()
	}()
	serve(server, func(r *picohttp.Request, body io.Reader) {
		content, err := io.ReadAll(body)
		fmt.Printf("%s %s %q %v\n", r.Method(), r.Target(), content, err)
	})
	// Output:
	// POST /length "hello" <nil>
	// POST /chunks "hello, world" <nil>
	// answer 400 and close: ambiguous-length
}

// serve reads requests from conn until one of them is the last.
func serve(conn net.Conn, handle func(r *picohttp.Request, body io.Reader)) {
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 16<<10) // a head has to fit
	p := picohttp.Parser{MaxHeadBytes: in.Size()}
	var r picohttp.Request
	for {
		conn.SetReadDeadline(time.Now().Add(time.Minute))
		framing, err := readHead(in, &p, &r)
		if e, malformed := err.(picohttp.Error); malformed {
			fmt.Printf("answer %d and close: %s\n", e.Status(), e.Code())
			return
		} else if err != nil {
			return // between requests this is the end
		}
		var body io.Reader = http.NoBody
		switch {
		case framing.OtherCoding, framing.Body == picohttp.BodyTunnel:
			fmt.Println("answer 501 and close")
			return
		case framing.Body == picohttp.BodyLength:
			body = &exactly{in, framing.Length}
		case framing.Body == picohttp.BodyChunked:
			body = picohttp.NewChunkedReader(in, &p)
		}
		if framing.ExpectContinue { // or when the handler begins to read
			io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n")
		}
		// What r has aliases the buffer of in: it is good until the body
		// is read. A handler that needs it longer copies it.
		handle(&r, body)
		if !framing.KeepAlive {
			return
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			return // what the handler left of the body is in the way
		}
	}
}

// exactly reads n octets: an end that comes before is not io.EOF.
type exactly struct {
	r *bufio.Reader
	n int64
}

func (e *exactly) Read(p []byte) (n int, err error) {
	if e.n == 0 {
		return 0, io.EOF
	}
	n, err = e.r.Read(p[:min(int64(len(p)), e.n)])
	if e.n -= int64(n); err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// readHead reads one head. It is consumed, but what r has stays until in is read
// from again.
func readHead(in *bufio.Reader, p *picohttp.Parser, r *picohttp.Request) (picohttp.Framing, error) {
	b, _ := in.Peek(in.Buffered())
	n, err := p.ParseRequest(r, b)
	for err == picohttp.ErrIncomplete {
		if _, readErr := in.Peek(len(b) + 1); readErr != nil {
			return picohttp.Framing{}, readErr
		}
		b, _ = in.Peek(in.Buffered())
		n, err = r.Resume(b)
	}
	if err != nil {
		return picohttp.Framing{}, err
	}
	if _, err := r.Host(); err != nil {
		return picohttp.Framing{}, err
	}
	in.Discard(n)
	return r.Framing()
}

// A scanner reads what a server would refuse, and says what is wrong with it.
func ExampleRequest_Deviations() {
	p := picohttp.Parser{Profile: picohttp.Lenient}
	var r picohttp.Request
	if _, err := p.ParseRequest(&r, []byte("GET  /caf\xe9 HTTP/1.1\nHost: a\n\n")); err != nil {
		fmt.Println(err)
	}
	if _, err := p.ParseRequest(&r, []byte("GET  / HTTP/1.1\nHost: a\nX: b,\n c\n\n")); err != nil {
		fmt.Println(err)
		return
	}
	for d := range r.Deviations().All() {
		fmt.Printf("%s: %s (%s)\n", d.Code(), d.Rule(), d.Section())
	}
	x, _ := r.Get("X")
	fmt.Printf("X = %s\n", picohttp.Unfold(nil, x))
	// Output:
	// picohttp: the request-target is visible ASCII with one space behind it
	// bare-lf: a line ends in LF without CR (RFC 9112, section 2.2)
	// obs-fold: a field value is folded over lines (RFC 9112, section 5.2)
	// start-line-space: the start-line has more than one SP between its parts, or SP at its end (RFC 9112, section 3)
	// X = b, c
}

// A client reads the response to a GET: informational ones come first, and the
// body may end with the connection.
func ExampleResponse() {
	in := bufio.NewReader(strings.NewReader(
		"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n" +
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
			"5\r\nhello\r\n0\r\nServer-Timing: db;dur=53\r\n\r\n"))

	var r picohttp.Response
	for {
		b, _ := in.Peek(in.Buffered())
		n, err := r.Parse(b)
		for err == picohttp.ErrIncomplete {
			if _, readErr := in.Peek(len(b) + 1); readErr != nil {
				fmt.Println("cut off:", readErr)
				return
			}
			b, _ = in.Peek(in.Buffered())
			n, err = r.Resume(b)
		}
		if err != nil {
			fmt.Println(picohttp.Explain(b, n, err))
			return
		}
		fmt.Printf("%d %s\n", r.Status(), r.Reason())
		framing, err := r.Framing("GET")
		if err != nil {
			fmt.Println(picohttp.Explain(b, n, err))
			return
		}
		in.Discard(n)
		switch framing.Body {
		case picohttp.BodyNone:
			if r.Status()/100 == 1 && r.Status() != 101 {
				continue // the final response is still to come
			}
		case picohttp.BodyLength:
			content, err := io.ReadAll(&exactly{in, framing.Length})
			fmt.Printf("%q %v\n", content, err)
		case picohttp.BodyUntilClose:
			content, _ := io.ReadAll(in)
			fmt.Printf("%q\n", content)
		case picohttp.BodyChunked:
			body := picohttp.NewChunkedReader(in, nil)
			content, err := io.ReadAll(body)
			fmt.Printf("%q %v\n", content, err)
			timing, _ := body.Trailer().Get("Server-Timing")
			fmt.Printf("Server-Timing: %s\n", timing)
		}
		return
	}
	// Output:
	// 103 Early Hints
	// 200 OK
	// "hello" <nil>
	// Server-Timing: db;dur=53
}

// Next hands out the content of a chunked body where it lies.
func ExampleChunked_Next() {
	var d picohttp.Chunked
	for _, piece := range []string{"6\r\nhel", "lo,\r\n6;why=not\r", "\n world\r\n0\r\n\r\nGET /"} {
		b := []byte(piece) // as read from a connection
		for {
			data, n, err := d.Next(b)
			b = b[n:]
			if err == picohttp.ErrIncomplete {
				break // if b is not empty, what is read next goes behind it
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
