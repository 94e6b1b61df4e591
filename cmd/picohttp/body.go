package main

import (
	"bytes"
	"io"
	"strconv"

	"github.com/picohttp/picohttp"
)

// readBody passes over the content that c finds in an input. It calls take for each
// piece, along with the bytes of the chunked coding before it, and at last for those
// after all content. It returns nil if the content is complete, ErrIncomplete, or an
// Error, for which the input is left at the first byte that cannot be right.
func readBody(c *picohttp.Content, in *input, take func(coding, data []byte)) error {
	var coding []byte
	for more := true; ; {
		data, n, err := c.Next(in.b)
		coding = append(coding, in.b[:n-len(data)]...)
		in.skip(n)
		switch {
		case err == nil:
			take(coding, data)
			coding = coding[:0]
			continue
		case err == picohttp.ErrIncomplete && more:
			more = in.read()
			continue // also without more, as in.b may be elsewhere now
		case err == io.EOF, err == picohttp.ErrIncomplete && c.End() == nil:
			err = nil
		}
		take(coding, nil)
		return err
	}
}

// A body is what people are shown of a body.
type body struct {
	picohttp.Content
	framing picohttp.Body
	begin   int64   // its offset in the file
	end     int64   // that of what has not been read
	data    preview // all content
	chunks  int     // without the last-chunk
	rows    []chunkRow
	last    []chunkRow // that of the last-chunk, if it has arrived
}

// A chunkRow is what people are shown of a chunk.
type chunkRow struct {
	at        int64 // the offset of its chunk-size line in the body
	size      uint64
	ext, data preview
}

// mostRows is how many chunks have a row, in addition to the last-chunk.
const mostRows = 20

// read reads b from an input.
func (b *body) read(in *input) error {
	b.begin = in.at
	err := readBody(&b.Content, in, func(coding, data []byte) {
		coding = bytes.TrimLeft(coding, "\r\n") // after the chunk before
		if line, _, whole := bytes.Cut(coding, []byte("\n")); whole {
			b.addChunk(bytes.TrimSuffix(line, []byte("\r")), in.at-b.begin-int64(len(coding)+len(data)))
		}
		if b.data.add(data); 0 < b.chunks && b.chunks <= mostRows {
			b.rows[b.chunks-1].data.add(data)
		}
	})
	b.end = in.at
	return err
}

// addChunk adds the chunk with a chunk-size line.
func (b *body) addChunk(line []byte, at int64) {
	ext := bytes.TrimLeft(line, "0123456789abcdefABCDEF")
	row := chunkRow{at: at}
	row.size, _ = strconv.ParseUint(string(line[:len(line)-len(ext)]), 16, 64)
	row.ext.add(ext)
	if row.size == 0 {
		b.last = append(b.last, row)
	} else if b.chunks++; b.chunks <= mostRows {
		b.rows = append(b.rows, row)
	}
}
