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
	ready := make(chan bool)
	addr, stop = e2e.Serve(t, func(ctx context.Context, l net.Listener) error {
		l.Close() // it has found a free port
		return s.Serve(ctx, l.Addr().String(), func() { close(ready) })
	})
	<-ready
	return addr, stop
}
