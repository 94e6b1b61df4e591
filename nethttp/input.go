package nethttp

import (
	"bufio"
	"bytes"
	"io"
	"math"

	"github.com/picohttp/picohttp"
)

// A source is where a message comes from: a *bufio.Reader, or a memory.
type source interface {
	io.Reader
	Peek(n int) ([]byte, error)
	Discard(n int) (discarded int, err error)
	Buffered() int
	Size() int
}

// from returns b as a source. A nil b is an empty source.
func from(b *bufio.Reader) source {
	if b == nil {
		return new(memory)
	}
	return b
}

// A memory is a source that has everything in memory.
type memory []byte

func (m *memory) Read(p []byte) (n int, err error) {
	n = copy(p, *m)
	if *m = (*m)[n:]; n == 0 && len(p) > 0 {
		err = io.EOF
	}
	return n, err
}

func (m *memory) Peek(n int) ([]byte, error) {
	if n > len(*m) {
		return *m, io.EOF
	}
	return (*m)[:n], nil
}

func (m *memory) Discard(n int) (int, error) {
	*m = (*m)[n:]
	return n, nil
}

func (m *memory) Buffered() int { return len(*m) }

func (m *memory) Size() int { return math.MaxInt }

// An input collects bytes that are needed in one piece, such as a head. It uses the buffer of
// the source or, if that is too small, memory of its own.
type input struct {
	src  source
	b    []byte // what has arrived and was not discarded
	held int    // bytes of b that were copied, and so are consumed from src
}

// more waits for one more byte, and takes all that have arrived. If it fails, b has the same
// bytes as before, but they may have moved.
func (in *input) more() error {
	if in.held == 0 && len(in.b) < in.src.Size() {
		var err error
		if in.src.Buffered() <= len(in.b) {
			_, err = in.src.Peek(len(in.b) + 1)
		}
		in.b, _ = in.src.Peek(in.src.Buffered())
		return err
	}
	if in.held == 0 {
		in.b = append(make([]byte, 0, 2*len(in.b)), in.b...)
	}
	in.src.Discard(len(in.b) - in.held)
	in.held = len(in.b)
	if _, err := in.src.Peek(1); err != nil {
		return err
	}
	fresh, _ := in.src.Peek(in.src.Buffered())
	in.b = append(in.b, fresh...)
	return nil
}

// discard consumes n bytes. The first of them may already be consumed from the source, because
// they were copied.
func (in *input) discard(n int) {
	if fresh := n - in.held; fresh > 0 {
		in.src.Discard(fresh)
	}
	in.b, in.held = in.b[n:], max(0, in.held-n)
}

// resume reads the rest of the head at the start of in.b. err is what more returned last. parse
// parses the bytes that there are.
func (in *input) resume(err error, parse func(b []byte) (n int, err error)) (int, error) {
	for err == nil {
		err = in.more()
		n, parseErr := parse(in.b) // even without new bytes, because they may have moved
		if parseErr != picohttp.ErrIncomplete {
			return n, parseErr
		}
	}
	return 0, err
}

// isBlank reports whether b has nothing but empty lines.
func isBlank(b []byte) bool {
	return len(b) == 0 || b[len(b)-1] == '\n' && len(bytes.TrimRight(b, "\r\n")) == 0
}

// unexpected returns err, or io.ErrUnexpectedEOF for io.EOF.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
