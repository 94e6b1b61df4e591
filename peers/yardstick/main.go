// Yardstick measures picohttp's kernels, and its decoder of chunked bodies,
// against picohttpparser, the C parser whose speed others quote, and, if asked to,
// against other parsers in C, Rust and Go: all of them in one run, on the same
// bytes, in slots of some 20 ms that alternate. What it is for is the ratios; on a
// noisy machine they hold when the times do not. See README.md.
//
//	go run ./yardstick [flags]
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

type options struct {
	rounds  int
	slot    time.Duration
	cpu     int
	read    bool
	serve   bool
	peers   bool
	kernels []string
	paths   kind // of the messages in files
}

func main() {
	child()
	o := options{paths: request}
	corpora := flag.String("corpus", "tiny,pico703,mixed",
		"comma-separated: mixed, mixed/FAMILY, response300, response1000, chunked16k, chunked64, "+
			"NAME for ../testdata/heads/NAME.http, or the path of a file of heads")
	responses := flag.Bool("response", false, "the files that -corpus gives by their paths are of heads of responses")
	kernelList := flag.String("kernel", "", "comma-separated kernels (default all that run here)")
	flag.IntVar(&o.rounds, "rounds", 15, "rounds; a figure to be quoted takes 15 or more")
	flag.DurationVar(&o.slot, "slot", 20*time.Millisecond, "how long a side runs in a round")
	flag.IntVar(&o.cpu, "cpu", lastCPU(), "the CPU for all sides; -1 for none in particular")
	flag.BoolVar(&o.read, "read", false, "after each parse of a head, also take every field name and value")
	flag.BoolVar(&o.serve, "serve", false, "after each parse of a request, do all that a server does before it can respond")
	flag.BoolVar(&o.peers, "peers", false, "all other parsers, too; implies -read, unless there is -serve")
	own := flag.Bool("own", false, "the arguments are files of request heads of yours, raw or one base64 a line: -peers for these")
	report := flag.String("report", "", "measure everything and write text, Markdown and charts to this `folder`")
	short := flag.Bool("short", false, "with -report: in seconds, with figures that mean nothing")
	flag.Parse()
	switch {
	case (flag.NArg() > 0) != *own:
		refuse("files of heads come behind -own, and nothing else takes any")
	case *own && *report != "":
		refuse("-own or -report, not both")
	case *short && *report == "":
		refuse("-short goes with -report")
	case o.read && o.serve:
		refuse("-read or -serve, not both")
	case o.rounds < 1 || o.slot <= 0:
		refuse("-rounds and -slot are above 0")
	}
	o.kernels = kernels()
	if *kernelList != "" {
		o.kernels = strings.Split(*kernelList, ",")
	}
	if *responses {
		o.paths = response
	}
	err := missing(os.Stdout, *own || o.peers || *report != "")
	switch {
	case err != nil:
	case *report != "":
		err = makeReport(*report, *short, o)
	case *own:
		err = runOwn(os.Stdout, flag.Args(), o)
	default:
		var all []task
		if all, err = tasks(strings.Split(*corpora, ","), o); err == nil {
			err = run(os.Stdout, all, o)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "yardstick:", err)
		os.Exit(1)
	}
}

// refuse ends the program because of its arguments.
func refuse(why string) {
	fmt.Fprintf(os.Stderr, "yardstick: %s; -h lists the flags\n", why)
	os.Exit(2)
}

// missing names the parsers that are wanted and not here. CI has to have all.
func missing(out io.Writer, peers bool) error {
	for _, b := range binaries {
		if _, err := os.Stat(binaryPath(b.name)); err == nil {
			continue
		}
		if !isPeer(b.name) || peers && os.Getenv("CI") == "true" {
			return fmt.Errorf("no %s in peers/.build: run ./get.sh", b.file)
		}
		if peers {
			fmt.Fprintf(out, "skipped: %s: no %s: run ./get.sh, which says why\n", b.name, binaryPath(b.name))
		}
	}
	return nil
}

// A task is what all sides are to do with some messages.
type task struct {
	name     string
	kind     kind
	messages [][]byte
	command  string
	step     int  // of a delivery
	threads  int  // if not 0: so many, on any CPU
	bars     bool // memchr is a side, too
	parsers  []string
}

// check is the command whose answers must agree before any time is taken.
func (t task) check() string {
	if t.command == "serve-request" {
		return "check-serve"
	}
	return "check-" + string(t.kind)
}

// peerTask is a task for all parsers: to read heads, or to serve them.
func peerTask(name string, heads [][]byte, serve bool) task {
	t := task{name: name, kind: request, messages: heads, command: "read-request", bars: true, parsers: allParsers()}
	if serve {
		t.command, t.bars = "serve-request", false
		t.parsers = slices.DeleteFunc(t.parsers, func(p string) bool { return !canServe(p) })
	}
	return t
}

// judged reports whether a task is of heads that are not to be accepted.
func (t task) judged() bool { return t.command == "refuse" || t.command == "verdict" }

// A result is a task that was performed.
type result struct {
	task
	facts  facts
	sides  []*side
	differ differences // of parsers that have no side
}

// tasks returns the tasks of corpora, by their names.
func tasks(corpora []string, o options) ([]task, error) {
	var all []task
	for _, name := range corpora {
		k, messages, err := corpus(name, o.paths)
		if err != nil {
			return nil, err
		}
		t := task{name: name, kind: k, messages: messages, command: "parse-" + string(k), bars: true,
			parsers: slices.Concat([]string{picoNative, picoScalar}, o.kernels)}
		switch {
		case o.serve && k != request:
			return nil, fmt.Errorf("corpus %s: -serve is for requests", name)
		case o.peers && k == request:
			t = peerTask(name, messages, o.serve)
		case o.serve:
			t.command, t.bars = "serve-request", false
		case o.read:
			t.command = "read-" + string(k)
		}
		all = append(all, t)
	}
	return all, nil
}

// run prints a table for each task.
func run(out io.Writer, tasks []task, o options) error {
	lines, err := about(tasks[0].parsers, o)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, strings.Join(lines, "\n"))
	for _, t := range tasks {
		r, err := perform(t, o)
		if err != nil {
			return fmt.Errorf("corpus %s: %w", t.name, err)
		}
		f := r.facts
		if t.kind == chunked {
			fmt.Fprintf(out, "\ncorpus %s: %d bodies, %d bytes, %d of them content\n", t.name, f.messages, f.bytes, f.lengths)
		} else {
			fmt.Fprintf(out, "\ncorpus %s: %d heads, %d bytes, median %d fields\n", t.name, f.messages, f.bytes, f.medianFields)
		}
		table(out, r.sides, f)
		for _, name := range slices.Sorted(maps.Keys(r.differ)) {
			fmt.Fprintf(out, "%s is left out: %s\n", name, r.differ[name].first)
		}
	}
	return nil
}

// perform starts the sides of a task, holds them to one another, and takes their
// times.
func perform(t task, o options) (*result, error) {
	programs, stop, err := startOn(t, o)
	if err != nil {
		return nil, err
	}
	defer stop()
	r := &result{task: t}
	if t.judged() {
		r.facts, r.differ, err = refused(programs, t)
	} else {
		r.facts, r.differ, err = agree(programs, t)
	}
	if err != nil {
		return nil, err
	}
	var agreeing []*program
	for _, p := range programs {
		switch d := r.differ[p.name]; {
		case d == nil:
			agreeing = append(agreeing, p)
		case !t.judged() && !isPeer(p.name):
			return nil, errors.New(d.first)
		}
	}
	r.sides = sidesOf(agreeing, t)
	return r, measure(r.sides, r.facts, o)
}

// startOn starts the sides of a task on its messages.
func startOn(t task, o options) (programs []*program, stop func(), err error) {
	file, err := os.CreateTemp("", "yardstick")
	if err != nil {
		return nil, nil, err
	}
	defer os.Remove(file.Name()) // by the end of this function all sides have it mapped
	if _, err := file.Write(encodeCorpus(t.messages)); err != nil {
		return nil, nil, err
	}
	if err := file.Close(); err != nil {
		return nil, nil, err
	}
	cpu, threads := o.cpu, 1
	if t.threads > 0 {
		cpu, threads = -1, t.threads
	}
	programs, err = startAll(t.parsers, file.Name(), cpu, threads)
	return programs, func() { stopAll(programs) }, err
}

// isPeer reports whether a parser may differ: picohttp's kernels and the yardstick
// itself may not.
func isPeer(name string) bool {
	if name == picoNative || name == picoScalar {
		return false
	}
	for _, p := range goPeers {
		if p.name == name {
			return true
		}
	}
	return binaryPath(name) != ""
}

// refused asks all programs about heads that are to be refused; if no more than
// the verdict is wanted, all differ.
func refused(programs []*program, t task) (f facts, differ differences, err error) {
	f = facts{kind: t.kind, messages: len(t.messages)}
	differ = differences{}
	for i, m := range t.messages {
		f.bytes += len(m)
		for _, p := range programs {
			answer, err := p.ask("verdict", i, 0)
			if err != nil {
				return f, nil, err
			}
			if answer != "refuses" || t.command == "verdict" {
				differ.add(p.name, i, answer)
			}
		}
	}
	return f, differ, nil
}

// measure takes the times of all sides, in rounds. In each round another side
// goes first, so that what disturbs the machine at regular times does not always
// disturb the same one.
func measure(sides []*side, f facts, o options) error {
	for _, s := range sides {
		if err := s.calibrate(o.slot, f); err != nil {
			return err
		}
	}
	for round := range o.rounds {
		for i := range sides {
			s := sides[(round+i)%len(sides)]
			ns, err := s.run(s.passes, f)
			if err != nil {
				return err
			}
			s.times = append(s.times, ns/float64(s.passes*f.messages*s.threads))
		}
	}
	net(sides)
	return nil
}

// table prints a row for each side, the slowest first.
func table(out io.Writer, sides []*side, f facts) {
	byName := map[string]*side{}
	for _, s := range sides {
		byName[s.name] = s
	}
	scalar := byName[picoScalar]
	fastest := byName[picoNative]
	if median(scalar.times) < median(fastest.times) {
		fastest = scalar
	}
	sides = slices.SortedFunc(slices.Values(sides), func(a, b *side) int {
		return cmp.Compare(median(b.times), median(a.times))
	})
	width := 12
	for _, s := range sides {
		width = max(width, len(s.name))
	}
	fmt.Fprintf(out, "%-*s %9s %9s %7s %8s %8s %8s",
		width, "side", "median", "min", "spread", "/pico", "/scalar", "MB/s")
	if f.kind == chunked {
		fmt.Fprintf(out, " %8s", "/memmove")
	}
	for _, s := range sides {
		mid := median(s.times)
		fmt.Fprintf(out, "\n%-*s %9.1f %9.1f %6.1f%% %8.3f %8.3f %8.0f",
			width, s.name, mid, slices.Min(s.times), 100*spread(s.times),
			ratio(s, fastest), ratio(s, scalar), float64(f.bytes)/float64(f.messages)/mid*1000)
		if s.bar != nil {
			fmt.Fprintf(out, " %8.3f", ratio(s, s.bar))
		}
	}
	if f.kind == chunked {
		fmt.Fprintf(out, "\nmedian and min in ns/body; /pico is against %s, /memmove against that of the same process\n", fastest.name)
		fmt.Fprintln(out, "decoding and memmove are net of copy, which restores the body")
		return
	}
	fmt.Fprintf(out, "\nmedian and min in ns/head; /pico is against %s\n", fastest.name)
}

// ratio returns the median of the ratios in the rounds: two times of one round
// were taken within a fraction of a second, and most noise is in both.
func ratio(s, base *side) float64 {
	ratios := make([]float64, len(s.times))
	for round := range ratios {
		ratios[round] = s.times[round] / base.times[round]
	}
	return median(ratios)
}

// spread returns the distance between the quartiles, as a part of the median.
func spread(times []float64) float64 {
	return (quantile(times, 0.75) - quantile(times, 0.25)) / median(times)
}

func median(values []float64) float64 { return quantile(values, 0.5) }

// quantile returns the value below which a part q of the values lies, on the
// line between the two next to it.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

// about returns what a reader needs to know to repeat the run, and of whom the
// figures are.
func about(parsers []string, o options) ([]string, error) {
	lines := []string{
		"command: go run ./yardstick " + strings.Join(os.Args[1:], " "),
		fmt.Sprintf("CPU:     %s (number %d)", cpuModel(), o.cpu),
		fmt.Sprintf("Go:      %s %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH),
		"commit:  " + commit(),
		"kernels: " + strings.Join(o.kernels, " "),
	}
	programs, stop, err := startOn(task{messages: [][]byte{{}}, parsers: parsers}, o)
	if err != nil {
		return nil, err
	}
	defer stop()
	for _, p := range programs {
		lines = append(lines, p.name+" is "+p.about)
	}
	return lines, nil
}

// cpuModel returns what the kernel calls the CPU, with the numbers that tell one
// of that name from another.
func cpuModel() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	value := map[string]string{}
	for line := range strings.Lines(string(b)) {
		name, v, _ := strings.Cut(line, ":")
		if name = strings.TrimSpace(name); value[name] == "" {
			value[name] = strings.TrimSpace(v)
		}
	}
	if value["model name"] == "" {
		return "unknown " + runtime.GOARCH
	}
	return fmt.Sprintf("%s, family %s, model %s", value["model name"], value["cpu family"], value["model"])
}

// commit returns the commit of the working tree, marked if it was changed since.
func commit() string {
	b, err := exec.Command("git", "describe", "--always", "--dirty", "--abbrev=12").Output()
	if err != nil {
		return "none"
	}
	return strings.TrimSpace(string(b))
}

// lastCPU returns the last CPU that this process may run on (the first ones have
// the most interrupts), or -1 if it cannot choose.
func lastCPU() int {
	if _, err := exec.LookPath("taskset"); err != nil {
		return -1
	}
	b, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(b)) {
		if list, ok := strings.CutPrefix(line, "Cpus_allowed_list:"); ok {
			list = strings.TrimSpace(list)
			if cpu, err := strconv.Atoi(list[strings.LastIndexAny(list, ",-")+1:]); err == nil {
				return cpu
			}
		}
	}
	return -1
}
