package main

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/picohttp/picohttp"
)

// child runs this process as a side in Go, and exits, if the arguments are serve, a file and a parser.
// Each side is a process, because a process chooses its kernel once, and so that no parser pays for
// the garbage of another. ../README.md describes the commands. The loops are the same as in
// native/side.h.
func child() {
	if len(os.Args) < 4 || os.Args[1] != "serve" {
		return
	}
	if err := serve(os.Args[2], os.Args[3]); err != nil {
		fmt.Printf("error: %v\n", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serve responds to the commands in the lines of the standard input.
func serve(path, parser string) error {
	messages, err := mapCorpus(path)
	if err != nil {
		return err
	}
	buffer, err = syscall.Mmap(-1, 0, 1<<20, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		return err
	}
	p, err := makePeer(parser)
	if err != nil {
		return err
	}
	s := &server{p, messages}
	fmt.Println(aboutParser(parser))
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var command string
		var n, step int
		if _, err := fmt.Sscanf(lines.Text(), "%s %d %d", &command, &n, &step); err != nil {
			return fmt.Errorf("a command is a word and two numbers: %w", err)
		}
		answer, err := s.answer(command, n, step)
		if err != nil {
			return err
		}
		fmt.Println(answer)
	}
	return lines.Err()
}

type server struct {
	peer
	messages [][]byte
}

// A loop goes over the messages passes times, and returns a sum of lengths.
type loop func(messages [][]byte, passes, step int) (sum int, err error)

// picoLoops are the loops of picohttp, which call its methods directly.
var picoLoops = map[string]loop{
	"parse-request":  parseRequests,
	"read-request":   readRequests,
	"serve-request":  serveRequests,
	"parse-response": parseResponses,
	"decode":         decode,
}

// loop returns the loop of a command, or nil.
func (s *server) loop(command string) loop {
	_, ours := s.peer.(*pico)
	switch {
	case ours && picoLoops[command] != nil:
		return picoLoops[command]
	case !slices.Contains([]string{"read-request", "serve-request", "deliver", "reject"}, command):
		return nil
	}
	serve, deliver, reject := command == "serve-request", command == "deliver", command == "reject"
	return func(heads [][]byte, passes, step int) (sum int, err error) {
		for range passes {
			for i, head := range heads {
				by := len(head)
				if deliver && step > 0 {
					by = step
				}
				size, err := s.take(head, by, serve)
				if rejected := err != nil && err != picohttp.ErrIncomplete; rejected != reject || !reject && err != nil {
					return 0, fmt.Errorf("message %d: error %w", i, err)
				}
				sum += size
			}
		}
		return sum, nil
	}
}

func (s *server) answer(command string, n, step int) (answer string, err error) {
	if run := s.loop(command); run != nil {
		preparation = 0
		start := time.Now()
		sum, err := run(s.messages, n, step)
		return fmt.Sprint((time.Since(start) - preparation).Nanoseconds(), sum), err
	}
	if n < 0 || n >= len(s.messages) {
		return "", fmt.Errorf("no message %d", n)
	}
	m := s.messages[n]
	switch command {
	case "check-request", "check-serve":
		if _, err = s.take(m, len(m), false); err == nil {
			answer = s.describe(m)
		}
		if err == nil && command == "check-serve" {
			answer, err = s.judge()
		}
	case "check-response":
		answer, err = checkResponse(m)
	case "check-chunked":
		answer, err = checkChunked(m)
	default:
		return "", errors.New("unknown command " + command)
	}
	switch err {
	case nil:
		return answer, nil
	case picohttp.ErrIncomplete:
		return "waits", nil
	}
	return "rejects", nil
}

// Each of these loops is written out. A single loop with a variable for what to do takes a tenth
// longer for a short head.

func parseRequests(heads [][]byte, passes, _ int) (int, error) {
	var r picohttp.Request
	for range passes {
		for i, h := range heads {
			if n, err := r.Parse(h); err != nil || n != len(h) {
				return 0, wrong(i, n, err)
			}
		}
	}
	return 0, nil
}

func parseResponses(heads [][]byte, passes, _ int) (int, error) {
	var r picohttp.Response
	for range passes {
		for i, h := range heads {
			if n, err := r.Parse(h); err != nil || n != len(h) {
				return 0, wrong(i, n, err)
			}
		}
	}
	return 0, nil
}

func readRequests(heads [][]byte, passes, _ int) (sum int, err error) {
	var r picohttp.Request
	for range passes {
		for i, h := range heads {
			if n, err := r.Parse(h); err != nil || n != len(h) {
				return 0, wrong(i, n, err)
			}
			sum += fieldLengths(&r.Head)
		}
	}
	return sum, nil
}

// serveRequests also does everything else that a server does before it can respond: Check, and
// three lookups.
func serveRequests(heads [][]byte, passes, _ int) (sum int, err error) {
	var r picohttp.Request
	for range passes {
		for i, h := range heads {
			n, err := r.Parse(h)
			if err != nil || n != len(h) {
				return 0, wrong(i, n, err)
			}
			v, err := r.Check()
			if err != nil {
				return 0, wrong(i, n, err)
			}
			encoding, _ := r.Get("Accept-Encoding")
			cookie, _ := r.Get("Cookie")
			absent, _ := r.Get("X-Absent")
			sum += fieldLengths(&r.Head) + len(v.Authority) + len(encoding) + len(cookie) + len(absent)
		}
	}
	return sum, nil
}

// fieldLengths takes every field.
func fieldLengths(h *picohttp.Head) (sum int) {
	for name, value := range h.Fields() {
		sum += len(name) + len(value)
	}
	return sum
}

func wrong(i, n int, err error) error {
	return fmt.Errorf("message %d: picohttp reads %d bytes, error %w", i, n, err)
}

// Bodies are decoded in this buffer, which starts a page, as in native/picohttpparser.c.
var buffer []byte

// preparation is what a loop spends on making messages ready. It is subtracted.
var preparation time.Duration

// decode copies each body to the buffer and decodes it there, because decoding in place destroys it.
// First it measures the copying alone, to subtract it. Before that it copies once more, because for
// the first milliseconds copying is slower.
func decode(bodies [][]byte, passes, _ int) (sum int, err error) {
	prepare := func() time.Duration {
		start := time.Now()
		for range passes {
			for _, b := range bodies {
				copy(buffer, b)
			}
		}
		return time.Since(start)
	}
	preparation = prepare() + 2*prepare()
	var d picohttp.Chunked
	for range passes {
		for _, b := range bodies {
			copy(buffer, b)
			d.Reset()
			size, n, err := d.Decode(buffer[:len(b)])
			if err != io.EOF || n != len(b) {
				return 0, fmt.Errorf("decode reads %d bytes of %d: %w", n, len(b), err)
			}
			sum += size
		}
	}
	return sum, nil
}

// checkChunked returns the answer to check-chunked.
func checkChunked(b []byte) (string, error) {
	var d picohttp.Chunked
	b = bytes.Clone(b)
	size, n, err := d.Decode(b)
	if err == io.EOF {
		return fmt.Sprintf("reads %d x%x", n, b[:size]), nil
	}
	return "", cmp.Or(err, picohttp.ErrIncomplete)
}
