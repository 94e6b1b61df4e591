//go:build !(windows || linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package picohttp

import (
	"slices"
	"testing"
)

const guarded = false

// A guard holds bytes in memory of their own. Pages cannot be made unreadable here, so a load
// outside the bytes goes unnoticed.
type guard struct{}

func newGuard(testing.TB) *guard { return new(guard) }

func (*guard) atEnd(b []byte) []byte   { return slices.Clip(slices.Clone(b)) }
func (*guard) atStart(b []byte) []byte { return slices.Clip(slices.Clone(b)) }

func (*guard) closed(n int) []byte { return nil }

func faultsIn(func()) string { return "" }

func faults(*byte, int) bool { return false }
