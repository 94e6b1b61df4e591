package picohttp

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A headCase is a line of requests.jsonl or responses.jsonl: a head, the verdict of RFC 9112,
// 9110 and 3986 on it, and that of each layer of a server.
type headCase struct {
	ID        string      `json:"id"`
	Raw       []byte      `json:"raw"`
	Strict    string      `json:"strict"`
	Tokenizer string      `json:"tokenizer"` // the verdict of a parser that leaves Layers to others
	Layers    []string    `json:"layers"`
	Early     bool        `json:"early"` // wrong, but not complete: incomplete is also right
	Alt       []string    `json:"alt"`   // other verdicts that conform
	Method    string      `json:"method"`
	Target    string      `json:"target"`
	Status    int         `json:"status"`
	Reason    string      `json:"reason"`
	Code      string      `json:"code"` // the rule that is broken
	Minor     int         `json:"minor"`
	Consumed  int         `json:"consumed"`
	Headers   [][2]string `json:"headers"`
	Upper     struct {
		Host    string `json:"host"`
		Framing string `json:"framing"`
	} `json:"upper"`
}

// loadConformance reads the cases in a file of the folder, and checks that there are at least
// minimum of them.
func loadConformance[T any](t testing.TB, folder, file string, minimum int) (cases []T) {
	f, err := os.Open(filepath.Join(folder, file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c T
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, c)
	}
	if len(cases) < minimum {
		t.Fatalf("only %d cases in %s", len(cases), file)
	}
	return cases
}

// TestConformance runs the strict parser on messages from the test suites of other parsers, and
// compares the results with what the RFCs require. PICOHTTP_CONFORMANCE names the folder with the
// messages.
func TestConformance(t *testing.T) {
	folder := os.Getenv("PICOHTTP_CONFORMANCE")
	if folder == "" {
		t.Skip("PICOHTTP_CONFORMANCE does not name the folder of the conformance cases")
	}
	requests := loadConformance[headCase](t, folder, "requests.jsonl", 558)
	responses := loadConformance[headCase](t, folder, "responses.jsonl", 239)
	framing := loadConformance[framingCase](t, folder, "framing.jsonl", 240)
	chunked := loadConformance[chunkedCase](t, folder, "chunked.jsonl", 99)
	either := map[string]bool{} // heads that may be rejected
	for _, c := range slices.Concat(requests, responses) {
		either[string(c.Raw)] = c.Strict == "either"
	}
	eachKernel(t, func(t *testing.T, k kernel) {
		g := newGuard(t)
		for _, c := range requests {
			c.checkRequest(t, g)
		}
		for _, c := range responses {
			c.checkResponse(t, g)
		}
		for _, c := range framing {
			c.check(t, g, either[string(c.Raw)])
		}
		for _, c := range chunked {
			c.check(t, g)
		}
	})
}

// obsTextTarget reports whether the difference is one that is intended: this parser rejects
// obs-text in the request-target, instead of a layer above it.
func (c *headCase) obsTextTarget() bool {
	return slices.Contains(c.Layers, "target") && strings.ContainsFunc(c.Target, func(r rune) bool { return r >= 0x80 })
}

// verdicts returns the verdicts that conform for Parse, which leaves the layers above the syntax
// to others.
func (c *headCase) verdicts() []string {
	want := append([]string{c.Strict}, c.Alt...)
	if len(c.Layers) > 0 {
		want = append([]string{c.Tokenizer}, c.Alt...)
		if c.obsTextTarget() {
			want = []string{"reject"}
		}
	}
	if slices.Contains(want, "either") {
		want = append(want, "accept", "reject")
	}
	if c.Early && c.Strict == "reject" {
		want = append(want, "incomplete")
	}
	return want
}

// verdict is the outcome in the words of the cases.
func verdict(err error) string {
	switch err {
	case nil, io.EOF:
		return "accept"
	case ErrIncomplete:
		return "incomplete"
	}
	return "reject"
}

// accepted reports whether m accepts b. It checks that the verdict is one of want, and compares the
// number of bytes and the fields with those of the case.
func (c *headCase) accepted(t *testing.T, m message, b []byte, want []string) bool {
	t.Helper()
	n, err := m.parseUnder(&Parser{}, b)
	if got := verdict(err); !slices.Contains(want, got) {
		t.Errorf("%s: %s (%d, %v), want %v\n%q", c.ID, got, n, err, want, c.Raw)
		return false
	}
	if err != nil {
		return false
	}
	var headers [][2]string
	for name, value := range m.Fields() {
		headers = append(headers, [2]string{latin1(name), latin1(value)})
	}
	if n != c.Consumed && !c.statusWithoutSP() || !slices.Equal(headers, c.Headers) && c.Headers != nil {
		t.Errorf("%s: %d %q\nwant %d %q", c.ID, n, headers, c.Consumed, c.Headers)
	}
	return true
}

func (c *headCase) checkRequest(t *testing.T, g *guard) {
	for _, b := range [][]byte{g.atEnd(c.Raw), g.atStart(c.Raw)} {
		var r Request
		if !c.accepted(t, &r, b, c.verdicts()) {
			continue
		}
		if latin1(r.Method()) != c.Method || latin1(r.Target()) != c.Target || r.Minor() != c.Minor {
			t.Errorf("%s: %s %s %d\nwant %s %s %d", c.ID, r.Method(), r.Target(), r.Minor(), c.Method, c.Target, c.Minor)
		}
		_, err := r.Host()
		want, known := map[string]error{"ok": nil, "missing": ErrHostMissing, "duplicate": ErrHostRepeated, "invalid": ErrHost}[c.Upper.Host]
		if c.Upper.Host != "" && (!known || err != want) {
			t.Errorf("%s: Host: %v, want %s", c.ID, err, c.Upper.Host)
		}
	}
}

// statusWithoutSP reports whether the difference is one that is intended: a status-line without
// the SP before an empty reason-phrase is accepted.
func (c *headCase) statusWithoutSP() bool { return c.Code == "status-no-sp" }

func (c *headCase) checkResponse(t *testing.T, g *guard) {
	want := c.verdicts()
	if c.statusWithoutSP() && !c.Early {
		want = []string{"accept"}
		if bytes.Contains(c.Raw, []byte("\r\n ")) {
			want = []string{"reject"} // an obs-fold in a later line
		}
	}
	for _, b := range [][]byte{g.atEnd(c.Raw), g.atStart(c.Raw)} {
		var r Response
		if !c.accepted(t, &r, b, want) {
			continue
		}
		if !c.statusWithoutSP() && (r.Status() != c.Status || latin1(r.Reason()) != c.Reason || r.Minor() != c.Minor) {
			t.Errorf("%s: %d %q %d\nwant %d %q %d", c.ID, r.Status(), r.Reason(), r.Minor(), c.Status, c.Reason, c.Minor)
		}
		if c.Upper.Framing != "" {
			got, _ := framingOf(t, &Parser{}, "response", "GET", b)
			want := []string{c.Upper.Framing}
			if got == "malformed transfer-encoding" && c.oddCoding() {
				want = append(want, "error")
			}
			checkFramingLabel(t, c.ID, got, want)
		}
	}
}

// oddCoding reports whether the difference is one that is intended: a Transfer-Encoding on two
// lines, or with an empty element, is rejected.
func (c *headCase) oddCoding() bool {
	lines := 0
	for _, field := range c.Headers {
		if strings.EqualFold(field[0], "Transfer-Encoding") {
			lines++
			for element := range strings.SplitSeq(field[1], ",") {
				if strings.Trim(element, " \t") == "" {
					return true
				}
			}
		}
	}
	return lines > 1
}

// A framingCase is a line of framing.jsonl.
type framingCase struct {
	ID     string   `json:"id"`
	Raw    []byte   `json:"raw"`
	Kind   string   `json:"kind"`
	Method string   `json:"request_method"`
	Expect string   `json:"expect"`
	Head   string   `json:"head"` // "reject" if the head never parses
	Alt    []string `json:"alt"`
	Why    string   `json:"why"`
}

func (c *framingCase) check(t *testing.T, g *guard, either bool) {
	got, _ := framingOf(t, &Parser{}, c.Kind, cmp.Or(c.Method, "GET"), g.atEnd(c.Raw))
	if c.Head == "reject" && strings.Contains(c.Why, "status-no-sp") {
		return // accepted on purpose: see headCase.statusWithoutSP
	}
	rejected := strings.HasPrefix(got, "rejected")
	if rejected && either {
		return
	}
	if rejected != (c.Head == "reject") {
		t.Errorf("%s: %s, but head is %q\n%q", c.ID, got, c.Head, c.Raw)
	}
	checkFramingLabel(t, c.ID, got, append([]string{c.Expect}, c.Alt...))
}

// checkFramingLabel compares the result of framingOf with the expected one.
func checkFramingLabel(t *testing.T, id, got string, want []string) {
	t.Helper()
	words := strings.Fields(got)
	switch words[0] {
	case "malformed", "rejected":
		words[0] = "error"
	case "length":
		words[0] = "length:" + words[1]
	}
	if !slices.Contains(want, words[0]) {
		t.Errorf("%s: %s, want %v", id, got, want)
	}
}

// A chunkedCase is a line of chunked.jsonl.
type chunkedCase struct {
	ID       string      `json:"id"`
	Raw      []byte      `json:"raw"`
	Expect   string      `json:"expect"`
	Alt      []string    `json:"alt"`
	Early    bool        `json:"early"`
	Body     []byte      `json:"body"`
	Trailers [][2]string `json:"trailers"`
	Consumed int         `json:"consumed"`
}

func (c *chunkedCase) check(t *testing.T, g *guard) {
	want := append([]string{c.Expect}, c.Alt...)
	if c.Early {
		want = append(want, "incomplete")
	}
	var d Chunked
	b := g.atEnd(c.Raw)
	size, n, err := d.Decode(b)
	got := map[string]string{"accept": "ok", "incomplete": "incomplete", "reject": "error"}[verdict(err)]
	if !slices.Contains(want, got) {
		t.Errorf("%s: %s (%d, %v), want %v\n%q", c.ID, got, n, err, want, c.Raw)
	}
	if got != "ok" || c.Expect != "ok" {
		return
	}
	var trailers [][2]string
	for name, value := range d.Trailer().Fields() {
		trailers = append(trailers, [2]string{latin1(name), latin1(value)})
	}
	if n != c.Consumed || !bytes.Equal(b[:size], c.Body) || !slices.Equal(trailers, c.Trailers) {
		t.Errorf("%s: %d %q %q\nwant %d %q %q", c.ID, n, b[:size], trailers, c.Consumed, c.Body, c.Trailers)
	}
}
