package main

import (
	"cmp"
	"net"
	"testing"

	"github.com/picohttp/picohttp/examples/e2e"
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
		MaxUnread: cmp.Or(config.Limits.MaxUnread, 256<<10),
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
