package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/hex"
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
	"time"

	"github.com/picohttp/picohttp"
)

// A parser can be started as a side: a kernel of picohttp, a program, or one of goPeers.
type parser struct {
	name   string // such as llhttp-clang-lto: the peer and the build
	peer   string // such as llhttp
	path   string // of the program, or "" for this one
	kernel bool

	untimed bool // only its answers are needed
}

// The picohttpparser builds with which others are compared.
const (
	picoNative = "pico-native"
	picoScalar = "pico-scalar"
)

func (p parser) isPico() bool { return p.peer == picoNative || p.peer == picoScalar }
func (p parser) isGo() bool   { return p.path == "" && !p.kernel }

// canServe reports whether a parser can be in Serve. All can that are not in Go.
func (p parser) canServe() bool {
	if !p.isGo() {
		return true
	}
	made, err := makePeer(p.name)
	_, ok := made.(responder)
	return err == nil && ok
}

// label is the name of a parser in the report.
func (p parser) label() string {
	build := strings.TrimPrefix(strings.TrimPrefix(p.name, p.peer), "-")
	label, ok := map[string]string{picoNative: "picohttpparser", picoScalar: "picohttpparser scalar", "antlabs": "antlabs/httparser"}[p.peer]
	switch {
	case p.kernel:
		return "picohttp " + p.name
	case !ok:
		label = p.peer
	}
	if build != "" {
		label += " (" + build + ")"
	}
	return label
}

// findParsers returns all parsers that are here: the kernels, picohttpparser, the other programs
// that get.sh built, those of -side, which are NAME=PROGRAM, and those in Go.
func findParsers(kernels, more []string) (parsers []parser, err error) {
	for _, k := range kernels {
		parsers = append(parsers, parser{name: k, peer: k, kernel: true})
	}
	paths, err := filepath.Glob(".build/side-*")
	if err != nil {
		return nil, err
	}
	build := regexp.MustCompile(`-(gcc|clang|rustc)(-lto)?$`)
	var built []parser
	for _, path := range paths {
		if _, err := exec.LookPath(path); err != nil {
			continue // get.sh has not finished it
		}
		name := strings.TrimPrefix(filepath.Base(path), "side-")
		built = append(built, parser{name: name, peer: build.ReplaceAllString(name, ""), path: path})
	}
	first := map[string]int{picoNative: -2, picoScalar: -1}
	slices.SortStableFunc(built, func(a, b parser) int { return cmp.Compare(first[a.peer], first[b.peer]) })
	parsers = append(parsers, built...)
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
	for _, p := range goPeers {
		parsers = append(parsers, parser{name: p.name, peer: p.name})
	}
	for i, p := range parsers {
		if slices.ContainsFunc(parsers[:i], func(q parser) bool { return q.name == p.name }) {
			return nil, fmt.Errorf("two sides have the name %s", p.name)
		}
	}
	return parsers, nil
}

// A program is a child process that has a corpus and answers commands.
type program struct {
	parser
	about   string // its first line: what it is, and how it was built
	stdin   io.WriteCloser
	answers *bufio.Scanner
	cmd     *exec.Cmd
}

// start starts the side of a parser on a CPU, or anywhere if cpu is -1.
func start(parser parser, file string, cpu, threads int) (*program, error) {
	argv := []string{parser.path, file, strconv.Itoa(threads)}
	env := append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(threads))
	if parser.path == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		name := parser.name
		if parser.kernel {
			name = "picohttp"
		}
		env = append(env, "GODEBUG="+godebug[parser.name])
		argv = []string{self, "serve", file, name, strconv.Itoa(threads)}
	}
	if cpu >= 0 {
		argv = append([]string{"taskset", "-c", strconv.Itoa(cpu)}, argv...)
	}
	p := &program{parser: parser, cmd: exec.Command(argv[0], argv[1:]...)}
	p.cmd.Env, p.cmd.Stderr = env, os.Stderr
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.stdin, p.answers = stdin, bufio.NewScanner(stdout)
	p.answers.Buffer(nil, 1<<26) // an answer to a check is twice as long as the message
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	p.about, err = p.answer()
	if err == nil && p.kernel && !strings.HasPrefix(p.about, "picohttp "+p.name+",") {
		err = fmt.Errorf("asked for kernel %s, got %s", p.name, p.about)
	}
	if err != nil {
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

// godebug has the settings of GODEBUG that make a process use a kernel. They switch off what faster
// kernels need. A kernel without a setting is the fastest of its architecture.
var godebug = map[string]string{
	"avx2":  "cpu.avx512bw=off",
	"sse42": "cpu.avx512bw=off,cpu.avx2=off",
	"generic": map[string]string{
		"amd64": "cpu.avx512bw=off,cpu.avx2=off,cpu.sse42=off",
		"arm64": "cpu.asimd=off",
	}[runtime.GOARCH],
}

// kernels returns the kernels that run here, fastest first.
func kernels() []string {
	var names []string
	for _, k := range picohttp.Kernels() {
		if k.Runs {
			names = append(names, k.Name)
		}
	}
	return names
}

// Facts are what all programs agree on about the messages of a task.
type facts struct {
	messages int
	bytes    int
	lengths  int // the sum of all that is taken: names and values, or contents
}

// A difference says how a program first differed from picohttp, and in how many messages.
type difference struct {
	first       string
	last, count int
}

type differences map[string]*difference

func (d differences) add(name string, message int, what string) {
	switch before := d[name]; {
	case before == nil:
		d[name] = &difference{what, message, 1}
	case before.last != message:
		before.last = message
		before.count++
	}
}

// checks has the words of the answers to checks. The names and values of fields come after them.
// All from index taken on are taken in a timed loop, which sums their lengths.
var checks = map[string]struct {
	words []string
	taken int
}{
	"check-request":  {[]string{"result", "length", "method", "request-target", "minor version"}, 5},
	"check-response": {[]string{"result", "length", "minor version", "status code", "reason phrase"}, 5},
	"check-chunked":  {[]string{"result", "length", "content"}, 2},
	"check-serve": {[]string{"result", "content length", "keep-alive", "form of the target", "expectation of 100-continue",
		"other expectation", "upgrade", "host", "Accept-Encoding", "Cookie", "X-Absent"}, 7},
}

// judge asks every program what becomes of each head of a task. The differences have the programs
// that do not reject it, or all of them if only the verdict is wanted.
func judge(programs []*program, t task) (f facts, differ differences, err error) {
	f = facts{messages: len(t.messages), bytes: len(bytes.Join(t.messages, nil))}
	differ = differences{}
	for i := range t.messages {
		for _, p := range programs {
			answer, err := p.ask("check-request", i, 0)
			switch {
			case err != nil && p.kernel:
				return f, nil, err
			case err != nil:
				answer = "-"
			case answer != "refuses" && answer != "waits":
				answer = "accepts"
			}
			if answer != "refuses" || t.command == "verdict" {
				differ.add(p.name, i, answer)
			}
		}
	}
	return f, differ, nil
}

// agree asks every program about every message of a task. It is an error if the first program does
// not read all of a message. The differences have the programs that do not read what it reads.
func agree(programs []*program, t task) (f facts, differ differences, err error) {
	f = facts{messages: len(t.messages), bytes: len(bytes.Join(t.messages, nil))}
	differ = differences{}
	for i, m := range t.messages {
		for _, check := range t.checks() {
			want, err := programs[0].ask(check, i, 0)
			if err != nil {
				return f, nil, err
			}
			words := strings.Fields(want)
			if len(words) == 1 {
				return f, nil, fmt.Errorf("%s: picohttp %s", t.where(i), want)
			}
			for _, p := range programs[1:] {
				got, err := p.ask(check, i, 0)
				what := explain(check, want, got)
				if err != nil {
					what = err.Error()
				}
				if what != "" {
					differ.add(p.name, i, t.where(i)+": "+what)
				}
			}
			for _, word := range words[checks[check].taken:] {
				f.lengths += len(word) / 2
			}
			if check != "check-serve" && words[1] != strconv.Itoa(len(m)) {
				return f, nil, fmt.Errorf("%s: picohttp reads %s bytes of %d", t.where(i), words[1], len(m))
			}
		}
	}
	return f, differ, nil
}

// explain returns where an answer to a check first differs from picohttp's, with both values, or
// "" if it does not. A word that the parser does not tell is "-".
func explain(check, want, got string) string {
	w, g := strings.Fields(want), strings.Fields(got)
	names, sorted := checks[check].words, ""
	switch {
	case len(g) < 2:
		return "it " + got
	case g[0] == "loose" && len(g) >= len(names):
		w, g = sortFields(w, len(names)), sortFields(g, len(names))
		w[0], sorted = g[0], "sorted "
	}
	for i := range max(len(w), len(g)) {
		a, b := "missing", "missing"
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a == b || b == "-" {
			continue
		}
		var name string
		if k := i - len(names); k >= 0 {
			name = fmt.Sprintf("%sfield %d: %s", sorted, k/2+1, []string{"name", "value"}[k%2])
		} else {
			name = names[i]
		}
		return fmt.Sprintf("%s is %s, picohttp has %s", name, show(b, a), show(a, b))
	}
	return ""
}

// sortFields returns the words with the fields sorted, and with their names in lower case.
func sortFields(words []string, fixed int) []string {
	fields := slices.Collect(slices.Chunk(slices.Clone(words[fixed:]), 2))
	for _, f := range fields {
		if name, err := hex.DecodeString(f[0][1:]); err == nil {
			f[0] = fmt.Sprintf("x%x", bytes.ToLower(name))
		}
	}
	slices.SortFunc(fields, slices.Compare)
	return append(slices.Clone(words[:fixed]), slices.Concat(fields...)...)
}

// show returns a word of an answer as text, beginning shortly before it differs from another.
func show(word, other string) string {
	text, err := hex.DecodeString(strings.TrimPrefix(word, "x"))
	if err != nil || !strings.HasPrefix(word, "x") {
		return word
	}
	same := 0
	for same < min(len(word), len(other)) && word[same] == other[same] {
		same++
	}
	if skip := same/2 - 20; skip > 20 {
		return fmt.Sprintf("...%.80q", text[skip:])
	}
	return fmt.Sprintf("%.80q", text)
}

// A side is a program and the command that is timed: a row of a table.
type side struct {
	parser
	program *program
	command string
	step    int       // if the command is deliver
	threads int       // that run the command at once
	passes  int       // over the messages, in one slot
	times   []float64 // ns for a message, by round
	restore *side     // what this side also does, and what is subtracted, or nil
	bar     *side     // the side with which it is compared, or nil
}

// memchr is not a parser but a lower bound, which the program of picohttpparser measures.
var memchr = parser{name: "memchr", peer: "memchr"}

// sidesOf returns the sides of programs for a task.
func sidesOf(programs []*program, t task) (sides []*side) {
	if t.kind == chunked {
		return chunkedSides(programs)
	}
	for _, p := range programs {
		sides = append(sides, &side{parser: p.parser, program: p, command: t.command, step: t.step, threads: max(1, t.threads)})
		if t.bars && p.peer == picoNative {
			sides = append(sides, &side{parser: memchr, program: p, command: "memchr", threads: 1})
			t.bars = false
		}
	}
	return sides
}

// chunkedSides returns the sides for a task of bodies. It skips all kernels but the first, because a
// kernel reads only the trailer section of a body, which is empty.
func chunkedSides(programs []*program) (sides []*side) {
	kernel := false
	for _, p := range programs {
		name, peer := p.name, p.peer
		if p.kernel {
			if kernel {
				continue
			}
			kernel, name, peer = true, "picohttp", "picohttp"
		}
		add := func(what, command string) *side {
			s := &side{parser: parser{name: name + what, peer: peer + what, path: p.path}, program: p, command: command, threads: 1}
			sides = append(sides, s)
			return s
		}
		decode, restore, bar := add("", "decode"), add(" copy", "copy"), add(" memmove", "memmove")
		decode.restore, decode.bar, bar.restore = restore, bar, restore
		if p.kernel {
			add(" next", "next").bar = bar
		}
	}
	return sides
}

// run runs the side's command and returns the ns that it took. It is an error if the sum in the
// answer is not that of the lengths, or 0 for a command that takes nothing.
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
	want := passes * f.lengths
	switch s.command {
	case "parse-request", "parse-response", "refuse", "memchr", "copy":
		want = 0
	}
	if sum != want {
		return 0, fmt.Errorf("%s: the lengths have the sum %d, want %d", s.name, sum, want)
	}
	return ns, nil
}

// calibrate sets passes to the number that takes about the length of a slot.
func (s *side) calibrate(slot time.Duration, f facts) error {
	for s.passes = 1; ; s.passes *= 2 {
		ns, err := s.run(s.passes, f)
		if err != nil {
			return err
		}
		if ns >= float64(slot)/4 {
			s.passes = max(1, int(float64(s.passes)*float64(slot)/ns))
			return nil
		}
	}
}
