package differ

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	input := "GET /<b>|*\x00\x80\r\n\r\n"
	r := Merge(&Report{Parsers: []string{"first", "second"}, Executions: 9, Findings: []Finding{
		{Class: AcceptanceDiffers, Rule: "field-name", Input: []byte("x"), Verdicts: make([]Verdict, 2), Count: 1, ids: []string{"0123"}},
		{Class: FramingDiffers, Input: []byte(input), Verdicts: []Verdict{{Result: Accept, Head: 3}, {Why: "because\xff"}}, Count: 2, Suspect: true},
	}}, &Report{Parsers: []string{"second", "third"}, Failures: []Failure{{Parser: "third", Out: true, Why: "gone"}}, Findings: []Finding{
		{Kind: Chunked, Class: LengthDiffers, Rule: "bare-lf", Input: []byte("0\n"), Verdicts: make([]Verdict, 2)},
	}})
	if r.Findings[0].Class != FramingDiffers || !slices.Equal(r.Parsers, []string{"first", "second", "third"}) || r.Findings[2].Verdicts[0].Result != Absent {
		t.Errorf("%+v", r)
	}
	page, known := written(t, r)
	for _, want := range []string{"&lt;b&gt;", ">NUL<", ">80<", ">CR<", "suspect", `because\xff`, "third is out since 0: gone"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if !strings.Contains(known, "\n0123 request acceptance field-name\n") {
		t.Error(known)
	}
	for _, secret := range []string{"first", "second", "third", "GET", "because"} {
		if strings.Contains(known, secret) {
			t.Errorf("what may be published has %q:\n%s", secret, known)
		}
	}
}

func written(t *testing.T, r *Report) (page, known string) {
	t.Helper()
	var pageOut, knownOut strings.Builder
	if err := errors.Join(r.WriteHTML(&pageOut), r.writeKnown(&knownOut)); err != nil {
		t.Fatal(err)
	}
	return pageOut.String(), knownOut.String()
}

// TestTenParsers: a report of many parsers counts for each what it is in, joins those that
// say the same, folds what is long, and says where the rest is.
func TestTenParsers(t *testing.T) {
	r := &Report{}
	for i := range 10 {
		r.Parsers = append(r.Parsers, fmt.Sprint("parser", i))
	}
	for i := range 30 {
		f := Finding{Class: AcceptanceDiffers, Rule: fmt.Sprint("rule", i/6), Input: fmt.Append(nil, i), Verdicts: make([]Verdict, 10)}
		for p := range f.Verdicts {
			f.Verdicts[p] = Verdict{Stage: StageHead, Why: fmt.Sprint("no ", p%2)}
			if p >= 8 {
				f.Verdicts[p] = Verdict{Result: Accept, Head: 20, Method: "GET", Target: "/", Silent: PartFraming, Fields: []Field{{"Name", strings.Repeat("long ", 20)}}}
			}
		}
		r.Findings = append(r.Findings, f)
	}
	m := r.matrix()
	if len(m.Classes) != 1 || m.Rows[7].Sum != 0 || m.Rows[9].Sum != 30 || m.Rows[9].Counts[0] != 30 {
		t.Errorf("%+v", m)
	}
	s := r.sections()
	if len(s) != 1 || len(s[0].Columns) != 2 || len(s[0].Columns[0].Names) != 8 || len(s[0].Rows) != 20 || s[0].More != 10 {
		t.Fatalf("%+v", s)
	}
	for i, c := range s[0].Rows[0].Cells {
		if !c.Folded || c.Odd != (i == 1) || len(c.Summary()) > maxInline {
			t.Errorf("%+v", c)
		}
	}
	if text := s[0].Rows[0].Cells[0].Text; text != "no 0 (parser0, parser2, parser4, parser6)\nno 1 (parser1, parser3, parser5, parser7)" {
		t.Error(text)
	}
	if page, _ := written(t, r); !strings.Contains(page, "10 more of the same rules are in findings.jsonl") {
		t.Error("it does not say where the rest is")
	}
	if overview := r.overview(); strings.Count(overview, "accepted by") > maxOverview {
		t.Error(overview)
	}
}
