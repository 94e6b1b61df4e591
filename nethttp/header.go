package nethttp

import (
	"bytes"
	"net/http"
	"unsafe"

	"github.com/picohttp/picohttp"
)

// A section makes an http.Header from the field lines of a head.
type section struct {
	text    []byte // a copy of the head; the strings are parts of it
	header  http.Header
	room    []string // for the first value of each name
	names   nameSet  // those in header
	request bool     // of a request, so Host is not in header
	hosts   int
	host    string // the first Host
}

// stringOf returns b as a string without a copy, as strings.Builder does. Nothing may write to
// b afterwards.
func stringOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// addFields adds the complete field lines of h, which begin at offset at of the text. plain
// says that there are no deviations.
func (s *section) addFields(h *picohttp.Head, at int, plain bool) {
	if !plain {
		s.addDeviating(h)
		return
	}
	text := s.text
	for name, value := range h.Fields() {
		if at == len(text) {
			break
		}
		colon := at + len(name)
		if !isCanonical(name) {
			canonize(text[at:colon])
		}
		begin := colon + 1
		for len(value) > 0 && isSpace(text[begin]) {
			begin++
		}
		end := begin + len(value)
		s.add(stringOf(text[at:colon]), stringOf(text[begin:end]))
		for at = end; text[at] != '\r'; at++ {
		}
		at += len("\r\n")
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// addDeviating is addFields for any head. It unfolds values. In Pico a line without a name is a
// fold.
func (s *section) addDeviating(h *picohttp.Head) {
	lines := h.NumFields()
	if lines > 0 && h.Span(lines-1).Next > h.Settled() {
		lines-- // a fold may follow
	}
	fields := make([]byte, 0, len(s.text)) // large enough for all
	begin, colon := 0, 0                   // of the last field
	for name, value := range h.Fields() {
		if lines--; lines < 0 {
			break
		}
		if len(name) > 0 {
			s.add(stringOf(fields[begin:colon]), stringOf(fields[colon:]))
			begin = len(fields)
			fields = append(fields, name...)
			colon = len(fields)
			canonize(fields[begin:])
		} else if value = bytes.Trim(value, " \t"); len(value) > 0 && len(fields) > colon {
			fields = append(fields, ' ')
		}
		fields = picohttp.Unfold(fields, value)
	}
	s.add(stringOf(fields[begin:colon]), stringOf(fields[colon:]))
}

// isCanonical reports whether a name has the form that textproto.CanonicalMIMEHeaderKey
// gives it: lower case, except for the first letter and those after "-".
func isCanonical(name []byte) bool {
	upper := true
	for _, c := range name {
		if isWrongCase(c, upper) {
			return false
		}
		upper = c == '-'
	}
	return true
}

// canonize gives a name the form that isCanonical reports.
func canonize(name []byte) {
	upper := true
	for i, c := range name {
		if isWrongCase(c, upper) {
			name[i] = c ^ 0x20
		}
		upper = c == '-'
	}
}

func isWrongCase(c byte, upper bool) bool { return upper && c-'a' < 26 || !upper && c-'A' < 26 }

// add adds a field. Nearly always its name is new, and then it is not looked up. A field
// without a name is not added.
func (s *section) add(name, value string) {
	switch {
	case name == "":
	case name == "Host" && s.request:
		if s.hosts++; s.hosts == 1 {
			s.host = value
		}
	case s.names.has(name) && s.header[name] != nil:
		s.header[name] = append(s.header[name], value)
	case len(s.room) == 0:
		s.names.add(name)
		s.header[name] = []string{value}
	default:
		s.names.add(name)
		s.room[0] = value
		s.header[name] = s.room[:1:1]
		s.room = s.room[1:]
	}
}

// A nameSet has all names that were added, but may also report others.
type nameSet uint64

func (s *nameSet) add(name string) { *s |= 1 << hash(name) }

func (s nameSet) has(name string) bool { return s>>hash(name)&1 != 0 }

// hash returns a number below 64 for a name, which is not empty.
func hash(name string) uint {
	return (7*uint(len(name)) + 3*uint(name[0]) + 5*uint(name[len(name)-1])) % 64
}
