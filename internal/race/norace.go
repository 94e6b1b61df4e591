//go:build !race

// Package race tells the race detector what an assembly function reads and
// writes, which it cannot see by itself. Without -race its functions are empty.
package race

// Enabled reports whether the race detector is on.
const Enabled = false

// ReadSlice notes that the elements of s are read.
func ReadSlice[T any](s []T) {}

// Write notes that *p is written.
func Write[T any](p *T) {}
