package recipients

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// line returns the line at offset i of b, and the offset of the next one: -1 if the line
// does not end in b. only tells that nothing but lineEnd counts.
func (m *Model) line(b []byte, i int, only bool) (line []byte, next int) {
	if m[alsoAt] == 0 || only {
		for j := i; j < len(b); j++ {
			lf := bytes.IndexByte(b[j:], '\n')
			if lf < 0 {
				break
			}
			switch j += lf; {
			case j > i && b[j-1] == '\r':
				return b[i : j-1], j + 1
			case m[lineEnd] != atCRLF:
				return b[i:j], j + 1
			}
		}
		return b[i:], -1
	}
	for j := i; j < len(b); j++ {
		switch c := b[j]; {
		case c > 0x1e || c < '\n':
		case c == '\n' && j > i && b[j-1] == '\r':
			return b[i : j-1], j + 1
		case c == '\n' && m[lineEnd] != atCRLF:
			return b[i:j], j + 1
		case c == '\n':
		case c == '\r' && m[alsoAt] == atCR && (j+1 == len(b) || b[j+1] != '\n'),
			(c == '\v' || c == '\f') && m[alsoAt] >= atVT,
			c >= 0x1c && m[alsoAt] == atSeparator:
			return b[i:j], j + 1
		}
	}
	return b[i:], -1
}

// headEnd returns the offset after the empty line that ends the head, among lines that
// end at lineEnd, or -1.
func (m *Model) headEnd(b []byte) int {
	isStarted := false
	for i := 0; i >= 0 && i < len(b); {
		var line []byte
		line, i = m.line(b, i, true)
		switch {
		case i >= 0 && !m.isEmpty(line):
			isStarted = true
		case i >= 0 && isStarted:
			return i
		}
	}
	return -1
}

// isEmpty reports whether a line is the one that ends a head.
func (m *Model) isEmpty(line []byte) bool {
	return len(line) == 0 || m[blankLine] == blankIsEmpty && len(m.trim(line)) == 0
}

// whiteAt returns the length of the whitespace character that b begins with, or 0.
func (m *Model) whiteAt(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	switch c := b[0]; {
	case c == ' ' || c == '\t':
		return 1
	case c > ' ' && c < 0x80 || m[white] == 0:
		return 0
	case m[white] == whiteUTF8 && c >= 0x80:
		if r, n := utf8.DecodeRune(b); unicode.IsSpace(r) {
			return n
		}
	case m.isWhite(c):
		return 1
	}
	return 0
}

// isWhite is whiteAt for a byte that is a character.
func (m *Model) isWhite(c byte) bool {
	switch {
	case c == ' ' || '\t' <= c && c <= '\r':
		return true
	case m[white] == whiteControl:
		return c < ' '
	case m[white] == whiteLatin1:
		return c == 0x85 || c == 0xa0 || 0x1c <= c && c <= 0x1f
	}
	return false
}

// skip returns b without the whitespace before it.
func (m *Model) skip(b []byte) []byte {
	for n := m.whiteAt(b); n > 0; n = m.whiteAt(b) {
		b = b[n:]
	}
	return b
}

// trim returns b without the whitespace around it.
func (m *Model) trim(b []byte) []byte {
	b = m.skip(b)
	for len(b) > 0 {
		n := 1
		if m[white] == whiteUTF8 && b[len(b)-1] >= 0x80 {
			_, n = utf8.DecodeLastRune(b)
		}
		if m.whiteAt(b[len(b)-n:]) != n {
			break
		}
		b = b[:len(b)-n]
	}
	return b
}

// word returns the first word of b and what follows the whitespace after it.
func (m *Model) word(b []byte) (word, rest []byte) {
	for i := 0; i < len(b); i++ {
		if n := m.whiteAt(b[i:]); n > 0 {
			return b[:i], m.skip(b[i+n:])
		}
	}
	return b, nil
}

// digits returns how many digits b begins with.
func digits(b []byte) int {
	for i, c := range b {
		if c < '0' || c > '9' {
			return i
		}
	}
	return len(b)
}
