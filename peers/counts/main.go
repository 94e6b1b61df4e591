//go:build linux

// Counts counts the instructions that a head takes, which do not vary as times do. It also writes
// llvm-mca's estimates of cycles for CPUs that are not at hand. See ../report/estimates.md.
//
//	go run ./counts [flags]
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/cpuid/v2"
	"golang.org/x/sys/unix"
)

// A side is a program that speaks the protocol in ../README.md. Without a binary it is a kernel of
// picohttp: the yardstick, with a GODEBUG that switches the faster kernels off.
type side struct{ name, binary, godebug string }

// kernels are the sides of picohttp, by architecture.
var kernels = map[string][]side{
	"amd64": {
		{name: "avx512"},
		{name: "avx2", godebug: "cpu.avx512bw=off"},
		{name: "sse42", godebug: "cpu.avx2=off"},
		{name: "generic", godebug: "cpu.sse42=off"},
	},
	"arm64": {{name: "neon"}, {name: "generic", godebug: "cpu.asimd=off"}},
}

// works has the commands that are counted, without "-request". ../README.md describes them.
var works = []string{"parse", "read", "serve"}

// folder is for binaries, heads and logs. Git ignores it.
const folder = ".build/counts"

func main() {
	heads := flag.String("head", "tiny,pico703,chrome", "comma-separated: NAME for ../testdata/heads/NAME.http")
	peers := flag.String("side", "pico-native-gcc-lto,pico-scalar-gcc,httparse-rustc,llhttp-gcc-lto",
		"comma-separated: NAME for .build/side-NAME")
	write := flag.String("write", "", "write to this `file` instead of the standard output")
	flag.Parse()
	if flag.NArg() > 0 {
		check(fmt.Errorf("unexpected argument %q", flag.Arg(0)))
	}
	var out bytes.Buffer
	commit, _ := exec.Command("git", "describe", "--always", "--dirty", "--abbrev=12").Output()
	c := cpuid.CPU
	cpu := fmt.Sprintf("%s, family %d, model %d", cmp.Or(c.BrandName, "unknown"), c.Family, c.Model)
	fmt.Fprintf(&out, title, strings.Join(os.Args[1:], " "), time.Now().UTC().Format(time.DateOnly),
		bytes.TrimSpace(commit), cpu, runtime.Version())
	counts(&out, strings.Split(*heads, ","), strings.Split(*peers, ","))
	arm64(&out, strings.Split(*heads, ","))
	estimates(&out)
	if *write == "" {
		must(os.Stdout.Write(out.Bytes()))
		return
	}
	check(os.WriteFile(*write, out.Bytes(), 0o644))
}

// check ends the program, and so its children, if err is not nil.
func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "counts:", err)
		os.Exit(1)
	}
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

// skip writes that something is left out and why. In CI that is an error.
func skip(out io.Writer, what, why string) {
	if os.Getenv("CI") == "true" {
		check(fmt.Errorf("%s: %s", what, why))
	}
	fmt.Fprintf(out, "Skipped: %s: %s.\n\n", what, why)
}

// yardstick builds the yardstick for an architecture.
func yardstick(arch string) (binary string) {
	binary = filepath.Join(folder, "yardstick-"+arch)
	cmd := exec.Command("go", "build", "-o", binary, "./yardstick")
	cmd.Env, cmd.Stderr = append(os.Environ(), "GOARCH="+arch, "CGO_ENABLED=0"), os.Stderr
	check(cmd.Run())
	return binary
}

// encode writes a head, or ../testdata/heads/NAME.http if it is nil, to a file in the format of
// ../yardstick/corpus.go.
func encode(name string, head []byte) (file string) {
	const slot = 64
	if head == nil {
		head = must(os.ReadFile("../testdata/heads/" + name + ".http"))
	}
	b := append(binary.LittleEndian.AppendUint32(nil, uint32(len(head))), make([]byte, slot-4)...)
	b = append(append(b, head...), make([]byte, -len(head)&(slot-1))...)
	file = filepath.Join(folder, name)
	check(errors.Join(os.MkdirAll(folder, 0o755), os.WriteFile(file, b, 0o644)))
	return file
}

// A child is a side that was started.
type child struct {
	side
	about     string
	cmd       *exec.Cmd
	stdin     io.WriteCloser
	stdout    *os.File
	answers   *bufio.Scanner
	passes    int    // over the head, in one slot
	vdso, end uint64 // the addresses of the code that reads the clock
}

// start starts a side, and returns nil if it is a kernel that this CPU does not run.
func start(s side, argv ...string) *child {
	cmd := s.command(argv)
	c := &child{side: s, cmd: cmd, stdin: must(cmd.StdinPipe()), stdout: must(cmd.StdoutPipe()).(*os.File)}
	c.answers = bufio.NewScanner(c.stdout)
	check(cmd.Start())
	c.about = c.answer()
	if s.binary == "" && !strings.HasPrefix(c.about, "picohttp "+s.name+",") {
		c.stdin.Close()
		return nil
	}
	regions := must(os.ReadFile(fmt.Sprintf("/proc/%d/maps", cmd.Process.Pid)))
	vdso := regexp.MustCompile(`.* \[vdso\]`).Find(regions)
	must(fmt.Sscanf(string(vdso), "%x-%x", &c.vdso, &c.end))
	return c
}

// command returns a command with settings that keep Go's runtime from working during the loop.
func (s side) command(argv []string) *exec.Cmd {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "GOGC=off", "GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1,"+s.godebug)
	return cmd
}

// startHere starts a side of this CPU on a head.
func startHere(s side, file string) *child {
	if s.binary != "" {
		return start(s, s.binary, file)
	}
	return start(s, yardstick(runtime.GOARCH), "serve", file, "picohttp")
}

func (c *child) answer() string {
	if !c.answers.Scan() || strings.HasPrefix(c.answers.Text(), "error: ") {
		check(fmt.Errorf("%s has no answer, but %q", c.name, c.answers.Text()))
	}
	return c.answers.Text()
}

// line is the command line for some passes.
func line(work string, passes int) string { return fmt.Sprintf("%s-request %d 0\n", work, passes) }

// time returns the ns that a command says it took.
func (c *child) time(work string, passes int) (ns float64) {
	must(io.WriteString(c.stdin, line(work, passes)))
	must(fmt.Sscan(c.answer(), &ns))
	return ns
}

// slots is how many slots are measured, of which the fastest counts.
const slots = 50

// fastest returns the ns of a pass in each child's fastest slot. The children take turns. Slots
// are short, so that on a busy machine some are not interrupted.
func fastest(work string, children ...*child) []float64 {
	const slot = 1e6 // ns
	best := make([]float64, len(children))
	for i, c := range children {
		for c.passes = 1; c.time(work, c.passes) < slot; c.passes *= 2 {
		}
		best[i] = math.Inf(1)
	}
	for range slots {
		for i, c := range children {
			best[i] = min(best[i], c.time(work, c.passes)/float64(c.passes))
		}
	}
	return best
}

// idle waits until all threads of the child wait in the kernel. It returns them, first the one that
// reads the standard input.
func (c *child) idle() (threads []int) {
	reading := fmt.Sprintf("%d 0x0 ", unix.SYS_READ)
	for range 1000 {
		threads = nil
		running, reader := false, -1
		for i, path := range must(filepath.Glob(fmt.Sprintf("/proc/%d/task/*/syscall", c.cmd.Process.Pid))) {
			call, _ := os.ReadFile(path)
			running = running || len(call) == 0 || bytes.HasPrefix(call, []byte("running"))
			if strings.HasPrefix(string(call), reading) {
				reader = i
			}
			threads = append(threads, must(strconv.Atoi(filepath.Base(filepath.Dir(path)))))
		}
		if !running && reader >= 0 {
			threads[0], threads[reader] = threads[reader], threads[0]
			return threads
		}
		time.Sleep(time.Millisecond)
	}
	check(fmt.Errorf("%s does not wait for a command", c.name))
	return nil
}

// freeze stops threads until thaw is called, which must be on the same thread of this process. If
// the child then waits for them forever, the program ends.
func freeze(threads []int) (thaw func()) {
	runtime.LockOSThread()
	watch := time.AfterFunc(5*time.Minute, func() { check(errors.New("a side whose threads are stopped hangs")) })
	for _, thread := range threads {
		check(errors.Join(unix.PtraceSeize(thread), unix.PtraceInterrupt(thread), waitStopped(thread)))
	}
	return func() {
		for _, thread := range threads {
			unix.PtraceDetach(thread)
		}
		watch.Stop()
		runtime.UnlockOSThread()
	}
}

// step returns the instructions of some passes and their loop. It steps through the thread that
// reads the command, one instruction at a time, while the others are stopped. The loop is what runs
// between the last two readings of the clock.
func (c *child) step(work string, passes int) (count int) {
	threads := c.idle()
	defer freeze(threads)()
	must(io.WriteString(c.stdin, line(work, passes)))
	var regs unix.PtraceRegs
	stdout, steps, last := int(c.stdout.Fd()), 0, uint64(0)
	for answered := 0; answered == 0; answered = must(unix.IoctlGetInt(stdout, unix.TIOCINQ)) {
		check(unix.PtraceSingleStep(threads[0]))
		check(errors.Join(waitStopped(threads[0]), unix.PtraceGetRegs(threads[0], &regs)))
		pc := regs.PC()
		switch {
		case pc >= c.vdso && pc < c.end:
			if steps > 0 {
				count = steps
			}
			steps = 0
		case pc != last: // else the instruction repeats itself, and has not finished
			steps++
		}
		last = pc
	}
	c.answer()
	return count
}

// waitStopped waits until a traced thread stops. If that was for a signal instead of a step, the
// signal is dropped, and the thread has not moved.
func waitStopped(thread int) error {
	var status unix.WaitStatus
	if _, err := unix.Wait4(thread, &status, unix.WALL, nil); err != nil || status.Stopped() {
		return err
	}
	return fmt.Errorf("thread %d ended, with status %#x", thread, int(status))
}

// each returns what one pass adds to the count of each function. The second and the third pass must
// add the same, or else it counts again.
func each(count func(passes int) map[string]int) map[string]int {
	for range 9 {
		one, two, three, more := count(1), count(2), count(3), map[string]int{}
		agree := true
		for f, n := range three {
			more[f] = n - two[f]
			agree = agree && more[f] > 0 && more[f] == two[f]-one[f]
		}
		if agree && len(more) > 0 {
			return more
		}
	}
	check(errors.New("no two counts agree"))
	return nil
}

// events returns how many events a pass has according to perf stat, or NaN if the kernel does not
// count them. It counts some passes and twice as many, and takes the difference, so that starting
// does not count.
func (c *child) events(work, event string) float64 {
	passes := slots * c.passes
	count := func(passes int) (n float64) {
		var report strings.Builder
		perf := c.command(append([]string{"perf", "stat", "-x,", "-e", event}, c.cmd.Args...))
		perf.Stdin, perf.Stderr = strings.NewReader(line(work, passes)), &report
		failed := perf.Run()
		if _, err := fmt.Sscan(strings.Split(report.String(), ",")[0], &n); failed != nil || err != nil {
			return math.NaN()
		}
		return n
	}
	once := count(passes)
	if math.IsNaN(once) {
		return once
	}
	return (count(2*passes) - once) / float64(passes)
}

// counts writes a table of instructions for each head.
func counts(out io.Writer, heads, peers []string) {
	fmt.Fprintf(out, countsTitle, runtime.GOARCH)
	sides := slices.Clone(kernels[runtime.GOARCH])
	for _, name := range peers {
		s := side{name: name, binary: ".build/side-" + name}
		if _, err := os.Stat(s.binary); err == nil {
			sides = append(sides, s)
		} else {
			skip(out, name, "./get.sh has not built it, and says why")
		}
	}
	for i, head := range heads {
		var children []*child
		for _, s := range sides {
			if c := startHere(s, encode(head, nil)); c != nil {
				defer c.stdin.Close()
				children = append(children, c)
				if i == 0 {
					fmt.Fprintf(out, "- %s is %s\n", c.name, c.about)
				}
			}
		}
		fmt.Fprintf(out, countsTable, head)
		for _, work := range works {
			ns := fastest(work, children...)
			for i, c := range children {
				n := each(func(passes int) map[string]int { return map[string]int{"": c.step(work, passes)} })
				row := fmt.Sprintf("| %s | %s | %.1f | %.1f | %d | %.1f |\n", work, c.name, ns[i],
					c.events(work, "cycles:u"), n[""], c.events(work, "branch-misses:u"))
				io.WriteString(out, strings.ReplaceAll(row, "NaN", "-"))
			}
		}
	}
}

// arm64 writes how many instructions qemu executes in each function of picohttp and in the loops
// that call them.
func arm64(out io.Writer, heads []string) {
	const qemu = "qemu-aarch64-static"
	version, err := exec.Command(qemu, "--version").Output()
	if err != nil {
		skip(out, "instructions on arm64", "no "+qemu+", which is in Debian's qemu-user-static")
		return
	}
	fmt.Fprintf(out, arm64Title, bytes.Split(version, []byte("\n"))[0])
	program, log := yardstick("arm64"), filepath.Join(folder, "trace")
	ours := regexp.MustCompile(`^github\.com/picohttp/picohttp\.|^main\.(\w+Requests|fieldLengths)$`)
	var ranges []string
	for _, s := range must(must(elf.Open(program)).Symbols()) {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC && ours.MatchString(s.Name) {
			ranges = append(ranges, fmt.Sprintf("%#x+%d", s.Value, s.Size))
		}
	}
	trace := regexp.MustCompile(`(?m)^Trace .* (?:github\.com/picohttp/picohttp\.)?(\S+)$`)
	for _, head := range heads {
		for _, s := range kernels["arm64"] {
			c := start(s, qemu, "-singlestep", "-d", "exec,nochain", "-dfilter", strings.Join(ranges, ","), "-D", log,
				program, "serve", encode(head, nil), "picohttp")
			if c == nil {
				check(fmt.Errorf("qemu does not run kernel %s", s.name))
			}
			defer c.stdin.Close() // not earlier, because at its end it may write to the log
			for _, work := range works {
				more := each(func(passes int) map[string]int {
					before := len(must(os.ReadFile(log)))
					thaw := freeze(c.idle()[1:]) // else Go's runtime interrupts the loop after 10 ms
					c.time(work, passes)
					thaw()
					counts := map[string]int{}
					for _, m := range trace.FindAllSubmatch(must(os.ReadFile(log))[before:], -1) {
						counts[string(m[1])]++
					}
					return counts
				})
				all, parts := 0, []string{}
				most := func(a, b string) int { return cmp.Or(more[b]-more[a], strings.Compare(a, b)) }
				for _, f := range slices.SortedFunc(maps.Keys(more), most) {
					all += more[f]
					parts = append(parts, fmt.Sprint(f, " ", more[f]))
				}
				fmt.Fprintf(out, "| %s | %s | %s | %d | %s |\n", head, s.name, work, all, strings.Join(parts, ", "))
			}
		}
	}
	fmt.Fprintln(out)
}

// A block is code that a kernel repeats. It has spans of the form "LABEL..INSTRUCTION", from a label
// through the first such instruction after it.
type block struct{ arch, kernel, function, name, spans string }

// blocks names labels and instructions of the assembly, and must change with them. Of each kernel,
// the search of bytes without a line end comes first, and the walk last.
var blocks = []block{
	{"amd64", "avx512", "indexAVX512", "search, 64 bytes without a line end", "nextBlock..JEQ noEnds; noEnds..JLE nextBlock"},
	{"amd64", "avx512", "indexAVX512", "search, 64 bytes with 1 to 16 line ends", "nextBlock..JLE nextBlock"},
	{"amd64", "avx512", "indexAVX512", "walk, a field line", "fieldLine..JB fieldLine"},
	{"amd64", "avx2", "indexAVX2", "search, 64 bytes without a line end", "nextBlock..JEQ noEnds; noEnds..JLE nextBlock"},
	{"amd64", "avx2", "indexAVX2", "search, 64 bytes with one line end", "nextBlock..JLE nextBlock"},
	{"amd64", "avx2", "indexAVX2", "walk, a field line", "fieldLine..JB fieldLine"},
	{"amd64", "sse42", "indexSSE42", "search, 16 bytes without a line end", "fieldBlock..JEQ fieldBlock"},
	{"amd64", "sse42", "indexSSE42", "a field line of up to 16 bytes", "fieldLine..JMP fieldLine"},
	{"arm64", "neon", "indexNEON", "search, 64 bytes without a line end", "nextBlock..CBZ lf, noEnds; noEnds..BLE nextBlock"},
	{"arm64", "neon", "indexNEON", "search, 64 bytes with one line end", "nextBlock..BLE nextBlock"},
	{"arm64", "neon", "indexNEON", "walk, a field line", "fieldLine..BLO fieldLine"},
}

// cpus has LLVM's names of the CPUs whose cycles are estimated, by architecture, and of those among
// them that run avx512.
var cpus = map[string][]string{
	"amd64":  {"skylake", "skylake-avx512", "icelake-server", "alderlake", "znver3", "znver4"},
	"arm64":  {"neoverse-n1", "neoverse-v1", "neoverse-v2", "apple-m1"},
	"avx512": {"icelake-server", "znver4"},
}

// assembly returns a block in the form that llvm-mca reads. It finds the block's lines in the source,
// and takes the code of those lines from llvm-objdump's listing.
func assembly(listing, source string, b block) (text string, err error) {
	jump := regexp.MustCompile(`0x[0-9a-f]+ <.*>`)
	lines := regexp.MustCompile(`(?m)^; .*/parse_`+b.arch+`\.s:(\d+)\n((?:\s.*\n)+)`).FindAllStringSubmatch(listing, -1)
	_, body, _ := strings.Cut(source, "\nTEXT ·"+b.function+"(SB)")
	before := strings.Count(strings.TrimSuffix(source, body), "\n")
	body, _, _ = strings.Cut(body, "\nTEXT ")
	for span := range strings.SplitSeq(b.spans, "; ") {
		label, branch, _ := strings.Cut(span, "..")
		branch = strings.ReplaceAll(branch, " ", `\s+`)
		at := regexp.MustCompile(`(?ms)^` + label + `:$.*?^\s*` + branch + `$`).FindStringIndex(body)
		if at == nil {
			return "", fmt.Errorf("%s has no code %s: mend the table of blocks", b.function, span)
		}
		first, last := before+strings.Count(body[:at[0]], "\n"), before+strings.Count(body[:at[1]], "\n")
		for _, line := range lines {
			if n := must(strconv.Atoi(line[1])); first < n && n <= last+1 {
				text += jump.ReplaceAllString(line[2], ".")
			}
		}
	}
	return text, nil
}

// llvm runs one of LLVM's tools and returns its output. A warning is an error.
func llvm(name, input string, args ...string) string {
	var complaint bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdin, cmd.Stderr = strings.NewReader(input), &complaint
	b, err := cmd.Output()
	if err != nil || complaint.Len() > 0 {
		check(fmt.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, &complaint))
	}
	return string(b)
}

// estimates writes llvm-mca's estimates, and compares those for this CPU with measured cycles.
func estimates(out io.Writer) {
	mca := slices.Max(append(must(filepath.Glob("/usr/bin/llvm-mca-[0-9][0-9]")), ""))
	if mca < "/usr/bin/llvm-mca-19" {
		skip(out, "the estimates", "no llvm-mca-19 or newer, which is in Debian's llvm-19")
		return
	}
	fmt.Fprintf(out, estimatesTitle, filepath.Base(mca))
	const iterations = 1000
	triples := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}
	known := map[string][]float64{} // cycles of a kernel's blocks on a CPU
	for _, arch := range []string{"amd64", "arm64"} {
		fmt.Fprintf(out, "### %s, estimated cycles\n\n", arch)
		fmt.Fprintf(out, "| kernel | code | instructions | %s |\n", strings.Join(cpus[arch], " | "))
		fmt.Fprintf(out, "| --- | --- | ---: %s|\n", strings.Repeat("| ---: ", len(cpus[arch])))
		program, source := yardstick(arch), string(must(os.ReadFile("../parse_"+arch+".s")))
		for _, b := range blocks {
			if b.arch != arch {
				continue
			}
			listing := llvm(strings.Replace(mca, "mca", "objdump", 1), "", "-d", "-l", "--no-show-raw-insn", "--no-leading-addr",
				"--disassemble-symbols=github.com/picohttp/picohttp."+b.function+".abi0", program)
			text := must(assembly(listing, source, b))
			fmt.Fprintf(out, "| %s | %s | %d |", b.kernel, b.name, strings.Count(text, "\n"))
			for _, cpu := range cpus[arch] {
				if b.kernel == "avx512" && !slices.Contains(cpus[b.kernel], cpu) {
					fmt.Fprint(out, " - |")
					continue
				}
				report := llvm(mca, text, "-mtriple="+triples[arch], "-mcpu="+cpu, fmt.Sprint("-iterations=", iterations))
				total := regexp.MustCompile(`Total Cycles: +(\d+)`).FindStringSubmatch(report)[1]
				cycles := must(strconv.ParseFloat(total, 64)) / iterations
				known[b.kernel+cpu] = append(known[b.kernel+cpu], cycles)
				fmt.Fprintf(out, " %.1f |", cycles)
			}
			fmt.Fprintln(out)
		}
		fmt.Fprintln(out)
	}
	_, cpu, _ := strings.Cut(llvm(mca, "", "--version"), "Host CPU: ")
	cpu, _, _ = strings.Cut(cpu, "\n")
	fmt.Fprintf(out, compareTitle, cpu)
	for _, s := range kernels[runtime.GOARCH] {
		e := known[s.name+cpu]
		switch len(e) {
		case 2: // blocks of 16 bytes, and a line that includes one
			e = []float64{4 * e[0], 3*e[0] + e[1]}
		case 3:
			e = []float64{e[0], e[1] + e[2]}
		default:
			continue
		}
		compare(out, s, "64 bytes without a line end", e[0], 8<<10/64, [2]int{1, 2 << 10}, [2]int{1, 10 << 10})
		compare(out, s, "a field line of 64 bytes, searched and walked", e[1], 40, [2]int{16, 64}, [2]int{56, 64})
	}
}

// compare writes the measured cycles of a loop next to their estimate. Each head is a number of field
// lines and their length. The second head repeats the loop times more often than the first.
func compare(out io.Writer, s side, code string, estimated, times float64, heads ...[2]int) {
	var children []*child
	for i, h := range heads {
		line := "Accept-Some: " + strings.Repeat("v", h[1]-len("Accept-Some: \r\n")) + "\r\n"
		head := "GET / HTTP/1.1\r\n" + strings.Repeat(line, h[0]) + "\r\n"
		children = append(children, startHere(s, encode(fmt.Sprint("compared", i), []byte(head))))
		defer children[i].stdin.Close()
	}
	ns := fastest("parse", children...)
	measured := (ns[1] - ns[0]) / times * clock()
	fmt.Fprintf(out, "| %s | %s | %.1f | %.1f | %+.0f |\n", s.name, code, estimated, measured, (estimated/measured-1)*100)
}

// clock measures this CPU's GHz. The two operations of its loop take a cycle each, because each needs
// the result of the other.
func clock() (ghz float64) {
	const n = 1 << 19
	for range slots {
		start, x := time.Now(), uint64(0)
		for i := range uint64(n) {
			x += i
			x ^= n
		}
		ghz = max(ghz, n*2/float64(time.Since(start).Nanoseconds()))
		runtime.KeepAlive(x)
	}
	return ghz
}

const title = "# Instructions, and estimates of cycles\n\n" +
	"Made by `cd peers && ./get.sh && go run ./counts %s` on %s, of commit %s. The CPU is %s; Go is %s.\n" +
	"The times in the [report](report.md) are those of one machine. This page says what can be said of others.\n\n"

const countsTitle = "## Instructions on %s\n\n" +
	"The program steps through the loop of each side, one instruction at a time. A figure is what one more head adds,\n" +
	"with its part of the loop. [Peers](../README.md) says what parse, read and serve are. The ns are the fewest of 50\n" +
	"slots of 1 ms. Cycles and branch misses are those in user mode. `-` means that the kernel does not count them.\n\n"

const countsTable = "\n### Instructions for %s\n\n" +
	"| work | side | ns | cycles | instructions | branch misses |\n| --- | --- | ---: | ---: | ---: | ---: |\n"

const arm64Title = "\n## Instructions on arm64\n\n" +
	"Counted under %s.\nOnly picohttp's functions and the side's loops count, not Go's runtime.\n\n" +
	"| head | kernel | work | instructions | in which functions |\n| --- | --- | --- | ---: | --- |\n"

const estimatesTitle = "## Estimated cycles of the kernels' loops\n\n" +
	"These are estimates by %s, not measurements. It simulates a loop that never ends. It leaves out how instructions are\n" +
	"fetched and decoded, finds all data in the first level of the cache, and predicts every branch. `-` means that the CPU\n" +
	"does not run the kernel. For all of Apple's cores LLVM has one model, that of the A7.\n\n"

const compareTitle = "### Estimated and measured cycles on this CPU, %s\n\n" +
	"The measured cycles are how much longer a longer head takes, for each block or line more.\n\n" +
	"| kernel | code | estimated | measured | estimate off by, %% |\n| --- | --- | ---: | ---: | ---: |\n"
