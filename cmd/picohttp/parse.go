package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/picohttp/picohttp"
)

func runParse(args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	var m messageFlags
	f := newFlags("parse")
	m.define(f)
	asJSON := f.Bool("json", false, "")
	width := f.Int("width", -1, "")
	if err := parseFlags(f, args); err != nil {
		return err
	}
	if *width < -1 {
		return usagef("-width %d is less than 0", *width)
	}
	files := f.Args()
	for _, file := range files {
		if len(file) > 1 && file[0] == '-' {
			return usagef("parse: %q comes after a file; flags come first (the file of that name is ./%s)", file, file)
		}
	}
	if err := m.check(); err != nil {
		return err
	}
	if len(files) == 0 {
		files = []string{"-"}
	}
	s := show{flags: &m, w: stdout, notes: stderr, terminal: terminalOf(stdout, *width)}
	if *asJSON {
		s.json = newEncoder(stdout)
	}
	good := true
	for _, file := range files {
		all, err := parseFile(file, stdin, &s)
		if s.failed != nil {
			return s.failed
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

// parseFile shows the messages in a file and reports whether all are good.
func parseFile(name string, stdin io.Reader, s *show) (good bool, err error) {
	r := stdin
	if path := name; path == "-" {
		name = "standard input"
	} else {
		f, err := os.Open(path)
		if err != nil {
			return false, fmt.Errorf("%s: %w", name, bare(err))
		}
		defer f.Close()
		r = f
	}
	s.file = safe(name)
	w := walk{flags: s.flags, in: input{r: r}, show: s}
	if !w.in.read() && w.in.err == nil {
		return false, fmt.Errorf("%s: empty, no message to parse", name)
	}
	if w.in.err == nil {
		good = w.messages()
	}
	if w.in.err != nil {
		return false, fmt.Errorf("%s: %w", name, bare(w.in.err))
	}
	return good, nil
}

// bare returns err without the name of the file.
func bare(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// A walk shows the messages of a file, one after the other. If reading fails, it sets
// in.err and stops.
type walk struct {
	flags *messageFlags
	in    input
	show  *show
}

// messages shows all messages, and reports whether they are complete and none was
// rejected.
func (w *walk) messages() bool {
	h := w.flags.newHead()
	if h == nil {
		return w.chunked()
	}
	good := true
	for number := 1; len(w.in.b) > 0 || w.in.read(); number++ {
		n, err := w.in.next(h)
		if w.in.err != nil {
			return false
		}
		j := w.flags.judge(h, n, err)
		w.show.head(j, number, w.in.at)
		if err != nil || w.show.failed != nil {
			return false
		}
		w.in.skip(n)
		more, complete := w.body(j)
		good = good && complete && j.rejected == nil
		if !more {
			break
		}
	}
	return good
}

// body shows what comes after a head. It reports whether another message may follow, and
// whether this one is complete.
func (w *walk) body(j message) (more, complete bool) {
	response, isResponse := j.head.(*picohttp.Response)
	switch {
	case w.flags.kind == "trailer":
		w.rest("trailer section")
		return false, true
	case isResponse && response.Status() == 101:
		w.rest("101 response")
		return false, true
	case j.rejected != nil && j.rejected != picohttp.ErrCoding:
		w.rest("rejected " + w.flags.kind)
		return false, true
	case j.framing.Body == picohttp.BodyNone:
		return true, true
	}
	complete = w.content(j.framing, isResponse)
	return complete && (j.framing.Body == picohttp.BodyLength || j.framing.Body == picohttp.BodyChunked), complete
}

// content shows a body, and reports whether it is complete.
func (w *walk) content(f picohttp.Framing, response bool) bool {
	b := body{framing: f.Body, Content: picohttp.Content{Response: response}}
	if f.Body == picohttp.BodyTunnel {
		f.Body = picohttp.BodyUntilClose // so that it has content
	}
	b.Start(f, &w.flags.parser)
	err := b.read(&w.in)
	if w.in.err == nil {
		w.show.body(&b, err)
	}
	return err == nil
}

// chunked shows a file that has only a chunked body, and reports whether it is complete.
func (w *walk) chunked() (complete bool) {
	if w.show.json == nil {
		complete = w.content(picohttp.Framing{Body: picohttp.BodyChunked}, false)
	} else if o := w.flags.chunkedOutcome(&w.in); w.in.err == nil {
		w.show.object(o)
		complete = o.Result == "complete"
	}
	if complete {
		w.rest("chunked body")
	}
	return complete
}

// rest passes over what is left, and says that it is not parsed.
func (w *walk) rest(after string) {
	if n := w.in.skipAll(); w.in.err == nil {
		w.show.rest(n, after)
	}
}
