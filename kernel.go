package picohttp

import "github.com/picohttp/picohttp/internal/race"

// settle settles the lines of b with the kernel in use. It returns what the kernel returns: see
// the kernel contract in index.go.
func (x *index) settle(b []byte) (complete bool) {
	if race.Enabled {
		race.ReadSlice(b)
		race.Write(x)
	}
	return indexHead(b, x)
}

// Kernels returns the kernels of this binary, the fastest first. All of them produce the same
// results.
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
