package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/picohttp/picohttp"
)

// A message is what parse found at an offset of a file.
type message struct {
	file   string
	number int   // from 1
	at     int64 // offset of b in the file
	b      []byte
	r      *picohttp.Request
	n      int
	err    error
}

// A show writes messages for people, or as JSON.
type show struct {
	w, notes io.Writer
	json     bool
	terminal terminal
	shown    int
	failed   error // a fault in writing
}

// message shows m with one Write.
func (s *show) message(m message) {
	if s.json {
		s.failed = writeJSON(s.w, outcomeOf(m.r, m.n, m.err))
		return
	}
	var text strings.Builder
	if s.shown++; s.shown > 1 {
		text.WriteString("\n")
	}
	heading := fmt.Sprintf("%s: request %d", m.file, m.number)
	if m.at > 0 {
		heading += fmt.Sprintf(", from offset %d on", m.at)
		if m.err != nil {
			heading += ", which is 0 below"
		}
	}
	text.WriteString(s.terminal.paint(bold, heading) + "\n\n")
	if m.err == nil {
		s.complete(&text, m)
	} else {
		what, why, _ := strings.Cut(picohttp.Explain(m.b, m.n, m.err), "\n")
		text.WriteString(s.terminal.paint(red, what) + "\n")
		if why != "" {
			text.WriteString(why + "\n")
		}
	}
	_, s.failed = io.WriteString(s.w, text.String())
}

// complete writes the parts of a complete head.
func (s *show) complete(text *strings.Builder, m message) {
	part := func(name, value string) {
		const before = 11
		name = s.terminal.paint(cyan, fmt.Sprintf("  %-*s", before-2, name))
		text.WriteString(strings.TrimRight(name+cut(value, s.terminal.room(before)), " ") + "\n")
	}
	part("octets", strconv.Itoa(m.n))
	part("method", printable(m.r.Method()))
	part("target", printable(m.r.Target()))
	part("version", fmt.Sprintf("HTTP/1.%d", m.r.Minor()))
	if value, err := m.r.Host(); err != nil {
		e := err.(picohttp.Error)
		part("host", "malformed: "+e.Rule()+" ("+e.Code()+")")
	} else {
		part("host", printable(value))
	}
	part("fields", strconv.Itoa(m.r.NumFields()))
	const most = 32 // columns for names, more only for those who need them
	columns := 0
	for name := range m.r.Fields() {
		columns = max(columns, min(len(name), most))
	}
	i := 0
	for name, value := range m.r.Fields() {
		i++
		before := fmt.Sprintf("%6d  ", i)
		name := fmt.Sprintf("%-*s", columns, printable(name))
		room := s.terminal.room(len(before) + len(name) + 2)
		line := before + s.terminal.paint(cyan, name) + "  " + cut(printable(value), room)
		text.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// rest says that octets follow a head with a body.
func (s *show) rest(file string, octets int64) {
	switch {
	case octets == 0:
	case s.json:
		fmt.Fprintf(s.notes, "picohttp: %s: not parsed, as it may be a body: %s\n", file, plural(octets))
	default:
		_, s.failed = fmt.Fprintf(s.w, "\n  Behind the head, not parsed, as it may be a body: %s.\n", plural(octets))
	}
}

func plural(octets int64) string {
	if octets == 1 {
		return "1 octet"
	}
	return fmt.Sprintf("%d octets", octets)
}

// printable returns b with what is not printable ASCII escaped as in a Go
// string.
func printable(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		switch {
		case c == '\t':
			s.WriteString(`\t`)
		case c == '\\':
			s.WriteString(`\\`)
		case c < ' ' || c > '~':
			fmt.Fprintf(&s, `\x%02x`, c)
		default:
			s.WriteByte(c)
		}
	}
	return s.String()
}

// cut returns s, or its beginning and an ellipsis if it is longer than room.
func cut(s string, room int) string {
	const ellipsis = "..."
	if len(s) <= room {
		return s
	}
	return s[:room-len(ellipsis)] + ellipsis
}

// A terminal is what the output can do.
type terminal struct {
	width  int // columns; 0 if lines may have any length
	colour bool
}

// terminalOf looks at w, and at what the user wants: a width of -1 is no wish.
func terminalOf(w io.Writer, width int) terminal {
	var t terminal
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		if err == nil && info.Mode()&os.ModeCharDevice != 0 {
			t.width = 80
			if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
				t.width = n
			}
			t.colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		}
	}
	if width >= 0 {
		t.width = width
	}
	return t
}

// room returns how many columns are left behind some; at least a few.
func (t terminal) room(behind int) int {
	if t.width == 0 {
		return 1<<31 - 1
	}
	return max(t.width-behind, 16)
}

// Parameters of the control sequence SGR.
const (
	bold = "1"
	red  = "1;31"
	cyan = "36"
)

func (t terminal) paint(sgr, s string) string {
	if !t.colour {
		return s
	}
	return "\x1b[" + sgr + "m" + s + "\x1b[0m"
}
