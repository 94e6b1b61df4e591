package main

import (
	"testing"

	"github.com/picohttp/picohttp/examples/e2e"
)

func TestServer(t *testing.T) {
	e2e.Test(t, func(t *testing.T, config e2e.Config) (addr string, stop func()) {
		return e2e.Serve(t, (&Server{config.Limits, config.Timeouts}).Serve)
	})
}
