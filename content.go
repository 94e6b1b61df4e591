package picohttp

import (
	"io"
	"iter"
	"math"
)

// A Content decodes the content of one message, whatever its framing. It does no I/O: it
// finds the pieces of content in the bytes that you have read. The zero value is ready to
// use, and has no content until Start.
type Content struct {
	// Response says that the message is a response. In Lenient it selects Parser.AllowResponse
	// instead of AllowRequest for a chunked body. Set it before Start.
	Response bool

	body    Body
	left    int64 // bytes to come, for BodyLength
	closed  bool  // the connection has ended, for BodyUntilClose
	chunked Chunked
}

// Start prepares c for the content of a message with that Framing, and drops the references
// to earlier bytes. p holds the profile and the limits for a chunked body; nil is the zero
// Parser.
func (c *Content) Start(f Framing, p *Parser) {
	c.body, c.left, c.closed = f.Body, max(f.Length, 0), false
	c.chunked.Parser, c.chunked.Response = p, c.Response
	c.chunked.Reset()
}

// Next returns the first piece of content in b. b holds the bytes of the body that have
// arrived and were not consumed before. Next consumes b[:n].
//
//   - If err is nil, data is that piece: at least one byte, a part of b.
//   - If err is ErrIncomplete, there is no more content in b. Read more and call Next again
//     with b[n:] and the new bytes after it. b[n:] is empty unless it is an unfinished
//     trailer section, which Next consumes only as a whole. When the connection ends, call
//     End.
//   - If err is io.EOF, the content is complete, and the next message begins at b[n:].
//     BodyNone and BodyTunnel have no content. BodyUntilClose is complete only after End.
//   - Otherwise err is an Error, and n the offset of the first byte that breaks a rule. Close
//     the connection.
func (c *Content) Next(b []byte) (data []byte, n int, err error) {
	switch c.body {
	case BodyChunked:
		return c.chunked.Next(b)
	case BodyLength:
		if c.left > 0 && len(b) > 0 {
			n = int(min(c.left, int64(len(b))))
			c.left -= int64(n)
			return b[:n:n], n, nil
		}
	case BodyUntilClose:
		if len(b) > 0 && !c.closed {
			return b[:len(b):len(b)], len(b), nil
		}
	}
	if c.isComplete() {
		return nil, 0, io.EOF
	}
	return nil, 0, ErrIncomplete
}

// End reports whether the content is complete after the connection has ended. Call it when
// Next has returned ErrIncomplete for all bytes that arrived. End returns nil if the content
// is complete, the Error if Next returned one, and io.ErrUnexpectedEOF if content is missing.
func (c *Content) End() error {
	c.closed = true
	switch fault := c.chunked.fault; {
	case c.isComplete():
		return nil
	case c.body == BodyChunked && fault != 0:
		return fault
	}
	return io.ErrUnexpectedEOF
}

func (c *Content) isComplete() bool {
	switch c.body {
	case BodyLength:
		return c.left == 0
	case BodyChunked:
		return c.chunked.part == chunkedEnd && c.chunked.fault == 0
	case BodyUntilClose:
		return c.closed
	}
	return true
}

// Left returns how many bytes of content come next with nothing between them: the rest of a
// Content-Length or of a chunk, and math.MaxInt64 for BodyUntilClose. It is 0 if something
// else comes next, such as a chunk-size line, and at the end of the content.
//
// You can read that many bytes from the connection directly into their destination. Then pass
// them to Next, which counts them but does not look at them.
func (c *Content) Left() int64 {
	switch {
	case c.body == BodyLength:
		return c.left
	case c.body == BodyUntilClose && !c.closed:
		return math.MaxInt64
	case c.body == BodyChunked && c.chunked.part == chunkData && c.chunked.fault == 0:
		return int64(c.chunked.left)
	}
	return 0
}

// Trailer returns the trailer section of a chunked body once Next has returned io.EOF.
// Its fields are parts of the bytes given to that call. Other bodies have an empty one.
func (c *Content) Trailer() *Trailer { return c.chunked.Trailer() }

// Deviations returns the departures from the RFCs in the part of the body that was read.
func (c *Content) Deviations() Deviations { return c.chunked.Deviations() }

// DeviationOffsets ranges over the deviations of the body, each with the offset of its
// first byte, counted from the first byte of the body.
func (c *Content) DeviationOffsets() iter.Seq2[Deviations, int] { return c.chunked.DeviationOffsets() }
