package traffic

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"testing"
)

func TestFamilies(t *testing.T) {
	// The shortest and the longest head that a family may have, and how many
	// field lines.
	want := map[string]struct{ minBytes, maxBytes, minFields, maxFields int }{
		"tiny":    {37, 56, 1, 1},
		"loadgen": {60, 200, 2, 4},
		"curl":    {70, 400, 3, 8},
		"firefox": {300, 1200, 10, 18},
		"chrome":  {500, 1600, 12, 20},
		"api":     {550, 1450, 5, 10},
		"cdn":     {1000, 2000, 25, 36},
		"cookies": {3400, 4500, 14, 20},
	}
	count := map[string]int{}
	lengths := map[string]bool{}
	for _, h := range Heads(1) {
		w := want[h.Family]
		if n := len(h.Bytes); n < w.minBytes || n > w.maxBytes {
			t.Errorf("%s: %d bytes, want %d to %d", h.Family, n, w.minBytes, w.maxBytes)
		}
		if n := bytes.Count(h.Bytes, []byte("\r\n")) - 2; n < w.minFields || n > w.maxFields {
			t.Errorf("%s: %d fields, want %d to %d", h.Family, n, w.minFields, w.maxFields)
		}
		count[h.Family]++
		if key := fmt.Sprint(h.Family, len(h.Bytes)); !lengths[key] {
			lengths[key] = true
			count[h.Family+" lengths"]++
		}
	}
	if len(want) != len(Families()) {
		t.Errorf("families are %v", Families())
	}
	for _, family := range Families() {
		if heads, different := count[family], count[family+" lengths"]; heads != perFamily || different < 8 {
			t.Errorf("%s: %d heads of %d different lengths, want %d of 8", family, heads, different, perFamily)
		}
	}
}

// TestShuffled guards against a corpus that a branch predictor learns family by
// family: in a shuffled one, about one head in eight follows its own kind.
func TestShuffled(t *testing.T) {
	heads := Heads(1)
	alike := 0
	for i := 1; i < len(heads); i++ {
		if heads[i].Family == heads[i-1].Family {
			alike++
		}
	}
	if alike > len(heads)/4 {
		t.Errorf("%d of %d heads follow one of their own family", alike, len(heads))
	}
}

// TestDeterministic pins the corpus of seed 1, on every platform: a figure
// measured on other bytes cannot be compared with one measured before. A change
// to the corpus on purpose changes the sum.
func TestDeterministic(t *testing.T) {
	const want = "97c882299469bfd154f00933c6e53e8955e7dce66034a5d538bd52d3803453b3"
	sum := sha256.New()
	for _, h := range Heads(1) {
		sum.Write(h.Bytes)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		t.Errorf("SHA-256 of the heads of seed 1 is\n%s, want\n%s", got, want)
	}
	if slices.EqualFunc(Heads(1), Heads(2), func(a, b Head) bool { return bytes.Equal(a.Bytes, b.Bytes) }) {
		t.Error("seeds 1 and 2 give the same heads")
	}
}

var strict = regexp.MustCompile(`^[A-Z]+ [!-~]+ HTTP/1\.1\r\n([A-Za-z0-9-]+: [!-~]([ -~]*[!-~])?\r\n)+\r\n$`)

// TestValid reads each head with net/http, and holds it to what net/http accepts beyond
// that: one Host, and lines of the form "Name: value" and CRLF.
func TestValid(t *testing.T) {
	for seed := range uint64(5) {
		for _, h := range Heads(seed) {
			r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(h.Bytes)))
			if err != nil {
				t.Fatalf("seed %d, %s: %v\n%s", seed, h.Family, err, h.Bytes)
			}
			if r.Host == "" || !strict.Match(h.Bytes) || bytes.Count(h.Bytes, []byte("\r\nHost: ")) != 1 {
				t.Errorf("seed %d, %s: %q", seed, h.Family, h.Bytes)
			}
		}
	}
}
