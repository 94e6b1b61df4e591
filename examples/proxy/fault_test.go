package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/picohttp/picohttp/examples/e2e"
)

// TestRetry has a backend end a connection when the second request arrives on it, and counts
// the requests that it gets. So it fails, too, if the connection is not used again.
func TestRetry(t *testing.T) {
	for _, test := range []struct {
		name, request string
		partial       string // that the backend sends before it ends
		status        int
		requests      int64 // that the backend gets, with the first one
	}{
		{"GET", get, "", 200, 3},
		{"DELETE", strings.Replace(get, "GET", "DELETE", 1), "", 200, 3},
		{"POST", post, "", 502, 2},
		{"POST without content", strings.Replace(get, "GET", "POST", 1), "", 502, 2},
		{"unknown method", strings.Replace(get, "GET", "LOOK", 1), "", 502, 2},
		{"PUT with content", strings.Replace(post, "POST", "PUT", 1), "", 502, 2},
		{"GET, a byte arrived", get, "H", 502, 2},
		{"GET, a 1xx arrived", get, "HTTP/1.1 102 x\r\n\r\n", 502, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			var requests, connections atomic.Int64
			c := e2e.Dial(t, start(t, backend(t, func(c net.Conn, r *bufio.Reader) {
				connections.Add(1)
				readHead(r)
				requests.Add(1)
				io.WriteString(c, okay)
				if connections.Load() == 1 && readHead(r) != "" {
					requests.Add(1)
					io.WriteString(c, test.partial)
					return
				}
				io.Copy(io.Discard, r)
			}), nil))
			c.Send(get).Expect("GET", 200)
			c.Send(test.request)
			if strings.Contains(test.partial, "102") {
				c.Expect("GET", 102)
			}
			c.Expect("GET", test.status)
			if n := requests.Load(); n != test.requests {
				t.Errorf("the backend got %d requests, want %d", n, test.requests)
			}
		})
	}
}

// TestIdle has a backend end a connection that is idle, or send a response to no request on it.
// The proxy must close it. The next request must not fail, even if it must not be repeated, and
// nobody may get the other response.
func TestIdle(t *testing.T) {
	const poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
	for name, idle := range map[string]func(c net.Conn){
		"ends":               func(c net.Conn) { c.(*net.TCPConn).CloseWrite() },
		"sends":              func(c net.Conn) { io.WriteString(c, poison) },
		"sends after a time": func(c net.Conn) { time.Sleep(30 * time.Millisecond); io.WriteString(c, poison) },
	} {
		t.Run(name, func(t *testing.T) {
			ended := make(chan error, 10)
			c := e2e.Dial(t, start(t, backend(t, func(c net.Conn, r *bufio.Reader) {
				readHead(r)
				io.ReadFull(r, make([]byte, 2))
				io.WriteString(c, okay)
				idle(c)
				_, err := r.ReadByte()
				ended <- err
			}), nil))
			for range 5 {
				if r := c.Send(post).Expect("POST", 200); r.Content != "ok" {
					t.Fatalf("%q", r.Content)
				}
				if err := <-ended; err == nil {
					t.Fatal("the connection is used again")
				}
			}
		})
	}
}

// TestEarly has backends respond before they have all content. The response must not wait for
// it, nor another request go to a backend that still waits for it.
func TestEarly(t *testing.T) {
	for _, test := range []struct {
		name, request, response string
		close                   bool // the response says so
	}{
		{"keep-alive", "Content-Length: 100\r\n\r\nhi", "Content-Length: 0\r\n\r\n", false},
		{"close", "Content-Length: 100\r\n\r\nhi", "Connection: close\r\nContent-Length: 0\r\n\r\n", true},
		{"no 100 (Continue)", "Expect: 100-continue\r\nContent-Length: 100\r\n\r\n", "Content-Length: 0\r\n\r\n", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var connections atomic.Int64
			addr := start(t, backend(t, func(c net.Conn, r *bufio.Reader) {
				readHead(r)
				if connections.Add(1) > 1 {
					io.WriteString(c, okay)
					return
				}
				io.WriteString(c, "HTTP/1.1 413 Content Too Large\r\n"+test.response)
				if !strings.Contains(test.response, "close") {
					io.Copy(io.Discard, r)
				}
			}), nil)
			began := time.Now()
			c := e2e.Dial(t, addr).Send("POST / HTTP/1.1\r\nHost: test\r\n" + test.request)
			if r := c.Expect("POST", 413); r.Close != test.close {
				t.Error("close", r.Close)
			}
			if took := time.Since(began); took > lingerTime/2 {
				t.Errorf("the response took %v", took)
			}
			c.ExpectEOF()
			e2e.Dial(t, addr).Send(get).Expect("GET", 200)
		})
	}
}

// TestClientAborts has clients vanish, and looks at what the backend sees.
func TestClientAborts(t *testing.T) {
	const chunked = "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n"
	for name, request := range map[string]string{
		"length":    "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\nsome",
		"chunked":   chunked,
		"malformed": chunked + "x",
	} {
		for _, linger := range []int{-1, 0} { // FIN, RST
			t.Run(fmt.Sprint(name, linger), func(t *testing.T) {
				seen := make(chan error, 1)
				c := e2e.Dial(t, start(t, backend(t, func(c net.Conn, r *bufio.Reader) {
					req, err := http.ReadRequest(r)
					if err == nil {
						c.SetDeadline(time.Now().Add(patience))
						_, err = io.Copy(io.Discard, req.Body)
					}
					seen <- err
				}), nil)).Send(request)
				time.Sleep(10 * time.Millisecond)
				c.SetLinger(linger)
				c.Close()
				if err := <-seen; err == nil {
					t.Error("the backend takes the content for complete")
				} else if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
					t.Error("the backend waits for more")
				}
			})
		}
	}
}

// TestBackendAborts has backends vanish within a response. The client must notice.
func TestBackendAborts(t *testing.T) {
	for _, response := range []string{
		"Content-Length: 1000\r\n\r\nsome",
		"Transfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n",
		"Transfer-Encoding: chunked\r\n\r\n4\r\nsome\r\nmalformed\r\n0\r\n\r\n",
		"Transfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n0\r\nA: b\r\n",
		"\r\nsome", // with a RST
	} {
		for minor := range 2 {
			t.Run(fmt.Sprintf("%q HTTP/1.%d", response, minor), func(t *testing.T) {
				c := e2e.Dial(t, start(t, backend(t, func(c net.Conn, r *bufio.Reader) {
					readHead(r)
					io.WriteString(c, "HTTP/1.1 200 OK\r\n"+response)
					if response[0] == '\r' {
						time.Sleep(20 * time.Millisecond)
						c.(*net.TCPConn).SetLinger(0)
					}
				}), nil)).Send(fmt.Sprintf("GET / HTTP/1.%d\r\nHost: test\r\n\r\n", minor))
				if _, err := c.ReadResponse("GET"); err == nil {
					t.Error("the client takes the content for complete")
				}
			})
		}
	}
}

func slow(p *Proxy) {
	p.Timeouts = Timeouts{Idle: 300 * time.Millisecond, Head: 300 * time.Millisecond, Content: 300 * time.Millisecond,
		Backend: 600 * time.Millisecond, Write: 600 * time.Millisecond, Stop: time.Second}
}

// repeat writes text until that fails, with time between.
func repeat(c io.Writer, text []byte, pause time.Duration) {
	for err := error(nil); err == nil; time.Sleep(pause) {
		_, err = c.Write(text)
	}
}

// TestSlow has both sides be too slow: each must be cut off, and the other one told.
func TestSlow(t *testing.T) {
	const large = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n"
	byByte, much := []byte("a"), bytes.Repeat([]byte("a"), 64<<10)
	for _, test := range []struct {
		name    string
		backend func(c net.Conn, r *bufio.Reader)
		request string
		more    []byte // is sent again and again, a byte each 10 ms
		want    string // how the client's end begins
	}{
		{"idle client", nil, "", nil, ""},
		{"client sends a head slowly", nil, "GET / HTTP/1.1\r\nA: ", byByte, "HTTP/1.1 408 "},
		{"client sends content slowly", func(c net.Conn, r *bufio.Reader) { io.Copy(io.Discard, r) }, large, byByte, "HTTP/1.1 408 "},
		{"backend stops within content", func(c net.Conn, r *bufio.Reader) {
			readHead(r)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome")
			io.Copy(io.Discard, c)
		}, get, nil, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome"},
		{"backend is slow, but sends", func(c net.Conn, r *bufio.Reader) {
			readHead(r)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
			for range 6 {
				io.WriteString(c, "a")
				time.Sleep(200 * time.Millisecond)
			}
		}, get, nil, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\naaaaaa"},
		{"backend does not read", func(c net.Conn, r *bufio.Reader) { time.Sleep(patience) }, large, much, "HTTP/1.1 504 "},
		{"backend gets much and closes", func(c net.Conn, r *bufio.Reader) { io.CopyN(io.Discard, r, 1<<20) }, large, much, "HTTP/1.1 502 "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			addr := nope
			if test.backend != nil {
				addr = backend(t, test.backend)
			}
			c := e2e.Dial(t, start(t, addr, slow)).Send(test.request)
			if test.more != nil {
				go repeat(c, test.more, 10*time.Millisecond/time.Duration(len(test.more)))
			}
			began := time.Now()
			got, _ := io.ReadAll(c)
			if took := time.Since(began); took > 4*time.Second {
				t.Errorf("it took %v", took)
			}
			if !strings.HasPrefix(string(got), test.want) || test.want == "" && len(got) > 0 {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// TestNonReader has a client vanish during a response, or read no more of it. The backend must
// not have to send all of it.
func TestNonReader(t *testing.T) {
	for name, leave := range map[string]func(c *e2e.Client){"vanishes": func(c *e2e.Client) { c.Close() }, "does not read": func(*e2e.Client) {}} {
		t.Run(name, func(t *testing.T) {
			ended := make(chan bool)
			c := e2e.Dial(t, start(t, backend(t, func(c net.Conn, r *bufio.Reader) {
				readHead(r)
				io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
				repeat(c, make([]byte, 64<<10), 0)
				close(ended)
			}), slow)).Send(get)
			c.R.Peek(1000)
			leave(c)
			select {
			case <-ended:
			case <-time.After(patience / 2):
				t.Error("the backend has to send more")
			}
		})
	}
}
