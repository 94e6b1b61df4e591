//go:build unix

// Command nbio serves with the pollers of nbio: picohttp on its raw connections,
// without its nbhttp.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/lesismal/nbio"
	"github.com/lesismal/nbio/logging"

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
	logging.SetLevel(logging.LevelWarn)
	log.Printf("serving on http://%s", l.Addr())
	if err := new(Server).Serve(ctx, l); err != nil {
		log.Fatal(err)
	}
}

// A Server has what its connections share. Its zero value is ready, for one Serve.
type Server struct {
	Limits   service.Limits
	Timeouts service.Timeouts

	ctx  context.Context
	open sync.WaitGroup
}

// A session is what a connection has besides its nbio.Conn.
type session struct {
	sync.Mutex // onRead and goOn are in different goroutines
	service.Conn
	state service.State
	kept  []byte // the beginning of a head or a trailer section, or what is not served yet
	over  bool   // all answers are written

	// unsent are the octets of the answer that the socket has not taken, and one
	// more while serve is about to write them. Who takes it to 0 goes on.
	unsent atomic.Int64
}

// Serve serves the connections of l until ctx is done. Then it closes those that
// are idle, and returns when all requests under way are answered: their timeouts
// say how long that may take.
func (srv *Server) Serve(ctx context.Context, l net.Listener) error {
	srv.ctx = ctx
	// Edge-triggered: a poller says once that there is something to read, so that
	// it may be left in the socket.
	engine := nbio.NewEngine(nbio.Config{EpollMod: nbio.EPOLLET, NPoller: runtime.NumCPU()})
	var conns sync.Map
	engine.OnOpen(func(c *nbio.Conn) {
		s := &session{Conn: service.Conn{Limits: &srv.Limits}}
		c.SetSession(s)
		c.SetReadDeadline(time.Now().Add(srv.Timeouts.Read(s.state)))
		conns.Store(c, nil)
	})
	engine.OnClose(func(c *nbio.Conn, _ error) {
		conns.Delete(c)
		srv.open.Done()
	})
	engine.OnRead(srv.onRead)
	engine.OnWrittenSize(func(c *nbio.Conn, _ []byte, n int) {
		if c.Session().(*session).unsent.Add(-int64(n)) == 0 {
			go srv.goOn(c) // not here: c is locked
		}
	})
	if err := engine.Start(); err != nil {
		return err
	}
	// Engine.Stop closes all connections, whatever they are about, so they have to
	// end before.
	defer engine.Stop()
	defer srv.open.Wait()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			srv.open.Add(1)
			if _, err := engine.AddConn(conn); err != nil {
				log.Print(err)
				if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) { // before OnOpen
					conn.Close()
					srv.open.Done()
				}
			}
		case ctx.Err() != nil:
			conns.Range(func(c, _ any) bool { srv.goOn(c.(*nbio.Conn)); return true })
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		default: // that connection is gone, or no file descriptor is left
			log.Print(err)
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// buffers are for one read.
type buffers struct{ in, out []byte }

var pool = sync.Pool{New: func() any { return &buffers{in: make([]byte, 64<<10)} }}

// goOn is called when the answer is written, and when the server stops.
func (srv *Server) goOn(c *nbio.Conn) {
	s := c.Session().(*session)
	s.Lock()
	defer s.Unlock()
	if s.unsent.Load() == 0 {
		c.SetWriteDeadline(time.Time{}) // nbio does it only within Write
		if s.state != service.Closed {
			c.SetReadDeadline(time.Now().Add(srv.Timeouts.Read(s.state))) // which write took away
		}
		b := pool.Get().(*buffers)
		ok := srv.serve(c, s, nil, b)
		pool.Put(b)
		if ok {
			srv.read(c, s)
		}
	}
}

// onRead is called by a poller when there is something to read, instead of
// OnData, which has no way to leave it in the socket.
func (srv *Server) onRead(c *nbio.Conn) {
	s := c.Session().(*session)
	s.Lock()
	defer s.Unlock()
	srv.read(c, s)
}

// read serves what has arrived, while the peer takes the answers.
func (srv *Server) read(c *nbio.Conn, s *session) {
	b := pool.Get().(*buffers)
	defer pool.Put(b)
	for range 16 {
		if s.unsent.Load() != 0 {
			return // goOn comes
		}
		n, err := c.Read(b.in)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if n <= 0 || !srv.serve(c, s, b.in[:n], b) {
			return // nbio closes the connection itself when the peer does
		}
	}
	go srv.goOn(c) // others have their turn
}

// serve answers what has arrived, and reports whether there may be more to read.
// data is good until it returns, since the buffer goes back to the pool; what
// Serve leaves is kept. (It is the same with the data of OnData.)
func (srv *Server) serve(c *nbio.Conn, s *session, data []byte, b *buffers) (ok bool) {
	in := data
	if len(s.kept) > 0 {
		s.kept = append(s.kept, data...)
		in = s.kept
	}
	defer func() {
		if s.kept = append(s.kept[:0], in...); len(in) == 0 {
			s.kept = nil
		}
	}()
	for {
		if s.state == service.Closed {
			in = nil
			return s.linger(c)
		}
		if s.Last = srv.ctx.Err() != nil; s.Last && s.state == service.Idle && len(in) == 0 {
			c.Close()
			return false
		}
		before := s.state
		var n int
		n, b.out, s.state = s.Serve(in, b.out[:0])
		in = in[n:]
		if len(b.out) > 0 && !srv.write(c, s, b.out) {
			return false
		}
		if n > 0 || s.state != before {
			c.SetReadDeadline(time.Now().Add(srv.Timeouts.Read(s.state)))
		}
		if s.state != service.Full && s.state != service.Closed {
			return true
		}
	}
}

// write writes out and reports whether the socket took all of it. What it did not
// take, nbio copies and writes later; to read no more until then is up to us. If
// the peer shuts down its side in the meantime, nbio drops it.
func (srv *Server) write(c *nbio.Conn, s *session, out []byte) bool {
	s.unsent.Store(int64(len(out)) + 1)
	if _, err := c.Write(out); err != nil {
		return false
	}
	if s.unsent.Load() > 1 {
		c.SetReadDeadline(time.Time{})
		c.SetWriteDeadline(time.Now().Add(srv.Timeouts.ToWrite()))
	}
	if s.unsent.Add(-1) != 0 {
		return false // goOn comes
	}
	c.SetWriteDeadline(time.Time{})
	return true
}

// linger waits for the peer to close, a short time: if the connection was closed
// with bytes unread, TCP would send a RST, at which the peer may throw away the
// answer. RFC 9112, section 9.6. nbio itself closes both directions at once.
func (s *session) linger(c *nbio.Conn) bool {
	if s.over {
		return true
	}
	s.over = true
	c.SetReadDeadline(time.Now().Add(time.Second))
	c.Lock() // so that the file descriptor, which Hash returns, is this connection's
	defer c.Unlock()
	closed, _ := c.IsClosed()
	return !closed && syscall.Shutdown(c.Hash(), syscall.SHUT_WR) == nil
}
