package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// keptMessages is how many messages are kept alive to measure their cost.
const keptMessages = 50000

// A memory is the cost of a message that is kept.
type memory struct {
	parser         string
	bytes, objects int
	gc             time.Duration // of a collection with all messages alive
}

// A report is all results of a run.
type report struct {
	about  []string
	date   string
	axes   []axis
	memory []memory
	kept   int
	short  bool
	o      options
}

// makeReport measures everything and writes the files of the report to a folder.
func makeReport(folder string, short bool, o options) (err error) {
	r := &report{o: o, kept: keptMessages, short: short, date: time.Now().UTC().Format(time.DateOnly)}
	if short {
		r.o.rounds, r.o.slot, r.kept = 1, time.Millisecond, 100
	}
	r.o.parsers[0].untimed = false // picohttp is in all tables
	if r.axes, err = axes(r.o); err != nil {
		return err
	}
	if r.about, err = about(r.o.parsers, r.o); err != nil {
		return err
	}
	r.about = append(r.about, fmt.Sprintf("times:   medians of %d rounds of %v, %s", r.o.rounds, r.o.slot, r.date))
	if short {
		r.about = append(r.about, "A short run: these figures mean nothing.")
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	start := time.Now()
	for i := range r.axes {
		a := &r.axes[i]
		fmt.Printf("%5.0fs %s\n", time.Since(start).Seconds(), a.title)
		for i := range a.columns {
			c := &a.columns[i]
			if c.result, err = perform(c.task, r.o); err != nil {
				return fmt.Errorf("%s, %s: %w", a.title, c.title, err)
			}
		}
		a.show()
		fmt.Print(a.leftOut())
	}
	if err := r.measureMemory(); err != nil {
		return err
	}
	files := map[string]func(io.Writer) error{"report.txt": r.text, "report.md": r.markdown}
	for _, c := range charts {
		for _, theme := range themes {
			files[c.name+"-"+theme.Name+".svg"] = func(w io.Writer) error { return c.draw(r, theme, w) }
		}
	}
	for name, write := range files {
		if err := writeFile(filepath.Join(folder, name), write); err != nil {
			return err
		}
	}
	fmt.Printf("%5.0fs %s\n", time.Since(start).Seconds(), filepath.Join(folder, "report.md"))
	if short {
		return nil
	}
	return r.remember(filepath.Join(folder, "history.md"))
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	return errors.Join(write(w), w.Flush(), f.Close())
}

// show chooses the builds that the tables of an axis show.
func (a *axis) show() {
	var all []*result
	for _, c := range a.columns {
		all = append(all, c.result)
	}
	a.shown = fastest(all...)
}

// measureMemory asks each parser, in a process of its own, what it costs to keep the Chrome head.
// Those that are not in Go have no garbage collector, and say only how many bytes they need.
func (r *report) measureMemory() error {
	t, err := corpus("chrome")
	if err != nil {
		return err
	}
	seen := map[string]bool{picoScalar: true} // it needs as much as picoNative
	for i, p := range r.o.parsers {
		if seen[p.peer] || p.kernel && i > 0 || p.untimed {
			continue
		}
		seen[p.peer] = true
		t.parsers = []parser{p}
		programs, stop, err := startOn(t, r.o)
		if err != nil {
			return err
		}
		answer, err := programs[0].ask("keep", r.kept, 0)
		stop()
		if err != nil && !p.kernel {
			fmt.Printf("%s has no row in the table of memory\n", err)
			continue
		} else if err != nil {
			return err
		}
		m := memory{parser: parser{name: p.peer, peer: p.peer}.label()}
		if p.kernel {
			m.parser = "picohttp"
		}
		if _, err := fmt.Sscan(answer, &m.bytes, &m.objects, &m.gc); err != nil {
			return fmt.Errorf("%s: answer %q: %w", p.name, answer, err)
		}
		r.memory = append(r.memory, m)
	}
	return nil
}

// text writes a line for each side and round, in the format of go test -bench, for
// "benchstat -col /parser report.txt".
func (r *report) text(w io.Writer) error {
	fmt.Fprintf(w, "goos: %s\ngoarch: %s\npkg: github.com/picohttp/picohttp/peers\ncpu: %s\n", runtime.GOOS, runtime.GOARCH, cpuModel())
	fmt.Fprintf(w, "# %s\n", strings.Join(r.about, "\n# "))
	key := strings.NewReplacer(" ", "-", "/", "-")
	for _, a := range r.axes {
		for _, c := range a.columns {
			for _, s := range c.sides {
				for _, ns := range s.times {
					fmt.Fprintf(w, "Benchmark%s/%s/parser=%s \t%d\t%.2f ns/op\t%.1f MB/s\n", a.name, c.key, key.Replace(s.name),
						s.passes*c.facts.messages, ns, float64(c.facts.bytes)/float64(c.facts.messages)/ns*1000)
				}
			}
		}
	}
	for _, m := range r.memory {
		fmt.Fprintf(w, "BenchmarkKeep/head=chrome/parser=%s \t%d\t%d B/message\t%d objects/message\t%d ns/GC\n",
			key.Replace(m.parser), r.kept, m.bytes, m.objects, m.gc.Nanoseconds())
	}
	return nil
}

func (r *report) markdown(w io.Writer) error {
	fmt.Fprintf(w, "# How fast parsers of HTTP/1.x are\n\n")
	fmt.Fprintf(w, "Made by `go run ./yardstick -report`; [../README.md](../README.md) says what is measured, how fair it is, and how to repeat it. "+
		"[history.md](history.md) has the main ratios of earlier reports. A report.txt with the times of all rounds, for benchstat, is written "+
		"along with this file, and not kept here.\n\n```\n%s\n```\n", strings.Join(r.about, "\n"))
	for _, c := range charts {
		fmt.Fprintf(w, "\n<picture><source media=\"(prefers-color-scheme: dark)\" srcset=\"%s-dark.svg\">\n"+
			"<img alt=\"%s\" src=\"%[1]s-light.svg\"></picture>\n", c.name, c.alt)
	}
	for _, a := range r.axes {
		fmt.Fprintf(w, "\n## %s\n\n%s\n", a.title, a.about)
		a.table(w, func(c *column, s *side) string { return figure(median(s.times)) })
		if slices.Contains([]string{"Serve", "Family", "Kernel"}, a.name) {
			fmt.Fprintf(w, "\nAs ratios to the faster build of picohttpparser in each column; below 1 is faster. Each is the median of the rounds' ratios.\n")
			a.table(w, func(c *column, s *side) string { return fmt.Sprintf("%.2f", ratio(s, c.base(a.shown))) })
		}
		fmt.Fprint(w, a.spread(), a.leftOut())
		if a.name == "Kernel" {
			fmt.Fprintf(w, "\n## Where picohttp is slower\n\nEvery cell of this report's tables in which another parser takes less time than picohttp's "+
				"fastest kernel here, %s.\n%s", r.o.parsers[0].name, r.slower())
		}
	}
	fmt.Fprintf(w, "\n## Memory\n\nEach keeps the Chrome head so that its fields can be read. What that costs, the bytes of the head included where "+
		"they are needed; and how long a garbage collection on one CPU takes with %d of them alive and nothing to free. "+
		"For C and Rust the first figure is the size of their structures, without the allocator's part.\n\n"+
		"| parser | bytes | objects | collection, ms |\n|---|---:|---:|---:|\n", r.kept)
	for _, m := range r.memory {
		objects, gc := "-", "-"
		if m.gc > 0 {
			objects, gc = fmt.Sprint(m.objects), fmt.Sprintf("%.1f", float64(m.gc.Microseconds())/1000)
		}
		fmt.Fprintf(w, "| %s | %d | %s | %s |\n", m.parser, m.bytes, objects, gc)
	}
	return nil
}

// table writes a row for each parser and a cell for each column. After nine columns it starts
// another table.
func (a *axis) table(w io.Writer, cell func(*column, *side) string) {
	for columns := range slices.Chunk(a.columns, 9) {
		fmt.Fprintf(w, "\n| parser |")
		for _, c := range columns {
			fmt.Fprintf(w, " %s |", c.title)
		}
		fmt.Fprintf(w, "\n|---|%s\n", strings.Repeat("---:|", len(columns)))
		for _, p := range a.shown {
			fmt.Fprintf(w, "| %s |", p.label())
			for i := range columns {
				c, word := &columns[i], "-"
				if s := c.side(p); s != nil {
					word = cell(c, s)
				} else if d := c.differ[p.name]; d != nil && c.task.judged() {
					word = d.first
				}
				fmt.Fprintf(w, " %s |", word)
			}
			fmt.Fprintln(w)
		}
	}
}

// figure formats v with three digits, or with all those before the point.
func figure(v float64) string {
	switch {
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// leftOut returns lines that say which parsers were not timed, and why.
func (a *axis) leftOut() string {
	var b strings.Builder
	for _, c := range a.columns {
		for _, p := range c.task.parsers {
			if d := c.differ[p.name]; d != nil && !c.task.judged() {
				fmt.Fprintf(&b, "\n%s is left out of %s (%d of %d heads): %s\n", p.label(), c.title, d.count, c.facts.messages, d.first)
			}
		}
	}
	return b.String()
}

// spread returns a line that says how far the rounds were apart.
func (a *axis) spread() string {
	var all []float64
	worst, where := 0.0, ""
	for _, c := range a.columns {
		for _, s := range c.sides {
			v := spread(s.times)
			if all = append(all, v); v >= worst {
				worst, where = v, s.label()+", "+c.title
			}
		}
	}
	if len(all) == 0 {
		return ""
	}
	return fmt.Sprintf("\nSpread, the distance between the quartiles in percent of the median: %.1f %% in the median of all cells, at most %.1f %% (%s).\n",
		100*median(all), 100*worst, where)
}

// slower returns a table of all columns in which another parser is faster than picohttp.
func (r *report) slower() string {
	var b strings.Builder
	for _, a := range r.axes {
		for _, c := range a.columns {
			ours, faster := c.side(r.o.parsers[0]), []string(nil)
			for _, p := range a.shown {
				if s := c.side(p); ours != nil && s != nil && !p.kernel && p != memchr && ratio(ours, s) > 1 {
					faster = append(faster, fmt.Sprintf("%s %s (%.2f)", p.label(), figure(median(s.times)), ratio(ours, s)))
				}
			}
			if len(faster) > 0 {
				title, _, _ := strings.Cut(a.title, ":")
				fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", title, c.title, figure(median(ours.times)), strings.Join(faster, ", "))
			}
		}
	}
	if b.Len() == 0 {
		return "\nThere is none.\n"
	}
	return "\n| table | column | picohttp, ns | faster, ns (and picohttp's time as a ratio to it) |\n|---|---|---:|---|\n" + b.String()
}

// find returns the rest of the line in about that has a prefix.
func (r *report) find(begin string) string {
	for _, line := range r.about {
		if rest, ok := strings.CutPrefix(line, begin); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

// gcc returns the version of the compiler that built picohttpparser.
func (r *report) gcc() string {
	for _, line := range r.about {
		if _, rest, ok := strings.Cut(line, ", gcc "); ok && strings.HasPrefix(line, picoNative) {
			version, _, _ := strings.Cut(rest, " ")
			return version
		}
	}
	return "none"
}

// mainRatios are the columns that the history has.
var mainRatios = []struct{ axis, key, title string }{
	{"Serve", "family=mixed", "serve, mixed"},
	{"Serve", "head=chrome", "serve, Chrome"},
	{"Serve", "head=tiny", "serve, tiny"},
	{"Family", "head=mixed", "all fields taken, mixed"},
	{"Kernel", "head=mixed", "Parse alone, mixed"},
}

// remember appends a line about this report to the history.
func (r *report) remember(path string) error {
	history, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	var titles string
	line := fmt.Sprintf("| %s | %s | %s | %s | %s |", r.date, r.find("commit:"), r.find("CPU:"), r.find("Go:"), r.gcc())
	for _, m := range mainRatios {
		titles += " " + m.title + " |"
		cell := "-"
		for _, a := range r.axes {
			for _, c := range a.columns {
				if s := c.result.side(r.o.parsers[0]); a.name == m.axis && c.key == m.key && s != nil {
					cell = fmt.Sprintf("%.2f", ratio(s, c.base(a.shown)))
				}
			}
		}
		line += " " + cell + " |"
	}
	if len(history) == 0 {
		history = fmt.Appendf(nil, "# Reports and their main ratios\n\n"+
			"Each is the time of picohttp's fastest kernel on that machine, as a ratio to the faster build of picohttpparser in the same run; below 1 is\n"+
			"faster. `go run ./yardstick -report` adds a line.\n\n"+
			"| date | commit | CPU | Go | gcc |%s\n|---|---|---|---|---|%s\n", titles, strings.Repeat("---:|", len(mainRatios)))
	}
	return os.WriteFile(path, append(history, line+"\n"...), 0o644)
}
