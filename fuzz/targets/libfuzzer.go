//go:build gofuzz_libfuzzer

package targets

/*
#include <stddef.h>
#include <stdint.h>

// Of libFuzzer: the symbol is there when the binary is linked.
__attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

static size_t mutateBytes(uint8_t *data, size_t size, size_t max) {
	return LLVMFuzzerMutate ? LLVMFuzzerMutate(data, size, max) : size;
}
*/
import "C"

import (
	"math/rand/v2"
	"unsafe"

	"github.com/picohttp/picohttp/fuzz/mutate"
)

// LLVMFuzzerCustomMutator is called by libFuzzer for each mutant, which replaces
// data[:size]. libFuzzer makes every other one itself, which reaches what lines and fields
// do not, and uses its dictionary.
//
//export LLVMFuzzerCustomMutator
func LLVMFuzzerCustomMutator(data *C.uint8_t, size, max C.size_t, seed C.uint) C.size_t {
	if seed&1 == 0 {
		return C.mutateBytes(data, size, max)
	}
	room := unsafe.Slice((*byte)(data), int(max))
	rng := rand.New(rand.NewPCG(uint64(seed), 0))
	return C.size_t(copy(room, mutate.Random(rng, room[:size], named.seeds)))
}
