package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// A terminal is what the output can do.
type terminal struct {
	width  int // columns; 0 if lines may have any length
	colour bool
}

// terminalOf returns what w can do. A width of -1 is that of w.
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

// room returns how many columns are left after some, at least a few.
func (t terminal) room(after int) int {
	if t.width == 0 {
		return 1<<31 - 1
	}
	return max(t.width-after, 16)
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

// cutAt returns where to cut s: at most at an offset, which is less than its length, and
// not within an escape of printable.
func cutAt(s string, most int) (end int) {
	for next := 0; next <= most; {
		end = next
		switch {
		case strings.HasPrefix(s[next:], `\x`):
			next += len(`\x00`)
		case s[next] == '\\':
			next += len(`\n`)
		default:
			next++
		}
	}
	return end
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
func plural[N int | int64 | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
