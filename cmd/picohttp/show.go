package main

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/picohttp/picohttp"
)

// object writes o as JSON.
func (p *parse) object(o outcome) { newEncoder(p.out).Encode(o) }

// heading begins the text of a message.
func (p *parse) heading(what string) {
	if p.shown++; p.shown > 1 {
		fmt.Fprintln(p.out)
	}
	fmt.Fprintf(p.out, "%s: %s\n\n", p.name, what)
}

// row writes a name and a value, cut to the width.
func (p *parse) row(name, value string) {
	line := strings.TrimRight(fmt.Sprintf("  %-9s  %s", name, value), " ")
	if most := max(p.width, 24); p.width > 0 && uint(len(line)) > most {
		line = line[:most-3] + "..."
	}
	fmt.Fprintln(p.out, line)
}

// optionalRow is row, unless the value is nil.
func (p *parse) optionalRow(name string, value []byte) {
	if value != nil {
		p.row(name, printable(value))
	}
}

// showHead shows a message without its body, which is at the start of the input.
func (p *parse) showHead(j message, number int) {
	if p.asJSON {
		p.object(p.outcome(j))
		return
	}
	what := "trailer section"
	if p.kind != "trailer" {
		what = p.kind + " " + strconv.Itoa(number)
	}
	if p.in.at > 0 {
		what += fmt.Sprintf(", at offset %d", p.in.at)
	}
	p.heading(what)
	if j.err == nil {
		p.parts(j)
	}
	if j.rejected != nil {
		fmt.Fprintln(p.out)
	}
	if err := cmp.Or(j.err, j.rejected); err != nil {
		p.explain(j.Explain(err), p.in.at, p.kind)
	}
	if j.rejected == picohttp.ErrCoding { // the body follows
		fmt.Fprintln(p.out)
	}
}

// parts writes a row for each part of a complete head, in their order, and then rows for
// what they mean.
func (p *parse) parts(j message) {
	request, _ := j.head.(*picohttp.Request)
	switch h := j.head.(type) {
	case *picohttp.Request:
		p.row("method", printable(h.Method()))
		p.row("target", printable(h.Target()))
		p.row("version", fmt.Sprintf("HTTP/1.%d", h.Minor()))
	case *picohttp.Response:
		p.row("version", fmt.Sprintf("HTTP/1.%d", h.Minor()))
		p.row("status", fmt.Sprintf("%03d %s", h.Status(), printable(h.Reason())))
	}
	p.fields("field", j)
	if request != nil {
		p.row("form", j.verdict.Form.String())
		if j.misrouted() == "" {
			p.row("authority", printable(j.verdict.Authority))
		}
		p.optionalRow("path", request.Path())
		p.optionalRow("query", request.Query())
	}
	switch {
	case p.kind == "trailer":
	case j.unframed != nil:
		p.row("framing", "malformed ("+code(j.unframed)+")")
	default:
		p.row("framing", framingText(j))
	}
	p.deviations(j.Deviations())
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
	keepAlive, toEnd := f.KeepAlive && j.rejected == nil, f.Body == picohttp.BodyUntilClose || f.Body == picohttp.BodyTunnel
	protocol, _ := j.Get("Upgrade")
	for _, part := range []struct {
		is   bool
		text string
	}{
		{f.OtherCoding, "with another transfer coding"},
		{keepAlive, "keep-alive"},
		{!keepAlive && !toEnd, "close"},
		{f.ExpectContinue, "expects 100-continue"},
		{f.ExpectOther, "expects something unknown"},
		{f.Upgrade, "upgrade to " + printable(protocol)},
	} {
		if part.is {
			text += ", " + part.text
		}
	}
	return text
}

// fields writes a row for each field line.
func (p *parse) fields(name string, h head) {
	for fieldName, value := range h.Fields() {
		// In Pico, a folded line is a field line without a name.
		p.row(name, cmp.Or(printable(fieldName), "(folded)")+": "+printable(value))
	}
}

// deviations writes a row for each.
func (p *parse) deviations(all picohttp.Deviations) {
	for d := range all.All() {
		p.row("deviates", fmt.Sprintf("%s (%s, %s)", d.Rule(), d.Code(), d.Section()))
	}
}

// explain writes what Explain returned about what begins at an offset of the file.
func (p *parse) explain(text string, from int64, what string) {
	if from > 0 && strings.Contains(text, "offset ") {
		fmt.Fprintf(p.out, "Counted from offset %d, where the %s begins:\n", from, what)
	}
	fmt.Fprintln(p.out, text)
}

// printable returns b with what is not printable ASCII escaped as in a Go string.
func printable(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		switch i := strings.IndexByte("\t\r\n\\", c); {
		case i >= 0:
			s.WriteString(`\` + `trn\`[i:i+1])
		case c < ' ' || c > '~':
			fmt.Fprintf(&s, `\x%02x`, c)
		default:
			s.WriteByte(c)
		}
	}
	return s.String()
}

// safe returns s with escapes, as in a Go string, for what could control a terminal.
func safe(s string) string {
	quoted := strconv.Quote(s)
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(quoted[1 : len(quoted)-1])
}

// plural returns how many there are of what noun names.
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
