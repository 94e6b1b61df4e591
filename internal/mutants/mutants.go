// Package mutants makes test inputs by changing bytes of others. (Package mutate of the fuzz
// module, which is for users, changes lines and fields.)
package mutants

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
)

var count = flag.Int("mutants", 0, "the number of inputs of each test that fuzzes")

// Count returns how many inputs a test tries: n, a tenth of that with -short, or the number
// given by -mutants.
func Count(n int) int {
	switch {
	case *count > 0:
		return *count
	case testing.Short():
		return n / 10
	}
	return n
}

// Telling has the bytes that the rules of the grammar distinguish.
const Telling = "\r\n\r\n\t \x00\x1f\x20\x21\x7e\x7f\x80\xff::|~()<>@,;\\\"/[]?={}aZ09"

// Make returns a new input made from seeds, which it does not change. It favors the bytes in
// Telling, and runs that cross the end of a block.
func Make(rng *rand.Rand, seeds [][]byte) []byte {
	pick := func() []byte { return seeds[rng.IntN(len(seeds))] }
	b := slices.Clone(pick())
	if len(b) > 2048 {
		b = b[:2048]
	}
	for range 1 + rng.IntN(4) {
		at := rng.IntN(len(b) + 1)
		switch rng.IntN(8) {
		case 0, 1, 2:
			if at < len(b) {
				b[at] = Telling[rng.IntN(len(Telling))]
			}
		case 3:
			b = slices.Insert(b, at, Telling[rng.IntN(len(Telling))])
		case 4:
			if at < len(b) {
				b = slices.Delete(b, at, at+1)
			}
		case 5:
			// Insert a run, which may cross the end of a block.
			b = slices.Insert(b, at, bytes.Repeat([]byte{"ax \t\x80|"[rng.IntN(6)]}, rng.IntN(70))...)
		case 6:
			other := pick()
			b = append(b[:at], other[rng.IntN(len(other)+1):]...)
		case 7:
			if at < len(b) {
				b[at] = byte(rng.Uint32())
			}
		}
	}
	if rng.IntN(3) == 0 {
		b = b[:rng.IntN(len(b)+1)]
	}
	return b
}
