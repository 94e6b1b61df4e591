// Yardstick measures picohttp's kernels and its decoder for chunked bodies along with
// picohttpparser, the C parser whose speed others quote, and with other parsers in C, C++, Rust
// and Go. All are measured in one run, on the same bytes, in slots of about 20 ms that alternate.
// Quote its ratios: on a noisy machine they hold when the times do not. See README.md.
//
//	go run ./yardstick [flags]
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/cpuid/v2"
)

type options struct {
	rounds  int
	slot    time.Duration
	cpu     int
	read    bool
	serve   bool
	peers   bool
	parsers []parser // the first is a kernel of picohttp, with whose answers all others are compared
}

func main() {
	child()
	var o options
	corpora := flag.String("corpus", "tiny,pico703,mixed",
		"comma-separated: mixed, mixed/FAMILY, response300, response1000, chunked16k, chunked64, "+
			"NAME for ../testdata/heads/NAME.http, or the path of a file of heads")
	kernelList := flag.String("kernel", strings.Join(kernels(), ","), "comma-separated kernels")
	flag.IntVar(&o.rounds, "rounds", 15, "rounds; a figure to be quoted takes 15 or more")
	flag.DurationVar(&o.slot, "slot", 20*time.Millisecond, "how long a side runs in a round")
	flag.IntVar(&o.cpu, "cpu", lastCPU(), "the CPU for all sides; -1 for none in particular")
	flag.BoolVar(&o.read, "read", false, "after each parse of a head, also take every field name and value")
	flag.BoolVar(&o.serve, "serve", false, "after each parse of a request, do all that a server does before it can respond")
	flag.BoolVar(&o.peers, "peers", false, "also measure all other parsers; implies -read, unless there is -serve")
	var more []string
	flag.Func("side", "also measure `NAME=PROGRAM`, which speaks the protocol of yardstick/native/side.h; may be repeated; implies -peers",
		func(s string) error { more, o.peers = append(more, s), true; return nil })
	only := flag.String("only", "", "measure only these sides, comma-separated (with -report also picohttp); "+
		"one that is neither picohttp nor picohttpparser implies -peers")
	own := flag.Bool("own", false, "the arguments are files of request heads of yours, as captured: -peers for these")
	report := flag.String("report", "", "measure everything and write text, Markdown and charts to this `folder`")
	short := flag.Bool("short", false, "with -report: in seconds, with figures that mean nothing")
	flag.Parse()
	switch {
	case (flag.NArg() > 0) != *own:
		usage("files of heads come after -own, and nothing else takes any")
	case *own && *report != "":
		usage("-own or -report, not both")
	case *short && *report == "":
		usage("-short goes with -report")
	case o.read && o.serve:
		usage("-read or -serve, not both")
	case o.rounds < 1 || o.slot <= 0:
		usage("-rounds and -slot are above 0")
	}
	all, err := findParsers(strings.Split(*kernelList, ","), more)
	if err != nil {
		usage(err.Error())
	}
	o.parsers = all
	if *only != "" {
		if o.parsers, err = choose(all, strings.Split(*only, ",")); err != nil {
			usage(err.Error())
		}
		o.peers = o.peers || slices.ContainsFunc(o.parsers, func(p parser) bool { return !p.kernel && !p.isPico() })
	}
	err = missing(os.Stdout, all, *only == "" && (*own || o.peers || *report != ""))
	switch {
	case err != nil:
	case *report != "":
		err = makeReport(*report, *short, o)
	case *own:
		err = runOwn(os.Stdout, flag.Args(), o)
	default:
		var tasks []task
		if tasks, err = o.tasks(strings.Split(*corpora, ",")); err == nil {
			err = run(os.Stdout, tasks, o)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "yardstick:", err)
		os.Exit(1)
	}
}

// usage ends the program because of its arguments.
func usage(why string) {
	fmt.Fprintf(os.Stderr, "yardstick: %s; -h lists the flags\n", why)
	os.Exit(2)
}

// choose returns the parsers with these names. The name of a peer stands for all its builds. The
// first parser is always returned, because all others are compared with it, but it is untimed if
// it was not named.
func choose(all []parser, names []string) ([]parser, error) {
	var known []string
	for _, p := range all {
		known = append(known, p.name)
		if p.peer != p.name && !slices.Contains(known, p.peer) {
			known = append(known, p.peer)
		}
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("-only: no side %q; there are %s", name, strings.Join(known, ", "))
		}
	}
	var chosen []parser
	for i, p := range all {
		p.untimed = !slices.Contains(names, p.name) && !slices.Contains(names, p.peer)
		if i == 0 || !p.untimed {
			chosen = append(chosen, p)
		}
	}
	return chosen, nil
}

// missing prints which parsers get.sh has not built. It is an error if picohttpparser is missing,
// and in CI if any parser is.
func missing(out io.Writer, all []parser, peers bool) error {
	for _, peer := range []string{picoNative, picoScalar, "httparse", "llhttp", "http_parser", "beast"} {
		switch pico := (parser{peer: peer}).isPico(); {
		case slices.ContainsFunc(all, func(p parser) bool { return p.peer == peer }):
		case pico || peers && os.Getenv("CI") == "true":
			return fmt.Errorf("no side-%s in peers/.build: run ./get.sh", peer)
		case peers:
			fmt.Fprintf(out, "skipped: %s: no .build/side-%s: run ./get.sh, which says why\n", peer, peer)
		}
	}
	return nil
}

// A task is what all sides do with some messages.
type task struct {
	name     string
	kind     kind
	messages [][]byte
	file     string   // that has the messages, or ""
	from     []string // where each message is from, or nil
	command  string
	step     int  // of a delivery
	threads  int  // if not 0, the number of threads, on any CPU
	bars     bool // memchr is a side, too
	parsers  []parser
}

// where returns a name for a message in the texts of errors.
func (t task) where(i int) string {
	switch place := cmp.Or(t.file, t.name); {
	case t.from != nil:
		return t.from[i]
	case len(t.messages) == 1:
		return place
	default:
		return fmt.Sprintf("%s, head %d", place, i+1)
	}
}

// checks returns the commands whose answers must agree before anything is timed.
func (t task) checks() []string {
	if t.command == "serve-request" {
		return []string{"check-request", "check-serve"}
	}
	return []string{"check-" + string(t.kind)}
}

// judged reports whether the heads of a task are to be rejected.
func (t task) judged() bool { return t.command == "refuse" || t.command == "verdict" }

// peerTask makes t a task for all parsers: to read heads, or to serve them.
func (o options) peerTask(t task, serve bool) task {
	t.kind, t.command, t.bars, t.parsers = request, "read-request", true, o.parsers
	if serve {
		t.command, t.bars, t.parsers = "serve-request", false, filter(t.parsers, parser.canServe)
	}
	return t
}

func filter(parsers []parser, keep func(parser) bool) []parser {
	return slices.DeleteFunc(slices.Clone(parsers), func(p parser) bool { return !keep(p) })
}

// tasks returns the tasks of corpora, by their names.
func (o options) tasks(corpora []string) ([]task, error) {
	var all []task
	for _, name := range corpora {
		t, err := corpus(name)
		if err != nil {
			return nil, err
		}
		t.command, t.bars = "parse-"+string(t.kind), true
		t.parsers = filter(o.parsers, func(p parser) bool { return p.kernel || p.isPico() })
		switch {
		case o.serve && t.kind != request:
			return nil, fmt.Errorf("corpus %s: -serve is for requests", name)
		case t.kind == request && (o.peers || o.serve):
			parsers := t.parsers
			if t = o.peerTask(t, o.serve); !o.peers {
				t.parsers = parsers
			}
		case o.read:
			t.command = "read-" + string(t.kind)
		}
		all = append(all, t)
	}
	return all, nil
}

// A result is a task and what came of it.
type result struct {
	task
	facts  facts
	sides  []*side
	differ differences // of the parsers that have no side
}

// side returns the side of a parser, or nil.
func (r *result) side(p parser) *side {
	for _, s := range r.sides {
		if s.name == p.name {
			return s
		}
	}
	return nil
}

// fastest returns the parsers in some results. Of each peer it returns only the fastest build: the
// one with a time in most results and, among those, the lowest geometric mean.
func fastest(results ...*result) (chosen []parser) {
	figures, logs := map[string]int{}, map[string]float64{}
	all := filter(results[0].parsers, func(p parser) bool { return !p.untimed })
	for _, r := range results {
		for _, s := range r.sides {
			figures[s.name]++
			logs[s.name] += math.Log(median(s.times))
			all = append(all, s.parser)
		}
	}
	for _, p := range all {
		i := slices.IndexFunc(chosen, func(q parser) bool { return q.peer == p.peer })
		switch {
		case i < 0:
			chosen = append(chosen, p)
		case cmp.Or(cmp.Compare(figures[chosen[i].name], figures[p.name]), cmp.Compare(logs[p.name], logs[chosen[i].name])) < 0:
			chosen[i] = p
		}
	}
	return chosen
}

// base returns the side with which others are compared. It is the faster picohttpparser of those
// that are shown, or the first side without any.
func (r *result) base(shown []parser) *side {
	var base *side
	for _, p := range shown {
		s := r.side(p)
		if s != nil && (base == nil || p.isPico() && (!base.isPico() || median(s.times) < median(base.times))) {
			base = s
		}
	}
	return base
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
		what := "heads"
		if t.kind == chunked {
			what = "bodies"
		}
		fmt.Fprintf(out, "\ncorpus %s: %d %s, %d bytes\n", t.name, r.facts.messages, what, r.facts.bytes)
		r.table(out)
		for _, p := range t.parsers {
			if d := r.differ[p.name]; d != nil {
				fmt.Fprintf(out, "%s is left out (%d of %d messages): %s\n", p.name, d.count, r.facts.messages, d.first)
			}
		}
	}
	return nil
}

// perform starts the sides of a task, compares their answers, and times those that agree.
func perform(t task, o options) (*result, error) {
	programs, stop, err := startOn(t, o)
	if err != nil {
		return nil, err
	}
	defer stop()
	r := &result{task: t}
	if t.judged() {
		r.facts, r.differ, err = judge(programs, t)
	} else {
		r.facts, r.differ, err = agree(programs, t)
	}
	if err != nil {
		return nil, err
	}
	var timed []*program
	for _, p := range programs {
		switch d := r.differ[p.name]; {
		case d == nil && !p.untimed:
			timed = append(timed, p)
		case d != nil && p.kernel && !t.judged():
			return nil, fmt.Errorf("%s: %s", p.name, d.first)
		}
	}
	for _, s := range sidesOf(timed, t) {
		switch err := s.calibrate(o.slot, r.facts); {
		case err == nil:
			r.sides = append(r.sides, s)
		case s.kernel || t.kind == chunked:
			return nil, err
		default: // the side does not have the command, or its sum is wrong
			r.differ.add(s.name, 0, err.Error())
		}
	}
	if len(r.sides) == 0 && !t.judged() {
		return nil, errors.New("no side is left")
	}
	return r, measure(r.sides, r.facts, o)
}

// startOn starts the sides of a task on its messages.
func startOn(t task, o options) (programs []*program, stop func(), err error) {
	stop = func() {
		for _, p := range programs {
			p.stop()
		}
	}
	file, err := os.CreateTemp("", "yardstick")
	if err != nil {
		return nil, stop, err
	}
	defer os.Remove(file.Name()) // by the end of this function all sides have it mapped
	if _, err := file.Write(encodeCorpus(t.messages)); err != nil {
		return nil, stop, err
	}
	if err := file.Close(); err != nil {
		return nil, stop, err
	}
	cpu := o.cpu
	if t.threads > 0 {
		cpu = -1
	}
	for _, p := range t.parsers {
		program, err := start(p, file.Name(), cpu, max(1, t.threads))
		if err != nil {
			stop()
			return nil, stop, err
		}
		programs = append(programs, program)
	}
	return programs, stop, nil
}

// measure times all sides, in rounds. Each round begins with another side, so that something that
// disturbs the machine periodically does not always disturb the same side.
func measure(sides []*side, f facts, o options) error {
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

// net subtracts from the times of each round what restoring took in that round.
func net(sides []*side) {
	for _, s := range sides {
		for round := range s.times {
			if s.restore != nil {
				s.times[round] -= s.restore.times[round]
			}
		}
	}
}

// table prints a row for each peer, the slowest first.
func (r *result) table(out io.Writer) {
	shown, unit := fastest(r), "ns/head"
	base := r.base(shown)
	shown = slices.DeleteFunc(shown, func(p parser) bool { return r.side(p) == nil })
	width := 12
	for _, p := range shown {
		width = max(width, len(p.name))
	}
	slices.SortFunc(shown, func(a, b parser) int { return cmp.Compare(median(r.side(b).times), median(r.side(a).times)) })
	fmt.Fprintf(out, "%-*s %9s %9s %7s %8s %8s", width, "side", "median", "min", "spread", "ratio", "MB/s")
	if r.kind == chunked {
		fmt.Fprintf(out, " %8s", "/memmove")
	}
	for _, p := range shown {
		s := r.side(p)
		mid := median(s.times)
		fmt.Fprintf(out, "\n%-*s %9.1f %9.1f %6.1f%% %8.3f %8.0f", width, s.name, mid, slices.Min(s.times),
			100*spread(s.times), ratio(s, base), float64(r.facts.bytes)/float64(r.facts.messages)/mid*1000)
		if s.bar != nil {
			fmt.Fprintf(out, " %8.3f", ratio(s, s.bar))
		}
	}
	if r.kind == chunked {
		unit = "ns/body, decoding and memmove net of copy, which restores the body; /memmove is against that of the same process"
	}
	fmt.Fprintf(out, "\nmedian and min in %s; the ratio is to %s\n", unit, base.name)
}

// ratio returns the median of the ratios in the rounds. The two times of a round were taken
// within a fraction of a second, so most noise is in both.
func ratio(s, base *side) float64 {
	ratios := make([]float64, len(s.times))
	for round := range ratios {
		ratios[round] = s.times[round] / base.times[round]
	}
	return median(ratios)
}

// spread returns the distance between the quartiles as a fraction of the median.
func spread(times []float64) float64 {
	return (quantile(times, 0.75) - quantile(times, 0.25)) / median(times)
}

func median(values []float64) float64 { return quantile(values, 0.5) }

// quantile returns the value below which a fraction q of the values lies, interpolated
// between the two nearest.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

// about returns what a reader needs to repeat the run, and the first line of each side.
func about(parsers []parser, o options) ([]string, error) {
	lines := []string{
		"command: go run ./yardstick " + strings.Join(os.Args[1:], " "),
		fmt.Sprintf("CPU:     %s (number %d)", cpuModel(), o.cpu),
		fmt.Sprintf("Go:      %s %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH),
		"commit:  " + commit(),
	}
	programs, stop, err := startOn(task{messages: [][]byte{{}}, parsers: parsers}, o)
	defer stop()
	for _, p := range programs {
		lines = append(lines, p.name+" is "+p.about)
	}
	return lines, err
}

// cpuModel returns the name of the CPU and, because several models share a name, its numbers.
func cpuModel() string {
	c := cpuid.CPU
	return fmt.Sprintf("%s, family %d, model %d", cmp.Or(c.BrandName, "unknown "+runtime.GOARCH), c.Family, c.Model)
}

// commit returns the commit of the working tree, marked if it was changed since.
func commit() string {
	b, err := exec.Command("git", "describe", "--always", "--dirty", "--abbrev=12").Output()
	if err != nil {
		return "none"
	}
	return strings.TrimSpace(string(b))
}

// lastCPU returns the last CPU that this process may run on, because the first ones serve most
// interrupts, or -1 if it cannot choose.
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
