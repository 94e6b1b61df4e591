package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"io"

	"github.com/picohttp/picohttp"
)

func runBatch(args []string, stdin io.Reader, stdout io.Writer) error {
	var m messageFlags
	f := newFlags("batch")
	m.define(f)
	if err := parseFlags(f, args); err != nil {
		return err
	}
	if err := noMore(f.Args()); err != nil {
		return err
	}
	if err := m.check(); err != nil {
		return err
	}
	outcomeOf := m.outcomes()
	answers := newEncoder(stdout)
	lines := bufio.NewReader(stdin)
	var line []byte
	message := []byte{} // not nil: an empty body is written
	good := true
	for {
		var err error
		if line, err = readLine(lines, line[:0]); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		o := outcome{Result: "error", Error: "base64"}
		if message, err = base64.StdEncoding.AppendDecode(message[:0], line); err == nil {
			o = outcomeOf(message)
		} else {
			good = false
		}
		if err := answers.Encode(o); err != nil {
			return err
		}
	}
	if !good {
		return errReported
	}
	return nil
}

// readLine appends the next line to line, without its end.
func readLine(r *bufio.Reader, line []byte) ([]byte, error) {
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case err == io.EOF && len(line) > 0:
			err = nil
		}
		line = bytes.TrimSuffix(line, []byte("\n"))
		return bytes.TrimSuffix(line, []byte("\r")), err
	}
}

// outcomes returns a function that parses one message after the other. It may
// write to the message.
func (m *messageFlags) outcomes() func(message []byte) outcome {
	if m.kind == "chunked" {
		d := picohttp.Chunked{Parser: &m.parser}
		return func(message []byte) outcome {
			d.Reset()
			size, n, err := d.Decode(message)
			if err == io.EOF {
				err = nil
			}
			return m.chunkedOutcome(&d, message[:size], int64(n), err)
		}
	}
	h := m.newHead()
	return func(message []byte) outcome {
		n, err := m.parse(h, message)
		return m.outcome(h, n, err)
	}
}
