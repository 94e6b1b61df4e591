//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package picohttp

import (
	"testing"

	"golang.org/x/sys/unix"
)

// newPages returns memory that begins and ends where pages do.
func newPages(t testing.TB, n int) []byte {
	mem, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal("mmap: ", err)
	}
	t.Cleanup(func() { unix.Munmap(mem) })
	return mem
}

// closePages makes whole pages unreadable.
func closePages(t testing.TB, pages []byte) {
	if err := unix.Mprotect(pages, unix.PROT_NONE); err != nil {
		t.Fatal("mprotect: ", err)
	}
}
