package main

import (
	"context"
	"net"
	"testing"

	"github.com/picohttp/picohttp/examples/e2e"
)

func TestServer(t *testing.T) { e2e.Test(t, start) }

func start(t *testing.T, config e2e.Config) (addr string, stop func()) {
	s := Server{handler(config.Limits.Body()), config.Limits, config.Timeouts}
	return e2e.Serve(t, func(ctx context.Context, l net.Listener) error {
		context.AfterFunc(ctx, func() { l.Close() })
		return s.Serve(l)
	})
}
