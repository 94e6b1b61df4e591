package picohttp

import "encoding/binary"

// moveChunks is Decode for whole chunks with plain chunk-size lines: it moves the
// data of those at b[from:] to b[to:], and answers where it stopped.
func moveChunks(b []byte, to, from int) (int, int) {
	for len(b)-from >= 8 {
		size, n := plainLine(b[from:])
		if n == 0 || size > uint64(len(b)) {
			break
		}
		r := run{word: binary.LittleEndian.Uint64(b[from:]), mask: 1<<(8*n) - 1, n: n, size: int(size)}
		chunks := moveRun(b, to, from, r)
		if chunks == 0 {
			break
		}
		to += chunks * r.size
		from += chunks * r.octets()
	}
	return to, from
}

// A run is chunks of one size that follow each other: usually all of a body but
// the last. Comparing a chunk-size line with the one before is faster than reading
// it: a processor that guesses that they are equal goes on with the chunk behind
// it at once.
type run struct {
	word, mask uint64 // the first eight octets of the line, and which of them count
	n          int    // octets of the line
	size       int    // chunk-size
}

// octets returns the length of a chunk.
func (r *run) octets() int { return r.n + r.size + len("\r\n") }

// moveRunGeneric moves the data of chunks at b[from:] to b[to:], as long as their
// line is the one that is there, and answers how many. It stops before a chunk
// that is not all in b, or has no CRLF behind its data. to is not above from.
func moveRunGeneric(b []byte, to, from int, r run) (chunks int) {
	for len(b)-from >= max(8, r.octets()) {
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
