package differ

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

// A Source is a connection on which an input arrives, and nothing behind it: for
// adaptors of parsers that read from one.
type Source struct {
	*bufio.Reader
	rest   bytes.Reader
	wanted bool
}

// NewSource returns a Source of b.
func NewSource(b []byte) *Source {
	s := new(Source)
	s.rest.Reset(b)
	s.Reader = bufio.NewReader(readFunc(func(p []byte) (int, error) {
		n, err := s.rest.Read(p)
		s.wanted = s.wanted || err == io.EOF
		return n, err
	}))
	return s
}

type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// Left returns how many octets were not read.
func (s *Source) Left() int { return s.Buffered() + s.rest.Len() }

// Wanted reports whether more was read than there is: an error behind that means
// that the input is incomplete, whatever it says.
func (s *Source) Wanted() bool { return s.wanted }

// Fault returns the verdict on b for which reading s ended in err. A parser that
// does not say at which stage an error is reads b again, with other names for the
// fields that frame it: if that is accepted, only they were at fault.
func (s *Source) Fault(b []byte, err error, read func(s *Source) error) Verdict {
	v := Verdict{Stage: StageHead, Why: err.Error()}
	if s.wanted {
		v.Result = Incomplete
	} else if read(NewSource(unframed(b))) == nil {
		v.Stage = StageFraming
	}
	return v
}

// unframed returns b with other names of the same length for the fields that
// frame a message.
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
