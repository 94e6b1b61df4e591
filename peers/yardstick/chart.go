package main

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"math"
	"slices"
	"strings"
)

// A theme has the colours of a chart. The background is painted, so that a chart is readable on any
// page.
type theme struct {
	name, ground, ink, quiet, grid string
	languages                      [len(languages)]string
}

// languages has what the colours stand for: the language of a parser, or picohttp.
var languages = [...]string{"picohttp", "C and C++", "Rust", "Go"}

var themes = []theme{
	{"light", "#ffffff", "#1f2328", "#59636e", "#e4e8ec", [...]string{"#0550ae", "#bc4c00", "#8250df", "#1a7f37"}},
	{"dark", "#0d1117", "#f0f6fc", "#9198a1", "#262c36", [...]string{"#58a6ff", "#f0883e", "#bc8cff", "#56d364"}},
}

// languageOf returns the index of a parser in languages. It finds the compiler in the line of the
// report that says what the side is.
func (r *report) languageOf(p parser) int {
	about := r.find(p.name + " is ")
	switch {
	case p.kernel:
		return 0
	case strings.Contains(about, "rustc"):
		return 2
	case strings.Contains(about, " go1."):
		return 3
	}
	return 1
}

// A chart is a picture of the ratios of an axis.
type chart struct {
	name, title, about string
	axis               int
}

var charts = []chart{
	{"serve", "Time to serve a request, by family of traffic", "The head parsed and checked, every field taken, three looked up.", serving},
	{"family", "Time for a request head, by family of traffic", "The head parsed, every field taken.", families},
}

// The dimensions of a chart, in pixels. It is narrow enough for a phone to show it near this size.
const (
	chartWidth = 520
	rowHeight  = 34
	headHeight = 112
	footHeight = 62
	room       = 104 // for the words next to points and bars
)

// A bar is a row of a chart.
type bar struct {
	parser
	mixed, ns float64
	families  []family
}

type family struct {
	name  string
	ratio float64
}

// bars returns the rows of a chart, the fastest first.
func (a *axis) bars() (rows []bar) {
	for _, p := range a.shown {
		row := bar{parser: p}
		for _, c := range a.results {
			s := c.side(p)
			switch name, ok := strings.CutPrefix(c.name, "mixed/"); {
			case s == nil:
			case ok:
				row.families = append(row.families, family{name, ratio(s, c.base(a.shown))})
			case c.name == "mixed":
				row.mixed, row.ns = ratio(s, c.base(a.shown)), median(s.times)
			}
		}
		slices.SortFunc(row.families, func(a, b family) int { return cmp.Compare(a.ratio, b.ratio) })
		if row.mixed > 0 && len(row.families) > 0 {
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, func(a, b bar) int { return cmp.Compare(a.mixed, b.mixed) })
	return rows
}

func (c chart) draw(r *report, t theme, w io.Writer) {
	a := r.axes[c.axis]
	rows := a.bars()
	low, high, base := 0.5, 2.0, ""
	for _, row := range rows {
		if row.mixed == 1 {
			base = row.label()
		}
		low, high = min(low, row.families[0].ratio), max(high, row.families[len(row.families)-1].ratio)
	}
	// x returns the place of a ratio on the logarithmic axis.
	x := func(v float64) float64 {
		return room + 12 + (chartWidth-2*room-24)*math.Log(v/low)/math.Log(high/low)
	}
	bottom := headHeight + rowHeight*len(rows) + 4
	text := func(x float64, y int, style, format string, args ...any) {
		fmt.Fprintf(w, "<text x=\"%.1f\" y=\"%d\" %s>%s</text>\n", x, y, style, html.EscapeString(fmt.Sprintf(format, args...)))
	}
	rect := func(x float64, y int, width float64, height int, color string) {
		fmt.Fprintf(w, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\" stroke=\"none\"/>\n", x, y, width, height, color)
	}

	fmt.Fprintf(w, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %[1]d %[2]d\"\n"+
		" font-family=\"-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif\" font-size=\"13\" fill=\"%s\">\n", chartWidth, bottom+footHeight, t.ink)
	rect(0, 0, chartWidth, bottom+footHeight, t.ground)
	quiet := fmt.Sprintf(`fill="%s" font-size="12"`, t.quiet)
	text(12, 24, `font-size="16" font-weight="bold"`, "%s", c.title)
	text(12, 43, quiet, "%s", c.about)
	text(12, 59, quiet, "Ratio to %s. The bar is mixed traffic, a point is a family.", base)
	for i, language := range languages {
		at := float64(12 + 105*i)
		rect(at, 71, 11, 11, t.languages[i])
		text(at+16, 81, "", "%s", language)
	}
	for v := math.Exp2(math.Ceil(math.Log2(low))); v <= high; v *= 2 {
		fmt.Fprintf(w, "<path d=\"M%.1f %dV%d\" stroke=\"%s\"/>\n", x(v), headHeight, bottom, t.grid)
		text(x(v), bottom+14, quiet+` text-anchor="middle"`, "%g", v)
	}
	text(x(1), headHeight-4, `font-size="12" text-anchor="middle" font-weight="bold"`, "\u2190 faster \u00a01.00\u00a0 slower \u2192")
	fmt.Fprintf(w, "<path d=\"M%.1f %dV%d\" stroke=\"%s\" stroke-width=\"2\"/>\n", x(1), headHeight, bottom, t.ink)
	for i, row := range rows {
		y, language, style := headHeight+rowHeight*i, r.languageOf(row.parser), ""
		color := t.languages[language]
		label := fmt.Sprintf("%s %.2f (%s ns)", row.label(), row.mixed, figure(row.ns))
		if row.kernel {
			style = `font-weight="bold"`
		} else {
			label += " " + languages[language]
		}
		// An outline in the colour of the background keeps words readable on lines and points.
		style += fmt.Sprintf(` paint-order="stroke" stroke="%s" stroke-width="3"`, t.ground)
		text(12, y+13, style, "%s", label)
		rect(x(row.mixed)-2, y+18, 4, 12, color)
		for _, f := range row.families {
			fmt.Fprintf(w, "<circle cx=\"%.1f\" cy=\"%d\" r=\"4\" fill=\"%s\" fill-opacity=\"0.6\"/>\n", x(f.ratio), y+24, color)
		}
		first, last := row.families[0], row.families[len(row.families)-1]
		text(x(first.ratio)-8, y+28, style+` font-size="12" text-anchor="end"`, "%s %.2f", first.name, first.ratio)
		text(x(last.ratio)+8, y+28, style+` font-size="12"`, "%.2f %s", last.ratio, last.name)
	}
	foot := []string{
		r.find("CPU:"),
		r.find("Go:") + "; " + r.find(picoNative+"-gcc is "),
		"picohttp " + r.find("commit:") + "; " + r.find("times:"),
	}
	for i, line := range foot {
		text(12, bottom+32+13*i, fmt.Sprintf(`font-size="10.5" fill="%s"`, t.quiet), "%s", line)
	}
	fmt.Fprintln(w, "</svg>")
}
