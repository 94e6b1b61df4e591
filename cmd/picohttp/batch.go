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
	var r picohttp.Request
	var message []byte
	good := true
	lines := bufio.NewReader(stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			break
		}
		if err != nil && err != io.EOF {
			return err
		}
		line = bytes.TrimSuffix(line, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		o := outcome{Result: "error", Error: "base64"}
		if message, err = base64.StdEncoding.AppendDecode(message[:0], line); err == nil {
			n, err := m.parser.ParseRequest(&r, message)
			o = outcomeOf(&r, n, err)
		} else {
			good = false
		}
		if err := writeJSON(stdout, o); err != nil {
			return err
		}
	}
	if !good {
		return errReported
	}
	return nil
}
