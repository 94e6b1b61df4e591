package differ

import "bytes"

// Minimise returns b made shorter and plainer, as long as keep returns true for the result.
// It calls keep at most tries times. It removes lines and then ever smaller pieces, and
// replaces digits by "1" and other bytes by "a".
func Minimise(b []byte, tries int, keep func(b []byte) bool) []byte {
	b = bytes.Clone(b)
	try := func(shorter []byte) bool {
		tries--
		if tries < 0 || !keep(shorter) {
			return false
		}
		b = shorter
		return true
	}
	for before := -1; before != len(b) && tries > 0; {
		before = len(b)
		for _, lines := range []int{2, 1} { // a chunk has two
			for at := 0; at < len(b); {
				end := at
				for range lines {
					end = lineEnd(b, end)
				}
				if !try(without(b, at, end)) {
					at = lineEnd(b, at)
				}
			}
		}
		for size := len(b) / 2; size > 0; size /= 2 {
			for at := 0; at+size <= len(b); {
				if !try(without(b, at, at+size)) {
					at += size
				}
			}
		}
	}
	for at := range b {
		plain := byte('a')
		switch c := b[at]; {
		case '0' <= c && c <= '9':
			plain = '1'
		case c == '\r' || c == '\n' || c == ' ':
			continue
		}
		if b[at] != plain {
			plainer := bytes.Clone(b)
			plainer[at] = plain
			try(plainer)
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

func without(b []byte, from, to int) []byte {
	shorter := make([]byte, 0, len(b)-(to-from))
	return append(append(shorter, b[:from]...), b[to:]...)
}
