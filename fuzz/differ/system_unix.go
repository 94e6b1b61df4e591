//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package differ

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// isUnix reports whether this system has mapped files, locks on files and signals.
const isUnix = true

// mapFile returns memory that is the content of a file, of at least size bytes. What is written
// to it is in the file even if the process does not live to write anything else. The file is
// locked until the process ends, or until unlock.
func mapFile(name string, size int) (memory []byte, unlock func(), err error) {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errors.New("another run uses it")
	}
	var info os.FileInfo
	if err == nil {
		info, err = file.Stat()
	}
	if err == nil {
		size = max(size, int(info.Size()))
		err = file.Truncate(int64(size))
	}
	if err == nil {
		const access = syscall.PROT_READ | syscall.PROT_WRITE
		memory, err = syscall.Mmap(int(file.Fd()), 0, size, access, syscall.MAP_SHARED)
	}
	if err != nil {
		file.Close()
		return nil, nil, fmt.Errorf("differ: %s: %w", name, err)
	}
	unlock = func() {
		syscall.Munmap(memory)
		file.Close()
	}
	return memory, unlock, nil
}

// ownGroup has a command start a process group, so that Ctrl-C does not end it, and that what
// it has started ends with it.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
