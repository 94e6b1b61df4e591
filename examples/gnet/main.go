//go:build unix

// Command gnet serves with the event loops of gnet: picohttp between OnTraffic
// and the socket.
package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/panjf2000/gnet/v2"

	"github.com/picohttp/picohttp/examples/server"
	"github.com/picohttp/picohttp/examples/service"
)

func main() {
	server.Run((&Server{Limits: service.DefaultLimits, Timeouts: server.DefaultTimeouts}).Serve)
}

// A Server has what its connections share. It is for one Serve.
type Server struct {
	Limits   service.Limits
	Timeouts server.Timeouts

	gnet.BuiltinEventEngine
	ctx   context.Context
	conns sync.Map     // the gnet.Conns, to wake them
	open  atomic.Int64 // sessions
}

// A session is a connection. It outlives a gnet.Conn: see leave.
type session struct {
	service.Conn
	state    service.State
	kept     []byte // the beginning of a head or a trailer section
	deadline time.Time
	timer    *time.Timer // closes the connection at the deadline
	away     bool        // in leave, not in an event loop
	over     bool        // all responses are written
}

// Serve serves the address of l until ctx is done. Then it closes connections that are idle, and
// returns when all requests under way have their responses: their timeouts say how long that may
// take. gnet listens by itself, so l is closed.
func (srv *Server) Serve(ctx context.Context, l net.Listener) error {
	srv.ctx = ctx
	l.Close()
	return gnet.Run(srv, "tcp://"+l.Addr().String(), gnet.WithMulticore(true), gnet.WithReuseAddr(true))
}

func (srv *Server) OnBoot(engine gnet.Engine) gnet.Action {
	// Engine.Stop closes all connections, whatever they are about, so they have to
	// end before. The listener cannot be closed alone: OnOpen turns clients away.
	context.AfterFunc(srv.ctx, func() {
		srv.conns.Range(func(c, _ any) bool {
			c.(gnet.Conn).Wake(nil)
			return true
		})
		for srv.open.Load() > 0 {
			time.Sleep(10 * time.Millisecond)
		}
		engine.Stop(context.Background())
	})
	return gnet.None
}

func (srv *Server) OnOpen(c gnet.Conn) ([]byte, gnet.Action) {
	s, back := c.Context().(*session)
	if !back {
		s = &session{Conn: service.Conn{Limits: &srv.Limits}}
		c.SetContext(s)
		srv.open.Add(1)
	}
	s.away = false
	// gnet has no deadlines, and OnTick knows no connections. Close may be called
	// by any goroutine, so a timer will do.
	s.timer = time.AfterFunc(time.Hour, func() { c.Close() })
	s.wait(service.Deadline(&srv.Timeouts, time.Time{}, s.state, true, 0))
	srv.conns.Store(c, nil)
	if back || srv.ctx.Err() != nil {
		return nil, srv.OnTraffic(c)
	}
	return nil, gnet.None
}

func (srv *Server) OnClose(c gnet.Conn, _ error) gnet.Action {
	s := c.Context().(*session)
	s.timer.Stop()
	srv.conns.Delete(c)
	if !s.away {
		srv.open.Add(-1)
	}
	return gnet.None
}

func (s *session) wait(deadline time.Time) {
	if deadline != s.deadline {
		s.deadline = deadline
		s.timer.Reset(time.Until(deadline))
	}
}

var pool = sync.Pool{New: func() any { return new([]byte) }}

// OnTraffic responds to what has arrived. gnet owns the bytes that Peek returns: they
// lie in the buffer of the event loop, and the next read of any of its connections
// overwrites them. What is not discarded, gnet copies to a ring buffer of the
// connection; then Peek has to put that and what came since together in a new slice,
// each time, and a head that drips costs its square. So all is discarded, and what
// Serve leaves is kept here, where a head costs its length.
func (srv *Server) OnTraffic(c gnet.Conn) gnet.Action {
	s := c.Context().(*session)
	in, _ := c.Peek(-1) // as nothing is ever left there, it is valid until this returns
	c.Discard(-1)
	if s.state == service.Closed {
		return srv.linger(c, s)
	}
	if len(s.kept) > 0 {
		s.kept = append(s.kept, in...)
		in = s.kept
	}
	buffer := pool.Get().(*[]byte)
	defer pool.Put(buffer)
	for {
		before := s.state
		if s.Last = srv.ctx.Err() != nil; s.Last && s.state == service.Idle && len(in) == 0 {
			return gnet.Close
		}
		var n int
		n, *buffer, s.state = s.Serve(in, (*buffer)[:0])
		in = in[n:]
		s.wait(service.Deadline(&srv.Timeouts, s.deadline, s.state, s.state != before, n))
		if out := *buffer; len(out) > 0 {
			// Conn.Write would keep what the socket does not take, without limit, and
			// drop it if the connection ends. The socket does not block.
			m, err := syscall.Write(c.Fd(), out)
			if err != nil && !errors.Is(err, syscall.EAGAIN) && !errors.Is(err, syscall.EINTR) {
				return gnet.Close
			}
			if m = max(m, 0); m < len(out) {
				return srv.leave(c, s, out[m:], in)
			}
		}
		if s.state == service.Closed {
			return srv.linger(c, s)
		}
		if s.state != service.Full {
			if s.kept = append(s.kept[:0], in...); len(in) == 0 {
				s.kept = nil
			}
			return gnet.None
		}
	}
}

// leave takes a connection whose client does not read out of its event loop, until
// out is written. There is no other way to stop reading from it: gnet reads what
// arrives, and keeps it without limit if OnTraffic does not take it.
func (srv *Server) leave(c gnet.Conn, s *session, out, in []byte) gnet.Action {
	fd, err := c.Dup()
	if err != nil {
		return gnet.Close
	}
	file := os.NewFile(uintptr(fd), "connection")
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		return gnet.Close
	}
	out = bytes.Clone(out)
	s.kept = append(s.kept[:0], in...)
	s.away = true
	loop := c.EventLoop()
	go func() {
		conn.SetWriteDeadline(time.Now().Add(srv.Timeouts.Write))
		if _, err := conn.Write(out); err == nil {
			// Enroll closes conn when it has a duplicate, and OnOpen continues.
			back, err := loop.Enroll(gnet.NewContext(context.Background(), s), conn)
			if err == nil && (<-back).Err == nil {
				return
			}
		}
		conn.(*net.TCPConn).SetLinger(0) // a RST: see Write in server
		conn.Close()
		srv.open.Add(-1)
	}()
	return gnet.Close // c, but not the connection
}

// linger waits for the client to close, a short time. If the connection was closed with bytes
// unread, TCP would send a RST, at which the client may drop the response before it has read
// it: RFC 9112, section 9.6. gnet itself closes both directions at once.
func (srv *Server) linger(c gnet.Conn, s *session) gnet.Action {
	s.kept = nil
	if !s.over {
		s.over = true
		s.timer.Reset(time.Second)
		if syscall.Shutdown(c.Fd(), syscall.SHUT_WR) != nil {
			return gnet.Close
		}
	}
	return gnet.None
}
