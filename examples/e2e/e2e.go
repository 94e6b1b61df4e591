// Package e2e tests a server of examples/service from outside, over loopback. An example has
// it do so in its own test, of a server in the same process:
//
//	func TestServer(t *testing.T) { e2e.Test(t, start) }
//
// The client side is package net, and net/http to read responses, or a program. picohttp is
// asked only what it says of the same bytes.
package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/picohttp/picohttp/examples/service"
	"github.com/picohttp/picohttp/internal/vectors"
)

// A Config is what a test asks of a server.
type Config struct {
	Limits   service.Limits
	Timeouts service.Timeouts
}

// A Start starts a server on a loopback port. stop ends it and waits until it has ended, not
// longer than a few seconds.
type Start func(t *testing.T, config Config) (addr string, stop func())

// Serve is a Start for a server that serves a listener until ctx is done.
func Serve(t *testing.T, serve func(ctx context.Context, l net.Listener) error) (addr string, stop func()) {
	l := Listen(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- serve(ctx, l) }()
	return l.Addr().String(), func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// Listen listens on a loopback port until the test ends.
func Listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// Need skips a test if a command is not there. In CI that is a failure: ../get.sh installs all
// of them.
func Need(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err == nil {
			continue
		}
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not there, and CI must have it: see get.sh", name)
		}
		t.Skipf("%s is not there: see get.sh", name)
	}
}

// Test runs the suite. It takes less than a minute, and much less with -short.
func Test(t *testing.T, start Start) {
	TestThrough(t, start)
	t.Run("limits", func(t *testing.T) {
		s := begin(t, start, Config{Limits: service.Limits{MaxBody: 1000, MaxUnread: 2000, MaxOut: 100}})
		t.Run("Bodies", s.testLimits)
		t.Run("Pipelined", s.testPipelined) // Full all the time
	})
	t.Run("timeouts", func(t *testing.T) {
		s := begin(t, start, Config{Timeouts: service.Timeouts{Head: short, Idle: 4 * short, Body: short, Write: short, MinRate: 100}})
		t.Run("Slow", s.testSlow)
		t.Run("NonReader", s.testNonReader)
	})
}

// TestThrough runs the part of the suite that a server passes behind a proxy, too. Limits and
// timeouts are the proxy's own.
func TestThrough(t *testing.T, start Start) {
	s := begin(t, start, Config{})
	t.Run("Curl", s.testCurl)
	t.Run("Clients", s.testClients)
	t.Run("Vectors", s.testVectors)
	t.Run("Cuts", s.testCuts)
	t.Run("Pipelined", s.testPipelined)
	t.Run("Connections", s.testConnections)
	t.Run("Continue", s.testContinue)
	t.Run("Malformed", s.testMalformed)
	t.Run("Heap", s.testHeap)
	t.Run("SlowReader", s.testSlowReader)
}

// TestStop tests that a server which stops closes what is idle, and responds to what is under
// way.
func TestStop(t *testing.T, start Start) {
	addr, stop := start(t, Config{})
	s := server{addr}
	idle, busy := s.dial(t), s.dial(t)
	idle.Send(get)
	busy.Send(get + "GET / HTTP/1.1\r\nHo")
	idle.Expect("GET", 200)
	busy.Expect("GET", 200)
	stopped := make(chan bool)
	go func() { stop(); close(stopped) }()
	idle.ExpectEOF()
	select {
	case <-stopped:
		t.Error("stopped with a request under way")
	case <-time.After(50 * time.Millisecond):
	}
	busy.Send("st: e2e\r\n\r\n")
	if r := busy.Expect("GET", 200); !r.Close {
		t.Error("the last response does not say that it is the last")
	}
	busy.ExpectEOF()
	<-stopped
	if conn, err := net.Dial("tcp", addr); err == nil {
		conn.Close()
		t.Error("somebody still listens")
	}
}

// A server is one under test.
type server struct{ addr string }

func begin(t *testing.T, start Start, config Config) server {
	addr, stop := start(t, config)
	t.Cleanup(stop)
	return server{addr}
}

// patience is how long any response may take.
const patience = 10 * time.Second

func (s server) dial(t testing.TB) *Client { return Dial(t, s.addr) }

// A Client is a connection to a server.
type Client struct {
	t testing.TB
	*net.TCPConn
	R *bufio.Reader
}

// Dial connects to a server until the test ends.
func Dial(t testing.TB, addr string) *Client {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return &Client{t, conn.(*net.TCPConn), bufio.NewReader(conn)} // TCP_NODELAY is set
}

// Send writes text. That it fails may be all right if the server has responded before it had
// everything, so the response decides.
func (c *Client) Send(text string) *Client {
	c.SetDeadline(time.Now().Add(patience))
	io.WriteString(c, text)
	return c
}

type Response struct {
	Status          int
	Header, Trailer http.Header
	Close           bool
	Content         string
}

// ReadResponse reads the response to a request with that method. It does not fail the test.
func (c *Client) ReadResponse(method string) (Response, error) {
	r, err := http.ReadResponse(c.R, &http.Request{Method: method})
	if err != nil {
		return Response{}, err
	}
	content, err := io.ReadAll(r.Body)
	return Response{r.StatusCode, r.Header, r.Trailer, r.Close, string(content)}, err
}

// Expect reads a response, and fails the test if there is none with that status. 0 is any.
func (c *Client) Expect(method string, status int) Response {
	c.t.Helper()
	r, err := c.ReadResponse(method)
	if err != nil || status != 0 && r.Status != status {
		c.t.Fatalf("%d, want %d: %.100q, %v", r.Status, status, r.Content, err)
	}
	return r
}

// ExpectEOF fails the test if the server does not close, or sends more before.
func (c *Client) ExpectEOF() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.R); err != nil || len(rest) > 0 {
		c.t.Fatalf("want the end: %.100q, %v", rest, err)
	}
}

const (
	get      = "GET / HTTP/1.1\r\nHost: e2e\r\n\r\n"
	getClose = "GET / HTTP/1.1\r\nHost: e2e\r\nConnection: close\r\n\r\n"

	postChunked = "POST /echo HTTP/1.1\r\nHost: e2e\r\nTransfer-Encoding: chunked\r\n"
)

// post returns a request with that content.
func post(path, content string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: e2e\r\nContent-Length: %d\r\n\r\n%s", path, len(content), content)
}

// chunked returns a request with that content in n chunks.
func chunked(path, content string, n int) string {
	return "POST " + path + " HTTP/1.1\r\nHost: e2e\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(content, n) + "0\r\n\r\n"
}

// Text returns what the lines of a vector with that key stand for.
func Text(v vectors.Vector, key string) string {
	text := ""
	for _, line := range v.Lines {
		if line.Key == key {
			text += strings.Join(line.Words, "")
		}
	}
	return text
}
