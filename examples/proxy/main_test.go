package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/picohttp/picohttp/examples/e2e"
	"github.com/picohttp/picohttp/examples/service"
)

// TestMain can be the proxy itself, for tests that need it as a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("PROXY") != "" {
		main()
		return
	}
	log.SetOutput(io.Discard)
	os.Exit(m.Run())
}

// TestServer runs the suite of all servers on the service, with the proxy before it.
func TestServer(t *testing.T) { e2e.TestThrough(t, startService) }

func TestStop(t *testing.T) { e2e.TestStop(t, startService) }

func startService(t *testing.T, config e2e.Config) (addr string, stop func()) {
	p := New(backend(t, func(c net.Conn) { serveService(c, &config.Limits) }))
	p.Requests, p.Responses = config.Limits.Parser, config.Limits.Parser
	p.MaxClients = 2000
	return e2e.Serve(t, p.Serve)
}

func serveService(conn net.Conn, limits *service.Limits) {
	c := service.Conn{Limits: limits}
	in, out := make([]byte, 0, 300<<10), []byte(nil)
	for {
		m, err := conn.Read(in[len(in):cap(in)])
		if err != nil {
			return
		}
		in = in[:len(in)+m]
		for state := service.Full; state == service.Full; {
			var n int
			n, out, state = c.Serve(in, out[:0])
			in = in[:copy(in, in[n:])]
			if _, err := conn.Write(out); err != nil || state == service.Closed {
				return
			}
		}
	}
}

const patience = 10 * time.Second

// backend starts a backend, which has serve serve each connection, and returns its address.
func backend(t *testing.T, serve func(c net.Conn)) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go accept(l, serve)
	return l.Addr().String()
}

func accept(l net.Listener, serve func(c net.Conn)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		c.SetDeadline(time.Now().Add(3 * patience))
		go func() {
			defer c.Close()
			serve(c)
		}()
	}
}

// start starts a proxy, after it was changed, and returns its address.
func start(t *testing.T, backend string, change func(p *Proxy)) string {
	p := New(backend)
	p.Timeouts.Stop = time.Second
	if change != nil {
		change(p)
	}
	addr, stop := e2e.Serve(t, p.Serve)
	t.Cleanup(stop)
	return addr
}

// startHTTP starts a proxy in front of a handler.
func startHTTP(t *testing.T, h http.HandlerFunc, change func(p *Proxy)) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return start(t, l.Addr().String(), change)
}

// readHead returns the head that comes next, and nothing beyond it.
func readHead(r *bufio.Reader) string {
	var head strings.Builder
	for {
		line, err := r.ReadString('\n')
		head.WriteString(line)
		if err != nil || line == "\r\n" {
			return head.String()
		}
	}
}

// A client is a connection to a proxy.
type client struct {
	t *testing.T
	*net.TCPConn
	r *bufio.Reader
}

func dial(t *testing.T, addr string) *client {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return &client{t, c.(*net.TCPConn), bufio.NewReader(c)}
}

func (c *client) send(format string, args ...any) *client {
	fmt.Fprintf(c, format, args...)
	return c
}

// expect reads a response to a request with that method, and returns its content.
func (c *client) expect(method string, status int) (*http.Response, string) {
	c.t.Helper()
	resp, err := http.ReadResponse(c.r, &http.Request{Method: method})
	if err != nil {
		c.t.Fatalf("no response: %v", err)
	}
	content := ""
	if status/100 != 1 {
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			c.t.Fatalf("content of the %d: %v after %.100q", resp.StatusCode, err, b)
		}
		content = string(b)
	}
	if resp.StatusCode != status {
		c.t.Fatalf("%d %.100q, want %d", resp.StatusCode, content, status)
	}
	return resp, content
}

// expectEnd expects the end of the connection, and nothing before it.
func (c *client) expectEnd() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.r); err != nil || len(rest) > 0 {
		c.t.Errorf("before the end: %.100q, %v", rest, err)
	}
}

const get = "GET / HTTP/1.1\r\nHost: test\r\n\r\n"

// serve has p serve until the test calls stop, after which it gets the result from ended.
func serve(t *testing.T, p *Proxy) (addr string, stop func(), ended chan error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended = make(chan error, 1)
	go func() { ended <- p.Serve(ctx, l) }()
	return l.Addr().String(), stop, ended
}

// TestStopping stops a proxy with one client idle and one that waits for a response.
func TestStopping(t *testing.T) {
	release := make(chan bool)
	addr, stop, ended := serve(t, New(backend(t, func(c net.Conn) {
		for r := bufio.NewReader(c); readHead(r) != ""; {
			<-release
			io.WriteString(c, okay)
		}
	})))
	idle, busy := dial(t, addr), dial(t, addr)
	for _, c := range []*client{idle, busy} {
		c.send(get)
		release <- true
		c.expect("GET", 200)
	}
	busy.send(get)
	time.Sleep(50 * time.Millisecond) // until the backend has it
	stop()
	idle.expectEnd()
	select {
	case <-ended:
		t.Error("the proxy did not wait for a response")
	case <-time.After(50 * time.Millisecond):
	}
	release <- true
	if resp, _ := busy.expect("GET", 200); !resp.Close {
		t.Error("the response does not say that it is the last one")
	}
	busy.expectEnd()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestStopsInTime stops a proxy whose backend does not respond.
func TestStopsInTime(t *testing.T) {
	seen := make(chan bool)
	p := New(backend(t, func(c net.Conn) {
		readHead(bufio.NewReader(c))
		seen <- true
		io.Copy(io.Discard, c)
	}))
	p.Timeouts.Stop = 100 * time.Millisecond
	addr, stop, ended := serve(t, p)
	dial(t, addr).send(get)
	<-seen
	began := time.Now()
	stop()
	if err := <-ended; err != nil || time.Since(began) > patience/2 {
		t.Error(err, time.Since(began))
	}
}

// TestMaxClients has a client wait until another is gone.
func TestMaxClients(t *testing.T) {
	addr := start(t, "127.0.0.1:1", func(p *Proxy) { p.MaxClients = 1 })
	first := dial(t, addr).send(get)
	first.expect("GET", 502)
	second := dial(t, addr).send(get)
	second.SetDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := second.r.Peek(1); err == nil {
		t.Error("there are two at a time")
	}
	first.Close()
	second.SetDeadline(time.Now().Add(patience))
	second.expect("GET", 502)
}
