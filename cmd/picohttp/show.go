package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/picohttp/picohttp"
)

// A message is what parse found at an offset of a file.
type message struct {
	number int   // from 1
	at     int64 // offset of b in the file
	b      []byte
	h      head
	n      int
	err    error
}

// A show writes messages for people, or as JSON.
type show struct {
	flags    *messageFlags
	w, notes io.Writer
	json     *json.Encoder // nil if it is for people
	terminal terminal
	file     string
	shown    int
	failed   error // a fault in writing
}

// print writes what is on a page.
func (s *show) print(p *page) {
	if s.failed == nil {
		_, s.failed = io.WriteString(s.w, p.text.String())
	}
}

// object writes o as JSON.
func (s *show) object(o outcome) {
	if s.failed == nil {
		s.failed = s.json.Encode(o)
	}
}

// heading begins a page for a message.
func (s *show) heading(what string) *page {
	p := &page{terminal: s.terminal}
	if s.shown++; s.shown > 1 {
		p.line("")
	}
	p.line(p.paint(bold, s.file+": "+what))
	p.line("")
	return p
}

// head shows a head.
func (s *show) head(m message) {
	if s.json != nil {
		s.object(s.flags.outcome(m.h, m.n, m.err))
		return
	}
	what := s.flags.kind
	if what == "trailer" {
		what = "trailer section"
	} else {
		what += " " + strconv.Itoa(m.number)
	}
	if m.at > 0 {
		what += fmt.Sprintf(", from offset %d on", m.at)
		if m.err != nil {
			what += ", which is 0 below"
		}
	}
	p := s.heading(what)
	if m.err != nil {
		p.explain(&s.flags.parser, m.b, m.n, m.err)
	} else {
		s.complete(p, m)
	}
	s.print(p)
}

// complete writes the parts of a complete head.
func (s *show) complete(p *page, m message) {
	p.row("octets", strconv.Itoa(m.n))
	switch h := m.h.(type) {
	case *picohttp.Request:
		p.row("method", printable(h.Method()))
		p.row("target", printable(h.Target()))
		p.row("version", fmt.Sprintf("HTTP/1.%d", h.Minor()))
		if value, err := h.Host(); err != nil {
			p.badRow("host", malformed(err))
		} else {
			p.row("host", printable(value))
		}
	case *picohttp.Response:
		p.row("version", fmt.Sprintf("HTTP/1.%d", h.Minor()))
		p.row("status", fmt.Sprintf("%03d %s", h.Status(), printable(h.Reason())))
	case *picohttp.Trailer:
		p.deviations(h.Deviations())
		p.fields("fields", h)
		return
	}
	if framing, err := s.flags.framing(m.h); err != nil && m.h.Deviations() != 0 {
		p.badRow("framing", "refused: "+strings.TrimPrefix(malformed(err), "malformed: "))
	} else if err != nil {
		p.badRow("framing", malformed(err))
	} else {
		p.row("framing", framingText(framing, m.h))
	}
	p.deviations(m.h.Deviations())
	p.fields("fields", m.h)
}

// malformed names the rule that is broken.
func malformed(err error) string {
	e, _ := err.(picohttp.Error)
	return "malformed: " + e.Rule() + " (" + e.Code() + ")"
}

// framingText puts f, which was decided from h, into words.
func framingText(f picohttp.Framing, h head) string {
	text := f.Body.String()
	switch f.Body {
	case picohttp.BodyNone:
		text = "no body"
	case picohttp.BodyLength:
		text += fmt.Sprintf(" %d", f.Length)
	}
	if f.OtherCoding {
		text += ", in another transfer coding"
	}
	switch {
	case f.KeepAlive:
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
		protocol, _ := h.Get("Upgrade")
		text += ", upgrade to " + printable(protocol)
	}
	return text
}

// lengthBody shows a body that should have length octets.
func (s *show) lengthBody(body *preview, length int64) {
	missing := length - body.octets
	if s.json != nil {
		if missing > 0 {
			s.object(s.flags.notComplete(0, picohttp.ErrIncomplete))
		}
		return
	}
	text := plural(body.octets, "octet")
	p := &page{terminal: s.terminal}
	if missing > 0 {
		p.badRow("body", text+", incomplete: "+plural(missing, "octet")+" missing")
	} else {
		p.row("body", text)
	}
	p.preview(body)
	s.print(p)
}

// endlessBody shows what has no end but that of the file.
func (s *show) endlessBody(body *preview, how picohttp.Body) {
	if s.json != nil {
		return
	}
	text := plural(body.octets, "octet")
	if how == picohttp.BodyTunnel {
		text += " of the tunnel"
	}
	p := &page{terminal: s.terminal}
	p.row("body", text)
	p.preview(body)
	s.print(p)
}

// chunkedBody shows the body of a message.
func (s *show) chunkedBody(c *chunkedBody, t *tally, err error) {
	if s.json != nil {
		if err != nil {
			s.object(s.flags.notComplete(c.in.at-c.begin, err))
		}
		return
	}
	p := &page{terminal: s.terminal}
	s.content(p, c, t, err)
	s.print(p)
}

// content writes a row of what is in a chunked body, and how it ends.
func (s *show) content(p *page, c *chunkedBody, t *tally, err error) {
	text := plural(t.content.octets, "octet") + " in " + plural(t.chunks, "chunk")
	if err == nil {
		p.row("body", text)
		p.preview(&t.content)
		p.fields("trailer", c.decoder.Trailer())
		return
	}
	if err == picohttp.ErrIncomplete {
		p.badRow("body", text+", incomplete: "+t.missing())
		p.preview(&t.content)
		return
	}
	p.badRow("body", text+fmt.Sprintf(", malformed at offset %d", c.in.at))
	p.preview(&t.content)
	p.line("")
	b, n := c.fault()
	if from := c.in.at - int64(n); from > 0 {
		p.line(fmt.Sprintf("Counted from offset %d on:", from))
	}
	p.explain(&s.flags.parser, b, n, err)
}

// chunkedOnly shows a chunked body alone.
func (s *show) chunkedOnly(c *chunkedBody, t *chunkTable, err error) {
	p := s.heading("chunked body")
	p.chunks(t)
	if err != nil {
		s.content(p, c, &t.tally, err)
		s.print(p)
		return
	}
	octets, content := c.in.at, t.content.octets
	p.row("octets", strconv.FormatInt(octets, 10))
	p.row("content", plural(content, "octet")+" in "+plural(t.chunks, "chunk"))
	overhead := plural(octets-content, "octet")
	if content > 0 {
		overhead += fmt.Sprintf(", %.1f %% of the content", 100*float64(octets-content)/float64(content))
	}
	p.row("overhead", overhead)
	p.fields("trailer", c.decoder.Trailer())
	s.print(p)
}

// rest says that octets are not parsed.
func (s *show) rest(octets int64, why string) {
	switch {
	case octets == 0 || s.failed != nil:
	case s.json != nil:
		fmt.Fprintf(s.notes, "picohttp: %s: not parsed, %s: %s\n", s.file, why, plural(octets, "octet"))
	default:
		_, s.failed = fmt.Fprintf(s.w, "\n  Not parsed, %s: %s.\n", why, plural(octets, "octet"))
	}
}
