// Command corpus makes the seeds of package corpus, and writes them to files for
// engines that want these.
//
//	go run ./cmd/corpus                       # corpus/*.txt anew, from ../testdata
//	go run ./cmd/corpus -files /tmp/seeds     # /tmp/seeds/<part>/<digest>, a file each
package main

import (
	"cmp"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/picohttp/picohttp/fuzz/corpus"
)

func main() {
	files := flag.String("files", "", "write the seeds to `DIR`/<part>/ instead, a file each")
	flag.Parse()
	if err := run(*files); err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		os.Exit(1)
	}
}

func run(files string) error {
	for _, part := range corpus.Parts {
		if files != "" {
			if err := writeFiles(filepath.Join(files, part), corpus.Load(part)); err != nil {
				return err
			}
			continue
		}
		text, err := generate("../testdata", part)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join("corpus", part+".txt"), text, 0o666); err != nil {
			return err
		}
	}
	return nil
}

func writeFiles(folder string, seeds [][]byte) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	for _, b := range seeds {
		name := fmt.Sprintf("%x", sha256.Sum256(b))[:16]
		if err := os.WriteFile(filepath.Join(folder, name), b, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// generate returns the text of the file for a part.
func generate(testdata, part string) ([]byte, error) {
	inputs, err := collect(testdata, part)
	if err != nil {
		return nil, err
	}
	seeds := append(cover(inputs, features(part)), messages(part)...)
	slices.SortStableFunc(seeds, func(a, b []byte) int { return cmp.Compare(len(a), len(b)) })
	text := fmt.Appendf(nil, "# Made by go run ./cmd/corpus: %d seeds, from %d inputs of testdata.\n", len(seeds), len(inputs))
	for _, b := range seeds {
		text = fmt.Appendf(text, "%q\n", b)
	}
	return text, nil
}
