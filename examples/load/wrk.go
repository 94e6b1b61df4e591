//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A load is what wrk sends.
type load struct {
	name  string // of the head
	head  []byte
	depth int // requests that are sent at once on a connection
}

func (l load) String() string {
	if l.depth == 1 {
		return l.name + ", one request at a time"
	}
	return fmt.Sprintf("%s, %d requests pipelined", l.name, l.depth)
}

// script makes wrk send the load and print what parseWrk reads. Setting
// wrk.format and no function request, it lets wrk ask for the octets only once.
func (l load) script(latencies bool) string {
	var octets strings.Builder
	for _, c := range l.head {
		fmt.Fprintf(&octets, `\%03d`, c)
	}
	return fmt.Sprintf(`
local head = "%s"
wrk.format = function() return string.rep(head, %d) end

done = function(summary, latency)
	local e = summary.errors
	io.write(string.format("load-summary %%d %%d %%d %%d\n", summary.requests, summary.duration,
		e.connect + e.read + e.write + e.status, e.timeout))
	-- wrk looks for each value from the least on, so this takes seconds at most.
	if not %t or #latency * (latency.max - latency.min) > 4e10 then return end
	for i = 1, #latency do
		local value, count = latency(i)
		io.write(string.format("load-latency %%d %%d\n", value, count))
	end
end
`, &octets, l.depth, latencies)
}

// A sample is what one run of wrk tells.
type sample struct {
	requests int
	wall     time.Duration
	cpu      time.Duration // of the server
	p50, p99 time.Duration // of a batch of depth requests; 0 if not known
}

func (s sample) perSecond() float64     { return float64(s.requests) / s.wall.Seconds() }
func (s sample) cpuPerRequest() float64 { return float64(s.cpu.Nanoseconds()) / float64(s.requests) }
func (s sample) busy() float64          { return s.cpu.Seconds() / s.wall.Seconds() }

// measure loads a server for a time.
func measure(ctx context.Context, cpu string, p *process, script string, connections, depth int, d time.Duration) (sample, error) {
	ctx, cancel := context.WithTimeout(ctx, d+30*time.Second)
	defer cancel()
	before, err := cpuTime(p.Process.Pid)
	if err != nil {
		return sample{}, fmt.Errorf("the server has ended: %w", err)
	}
	// wrk counts time in whole seconds. It runs longer than it should, and an
	// interrupt ends it.
	wrk := command(ctx, "taskset", "-c", cpu, "wrk", "-t1", fmt.Sprintf("-c%d", connections),
		fmt.Sprintf("-d%ds", int(math.Ceil(d.Seconds()))+20), "-s", script, "http://"+p.addr+"/")
	var stdout, stderr bytes.Buffer
	wrk.Stdout, wrk.Stderr = &stdout, &stderr
	if err := wrk.Start(); err != nil {
		return sample{}, err
	}
	if waitForHandler(ctx, wrk.Process.Pid) {
		sleep(ctx, d)
		wrk.Process.Signal(syscall.SIGINT)
	}
	err = wrk.Wait()
	switch {
	case ctx.Err() != nil:
		return sample{}, fmt.Errorf("wrk is stopped: %w", context.Cause(ctx))
	case err != nil:
		return sample{}, fmt.Errorf("wrk: %w\n%s", err, bytes.TrimSpace(append(stdout.Bytes(), stderr.Bytes()...)))
	}
	after, err := cpuTime(p.Process.Pid)
	if err != nil {
		return sample{}, fmt.Errorf("the server has ended: %w", err)
	}
	s, err := parseWrk(stdout.String(), connections, depth)
	s.cpu = after - before
	return s, err
}

// waitForHandler waits until wrk handles SIGINT: from when its threads run.
// Before, an interrupt would only kill it.
func waitForHandler(ctx context.Context, pid int) bool {
	for ctx.Err() == nil {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return false
		}
		_, caught, found := strings.Cut(string(status), "\nSigCgt:")
		if !found { // it has ended
			return false
		}
		caught, _, _ = strings.Cut(caught, "\n")
		mask, _ := strconv.ParseUint(strings.TrimSpace(caught), 16, 64)
		if mask&(1<<(syscall.SIGINT-1)) != 0 {
			return true
		}
		if strings.Contains(string(status), "\nState:\tZ") {
			return false
		}
		sleep(ctx, time.Millisecond)
	}
	return false
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

var errNoRequest = errors.New("wrk counts no request")

// parseWrk reads what the script has printed.
func parseWrk(out string, connections, depth int) (sample, error) {
	var s sample
	var wall, failed, late int
	counts := map[int]int{}
	found := false
	for line := range strings.Lines(out) {
		var value, count int
		if _, err := fmt.Sscanf(line, "load-summary %d %d %d %d", &s.requests, &wall, &failed, &late); err == nil {
			found = true
		} else if _, err := fmt.Sscanf(line, "load-latency %d %d", &value, &count); err == nil {
			counts[value] = count
		}
	}
	s.wall = time.Duration(wall) * time.Microsecond
	switch {
	case !found:
		return s, fmt.Errorf("wrk prints no summary:\n%.500s", out)
	case failed > 0:
		return s, fmt.Errorf("wrk counts %d failures beside %d requests", failed, s.requests)
	case s.requests == 0 || wall == 0:
		return s, errNoRequest
	}
	if measured := uncorrected(counts, s.requests, wall, connections); measured != nil {
		n := late // they have no value, but a place behind all others
		for _, count := range measured {
			n += count
		}
		// What wrk has under way when it ends has no sample.
		if off := n*depth - s.requests; -2*connections*depth <= off && off <= 2*connections*depth {
			s.p50, s.p99 = percentile(measured, n, 50), percentile(measured, n, 99)
		}
	}
	return s, nil
}

// uncorrected takes out of a histogram of latencies, in microseconds, what wrk
// has put in: for each latency from twice the mean interval between a
// connection's requests on, one sample at each interval less. That is meant for
// stalls; wrk takes the interval of single requests, so of a batch of them most
// samples would be invented. Each sample adds to smaller values only, so they
// are taken back from the greatest on. It returns nil if that does not come out.
func uncorrected(counts map[int]int, requests, wall, connections int) map[int]int {
	if requests/connections == 0 {
		return counts
	}
	interval := wall / (requests / connections)
	if interval == 0 {
		return nil
	}
	measured := make(map[int]int, len(counts))
	added := make([]int, interval) // to all smaller values with the same remainder
	for _, value := range slices.Backward(slices.Sorted(maps.Keys(counts))) {
		count := counts[value]
		if value > interval {
			count -= added[value%interval]
		}
		if count < 0 {
			return nil
		}
		if value >= 2*interval {
			added[value%interval] += count
		}
		if count > 0 {
			measured[value] = count
		}
	}
	return measured
}

// percentile returns the least latency that p percent of n samples do not exceed,
// 0 if that one has no value.
func percentile(counts map[int]int, n, p int) time.Duration {
	rank := (n*p + 99) / 100
	for _, value := range slices.Sorted(maps.Keys(counts)) {
		if rank -= counts[value]; rank <= 0 {
			return time.Duration(value) * time.Microsecond
		}
	}
	return 0
}
