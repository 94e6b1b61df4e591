package picohttp

import (
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"unsafe"

	pages "github.com/picohttp/picohttp/internal/guard"
)

// guarded is true if a guard notices a load outside an input on this system.
const guarded = pages.Works

// A guard holds inputs of up to 2 MiB right before or after a page that cannot be read.
type guard struct{ pages *pages.Guard }

func newGuard(t testing.TB) *guard {
	g, err := pages.New(2 << 20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return &guard{g}
}

func (g *guard) atEnd(b []byte) []byte   { return g.pages.AtEnd(b) }
func (g *guard) atStart(b []byte) []byte { return g.pages.AtStart(b) }

// closed returns n bytes that cannot be read, at most a page.
func (g *guard) closed(n int) []byte { return g.pages.Closed(n) }

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
