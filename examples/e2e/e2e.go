// Package e2e tests servers that respond as package service does, over loopback. An example's test
// calls it, with the server in the same process:
//
//	func TestServer(t *testing.T) { e2e.Test(t, start) }
//
// The client side is package net, and net/http to read responses, or a program. picohttp is used
// only to find out what it returns for the bytes that are sent.
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

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/examples/server"
	"github.com/picohttp/picohttp/examples/service"
	"github.com/picohttp/picohttp/internal/vectors"
)

// A Config is what a test asks of a server.
type Config struct {
	Limits   service.Limits
	Timeouts server.Timeouts
}

// defaults has the parser's own limits, because the vectors of testdata have long heads.
var defaults = Config{service.DefaultLimits, server.DefaultTimeouts}

func init() { defaults.Limits.Parser = picohttp.Parser{} }

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

// Test runs the suite. It takes less than a minute, and less with -short.
func Test(t *testing.T, start Start) {
	TestThrough(t, start)
	config := defaults
	config.Limits.MaxOut = 100
	with(t, start, config, "PipelinedWhileFull", testPipelined)
	config.Limits.MaxBody, config.Limits.MaxUnread = 10, 20
	testConversations(t, "limits", start, config)
}

// TestThrough runs the part of the suite that a server passes behind a proxy, too.
func TestThrough(t *testing.T, start Start) {
	with(t, start, defaults, "Curl", testCurl)
	with(t, start, defaults, "Clients", testClients)
	with(t, start, defaults, "Vectors", testVectors)
	with(t, start, defaults, "Pipelined", testPipelined)
	with(t, start, defaults, "Connections", testConnections)
	with(t, start, defaults, "SlowReader", testSlowReader)
	with(t, start, impatient(defaults, time.Second/2), "NonReader", testNonReader)
	testConversations(t, "behavior", start, defaults)
}

// impatient returns config with other timeouts. A test that keeps within them does so by far: the
// machine may be busy.
func impatient(config Config, most time.Duration) Config {
	config.Timeouts = server.Timeouts{Idle: 4 * most, Head: most, Body: most, Write: most, MinRate: 100}
	return config
}

// with runs a test with a server of its own.
func with(t *testing.T, start Start, config Config, name string, test func(t *testing.T, addr string)) {
	t.Run(name, func(t *testing.T) {
		addr, stop := start(t, config)
		t.Cleanup(stop)
		test(t, addr)
	})
}

func testConversations(t *testing.T, folder string, start Start, config Config) {
	t.Run(folder, func(t *testing.T) {
		folder := "../e2e/testdata/" + folder
		Conversations(t, folder, func(t *testing.T, v vectors.Vector, _ string) (string, func()) {
			if most, err := time.ParseDuration(v.Word("timeouts")); err == nil {
				return start(t, impatient(config, most))
			}
			return start(t, config)
		})
	})
}

// patience is how long any response may take.
const patience = 10 * time.Second

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
	return NewClient(t, conn)
}

// NewClient returns a Client on a TCP connection, which it closes when the test ends.
func NewClient(t testing.TB, conn net.Conn) *Client {
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

// A Response is what a client has read of a response.
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

// ExpectText reads text, and fails the test if something else arrives.
func (c *Client) ExpectText(text string) {
	c.t.Helper()
	got := make([]byte, len(text))
	n, err := io.ReadFull(c.R, got)
	if string(got[:n]) != text {
		c.t.Fatalf("%v and\n%q, want\n%q", err, got[:n], text)
	}
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

// Vectors returns the vectors in the files of a folder.
func Vectors(t *testing.T, folder string) []vectors.Vector {
	t.Helper()
	all, err := vectors.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	return all
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
