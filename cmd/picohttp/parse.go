package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/picohttp/picohttp"
)

// A parse is one run of the command parse.
type parse struct {
	messageFlags
	asJSON bool
	width  uint          // columns to cut rows to, or 0
	out    *bufio.Writer // standard output; it keeps its first error, which Flush returns
	notes  io.Writer

	in    input
	name  string // of the file, safe to print
	shown int    // messages, of all files
}

func runParse(args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	p := parse{out: bufio.NewWriter(stdout), notes: stderr}
	f := flag.NewFlagSet("parse", flag.ContinueOnError)
	f.BoolVar(&p.asJSON, "json", false, "")
	f.UintVar(&p.width, "width", 0, "")
	if err := p.parseArgs(f, args); err != nil {
		return err
	}
	files := f.Args()
	for _, file := range files {
		if len(file) > 1 && file[0] == '-' {
			return usagef("parse: %q comes after a file; flags come first (the file of that name is ./%s)", file, file)
		}
	}
	if len(files) == 0 {
		files = []string{"-"}
	}
	good := true
	for _, file := range files {
		all, err := p.file(file, stdin)
		if failed := p.out.Flush(); failed != nil {
			return failed
		}
		if err != nil {
			report(err, stdout, stderr)
		}
		good = good && all && err == nil
	}
	if !good {
		return errReported
	}
	return nil
}

// file shows the messages in a file and reports whether all are good.
func (p *parse) file(name string, stdin io.Reader) (good bool, err error) {
	p.name, p.in = "standard input", input{r: stdin}
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return false, err
		}
		defer f.Close()
		p.name, p.in.r = safe(name), f
	}
	if p.in.read() {
		good = p.messages()
	} else if p.in.err == nil {
		return false, errors.New(p.name + ": empty, no message to parse")
	}
	return good, p.in.err
}

// messages shows all messages of the input, and reports whether they are complete and
// none was rejected. If reading fails, it stops: p.in.err says why.
func (p *parse) messages() bool {
	h := p.newHead()
	if h == nil {
		return p.chunked()
	}
	good := true
	for number := 1; len(p.in.b) > 0 || p.in.read(); number++ {
		n, err := p.in.next(h)
		if p.in.err != nil {
			return false
		}
		j := p.judge(h, n, err)
		p.showHead(j, number)
		if p.out.Flush() != nil || err != nil {
			return false
		}
		p.in.skip(n)
		more, complete := p.body(j)
		good = good && complete && j.rejected == nil
		if !more {
			break
		}
	}
	return good
}

// body shows what comes after a head. It reports whether another message may follow, and
// whether this one is complete.
func (p *parse) body(j message) (more, complete bool) {
	response, isResponse := j.head.(*picohttp.Response)
	switch {
	case p.kind == "trailer":
		p.rest("trailer section")
		return false, true
	case isResponse && response.Status() == 101:
		p.rest("101 response")
		return false, true
	case j.rejected != nil && j.rejected != picohttp.ErrCoding:
		p.rest("rejected " + p.kind)
		return false, true
	case j.framing.Body == picohttp.BodyNone:
		return true, true
	}
	complete = p.content(j.framing)
	return complete && (j.framing.Body == picohttp.BodyLength || j.framing.Body == picohttp.BodyChunked), complete
}

// content shows a body, and reports whether it is complete.
func (p *parse) content(f picohttp.Framing) bool {
	c := picohttp.Content{Response: p.kind == "response"}
	row := "body"
	if f.Body == picohttp.BodyTunnel {
		row = "tunnel"
		f.Body = picohttp.BodyUntilClose // so that it has content
	}
	c.Start(f, &p.parser)
	begin, size := p.in.at, int64(0)
	err := readBody(&c, &p.in, func(data []byte) { size += int64(len(data)) })
	switch {
	case p.in.err != nil:
	case !p.asJSON:
		text := plural(size, "byte")
		if f.Body == picohttp.BodyChunked {
			text += ", and " + plural(p.in.at-begin-size, "byte") + " of chunked coding"
		}
		p.row(row, text)
		p.deviations(c.Deviations())
		if err != nil {
			fmt.Fprintln(p.out)
			p.explain(c.Explain(err), begin, "body")
		} else {
			p.fields("trailer", c.Trailer())
		}
	case err != nil:
		p.object(p.notComplete(p.in.at-begin, err))
	}
	return err == nil
}

// chunked shows an input that has only a chunked body, and reports whether it is complete.
func (p *parse) chunked() (complete bool) {
	if !p.asJSON {
		p.heading("chunked body")
		complete = p.content(picohttp.Framing{Body: picohttp.BodyChunked})
	} else if o := p.chunkedOutcome(&p.in); p.in.err == nil {
		p.object(o)
		complete = o.Result == "complete"
	}
	if complete {
		p.rest("chunked body")
	}
	return complete
}

// rest passes over what is left, and says that it is not parsed.
func (p *parse) rest(after string) {
	n := p.in.skipAll()
	text := fmt.Sprintf("%s after the %s", plural(n, "byte"), after)
	switch {
	case n == 0 || p.in.err != nil || p.out.Flush() != nil:
	case p.asJSON:
		fmt.Fprintf(p.notes, "picohttp: %s: not parsed: %s\n", p.name, text)
	default:
		fmt.Fprintf(p.out, "\n  Not parsed: %s.\n", text)
	}
}
