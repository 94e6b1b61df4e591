package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/picohttp/picohttp"
)

// runOwn measures all parsers with the heads in a user's files.
func runOwn(out io.Writer, files []string, o options) error {
	var heads [][]byte
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for _, message := range messagesOf(b) {
			more, err := headsOf(message, o.serve)
			heads = append(heads, more...)
			if err != nil {
				fmt.Fprintf(out, "%s: after %d heads: %v\n", file, len(heads), err)
			}
		}
	}
	if len(heads) == 0 {
		return errors.New("no heads of requests in these files")
	}
	t, err := likewise(out, peerTask("own", heads, o.serve), o)
	if err != nil {
		return err
	}
	return run(out, []task{t}, o)
}

// messagesOf returns what is in each line of b, if all are base64, or else b.
func messagesOf(b []byte) (messages [][]byte) {
	for line := range bytes.Lines(b) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		message, err := base64.StdEncoding.AppendDecode(nil, line)
		if err != nil {
			return [][]byte{b}
		}
		messages = append(messages, message)
	}
	return messages
}

// headsOf returns the heads in b, a captured connection, without the bodies. It stops at
// what picohttp rejects. It checks targets and hosts only for heads that are to be served.
func headsOf(b []byte, serve bool) (heads [][]byte, err error) {
	var r picohttp.Request
	for len(b) > 0 {
		n, err := r.Parse(b)
		if err != nil {
			return heads, errors.New(r.Explain(err))
		}
		f, err := r.Framing()
		if err == nil && serve {
			_, err = r.Check()
		}
		if err != nil {
			return heads, errors.New(r.Explain(err))
		}
		heads = append(heads, b[:n:n])
		b = b[n:]
		var content picohttp.Content
		content.Start(f, nil)
		for err == nil && len(b) > 0 {
			_, n, err = content.Next(b)
			b = b[n:]
		}
		if err != nil && err != io.EOF {
			return heads, errors.New(content.Explain(err))
		}
	}
	return heads, nil
}

// likewise leaves out of a task what not all parsers read in the same way, and says
// so: a parser that differs in more than half of the heads, or else the heads.
func likewise(out io.Writer, t task, o options) (task, error) {
	programs, stop, err := startOn(t, o)
	if err != nil {
		return t, err
	}
	defer stop()
	_, differ, err := agree(programs, t)
	if err != nil {
		return t, err
	}
	drop := map[int]bool{}
	for _, name := range slices.Sorted(maps.Keys(differ)) {
		d := differ[name]
		fmt.Fprintf(out, "%s reads %d of %d heads otherwise than picohttp; the first is\n\t%s\n", name, len(d.messages), len(t.messages), d.first)
		if len(d.messages) > len(t.messages)/2 {
			t.parsers = slices.DeleteFunc(slices.Clone(t.parsers), func(p string) bool { return p == name })
			continue
		}
		for _, i := range d.messages {
			drop[i] = true
		}
	}
	var kept [][]byte
	for i, m := range t.messages {
		if !drop[i] {
			kept = append(kept, m)
		}
	}
	if len(kept) == 0 {
		return t, errors.New("no head that all parsers read in the same way")
	}
	t.messages = kept
	return t, nil
}
