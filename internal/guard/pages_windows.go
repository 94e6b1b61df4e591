package guard

import (
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Works reports whether pages can be made unreadable on this system.
const Works = true

// newPages returns memory that begins and ends where pages do.
func newPages(n int) ([]byte, error) {
	at, err := windows.VirtualAlloc(0, uintptr(n), windows.MEM_RESERVE|windows.MEM_COMMIT, windows.PAGE_READWRITE)
	if err != nil {
		return nil, os.NewSyscallError("VirtualAlloc", err)
	}
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&at)), n), nil
}

// closePages makes whole pages unreadable.
func closePages(pages []byte) error {
	var before uint32
	err := windows.VirtualProtect(uintptr(unsafe.Pointer(&pages[0])), uintptr(len(pages)), windows.PAGE_NOACCESS, &before)
	return os.NewSyscallError("VirtualProtect", err)
}

// freePages releases what newPages has returned.
func freePages(pages []byte) error {
	return os.NewSyscallError("VirtualFree", windows.VirtualFree(uintptr(unsafe.Pointer(&pages[0])), 0, windows.MEM_RELEASE))
}
