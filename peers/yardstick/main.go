// Yardstick measures picohttp's kernels and its decoder for chunked bodies along with
// picohttpparser, the C parser that others compare themselves with, and with other parsers in C, C++,
// Rust and Go. All are measured in one run, on the same bytes, in alternating slots of about 20 ms.
// Quote ratios: on a noisy machine they vary less than times. See ../README.md.
//
//	go run ./yardstick [flags]
package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/cpuid/v2"
)

type options struct {
	rounds  int
	slot    time.Duration
	cpu     int
	work    string // on requests: parse, read or serve
	parsers []parser
}

func main() {
	child()
	o := options{work: "parse"}
	corpora := flag.String("corpus", "tiny,pico703,mixed",
		"comma-separated: mixed, mixed/FAMILY, response300, response1000, chunked16k, chunked64, NAME for ../testdata/heads/NAME.http, "+
			"or the path of a file of heads")
	flag.IntVar(&o.rounds, "rounds", 15, "rounds; a figure to be quoted takes 15 or more")
	flag.DurationVar(&o.slot, "slot", 20*time.Millisecond, "how long a side runs in a round")
	flag.IntVar(&o.cpu, "cpu", lastCPU(), "the CPU for all sides; -1 for none in particular")
	read := flag.Bool("read", false, "after each parse of a request, also take every field name and value")
	serve := flag.Bool("serve", false, "after each parse of a request, do all that a server does before it can respond")
	peers := flag.Bool("peers", false, "also measure all other parsers; implies -read, unless there is -serve")
	var more []string
	flag.Func("side", "also measure `NAME=PROGRAM`, which speaks the protocol in README.md; may be repeated; implies -peers",
		func(s string) error { more, *peers = append(more, s), true; return nil })
	only := flag.String("only", "", "measure only these sides, comma-separated (with -report also picohttp); "+
		"one other than picohttp and picohttpparser implies -read, unless there is -serve")
	report := flag.String("report", "", "measure everything and write text, Markdown and charts to this `folder`")
	flag.Parse()
	switch {
	case flag.NArg() > 0:
		usage(fmt.Sprintf("unexpected argument %q", flag.Arg(0)))
	case *read && *serve:
		usage("-read or -serve, not both")
	case o.rounds < 1 || o.slot <= 0:
		usage("-rounds and -slot must be above 0")
	}
	all, err := findParsers(more)
	if err != nil {
		usage(err.Error())
	}
	o.parsers = all
	switch {
	case *only != "":
		names := strings.Split(*only, ",")
		if *report != "" {
			names = append(names, kernels()[0])
		}
		if o.parsers, err = choose(all, names); err != nil {
			usage(err.Error())
		}
	case !*peers && *report == "":
		o.parsers = filter(all, parser.isNative)
	}
	switch {
	case *serve:
		o.work = "serve"
	case *read, len(filter(o.parsers, parser.isNative)) < len(o.parsers):
		o.work = "read"
	}
	if *report != "" {
		err = makeReport(*report, o)
	} else {
		err = run(os.Stdout, strings.Split(*corpora, ","), o)
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

// run prints tables with a column for each corpus.
func run(out io.Writer, corpora []string, o options) error {
	var a axis
	for _, name := range corpora {
		t, err := o.task(name)
		if err != nil {
			return err
		}
		a.tasks = append(a.tasks, t)
	}
	lines, err := about(o)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, strings.Join(lines, "\n"))
	if err := a.measure(o); err != nil {
		return err
	}
	a.write(out, true)
	return nil
}

// about returns what a reader needs to repeat the run, and the first line of each side.
func about(o options) ([]string, error) {
	c := cpuid.CPU // family and model are printed too, because several models share a name
	commit, _ := exec.Command("git", "describe", "--always", "--dirty", "--abbrev=12").Output()
	lines := []string{
		"command: go run ./yardstick " + strings.Join(os.Args[1:], " "),
		fmt.Sprintf("CPU:     %s, family %d, model %d (number %d)", cmp.Or(c.BrandName, "unknown"), c.Family, c.Model, o.cpu),
		fmt.Sprintf("Go:      %s %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH),
		"commit:  " + strings.TrimSpace(string(commit)),
	}
	sides, stop, err := startOn(o.parsers, [][]byte{{}}, o)
	defer stop()
	for _, s := range sides {
		lines = append(lines, s.name+" is "+s.about)
	}
	return lines, err
}

// lastCPU returns the last CPU that this process may run on, or -1 if there is no taskset to pin a
// process to it. It is the last because the first CPUs serve most interrupts.
func lastCPU() int {
	b, _ := exec.Command("taskset", "-cp", strconv.Itoa(os.Getpid())).Output()
	list := strings.TrimSpace(string(b)) // such as pid 4's current affinity list: 0,2-7
	cpu, err := strconv.Atoi(list[strings.LastIndexAny(list, " ,-")+1:])
	if err != nil {
		return -1
	}
	return cpu
}
