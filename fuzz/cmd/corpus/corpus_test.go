package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/picohttp/picohttp/fuzz/corpus"
)

// TestUpToDate: the seeds are those of today's vectors, each once.
func TestUpToDate(t *testing.T) {
	for _, part := range corpus.Parts {
		want, err := generate("../../../testdata", part)
		if err != nil {
			t.Fatal(err)
		}
		have, err := os.ReadFile(filepath.Join("../../corpus", part+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(have, want) {
			t.Errorf("corpus/%s.txt is not what go run ./cmd/corpus makes of testdata", part)
		}
		seen := map[string]bool{}
		for _, b := range corpus.Load(part) {
			if seen[string(b)] || len(b) > maxSeed {
				t.Errorf("%s: %q is there twice, or too long", part, b)
			}
			seen[string(b)] = true
		}
		if len(seen) < 50 {
			t.Errorf("%d seeds of %s", len(seen), part)
		}
	}
}
