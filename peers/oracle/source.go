package main

import "sync"

// A source is where the questions of a run come from. What is in a batch depends
// on its number alone, so that a run can be repeated whatever the workers do.
type source interface {
	// fill puts the questions of a batch into it, by w.add, and reports whether
	// there are any.
	fill(w *worker, b *batch, number int64) bool
	// total is about how many questions there are.
	total() int64
}

func sourceOf(s *seeds, o options) source {
	switch {
	case o.truncations:
		return truncationsOf(s, o.kinds)
	case o.sequences > 0:
		return sequencesOf(o.kinds, o.sequences)
	}
	m := &mutations{count: o.count, seed: o.seed, kinds: o.kinds}
	m.mutators.New = func() any { return newMutator(s) }
	return m
}

// Mutations are random: see mutator.
type mutations struct {
	count    int64
	seed     uint64
	kinds    []kind
	mutators sync.Pool
}

func (s *mutations) total() int64 { return s.count }

func (s *mutations) fill(w *worker, b *batch, number int64) bool {
	if w.asked.Load() >= s.count {
		return false
	}
	m := s.mutators.Get().(*mutator)
	defer s.mutators.Put(m)
	m.rng.Seed(s.seed, uint64(number))
	for k := s.kinds[number%int64(len(s.kinds))]; !b.full(); {
		m.mutate(&w.q, k)
		if w.add(b, anyOutcome) == malformed && len(w.q.input) < 100<<10 && m.chance(16) {
			w.addAround(b)
		}
	}
	return true
}

// Truncations are those of all seeds, at every length.
type truncations []truncation

// A truncation is of a seed at the lengths that fill about a batch.
type truncation struct {
	kind     kind
	input    []byte
	from, to int
}

// Beyond this length truncations are drawn at intervals: all of them would take
// as long as the square of it.
const truncatedWhole = 16 << 10

func truncationsOf(s *seeds, kinds []kind) (all truncations) {
	for _, k := range kinds {
		for _, b := range s[k] {
			for from := 0; from <= len(b); {
				n := max(1, min(batchQuestions, batchBytes/(from+1)))
				to := min(from+n, len(b)+1)
				all = append(all, truncation{k, b, from, to})
				from = to
				if from > truncatedWhole && from+100*n < len(b) {
					from += 97 * n
				}
			}
		}
	}
	return all
}

func (s truncations) total() (n int64) {
	for _, t := range s {
		n += int64(t.to - t.from)
	}
	return n
}

func (s truncations) fill(w *worker, b *batch, number int64) bool {
	if number >= int64(len(s)) {
		return false
	}
	t := s[number]
	for n := t.from; n < t.to; n++ {
		w.q = question{kind: t.kind, maxFields: 256, input: t.input[:n]}
		w.add(b, anyOutcome)
	}
	return true
}

// Sequences are all those of a few symbols, up to a length, whole and in octets.
type sequences []sequence

// A sequence is the first of those that fill a batch.
type sequence struct {
	kind  kind
	first int64
	n     int64
}

var symbols = [...][]string{
	request:      {"GET", " ", "/", "HTTP/1.1", "\r", "\n", ":", "\t", "\x80", "\x00"},
	response:     {"HTTP/1.1", " ", "200", "O", "\r", "\n", ":", "\t", "\x00"},
	trailer:      {"A", ":", " ", "\t", "\r", "\n", "\x80", "\x00"},
	chunked:      {"0", "1", "a", "g", " ", ";", "\r", "\n"},
	chunkedLeave: {"0", "1", "a", "g", " ", ";", "\r", "\n"},
}

var octetwise = []uint32{1}

func sequencesOf(kinds []kind, longest int) (all sequences) {
	for _, k := range kinds {
		total, ofLength := int64(0), int64(1)
		for range longest + 1 {
			total += ofLength
			ofLength *= int64(len(symbols[k]))
		}
		for first := int64(0); first < total; first += batchQuestions / 2 {
			all = append(all, sequence{k, first, min(batchQuestions/2, total-first)})
		}
	}
	return all
}

func (s sequences) total() (n int64) {
	for _, b := range s {
		n += 2 * b.n
	}
	return n
}

func (s sequences) fill(w *worker, b *batch, number int64) bool {
	if number >= int64(len(s)) {
		return false
	}
	of := symbols[s[number].kind]
	var input []byte
	for i := range s[number].n {
		// The numbers of the symbols are the digits of the sequence's number, from 1
		// up: so each sequence has one number.
		input = input[:0]
		for rest := s[number].first + i; rest > 0; rest /= int64(len(of)) {
			rest--
			input = append(input, of[rest%int64(len(of))]...)
		}
		w.q = question{kind: s[number].kind, maxFields: 256, input: input}
		w.add(b, anyOutcome)
		w.q.pieces = octetwise
		w.add(b, anyOutcome)
	}
	return true
}
