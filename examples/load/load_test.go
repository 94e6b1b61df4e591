//go:build linux

package load

import (
	"regexp"
	"testing"

	"github.com/picohttp/picohttp/examples/e2e"
)

// TestTable measures three of the servers for a second with each load.
func TestTable(t *testing.T) {
	e2e.Need(t, "wrk", "curl", "taskset")
	out := e2e.Run(t, "", "./run.sh", "1", "1", "net/http", "gnet", "hertz")
	const row = `\| (net/http|gnet|hertz) \|( \d+\.\d\d \(\d+\.\d\d µs\) \|){4}\n`
	if !regexp.MustCompile(`\n\|---\|---\|---\|---\|---\|\n(` + row + `){3}$`).MatchString(out) {
		t.Error(out)
	}
}
