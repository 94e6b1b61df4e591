package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
)

// A response is an http.ResponseWriter. Content has a Content-Length if the handler sets one, or if
// all of it fits in what is held back. Otherwise it is chunked, or in HTTP/1.0 ends with the
// connection.
type response struct {
	out    *bufio.Writer
	req    *http.Request
	body   *content
	header http.Header
	status int       // of the final response, 0 until WriteHeader
	to     io.Writer // for content, after its head is written
	held   []byte    // content, before that
	left   int64     // bytes of content to come, -1 if any number may
	close  bool      // the connection ends after it
}

func (w *response) Header() http.Header { return w.header }

func (w *response) WriteHeader(status int) {
	switch {
	case w.status != 0:
	case status < 100, status == http.StatusSwitchingProtocols, status > 999:
		panic(http.ErrAbortHandler) // a fault of the handler; there is no other protocol
	case status >= 200:
		w.status = status
	case w.req.ProtoMinor > 0: // an informational one comes before
		w.writeHead(status)
		w.out.Flush()
	}
}

func (w *response) Write(p []byte) (int, error) {
	const most = 4 << 10
	w.WriteHeader(http.StatusOK)
	if w.to == nil && w.header["Content-Length"] == nil && len(w.held)+len(p) <= most {
		w.held = append(w.held, p...)
		return len(p), nil
	}
	w.sendHead()
	return w.write(p)
}

func (w *response) write(p []byte) (n int, err error) {
	if w.left >= 0 && int64(len(p)) > w.left { // more would be taken for the next response
		p, err = p[:w.left], http.ErrContentLength
	}
	if len(p) > 0 && !w.mayHaveContent() {
		return 0, http.ErrBodyNotAllowed
	}
	n, writeErr := w.to.Write(p)
	if w.left >= 0 {
		w.left -= int64(n)
	}
	return n, cmp.Or(writeErr, err)
}

// Flush makes response an http.Flusher.
func (w *response) Flush() {
	w.WriteHeader(http.StatusOK)
	w.sendHead()
	w.out.Flush()
}

func (w *response) mayHaveContent() bool {
	return w.status != http.StatusNoContent && w.status != http.StatusNotModified
}

// finish ends the response.
func (w *response) finish() {
	w.WriteHeader(http.StatusOK)
	if w.to == nil && w.header["Content-Length"] == nil && w.mayHaveContent() {
		w.header.Set("Content-Length", strconv.Itoa(len(w.held)))
	}
	w.sendHead()
	if chunks, ok := w.to.(io.Closer); ok {
		chunks.Close()
		io.WriteString(w.out, "\r\n") // no trailer fields
	}
	if w.left > 0 && w.req.Method != http.MethodHead && w.mayHaveContent() {
		w.close = true // the client sees that it was cut off
	}
}

// sendHead writes the head, if it is not written, and what is held back.
func (w *response) sendHead() {
	if w.to != nil {
		return
	}
	w.to = w.out
	http10 := w.req.ProtoMinor == 0
	// As in net/http, a handler that has begun to respond cannot begin to read content. If it is too
	// long to discard, or may never come, the connection ends.
	w.close = w.close || w.req.Close || w.req.Method == http.MethodConnect ||
		strings.EqualFold(w.header.Get("Connection"), "close") || !w.body.begun && w.body.Close() != nil
	delete(w.header, "Transfer-Encoding") // is for this loop to say
	if !w.mayHaveContent() && w.status != http.StatusNotModified {
		delete(w.header, "Content-Length")
	}
	length, err := strconv.ParseInt(w.header.Get("Content-Length"), 10, 64)
	switch {
	case err == nil && length >= 0 && len(w.header["Content-Length"]) == 1:
		w.left = length
	case w.header["Content-Length"] != nil:
		panic(http.ErrAbortHandler) // a fault of the handler
	case !w.mayHaveContent():
	case http10:
		w.close = true // which ends the content
	default:
		w.header.Set("Transfer-Encoding", "chunked")
		w.to = httputil.NewChunkedWriter(w.out)
	}
	if w.req.Method == http.MethodHead {
		w.to = io.Discard
	}
	switch {
	case w.close:
		w.header.Set("Connection", "close")
	case http10:
		w.header.Set("Connection", "keep-alive")
	}
	w.writeHead(w.status)
	w.write(w.held)
}

func (w *response) writeHead(status int) {
	fmt.Fprintf(w.out, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	var exclude map[string]bool
	if status < 200 { // they are those of the final response
		exclude = map[string]bool{"Content-Length": true, "Transfer-Encoding": true}
	}
	w.header.WriteSubset(w.out, exclude)
	w.out.WriteString("\r\n")
}
