// Command proxy is a reverse proxy on package h1, to copy from: it forwards the requests of
// its clients to one backend. RFC 9110 calls it a gateway, which is an origin server to its
// clients.
//
//	exchange.go  a request and its response: read this first
//	main.go      connections of clients, limits, and what the proxy itself responds with
//	conn.go      the pool of connections to the backend
//
// Package server has what is about connections to clients.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/examples/server"
)

func main() {
	backend := flag.String("backend", "127.0.0.1:9000", "`address` of the backend")
	server.Run(func(ctx context.Context, l net.Listener) error { return New(*backend).Serve(ctx, l) })
}

// A Proxy forwards requests to a backend. Use New, then change its fields.
type Proxy struct {
	Backend             string          // host:port
	Requests, Responses picohttp.Parser // rules and limits for heads and trailer sections
	MaxContent          int64           // bytes of content in a request; more is a 413
	MaxClients          int             // connections at a time; others wait to be accepted
	Timeouts            server.Timeouts // of clients; Write is also for the backend
	Patience            time.Duration   // with the backend, for a head and for each piece of content
	pool                pool
}

// New returns a Proxy whose limits are for clients that are strangers.
func New(backend string) *Proxy {
	return &Proxy{
		Backend:    backend,
		Requests:   picohttp.Parser{MaxHeadBytes: 16 << 10, MaxTargetBytes: 8 << 10, MaxFields: 100},
		Responses:  picohttp.Parser{MaxHeadBytes: 64 << 10},
		MaxContent: 1 << 30,
		MaxClients: server.DefaultMaxConns,
		Timeouts:   server.DefaultTimeouts,
		Patience:   60 * time.Second,
		pool:       make(pool, 100),
	}
}

// Serve serves the connections of l until ctx is done. Then it closes tunnels and connections
// that are idle, and returns when all requests under way have their responses.
func (p *Proxy) Serve(ctx context.Context, l net.Listener) error {
	defer p.pool.close()
	return server.Serve(ctx, l, p.MaxClients, func(tcp net.Conn) {
		p.serve(ctx, newConn(tcp, &p.Requests, &p.Timeouts))
	})
}

// serve serves one connection.
func (p *Proxy) serve(ctx context.Context, c *conn) {
	for c.Await(ctx, c.in.Wait) == nil {
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

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// respond responds with an error, in words that do not quote the client. It returns nil if
// another request may follow.
func (c *conn) respond(s status, req *picohttp.Request, v *picohttp.Verdict) error {
	connection, err := "close", errClose
	if v.KeepAlive && v.Body == picohttp.BodyNone { // else the next request is not found
		connection, err = "keep-alive", nil
	}
	text := s.Error() + "\n"
	fmt.Fprintf(c.Out, "HTTP/1.1 %s\r\nConnection: %s\r\n", s, connection)
	fmt.Fprintf(c.Out, "Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n", len(text))
	if req == nil || string(req.Method()) != "HEAD" {
		c.Out.WriteString(text)
	}
	return err
}

// finish ends the connection to a client; err is why.
func (c *conn) finish(err error) {
	switch tcp, ok := c.Conn.Conn.(*net.TCPConn); {
	case err == errClose:
		c.Linger()
	case err == errCut && ok:
		tcp.SetLinger(0) // a RST: content that ends with the connection must not look complete
	}
}
