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
		t.Errorf("the heads that come back are not those that went in: %q", got)
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
	for name, want := range map[string]int{"mixed": 240, "mixed/tiny": 30, path: 2} {
		heads, err := corpus(name)
		if err != nil || len(heads) != want {
			t.Errorf("corpus %s: %d heads, error %v, want %d heads", name, len(heads), err, want)
		}
	}
	for _, name := range []string{"mixed/none", "no-such-head"} {
		if _, err := corpus(name); err == nil {
			t.Errorf("corpus %s: no error", name)
		}
	}
	for _, content := range []string{"", two + "GET", two[:len(two)-1]} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := corpus(path); err == nil {
			t.Errorf("file with %q: no error", content)
		}
	}
}

// TestAgree holds picohttp, with every kernel that runs here, to what
// picohttpparser makes of every head that is measured.
func TestAgree(t *testing.T) {
	t.Chdir("..")
	names, err := filepath.Glob("../testdata/heads/*.http")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, "mixed") {
		t.Run("corpus="+strings.TrimSuffix(filepath.Base(name), ".http"), func(t *testing.T) {
			heads, err := corpus(name)
			if err != nil {
				t.Fatal(err)
			}
			programs := startForTest(t, heads)
			f, err := agree(programs, heads)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range programs {
				s := side{name: p.name, program: p, command: "read"}
				if _, err := s.run(3, f); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestDisagree shows that agree finds a difference: two programs that were given
// different heads of the same shape.
func TestDisagree(t *testing.T) {
	t.Chdir("..")
	a := [][]byte{[]byte("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")}
	b := [][]byte{[]byte("GET / HTTP/1.1\r\nHost: b.example\r\n\r\n")}
	programs := append(startForTest(t, a), startForTest(t, b)...)
	if _, err := agree(programs, a); err == nil {
		t.Error("no error")
	}
}

func TestWrongKernel(t *testing.T) {
	file := filepath.Join(t.TempDir(), "corpus")
	if err := os.WriteFile(file, encodeCorpus([][]byte{{}}), 0o600); err != nil {
		t.Fatal(err)
	}
	if p, err := startKernel("none", file, -1); err == nil {
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

// startForTest starts all programs on heads. Without picohttpparser it skips the
// test, except in CI, which has to have it.
func startForTest(t *testing.T, heads [][]byte) []*program {
	t.Helper()
	file := filepath.Join(t.TempDir(), "corpus")
	if err := os.WriteFile(file, encodeCorpus(heads), 0o600); err != nil {
		t.Fatal(err)
	}
	programs, err := startAll(file, kernels(), -1)
	if errors.Is(err, errNotBuilt) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopAll(programs) })
	return programs
}
