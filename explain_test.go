package picohttp

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/picohttp/picohttp/internal/golden"
	"github.com/picohttp/picohttp/internal/mutants"
	"github.com/picohttp/picohttp/internal/vectors"
)

const start = "GET / HTTP/1.1\r\nHost: example.com\r\n"

// TestExplain compares what Explain returns for each message in testdata/explain.txt with the text
// there.
func TestExplain(t *testing.T) {
	golden.Check(t, "testdata/explain.txt", func(from vectors.Vector) string {
		v := vector{name: from.Name}
		for _, line := range from.Lines {
			v.add(line.Key, line.Words, t.Fatalf)
		}
		if v.parser.Profile == Lenient {
			v.parser.allowAll(AllDeviations)
		}
		if v.kind == "chunked" {
			d := Chunked{Parser: &v.parser}
			_, _, err := d.Decode(from.Input)
			return d.Explain(err)
		}
		m := v.message(t)
		_, err := m.parseUnder(&v.parser, from.Input)
		if err == nil {
			switch m := m.(type) {
			case *Request:
				_, err = m.Check()
			case *Response:
				_, err = m.Framing("GET")
			}
		}
		return m.places().Explain(err)
	})
}

// TestExplainOther checks that Explain does not panic for an err that the value did not return.
func TestExplainOther(t *testing.T) {
	inputs := []string{"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "5;a\r\nhello\r\n0\r\nHost: a\r\n\r\n", "", "\n", "\r\n\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x00\xff\r\nHost:\nhost", strings.Repeat("é\n", 99)}
	errs := []error{nil, ErrIncomplete, io.EOF, io.ErrUnexpectedEOF, fmt.Errorf("reading: %w", ErrIncomplete), fmt.Errorf("reading: %w", ErrHost)}
	for e := range 256 {
		errs = append(errs, Error(e))
	}
	for _, input := range inputs {
		for _, p := range []Parser{{}, lenient(AllDeviations), {Profile: Pico}} {
			for _, s := range subjects {
				m := parseAs(s, &p, []byte(input))
				for _, err := range errs {
					checkExplained(t, m.places().Explain(err), err)
				}
			}
			d := Chunked{Parser: &p}
			d.Decode([]byte(input))
			var c Content
			c.Start(Framing{Body: BodyChunked}, &p)
			c.Next([]byte(input))
			for _, err := range errs {
				checkExplained(t, d.Explain(err), err)
				checkExplained(t, c.Explain(err), err)
			}
		}
	}
	var r Request
	if got := r.Explain(io.EOF); got != "EOF" {
		t.Errorf("for io.EOF: %q", got)
	}
	r.Parse([]byte(start))
	r.Resume([]byte("GET"))
	if got := r.Explain(ErrResume); !strings.HasPrefix(got, "misused: resumed with different bytes\n\nrule: ") {
		t.Errorf("for ErrResume: %q", got)
	}
}

// TestExplainAny checks for any bytes that the text is printable, that its quotation fits a
// terminal, and that the caret is under the byte at n.
func TestExplainAny(t *testing.T) {
	const seed = "\r\nPOST /a/b?c HTTP/1.1\r\nHost: example.com\r\nCookie: \t a=b; \xe9=\xff\r\nX:\r\n\r\nbody"
	seeds := [][]byte{[]byte(seed), []byte(seed[2:])}
	rng := rand.New(rand.NewPCG(9112, 9110))
	for range mutants.Count(20_000) {
		b := mutants.Make(rng, seeds)
		var r Request
		p := Parser{Profile: Profile(rng.IntN(3)), MaxHeadBytes: rng.IntN(400), MaxTargetBytes: rng.IntN(60), MaxFields: rng.IntN(5)}
		n, err := p.ParseRequest(&r, b)
		text := r.Explain(err)
		checkExplained(t, text, err)
		if fault, ok := err.(Error); ok {
			checkCaret(t, text, b, n, fault)
		}
		if err == nil {
			_, err := r.Check()
			checkExplained(t, r.Explain(err), err)
		}
		checkExplained(t, r.Explain(Error(rng.IntN(len(errorTable)+1))), nil)
	}
}

// checkExplained checks that the text is not empty and is printable ASCII, that quoted lines and
// hints fit in 80 columns, and that the text for an Error contains its rule.
func checkExplained(t *testing.T, text string, err error) {
	t.Helper()
	if text == "" && (err == nil || err.Error() != "") {
		t.Fatalf("Explain returns no text for %v", err)
	}
	for line := range strings.Lines(text) {
		short := strings.HasPrefix(line, " ") || strings.HasPrefix(line, "hint:")
		if short && len(line) > 80+len("\n") {
			t.Fatalf("more than 80 columns: %s", line)
		}
		for _, c := range []byte(strings.TrimSuffix(line, "\n")) {
			if c < ' ' || c > '~' {
				t.Fatalf("%q in the text for %v:\n%s", c, err, text)
			}
		}
	}
	var e Error
	if errors.As(err, &e) && e.row() != 0 && !strings.Contains(text, "rule:   "+e.Code()+": ") {
		t.Fatalf("the text for %v does not have its rule:\n%s", err, text)
	}
}

// checkCaret checks that the caret is under b[n].
func checkCaret(t *testing.T, text string, b []byte, n int, err Error) {
	t.Helper()
	parts := strings.Split(text, "\n\n")
	if len(parts) != 3 {
		t.Fatalf("no line is quoted for %v:\n%s", err, text)
	}
	quoted, caret, _ := strings.Cut(parts[1], "\n")
	column := strings.IndexByte(caret, '^')
	if at := strings.LastIndex(caret, " ^"); at >= 0 {
		column = at + 1 // not the byte named "^"
	}
	want := ""
	if n < len(b) {
		want = escape(b[n])
	}
	if column < 4 || column > len(quoted) || !strings.HasPrefix(quoted[column:], want) || want == "" && column != len(quoted) {
		t.Fatalf("the caret is not under %q, offset %d of %q:\n%s", want, n, b, text)
	}
}
