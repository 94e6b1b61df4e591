// Package mutants makes inputs of tests out of others. (Package mutate of the fuzz
// module, which is for users, changes messages by lines and fields.)
package mutants

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
)

var count = flag.Int("mutants", 0, "how many mutants the tests try that are fuzz targets over a fixed number of them")

// Count returns how many mutants to try: n, fewer with -short, or what -mutants
// says.
func Count(n int) int {
	switch {
	case *count > 0:
		return *count
	case testing.Short():
		return n / 10
	}
	return n
}

// Telling are the bytes that rules are about.
const Telling = "\r\n\r\n\t \x00\x1f\x20\x21\x7e\x7f\x80\xff::|~()<>@,;\\\"/[]?={}aZ09"

// Make makes an input out of seeds, which it leaves as they are. It favors telling
// bytes, and the places where blocks end.
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
			// make a run longer, past the end of a block perhaps
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
