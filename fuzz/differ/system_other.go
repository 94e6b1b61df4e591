//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package differ

import "os/exec"

// guarded reports whether a Guard can close pages on this system.
const guarded = false

func guardMemory(room int) (memory []byte, err error) { return make([]byte, room), nil }

// mapFile: an input that ends the process is lost on this system, and two runs with the same
// folder are not kept apart.
func mapFile(name string, size int) (memory []byte, unlock func(), err error) {
	return make([]byte, size), func() {}, nil
}

func ownGroup(*exec.Cmd) {}
