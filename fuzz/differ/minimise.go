package differ

import "bytes"

// Minimise returns b made shorter and plainer, as long as keep says yes, by at
// most tries calls of keep: lines and then ever smaller pieces are left out, and
// octets made "a", digits "1".
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
		for at := 0; at < len(b); { // lines
			end := len(b)
			if lf := bytes.IndexByte(b[at:], '\n'); lf >= 0 {
				end = at + lf + 1
			}
			if !try(without(b, at, end)) {
				at = end
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

func without(b []byte, from, to int) []byte {
	shorter := make([]byte, 0, len(b)-(to-from))
	return append(append(shorter, b[:from]...), b[to:]...)
}
