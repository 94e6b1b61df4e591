package picohttp

import (
	"encoding/binary"
	"iter"
	"math/bits"
)

// Get returns the value of the first field line with that name, and whether there is one.
// Names are compared ignoring ASCII case. A list may continue in later lines of that name
// (RFC 9110, section 5.3): use Values or Elements for those.
func (h *Head) Get(name string) (value []byte, ok bool) {
	if h.deviations != 0 {
		return h.getDeviating(name)
	}
	key := keyOfName(name)
	for k := h.withKey(key, 0); k < tableFields; k = h.withKey(key, k+1) {
		b, line, colon, end := h.b, int(h.end[k]+2), int(h.mark[k+1]), int(h.end[k+1])
		if n := b[line:colon]; string(n) != name && !equalName(n, name) {
			continue
		}
		if isPlain(b, line, colon, end) {
			return b[colon+2 : end : end], true
		}
		_, value = cut(b, line, colon, end)
		return value, true
	}
	if h.more > 0 {
		_, value, ok = h.findBeyond(name, 0)
	}
	return value, ok
}

// getDeviating is Get for a head with deviations.
func (h *Head) getDeviating(name string) (value []byte, ok bool) {
	i := h.indexDeviating(name, 0)
	if i < 0 {
		return nil, false
	}
	_, value = h.Field(i)
	return value, true
}

// Index returns the index of the first field line with that name, starting at index from, or
// -1 if there is none. A negative from means 0. Names are compared ignoring ASCII case. For
// lines beyond the 96th, and in a head with deviations, each call scans: use Values to loop
// over the fields of one name.
func (h *Head) Index(name string, from int) int {
	from = max(from, 0)
	if h.deviations != 0 {
		return h.indexDeviating(name, from)
	}
	i := h.find(h.b, name, from)
	if i < 0 && h.more > 0 {
		i, _, _ = h.findBeyond(name, from)
	}
	return i
}

// indexDeviating is Index for a head with deviations.
func (h *Head) indexDeviating(name string, from int) int {
	found, i := -1, 0
	h.eachPlace(func(line, colon, end uint32) bool {
		if i >= from {
			if n, _ := h.cut(line, colon, end); equalName(n, name) {
				found = i
			}
		}
		i++
		return found < 0
	})
	return found
}

// findBeyond is Index for the lines for which the index has no room. It also returns the
// value.
func (h *Head) findBeyond(name string, from int) (i int, value []byte, ok bool) {
	var x index
	b, before := h.b[:h.next], tableFields
	for at := h.end[tableFields] + 2; x.settleAgain(b, at); at = x.begin(x.n) {
		if i := x.find(b, name, max(from-before, 0)); i >= 0 {
			_, value = cut(b, int(x.end[i]+2), int(x.mark[i+1]), int(x.end[i+1]))
			return before + i, value, true
		}
		before += int(x.n) - 1
	}
	return -1, nil, false
}

// find returns the index of the first field line in x with that name, starting at index i, or
// -1 if there is none.
func (x *index) find(b []byte, name string, i int) int {
	key := keyOfName(name)
	for k := x.withKey(key, uint(i)); k < tableFields; k = x.withKey(key, k+1) {
		if equalName(b[x.end[k]+2:x.mark[k+1]], name) {
			return int(k)
		}
	}
	return -1
}

// keyOfName is keyOf for a name to look up.
func keyOfName(name string) uint8 {
	if name == "" {
		return 0
	}
	return keyOf(uint32(len(name)), name[0])
}

// withKey returns the index of the first field line in x with that key, starting at index i,
// or tableFields if there is none. It compares eight keys at a time.
func (x *index) withKey(key uint8, i uint) uint {
	for ; i < tableFields && i+1 < uint(x.n); i += 8 {
		w := binary.LittleEndian.Uint64(x.key[i:]) ^ lanes*uint64(key)
		// The lowest mark is at the lowest zero. Marks above it may be false.
		if zeros := (w - lanes) &^ w & highs; zeros != 0 {
			i += uint(bits.TrailingZeros64(zeros)) / 8
			if i+1 < uint(x.n) {
				return i
			}
			break // what comes after the last line is not settled
		}
	}
	return tableFields
}

// Values ranges over the values of all field lines with that name, in the order sent,
// as Field returns them. The loop must not parse with the same value, nor reset it.
func (h *Head) Values(name string) iter.Seq[[]byte] {
	return func(yield func(value []byte) bool) { h.values(name, yield) }
}

func (h *Head) values(name string, yield func(value []byte) bool) {
	// deviations is checked again for each line, as in Fields.
	for i := 0; h.deviations == 0; i++ {
		if i = h.find(h.b, name, i); i < 0 {
			break
		}
		if _, value := h.Field(i); !yield(value) {
			return
		}
	}
	if h.deviations != 0 || h.more > 0 {
		h.otherFields(func(n, value []byte) bool { return !equalName(n, name) || yield(value) })
	}
}

// Elements ranges over the elements of a list: those of all field lines with that name,
// separated by commas, without the whitespace around them. It skips empty elements: RFC 9110,
// section 5.6.1.2. Parameters are part of an element. For example, "a, ,b;q=1" has the
// elements "a" and "b;q=1".
//
// A comma within a quoted string does not separate elements. A quoted string starts only at
// the start of an element or after "=", and ends on the same field line, with "\" as escape.
// Any other DQUOTE is an ordinary byte. The loop must not parse with the same value, nor
// reset it.
func (h *Head) Elements(name string) iter.Seq[[]byte] {
	return func(yield func(element []byte) bool) { h.elements(name, yield) }
}

func (h *Head) elements(name string, yield func(element []byte) bool) {
	for list := range h.Values(name) {
		for len(list) > 0 {
			var element []byte
			element, list = nextElement(list)
			if len(element) > 0 && !yield(element) {
				return
			}
		}
	}
}

// HasToken reports whether an element of the list in the fields with that name equals token,
// ignoring ASCII case. An element with parameters does not equal a token: "Accept-Encoding:
// gzip;q=1" does not have the token "gzip".
func (h *Head) HasToken(name, token string) bool {
	for element := range h.Elements(name) {
		if equalName(element, token) {
			return true
		}
	}
	return false
}

// nextElement returns the first element of a list, without the whitespace around it, and the
// rest after its comma. An element may be empty.
func nextElement(list []byte) (element, rest []byte) {
	quotable := true // whether a quoted string may start here
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case c == ',':
			return trimFolding(list[:i:i]), list[i+1:]
		case c == '"' && quotable:
			i += quotedLength(list[i:]) - 1
			quotable = false
		case c == '=':
			quotable = true
		case !quotable || !isFolding(c) || i > 0 && list[i-1] == '=':
			quotable = false
		}
	}
	return trimFolding(list[:len(list):len(list)]), nil
}

// quotedLength returns the length of the quoted-string that b begins with, or 1 if it
// has no closing DQUOTE.
//
//	quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE
//
// RFC 9110, section 5.6.4.
func quotedLength(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return 1
}

// trimFolding returns b without the whitespace and folds around it.
func trimFolding(b []byte) []byte {
	for len(b) > 0 && isFolding(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isFolding(b[len(b)-1]) {
		b = b[: len(b)-1 : len(b)-1]
	}
	return b
}

// equalName reports whether b equals name, ignoring ASCII case. It compares words, of which
// the last two may overlap.
func equalName(b []byte, name string) bool {
	n := len(b)
	if n != len(name) {
		return false
	}
	switch {
	case n >= 8:
		for i := 0; i < n-8; i += 8 {
			if !equalWord(binary.LittleEndian.Uint64(b[i:]), eightOf(name[i:])) {
				return false
			}
		}
		return equalWord(binary.LittleEndian.Uint64(b[n-8:]), eightOf(name[n-8:]))
	case n >= 4:
		first, last := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[n-4:])
		return equalWord(uint64(first)|uint64(last)<<32, uint64(fourOf(name))|uint64(fourOf(name[n-4:]))<<32)
	}
	for i, c := range b {
		if !equalWord(uint64(c), uint64(name[i])) {
			return false
		}
	}
	return true
}

// equalWord is equalName for eight bytes.
func equalWord(v, w uint64) bool {
	differs := v ^ w
	return differs&^cases == 0 && (differs == 0 || differs&^(letters(v)>>2) == 0)
}

const cases = 0x20 * lanes // in each byte, the bit in which upper and lower case differ

// letters marks the bytes of w that are letters, in their high bits.
func letters(w uint64) uint64 {
	low := (w | cases) &^ highs
	return (low + (0x80-'a')*lanes) &^ (low + (0x7f-'z')*lanes) &^ w & highs
}

// fourOf and eightOf return the first bytes of s, the first of them the lowest.
func fourOf(s string) uint32 {
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

func eightOf(s string) uint64 { return uint64(fourOf(s)) | uint64(fourOf(s[4:]))<<32 }
