package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/picohttp/picohttp/examples/e2e"
	"github.com/picohttp/picohttp/examples/server"
	"github.com/picohttp/picohttp/examples/service"
	"github.com/picohttp/picohttp/internal/vectors"
)

func TestServer(t *testing.T) {
	e2e.Test(t, func(t *testing.T, config e2e.Config) (addr string, stop func()) {
		handler := service.Handler(config.Limits.MaxBody)
		return e2e.Serve(t, (&Server{handler, config.Limits, config.Timeouts}).Serve)
	})
}

// handlers do all that handlers may do.
var handlers = map[string]func(t *testing.T, w http.ResponseWriter, r *http.Request){
	"/much": func(t *testing.T, w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, strings.Repeat("x", 5000))
	},
	"/more-than-it-says": func(t *testing.T, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "2")
		if n, err := io.WriteString(w, "abcdef"); n != 2 || err != http.ErrContentLength {
			t.Errorf("too much: %d, %v", n, err)
		}
	},
	"/less-than-it-says": func(t *testing.T, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "9")
		io.WriteString(w, "abc")
	},
	"/in-two-parts": func(t *testing.T, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "2")
		io.WriteString(w, "a")
		w.(http.Flusher).Flush()
		if n, err := r.Body.Read(make([]byte, 1)); n != 0 || err != http.ErrBodyReadAfterClose {
			t.Errorf("content that may never come: %d, %v", n, err)
		}
		io.WriteString(w, "b")
	},
	"/close-the-body": func(t *testing.T, w http.ResponseWriter, r *http.Request) { r.Body.Close() },
	"/early-hints": func(t *testing.T, w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(103)
		w.WriteHeader(204)
	},
	"/hints-then-length": func(t *testing.T, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "9")
		w.Header().Set("Transfer-Encoding", "chunked")
		w.Header().Set("Link", "</a>")
		w.WriteHeader(103)
		w.WriteHeader(304)
	},
	"/no-such-status": func(t *testing.T, w http.ResponseWriter, r *http.Request) { w.WriteHeader(0) },
	"/until-the-server-stops": func(t *testing.T, w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(103)
		<-r.Context().Done()
	},
	"/framing-of-its-own": func(t *testing.T, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Transfer-Encoding", "chunked")
		w.Header().Set("Connection", "Close")
		io.WriteString(w, "a")
	},
	"/panic": func(t *testing.T, w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) },
}

func TestResponses(t *testing.T) {
	e2e.Conversations(t, "testdata", func(t *testing.T, _ vectors.Vector, _ string) (addr string, stop func()) {
		return e2e.Serve(t, func(ctx context.Context, l net.Listener) error {
			handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				handlers[r.URL.Path](t, w, r.WithContext(ctx))
			})
			return (&Server{handler, service.DefaultLimits, server.DefaultTimeouts}).Serve(ctx, l)
		})
	})
}
