package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/picohttp/picohttp"
)

func lenient(p *Proxy) {
	p.Requests.Profile, p.Responses.Profile = picohttp.Lenient, picohttp.Lenient
}

// TestRequestHead sends requests, and looks at the bytes that the backend gets.
func TestRequestHead(t *testing.T) {
	const own = "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\n"
	for _, test := range []struct {
		name, request, want string
		change              func(p *Proxy)
	}{
		{"plain", "GET /a?b HTTP/1.1\r\nHost: Example.com:80\r\nAccept: */*\r\nX: a\r\nX: b\r\n\r\n",
			"GET /a?b HTTP/1.1\r\nHost: Example.com:80\r\nAccept: */*\r\nX: a\r\nX: b\r\nVia: 1.1 proxy\r\n" + own + "\r\n", nil},
		{"absolute-form", "GET http://Example.com?b HTTP/1.1\r\nA: b\r\nHost: example.com:80\r\n\r\n",
			"GET /?b HTTP/1.1\r\nHost: Example.com\r\nA: b\r\nVia: 1.1 proxy\r\n" + own + "\r\n", nil},
		{"options", "OPTIONS http://example.com HTTP/1.1\r\nHost: example.com\r\n\r\n",
			"OPTIONS * HTTP/1.1\r\nHost: example.com\r\nVia: 1.1 proxy\r\n" + own + "\r\n", nil},
		{"HTTP/1.0", "GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: BACKEND\r\nVia: 1.0 proxy\r\n" + own + "\r\n", nil},
		{"hop by hop", "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Private\r\nPrivate: 1\r\nKeep-Alive: 5\r\nTE: gzip\r\n" +
			"Proxy-Connection: close\r\nProxy-Authorization: Basic eA==\r\nUpgrade: h2c\r\nB: c\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: a\r\nB: c\r\nVia: 1.1 proxy\r\n" + own + "\r\n", nil},
		{"h2c", "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 proxy\r\n" + own + "\r\n", nil},
		{"websocket", "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c, WebSocket\r\nSec-WebSocket-Key: x\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key: x\r\nVia: 1.1 proxy\r\n" + own + "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n", nil},
		{"not this connection's upgrade", "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 proxy\r\n" + own + "\r\n", nil},
		{"claims", "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\nx_forwarded_for: 1.2.3.4\r\nX-FORWARDED-HOST: b\r\nForwarded: for=1.2.3.4\r\nVia: 1.1 x\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 x\r\nVia: 1.1 proxy\r\n" + own + "\r\n", nil},
		{"dropped claims", "GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Forwarded-For, Via\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 proxy\r\n" + own + "\r\n", nil},
		{"length", "POST / HTTP/1.1\r\nContent-Length: 0003\r\nHost: a\r\n\r\nabc",
			"POST / HTTP/1.1\r\nHost: a\r\nVia: 1.1 proxy\r\n" + own + "Content-Length: 3\r\n\r\nabc", nil},
		{"chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\nTE: trailers\r\nTrailer: B\r\n\r\n3;x=y\r\nabc\r\n0\r\nB: c\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n",
			"POST / HTTP/1.1\r\nHost: a\r\nTrailer: B\r\nVia: 1.1 proxy\r\n" + own + "TE: trailers\r\nConnection: TE\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nB: c\r\n\r\n", nil},
		{"lenient target", "GET /\xc3\xa0 HTTP/1.1\r\nHost: a\r\n\r\n", "", lenient},
		{"lenient fields", "GET / HTTP/1.1\nHost: a\nB: c\n \td\nE: f\x01g\n\n",
			"GET / HTTP/1.1\r\nHost: a\r\nB: c d\r\nE: f g\r\nVia: 1.1 proxy\r\n" + own + "\r\n", lenient},
	} {
		t.Run(test.name, func(t *testing.T) {
			seen := make(chan string, 1)
			addr := backend(t, func(c net.Conn) {
				r := bufio.NewReader(c)
				head := readHead(r)
				_, after, _ := strings.Cut(test.want, "\r\n\r\n")
				content := make([]byte, len(after))
				io.ReadFull(r, content)
				seen <- head + string(content)
				io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
			})
			c := dial(t, start(t, addr, test.change)).send("%s", test.request)
			if test.want == "" {
				c.expect("GET", 400)
				return
			}
			c.expect("GET", 204)
			if got, want := <-seen, strings.ReplaceAll(test.want, "BACKEND", addr); got != want {
				t.Errorf("the backend gets\n%q, want\n%q", got, want)
			}
		})
	}
}

// TestResponse has backends respond, and looks at the bytes that the client gets.
func TestResponse(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	const chunked = ok + "Transfer-Encoding: chunked\r\nTrailer: A\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nA: b\r\n\r\n"
	for _, test := range []struct {
		name, request, response, want string
		change                        func(p *Proxy)
	}{
		{"length", get, ok + "A: b\r\nContent-Length: 3\r\n\r\nabc", ok + "A: b\r\nContent-Length: 3\r\n\r\nabc", nil},
		{"chunked", get, chunked, ok + "Trailer: A\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nA: b\r\n\r\n", nil},
		{"until close", get, ok + "\r\nabc", ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", nil},
		{"until close, empty", get, ok + "\r\n", ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", nil},
		{"length, HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", ok + "Content-Length: 3\r\n\r\nabc", ok + "Connection: close\r\nContent-Length: 3\r\n\r\nabc", nil},
		{"chunked, HTTP/1.0", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", chunked, ok + "Connection: close\r\n\r\nabcde", nil},
		{"keep-alive, HTTP/1.0", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", ok + "Content-Length: 1\r\n\r\na", ok + "Connection: keep-alive\r\nContent-Length: 1\r\n\r\na", nil},
		{"backend with HTTP/1.0", get, "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", ok + "Content-Length: 1\r\n\r\na", nil},
		{"close", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", ok + "Content-Length: 0\r\n\r\n", ok + "Connection: close\r\nContent-Length: 0\r\n\r\n", nil},
		{"HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", ok + "Content-Length: 1000\r\n\r\n", ok + "Content-Length: 1000\r\n\r\n", nil},
		{"HEAD, chunked", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", ok + "Transfer-Encoding: chunked\r\n\r\n", ok + "\r\n", nil},
		{"304", get, "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 1000\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 1000\r\n\r\n", nil},
		{"304 without length", get, "HTTP/1.1 304 Not Modified\r\n\r\n", "HTTP/1.1 304 Not Modified\r\n\r\n", nil},
		{"204", get, "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", nil},
		{"no reason", get, "HTTP/1.1 299\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n", nil},
		{"hop by hop", get, ok + "Connection: close, Private\r\nPrivate: a\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\nProxy-Authenticate: Basic\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
			ok + "Set-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n", nil},
		{"1xx", get, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + ok + "Content-Length: 0\r\n\r\n",
			"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + ok + "Content-Length: 0\r\n\r\n", nil},
		{"1xx, HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 103 Early Hints\r\n\r\n" + ok + "Content-Length: 0\r\n\r\n", ok + "Connection: close\r\nContent-Length: 0\r\n\r\n", nil},
		{"lenient", get, "HTTP/1.1 200 O\x01K\nA : b\n c\nD: e\x01f\nContent-Length: 1\n\na", "HTTP/1.1 200 \r\nA: b c\r\nD: e f\r\nContent-Length: 1\r\n\r\na", lenient},
	} {
		t.Run(test.name, func(t *testing.T) {
			addr := start(t, backend(t, func(c net.Conn) {
				readHead(bufio.NewReader(c))
				io.WriteString(c, test.response)
				if !strings.Contains(test.name, "until close") {
					io.Copy(io.Discard, c)
				}
			}), test.change)
			c := dial(t, addr).send("%s", test.request)
			c.CloseWrite()
			got, err := io.ReadAll(c)
			if err != nil || string(got) != test.want {
				t.Errorf("the client gets %v and\n%q, want\n%q", err, got, test.want)
			}
		})
	}
}

// TestErrors has clients and backends do what ends in a response of the proxy itself.
func TestErrors(t *testing.T) {
	const post = "POST / HTTP/1.1\r\nHost: a\r\n"
	const chunked = post + "Transfer-Encoding: chunked\r\n\r\n"
	hang := func(c net.Conn) { io.Copy(io.Discard, c) }
	respond := func(response string) func(c net.Conn) {
		return func(c net.Conn) {
			readHead(bufio.NewReader(c))
			io.WriteString(c, response)
			io.Copy(io.Discard, c)
		}
	}
	for _, test := range []struct {
		name, request string
		backend       func(c net.Conn)
		status        int
		keep          bool
	}{
		{"malformed", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", hang, 400, false},
		{"no Host", "GET / HTTP/1.1\r\n\r\n", hang, 400, false},
		{"two lengths", post + "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", hang, 400, false},
		{"length and coding", post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", hang, 400, false},
		{"target and Host", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", hang, 400, false},
		{"malformed chunk", chunked + "3\r\nabcd\r\n0\r\n\r\n", hang, 400, false},
		{"malformed trailer", chunked + "0\r\nHost: a\r\n\r\n", hang, 400, false},
		{"head stalls", "GET / HTTP/1.1\r\nHo", hang, 408, false},
		{"content stalls", post + "Content-Length: 2\r\n\r\na", hang, 408, false},
		{"long content", post + "Content-Length: 1001\r\n\r\n", hang, 413, false},
		{"long chunked content", chunked + "7d1\r\n" + strings.Repeat("a", 2001) + "\r\n0\r\n\r\n", hang, 413, false},
		{"long target", "GET /" + strings.Repeat("a", 9000) + " HTTP/1.1\r\nHost: a\r\n\r\n", hang, 414, false},
		{"expectation", "GET / HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\n\r\n", hang, 417, true},
		{"long head", "GET / HTTP/1.1\r\nHost: a\r\nB: " + strings.Repeat("a", 17000) + "\r\n\r\n", hang, 431, false},
		{"many fields", "GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("B: c\r\n", 100) + "\r\n", hang, 431, false},
		{"coding", post + "Transfer-Encoding: gzip, chunked\r\n\r\n", hang, 501, false},
		{"CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", hang, 501, false},
		{"TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", hang, 501, true},
		{"Max-Forwards", "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 1\r\n\r\n", hang, 501, true},
		{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", hang, 505, false},
		{"backend closes", get, func(c net.Conn) {}, 502, true},
		{"backend closes in the head", get, func(c net.Conn) { respond("HTTP/1.1 200 OK\r\nA: ")(nopRead{c}) }, 502, true},
		{"malformed response", get, respond("HTTP/1.1 200 OK\r\nA : b\r\n\r\n"), 502, true},
		{"unreadable length", get, respond("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), 502, true},
		{"coding of the response", get, respond("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"), 502, true},
		{"long response head", get, respond("HTTP/1.1 200 OK\r\nA: " + strings.Repeat("b", 70000) + "\r\n\r\n"), 502, true},
		{"101 that nobody asked for", get, respond("HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"), 502, true},
		{"backend hangs", get, hang, 504, true},
		{"backend hangs in the head", get, respond("HTTP/1.1 200 OK\r\nA: "), 504, true},
		{"backend hangs with content", post + "Content-Length: 1\r\n\r\na", hang, 504, false},
		{"backend closes within content", post + "Content-Length: 2\r\n\r\na", func(c net.Conn) { readHead(bufio.NewReader(c)) }, 502, false},
		{"backend is gone", get, nil, 502, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			addr := "127.0.0.1:1"
			if test.backend != nil {
				addr = backend(t, test.backend)
			}
			c := dial(t, start(t, addr, func(p *Proxy) {
				p.MaxContent = 1000
				p.Timeouts = Timeouts{Idle: patience, Head: 300 * time.Millisecond, Content: 300 * time.Millisecond, Backend: 600 * time.Millisecond, Write: patience, Stop: 1}
			}))
			c.send("%s", test.request)
			resp, content := c.expect("GET", test.status)
			if want := fmt.Sprintf("%d %s\n", test.status, phrases[status(test.status)]); content != want {
				t.Errorf("content %q, want %q", content, want)
			}
			if resp.Close == test.keep {
				t.Errorf("Connection: close is %v", resp.Close)
			}
			if !test.keep {
				c.send(get)
				c.expectEnd()
				return
			}
			c.send("HEAD / HTTP/1.0\r\nExpect: nothing\r\nHost: b\r\nHost: b\r\n\r\n")
			if _, content := c.expect("HEAD", 400); content != "" {
				t.Errorf("content %q for a HEAD", content)
			}
			c.expectEnd()
		})
	}
}

// A nopRead ends where it would be read after the head.
type nopRead struct{ net.Conn }

func (c nopRead) WriteTo(w io.Writer) (int64, error) { return 0, nil }

// TestTooManyInterim has a backend send 1xx responses without end.
func TestTooManyInterim(t *testing.T) {
	c := dial(t, start(t, backend(t, func(c net.Conn) {
		for {
			if _, err := io.WriteString(c, "HTTP/1.1 102 Processing\r\n\r\n"); err != nil {
				return
			}
		}
	}), nil))
	c.send(get)
	for range maxInterim {
		c.expect("GET", 102)
	}
	c.expect("GET", 502)
}

// TestInterim has a 103 arrive before the response is ready.
func TestInterim(t *testing.T) {
	final := make(chan bool)
	c := dial(t, start(t, backend(t, func(c net.Conn) {
		readHead(bufio.NewReader(c))
		io.WriteString(c, "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n")
		<-final
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
	}), nil))
	c.send(get)
	if resp, _ := c.expect("GET", 103); resp.Header.Get("Link") != "</style.css>" {
		t.Error(resp.Header)
	}
	final <- true
	c.expect("GET", 200)
}

// TestContinue has the backend decide whether content is sent.
func TestContinue(t *testing.T) {
	const post = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
	for _, accepted := range []bool{true, false} {
		t.Run(fmt.Sprint(accepted), func(t *testing.T) {
			c := dial(t, start(t, backend(t, func(c net.Conn) {
				r := bufio.NewReader(c)
				if !strings.Contains(readHead(r), "\r\nExpect: 100-continue\r\n") {
					return
				}
				if !accepted {
					io.WriteString(c, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
					io.Copy(io.Discard, r)
					return
				}
				io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\n")
				content := make([]byte, 5)
				io.ReadFull(r, content)
				fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n%s", content)
				readHead(r)
			}), nil))
			c.send(post)
			if !accepted {
				if resp, _ := c.expect("POST", 403); !resp.Close {
					t.Error("nobody knows whether the content comes")
				}
				c.expectEnd()
				return
			}
			c.expect("POST", 100)
			c.send("hello")
			if resp, content := c.expect("POST", 200); content != "hello" || resp.Close {
				t.Error(content, resp.Close)
			}
		})
	}
}
