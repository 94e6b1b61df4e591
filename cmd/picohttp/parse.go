package main

import (
	"errors"
	"fmt"
	"io"
	"math"
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
			return usagef("parse: %s stands behind a file; flags go before (a file of that name is ./%s)", file, file)
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
			fmt.Fprintf(stderr, "picohttp: %v\n", err)
		}
		good = good && all && err == nil
	}
	if !good {
		return errReported
	}
	return nil
}

// parseFile shows the messages in a file and reports whether all are complete.
func parseFile(name string, stdin io.Reader, s *show) (complete bool, err error) {
	r := stdin
	if path := name; path == "-" {
		name = "standard input"
	} else {
		name = safe(path)
		f, err := os.Open(path)
		if err != nil {
			return false, fmt.Errorf("%s: %w", name, bare(err))
		}
		defer f.Close()
		r = f
	}
	s.file = name
	w := walk{flags: s.flags, in: input{r: r}, show: s}
	if !w.in.read() && w.in.err == nil {
		return false, fmt.Errorf("%s: empty, there is no message in it", name)
	}
	if w.in.err == nil {
		complete = w.messages()
	}
	if w.in.err != nil {
		return false, fmt.Errorf("%s: %w", name, bare(w.in.err))
	}
	return complete, nil
}

// bare returns err without the file's name, which is said already.
func bare(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// A walk goes through the messages of a file. Where reading fails, in.err is
// set, and it stops.
type walk struct {
	flags *messageFlags
	in    input
	show  *show
}

// messages shows all messages and reports whether they are complete.
func (w *walk) messages() (complete bool) {
	h := w.flags.newHead()
	if h == nil {
		return w.chunkedOnly()
	}
	for number := 1; len(w.in.b) > 0 || w.in.read(); number++ {
		n, err := w.in.next(w.flags, h)
		if w.in.err != nil {
			return false
		}
		w.show.head(message{number, w.in.at, w.in.b, h, n, err})
		if err != nil || w.show.failed != nil {
			return false
		}
		w.in.skip(n)
		if more, complete := w.body(h); !more || !complete {
			return complete
		}
	}
	return true
}

// body walks through what follows a head. It reports whether another message may
// follow, and whether this one is complete.
func (w *walk) body(h head) (more, complete bool) {
	framing, err := w.flags.framing(h)
	switch h := h.(type) {
	case *picohttp.Trailer:
		w.rest("behind the trailer section")
		return false, true
	case *picohttp.Response:
		if h.Status() == 101 {
			w.rest("as it is another protocol")
			return false, true
		}
	}
	if err != nil {
		w.rest("as the framing is malformed")
		return false, false
	}
	switch framing.Body {
	case picohttp.BodyNone:
		return true, true
	case picohttp.BodyChunked:
		complete = w.chunkedBody()
		return true, complete
	case picohttp.BodyLength:
		var p preview
		w.in.pass(framing.Length, &p)
		if w.in.err == nil {
			w.show.lengthBody(&p, framing.Length)
		}
		return true, p.octets == framing.Length
	}
	var p preview
	w.in.pass(math.MaxInt64, &p)
	if w.in.err == nil {
		w.show.endlessBody(&p, framing.Body)
	}
	return false, true
}

func (w *walk) chunkedBody() (complete bool) {
	var t tally
	c := newChunkedBody(&w.in, w.flags)
	err := c.walk(t.take)
	if w.in.err == nil {
		w.show.chunkedBody(c, &t, err)
	}
	return err == nil
}

// chunkedOnly shows a file that is nothing but a chunked body.
func (w *walk) chunkedOnly() (complete bool) {
	c := newChunkedBody(&w.in, w.flags)
	var t chunkTable
	take := t.take
	content := []byte{} // not nil: an empty one is written
	if w.show.json != nil {
		take = func(p piece) { content = append(content, p.data...) }
	}
	err := c.walk(take)
	if w.in.err != nil {
		return false
	}
	if w.show.json != nil {
		w.show.object(w.flags.chunkedOutcome(&c.decoder, content, w.in.at, err))
	} else {
		w.show.chunkedOnly(c, &t, err)
	}
	if err == nil {
		w.rest("behind the chunked body")
	}
	return err == nil
}

// rest passes over what is left and says why it is not parsed.
func (w *walk) rest(why string) {
	var p preview
	if w.in.pass(math.MaxInt64, &p); w.in.err == nil {
		w.show.rest(p.octets, why)
	}
}
