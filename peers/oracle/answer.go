package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
	"unsafe"

	"github.com/picohttp/picohttp"
)

// The outcomes of an input, as picohttpparser returns them. That of a complete head is its length.
const (
	complete   = 0
	malformed  = -1
	incomplete = -2
)

// A subject is picohttp, which answers questions in the form that oracle.c describes.
type subject struct {
	answer []byte
	n      int   // bytes consumed; if the input is malformed, where
	err    error // of the last call

	parser   picohttp.Parser
	request  picohttp.Request
	response picohttp.Response
	trailer  picohttp.Trailer
	chunked  picohttp.Chunked
	input    uintptr // where the input is
	scratch  []byte
}

// newSubject returns a subject without limits: picohttpparser has only one for the number
// of fields.
func newSubject(profile picohttp.Profile) *subject {
	s := new(subject)
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

// ask sets answer, n and err, and returns the outcome.
func (s *subject) ask(q *question) (outcome int) {
	s.answer, s.n, s.err = s.answer[:0], 0, picohttp.ErrIncomplete
	s.parser.MaxFields = int(q.maxFields)
	s.input = uintptr(unsafe.Pointer(unsafe.SliceData(q.input)))
	if q.kind >= chunked {
		s.decode(q)
	} else {
		s.parse(q)
	}
	switch s.err {
	case nil, io.EOF:
		return complete
	case picohttp.ErrIncomplete:
		return incomplete
	}
	return malformed
}

func (s *subject) put(word int) {
	s.answer = binary.NativeEndian.AppendUint64(s.answer, uint64(word))
}

func (s *subject) parse(q *question) {
	var resume func(b []byte) (n int, err error)
	for _, to := range q.delivered() {
		switch b := q.input[:to]; {
		case resume != nil:
			s.n, s.err = resume(b)
		case q.kind == request:
			s.n, s.err = s.parser.ParseRequest(&s.request, b)
			resume = s.request.Resume
		case q.kind == response:
			s.n, s.err = s.parser.ParseResponse(&s.response, b)
			resume = s.response.Resume
		default:
			s.n, s.err = s.parser.ParseTrailer(&s.trailer, b)
			resume = s.trailer.Resume
		}
		if s.err != picohttp.ErrIncomplete {
			break
		}
	}
	if s.err == picohttp.ErrIncomplete {
		s.put(incomplete)
	} else if s.err != nil {
		s.put(malformed)
	} else if r := &s.request; q.kind == request {
		s.putHead(r.Minor(), 0, r.Method(), r.Target(), &r.Head)
	} else if r := &s.response; q.kind == response {
		s.putHead(r.Minor(), r.Status(), r.Reason(), nil, &r.Head)
	} else {
		s.putHead(0, 0, nil, nil, &s.trailer.Head)
	}
}

func (s *subject) putHead(minor, status int, first, second []byte, h *picohttp.Head) {
	s.put(s.n)
	s.put(minor)
	s.put(status)
	s.putPart(first)
	s.putPart(second)
	for name, value := range h.Fields() {
		if len(name) == 0 { // a folded line, of which picohttpparser makes a field
			s.put(-1)
		} else {
			s.putPart(name)
		}
		s.putPart(value)
	}
}

func (s *subject) putPart(part []byte) {
	if len(part) == 0 {
		s.put(0)
		return
	}
	offset := uintptr(unsafe.Pointer(unsafe.SliceData(part))) - s.input
	s.put(int(offset)<<32 | len(part))
}

// decode works on a copy of each piece, as Decode moves the data in it.
func (s *subject) decode(q *question) {
	s.chunked.LeaveTrailer = q.kind == chunkedLeave
	s.chunked.Reset()
	for from, to := range q.delivered() {
		s.scratch = append(s.scratch[:0], q.input[from:to]...)
		var size, n int
		if q.next {
			size, n, s.err = s.decodeNext(s.scratch)
		} else {
			size, n, s.err = s.chunked.Decode(s.scratch)
		}
		s.n = from + n
		switch s.err {
		case picohttp.ErrIncomplete:
			s.put(incomplete - (to - s.n)) // picohttpparser consumes all of the piece
		case io.EOF:
			s.put(to - s.n)
		default:
			s.put(malformed)
		}
		s.put(size)
		s.answer = append(s.answer, s.scratch[:size]...)
		if s.err != picohttp.ErrIncomplete {
			return
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

// A reading is an answer in parts.
type reading struct {
	outcome int      // of a head; its length if it is complete
	numbers []int    // the minor version and the status of a complete head
	parts   [][]byte // of a complete head; nil for NULL
	calls   []call   // for a body
}

// A call is what a call of phr_decode_chunked returns.
type call struct {
	result int
	data   []byte
}

// read takes an answer apart. It returns the outcome -3 if this is none.
func (q *question) read(answer []byte) (r reading) {
	next := func() int {
		word := binary.NativeEndian.Uint64(answer)
		answer = answer[8:]
		return int(word)
	}
	defer func() {
		if recover() != nil { // a word is missing, or a part is not in the input
			r = reading{outcome: -3}
		}
	}()
	if q.kind >= chunked {
		for len(answer) > 0 {
			result, size := next(), next()
			r.calls = append(r.calls, call{result, answer[:size]})
			answer = answer[size:]
		}
		return r
	}
	if r.outcome = next(); r.outcome >= 0 {
		r.numbers = []int{next(), next()}
	}
	for len(answer) > 0 {
		part := []byte(nil)
		if word := next(); word >= 0 {
			from, size := word>>32, word&math.MaxUint32
			part = q.input[from : from+size : from+size]
		}
		r.parts = append(r.parts, part)
	}
	return r
}

// String shows the reading in a line, with the outcomes as picohttpparser returns them.
func (r reading) String() string {
	var s strings.Builder
	for _, c := range r.calls {
		fmt.Fprintf(&s, "%d %+q, ", c.result, c.data)
	}
	if r.calls == nil {
		fmt.Fprintf(&s, "%d, ", r.outcome)
	}
	for _, n := range r.numbers {
		fmt.Fprintf(&s, "%d, ", n)
	}
	for _, part := range r.parts {
		if part == nil {
			s.WriteString("folded, ")
		} else {
			fmt.Fprintf(&s, "%+q, ", part)
		}
	}
	return strings.TrimSuffix(s.String(), ", ")
}
