package main

import (
	"bytes"
	"strconv"

	"github.com/picohttp/picohttp"
)

// A chunkedBody is read from an input, piece by piece.
type chunkedBody struct {
	in      *input
	begin   int64 // offset of the body in the file
	decoder picohttp.Chunked
	recent  []byte // octets before in.b: what Explain may have to quote
	line    int    // where in recent the next chunk-size line begins
}

func newChunkedBody(in *input, m *messageFlags) *chunkedBody {
	return &chunkedBody{in: in, begin: in.at, decoder: picohttp.Chunked{Parser: &m.parser}}
}

// A piece is a chunk-size line without its CRLF, or chunk-data, or both.
type piece struct {
	line []byte
	at   int64 // offset of the line in the file
	data []byte
}

// walk calls take for each piece in order. A line that comes without data is
// that of the last-chunk, or of a chunk of which no data came. The error is that
// of Chunked.Next, but nil at the end of the body. If it is an Error, the input
// is left at the octet that cannot be right.
func (c *chunkedBody) walk(take func(piece)) error {
	for {
		data, n, err := c.decoder.Next(c.in.b)
		c.recent = append(c.recent, c.in.b[:n-len(data)]...)
		c.in.skip(n)
		if err == nil {
			c.takeData(data, take)
			continue
		}
		if err == picohttp.ErrIncomplete && c.in.read() {
			continue
		}
		begun := c.recent[min(c.line, len(c.recent)):]
		if line, _, whole := bytes.Cut(begun, []byte("\r\n")); whole {
			take(piece{line: line, at: c.in.at - int64(len(begun))})
		}
		if _, malformed := err.(picohttp.Error); malformed {
			if len(c.in.b) == 0 {
				c.in.read() // the octet that is one too many, if there is one
			}
			return err
		} else if err == picohttp.ErrIncomplete {
			return err
		}
		return nil
	}
}

// takeData takes data and, if octets came before it, the chunk-size line.
func (c *chunkedBody) takeData(data []byte, take func(piece)) {
	p := piece{data: data}
	if len(c.recent) > c.line {
		c.recent = append(c.recent[:0], c.recent[c.line:]...)
		p.line = bytes.TrimSuffix(c.recent, []byte("\r\n"))
		p.at = c.in.at - int64(len(data)+len(c.recent))
	}
	take(p)
	const most, few = 4 << 10, 64
	if len(c.recent)+len(data) > most {
		c.recent = c.recent[:0]
		data = data[max(0, len(data)-few):]
	}
	c.recent = append(c.recent, data...)
	c.line = len(c.recent) + len("\r\n")
}

// fault returns what Explain needs after an Error: octets from the beginning of
// the chunk-size line on, or from within its data if that is long, and the
// offset of the fault in them.
func (c *chunkedBody) fault() (b []byte, n int) {
	b = c.recent
	if len(b) >= c.line {
		b = b[c.line:]
	}
	return append(bytes.Clone(b), c.in.b...), len(b)
}

// A tally counts what is in a chunked body.
type tally struct {
	chunks  int    // without the last-chunk
	left    uint64 // octets of the chunk that are to come
	last    bool   // the last-chunk came
	content preview
}

func (t *tally) take(p piece) {
	if p.line != nil {
		size, _ := splitLine(p.line)
		if t.left = size; size > 0 {
			t.chunks++
		} else {
			t.last = true
		}
	}
	t.left -= uint64(len(p.data))
	t.content.add(p.data)
}

// missing says what an incomplete body lacks first.
func (t *tally) missing() string {
	switch {
	case t.last:
		return "end of the trailer section missing"
	case t.left > 0:
		return plural(t.left, "octet") + " of chunk " + strconv.Itoa(t.chunks) + " missing"
	}
	return "last-chunk missing"
}

// splitLine takes a valid chunk-size line apart.
func splitLine(line []byte) (size uint64, ext []byte) {
	digits := len(line) - len(bytes.TrimLeft(line, "0123456789abcdefABCDEF"))
	size, _ = strconv.ParseUint(string(line[:digits]), 16, 64)
	return size, line[digits:]
}

// A chunkTable is a tally with a row for each of the first chunks, and one for
// the last-chunk.
type chunkTable struct {
	tally
	rows []chunkRow
}

type chunkRow struct {
	at        int64
	size      uint64
	ext, data preview
}

const mostRows = 20

func (t *chunkTable) take(p piece) {
	t.tally.take(p)
	if p.line != nil {
		if t.last && len(t.rows) == mostRows {
			t.rows = t.rows[:mostRows-1]
		}
		if len(t.rows) < mostRows {
			size, ext := splitLine(p.line)
			t.rows = append(t.rows, chunkRow{at: p.at, size: size})
			t.rows[len(t.rows)-1].ext.add(ext)
		}
	}
	if t.chunks > 0 && t.chunks <= len(t.rows) {
		t.rows[t.chunks-1].data.add(p.data)
	}
}

// omitted returns how many chunks have no row.
func (t *chunkTable) omitted() int {
	rows := len(t.rows)
	if t.last {
		rows--
	}
	return t.chunks - rows
}
