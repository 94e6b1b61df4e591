package h1

import (
	"io"
	"math"
	"sync"

	"github.com/picohttp/picohttp"
)

// contents is what a Reader keeps about the content of the current message.
type contents struct {
	expects bool // the client expects 100 (Continue), and content was not asked for yet
	content picohttp.Content
	piece   []byte // content that was found and not returned yet
	dropped int64  // bytes of content discarded
}

func (c *contents) reset() {
	c.piece = nil
	c.content.Trailer().Reset()
}

// start prepares for what comes after a head of n bytes, which is consumed.
func (r *Reader) start(f *picohttp.Framing, n int) (moved bool) {
	r.keepAlive = f.KeepAlive
	switch {
	case f.Body != picohttp.BodyNone && f.Body != picohttp.BodyTunnel:
		return r.startContent(f, n)
	case f.KeepAlive:
		r.state = between
	default:
		r.state = complete
	}
	return false
}

// startContent prepares for content. If there is little room for it after the head, it moves
// the head to the front of the buffer. That is possible only because the caller has no part of
// the head yet. startContent reports whether it has moved the head.
func (r *Reader) startContent(f *picohttp.Framing, n int) (moved bool) {
	arrived := f.Body == picohttp.BodyLength && f.Length <= int64(r.w-r.r)
	if moved = !arrived && r.r > n && len(r.buf)-r.r < firstBuffer; moved {
		r.r -= n
		r.move(r.buf, 0)
		r.r += n
	}
	r.state, r.kept = content, r.r
	r.expects, r.dropped = f.ExpectContinue, 0
	r.content.Response = r.response
	r.content.Start(*f, &r.parser)
	if f.Body == picohttp.BodyLength && f.Length == 0 {
		r.state = complete
	}
	return moved
}

// Read reads content of the current message, whatever its framing. It decodes chunked coding,
// and reads from the source only if no content is buffered. At the end of the content the error
// is io.EOF. It is also io.EOF if there is no content: before the first message, after Wait,
// for BodyNone and for BodyTunnel. If the source ends before the content does, the error is
// io.ErrUnexpectedEOF.
func (r *Reader) Read(p []byte) (n int, err error) {
	if err := r.readable(); err != nil || len(p) == 0 {
		return 0, err
	}
	r.expects = false
	if n, err = r.await(p); err != nil {
		return 0, err
	}
	for r.advance() == nil && n < len(p) { // even if p is full, advance may still find the end
		m := copy(p[n:], r.piece)
		r.piece = r.piece[m:]
		n += m
	}
	return n, nil
}

// readable returns why there is no content to read, or nil.
func (r *Reader) readable() error {
	switch {
	case r.err != nil:
		return r.err
	case r.state != content:
		return io.EOF
	}
	return nil
}

// WriteTo writes the rest of the content to w, for io.Copy. It returns the number of bytes
// written, and the first error of reading or writing. A write error is not permanent and loses
// nothing: the bytes that were not written are read next.
func (r *Reader) WriteTo(w io.Writer) (written int64, err error) {
	if err := r.readable(); err != nil {
		return 0, noEOF(err)
	}
	r.expects = false
	b := scratch.Get().(*[scratchBytes]byte)
	for {
		n, err := r.await(b[:])
		if err != nil {
			scratch.Put(b)
			return written, noEOF(err)
		}
		if n > 0 {
			r.piece = b[:n]
		}
		n, err = w.Write(r.piece)
		if n < 0 || n > len(r.piece) {
			n, err = 0, errCount
		} else if n < len(r.piece) && err == nil {
			err = io.ErrShortWrite
		}
		written += int64(n)
		r.piece = r.piece[n:]
		if err != nil {
			return written, err // b is not put back: the piece may be a part of it
		}
	}
}

// noEOF returns err, or nil for io.EOF.
func noEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

const scratchBytes = 32 << 10

var scratch = sync.Pool{New: func() any { return new([scratchBytes]byte) }}

// Trailer returns the trailer section of a chunked body once the content has been read to
// io.EOF. For other messages it is empty. It is valid as long as the message is.
func (r *Reader) Trailer() *picohttp.Trailer { return r.content.Trailer() }

// Discard reads and drops the rest of the content. If that is more than limit bytes, counted
// over all calls for the message, the error is ErrNotRead, and no other message can be read.
// The error is also ErrNotRead if the client expects 100 (Continue), as Wait describes. After
// you have sent 100 (Continue), copy the content to io.Discard instead.
func (r *Reader) Discard(limit int64) error {
	if err := r.readable(); err != nil {
		return noEOF(err)
	}
	return r.drop(max(limit, 0))
}

// drop is Discard with a limit that is not negative. It reads nothing if the content is known
// to exceed the limit.
func (r *Reader) drop(limit int64) error {
	if r.expects && r.r == r.w {
		return r.fail(ErrNotRead)
	}
	r.expects = false
	b := scratch.Get().(*[scratchBytes]byte)
	defer scratch.Put(b)
	for {
		r.dropped += int64(len(r.piece))
		r.piece = nil
		if left := r.content.Left(); left > limit-r.dropped && left < math.MaxInt64 {
			return r.fail(ErrNotRead)
		}
		n, err := r.await(b[:])
		if err != nil {
			return noEOF(err)
		}
		r.dropped += int64(n)
	}
}

// await waits for content. It either reads n bytes of content into p, or returns n = 0 and
// leaves content in r.piece.
func (r *Reader) await(p []byte) (n int, err error) {
	for {
		if err := r.advance(); err != picohttp.ErrIncomplete {
			return 0, err
		}
		if straight := r.straight(p); straight == nil {
			err = r.fill()
		} else if n, err = r.read(straight); err == nil {
			r.content.Next(straight[:n])
			return n, nil
		}
		if err == io.EOF {
			err = r.content.End() // if that is nil, advance returns io.EOF afterwards
		}
		if err != nil {
			return 0, r.fail(err)
		}
	}
}

// advance looks for content in the buffer. If it returns nil, there is some in r.piece.
func (r *Reader) advance() error {
	if len(r.piece) > 0 {
		return nil
	}
	piece, n, err := r.content.Next(r.buf[r.r:r.w])
	r.r += n
	r.piece = piece
	switch {
	case err == io.EOF:
		r.state = complete
	case err != nil && err != picohttp.ErrIncomplete:
		r.err = err
	}
	return err
}

// straight returns the part of p into which src can be read directly, because only content
// comes next. It returns nil if the buffer has room for more than that.
func (r *Reader) straight(p []byte) []byte {
	room := max(len(r.buf)-r.kept, 1)
	if n := min(int64(len(p)), r.content.Left()); r.r == r.w && n >= int64(room) {
		return p[:n]
	}
	return nil
}
