// Package e2e tests a server of examples/service from outside, over loopback. An
// example has it do so in its own test, of a server in the same process:
//
//	func TestServer(t *testing.T) { e2e.Test(t, start) }
//
// The client side is package net, and net/http to read responses: picohttp plays
// a part only where a test asks what it says of the same bytes.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/picohttp/picohttp/examples/service"
)

// A Config is what a test asks of a server.
type Config struct {
	Limits   service.Limits
	Timeouts service.Timeouts
}

// A Start starts a server on a loopback port. stop ends it and waits until it has
// ended, not longer than a few seconds.
type Start func(t *testing.T, config Config) (addr string, stop func())

// Serve is a Start for a server that serves a listener until ctx is done.
func Serve(t *testing.T, serve func(ctx context.Context, l net.Listener) error) (addr string, stop func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
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

// A Lack is something that the library under a server cannot do.
type Lack string

// NoPause: it cannot stop reading from a connection. The server cuts off a client
// that sends a long body to /echo and does not read, where others wait for it.
const NoPause Lack = "no pause"

// Test runs the suite. It takes less than a minute, and much less with -short.
func Test(t *testing.T, start Start, lacks ...Lack) {
	t.Run("default", func(t *testing.T) {
		s := begin(t, start, Config{})
		s.cutsOff = slices.Contains(lacks, NoPause)
		t.Run("Curl", s.testCurl)
		t.Run("Vectors", s.testVectors)
		t.Run("Cuts", s.testCuts)
		t.Run("Pipelined", s.testPipelined)
		t.Run("Connections", s.testConnections)
		t.Run("Continue", s.testContinue)
		t.Run("Drip", s.testDrip)
		t.Run("Resets", s.testResets)
		t.Run("Heap", s.testHeap)
		t.Run("SlowReader", s.testSlowReader)
	})
	t.Run("limits", func(t *testing.T) {
		s := begin(t, start, Config{Limits: service.Limits{MaxBody: 1000, MaxUnread: 2000, MaxAnswer: 100}})
		t.Run("Bodies", s.testLimits)
		t.Run("Pipelined", s.testPipelined) // Full all the time
		t.Run("ErrorArrives", s.testErrorArrives)
	})
	t.Run("timeouts", func(t *testing.T) {
		s := begin(t, start, Config{Timeouts: service.Timeouts{Head: short, Idle: 2 * short, Body: short, Write: short}})
		s.cutsOff = slices.Contains(lacks, NoPause)
		t.Run("SlowDrip", s.testSlowDrip)
		t.Run("Stalled", s.testStalled)
		t.Run("NonReader", s.testNonReader)
	})
}

// A server is one under test.
type server struct {
	addr    string
	cutsOff bool // see NoPause
}

func begin(t *testing.T, start Start, config Config) server {
	addr, stop := start(t, config)
	t.Cleanup(stop)
	return server{addr: addr}
}

// patience is how long any answer may take.
const patience = 10 * time.Second

// short is how long a server waits where timeouts are tested. A test that keeps
// within it does so by far: the machine may be busy.
const short = 800 * time.Millisecond

// A client is one connection to a server.
type client struct {
	t    testing.TB
	conn *net.TCPConn
	r    *bufio.Reader
}

func (s server) dial(t testing.TB) *client {
	t.Helper()
	conn, err := net.DialTimeout("tcp", s.addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return &client{t, conn.(*net.TCPConn), bufio.NewReader(conn)} // TCP_NODELAY is set
}

// send writes b. That it fails may be all right if the server has answered before
// it had everything, so the answer decides.
func (c *client) send(b string) {
	c.conn.SetDeadline(time.Now().Add(patience))
	io.WriteString(c.conn, b)
}

// An answer is a response.
type answer struct {
	status  int
	header  string // all fields, in alphabetical order
	close   bool
	content string
}

// read reads the response to a request with that method. It does not fail the
// test, so that other goroutines may call it.
func (c *client) read(method string) (a answer, err error) {
	r, err := http.ReadResponse(c.r, &http.Request{Method: method})
	if err != nil {
		return a, err
	}
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return a, fmt.Errorf("content of a %d: %w", r.StatusCode, err)
	}
	var header bytes.Buffer
	r.Header.Write(&header)
	return answer{r.StatusCode, header.String(), r.Close, string(content)}, nil
}

// expect reads a response, and fails the test if there is none with that status.
func (c *client) expect(method string, status int) (a answer) {
	c.t.Helper()
	a, err := c.read(method)
	if err != nil {
		c.t.Fatalf("no answer: %v", err)
	}
	if status != 0 && a.status != status {
		c.t.Fatalf("answered %d, want %d: %q", a.status, status, a.content)
	}
	return a
}

// expectEOF fails the test if the server does not close, or sends more before.
func (c *client) expectEOF() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.r); err != nil {
		c.t.Fatalf("the connection does not end: %v", err)
	} else if len(rest) > 0 {
		c.t.Fatalf("before its end: %q", rest)
	}
}

// hello makes sure that the server is alive.
func (s server) hello(t *testing.T) {
	t.Helper()
	c := s.dial(t)
	c.send(get)
	if a := c.expect("GET", 200); a.content != "Hello, World!" {
		t.Fatalf("%q", a.content)
	}
	c.conn.Close()
}

const (
	get      = "GET / HTTP/1.1\r\nHost: e2e\r\n\r\n"
	getClose = "GET / HTTP/1.1\r\nHost: e2e\r\nConnection: close\r\n\r\n"
)
