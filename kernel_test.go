package picohttp

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/picohttp/picohttp/internal/mutants"
)

// A kernel is a row of the table of kernels in parse_<arch>_test.go. The fastest comes first. use
// is the variable that its case in indexHead tests, nil for the last one.
type kernel struct {
	name  string
	use   *bool
	index func([]byte, *index) bool
}

// runnable are the kernels of the table that this CPU runs, as the package found out before any
// test changed a variable.
var runnable = func() (names []string) {
	for _, k := range Kernels() {
		if k.Runs {
			names = append(names, k.Name)
		}
	}
	return names
}()

// eachKernel runs f as a subtest for each kernel, while indexHead calls that kernel. The subtests
// are not parallel, because the variables are global.
func eachKernel(t *testing.T, f func(t *testing.T, k kernel)) {
	for at, k := range kernels {
		t.Run("kernel="+k.name, func(t *testing.T) {
			if !slices.Contains(runnable, k.name) {
				t.Skipf("this CPU cannot run kernel %s, or GODEBUG has disabled it", k.name) // see TestExpectedKernel
			}
			defer pin(at)()
			f(t, k)
		})
	}
}

// pin makes indexHead call kernels[at], and returns a function that undoes it.
func pin(at int) (restore func()) {
	var saved []bool
	for i, k := range kernels {
		if k.use != nil {
			saved = append(saved, *k.use)
			*k.use = i == at
		}
	}
	return func() {
		for i, k := range kernels {
			if k.use != nil {
				*k.use = saved[i]
			}
		}
	}
}

func TestKernelTable(t *testing.T) {
	var names []string
	for at, k := range kernels {
		names = append(names, k.name)
		restore := pin(at)
		if got := Kernel(); got != k.name {
			t.Errorf("with %s pinned, Kernel() = %s", k.name, got)
		}
		restore()
	}
	var infos []string
	for _, k := range Kernels() {
		infos = append(infos, k.Name)
	}
	if !slices.Equal(names, infos) {
		t.Errorf("tests know the kernels %v, Kernels() has %v", names, infos)
	}
}

// TestExpectedKernel lets CI say which kernel must be in use, and which must run. Otherwise, if a
// GODEBUG setting had no effect, CI would test the wrong kernel without notice.
func TestExpectedKernel(t *testing.T) {
	if want := os.Getenv("PICOHTTP_EXPECT_KERNEL"); want != "" && Kernel() != want {
		t.Errorf("Kernel() = %s, PICOHTTP_EXPECT_KERNEL is %s", Kernel(), want)
	}
	for name := range strings.SplitSeq(os.Getenv("PICOHTTP_REQUIRE_KERNELS"), ",") {
		if name != "" && !slices.Contains(runnable, name) {
			t.Errorf("PICOHTTP_REQUIRE_KERNELS names %s, but only %v run", name, runnable)
		}
	}
}

// TestDenseLines parses the shortest possible field lines with a shorter line among them, at
// every place in a block. So a block can hold more line ends than canonical lines alone could
// have.
func TestDenseLines(t *testing.T) {
	eachKernel(t, func(t *testing.T, k kernel) {
		g := newGuard(t)
		for pad := range 64 {
			for lines := range 40 {
				for _, short := range []string{"x\r\n", ":\r\n", "x\n", "\n", "\x00\n", "\r\n", "ab:\r\n"} {
					head := "GET /" + strings.Repeat("x", pad) + " HTTP/1.1\r\n" + strings.Repeat("a:\r\n", lines) + short + strings.Repeat("a:\r\n", 20)
					checkKernel(t, g, k, []byte(head), index{})
				}
			}
		}
	})
}

// TestShortHeads parses heads of every length up to a little more than a block, with and without
// bytes after them. Each byte is replaced by those that may matter there. Each kernel handles
// inputs shorter than a block differently.
func TestShortHeads(t *testing.T) {
	eachKernel(t, func(t *testing.T, k kernel) {
		g := newGuard(t)
		for _, shape := range []string{
			"M# / HTTP/1.1\r\n\r\n",
			"GET /# HTTP/1.1\r\n\r\n",
			"GET /# HTTP/1.1\r\nA: b\r\nCd:e\r\n\r\n",
			"GET / HTTP/1.1#\r\nA:\r\n\r\n",
			"GET / HTTP/1.1\r\nN#: b\r\nA: b\r\n\r\n",
			"GET / HTTP/1.1\r\nA: b#\r\nCd:e\r\n\r\n",
			"GET / HTTP/1.1\r\nA: b\r\n\r\n#",
		} {
			for length := len(shape) - 1; length < 68; length++ {
				b := []byte(strings.Replace(shape, "#", strings.Repeat("x", length-len(shape)+1), 1))
				for at, was := range b {
					for _, c := range []byte("\r\n\t\x00 :|x\x7f\x80") {
						b[at] = c
						checkKernel(t, g, k, b, index{})
					}
					b[at] = was
				}
			}
		}
	})
}

// TestDispatch checks which kernel indexHead calls: it gives the kernel memory that cannot be
// read, and looks for the kernel on the stack of the fault.
func TestDispatch(t *testing.T) {
	if !guarded {
		t.Skip("no guard pages on this system")
	}
	eachKernel(t, func(t *testing.T, k kernel) {
		b := newGuard(t).closed(256)
		want := "index" + strings.ToUpper(k.name)
		if k.name == "generic" {
			want = "eneric" // indexGeneric, or what it calls
		}
		if got := faultsIn(func() { indexHead(b, new(index)) }); !strings.Contains(got, want) {
			t.Errorf("indexHead faults in (want %s)\n%s", want, got)
		}
	})
}

func TestPuregoHasNoAssembly(t *testing.T) {
	goCommand, err := exec.LookPath("go")
	if err != nil {
		t.Skip("the go command is not in PATH, so the files cannot be listed; CI has it")
	}
	for _, arch := range []string{"amd64", "arm64"} {
		list := exec.Command(goCommand, "list", "-tags", "purego", "-f", "{{.SFiles}}", ".")
		list.Env = append(os.Environ(), "GOARCH="+arch)
		out, err := list.CombinedOutput()
		if err != nil {
			t.Fatalf("go list: %v\n%s", err, out)
		}
		if got := string(bytes.TrimSpace(out)); got != "[]" {
			t.Errorf("GOARCH=%s: assembly under purego: %s", arch, got)
		}
	}
}

// A canary is an index with known bytes around it and in it.
type canary struct {
	before [64]byte
	x      index
	after  [64]byte
}

// intact is a canary before a kernel runs. The entries of its index are offsets far outside of
// any b, so that a kernel fails if it uses an entry that it has not written.
var intact = func() (c canary) {
	for i := range c.before {
		c.before[i], c.after[i] = 0xa5, 0xa5
	}
	for i := range c.x.end {
		c.x.end[i] = 0xa5a5a5a5
	}
	for i := range c.x.mark {
		c.x.mark[i] = 0xa5a5a5a5
	}
	for i := range c.x.key {
		c.x.key[i] = 0xa5
	}
	return c
}()

var probe canary // a global, because an index passed to a func value escapes to the heap

func (c *canary) isIntact() bool {
	return c.before == intact.before && c.after == intact.after
}

// checkKernel compares what k and indexGeneric do with b from the state x on: the result, the
// offsets and the settled field lines, bit for bit.
func checkKernel(t testing.TB, g *guard, k kernel, b []byte, x index) {
	t.Helper()
	checkPlaces(t, k, b, x, g.atEnd(b), g.atStart(b))
}

// checkPlaces is checkKernel with copies of b where memory ends and where it begins.
func checkPlaces(t testing.TB, k kernel, b []byte, x index, atEnd, atStart []byte) {
	want := x
	wantComplete := indexGeneric(b, &want)
	for at, place := range [][]byte{atEnd, atStart} {
		got := &probe
		*got = intact
		got.x.next, got.x.n, got.x.word2 = x.next, x.n, x.word2
		copy(got.x.mark[:x.n], x.mark[:])
		copy(got.x.end[:x.n], x.end[:])
		copy(got.x.keys(), x.key[:])
		complete := k.index(place, &got.x)
		if !bytes.Equal(place, b) {
			t.Fatalf("kernel %s wrote to b\nb: %q", k.name, b)
		}
		if !got.isIntact() {
			t.Fatalf("kernel %s wrote outside its index\nb: %q", k.name, b)
		}
		if complete != wantComplete || !got.x.equal(&want) {
			t.Fatalf("kernel %s at the %s of a page differs from generic\nfrom: %v\ngot:  %v %v\nwant: %v %v\nb: %q",
				k.name, []string{"end", "start"}[at], x, complete, got.x, wantComplete, want, b)
		}
	}
}

// equal compares the settled lines. Kernels may leave anything in the others.
func (x *index) equal(y *index) bool {
	return x.next == y.next && x.n == y.n && x.word2 == y.word2 && x.n <= tableLines &&
		slices.Equal(x.mark[:x.n], y.mark[:x.n]) && slices.Equal(x.end[:x.n], y.end[:x.n]) && slices.Equal(x.keys(), y.keys())
}

// keys returns the keys of the settled field lines.
func (x *index) keys() []uint8 { return x.key[:max(x.n, 1)-1] }

func (x index) String() string {
	return fmt.Sprintf("{next %d, word2 %d, %d lines: marks %d, ends %d, keys %d}",
		x.next, x.word2, x.n, x.mark[:x.n], x.end[:x.n], x.keys())
}

// TestKernelsAgree compares every kernel with indexGeneric on vectors, heads and mutants of them,
// in which bytes are replaced, doubled, moved and cut off.
func TestKernelsAgree(t *testing.T) {
	seeds := seeds(t, "requests")
	eachKernel(t, func(t *testing.T, k kernel) {
		g := newGuard(t)
		for _, b := range seeds {
			checkKernel(t, g, k, b, index{})
			for cut := range min(len(b), 200) {
				checkKernel(t, g, k, b[:len(b)-cut], index{})
			}
		}
		rng := rand.New(rand.NewPCG(1, 2))
		for range mutants.Count(100_000) / neighbours {
			b := mutants.Make(rng, seeds)
			x := startState(rng, b)
			atEnd, atStart := g.atEnd(b), g.atStart(b)
			checkPlaces(t, k, b, x, atEnd, atStart)
			for range min(neighbours, len(b)) {
				at := rng.IntN(len(b))
				was, is := b[at], mutants.Telling[rng.IntN(len(mutants.Telling))]
				b[at], atEnd[at], atStart[at] = is, is, is
				checkPlaces(t, k, b, x, atEnd, atStart)
				b[at], atEnd[at], atStart[at] = was, was, was
			}
		}
	})
}

// neighbours is how many inputs TestKernelsAgree makes from a mutant by replacing one byte, which
// costs little compared with making the mutant.
const neighbours = 16

// startState makes a state with which a kernel may be called: at the beginning, or after a line,
// with some of the table filled.
func startState(rng *rand.Rand, b []byte) (x index) {
	if rng.IntN(3) > 0 {
		return x
	}
	next := uint32(0)
	if rng.IntN(2) == 0 {
		next = uint32(bytes.IndexByte(b, '\n') + 1)
	}
	if rng.IntN(4) == 0 {
		x.next = next // a start-line after an empty line
		return x
	}
	x.fieldsFrom(next)
	if rng.IntN(2) == 0 {
		x.n += uint32(min(rng.IntN(tableFields+16), tableFields)) // often full
	}
	return x
}

// TestSweep puts every byte value at each of the first 128 offsets of each part of a head. The
// predicates of the grammar give the expected result.
func TestSweep(t *testing.T) {
	const lanes = 2 * 64
	run := strings.Repeat("x", lanes+3)
	type verdict func(c byte, lane int) (code Error, past int) // 0: complete
	inValue := func(c byte, lane int) (Error, int) {
		switch {
		case c == '\r':
			return ErrBareCR, 1
		case c == '\n':
			return ErrBareLF, 0
		case isFieldByte(c):
			return 0, 0
		}
		return ErrFieldValue, 0
	}
	parts := []struct {
		name         string
		before, rest string
		expect       verdict
	}{
		{"method", "", " / HTTP/1.1\r\nHost: h\r\n\r\n", func(c byte, lane int) (Error, int) {
			switch {
			case isTchar(c):
				return 0, 0
			case lane == 0 && c == '\r':
				return ErrBareCR, 1
			case lane == 0 && c == '\n':
				return ErrBareLF, 0
			case lane == 0 && c == 0x16:
				return ErrTLS, 0
			case lane > 0 && c == ' ':
				return ErrVersion, len(run) - lane + 1 // "xx xx / HTTP/1.1": "/" is no version
			}
			return ErrMethod, 0
		}},
		{"target", "GET ", " HTTP/1.1\r\nHost: h\r\n\r\n", func(c byte, lane int) (Error, int) {
			switch {
			case isVchar(c):
				return 0, 0
			case lane > 0 && c == ' ':
				return ErrVersion, 1
			case lane > 0 && (c == '\r' || c == '\n'):
				return ErrVersion, 0
			}
			return ErrTarget, 0
		}},
		{"name", "GET / HTTP/1.1\r\n", ": h\r\n\r\n", func(c byte, lane int) (Error, int) {
			switch {
			case isTchar(c), lane > 0 && c == ':':
				return 0, 0
			case lane == 0 && c == '\r':
				return ErrBareCR, 1
			case lane == 0 && c == '\n':
				return ErrBareLF, 0
			case lane == 0 && isWhitespace(c):
				return ErrLeadingSpace, 0
			}
			return ErrFieldName, 0
		}},
		{"value", "GET / HTTP/1.1\r\nHost: h\r\nA:", "\r\n\r\n", inValue},
		{"value after obs-text", "GET / HTTP/1.1\r\nHost: h\r\nA: \x80", "\r\n\r\n", inValue},
	}
	eachKernel(t, func(t *testing.T, k kernel) {
		g := newGuard(t)
		var r Request
		for _, p := range parts {
			for lane := range lanes {
				for value := range 256 {
					c := byte(value)
					text := []byte(p.before + run + p.rest)
					at := len(p.before) + lane
					text[at] = c
					b := g.atEnd(text)
					n, err := noMethodLimit.ParseRequest(&r, b)
					checkKernel(t, g, k, text, index{}) // the kernel must not leave it to the reference
					code, past := p.expect(c, lane)
					if code == 0 {
						if err != nil || n != len(b) {
							t.Fatalf("%s, byte %#02x, lane %d: %d, %v; want %d, complete", p.name, c, lane, n, err, len(b))
						}
						continue
					}
					if err != code || n != at+past {
						t.Fatalf("%s, byte %#02x, lane %d: %d, %v; want %d, %v", p.name, c, lane, n, err, at+past, code)
					}
				}
			}
		}
	})
}

// noMethodLimit accepts methods of any length.
var noMethodLimit = Parser{MaxMethodBytes: -1}

// TestLengths parses heads whose parts have every length from 0 to 300 or so, with and without
// bytes after them, and checks every part.
func TestLengths(t *testing.T) {
	eachKernel(t, func(t *testing.T, k kernel) {
		g := newGuard(t)
		for length := range 301 {
			run := strings.Repeat("v", length)
			for _, h := range []struct{ method, target, name, value, ows string }{
				{"GET", "/" + run, "Host", "h", " "},
				{"M" + run, "/", "Host", "h", " "},
				{"GET", "/", "N" + run, "h", " "},
				{"GET", "/", "Host", run, ""},
				{"GET", "/", "Host", run, "\t"},
				{"GET", "/", "Host", "v" + run + " " + run + "v", " "},
				{"GET", "/", "Host", "h", strings.Repeat(" ", length)},
				{"GET", "/", "Host", "", strings.Repeat("\t", length)},
			} {
				head := h.method + " " + h.target + " HTTP/1.1\r\n" + h.name + ":" + h.ows + h.value + h.ows + "\r\nLast: one\r\n\r\n"
				for _, rest := range []string{"", "GET", strings.Repeat("\r\n", 40)} {
					for _, b := range [][]byte{g.atEnd([]byte(head + rest)), g.atStart([]byte(head + rest))} {
						var r Request
						n, err := noMethodLimit.ParseRequest(&r, b)
						if err != nil || n != len(head) {
							t.Fatalf("%q: %d, %v", b, n, err)
						}
						name, value := r.Field(0)
						last, one := r.Field(1)
						if string(r.Method()) != h.method || string(r.Target()) != h.target || r.Minor() != 1 || r.NumFields() != 2 ||
							string(name) != h.name || string(value) != h.value || string(last) != "Last" || string(one) != "one" {
							t.Fatalf("%q: %q %q %d, %q: %q, %q: %q", b, r.Method(), r.Target(), r.NumFields(), name, value, last, one)
						}
					}
				}
			}
		}
	})
}

// TestGuardPages checks that the guard works. Without a working guard, no test here would notice
// that a byte outside b was read.
func TestGuardPages(t *testing.T) {
	g := newGuard(t)
	for _, b := range [][]byte{g.atEnd([]byte("abc")), g.atStart([]byte("abc"))} {
		if string(b) != "abc" || cap(b) != 3 {
			t.Errorf("guard made %q of capacity %d", b, cap(b))
		}
	}
	if !guarded {
		t.Skip("no guard pages on this system")
	}
	if end := g.atEnd([]byte("abc")); !faults(&end[2], 1) || faults(&end[2], 0) {
		t.Error("the byte after atEnd can be read")
	}
	if start := g.atStart([]byte("abc")); !faults(&start[0], -1) || faults(&start[0], 0) {
		t.Error("the byte before atStart can be read")
	}
}
