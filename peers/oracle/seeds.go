package main

import (
	"bytes"
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/picohttp/picohttp/internal/traffic"
	"github.com/picohttp/picohttp/internal/vectors"
)

// seeds has the inputs that are mutated, by kind.
type seeds [len(kindNames)][][]byte

// kindOf has the folders of vectors, with the kind of the vectors there that have no line "kind".
// Those of framing must have one.
var kindOf = [][2]string{
	{"framing", ""}, {"check", "request"},
	{"requests", "request"}, {"responses", "response"}, {"trailers", "trailer"}, {"chunked", "chunked"},
	{"profiles/framing", ""},
	{"profiles/requests", "request"}, {"profiles/responses", "response"}, {"profiles/trailers", "trailer"},
	{"profiles/chunked", "chunked"},
}

// loadSeeds returns the inputs of the vectors in the folder testdata, real heads, modelled
// traffic, the examples of the differences, and bodies near picohttpparser's limit of overhead.
func loadSeeds(testdata string) (s *seeds, err error) {
	s = new(seeds)
	for _, folder := range kindOf {
		all, err := vectors.Read(filepath.Join(testdata, folder[0]))
		if err != nil {
			return nil, err
		}
		for _, v := range all {
			k := slices.Index(kindNames[:], cmp.Or(v.Word("kind"), folder[1]))
			if k < 0 {
				return nil, fmt.Errorf("%s: vector %s has no kind", testdata, v.Name)
			}
			s[k] = append(s[k], v.Input)
		}
	}
	heads, err := vectors.Heads(filepath.Join(testdata, "heads"))
	if err != nil {
		return nil, err
	}
	for _, h := range heads {
		s[request] = append(s[request], h.Bytes)
	}
	for _, h := range traffic.Heads(1) {
		s[request] = append(s[request], h.Bytes)
	}
	// The other kinds get the field lines of requests, too.
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
	return s, nil
}

// wasteful returns bodies with somewhat more than 100 KiB of overhead. In some it is about three
// quarters of the bytes, above which picohttpparser rejects that much.
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
