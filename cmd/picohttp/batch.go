package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"flag"
	"io"
)

// maxLine is how many bytes a line of batch may have, without its end.
const maxLine = 64 << 20

func runBatch(args []string, stdin io.Reader, stdout io.Writer) error {
	var m messageFlags
	if err := m.parseArgs(flag.NewFlagSet("batch", flag.ContinueOnError), args); err != nil {
		return err
	}
	h := m.newHead()
	objects := newEncoder(stdout)
	lines := bufio.NewReader(stdin)
	var line, message []byte
	good := true
	for {
		var err error
		if line, err = readLine(lines, line[:0]); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		o := outcome{Result: "error", Error: "line-too-long"}
		if len(line) <= maxLine {
			o.Error = "base64"
			message, err = base64.StdEncoding.AppendDecode(message[:0], line)
			switch {
			case err != nil:
			case h == nil:
				o = m.chunkedOutcome(&input{b: message, eof: true})
			default:
				h.Reset()
				n, err := h.Resume(message)
				o = m.outcome(m.judge(h, n, err))
			}
		}
		good = good && o.Result != "error"
		if err := objects.Encode(o); err != nil {
			return err
		}
	}
	if !good {
		return errReported
	}
	return nil
}

// readLine appends the next line to line, without its end. Of a line with more than
// maxLine bytes it appends one or two more than that, and drops the rest.
func readLine(r *bufio.Reader, line []byte) ([]byte, error) {
	const most = maxLine + len("\r\n")
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part[:min(len(part), most-len(line))]...)
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
