//go:build !gofuzz

package targets

import (
	"cmp"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/pprof"
	"testing"

	"github.com/picohttp/picohttp/fuzz/mutate"
	"github.com/picohttp/picohttp/internal/mutants"
)

// native runs a check on messages and on scripts that change them, which the engine
// mutates side by side.
func native(f *testing.F, name string) {
	target := byName(name)
	rng := rand.New(rand.NewPCG(3, 4))
	for _, b := range target.seeds {
		f.Add(b, []byte{})
		f.Add(b, []byte{byte(rng.Uint32()), byte(rng.Uint32()), byte(rng.Uint32()), byte(rng.Uint32())})
	}
	f.Fuzz(func(t *testing.T, b, script []byte) {
		if len(script) <= 15*mutate.StepSize {
			target.run(mutate.Apply(b, script, target.seeds))
		}
	})
}

func FuzzRequest(f *testing.F)  { native(f, "Request") }
func FuzzResponse(f *testing.F) { native(f, "Response") }
func FuzzTrailer(f *testing.F)  { native(f, "Trailer") }
func FuzzChunked(f *testing.F)  { native(f, "Chunked") }
func FuzzFraming(f *testing.F)  { native(f, "Framing") }
func FuzzKernels(f *testing.F)  { native(f, "Kernels") }

// TestMutants runs all checks on a fixed number of mutants, which must not nearly all
// be rejected.
func TestMutants(t *testing.T) {
	for _, target := range targets {
		t.Run(target.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			accepted, all := 0, mutants.Count(20_000)
			for range all {
				b := mutate.Random(rng, target.seeds[rng.IntN(len(target.seeds))], target.seeds)
				if target.run(b) > 0 {
					accepted++
				}
			}
			if accepted*40 < all { // the corpus, which changes with the vectors, gives twice as many
				t.Errorf("%d of %d mutants were accepted", accepted, all)
			}
		})
	}
}

// TestCorpus runs the targets on the files in the folder FUZZ_CORPUS_DIR. For a coverage
// report, OSS-Fuzz runs one of them, and wants profiles of CPU and heap, too.
func TestCorpus(t *testing.T) {
	folder, profile := os.Getenv("FUZZ_CORPUS_DIR"), os.Getenv("FUZZ_PROFILE_NAME")
	if folder == "" {
		t.Skip("FUZZ_CORPUS_DIR is not set, as it is by OSS-Fuzz and run.sh")
	}
	cpu, errCPU := os.Create(profile + ".cpu.prof")
	heap, errHeap := os.Create(profile + ".heap.prof")
	names, errFolder := filepath.Glob(filepath.Join(folder, "*"))
	err := cmp.Or(errCPU, errHeap, errFolder, pprof.StartCPUProfile(cpu))
	if err != nil || len(names) == 0 {
		t.Fatalf("%d files in %s, %v", len(names), folder, err)
	}
	for _, target := range targets {
		t.Run(target.name, func(t *testing.T) {
			for _, name := range names {
				b, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				target.run(mutate.Decode(b, target.seeds))
			}
		})
	}
	pprof.StopCPUProfile()
	if err := cmp.Or(pprof.WriteHeapProfile(heap), cpu.Close(), heap.Close()); err != nil {
		t.Error(err)
	}
}
