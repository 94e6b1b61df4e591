//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// memoryAll loads every server for a time, each load in turn and on connections of
// its own, and reports how much memory it has meanwhile. One that has more and more
// has failed.
func (b *bench) memoryAll(ctx context.Context) error {
	if err := b.addClosing(); err != nil {
		return err
	}
	b.reportMachine(ctx)
	fmt.Fprintf(b.out, `- %d connections of wrk, opened anew for each of %d loads in turn

RSS of the server in MiB, sampled 60 times a row. It is flat if its median in the last third
of the time is not above that in the second one by more than 5 %% and 1 MiB.
`, b.connections, len(b.loads))
	for _, s := range b.servers {
		b.progress("loading %s for %v", s.name, b.duration)
		err := b.memoryOf(ctx, s)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			fmt.Fprintf(b.out, "\n%v\n", err)
			b.fail(s, err)
		}
	}
	return nil
}

// addClosing adds a load that makes a connection for each request: most of what a
// server may forget to let go of belongs to one.
func (b *bench) addClosing() error {
	l := b.loads[0]
	l.name += " closing"
	l.head = bytes.Replace(l.head, []byte("keep-alive"), []byte("close"), 1)
	file := filepath.Join(b.folder, "closing.lua")
	b.loads = append(b.loads, l)
	b.scripts[l.String()] = file
	return os.WriteFile(file, []byte(l.script(false)), 0o666)
}

// memoryOf loads s, and writes a row a minute, or three if there are not so many.
func (b *bench) memoryOf(ctx context.Context, s *server) error {
	p, err := b.start(ctx, s)
	if err != nil {
		return err
	}
	defer p.stop()
	fmt.Fprintf(b.out, "\n## %s\n\n| after | min | median | max | requests |\n|--:|--:|--:|--:|--:|\n", s.name)
	row := min(time.Minute, b.duration/3)
	var medians []int64
	for n := 0; time.Duration(n+1)*row <= b.duration; n++ {
		loaded, end := context.WithTimeout(ctx, row)
		sampled := make(chan []int64)
		go func() { sampled <- samples(loaded, p, row/60) }()
		requests := 0
		for i := range b.loads {
			one, err := b.load(ctx, p, b.loads[i], row/time.Duration(len(b.loads)))
			requests += one.requests
			if err != nil && !errors.Is(err, errNoRequest) {
				end()
				<-sampled
				return err
			}
		}
		end()
		rss := <-sampled
		if len(rss) == 0 {
			return errors.New("its memory cannot be read")
		}
		slices.Sort(rss)
		median := rss[len(rss)/2]
		medians = append(medians, median)
		fmt.Fprintf(b.out, "| %v | %s | %s | %s | %d |\n", time.Duration(n+1)*row, mebibytes(rss[0]), mebibytes(median), mebibytes(rss[len(rss)-1]), requests)
	}
	from, to := thirds(medians)
	verdict := "flat"
	switch {
	case b.short:
		verdict = "too short to tell"
	case grows(from, to):
		return fmt.Errorf("memory grows: from %s MiB to %s MiB", mebibytes(from), mebibytes(to))
	}
	fmt.Fprintf(b.out, "\n%s: from %s MiB to %s MiB\n", verdict, mebibytes(from), mebibytes(to))
	return nil
}

// thirds returns the medians of the second and of the last third, of three rows or more.
// In the first one buffers and pools fill.
func thirds(rows []int64) (second, last int64) {
	n := len(rows)
	middle := slices.Sorted(slices.Values(rows[n/3 : n-n/3]))
	end := slices.Sorted(slices.Values(rows[n-n/3:]))
	return middle[len(middle)/2], end[len(end)/2]
}

// grows says what is too much: less is how a collector works.
func grows(from, to int64) bool { return to > from+from/20+1<<20 }

func mebibytes(n int64) string { return fmt.Sprintf("%.1f", float64(n)/(1<<20)) }

// samples returns the RSS of a process at intervals until ctx ends.
func samples(ctx context.Context, p *process, interval time.Duration) (rss []int64) {
	for ctx.Err() == nil {
		if n, err := resident(p.Process.Pid); err == nil {
			rss = append(rss, n)
		}
		sleep(ctx, interval)
	}
	return rss
}

// resident returns the octets of a process in memory: field 2 of /proc/pid/statm,
// in pages.
func resident(pid int) (int64, error) {
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	var all, pages int64
	_, err = fmt.Fscan(strings.NewReader(string(statm)), &all, &pages)
	return pages * int64(os.Getpagesize()), err
}
