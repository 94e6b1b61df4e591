package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestMain lets the test binary be a side, as the program itself can be.
func TestMain(m *testing.M) {
	child()
	os.Exit(m.Run())
}

func TestCorpusFile(t *testing.T) {
	long := bytes.Repeat([]byte("a"), 1000)
	heads := [][]byte{{}, long[:1], long[:63], long[:64], long[:65], long}
	file := encodeCorpus(heads)
	path := filepath.Join(t.TempDir(), "corpus")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := mapCorpus(path)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(got, heads, bytes.Equal) {
		t.Errorf("the messages that come back are not those that went in: %q", got)
	}
	for n := 1; n < len(file); n++ {
		got, err := decodeCorpus(file[:n])
		if err == nil && !bytes.Equal(encodeCorpus(got), file[:n]) {
			t.Errorf("cut at byte %d: no error", n)
		}
	}
}

func TestCorpusNames(t *testing.T) {
	t.Chdir("..")
	path := filepath.Join(t.TempDir(), "two.http")
	two := "GET / HTTP/1.1\r\nHost: example.com\r\n\r\nGET /2 HTTP/1.1\r\nHost: example.com\r\n\r\n"
	if err := os.WriteFile(path, []byte(two), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		name     string
		paths    kind
		kind     kind
		messages int
	}{
		{"mixed", response, request, 240},
		{"mixed/tiny", request, request, 30},
		{"tiny", response, request, 1},
		{path, request, request, 2},
		{path, response, response, 2},
		{"response300", request, response, 1},
		{"response1000", request, response, 1},
		{"chunked16k", request, chunked, 1},
		{"chunked64", request, chunked, 1},
	} {
		k, messages, err := corpus(want.name, want.paths)
		if err != nil || k != want.kind || len(messages) != want.messages {
			t.Errorf("corpus %s, files of kind %s: %d of kind %s, error %v, want %d of kind %s",
				want.name, want.paths, len(messages), k, err, want.messages, want.kind)
		}
	}
	for _, name := range []string{"mixed/none", "no-such-head"} {
		if _, _, err := corpus(name, request); err == nil {
			t.Errorf("corpus %s: no error", name)
		}
	}
	for _, content := range []string{"", two + "GET", two[:len(two)-1]} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := corpus(path, request); err == nil {
			t.Errorf("file with %q: no error", content)
		}
	}
}

func TestCorpusSizes(t *testing.T) {
	for name, about := range map[string]int{
		"response300":  300,
		"response1000": 1000,
		"chunked16k":   16 * (16<<10 + 8),
		"chunked64":    256 * (64 + 6),
	} {
		_, messages, err := corpus(name, request)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(messages[0]); n < about*98/100 || n > about*102/100 {
			t.Errorf("corpus %s: %d bytes, want about %d", name, n, about)
		}
	}
}

// TestAgree holds picohttp, with every kernel that runs here, to what
// picohttpparser makes of the messages that are measured, and runs the loops over
// them. Other heads are left to TestPeersAgree.
func TestAgree(t *testing.T) {
	t.Chdir("..")
	for _, name := range []string{"tiny", "pico703", "mixed", "response300", "response1000", "chunked16k", "chunked64"} {
		t.Run("corpus="+name, func(t *testing.T) {
			k, messages, err := corpus(name, request)
			if err != nil {
				t.Fatal(err)
			}
			programs := startForTest(t, messages)
			f, err := agreeForTest(programs, task{kind: k, messages: messages})
			if err != nil {
				t.Fatal(err)
			}
			for _, command := range []string{"parse-", "read-"} {
				runForTest(t, programs, task{kind: k, command: command + string(k), bars: true}, f)
			}
		})
	}
}

// TestAgreeOn is TestAgree for messages that are not measured: those that have
// less, or more, than the usual.
func TestAgreeOn(t *testing.T) {
	t.Chdir("..")
	for k, texts := range map[kind][]string{
		response: {
			"HTTP/1.1 204 \r\n\r\n",
			"HTTP/1.0 404 Not Found\r\n\r\n",
			"HTTP/1.1 299 caf\xe9 \t~\r\nEmpty:\r\nSpaces: \t a b\r\n\r\n",
		},
		chunked: {
			"0\r\n\r\n",
			"1\r\n0\r\n0\r\n\r\n",
			"00A;x=\"y\"\r\n\r\n0\r\n\r\n123\r\n000\r\nDigest: x\r\n\r\n",
			"5\r\nhello\r\n1\r\n,\r\n6\r\n world\r\n0\r\n\r\n",
		},
	} {
		var messages [][]byte
		for _, text := range texts {
			messages = append(messages, []byte(text))
		}
		if _, err := agreeForTest(startForTest(t, messages), task{kind: k, messages: messages}); err != nil {
			t.Errorf("%s: %v", k, err)
		}
	}
}

// TestDisagree shows that agree finds a difference: two programs that were given
// different messages of the same shape.
func TestDisagree(t *testing.T) {
	t.Chdir("..")
	for _, c := range []struct {
		kind kind
		a, b string
	}{
		{request, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", "GET / HTTP/1.1\r\nHost: b.example\r\n\r\n"},
		{response, "HTTP/1.1 200 OK\r\nAge: 1\r\n\r\n", "HTTP/1.0 200 OK\r\nAge: 1\r\n\r\n"},
		{response, "HTTP/1.1 200 OK\r\nAge: 1\r\n\r\n", "HTTP/1.1 201 OK\r\nAge: 1\r\n\r\n"},
		{response, "HTTP/1.1 200 OK\r\nAge: 1\r\n\r\n", "HTTP/1.1 200 Ok\r\nAge: 1\r\n\r\n"},
		{response, "HTTP/1.1 200 OK\r\nAge: 1\r\n\r\n", "HTTP/1.1 200 OK\r\nage: 1\r\n\r\n"},
		{response, "HTTP/1.1 200 OK\r\nAge: 1\r\n\r\n", "HTTP/1.1 200 OK\r\nAge: 2\r\n\r\n"},
		{chunked, "5\r\nhello\r\n0\r\n\r\n", "5\r\nhallo\r\n0\r\n\r\n"},
		{chunked, "5\r\nhello\r\n0\r\n\r\n", "05\r\nhello\r\n0\r\n\r\n"},
		{chunked, "5\r\nhello\r\n0\r\n\r\n", "4\r\nhell\r\n00\r\n\r\n"},
	} {
		a, b := [][]byte{[]byte(c.a)}, [][]byte{[]byte(c.b)}
		left, right := startForTest(t, a), startForTest(t, b)
		programs := slices.Concat(left, right)
		if _, err := agreeForTest(programs, task{kind: c.kind, messages: a}); err == nil {
			t.Errorf("%q and %q: no error", a, b)
		}
		for _, p := range programs { // or they differ in that one of them ended
			if _, err := p.ask("check-"+string(c.kind), 0, 0); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestNotWhole shows that agree takes no body with something behind it, which
// all sides leave there.
func TestNotWhole(t *testing.T) {
	t.Chdir("..")
	bodies := [][]byte{[]byte("5\r\nhello\r\n0\r\n\r\nHTTP/1.1 ")}
	if _, err := agreeForTest(startForTest(t, bodies), task{kind: chunked, messages: bodies}); err == nil || !strings.Contains(err.Error(), "15 bytes of 24 read") {
		t.Errorf("error %v, want that 15 bytes of 24 are read", err)
	}
}

// TestWrongSum shows that run holds a side to the lengths that were agreed on.
func TestWrongSum(t *testing.T) {
	t.Chdir("..")
	bodies := [][]byte{[]byte("5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n")}
	programs := startForTest(t, bodies)
	for _, s := range sidesOf(programs, task{kind: chunked}) {
		for lengths, ok := range map[int]bool{9: s.command == "copy", 10: true} {
			if _, err := s.run(2, facts{kind: chunked, messages: 1, lengths: lengths}); (err == nil) != ok {
				t.Errorf("%s with lengths of %d: error %v", s.name, lengths, err)
			}
		}
	}
}

func TestNet(t *testing.T) {
	restore := &side{times: []float64{1, 2}}
	bar := &side{times: []float64{6, 8}, restore: restore}
	decode := &side{times: []float64{11, 14}, restore: restore, bar: bar}
	net([]*side{decode, restore, bar})
	for _, c := range []struct {
		side *side
		want []float64
	}{{restore, []float64{1, 2}}, {bar, []float64{5, 6}}, {decode, []float64{10, 12}}} {
		if !slices.Equal(c.side.times, c.want) {
			t.Errorf("times are %v, want %v", c.side.times, c.want)
		}
	}
	if got := ratio(decode, bar); got != 2 {
		t.Errorf("the ratio is %v, want 2", got)
	}
}

func TestWrongKernel(t *testing.T) {
	file := filepath.Join(t.TempDir(), "corpus")
	if err := os.WriteFile(file, encodeCorpus([][]byte{{}}), 0o600); err != nil {
		t.Fatal(err)
	}
	if p, err := startParser("none", file, -1, 1); err == nil {
		p.stop()
		t.Error("no error for a kernel that there is not")
	}
}

func TestQuantile(t *testing.T) {
	values := []float64{4, 1, 3, 2, 5}
	for q, want := range map[float64]float64{0: 1, 0.25: 2, 0.5: 3, 0.625: 3.5, 1: 5} {
		if got := quantile(values, q); got != want {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
}

// startForTest starts all programs on messages. Without picohttpparser it skips the
// test, except in CI, which has to have it.
func startForTest(t *testing.T, messages [][]byte) []*program {
	t.Helper()
	file := filepath.Join(t.TempDir(), "corpus")
	if err := os.WriteFile(file, encodeCorpus(messages), 0o600); err != nil {
		t.Fatal(err)
	}
	programs, err := startAll(append([]string{picoNative, picoScalar}, kernels()...), file, -1, 1)
	if errors.Is(err, errNotBuilt) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopAll(programs) })
	return programs
}

// runForTest runs each side of a task once.
func runForTest(t *testing.T, programs []*program, one task, f facts) {
	t.Helper()
	for _, s := range sidesOf(programs, one) {
		if _, err := s.run(1, f); err != nil {
			t.Errorf("%s, steps of %d: %v", s.command, s.step, err)
		}
	}
}

// agreeForTest is agree for programs of which none may differ.
func agreeForTest(programs []*program, one task) (facts, error) {
	f, differ, err := agree(programs, one)
	for _, d := range differ {
		return f, errors.New(d.first)
	}
	return f, err
}
