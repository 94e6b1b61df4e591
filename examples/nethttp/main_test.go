package main

import (
	"cmp"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/picohttp/picohttp/examples/e2e"
	"github.com/picohttp/picohttp/examples/service"
)

func TestServer(t *testing.T) { e2e.Test(t, start) }

func start(t *testing.T, config e2e.Config) (addr string, stop func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := Server{
		Handler:   handler(cmp.Or(config.Limits.MaxBody, 8<<20)),
		Parser:    config.Limits.Parser,
		Timeouts:  config.Timeouts,
		MinRate:   5, // e2e sends a byte each tenth of a second
		MaxUnread: config.Limits.MaxUnread,
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	return l.Addr().String(), func() {
		l.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// TestDeadlines sends requests that the idle deadline would allow, and wants how the responses
// begin.
func TestDeadlines(t *testing.T) {
	for _, test := range []struct{ name, first, piece, want string }{
		{"content byte by byte", "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 60\r\n\r\n", "x", ""},
		{"head byte by byte", "GET / HTTP/1.1\r\nA: ", "x", ""},
		{"pipelined part of a head", "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HT", "", "HTTP/1.1 200 OK"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			s := Server{Handler: handler(1 << 20), MinRate: 100,
				Timeouts: service.Timeouts{Head: 300 * time.Millisecond, Body: 300 * time.Millisecond}}
			go s.Serve(l)
			conn, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(10 * time.Second))
			began := time.Now()
			go func() {
				io.WriteString(conn, test.first)
				for range 60 {
					time.Sleep(50 * time.Millisecond)
					if _, err := io.WriteString(conn, test.piece); err != nil {
						return
					}
				}
			}()
			got, _ := io.ReadAll(conn) // a RST is as good as an end
			if took := time.Since(began); took < 200*time.Millisecond || took > 2*time.Second {
				t.Errorf("cut off after %v", took)
			}
			if !strings.HasPrefix(string(got), test.want) || test.want == "" && len(got) > 0 {
				t.Errorf("%q", got)
			}
		})
	}
}
