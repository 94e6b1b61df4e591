package picohttp

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A conformanceCase is a line of requests.jsonl: a request head with the
// verdict of RFC 9112, 9110 and 3986, and what each layer of a server says.
type conformanceCase struct {
	ID        string      `json:"id"`
	Raw       []byte      `json:"raw"`
	Strict    string      `json:"strict"`
	Tokenizer string      `json:"tokenizer"` // what a parser says that leaves Layers to others
	Layers    []string    `json:"layers"`
	Early     bool        `json:"early"` // wrong, but not ended: incomplete will do
	Alt       []string    `json:"alt"`   // other verdicts that conform
	Method    string      `json:"method"`
	Target    string      `json:"target"`
	Minor     int         `json:"minor"`
	Consumed  int         `json:"consumed"`
	Headers   [][2]string `json:"headers"`
	Upper     struct {
		Host string `json:"host"`
	} `json:"upper"`
}

func loadConformance(t testing.TB, folder string) (cases []conformanceCase) {
	file, err := os.Open(filepath.Join(folder, "requests.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c conformanceCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, c)
	}
	if len(cases) < 500 {
		t.Fatalf("only %d cases", len(cases))
	}
	return cases
}

// obsTextTarget reports whether the difference is the one that is on purpose:
// obs-text in the request-target is refused by the parser, not by a layer above.
func (c *conformanceCase) obsTextTarget() bool {
	return slices.Contains(c.Layers, "target") && strings.ContainsFunc(c.Target, func(r rune) bool { return r >= 0x80 })
}

// verdicts are those that conform for Parse, which leaves the layers above the
// syntax to others.
func (c *conformanceCase) verdicts() []string {
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

func (c *conformanceCase) check(t *testing.T, g *guard) {
	for _, b := range [][]byte{g.atEnd(c.Raw), g.atStart(c.Raw)} {
		var r Request
		n, err := r.Parse(b)
		got := map[string]string{"complete": "accept", "incomplete": "incomplete", "malformed": "reject"}[observe(&r, n, err).result]
		if want := c.verdicts(); !slices.Contains(want, got) {
			t.Errorf("%s: %s (%d, %v), want %v\n%q", c.ID, got, n, err, want, c.Raw)
		}
		if got != "accept" {
			continue
		}
		var headers [][2]string
		for name, value := range r.Fields() {
			headers = append(headers, [2]string{latin1(name), latin1(value)})
		}
		if n != c.Consumed || latin1(r.Method()) != c.Method || latin1(r.Target()) != c.Target || r.Minor() != c.Minor || !slices.Equal(headers, c.Headers) {
			t.Errorf("%s: %d %s %s %d %q\nwant %d %s %s %d %q", c.ID, n, r.Method(), r.Target(), r.Minor(), headers,
				c.Consumed, c.Method, c.Target, c.Minor, c.Headers)
		}
		_, err = r.Host()
		want, known := map[string]error{"ok": nil, "missing": ErrHostMissing, "duplicate": ErrHostRepeated, "invalid": ErrHost}[c.Upper.Host]
		if c.Upper.Host != "" && (!known || err != want) {
			t.Errorf("%s: Host: %v, want %s", c.ID, err, c.Upper.Host)
		}
	}
}

func latin1(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		fmt.Fprintf(&s, "%c", rune(c))
	}
	return s.String()
}
