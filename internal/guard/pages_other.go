//go:build !(windows || linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package guard

// Works reports whether pages can be made unreadable on this system.
const Works = false

func newPages(n int) ([]byte, error) { return make([]byte, n), nil }

func closePages([]byte) error { return nil }

func freePages([]byte) error { return nil }
