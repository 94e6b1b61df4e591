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
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"sync"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8081", "`address` to listen on")
	backend := flag.String("backend", "", "`address` to relay connections to")
	flag.Parse()
	var err error
	switch {
	case *backend != "" && flag.NArg() == 0:
		var l net.Listener
		if l, err = net.Listen("tcp", *listen); err == nil {
			err = relay(l, *backend, os.Stdout, os.Stderr)
		}
	case *backend == "" && flag.NArg() == 2:
		var sent, received *os.File
		if sent, err = os.Open(flag.Arg(0)); err == nil {
			received, err = os.Open(flag.Arg(1))
		}
		if err == nil {
			err = read(newObserver("", os.Stdout, os.Stderr), sent, received)
		}
	default:
		flag.Usage()
		os.Exit(2)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// read reads both directions. It reads responses while requests wait for one, so that few bytes
// of either wait for the other.
func read(o *observer, sent, received io.Reader) error {
	b := make([]byte, 8<<10)
	for !o.requests.ended || !o.responses.ended {
		d, src := &o.requests, sent
		if d.ended || len(o.pending) > 0 && !o.responses.ended {
			d, src = &o.responses, received
		}
		n, err := src.Read(b)
		o.feed(d, b[:n], err == io.EOF)
		if err != nil && err != io.EOF {
			return err
		}
	}
	return nil
}

// relay relays the connections of l to backend.
func relay(l net.Listener, backend string, out, log io.Writer) error {
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
			o := newObserver(name, out, log)
			var both sync.WaitGroup
			both.Go(func() { pass(o, &o.requests, server, client) })
			both.Go(func() { pass(o, &o.responses, client, server) })
			both.Wait()
		}()
	}
}

// pass copies a direction. The observer gets the bytes first, so that it sees no response before
// the request.
func pass(o *observer, d *direction, dst, src net.Conn) {
	b := make([]byte, 32<<10)
	for {
		n, err := src.Read(b)
		o.feed(d, b[:n], err != nil)
		if _, writeErr := dst.Write(b[:n]); writeErr != nil {
			o.feed(d, nil, true)
			src.Close() // nobody takes what it sends
			return
		}
		if err != nil {
			dst.(*net.TCPConn).CloseWrite()
			return
		}
	}
}
