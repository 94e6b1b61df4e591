package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/picohttp/picohttp"
)

// eachOracle runs f as a subtest for each oracle that get.sh may have built. CI
// has to have the one from Debian's source.
func eachOracle(t *testing.T, f func(t *testing.T, o *oracle)) {
	t.Chdir("..")
	for _, name := range []string{"oracle", "oracle-checkout"} {
		t.Run(name, func(t *testing.T) {
			o, err := startOracle(filepath.Join(".build", name))
			if errors.Is(err, errNotBuilt) && (os.Getenv("CI") != "true" || name != "oracle") {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(o.stop)
			f(t, o)
		})
	}
}

// TestDifferences shows of each difference that picohttp answers as the newest
// release.
func TestDifferences(t *testing.T) {
	s := newSubject(picohttp.Pico)
	for _, d := range differences {
		q := d.question()
		s.ask(q)
		if got := q.read(s.answer).String(); got != d.newest {
			t.Errorf("%s: picohttp answers %s, want %s", d.name, got, d.newest)
		}
	}
}

// TestRelease shows that an oracle answers in all differences as one release.
func TestRelease(t *testing.T) {
	eachOracle(t, func(t *testing.T, o *oracle) {
		older, err := release(o)
		if err != nil {
			t.Fatal(err)
		}
		for i, d := range differences {
			if older[i] != older[0] {
				t.Errorf("%s is of the older release: %t; %s: %t", differences[0].name, older[0], d.name, older[i])
			}
		}
	})
}

// TestExplain shows that each difference explains its example, in all kinds of
// input that it is of, and none the opposite, or another answer.
func TestExplain(t *testing.T) {
	eachOracle(t, func(t *testing.T, o *oracle) {
		older, err := release(o)
		if err != nil {
			t.Fatal(err)
		}
		if !older[0] {
			t.Skip("the newest release differs in nothing from itself")
		}
		s := newSubject(picohttp.Pico)
		for i, d := range differences {
			for k := range kind(len(kindNames)) {
				if !d.covers(k) {
					continue
				}
				q := d.question()
				q.kind = k
				if k != d.kind {
					q.input = append([]byte(startLines[k]), q.input...)
				}
				theirs, err := o.ask(q)
				if err != nil {
					t.Fatal(err)
				}
				s.ask(q)
				c := comparison{q, bytes.Clone(theirs), bytes.Clone(s.answer), s.n, s.err, false}
				if found := c.explained(older); !slices.Equal(found, []int{i}) {
					t.Errorf("%s, %v: explained by the differences %v, want %d\n%s", d.name, q, found, i, &c)
				}
				c.older, c.newest = c.newest, c.older
				if found := c.explained(older); len(found) > 0 {
					t.Errorf("%s, %v: the opposite is explained by the differences %v\n%s", d.name, q, found, &c)
				}
				c.older, c.newest = binary.NativeEndian.AppendUint64(nil, 12345), c.older
				if found := c.explained(older); len(found) > 0 && !strings.HasPrefix(d.name, "method-") && d.name != "target-empty" {
					t.Errorf("%s, %v: a wrong answer is explained by the differences %v", d.name, q, found)
				}
			}
		}
	})
}

// startLines are put before the examples of fields, to make heads of them.
var startLines = []string{request: "GET / HTTP/1.1\r\n", response: "HTTP/1.1 200 OK\r\n", trailer: "", chunked: "", chunkedLeave: ""}

// TestSeedsOfNoKind shows that a vector of framing has to say its kind.
func TestSeedsOfNoKind(t *testing.T) {
	testdata := t.TempDir()
	if err := os.CopyFS(testdata, os.DirFS("../../testdata")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(testdata, "framing", "zzz.txt"), []byte("name: of-no-kind\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := loadSeeds(testdata); err == nil || !strings.Contains(err.Error(), "of-no-kind") {
		t.Errorf("error %v, want that of-no-kind has no kind", err)
	}
}

// options of a short run.
func short(t *testing.T, o *oracle) (*seeds, options) {
	t.Helper()
	s, err := loadSeeds(filepath.Join("..", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	return s, options{count: 100_000, seed: 1, kinds: []kind{request, response, trailer, chunked, chunkedLeave}, path: o.path, workers: 2, show: 3}
}

// eachRun makes a short run with each oracle, which must find no difference.
func eachRun(t *testing.T, change func(s *seeds, opts *options)) {
	eachOracle(t, func(t *testing.T, o *oracle) {
		s, opts := short(t, o)
		change(s, &opts)
		var out bytes.Buffer
		if err := run(&out, s, opts); err != nil {
			t.Errorf("%v\n%s", err, &out)
		}
	})
}

func TestMutations(t *testing.T) { eachRun(t, func(*seeds, *options) {}) }

func TestSequences(t *testing.T) {
	eachRun(t, func(_ *seeds, opts *options) { opts.sequences = 4 })
}

// TestTruncations takes short seeds only, or it would take most of a minute.
func TestTruncations(t *testing.T) {
	eachRun(t, func(s *seeds, opts *options) {
		opts.truncations = true
		for k := range s {
			s[k] = slices.DeleteFunc(slices.Clone(s[k]), func(b []byte) bool { return len(b) > 300 })
		}
	})
}

// TestStrictDiffers shows that a run finds what differs: the profile Strict does,
// in each kind.
func TestStrictDiffers(t *testing.T) {
	eachOracle(t, func(t *testing.T, o *oracle) {
		s, opts := short(t, o)
		for k := range kind(len(kindNames)) {
			var out bytes.Buffer
			opts.count, opts.kinds = 2000, []kind{k}
			r := &comparisons{options: opts, source: sourceOf(s, opts), older: make([]bool, len(differences)), profile: picohttp.Strict, out: &out}
			if err := r.compare(); err != nil {
				t.Fatal(err)
			}
			if n := r.unexplained(); n < 20 || !strings.Contains(out.String(), "difference 3: "+k.String()) {
				t.Errorf("%s: %d differences, want more than 20, of which 3 are shown\n%s", k, n, &out)
			}
		}
	})
}

func TestDelivered(t *testing.T) {
	for input, want := range map[string][]string{"0123456789": {"", "012", "34", "", "567", "89"}, "": {""}, "01": {"", "01"}} {
		q := question{pieces: []uint32{0, 3, 2}, input: []byte(input)}
		var pieces []string
		for from, to := range q.delivered() {
			pieces = append(pieces, input[from:to])
		}
		if !slices.Equal(pieces, want) {
			t.Errorf("the pieces of %q are %q, want %q", input, pieces, want)
		}
	}
}

// TestRepeated shows that a run can be repeated: a batch depends on the seed and
// on its number.
func TestRepeated(t *testing.T) {
	s, err := loadSeeds(filepath.Join("..", "..", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	fill := func(seed uint64, number int64) []byte {
		o := options{count: 1 << 20, seed: seed, kinds: []kind{request, chunked}}
		w := &worker{comparisons: &comparisons{source: sourceOf(s, o)}, subject: newSubject(picohttp.Pico)}
		w.batches.Store(number)
		if !w.fill() {
			t.Fatal("there is no batch")
		}
		return w.frames
	}
	first := fill(1, 7)
	if !bytes.Equal(first, fill(1, 7)) {
		t.Error("a batch differs the second time")
	}
	if bytes.Equal(first, fill(2, 7)) || bytes.Equal(first, fill(1, 9)) {
		t.Error("two batches are the same")
	}
}
