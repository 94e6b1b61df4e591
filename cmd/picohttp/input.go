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

// next parses the head at the beginning of what is left. It reads on only while
// the head is incomplete, and so holds not much more than the longest head that
// m accepts.
func (in *input) next(m *messageFlags, h head) (n int, err error) {
	n, err = m.parse(h, in.b)
	for err == picohttp.ErrIncomplete && in.read() {
		n, err = h.Resume(in.b)
	}
	if err != nil && n == len(in.b) {
		in.read() // the octet that is one too many, if there is one
	}
	return n, err
}

// read reads more, and reports whether there was more. What was a part of b
// before is not good any more.
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

// pass skips n octets, or what there is of them, and adds them to p.
func (in *input) pass(n int64, p *preview) {
	for n > 0 && (len(in.b) > 0 || in.read()) {
		m := int(min(n, int64(len(in.b))))
		p.add(in.b[:m])
		in.skip(m)
		n -= int64(m)
	}
}

// A preview is the beginning of something long.
type preview struct {
	b      []byte
	octets int64 // of all
}

func (p *preview) add(b []byte) {
	const most = 128
	p.octets += int64(len(b))
	p.b = append(p.b, b[:min(len(b), most-len(p.b))]...)
}

// text returns what fits into so many columns.
func (p *preview) text(room int) string {
	s := printable(p.b)
	if int64(len(p.b)) < p.octets {
		s += ellipsis
	}
	return cut(s, room)
}
