//go:build !race

package race

// Enabled reports whether the race detector is on.
const Enabled = false

// ReadSlice notes that the elements of s are read.
func ReadSlice[T any](s []T) {}

// Write notes that *p is written.
func Write[T any](p *T) {}
