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
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := Server{Limits: config.Limits, Timeouts: config.Timeouts}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Serve(ctx, l) }()
	return l.Addr().String(), func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
