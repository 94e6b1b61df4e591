//go:build unix

// Command netpoll serves with the linked buffers of netpoll: picohttp between its
// Reader and its Writer.
package main

import (
	"context"
	"flag"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cloudwego/netpoll"

	"github.com/picohttp/picohttp/examples/service"
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
	if err := new(Server).Serve(ctx, l); err != nil {
		log.Fatal(err)
	}
}

// A Server has what its connections share. Its zero value is ready, for one Serve.
type Server struct {
	Limits   service.Limits
	Timeouts service.Timeouts

	ctx context.Context
}

// A session is what a connection has besides its netpoll.Connection.
type session struct {
	service.Conn
	idle    *time.Timer // closes the connection between requests
	pileUp  *time.Timer // closes it during Flush
	writing atomic.Bool // Flush
}

// Serve serves the connections of l until ctx is done. Then it closes those that
// are idle, and returns when all requests under way are answered: their timeouts
// say how long that may take.
func (srv *Server) Serve(ctx context.Context, l net.Listener) error {
	srv.ctx = ctx
	loop, err := netpoll.NewEventLoop(srv.onRequest, netpoll.WithOnPrepare(srv.onPrepare),
		netpoll.WithWriteTimeout(srv.Timeouts.ToWrite()))
	if err != nil {
		return err
	}
	stopped := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		loop.Shutdown(context.Background())
		close(stopped)
	})
	err = loop.Serve(l) // until Shutdown begins
	if cancel() {
		return err
	}
	<-stopped
	return nil
}

type sessionKey struct{}

func (srv *Server) onPrepare(conn netpoll.Connection) context.Context {
	s := &session{Conn: service.Conn{Limits: &srv.Limits}}
	// SetIdleTimeout is about TCP keep-alive: to close a connection is up to us.
	s.idle = time.AfterFunc(srv.Timeouts.Read(service.Idle), func() { conn.Close() })
	s.pileUp = time.AfterFunc(time.Hour, func() {
		switch {
		case !s.writing.Load(): // it was stopped too late
		case conn.Reader().Len() > maxPileUp:
			conn.Close()
		default:
			s.pileUp.Reset(pileUpTick)
		}
	})
	s.pileUp.Stop() // until there is something to write
	conn.AddCloseCallback(func(netpoll.Connection) error {
		s.idle.Stop()
		return nil
	})
	return context.WithValue(context.Background(), sessionKey{}, s)
}

// netpoll reads what arrives, and has no limit and no pause (its issues 98 and 422).
// So a connection is cut off when more than maxPileUp has arrived that is not
// served: because the peer does not read, or sends faster than it is served. It is
// noticed a tick late. So a long body for /echo may not get through, even if the
// peer reads meanwhile; where that matters, netpoll is not the library.
const (
	maxPileUp  = 8 << 20
	pileUpTick = 2 * time.Millisecond
)

// window is how much is served at once.
const window = 64 << 10

var pool = sync.Pool{New: func() any { return new([]byte) }}

// onRequest is called when there is something to read, in a goroutine that may
// wait. It keeps it until no request is under way.
//
// netpoll owns the bytes that Peek returns: they are good until Release. They lie
// in one node of the linked buffer, and are not copied, unless they go across the
// end of a node; so what is peeked at is little. They may be left there: Peek for
// more has the same again.
func (srv *Server) onRequest(ctx context.Context, conn netpoll.Connection) error {
	s := ctx.Value(sessionKey{}).(*session)
	s.idle.Stop()
	buffer := pool.Get().(*[]byte)
	defer func() { pool.Put(buffer) }()
	r := conn.Reader()
	need, state := 1, service.Head
	deadline := time.Now().Add(srv.Timeouts.Read(state))
	for {
		conn.SetReadDeadline(deadline)
		if _, err := r.Peek(need); err != nil || r.Len() > maxPileUp { // waits for that many
			return conn.Close()
		}
		in, err := r.Peek(min(r.Len(), need+window))
		if err != nil {
			return conn.Close()
		}
		s.Last = srv.ctx.Err() != nil
		before := state
		var n int
		n, *buffer, state = s.Serve(in, (*buffer)[:0])
		r.Skip(n)
		r.Release()
		if out := *buffer; len(out) > 0 {
			if err := s.write(conn, out); err != nil {
				buffer = new([]byte) // netpoll may still read the other one
				return conn.Close()
			}
		}
		switch {
		case state == service.Closed:
			return linger(conn)
		case state == service.Idle && r.Len() == 0:
			s.idle.Reset(srv.Timeouts.Read(state))
			return nil
		case state == service.Full || n == len(in):
			need = 1
		default:
			need = len(in) - n + 1
		}
		if n > 0 || state != before {
			deadline = time.Now().Add(srv.Timeouts.Read(state))
		}
	}
}

// write writes out. WriteBinary keeps it, if it is long, and does not copy it; when
// Flush returns without an error it is written, and ours again.
func (s *session) write(conn netpoll.Connection, out []byte) error {
	if !conn.IsActive() {
		// The peer has shut down its side, and may wait for the answer. Flush
		// would refuse. The socket, which does not block, is there until
		// onRequest returns.
		n, err := syscall.Write(conn.(netpoll.Conn).Fd(), out)
		if err == nil && n < len(out) {
			err = io.ErrShortWrite
		}
		return err
	}
	s.writing.Store(true)
	s.pileUp.Reset(pileUpTick)
	defer func() {
		s.writing.Store(false)
		s.pileUp.Stop()
	}()
	if _, err := conn.Writer().WriteBinary(out); err != nil {
		return err
	}
	return conn.Writer().Flush()
}

// linger waits for the peer to close, a short time: if the connection was closed
// with bytes unread, TCP would send a RST, at which the peer may throw away the
// answer. RFC 9112, section 9.6. netpoll itself closes both directions at once.
func linger(conn netpoll.Connection) error {
	defer conn.Close()
	if err := syscall.Shutdown(conn.(netpoll.Conn).Fd(), syscall.SHUT_WR); err != nil {
		return err
	}
	conn.SetReadDeadline(time.Now().Add(time.Second))
	for r := conn.Reader(); ; {
		if _, err := r.Peek(1); err != nil {
			return nil
		}
		r.Skip(r.Len())
		r.Release()
	}
}
