package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/picohttp/picohttp"
)

// A parser is what can be started as a side: a kernel of picohttp, a program, or one of goPeers.
type parser struct {
	name   string // such as llhttp-clang-lto: the peer and the build
	peer   string // such as llhttp
	path   string // of the program, or "" for this one
	kernel bool
}

// The picohttpparser builds with which others are compared.
const (
	picoNative = "pico-native"
	picoScalar = "pico-scalar"
)

func (p parser) isPico() bool   { return p.peer == picoNative || p.peer == picoScalar }
func (p parser) isNative() bool { return p.kernel || p.isPico() }
func (p parser) isGo() bool     { return p.path == "" && !p.kernel }

// label is the name of a parser in the report.
func (p parser) label() string {
	build := strings.TrimPrefix(strings.TrimPrefix(p.name, p.peer), "-")
	label := cmp.Or(map[string]string{picoNative: "picohttpparser", picoScalar: "picohttpparser scalar"}[p.peer], p.peer)
	switch {
	case p.kernel:
		label = "picohttp " + label
	case build != "":
		label += " (" + build + ")"
	}
	return label
}

func filter(parsers []parser, keep func(parser) bool) []parser {
	return slices.DeleteFunc(slices.Clone(parsers), func(p parser) bool { return !keep(p) })
}

// findParsers returns all parsers that can be measured: the kernels, picohttpparser, the other
// programs that get.sh has built, those of -side, which are NAME=PROGRAM, and those in Go.
func findParsers(more []string) (parsers []parser, err error) {
	for _, k := range kernels() {
		parsers = append(parsers, parser{name: k, peer: k, kernel: true})
	}
	paths, _ := filepath.Glob(".build/side-*") // the pattern is valid
	build := regexp.MustCompile(`-(gcc|clang|rustc)(-lto)?$`)
	var built []parser
	for _, path := range paths {
		name := strings.TrimPrefix(filepath.Base(path), "side-")
		built = append(built, parser{name: name, peer: build.ReplaceAllString(name, ""), path: path})
	}
	pico := filter(built, parser.isPico)
	others := filter(built, func(p parser) bool { return !p.isPico() })
	if len(pico) == 0 {
		return nil, errors.New("no picohttpparser in peers/.build: run ./get.sh")
	}
	parsers = slices.Concat(parsers, pico, others)
	for _, s := range more {
		name, program, ok := strings.Cut(s, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("-side %s: want NAME=PROGRAM", s)
		}
		path, err := exec.LookPath(program)
		if err != nil {
			return nil, fmt.Errorf("-side %s: %w", s, err)
		}
		parsers = append(parsers, parser{name: name, peer: name, path: path})
	}
	for _, name := range goPeers {
		parsers = append(parsers, parser{name: name, peer: name})
	}
	for i, p := range parsers {
		if slices.ContainsFunc(parsers[:i], func(q parser) bool { return q.name == p.name }) {
			return nil, fmt.Errorf("two sides have the name %s", p.name)
		}
	}
	return parsers, nil
}

// choose returns the parsers with these names. The name of a peer stands for all its builds.
func choose(all []parser, names []string) ([]parser, error) {
	for _, name := range names {
		if !slices.ContainsFunc(all, func(p parser) bool { return name == p.name || name == p.peer }) {
			return nil, fmt.Errorf("-only: no side %q; the first lines of a run with -peers name all", name)
		}
	}
	return filter(all, func(p parser) bool { return slices.Contains(names, p.name) || slices.Contains(names, p.peer) }), nil
}

// godebug has the GODEBUG with which a process uses a kernel. It switches off what faster kernels
// need. The fastest kernel of an architecture needs none.
var godebug = map[string]string{
	"avx2":  "cpu.avx512bw=off",
	"sse42": "cpu.avx2=off",
	"generic": map[string]string{
		"amd64": "cpu.sse42=off",
		"arm64": "cpu.asimd=off",
	}[runtime.GOARCH],
}

// kernels returns the kernels that run here, fastest first.
func kernels() (names []string) {
	for _, k := range picohttp.Kernels() {
		if k.Runs {
			names = append(names, k.Name)
		}
	}
	return names
}

// A side is a child process that has a corpus and answers commands.
type side struct {
	parser
	about   string // its first line: what it is, and how it was built
	stdin   io.WriteCloser
	answers *bufio.Scanner
	cmd     *exec.Cmd

	passes int       // over the messages, in one slot
	times  []float64 // ns for a message, by round
}

// startOn starts the sides of parsers, with messages as their corpus. The function stop ends those
// that were started, also after an error.
func startOn(parsers []parser, messages [][]byte, o options) (sides []*side, stop func(), err error) {
	stop = func() {
		for _, s := range sides {
			s.stdin.Close()
			s.cmd.Wait()
		}
	}
	file, err := os.CreateTemp("", "yardstick")
	if err != nil {
		return nil, stop, err
	}
	defer os.Remove(file.Name()) // a side that has printed its first line has mapped the file
	_, err = file.Write(encodeCorpus(messages))
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, stop, err
	}
	for _, p := range parsers {
		s, err := start(p, file.Name(), o.cpu)
		if err != nil {
			return sides, stop, fmt.Errorf("%s: %w", p.name, err)
		}
		sides = append(sides, s)
		if s.about, err = s.answer(); err != nil {
			return sides, stop, err
		}
		if p.kernel && !strings.HasPrefix(s.about, "picohttp "+p.name+",") {
			return sides, stop, fmt.Errorf("asked for kernel %s, got %s", p.name, s.about)
		}
	}
	return sides, stop, nil
}

// start starts the side of a parser on a CPU, or anywhere if cpu is -1.
func start(p parser, file string, cpu int) (*side, error) {
	argv, env := []string{p.path, file}, append(os.Environ(), "GOMAXPROCS=1")
	if p.path == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		name := p.name
		if p.kernel {
			name = "picohttp"
		}
		argv = []string{self, "serve", file, name}
		env = append(env, "GODEBUG="+godebug[p.name])
	}
	if cpu >= 0 {
		argv = append([]string{"taskset", "-c", strconv.Itoa(cpu)}, argv...)
	}
	s := &side{parser: p, cmd: exec.Command(argv[0], argv[1:]...)}
	s.cmd.Env, s.cmd.Stderr = env, os.Stderr
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.answers = bufio.NewScanner(stdout)
	s.answers.Buffer(nil, 1<<26) // an answer to a check is twice as long as the message
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	return s, s.cmd.Start()
}

func (s *side) answer() (string, error) {
	if !s.answers.Scan() {
		return "", fmt.Errorf("%s: ended without an answer", s.name)
	}
	if message, ok := strings.CutPrefix(s.answers.Text(), "error: "); ok {
		return "", fmt.Errorf("%s: %s", s.name, message)
	}
	return s.answers.Text(), nil
}

func (s *side) ask(command string, n, step int) (string, error) {
	if _, err := fmt.Fprintf(s.stdin, "%s %d %d\n", command, n, step); err != nil {
		return "", fmt.Errorf("%s: %w", s.name, err)
	}
	return s.answer()
}
