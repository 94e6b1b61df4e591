package nethttp

import (
	"bufio"
	"io"
)

// An input gathers the octets of a head: in the buffer of the bufio.Reader, or
// where that is too small in memory of its own.
type input struct {
	r    *bufio.Reader
	b    []byte // what there is, from the first octet of the head on
	held int    // octets of b that are consumed from r, being copied
}

// begin returns what there is without waiting.
func (in *input) begin() []byte {
	in.b, _ = in.r.Peek(in.r.Buffered())
	return in.b
}

// more waits for one octet more, and takes all there are.
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

// discard consumes the head from r, n octets in all.
func (in *input) discard(n int) { in.r.Discard(n - in.held) }

// unexpected is err, but for an end that comes too early.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
