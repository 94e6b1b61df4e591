package main

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/picohttp/picohttp"
)

// serve is picohttp's side of the yardstick, in a process of its own, because
// the kernel is chosen once in a process. It speaks as yardstick.c does, and
// its loops are those of yardstick.c; it has no memchr.
func serve(path string, in io.Reader, out io.Writer) error {
	heads, err := mapCorpus(path)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "picohttp %s, %s %s/%s\n", picohttp.Kernel(), runtime.Version(), runtime.GOOS, runtime.GOARCH)

	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var command string
		var n int
		if _, err := fmt.Sscanf(lines.Text(), "%s %d", &command, &n); err != nil {
			return fmt.Errorf("a command is a word and a number: %w", err)
		}
		var answer string
		switch command {
		case "check":
			answer, err = check(heads, n)
		case "parse":
			answer, err = timeParse(heads, n)
		case "read":
			answer, err = timeRead(heads, n)
		default:
			err = fmt.Errorf("unknown command %q", command)
		}
		if err != nil {
			return err
		}
		fmt.Fprintln(out, answer)
	}
	return lines.Err()
}

func timeParse(heads [][]byte, passes int) (string, error) {
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

func timeRead(heads [][]byte, passes int) (string, error) {
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

func wrong(i int, h []byte, n int, err error) error {
	return fmt.Errorf("head %d: Parse returns %d, %v, want %d", i, n, err, len(h))
}

// check tells what Parse makes of head i: its length, the number of fields, the
// bytes in their names and in their values, and a digest of all parts.
func check(heads [][]byte, i int) (string, error) {
	if i < 0 || i >= len(heads) {
		return "", fmt.Errorf("no head %d", i)
	}
	var r picohttp.Request
	n, err := r.Parse(heads[i])
	if err != nil || n != len(heads[i]) {
		return "", wrong(i, heads[i], n, err)
	}
	digest := fnv.New64a()
	part := func(b []byte) {
		digest.Write(b)
		digest.Write([]byte{0})
	}
	part(r.Method())
	part(r.Target())
	part(fmt.Append(nil, r.Minor()))
	names, values := 0, 0
	for k := range r.NumFields() {
		name, value := r.Field(k)
		part(name)
		part(value)
		names += len(name)
		values += len(value)
	}
	return fmt.Sprintf("%d %d %d %d %016x", n, r.NumFields(), names, values, digest.Sum64()), nil
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
