package picohttp

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/picohttp/picohttp/internal/mutants"
)

var updateExplain = flag.Bool("update-explain", false, "write testdata/explain.txt again")

// explainCases are what testdata/explain.txt has the texts of.
var explainCases = []struct {
	name   string
	kind   string
	parser Parser
	input  string
}{
	{"space-before-colon", "request", Parser{}, start + "Accept : */*\r\n\r\n"},
	{"field-line-without-colon", "request", Parser{}, start + "Accept\r\n\r\n"},
	{"field-name-empty", "request", Parser{}, start + ": x\r\n\r\n"},
	{"left-parenthesis-in-field-name", "request", Parser{}, start + "a\\(b: x\r\n\r\n"},
	{"nul-in-field-value", "request", Parser{}, start + "X: \xffa\x00b\r\n\r\n"},
	{"nul-in-long-field-value", "request", Parser{}, start + "Cookie: " + strings.Repeat("\xff\xfe", 99) + "\x7f" + strings.Repeat("long", 99)},
	{"obs-fold", "request", Parser{}, start + "\tfolded\r\n\r\n"},
	{"second-empty-line", "request", Parser{}, "\r\n\r\n" + start},
	{"version-missing", "request", Parser{}, "\r\nGET /\r\n"},
	{"bare-lf", "request", Parser{}, "GET / HTTP/1.1\nHost: x\n\n"},
	{"bare-cr-for-empty-line", "request", Parser{}, start + "\r\""},
	{"tls-client-hello", "request", Parser{}, "\x16\x03\x01\x02\x00\x01\x00\n"},
	{"http2-preface", "request", Parser{}, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
	{"head-too-long-at-end-of-input", "request", Parser{MaxHeadBytes: 23}, "GET / HTTP/1.1\r\nHost: a"},
	{"too-many-fields", "request", Parser{MaxFields: 1}, start + "X: y\r\n\r\n"},
	{"host-missing", "request", Parser{}, "GET / HTTP/1.1\r\n\r\nHost: body"},
	{"host-repeated", "request", Parser{}, start + "host:x\r\n\r\n"},
	{"host", "request", Parser{}, "GET / HTTP/1.1\r\nA: b\r\nHost: \ta b\r\n\r\n"},
	{"incomplete", "request", Parser{}, start + "Accept: */*"},
	{"incomplete-2", "request", Parser{}, start},
	{"incomplete-3", "request", Parser{}, "G"},
	{"incomplete-4", "request", Parser{}, ""},
	{"complete", "request", Parser{}, start + "\r\nbody"},
	{"status-code", "response", Parser{}, "HTTP/1.1 20 OK\r\n\r\n"},
	{"request-for-response", "response", Parser{}, "GET / HTTP/1.1\r\n\r\n"},
	{"response-obs-fold", "response", Parser{}, "HTTP/1.1 200 OK\r\nServer: s\r\n" + " folded\r\n\r\n"},
	{"response-incomplete", "response", Parser{}, "HTTP/1.1 404 Not"},
	{"response-complete", "response", Parser{}, "HTTP/1.1 200 OK\r\nServer: s\r\n" + "\r\nbody"},
	{"trailer-field-name", "trailer", Parser{}, "Digest: a\r\nX Y: b\r\n\r\n"},
	{"trailer-incomplete", "trailer", Parser{}, "Digest: a\r\n\r"},
	{"trailer-complete", "trailer", Parser{}, "Digest: a\r\n\r\n"},
	{"chunk-size", "chunked", Parser{MaxChunkExtBytes: 8}, "5\r\nhello\r\n0x5\r\n"},
	{"chunk-data", "chunked", Parser{MaxChunkExtBytes: 8}, "5\r\nhello!\r\n0\r\n\r\n"},
	{"chunk-ext-too-long", "chunked", Parser{MaxChunkExtBytes: 8}, "5;aaaaaaaaaa\r\nhello\r\n0\r\n\r\n"},
	{"trailer-of-chunked", "chunked", Parser{MaxChunkExtBytes: 8}, "0\r\nDigest: a\r\nX\r\n\r\n"},
	{"chunked-incomplete", "chunked", Parser{MaxChunkExtBytes: 8}, "5\r\nhello\r\n10\r\nabc"},
	{"chunked-incomplete-long", "chunked", Parser{MaxChunkExtBytes: 8}, "7fffffffffffffff\r\nabc"},
	{"chunked-incomplete-line", "chunked", Parser{MaxChunkExtBytes: 8}, "5;a"},
	{"chunked-complete", "chunked", Parser{MaxChunkExtBytes: 8}, "5\r\nhello\r\n0\r\n\r\n"},
	{"chunk-ext-empty", "chunked", Parser{MaxChunkExtBytes: 8}, "5;\r\nhello\r\n"},
	{"chunk-ext-white-space", "chunked", Parser{MaxChunkExtBytes: 8}, "5;a \r\nhello\r\n"},
	{"trailer-begin", "chunked", Parser{MaxChunkExtBytes: 8}, "0\r\n\n"},
	{"trailer-begin-incomplete", "chunked", Parser{MaxChunkExtBytes: 8}, "0\r\n"},
	{"content-length", "request", Parser{}, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:  +5\r\n\r\n"},
	{"ambiguous-length", "request", Parser{}, start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"},
	{"not-chunked", "request", Parser{}, start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n"},
	{"connection", "request", Parser{}, start + "Connection: close, host\r\n\r\n"},
	{"profile-1", "request", lenient(AllDeviations), "GET / HTTP/1.1\nHost: a\nContent-Length: 1\r\n\n"},
	{"profile-2", "request", lenient(AllDeviations), "GET / HTTP/1.1\r\nHost: a\nX: b\n\r\n"},
	{"profile-3", "request", lenient(AllDeviations), "\r\nGET / HTTP/1.1\r\nHost: a\nX: b\n\r\n"},
	{"profile-4", "request", lenient(AllDeviations), "GET / HTTP/1.1\r\nHost: a\r\n" + "Content-Length: 1\r\n\t2\r\n\r\n"},
	{"profile-5", "request", lenient(AllDeviations), "GET / HTTP/1.1\r\nHost: a\r\n" + "X: b\r\n c\r\n  Host: 2\r\n\r\n"},
	{"profile-6", "request", lenient(AllDeviations), "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
	{"profile-7", "request", lenient(AllDeviations), "GET / HTTP/1.1\r\nHost: a\r\n" + "Connection: close\x00\r\n\r\n"},
	{"profile-8", "request", lenient(AllDeviations), "GET / HTTP/1.1\r\nHost: a\r\n" + "X: b\r\n c\r\n \r\n\r\n"},
	{"profile-9", "request", lenient(AllDeviations), "GET / HTTP/1.1\r\nHost: a\r\n" + "Content-Length: 4\r\nX: b\r\n c\r\nContent-Length: 4\r\n\r\n"},
	{"profile-10", "request", lenient(AllDeviations), "GET / HTTP/1.1\r\nHost: a\r\n" + "X : b\r\nTransfer-Encoding:\tchunked\r\nContent-Length: 4\r\n\r\n"},
	{"profile-11", "request", lenient(AllDeviations), "GET / HTTP/1.1\r\nHost: a\r\n" + "X: 1\r\n 2"},
	{"profile-12", "request", lenient(AllDeviations), "GET / HTTP/1.1\r\nHost: a\r\n" + "X: 1\r\n  "},
	{"profile-13", "request", lenient(AllDeviations), "GET / HTTP/1.1\r\nHost: a\r\n" + "X: 1\r\n 2\r"},
	{"profile-14", "request", lenient(AllDeviations), "GET / HTTP/1.1\r\nHost: a\r\n" + "X "},
	{"profile-15", "request", Parser{Profile: Pico}, "GET / HTTP/1.1\r\nHost: a\r\n" + "X: b\r\n  \r\n\r\n"},
	{"profile-16", "request", Parser{Profile: Pico}, "GET  /\xa0 HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"profile-17", "request", Parser{Profile: Pico}, "GET \xa0/  HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"profile-18", "request", Parser{Profile: Pico}, "\r\nGET  /a\u0080 HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"profile-19", "request", Parser{Profile: Pico}, "GET  /\xa0 XTTP"},
	{"profile-20", "response", lenient(AllDeviations), "\r\nHTTP/1.1 200 a\x01\vConnection: close\r\n\r\n"},
	{"method-too-long", "request", Parser{MaxMethodBytes: 4}, "OPTIONS / HTTP/1.1\r\n"},
	{"target-form", "request", Parser{}, "GET * HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"target-fragment", "request", Parser{}, "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"target-userinfo", "request", Parser{}, "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"authority", "request", Parser{}, "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"},
	{"content-length-repeated", "request", Parser{}, start + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"},
	{"content-length-in-response", "response", Parser{}, "HTTP/1.1 200 OK\r\nContent-Length: 5,6\r\n\r\n"},
	{"coding", "request", Parser{}, start + "Transfer-Encoding: gzip, chunked\r\n\r\n"},
	{"transfer-encoding-version", "request", Parser{}, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
	{"connection-options", "request", Parser{}, start + "Connection: " + strings.Repeat("a, ", 33) + "\r\n\r\n"},
	{"proxy-protocol-1", "request", Parser{}, "PROXY TCP4 192.0.2.1 192.0.2.2 56324 80\r\nGET / HTTP/1.1\r\n"},
	{"proxy-protocol-2", "request", Parser{}, "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0cGET / HTTP/1.1\r\n"},
	{"trailer-too-long-at-end-of-input", "chunked", Parser{MaxTrailerBytes: 3}, "0\r\nA: "},
	{"trailer-of-chunked-incomplete", "chunked", Parser{}, "5;a=b\r\nhello\r\n0\r\nAbc: d"},
	{"trailer-field", "chunked", Parser{}, "0\r\nDigest: a\r\nHost: b\r\n\r\n"},
	{"response-before-status-line", "response", lenient(AllDeviations), "\r\n"},
	{"chunk-overhead", "chunked", Parser{MaxChunkOverhead: 1}, "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nb\r\n"},
	{"long-name", "request", Parser{}, start + "A-field-name-that-is-very-long-indeed: \x00\r\n\r\n"},
}

const start = "GET / HTTP/1.1\r\nHost: example.com\r\n"

// explain returns the text for what is found first in a message.
func explain(t testing.TB, kind string, p Parser, b []byte) string {
	switch kind {
	case "chunked":
		d := Chunked{Parser: &p}
		_, _, err := d.Decode([]byte(string(b)))
		return d.Explain(err)
	case "response":
		var r Response
		_, err := p.ParseResponse(&r, b)
		if err == nil {
			_, err = r.Framing("GET")
		}
		return r.Explain(err)
	case "trailer":
		var r Trailer
		_, err := p.ParseTrailer(&r, b)
		return r.Explain(err)
	}
	var r Request
	_, err := p.ParseRequest(&r, b)
	if err == nil {
		_, err = r.Check()
	}
	return r.Explain(err)
}

// TestExplain compares the texts of the cases with those in testdata/explain.txt, which
// a reviewer reads: go test -run TestExplain -update-explain . writes them again.
func TestExplain(t *testing.T) {
	const file = "testdata/explain.txt"
	var s strings.Builder
	for _, c := range explainCases {
		fmt.Fprintf(&s, "== %s\n%s\n\n", c.name, explain(t, c.kind, c.parser, []byte(c.input)))
	}
	if *updateExplain {
		if err := os.WriteFile(file, []byte(s.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, want := strings.Split(s.String(), "== "), strings.Split(string(golden), "== ")
	if len(got) != len(want) {
		t.Fatalf("%d texts, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("got %s\nwant %s", got[i], want[i])
		}
	}
}

// TestExplainOther: an err that the value did not return is no reason to panic.
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

// TestExplainAny: whatever the bytes, the text is printable, its quotation fits a
// terminal, and the caret is under the byte at n.
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

// checkExplained: the text says something, in printable ASCII and lines that are not
// too long.
func checkExplained(t *testing.T, text string, err error) {
	t.Helper()
	if text == "" && (err == nil || err.Error() != "") {
		t.Fatalf("nothing is said of %v", err)
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

// checkCaret: the caret is under b[n].
func checkCaret(t *testing.T, text string, b []byte, n int, err Error) {
	t.Helper()
	parts := strings.Split(text, "\n\n")
	if len(parts) != 3 {
		t.Fatalf("nothing is quoted for %v:\n%s", err, text)
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
