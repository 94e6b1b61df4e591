package picohttp

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// Explain puts into words for people what Parse answered, n and err, about b:
// the line, the octets around the fault with a caret under the first that
// cannot be right, the rule, where it stands and the status code to answer
// with. For an error of Host, n is what Parse answered before.
//
// It is the slow path: it parses b[:n] once more, and allocates. The words may
// change from release to release; programs look at err and Error.Code. They
// are printable ASCII, but quote what the peer sent, credentials included: they
// are for a log or a terminal, not for the response.
func Explain(b []byte, n int, err error) string {
	n = max(0, min(n, len(b)))
	var e Error
	switch {
	case err == nil:
		return "complete: a message head of " + octets(n)
	case errors.Is(err, ErrIncomplete):
		return explainIncomplete(b)
	case errors.As(err, &e) && e.rule() != 0:
		return explainError(b, n, e)
	}
	return err.Error()
}

func explainIncomplete(b []byte) string {
	if len(b) == 0 {
		return "incomplete: no octet yet"
	}
	s := "incomplete: the head goes on after " + octets(len(b))
	r := prefix(b)
	if r.part == none { // b is no prefix
		return s
	}
	s += "\n" + partNames[r.part]
	if fieldLine < r.part && r.part < emptyLF {
		s += r.lineName()
	}
	return s
}

// partNames says where a prefix ends whose next octet belongs to the part; if
// it ends in a field line, the name of that is to be added.
var partNames = [...]string{
	leading:    "before the request-line",
	leadingLF:  "between CR and LF of the empty line before the request-line",
	method:     "in the method",
	target:     "in the request-target",
	version:    "in the HTTP-version",
	startLF:    "between CR and LF of the request-line",
	fieldLine:  "at the beginning of a field line or the empty line",
	fieldName:  "in the name of ",
	fieldValue: "in the value of ",
	fieldLF:    "between CR and LF of ",
	emptyLF:    "between CR and LF of the empty line that ends the head",
}

// prefix returns a Request that has parsed b, a prefix of a head, without
// limits: its part is what the next octet belongs to, or none if b is no such
// prefix.
func prefix(b []byte) *Request {
	r := new(Request)
	p := Parser{MaxHeadBytes: maxOffset, MaxTargetBytes: maxOffset, MaxFields: maxOffset}
	if _, err := p.ParseRequest(r, b); err != ErrIncomplete {
		r.Reset()
	}
	return r
}

// lineName names the line that the next octet belongs to.
func (r *Request) lineName() string {
	switch {
	case r.part == leadingLF:
		return "the empty line before the request-line"
	case r.part < fieldLine:
		return "the request-line"
	case r.part == emptyLF:
		return "the empty line that ends the head"
	case r.part <= fieldName:
		return fieldLineName(r.numFields()+1, nil)
	}
	return fieldLineName(r.numFields()+1, r.b[r.next:r.colon])
}

func fieldLineName(number int, name []byte) string {
	const most = 24
	switch s := fmt.Sprintf("field line %d", number); {
	case len(name) == 0:
		return s
	case len(name) > most:
		return fmt.Sprintf("%s (%s...)", s, name[:most])
	default:
		return fmt.Sprintf("%s (%s)", s, name)
	}
}

func explainError(b []byte, n int, e Error) string {
	var s strings.Builder
	fmt.Fprintf(&s, "malformed: %s\n", e.Rule())
	advice := ""
	if n = faultAt(b, n, e); n >= 0 {
		line, at := lineAround(b, n)
		advice = hint(line, at, e)
		text, caret := quote(line, at)
		fmt.Fprintf(&s, "in %s, column %d (offset %d)\n\n", errorLine(b, n, e), at+1, n)
		fmt.Fprintf(&s, "    %s\n    %s\n\n", text, underline(caret, label(b, n, e)))
	}
	fmt.Fprintf(&s, "rule:   %s, %s\n", e.Code(), e.Section())
	fmt.Fprintf(&s, "status: %d %s", e.Status(), reason(e.Status()))
	if advice != "" {
		s.WriteString("\nhint:   " + strings.ReplaceAll(advice, "\n", "\n        "))
	}
	return s.String()
}

// faultAt returns the offset that the caret is for, or -1 if there is none: n,
// but for the errors of Host, which come with the length of the head b[:n].
func faultAt(b []byte, n int, e Error) int {
	nth := 1
	switch e {
	case ErrHostMissing:
		return -1
	case ErrHostRepeated:
		nth = 2
	case ErrHost:
	default:
		return n
	}
	for at := 0; at < n; {
		line, _ := lineAround(b[:n], at)
		if name, value, _ := bytes.Cut(line, []byte(":")); len(name) == len("Host") && equalFold(name, "Host") {
			if nth--; nth == 0 && e == ErrHostRepeated {
				return at
			} else if nth == 0 {
				return at + len(line) - len(bytes.TrimLeft(value, " \t"))
			}
		}
		at += len(line)
	}
	return -1
}

// reason returns the reason-phrase of RFC 9110, section 15, or RFC 6585.
func reason(status int) string {
	switch status {
	case 414:
		return "URI Too Long"
	case 431:
		return "Request Header Fields Too Large"
	case 501:
		return "Not Implemented"
	case 505:
		return "HTTP Version Not Supported"
	}
	return "Bad Request"
}

// errorLine names the line that e speaks of.
func errorLine(b []byte, n int, e Error) string {
	r := prefix(b[:n])
	switch {
	case r.part == none:
		return fmt.Sprintf("line %d", bytes.Count(b[:n], []byte("\n"))+1)
	case e == ErrEmptyLine:
		return "the second empty line before the request-line"
	case e == ErrObsFold && r.numFields() > 0:
		name, _ := r.Field(r.numFields() - 1)
		return "the line behind " + fieldLineName(r.numFields(), name)
	}
	return r.lineName()
}

// lineAround returns the line that b[n] stands in, its CRLF included, and where in
// it b[n] is.
func lineAround(b []byte, n int) (line []byte, at int) {
	begin := bytes.LastIndexByte(b[:n], '\n') + 1
	line = b[begin:]
	at = n - begin
	if end := bytes.IndexByte(line[at:], '\n'); end >= 0 {
		line = line[:at+end+1]
	}
	return line, at
}

// The most columns of a quoted line, and how many of them may stand before the
// fault in one that is cut.
const quoteColumns, quoteBefore = 76, 44

// quote returns the line in printable ASCII, cut where it is long, and the
// column of line[at] in it, from 0.
func quote(line []byte, at int) (text string, caret int) {
	const cut = "..."
	from, to := 0, len(line)
	if near := line[max(0, at-quoteColumns-1):min(at+quoteColumns+1, to)]; width(near) > quoteColumns {
		from, to = at, at
		for from > 0 && width(line[from-1:at]) <= quoteBefore {
			from--
		}
		for to < len(line) && width(line[from:to+1]) <= quoteColumns-2*len(cut) {
			to++
		}
		for from > 0 && width(line[from-1:to]) <= quoteColumns-2*len(cut) {
			from--
		}
	}
	var s strings.Builder
	if from > 0 {
		s.WriteString(cut)
	}
	caret = s.Len() + width(line[from:at])
	for _, c := range line[from:to] {
		s.WriteString(escape(c))
	}
	if to < len(line) {
		s.WriteString(cut)
	}
	return s.String(), caret
}

func width(b []byte) (columns int) {
	for _, c := range b {
		columns += len(escape(c))
	}
	return columns
}

// escape returns c as it stands in a Go string.
func escape(c byte) string {
	switch {
	case c == '\r':
		return `\r`
	case c == '\n':
		return `\n`
	case c == '\t':
		return `\t`
	case c == '\\':
		return `\\`
	case c == ' ' || isVchar(c):
		return string(rune(c))
	}
	return fmt.Sprintf(`\x%02x`, c)
}

// underline returns a line with a caret in the column, and the label on the
// side of it that has room.
func underline(caret int, label string) string {
	if right := caret + len("^ ") + len(label); right > quoteColumns && caret > len(label) {
		return fmt.Sprintf("%*s ^", caret-1, label)
	}
	return fmt.Sprintf("%*s %s", caret+1, "^", label)
}

// label says what the caret points at.
func label(b []byte, n int, e Error) string {
	switch {
	case e == ErrHost:
		return "this value"
	case n == len(b) && e == ErrHeadTooLong:
		return "end of input; one more is too many"
	case n == len(b):
		return "end of input"
	}
	return octetName(b[n])
}

var controlNames = strings.Fields(`NUL SOH STX ETX EOT ENQ ACK BEL BS HTAB LF VT FF CR SO SI
	DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US SP`)

func octetName(c byte) string {
	switch {
	case int(c) < len(controlNames):
		return controlNames[c]
	case c == '"':
		return "'\"'"
	case isVchar(c):
		return `"` + string(rune(c)) + `"`
	case c == 0x7f:
		return "DEL"
	}
	return fmt.Sprintf("0x%02X", c)
}

func octets(n int) string {
	if n == 1 {
		return "1 octet"
	}
	return fmt.Sprintf("%d octets", n)
}

// hint returns what may help where the text of the rule alone leaves a newcomer
// wondering, or "".
func hint(line []byte, at int, e Error) string {
	var c byte
	here := line[at:]
	if len(here) > 0 {
		c = here[0]
	}
	holds := func(s string) bool { return bytes.Contains(here, []byte(s)) }
	ends := len(bytes.TrimLeft(here, "\r\n")) == 0
	blank := len(bytes.TrimLeft(here, " \t\r\n")) == 0
	word := line[bytes.LastIndexByte(line[:at], ' ')+1:]
	switch {
	case e == ErrTLS:
		return "The client speaks TLS (https) on a port for plain HTTP."
	case e == ErrHTTP2:
		return "The client speaks HTTP/2 without asking; only HTTP/1.x is spoken here."
	case e == ErrMethod && c == '/' && string(line[:at]) == "HTTP":
		return "A status-line begins so: this is a response, not a request."
	case e == ErrMethod && at == 0 && bytes.HasPrefix(here, []byte("\xef\xbb\xbf")):
		return "These octets are a UTF-8 byte order mark, as some editors write it."
	case (e == ErrMethod || e == ErrTarget) && ends:
		return "A request-line has a request-target and an HTTP-version, too."
	case e == ErrTarget && c != ' ' && c != '\t':
		return "Octets other than visible ASCII are percent-encoded in a URI."
	case (e == ErrTarget || e == ErrVersion) && c == ' ':
		return "One SP is too many."
	case e == ErrVersion && ends && (bytes.Count(line[:at], []byte(" ")) == 1 || bytes.HasSuffix(line[:at], []byte(" "))):
		return "The line has no HTTP-version, as in HTTP/0.9, which is not spoken here."
	case e == ErrVersion && holds(" HTTP/"):
		return "A space in a request-target is sent as %20."
	case e == ErrVersion && bytes.HasPrefix(bytes.ToUpper(word), []byte("HTTP/")) && !bytes.HasPrefix(word, []byte("HTTP/")):
		return "HTTP is written in capitals: the HTTP-version is case-sensitive."
	case e == ErrBareLF:
		return "Editors and echo end lines in LF alone; write \\r\\n with printf, say."
	case (e == ErrObsFold || e == ErrLeadingSpace) && blank:
		return "The line looks empty, but white space stands in it."
	case e == ErrObsFold:
		return "White space at its beginning once made a line go on with the field value\nof the line before; now a value is sent in one line."
	case e == ErrFieldName && c == ':':
		return "The field name is empty."
	case e == ErrFieldName && isWhitespace(c) && bytes.HasPrefix(bytes.TrimLeft(here, " \t"), []byte(":")):
		return "White space stands before the colon. Some recipients drop it, some take\nit for a part of the name, so a server has to refuse it."
	case e == ErrFieldName && !holds(":"):
		return "The line has no colon. If it belongs to the body, the empty line before\nthe body is missing."
	case e == ErrFieldName:
		return "Names are made of letters, digits and !#$%&'*+-.^_`|~ only."
	case e == ErrHeadTooLong:
		return "The limit is Parser.MaxHeadBytes."
	case e == ErrTargetTooLong:
		return "The limit is Parser.MaxTargetBytes."
	case e == ErrTooManyFields:
		return "The limit is Parser.MaxFields."
	}
	return ""
}
