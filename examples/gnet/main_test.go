//go:build unix

package main

import (
	"context"
	"net"
	"testing"

	"github.com/picohttp/picohttp/examples/e2e"
)

func TestServer(t *testing.T) { e2e.Test(t, start) }

func TestStop(t *testing.T) { e2e.TestStop(t, start) }

func start(t *testing.T, config e2e.Config) (addr string, stop func()) {
	s := Server{Limits: config.Limits, Timeouts: config.Timeouts}
	ctx, cancel := context.WithCancel(context.Background())
	done, ready := make(chan error, 1), make(chan net.Addr, 1)
	go func() { done <- s.Serve(ctx, "127.0.0.1:0", func(addr net.Addr) { ready <- addr }) }()
	select {
	case err := <-done:
		t.Fatal(err)
	case a := <-ready:
		addr = a.String()
	}
	return addr, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
