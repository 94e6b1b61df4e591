// Command netconn is a keep-alive server on package h1. The service itself is in package service,
// and what is about connections in package server.
package main

import (
	"bufio"
	"context"
	"net"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/examples/server"
	"github.com/picohttp/picohttp/examples/service"
	"github.com/picohttp/picohttp/h1"
)

func main() { server.Run((&Server{service.DefaultLimits, server.DefaultTimeouts}).Serve) }

// A Server has what its connections share.
type Server struct {
	Limits   service.Limits
	Timeouts server.Timeouts
}

// Serve serves the connections of l until ctx is done. Then it closes those that are idle,
// and returns when all requests that have begun have their responses: the deadlines say how
// long that may take.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	return server.Serve(ctx, l, server.DefaultMaxConns, func(c net.Conn) { s.serveConn(ctx, c) })
}

func (s *Server) serveConn(ctx context.Context, nc net.Conn) {
	c := server.NewConn(nc, &s.Timeouts)
	in := h1.NewReader(c, &s.Limits.Parser)
	r := responder{service.Responder{Limits: &s.Limits, Keep: true}, c.Out}
	for r.Keep {
		if c.Await(ctx, in.Wait) != nil {
			return
		}
		req, verdict, err := in.ReadRequest()
		c.ExpectContent()
		if err == nil && r.Begin(req, &verdict, ctx.Err() != nil) {
			r.flush() // a 100 (Continue) goes out when c waits for the content
			req = nil // from here on, Reject is about the request that Begin was given
			if _, err = in.WriteTo(&r); err == nil {
				r.End(in.Trailer().NumFields())
			}
		}
		switch fault, malformed := err.(picohttp.Error); {
		case malformed:
			r.Reject(req, fault)
		case err != nil && err != service.ErrTooLarge:
			return // the client is gone or too slow
		}
		r.flush()
		r.Keep = r.Keep && in.Discard(s.Limits.MaxUnread) == nil
	}
	c.Linger()
}

// A responder takes content, and writes what there is to respond.
type responder struct {
	service.Responder
	out *bufio.Writer // is sent when c waits for the client
}

func (r *responder) Write(p []byte) (int, error) {
	err := r.Take(p)
	r.flush()
	return len(p), err
}

func (r *responder) flush() {
	r.out.Write(r.Out)
	r.Out = r.Out[:0]
}
