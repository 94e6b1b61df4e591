package picohttp

import "encoding/binary"

// A run is a sequence of chunks of one size: usually all of a body but the last. Comparing a
// chunk-size line with the one before is faster than reading it, because a processor that
// predicts them to be equal continues with the next chunk at once.
type run struct {
	word, mask uint64 // the first eight bytes of the line, and the bits of those that belong to it
	n          int    // bytes of the line
	size       int    // chunk-size
}

// length returns the length of a chunk.
func (r *run) length() int { return r.n + r.size + len("\r\n") }

// moveRunGeneric moves the data of the chunks at b[from:] to b[to:], as long as their
// chunk-size lines equal that of r, and returns their number. If that line is longer than eight
// bytes, it moves one chunk at most, because only eight bytes are compared. It stops before a
// chunk that is not entirely in b, or has no CRLF after its data. to must not exceed from.
func moveRunGeneric(b []byte, to, from int, r run) (chunks int) {
	for len(b)-from >= max(8, r.length()) {
		end := from + r.n + r.size
		if (binary.LittleEndian.Uint64(b[from:])^r.word)&r.mask != 0 || b[end] != '\r' || b[end+1] != '\n' {
			break
		}
		copy(b[to:], b[from+r.n:end])
		to += r.size
		from = end + len("\r\n")
		if chunks++; r.n > 8 {
			break
		}
	}
	return chunks
}

// plainLine returns the chunk-size and the length of the chunk-size line at the start of b.
// The length is 0 if the line is incomplete, is that of the last-chunk, has an extension, or
// may have too much overhead: at most 14 digits, CRLF, and the CRLF after the data are 18
// bytes, which is what a chunk with one byte of data may use.
func plainLine(b []byte) (size uint64, n int) {
	const most = 14
	for i, c := range b {
		if digit := hexdig[c]; digit < 16 && i < most {
			size = size<<4 | uint64(digit)
			continue
		}
		if c != '\r' || size == 0 || i+1 >= len(b) || b[i+1] != '\n' {
			break
		}
		return size, i + len("\r\n")
	}
	return 0, 0
}
