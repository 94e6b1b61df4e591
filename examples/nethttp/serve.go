package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/examples/server"
	"github.com/picohttp/picohttp/examples/service"
	"github.com/picohttp/picohttp/nethttp"
)

// A Server serves Handler.
type Server struct {
	Handler  http.Handler
	Limits   service.Limits
	Timeouts server.Timeouts
}

// Serve serves the connections of l until ctx is done. Then it closes those that are idle, and
// returns when all requests that have begun have their responses.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	return server.Serve(ctx, l, server.DefaultMaxConns, func(c net.Conn) { s.serveConn(ctx, c) })
}

func (s *Server) serveConn(ctx context.Context, nc net.Conn) {
	c := server.NewConn(nc, &s.Timeouts)
	defer func() {
		c.Out.Flush()
		if err := recover(); err != nil && err != http.ErrAbortHandler {
			log.Printf("%s: %v", nc.RemoteAddr(), err)
		}
	}()
	in := bufio.NewReader(c)
	r := nethttp.Reader{Parser: s.Limits.Parser, MaxDiscard: s.Limits.MaxUnread, Continue: func() error {
		c.Out.WriteString("HTTP/1.1 100 Continue\r\n\r\n") // is sent when c waits for the content
		return nil
	}}
	for keep := true; keep; {
		err := c.Await(ctx, func() error { _, err := in.Peek(1); return err })
		if err != nil {
			return
		}
		req, err := r.ReadRequest(in)
		c.ExpectContent()
		if err != nil {
			reject(c.Out, err)
			break
		}
		req.RemoteAddr = nc.RemoteAddr().String()
		body := &content{ReadCloser: req.Body}
		req.Body = body
		w := &response{out: c.Out, req: req, body: body, header: http.Header{}, left: -1, close: ctx.Err() != nil}
		s.Handler.ServeHTTP(w, req)
		w.finish()
		// What the handler left of the body is in the way of the next request.
		keep = !w.close && body.Close() == nil
	}
	c.Linger()
}

// content is the Body of a request.
type content struct {
	io.ReadCloser
	begun bool // it was read
}

func (c *content) Read(p []byte) (int, error) {
	c.begun = true
	return c.ReadCloser.Read(p)
}

// reject responds to an error of ReadRequest, unless the connection has ended. The
// response has no content, because the request may be a HEAD.
func reject(out *bufio.Writer, err error) {
	status := http.StatusBadRequest
	var e picohttp.Error
	switch {
	case errors.As(err, &e):
		status = e.Status()
	case !errors.As(err, new(*url.Error)): // the request-target is not a URI
		return
	}
	fmt.Fprintf(out, "HTTP/1.1 %d %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status, http.StatusText(status))
}
