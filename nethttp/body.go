package nethttp

import (
	"bufio"
	"errors"
	"io"
	"maps"
	"net/http"
	"sync"

	"github.com/picohttp/picohttp"
)

// ErrNotRead is what Close answers if the client waits for 100 (Continue) before it
// sends the Body, and nobody has read from that: whether the Body will come is not
// known, so no other message can be read from the connection.
var ErrNotRead = errors.New("nethttp: the body was not asked for")

// A body is the Body of a message.
type body struct {
	r       *bufio.Reader
	left    int64 // octets to come; -1 until the connection ends
	chunked *picohttp.ChunkedReader
	trailer *http.Header // of the message, if chunked
	closing bool         // nothing is read from the connection behind it

	mu     sync.Mutex
	answer io.Writer // where 100 (Continue) is to be written
	closed bool
	err    error // what ended it
}

func (b *body) Read(p []byte) (n int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	return b.read(p)
}

func (b *body) read(p []byte) (n int, err error) {
	if b.err == nil && b.answer != nil {
		if b.r.Buffered() == 0 { // else the client does not wait
			_, b.err = io.WriteString(b.answer, "HTTP/1.1 100 Continue\r\n\r\n")
		}
		b.answer = nil
	}
	switch {
	case b.err != nil:
		return 0, b.err
	case b.chunked != nil:
		n, err = b.chunked.Read(p)
		if err == io.EOF {
			b.takeTrailer()
		}
	case b.left < 0:
		n, err = b.r.Read(p)
	default:
		n, err = b.r.Read(p[:min(int64(len(p)), b.left)])
		if b.left -= int64(n); b.left == 0 {
			err = io.EOF
		} else {
			err = unexpected(err)
		}
	}
	if _, malformed := err.(picohttp.Error); malformed || err == io.EOF || err == io.ErrUnexpectedEOF {
		b.err = err // others, as a timeout, may pass
	}
	return n, err
}

// takeTrailer adds the trailer section to the Trailer of the message.
func (b *body) takeTrailer() {
	fields := b.chunked.Trailer()
	if fields.NumFields() == 0 {
		return
	}
	var t text
	for name, value := range fields.Fields() {
		t = t.appendField(name, value)
	}
	all := taker(t)
	trailer := make(http.Header, fields.NumFields())
	values := make([]string, fields.NumFields())
	for name, value := range fields.Fields() {
		values = addField(trailer, values, all.next(uint32(len(name))), all.next(uint32(len(value))))
	}
	if *b.trailer == nil {
		*b.trailer = trailer
		return
	}
	maps.Copy(*b.trailer, trailer)
}

// Close reads what is left of the body, unless the connection ends with it. If it
// answers an error, no other message can be read from the connection.
func (b *body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	b.closed = true
	switch {
	case b.err == io.EOF, b.chunked == nil && b.closing:
		return nil
	case b.answer != nil:
		return ErrNotRead
	}
	_, err := io.Copy(io.Discard, reader{b})
	return err
}

// A reader reads a body whose lock is held.
type reader struct{ b *body }

func (r reader) Read(p []byte) (int, error) { return r.b.read(p) }
