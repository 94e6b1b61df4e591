//go:build !purego

package picohttp

import "golang.org/x/sys/cpu"

// Every arm64 that Go runs on has ASIMD. GODEBUG=cpu.asimd=off switches it off.
var useNEON = cpu.ARM64.HasASIMD

// indexHead calls the best kernel that this CPU can run: see index.go. It is a jump in
// assembly, as on amd64. It may jump to indexGeneric, so noescape must be true of that as well.
//
//go:noescape
func indexHead(b []byte, x *index) (complete bool)

// indexNEON works like indexGeneric.
//
//go:noescape
func indexNEON(b []byte, x *index) (complete bool)

func availableKernels() []KernelInfo {
	return []KernelInfo{{"neon", "ASIMD", useNEON}, genericKernel}
}
