package picohttp

import (
	"bufio"
	"bytes"
	"io"
)

// A ChunkedReader reads the content of a chunked body from a connection. It takes
// nothing from the bufio.Reader that comes after the body, so the next message is read
// from there. Use NewChunkedReader or Reset to give it a source; without one, Read
// returns io.ErrUnexpectedEOF.
type ChunkedReader struct {
	// Response says that the body is that of a response, as Chunked.Response does.
	Response bool

	r       *bufio.Reader
	d       Chunked
	trailer []byte // a copy of the trailer section so far, if it is not empty
	err     error
}

// NewChunkedReader returns a reader of the chunked body that comes next from r,
// under p's profile and limits, or the default ones if p is nil.
func NewChunkedReader(r *bufio.Reader, p *Parser) *ChunkedReader {
	return &ChunkedReader{r: r, d: Chunked{Parser: p}}
}

// Reset makes c read the next body from r, under the same limits. The Trailer of
// the last one is no longer valid.
func (c *ChunkedReader) Reset(r *bufio.Reader) {
	c.d.Reset()
	c.r, c.trailer, c.err = r, c.trailer[:0], nil
}

// Trailer returns the trailer section, once Read has returned io.EOF. It is a copy,
// valid until Reset.
func (c *ChunkedReader) Trailer() *Trailer { return c.d.Trailer() }

// Deviations returns how the body departs from the RFCs, as far as it was read.
func (c *ChunkedReader) Deviations() Deviations { return c.d.Deviations() }

// Read reads chunk data. It waits for the connection only if it has none. Its error
// is io.EOF at the end of the body, an Error if the body is malformed,
// io.ErrUnexpectedEOF if the connection ends within it, or else the error of reading
// from the connection. After a timeout Read may be called again.
func (c *ChunkedReader) Read(p []byte) (n int, err error) {
	if c.r == nil {
		return 0, io.ErrUnexpectedEOF
	}
	c.d.Response = c.Response
	for n < len(p) {
		switch {
		case c.err != nil:
			err = c.err
		case c.r.Buffered() == 0 && n > 0:
			return n, nil
		case c.d.part == chunkData:
			var m int
			m, err = c.r.Read(p[n : n+int(min(uint64(len(p)-n), c.d.left))])
			c.d.take(m)
			n += m
			if m == 0 && err == nil {
				return n, nil // the caller decides whether to try again
			}
		case c.r.Buffered() > 0:
			c.err = c.advance()
		default:
			_, err = c.r.Peek(1)
		}
		if err == io.EOF && c.err == nil {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// advance consumes what is buffered and is not chunk data.
func (c *ChunkedReader) advance() error {
	b, _ := c.r.Peek(c.r.Buffered())
	n, err := c.d.lines(b, 0)
	if c.d.isPico() {
		err = c.d.tally(n, 0, err)
	}
	c.d.consumed(b, 0, n)
	c.r.Discard(n)
	switch {
	case err == ErrIncomplete:
		return nil
	case err == nil && c.d.part != chunkData && n < len(b):
		return c.readTrailer(b[n:])
	}
	return err
}

// readTrailer consumes what is buffered of the trailer section.
func (c *ChunkedReader) readTrailer(b []byte) error {
	before := len(c.trailer)
	if before == 0 && bytes.HasPrefix(b, emptyTrailer) {
		b = emptyTrailer
		c.r.Discard(len(b))
		n, err := c.d.readTrailer(b)
		c.d.consumed(b, 0, n)
		return err
	}
	c.trailer = append(c.trailer, b...)
	n, err := c.d.readTrailer(c.trailer)
	if err == ErrIncomplete {
		c.r.Discard(len(b))
		return nil
	}
	c.d.consumed(c.trailer, 0, n)
	c.r.Discard(max(0, n-before))
	return err
}

var emptyTrailer = []byte("\r\n")
