package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"unsafe"

	"github.com/picohttp/picohttp"
)

// An outcome is what became of an input.
type outcome uint8

const (
	complete outcome = iota
	incomplete
	malformed
	anyOutcome
)

// An answer is a sequence of words, as oracle.c defines it.
type answer struct {
	hash    uint64
	verbose bool
	words   []uint64 // if verbose
}

func (a *answer) put(word uint64) {
	a.hash = (a.hash ^ word) * 0x9e3779b97f4a7c15
	a.hash ^= a.hash >> 32
	if a.verbose {
		a.words = append(a.words, word)
	}
}

// reset begins an answer, with a hash that a word 0 changes.
func (a *answer) reset() { a.hash, a.words = 0xcbf29ce484222325, a.words[:0] }

// The words of what is not complete, and of a name that is NULL.
const (
	wordIncomplete = uint64(math.MaxUint64 - 1)
	wordMalformed  = uint64(math.MaxUint64)
	wordNull       = uint64(math.MaxUint64)
)

// A subject is picohttp, answering questions by its exported methods.
type subject struct {
	answer
	n   int   // where it is malformed, in the whole input
	err error // why

	parser   picohttp.Parser
	request  picohttp.Request
	response picohttp.Response
	trailer  picohttp.Trailer
	chunked  picohttp.Chunked
	input    uintptr // where the input is
	scratch  []byte
}

// newSubject returns a subject without limits: picohttpparser has none, but for
// the number of fields.
func newSubject(profile picohttp.Profile, verbose bool) *subject {
	s := new(subject)
	s.verbose = verbose
	s.parser = picohttp.Parser{
		Profile:          profile,
		MaxHeadBytes:     -1,
		MaxMethodBytes:   -1,
		MaxTargetBytes:   -1,
		MaxTrailerBytes:  -1,
		MaxChunkExtBytes: -1,
		MaxChunkOverhead: -1,
	}
	s.chunked.Parser = &s.parser
	return s
}

// ask answers a question.
func (s *subject) ask(q *question) outcome {
	s.reset()
	s.parser.MaxFields = int(q.maxFields)
	s.input = uintptr(unsafe.Pointer(unsafe.SliceData(q.input)))
	if q.kind >= chunked {
		return s.decode(q)
	}
	n, err := s.parse(q)
	s.n, s.err = n, err
	switch err {
	case nil:
		s.put(uint64(n))
		s.putParts(q.kind)
		return complete
	case picohttp.ErrIncomplete:
		s.put(wordIncomplete)
		return incomplete
	}
	s.put(wordMalformed)
	return malformed
}

func (s *subject) parse(q *question) (n int, err error) {
	d := delivery{q: q}
	_, to, _ := d.next()
	var head interface{ Resume([]byte) (int, error) }
	switch b := q.input[:to]; q.kind {
	case request:
		head = &s.request
		n, err = s.parser.ParseRequest(&s.request, b)
	case response:
		head = &s.response
		n, err = s.parser.ParseResponse(&s.response, b)
	case trailer:
		head = &s.trailer
		n, err = s.parser.ParseTrailer(&s.trailer, b)
	}
	for err == picohttp.ErrIncomplete {
		_, to, ok := d.next()
		if !ok {
			break
		}
		n, err = head.Resume(q.input[:to])
	}
	return n, err
}

func (s *subject) putParts(k kind) {
	switch k {
	case request:
		r := &s.request
		s.putPart(r.Method())
		s.putPart(r.Target())
		s.put(uint64(r.Minor()))
		s.put(uint64(r.NumFields()))
		for name, value := range r.Fields() {
			s.putField(name, value)
		}
	case response:
		r := &s.response
		s.put(uint64(r.Minor()))
		s.put(uint64(r.Status()))
		s.putPart(r.Reason())
		s.put(uint64(r.NumFields()))
		for name, value := range r.Fields() {
			s.putField(name, value)
		}
	case trailer:
		t := &s.trailer
		s.put(uint64(t.NumFields()))
		for name, value := range t.Fields() {
			s.putField(name, value)
		}
	}
}

func (s *subject) putField(name, value []byte) {
	if len(name) == 0 {
		s.put(wordNull)
	} else {
		s.putPart(name)
	}
	s.putPart(value)
}

func (s *subject) putPart(part []byte) {
	if len(part) == 0 {
		s.put(0)
		return
	}
	offset := uintptr(unsafe.Pointer(unsafe.SliceData(part))) - s.input
	s.put(uint64(offset)<<32 | uint64(len(part)))
}

// decode answers a question about a body. It works on a copy of each piece, as
// Decode moves the data in it.
func (s *subject) decode(q *question) outcome {
	s.chunked.LeaveTrailer = q.kind == chunkedLeave
	s.chunked.Reset()
	s.n, s.err = 0, picohttp.ErrIncomplete
	for d := (delivery{q: q}); ; {
		from, to, ok := d.next()
		if !ok {
			return incomplete
		}
		piece := append(s.scratch[:0], q.input[from:to]...)
		s.scratch = piece
		var size, n int
		var err error
		if q.next {
			size, n, err = s.decodeNext(piece)
		} else {
			size, n, err = s.chunked.Decode(piece)
		}
		s.n, s.err = from+n, err
		switch err {
		case picohttp.ErrIncomplete:
			s.put(wordIncomplete - uint64(len(piece)-n)) // picohttpparser consumes all of it
			s.putData(piece[:size])
		case io.EOF:
			s.put(uint64(len(piece) - n))
			s.putData(piece[:size])
			return complete
		default:
			s.put(wordMalformed)
			s.putData(piece[:size])
			return malformed
		}
	}
}

// decodeNext is Decode by means of Next.
func (s *subject) decodeNext(b []byte) (size, n int, err error) {
	for {
		data, m, err := s.chunked.Next(b[n:])
		n += m
		if err != nil {
			return size, n, err
		}
		size += copy(b[size:], data)
	}
}

func (s *subject) putData(data []byte) {
	s.put(uint64(len(data)))
	for ; len(data) >= 8; data = data[8:] {
		s.put(binary.NativeEndian.Uint64(data))
	}
	if len(data) > 0 {
		var last [8]byte
		copy(last[:], data)
		s.put(binary.NativeEndian.Uint64(last[:]))
	}
}

// A head is the words of a complete one, taken apart.
type head struct {
	n             int
	minor, status int
	method        []byte
	target        []byte
	reason        []byte
	fields        []field
}

// A field without a name is a folded line, of which picohttpparser makes a field.
type field struct{ name, value []byte }

var errWords = errors.New("these words are no answer")

// readHead returns nil for a head that is not complete.
func readHead(q *question, words []uint64) (h *head, err error) {
	at := 0
	next := func() uint64 {
		if at == len(words) {
			err = errWords
			return 0
		}
		at++
		return words[at-1]
	}
	part := func() []byte {
		word := next()
		from, size := word>>32, word&math.MaxUint32
		if word == wordNull || size == 0 {
			return nil
		}
		if from+size > uint64(len(q.input)) {
			err = errWords
			return nil
		}
		return q.input[from : from+size : from+size]
	}
	n := next()
	if n == wordIncomplete || n == wordMalformed {
		return nil, err
	}
	h = &head{n: int(n)}
	switch q.kind {
	case request:
		h.method, h.target, h.minor = part(), part(), int(next())
	case response:
		h.minor, h.status, h.reason = int(next()), int(next()), part()
	}
	for i := next(); i > 0 && err == nil; i-- {
		h.fields = append(h.fields, field{part(), part()})
	}
	return h, err
}

// A call is what a call of phr_decode_chunked answers.
type call struct {
	result int64
	data   []byte
}

func readCalls(words []uint64) (calls []call, err error) {
	for len(words) > 0 {
		if len(words) < 2 || words[1] > uint64(len(words)-2)*8 {
			return nil, errWords
		}
		c := call{result: int64(words[0])}
		size := words[1]
		words = words[2:]
		for ; uint64(len(c.data)) < size; words = words[1:] {
			c.data = binary.NativeEndian.AppendUint64(c.data, words[0])
		}
		c.data = c.data[:size]
		calls = append(calls, c)
	}
	return calls, nil
}

// describe puts an answer into text, on one line.
func describe(q *question, words []uint64) string {
	var s strings.Builder
	if q.kind >= chunked {
		calls, err := readCalls(words)
		for i, c := range calls {
			if i > 0 {
				s.WriteString("; ")
			}
			switch c.result {
			case -1:
				fmt.Fprintf(&s, "malformed %+q", c.data)
			case -2:
				fmt.Fprintf(&s, "incomplete %+q", c.data)
			default:
				if c.result < 0 {
					fmt.Fprintf(&s, "incomplete %+q, %d not consumed", c.data, -2-c.result)
					continue
				}
				fmt.Fprintf(&s, "complete %+q, %d left", c.data, c.result)
			}
		}
		if err != nil {
			s.WriteString(err.Error())
		}
		return s.String()
	}
	h, err := readHead(q, words)
	switch {
	case err != nil:
		return err.Error()
	case h == nil && words[0] == wordIncomplete:
		return "incomplete"
	case h == nil:
		return "malformed"
	}
	fmt.Fprintf(&s, "complete %d", h.n)
	switch q.kind {
	case request:
		fmt.Fprintf(&s, " %+q %+q %d", h.method, h.target, h.minor)
	case response:
		fmt.Fprintf(&s, " %d %d %+q", h.minor, h.status, h.reason)
	}
	for _, f := range h.fields {
		if f.name == nil {
			fmt.Fprintf(&s, ", folded %+q", f.value)
		} else {
			fmt.Fprintf(&s, ", %+q: %+q", f.name, f.value)
		}
	}
	return s.String()
}
