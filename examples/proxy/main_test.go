package main

import (
	"bufio"
	"io"
	"log"
	"net"
	"testing"
	"time"

	"github.com/picohttp/picohttp/examples/e2e"
	"github.com/picohttp/picohttp/examples/service"
)

func init() { log.SetOutput(io.Discard) }

// TestServer runs the suite of all servers on the service, with the proxy before it.
func TestServer(t *testing.T) { e2e.TestThrough(t, startService) }

func TestStop(t *testing.T) { e2e.TestStop(t, startService) }

func startService(t *testing.T, config e2e.Config) (addr string, stop func()) {
	p := New(backend(t, func(conn net.Conn, _ *bufio.Reader) {
		c := service.Conn{Limits: &config.Limits}
		b, in, out := make([]byte, 32<<10), []byte(nil), []byte(nil)
		for {
			m, err := conn.Read(b)
			if err != nil {
				return
			}
			in = append(in, b[:m]...)
			for state := service.Full; state == service.Full; {
				var n int
				n, out, state = c.Serve(in, out[:0])
				in = in[:copy(in, in[n:])]
				if _, err := conn.Write(out); err != nil || state == service.Closed {
					return
				}
			}
		}
	}))
	p.Requests, p.Responses = config.Limits.Parser, config.Limits.Parser
	p.MaxClients = 2000
	return e2e.Serve(t, p.Serve)
}

const (
	patience = 10 * time.Second

	get  = "GET / HTTP/1.1\r\nHost: test\r\n\r\n"
	post = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nhi"
	okay = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	nope = "127.0.0.1:1" // where nobody listens
)

// backend starts a backend, which has serve serve each connection, and returns its address.
func backend(t *testing.T, serve func(c net.Conn, r *bufio.Reader)) string {
	l := e2e.Listen(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.SetDeadline(time.Now().Add(3 * patience))
			go func() {
				defer c.Close()
				serve(c, bufio.NewReader(c))
			}()
		}
	}()
	return l.Addr().String()
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

// readHead returns the head that comes next, and nothing beyond it.
func readHead(r *bufio.Reader) (head string) {
	for {
		line, err := r.ReadString('\n')
		head += line
		if err != nil || line == "\r\n" {
			return head
		}
	}
}

// TestStopsInTime stops a proxy whose backend does not respond.
func TestStopsInTime(t *testing.T) {
	seen := make(chan bool)
	p := New(backend(t, func(c net.Conn, r *bufio.Reader) {
		readHead(r)
		seen <- true
		io.Copy(io.Discard, c)
	}))
	p.Timeouts.Stop = 100 * time.Millisecond
	addr, stop := e2e.Serve(t, p.Serve)
	e2e.Dial(t, addr).Send(get)
	<-seen
	began := time.Now()
	stop()
	if took := time.Since(began); took > patience/2 {
		t.Errorf("stopping took %v", took)
	}
}

// TestMaxClients has a client wait until another is gone.
func TestMaxClients(t *testing.T) {
	addr := start(t, nope, func(p *Proxy) { p.MaxClients = 1 })
	first := e2e.Dial(t, addr).Send(get)
	first.Expect("GET", 502)
	second := e2e.Dial(t, addr).Send(get)
	second.SetDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := second.R.Peek(1); err == nil {
		t.Error("there are two at a time")
	}
	first.Close()
	second.SetDeadline(time.Now().Add(patience))
	second.Expect("GET", 502)
}
