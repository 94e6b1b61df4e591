// Command observe reads both directions of HTTP/1.x connections and prints each request with its
// responses: from two files, or as a relay that looks at what it copies.
//
//	observe requests.bin responses.bin
//	observe -listen 127.0.0.1:8081 -backend 127.0.0.1:8080
//
// Standard error gets in words what is malformed. observer.go has the parsing. A relay has no
// deadlines: it is for your own machine.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"sync"
	"time"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8081", "`address` to listen on")
	backend := flag.String("backend", "", "`address` to relay connections to")
	flag.Parse()
	faults := log.New(os.Stderr, "", 0)
	var err error
	switch {
	case *backend != "" && flag.NArg() == 0:
		var l net.Listener
		if l, err = net.Listen("tcp", *listen); err == nil {
			err = relay(l, *backend, os.Stdout, faults)
		}
	case *backend == "" && flag.NArg() == 2:
		var sent, received *os.File
		if sent, err = os.Open(flag.Arg(0)); err == nil {
			received, err = os.Open(flag.Arg(1))
		}
		if err == nil {
			observe("", os.Stdout, faults, chunks(sent), chunks(received))
		}
	default:
		flag.Usage()
		os.Exit(2)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// chunks returns a function that returns the next bytes of r.
func chunks(r io.Reader) func() []byte {
	b := make([]byte, 8<<10)
	return func() []byte {
		n, err := r.Read(b)
		for n == 0 && err == nil {
			n, err = r.Read(b)
		}
		if err != nil && err != io.EOF {
			log.Print(err)
		}
		return b[:n]
	}
}

// relay relays the connections of l to backend.
func relay(l net.Listener, backend string, out io.Writer, faults *log.Logger) error {
	for {
		client, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer client.Close()
			name := client.RemoteAddr().String() + " "
			server, err := net.Dial("tcp", backend)
			if err != nil {
				fmt.Fprintf(out, "%s%v\n", name, err)
				return
			}
			defer server.Close()
			sent, received := make(tap, maxChunks), make(tap, maxChunks)
			pass := func(t tap, dst, src net.Conn) {
				if !t.pass(dst, src) {
					fmt.Fprintf(out, "%sno longer observed\n", name)
				}
			}
			var all sync.WaitGroup
			all.Go(func() { pass(sent, server, client) })
			all.Go(func() { pass(received, client, server) })
			all.Go(func() { observe(name, out, faults, sent.next, received.next) })
			all.Wait()
		}()
	}
}

// A tap has what has passed in a direction and is not observed.
type tap chan []byte

// A direction is no longer observed if more than maxChunks of it wait for the other direction for
// longer than maxWait.
const (
	maxChunks = 200
	maxWait   = time.Second
)

func (t tap) next() []byte { return <-t }

// pass copies a direction. The observer gets the bytes first. pass reports whether it got all.
func (t tap) pass(dst, src net.Conn) (observed bool) {
	defer close(t)
	observed = true
	b := make([]byte, 32<<10)
	for {
		n, err := src.Read(b)
		if n > 0 && observed {
			select {
			case t <- bytes.Clone(b[:n]):
			case <-time.After(maxWait):
				observed = false
			}
		}
		if _, writeErr := dst.Write(b[:n]); writeErr != nil {
			src.Close() // nobody takes what it sends
			return observed
		}
		if err != nil {
			dst.(*net.TCPConn).CloseWrite()
			return observed
		}
	}
}
