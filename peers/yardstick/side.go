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

func (p *program) ask(command string, n, step int) (string, error) {
	if _, err := fmt.Fprintf(p.stdin, "%s %d %d\n", command, n, step); err != nil {
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

// binaries are the sides that get.sh builds, by what it calls them.
var binaries = []struct{ name, file string }{
	{picoNative, "yardstick-native"},
	{picoScalar, "yardstick-scalar"},
	{"httparse", "httparse"},
	{"llhttp", "llhttp"},
	{"http_parser", "http_parser"},
}

func binaryPath(name string) string {
	for _, b := range binaries {
		if b.name == name {
			return filepath.Join(".build", b.file)
		}
	}
	return ""
}

// allParsers returns all sides that there are here: picohttp's kernels first,
// then the rest.
func allParsers() []string {
	parsers := kernels()
	for _, b := range binaries {
		if _, err := os.Stat(binaryPath(b.name)); err == nil {
			parsers = append(parsers, b.name)
		}
	}
	for _, p := range goPeers {
		parsers = append(parsers, p.name)
	}
	return parsers
}

// startParser starts the side of a parser: a binary, or this program again.
func startParser(name, file string, cpu, threads int) (*program, error) {
	if binary := binaryPath(name); binary != "" {
		if _, err := os.Stat(binary); err != nil {
			return nil, errNotBuilt
		}
		return start(name, cpu, nil, binary, file, strconv.Itoa(threads))
	}
	for _, p := range goPeers {
		if p.name == name {
			return startSelf(name, name, file, "", cpu, threads)
		}
	}
	p, err := startSelf(name, "picohttp", file, godebug[name], cpu, threads)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(p.about, "picohttp "+name+",") {
		p.stop()
		return nil, fmt.Errorf("asked for kernel %s, got %s", name, p.about)
	}
	return p, nil
}

func startSelf(name, parser, file, godebug string, cpu, threads int) (*program, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	env := []string{"GODEBUG=" + godebug, "GOMAXPROCS=" + strconv.Itoa(threads)}
	return start(name, cpu, env, self, "serve", file, parser, strconv.Itoa(threads))
}

// The GODEBUG settings that make a process use a kernel, by switching off what
// the faster ones need. Kernels that are not here need none: they are the best
// of their architecture.
var godebug = map[string]string{
	"avx2":  "cpu.avx512bw=off",
	"sse42": "cpu.avx512bw=off,cpu.avx2=off",
	"generic": map[string]string{
		"amd64": "cpu.avx512bw=off,cpu.avx2=off,cpu.sse42=off",
		"arm64": "cpu.asimd=off",
	}[runtime.GOARCH],
}

// kernels returns the kernels that can be measured here, the fastest first.
func kernels() []string {
	var names []string
	for _, k := range picohttp.Kernels() {
		if k.Runs {
			names = append(names, k.Name)
		}
	}
	return names
}

// startAll starts the sides of parsers on a corpus file.
func startAll(parsers []string, file string, cpu, threads int) ([]*program, error) {
	var programs []*program
	for _, name := range parsers {
		p, err := startParser(name, file, cpu, threads)
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
	lengths      int // of all that is taken: names and values, or contents
}

// A difference is what a program does otherwise than it should: first the first
// time, and with which messages.
type difference struct {
	first    string
	messages []int
}

type differences map[string]*difference

func (d differences) add(name string, message int, what string) {
	if d[name] == nil {
		d[name] = &difference{first: what}
	}
	d[name].messages = append(d[name].messages, message)
}

// agree asks every program about every message of a task, and returns an error unless
// the first reads all of it. Programs that do not answer as the first does are in the
// differences, by their names.
func agree(programs []*program, t task) (f facts, differ differences, err error) {
	f = facts{kind: t.kind, messages: len(t.messages)}
	differ = differences{}
	var fields []int
	for i, m := range t.messages {
		want, err := programs[0].ask(t.check(), i, 0)
		if err != nil {
			return f, nil, err
		}
		for _, p := range programs[1:] {
			got, err := p.ask(t.check(), i, 0)
			if err != nil {
				return f, nil, err
			}
			if !sameAnswer(got, want) {
				differ.add(p.name, i, fmt.Sprintf("message %d: %s says %s, %s says %s", i, programs[0].name, want, p.name, got))
			}
		}
		var n, num, names, values int
		if t.kind == chunked {
			_, err = fmt.Sscan(want, &n, &values)
		} else {
			_, err = fmt.Sscan(want, &n, &num, &names, &values)
		}
		if err != nil {
			return f, nil, fmt.Errorf("message %d: %s says %s", i, programs[0].name, want)
		}
		if n != len(m) {
			return f, nil, fmt.Errorf("message %d: %d bytes of %d read", i, n, len(m))
		}
		f.bytes += n
		f.lengths += names + values
		fields = append(fields, num)
	}
	slices.Sort(fields)
	f.medianFields = fields[len(fields)/2]
	return f, differ, nil
}

// sameAnswer compares answers to a check. A word is "-" if the parser cannot say it:
// see checkRequest.
func sameAnswer(a, b string) bool {
	return slices.EqualFunc(strings.Fields(a), strings.Fields(b), func(x, y string) bool {
		return x == y || x == "-" || y == "-"
	})
}

// A side is a program and the command whose time is taken: a row of the table.
type side struct {
	name    string
	program *program
	command string
	step    int       // if the command is deliver
	threads int       // that do the same at once
	passes  int       // over the corpus, in one slot
	times   []float64 // ns for a message, by round
	restore *side     // if not nil: what this side does as well, but is not to be counted
	bar     *side     // if not nil: what its time is to be held against
}

// sidesOf returns the sides that are to be timed for a task.
func sidesOf(programs []*program, t task) []*side {
	if t.kind == chunked {
		return chunkedSides(programs)
	}
	var sides []*side
	for _, p := range programs {
		sides = append(sides, &side{name: p.name, program: p, command: t.command, step: t.step, threads: max(1, t.threads)})
		if p.name == picoNative && t.bars {
			sides = append(sides, &side{name: "memchr", program: p, command: "memchr", threads: 1})
		}
	}
	return sides
}

// chunkedSides leaves out all kernels but the first: what a kernel reads of a
// body is its trailer section, and that is empty.
func chunkedSides(programs []*program) []*side {
	var sides []*side
	decoders := map[string]bool{}
	for _, p := range programs {
		name := p.name
		if name != picoNative && name != picoScalar {
			name = "picohttp"
		}
		if decoders[name] {
			continue
		}
		decoders[name] = true
		restore := &side{name: name + " copy", program: p, command: "copy", threads: 1}
		bar := &side{name: name + " memmove", program: p, command: "memmove", threads: 1, restore: restore}
		decode := &side{name: name, program: p, command: "decode", threads: 1, restore: restore, bar: bar}
		sides = append(sides, decode, restore, bar)
		if name == "picohttp" {
			sides = append(sides, &side{name: name + " next", program: p, command: "next", threads: 1, bar: bar})
		}
	}
	return sides
}

// The commands that answer a sum of lengths behind the time, not 0.
var sums = []string{"read-request", "read-response", "serve-request", "deliver", "decode", "memmove", "next"}

// run runs the side's command and returns the ns that it says it took.
func (s *side) run(passes int, f facts) (float64, error) {
	answer, err := s.program.ask(s.command, passes, s.step)
	if err != nil {
		return 0, err
	}
	var ns float64
	var sum int
	if _, err = fmt.Sscan(answer, &ns, &sum); err != nil {
		return 0, fmt.Errorf("%s: answer %q: %w", s.name, answer, err)
	}
	want := 0
	if slices.Contains(sums, s.command) {
		want = passes * f.lengths
	}
	if sum != want {
		return 0, fmt.Errorf("%s: the lengths have the sum %d, want %d", s.name, sum, want)
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
