// Package corpus holds seed inputs for fuzzers of HTTP/1.x, by message part. They
// come from picohttp's test vectors, of which there are as few as have all that is
// special about them: "go run ./cmd/corpus" makes them anew.
package corpus

import (
	"embed"
	"strconv"
	"strings"
)

// Parts are the message parts that there are seeds of: heads of requests and of
// responses, with bodies or parts of bodies after some; trailer sections; and
// bodies in chunked coding.
var Parts = []string{"request", "response", "trailer", "chunked"}

// A seed is a Go string in a line, so that every octet is visible and no tool changes a
// line end. (A name a line, and no pattern: go-fuzz-build knows no more of embed.)
//
//go:embed request.txt
//go:embed response.txt
//go:embed trailer.txt
//go:embed chunked.txt
var files embed.FS

// Load returns the seeds of a part: nil if there is no such part. They are the
// caller's own.
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
