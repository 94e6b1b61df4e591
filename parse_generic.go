package picohttp

import (
	"encoding/binary"
	"math/bits"
)

// indexGeneric implements the kernel contract (see index.go) in portable Go. It is compiled
// everywhere, and the assembly kernels are tested against it.
//
// It reads eight bytes at a time. A load in little-endian order puts the first byte into the
// lowest bits on every machine, so the lowest mark belongs to the first byte.
func indexGeneric(b []byte, x *index) (complete bool) {
	if len(b) < minHead {
		return false
	}
	line := int(x.next)
	if x.n == 0 {
		if line = startLineGeneric(b, x); line == 0 {
			return false
		}
	}
	n := int(x.n)
	for len(b)-line >= 2 {
		if b[line] == '\r' && b[line+1] == '\n' {
			complete = true
			line += 2
			break
		}
		colon := skip(b, line, tchar)
		if colon == line || colon == len(b) || b[colon] != ':' || n == tableLines {
			break
		}
		end := fieldEnd(b, colon+1)
		if len(b)-end < 2 || b[end] != '\r' || b[end+1] != '\n' {
			break
		}
		x.mark[n], x.end[n], x.key[n-1] = uint32(colon), uint32(end), keyOf(uint32(colon-line), b[line])
		n++
		line = end + 2
	}
	x.next, x.n = uint32(line), uint32(n)
	return complete
}

// startLineGeneric settles the start-line and returns the offset of the line after it, or 0 if
// it cannot. Of the parts of the line, only the second word is long enough to be worth eight
// bytes at a time.
func startLineGeneric(b []byte, x *index) int {
	line := int(x.next)
	word1 := skip(b, line, vchar)
	if word1 == line || word1 == len(b) || b[word1] != ' ' {
		return 0
	}
	word2 := wordEnd(b, word1+1)
	if word2 == word1+1 {
		return 0
	}
	// Nearly all request-lines continue with this.
	const version uint64 = ' ' | 'H'<<8 | 'T'<<16 | 'T'<<24 | 'P'<<32 | '/'<<40 | '1'<<48 | '.'<<56
	end := word2
	if load8(b, word2) == version {
		end += 8
	}
	end = skip(b, end, fieldByte)
	if len(b)-end < 2 || b[end] != '\r' || b[end+1] != '\n' {
		return 0
	}
	x.mark[0], x.word2, x.end[0] = uint32(word1), uint32(word2), uint32(end)
	x.n = 1
	return end + 2
}

const (
	lanes = 0x0101010101010101
	highs = 0x80 * lanes
)

// notVchars marks the bytes of w that are not VCHAR, in their high bits. Marks above the lowest
// may be false.
func notVchars(w uint64) uint64 {
	// The subtraction borrows from the high bit of a byte below "!", the addition carries into
	// that of DEL, and the high bit of obs-text is already set. A mark is false if the byte below
	// it borrowed or carried.
	return ((w - '!'*lanes) | (w + lanes) | w) & highs
}

// controls marks the control characters of w, including HTAB, in their high bits. Marks above
// the lowest, or above a byte 0xff, may be false.
func controls(w uint64) uint64 {
	return ((w - ' '*lanes) | (w + lanes)) &^ w & highs
}

// wordEnd returns the offset of the first byte of b[i:] that is not VCHAR, or len(b).
func wordEnd(b []byte, i int) int {
	for {
		if marks := notVchars(load8(b, i)); marks != 0 {
			return i + bits.TrailingZeros64(marks)/8
		}
		i += 8
	}
}

// fieldEnd is skip for fieldByte, eight bytes at a time.
func fieldEnd(b []byte, i int) int {
	if len(b)-i < 8 {
		return skip(b, i, fieldByte)
	}
	for i <= len(b)-8 && controls(binary.LittleEndian.Uint64(b[i:])) == 0 {
		i += 8
	}
	return controlAt(b, i)
}

// controlAt returns the offset of the first byte of b[i:] that may not stand in a field value,
// or len(b).
func controlAt(b []byte, i int) int {
	for {
		marks := controls(load8(b, i))
		if marks == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(marks) / 8
		if i >= len(b) {
			return len(b)
		}
		if class[b[i]]&fieldByte == 0 {
			return i
		}
		i++ // HTAB, or a false mark
	}
}

// load8 returns the eight bytes at b[i:], the first in the lowest bits. At the end of b it
// returns the bytes that are left and zeros above them, at which every search stops. The caller
// guarantees len(b) >= 8.
func load8(b []byte, i int) uint64 {
	if i <= len(b)-8 {
		return binary.LittleEndian.Uint64(b[i:])
	}
	// These are the last eight bytes of b, with those before i shifted out. A shift by 64 or
	// more leaves zeros.
	return binary.LittleEndian.Uint64(b[len(b)-8:]) >> (8 * uint(i-(len(b)-8)))
}
