//go:build (!amd64 && !arm64) || purego

package picohttp

func indexHead(b []byte, x *index) (complete bool) { return indexGeneric(b, x) }

func availableKernels() []KernelInfo { return []KernelInfo{genericKernel} }
