package differ

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// runOf runs adaptors against the first one.
func runOf(t *testing.T, change func(r *Run), adaptors ...Adaptor) *Report {
	t.Helper()
	r := Run{Adaptors: adaptors, Count: 5000, Random: 1}
	if change != nil {
		change(&r)
	}
	report, err := r.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// changed is an adaptor of picohttp, with its verdicts changed.
func changed(name string, change func(b []byte, v *Verdict)) Adaptor {
	return Adaptor{Name: name, Request: func(b []byte) Verdict {
		v := strict.verdict(Request, b)
		change(b, &v)
		return v
	}}
}

// TestRuleOfBody: what is wrong with a body names no finding about a parser that reads none.
func TestRuleOfBody(t *testing.T) {
	heads := changed("heads", func(_ []byte, v *Verdict) {
		if v.knowsHead() {
			*v = Verdict{Result: Accept, Silent: PartBody, Head: v.Head, Method: v.Method, Target: "/other", Minor: v.Minor, Fields: v.Fields, Framing: v.Framing}
		}
	})
	report := runOf(t, nil, Picohttp()[0], heads)
	if len(report.Findings) == 0 || len(report.Findings) > 4 {
		t.Errorf("%d findings", len(report.Findings))
	}
	for _, f := range report.Findings {
		if f.Rule != "" || f.Class != StartLineDiffers {
			t.Errorf("%s %s: %q", f.Class, f.Rule, f.Input)
		}
	}
}

// TestCase: transfer codings and connection options have no case.
func TestCase(t *testing.T) {
	upper := changed("upper", func(_ []byte, v *Verdict) {
		v.Fields = slices.Clone(v.Fields)
		for i, f := range v.Fields {
			if name := strings.ToLower(f.Name); name == "transfer-encoding" || name == "connection" {
				v.Fields[i].Value = string(bytes.ReplaceAll(bytes.ReplaceAll([]byte(f.Value), []byte("c"), []byte("C")), []byte("e"), []byte("E")))
			}
		}
	})
	if report := runOf(t, nil, Picohttp()[0], upper); len(report.Findings) > 0 {
		t.Errorf("%+v", report.Findings)
	}
}

func panicsAtOnce(b []byte) { panic(fmt.Sprintf("at once: %q", b)) }

func panicsLater(b []byte) { _ = b[len(b)+len(b)/100] }

// TestCrashes: a crash is known by where it happens, whatever it says of the input; and one
// of a program by how it ends.
func TestCrashes(t *testing.T) {
	bad := changed("bad", func(b []byte, _ *Verdict) {
		switch {
		case bytes.IndexByte(b, 0) >= 0:
			panicsAtOnce(b)
		case bytes.IndexByte(b, '\v') >= 0:
			panicsLater(b)
		}
	})
	var where []string
	for _, f := range runOf(t, nil, Picohttp()[0], bad).Findings {
		where = append(where, f.Verdicts[1].Where)
		if f.Class != Crashes || len(f.Input) != 1 {
			t.Errorf("%s: %q", f.Class, f.Input)
		}
	}
	slices.Sort(where)
	const kit = "github.com/picohttp/picohttp/fuzz/differ."
	if want := []string{kit + "panicsAtOnce: at once", kit + "panicsLater: runtime error: index out of range"}; !slices.Equal(where, want) {
		t.Errorf("%q", where)
	}
	// It is the first function that is not of the standard library.
	if v := Call(func([]byte) Verdict { return Verdict{Why: strings.Repeat("x", -1)} }, nil); !strings.HasPrefix(v.Where, kit+"TestCrashes.func") || !strings.HasSuffix(v.Where, ": strings: negative Repeat count") {
		t.Errorf("%+v", v)
	}
}

// TestWritesToInput: the input is made smaller, too, and is as it was for the others.
func TestWritesToInput(t *testing.T) {
	writes := changed("writes", func(b []byte, _ *Verdict) {
		if i := bytes.IndexByte(b, 0); i >= 0 {
			b[i] = 'x'
		}
	})
	for _, guard := range []bool{false, true} {
		report := runOf(t, func(r *Run) { r.Guard = guard }, writes, Picohttp()[0])
		if len(report.Findings) != 1 || report.Findings[0].Class != Crashes || string(report.Findings[0].Input) != "\x00" {
			t.Errorf("guard %t: %+v", guard, report.Findings)
		}
	}
}

// TestAgainst: parsers are compared with one of them, or each with each other.
func TestAgainst(t *testing.T) {
	target := func(name, target string) Adaptor {
		return changed(name, func(_ []byte, v *Verdict) {
			if v.Result == Accept {
				v.Target = target
			}
		})
	}
	adaptors := []Adaptor{target("a", "/a"), target("b", "/b"), target("c", "/b"), target("d", "/a")}
	for against, want := range map[string][]string{
		"":         {"a b", "a c"},
		"a":        {"a b", "a c"},
		"c":        {"a c", "c d"},
		AgainstAll: {"a b", "a c", "b d", "c d"},
	} {
		r := Run{Adaptors: adaptors, Against: against, Count: 500}
		if _, err := r.Do(t.Context()); err != nil {
			t.Fatal(err)
		}
		var pairs []string
		for c := range r.found {
			pair := adaptors[c.a.parser].Name + " " + adaptors[c.b.parser].Name
			if c.class == StartLineDiffers && c.rule == "" && c.a.result == Accept && c.a.body == 0 && !slices.Contains(pairs, pair) {
				pairs = append(pairs, pair)
			}
		}
		slices.Sort(pairs)
		if !slices.Equal(pairs, want) {
			t.Errorf("against %q: %q, want %q", against, pairs, want)
		}
	}
	r := Run{Adaptors: adaptors, Against: "x", Count: 1}
	if _, err := r.Do(t.Context()); err == nil || !strings.Contains(err.Error(), "no parser of kind request is x") {
		t.Error(err)
	}
}

// TestID: neither the seed of a run nor what other parsers there are changes an ID, and no
// two findings have the same.
func TestID(t *testing.T) {
	lax := func(name string, b byte) Adaptor {
		return changed(name, func(input []byte, v *Verdict) {
			if bytes.IndexByte(input, b) >= 0 {
				*v = Verdict{Result: Accept}
			}
		})
	}
	ids := func(seed uint64, adaptors ...Adaptor) map[string]Finding {
		all := map[string]Finding{}
		report := runOf(t, func(r *Run) { r.Random, r.Count = seed, 20_000 }, adaptors...)
		for _, f := range report.Findings {
			for _, id := range f.ids {
				if _, seen := all[id]; seen {
					t.Errorf("two findings have the ID %s", id)
				}
				all[id] = f
			}
		}
		return all
	}
	mine := lax("mine", 0)
	first, second := ids(1, Picohttp()[0], mine), ids(2, Picohttp()[0], mine)
	more := ids(3, Picohttp()[0], lax("other", '\t'), mine)
	turned := ids(4, mine, Picohttp()[0])
	for name, others := range map[string]map[string]Finding{"another seed": second, "another parser": more, "another order": turned} {
		same, otherInput := 0, 0
		for id, f := range first {
			if g, found := others[id]; found {
				same++
				if f.Class != g.Class || f.Rule != g.Rule {
					t.Errorf("%s is %s %s, and %s %s", id, f.Class, f.Rule, g.Class, g.Rule)
				}
				if !bytes.Equal(f.Input, g.Input) {
					otherInput++
				}
			}
		}
		if same*10 < len(first)*8 || len(first) < 4 {
			t.Errorf("%s: %d of %d IDs are the same", name, same, len(first))
		}
		t.Logf("%s: %d of %d IDs are the same, %d with another input", name, same, len(first), otherInput)
	}
}

// TestJSON: a line a finding, with words and not numbers, and strings that no byte spoils.
func TestJSON(t *testing.T) {
	report := Report{Parsers: []string{"first", "second", "third"}, Findings: []Finding{{
		Kind: Request, Class: FramingDiffers, Rule: "bare-lf", Input: []byte("\x80"), Count: 3, ids: []string{"1", "2"}, Between: []string{"first", "second"},
		Verdicts: []Verdict{
			{Result: Reject, Stage: StageHead, Why: "no"},
			{Result: Accept, Head: 20, Length: 20, Method: "\xe9", Target: "/", Fields: []Field{{"A", "\xff"}}},
			{Result: Absent},
		},
	}}}
	report.mark(map[string]bool{"1": true})
	var text strings.Builder
	if err := report.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"id":"1","also":["2"],"kind":"request","class":"framing","rule":"bare-lf"`, `"new":true,"count":3,"between":["first","second"]`,
		`"input":"gA==","quoted":"\"\\x80\"","verdicts":{"first":{"result":"malformed","stage":"head","error":"no"}`,
		`"second":{"result":"complete","n":20,"method":"é","target":"/","minor":0,"fields":[["A","ÿ"]],`} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %s in\n%s", want, &text)
		}
	}
	if strings.Contains(text.String(), "third") {
		t.Errorf("an absent parser is in\n%s", &text)
	}
	plain, err := json.Marshal(report.Findings[0])
	if err != nil || !bytes.Contains(plain, []byte(`"Kind":"request","Class":"framing"`)) || !bytes.Contains(plain, []byte(`"Result":"reject","Stage":"head"`)) {
		t.Errorf("%s, %v", plain, err)
	}
}

// TestGoesOn: what was counted of a finding survives, also where its input has bytes that
// are no UTF-8, and executions are counted for each set of parsers.
func TestGoesOn(t *testing.T) {
	high := changed("high", func(b []byte, v *Verdict) {
		if bytes.Contains(b, []byte{0x80}) {
			*v = Verdict{Result: Accept}
		}
	})
	dir := t.TempDir()
	counts := func(count int64, adaptors ...Adaptor) (map[string]int64, *Report) {
		report := runOf(t, func(r *Run) { r.Dir, r.Count = dir, count }, adaptors...)
		counts := map[string]int64{}
		for _, f := range report.Findings {
			counts[f.ID()] = f.Count
		}
		return counts, report
	}
	first, _ := counts(5000, Picohttp()[0], high)
	again, report := counts(5000, Picohttp()[0], high)
	for id, n := range first {
		if again[id] < n {
			t.Errorf("%s was seen %d times, and then %d", id, n, again[id])
		}
	}
	if len(first) == 0 || report.Executions != 5000 {
		t.Errorf("%v, then %v in %d executions", first, again, report.Executions)
	}
	if _, report := counts(1000, Picohttp()[0], NetHTTP()); report.Executions != 1000 {
		t.Errorf("%d executions of other parsers", report.Executions)
	}
	if _, report := counts(6000, high, Picohttp()[0]); report.Executions != 6000 {
		t.Errorf("%d executions in another order", report.Executions)
	}
}

// TestLock: a folder is of one run at a time.
func TestLock(t *testing.T) {
	if !guarded {
		t.Skip("no locks on this system")
	}
	dir := t.TempDir()
	var inner error
	r := Run{Adaptors: Picohttp(), Dir: dir, Count: 10}
	r.Progress = func(Progress) {
		second := Run{Adaptors: Picohttp(), Dir: dir, Count: 10}
		_, inner = second.Do(context.Background())
	}
	if _, err := r.Do(t.Context()); err != nil || inner == nil || !strings.Contains(inner.Error(), "another run uses") {
		t.Errorf("%v, %v", err, inner)
	}
	r.Progress = nil
	if _, err := r.Do(t.Context()); err != nil {
		t.Errorf("after it: %v", err)
	}
}
