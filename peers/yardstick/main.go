// Yardstick measures picohttp's kernels, and its decoder of chunked bodies,
// against picohttpparser, the C parser whose speed others quote: all of them in
// one run, on the same bytes, in slots of some 30 ms that alternate. What it is
// for is the ratios; on a noisy machine they hold when the times do not. See
// README.md.
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
	"path/filepath"
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
	flag.DurationVar(&o.slot, "slot", 30*time.Millisecond, "how long a side runs in a round")
	flag.IntVar(&o.cpu, "cpu", lastCPU(), "the CPU for all sides; -1 for none in particular")
	flag.BoolVar(&o.read, "read", false, "after each parse of a head, also take every field name and value")
	flag.Parse()
	if flag.NArg() > 0 || o.rounds < 1 || o.slot <= 0 {
		flag.Usage()
		os.Exit(2)
	}
	o.kernels = kernels()
	if *kernelList != "" {
		o.kernels = strings.Split(*kernelList, ",")
	}
	if *responses {
		o.paths = response
	}
	if err := run(os.Stdout, strings.Split(*corpora, ","), o); err != nil {
		fmt.Fprintln(os.Stderr, "yardstick:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, corpora []string, o options) error {
	dir, err := os.MkdirTemp("", "yardstick")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for i, name := range corpora {
		k, messages, err := corpus(name, o.paths)
		if err != nil {
			return err
		}
		file := filepath.Join(dir, "corpus")
		if err := os.WriteFile(file, encodeCorpus(messages), 0o600); err != nil {
			return err
		}
		programs, err := startAll(file, o.kernels, o.cpu)
		if err != nil {
			return err
		}
		if i == 0 {
			about(out, programs, o)
		}
		sides, f, err := measure(programs, k, messages, o)
		stopAll(programs)
		if err != nil {
			return fmt.Errorf("corpus %s: %w", name, err)
		}
		if k == chunked {
			fmt.Fprintf(out, "\ncorpus %s: %d bodies, %d bytes, %d of them content\n", name, f.messages, f.bytes, f.lengths)
		} else {
			fmt.Fprintf(out, "\ncorpus %s: %d heads, %d bytes, median %d fields\n", name, f.messages, f.bytes, f.medianFields)
		}
		table(out, sides, f)
	}
	return nil
}

// measure takes the times of all sides, in rounds. In each round another side
// goes first, so that what disturbs the machine at regular times does not always
// disturb the same one.
func measure(programs []*program, k kind, messages [][]byte, o options) ([]*side, facts, error) {
	f, err := agree(programs, k, messages)
	if err != nil {
		return nil, f, err
	}
	sides := sidesOf(programs, k, o.read)
	for _, s := range sides {
		if err := s.calibrate(o.slot, f); err != nil {
			return nil, f, err
		}
	}
	for round := range o.rounds {
		for i := range sides {
			s := sides[(round+i)%len(sides)]
			ns, err := s.run(s.passes, f)
			if err != nil {
				return nil, f, err
			}
			s.times = append(s.times, ns/float64(s.passes*f.messages))
		}
	}
	net(sides)
	return sides, f, nil
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
		spread := (quantile(s.times, 0.75) - quantile(s.times, 0.25)) / mid
		fmt.Fprintf(out, "\n%-*s %9.1f %9.1f %6.1f%% %8.3f %8.3f %8.0f",
			width, s.name, mid, slices.Min(s.times), 100*spread,
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

// about prints what a reader needs to know to repeat the run.
func about(out io.Writer, programs []*program, o options) {
	fmt.Fprintf(out, "command: go run ./yardstick %s\n", strings.Join(os.Args[1:], " "))
	fmt.Fprintf(out, "CPU:     %s (number %d)\n", cpuModel(), o.cpu)
	fmt.Fprintf(out, "Go:      %s %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintf(out, "commit:  %s\n", commit())
	fmt.Fprintf(out, "kernels: %s\n", strings.Join(o.kernels, " "))
	for _, p := range programs {
		fmt.Fprintf(out, "%s is %s\n", p.name, p.about)
	}
}

// cpuModel returns what the kernel calls the CPU.
func cpuModel() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown " + runtime.GOARCH
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
