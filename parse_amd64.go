//go:build !purego

package picohttp

import (
	"github.com/picohttp/picohttp/internal/race"
	"golang.org/x/sys/cpu"
)

// Each names every instruction set that the kernel uses.
var useSSE42 = cpu.X86.HasSSSE3 && cpu.X86.HasSSE42

// indexHead is the kernel contract (see index.go), by the best kernel there is.
func indexHead(b []byte, x *index) (complete bool) {
	if race.Enabled {
		race.ReadSlice(b)
		race.Write(x)
	}
	switch {
	case useSSE42:
		return indexSSE42(b, x)
	}
	return indexGeneric(b, x)
}

// indexSSE42 works like indexGeneric.
//
//go:noescape
func indexSSE42(b []byte, x *index) (complete bool)

func availableKernels() []KernelInfo {
	return []KernelInfo{
		{"sse42", "SSSE3 SSE4.2", useSSE42},
		genericKernel,
	}
}
