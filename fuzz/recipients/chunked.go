package recipients

import (
	"bytes"

	"github.com/picohttp/picohttp"
)

// readBody reads a chunked body as the model does. Length is that of the content.
func (r *reader) readBody(b []byte) Reading {
	m := r.m
	v := Reading{Body: picohttp.BodyChunked}
	for i := 0; ; {
		line, next := m.line(b, i, false)
		line, _ = r.withoutNUL(line)
		size, isSize := m.chunkSize(line)
		switch {
		case next < 0:
			return Reading{Outcome: Waits}
		case !isSize:
			return Reading{}
		case size == 0:
			return m.readTrailer(v, b, next)
		}
		v.Length += int64(size)
		i = next + size
		if i+2 > len(b) {
			return Reading{Outcome: Waits}
		}
		switch {
		case m[dataEnd] == twoBytes || bytes.HasPrefix(b[i:], []byte("\r\n")):
			i += 2
		case b[i] == '\n' && m[lineEnd] != atCRLF:
			i++
		default:
			return Reading{}
		}
	}
}

// chunkSize reads the digits that a chunk-size line begins with, after whitespace. What
// follows is ignored, as chunk-ext is.
func (m *Model) chunkSize(line []byte) (size int, ok bool) {
	for n := m.whiteAt(line); n > 0; n = m.whiteAt(line) {
		line = line[n:]
	}
	i := 0
	for ; i < len(line); i++ {
		digit := bytes.IndexByte([]byte("0123456789abcdef"), line[i]|0x20)
		if digit < 0 || line[i] < '0' {
			break
		}
		if size = size<<4 | digit; size > 1<<20 {
			return 0, false
		}
	}
	return size, i > 0
}

// readTrailer finds the end of the trailer section at offset i.
func (m *Model) readTrailer(v Reading, b []byte, i int) Reading {
	for {
		line, next := m.line(b, i, false)
		if next < 0 {
			return Reading{Outcome: Waits}
		}
		if i = next; m.isEmpty(line) {
			v.Outcome, v.End = Reads, i
			return v
		}
	}
}
