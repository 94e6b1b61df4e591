package main

import (
	"io"
	"log"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/examples/e2e"
	"github.com/picohttp/picohttp/examples/server"
	"github.com/picohttp/picohttp/examples/service"
	"github.com/picohttp/picohttp/internal/vectors"
)

func init() { log.SetOutput(io.Discard) }

const (
	patience = 10 * time.Second
	get      = "GET / HTTP/1.1\r\nHost: test\r\n\r\n"
)

// TestServer runs the suite of all servers on net/http's with the proxy before it.
func TestServer(t *testing.T) {
	e2e.TestThrough(t, func(t *testing.T, config e2e.Config) (addr string, stop func()) {
		backend := httptest.NewUnstartedServer(service.Handler(config.Limits.MaxBody))
		backend.Config.DisableGeneralOptionsHandler = true // "OPTIONS *" is for the service, too
		backend.Start()
		t.Cleanup(backend.Close)
		p := New(backend.Listener.Addr().String())
		p.Requests, p.Responses, p.Timeouts = config.Limits.Parser, config.Limits.Parser, config.Timeouts
		return e2e.Serve(t, p.Serve)
	})
}

// TestConversations has what goes wrong, too.
func TestConversations(t *testing.T) {
	e2e.Conversations(t, "testdata", func(t *testing.T, v vectors.Vector, backend string) (addr string, stop func()) {
		p := New(backend)
		if most, err := time.ParseDuration(v.Word("timeouts")); err == nil { // else none ends before the test does
			p.Timeouts = server.Timeouts{Idle: patience, Head: 2 * most, Body: most, Write: most, MinRate: 1000}
			p.Patience = 2 * most
		}
		if most, err := strconv.ParseInt(v.Word("most"), 10, 64); err == nil {
			p.MaxContent = most
		}
		if v.Word("profile") == "lenient" {
			p.Requests.Profile, p.Responses.Profile = picohttp.Lenient, picohttp.Lenient
		}
		return e2e.Serve(t, p.Serve)
	})
}

// TestMaxClients has a client wait until another is gone.
func TestMaxClients(t *testing.T) {
	p := New("127.0.0.1:1") // where nobody listens
	p.MaxClients = 0        // counts as 1
	addr, stop := e2e.Serve(t, p.Serve)
	defer stop()
	first, second := e2e.Dial(t, addr), e2e.Dial(t, addr)
	first.Send(get).Expect("GET", 502)
	second.Send(get).SetDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := second.R.Peek(1); err == nil {
		t.Error("there are two at a time")
	}
	first.Close()
	second.SetDeadline(time.Now().Add(patience))
	second.Expect("GET", 502)
	second.Close()
}
