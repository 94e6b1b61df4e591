//go:build windows || linux || darwin || freebsd || netbsd || openbsd || dragonfly

package picohttp

import (
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"unsafe"
)

const guarded = true

// guardRoom is how many bytes a guard holds: half of them at its end and half at its start.
const guardRoom = 4 << 20

// A guard holds bytes right before or after a page that cannot be read. A load that leaves them
// by one byte faults.
type guard struct{ room []byte }

func newGuard(t testing.TB) *guard {
	page := os.Getpagesize()
	mem := newPages(t, page+guardRoom+page)
	closePages(t, mem[:page])
	closePages(t, mem[page+guardRoom:])
	return &guard{room: mem[page : page+guardRoom]}
}

// atEnd returns a copy of b that ends where the memory ends. The next call overwrites it.
func (g *guard) atEnd(b []byte) []byte {
	g.fits(b)
	end := g.room[guardRoom-len(b):]
	copy(end, b)
	return end[:len(b):len(b)]
}

// atStart returns a copy of b that begins where the memory begins. The next call overwrites it.
func (g *guard) atStart(b []byte) []byte {
	g.fits(b)
	copy(g.room, b)
	return g.room[:len(b):len(b)]
}

func (g *guard) fits(b []byte) {
	if len(b) > guardRoom/2 {
		panic("input too long for a guard")
	}
}

// closed returns n bytes that cannot be read, at most a page.
func (g *guard) closed(n int) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(&g.room[0]), guardRoom)), n)
}

// faultsIn returns the functions on the stack when f faults, the innermost first.
func faultsIn(f func()) (stack string) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() == nil {
			return
		}
		var pcs [32]uintptr
		frames := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs[:])])
		var names []string
		for {
			frame, more := frames.Next()
			names = append(names, frame.Function)
			if !more {
				break
			}
		}
		stack = strings.Join(names, "\n")
	}()
	f()
	return ""
}

// faults reports whether the byte at p+offset cannot be read.
func faults(p *byte, offset int) (fault bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { fault = recover() != nil }()
	sink = *(*byte)(unsafe.Add(unsafe.Pointer(p), offset))
	return false
}

var sink byte
