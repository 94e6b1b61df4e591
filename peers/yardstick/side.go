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
	heads, bytes int
	medianFields int
	lengths      int // of all names and values
}

// agree asks every program about every head, and returns an error unless all
// answers are equal.
func agree(programs []*program, heads [][]byte) (facts, error) {
	f := facts{heads: len(heads)}
	var fields []int
	for i, h := range heads {
		want, err := programs[0].ask("check", i)
		if err != nil {
			return f, err
		}
		for _, p := range programs[1:] {
			got, err := p.ask("check", i)
			if err != nil {
				return f, err
			}
			if got != want {
				return f, fmt.Errorf("head %d: %s says %s, %s says %s", i, programs[0].name, want, p.name, got)
			}
		}
		var n, num, names, values int
		if _, err := fmt.Sscan(want, &n, &num, &names, &values); err != nil {
			return f, err
		}
		if n != len(h) {
			return f, fmt.Errorf("head %d: %d bytes of %d read", i, n, len(h))
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
	perHead []float64 // ns, by round
}

// run runs the side's command and returns the ns that it says it took.
func (s *side) run(passes int, f facts) (float64, error) {
	answer, err := s.program.ask(s.command, passes)
	if err != nil {
		return 0, err
	}
	var ns float64
	sum := passes * f.lengths
	if s.command == "read" {
		_, err = fmt.Sscan(answer, &ns, &sum)
	} else {
		_, err = fmt.Sscan(answer, &ns)
	}
	if err != nil {
		return 0, fmt.Errorf("%s: answer %q: %w", s.name, answer, err)
	}
	if sum != passes*f.lengths {
		return 0, fmt.Errorf("%s: names and values have %d bytes, want %d", s.name, sum, passes*f.lengths)
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
