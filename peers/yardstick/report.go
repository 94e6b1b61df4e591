package main

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// A report is all results of a run.
type report struct {
	about []string
	axes  []axis
	o     options
}

// The first axes of a report.
const (
	serving = iota
	families
	parseAlone
)

// makeReport measures everything and writes the files of the report to a folder.
func makeReport(folder string, o options) error {
	r := &report{o: o}
	var err error
	if r.axes, err = axes(o); err != nil {
		return err
	}
	if r.about, err = about(o); err != nil {
		return err
	}
	r.about = append(r.about, "times:   "+o.times())
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for i := range r.axes {
		a := &r.axes[i]
		fmt.Println(a.title)
		if err := a.measure(o); err != nil {
			return err
		}
		fmt.Print(a.leftOut())
	}
	files := map[string]func(io.Writer){"report.md": r.markdown}
	for _, c := range charts {
		for _, theme := range themes {
			files[c.name+"-"+theme.name+".svg"] = func(w io.Writer) { c.draw(r, theme, w) }
		}
	}
	for name, write := range files {
		var b bytes.Buffer
		write(&b)
		if err := os.WriteFile(filepath.Join(folder, name), b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// times says how the times of a report are measured, or that they were not measured for long enough.
func (o options) times() string {
	const fewest, shortest = 15, 10 * time.Millisecond
	if o.rounds < fewest || o.slot < shortest {
		return "A SHORT RUN: THESE FIGURES MEAN NOTHING"
	}
	return fmt.Sprintf("medians of %d rounds of %v, %s", o.rounds, o.slot, time.Now().UTC().Format(time.DateOnly))
}

func (r *report) markdown(w io.Writer) {
	fmt.Fprintf(w, "# How fast parsers of HTTP/1.x are\n\n")
	fmt.Fprintf(w, "Made by `go run ./yardstick -report`; [../README.md](../README.md) says what is measured, how fair it is, and how to repeat it. "+
		"[history.md](history.md) has the main ratios of earlier reports.\n\n```\n%s\n```\n", strings.Join(r.about, "\n"))
	for _, c := range charts {
		fmt.Fprintf(w, "\n<picture><source media=\"(prefers-color-scheme: dark)\" srcset=\"%s-dark.svg\">\n"+
			"<img alt=\"%s, by parser, as a ratio to picohttpparser\" src=\"%[1]s-light.svg\"></picture>\n", c.name, c.title)
	}
	for i, a := range r.axes {
		fmt.Fprintf(w, "\n## %s\n\n%s\n", a.title, a.about)
		a.write(w, i <= parseAlone)
		if i == parseAlone {
			fmt.Fprintf(w, "\n## Where picohttp is slower\n\nThese are all cells of the report in which another parser takes less time than picohttp's "+
				"fastest kernel here, %s. In brackets is the ratio of picohttp's time to that of the parser.\n", r.o.parsers[0].name)
			table(w, []string{"table", "column", "picohttp, ns", "faster, ns"}, r.slower())
		}
	}
}

// table writes rows. More than nine columns after the first are split into several tables, each with
// the first column. A column with figures is aligned right.
func table(w io.Writer, titles []string, rows [][]string) {
	rule := make([]string, len(titles))
	for i := range rule {
		rule[i] = "---"
		if slices.ContainsFunc(rows, func(row []string) bool { return isFigure(row[i]) }) {
			rule[i] = "---:"
		}
	}
	for from := 1; from < len(titles); from += 9 {
		to := min(from+9, len(titles))
		fmt.Fprintln(w)
		t := tabwriter.NewWriter(w, 0, 0, 0, ' ', 0)
		for _, row := range slices.Concat([][]string{titles, rule}, rows) {
			fmt.Fprintf(t, "| %s\t | %s\t |\n", row[0], strings.Join(row[from:to], "\t | "))
		}
		t.Flush()
	}
}

// write writes the tables of an axis: times, and also ratios if ratios is true.
func (a *axis) write(w io.Writer, ratios bool) {
	if a.rejected {
		a.table(w, func(*result, *side) string { return "rejects" })
		return
	}
	fmt.Fprintf(w, "\nMedians, in ns.\n")
	a.table(w, func(_ *result, s *side) string { return figure(median(s.times)) })
	if ratios {
		base := "the faster build of picohttpparser in each column"
		if !slices.ContainsFunc(a.shown, parser.isPico) {
			base = "the first row"
		}
		fmt.Fprintf(w, "\nAs ratios to %s; below 1 is faster. Each is the median of the rounds' ratios.\n", base)
		a.table(w, func(c *result, s *side) string { return fmt.Sprintf("%.2f", ratio(s, c.base(a.shown))) })
	}
	var all []float64
	worst, where := 0.0, ""
	for _, c := range a.results {
		for _, s := range c.sides {
			v := (quantile(s.times, 0.75) - quantile(s.times, 0.25)) / median(s.times)
			if all = append(all, v); v >= worst {
				worst, where = v, s.label()+", "+c.title
			}
		}
	}
	fmt.Fprintf(w, "\nSpread, the distance between the quartiles in percent of the median: %.1f %% in the median of all cells, at most %.1f %% (%s).\n",
		100*median(all), 100*worst, where)
	fmt.Fprint(w, a.leftOut())
}

// table writes a row for each parser and a cell for each column.
func (a *axis) table(w io.Writer, cell func(*result, *side) string) {
	titles := []string{"parser"}
	rows := make([][]string, len(a.shown))
	for i, p := range a.shown {
		rows[i] = []string{p.label()}
	}
	for _, c := range a.results {
		titles = append(titles, c.title)
		for i, p := range a.shown {
			word := "-"
			if s := c.side(p); s != nil {
				word = cell(c, s)
			} else if _, verdict, ok := strings.Cut(c.differ[p.name], ": it "); ok && c.command == "reject" {
				word = verdict
			}
			rows[i] = append(rows[i], word)
		}
	}
	table(w, titles, rows)
}

func isFigure(cell string) bool {
	_, err := strconv.ParseFloat(cell, 64)
	return err == nil
}

// figure formats v with three digits, or more if it is 1000 or above.
func figure(v float64) string {
	return fmt.Sprintf("%.*f", max(0, 2-int(math.Log10(max(1, v)))), v)
}

// leftOut returns lines that say which parsers were not timed, and why.
func (a *axis) leftOut() string {
	var b strings.Builder
	for _, c := range a.results {
		for _, p := range c.parsers {
			if why := c.differ[p.name]; why != "" && c.command != "reject" {
				fmt.Fprintf(&b, "\n%s is left out of %s: %s\n", p.label(), c.title, why)
			}
		}
	}
	return b.String()
}

// slower returns a row for each column of the report in which another parser is faster than picohttp.
func (r *report) slower() (rows [][]string) {
	for _, a := range slices.DeleteFunc(slices.Clone(r.axes), func(a axis) bool { return a.rejected }) {
		title, _, _ := strings.Cut(a.title, ":")
		for _, c := range a.results {
			ours, faster := c.side(r.o.parsers[0]), []string(nil)
			for _, p := range a.shown {
				if s := c.side(p); s != nil && !p.kernel && ratio(ours, s) > 1 {
					faster = append(faster, fmt.Sprintf("%s %s (%.2f)", p.label(), figure(median(s.times)), ratio(ours, s)))
				}
			}
			if len(faster) > 0 {
				rows = append(rows, []string{title, c.title, figure(median(ours.times)), strings.Join(faster, ", ")})
			}
		}
	}
	return rows
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
