//go:build linux

// Command load measures servers end to end with wrk: the examples, net/http,
// fasthttp and hertz. Each runs in a process of its own on one CPU, wrk on
// another. Run it in the folder examples:
//
//	go run ./load           # the table, in some ten minutes
//	go run ./load -short    # whether it works
//	go run ./load -profile  # the share of the parser
//	go run ./load -memory   # whether the memory of the examples stays flat
//
// It needs wrk, which get.sh installs (apt-get install wrk).
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const module = "github.com/picohttp/picohttp/examples"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second interrupt ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// A bench is one run of the program.
type bench struct {
	duration    time.Duration
	rounds      int
	connections int
	depth       int
	port        int
	short       bool
	profile     bool
	memory      bool
	only        string
	keep        string

	args    []string
	root    string // the folder examples
	folder  string // for binaries, scripts and profiles
	cpus    [2]string
	servers []*server
	loads   []load
	scripts map[string]string // the file of a load's script
	failed  []string          // what did not work
	out     io.Writer         // the report
	log     io.Writer         // progress
	began   time.Time
	before  string // the load average
}

func run(ctx context.Context, args []string, out, log io.Writer) (status int) {
	b := &bench{args: args, out: out, log: log, began: time.Now(), before: firstField("/proc/loadavg")}
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(log)
	flags.DurationVar(&b.duration, "duration", 0, "`time` of each run (default 5s, with -memory 3m)")
	flags.IntVar(&b.rounds, "rounds", 3, "`number` of runs of each server with each load")
	flags.IntVar(&b.connections, "connections", 64, "`number` of connections")
	flags.IntVar(&b.depth, "depth", 16, "`number` of requests sent at once with pipelining")
	flags.IntVar(&b.port, "port", 18080, "first `port` of a hundred to take a free one of")
	flags.StringVar(&b.only, "servers", "", "measure only servers whose name or folder matches `regexp`, and "+baseline+"; with -memory the examples if it is empty")
	flags.BoolVar(&b.short, "short", false, "one round of 300 ms: no figures, but all else")
	flags.BoolVar(&b.profile, "profile", false, "instead of measuring, profile each server under load: the share of its parser")
	flags.BoolVar(&b.memory, "memory", false, "instead of measuring, load each server for longer, and see whether its memory stays flat")
	flags.StringVar(&b.keep, "keep", "", "keep binaries and profiles in `folder`")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	switch {
	case b.short && b.memory:
		b.duration = 3 * time.Second
	case b.short:
		b.duration, b.rounds = 300*time.Millisecond, 1
	case b.memory:
		b.duration = cmp.Or(b.duration, 3*time.Minute)
	default:
		b.duration = cmp.Or(b.duration, 5*time.Second)
	}
	if b.profile {
		b.rounds = 1
	}
	if flags.NArg() > 0 || b.profile && b.memory || b.duration <= 0 || b.rounds < 1 || b.connections < 1 || b.depth < 2 {
		fmt.Fprintln(log, "load: takes no arguments, one of -profile and -memory, and positive numbers, -depth from 2 on")
		return 2
	}
	for command, pkg := range map[string]string{"wrk": "wrk", "taskset": "util-linux"} {
		if _, err := exec.LookPath(command); err == nil {
			continue
		}
		why := fmt.Sprintf("%s is not there: apt-get install %s, or examples/get.sh", command, pkg)
		if os.Getenv("CI") == "true" {
			fmt.Fprintf(log, "load: %s; CI must have it\n", why)
			return 1
		}
		fmt.Fprintf(log, "load: skipped: %s\n", why)
		return 0
	}

	err := b.prepare(ctx)
	defer b.clean()
	switch {
	case err != nil:
	case b.profile:
		err = b.profileAll(ctx)
	case b.memory:
		err = b.memoryAll(ctx)
	default:
		err = b.measureAll(ctx)
	}
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(log, "load: interrupted")
		return 130
	case err != nil:
		fmt.Fprintf(log, "load: %v\n", err)
		return 1
	}
	for _, why := range b.failed {
		fmt.Fprintf(log, "load: %s\n", why)
	}
	return min(len(b.failed), 1)
}

// prepare builds the servers and checks that they answer.
func (b *bench) prepare(ctx context.Context) (err error) {
	goList := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Path}}\n{{.Dir}}")
	goList.Stderr = b.log
	listed, err := goList.Output()
	path, root, _ := strings.Cut(strings.TrimSpace(string(listed)), "\n")
	if err != nil || path != module {
		return fmt.Errorf("has to run in the folder examples, or below: %w", errors.Join(err, fmt.Errorf("the module is %q", path)))
	}
	b.root = root
	if b.folder = b.keep; b.keep == "" {
		b.folder, err = os.MkdirTemp("", "picohttp-load-")
	} else if b.folder, err = filepath.Abs(b.keep); err == nil {
		err = os.MkdirAll(b.folder, 0o777)
	}
	if err != nil {
		return err
	}
	if b.cpus, err = twoCPUs(); err != nil {
		return err
	}
	if err := b.makeLoads(); err != nil {
		return err
	}

	pattern, err := regexp.Compile(b.only)
	if err != nil {
		return err
	}
	for _, s := range allServers() {
		if !pattern.MatchString(s.name) && !pattern.MatchString(s.path) && (s.name != baseline || b.memory) ||
			b.memory && b.only == "" && strings.HasPrefix(s.path, "load/") {
			continue
		}
		b.progress("building %s", s.name)
		err := s.build(ctx, b.root, b.folder, b.profile)
		if err == nil {
			b.progress("checking %s", s.name)
			err = b.check(ctx, s)
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			b.fail(s, err)
		default:
			b.servers = append(b.servers, s)
		}
	}
	if len(b.servers) == 0 {
		return errors.New("there is no server to measure")
	}
	return nil
}

func (b *bench) clean() {
	if b.keep == "" && b.folder != "" {
		os.RemoveAll(b.folder)
	}
}

// makeLoads reads the heads. Their request-targets are behind a "?" then, as
// queries of the one path that all servers answer; all other octets stay.
func (b *bench) makeLoads() error {
	b.scripts = map[string]string{}
	for _, name := range []string{"load-generator", "chrome"} {
		head, err := os.ReadFile(filepath.Join(b.root, "..", "testdata", "heads", name+".http"))
		if err != nil {
			return err
		}
		rest, found := strings.CutPrefix(string(head), "GET /")
		if !found {
			return fmt.Errorf("%s.http is no GET in origin-form", name)
		}
		for _, depth := range []int{1, b.depth} {
			l := load{name: name, head: []byte("GET /?" + rest), depth: depth}
			script := filepath.Join(b.folder, fmt.Sprintf("%s-%d.lua", name, depth))
			if err := os.WriteFile(script, []byte(l.script(!b.memory)), 0o666); err != nil {
				return err
			}
			b.loads = append(b.loads, l)
			b.scripts[l.String()] = script
		}
	}
	return nil
}

// start starts s on the first CPU.
func (b *bench) start(ctx context.Context, s *server, env ...string) (*process, error) {
	addr, err := freeAddr(b.port)
	if err != nil {
		return nil, err
	}
	return s.start(ctx, b.cpus[0], addr, env...)
}

// check starts s and compares its answers.
func (b *bench) check(ctx context.Context, s *server) error {
	p, err := b.start(ctx, s)
	if err != nil {
		return err
	}
	defer p.stop()
	for _, l := range b.loads {
		octets, err := check(p.addr, l.head, l.depth)
		if err != nil {
			return fmt.Errorf("%s: %w", l, err)
		}
		s.octets = octets
	}
	return nil
}

// measureAll runs every server with every load in every round, the servers next
// to each other, and reports.
func (b *bench) measureAll(ctx context.Context) error {
	all := results{}
	n, of := 0, b.rounds*len(b.loads)*len(b.servers)
	b.progress("%d runs: some %v, or more on a busy machine", of, (time.Duration(of) * (b.duration + time.Second)).Round(time.Second))
	for round := range b.rounds {
		for _, l := range b.loads {
			for i := range b.servers {
				s := b.servers[(i+round)%len(b.servers)] // no side is always first
				n++
				one, err := b.measure(ctx, s, l)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err != nil {
					b.fail(s, fmt.Errorf("%s, round %d: %w", l, round+1, err))
					continue
				}
				all.add(l, s, round, one)
				b.progress("%d of %d: %s: %s: %.0f requests/s", n, of, l, s.name, one.perSecond())
			}
		}
	}
	b.reportTop(ctx)
	b.report(all)
	b.reportBottom()
	return nil
}

// measure measures s once, in a new process, after a short time to get warm.
func (b *bench) measure(ctx context.Context, s *server, l load) (sample, error) {
	p, err := b.start(ctx, s)
	if err != nil {
		return sample{}, err
	}
	defer p.stop()
	warm := min(b.duration/4, 500*time.Millisecond)
	if _, err := b.load(ctx, p, l, warm); err != nil && !errors.Is(err, errNoRequest) {
		return sample{}, err
	}
	one, err := b.load(ctx, p, l, b.duration)
	for d := b.duration; errors.Is(err, errNoRequest) && d < 5*time.Second; {
		d *= 4 // others have the CPUs
		one, err = b.load(ctx, p, l, d)
	}
	return one, err
}

func (b *bench) load(ctx context.Context, p *process, l load, d time.Duration) (sample, error) {
	return measure(ctx, b.cpus[1], p, b.scripts[l.String()], b.connections, l.depth, d)
}

func (b *bench) fail(s *server, err error) {
	b.failed = append(b.failed, fmt.Sprintf("%s: %v", s.name, err))
	b.progress("%s", b.failed[len(b.failed)-1])
}

func (b *bench) progress(format string, args ...any) {
	fmt.Fprintf(b.log, "%4.0f s  %s\n", time.Since(b.began).Seconds(), fmt.Sprintf(format, args...))
}

// twoCPUs returns one CPU for the server and one for wrk, of those that this
// process may use: not two threads of one core, if there is a choice.
func twoCPUs() (cpus [2]string, err error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return cpus, err
	}
	_, list, _ := strings.Cut(string(status), "\nCpus_allowed_list:")
	list, _, _ = strings.Cut(list, "\n")
	allowed, err := parseCPUs(strings.TrimSpace(list))
	if err != nil {
		return cpus, err
	}
	first := allowed[0]
	other := allowed[min(1, len(allowed)-1)]
	threads, _ := os.ReadFile(fmt.Sprintf("/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", first))
	if siblings, err := parseCPUs(strings.TrimSpace(string(threads))); err == nil {
		if i := slices.IndexFunc(allowed, func(cpu int) bool { return !slices.Contains(siblings, cpu) }); i >= 0 {
			other = allowed[i]
		}
	}
	return [2]string{strconv.Itoa(first), strconv.Itoa(other)}, nil
}

// parseCPUs reads a list like 0-2,7.
func parseCPUs(list string) (cpus []int, err error) {
	for part := range strings.SplitSeq(list, ",") {
		from, to, ranges := strings.Cut(part, "-")
		if !ranges {
			to = from
		}
		first, err1 := strconv.Atoi(from)
		last, err2 := strconv.Atoi(to)
		if err := errors.Join(err1, err2); err != nil || last < first {
			return nil, fmt.Errorf("not a list of CPUs: %q", list)
		}
		for cpu := first; cpu <= last; cpu++ {
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}
