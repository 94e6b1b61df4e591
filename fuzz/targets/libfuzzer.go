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
	"os"
	"unsafe"

	"github.com/picohttp/picohttp/fuzz/mutate"
)

// byteMutator has libFuzzer mutate as it does by itself, to compare with.
var byteMutator = os.Getenv("PICOHTTP_MUTATOR") == "bytes"

// LLVMFuzzerCustomMutator is called by libFuzzer for each mutant, which it wants in
// the place of data[:size]. Every other one is its own, so that what lines and
// fields do not reach is reached, too, and its dictionary is used.
//
//export LLVMFuzzerCustomMutator
func LLVMFuzzerCustomMutator(data *C.uint8_t, size, max C.size_t, seed C.uint) C.size_t {
	if byteMutator || seed&1 == 0 {
		return C.mutateBytes(data, size, max)
	}
	room := unsafe.Slice((*byte)(data), int(max))
	rng := rand.New(rand.NewPCG(uint64(seed), 0))
	return C.size_t(copy(room, mutate.Random(rng, room[:size], named.donors)))
}
