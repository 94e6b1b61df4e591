package nethttp

import (
	"io"
	"maps"
	"math"
	"net/http"
	"sync"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/h1"
)

// ErrNotRead is h1.ErrNotRead. Close of a Body returns it if the rest of the Body is not
// discarded. That happens if more than MaxDiscard bytes are left. It also happens if the client
// waits for 100 (Continue), nothing of the Body has arrived, and the Body was never read. The
// next message cannot be found, so close the connection.
var ErrNotRead = h1.ErrNotRead

// A body is the Body of a message.
type body struct {
	src        source
	left       int64        // bytes of content to come, without limit if untilClose
	untilClose bool         // the content ends when src does
	chunked    *chunked     // for chunked coding, instead of left
	closing    bool         // no other message follows
	proceed    func() error // sends 100 (Continue), if it is not nil

	mu      sync.Mutex
	waits   bool  // the client may wait for 100 (Continue)
	discard int64 // bytes that Close may discard
	closed  bool
	err     error // permanent
}

// body returns the Body of a message whose content comes next in src.
func (r *Reader) body(src source, f *picohttp.Framing, closing, response bool, trailer *http.Header) io.ReadCloser {
	b := &body{src: src, left: f.Length, closing: closing, proceed: r.Continue, waits: f.ExpectContinue, discard: r.MaxDiscard}
	switch {
	case b.discard == 0:
		b.discard = DefaultMaxDiscard
	case b.discard < 0:
		b.discard = math.MaxInt64 - 1
	}
	switch f.Body {
	case picohttp.BodyUntilClose:
		b.left, b.untilClose = math.MaxInt64, true
	case picohttp.BodyChunked:
		b.chunked = &chunked{content: picohttp.Content{Response: response}, in: input{src: src}, trailer: trailer}
		b.chunked.content.Start(*f, &r.Parser)
	}
	return b
}

// bodyIn is body for content at the start of b. It also returns the length of the body there,
// or the offset at which it is malformed.
func (r *Reader) bodyIn(b []byte, f *picohttp.Framing, closing, response bool, trailer *http.Header) (body io.ReadCloser, n int, err error) {
	c := picohttp.Content{Response: response}
	c.Start(*f, &r.Parser)
	for err == nil {
		var m int
		_, m, err = c.Next(b[n:])
		n += m
	}
	switch err {
	case io.EOF:
		err = nil
	case picohttp.ErrIncomplete:
		n, err = len(b), nil
	}
	src := memory(b)
	return r.body(&src, f, closing, response, trailer), n, err
}

// hasContent reports whether a message may have content.
func hasContent(f *picohttp.Framing) bool {
	return f.Length > 0 || f.Body == picohttp.BodyChunked || f.Body == picohttp.BodyUntilClose
}

// Read waits for the source only if nothing of the content has arrived.
func (b *body) Read(p []byte) (n int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	if b.waits {
		b.waits = false
		if b.proceed != nil && b.src.Buffered() == 0 {
			b.err = b.proceed()
		}
	}
	return b.read(p)
}

func (b *body) read(p []byte) (n int, err error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.chunked != nil {
		n, err = b.chunked.read(p)
	} else {
		n, err = b.src.Read(p[:min(int64(len(p)), b.left)])
		if b.left -= int64(n); b.left == 0 {
			err = io.EOF
		} else if !b.untilClose {
			err = unexpected(err)
		}
	}
	if _, malformed := err.(picohttp.Error); malformed || err == io.EOF || err == io.ErrUnexpectedEOF {
		b.err = err // other errors, such as a timeout, are not permanent
	}
	return n, err
}

// Close discards the rest of the content, unless no other message follows. If it returns an
// error, no other message can be read from the connection.
func (b *body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	switch {
	case b.err == io.EOF, b.closing && b.chunked == nil:
		return nil
	case b.waits && b.src.Buffered() == 0, b.chunked == nil && b.left > b.discard:
		b.err = ErrNotRead
		return b.err
	}
	n, err := io.CopyN(io.Discard, unlocked{b}, b.discard+1)
	b.discard -= n
	switch err {
	case io.EOF:
		return nil
	case nil:
		b.err = ErrNotRead
		return b.err
	}
	return err
}

// unlocked reads a body whose lock is held by the caller.
type unlocked struct{ b *body }

func (u unlocked) Read(p []byte) (int, error) { return u.b.read(p) }

// chunked is what only a body in chunked coding has.
type chunked struct {
	content picohttp.Content
	in      input
	left    int          // bytes at the start of in.b that content has already returned
	trailer *http.Header // of the message
}

func (c *chunked) read(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		if c.in.src.Buffered() == 0 {
			if n > 0 {
				break
			}
			if most := c.content.Left(); most > 0 && len(p) >= c.in.src.Size() { // straight to p
				n, err = c.in.src.Read(p[:min(most, int64(len(p)))])
				c.content.Next(p[:n])
				return n, unexpected(err)
			}
		}
		if err = c.in.more(); err != nil {
			return n, unexpected(err)
		}
		var m int
		m, err = c.decode(p[n:])
		n += m
	}
	return n, err
}

// decode copies the content in what has arrived to p.
func (c *chunked) decode(p []byte) (n int, err error) {
	b, at := c.in.b, 0
	for n < len(p) && at < len(b) {
		if c.left > 0 {
			m := copy(p[n:], b[at:min(at+c.left, len(b))])
			c.left -= m
			at += m
			n += m
			continue
		}
		var data []byte
		var used int
		data, used, err = c.content.Next(b[at:])
		at += used - len(data)
		c.left = len(data)
		if err != nil {
			break
		}
	}
	if err == io.EOF {
		c.takeTrailer()
	}
	c.in.discard(at)
	if err == picohttp.ErrIncomplete {
		return n, nil // the bytes that are left belong to the trailer section
	}
	c.in.b = nil
	return n, err
}

// takeTrailer adds the trailer section to the Trailer of the message.
func (c *chunked) takeTrailer() {
	t := c.content.Trailer()
	n := t.NumFields()
	if n == 0 {
		return
	}
	s := section{text: clone(t.Bytes()), header: make(http.Header, n), room: make([]string, n)}
	s.addFields(&t.Head, 0, true)
	if *c.trailer == nil {
		*c.trailer = s.header
		return
	}
	maps.Copy(*c.trailer, s.header)
}
