package main_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/examples/e2e"
	"github.com/picohttp/picohttp/h1"
	"github.com/picohttp/picohttp/internal/vectors"
)

// What is between this comment and the tests is the code of ../../docs/linking.md.

func serve(conn net.Conn) {
	defer conn.Close()
	in := h1.NewReader(conn, &picohttp.Parser{MaxHeadBytes: 16 << 10})
	for keep := true; keep; {
		conn.SetReadDeadline(time.Now().Add(time.Minute)) // for a request to begin
		if in.Wait() != nil {
			return
		}
		conn.SetReadDeadline(time.Now().Add(10 * time.Second)) // for the whole head
		req, verdict, err := in.ReadRequest()
		conn.SetReadDeadline(time.Now().Add(time.Minute)) // for all of the content
		status, text := 0, []byte(nil)
		if err == nil {
			status, text, err = handle(conn, in, req, &verdict)
		}
		var fault picohttp.Error
		switch {
		case errors.As(err, &fault):
			status = fault.Status()
			log.Print(in.Explain(err))
		case errors.Is(err, os.ErrDeadlineExceeded):
			status = 408
		case err != nil:
			return // the client is gone
		}
		keep = err == nil && verdict.KeepAlive && in.Discard(64<<10) == nil
		if respond(conn, req, status, text, keep) != nil {
			return
		}
	}
	linger(conn)
}

// handle responds with the content of the request.
func handle(conn net.Conn, in *h1.Reader, req *picohttp.Request, verdict *picohttp.Verdict) (status int, text []byte, err error) {
	const most = 1 << 20 // bytes of content; nothing else limits it
	switch {
	case verdict.Body == picohttp.BodyTunnel:
		return 501, nil, nil // a CONNECT is for proxies
	case verdict.Length > most:
		return 413, nil, nil
	case verdict.ExpectContinue:
		conn.SetWriteDeadline(time.Now().Add(20 * time.Second)) // the last one may have passed
		io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n")
	}
	text, err = io.ReadAll(io.LimitReader(in, most+1))
	if len(text) > most {
		return 413, nil, nil
	}
	return 200, text, err
}

func respond(conn net.Conn, req *picohttp.Request, status int, text []byte, keep bool) error {
	connection := "close"
	if keep {
		connection = "keep-alive" // which HTTP/1.0 clients wait for
	}
	b := fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\nConnection: %s\r\n\r\n",
		status, http.StatusText(status), len(text), connection)
	if req == nil || string(req.Method()) != "HEAD" {
		b = append(b, text...)
	}
	conn.SetWriteDeadline(time.Now().Add(20 * time.Second))
	_, err := conn.Write(b)
	return err
}

// linger lets the response arrive before the connection is closed.
func linger(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok && tcp.CloseWrite() == nil {
		tcp.SetReadDeadline(time.Now().Add(time.Second))
		io.Copy(io.Discard, tcp)
	}
}

type patientConn struct {
	net.Conn
	left time.Duration // for which the client may keep us waiting
}

func (c *patientConn) Read(p []byte) (int, error) {
	began := time.Now()
	c.SetReadDeadline(began.Add(c.left))
	n, err := c.Conn.Read(p)
	c.left += time.Duration(n)*time.Millisecond - time.Since(began)
	c.left = min(c.left, 20*time.Second)
	return n, err
}

// readHead reads a head to the start of buf, which holds what has arrived after the last
// message. It returns the buffer and the length of the head.
func readHead(conn net.Conn, r *picohttp.Request, buf []byte) ([]byte, int, error) {
	const idle, head = time.Minute, 10 * time.Second // for a head to begin, and for all of it
	wait := idle
	if len(buf) > 0 {
		wait = head
	}
	conn.SetReadDeadline(time.Now().Add(wait))
	p := picohttp.Parser{MaxHeadBytes: cap(buf)} // a head that fills buf is an Error
	n, err := p.ParseRequest(r, buf)
	for err == picohttp.ErrIncomplete {
		m, readErr := conn.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+m]
		if m == 0 && readErr != nil {
			return buf, 0, readErr // buf is empty between requests
		}
		if wait == idle {
			wait = head
			conn.SetReadDeadline(time.Now().Add(wait))
		}
		n, err = r.Resume(buf)
	}
	if err == nil {
		_, err = r.Check() // a server must not act on a request before
	}
	return buf, n, err
}

// nextContent returns a piece of content, which is valid until the next call.
func (c *connection) nextContent() (piece []byte, err error) {
	for {
		data, n, err := c.content.Next(c.unread)
		c.unread = c.unread[n:]
		if err != picohttp.ErrIncomplete {
			return data, err // io.EOF at the end
		}
		switch err := c.readMore(); { // more bytes after c.unread
		case err == io.EOF && c.content.End() == nil:
			return nil, io.EOF // such content ends with the connection
		case err == io.EOF:
			return nil, io.ErrUnexpectedEOF // cut off is not complete
		case err != nil:
			return nil, err
		}
	}
}

// A connection is what nextContent reads from.
type connection struct {
	net.Conn
	content picohttp.Content
	unread  []byte
}

func (c *connection) readMore() error {
	var b [100]byte
	n, err := c.Read(b[:])
	c.unread = append(c.unread[:len(c.unread):len(c.unread)], b[:n]...)
	if n > 0 {
		err = nil
	}
	return err
}

func keep(req *picohttp.Request) picohttp.Request {
	kept := *req
	kept.Move(bytes.Clone(req.Bytes()))
	return kept
}

// appendRequest appends the head of a request for the next server.
func appendRequest(b []byte, r *picohttp.Request, v *picohttp.Verdict) []byte {
	b = append(b, r.Method()...)
	b = append(b, ' ')
	b = r.AppendOriginForm(b)
	b = append(b, " HTTP/1.1\r\n"...)
	b = picohttp.AppendField(b, []byte("Host"), v.Authority)
	for name, value := range r.EndToEnd() {
		if !bytes.EqualFold(name, []byte("Host")) {
			b = picohttp.AppendField(b, name, value)
		}
	}
	switch {
	case v.Body == picohttp.BodyChunked:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case v.ContentLength >= 0:
		b = fmt.Appendf(b, "Content-Length: %d\r\n", v.ContentLength)
	}
	return append(b, "\r\n"...)
}

func parseCGI(output []byte) (string, []byte, error) {
	p := picohttp.Parser{Profile: picohttp.Lenient, AllowTrailer: picohttp.BareLF | picohttp.ObsFold}
	var t picohttp.Trailer
	n, err := p.ParseTrailer(&t, output)
	if err != nil {
		return "", nil, err // ErrIncomplete: read more, and call t.Resume
	}
	status, _ := t.Get("Status")
	return string(status), output[n:], nil
}

// TestLinking compares the code in docs/linking.md with that above.
func TestLinking(t *testing.T) {
	source, err := os.ReadFile("linking_test.go")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../docs/linking.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "```go\n")[1:]
	if len(blocks) < 9 {
		t.Errorf("only %d blocks", len(blocks))
	}
	for _, block := range blocks {
		block, _, _ = strings.Cut(block, "```")
		indented := "\t" + strings.ReplaceAll(strings.TrimSuffix(block, "\n"), "\n", "\n\t") + "\n"
		if !strings.Contains(string(source), "\n"+block) && !strings.Contains(string(source), "\n"+indented) {
			t.Errorf("not compiled here:\n%s", block)
		}
	}
}

// serveByHand is serve without h1.
func serveByHand(conn net.Conn) {
	defer conn.Close()
	var r picohttp.Request
	unread := []byte(nil)
	for keep := true; keep; {
		buf, n, err := readHead(conn, &r, append(make([]byte, 0, 16<<10), unread...))
		verdict, _ := r.Check()
		if verdict.ExpectContinue && n == len(buf) {
			io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n")
		}
		c := connection{Conn: conn, unread: buf[n:]}
		c.content.Start(verdict.Framing, nil)
		text, piece := []byte(nil), []byte(nil)
		for err == nil {
			piece, err = c.nextContent()
			text = append(text, piece...)
		}
		status := 200
		if fault, ok := err.(picohttp.Error); ok {
			status = fault.Status()
		} else if err != io.EOF || n == 0 {
			return
		}
		keep = err == io.EOF && verdict.KeepAlive
		if respond(conn, &r, status, text, keep) != nil {
			return
		}
		unread = c.unread
	}
	linger(conn)
}

// servePatiently is serve on a patientConn.
func servePatiently(conn net.Conn) {
	c := &patientConn{Conn: conn, left: 300 * time.Millisecond}
	in := h1.NewReader(c, nil)
	if req, _, err := in.ReadRequest(); err == nil {
		if text, err := io.ReadAll(in); err == nil {
			respond(conn, req, 200, text, false)
		}
	}
	conn.Close()
}

// exchange has serve serve a connection, sends a request in pieces with time between them, and
// returns all that comes back.
func exchange(t *testing.T, serve func(net.Conn), pause time.Duration, request ...string) string {
	l := e2e.Listen(t)
	client := e2e.Dial(t, l.Addr().String())
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	go serve(server)
	go func() {
		for i, piece := range request {
			if i > 0 {
				time.Sleep(pause)
			}
			client.Send(piece)
		}
	}()
	response, _ := io.ReadAll(client)
	return string(response)
}

func TestLinkedServers(t *testing.T) {
	log.SetOutput(io.Discard)
	defer log.SetOutput(os.Stderr)
	all, err := vectors.Read("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for name, serve := range map[string]func(net.Conn){"h1": serve, "by hand": serveByHand} {
		for _, v := range all {
			if only := v.Word("server"); only != "" && only != name {
				continue
			}
			half := len(v.Input) / 2
			for _, pieces := range [][]string{{string(v.Input)}, {string(v.Input[:half]), string(v.Input[half:])}} {
				if got, want := exchange(t, serve, 10*time.Millisecond, pieces...), e2e.Text(v, "want"); got != want {
					t.Errorf("%s, %s:\n%q\nwant\n%q", name, v.Name, got, want)
				}
			}
		}
		const head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
		const want = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
		if got := exchange(t, serve, 50*time.Millisecond, head, "hello"); got != want {
			t.Errorf("%s: %q\nwant\n%q", name, got, want)
		}
	}
}

// TestPatientConn sends content of 20 pieces: 20 bytes a second are cut off, and 20 KB are not.
func TestPatientConn(t *testing.T) {
	for _, piece := range []string{"x", strings.Repeat("x", 1000)} {
		request := []string{fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 20*len(piece))}
		request = append(request, slices.Repeat([]string{piece}, 20)...)
		began := time.Now()
		got := exchange(t, servePatiently, 50*time.Millisecond, request...)
		if took := time.Since(began); (got == "") != (len(piece) == 1) || (got == "") != (took < 900*time.Millisecond) {
			t.Errorf("%.50q after %v", got, took)
		}
	}
}

// TestAppendRequest forwards what Lenient has accepted.
func TestAppendRequest(t *testing.T) {
	p := picohttp.Parser{Profile: picohttp.Lenient}
	var r picohttp.Request
	_, err := p.ParseRequest(&r, []byte("POST http://a/b?c HTTP/1.1\r\nHost: a\r\nConnection: Z\r\nZ: 5\r\n"+
		"Trailer: T\r\nTransfer-Encoding: chunked\r\nX: 1\x012\r\nY: 3\r\n 4\r\n\r\n"))
	if err != nil {
		t.Fatal(r.Explain(err))
	}
	v, err := r.Check()
	if err != nil {
		t.Fatal(r.Explain(err))
	}
	copied := keep(&r)
	r.Reset()
	const want = "POST /b?c HTTP/1.1\r\nHost: a\r\nTrailer: T\r\nX: 1 2\r\nY: 3 4\r\nTransfer-Encoding: chunked\r\n\r\n"
	if got := string(appendRequest(nil, &copied, &v)); got != want {
		t.Errorf("%q\nwant\n%q", got, want)
	}
}

func TestCGI(t *testing.T) {
	status, content, err := parseCGI([]byte("Content-Type: text/plain\nStatus: 404 Not Found\nX: a\n b\n\nnobody\n"))
	if status != "404 Not Found" || string(content) != "nobody\n" || err != nil {
		t.Errorf("%q, %q, %v", status, content, err)
	}
	if _, _, err := parseCGI([]byte("Status: 200 OK\n")); err != picohttp.ErrIncomplete {
		t.Error(err)
	}
}
