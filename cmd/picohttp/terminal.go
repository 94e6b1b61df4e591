package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
)

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
	if !t.colour || s == "" {
		return s
	}
	return "\x1b[" + sgr + "m" + s + "\x1b[0m"
}

const ellipsis = "..."

// cut returns s, or its beginning and an ellipsis if it is longer than room.
func cut(s string, room int) string {
	if len(s) <= room {
		return s
	}
	return s[:cutAt(s, room-len(ellipsis))] + ellipsis
}

// cutAt returns where to cut s, at most at an offset, so that nothing is cut that
// printable has escaped.
func cutAt(s string, most int) (end int) {
	for next := 0; next <= most; {
		end = next
		switch {
		case strings.HasPrefix(s[next:], `\x`):
			next += len(`\x00`)
		case s[next] == '\\':
			next += len(`\\`)
		default:
			next++
		}
	}
	return end
}

// printable returns b with what is not printable ASCII escaped as in a Go
// string.
func printable(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		switch {
		case c == '\t':
			s.WriteString(`\t`)
		case c == '\r':
			s.WriteString(`\r`)
		case c == '\n':
			s.WriteString(`\n`)
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

// safe returns a file's name, with a question mark for what could control a terminal.
func safe(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, name)
}

// plural returns how many there are of what noun names.
func plural[N int | int64 | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
