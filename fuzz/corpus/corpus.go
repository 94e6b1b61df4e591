// Package corpus holds seed inputs for fuzzers of HTTP/1.x, by message part. They
// come from picohttp's test vectors, of which there are as few as have all that is
// special about them: "go test ./corpus -update" makes them again.
package corpus

import (
	"embed"
	"strconv"
	"strings"
)

// A seed is a Go string in a line, so that every octet is visible and no tool changes a
// line end. (A name a line, and no pattern: go-fuzz-build knows no more of embed.)
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
	text, err := files.ReadFile(part + ".txt")
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		if quoted, err := strconv.Unquote(strings.TrimSuffix(line, "\n")); err == nil {
			seeds = append(seeds, []byte(quoted))
		}
	}
	return seeds
}
