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

// maxSeed is the length of a seed, in octets: longer ones slow an engine down.
const maxSeed = 1 << 10

// collect returns all inputs of a part, each once.
func collect(testdata, part string) (inputs [][]byte, err error) {
	read := func(folder, kind string) {
		var all []vectors.Vector
		if err == nil {
			all, err = vectors.Read(filepath.Join(testdata, folder))
		}
		for _, v := range all {
			if kind == "" || cmp.Or(v.Word("kind"), "request") == kind {
				inputs = append(inputs, v.Input)
			}
		}
	}
	switch part {
	case "request":
		read("requests", "")
		read("framing", "request")
		read("check", "request")
		var heads []vectors.Head
		if err == nil {
			heads, err = vectors.Heads(filepath.Join(testdata, "heads"))
		}
		for _, h := range heads {
			inputs = append(inputs, h.Bytes)
		}
	case "response":
		read("responses", "")
		read("framing", "response")
		read("check", "response")
	case "trailer":
		read("trailers", "")
		read("check", "trailer")
	case "chunked":
		read("chunked", "")
	}
	slices.SortFunc(inputs, func(a, b []byte) int { return cmp.Or(cmp.Compare(len(a), len(b)), bytes.Compare(a, b)) })
	inputs = slices.CompactFunc(inputs, bytes.Equal)
	return slices.DeleteFunc(inputs, func(b []byte) bool { return len(b) > maxSeed }), err
}

// messages are heads with bodies behind them, and another message behind that:
// seeds that the vectors, of heads and of bodies, are not.
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

// cover returns as few inputs as have all features of all, and short ones: each
// time that which adds most for its length.
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

// features returns what tells an input from others: what a strict parser says of
// it, and in which order octets of which classes follow one another, under that
// verdict's result.
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

func classOf(c byte) byte {
	switch {
	case c == '\r' || c == '\n' || c == ' ' || c == '\t' || c == 0 || c == 0x7f:
		return c
	case c < ' ':
		return 1
	case c >= 0x80:
		return 0x80
	case '0' <= c && c <= '9':
		return '0'
	case 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
		return 'f'
	case 'a' <= c|0x20 && c|0x20 <= 'z':
		return 'z'
	case strings.IndexByte(":;,=/\"\\", c) >= 0:
		return c
	}
	return '*'
}
