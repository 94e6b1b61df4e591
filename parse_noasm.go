//go:build !amd64 || purego

package picohttp

func indexHead(b []byte, x *index) (complete bool) { return indexGeneric(b, x) }

func availableKernels() []KernelInfo { return []KernelInfo{genericKernel} }
