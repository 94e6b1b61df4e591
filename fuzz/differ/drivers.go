package differ

import (
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/picohttp/picohttp/internal/guard"
)

// Call returns what parse returns for b. A panic and, in Go code, the use of memory that is
// not mapped is the Result Crash.
func Call(parse func(b []byte) Verdict, b []byte) (v Verdict) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			function, line := panicked()
			why := fmt.Sprint(p)
			v = Verdict{Result: Crash, Where: function + ": " + withoutValues(why)}
			v.Why = fmt.Sprintf("%s (%s)", why, line)
		}
	}()
	return parse(b[:len(b):len(b)])
}

// withoutValues returns the beginning of a text, up to the first number or quotation.
func withoutValues(text string) string {
	if i := strings.IndexAny(text, "\"'`[0123456789"); i >= 0 {
		text = text[:i]
	}
	return strings.TrimRight(text[:min(len(text), 60)], " :")
}

// panicked returns where the panic began: the innermost function outside the standard library
// or, if there is none before Call, outside the runtime.
func panicked() (function, line string) {
	var callers [64]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers[:])])
	f, more := frames.Next() // of the runtime
	library, _, _ := strings.Cut(f.File, "runtime/panic.go")
	for ; more && !strings.HasSuffix(f.Function, "fuzz/differ.Call"); f, more = frames.Next() {
		isLibrary := strings.HasPrefix(f.File, library)
		if function == "" && !strings.HasPrefix(f.Function, "runtime.") || !isLibrary {
			function, line = f.Function, fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
		}
		if !isLibrary {
			break
		}
	}
	return function, line
}

// A Guard places inputs right up against pages that cannot be read: a load beyond them
// faults. C code that faults ends the process. The methods AtEnd(b) and AtStart(b) return a
// copy of b, which the next call of the same method overwrites; Close() releases the memory.
type Guard = guard.Guard

// NewGuard returns a Guard for inputs of up to max bytes.
func NewGuard(max int) (*Guard, error) { return guard.New(max) }

// writes is the verdict of a parser that writes to its input.
var writes = Verdict{Result: Crash, Why: "it wrote to its input", Where: "writes to its input"}
