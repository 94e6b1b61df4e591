//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package differ

import "os/exec"

// isUnix reports whether this system has mapped files, locks on files and signals.
const isUnix = false

// mapFile: an input that ends the process is lost on this system, and two runs with the same
// folder are not kept apart.
func mapFile(name string, size int) (memory []byte, unlock func(), err error) {
	return make([]byte, size), func() {}, nil
}

func ownGroup(*exec.Cmd) {}
