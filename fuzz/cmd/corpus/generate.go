package main

import (
	"bytes"
	"cmp"
	"fmt"
	"math/bits"
	"path/filepath"
	"slices"
	"strings"

	"github.com/picohttp/picohttp/fuzz/differ"
	"github.com/picohttp/picohttp/internal/vectors"
)

// maxSeed is the length of a seed in bytes: longer ones slow an engine down.
const maxSeed = 1 << 10

// sources are the folders of testdata for each part, and which vectors to take of each: those of a
// kind, or all if it is empty.
var sources = map[string][]struct{ folder, kind string }{
	"request":  {{"requests", ""}, {"framing", "request"}, {"check", "request"}},
	"response": {{"responses", ""}, {"framing", "response"}, {"check", "response"}},
	"trailer":  {{"trailers", ""}, {"check", "trailer"}},
	"chunked":  {{"chunked", ""}},
}

// collect returns all inputs of a part, each once.
func collect(testdata, part string) (inputs [][]byte, err error) {
	for _, source := range sources[part] {
		all, err := vectors.Read(filepath.Join(testdata, source.folder))
		if err != nil {
			return nil, err
		}
		for _, v := range all {
			if source.kind == "" || cmp.Or(v.Word("kind"), "request") == source.kind {
				inputs = append(inputs, v.Input)
			}
		}
	}
	if part == "request" {
		heads, err := vectors.Heads(filepath.Join(testdata, "heads"))
		if err != nil {
			return nil, err
		}
		for _, h := range heads {
			inputs = append(inputs, h.Bytes)
		}
	}
	slices.SortFunc(inputs, func(a, b []byte) int { return cmp.Or(cmp.Compare(len(a), len(b)), bytes.Compare(a, b)) })
	inputs = slices.CompactFunc(inputs, bytes.Equal)
	return slices.DeleteFunc(inputs, func(b []byte) bool { return len(b) > maxSeed }), nil
}

// messages are heads followed by bodies, and some by another message. The vectors have none
// of these.
func messages(part string) (messages [][]byte) {
	head := map[string]string{"request": "POST / HTTP/1.1\r\nHost: h\r\n", "response": "HTTP/1.1 200 OK\r\n"}[part]
	if head == "" {
		return nil
	}
	for _, rest := range []string{
		"Content-Length: 5\r\n\r\nhello",
		"Content-Length: 5\r\n\r\nhel",
		"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n",
		"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
	} {
		messages = append(messages, []byte(head+rest), []byte(head+rest+head+"\r\n"))
	}
	return messages
}

// cover returns few and short inputs that together have all features of all: each time it
// adds the one that adds most for its length.
func cover(inputs [][]byte, features func(b []byte) []string) (seeds [][]byte) {
	left := map[string]bool{}
	of := make([][]string, len(inputs))
	for i, b := range inputs {
		of[i] = features(b)
		for _, f := range of[i] {
			left[f] = true
		}
	}
	for len(left) > 0 {
		best, most := 0, -1.0
		for i, b := range inputs {
			adds := 0
			for _, f := range of[i] {
				if left[f] {
					adds++
				}
			}
			if worth := float64(adds) / float64(len(b)+32); adds > 0 && worth > most {
				best, most = i, worth
			}
		}
		seeds = append(seeds, inputs[best])
		for _, f := range of[best] {
			delete(left, f)
		}
	}
	return seeds
}

// features returns what tells an input from others: the verdict of a strict parser, and
// which classes of bytes follow one another under that verdict's result.
func features(part string) func(b []byte) []string {
	strict := differ.Picohttp()[0]
	parse := map[string]func(b []byte) differ.Verdict{
		"request": strict.Request, "response": strict.Response, "chunked": strict.Chunked,
		"trailer": func(b []byte) differ.Verdict { return strict.Request(append([]byte("GET / HTTP/1.1\r\n"), b...)) },
	}[part]
	return func(b []byte) (all []string) {
		v := parse(b)
		all = append(all, fmt.Sprint(v.Result, v.Stage, v.Why, v.Framing.Body, v.Framing.KeepAlive, bits.Len(uint(len(v.Fields))), v.Minor > 0))
		before := byte('^')
		for _, c := range b {
			class := classOf(c)
			all = append(all, fmt.Sprint(v.Result, string([]byte{before, class})))
			before = class
		}
		all = append(all, fmt.Sprint(v.Result, string([]byte{before, '$'})))
		slices.Sort(all)
		return slices.Compact(all)
	}
}

// classOf returns the byte that stands for the class of c.
func classOf(c byte) byte {
	switch {
	case strings.IndexByte("\r\n \t\x00\x7f:;,=/\"\\", c) >= 0:
		return c
	case c < ' ':
		return 1
	case c >= 0x80:
		return 0x80
	case '0' <= c && c <= '9':
		return '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return 'f'
	case 'a' <= c|0x20 && c|0x20 <= 'z':
		return 'z'
	}
	return '*'
}
