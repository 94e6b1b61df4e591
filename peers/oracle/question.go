package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"strings"
	"sync"
)

// A kind says what an input is, and so which function of picohttpparser parses it.
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
	// pieces are the sizes of the pieces in which the input is delivered, over and over.
	// If there are none, it is delivered whole. picohttpparser gets a head whole in any
	// case, and picohttp parses it with Resume.
	pieces []uint32
	next   bool // picohttp reads a body with Next, not with Decode
	input  []byte
}

// maxInput is the longest input that oracle.c accepts, in bytes.
const maxInput = 4 << 20

// appendTo appends a question in the form that oracle.c reads.
func (q *question) appendTo(b []byte) []byte {
	b = binary.NativeEndian.AppendUint32(b, uint32(len(q.input)))
	b = append(b, byte(q.kind), 0)
	b = binary.NativeEndian.AppendUint16(b, q.maxFields)
	b = binary.NativeEndian.AppendUint32(b, uint32(len(q.pieces)))
	for _, size := range q.pieces {
		b = binary.NativeEndian.AppendUint32(b, size)
	}
	return append(b, q.input...)
}

// setLast has oracle.c send its answers after the question that frame begins with.
func setLast(frame []byte) { frame[5] = 1 }

// delivered ranges over where each piece of the input begins and ends. An empty input is
// one piece.
func (q *question) delivered() iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		for i, from := 0, 0; ; i++ {
			to := len(q.input)
			if n := len(q.pieces); n > 0 {
				to = min(to, from+int(q.pieces[i%n]))
			}
			if !yield(from, to) || to == len(q.input) {
				return
			}
			from = to
		}
	}
}

// String shows the input as a vector has it: a Go string for each line.
func (q *question) String() string {
	how := ""
	if q.kind < chunked {
		how = fmt.Sprintf(", at most %d fields", q.maxFields)
	} else if q.next {
		how = ", with Next"
	}
	if len(q.pieces) > 0 {
		how += fmt.Sprintf(", in pieces of %v", q.pieces)
	}
	s := fmt.Sprintf("%s%s, %d bytes", q.kind, how, len(q.input))
	for line := range strings.SplitAfterSeq(string(q.input), "\n") {
		s += fmt.Sprintf("\n%+q", line)
	}
	return s
}

// An oracle is a process of oracle.c.
type oracle struct {
	about  string // its first line, which says which picohttpparser it is
	path   string
	stdin  io.WriteCloser
	stdout *bufio.Reader
	cmd    *exec.Cmd
	answer []byte
	writes sync.WaitGroup // to stdin
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
	o.stdin, o.stdout = stdin, bufio.NewReaderSize(stdout, 64<<10)
	if err := o.cmd.Start(); err != nil {
		return nil, err
	}
	if o.about, err = o.stdout.ReadString('\n'); err != nil {
		return nil, o.ended()
	}
	o.about = strings.TrimSpace(o.about)
	return o, nil
}

// ended returns an error that says how the oracle ended, which it should not have. It
// parses before a page that cannot be read, so reading beyond an input ends it by a signal.
func (o *oracle) ended() error {
	o.stdin.Close()
	return fmt.Errorf("%s ended: %v", o.path, o.cmd.Wait())
}

// stop ends the oracle by closing its input.
func (o *oracle) stop() {
	o.stdin.Close()
	o.cmd.Wait()
}

// send sends questions in the background, as neither they nor the answers fit in a pipe.
// Writes tells when it has ended; if it fails, so does read.
func (o *oracle) send(frames []byte) { o.writes.Go(func() { o.stdin.Write(frames) }) }

// read returns the next answer, which is valid until the next call.
func (o *oracle) read() ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(o.stdout, size[:]); err != nil {
		return nil, o.ended()
	}
	o.answer = append(o.answer[:0], make([]byte, binary.NativeEndian.Uint32(size[:]))...)
	if _, err := io.ReadFull(o.stdout, o.answer); err != nil {
		return nil, o.ended()
	}
	return o.answer, nil
}

// ask returns the answer to one question.
func (o *oracle) ask(q *question) ([]byte, error) {
	frame := q.appendTo(nil)
	setLast(frame)
	o.send(frame)
	defer o.writes.Wait()
	return o.read()
}
