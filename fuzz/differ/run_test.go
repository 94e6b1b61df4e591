package differ

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/picohttp/picohttp/fuzz/corpus"
)

// done does a run, for 5000 inputs if it does not say how many.
func done(t *testing.T, r Run, adaptors ...Adaptor) *Report {
	t.Helper()
	r.Adaptors = adaptors
	if r.Count == 0 {
		r.Count = 5000
	}
	report, err := r.Do(t.Context())
	if err != nil || report.Executions != r.Count {
		t.Fatalf("%v: %+v", err, report)
	}
	return report
}

// TestRun checks that the same run finds the same.
func TestRun(t *testing.T) {
	adaptors := append(Picohttp(), NetHTTP())
	first, second := done(t, Run{Random: 7}, adaptors...), done(t, Run{Random: 7}, adaptors...)
	second.Took = first.Took
	if len(first.Findings) < 20 || !reflect.DeepEqual(first, second) {
		t.Errorf("%d findings, then %d", len(first.Findings), len(second.Findings))
	}
	if first.Kept < 2*len(first.Findings) || first.Kept > 1000 {
		t.Errorf("%d inputs are kept for mutants", first.Kept)
	}
}

// TestAgainst: parsers are compared with one of them, or each with each other. What the others
// do not all read as strict picohttp is suspect.
func TestAgainst(t *testing.T) {
	var adaptors []Adaptor
	var verdicts []Verdict
	for _, parser := range []struct{ name, target string }{{"a", "/a"}, {"b", "/b"}, {"c", "/b"}, {"d", "/a"}} {
		adaptors = append(adaptors, changed(parser.name, func([]byte, *Verdict) {}))
		verdicts = append(verdicts, Verdict{Result: Accept, Method: "GET", Target: parser.target, Minor: 1})
	}
	for against, want := range map[string]string{
		"": "ab ac", "a": "ab ac", "c": "ac cd", AgainstAll: "ab ac bd cd",
	} {
		s, err := (&Run{Adaptors: adaptors, Against: against}).search(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var pairs []string
		for _, c := range s.causesOf(judgment{}, verdicts) {
			pairs = append(pairs, c.a.parser+c.b.parser)
		}
		if got := strings.Join(pairs, " "); got != want {
			t.Errorf("against %q: %s, want %s", against, got, want)
		}
	}
	// b and c read another target than strict picohttp, a and d do not.
	s := &search{Run: Run{Kind: Request}, parsers: []*parser{{name: "one"}, {name: "another"}}}
	for _, test := range []struct {
		input    string
		verdicts []Verdict
		want     bool
	}{
		{"GET /a HTTP/1.1\r\n\r\n", verdicts[:2], true},
		{"GET /a HTTP/1.1\r\n\r\n", []Verdict{verdicts[0], verdicts[3]}, false},
		{"GET /a HTTP/1.1\r\n\r\n", verdicts[1:2], false},
		{"GET /a HTTP/1.1\n\n", verdicts[:2], false},
	} {
		if got := s.suspect([]byte(test.input), test.verdicts); got != test.want {
			t.Errorf("%q is suspect: %t", test.input, got)
		}
	}
}

// lax accepts what has a byte, whatever else it is.
func lax(name string, c byte) Adaptor {
	return changed(name, func(b []byte, v *Verdict) {
		if bytes.IndexByte(b, c) >= 0 {
			*v = Verdict{Result: Accept}
		}
	})
}

// TestID: no two findings have the same ID, and neither the seed of a run, its jobs, nor what
// other parsers there are changes it.
func TestID(t *testing.T) {
	ids := func(r Run, adaptors ...Adaptor) map[string]Finding {
		r.Count = 20_000
		all := map[string]Finding{}
		for _, f := range done(t, r, adaptors...).Findings {
			for _, id := range f.ids {
				if _, seen := all[id]; seen {
					t.Errorf("two findings have the ID %s", id)
				}
				all[id] = f
			}
		}
		return all
	}
	us, mine := Picohttp()[0], lax("mine", 0)
	first := ids(Run{Random: 1}, us, mine)
	for name, others := range map[string]map[string]Finding{
		"another seed":   ids(Run{Random: 2}, us, mine),
		"jobs":           ids(Run{Random: 1, Jobs: 3}, us, mine),
		"another parser": ids(Run{Random: 3}, us, lax("other", '\t'), mine),
		"another order":  ids(Run{Random: 4}, mine, us),
	} {
		same, otherInput := 0, 0
		for id, f := range first {
			g, found := others[id]
			if found {
				same++
			}
			if found && (f.Class != g.Class || f.Rule != g.Rule) {
				t.Errorf("%s is %s %s, and %s %s", id, f.Class, f.Rule, g.Class, g.Rule)
			}
			if !bytes.Equal(f.Input, g.Input) {
				otherInput++
			}
		}
		if same*10 < len(first)*8 || len(first) < 4 {
			t.Errorf("%s: %d of %d IDs are the same", name, same, len(first))
		}
		t.Logf("%s: %d of %d IDs are the same, %d with another input", name, same, len(first), otherInput)
	}
}

// TestContinues checks that a later run keeps the counts of findings, even if an input is not
// UTF-8, that it counts executions for each set of parsers, that only one run at a time can use
// a folder, and that an interrupted run has a report.
func TestContinues(t *testing.T) {
	us, high := Picohttp()[0], lax("high", 0x80)
	r := Run{Dir: t.TempDir()}
	os.Mkdir(filepath.Join(r.Dir, "request"), 0o777)
	if err := os.WriteFile(filepath.Join(r.Dir, "request", "records"), make([]byte, maxRecord+2), 0o666); err != nil {
		t.Fatal(err)
	}
	var second error
	r.Progress = func(*Report) {
		other := Run{Dir: r.Dir, Adaptors: Picohttp(), Count: 1}
		_, second = other.Do(context.Background())
	}
	run := func(count, want int64, adaptors ...Adaptor) map[string]int64 {
		t.Helper()
		r.Adaptors, r.Count = adaptors, count
		report, err := r.Do(t.Context())
		if err != nil || report.Executions != want || len(report.Findings) == 0 {
			t.Fatalf("%v: %+v", err, report)
		}
		counts := map[string]int64{}
		for _, f := range report.Findings {
			counts[f.ID()] = f.Count
		}
		return counts
	}
	first := run(5000, 5000, us, high)
	again := run(1, 5000, high, us) // there is nothing left to do
	for id, n := range first {
		if again[id] < n || n == 0 {
			t.Errorf("%s was seen %d times, and then %d", id, n, again[id])
		}
	}
	run(1000, 1000, us, NetHTTP())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.Adaptors = []Adaptor{us, changed("late", func([]byte, *Verdict) { t.Error("inputs are tried after an interrupt") })}
	if report, err := r.Do(ctx); err != nil || report == nil {
		t.Errorf("an interrupted run has the report %v, %v", report, err)
	}
	if isUnix && (second == nil || !strings.Contains(second.Error(), "another run uses")) {
		t.Errorf("a second run: %v", second)
	}
}

// TestPipe: picohttp over the batch protocol is picohttp, as far as that tells.
func TestPipe(t *testing.T) {
	command := filepath.Join(t.TempDir(), "picohttp")
	build := exec.Command("go", "build", "-C", "../..", "-o", command, "./cmd/picohttp")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	pipe := Pipe("pipe", command, "batch")
	defer pipe.Close()
	for k, silent := range []Parts{
		Request:  PartBody | PartReason | PartStatus,
		Response: PartBody | PartReason | PartMethod | PartTarget,
		Chunked:  ^Parts(0),
	} {
		k := Kind(k)
		report := done(t, Run{Kind: k, Jobs: 2}, Picohttp()[0], pipe)
		accepted := 0
		for _, b := range corpus.Load(k.String()) {
			v, w := strict.verdict(k, b), pipe.programs[k].parse(b)
			if w.Result != Accept {
				continue
			}
			accepted++
			if w.Silent&^silent != 0 || k != Chunked && !slices.Equal(v.Fields, w.Fields) {
				t.Errorf("%q: %+v, not %+v", b, w, v)
			}
		}
		if len(report.Findings) > 0 || accepted < 20 {
			t.Errorf("%s: %d accepted, findings: %+v", k, accepted, report.Findings)
		}
	}
}

// TestPipeLate checks that an answer that arrives as its time ends is none: its process is being
// killed, and must not be asked again.
func TestPipeLate(t *testing.T) {
	answer, out := io.Pipe()
	asked, in := io.Pipe()
	p := &process{
		program: &program{ctx: t.Context(), kind: Request}, cmd: exec.Command("none"), // is not started
		kill: sync.OnceFunc(func() { io.WriteString(out, `{"result":"complete"}`+"\n") }),
		in:   in, lines: bufio.NewReader(answer),
	}
	go io.Copy(io.Discard, asked)
	if v := p.ask([]byte("GET"), time.Millisecond); v.Where != "no answer" || !p.ended {
		t.Errorf("ended is %t, and the verdict %+v", p.ended, v)
	}
}

// TestPipeCloses: Close ends a program that hangs, and none is started after it.
func TestPipeCloses(t *testing.T) {
	starts := filepath.Join(t.TempDir(), "starts")
	hangs := Pipe("hangs", "sh", "-c", `echo >>"$0"; exec sleep 10`, starts)
	go func() {
		for _, err := os.Stat(starts); err != nil; _, err = os.Stat(starts) {
			time.Sleep(time.Millisecond)
		}
		hangs.Close()
	}()
	for range 2 {
		if v := hangs.Request([]byte("GET")); v.Result != Absent || v.Why == "" {
			t.Errorf("%+v", v)
		}
	}
	if lines, err := os.ReadFile(starts); len(lines) != 1 {
		t.Errorf("%d starts, %v", len(lines), err)
	}
}
