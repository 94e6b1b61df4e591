package main

import (
	"bytes"
	"cmp"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/picohttp/picohttp"
)

// eachOracle runs f as a subtest for Debian's picohttpparser, which must be there in CI, and for the
// one in PICOHTTPPARSER.
func eachOracle(t *testing.T, f func(t *testing.T, o *oracle)) {
	t.Chdir("..")
	for _, folder := range []string{".build", os.Getenv("PICOHTTPPARSER")} {
		if folder == "" {
			continue
		}
		t.Run(filepath.Base(folder), func(t *testing.T) {
			if _, err := os.Stat(filepath.Join(folder, "picohttpparser.c")); err != nil && os.Getenv("CI") != "true" {
				t.Skip(err)
			}
			l, err := load(folder)
			o, failed := newOracle(l)
			if err := cmp.Or(err, failed); err != nil {
				t.Fatal(err)
			}
			f(t, o)
		})
	}
}

// TestRelease checks that picohttp returns for every example what the newest release returns, and
// that an oracle returns for all of them what one of the two releases returns.
func TestRelease(t *testing.T) {
	eachOracle(t, func(t *testing.T, o *oracle) {
		s := newSubject(picohttp.Pico)
		older := release(o)
		for _, d := range differences {
			q := d.question()
			s.ask(&q)
			if got := q.text(s.answer); got != d.newest {
				t.Errorf("%s: picohttp returns %s, want %s", d.name, got, d.newest)
			}
			want := d.newest
			if older[0] {
				want = d.older
			}
			if got := q.text(*o.ask(&q)); got != want {
				t.Errorf("%s: the oracle returns %s, want %s", d.name, got, want)
			}
		}
	})
}

// TestExplain checks that only its own difference explains an example, in each kind of input, and
// that none explains the example with its answers swapped, or with a wrong answer.
func TestExplain(t *testing.T) {
	// These make heads of the examples of fields.
	startLines := [len(kindNames)]string{request: "GET / HTTP/1.1\r\n", response: "HTTP/1.1 200 OK\r\n"}
	eachOracle(t, func(t *testing.T, o *oracle) {
		older := release(o)
		if !older[0] {
			t.Skip("the newest release has no differences")
		}
		w := &worker{oracle: o, subject: newSubject(picohttp.Pico)}
		for i, d := range differences {
			for k := range kind(len(kindNames)) {
				if !d.covers(k) {
					continue
				}
				q := d.question()
				if q.kind = k; k != d.kind {
					q.input = append([]byte(startLines[k]), q.input...)
				}
				c := w.ask(&q, anyOutcome)
				if found := c.explained(older); !slices.Equal(found, []int{i}) {
					t.Errorf("%s: explained by the differences %v, want %d\n%s", d.name, found, i, c)
				}
				c.older, c.newest = c.newest, c.older
				if found := c.explained(older); len(found) > 0 {
					t.Errorf("%s: the opposite is explained by the differences %v\n%s", d.name, found, c)
				}
				c.older, c.newest = answer{words: []int{12345}}, c.older
				if found := c.explained(older); len(found) > 0 && !strings.HasPrefix(d.name, "method-") && d.name != "target-empty" {
					t.Errorf("%s: a wrong answer is explained by the differences %v\n%s", d.name, found, c)
				}
			}
		}
	})
}

// newRun returns a short run with an oracle.
func newRun(t *testing.T, o *oracle, opts options, out *bytes.Buffer) *comparisons {
	s, err := loadSeeds(filepath.Join("..", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	for k := range s {
		if opts.truncations { // those of long seeds would take most of a minute
			s[k] = slices.DeleteFunc(slices.Clone(s[k]), func(b []byte) bool { return len(b) > 300 })
		}
		if len(s[k]) < 100 {
			t.Fatalf("%d seeds of kind %s", len(s[k]), kind(k))
		}
	}
	opts.seed = 1
	return &comparisons{options: opts, library: o.library, source: sourceOf(s, opts), older: release(o), out: out}
}

// TestRuns checks that there are no differences with the profile Pico, and that some of each kind
// are found with Strict.
func TestRuns(t *testing.T) {
	all := []kind{request, response, trailer, chunked, chunkedLeave}
	eachOracle(t, func(t *testing.T, o *oracle) {
		for _, opts := range []options{
			{kinds: all, count: 100_000}, {kinds: all, truncations: true}, {kinds: all, sequences: 4},
		} {
			var out bytes.Buffer
			r := newRun(t, o, opts, &out)
			r.profile = picohttp.Pico
			if err := r.compare(); err != nil || r.unexplained.Load() > 0 || r.asked.Load() < r.source.total {
				t.Errorf("%+v: error %v, %d inputs, want %d\n%s", opts, err, r.asked.Load(), r.source.total, &out)
			}
		}
		for _, k := range all {
			var out bytes.Buffer
			r := newRun(t, o, options{kinds: []kind{k}, count: 2000}, &out)
			r.older = make([]bool, len(differences))
			r.profile = picohttp.Strict
			err := r.compare()
			if n := r.unexplained.Load(); n < 20 || err != nil || !strings.Contains(out.String(), "difference 3: "+k.String()) {
				t.Errorf("%s: error %v, %d differences, want 20 or more, of which 3 are printed\n%s", k, err, n, &out)
			}
		}
	})
}

func TestDelivered(t *testing.T) {
	for input, want := range map[string][]string{"0123456789": {"", "012", "34", "", "567", "89"}, "": {""}, "01": {"", "01"}} {
		q := question{pieces: []int{0, 3, 2}, input: []byte(input)}
		var pieces []string
		for from, to := range q.delivered() {
			pieces = append(pieces, input[from:to])
		}
		if !slices.Equal(pieces, want) {
			t.Errorf("the pieces of %q are %q, want %q", input, pieces, want)
		}
	}
}

// TestRepeated checks that a question depends only on the seed and its number, so that a run can be
// repeated.
func TestRepeated(t *testing.T) {
	s, err := loadSeeds(filepath.Join("..", "..", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	ask := func(seed uint64, number int64) question {
		return sourceOf(s, options{count: 1 << 20, seed: seed, kinds: []kind{request, chunked}}).question(number)
	}
	first := ask(1, 7)
	if !reflect.DeepEqual(first, ask(1, 7)) {
		t.Error("a question differs the second time")
	}
	if reflect.DeepEqual(first, ask(2, 7)) || reflect.DeepEqual(first, ask(1, 9)) {
		t.Error("two questions are the same")
	}
}
