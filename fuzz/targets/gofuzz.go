//go:build gofuzz

package targets

import (
	"os"
	"path/filepath"

	"github.com/picohttp/picohttp/fuzz/corpus"
	"github.com/picohttp/picohttp/fuzz/mutate"
)

// What go-fuzz-build finds. Behind an input may stand a script that changes it: see
// mutate.Decode.

func FuzzRequest(b []byte) int  { return Request(mutate.Decode(b, requests)) }
func FuzzResponse(b []byte) int { return Response(mutate.Decode(b, responses)) }
func FuzzTrailer(b []byte) int  { return Trailer(mutate.Decode(b, trailers)) }
func FuzzChunked(b []byte) int  { return Chunked(mutate.Decode(b, bodies)) }
func FuzzFraming(b []byte) int  { return Framing(mutate.Decode(b, requests)) }
func FuzzKernels(b []byte) int  { return Kernels(mutate.Decode(b, requests)) }

var (
	requests  = corpus.Load("request")
	responses = corpus.Load("response")
	trailers  = corpus.Load("trailer")
	bodies    = corpus.Load("chunked")
)

// FuzzByName is the target that the program is named after, such as "Request": so
// that one archive makes all libFuzzer binaries.
func FuzzByName(b []byte) int { return byName(b) }

var byName = func() func(b []byte) int {
	switch filepath.Base(os.Args[0]) {
	case "Request":
		return FuzzRequest
	case "Response":
		return FuzzResponse
	case "Trailer":
		return FuzzTrailer
	case "Chunked":
		return FuzzChunked
	case "Framing":
		return FuzzFraming
	case "Kernels":
		return FuzzKernels
	}
	return func(b []byte) int { panic("x") }
}()
