package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/picohttp/picohttp"
)

// A parse is one run of the command parse.
type parse struct {
	messageFlags
	out   *bufio.Writer // standard output; it keeps its first error, which Flush returns
	notes io.Writer
	in    input
	name  string // of the file, safe to print
	shown bool   // whether out has a line
}

func runParse(args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	p := parse{out: bufio.NewWriter(stdout), notes: stderr}
	files, err := p.parseArgs("parse", args)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		files = []string{"-"}
	}
	var failed error
	for _, file := range files {
		err := p.file(file, stdin)
		if err := p.out.Flush(); err != nil {
			return err
		}
		if err != nil {
			report(err, stderr)
			failed = errReported
		}
	}
	return failed
}

// file shows the messages in a file.
func (p *parse) file(name string, stdin io.Reader) error {
	p.name, p.in = "standard input", input{r: stdin}
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		p.name, p.in.r = safe(name), f
	}
	if !p.in.more() && p.in.err == nil {
		return errors.New(p.name + ": empty, no message to parse")
	}
	err := p.messages()
	return cmp.Or(p.in.err, err)
}

// messages shows all messages of the input. It returns errReported if one of them is not
// complete, or rejected. It stops if reading or writing fails.
func (p *parse) messages() (failed error) {
	noun := nouns[p.kind]
	several := p.kind == "request" || p.kind == "response" // a file may have several of them
	for number := 1; p.in.Len() > 0 || p.in.more(); number++ {
		j := p.next(&p.in)
		title := p.name + ": " + noun
		if several {
			title += fmt.Sprintf(" %d", number)
		}
		if j.at > 0 {
			title += fmt.Sprintf(", at offset %d", j.at)
		}
		if !p.show(j, title) {
			return errReported
		}
		if j.err != nil {
			failed = errReported
		}
		switch {
		case !several:
			p.rest(noun)
		case j.StatusCode != nil && *j.StatusCode == 101:
			p.rest("101 response")
		case j.err != nil && j.err != picohttp.ErrCoding:
			p.rest("rejected " + noun)
		case j.framing.Body != picohttp.BodyNone && !p.show(p.body(&p.in, j.framing), ""):
			return errReported
		}
	}
	return failed
}

// rest passes over what is left, and says that it is not parsed.
func (p *parse) rest(after string) {
	begin := p.in.at
	for p.in.Len() > 0 || p.in.more() {
		p.in.skip(p.in.Len())
	}
	text := fmt.Sprintf("%s after the %s", inBytes(p.in.at-begin), after)
	switch {
	case p.in.at == begin || p.in.err != nil || p.out.Flush() != nil:
	case p.asJSON:
		fmt.Fprintf(p.notes, "picohttp: %s: not parsed: %s\n", p.name, text)
	default:
		p.block("  Not parsed: " + text + ".")
	}
}

// show shows a title, the parts of a message, and what is wrong with it. The body after a head
// has no title. It reports whether the message is complete, and reading and writing worked.
func (p *parse) show(j message, title string) bool {
	if p.in.err != nil {
		return false
	}
	if !p.asJSON {
		p.block(title)
		p.block(parts(j)...)
	} else if title != "" || j.err != nil {
		writeJSON(p.out, j.outcome)
	}
	if j.err != nil && !p.asJSON {
		text := j.explain(j.err)
		if j.at > 0 && strings.Contains(text, "offset ") {
			text = fmt.Sprintf("Counted from offset %d, where the %s begins:\n%s", j.at, j.what, text)
		}
		p.block(text)
	}
	return p.out.Flush() == nil && j.Result == "complete"
}

// block writes lines, if any, and an empty line before them unless they are the first.
func (p *parse) block(lines ...string) {
	text := strings.Join(lines, "\n")
	if text == "" {
		return
	}
	if p.shown {
		fmt.Fprintln(p.out)
	}
	p.shown = true
	fmt.Fprintln(p.out, text)
}

// parts returns a line for each part of a complete head, in their order, then lines for what
// they mean; or lines about a body, as far as it was read.
func parts(j message) (lines []string) {
	row := func(name string, value *string) {
		if value != nil {
			line := fmt.Sprintf("  %-9s  %s", name, printable(*value))
			lines = append(lines, strings.TrimRight(line, " "))
		}
	}
	fields := func(name string, fields [][2]string) {
		for _, f := range fields {
			row(name, new(cmp.Or(f[0], "(folded)")+": "+f[1])) // in Pico, the line of a fold has no name
		}
	}
	row("method", j.Method)
	row("target", j.Target)
	if j.Minor != nil {
		row("version", new(fmt.Sprintf("HTTP/1.%d", *j.Minor)))
	}
	if j.StatusCode != nil {
		row("status", new(fmt.Sprintf("%03d %s", *j.StatusCode, *j.Reason)))
	}
	fields("field", j.Fields)
	row("form", j.Form)
	if j.Authority != nil {
		row("authority", j.Authority.Value)
	}
	row("path", j.Path)
	row("query", j.Query)
	if j.Framing != nil {
		row("framing", new(framingText(*j.Framing, j.err != nil)))
	}
	size := inBytes(j.size)
	if j.framing.Body == picohttp.BodyChunked && j.N != nil {
		size += ", and " + inBytes(*j.N-j.size) + " of chunked coding"
	}
	if j.size >= 0 {
		row(j.what, &size)
	}
	for d := range picohttp.Deviations(j.Deviations).All() {
		row("deviates", new(fmt.Sprintf("%s (%s, %s)", d.Rule(), d.Code(), d.Section())))
	}
	fields("trailer", j.Trailers)
	return lines
}

// framingText puts the framing of a message into words.
func framingText(f framing, rejected bool) string {
	if f.Error != "" {
		return "malformed (" + f.Error + ")"
	}
	text := strings.Replace(f.Body, "none", "no body", 1)
	if f.Length != nil {
		text += fmt.Sprintf(" %d", *f.Length)
	}
	add := func(is bool, part string) {
		if is {
			text += ", " + part
		}
	}
	keepAlive := *f.KeepAlive && !rejected
	add(f.OtherCoding, "with another transfer coding")
	add(keepAlive, "keep-alive")
	add(!keepAlive && f.Body != "until-close" && f.Body != "tunnel", "close")
	add(f.ExpectContinue, "expects 100-continue")
	add(f.ExpectOther, "expects something unknown")
	add(f.Upgrade, "upgrade")
	return text
}

// inBytes returns a number of bytes in words.
func inBytes(n int64) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}

// printable returns a text of an outcome with what is not printable ASCII escaped as in a Go
// string.
func printable(text string) string {
	var s strings.Builder
	for _, c := range text {
		switch i := strings.IndexRune("\t\r\n\\", c); {
		case i >= 0:
			s.WriteString(`\` + `trn\`[i:i+1])
		case c < ' ' || c > '~':
			fmt.Fprintf(&s, `\x%02x`, c)
		default:
			s.WriteRune(c)
		}
	}
	return s.String()
}

// safe returns s with escapes, as in a Go string, for what could control a terminal.
func safe(s string) string {
	quoted := strconv.Quote(s)
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(quoted[1 : len(quoted)-1])
}
