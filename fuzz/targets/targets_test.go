//go:build !gofuzz

package targets

import (
	"math/rand/v2"
	"testing"

	"github.com/picohttp/picohttp/fuzz/corpus"
	"github.com/picohttp/picohttp/fuzz/mutate"
	"github.com/picohttp/picohttp/internal/mutants"
)

// native runs a body on messages and on scripts that change them, which the engine
// mutates side by side.
func native(f *testing.F, name string) {
	for _, target := range targets {
		if target.name != name {
			continue
		}
		seeds := corpus.Load(target.part)
		rng := rand.New(rand.NewPCG(3, 4))
		for _, b := range seeds {
			script := []byte{byte(rng.Uint32()), byte(rng.Uint32()), byte(rng.Uint32())}
			f.Add(b, []byte{})
			f.Add(b, script)
		}
		f.Fuzz(func(t *testing.T, b, script []byte) {
			if len(script) <= 45 {
				target.body(mutate.Apply(b, script, seeds))
			}
		})
		return
	}
	f.Fatalf("no target %s", name)
}

func FuzzRequest(f *testing.F)  { native(f, "Request") }
func FuzzResponse(f *testing.F) { native(f, "Response") }
func FuzzTrailer(f *testing.F)  { native(f, "Trailer") }
func FuzzChunked(f *testing.F)  { native(f, "Chunked") }
func FuzzFraming(f *testing.F)  { native(f, "Framing") }
func FuzzKernels(f *testing.F)  { native(f, "Kernels") }

// TestMutants runs all bodies on a fixed number of mutants, which must not nearly all
// be refused.
func TestMutants(t *testing.T) {
	for _, target := range targets {
		t.Run(target.name, func(t *testing.T) {
			seeds := corpus.Load(target.part)
			rng := rand.New(rand.NewPCG(1, 2))
			accepted, all := 0, mutants.Count(20_000)
			for range all {
				b := mutate.Random(rng, seeds[rng.IntN(len(seeds))], seeds)
				if target.body(b) > 0 {
					accepted++
				}
			}
			if accepted*40 < all { // the corpus, which changes with the vectors, gives twice as many
				t.Errorf("%d of %d mutants were accepted", accepted, all)
			}
		})
	}
}
