package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"strconv"
)

// A response is an http.ResponseWriter. Content goes out with a Content-Length if
// the handler says it, or if it fits what is held back, else in chunked coding.
type response struct {
	out     *bufio.Writer
	req     *http.Request
	body    *content
	header  http.Header
	status  int            // 0 until WriteHeader
	sent    bool           // the head is written
	held    []byte         // content, before the head is written
	chunked io.WriteCloser // for content in chunked coding
	close   bool           // the connection ends behind it
}

func newResponse(out *bufio.Writer, req *http.Request, body *content) *response {
	return &response{out: out, req: req, body: body, header: http.Header{}}
}

func (w *response) Header() http.Header { return w.header }

func (w *response) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *response) Write(p []byte) (int, error) {
	const most = 4 << 10
	w.WriteHeader(http.StatusOK)
	if !w.sent && w.header["Content-Length"] == nil && len(w.held)+len(p) <= most {
		w.held = append(w.held, p...)
		return len(p), nil
	}
	w.sendHead()
	return w.write(p)
}

func (w *response) write(p []byte) (int, error) {
	switch {
	case w.req.Method == http.MethodHead || !w.mayHaveContent():
		return len(p), nil
	case w.chunked != nil && len(p) > 0:
		return w.chunked.Write(p)
	}
	return w.out.Write(p)
}

// Flush makes response an http.Flusher.
func (w *response) Flush() {
	w.WriteHeader(http.StatusOK)
	w.sendHead()
	w.out.Flush()
}

func (w *response) mayHaveContent() bool {
	return w.status >= 200 && w.status != http.StatusNoContent && w.status != http.StatusNotModified
}

// finish ends the response.
func (w *response) finish() {
	w.WriteHeader(http.StatusOK)
	if !w.sent && w.header["Content-Length"] == nil && w.mayHaveContent() {
		w.header.Set("Content-Length", strconv.Itoa(len(w.held)))
	}
	w.sendHead()
	if w.chunked != nil {
		w.chunked.Close()
		io.WriteString(w.out, "\r\n") // no trailer fields
	}
}

// sendHead writes the head, if it is not written, and what is held back.
func (w *response) sendHead() {
	if w.sent {
		return
	}
	w.sent = true
	http10 := w.req.ProtoMinor == 0
	w.close = w.req.Close || w.body.unwanted(w.req.ContentLength) || w.header.Get("Connection") == "close"
	switch {
	case w.header["Content-Length"] != nil || !w.mayHaveContent():
	case http10:
		w.close = true // which ends the content
	default:
		w.header.Set("Transfer-Encoding", "chunked")
		w.chunked = httputil.NewChunkedWriter(w.out)
	}
	switch {
	case w.close:
		w.header.Set("Connection", "close")
	case http10:
		w.header.Set("Connection", "keep-alive")
	}
	fmt.Fprintf(w.out, "HTTP/1.1 %03d %s\r\n", w.status, http.StatusText(w.status))
	w.header.Write(w.out)
	w.out.WriteString("\r\n")
	w.write(w.held)
}
