// Command nethttp serves an http.Handler with a loop of its own: requests are read by
// picohttp's package nethttp, all else is net/http's.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/examples/service"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "`address` to listen on")
	flag.Parse()
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, func() { l.Close() })
	var limits service.Limits
	s := Server{Handler: handler(limits.Body()), Limits: limits}
	log.Printf("serving on http://%s", l.Addr())
	if err := s.Serve(l); err != nil {
		log.Print(err)
	}
}

// handler has the routes of package service as an http.Handler.
func handler(maxUpload int64) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, "Hello, World!")
	})
	mux.HandleFunc("GET /json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"message":"Hello, World!"}`)
	})
	mux.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength >= 0 {
			w.Header().Set("Content-Length", fmt.Sprint(r.ContentLength))
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		switch n, err := io.Copy(w, r.Body); {
		case err != nil && n > 0:
			panic(http.ErrAbortHandler) // part of the response is written
		case err != nil:
			rejectContent(w, err)
		}
	})
	mux.HandleFunc("POST /upload", func(w http.ResponseWriter, r *http.Request) {
		sum, size, err := crc32.NewIEEE(), r.ContentLength, error(nil)
		if size <= maxUpload {
			size, err = io.Copy(sum, io.LimitReader(r.Body, maxUpload+1))
		}
		switch {
		case size > maxUpload:
			w.Header().Set("Connection", "close")
			http.Error(w, "more content than is taken", http.StatusRequestEntityTooLarge)
		case err != nil:
			rejectContent(w, err)
		default:
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"size":%d,"trailers":%d,"crc32":"%08x"}`, size, len(r.Trailer), sum.Sum32())
		}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// What http.Server does before its Handler, and a ServeMux does not.
		switch expect := r.Header.Get("Expect"); {
		case expect != "" && !strings.EqualFold(expect, "100-continue") && r.ProtoMinor > 0:
			w.Header().Set("Connection", "close")
			w.WriteHeader(http.StatusExpectationFailed)
		case r.Method == http.MethodConnect:
			w.WriteHeader(http.StatusNotImplemented) // this is no proxy
		case r.Method == http.MethodOptions && r.RequestURI == "*":
			w.Header().Set("Allow", "GET, HEAD, POST, OPTIONS")
			w.WriteHeader(http.StatusNoContent)
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

// rejectContent responds to a request whose content cannot be read, unless the client is
// gone or too slow.
func rejectContent(w http.ResponseWriter, err error) {
	var fault picohttp.Error
	if !errors.As(err, &fault) {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Connection", "close")
	http.Error(w, fault.Rule(), fault.Status())
}
