//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package guard

import (
	"os"

	"golang.org/x/sys/unix"
)

// Works reports whether pages can be made unreadable on this system.
const Works = true

// newPages returns memory that begins and ends where pages do.
func newPages(n int) ([]byte, error) {
	pages, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	return pages, os.NewSyscallError("mmap", err)
}

// closePages makes whole pages unreadable.
func closePages(pages []byte) error {
	return os.NewSyscallError("mprotect", unix.Mprotect(pages, unix.PROT_NONE))
}

// freePages releases what newPages has returned.
func freePages(pages []byte) error {
	return os.NewSyscallError("munmap", unix.Munmap(pages))
}
