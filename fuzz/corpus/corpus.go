// Package corpus holds seed inputs for fuzzers of HTTP/1.x, by message part. They
// are made from picohttp's test vectors, reduced to few that together have every feature (see
// cover in the test): "go test ./corpus -update" makes them again.
package corpus

import (
	"embed"
	"strconv"
	"strings"
)

// A seed is a Go string in a line, so that every octet is visible and no tool changes a
// line end. (One name a line and no pattern: go-fuzz-build supports nothing else of embed.)
//
//go:embed request.txt
//go:embed response.txt
//go:embed trailer.txt
//go:embed chunked.txt
var files embed.FS

// Load returns the seeds of a part, which are the caller's own: of "request" and "response",
// heads, with bodies or parts of bodies after some, of "trailer", trailer sections, and of
// "chunked", bodies in chunked coding. It returns nil if there is no such part.
func Load(part string) (seeds [][]byte) {
	text, _ := files.ReadFile(part + ".txt") // a file that is not there has no lines
	for line := range strings.Lines(string(text)) {
		if quoted, err := strconv.Unquote(strings.TrimSuffix(line, "\n")); err == nil {
			seeds = append(seeds, []byte(quoted))
		}
	}
	return seeds
}
