package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/picohttp/picohttp"
)

// A show writes messages for people, or as JSON.
type show struct {
	terminal
	flags    *messageFlags
	w, notes io.Writer
	json     *json.Encoder // nil if it is for people
	file     string        // safe to print
	shown    int
	text     strings.Builder // for people, until flush
	failed   error           // a fault in writing
}

// flush writes the text.
func (s *show) flush() {
	if s.failed == nil {
		_, s.failed = io.WriteString(s.w, s.text.String())
	}
	s.text.Reset()
}

// object writes o as JSON.
func (s *show) object(o outcome) {
	if s.failed == nil {
		s.failed = s.json.Encode(o)
	}
}

func (s *show) line(text string) {
	s.text.WriteString(strings.TrimRight(text, " ") + "\n")
}

// heading begins the text of a message.
func (s *show) heading(what string) {
	if s.shown++; s.shown > 1 {
		s.line("")
	}
	s.line(s.paint(bold, s.file+": "+what) + "\n")
}

// rowBefore is the number of columns before the values of rows.
const rowBefore = 13

// row writes a name and a value.
func (s *show) row(name, value string) {
	s.line(s.rowName(name) + cut(value, s.room(rowBefore)))
}

// badRow writes a row whose value is a fault, which is not cut.
func (s *show) badRow(name, value string) {
	s.line(s.rowName(name) + s.paint(red, value))
}

func (s *show) rowName(name string) string {
	return s.paint(cyan, fmt.Sprintf("  %-*s", rowBefore-2, name))
}

// optionalRow is row, unless the value is nil.
func (s *show) optionalRow(name string, value []byte) {
	if value != nil {
		s.row(name, printable(value))
	}
}

// head shows a message without its body, which begins at an offset of the file.
func (s *show) head(j message, number int, at int64) {
	if s.json != nil {
		s.object(s.flags.outcome(j))
		return
	}
	what := "trailer section"
	if s.flags.kind != "trailer" {
		what = s.flags.kind + " " + strconv.Itoa(number)
	}
	if at > 0 {
		what += fmt.Sprintf(", at offset %d", at)
	}
	s.heading(what)
	if j.err == nil {
		s.parts(j)
	}
	if j.rejected != nil {
		s.line("")
	}
	if err := cmp.Or(j.err, j.rejected); err != nil {
		s.explain(j.Explain(err), at, s.flags.kind)
	}
	if j.rejected == picohttp.ErrCoding { // the body follows
		s.line("")
	}
	s.flush()
}

// parts writes the parts of a complete head.
func (s *show) parts(j message) {
	s.row("bytes", strconv.Itoa(j.n))
	switch h := j.head.(type) {
	case *picohttp.Request:
		s.row("method", printable(h.Method()))
		s.row("target", printable(h.Target()))
		s.row("form", j.verdict.Form.String())
		if j.misrouted() == "" {
			s.row("authority", printable(j.verdict.Authority))
		}
		s.optionalRow("path", h.Path())
		s.optionalRow("query", h.Query())
		s.row("version", fmt.Sprintf("HTTP/1.%d", h.Minor()))
	case *picohttp.Response:
		s.row("version", fmt.Sprintf("HTTP/1.%d", h.Minor()))
		s.row("status", fmt.Sprintf("%03d %s", h.Status(), printable(h.Reason())))
	}
	switch {
	case s.flags.kind == "trailer":
	case j.unframed != nil:
		s.badRow("framing", "malformed ("+code(j.unframed)+")")
	default:
		s.row("framing", framingText(j))
	}
	s.deviations(j.Deviations())
	s.fields("fields", j)
}

// framingText puts the framing of a message into words.
func framingText(j message) string {
	f := j.framing
	text := f.Body.String()
	switch f.Body {
	case picohttp.BodyNone:
		text = "no body"
	case picohttp.BodyLength:
		text += fmt.Sprintf(" %d", f.Length)
	}
	if f.OtherCoding {
		text += ", with another transfer coding"
	}
	switch {
	case f.KeepAlive && j.rejected == nil:
		text += ", keep-alive"
	case f.Body != picohttp.BodyUntilClose && f.Body != picohttp.BodyTunnel:
		text += ", close"
	}
	if f.ExpectContinue {
		text += ", expects 100-continue"
	}
	if f.ExpectOther {
		text += ", expects something unknown"
	}
	if f.Upgrade {
		protocol, _ := j.Get("Upgrade")
		text += ", upgrade to " + printable(protocol)
	}
	return text
}

// deviations writes a row for each.
func (s *show) deviations(all picohttp.Deviations) {
	for d := range all.All() {
		s.badRow("deviates", fmt.Sprintf("%s (%s, %s)", d.Rule(), d.Code(), d.Section()))
	}
}

// fields writes a row with the number of fields, and a line for each.
func (s *show) fields(name string, h head) {
	s.row(name, strconv.Itoa(h.NumFields()))
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
		name := fmt.Sprintf("%-*s", columns, cut(printable(name), max(most, s.room(len(before)+2+few))))
		s.line(before + s.paint(cyan, name) + "  " + cut(printable(value), s.room(len(before)+len(name)+2)))
	}
}

// explain writes what Explain returned about what begins at an offset of the file.
func (s *show) explain(text string, from int64, what string) {
	fault, where, _ := strings.Cut(text, "\n")
	if from > 0 && strings.Contains(where, "offset ") {
		s.line(fmt.Sprintf("Counted from offset %d, where the %s begins:", from, what))
	}
	s.line(s.paint(red, fault))
	// the place, the quote and its caret, the rule
	if parts := strings.Split(where, "\n\n"); len(parts) == 3 {
		parts[1] = s.narrow(parts[1])
		where = strings.Join(parts, "\n\n")
	}
	if where != "" {
		s.line(where)
	}
}

// narrow cuts a quote to what fits around its caret. What follows the caret is not cut.
func (s *show) narrow(lines string) string {
	const indent = "    "
	quote, caret, _ := strings.Cut(lines, "\n")
	at := strings.IndexByte(caret, '^')
	if strings.HasSuffix(caret, "^") { // after its label
		at = len(caret) - 1
	}
	room := s.room(0)
	if max(len(quote), at+1) <= room {
		return lines
	}
	label := strings.TrimSpace(caret[:at] + caret[at+1:])
	quote, at, room = quote[len(indent):], at-len(indent), room-len(indent)
	before := min(room/2, room-len(`\x00...`)) // columns before the caret, if what follows is cut, too
	if from := min(at-before, max(len(quote), at+1)-room); from > 0 {
		begin := from + len(ellipsis)
		for cutAt(quote, begin) < begin {
			begin++
		}
		quote = ellipsis + quote[begin:]
		at -= begin - len(ellipsis)
	}
	return fmt.Sprintf("%s%s\n%s%*s %s", indent, cut(quote, room), indent, at+1, "^", label)
}

// body shows a body, and why it is not complete.
func (s *show) body(b *body, err error) {
	if s.json != nil {
		if err != nil {
			s.object(s.flags.notComplete(b.end-b.begin, err))
		}
		return
	}
	if s.flags.kind == "chunked" {
		s.heading("chunked body")
		s.chunks(b)
	}
	name, text := "body", plural(b.data.bytes, "byte")
	switch b.framing {
	case picohttp.BodyTunnel:
		name = "tunnel"
	case picohttp.BodyChunked:
		text += fmt.Sprintf(" in %s, %s of overhead", plural(b.chunks, "chunk"), plural(b.end-b.begin-b.data.bytes, "byte"))
	}
	s.row(name, text)
	if b.data.bytes > 0 {
		s.line(fmt.Sprintf("%*s%s", rowBefore, "", b.data.text(s.room(rowBefore))))
	}
	s.deviations(b.Deviations())
	if err != nil {
		s.line("")
		s.explain(b.Explain(err), b.begin, "body")
	} else if b.framing == picohttp.BodyChunked {
		s.fields("trailer", b.Trailer())
	}
	s.flush()
}

// chunks writes a table of the first chunks and the last-chunk.
func (s *show) chunks(b *body) {
	rows := slices.Concat(b.rows, b.last)
	if len(rows) == 0 {
		return
	}
	ext := 0 // columns of chunk-ext
	for _, r := range rows {
		if r.ext.bytes > 0 {
			ext = max(ext, len("chunk-ext"), len(r.ext.text(s.room(s.width-24))))
		}
	}
	row := func(number, at, size, chunkExt string) string {
		text := fmt.Sprintf("%7s  %8s  %8s  ", number, at, size)
		if ext > 0 {
			text += fmt.Sprintf("%-*s  ", ext, chunkExt)
		}
		return text
	}
	s.line(s.paint(cyan, row("chunk", "offset", "size", "chunk-ext")+"data"))
	show := func(number string, r chunkRow) {
		before := row(number, strconv.FormatInt(r.at, 10), strconv.FormatUint(r.size, 10), r.ext.text(ext))
		s.line(before + r.data.text(s.room(len(before))))
	}
	for i, r := range b.rows {
		show(strconv.Itoa(i+1), r)
	}
	if more := b.chunks - len(b.rows); more > 0 {
		s.line(fmt.Sprintf("  %d more", more))
	}
	for _, r := range b.last {
		show("last", r)
	}
	s.line("")
}

// rest says that bytes after something are not parsed.
func (s *show) rest(n int64, after string) {
	text := fmt.Sprintf("%s after the %s", plural(n, "byte"), after)
	switch {
	case n == 0 || s.failed != nil:
	case s.json != nil:
		fmt.Fprintf(s.notes, "picohttp: %s: not parsed: %s\n", s.file, text)
	default:
		_, s.failed = fmt.Fprintf(s.w, "\n  Not parsed: %s.\n", text)
	}
}
