package main

import (
	"testing"

	"github.com/picohttp/picohttp/examples/e2e"
)

func TestServer(t *testing.T) { e2e.Test(t, start) }

func TestStop(t *testing.T) { e2e.TestStop(t, start) }

func start(t *testing.T, config e2e.Config) (addr string, stop func()) {
	s := Server{Limits: config.Limits, Timeouts: config.Timeouts}
	return e2e.Serve(t, s.Serve)
}
