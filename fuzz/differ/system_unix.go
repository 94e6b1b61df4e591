//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package differ

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
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

// mapFile returns memory that is the content of a file, which is made as long as that. What
// is written to it is in the file even if the process does not live to write anything else.
func mapFile(name string, size int) (memory []byte, err error) {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if err := file.Truncate(int64(size)); err != nil {
		return nil, err
	}
	memory, err = syscall.Mmap(int(file.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	return memory, os.NewSyscallError("mmap", err)
}

func unmapFile(memory []byte) error { return syscall.Munmap(memory) }

// lockFile takes a lock that ends with the process, if not before by unlock.
func lockFile(name string) (unlock func() error, err error) {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("differ: another run uses %s", name)
		}
		return nil, &os.PathError{Op: "flock", Path: name, Err: err}
	}
	return file.Close, nil
}

// ownGroup has a command start a process group, so that Ctrl-C does not end it.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup ends a command and the processes that it has started.
func killGroup(cmd *exec.Cmd) { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
