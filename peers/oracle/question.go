package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// A kind says what an input is, and so which function of picohttpparser gets it.
// The numbers are those of oracle.c.
type kind uint8

const (
	request      kind = iota // phr_parse_request
	response                 // phr_parse_response
	trailer                  // phr_parse_headers
	chunked                  // phr_decode_chunked with consume_trailer 1
	chunkedLeave             // phr_decode_chunked with consume_trailer 0
)

var kindNames = []string{"request", "response", "trailer", "chunked", "chunked-leave"}

func (k kind) String() string { return kindNames[k] }

// A question is an input and what else the answer depends on.
type question struct {
	kind      kind
	maxFields uint16
	// pieces are the sizes of the pieces in which the input is delivered, over
	// and over; none is whole. A head is always whole for picohttpparser, for
	// picohttp it is parsed on with Resume.
	pieces []uint32
	next   bool // picohttp reads a body with Next, not with Decode
	input  []byte
}

// The longest input that oracle.c takes.
const maxInput = 4 << 20

// appendTo appends a question as oracle.c reads it.
func (q *question) appendTo(b []byte, verbose bool) []byte {
	b = binary.NativeEndian.AppendUint32(b, uint32(len(q.input)))
	b = append(b, byte(q.kind), 0)
	if verbose {
		b[len(b)-1] = 1
	}
	b = binary.NativeEndian.AppendUint16(b, q.maxFields)
	b = binary.NativeEndian.AppendUint32(b, uint32(len(q.pieces)))
	for _, size := range q.pieces {
		b = binary.NativeEndian.AppendUint32(b, size)
	}
	return append(b, q.input...)
}

// readQuestion returns the question that b begins with; its input is a part of b.
func readQuestion(b []byte) *question {
	q := &question{kind: kind(b[4]), maxFields: binary.NativeEndian.Uint16(b[6:])}
	size, pieces := binary.NativeEndian.Uint32(b), binary.NativeEndian.Uint32(b[8:])
	b = b[12:]
	for range pieces {
		q.pieces = append(q.pieces, binary.NativeEndian.Uint32(b))
		b = b[4:]
	}
	q.input = b[:size:size]
	return q
}

// delivery ranges over the ends of the pieces in which the input is delivered.
type delivery struct {
	q      *question
	at     int
	offset int
}

// next returns where the next piece begins and ends, and whether there is one.
func (d *delivery) next() (from, to int, ok bool) {
	from, to = d.offset, len(d.q.input)
	if from == to {
		return 0, 0, false
	}
	if n := len(d.q.pieces); n > 0 {
		to = min(to, from+int(d.q.pieces[d.at]))
		if d.at++; d.at == n {
			d.at = 0
		}
	}
	d.offset = to
	return from, to, true
}

func (q *question) String() string {
	s := q.kind.String()
	if q.kind < chunked {
		s += fmt.Sprintf(", at most %d fields", q.maxFields)
	} else if q.next {
		s += ", with Next"
	}
	if len(q.pieces) > 0 {
		s += fmt.Sprintf(", in pieces of %v", q.pieces)
	}
	return fmt.Sprintf("%s, %d octets\n%s", s, len(q.input), quote(q.input))
}

// quote writes an input as a vector has it: a Go string for each line.
func quote(b []byte) string {
	if len(b) == 0 {
		return `"" `
	}
	var s strings.Builder
	for line := range strings.SplitAfterSeq(string(b), "\n") {
		if line != "" {
			fmt.Fprintf(&s, "%+q\n", line)
		}
	}
	return strings.TrimSuffix(s.String(), "\n")
}

// An oracle is a process of oracle.c.
type oracle struct {
	about   string // its first line: which picohttpparser it is
	path    string
	stdin   io.WriteCloser
	answers *bufio.Reader
	cmd     *exec.Cmd
	frames  []byte
}

var errNotBuilt = errors.New("no such oracle: run ./get.sh in peers")

func startOracle(path string) (*oracle, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("%s: %w", path, errNotBuilt)
	}
	o := &oracle{path: path, cmd: exec.Command(path)}
	o.cmd.Stderr = os.Stderr
	stdin, err := o.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := o.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	o.stdin, o.answers = stdin, bufio.NewReaderSize(stdout, 64<<10)
	if err := o.cmd.Start(); err != nil {
		return nil, err
	}
	if o.about, err = o.answers.ReadString('\n'); err != nil {
		return nil, o.ended()
	}
	o.about = strings.TrimSpace(o.about)
	return o, nil
}

// ended says how an oracle ended that should not have. It parses before a page
// that may not be read, so one that reads behind an input ends by a signal.
func (o *oracle) ended() error {
	o.stdin.Close()
	return fmt.Errorf("%s ended: %v", o.path, o.cmd.Wait())
}

// stop ends the oracle by ending its input.
func (o *oracle) stop() {
	o.stdin.Close()
	o.cmd.Wait()
}

// ask returns the words that the oracle answers.
func (o *oracle) ask(q *question) ([]uint64, error) {
	o.frames = q.appendTo(o.frames[:0], true)
	if _, err := o.stdin.Write(o.frames); err != nil {
		return nil, o.ended()
	}
	var words []uint64
	for left := uint64(1); left > 0; left-- {
		word, err := o.word()
		if err != nil {
			return nil, err
		}
		if words == nil {
			words = make([]uint64, 0, word)
			left += word
			continue
		}
		words = append(words, word)
	}
	return words, nil
}

// word reads one word of an answer.
func (o *oracle) word() (uint64, error) {
	b, err := o.answers.Peek(8)
	if err != nil {
		return 0, o.ended()
	}
	word := binary.NativeEndian.Uint64(b)
	o.answers.Discard(8)
	return word, nil
}

// A batch is questions that are sent together. The oracle answers some before it
// has read all, into a pipe that nobody reads meanwhile: so the answers to two
// batches must fit in a pipe, which are at least 64 KiB on Linux.
type batch struct {
	frames []byte
	asked  []asked
}

const (
	batchQuestions = 1 << 10
	batchBytes     = 256 << 10
)

// What was asked and is to be answered.
type asked struct {
	at     int    // of the question in the frames
	hash   uint64 // picohttp's answer
	next   bool   // as in question
	offset bool   // picohttp's n is wrong, whatever the answer is
}

func (b *batch) full() bool { return len(b.asked) >= batchQuestions || len(b.frames) >= batchBytes }

func (b *batch) reset() { b.frames, b.asked = b.frames[:0], b.asked[:0] }

// question returns the i-th question, which keeps nothing of the batch.
func (b *batch) question(i int) *question {
	q := readQuestion(b.frames[b.asked[i].at:])
	q.next = b.asked[i].next
	q.input = slices.Clone(q.input)
	return q
}
