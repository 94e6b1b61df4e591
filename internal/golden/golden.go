// Package golden compares texts with those in a file, so that a reviewer can read them.
package golden

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/picohttp/picohttp/internal/vectors"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Check calls text for each vector in a file, and compares the result with the lines of the
// vector's paragraph that begin with ">".
func Check(t *testing.T, file string, text func(v vectors.Vector) string) {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all, err := vectors.Parse(file, string(b))
	paragraphs := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n\n")
	if err != nil || len(paragraphs) != len(all) || len(all) == 0 {
		t.Fatalf("%s has %d paragraphs and %d vectors: %v", file, len(paragraphs), len(all), err)
	}
	for i, v := range all {
		made, _, _ := strings.Cut(paragraphs[i], "\n>")
		for line := range strings.Lines(text(v)) {
			made += "\n" + strings.TrimSuffix(strings.Replace("> "+line, "> \n", ">\n", 1), "\n")
		}
		if made != paragraphs[i] && !*update {
			t.Errorf("got\n%s\n\nwant\n%s", made, paragraphs[i])
		}
		paragraphs[i] = made
	}
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(paragraphs, "\n\n")+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}
