package main

import (
	"bufio"
	"bytes"
	"fmt"
	"hash"
	"hash/fnv"
	"io"
	"iter"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/picohttp/picohttp"
)

// A server is a side in Go, in a process of its own: the kernel is chosen once in
// a process, and the garbage of one parser is no other's. It speaks as
// native/side.h says, and its loops are those of native/side.h.
type server struct {
	parser   string
	messages [][]byte
	threads  int
}

// A loop goes over the messages so many times, and returns a sum of lengths.
type loop func(messages [][]byte, passes, step int) (sum int, err error)

// The loops of picohttp, which call its methods directly.
var picoLoops = map[string]loop{
	"parse-request":  parseRequests,
	"read-request":   readRequests,
	"serve-request":  serveRequests,
	"parse-response": parseResponses,
	"read-response":  readResponses,
	"decode":         decodeAll,
	"next":           nextAll,
	"copy":           copyAll,
	"memmove":        memmoveAll,
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

// each returns a loop that does something with each head.
func (s *server) each(do func(p peer, head []byte, step int) (octets int, err error)) loop {
	return func(heads [][]byte, passes, step int) (sum int, err error) {
		p, err := makePeer(s.parser)
		if err != nil {
			return 0, err
		}
		for range passes {
			for i, head := range heads {
				octets, err := do(p, head, step)
				if err != nil {
					return 0, fmt.Errorf("message %d: %w", i, err)
				}
				sum += octets
			}
		}
		return sum, nil
	}
}

// time runs a loop in all threads at once; the sum that it answers is that of one.
func (s *server) time(run loop, passes, step int) (string, error) {
	sums, errs := make([]int, s.threads), make([]error, s.threads)
	var others sync.WaitGroup
	start := time.Now()
	for i := 1; i < s.threads; i++ {
		others.Add(1)
		go func() {
			defer others.Done()
			sums[i], errs[i] = run(s.messages, passes, step)
		}()
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
	case "check-request", "check-serve":
		return s.checkRequest(m, command == "check-serve")
	case "verdict":
		return s.verdict(m)
	case "check-response":
		return checkResponse(m)
	case "check-chunked":
		return checkChunked(m)
	}
	return "", fmt.Errorf("unknown command %q", command)
}

// serve answers the lines of in.
func serve(path, parser string, threads int, in io.Reader, out io.Writer) error {
	messages, err := mapCorpus(path)
	if err != nil {
		return err
	}
	if err := makeBuffer(messages); err != nil {
		return fmt.Errorf("cannot make a buffer: %w", err)
	}
	s := &server{parser: parser, messages: messages, threads: threads}
	fmt.Fprintf(out, "%s, %s %s/%s\n", aboutParser(parser), runtime.Version(), runtime.GOOS, runtime.GOARCH)

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

func aboutParser(parser string) string {
	if parser == "picohttp" {
		return "picohttp " + picohttp.Kernel()
	}
	for _, p := range goPeers {
		if p.name == parser {
			return p.name + " of " + version(p.module)
		}
	}
	return parser
}

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

// serveRequests is readRequests, and does all else that a server does before it can
// respond: Check, and three lookups.
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

// fieldLengths takes each field by its number, which is the fastest way for those
// that are at hand.
func fieldLengths(h *picohttp.Head) (sum int) {
	const atHand = 64
	if n := h.NumFields(); n <= atHand {
		for k := range n {
			name, value := h.Field(k)
			sum += len(name) + len(value)
		}
		return sum
	}
	for name, value := range h.Fields() {
		sum += len(name) + len(value)
	}
	return sum
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

func wrong(i int, message []byte, n int, err error) error {
	return fmt.Errorf("message %d: picohttp reads %d bytes, %v, want %d", i, n, err, len(message))
}

// checkRequest tells what becomes of a head: its length, the number of fields,
// the bytes in their names and in their values, and two digests of all parts.
// Where names come in another case or another order, the first is "-". With serve
// it also tells what the parser, which is a judge, decides about it.
func (s *server) checkRequest(head []byte, serve bool) (string, error) {
	p, err := makePeer(s.parser)
	if err != nil {
		return "", err
	}
	q, err := p.check(head)
	if err != nil {
		return s.verdict(head)
	}
	decision, found := "", 0
	if serve {
		j, err := p.(judge).judgment()
		if err != nil {
			return "refuses", nil
		}
		decision, found = j.describe()
	}
	fields := func(yield func(name, value []byte) bool) {
		for _, f := range q.fields {
			if !yield([]byte(f[0]), []byte(f[1])) {
				return
			}
		}
	}
	return describe(q.n, found, q.loose, fields, []byte(q.method), []byte(q.target), strconv.AppendInt(nil, int64(q.minor), 10)) + decision, nil
}

// describe returns what checkRequest adds to its answer, and the bytes that were
// found: a digest of the host and of what was looked up, the length of the content,
// -1 if it is chunked or -2 if it is a tunnel, whether the connection stays open, and
// the marks.
func (j *judgment) describe() (decision string, octets int) {
	digest := fnv.New64a()
	for _, value := range j.found {
		add(digest, []byte(value))
		octets += len(value)
	}
	return fmt.Sprintf(" %016x %d %t %s", digest.Sum64(), j.content, j.keepAlive, j.marks), octets
}

func (s *server) verdict(head []byte) (string, error) {
	p, err := makePeer(s.parser)
	if err != nil {
		return "", err
	}
	switch _, err = p.read(head, len(head)); err {
	case nil:
		return "accepts", nil
	case errMore:
		return "waits", nil
	}
	return "refuses", nil
}

// checkResponse is checkRequest for the head of a response.
func checkResponse(h []byte) (string, error) {
	var r picohttp.Response
	n, err := r.Parse(h)
	if err != nil {
		return "refuses", nil
	}
	return describe(n, 0, false, r.Fields(), fmt.Append(nil, r.Minor()), fmt.Append(nil, r.Status()), r.Reason()), nil
}

// describe answers a check of a head of n bytes that has these parts in its
// start-line and these fields. More values than theirs may have been taken.
func describe(n, values int, loose bool, fields iter.Seq2[[]byte, []byte], startLine ...[]byte) string {
	digest := fnv.New64a()
	for _, part := range startLine {
		add(digest, part)
	}
	unordered := digest.Sum64()
	count, names := 0, 0
	for name, value := range fields {
		add(digest, name)
		add(digest, value)
		field := fnv.New64a()
		add(field, bytes.ToLower(name))
		add(field, value)
		unordered += field.Sum64()
		count++
		names += len(name)
		values += len(value)
	}
	ordered := fmt.Sprintf("%016x", digest.Sum64())
	if loose {
		ordered = "-"
	}
	return fmt.Sprintf("%d %d %d %d %s %016x", n, count, names, values, ordered, unordered)
}

// add continues a digest with a part and a NUL.
func add(digest hash.Hash64, part []byte) {
	digest.Write(part)
	digest.Write([]byte{0})
}

// keep parses n messages, each in memory of its own, holds on to what is needed
// to read their fields, and answers the bytes and the objects of one, and the ns
// of a collection of garbage of which there is none.
func (s *server) keep(n int) (string, error) {
	p, err := makePeer(s.parser)
	if err != nil {
		return "", err
	}
	kept := make([]any, n)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first one finds in pools, the second one frees
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

// child runs serve if the arguments say that this process is to be a side.
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
