package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/picohttp/picohttp"
)

// A page is text for people, to be written at once.
type page struct {
	terminal
	text strings.Builder
}

func (p *page) line(s string) {
	p.text.WriteString(strings.TrimRight(s, " ") + "\n")
}

// rowBefore is the number of columns before the values of rows.
const rowBefore = 12

// row writes a name and a value.
func (p *page) row(name, value string) {
	p.line(p.rowName(name) + cut(value, p.room(rowBefore)))
}

// badRow writes a row whose value is a fault, which is not cut.
func (p *page) badRow(name, value string) {
	p.line(p.rowName(name) + p.paint(red, value))
}

func (p *page) rowName(name string) string {
	return p.paint(cyan, fmt.Sprintf("  %-*s", rowBefore-2, name))
}

// preview writes a line with the beginning of a body, unless that is empty.
func (p *page) preview(body *preview) {
	if body.octets > 0 {
		p.line(fmt.Sprintf("%*s%s", rowBefore, "", body.text(p.room(rowBefore))))
	}
}

// fields writes a row with the number of fields, and a line for each.
func (p *page) fields(name string, h head) {
	p.row(name, strconv.Itoa(h.NumFields()))
	const most, few = 32, 16 // columns for names; longer ones leave a few for the value
	columns := 0
	for name := range h.Fields() {
		columns = max(columns, min(len(name), most))
		if len(name) == 0 {
			columns = max(columns, len("(folded)"))
		}
	}
	i := 0
	for name, value := range h.Fields() {
		i++
		before := fmt.Sprintf("%6d  ", i)
		if len(name) == 0 { // in Pico
			name = []byte("(folded)")
		}
		name := fmt.Sprintf("%-*s", columns, cut(printable(name), max(most, p.room(len(before)+2+few))))
		room := p.room(len(before) + len(name) + 2)
		p.line(before + p.paint(cyan, name) + "  " + cut(printable(value), room))
	}
}

// deviations writes a row for each.
func (p *page) deviations(all picohttp.Deviations) {
	for d := range all.All() {
		p.badRow("deviates", fmt.Sprintf("%s (%s, %s)", d.Rule(), d.Code(), d.Section()))
	}
}

// explain writes what the parser's Explain says.
func (p *page) explain(parser *picohttp.Parser, b []byte, n int, err error) {
	what, why, _ := strings.Cut(parser.Explain(b, n, err), "\n")
	p.line(p.paint(red, what))
	if why == "" {
		return
	}
	// where, the quote and its caret, the rule
	if parts := strings.Split(why, "\n\n"); len(parts) == 3 {
		parts[1] = p.narrow(parts[1])
		why = strings.Join(parts, "\n\n")
	}
	p.text.WriteString(why + "\n")
}

// narrow cuts a quote and the line with its caret to what is around the caret.
func (p *page) narrow(lines string) string {
	const indent = "    "
	quote, caret, _ := strings.Cut(lines, "\n")
	room := p.room(0)
	if len(quote) <= room {
		return lines
	}
	at := strings.IndexByte(caret, '^')
	if strings.HasSuffix(caret, "^") { // behind its label
		at = len(caret) - 1
	}
	quote, caret, room, at = quote[len(indent):], caret[len(indent):], room-len(indent), at-len(indent)
	if from := min(at-room/2, len(quote)-room); from > 0 {
		begin := from + len(ellipsis)
		for cutAt(quote, begin) < begin {
			begin++
		}
		quote = ellipsis + quote[begin:]
		caret = caret[begin-len(ellipsis):]
	}
	return indent + cut(quote, room) + "\n" + indent + cut(caret, room)
}

// chunks writes a table of the chunks that have a row in t.
func (p *page) chunks(t *chunkTable) {
	if len(t.rows) == 0 {
		return
	}
	const most = 24 // columns for chunk-ext, where lines are cut
	columns := [...]int{len("chunk"), len("offset"), len("size"), 0}
	rows := make([][len(columns)]string, len(t.rows))
	for i, r := range t.rows {
		number := strconv.Itoa(i + 1)
		if t.last && i == len(t.rows)-1 {
			number = "last"
		}
		ext := r.ext.text(p.room(p.width - most)) // room for most, or for all
		rows[i] = [...]string{number, strconv.FormatInt(r.at, 10), strconv.FormatUint(r.size, 10), ext}
		for c, text := range rows[i] {
			columns[c] = max(columns[c], len(text))
		}
	}
	if columns[3] > 0 {
		columns[3] = max(columns[3], len("chunk-ext"))
	}
	line := func(cells [len(columns)]string, data string) string {
		s := fmt.Sprintf("  %*s  %*s  %*s  ", columns[0], cells[0], columns[1], cells[1], columns[2], cells[2])
		if columns[3] > 0 {
			s += fmt.Sprintf("%-*s  ", columns[3], cells[3])
		}
		return s + data
	}
	p.line(p.paint(cyan, strings.TrimRight(line([...]string{"chunk", "offset", "size", "chunk-ext"}, "data"), " ")))
	for i, cells := range rows {
		if omitted := t.omitted(); omitted > 0 && cells[0] == "last" {
			p.line(fmt.Sprintf("  %d more", omitted))
		}
		before := line(cells, "")
		p.line(before + t.rows[i].data.text(p.room(len(before))))
	}
	if omitted := t.omitted(); omitted > 0 && !t.last {
		p.line(fmt.Sprintf("  %d more", omitted))
	}
	p.line("")
}
