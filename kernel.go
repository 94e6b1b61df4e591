package picohttp

// A KernelInfo describes one implementation of the parser's inner loop.
type KernelInfo struct {
	Name     string // "avx512", "avx2", "sse42", "neon" or "generic"
	Requires string // the CPU features it needs, "" if none
	Runs     bool   // whether this CPU has them, and GODEBUG has not switched them off
}

var genericKernel = KernelInfo{Name: "generic", Runs: true}

// Kernels returns the kernels that this binary has, the fastest first. All of
// them answer the same.
func Kernels() []KernelInfo { return availableKernels() }

// Kernel returns the name of the kernel in use: the first of Kernels that runs.
func Kernel() string {
	for _, k := range Kernels() {
		if k.Runs {
			return k.Name
		}
	}
	return genericKernel.Name
}
