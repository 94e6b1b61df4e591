package targets

import (
	"os"
	"path/filepath"
	"runtime/pprof"
	"testing"

	"github.com/picohttp/picohttp/fuzz/corpus"
	"github.com/picohttp/picohttp/fuzz/mutate"
)

// TestCorpus runs the targets on the files in the folder FUZZ_CORPUS_DIR. For a coverage
// report, OSS-Fuzz runs one of them, and wants profiles of CPU and heap, too.
func TestCorpus(t *testing.T) {
	folder := os.Getenv("FUZZ_CORPUS_DIR")
	if folder == "" {
		folder = t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "seed"), corpus.Load("request")[0], 0o666); err != nil {
			t.Fatal(err)
		}
	}
	profile := os.Getenv("FUZZ_PROFILE_NAME")
	if profile != "" {
		file, err := os.Create(profile + ".cpu.prof")
		if err != nil {
			t.Fatal(err)
		}
		if err := pprof.StartCPUProfile(file); err != nil {
			t.Fatal(err)
		}
	}
	for _, target := range targets {
		t.Run(target.name, func(t *testing.T) {
			donors := corpus.Load(target.part)
			tried := 0
			err := filepath.WalkDir(folder, func(name string, entry os.DirEntry, err error) error {
				if err != nil || entry.IsDir() {
					return err
				}
				b, err := os.ReadFile(name)
				if err == nil {
					target.body(mutate.Decode(b, donors))
					tried++
				}
				return err
			})
			if err != nil || tried == 0 {
				t.Errorf("%d files in %s: %v", tried, folder, err)
			}
		})
	}
	if profile == "" {
		return
	}
	pprof.StopCPUProfile()
	file, err := os.Create(profile + ".heap.prof")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := pprof.WriteHeapProfile(file); err != nil {
		t.Error(err)
	}
}
