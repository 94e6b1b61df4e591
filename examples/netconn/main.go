// Command netconn serves with a goroutine for each connection and nothing but
// package net: picohttp under a read loop.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net"
	"os"
	"os/signal"
	"sync"
	"time"

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

// A Server has what its connections share. Its zero value is ready.
type Server struct {
	Limits   service.Limits
	Timeouts service.Timeouts
}

// Serve serves the connections of l until ctx is done. Then it closes those that
// are idle, and returns when all requests under way are answered: their timeouts
// say how long that may take.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	var open sync.WaitGroup
	defer open.Wait()
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			open.Go(func() { s.serveConn(ctx, conn) })
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

// buffers are those of a connection.
type buffers struct{ in, out []byte }

const bufferSize = 16 << 10

var pool = sync.Pool{New: func() any { return &buffers{in: make([]byte, 0, bufferSize)} }}

func (s *Server) serveConn(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	// A connection that waits when ctx is done wakes up, and sees what for.
	defer context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Now()) })()

	b := pool.Get().(*buffers)
	in, out := b.in[:0], b.out[:0]
	defer func() {
		if cap(in) == bufferSize && cap(out) <= 8*bufferSize { // or it was a rare one
			b.in, b.out = in, out
			pool.Put(b)
		}
	}()

	c := service.Conn{Limits: &s.Limits}
	state := service.Idle
	deadline := time.Now().Add(s.Timeouts.Read(state))
	for {
		conn.SetReadDeadline(deadline)
		if c.Last = ctx.Err() != nil; c.Last && state == service.Idle {
			return
		}
		if len(in) == cap(in) { // a head longer than the buffer; Limits end this
			in = append(in, 0)[:len(in)]
		}
		m, err := conn.Read(in[len(in):cap(in)])
		in = in[:len(in)+m]
		for before := state; m > 0; {
			var n int
			n, out, state = c.Serve(in, out[:0])
			in = in[:copy(in, in[n:])] // what is left goes to the beginning
			if len(out) > 0 {
				conn.SetWriteDeadline(time.Now().Add(s.Timeouts.ToWrite()))
				if _, err := conn.Write(out); err != nil {
					return
				}
			}
			if state == service.Closed {
				linger(conn, in[:cap(in)])
				return
			}
			if n > 0 || state != before {
				deadline = time.Now().Add(s.Timeouts.Read(state))
			}
			if state != service.Full {
				break
			}
		}
		if err != nil && !(errors.Is(err, os.ErrDeadlineExceeded) && time.Now().Before(deadline)) {
			return
		}
	}
}

// linger waits for the peer to close, a short time. If the connection was closed
// with bytes unread, TCP would send a RST, at which the peer may throw away the
// answer before it has read it: RFC 9112, section 9.6.
func linger(conn net.Conn, scratch []byte) {
	if tcp, ok := conn.(interface{ CloseWrite() error }); !ok || tcp.CloseWrite() != nil {
		return
	}
	conn.SetReadDeadline(time.Now().Add(time.Second))
	for {
		if _, err := conn.Read(scratch); err != nil {
			return
		}
	}
}
