//go:build gofuzz

package targets

import (
	"os"
	"path/filepath"

	"github.com/picohttp/picohttp/fuzz/corpus"
	"github.com/picohttp/picohttp/fuzz/mutate"
)

// These are what go-fuzz-build finds. A script that changes an input may follow it: see
// mutate.Decode.

func FuzzRequest(b []byte) int  { return request.run(b) }
func FuzzResponse(b []byte) int { return response.run(b) }
func FuzzTrailer(b []byte) int  { return trailer.run(b) }
func FuzzChunked(b []byte) int  { return chunked.run(b) }
func FuzzFraming(b []byte) int  { return framed.run(b) }
func FuzzKernels(b []byte) int  { return kernels.run(b) }

// FuzzByName is the target that the program is named after, such as "Request": so
// one archive makes all libFuzzer binaries.
func FuzzByName(b []byte) int { return named.run(b) }

// An entry is a target with the messages that scripts take lines from.
type entry struct {
	target
	donors [][]byte
}

func (e *entry) run(b []byte) int { return e.body(mutate.Decode(b, e.donors)) }

var (
	request, response, trailer = enter("Request"), enter("Response"), enter("Trailer")
	chunked, framed, kernels   = enter("Chunked"), enter("Framing"), enter("Kernels")

	named = enter(filepath.Base(os.Args[0]))
)

// enter returns the first target if there is none of that name.
func enter(name string) *entry {
	e := entry{target: targets[0]}
	for _, t := range targets {
		if t.name == name {
			e.target = t
		}
	}
	e.donors = corpus.Load(e.part)
	return &e
}
