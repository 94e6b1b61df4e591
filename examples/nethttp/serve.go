package main

import (
	"bufio"
	"cmp"
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
	Handler   http.Handler
	Parser    picohttp.Parser
	Timeouts  service.Timeouts
	MinRate   int   // of content, in bytes a second, if a client uses up its Timeouts; 1 KiB
	MaxUnread int64 // bytes of content that no handler wants are read to get to the next request
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
	conn := &timedConn{Conn: c, timeouts: &s.Timeouts, minRate: cmp.Or(s.MinRate, 1<<10)}
	in := bufio.NewReader(conn)
	out := bufio.NewWriter(conn)
	conn.out = out
	var w *response // of the current request
	maxUnread := cmp.Or(s.MaxUnread, nethttp.DefaultMaxDiscard)
	r := nethttp.Reader{Parser: s.Parser, MaxDiscard: maxUnread, Continue: func() error { return w.proceed() }}
	for {
		conn.begin(service.Idle)
		if in.Buffered() > 0 {
			conn.begin(service.Head)
		}
		req, err := r.ReadRequest(in)
		if err != nil {
			refuse(out, err)
			break
		}
		conn.begin(service.Body)
		req.RemoteAddr = c.RemoteAddr().String()
		body := &content{ReadCloser: req.Body, most: maxUnread, waits: in.Buffered() == 0 && strings.EqualFold(req.Header.Get("Expect"), "100-continue")}
		req.Body = body
		w = newResponse(out, req, body)
		s.Handler.ServeHTTP(w, req)
		w.finish()
		if w.close {
			break
		}
		// What the handler left of the body is in the way of the next request.
		if body.ReadCloser.Close() != nil {
			break
		}
	}
	linger(c, out)
}

// content is the Body of a request.
type content struct {
	io.ReadCloser
	most   int64 // octets that are read for nothing
	begun  bool  // it was read
	waits  bool  // the client waits for 100 (Continue)
	closed bool
}

func (c *content) Read(p []byte) (int, error) {
	if c.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	c.begun = true
	return c.ReadCloser.Read(p)
}

// Close leaves what was not read to serveConn, which knows how much is worth it.
func (c *content) Close() error {
	c.closed = true
	return nil
}

// unwanted reports whether there is content that is not read only to get to the
// next request: there is too much of it, or nobody knows whether it comes.
func (c *content) unwanted(length int64) bool {
	return !c.begun && (length > c.most || length != 0 && c.waits)
}

// A timedConn has a deadline for whatever is under way. Before it waits for the
// client, the client gets what it may wait for: so the responses to pipelined
// requests go together.
type timedConn struct {
	net.Conn
	out      *bufio.Writer
	timeouts *service.Timeouts
	minRate  int
	state    service.State // Idle, Head or Body
	left     time.Duration // for which the client may keep us waiting
}

func (c *timedConn) begin(state service.State) {
	c.state, c.left = state, c.timeouts.Read(state)
}

// Read waits for a request to begin, and for its head, as long as Timeouts say. Each
// byte of content earns the client a second/minRate, up to the timeout of Body again:
// so it may pause, but not send at a lower rate for long.
func (c *timedConn) Read(p []byte) (n int, err error) {
	if err := c.out.Flush(); err != nil {
		return 0, err
	}
	began := time.Now()
	c.SetReadDeadline(began.Add(c.left))
	n, err = c.Conn.Read(p)
	c.left -= time.Since(began)
	switch {
	case n > 0 && c.state == service.Idle:
		c.begin(service.Head)
	case c.state == service.Body:
		c.left = min(c.left+time.Duration(n)*time.Second/time.Duration(c.minRate), c.timeouts.Read(service.Body))
	}
	return n, err
}

func (c *timedConn) Write(p []byte) (n int, err error) {
	c.SetWriteDeadline(time.Now().Add(c.timeouts.ToWrite()))
	return c.Conn.Write(p)
}

// refuse responds to an error of ReadRequest, unless the connection has ended. The
// response has no content, because the request may be a HEAD.
func refuse(out *bufio.Writer, err error) {
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

// linger sends what is written and waits for the peer to close, a short time: if
// the connection was closed with bytes unread, TCP would send a RST, at which the
// peer may throw away the answer. RFC 9112, section 9.6.
func linger(conn net.Conn, out *bufio.Writer) {
	if out.Flush() != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok && tcp.CloseWrite() == nil {
		tcp.SetReadDeadline(time.Now().Add(time.Second))
		io.Copy(io.Discard, tcp)
	}
}
