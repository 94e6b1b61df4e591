package main

import (
	"bytes"
	"cmp"
	"math/rand/v2"
	"slices"

	"github.com/picohttp/picohttp/fuzz/mutate"
)

// A source has the questions of a run. Each depends only on its number, so a run can be repeated
// whatever the workers do.
type source struct {
	total    int64
	question func(number int64) question
}

func sourceOf(s *seeds, o options) source {
	switch {
	case o.truncations:
		return truncationsOf(s, o.kinds)
	case o.sequences > 0:
		return sequencesOf(o.kinds, o.sequences)
	}
	return source{int64(o.count), func(number int64) question {
		rng := rand.New(rand.NewPCG(o.seed, uint64(number)))
		return mutationOf(s, rng, o.kinds[rng.IntN(len(o.kinds))])
	}}
}

// maxFields is the limit of fields in questions that do not test it.
const maxFields = 256

// mutationOf returns a random question. Long seeds take longer and find little more, so they are
// drawn less often: one of 1 KiB a quarter as often as one of 256 bytes, and one of 2 KiB or more
// an eighth as often.
func mutationOf(s *seeds, rng *rand.Rand, k kind) question {
	limits := [8]uint16{uint16(1 + rng.IntN(4)), uint16(1 + rng.IntN(300)), 1<<16 - 1}
	q := question{kind: k, maxFields: cmp.Or(limits[rng.IntN(8)], maxFields), next: k >= chunked && rng.IntN(2) == 0}
	b := s[k][rng.IntN(len(s[k]))]
	for len(b) > 256 && rng.IntN(min(len(b)/256, 8)) > 0 {
		b = s[k][rng.IntN(len(s[k]))]
	}
	if rng.IntN(4) > 0 {
		b = mutate.Random(rng, b, s[k])
	}
	q.input = bytesOf(rng, b)
	q.pieces = piecesOf(rng, q)
	return q
}

// edges has bytes that end a part, the first and last bytes of ranges, digits, letters that are
// hexadecimal or almost, and neighbors of tchar.
const edges = "\r\r\r\n\n\n\n    \t\t:::;;\x00\x01\x08\x0b\x0c\x1f\x7f\x80\xa0\xff" +
	"0123456789afAFgGxz!\"#$%&'()*+,-./:;<=>?@Z[\\]^_`{|}~HTP"

// bytesOf changes some bytes, often those that end a part. (Package mutate changes lines.) Runs make
// parts longer than the blocks in which both sides read them.
func bytesOf(rng *rand.Rand, b []byte) []byte {
	b = slices.Clone(b)
	for range rng.IntN(3) {
		at := rng.IntN(len(b) + 1)
		if next := bytes.IndexAny(b[at:], "\r\n\t :;"); next >= 0 && rng.IntN(2) == 0 {
			at += next
		}
		with := []byte{edges[rng.IntN(len(edges))]}
		switch rng.IntN(8) {
		case 0:
			with[0] = byte(rng.Uint32())
		case 1:
			with = slices.Repeat(with, rng.IntN(72))
		case 2:
			with = nil
		case 3:
			with = slices.Clone(b[at:min(at+1, len(b))]) // repeats a byte, if none is replaced
		}
		b = slices.Replace(b, at, min(at+rng.IntN(3), len(b)), with...)
	}
	if rng.IntN(8) == 0 {
		b = b[:rng.IntN(len(b)+1)]
	}
	return b
}

// piecesOf returns the sizes of pieces: none, single bytes, or random ones. Few heads are delivered
// byte by byte, because the oracle gets them whole.
func piecesOf(rng *rand.Rand, q question) (pieces []int) {
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
			pieces = append(pieces, rng.IntN(most))
		}
		return append(pieces, 1+rng.IntN(most)) // above 0, or the input would never end
	}
}

var bytewise = []int{1}

// truncationsOf returns all seeds truncated to every length, or above 16 KiB to about every
// hundredth, because the time for all lengths grows with their square.
func truncationsOf(s *seeds, kinds []kind) source {
	const whole, interval = 16 << 10, 97
	type truncation struct {
		of     *question
		length int
	}
	var all []truncation
	for _, k := range kinds {
		for _, b := range s[k] {
			q := &question{kind: k, maxFields: maxFields, input: b}
			for n := 0; n <= len(b); n++ {
				all = append(all, truncation{q, n})
				if n > whole {
					n += interval - 1
				}
			}
		}
	}
	return source{int64(len(all)), func(number int64) question {
		q := *all[number].of
		q.input = q.input[:all[number].length]
		return q
	}}
}

var symbols = [...][]string{
	request:      {"GET", " ", "/", "HTTP/1.1", "\r", "\n", ":", "\t", "\x80", "\x00"},
	response:     {"HTTP/1.1", " ", "200", "O", "\r", "\n", ":", "\t", "\x00"},
	trailer:      {"A", ":", " ", "\t", "\r", "\n", "\x80", "\x00"},
	chunked:      {"0", "1", "a", "g", " ", ";", "\r", "\n"},
	chunkedLeave: {"0", "1", "a", "g", " ", ";", "\r", "\n"},
}

// sequencesOf returns all sequences of symbols up to a length, each delivered whole and byte by
// byte.
func sequencesOf(kinds []kind, longest uint) source {
	ends := make([]int64, len(kinds)) // the number after the last sequence of each kind
	total := int64(0)
	for i, k := range kinds {
		ofLength := int64(1)
		for range longest + 1 {
			total += ofLength
			ofLength *= int64(len(symbols[k]))
		}
		ends[i] = total
	}
	return source{2 * total, func(number int64) question {
		sequence, i := number/2, 0
		for ; sequence >= ends[i]; i++ {
		}
		if i > 0 {
			sequence -= ends[i-1]
		}
		q := question{kind: kinds[i], maxFields: maxFields}
		if number%2 == 1 {
			q.pieces = bytewise
		}
		// The digits of the number say which symbols. They count from 1, so no two sequences
		// have the same number.
		of := symbols[q.kind]
		for ; sequence > 0; sequence /= int64(len(of)) {
			sequence--
			q.input = append(q.input, of[sequence%int64(len(of))]...)
		}
		return q
	}}
}
