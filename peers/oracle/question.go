package main

import (
	"bytes"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
)

// A kind is what an input is. It decides which function of picohttpparser parses it.
type kind uint8

const (
	request      kind = iota // phr_parse_request
	response                 // phr_parse_response
	trailer                  // phr_parse_headers
	chunked                  // phr_decode_chunked with consume_trailer 1
	chunkedLeave             // phr_decode_chunked with consume_trailer 0
)

var kindNames = [...]string{"request", "response", "trailer", "chunked", "chunked-leave"}

func (k kind) String() string { return kindNames[k] }

// A question is an input, along with everything else that the answer depends on.
type question struct {
	kind      kind
	maxFields uint16
	// pieces has the sizes of the pieces in which the input is delivered, which repeat. If it
	// is empty, the input is delivered whole. picohttpparser always gets a head whole, and
	// picohttp parses the pieces with Resume.
	pieces []int
	next   bool // picohttp reads a body with Next, not with Decode
	input  []byte
}

// delivered ranges over where each piece of the input begins and ends. An empty input is
// one piece.
func (q *question) delivered() iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		for i, from := 0, 0; ; i++ {
			to := len(q.input)
			if n := len(q.pieces); n > 0 {
				to = min(to, from+q.pieces[i%n])
			}
			if !yield(from, to) || to == len(q.input) {
				return
			}
			from = to
		}
	}
}

// String shows the input in the form of a vector: a Go string for each line.
func (q *question) String() string {
	lines := strings.ReplaceAll(fmt.Sprintf("%+q", q.input), `\n`, "\\n\"\n\"")
	return fmt.Sprintf("%s, at most %d fields, with Next: %t, in pieces of %v, %d bytes\n%s",
		q.kind, q.maxFields, q.next, q.pieces, len(q.input), lines)
}

// The outcomes of an input, as picohttpparser returns them. For a complete head it returns the
// length instead.
const (
	complete   = 0
	malformed  = -1
	incomplete = -2
)

// An answer has everything that a caller can see. For a head, the first word is the outcome. If
// the head is complete, these follow: the minor version, the status, two parts of the start-line,
// and the name and the value of each field. The word of a part has its offset in the input in the
// upper half and its length in the lower. It is 0 for an empty part, and null for NULL.
//
// For a body in chunked coding there are two words for each call of phr_decode_chunked: what it
// returned, and how many bytes of data it decoded.
type answer struct {
	words []int
	data  []byte
}

const (
	firstPart = 3  // the index of the first word that is a part
	null      = -1 // the name of a folded line
)

func (a *answer) reset() { a.words, a.data = a.words[:0], a.data[:0] }

func (a *answer) put(words ...int) { a.words = append(a.words, words...) }

func (a *answer) equal(b *answer) bool {
	return slices.Equal(a.words, b.words) && bytes.Equal(a.data, b.data)
}

// is reports whether an answer for a head has an outcome other than complete.
func (a *answer) is(outcome int) bool { return len(a.words) == 1 && a.words[0] == outcome }

// part returns a part of the input, or nil if it is NULL or not in the input.
func (q *question) part(word int) []byte {
	from, size := word>>32, word&math.MaxUint32
	if word < 0 || from+size > len(q.input) {
		return nil
	}
	return q.input[from : from+size]
}

// text shows an answer in a line.
func (q *question) text(a answer) string {
	var all []string
	for i, word := range a.words {
		switch {
		case q.kind >= chunked && i%2 == 1:
			all = append(all, fmt.Sprintf("%+q", a.data[:word]))
			a.data = a.data[word:]
		case q.kind < chunked && i >= firstPart && word == null:
			all = append(all, "folded")
		case q.kind < chunked && i >= firstPart:
			all = append(all, fmt.Sprintf("%+q", q.part(word)))
		default:
			all = append(all, fmt.Sprint(word))
		}
	}
	return strings.Join(all, ", ")
}
