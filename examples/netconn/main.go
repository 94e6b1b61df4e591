// Command netconn is a keep-alive server on package h1 and package net, with a goroutine
// for each connection. It has the deadlines and limits that a server needs among strangers,
// and a stop that lets requests end. The service itself is in service.go and package service.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/examples/service"
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
	s := Server{Limits: service.Limits{Parser: picohttp.Parser{MaxHeadBytes: 16 << 10}}}
	if err := s.Serve(ctx, l); err != nil {
		log.Fatal(err)
	}
}

// A Server has what its connections share. The zero value has the defaults.
type Server struct {
	Limits   service.Limits
	Timeouts service.Timeouts
}

// Serve serves the connections of l until ctx is done. Then it closes those that are idle,
// and returns when all requests that have begun have their responses: the deadlines say how
// long that may take.
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

	state    service.State // Idle, Head or Body
	deadline time.Time

	// Of the current request. They are valid until the next one is read.
	req     *picohttp.Request
	verdict picohttp.Verdict
	keep    bool // another request may follow
	unread  bool // its content is too much, or too uncertain, to be read for nothing
	expects bool // the client gets 100 (Continue) before we wait for content
	begun   bool // the response has begun
}

// await sets what the connection waits for.
func (c *conn) await(state service.State) {
	c.state, c.deadline = state, time.Now().Add(c.server.Timeouts.Read(state))
}

func (s *Server) serveConn(ctx context.Context, nc net.Conn) {
	defer nc.Close()
	// A connection that waits when ctx is done wakes up, and Read sees what for.
	defer context.AfterFunc(ctx, func() { nc.SetReadDeadline(time.Now()) })()
	c := &conn{Conn: nc, server: s, ctx: ctx}
	c.in, c.out = h1.NewReader(c, &s.Limits.Parser), bufio.NewWriter(c)
	for {
		c.await(service.Idle)
		if c.in.Wait() != nil {
			return
		}
		c.await(service.Head)
		var err error
		c.req, c.verdict, err = c.in.ReadRequest()
		c.await(service.Body)
		c.keep = c.verdict.KeepAlive && ctx.Err() == nil
		c.unread = c.verdict.ExpectContinue || c.verdict.ExpectOther || c.verdict.Length > s.Limits.Unread()
		c.expects, c.begun = false, false
		if err == nil {
			err = c.respond()
		}
		if err != nil && !c.reject(err) {
			return
		}
		if !c.keep || c.in.Discard(s.Limits.Unread()) != nil {
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
		c.SetReadDeadline(c.deadline)
		if c.state == service.Idle && c.ctx.Err() != nil {
			return 0, net.ErrClosed
		}
		n, err := c.Conn.Read(p)
		c.deadline = c.server.Timeouts.Deadline(c.deadline, c.state, false, n)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) || time.Now().After(c.deadline) {
			return n, err
		}
	}
}

// Write is how c.out writes. A long content comes in pieces of 32 KiB.
func (c *conn) Write(p []byte) (int, error) {
	c.SetWriteDeadline(time.Now().Add(c.server.Timeouts.ToWrite()))
	return c.Conn.Write(p)
}

// linger sends what is written and waits for the client to close, a short time. If the
// connection was closed with bytes unread, TCP would send a RST, at which the client may drop
// the response before it has read it: RFC 9112, section 9.6.
func (c *conn) linger() {
	tcp, ok := c.Conn.(interface{ CloseWrite() error })
	if c.out.Flush() != nil || !ok || tcp.CloseWrite() != nil {
		return
	}
	c.SetReadDeadline(time.Now().Add(time.Second))
	io.Copy(io.Discard, c.Conn)
}
