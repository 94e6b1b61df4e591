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
		awaitServer(t, addr, stop)
		return addr, stop
	})
}

// awaitServer waits until gnet listens. Only a response shows that: a connection may be to the
// listener that Serve closes.
func awaitServer(t *testing.T, addr string, stop func()) {
	const patience = 10 * time.Second
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		resp, err := client.Get("http://" + addr)
		if err == nil {
			resp.Body.Close() // closes the connection, which the server waits for
			return
		}
		if time.Now().After(end) {
			stop() // says what Serve has returned
			t.Fatal(err)
		}
	}
}
