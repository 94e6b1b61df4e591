package main

import (
	"bufio"
	"fmt"
	"hash"
	"hash/fnv"
	"io"
	"iter"
	"os"
	"runtime"
	"time"

	"github.com/picohttp/picohttp"
)

// commands are those that serve answers, each from all messages of the corpus
// and a number.
var commands = map[string]func(messages [][]byte, n int) (string, error){
	"check-request":  checkRequest,
	"parse-request":  timeParseRequest,
	"read-request":   timeReadRequest,
	"check-response": checkResponse,
	"parse-response": timeParseResponse,
	"read-response":  timeReadResponse,
	"check-chunked":  checkChunked,
	"decode":         timeDecode,
	"next":           timeNext,
	"copy":           timeCopy,
	"memmove":        timeMemmove,
}

// serve is picohttp's side of the yardstick, in a process of its own, because
// the kernel is chosen once in a process. It speaks as yardstick.c does, and
// its loops are those of yardstick.c; it has no memchr, but next.
func serve(path string, in io.Reader, out io.Writer) error {
	messages, err := mapCorpus(path)
	if err != nil {
		return err
	}
	if err := makeBuffer(messages); err != nil {
		return fmt.Errorf("cannot make a buffer: %w", err)
	}
	fmt.Fprintf(out, "picohttp %s, %s %s/%s\n", picohttp.Kernel(), runtime.Version(), runtime.GOOS, runtime.GOARCH)

	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var command string
		var n int
		if _, err := fmt.Sscanf(lines.Text(), "%s %d", &command, &n); err != nil {
			return fmt.Errorf("a command is a word and a number: %w", err)
		}
		run, ok := commands[command]
		if !ok {
			return fmt.Errorf("unknown command %q", command)
		}
		answer, err := run(messages, n)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, answer)
	}
	return lines.Err()
}

func timeParseRequest(heads [][]byte, passes int) (string, error) {
	var r picohttp.Request
	start := time.Now()
	for range passes {
		for i, h := range heads {
			if n, err := r.Parse(h); err != nil || n != len(h) {
				return "", wrong(i, h, n, err)
			}
		}
	}
	return fmt.Sprint(time.Since(start).Nanoseconds()), nil
}

func timeParseResponse(heads [][]byte, passes int) (string, error) {
	var r picohttp.Response
	start := time.Now()
	for range passes {
		for i, h := range heads {
			if n, err := r.Parse(h); err != nil || n != len(h) {
				return "", wrong(i, h, n, err)
			}
		}
	}
	return fmt.Sprint(time.Since(start).Nanoseconds()), nil
}

func timeReadRequest(heads [][]byte, passes int) (string, error) {
	var r picohttp.Request
	sum := 0
	start := time.Now()
	for range passes {
		for i, h := range heads {
			if n, err := r.Parse(h); err != nil || n != len(h) {
				return "", wrong(i, h, n, err)
			}
			for k := range r.NumFields() {
				name, value := r.Field(k)
				sum += len(name) + len(value)
			}
		}
	}
	ns := time.Since(start).Nanoseconds()
	return fmt.Sprint(ns, sum), nil
}

func timeReadResponse(heads [][]byte, passes int) (string, error) {
	var r picohttp.Response
	sum := 0
	start := time.Now()
	for range passes {
		for i, h := range heads {
			if n, err := r.Parse(h); err != nil || n != len(h) {
				return "", wrong(i, h, n, err)
			}
			for k := range r.NumFields() {
				name, value := r.Field(k)
				sum += len(name) + len(value)
			}
		}
	}
	ns := time.Since(start).Nanoseconds()
	return fmt.Sprint(ns, sum), nil
}

func wrong(i int, message []byte, n int, err error) error {
	return fmt.Errorf("message %d: picohttp reads %d bytes, %v, want %d", i, n, err, len(message))
}

// checkRequest tells what Parse makes of head i: its length, the number of
// fields, the bytes in their names and in their values, and a digest of all parts.
func checkRequest(heads [][]byte, i int) (string, error) {
	h, err := message(heads, i)
	if err != nil {
		return "", err
	}
	var r picohttp.Request
	n, err := r.Parse(h)
	if err != nil || n != len(h) {
		return "", wrong(i, h, n, err)
	}
	return describe(n, r.Fields(), r.Method(), r.Target(), fmt.Append(nil, r.Minor())), nil
}

// checkResponse is checkRequest for heads of responses.
func checkResponse(heads [][]byte, i int) (string, error) {
	h, err := message(heads, i)
	if err != nil {
		return "", err
	}
	var r picohttp.Response
	n, err := r.Parse(h)
	if err != nil || n != len(h) {
		return "", wrong(i, h, n, err)
	}
	return describe(n, r.Fields(), fmt.Append(nil, r.Minor()), fmt.Append(nil, r.Status()), r.Reason()), nil
}

func message(messages [][]byte, i int) ([]byte, error) {
	if i < 0 || i >= len(messages) {
		return nil, fmt.Errorf("no message %d", i)
	}
	return messages[i], nil
}

// describe answers a check of a head of n bytes that has these parts in its
// start-line and these fields.
func describe(n int, fields iter.Seq2[[]byte, []byte], startLine ...[]byte) string {
	digest := fnv.New64a()
	for _, part := range startLine {
		add(digest, part)
	}
	count, names, values := 0, 0, 0
	for name, value := range fields {
		add(digest, name)
		add(digest, value)
		count++
		names += len(name)
		values += len(value)
	}
	return fmt.Sprintf("%d %d %d %d %016x", n, count, names, values, digest.Sum64())
}

// add continues a digest with a part and a NUL.
func add(digest hash.Hash64, part []byte) {
	digest.Write(part)
	digest.Write([]byte{0})
}

// child runs serve if the arguments say that this process is to be a side.
func child() {
	if len(os.Args) != 3 || os.Args[1] != "serve" {
		return
	}
	if err := serve(os.Args[2], os.Stdin, os.Stdout); err != nil {
		fmt.Printf("error: %v\n", err)
		os.Exit(1)
	}
	os.Exit(0)
}
