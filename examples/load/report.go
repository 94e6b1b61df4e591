//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/picohttp/picohttp"
)

// results are samples by load, server and round.
type results map[string]map[*server]map[int]sample

func (r results) add(l load, s *server, round int, one sample) {
	if r[l.String()] == nil {
		r[l.String()] = map[*server]map[int]sample{}
	}
	if r[l.String()][s] == nil {
		r[l.String()][s] = map[int]sample{}
	}
	r[l.String()][s][round] = one
}

// reportMachine tells what is measured where.
func (b *bench) reportMachine(ctx context.Context) {
	fmt.Fprintf(b.out, "# Load\n\n")
	fmt.Fprintf(b.out, "- Command: `%s`\n", strings.Join(append([]string{"go run ./load"}, b.args...), " "))
	fmt.Fprintf(b.out, "- Machine: %s, %d CPUs, Linux %s\n", cpuModel(), runtime.NumCPU(), firstField("/proc/sys/kernel/osrelease"))
	fmt.Fprintf(b.out, "- Server on CPU %s with GOMAXPROCS=1, wrk on CPU %s", b.cpus[0], b.cpus[1])
	if b.cpus[0] == b.cpus[1] {
		fmt.Fprint(b.out, " (they share the only one: no figures to rely on)")
	}
	fmt.Fprintf(b.out, "\n- %s %s/%s; picohttp's kernel: %s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, picohttp.Kernel())
	versions := []string{wrkVersion(ctx)}
	for _, s := range b.servers {
		if v := s.version(); v != "" {
			versions = append(versions, v)
		}
	}
	fmt.Fprintf(b.out, "- %s\n", strings.Join(versions, ", "))
}

// reportTop tells what was measured where, and how.
func (b *bench) reportTop(ctx context.Context) {
	b.reportMachine(ctx)
	what := fmt.Sprintf("%d rounds of %v", b.rounds, b.duration)
	if b.rounds == 1 {
		what = fmt.Sprintf("one round of %v", b.duration)
	}
	fmt.Fprintf(b.out, "- Load average before the runs %s, after them %s (they make 1 to 2 by themselves)\n", b.before, firstField("/proc/loadavg"))
	fmt.Fprintf(b.out, "- %s of every server with every load; %d connections, one thread of wrk\n", what, b.connections)
	for _, l := range b.loads {
		if l.depth == 1 {
			fmt.Fprintf(b.out, "- Head %s: %d octets, testdata/heads/%s.http with a `?` before its path, which all servers answer as `/`\n", l.name, len(l.head), l.name)
		}
	}
	if b.short {
		fmt.Fprint(b.out, "- With -short the figures mean nothing.\n")
	}
}

func (b *bench) report(all results) {
	fmt.Fprint(b.out, `
Figures are medians over the rounds; ratios are taken within each round. The
answers are plain text, "Hello, World!", without Date. Latency is that of all
requests sent at once, without the samples that wrk adds. Busy is the share of
its CPU that the server used: where it is far from 100 %, wrk was the limit, or
others had the CPUs, and CPU time tells more than requests/s.
`)
	for _, l := range b.loads {
		fmt.Fprintf(b.out, "\n## %s\n\n", l)
		fmt.Fprintf(b.out, "| server | requests/s | to %s | p50 | p99 | CPU/request | to %s | busy | answer |\n", baseline, baseline)
		fmt.Fprintln(b.out, "|:--|--:|--:|--:|--:|--:|--:|--:|--:|")
		var base map[int]sample
		for s, rounds := range all[l.String()] {
			if s.name == baseline {
				base = rounds
			}
		}
		for _, s := range b.servers {
			rounds := all[l.String()][s]
			if len(rounds) == 0 {
				fmt.Fprintf(b.out, "| %s | failed | | | | | | | |\n", s.name)
				continue
			}
			note := ""
			if len(rounds) < b.rounds {
				note = fmt.Sprintf(" (%d of %d rounds)", len(rounds), b.rounds)
			}
			fmt.Fprintf(b.out, "| %s%s | %.0f | %s | %s | %s | %.2f µs | %s | %.0f %% | %d octets |\n", s.name, note,
				median(rounds, sample.perSecond), ratio(rounds, base, sample.perSecond),
				latency(rounds, func(s sample) time.Duration { return s.p50 }),
				latency(rounds, func(s sample) time.Duration { return s.p99 }),
				median(rounds, sample.cpuPerRequest)/1000, ratio(rounds, base, sample.cpuPerRequest),
				100*median(rounds, sample.busy), s.octets)
		}
	}
}

// reportBottom names what is not in the tables.
func (b *bench) reportBottom() {
	if len(b.failed) == 0 {
		return
	}
	fmt.Fprint(b.out, "\n## Not measured\n\n")
	for _, why := range b.failed {
		line, _, _ := strings.Cut(why, "\n")
		fmt.Fprintf(b.out, "- %s\n", line)
	}
}

func median(rounds map[int]sample, of func(sample) float64) float64 {
	var all []float64
	for _, s := range rounds {
		all = append(all, of(s))
	}
	return middle(all)
}

// ratio compares within each round: both were measured close to each other.
func ratio(rounds, base map[int]sample, of func(sample) float64) string {
	var all []float64
	for round, s := range rounds {
		if other, ok := base[round]; ok && of(other) > 0 {
			all = append(all, of(s)/of(other))
		}
	}
	if len(all) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", middle(all))
}

func latency(rounds map[int]sample, of func(sample) time.Duration) string {
	var all []float64
	for _, s := range rounds {
		if of(s) > 0 {
			all = append(all, of(s).Seconds()*1e3)
		}
	}
	if len(all) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f ms", middle(all))
}

// middle returns the median of at least one number.
func middle(all []float64) float64 {
	slices.Sort(all)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2
}

func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown CPU"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		if strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func firstField(path string) string {
	text, _ := os.ReadFile(path)
	field, _, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	return field
}

// wrkVersion asks wrk, which tells it in its usage and then fails.
func wrkVersion(ctx context.Context) string {
	usage, _ := exec.CommandContext(ctx, "wrk", "-v").CombinedOutput()
	line, _, _ := strings.Cut(string(usage), " [")
	return line
}
