//go:build !purego

package picohttp

import "golang.org/x/sys/cpu"

// Each of these names every instruction set that its kernel uses.
var (
	useAVX512 = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL &&
		cpu.X86.HasAVX512VBMI && cpu.X86.HasAVX512VBMI2 && cpu.X86.HasPOPCNT && useAVX2
	useAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasBMI2 &&
		cpu.X86.HasSSE42 && cpu.X86.HasSSSE3
	useSSE42 = cpu.X86.HasSSE42 && cpu.X86.HasSSSE3
)

// indexHead calls the best kernel that this CPU can run: see index.go. It is a jump in
// assembly. A switch in Go would be one more call, which takes 2 ns of the 14 that a tiny head
// takes. It may jump to indexGeneric, so noescape must be true of that as well.
//
//go:noescape
func indexHead(b []byte, x *index) (complete bool)

// indexAVX512 works like indexGeneric.
//
//go:noescape
func indexAVX512(b []byte, x *index) (complete bool)

// indexAVX2 works like indexGeneric.
//
//go:noescape
func indexAVX2(b []byte, x *index) (complete bool)

// indexSSE42 works like indexGeneric.
//
//go:noescape
func indexSSE42(b []byte, x *index) (complete bool)

func availableKernels() []KernelInfo {
	return []KernelInfo{
		{"avx512", "AVX2 AVX512BW AVX512F AVX512VL AVX512VBMI AVX512VBMI2 BMI1 BMI2 POPCNT SSE42 SSSE3", useAVX512},
		{"avx2", "AVX2 BMI1 BMI2 SSE42 SSSE3", useAVX2},
		{"sse42", "SSE42 SSSE3", useSSE42},
		genericKernel,
	}
}
