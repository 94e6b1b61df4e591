package nethttp

import "net/http"

// A text gathers all that is kept of a head, to become one string: first all is
// appended, then taken in the same order.
type text []byte

// scratch is room for the text of most heads, on the stack.
type scratch [1 << 10]byte

// text returns an empty one with room for n octets.
func (s *scratch) text(n int) text {
	if n > len(s) {
		return make(text, 0, n)
	}
	return s[:0]
}

// appendField appends the name as textproto.CanonicalMIMEHeaderKey has it: in
// lower case, but the first letter and those behind "-" in upper case. Then it
// appends the value.
func (t text) appendField(name, value []byte) text {
	t = append(t, name...)
	upper := true
	for i, c := range t[len(t)-len(name):] {
		if upper && 'a' <= c && c <= 'z' || !upper && 'A' <= c && c <= 'Z' {
			t[len(t)-len(name)+i] = c ^ 0x20
		}
		upper = c == '-'
	}
	return append(t, value...)
}

// A taker takes a text apart.
type taker string

// next returns the next n octets.
func (t *taker) next(n int) string {
	s := string((*t)[:n])
	*t = (*t)[n:]
	return s
}

// addField adds a value to header: if it is the first of its key in values, which
// is empty and has room for it.
func addField(header http.Header, values []string, key, value string) {
	if there, ok := header[key]; ok {
		values = there
	}
	header[key] = append(values, value)
}
