//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package differ

import (
	"os"
	"syscall"
)

// guarded reports whether a Guard can close pages on this system.
const guarded = true

func guardMemory(room int) (memory []byte, err error) {
	page := os.Getpagesize()
	room = (room + page - 1) / page * page
	all, err := syscall.Mmap(-1, 0, page+room+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	for _, closed := range [][]byte{all[:page], all[page+room:]} {
		if err := syscall.Mprotect(closed, syscall.PROT_NONE); err != nil {
			return nil, os.NewSyscallError("mprotect", err)
		}
	}
	return all[page : page+room : page+room], nil
}
