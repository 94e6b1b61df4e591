//go:build !linking

// Package linking tests the code in ../../docs/linking.md.
package linking

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/picohttp/picohttp/examples/e2e"
	_ "github.com/picohttp/picohttp/h1" // imported so that a change of h1 makes the go command run this test again
)

// wrappers make functions of the blocks that are statements, by how these begin.
var wrappers = map[string][2]string{
	"kept := ": {"func keep(req *picohttp.Request) picohttp.Request {\n", "return kept\n}\n"},
	"p := ":    {"func parseCGI(output []byte) (string, []byte, error) {\n", "}\n"},
}

// TestLinking has the go command take the blocks of code for blocks.go, and run the tests in
// servers_test.go.
func TestLinking(t *testing.T) {
	text, err := os.ReadFile("../../docs/linking.md")
	if err != nil {
		t.Fatal(err)
	}
	code := `package linking
import ("bytes"; "errors"; "fmt"; "io"; "log"; "net"; "net/http"; "os"; "time"
"github.com/picohttp/picohttp"; "github.com/picohttp/picohttp/h1")
`
	for _, block := range strings.Split(string(text), "```go\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		for begin, wrapper := range wrappers {
			if strings.HasPrefix(block, begin) {
				block = wrapper[0] + block + wrapper[1]
			}
		}
		code += block
	}
	here, err := filepath.Abs("blocks.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks, overlay := filepath.Join(t.TempDir(), "blocks.go"), filepath.Join(t.TempDir(), "overlay.json")
	replace, _ := json.Marshal(map[string]any{"Replace": map[string]string{here: blocks}})
	for name, text := range map[string][]byte{blocks: []byte(code), overlay: replace} {
		if err := os.WriteFile(name, text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	e2e.Run(t, "", "go", "test", "-tags", "linking", "-overlay", overlay, ".")
	for _, name := range []string{"servers_test.go", "testdata/linking.txt"} {
		os.Stat(name) // or the go command takes an old result for the current one
	}
}
