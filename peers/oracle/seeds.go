package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/picohttp/picohttp/internal/traffic"
)

// Seeds are the inputs that mutations begin with, by kind.
type seeds [chunkedLeave + 1][][]byte

// loadSeeds returns the inputs of the vectors in the folder testdata, real heads,
// modelled traffic, the examples of the differences and, of bodies, some near
// picohttpparser's limit of overhead.
func loadSeeds(testdata string) (s *seeds, err error) {
	s = new(seeds)
	files, err := filepath.Glob(filepath.Join(testdata, "*", "*.txt"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if err := s.readVectors(file); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	files, err = filepath.Glob(filepath.Join(testdata, "heads", "*.http"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		s[request] = append(s[request], b)
	}
	for _, h := range traffic.Heads(1) {
		s[request] = append(s[request], h.Bytes)
	}
	// The field lines of requests serve the others, too.
	for _, b := range s[request] {
		if _, fields, ok := bytes.Cut(b, []byte("\n")); ok && len(fields) > 2 {
			s[response] = append(s[response], append([]byte("HTTP/1.1 200 OK\r\n"), fields...))
			s[trailer] = append(s[trailer], fields)
			s[chunked] = append(s[chunked], append([]byte("1\r\nx\r\n0\r\n"), fields...))
		}
	}
	s[chunked] = append(s[chunked], wasteful()...)
	for _, d := range differences {
		s[d.kind] = append(s[d.kind], []byte(d.input))
	}
	s[chunkedLeave] = s[chunked]
	for k, inputs := range s {
		if len(inputs) < 100 {
			return nil, fmt.Errorf("%s: %d inputs of kind %s", testdata, len(inputs), kind(k))
		}
	}
	return s, nil
}

// folders says which kind of vectors is in a folder of testdata. Vectors of
// framing say it themselves.
var folders = map[string]kind{"requests": request, "responses": response, "trailers": trailer, "chunked": chunked}

// readVectors takes the inputs from a file of vectors, whose form is in
// CONTRIBUTING.md.
func (s *seeds) readVectors(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	k, ok := folders[filepath.Base(filepath.Dir(file))]
	var key string
	var input []byte
	end := func() error {
		if input == nil {
			return nil
		}
		if !ok {
			return fmt.Errorf("the kind of an input is not said: %q", input)
		}
		s[k] = append(s[k], input)
		input = nil
		return nil
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.TrimSpace(line) == "":
			if err := end(); err != nil {
				return err
			}
			continue
		case line[0] == '#':
			continue
		case line[0] != ' ':
			key, line, _ = strings.Cut(line, ":")
		}
		switch key {
		case "kind":
			k, ok = folders[strings.TrimSpace(line)+"s"]
		case "input":
			b, err := evaluate(line)
			if err != nil {
				return err
			}
			input = append(input, b...)
		}
	}
	return end()
}

// evaluate puts the Go strings of a line together, of which one may be followed
// by "* n" to repeat it.
func evaluate(line string) (input []byte, err error) {
	last := ""
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		if count, ok := strings.CutPrefix(line, "*"); ok {
			count, line, _ = strings.Cut(strings.TrimSpace(count), " ")
			n, err := strconv.Atoi(count)
			if err != nil || n < 1 {
				return nil, fmt.Errorf("cannot repeat %q times", count)
			}
			input = append(input, strings.Repeat(last, n-1)...)
			continue
		}
		quoted, err := strconv.QuotedPrefix(line)
		if err != nil {
			return nil, fmt.Errorf("%w: %s", err, line)
		}
		if last, err = strconv.Unquote(quoted); err != nil {
			return nil, fmt.Errorf("%w: %s", err, quoted)
		}
		input = append(input, last...)
		line = line[len(quoted):]
	}
	return input, nil
}

// wasteful returns bodies that waste 100 KiB and somewhat more, at and around the
// three quarters from which on picohttpparser calls that too much.
func wasteful() (bodies [][]byte) {
	for _, c := range []struct {
		chunks string
		waste  int
	}{
		{"1\r\nx\r\n", 5},
		{"1\r\nx\r\n2\r\nxy\r\n", 10},
		{"2;\r\nxy\r\n", 6}, // three quarters
		{"2;\r\nxy\r\n2;a\r\nxy\r\n", 13},
		{"2;\r\nxy\r\n2\r\nxy\r\n", 11},
		{"8;extension=\"value\"\r\nabcdefgh\r\n", 22},
	} {
		body := bytes.Repeat([]byte(c.chunks), 103<<10/c.waste)
		bodies = append(bodies, body, append(body[:len(body):len(body)], "0\r\n\r\n"...))
	}
	return append(bodies,
		fmt.Appendf(nil, "1;%s\r\nx\r\n", strings.Repeat("a", 101<<10)),
		fmt.Appendf(nil, "1\r\nx\r\n0\r\nA: %s\r\n\r\n", strings.Repeat("b", 101<<10)),
		fmt.Appendf(nil, "8800\r\n%s\r\n0\r\n%s", strings.Repeat("c", 0x8800), strings.Repeat("A: b\r\n", 17<<10)))
}
