//go:build race

package race

import (
	"runtime"
	"unsafe"
)

// Enabled reports whether the race detector is on.
const Enabled = true

// ReadSlice notes that the elements of s are read.
func ReadSlice[T any](s []T) {
	if len(s) > 0 {
		runtime.RaceReadRange(unsafe.Pointer(unsafe.SliceData(s)), len(s)*int(unsafe.Sizeof(s[0])))
	}
}

// Write notes that *p is written.
func Write[T any](p *T) {
	runtime.RaceWriteRange(unsafe.Pointer(p), int(unsafe.Sizeof(*p)))
}
