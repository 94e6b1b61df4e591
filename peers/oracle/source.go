package main

import (
	"bytes"
	"iter"
	"math/rand/v2"
	"slices"

	"github.com/picohttp/picohttp/fuzz/mutate"
)

// A source is where the questions of a run come from. What is in a batch depends on its
// number alone, so that a run can be repeated whatever the workers do.
type source struct {
	total int64                                 // about how many questions there are
	batch func(number int64) iter.Seq[question] // nil if there are no more
}

// batchQuestions is how many questions a batch has, or fewer if they are long.
const batchQuestions = 1 << 9

func sourceOf(s *seeds, o options) source {
	switch {
	case o.truncations:
		return truncationsOf(s, o.kinds)
	case o.sequences > 0:
		return sequencesOf(o.kinds, o.sequences)
	}
	m := new(mutations)
	for k, inputs := range s {
		for _, b := range inputs {
			c := slices.IndexFunc(classes[:], func(c class) bool { return len(b) <= c.longest })
			m[k][c] = append(m[k][c], b)
		}
	}
	return source{o.count, func(number int64) iter.Seq[question] {
		if number*batchQuestions >= o.count {
			return nil
		}
		rng := rand.New(rand.NewPCG(o.seed, uint64(number)))
		k := o.kinds[number%int64(len(o.kinds))]
		return func(yield func(question) bool) {
			for n := number * batchQuestions; n < min((number+1)*batchQuestions, o.count) && yield(m.question(rng, k)); n++ {
			}
		}
	}}
}

// Mutations are random questions, made of seeds by kind and class.
type mutations [chunkedLeave + 1][len(classes)][][]byte

// A class is of seeds by length. Longer ones take longer and find little more, so they are
// drawn less often.
type class struct {
	longest int
	share   int // of 1<<16
}

var classes = [...]class{{256, 52000}, {2 << 10, 12500}, {16 << 10, 950}, {maxInput / 2, 86}}

// question returns a random question.
func (m *mutations) question(rng *rand.Rand, k kind) question {
	q := question{kind: k, maxFields: 256, next: k >= chunked && rng.IntN(2) == 0}
	switch rng.IntN(8) {
	case 0:
		q.maxFields = uint16(1 + rng.IntN(4))
	case 1:
		q.maxFields = uint16(1 + rng.IntN(300))
	case 2:
		q.maxFields = 1<<16 - 1
	}
	c, draw := 0, rng.IntN(1<<16)
	for ; c < len(classes)-1 && draw >= classes[c].share; c++ {
		draw -= classes[c].share
	}
	for len(m[k][c]) == 0 {
		c--
	}
	of := m[k][c]
	b := of[rng.IntN(len(of))]
	if rng.IntN(4) > 0 {
		b = mutate.Random(rng, b, m[k][0])
	}
	q.input = bytesOf(rng, b)
	q.pieces = piecesOf(rng, q)
	return q
}

// Octets are those that end something, the borders of ranges, digits, letters that are or
// only just are not hexadecimal, and what is next to a tchar.
const octets = "\r\r\r\n\n\n\n    \t\t:::;;\x00\x01\x08\x0b\x0c\x1f\x7f\x80\xa0\xff" +
	"0123456789afAFgGxz!\"#$%&'()*+,-./:;<=>?@Z[\\]^_`{|}~HTP"

// bytesOf changes some bytes, often those that end something; package mutate changes lines.
// Runs make parts longer than the blocks in which both sides read them.
func bytesOf(rng *rand.Rand, b []byte) []byte {
	b = slices.Clone(b)
	for range rng.IntN(3) {
		at := rng.IntN(len(b) + 1)
		if next := bytes.IndexAny(b[at:], "\r\n\t :;"); next >= 0 && rng.IntN(2) == 0 {
			at += next
		}
		with := []byte{octets[rng.IntN(len(octets))]}
		switch rng.IntN(8) {
		case 0:
			with[0] = byte(rng.Uint32())
		case 1:
			with = slices.Repeat(with, rng.IntN(72))
		case 2:
			with = nil
		case 3:
			with = slices.Clone(b[at:min(at+1, len(b))]) // twice, often
		}
		b = slices.Replace(b, at, min(at+rng.IntN(3), len(b)), with...)
	}
	if rng.IntN(8) == 0 {
		b = b[:rng.IntN(len(b)+1)]
	}
	return b
}

// piecesOf returns the sizes of pieces: none, single bytes, or some at random. Few heads
// come in bytes, as the oracle gets them whole.
func piecesOf(rng *rand.Rand, q question) (pieces []uint32) {
	draw := rng.IntN(16)
	if q.kind >= chunked {
		draw /= 4
	}
	switch n := len(q.input); {
	case draw > 1 || n == 0:
		return nil
	case draw == 0 && n < 512 && (q.kind >= chunked || rng.IntN(4) == 0):
		return bytewise
	default:
		most := 64
		if rng.IntN(2) == 0 || n > 8<<10 {
			most = n
		}
		for range 1 + rng.IntN(4) {
			pieces = append(pieces, uint32(rng.IntN(most)))
		}
		return append(pieces, uint32(1+rng.IntN(most))) // so that there is an end
	}
}

var bytewise = []uint32{1}

// truncationsOf returns those of all seeds, at every length.
func truncationsOf(s *seeds, kinds []kind) source {
	// Above this length truncations are drawn at intervals: the time for all of them grows
	// with the square of the length.
	const whole, bytes = 16 << 10, 256 << 10
	type truncation struct {
		kind     kind
		input    []byte
		from, to int
	}
	var all []truncation
	total := int64(0)
	for _, k := range kinds {
		for _, b := range s[k] {
			for from := 0; from <= len(b); {
				n := max(1, min(batchQuestions, bytes/(from+1)))
				to := min(from+n, len(b)+1)
				all = append(all, truncation{k, b, from, to})
				total += int64(to - from)
				from = to
				if from > whole && from+100*n < len(b) {
					from += 97 * n
				}
			}
		}
	}
	return source{total, func(number int64) iter.Seq[question] {
		if number >= int64(len(all)) {
			return nil
		}
		t := all[number]
		return func(yield func(question) bool) {
			for n := t.from; n < t.to && yield(question{kind: t.kind, maxFields: 256, input: t.input[:n]}); n++ {
			}
		}
	}}
}

var symbols = [...][]string{
	request:      {"GET", " ", "/", "HTTP/1.1", "\r", "\n", ":", "\t", "\x80", "\x00"},
	response:     {"HTTP/1.1", " ", "200", "O", "\r", "\n", ":", "\t", "\x00"},
	trailer:      {"A", ":", " ", "\t", "\r", "\n", "\x80", "\x00"},
	chunked:      {"0", "1", "a", "g", " ", ";", "\r", "\n"},
	chunkedLeave: {"0", "1", "a", "g", " ", ";", "\r", "\n"},
}

// sequencesOf returns all sequences of symbols up to a length, whole and in bytes.
func sequencesOf(kinds []kind, longest int) source {
	counts := make([]int64, len(kinds)) // of sequences
	total := int64(0)
	for i, k := range kinds {
		ofLength := int64(1)
		for range longest + 1 {
			counts[i] += ofLength
			ofLength *= int64(len(symbols[k]))
		}
		total += counts[i]
	}
	return source{2 * total, func(number int64) iter.Seq[question] {
		first, i := number*batchQuestions/2, 0
		for ; i < len(kinds) && first >= counts[i]; i++ {
			first -= counts[i]
		}
		if i == len(kinds) {
			return nil
		}
		return func(yield func(question) bool) {
			for n := range int64(batchQuestions / 2) {
				q := question{kind: kinds[i], maxFields: 256, input: sequence(symbols[kinds[i]], first+n)}
				inBytes := q
				inBytes.pieces = bytewise
				if !yield(q) || !yield(inBytes) {
					return
				}
			}
		}
	}}
}

// sequence returns the sequence with a number, whose digits are the numbers of its symbols,
// from 1 up: so each sequence has one number.
func sequence(symbols []string, number int64) (b []byte) {
	for ; number > 0; number /= int64(len(symbols)) {
		number--
		b = append(b, symbols[number%int64(len(symbols))]...)
	}
	return b
}
