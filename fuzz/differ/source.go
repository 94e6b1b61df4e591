package differ

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

// A Source is a connection on which an input arrives and nothing after it. It is for
// adaptors of parsers that read from a connection.
type Source struct {
	*bufio.Reader
	rest *rest
}

// A rest is what has not been read of an input.
type rest struct {
	bytes.Reader
	wanted bool
}

func (r *rest) Read(p []byte) (n int, err error) {
	n, err = r.Reader.Read(p)
	r.wanted = r.wanted || err == io.EOF
	return n, err
}

// NewSource returns a Source of b.
func NewSource(b []byte) *Source {
	r := &rest{Reader: *bytes.NewReader(b)}
	return &Source{bufio.NewReader(r), r}
}

// Left returns how many bytes were not read.
func (s *Source) Left() int { return s.Buffered() + s.rest.Len() }

// Wanted reports whether the parser tried to read beyond the input. An error after that
// means that the input is incomplete, whatever it says.
func (s *Source) Wanted() bool { return s.rest.wanted }

// Fault returns the verdict on b if reading s ended in err. To learn at which stage that
// was, read is called again on b with other names for the fields that frame it: if it
// succeeds, only they were at fault.
func (s *Source) Fault(b []byte, err error, read func(s *Source) error) Verdict {
	v := Verdict{Stage: StageHead, Why: err.Error()}
	if s.Wanted() {
		v.Result = Incomplete
	} else if read(NewSource(unframed(b))) == nil {
		v.Stage = StageFraming
	}
	return v
}

// Body completes the verdict on b, whose head was accepted, with what reading the body from s
// has returned.
func (s *Source) Body(v *Verdict, b, content []byte, err error) {
	v.Result, v.Body, v.Length = Accept, content, len(b)-s.Left()
	if err != nil {
		v.Result, v.Stage, v.Why = Reject, StageBody, err.Error()
		if s.Wanted() {
			v.Result = Incomplete
		}
	}
}

// unframed returns b with other names, of the same length, for the fields that frame a
// message.
func unframed(b []byte) []byte {
	b = bytes.Clone(b)
	for _, name := range []string{"content-length", "transfer-encoding", "trailer"} {
		for at := 0; at+len(name) < len(b); at++ {
			if (at == 0 || b[at-1] == '\n') && strings.EqualFold(string(b[at:at+len(name)]), name) {
				b[at] = 'X'
			}
		}
	}
	return b
}
