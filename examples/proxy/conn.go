package main

import (
	"bufio"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/h1"
)

const (
	leastRate  = 1 << 10               // bytes of content that a client must send in a second
	lingerTime = time.Second           // to wait for a client to close, or for the rest of its content
	moment     = 10 * time.Millisecond // for upload to say that it has ended
)

// A conn is a connection to a client or to the backend.
type conn struct {
	net.Conn
	in     *h1.Reader
	out    *bufio.Writer
	before *bufio.Writer // is flushed before a read waits, so that nobody waits for what is in it
	write  time.Duration // for each write

	patience time.Duration // for reads of content; if 0, the deadline that was set counts
	earned   time.Duration // for more of them, by each byte
	left     time.Duration // of patience
	halted   atomic.Bool

	idle    chan error // what Wait returned in the pool
	scratch []byte     // for a head
}

func newConn(tcp net.Conn, p *picohttp.Parser, write time.Duration) *conn {
	c := &conn{Conn: tcp, write: write, idle: make(chan error, 1)}
	c.in, c.out = h1.NewReader(c, p), bufio.NewWriter(c)
	c.before = c.out
	return c
}

// expectContent prepares for reading content. All its reads together may take patience, and
// each byte earns more of it, up to that. A deadline for each read alone would let a client
// send a byte now and then for ever.
func (c *conn) expectContent(patience, earned time.Duration) {
	c.patience, c.earned, c.left = patience, earned, patience
}

func (c *conn) Read(p []byte) (n int, err error) {
	if err := c.before.Flush(); err != nil {
		return 0, err
	}
	if c.patience == 0 {
		return c.Conn.Read(p)
	}
	began := time.Now()
	c.SetReadDeadline(began.Add(c.left))
	if c.halted.Load() { // looked at after the deadline was set, as halt sets both the other way round
		return 0, errUnsent
	}
	n, err = c.Conn.Read(p)
	c.left = min(c.patience, c.left-time.Since(began)+time.Duration(n)*c.earned)
	return n, err
}

// halt ends the reads of content by another goroutine.
func (c *conn) halt() {
	c.halted.Store(true)
	c.SetReadDeadline(past)
}

func (c *conn) Write(p []byte) (int, error) {
	c.SetWriteDeadline(time.Now().Add(c.write))
	return c.Conn.Write(p)
}

var past = time.Unix(1, 0)

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// A pool has connections to the backend that wait for their next request. Each has a
// goroutine that reads, so that one which the backend closes is not used again. Nor is one
// with bytes that no request asked for: they would be taken for the next response.
type pool chan *conn

func (p pool) put(u *conn) {
	u.patience, u.before = 0, u.out
	u.SetReadDeadline(time.Time{}) // the backend has one
	select {
	case p <- u:
		go func() {
			err := u.in.Wait()
			if !isTimeout(err) {
				u.Close()
			}
			u.idle <- err
		}()
	default:
		u.Close()
	}
}

// take returns a connection, or nil if there is none.
func (p pool) take() *conn {
	for {
		select {
		case u := <-p:
			u.SetReadDeadline(past) // ends its Wait
			if isTimeout(<-u.idle) {
				return u
			}
		default:
			return nil
		}
	}
}

func (p pool) close() {
	for u := p.take(); u != nil; u = p.take() {
		u.Close()
	}
}
