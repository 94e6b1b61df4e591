package adaptors

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/picohttp/picohttp/fuzz/differ"
)

// scripts are the adaptors in other languages: the name, the program that runs it, what
// that must be able to do, and the script in this folder.
var scripts = []struct{ name, program, check, script string }{
	{"h11", "/usr/bin/python3", "import h11", "pipe_h11.py"},
	{"node", "node", "process.binding('http_parser')", "pipe_node.js"},
}

// Scripts returns adaptors of parsers that are neither in Go nor in C: h11, of Debian's
// python3-h11, and the parser of node itself. Those that cannot run here are left out; the
// error names them.
func Scripts() (adaptors []differ.Adaptor, err error) {
	_, file, _, _ := runtime.Caller(0)
	kinds := []differ.Kind{differ.Request, differ.Response, differ.Chunked}
	for _, s := range scripts {
		run := "-c"
		if s.program == "node" {
			run = "-e"
		}
		if out, failed := exec.Command(s.program, run, s.check).CombinedOutput(); failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w: %.200s", s.name, failed, out))
			continue
		}
		adaptors = append(adaptors, differ.Pipe(s.name, kinds, s.program, filepath.Join(filepath.Dir(file), s.script)))
	}
	return adaptors, err
}
