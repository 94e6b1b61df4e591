package main

import (
	"io"
	"unsafe"

	"github.com/picohttp/picohttp"
)

// A subject is picohttp, which answers questions as an oracle does.
type subject struct {
	answer answer // valid until the next question
	n      int    // bytes consumed, or where the input is malformed
	err    error  // of the last call

	parser   picohttp.Parser
	request  picohttp.Request
	response picohttp.Response
	trailer  picohttp.Trailer
	chunked  picohttp.Chunked
	input    []byte
	scratch  []byte
}

// newSubject returns a subject that limits only the number of fields, as picohttpparser does.
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

// ask sets answer, n and err.
func (s *subject) ask(q *question) {
	s.answer.reset()
	s.parser.MaxFields = int(q.maxFields)
	s.input = q.input
	if q.kind >= chunked {
		s.decode(q)
	} else {
		s.parse(q)
	}
}

// outcomeOf returns the outcome that an error stands for.
func outcomeOf(err error) int {
	switch err {
	case nil, io.EOF:
		return complete
	case picohttp.ErrIncomplete:
		return incomplete
	}
	return malformed
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
	var h *picohttp.Head
	switch {
	case s.err != nil:
		s.answer.put(outcomeOf(s.err))
		return
	case q.kind == request:
		r := &s.request
		h = &r.Head
		s.answer.put(s.n, r.Minor(), 0, s.part(r.Method()), s.part(r.Target()))
	case q.kind == response:
		r := &s.response
		h = &r.Head
		s.answer.put(s.n, r.Minor(), r.Status(), s.part(r.Reason()), 0)
	default:
		h = &s.trailer.Head
		s.answer.put(s.n, 0, 0, 0, 0)
	}
	for name, value := range h.Fields() {
		if len(name) == 0 { // a folded line, which picohttpparser returns as a field
			s.answer.put(null, s.part(value))
		} else {
			s.answer.put(s.part(name), s.part(value))
		}
	}
}

// part returns the word for a part of the input.
func (s *subject) part(part []byte) int {
	if len(part) == 0 {
		return 0
	}
	start := uintptr(unsafe.Pointer(unsafe.SliceData(part))) - uintptr(unsafe.Pointer(unsafe.SliceData(s.input)))
	return int(start)<<32 | len(part)
}

// decode works on a copy of each piece, because Decode moves the data in it.
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
		s.answer.data = append(s.answer.data, s.scratch[:size]...)
		result := outcomeOf(s.err)
		switch result {
		case complete:
			result = to - s.n
		case incomplete:
			result -= to - s.n // picohttpparser consumes all of the piece
		}
		s.answer.put(result, size)
		if s.err != picohttp.ErrIncomplete {
			return
		}
	}
}

// decodeNext does what Decode does, with Next.
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
