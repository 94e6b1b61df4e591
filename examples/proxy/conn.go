package main

import (
	"net"
	"time"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/examples/server"
	"github.com/picohttp/picohttp/h1"
)

// A conn is a connection to a client or to the backend.
type conn struct {
	*server.Conn
	in      *h1.Reader
	idle    chan error // what Wait returned in the pool
	scratch []byte     // for a head
}

func newConn(tcp net.Conn, p *picohttp.Parser, t *server.Timeouts) *conn {
	c := &conn{Conn: server.NewConn(tcp, t), idle: make(chan error, 1)}
	c.in = h1.NewReader(c, p)
	return c
}

// A pool has connections to the backend that wait for their next request. Each has a
// goroutine that reads, so that one which the backend closes is not used again. Nor is one
// with bytes that no request asked for: they would be taken for the next response.
type pool chan *conn

func (p pool) put(u *conn) {
	u.Expect(0, 0)
	u.Before = u.Out
	u.SetReadDeadline(time.Time{}) // how long it may be idle, the backend decides
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
			u.SetReadDeadline(server.Past) // ends its Wait
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
