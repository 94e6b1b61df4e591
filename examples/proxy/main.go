// Command proxy is a reverse proxy on package h1, to copy from: it forwards the requests of
// its clients to one backend. RFC 9110 calls it a gateway, which is an origin server to its
// clients.
//
//	main.go      connections of clients, limits, and what the proxy itself responds with
//	exchange.go  a request and its response: read this first
//	conn.go      deadlines, and the pool of connections to the backend
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/picohttp/picohttp"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "`address` to listen on")
	backend := flag.String("backend", "127.0.0.1:9000", "`address` of the backend")
	flag.Parse()
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the program at once
	log.Printf("serving on http://%s", l.Addr())
	if err := New(*backend).Serve(ctx, l); err != nil {
		log.Fatal(err)
	}
}

// A Proxy forwards requests to a backend. Use New, then change its fields.
type Proxy struct {
	Backend             string          // host:port
	Requests, Responses picohttp.Parser // rules and limits for heads and trailer sections
	MaxContent          int64           // bytes of content in a request; more is a 413
	MaxClients          int             // connections at a time; others wait to be accepted
	Timeouts            Timeouts
	pool                pool
}

// Timeouts are how long peers may take.
type Timeouts struct {
	Idle    time.Duration // a client, until its next request
	Head    time.Duration // a client, for a whole head
	Content time.Duration // a client, for content, on top of the time that leastRate allows
	Backend time.Duration // the backend, for a head once it has the request, and for each piece of content
	Write   time.Duration // both, to take 32 KiB
	Stop    time.Duration // all requests under way, when the proxy stops
}

// New returns a Proxy whose limits are for clients that are strangers.
func New(backend string) *Proxy {
	return &Proxy{
		Backend:    backend,
		Requests:   picohttp.Parser{MaxHeadBytes: 16 << 10, MaxTargetBytes: 8 << 10, MaxFields: 100},
		Responses:  picohttp.Parser{MaxHeadBytes: 64 << 10},
		MaxContent: 1 << 30,
		MaxClients: 1000,
		Timeouts: Timeouts{
			Idle: 60 * time.Second, Head: 10 * time.Second, Content: 20 * time.Second,
			Backend: 60 * time.Second, Write: 30 * time.Second, Stop: 10 * time.Second,
		},
		pool: make(pool, 100),
	}
}

// Serve serves the connections of l until ctx is done. Then it closes those that are idle,
// and returns when all requests under way have their responses, or after Timeouts.Stop.
func (p *Proxy) Serve(ctx context.Context, l net.Listener) error {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	slots := make(chan struct{}, p.MaxClients)
	var open sync.WaitGroup
	for ctx.Err() == nil {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			continue
		}
		tcp, err := l.Accept()
		switch {
		case err == nil:
			open.Go(func() {
				p.serve(ctx, newConn(tcp, &p.Requests, p.Timeouts.Write))
				<-slots
			})
		case ctx.Err() != nil:
		case errors.Is(err, net.ErrClosed):
			return err
		default: // that connection is gone, or no file descriptor is left
			log.Print(err)
			<-slots
			time.Sleep(10 * time.Millisecond)
		}
	}
	ended := make(chan struct{})
	go func() { open.Wait(); p.pool.close(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(p.Timeouts.Stop):
	}
	return nil
}

// serve serves one connection.
func (p *Proxy) serve(ctx context.Context, c *conn) {
	defer c.Close()
	for p.await(ctx, c) {
		c.SetReadDeadline(time.Now().Add(p.Timeouts.Head)) // once for all of it, or a client could drip for ever
		req, verdict, err := c.in.ReadRequest()
		if err == nil {
			err = p.exchange(ctx, c, req, &verdict)
		} else {
			log.Printf("client %s: %s", c.RemoteAddr(), c.in.Explain(err))
			err = statusOf(err)
		}
		if s, ok := err.(status); ok {
			err = c.respond(s, req, &verdict)
		}
		if err != nil {
			c.finish(err)
			return
		}
	}
}

// await waits for a request, and reports whether one has begun to arrive.
func (p *Proxy) await(ctx context.Context, c *conn) bool {
	c.SetReadDeadline(time.Now().Add(p.Timeouts.Idle))
	stop := context.AfterFunc(ctx, func() { c.SetReadDeadline(past) })
	err := c.in.Wait()
	return stop() && err == nil
}

// decline returns the status for a request that is not forwarded, or nil.
func (p *Proxy) decline(req *picohttp.Request, v *picohttp.Verdict) error {
	_, hops := req.Get("Max-Forwards")
	switch method := string(req.Method()); {
	case v.Body == picohttp.BodyTunnel, // a CONNECT, which is for forward proxies: RFC 9110, section 9.3.6
		method == "TRACE",           // its response shows scripts the cookies: RFC 9110, section 9.3.8
		method == "OPTIONS" && hops: // would have to be counted: RFC 9110, section 7.6.2
		return status(501)
	case v.ExpectOther: // RFC 9110, section 10.1.1
		return status(417)
	case v.Length > p.MaxContent:
		return status(413)
	case req.Deviations()&picohttp.TargetObsText != 0: // Lenient accepts it; to some backends 0xA0 is a blank
		return status(400)
	}
	return nil
}

// A status is the error to which the proxy itself responds with that status code.
type status int

func (s status) Error() string { return fmt.Sprintf("%d %s", int(s), http.StatusText(int(s))) }

// The other errors that end a connection to a client.
var (
	errClose = errors.New("the response was the last one")
	errCut   = errors.New("the response was cut off")
	errGone  = errors.New("the client is gone")
)

// statusOf returns what follows from an error of reading a request.
func statusOf(err error) error {
	var malformed picohttp.Error
	var own status
	switch {
	case errors.As(err, &malformed):
		return status(malformed.Status())
	case errors.As(err, &own):
		return own
	case isTimeout(err):
		return status(408)
	}
	return errGone
}

// gatewayStatus is statusOf for an error of the backend.
func gatewayStatus(err error) error {
	if isTimeout(err) {
		return status(504)
	}
	return status(502)
}

// respond responds with an error, in words that do not quote the client. It returns nil if
// another request may follow.
func (c *conn) respond(s status, req *picohttp.Request, v *picohttp.Verdict) error {
	connection, err := "close", errClose
	if v.KeepAlive && v.Body == picohttp.BodyNone { // else the next request is not found
		connection, err = "keep-alive", nil
	}
	text := s.Error() + "\n"
	fmt.Fprintf(c.out, "HTTP/1.1 %s\r\nConnection: %s\r\n", s, connection)
	fmt.Fprintf(c.out, "Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n", len(text))
	if req == nil || string(req.Method()) != "HEAD" {
		c.out.WriteString(text)
	}
	return err
}

// finish ends the connection to a client; err is why.
func (c *conn) finish(err error) {
	tcp, ok := c.Conn.(*net.TCPConn)
	switch {
	case ok && err == errCut:
		tcp.SetLinger(0) // a RST: content that ends with the connection must not look complete
	case err == errClose && c.out.Flush() == nil && ok && tcp.CloseWrite() == nil:
		// If bytes are unread when a connection is closed, TCP sends a RST, at which the client
		// may drop the response before it has read it: RFC 9112, section 9.6.
		tcp.SetReadDeadline(time.Now().Add(lingerTime))
		io.Copy(io.Discard, tcp)
	}
}
