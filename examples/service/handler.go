package service

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/picohttp/picohttp"
)

// Handler returns the service as an http.Handler.
func Handler(maxBody int64) http.Handler {
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
		http.NewResponseController(w).EnableFullDuplex() // net/http wants to be asked
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
		size, err := r.ContentLength, error(nil)
		if size <= maxBody {
			size, err = io.Copy(io.Discard, io.LimitReader(r.Body, maxBody+1))
		}
		switch {
		case size > maxBody:
			w.Header().Set("Connection", "close")
			http.Error(w, "more content than is taken", http.StatusRequestEntityTooLarge)
		case err != nil:
			rejectContent(w, err)
		default:
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"size":%d,"trailers":%d}`, size, len(r.Trailer))
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
