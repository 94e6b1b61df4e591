package corpus_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/picohttp/picohttp/fuzz/corpus"
	"github.com/picohttp/picohttp/fuzz/differ"
	"github.com/picohttp/picohttp/internal/vectors"
)

var update = flag.Bool("update", false, "make the seeds again")

// maxSeed is the length of a seed in bytes: longer ones slow an engine down.
const maxSeed = 1 << 10

// folders are those of testdata, and the parts that the vectors without a kind are of.
var folders = map[string]string{
	"requests": "request", "framing": "request", "check": "request",
	"responses": "response", "trailers": "trailer", "chunked": "chunked",
}

// heads are followed by bodies, and then by the head without any. The vectors have no such
// messages.
var heads = map[string]string{
	"request":  "POST / HTTP/1.1\r\nHost: h\r\n",
	"response": "HTTP/1.1 200 OK\r\n",
}

var bodies = []string{
	"Content-Length: 5\r\n\r\nhello",
	"Content-Length: 5\r\n\r\nhel",
	"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	"Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n",
	"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
}

// TestUpToDate: the seeds are those of today's vectors.
func TestUpToDate(t *testing.T) {
	inputs := map[string][]string{}
	for folder, part := range folders {
		all, err := vectors.Read(filepath.Join("../../testdata", folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range all {
			if part := cmp.Or(v.Word("kind"), part); len(v.Input) <= maxSeed {
				inputs[part] = append(inputs[part], string(v.Input))
			}
		}
	}
	for part, inputs := range inputs {
		seeds := cover(part, inputs)
		if head := heads[part]; head != "" {
			for _, body := range bodies {
				seeds = append(seeds, head+body, head+body+head+"\r\n")
			}
		}
		slices.SortFunc(seeds, byLength)
		text := "# Made by go test ./corpus -update, from testdata.\n"
		for _, b := range seeds {
			text += fmt.Sprintf("%q\n", b)
		}
		if *update {
			if err := os.WriteFile(part+".txt", []byte(text), 0o666); err != nil {
				t.Error(err)
			}
		} else if have, err := os.ReadFile(part + ".txt"); err != nil || string(have) != text {
			t.Errorf("%s.txt is not what go test ./corpus -update makes: %v", part, err)
		}
		if loaded := corpus.Load(part); len(loaded) < 50 {
			t.Errorf("%d seeds of %s", len(loaded), part)
		}
	}
}

func byLength(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }

// cover returns few and short inputs that together have all features of all: the longest are
// left out first, if others have what they have.
func cover(part string, inputs []string) (seeds []string) {
	slices.SortFunc(inputs, byLength)
	inputs = slices.Compact(inputs)
	count := map[string]int{}
	for _, b := range inputs {
		for _, f := range features(part, b) {
			count[f]++
		}
	}
	for _, b := range slices.Backward(inputs) {
		all := features(part, b)
		if slices.ContainsFunc(all, func(f string) bool { return count[f] == 1 }) {
			seeds = append(seeds, b)
			continue
		}
		for _, f := range all {
			count[f]--
		}
	}
	return seeds
}

// features returns what tells an input from others: the verdict of a strict parser, and
// which classes of bytes follow one another under that verdict's result.
func features(part, b string) []string {
	strict := differ.Picohttp()[0]
	v := map[string]func(b []byte) differ.Verdict{
		"request": strict.Request, "response": strict.Response, "chunked": strict.Chunked,
		"trailer": func(b []byte) differ.Verdict {
			return strict.Request(append([]byte("GET / HTTP/1.1\r\n"), b...))
		},
	}[part]([]byte(b))
	f := v.Framing
	verdict := fmt.Sprint(v.Result, v.Stage, v.Why, f.Body, f.KeepAlive, bits.Len(uint(len(v.Fields))), v.Minor > 0)
	all := map[string]bool{verdict: true}
	before := '^'
	for _, c := range b + "$" {
		c = classOf(c)
		all[fmt.Sprint(v.Result, before, c)] = true
		before = c
	}
	return slices.Collect(maps.Keys(all))
}

// classOf returns a letter for all letters, and so on.
func classOf(c rune) rune {
	switch {
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return 'f'
	case 'g' <= c|0x20 && c|0x20 <= 'z':
		return 'z'
	case '0' <= c && c <= '9':
		return '0'
	case c >= 0x80:
		return 0x80
	}
	return c
}
