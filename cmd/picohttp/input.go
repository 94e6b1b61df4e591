package main

import (
	"io"

	"github.com/picohttp/picohttp"
)

// An input is what is left of a file.
type input struct {
	r      io.Reader
	at     int64  // offset of b in the file
	b      []byte // what has been read and not been skipped, a part of buffer
	buffer []byte
	eof    bool
	err    error // a fault in reading
}

// next parses the head at the beginning of what is left. It reads more only while the
// head is incomplete, and the byte that is one too many for a limit, so that people see
// it. So it holds little more than the longest head that is accepted.
func (in *input) next(h head) (n int, err error) {
	n, err = h.Resume(in.b)
	for more := true; more && (err == picohttp.ErrIncomplete || err != nil && n == len(in.b)); {
		more = in.read()
		n, err = h.Resume(in.b) // also without more, as in.b may be elsewhere now
	}
	return n, err
}

// read reads more, and reports whether there was more. The bytes in b may be moved: parts
// of it from before the call are not valid any more.
func (in *input) read() bool {
	const atLeast = 16 << 10
	for !in.eof && in.err == nil {
		if cap(in.b)-len(in.b) < atLeast {
			if len(in.buffer)-len(in.b) < atLeast {
				buffer := make([]byte, 2*(len(in.b)+atLeast))
				in.b = buffer[:copy(buffer, in.b)]
				in.buffer = buffer
			} else {
				in.b = in.buffer[:copy(in.buffer, in.b)]
			}
		}
		n, err := in.r.Read(in.b[len(in.b):cap(in.b)])
		in.b = in.b[:len(in.b)+n]
		if in.eof = err == io.EOF; err != nil && !in.eof {
			in.err = err
		}
		if n > 0 {
			return true
		}
	}
	return false
}

func (in *input) skip(n int) {
	in.at += int64(n)
	in.b = in.b[n:]
}

// skipAll skips what is left and returns how many bytes that were.
func (in *input) skipAll() (n int64) {
	begin := in.at
	for len(in.b) > 0 || in.read() {
		in.skip(len(in.b))
	}
	return in.at - begin
}

// readBody passes over the content that c finds in an input, and calls take for each
// piece. It returns nil if the content is complete, ErrIncomplete, or an Error, for which
// the input is left at the first byte that cannot be right.
func readBody(c *picohttp.Content, in *input, take func(data []byte)) error {
	for more := true; ; {
		data, n, err := c.Next(in.b)
		in.skip(n)
		switch {
		case err == nil:
			take(data)
		case err == picohttp.ErrIncomplete && more:
			more = in.read() // and then Next again, even without more, as in.b may be elsewhere
		case err == io.EOF, err == picohttp.ErrIncomplete && c.End() == nil:
			return nil
		default:
			return err
		}
	}
}
