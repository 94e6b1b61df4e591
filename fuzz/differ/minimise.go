package differ

import "bytes"

// Minimise returns b made shorter and plainer, as long as keep returns true for the result.
// It calls keep at most tries times. It removes lines and then ever smaller pieces, and
// replaces digits by "1" and other bytes by "a".
func Minimise(b []byte, tries int, keep func(b []byte) bool) []byte {
	try := func(other []byte) bool {
		tries--
		kept := tries >= 0 && keep(other)
		if kept {
			b = other
		}
		return kept
	}
	without := func(from, to int) []byte { return append(bytes.Clone(b[:from]), b[to:]...) }
	b = bytes.Clone(b)
	for before := -1; before != len(b) && tries > 0; {
		before = len(b)
		for _, lines := range []int{2, 1} { // a chunk has two
			for at := 0; at < len(b); {
				end := at
				for range lines {
					end = lineEnd(b, end)
				}
				if !try(without(at, end)) {
					at = lineEnd(b, at)
				}
			}
		}
		for size := len(b) / 2; size > 0; size /= 2 {
			for at := 0; at+size <= len(b); {
				if !try(without(at, at+size)) {
					at += size
				}
			}
		}
	}
	for at, c := range bytes.Clone(b) {
		plain := byte('a')
		switch {
		case '0' <= c && c <= '9':
			plain = '1'
		case c == '\r' || c == '\n' || c == ' ':
			continue
		}
		if c != plain {
			other := bytes.Clone(b)
			other[at] = plain
			try(other)
		}
	}
	return b
}

// lineEnd returns the end of the line that begins at an offset.
func lineEnd(b []byte, at int) int {
	if lf := bytes.IndexByte(b[at:], '\n'); lf >= 0 {
		return at + lf + 1
	}
	return len(b)
}
