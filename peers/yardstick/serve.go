package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/picohttp/picohttp"
)

// A server is a side in Go. It has a process of its own, because a process chooses its kernel once,
// and so that no parser pays for the garbage of another. native/side.h describes its commands,
// and its loops are the same as there.
type server struct {
	parser   string
	messages [][]byte
	threads  int
}

// A loop goes over the messages that many times, and returns a sum of lengths.
type loop func(messages [][]byte, passes, step int) (sum int, err error)

// picoLoops are the loops of picohttp, which call its methods directly.
var picoLoops = map[string]loop{
	"parse-request":  parseRequests,
	"read-request":   readRequests,
	"serve-request":  serveRequests,
	"parse-response": parseResponses,
	"read-response":  readResponses,
	"decode":         eachBody(decode),
	"next":           eachBody(next),
	"copy":           eachBody(restore),
	"memmove":        eachBody(memmove),
}

func (s *server) loop(command string) loop {
	if run := picoLoops[command]; run != nil && s.parser == "picohttp" {
		return run
	}
	switch command {
	case "read-request":
		return s.each(func(p peer, head []byte, _ int) (int, error) { return p.read(head, len(head)) })
	case "serve-request":
		return s.each(func(p peer, head []byte, _ int) (int, error) { return p.(responder).serve(head) })
	case "deliver":
		return s.each(func(p peer, head []byte, step int) (int, error) {
			if step == 0 {
				step = (len(head) + 1) / 2
			}
			return p.read(head, step)
		})
	case "refuse":
		return s.each(func(p peer, head []byte, _ int) (int, error) {
			if _, err := p.read(head, len(head)); err == nil || err == errMore {
				return 0, fmt.Errorf("it is not refused: %w", err)
			}
			return 0, nil
		})
	}
	return nil
}

// each returns a loop that calls do for each head and sums what it returns.
func (s *server) each(do func(p peer, head []byte, step int) (size int, err error)) loop {
	return func(heads [][]byte, passes, step int) (sum int, err error) {
		p, err := makePeer(s.parser)
		if err != nil {
			return 0, err
		}
		for range passes {
			for i, head := range heads {
				size, err := do(p, head, step)
				if err != nil {
					return 0, fmt.Errorf("message %d: %w", i, err)
				}
				sum += size
			}
		}
		return sum, nil
	}
}

// time runs a loop in all threads at once, and returns the time and the sum of one thread.
func (s *server) time(run loop, passes, step int) (string, error) {
	sums, errs := make([]int, s.threads), make([]error, s.threads)
	var others sync.WaitGroup
	start := time.Now()
	for i := 1; i < s.threads; i++ {
		others.Go(func() { sums[i], errs[i] = run(s.messages, passes, step) })
	}
	sums[0], errs[0] = run(s.messages, passes, step)
	others.Wait()
	ns := time.Since(start).Nanoseconds()
	for i, err := range errs {
		if err != nil {
			return "", err
		}
		if sums[i] != sums[0] {
			return "", fmt.Errorf("threads have different sums, %d and %d", sums[0], sums[i])
		}
	}
	return fmt.Sprint(ns, sums[0]), nil
}

func (s *server) answer(command string, n, step int) (string, error) {
	if run := s.loop(command); run != nil {
		return s.time(run, n, step)
	}
	if command == "keep" {
		return s.keep(n)
	}
	if n < 0 || n >= len(s.messages) {
		return "", fmt.Errorf("no message %d", n)
	}
	m := s.messages[n]
	switch command {
	case "check-request":
		return s.checkRequest(m, func(p peer) (string, error) { return p.parts(m).String(), nil })
	case "check-serve":
		return s.checkRequest(m, func(p peer) (string, error) {
			answer, err := p.(decider).judgment()
			if err != nil {
				return "refuses", nil
			}
			return answer, nil
		})
	case "check-response":
		return checkResponse(m)
	case "check-chunked":
		return checkChunked(m)
	}
	return "", errors.New("unknown command " + command)
}

// serve responds to the commands in the lines of in.
func serve(path, parser string, threads int, in io.Reader, out io.Writer) error {
	messages, err := mapCorpus(path)
	if err != nil {
		return err
	}
	if err := makeBuffer(messages); err != nil {
		return fmt.Errorf("cannot make a buffer: %w", err)
	}
	s := &server{parser: parser, messages: messages, threads: threads}
	fmt.Fprintln(out, aboutParser(parser))
	lines := bufio.NewScanner(in)
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
		fmt.Fprintln(out, answer)
	}
	return lines.Err()
}

// Each of these loops is written out. A single loop with a variable for what to do takes a tenth
// longer for a short head.

func parseRequests(heads [][]byte, passes, _ int) (int, error) {
	var r picohttp.Request
	for range passes {
		for i, h := range heads {
			if n, err := r.Parse(h); err != nil || n != len(h) {
				return 0, wrong(i, h, n, err)
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
				return 0, wrong(i, h, n, err)
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
				return 0, wrong(i, h, n, err)
			}
			sum += fieldLengths(&r.Head)
		}
	}
	return sum, nil
}

func readResponses(heads [][]byte, passes, _ int) (sum int, err error) {
	var r picohttp.Response
	for range passes {
		for i, h := range heads {
			if n, err := r.Parse(h); err != nil || n != len(h) {
				return 0, wrong(i, h, n, err)
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
			if n, err := r.Parse(h); err != nil || n != len(h) {
				return 0, wrong(i, h, n, err)
			}
			v, err := r.Check()
			if err != nil {
				return 0, wrong(i, h, len(h), err)
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

func wrong(i int, message []byte, n int, err error) error {
	return fmt.Errorf("message %d: picohttp reads %d bytes, %v, want %d", i, n, err, len(message))
}

// checkRequest returns a verdict or, for a head that the parser accepts, what describe returns.
func (s *server) checkRequest(head []byte, describe func(peer) (string, error)) (string, error) {
	p, err := makePeer(s.parser)
	if err != nil {
		return "", err
	}
	switch _, err = p.read(head, len(head)); err {
	case nil:
		return describe(p)
	case errMore:
		return "waits", nil
	}
	return "refuses", nil
}

// String returns the answer to check-request.
func (p parts) String() string {
	word := "reads"
	if p.loose {
		word = "loose"
	}
	b := fmt.Appendf(nil, "%s %d x%x x%x %d", word, p.n, p.method, p.target, p.minor)
	for _, f := range p.fields {
		b = fmt.Appendf(b, " x%x x%x", f[0], f[1])
	}
	return string(b)
}

func checkResponse(h []byte) (string, error) {
	var r picohttp.Response
	n, err := r.Parse(h)
	if err != nil {
		return "refuses", nil
	}
	b := fmt.Appendf(nil, "reads %d %d %d x%x", n, r.Minor(), r.Status(), r.Reason())
	for name, value := range r.Fields() {
		b = fmt.Appendf(b, " x%x x%x", name, value)
	}
	return string(b), nil
}

// keep parses n messages, each in memory of its own, and holds on to what is needed to read their
// fields. It returns the bytes and objects of one message, and the ns of a garbage collection that
// finds nothing to free.
func (s *server) keep(n int) (string, error) {
	p, err := makePeer(s.parser)
	if err != nil {
		return "", err
	}
	kept := make([]any, n)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.GC() // the first one empties pools, the second one frees what was in them
	runtime.ReadMemStats(&before)
	for i := range kept {
		m := bytes.Clone(s.messages[i%len(s.messages)])
		if kept[i], err = p.keep(m); err != nil {
			return "", err
		}
	}
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	times := make([]int64, 5)
	for i := range times {
		start := time.Now()
		runtime.GC()
		times[i] = time.Since(start).Nanoseconds()
	}
	slices.Sort(times)
	runtime.KeepAlive(kept)
	each := func(before, after uint64) float64 { return math.Round((float64(after) - float64(before)) / float64(n)) }
	return fmt.Sprint(each(before.HeapAlloc, after.HeapAlloc), each(before.HeapObjects, after.HeapObjects), times[len(times)/2]), nil
}

// child runs serve, and exits, if the arguments say that this process is a side.
func child() {
	if len(os.Args) != 5 || os.Args[1] != "serve" {
		return
	}
	threads, err := strconv.Atoi(os.Args[4])
	if err == nil {
		err = serve(os.Args[2], os.Args[3], threads, os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Printf("error: %v\n", err)
		os.Exit(1)
	}
	os.Exit(0)
}
