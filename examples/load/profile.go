//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A share is what pprof says of a profile.
type share struct {
	parser, total time.Duration
}

// profileAll profiles every server under every load, once, and reports.
func (b *bench) profileAll(ctx context.Context) error {
	shares := map[*server]map[string]share{}
	n, of := 0, len(b.servers)*len(b.loads)
	for _, s := range b.servers {
		shares[s] = map[string]share{}
		for _, l := range b.loads {
			n++
			one, err := b.profileOne(ctx, s, l)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				b.fail(s, fmt.Errorf("%s: %w", l, err))
				continue
			}
			shares[s][l.String()] = one
			b.progress("%d of %d: %s: %s: %v of %v in the parser", n, of, l, s.name, one.parser, one.total)
		}
	}
	b.reportTop(ctx)
	fmt.Fprintf(b.out, `
Share of the server's CPU time in samples below the functions that parse heads,
without those that wait for the peer or read from it further below. What the
functions do differs: those of net/http and picohttp/nethttp make an
*http.Request, with its URL and its Header.

| server |`)
	for _, l := range b.loads {
		fmt.Fprintf(b.out, " %s |", l)
	}
	fmt.Fprintf(b.out, " functions |\n|:--|%s:--|\n", strings.Repeat("--:|", len(b.loads)))
	for _, s := range b.servers {
		fmt.Fprintf(b.out, "| %s |", s.name)
		for _, l := range b.loads {
			one, ok := shares[s][l.String()]
			switch {
			case !ok:
				fmt.Fprint(b.out, " failed |")
			case one.total == 0:
				fmt.Fprint(b.out, " no sample |")
			default:
				fmt.Fprintf(b.out, " %.1f %% of %.2f s |", 100*one.parser.Seconds()/one.total.Seconds(), one.total.Seconds())
			}
		}
		fmt.Fprintf(b.out, " `%s` |\n", strings.ReplaceAll(s.parser, "|", `\|`))
	}
	b.reportBottom()
	return nil
}

// profileOne loads s and asks pprof.
func (b *bench) profileOne(ctx context.Context, s *server, l load) (share, error) {
	name := strings.NewReplacer("/", "-", " ", "-", ",", "").Replace(s.name)
	file := filepath.Join(b.folder, fmt.Sprintf("%s-%s-%d.prof", name, l.name, l.depth))
	os.Remove(file)
	p, err := b.start(ctx, s, "LOAD_PROFILE="+file)
	if err != nil {
		return share{}, err
	}
	defer p.stop()
	if _, err := b.load(ctx, p, l, b.duration); err != nil {
		return share{}, err
	}
	if err := p.Process.Signal(syscall.SIGUSR1); err != nil {
		return share{}, err
	}
	for deadline := time.Now().Add(10 * time.Second); ; sleep(ctx, 10*time.Millisecond) {
		if _, err := os.Stat(file); err == nil {
			break
		}
		if ctx.Err() != nil || time.Now().After(deadline) {
			return share{}, fmt.Errorf("the server writes no profile")
		}
	}
	args := []string{"tool", "pprof", "-top", "-unit=ms", "-nodefraction=0", "-focus=" + s.parser, "-ignore=" + ofReading, s.binary, file}
	top, err := exec.CommandContext(ctx, "go", args...).CombinedOutput()
	if err != nil {
		return share{}, fmt.Errorf("go tool pprof: %w\n%s", err, top)
	}
	return parseTop(string(top))
}

var (
	topTotal = regexp.MustCompile(`(?m)^Duration: .*Total samples = ([0-9.]+)(\S*)`)
	topNodes = regexp.MustCompile(`(?m)^Showing nodes accounting for ([0-9.]+)(\S*), `)
)

// parseTop reads the beginning of what pprof -top prints: the samples in the
// profile, and those that it shows, which are below a function of -focus.
func parseTop(top string) (s share, err error) {
	if s.total, err = topDuration(topTotal, top); err != nil {
		return s, err
	}
	s.parser, err = topDuration(topNodes, top)
	return s, err
}

func topDuration(line *regexp.Regexp, top string) (time.Duration, error) {
	m := line.FindStringSubmatch(top)
	if m == nil {
		return 0, fmt.Errorf("pprof has no line %s in\n%.500s", line, top)
	}
	if n, err := strconv.ParseFloat(m[1], 64); err == nil && n == 0 {
		return 0, nil // without a unit
	}
	return time.ParseDuration(m[1] + strings.TrimSuffix(m[2], ","))
}
