package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/picohttp/picohttp"
)

func runParse(args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	var m messageFlags
	f := newFlags("parse")
	m.define(f)
	asJSON := f.Bool("json", false, "")
	width := f.Int("width", -1, "")
	if err := parseFlags(f, args); err != nil {
		return err
	}
	files := f.Args()
	for _, file := range files {
		if len(file) > 1 && file[0] == '-' {
			return usagef("parse: %s stands behind a file; flags go before (a file of that name is ./%s)", file, file)
		}
	}
	if err := m.check(); err != nil {
		return err
	}
	if len(files) == 0 {
		files = []string{"-"}
	}
	s := show{w: stdout, notes: stderr, json: *asJSON, terminal: terminalOf(stdout, *width)}
	good := true
	for _, file := range files {
		all, err := parseFile(&m.parser, file, stdin, &s)
		if s.failed != nil {
			return s.failed
		}
		if err != nil {
			fmt.Fprintf(stderr, "picohttp: %v\n", err)
		}
		good = good && all && err == nil
	}
	if !good {
		return errReported
	}
	return nil
}

// parseFile shows the heads in a file and reports whether all are complete.
func parseFile(p *picohttp.Parser, file string, stdin io.Reader, s *show) (complete bool, err error) {
	name, r := "standard input", stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return false, err
		}
		defer f.Close()
		name, r = file, f
	}
	in := input{r: r}
	var req picohttp.Request
	for number := 1; ; number++ {
		n, err := in.next(p, &req)
		if in.err != nil {
			return false, fmt.Errorf("%s: %w", name, bare(in.err))
		}
		if len(in.b) == 0 {
			if number == 1 {
				return false, fmt.Errorf("%s: empty, there is no message in it", name)
			}
			return true, nil
		}
		s.message(message{name, number, in.at, in.b, &req, n, err})
		if err != nil || s.failed != nil {
			return false, nil
		}
		in.skip(n)
		if hasBody(&req) {
			rest, err := in.rest()
			if err != nil {
				return false, fmt.Errorf("%s: %w", name, bare(err))
			}
			s.rest(name, rest)
			return true, nil
		}
	}
}

// bare returns err without the file's name, which is said already.
func bare(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// hasBody reports whether r announces a body, whose end this version does not
// look for.
func hasBody(r *picohttp.Request) bool {
	for name, value := range r.Fields() {
		switch strings.ToLower(string(name)) {
		case "transfer-encoding":
			return true
		case "content-length":
			if string(value) != "0" {
				return true
			}
		}
	}
	return false
}

// An input is what is left of a file.
type input struct {
	r   io.Reader
	at  int64  // offset of b in the file
	b   []byte // what has been read and not been skipped
	eof bool
	err error // a fault in reading
}

// next parses the head at the beginning of what is left. It reads on only while
// the head is incomplete, and so holds not much more than the longest head that
// p accepts.
func (in *input) next(p *picohttp.Parser, r *picohttp.Request) (n int, err error) {
	n, err = p.ParseRequest(r, in.b)
	for err == picohttp.ErrIncomplete && in.read() {
		n, err = r.Resume(in.b)
	}
	if err != nil && n == len(in.b) {
		in.read() // the octet that is one too many, if there is one
	}
	return n, err
}

// read reads more, and reports whether there was more.
func (in *input) read() bool {
	const atLeast = 4 << 10
	for !in.eof && in.err == nil {
		if cap(in.b)-len(in.b) < atLeast {
			b := make([]byte, len(in.b), 2*len(in.b)+2*atLeast)
			copy(b, in.b)
			in.b = b
		}
		n, err := in.r.Read(in.b[len(in.b):cap(in.b)])
		in.b = in.b[:len(in.b)+n]
		if in.eof = err == io.EOF; err != nil && !in.eof {
			in.err = err
		}
		if n > 0 {
			return true
		}
	}
	return false
}

func (in *input) skip(n int) {
	in.at += int64(n)
	in.b = in.b[n:]
}

// rest counts what is left.
func (in *input) rest() (octets int64, err error) {
	if !in.eof {
		octets, err = io.Copy(io.Discard, in.r)
	}
	return octets + int64(len(in.b)), err
}
