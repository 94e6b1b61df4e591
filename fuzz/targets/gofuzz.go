//go:build gofuzz

package targets

import (
	"os"
	"path/filepath"

	"github.com/picohttp/picohttp/fuzz/mutate"
)

// These are what go-fuzz-build finds. A script that changes an input may follow it: see
// mutate.Decode.

func FuzzRequest(b []byte) int  { return byName("Request").decode(b) }
func FuzzResponse(b []byte) int { return byName("Response").decode(b) }
func FuzzTrailer(b []byte) int  { return byName("Trailer").decode(b) }
func FuzzChunked(b []byte) int  { return byName("Chunked").decode(b) }
func FuzzFraming(b []byte) int  { return byName("Framing").decode(b) }
func FuzzKernels(b []byte) int  { return byName("Kernels").decode(b) }

// FuzzByName is the target that the program is named after, such as "Request": so
// one archive makes all libFuzzer binaries.
func FuzzByName(b []byte) int { return named.decode(b) }

var named = byName(filepath.Base(os.Args[0]))

func (t *target) decode(b []byte) int { return t.run(mutate.Decode(b, t.seeds)) }
