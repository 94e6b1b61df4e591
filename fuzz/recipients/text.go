package recipients

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// line returns the line at offset i of text, and the offset of the next one: -1 if the line
// does not end in text.
func (m Model) line(text string, i int) (line string, next int) {
	for j := i; j < len(text); j++ {
		c := text[j]
		switch {
		case c > 0x1e || c < '\n':
		case c == '\n' && j > i && text[j-1] == '\r':
			return text[i : j-1], j + 1
		case c == '\n' && !m.has(atCRLF),
			c == '\r' && m.has(atCR) && !strings.HasPrefix(text[j+1:], "\n"),
			(c == '\v' || c == '\f') && m.has(atVT|atSeparator),
			c >= 0x1c && m.has(atSeparator):
			return text[i:j], j + 1
		}
	}
	return text[i:], -1
}

// headEnd returns the offset after the empty line that ends the head, if the model looks for
// that first, and else -1.
func (m Model) headEnd(text string) int {
	if !m.has(endFirst) {
		return -1
	}
	m &^= atCR | atVT | atSeparator
	isStarted := false
	for i := 0; i >= 0 && i < len(text); {
		var line string
		line, i = m.line(text, i)
		isEmpty := m.isEmpty(line)
		if isEmpty && isStarted {
			return i
		}
		isStarted = !isEmpty
	}
	return -1
}

// isEmpty reports whether a line is the one that ends a head.
func (m Model) isEmpty(line string) bool {
	return line == "" || m.has(blankIsEmpty) && m.trim(line) == ""
}

// withoutNUL returns what the model sees of a line with NUL, and whether the text ends
// in it.
func (m Model) withoutNUL(line string) (seen string, ends bool) {
	switch {
	case m.has(dropsNUL):
		return strings.ReplaceAll(line, "\x00", ""), false
	case m.has(nulEndsLine | nulEndsText):
		seen, _, ends = strings.Cut(line, "\x00")
		return seen, ends && m.has(nulEndsText)
	}
	return line, false
}

// whiteAt returns the length of the whitespace character that s begins with, or 0.
func (m Model) whiteAt(s string) int {
	if s == "" || s[0] > ' ' && s[0] < 0x80 {
		return 0
	}
	set := " \t"
	switch {
	case m.has(whiteUTF8):
		if r, n := utf8.DecodeRuneInString(s); unicode.IsSpace(r) {
			return n
		}
		return 0
	case m.has(whiteControl) && s[0] <= ' ':
		return 1
	case m.has(whiteASCII):
		set = " \t\n\v\f\r"
	case m.has(whiteLatin1):
		set = " \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0"
	}
	return min(1, 1+strings.IndexByte(set, s[0]))
}

// skip returns s without the whitespace before it.
func (m Model) skip(s string) string {
	for n := m.whiteAt(s); n > 0; n = m.whiteAt(s) {
		s = s[n:]
	}
	return s
}

// trim returns s without the whitespace around it.
func (m Model) trim(s string) string {
	s = m.skip(s)
	for s != "" {
		n := 1
		if m.has(whiteUTF8) {
			_, n = utf8.DecodeLastRuneInString(s)
		}
		if m.whiteAt(s[len(s)-n:]) == 0 {
			break
		}
		s = s[:len(s)-n]
	}
	return s
}

// word returns the first word of s and what follows the whitespace after it.
func (m Model) word(s string) (word, rest string) {
	for i := range len(s) {
		if m.whiteAt(s[i:]) > 0 {
			return s[:i], m.skip(s[i:])
		}
	}
	return s, ""
}

// leading returns the bytes of a set that s begins with.
func leading(s, set string) string { return s[:len(s)-len(strings.TrimLeft(s, set))] }

const digits = "0123456789"
