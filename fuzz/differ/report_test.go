package differ

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/picohttp/picohttp"
)

func pageAndKnown(t *testing.T, r *Report) (page, known string) {
	t.Helper()
	var pageOut, knownOut strings.Builder
	if err := errors.Join(r.WriteHTML(&pageOut), r.writeKnown(&knownOut)); err != nil {
		t.Fatal(err)
	}
	return pageOut.String(), knownOut.String()
}

func TestReport(t *testing.T) {
	failures := []Failure{{Parser: "second", Out: true, Why: "gone"}}
	r := &Report{Parsers: []string{"first", "second"}, Failures: failures, Findings: []Finding{
		{Class: FramingDiffers, Input: []byte("GET /<b>|*\x00\x80\r\n\r\n"), Suspect: true, Verdicts: []Verdict{
			{Result: Accept, Head: 3, Fields: []Field{{"A", "one"}}}, {Why: "because\xff"},
		}},
		{Class: AcceptanceDiffers, Rule: "field-name", Input: []byte("x"), Verdicts: make([]Verdict, 2), ids: []string{"0123"}},
	}}
	page, known := pageAndKnown(t, r)
	for _, want := range []string{
		`GET /&lt;b&gt;|*\x00\x80\r\n</code>`, "suspect", `<details><summary>because\xff<`,
		"second is out since 0: gone", `[[&#34;A&#34; &#34;one&#34;]]`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s:\n%s", want, page[strings.Index(page, "<h1>"):])
		}
	}
	for _, result := range results {
		if !strings.Contains(page, "."+result) {
			t.Errorf("the page has no style for %s", result)
		}
	}
	if !strings.Contains(known, "\n0123 request acceptance field-name\n") {
		t.Error(known)
	}
	for _, secret := range []string{"first", "second", "GET", "because"} {
		if strings.Contains(known, secret) {
			t.Errorf("what may be published has %q:\n%s", secret, known)
		}
	}
}

// TestTenParsers: a report of many parsers counts for each what it is in, joins those that
// say the same, and says where the rest is. A crash counts for the parser alone, also if that is
// the one that the others are compared with.
func TestTenParsers(t *testing.T) {
	r := &Report{}
	for i := range 10 {
		r.Parsers = append(r.Parsers, fmt.Sprint("parser", i))
	}
	for i := range 30 {
		f := Finding{Class: AcceptanceDiffers, Rule: fmt.Sprint("rule", i/6), Input: fmt.Append(nil, i)}
		for p := range 10 {
			v := Verdict{Stage: StageHead, Why: fmt.Sprint("no ", p%2)}
			if p >= 8 {
				v = Verdict{Result: Accept, Head: 20, Method: "GET", Silent: PartFraming}
			}
			f.Verdicts = append(f.Verdicts, v)
		}
		r.Findings = append(r.Findings, f)
	}
	crash := Finding{Class: Crashes, Verdicts: append([]Verdict{{Result: Crash}}, r.Findings[0].Verdicts[1:]...)}
	r.Findings = append(r.Findings, crash)
	classes, counts := r.matrix()
	got := fmt.Sprint(classes, counts[0], counts[7], counts[9])
	if want := "[crash acceptance] [1 0 1] [0 0 0] [0 30 30]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	r.Findings = r.Findings[:30]
	s := r.sections()
	if len(s) != 1 || len(s[0].Columns) != 2 || len(s[0].Columns[0].Names) != 8 || len(s[0].Rows) != 20 || s[0].More != 10 {
		t.Fatalf("%+v", s)
	}
	for i, c := range s[0].Columns {
		if c.Cells[0].Odd != (i == 1) {
			t.Errorf("%+v", c)
		}
	}
	if whys := s[0].Columns[0].Whys[0]; len(whys) != 8 || whys[1] != [2]string{"no 1", "parser1"} {
		t.Errorf("%q", whys)
	}
	if page, _ := pageAndKnown(t, r); !strings.Contains(page, "10 more of the same rules are in findings.jsonl") {
		t.Error("it does not say where the rest is")
	}
}

// TestJSON: a line a finding, with words and not numbers, and strings that no byte spoils.
func TestJSON(t *testing.T) {
	report := Report{Parsers: []string{"first", "second", "third"}, Findings: []Finding{{
		Kind: Request, Class: FramingDiffers, Rule: "bare-lf", Input: []byte("\x80"), Count: 3,
		ids: []string{"1", "2"}, Between: []string{"first", "second"},
		Verdicts: []Verdict{
			{Result: Reject, Stage: StageHead, Why: "no"},
			{
				Result: Accept, Head: 20, Length: 20, Method: "\xe9", Target: "/", Fields: []Field{{"A", "\xff"}},
				Framing: Framing{Body: picohttp.BodyLength, Length: -1},
			},
			{Result: Absent},
		},
	}}}
	report.mark(map[string]bool{"1": true})
	var text strings.Builder
	if err := report.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"id":"1","also":["2"],"kind":"request","class":"framing","rule":"bare-lf"`,
		`"new":true`, `"count":3,"between":["first","second"]`,
		`"input":"gA=="`, `"quoted":"\"\\x80\"","verdicts":{"first":{"error":"no","result":"malformed","stage":"head"}`,
		`"second":{`, `"fields":[["A","ÿ"]]`, `"method":"é","minor":0,"n":20`,
		`"framing":{"body":"length","keep_alive":false}`, // the second does not tell the length
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %s in\n%s", want, &text)
		}
	}
	if strings.Contains(text.String(), "third") {
		t.Errorf("an absent parser is in\n%s", &text)
	}
}
