// Package adaptors has an adaptor for each peer, for the differential kit of module fuzz.
// "go run ./differ" compares them with picohttp.
package adaptors

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/picohttp/picohttp/fuzz/differ"
)

// programs has the adaptors in other languages: the name, the arguments with which the program must
// run without an error, if any, and the command, which ends with a file in peers.
var programs = []struct {
	name           string
	check, command []string
}{
	{"llhttp", nil, []string{".build/adaptor-llhttp"}},
	{"picohttpparser", nil, []string{".build/adaptor-picohttpparser"}},
	{"h11", []string{"-c", "import h11"}, []string{"/usr/bin/python3", "adaptors/pipe_h11.py"}},
	{"node", []string{"-e", "process.binding('http_parser')"}, []string{"node", "adaptors/pipe_node.js"}},
}

// Programs returns adaptors for the parsers that are not in Go: those in C, which get.sh builds,
// h11, from Debian's python3-h11, and node's own parser. It leaves out those that cannot run here,
// and the error names them.
func Programs() (adaptors []differ.Adaptor, err error) {
	_, file, _, _ := runtime.Caller(0)
	if !filepath.IsAbs(file) {
		return nil, errors.New("no programs: a binary built with -trimpath does not know the folder peers")
	}
	for _, p := range programs {
		command := slices.Clone(p.command)
		last := len(command) - 1
		command[last] = filepath.Join(filepath.Dir(file), "..", command[last])
		_, failed := exec.LookPath(command[0])
		if failed == nil && p.check != nil {
			failed = exec.Command(command[0], p.check...).Run()
		}
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w: run ./get.sh in peers", p.name, failed))
			continue
		}
		adaptors = append(adaptors, differ.Pipe(p.name, command...))
	}
	return adaptors, err
}
