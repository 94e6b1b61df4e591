//go:build !purego

package picohttp

import "golang.org/x/sys/cpu"

// useSSE42 names every instruction set that the kernel uses.
var useSSE42 = cpu.X86.HasSSE42 && cpu.X86.HasSSSE3

// indexHead is the kernel contract (see index.go), by the best kernel there is.
// It is in assembly, a jump: a switch in Go would be one more call, 2 ns of the
// 14 that a tiny head takes.
//
//go:noescape
func indexHead(b []byte, x *index) (complete bool)

// indexSSE42 works like indexGeneric.
//
//go:noescape
func indexSSE42(b []byte, x *index) (complete bool)

func availableKernels() []KernelInfo {
	return []KernelInfo{
		{"sse42", "SSE42 SSSE3", useSSE42},
		genericKernel,
	}
}
