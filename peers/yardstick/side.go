package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/picohttp/picohttp"
)

// A program is a child process that has a corpus and answers commands.
type program struct {
	name    string
	about   string // its first line: what it is, and how it was built
	stdin   io.WriteCloser
	answers *bufio.Scanner
	cmd     *exec.Cmd
}

// start starts a program on a CPU, or anywhere if cpu is -1.
func start(name string, cpu int, env []string, argv ...string) (*program, error) {
	if cpu >= 0 {
		argv = append([]string{"taskset", "-c", strconv.Itoa(cpu)}, argv...)
	}
	p := &program{name: name, cmd: exec.Command(argv[0], argv[1:]...)}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = os.Stderr
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.stdin, p.answers = stdin, bufio.NewScanner(stdout)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if p.about, err = p.answer(); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

func (p *program) answer() (string, error) {
	if !p.answers.Scan() {
		return "", fmt.Errorf("%s: ended without an answer", p.name)
	}
	if message, ok := strings.CutPrefix(p.answers.Text(), "error: "); ok {
		return "", fmt.Errorf("%s: %s", p.name, message)
	}
	return p.answers.Text(), nil
}

func (p *program) ask(command string, n int) (string, error) {
	if _, err := fmt.Fprintf(p.stdin, "%s %d\n", command, n); err != nil {
		return "", fmt.Errorf("%s: %w", p.name, err)
	}
	return p.answer()
}

// stop ends the program by ending its input.
func (p *program) stop() {
	p.stdin.Close()
	p.cmd.Wait()
}

// The picohttpparser builds that get.sh makes.
const (
	picoNative = "pico-native"
	picoScalar = "pico-scalar"
)

var errNotBuilt = errors.New("no picohttpparser in peers/.build: run ./get.sh")

// startPico starts both picohttpparser builds.
func startPico(file string, cpu int) ([]*program, error) {
	var programs []*program
	for _, name := range []string{picoNative, picoScalar} {
		binary := filepath.Join(".build", strings.Replace(name, "pico", "yardstick", 1))
		if _, err := os.Stat(binary); err != nil {
			stopAll(programs)
			return nil, errNotBuilt
		}
		p, err := start(name, cpu, nil, binary, file)
		if err != nil {
			stopAll(programs)
			return nil, err
		}
		programs = append(programs, p)
	}
	return programs, nil
}

// The GODEBUG settings that make a process use a kernel, by switching off what
// the faster ones need. Kernels that are not here need none: they are the best
// of their architecture.
var godebug = map[string]string{
	"avx2":    "cpu.avx512bw=off",
	"sse42":   "cpu.avx512bw=off,cpu.avx2=off",
	"generic": "cpu.avx512bw=off,cpu.avx2=off,cpu.sse42=off",
}

// kernels returns the kernels that can be measured here, the fastest first.
func kernels() []string {
	var names []string
	for _, k := range picohttp.Kernels() {
		// Only on amd64 can GODEBUG take the best kernel away.
		if k.Runs && (runtime.GOARCH == "amd64" || k.Name == picohttp.Kernel()) {
			names = append(names, k.Name)
		}
	}
	return names
}

// startKernel starts this program again as picohttp with one kernel.
func startKernel(kernel, file string, cpu int) (*program, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p, err := start(kernel, cpu, []string{"GODEBUG=" + godebug[kernel]}, self, "serve", file)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(p.about, "picohttp "+kernel+",") {
		p.stop()
		return nil, fmt.Errorf("asked for kernel %s, got %s", kernel, p.about)
	}
	return p, nil
}

// startAll starts both picohttpparser builds and picohttp with each kernel.
func startAll(file string, kernels []string, cpu int) ([]*program, error) {
	programs, err := startPico(file, cpu)
	if err != nil {
		return nil, err
	}
	for _, kernel := range kernels {
		p, err := startKernel(kernel, file, cpu)
		if err != nil {
			stopAll(programs)
			return nil, err
		}
		programs = append(programs, p)
	}
	return programs, nil
}

func stopAll(programs []*program) {
	for _, p := range programs {
		p.stop()
	}
}

// Facts are what all programs agree on about a corpus.
type facts struct {
	kind         kind
	messages     int
	bytes        int
	medianFields int // of heads
	lengths      int // of all names and values, or of all contents
}

// agree asks every program about every message, and returns an error unless all
// answers are equal.
func agree(programs []*program, k kind, messages [][]byte) (facts, error) {
	f := facts{kind: k, messages: len(messages)}
	var fields []int
	for i, m := range messages {
		want, err := programs[0].ask("check-"+string(k), i)
		if err != nil {
			return f, err
		}
		for _, p := range programs[1:] {
			got, err := p.ask("check-"+string(k), i)
			if err != nil {
				return f, err
			}
			if got != want {
				return f, fmt.Errorf("message %d: %s says %s, %s says %s", i, programs[0].name, want, p.name, got)
			}
		}
		var n, num, names, values int
		if k == chunked {
			_, err = fmt.Sscan(want, &n, &values)
		} else {
			_, err = fmt.Sscan(want, &n, &num, &names, &values)
		}
		if err != nil {
			return f, err
		}
		if n != len(m) {
			return f, fmt.Errorf("message %d: %d bytes of %d read", i, n, len(m))
		}
		f.bytes += n
		f.lengths += names + values
		fields = append(fields, num)
	}
	slices.Sort(fields)
	f.medianFields = fields[len(fields)/2]
	return f, nil
}

// A side is a program and the command whose time is taken: a row of the table.
type side struct {
	name    string
	program *program
	command string
	passes  int       // over the corpus, in one slot
	times   []float64 // ns for a message, by round
	restore *side     // if not nil: what this side does as well, but is not to be counted
	bar     *side     // if not nil: what its time is to be held against
}

// sidesOf returns the sides that are to be timed for a corpus of a kind.
func sidesOf(programs []*program, k kind, read bool) []*side {
	if k == chunked {
		return chunkedSides(programs)
	}
	command := "parse-" + string(k)
	if read {
		command = "read-" + string(k)
	}
	var sides []*side
	for _, p := range programs {
		sides = append(sides, &side{name: p.name, program: p, command: command})
		if p.name == picoNative {
			sides = append(sides, &side{name: "memchr", program: p, command: "memchr"})
		}
	}
	return sides
}

// chunkedSides leaves out all kernels but the first: what a kernel reads of a
// body is its trailer section, and that is empty.
func chunkedSides(programs []*program) []*side {
	var sides []*side
	for _, p := range programs[:3] {
		name := p.name
		if name != picoNative && name != picoScalar {
			name = "picohttp"
		}
		restore := &side{name: name + " copy", program: p, command: "copy"}
		bar := &side{name: name + " memmove", program: p, command: "memmove", restore: restore}
		decode := &side{name: name, program: p, command: "decode", restore: restore, bar: bar}
		sides = append(sides, decode, restore, bar)
		if name == "picohttp" {
			sides = append(sides, &side{name: name + " next", program: p, command: "next", bar: bar})
		}
	}
	return sides
}

// The commands that answer a sum of lengths behind the time.
var sums = []string{"read-request", "read-response", "decode", "memmove", "next"}

// run runs the side's command and returns the ns that it says it took.
func (s *side) run(passes int, f facts) (float64, error) {
	answer, err := s.program.ask(s.command, passes)
	if err != nil {
		return 0, err
	}
	var ns float64
	sum := passes * f.lengths
	if slices.Contains(sums, s.command) {
		_, err = fmt.Sscan(answer, &ns, &sum)
	} else {
		_, err = fmt.Sscan(answer, &ns)
	}
	if err != nil {
		return 0, fmt.Errorf("%s: answer %q: %w", s.name, answer, err)
	}
	if sum != passes*f.lengths {
		return 0, fmt.Errorf("%s: the lengths have the sum %d, want %d", s.name, sum, passes*f.lengths)
	}
	return ns, nil
}

// calibrate finds how many passes take about the length of a slot.
func (s *side) calibrate(slot time.Duration, f facts) error {
	for s.passes = 1; ; {
		ns, err := s.run(s.passes, f)
		if err != nil {
			return err
		}
		if ns >= float64(slot)/4 {
			s.passes = max(1, int(float64(s.passes)*float64(slot)/ns))
			return nil
		}
		s.passes *= 2
	}
}

// net takes off the times of each round what restoring took in that round.
func net(sides []*side) {
	for _, s := range sides {
		if s.restore == nil {
			continue
		}
		for round := range s.times {
			s.times[round] -= s.restore.times[round]
		}
	}
}
