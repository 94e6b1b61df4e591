package nethttp

import (
	"net/http"

	"github.com/picohttp/picohttp"
)

// A text gathers everything that is kept of a head, to become one string: first all of
// it is appended, then a taker takes it in the same order.
type text []byte

// scratch is room for the text of most heads, on the stack.
type scratch [1 << 10]byte

// text returns an empty text with room for n bytes.
func (s *scratch) text(n int) text {
	if n > len(s) {
		return make(text, 0, n)
	}
	return s[:0]
}

// appendField appends the name as textproto.CanonicalMIMEHeaderKey returns it, in
// lower case except for the first letter and those after "-". Then it appends the
// value.
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

// appendFields appends all fields of h to t, and their lengths to fields. A loop of
// calls of Field is faster than Fields, but only where they take constant time.
func (t text) appendFields(h *picohttp.Head, fields []lengths) (text, []lengths) {
	if h.NumFields() > atHand {
		for name, value := range h.Fields() {
			t = t.appendField(name, value)
			fields = append(fields, lengths{uint32(len(name)), uint32(len(value))})
		}
		return t, fields
	}
	for i := range h.NumFields() {
		name, value := h.Field(i)
		t = t.appendField(name, value)
		fields = append(fields, lengths{uint32(len(name)), uint32(len(value))})
	}
	return t, fields
}

// lengths are those of a field's name and value in a text.
type lengths struct{ name, value uint32 }

// atHand is how many field lines Field returns in constant time.
const atHand = 64

// A taker takes a text apart.
type taker string

// next returns the next n bytes.
func (t *taker) next(n uint32) string {
	s := string((*t)[:n])
	*t = (*t)[n:]
	return s
}

// addField adds a value to header. The first value of a key takes the first element of
// room. addField returns the room that is left.
func addField(header http.Header, room []string, key, value string) []string {
	if values, ok := header[key]; ok {
		header[key] = append(values, value)
		return room
	}
	room[0] = value
	header[key] = room[:1:1]
	return room[1:]
}
