package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"unsafe"

	"github.com/ebitengine/purego"
	"github.com/picohttp/picohttp/fuzz/differ"
)

// A library has the addresses of the functions of a picohttpparser.
type library struct {
	folder                                                   string
	parseRequest, parseResponse, parseHeaders, decodeChunked uintptr
}

// load compiles the picohttpparser.c in a folder, and loads it into this process.
func load(folder string) (*library, error) {
	work, err := os.MkdirTemp("", "oracle")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	file := filepath.Join(work, "picohttpparser.so")
	source := filepath.Join(folder, "picohttpparser.c")
	gcc := exec.Command("gcc", "-O2", "-march=native", "-shared", "-fPIC", "-o", file, source)
	if complaint, err := gcc.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("no picohttpparser in %s: run ./get.sh in peers: %w\n%s", folder, err, complaint)
	}
	handle, err := purego.Dlopen(file, purego.RTLD_NOW)
	if err != nil {
		return nil, err
	}
	l := &library{folder: folder}
	for name, function := range map[string]*uintptr{
		"phr_parse_request":  &l.parseRequest,
		"phr_parse_response": &l.parseResponse,
		"phr_parse_headers":  &l.parseHeaders,
		"phr_decode_chunked": &l.decodeChunked,
	} {
		if *function, err = purego.Dlsym(handle, name); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// An oracle answers questions with a library.
type oracle struct {
	*library
	answer answer // valid until the next question
	room   []byte // inputs are placed at its end, right before a guard page
	memory *memory
}

// A memory has what C reads and writes, except for the input. It is not in Go's heap, so its
// addresses may be passed as numbers.
type memory struct {
	first, firstSize, second, secondSize, numFields, size uintptr
	minor, status                                         int32

	fields  [1<<16 - 1]struct{ name, nameSize, value, valueSize uintptr }
	decoder decoder
}

// A decoder is a struct phr_chunked_decoder. Its last members depend on the release.
type decoder struct {
	left           uintptr
	consumeTrailer bool
	_              [63]byte
}

// maxInput is the longest input, in bytes.
const maxInput = 4 << 20

func newOracle(l *library) (*oracle, error) {
	const size = int(unsafe.Sizeof(memory{}))
	guard, err := differ.NewGuard(size + maxInput)
	if err != nil {
		return nil, err
	}
	b := guard.AtEnd(make([]byte, size+maxInput))
	return &oracle{library: l, room: b[size:], memory: (*memory)(unsafe.Pointer(&b[0]))}, nil
}

// address returns the address of what is not in Go's heap.
func address[T any](p *T) uintptr { return uintptr(unsafe.Pointer(p)) }

// place copies b to the end of the room, and returns the copy and its address. If b is empty, that
// is the address of the guard page.
func (o *oracle) place(b []byte) (placed []byte, at uintptr) {
	from := len(o.room) - len(b)
	copy(o.room[from:], b)
	return o.room[from:], address(&o.room[0]) + uintptr(from)
}

// ask returns the answer. It makes q.input the placed copy of a head, so that picohttp parses it
// there, too.
func (o *oracle) ask(q *question) *answer {
	o.answer.reset()
	if q.kind >= chunked {
		o.decode(q)
	} else {
		o.parse(q)
	}
	return &o.answer
}

func (o *oracle) parse(q *question) {
	m, size := o.memory, uintptr(len(q.input))
	var b, result uintptr
	q.input, b = o.place(q.input)
	m.first, m.firstSize, m.second, m.secondSize, m.minor, m.status = b, 0, b, 0, 0, 0
	m.numFields = uintptr(q.maxFields)
	first, firstSize := address(&m.first), address(&m.firstSize)
	second, secondSize := address(&m.second), address(&m.secondSize)
	minor, status := address(&m.minor), address(&m.status)
	fields, numFields := address(&m.fields), address(&m.numFields)
	switch q.kind {
	case request:
		result, _, _ = purego.SyscallN(o.parseRequest,
			b, size, first, firstSize, second, secondSize, minor, fields, numFields, 0)
	case response:
		result, _, _ = purego.SyscallN(o.parseResponse, b, size, minor, status, first, firstSize, fields, numFields, 0)
	default:
		result, _, _ = purego.SyscallN(o.parseHeaders, b, size, fields, numFields, 0)
	}
	o.answer.put(int(int32(result)))
	if int32(result) < 0 {
		return
	}
	part := func(at, size uintptr) int {
		switch {
		case at == 0:
			return null
		case size == 0:
			return 0
		}
		return int(at-b)<<32 | int(size)
	}
	o.answer.put(int(m.minor), int(m.status), part(m.first, m.firstSize), part(m.second, m.secondSize))
	for _, f := range m.fields[:m.numFields] {
		o.answer.put(part(f.name, f.nameSize), part(f.value, f.valueSize))
	}
}

func (o *oracle) decode(q *question) {
	m := o.memory
	m.decoder = decoder{consumeTrailer: q.kind == chunked}
	for from, to := range q.delivered() {
		b, at := o.place(q.input[from:to])
		m.size = uintptr(len(b))
		result, _, _ := purego.SyscallN(o.decodeChunked, address(&m.decoder), at, address(&m.size))
		o.answer.put(int(result), int(m.size))
		o.answer.data = append(o.answer.data, b[:m.size]...)
		if int(result) != incomplete {
			return
		}
	}
}
