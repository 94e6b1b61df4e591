package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/examples/service"
	"github.com/picohttp/picohttp/nethttp"
)

// A Server serves Handler. The zero values of the others are defaults.
type Server struct {
	Handler  http.Handler
	Limits   service.Limits
	Timeouts service.Timeouts
}

// Serve serves connections from l until it is closed.
func (s *Server) Serve(l net.Listener) error {
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			go s.serveConn(conn)
		case errors.Is(err, net.ErrClosed):
			return nil
		default: // that connection is gone, or no file descriptor is left
			log.Print(err)
			time.Sleep(10 * time.Millisecond)
		}
	}
}

func (s *Server) serveConn(c net.Conn) {
	defer c.Close()
	defer func() {
		if err := recover(); err != nil && err != http.ErrAbortHandler {
			log.Printf("%s: %v", c.RemoteAddr(), err)
		}
	}()
	conn := &timedConn{Conn: c, timeouts: &s.Timeouts}
	in := bufio.NewReader(conn)
	out := bufio.NewWriter(conn)
	conn.out = out
	var w *response                // of the current request
	maxUnread := s.Limits.Unread() // bytes of content that no handler wants
	r := nethttp.Reader{Parser: s.Limits.Parser, MaxDiscard: maxUnread, Continue: func() error { return w.proceed() }}
	for {
		conn.begin(service.Idle)
		if in.Buffered() > 0 {
			conn.begin(service.Head)
		}
		req, err := r.ReadRequest(in)
		if err != nil {
			reject(out, err)
			break
		}
		conn.begin(service.Body)
		req.RemoteAddr = c.RemoteAddr().String()
		expect := strings.ToLower(strings.Join(req.Header["Expect"], ","))
		body := &content{ReadCloser: req.Body, most: maxUnread, waits: in.Buffered() == 0 && strings.Contains(expect, "100-continue")}
		req.Body = body
		w = newResponse(out, req, body)
		s.Handler.ServeHTTP(w, req)
		w.finish()
		if w.close {
			break
		}
		// What the handler left of the body is in the way of the next request.
		if body.Close() != nil {
			break
		}
	}
	linger(c, out)
}

// content is the Body of a request.
type content struct {
	io.ReadCloser
	most  int64 // bytes that are read for nothing
	begun bool  // it was read
	waits bool  // the client waits for 100 (Continue)
}

func (c *content) Read(p []byte) (int, error) {
	c.begun = true
	return c.ReadCloser.Read(p)
}

// unwanted reports whether there is content that is not read only to get to the
// next request: there is too much of it, or nobody knows whether it comes.
func (c *content) unwanted(length int64) bool {
	return !c.begun && (length > c.most || length != 0 && c.waits)
}

// A timedConn has a deadline for whatever is under way. Before it waits for the client, the
// client gets what it may wait for: so the responses to pipelined requests go together.
type timedConn struct {
	net.Conn
	out      *bufio.Writer
	timeouts *service.Timeouts
	state    service.State // Idle, Head or Body
	deadline time.Time
}

func (c *timedConn) begin(state service.State) {
	c.state, c.deadline = state, time.Now().Add(c.timeouts.Read(state))
}

func (c *timedConn) Read(p []byte) (n int, err error) {
	if err := c.out.Flush(); err != nil {
		return 0, err
	}
	c.SetReadDeadline(c.deadline)
	n, err = c.Conn.Read(p)
	if n > 0 && c.state == service.Idle {
		c.begin(service.Head)
	} else {
		c.deadline = c.timeouts.Deadline(c.deadline, c.state, false, n)
	}
	return n, err
}

func (c *timedConn) Write(p []byte) (n int, err error) {
	c.SetWriteDeadline(time.Now().Add(c.timeouts.ToWrite()))
	return c.Conn.Write(p)
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

// linger sends what is written and waits for the client to close, a short time. If the
// connection was closed with bytes unread, TCP would send a RST, at which the client may drop
// the response before it has read it: RFC 9112, section 9.6.
func linger(conn net.Conn, out *bufio.Writer) {
	if out.Flush() != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok && tcp.CloseWrite() == nil {
		tcp.SetReadDeadline(time.Now().Add(time.Second))
		io.Copy(io.Discard, tcp)
	}
}
