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

// lengths are those of a field's name and value in a text.
type lengths struct{ name, value uint32 }

// atHand is how many field lines Field has at hand. Fields is as fast with those
// behind them as with these, but not as fast as Field.
const atHand = 64

// A taker takes a text apart.
type taker string

// next returns the next n octets.
func (t *taker) next(n uint32) string {
	s := string((*t)[:n])
	*t = (*t)[n:]
	return s
}

// addField adds a value to header, the first of its key in the first of room, and
// returns the room that is left.
func addField(header http.Header, room []string, key, value string) []string {
	if values, ok := header[key]; ok {
		header[key] = append(values, value)
		return room
	}
	room[0] = value
	header[key] = room[:1:1]
	return room[1:]
}
