package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/template"
)

// A theme is the colours of a chart. The background is painted, so that a chart is
// readable on any page.
type theme struct {
	Name, Ground, Ink, Quiet, Grid string
	Languages                      []language
}

// A language is the colour of the parsers written in it. picohttp has its own.
type language struct{ Name, Color string }

var themes = []theme{
	{"light", "#ffffff", "#1f2328", "#59636e", "#e4e8ec",
		[]language{{"picohttp", "#0550ae"}, {"C and C++", "#bc4c00"}, {"Rust", "#8250df"}, {"Go", "#1a7f37"}}},
	{"dark", "#0d1117", "#f0f6fc", "#9198a1", "#262c36",
		[]language{{"picohttp", "#58a6ff"}, {"C and C++", "#f0883e"}, {"Rust", "#bc8cff"}, {"Go", "#56d364"}}},
}

// languageOf returns the index of a parser in Languages. The first line of a side says what
// built it.
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

// A chart is a picture in the report. It shows the ratios of an axis: those of mixed traffic
// as bars, or those of all columns as points.
type chart struct {
	name, alt, axis, title, about string
	points                        bool
}

var charts = []chart{
	{"serve", "Time to serve a request of mixed traffic, by parser, as a ratio to picohttpparser", "Serve",
		"Time to serve a request of mixed traffic",
		"The head parsed and checked, every field taken, three looked up.", false},
	{"family", "Time for a head of each family of traffic, by parser, as a ratio to picohttpparser", "Family",
		"Time for a request head, by family of traffic",
		"The head parsed, every field taken. A point is a family, the bar is mixed traffic.", true},
}

// The dimensions of a chart, in pixels. It is narrow enough for a phone to show it near this size.
const (
	chartWidth = 520
	rowHeight  = 34
	headHeight = 112
	footHeight = 62
	room       = 104 // for the words next to points and bars
)

// A mark is a point, a bar, or text at a place on the logarithmic axis.
type mark struct {
	X, Width float64
	Text     string
	Anchor   string
}

type chartRow struct {
	Y               int
	Label, Language string
	Color, Weight   string
	Bar             mark
	Points, Words   []mark
	order           float64
}

type chartData struct {
	theme
	Width, Height int
	Top, Bottom   int // of the rows
	Title         string
	Lines, Foot   []string
	One           float64
	Ticks         []mark
	Rows          []chartRow
}

func (c chart) draw(r *report, t theme, w io.Writer) error {
	a := r.axes[slices.IndexFunc(r.axes, func(a axis) bool { return a.name == c.axis })]
	mixed := &a.columns[slices.IndexFunc(a.columns, func(c column) bool { return c.task.name == "mixed" })]
	base := mixed.base(a.shown)
	if base == nil {
		return fmt.Errorf("chart %s: no side has a figure for mixed traffic", c.name)
	}
	families := []*column{mixed}
	for i := range a.columns {
		if c.points && a.columns[i].task.name != "mixed" {
			families = append(families, &a.columns[i])
		}
	}
	// ratios returns those of a parser. The first is that of mixed traffic.
	type named struct {
		name  string
		ratio float64
	}
	ratios := func(p parser) (all []named) {
		for _, c := range families {
			if s := c.side(p); s != nil {
				all = append(all, named{c.task.name, ratio(s, c.base(a.shown))})
			}
		}
		return all
	}
	shown := filter(a.shown, func(p parser) bool { return p != memchr && mixed.side(p) != nil })
	low, high := 0.5, 2.0
	for _, p := range shown {
		for _, v := range ratios(p) {
			low, high = min(low, v.ratio), max(high, v.ratio)
		}
	}
	left := 40.0
	if c.points {
		left = room + 12
	}
	x := func(v float64) float64 {
		return left + (chartWidth-room-12-left)*math.Log(v/low)/math.Log(high/low)
	}

	d := chartData{theme: t, Width: chartWidth, One: x(1), Title: c.title, Foot: r.foot(),
		Lines: []string{c.about, fmt.Sprintf("Ratio to %s; the axis is logarithmic.", base.label())}}
	for v := math.Exp2(math.Ceil(math.Log2(low))); v <= high; v *= 2 {
		d.Ticks = append(d.Ticks, mark{X: x(v), Text: fmt.Sprintf("%g", v)})
	}
	for _, p := range shown {
		all := ratios(p)
		language := t.Languages[r.languageOf(p)]
		row := chartRow{Label: p.label(), Language: language.Name, Color: language.Color, Weight: "normal", order: all[0].ratio}
		if p.kernel {
			row.Weight, row.Language = "bold", ""
		}
		at := x(row.order)
		if c.points {
			row.Bar = mark{X: at - 2, Width: 4}
			byRatio := func(a, b named) int { return cmp.Compare(a.ratio, b.ratio) }
			first, last := slices.MinFunc(all, byRatio), slices.MaxFunc(all, byRatio)
			row.Words = []mark{
				{X: x(first.ratio) - 8, Text: fmt.Sprintf("%s %.2f", first.name, first.ratio), Anchor: "end"},
				{X: x(last.ratio) + 8, Text: fmt.Sprintf("%.2f %s", last.ratio, last.name), Anchor: "start"}}
			for _, v := range all[1:] {
				row.Points = append(row.Points, mark{X: x(v.ratio)})
			}
		} else {
			row.Bar = mark{X: min(at, d.One), Width: math.Abs(at - d.One)}
			row.Words = []mark{{X: max(at, d.One) + 6, Text: fmt.Sprintf("%.2f (%s ns)", row.order, figure(median(mixed.side(p).times))), Anchor: "start"}}
		}
		d.Rows = append(d.Rows, row)
	}
	slices.SortStableFunc(d.Rows, func(a, b chartRow) int { return cmp.Compare(a.order, b.order) })
	for i := range d.Rows {
		d.Rows[i].Y = headHeight + rowHeight*i
	}
	d.Top, d.Bottom = headHeight, headHeight+rowHeight*len(d.Rows)+4
	d.Height = d.Bottom + footHeight
	return chartTemplate.Execute(w, d)
}

// foot returns the lines that name the machine, the compilers, and the commit.
func (r *report) foot() []string {
	lines := []string{
		r.find("CPU:"),
		r.find("Go:") + "; gcc " + r.gcc() + "; picohttp " + r.find("commit:"),
		r.find("times:"),
	}
	if r.short {
		lines[2] += "; A SHORT RUN: THESE FIGURES MEAN NOTHING"
	}
	return lines
}

var chartTemplate = template.Must(template.New("chart").Funcs(template.FuncMap{
	"sum": func(a, b int) int { return a + b },
	"mul": func(a, b int) int { return a * b },
}).Parse(`<svg xmlns="http://www.w3.org/2000/svg" width="{{.Width}}" height="{{.Height}}" viewBox="0 0 {{.Width}} {{.Height}}"
 font-family="-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif" font-size="13" fill="{{.Ink}}">
<rect width="100%" height="100%" fill="{{.Ground}}"/>
<text x="12" y="24" font-size="16" font-weight="bold">{{html .Title}}</text>
{{- range $i, $line := .Lines}}
<text x="12" y="{{sum 43 (mul 16 $i)}}" fill="{{$.Quiet}}" font-size="12">{{html $line}}</text>
{{- end}}
{{- range $i, $l := .Languages}}
<rect x="{{sum 12 (mul 105 $i)}}" y="71" width="11" height="11" fill="{{$l.Color}}"/>
<text x="{{sum 28 (mul 105 $i)}}" y="81">{{$l.Name}}</text>
{{- end}}
<g font-size="12">
{{- range .Ticks}}
<path d="M{{printf "%.1f" .X}} {{$.Top}}V{{$.Bottom}}" stroke="{{$.Grid}}"/>
<text x="{{printf "%.1f" .X}}" y="{{sum $.Bottom 14}}" text-anchor="middle" fill="{{$.Quiet}}">{{.Text}}</text>
{{- end}}
<text x="{{printf "%.1f" .One}}" y="{{sum .Top -4}}" text-anchor="middle" font-weight="bold">&#8592; faster &#160;1.00&#160; slower &#8594;</text>
</g>
<path d="M{{printf "%.1f" .One}} {{.Top}}V{{.Bottom}}" stroke="{{.Ink}}" stroke-width="2"/>
<g paint-order="stroke" stroke="{{.Ground}}" stroke-width="3">
{{- range .Rows}}
<text x="12" y="{{sum .Y 13}}" font-weight="{{.Weight}}">{{html .Label}} <tspan fill="{{.Color}}" font-size="11">{{.Language}}</tspan></text>
<rect x="{{printf "%.1f" .Bar.X}}" y="{{sum .Y 18}}" width="{{printf "%.1f" .Bar.Width}}" height="12" fill="{{.Color}}" stroke="none"/>
{{- $row := .}}
{{- range .Points}}
<circle cx="{{printf "%.1f" .X}}" cy="{{sum $row.Y 24}}" r="4" fill="{{$row.Color}}" fill-opacity="0.6" stroke="none"/>
{{- end}}
{{- range .Words}}
<text x="{{printf "%.1f" .X}}" y="{{sum $row.Y 28}}" text-anchor="{{.Anchor}}" font-size="12" font-weight="{{$row.Weight}}">{{html .Text}}</text>
{{- end}}
{{- end}}
</g>
<g font-size="10.5" fill="{{.Quiet}}">
{{- range $i, $line := .Foot}}
<text x="12" y="{{sum $.Bottom (sum 32 (mul 13 $i))}}">{{html $line}}</text>
{{- end}}
</g>
</svg>
`))
