package main

import (
	"cmp"
	"fmt"
	"image/color"
	"io"
	"math"
	"slices"
	"strings"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// A theme is the colours of a chart. The ground is painted, so that a chart can be
// read wherever it is shown.
type theme struct {
	name                         string
	ground, ink, quiet, grid     color.RGBA
	ours, inC, inRust, inGo, bar color.RGBA
}

var themes = []theme{
	{"light", rgb(0xffffff), rgb(0x1f2328), rgb(0x59636e), rgb(0xe4e8ec),
		rgb(0x0550ae), rgb(0xbc4c00), rgb(0x8250df), rgb(0x1a7f37), rgb(0x818b98)},
	{"dark", rgb(0x0d1117), rgb(0xf0f6fc), rgb(0x9198a1), rgb(0x262c36),
		rgb(0x58a6ff), rgb(0xf0883e), rgb(0xbc8cff), rgb(0x56d364), rgb(0x9198a1)},
}

func rgb(v uint32) color.RGBA { return color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 0xff} }

// of returns the colour of a parser, which is that of its language.
func (t theme) of(parser string) color.RGBA {
	switch {
	case strings.HasPrefix(parser, "picohttp "):
		return t.ours
	case parser == "memchr":
		return t.bar
	case parser == "httparse":
		return t.inRust
	}
	for _, p := range goPeers {
		if label(p.name) == parser {
			return t.inGo
		}
	}
	return t.inC
}

// A chart is a picture in the report.
type chart struct {
	name, alt string
	draw      func(*report, theme, io.Writer) error
}

var charts = []chart{
	{"serve", "Time to serve a request of mixed traffic, by parser, as a ratio to picohttpparser", drawServe},
	{"ratio", "Time for a head of mixed traffic, by parser, as a ratio to picohttpparser", drawRead},
	{"family", "Time for a head, by parser and family of traffic", drawFamilies},
	{"size", "Throughput, by parser and size of the head", drawSizes},
}

const (
	chartWidth  = 760 * vg.Inch / 96
	labelRoom   = 170 * vg.Inch / 96
	footHeight  = 44 * vg.Inch / 96
	titleHeight = 66 * vg.Inch / 96
)

// sheet begins a chart: the ground, the title, and at its foot what the figures are of.
func (r *report) sheet(t theme, height vg.Length, title, subtitle string) (*vgsvg.Canvas, draw.Canvas) {
	svg := vgsvg.New(chartWidth, height)
	c := draw.New(svg)
	c.SetColor(t.ground)
	c.Fill(c.Rectangle.Path())
	c.FillText(style(t.ink, 12, true), vg.Point{X: 12, Y: height - 18}, title)
	for i, line := range strings.Split(subtitle, "\n") {
		c.FillText(style(t.quiet, 8, false), vg.Point{X: 12, Y: height - 31 - vg.Length(10*i)}, line)
	}
	for i, line := range r.foot() {
		c.FillText(style(t.quiet, 7, false), vg.Point{X: 12, Y: vg.Length(24 - 9*i)}, line)
	}
	return svg, draw.Crop(c, 8, -8, footHeight, -titleHeight)
}

// foot says on which machine, with which compilers and of which commit.
func (r *report) foot() []string {
	find := func(begin string) string {
		for _, line := range r.about {
			if rest, ok := strings.CutPrefix(line, begin); ok {
				return strings.TrimSpace(rest)
			}
		}
		return ""
	}
	_, c, _ := strings.Cut(find(picoNative+" is "), "gcc")
	_, rust, _ := strings.Cut(find("httparse is "), ", ")
	lines := []string{
		find("CPU:") + "; " + find("Go:") + "; gcc" + c,
		"picohttp " + find("commit:") + "; " + find("times:"),
	}
	if rust != "" {
		lines[0] += "; " + rust
	}
	if r.o.slot < 5e6 {
		lines[1] += "; A SHORT RUN: THESE FIGURES MEAN NOTHING"
	}
	return lines
}

func style(c color.Color, size float64, bold bool) draw.TextStyle {
	f := font.From(plot.DefaultFont, vg.Points(size))
	f.Typeface, f.Variant = "Liberation", "Sans"
	if bold {
		f.Weight = xfont.WeightBold
	}
	return draw.TextStyle{Color: c, Font: f, Handler: plot.DefaultTextHandler, YAlign: text.YCenter}
}

// newPlot returns a plot in the colours of a theme.
func newPlot(t theme) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = t.ground
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Color, axis.Tick.Color = t.quiet, t.quiet
		label, tick := style(t.ink, 9, false), style(t.ink, 8, false)
		axis.Label.TextStyle.Color, axis.Label.TextStyle.Font = label.Color, label.Font
		axis.Tick.Label.Color, axis.Tick.Label.Font = tick.Color, tick.Font
		axis.Padding = 4
	}
	return p
}

// grid draws a line at each labelled tick of the Y axis.
func grid(t theme) *plotter.Grid {
	g := plotter.NewGrid()
	g.Vertical.Color = nil
	g.Horizontal.Color = t.grid
	return g
}

// A curve is a parser in a chart of lines.
type curve struct {
	parser string
	points plotter.XYs
}

// curvesOf returns the parsers that a chart of lines shows: of picohttp the best
// and the generic kernel, of picohttpparser the native build; the tables have all.
func (r *report) curvesOf(a *axis, y func(*column, *side) float64) (curves []curve) {
	best := label(r.o.kernels[0])
	for _, parser := range a.labels() {
		if parser == label(picoScalar) || strings.HasPrefix(parser, "picohttp ") && parser != best && parser != "picohttp generic" {
			continue
		}
		c := curve{parser: parser}
		for i := range a.columns {
			if s := a.columns[i].side(parser); s != nil {
				c.points = append(c.points, plotter.XY{X: float64(i), Y: y(&a.columns[i], s)})
			}
		}
		if len(c.points) > 0 {
			curves = append(curves, c)
		}
	}
	return curves
}

// drawCurves draws curves, each with its name at its end.
func (r *report) drawCurves(t theme, w io.Writer, title, subtitle string, ticks []plot.Tick, yLabel string, curves []curve) error {
	const height = 480 * vg.Inch / 96
	svg, c := r.sheet(t, height, title, subtitle)
	p := newPlot(t)
	p.Y.Label.Text, p.Y.Scale, p.Y.Tick.Marker = yLabel, plot.LogScale{}, decades{}
	p.X.Tick.Marker = plot.ConstantTicks(ticks)
	p.X.Tick.Label.YAlign = text.YTop
	p.Add(grid(t))
	for _, curve := range curves {
		line, points, err := plotter.NewLinePoints(curve.points)
		if err != nil {
			return err
		}
		line.Color, points.Color = t.of(curve.parser), t.of(curve.parser)
		line.Width, points.Radius, points.Shape = 1, 1.8, draw.CircleGlyph{}
		switch {
		case curve.parser == "picohttp generic" || curve.parser == "memchr":
			line.Dashes = []vg.Length{3, 2}
		case strings.HasPrefix(curve.parser, "picohttp "):
			line.Width, points.Radius = 2.5, 3
		}
		p.Add(line, points)
	}
	inner := draw.Crop(c, 0, -labelRoom, 0, 0)
	p.Draw(inner)

	data := p.DataCanvas(inner)
	slices.SortFunc(curves, func(a, b curve) int { return cmp.Compare(b.last(), a.last()) })
	at := make([]vg.Length, len(curves))
	for i, curve := range curves {
		at[i] = data.Y(p.Y.Norm(curve.last()))
	}
	spreadOut(at, 11, data.Min.Y, data.Max.Y)
	for i, curve := range curves {
		ink := t.of(curve.parser)
		end := vg.Point{X: data.Max.X + 4, Y: data.Y(p.Y.Norm(curve.last()))}
		begin := vg.Point{X: data.Max.X + 18, Y: at[i]}
		c.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.5}, end.X, end.Y, begin.X, begin.Y)
		c.FillText(style(ink, 8.5, strings.HasPrefix(curve.parser, "picohttp ")), vg.Point{X: begin.X + 3, Y: begin.Y},
			curve.parser+"  "+figure(curve.last()))
	}
	return write(svg, w)
}

// write writes a chart. The fonts of most machines have Arial's or Helvetica's
// measures, if not the name that the chart was laid out with.
func write(svg *vgsvg.Canvas, w io.Writer) error {
	var b strings.Builder
	if _, err := svg.WriteTo(&b); err != nil {
		return err
	}
	_, err := io.WriteString(w, strings.ReplaceAll(b.String(), "font-family:Liberation Sans;", "font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
	return err
}

func (c curve) last() float64 { return c.points[len(c.points)-1].Y }

// spreadOut moves descending positions apart until no two are closer than gap.
func spreadOut(at []vg.Length, gap, low, high vg.Length) {
	for range 200 {
		moved := false
		for i := 1; i < len(at); i++ {
			if lack := gap - (at[i-1] - at[i]); lack > 0.01 {
				at[i-1] += lack / 2
				at[i] -= lack / 2
				moved = true
			}
		}
		if n := len(at); n > 0 {
			at[0], at[n-1] = min(at[0], high), max(at[n-1], low)
		}
		if !moved {
			return
		}
	}
}

// decades marks 1, 2 and 5 of each power of ten on a logarithmic axis.
type decades struct{}

func (decades) Ticks(low, high float64) (ticks []plot.Tick) {
	for power := math.Pow(10, math.Floor(math.Log10(low))); power <= high; power *= 10 {
		for _, digit := range []float64{1, 2, 5} {
			if v := digit * power; v >= low*0.999 && v <= high*1.001 {
				ticks = append(ticks, plot.Tick{Value: v, Label: fmt.Sprintf("%g", v)})
			}
		}
	}
	return ticks
}

func (r *report) axis(name string) *axis {
	i := slices.IndexFunc(r.axes, func(a axis) bool { return a.name == name })
	return &r.axes[i]
}

func drawFamilies(r *report, t theme, w io.Writer) error {
	a := *r.axis("Family")
	var ticks []plot.Tick
	for i, c := range a.columns {
		name, size, _ := strings.Cut(c.title, ", ")
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: name + "\n" + size})
	}
	curves := r.curvesOf(&a, func(_ *column, s *side) float64 { return median(s.times) })
	return r.drawCurves(t, w, "Time for a request head, by family of traffic",
		"Parsed, and every field name and value taken; lower is better. A family is 30 different heads, shuffled;\nmixed is all of them, and its times are those on the right. Blue is picohttp, orange C, purple Rust, green Go.",
		ticks, "ns per head", curves)
}

func drawSizes(r *report, t theme, w io.Writer) error {
	a := *r.axis("Size")
	var ticks []plot.Tick
	for i, c := range a.columns {
		n := c.cells.facts.bytes
		name := fmt.Sprint(n)
		if n >= 1024 {
			name = fmt.Sprint(n/1024, "Ki")
		}
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: name})
	}
	curves := r.curvesOf(&a, func(c *column, s *side) float64 { return float64(c.cells.facts.bytes) / median(s.times) })
	return r.drawCurves(t, w, "Throughput, by size of the request head in bytes",
		"One head, parsed again and again, and every field name and value taken; higher is better.\nLines of 64 bytes, from 4 KiB on 48 longer ones. memchr looks for a byte that is not there.",
		ticks, "GB/s", curves)
}

func drawServe(r *report, t theme, w io.Writer) error {
	return drawRatio(r, t, w, "Serve", "Time from the bytes of a request to a decision, as a ratio to picohttpparser",
		"Parsed, checked, every name and value taken, three looked up")
}

func drawRead(r *report, t theme, w io.Writer) error {
	return drawRatio(r, t, w, "Family", "Time for a request head of mixed traffic, as a ratio to picohttpparser",
		"Parsed, and every field name and value taken")
}

// drawRatio draws a bar for each parser of an axis, with mixed traffic, from 1, which
// is picohttpparser, to the left if it is faster and to the right if it is slower.
func drawRatio(r *report, t theme, w io.Writer, axis, title, done string) error {
	columns := r.axis(axis).columns
	mixed := &columns[slices.IndexFunc(columns, func(c column) bool { return c.task.name == "mixed" })]
	base := mixed.base()
	var sides []*side
	for _, s := range mixed.cells.sides {
		if s.name != "memchr" {
			sides = append(sides, s)
		}
	}
	slices.SortFunc(sides, func(a, b *side) int { return cmp.Compare(ratio(b, base), ratio(a, base)) })

	height := titleHeight + footHeight + vg.Length(len(sides))*16 + 36
	svg, c := r.sheet(t, height, title,
		fmt.Sprintf("%s: %d heads of eight families, shuffled. 1 is %s,\nleft of it is faster, right of it slower. The axis is logarithmic. Blue is picohttp, orange C, purple Rust, green Go.",
			done, mixed.cells.facts.messages, label(base.name)))
	p := newPlot(t)
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, decades{}
	p.X.Tick.Label.YAlign = text.YTop
	low, high := ratio(sides[len(sides)-1], base), ratio(sides[0], base)
	p.X.Min, p.X.Max = min(low, 0.5)*0.9, max(high, 2)*2.6
	p.Y.Min, p.Y.Max = -0.7, float64(len(sides))-0.3
	p.Y.LineStyle.Width = 0
	var names []plot.Tick
	for i, s := range sides {
		names = append(names, plot.Tick{Value: float64(i), Label: label(s.name)})
	}
	p.Y.Tick.Marker, p.Y.Tick.LineStyle.Width = plot.ConstantTicks(names), 0
	p.Draw(c)

	data := p.DataCanvas(c)
	x := func(v float64) vg.Length { return data.X(p.X.Norm(v)) }
	for i, s := range sides {
		v, y := ratio(s, base), data.Y(p.Y.Norm(float64(i)))
		left, right := min(x(v), x(1)), max(x(v), x(1))
		ink := t.of(label(s.name))
		data.FillPolygon(ink, []vg.Point{{X: left, Y: y - 5}, {X: right, Y: y - 5}, {X: right, Y: y + 5}, {X: left, Y: y + 5}})
		words := style(t.ink, 8.5, strings.HasPrefix(label(s.name), "picohttp "))
		at := vg.Point{X: right + 4, Y: y}
		data.FillText(words, at, fmt.Sprintf("%.2f  (%s ns)", v, figure(median(s.times))))
	}
	data.StrokeLine2(draw.LineStyle{Color: t.ink, Width: 0.75}, x(1), data.Min.Y, x(1), data.Max.Y)
	return write(svg, w)
}
