package main

import (
	"bufio"
	"cmp"
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

// keptMessages is how many messages are kept alive to see what they cost.
const keptMessages = 50000

// A memory is what a message that is kept costs.
type memory struct {
	parser         string
	bytes, objects int
	gc             time.Duration // of all that are kept
}

// A report is all figures of a run.
type report struct {
	about  []string
	axes   []axis
	memory []memory
	kept   int
	o      options
}

// makeReport measures everything and writes the files of the report to a folder.
func makeReport(folder string, short bool, o options) (err error) {
	r := &report{o: o, kept: keptMessages}
	if short {
		r.o.rounds, r.o.slot, r.kept = 1, time.Millisecond, 100
	}
	if r.axes, err = axes(r.o); err != nil {
		return err
	}
	if r.about, err = about(allParsers(), r.o); err != nil {
		return err
	}
	r.about = append(r.about, fmt.Sprintf("times:   medians of %d rounds of %v, %s", r.o.rounds, r.o.slot, time.Now().UTC().Format(time.DateOnly)))
	if short {
		r.about = append(r.about, "A short run: these figures mean nothing.")
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	start := time.Now()
	for _, a := range r.axes {
		fmt.Printf("%5.0fs %s\n", time.Since(start).Seconds(), a.title)
		for i := range a.columns {
			c := &a.columns[i]
			if c.cells, err = perform(c.task, r.o); err != nil {
				return fmt.Errorf("%s, %s: %w", a.title, c.title, err)
			}
			if c.task.judged() {
				continue
			}
			for name, d := range c.cells.differ {
				fmt.Printf("%s, %s: %s is left out: %s\n", a.title, c.title, name, d.first)
			}
		}
	}
	fmt.Printf("%5.0fs Memory\n", time.Since(start).Seconds())
	if err := r.measureMemory(); err != nil {
		return err
	}
	for name, write := range map[string]func(io.Writer) error{"report.txt": r.text, "report.md": r.markdown} {
		if err := writeFile(filepath.Join(folder, name), write); err != nil {
			return err
		}
	}
	for _, theme := range themes {
		for _, c := range charts {
			file := filepath.Join(folder, c.name+"-"+theme.name+".svg")
			if err := writeFile(file, func(w io.Writer) error { return c.draw(r, theme, w) }); err != nil {
				return err
			}
		}
	}
	fmt.Printf("%5.0fs %s\n", time.Since(start).Seconds(), filepath.Join(folder, "report.md"))
	return nil
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	return errors.Join(write(w), w.Flush(), f.Close())
}

// measureMemory asks each parser, in a process of its own, for what the Chrome
// head costs while it is kept. A parser that is not in Go says what it needs; it
// has no collector.
func (r *report) measureMemory() error {
	_, heads, err := corpus("chrome", request)
	if err != nil {
		return err
	}
	best := r.o.kernels[0]
	for _, name := range allParsers() {
		if name == picoScalar || slices.Contains(r.o.kernels, name) && name != best {
			continue
		}
		programs, stop, err := startOn(task{messages: heads, parsers: []string{name}}, r.o)
		if err != nil {
			return err
		}
		answer, err := programs[0].ask("keep", r.kept, 0)
		stop()
		if err != nil {
			return err
		}
		m := memory{parser: label(name)}
		if name == best {
			m.parser = "picohttp"
		}
		if _, err := fmt.Sscan(answer, &m.bytes, &m.objects, &m.gc); err != nil {
			return fmt.Errorf("%s: answer %q: %w", name, answer, err)
		}
		r.memory = append(r.memory, m)
	}
	return nil
}

// label is the name of a parser in the report.
func label(name string) string {
	switch name {
	case picoNative:
		return "picohttpparser"
	case picoScalar:
		return "picohttpparser scalar"
	case "memchr":
		return "memchr"
	case "antlabs":
		return "antlabs/httparser"
	}
	if isPeer(name) {
		return name
	}
	return "picohttp " + name
}

// labels returns the parsers of an axis in the order of a table: picohttp, C and
// Rust, Go, and memchr, the bar.
func (a *axis) labels() (labels []string) {
	t := a.columns[0].task
	for _, p := range t.parsers {
		labels = append(labels, label(p))
	}
	if t.bars {
		labels = append(labels, label("memchr"))
	}
	return labels
}

// side returns the times of a parser in a column, or nil.
func (c *column) side(parser string) *side {
	for _, s := range c.cells.sides {
		if label(s.name) == parser {
			return s
		}
	}
	return nil
}

// base returns the faster build of picohttpparser in a column.
func (c *column) base() *side {
	return slices.MinFunc([]*side{c.side(label(picoNative)), c.side(label(picoScalar))}, func(a, b *side) int {
		return cmp.Compare(median(a.times), median(b.times))
	})
}

// text writes a line for each time of each round, in the format of go test -bench:
// "benchstat -col /parser report.txt" reads it.
func (r *report) text(w io.Writer) error {
	fmt.Fprintf(w, "goos: %s\ngoarch: %s\npkg: github.com/picohttp/picohttp/peers\ncpu: %s\n", runtime.GOOS, runtime.GOARCH, cpuModel())
	for _, line := range r.about {
		fmt.Fprintf(w, "# %s\n", line)
	}
	key := strings.NewReplacer(" ", "-", "/", "-")
	for _, a := range r.axes {
		for _, c := range a.columns {
			for _, s := range c.cells.sides {
				for _, ns := range s.times {
					fmt.Fprintf(w, "Benchmark%s/%s/parser=%s \t%d\t%.2f ns/op\t%.1f MB/s\n", a.name, c.key, key.Replace(label(s.name)),
						s.passes*c.cells.facts.messages, ns, float64(c.cells.facts.bytes)/float64(c.cells.facts.messages)/ns*1000)
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
		"A report.txt is written with it, the times of all rounds for benchstat, which is not kept here.\n\n```\n%s\n```\n", strings.Join(r.about, "\n"))
	for _, c := range charts {
		fmt.Fprintf(w, "\n<picture><source media=\"(prefers-color-scheme: dark)\" srcset=\"%s-dark.svg\">\n<img alt=\"%s\" src=\"%s-light.svg\"></picture>\n",
			c.name, c.alt, c.name)
	}
	for _, a := range r.axes {
		fmt.Fprintf(w, "\n## %s\n\n%s\n", a.title, a.about)
		a.table(w, func(c *column, s *side) string { return figure(median(s.times)) })
		if a.name == "Serve" || a.name == "Family" || a.name == "Kernel" {
			fmt.Fprintf(w, "\nAs ratios to picohttpparser, the faster build of the two in each column; below 1 is faster. Each is the median of the rounds' ratios.\n")
			a.table(w, func(c *column, s *side) string { return fmt.Sprintf("%.2f", ratio(s, c.base())) })
		}
		switch a.name {
		case "Kernel":
			fmt.Fprintf(w, "\n%s\n", a.portable())
		case "Scale":
			fmt.Fprintf(w, "\n%s\n", a.speedup())
		}
		fmt.Fprintf(w, "\n%s\n", a.spread())
		for _, c := range a.columns {
			for name, d := range c.cells.differ {
				if !c.task.judged() {
					fmt.Fprintf(w, "\n%s has no figure for %s: %s\n", label(name), c.title, d.first)
				}
			}
		}
	}
	fmt.Fprintf(w, "\n## Memory\n\nWhat the Chrome head costs while it is kept so that its fields can be read, its own bytes included where "+
		"they are needed; and how long a garbage collection on one CPU takes with %d of them alive and nothing to free. "+
		"For C and Rust the first figure is what their structures have, without the allocator's part.\n\n"+
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

// table writes a row for each parser, with a cell for each column; nine columns to
// a table.
func (a *axis) table(w io.Writer, cell func(*column, *side) string) {
	for columns := range slices.Chunk(a.columns, 9) {
		fmt.Fprintf(w, "\n| parser |")
		for _, c := range columns {
			fmt.Fprintf(w, " %s |", c.title)
		}
		fmt.Fprintf(w, "\n|---|%s\n", strings.Repeat("---:|", len(columns)))
		for _, parser := range a.labels() {
			fmt.Fprintf(w, "| %s |", parser)
			for i := range columns {
				c := &columns[i]
				if s := c.side(parser); s != nil {
					fmt.Fprintf(w, " %s |", cell(c, s))
				} else {
					fmt.Fprintf(w, " %s |", c.verdict(parser))
				}
			}
			fmt.Fprintln(w)
		}
	}
}

// verdict is what stands in a table for a parser that has no figure.
func (c *column) verdict(parser string) string {
	for name, d := range c.cells.differ {
		if label(name) == parser && c.task.judged() {
			return d.first
		}
	}
	return "-"
}

// figure returns three digits, or all before the point.
func figure(v float64) string {
	switch {
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// spread tells how far the rounds were apart.
func (a *axis) spread() string {
	var all []float64
	worst, where := 0.0, ""
	for _, c := range a.columns {
		for _, s := range c.cells.sides {
			v := spread(s.times)
			if all = append(all, v); v >= worst {
				worst, where = v, label(s.name)+", "+c.title
			}
		}
	}
	if len(all) == 0 {
		return ""
	}
	return fmt.Sprintf("Spread, the distance between the quartiles in percent of the median: %.1f %% in the median of all cells, at most %.1f %% (%s).",
		100*median(all), 100*worst, where)
}

// speedup tells how much more two threads do.
func (a *axis) speedup() string {
	var words []string
	one, two := &a.columns[0], &a.columns[1]
	for _, parser := range a.labels() {
		if s, t := one.side(parser), two.side(parser); s != nil && t != nil {
			words = append(words, fmt.Sprintf("%s %.2f", parser, median(s.times)/median(t.times)))
		}
	}
	return "Heads in two threads for each in one: " + strings.Join(words, ", ") + "."
}

// portable tells what picohttp takes without assembly of the time that C takes
// without SSE4.2.
func (a *axis) portable() string {
	var words []string
	for i := range a.columns {
		c := &a.columns[i]
		if s := c.side("picohttp generic"); s != nil {
			words = append(words, fmt.Sprintf("%s %.2f", c.title, ratio(s, c.side(label(picoScalar)))))
		}
	}
	return "The generic kernel as a ratio to picohttpparser scalar: " + strings.Join(words, "; ") + "."
}
