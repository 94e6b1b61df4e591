package nethttp

import (
	"bufio"
	"io"
)

// An input gathers the bytes of a head: in the buffer of the bufio.Reader or, if that
// is too small, in memory of its own.
type input struct {
	r    *bufio.Reader
	b    []byte // what has arrived, from the first byte of the head on
	held int    // bytes of b that are consumed from r because they were copied
}

// more waits for one more byte, and takes all that have arrived.
func (in *input) more() error {
	if in.held == 0 && len(in.b) < in.r.Size() {
		if _, err := in.r.Peek(len(in.b) + 1); err != nil {
			return in.cutOff(err)
		}
		in.b, _ = in.r.Peek(in.r.Buffered())
		return nil
	}
	if in.held == 0 {
		in.b = append(make([]byte, 0, 4*len(in.b)), in.b...)
	}
	in.r.Discard(len(in.b) - in.held)
	in.held = len(in.b)
	if _, err := in.r.Peek(1); err != nil {
		return in.cutOff(err)
	}
	fresh, _ := in.r.Peek(in.r.Buffered())
	in.b = append(in.b, fresh...)
	return nil
}

func (in *input) cutOff(err error) error {
	if len(in.b) == 0 {
		return err
	}
	return unexpected(err)
}

// discard consumes the head from r, n bytes in all.
func (in *input) discard(n int) { in.r.Discard(n - in.held) }

// unexpected returns err, or io.ErrUnexpectedEOF for io.EOF.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
