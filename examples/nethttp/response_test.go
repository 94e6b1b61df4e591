package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/picohttp/picohttp/examples/e2e"
	"github.com/picohttp/picohttp/examples/service"
	"github.com/picohttp/picohttp/nethttp"
)

// TestResponses compares what goes over the connection for handlers that do all that handlers
// may do.
func TestResponses(t *testing.T) {
	const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	const last = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
	long := strings.Repeat("x", 5000)
	for name, test := range map[string]struct {
		request string
		handler http.HandlerFunc
		want    string
	}{
		"HEAD of much": {"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
			func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, long) },
			"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"},
		"much": {last,
			func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, long) },
			"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n" + long + "\r\n0\r\n\r\n"},
		"more than it says": {last,
			func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", "2")
				if n, err := io.WriteString(w, "abcdef"); n != 2 || err != http.ErrContentLength {
					t.Errorf("too much: %d, %v", n, err)
				}
			},
			"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab"},
		"less than it says": {get + get,
			func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", "9")
				io.WriteString(w, "abc")
			},
			"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"},
		"answer before reading": {"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
			func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", "2")
				io.WriteString(w, "a")
				w.(http.Flusher).Flush()
				r.Body.Close()
				io.WriteString(w, "b")
			},
			"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab"},
		"read after the response began": {"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
			func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", "1")
				w.(http.Flusher).Flush()
				if n, err := r.Body.Read(make([]byte, 1)); n != 0 || err != nethttp.ErrNotRead {
					t.Errorf("content that may never come: %d, %v", n, err)
				}
				io.WriteString(w, "a")
			},
			"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na"},
		"close the body": {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" + last,
			func(w http.ResponseWriter, r *http.Request) { r.Body.Close() },
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"},
		"early hints": {last,
			func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(103)
				w.WriteHeader(204)
			},
			"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"},
		"framing of its own": {get + get,
			func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Transfer-Encoding", "chunked")
				w.Header().Set("Connection", "Close")
				io.WriteString(w, "a")
			},
			"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na"},
		"panic": {get + get, func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }, ""},
		"bad trailer": {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n0\r\n\r\n", nil,
			"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			l := e2e.Listen(t)
			go (&Server{Handler: test.handler, Limits: service.Limits{MaxUnread: 1000}}).Serve(l)
			if got, err := io.ReadAll(e2e.Dial(t, l.Addr().String()).Send(test.request)); string(got) != test.want || err != nil {
				t.Errorf("%v\n%q\nwant\n%q", err, got, test.want)
			}
		})
	}
}
