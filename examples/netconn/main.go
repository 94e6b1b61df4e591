// Command netconn is a keep-alive server on package h1 and package net, with a goroutine
// for each connection. It has the deadlines and limits that a server needs among strangers,
// and a stop that lets requests end. The service itself is in service.go.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"log"
	"net"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/h1"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "`address` to listen on")
	flag.Parse()
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the program at once
	log.Printf("serving on http://%s", l.Addr())
	if err := NewServer().Serve(ctx, l); err != nil {
		log.Fatal(err)
	}
}

// A Server has what its connections share.
type Server struct {
	Parser    picohttp.Parser
	MaxBody   int64 // bytes of content for /upload; more is a 413
	MaxUnread int64 // bytes of content that are read only to get to the next request

	// How long to wait for a client: until a request begins, for a head, for content,
	// and until it has taken 32 KiB. Each byte of content earns it a second/MinRate,
	// up to Body again. So it may pause, but not send at a lower rate for long.
	Idle, Head, Body, Write time.Duration
	MinRate                 int // bytes a second
}

// NewServer returns a Server with the limits and deadlines that suit strangers.
func NewServer() *Server {
	return &Server{
		Parser:    picohttp.Parser{MaxHeadBytes: 16 << 10},
		MaxBody:   8 << 20,
		MaxUnread: 256 << 10,
		Idle:      time.Minute,
		Head:      10 * time.Second,
		Body:      20 * time.Second,
		Write:     20 * time.Second,
		MinRate:   1 << 10,
	}
}

// Serve serves the connections of l until ctx is done. Then it closes those that are idle,
// and returns when all requests that have begun are answered: the deadlines say how long
// that may take.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	var open sync.WaitGroup
	defer open.Wait()
	for {
		c, err := l.Accept()
		switch {
		case err == nil:
			open.Go(func() { s.serveConn(ctx, c) })
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		default: // that connection is gone, or no file descriptor is left
			log.Print(err)
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// A conn is a connection. The Reader in reads from it, and out writes to it.
type conn struct {
	net.Conn
	server *Server
	ctx    context.Context
	in     *h1.Reader
	out    *bufio.Writer

	phase phase
	left  time.Duration // for which the client may keep us waiting

	// Of the current request. They are valid until the next one is read.
	req     *picohttp.Request
	verdict picohttp.Verdict
	keep    bool // another request may follow
	unread  bool // its content is too much, or too uncertain, to be read for nothing
	expects bool // the client gets 100 (Continue) before we wait for content
	begun   bool // the response has begun
}

// A phase is what a connection waits for.
type phase uint8

const (
	idle    phase = iota // a request
	head                 // the rest of a head
	content              // the rest of its content
)

func (s *Server) serveConn(ctx context.Context, nc net.Conn) {
	defer nc.Close()
	// A connection that waits when ctx is done wakes up, and Read sees what for.
	defer context.AfterFunc(ctx, func() { nc.SetReadDeadline(time.Now()) })()
	c := &conn{Conn: nc, server: s, ctx: ctx}
	c.in, c.out = h1.NewReader(c, &s.Parser), bufio.NewWriter(c)
	for {
		c.phase, c.left = idle, s.Idle
		if c.in.Wait() != nil {
			return
		}
		c.phase, c.left = head, s.Head
		var err error
		c.req, c.verdict, err = c.in.ReadRequest()
		c.phase, c.left = content, s.Body
		c.keep = c.verdict.KeepAlive && ctx.Err() == nil
		c.unread = c.verdict.ExpectContinue || c.verdict.ExpectOther || c.verdict.Length > s.MaxUnread
		c.expects, c.begun = false, false
		if err == nil {
			err = c.respond()
		}
		if err != nil && !c.refuse(err) {
			return
		}
		if !c.keep || c.in.Discard(s.MaxUnread) != nil {
			c.linger()
			return
		}
	}
}

// Read is how c.in waits for the client. Before that, the client gets what it waits for: so
// the responses to pipelined requests are sent together.
func (c *conn) Read(p []byte) (int, error) {
	if c.expects { // and nothing of the content has arrived, or in would not read
		c.expects = false
		c.out.WriteString("HTTP/1.1 100 Continue\r\n\r\n")
	}
	if err := c.out.Flush(); err != nil {
		return 0, err
	}
	for {
		began := time.Now()
		c.SetReadDeadline(began.Add(c.left))
		if c.phase == idle && c.ctx.Err() != nil {
			return 0, net.ErrClosed
		}
		n, err := c.Conn.Read(p)
		c.left -= time.Since(began)
		if c.phase == content {
			c.left = min(c.left+time.Duration(n)*time.Second/time.Duration(c.server.MinRate), c.server.Body)
		}
		if n > 0 || c.left <= 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
	}
}

// Write is how c.out writes. A long content comes in pieces of 32 KiB.
func (c *conn) Write(p []byte) (int, error) {
	c.SetWriteDeadline(time.Now().Add(c.server.Write))
	return c.Conn.Write(p)
}

// linger sends what is written and waits for the client to close, a short time. If the
// connection was closed with bytes unread, TCP would send a RST, at which the client may
// throw away the response before it has read it: RFC 9112, section 9.6.
func (c *conn) linger() {
	tcp, ok := c.Conn.(interface{ CloseWrite() error })
	if c.out.Flush() != nil || !ok || tcp.CloseWrite() != nil {
		return
	}
	c.SetReadDeadline(time.Now().Add(time.Second))
	var b [4 << 10]byte
	for {
		if _, err := c.Conn.Read(b[:]); err != nil {
			return
		}
	}
}
