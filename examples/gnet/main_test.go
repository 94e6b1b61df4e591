//go:build unix

package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/picohttp/picohttp/examples/e2e"
)

func TestServer(t *testing.T) {
	e2e.Test(t, func(t *testing.T, config e2e.Config) (addr string, stop func()) {
		addr, stop = e2e.Serve(t, (&Server{Limits: config.Limits, Timeouts: config.Timeouts}).Serve)
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		for _, err := client.Get("http://" + addr); err != nil; _, err = client.Get("http://" + addr) {
			time.Sleep(time.Millisecond) // until gnet listens
		}
		return addr, stop
	})
}
