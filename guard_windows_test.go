package picohttp

import (
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"
)

// newPages returns memory that begins and ends where pages do.
func newPages(t testing.TB, n int) []byte {
	at, err := windows.VirtualAlloc(0, uintptr(n), windows.MEM_RESERVE|windows.MEM_COMMIT, windows.PAGE_READWRITE)
	if err != nil {
		t.Fatal("VirtualAlloc: ", err)
	}
	t.Cleanup(func() { windows.VirtualFree(at, 0, windows.MEM_RELEASE) })
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&at)), n)
}

// closePages makes whole pages unreadable.
func closePages(t testing.TB, pages []byte) {
	var before uint32
	if err := windows.VirtualProtect(uintptr(unsafe.Pointer(&pages[0])), uintptr(len(pages)), windows.PAGE_NOACCESS, &before); err != nil {
		t.Fatal("VirtualProtect: ", err)
	}
}
