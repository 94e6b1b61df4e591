//go:build linking

package linking

import (
	"context"
	"io"
	"log"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/examples/e2e"
	"github.com/picohttp/picohttp/examples/server"
	"github.com/picohttp/picohttp/h1"
	"github.com/picohttp/picohttp/internal/vectors"
)

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

// serveByHand is serve without h1.
func serveByHand(conn net.Conn) {
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
	c := &patientConn{Conn: conn, left: time.Second}
	in := h1.NewReader(c, nil)
	if req, _, err := in.ReadRequest(); err == nil {
		if text, err := io.ReadAll(in); err == nil {
			respond(conn, req, 200, text, false)
		}
	}
}

func TestServers(t *testing.T) {
	log.SetOutput(io.Discard)
	servers := map[string]func(net.Conn){"h1": serve, "hand": serveByHand, "patient": servePatiently}
	for name, serve := range servers {
		t.Run(name, func(t *testing.T) {
			e2e.Conversations(t, "testdata", func(t *testing.T, v vectors.Vector, _ string) (string, func()) {
				only := e2e.Text(v, "only")
				unknown := only
				for name := range servers {
					unknown = strings.ReplaceAll(unknown, name, "")
				}
				if unknown != "" || only == "" {
					t.Errorf("only: %q, which no server is called", unknown)
				} else if !strings.Contains(only, name) {
					t.SkipNow()
				}
				return e2e.Serve(t, func(ctx context.Context, l net.Listener) error {
					return server.Serve(ctx, l, 10, serve)
				})
			})
		})
	}
}

// TestAppendRequest forwards what Lenient has accepted.
func TestAppendRequest(t *testing.T) {
	p := picohttp.Parser{Profile: picohttp.Lenient}
	var r picohttp.Request
	p.ParseRequest(&r, []byte("POST http://a/b?c HTTP/1.1\r\nHost: a\r\nConnection: Z\r\nZ: 5\r\n"+
		"Trailer: T\r\nTransfer-Encoding: chunked\r\nX: 1\x012\r\nY: 3\r\n 4\r\n\r\n"))
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
