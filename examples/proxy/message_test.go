package main

import (
	"bufio"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/examples/e2e"
	"github.com/picohttp/picohttp/internal/vectors"
)

// forVectors runs a test for each vector in a file of testdata.
func forVectors(t *testing.T, file string, test func(t *testing.T, v vectors.Vector, change func(p *Proxy))) {
	all, err := vectors.Read("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		if filepath.Base(v.File) == file {
			t.Run(v.Name, func(t *testing.T) {
				test(t, v, func(p *Proxy) {
					if v.Word("profile") == "lenient" {
						p.Requests.Profile, p.Responses.Profile = picohttp.Lenient, picohttp.Lenient
					}
				})
			})
		}
	}
}

// TestRequests looks at the bytes that the backend gets.
func TestRequests(t *testing.T) {
	forVectors(t, "requests.txt", func(t *testing.T, v vectors.Vector, change func(p *Proxy)) {
		want := e2e.Text(v, "want")
		seen := make(chan string, 1)
		addr := backend(t, func(c net.Conn, r *bufio.Reader) {
			head := readHead(r)
			_, after, _ := strings.Cut(want, "\r\n\r\n")
			content := make([]byte, len(after))
			io.ReadFull(r, content)
			seen <- head + string(content)
			io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
		})
		c := e2e.Dial(t, start(t, addr, change)).Send(string(v.Input))
		if want == "" {
			c.Expect("GET", 400)
			return
		}
		c.Expect("GET", 204)
		if got, want := <-seen, strings.ReplaceAll(want, "BACKEND", addr); got != want {
			t.Errorf("the backend gets\n%q, want\n%q", got, want)
		}
	})
}

// TestResponses looks at the bytes that the client gets.
func TestResponses(t *testing.T) {
	forVectors(t, "responses.txt", func(t *testing.T, v vectors.Vector, change func(p *Proxy)) {
		addr := start(t, backend(t, func(c net.Conn, r *bufio.Reader) {
			readHead(r)
			io.WriteString(c, e2e.Text(v, "response"))
			if !strings.Contains(v.Name, "until-close") {
				io.Copy(io.Discard, c)
			}
		}), change)
		c := e2e.Dial(t, addr).Send(string(v.Input))
		c.CloseWrite()
		got, err := io.ReadAll(c)
		if want := e2e.Text(v, "want"); err != nil || string(got) != want {
			t.Errorf("the client gets %v and\n%q, want\n%q", err, got, want)
		}
	})
}

// TestErrors looks at what the proxy itself responds with.
func TestErrors(t *testing.T) {
	forVectors(t, "errors.txt", func(t *testing.T, v vectors.Vector, change func(p *Proxy)) {
		t.Parallel()
		end := v.Word("backend")
		addr := nope
		if end != "none" {
			addr = backend(t, func(c net.Conn, r *bufio.Reader) {
				readHead(r)
				io.WriteString(c, e2e.Text(v, "response"))
				if end != "close" {
					io.Copy(io.Discard, r)
				}
			})
		}
		c := e2e.Dial(t, start(t, addr, func(p *Proxy) {
			p.MaxContent = 1000
			p.Timeouts = Timeouts{Idle: patience, Head: 300 * time.Millisecond, Content: 300 * time.Millisecond, Backend: 600 * time.Millisecond, Write: patience, Stop: 1}
		})).Send(string(v.Input))
		wantStatus, _ := strconv.Atoi(v.Word("status"))
		keep := strings.HasSuffix(e2e.Text(v, "status"), "keep")
		r := c.Expect("GET", 0)
		for r.Status == 102 {
			r = c.Expect("GET", 0)
		}
		if want := status(wantStatus).Error() + "\n"; r.Status != wantStatus || r.Content != want || r.Close == keep {
			t.Errorf("%d %q, close %v, want %d %q", r.Status, r.Content, r.Close, wantStatus, want)
		}
		if !keep {
			c.Send(get)
			c.ExpectEOF()
			return
		}
		c.Send("HEAD / HTTP/1.0\r\nHost: b\r\nHost: b\r\n\r\n")
		if r := c.Expect("HEAD", 400); r.Content != "" {
			t.Errorf("content %q for a HEAD", r.Content)
		}
		c.ExpectEOF()
	})
}

// TestUpgrade sends bytes through a tunnel, of which the first ones come with the heads.
func TestUpgrade(t *testing.T) {
	c := e2e.Dial(t, start(t, backend(t, func(c net.Conn, r *bufio.Reader) {
		for !strings.Contains(readHead(r), "\r\nUpgrade: websocket\r\n") {
			io.WriteString(c, "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n")
		}
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\nwelcome ")
		io.Copy(c, r)
		io.WriteString(c, " bye") // the client has only ended its side
	}), nil))
	c.Send(get).Expect("GET", 426) // and the connection still speaks HTTP
	c.Send("GET /chat HTTP/1.1\r\nHost: test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\nearly")
	resp := c.Expect("GET", 101)
	if resp.Header.Get("Upgrade") != "websocket" || resp.Header.Get("Connection") != "Upgrade" || resp.Header.Get("Sec-WebSocket-Accept") != "x" {
		t.Error(resp.Header)
	}
	echoed := make([]byte, len("welcome early"))
	if _, err := io.ReadFull(c.R, echoed); err != nil || string(echoed) != "welcome early" {
		t.Errorf("%q, %v", echoed, err)
	}
	c.Send(" and late")
	c.CloseWrite()
	if got, err := io.ReadAll(c.R); err != nil || string(got) != " and late bye" {
		t.Errorf("%q, %v", got, err)
	}
}
