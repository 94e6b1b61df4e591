package picohttp

import "bytes"

// AppendField appends "name: value" and CRLF to dst. In name and value, each fold becomes one
// SP, as in Unfold, and so does every other control character except HTAB. So even a value
// that Lenient accepted cannot end a line: "a\r\n b\x00c" is written as "a b c". AppendField
// does not check that name is a token.
func AppendField(dst, name, value []byte) []byte {
	dst = appendClean(dst, name)
	dst = append(dst, ": "...)
	dst = appendClean(dst, value)
	return append(dst, "\r\n"...)
}

// appendClean appends b, unfolded and without control characters.
func appendClean(dst, b []byte) []byte {
	from := len(dst)
	dst = Unfold(dst, b)
	for i, c := range dst[from:] {
		if !isFieldByte(c) {
			dst[from+i] = ' '
		}
	}
	return dst
}

// Unfold appends value to dst, with one SP in place of each obs-fold and the
// whitespace around it. RFC 9112, section 5.2 requires this before a value is
// interpreted or forwarded.
func Unfold(dst, value []byte) []byte {
	for {
		lf := bytes.IndexByte(value, '\n')
		if lf < 0 {
			return append(dst, value...)
		}
		dst = append(dst, bytes.TrimRight(value[:lf], " \t\r")...)
		dst = append(dst, ' ')
		value = bytes.TrimLeft(value[lf+1:], " \t")
	}
}
