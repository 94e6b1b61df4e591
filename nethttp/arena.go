package nethttp

import (
	"net/http"
	"strings"
)

// An arena holds all text of a head in one string: first all is written, then
// taken in the same order.
type arena struct {
	strings.Builder
	taken int
}

// writeField writes the name in canonical form, and the value.
func (a *arena) writeField(name, value []byte) {
	a.writeKey(name)
	a.Write(value)
}

// writeKey writes a token as textproto.CanonicalMIMEHeaderKey has it: in lower
// case, but the first letter and those behind "-" in upper case.
func (a *arena) writeKey(name []byte) {
	var key [64]byte
	for upper := true; len(name) > 0; {
		n := min(len(name), len(key))
		for i, c := range name[:n] {
			switch {
			case upper && 'a' <= c && c <= 'z', !upper && 'A' <= c && c <= 'Z':
				c ^= 0x20
			}
			key[i] = c
			upper = c == '-'
		}
		a.Write(key[:n])
		name = name[n:]
	}
}

// take returns the next n octets.
func (a *arena) take(n int) string {
	text := a.String()[a.taken : a.taken+n]
	a.taken += n
	return text
}

// takeField takes a name and a value, and adds them to header; in values, which
// has no length and room for one, if the name is new.
func (a *arena) takeField(header http.Header, values []string, name, value int) {
	key, text := a.take(name), a.take(value)
	if there, ok := header[key]; ok {
		values = there
	}
	header[key] = append(values, text)
}
