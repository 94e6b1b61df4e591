// Package server has what the servers on package net share: how connections are accepted, how
// long they may take, and how they end. Copy it along with a server.
package server

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
	"sync/atomic"
	"time"
)

// Run has serve serve the address of the flag -addr until the program is interrupted.
func Run(serve func(ctx context.Context, l net.Listener) error) {
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
	if err := serve(ctx, l); err != nil {
		log.Fatal(err)
	}
}

// DefaultMaxConns is a limit for Serve.
const DefaultMaxConns = 2000

// Serve has serve serve the connections of l, each in a goroutine, until ctx is done. It returns
// when all have ended. There are at most maxConns at a time, and less than 1 counts as 1; others
// wait to be accepted.
func Serve(ctx context.Context, l net.Listener, maxConns int, serve func(c net.Conn)) error {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	slots := make(chan struct{}, max(maxConns, 1))
	var open sync.WaitGroup
	defer open.Wait()
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		c, err := l.Accept()
		switch {
		case err == nil:
			open.Go(func() {
				serve(c)
				c.Close()
				<-slots
			})
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		default: // that connection is gone, or no file descriptor is left
			log.Print(err)
			<-slots
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// Timeouts say how long a client may take.
type Timeouts struct {
	Idle    time.Duration // for the next request to begin
	Head    time.Duration // for a whole head
	Body    time.Duration // for content to arrive; each MinRate bytes of it add a second, up to Body again
	Write   time.Duration // to take what one Write has, such as 4 KiB
	MinRate int           // bytes of content a second; less than 1 counts as 1
}

// PerByte returns the time that a byte of content earns.
func (t *Timeouts) PerByte() time.Duration { return time.Second / time.Duration(max(t.MinRate, 1)) }

// DefaultTimeouts are for clients that are strangers.
var DefaultTimeouts = Timeouts{
	Idle: 60 * time.Second, Head: 10 * time.Second, Body: 20 * time.Second, Write: 20 * time.Second, MinRate: 1 << 10,
}

// A Conn is a connection that is buffered for writing and has deadlines. One goroutine reads.
type Conn struct {
	net.Conn
	Out    *bufio.Writer // writes to the connection
	Before *bufio.Writer // is flushed before a Read waits, so that nobody waits for what is in it; Out at first

	timeouts *Timeouts
	most     time.Duration // limit of the time left for Reads; 0 keeps the deadline that was set
	earned   time.Duration // added to the time left for each byte
	left     time.Duration // time left for Reads
	halt     sync.Once
	halted   atomic.Bool
}

// NewConn returns a Conn on a connection.
func NewConn(c net.Conn, t *Timeouts) *Conn {
	conn := &Conn{Conn: c, timeouts: t}
	conn.Out = bufio.NewWriter(conn)
	conn.Before = conn.Out
	return conn
}

// Expect sets how long the Reads that follow may wait in all: most, and earned more for each byte
// that arrives, but never more than most at once. A deadline for each Read alone would let a client
// send a byte now and then for ever. The time between Reads is not the client's, and does not count.
func (c *Conn) Expect(most, earned time.Duration) { c.most, c.earned, c.left = most, earned, most }

// ExpectContent prepares for the content of a request.
func (c *Conn) ExpectContent() { c.Expect(c.timeouts.Body, c.timeouts.PerByte()) }

// Await waits for a request with wait, until ctx is done, and prepares for its head.
func (c *Conn) Await(ctx context.Context, wait func() error) error {
	if _, err := c.Out.Write(nil); err != nil { // an earlier one has failed: the client is gone
		return err
	}
	c.Expect(c.timeouts.Idle, 0)
	stop := context.AfterFunc(ctx, c.Halt)
	err := wait()
	if !stop() {
		c.Halt()   // waits for the Halt of AfterFunc, which would end Linger
		c.Linger() // the last response may not have been sent, or the next request not read
		return net.ErrClosed
	}
	c.Expect(c.timeouts.Head, 0)
	return err
}

func (c *Conn) Read(p []byte) (n int, err error) {
	if err := c.Before.Flush(); err != nil {
		return 0, err
	}
	if c.most == 0 {
		return c.Conn.Read(p)
	}
	began := time.Now()
	c.SetReadDeadline(began.Add(c.left))
	if c.Halted() { // checked after the deadline is set, because Halt sets the flag first and then the deadline
		return 0, net.ErrClosed
	}
	n, err = c.Conn.Read(p)
	c.left = min(c.most, c.left-time.Since(began)+time.Duration(n)*c.earned)
	return n, err
}

// Past is a deadline that ends a Read of another goroutine.
var Past = time.Unix(1, 0)

// Halt ends the Reads of another goroutine for good.
func (c *Conn) Halt() {
	c.halt.Do(func() {
		c.halted.Store(true)
		c.SetReadDeadline(Past)
	})
}

// Halted reports whether Halt was called.
func (c *Conn) Halted() bool { return c.halted.Load() }

// Write writes p, all of it within the deadline. After an error, Close resets the connection.
// Otherwise the kernel would hold megabytes of responses for minutes, for a client that takes none.
func (c *Conn) Write(p []byte) (int, error) {
	c.SetWriteDeadline(time.Now().Add(c.timeouts.Write))
	n, err := c.Conn.Write(p)
	if tcp, ok := c.Conn.(*net.TCPConn); ok && err != nil {
		tcp.SetLinger(0)
	}
	return n, err
}

// Linger sends what is in Out and waits for the client to close, a short time. If bytes are
// unread when a connection is closed, TCP sends a RST, at which the client may drop the response
// before it has read it: RFC 9112, section 9.6.
func (c *Conn) Linger() {
	tcp, ok := c.Conn.(*net.TCPConn)
	if c.Out.Flush() == nil && ok && tcp.CloseWrite() == nil {
		tcp.SetReadDeadline(time.Now().Add(time.Second))
		io.Copy(io.Discard, tcp)
	}
}
