package differ

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/fuzz/corpus"
)

func TestCompare(t *testing.T) {
	whole := func(change func(v *Verdict)) Verdict {
		v := Verdict{Result: Accept, Head: 40, Length: 45, Method: "GET", Target: "/", Minor: 1,
			Fields:  []Field{{"Host", "h"}, {"A", "1"}, {"A", "2"}},
			Framing: Framing{picohttp.BodyLength, 5, true}, Body: []byte("hello")}
		change(&v)
		return v
	}
	headOnly := PartFraming | PartKeepAlive | PartBody
	for name, test := range map[string]struct {
		change func(v *Verdict)
		want   Class
	}{
		"same":         {func(v *Verdict) {}, Agree},
		"crash":        {func(v *Verdict) { v.Result = Crash }, Crashes},
		"absent":       {func(v *Verdict) { v.Result = Absent }, Agree},
		"chunked":      {func(v *Verdict) { v.Framing.Body = picohttp.BodyChunked }, FramingDiffers},
		"other length": {func(v *Verdict) { v.Framing.Length = 6; v.Length++ }, FramingDiffers},
		"waits, chunked": {func(v *Verdict) {
			v.Result, v.Stage, v.Framing = Incomplete, StageBody, Framing{Body: picohttp.BodyChunked}
		}, FramingDiffers},
		"head":             {func(v *Verdict) { v.Head-- }, LengthDiffers},
		"message":          {func(v *Verdict) { v.Length-- }, LengthDiffers},
		"waits":            {func(v *Verdict) { v.Result = Incomplete }, WaitingDiffers},
		"waits for head":   {func(v *Verdict) { *v = Verdict{Result: Incomplete, Stage: StageHead} }, WaitingDiffers},
		"host":             {func(v *Verdict) { v.Fields = []Field{{"Host", "x"}, {"A", "1"}, {"A", "2"}} }, RoutingDiffers},
		"host and target":  {func(v *Verdict) { v.Fields = nil; v.Target = "*" }, RoutingDiffers},
		"body":             {func(v *Verdict) { v.Body = []byte("hullo") }, BodyDiffers},
		"target":           {func(v *Verdict) { v.Target = "*" }, StartLineDiffers},
		"field":            {func(v *Verdict) { v.Fields = v.Fields[:2] }, FieldsDiffer},
		"order of values":  {func(v *Verdict) { v.Fields = []Field{{"Host", "h"}, {"A", "2"}, {"A", "1"}} }, FieldsDiffer},
		"order of names":   {func(v *Verdict) { v.Fields = []Field{{"a", "1"}, {"a", "2"}, {"HOST", "h"}} }, Agree},
		"closes":           {func(v *Verdict) { v.Framing.KeepAlive = false }, KeepAliveDiffers},
		"rejects":          {func(v *Verdict) { *v = Verdict{} }, AcceptanceDiffers},
		"rejects the head": {func(v *Verdict) { *v = Verdict{Stage: StageHead} }, AcceptanceDiffers},
		"head only":        {func(v *Verdict) { v.Silent, v.Length, v.Framing, v.Body = headOnly, 0, Framing{}, nil }, Agree},
		"head only, other": {func(v *Verdict) { v.Silent = headOnly; v.Head-- }, LengthDiffers},
	} {
		a, b := whole(func(*Verdict) {}), whole(test.change)
		if got := Compare(&a, &b); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
		if got := Compare(&b, &a); got != test.want {
			t.Errorf("%s, the other way round: %s, want %s", name, got, test.want)
		}
	}
	head := whole(func(v *Verdict) { v.Silent = headOnly })
	for stage, want := range []Class{StageAny: Agree, StageHead: AcceptanceDiffers, StageFraming: Agree, StageBody: Agree} {
		if got := Compare(&head, &Verdict{Stage: Stage(stage)}); got != want {
			t.Errorf("a head-only parser accepts, another rejects at %s: %s, want %s", Stage(stage), got, want)
		}
	}
	a, b := whole(func(v *Verdict) { v.Fields = []Field{{"A", "1\r\n 2"}} }), whole(func(v *Verdict) { v.Fields = []Field{{"A", "1 2"}} })
	if got := Compare(&a, &b); got != Agree {
		t.Errorf("a folded line made one: %s", got)
	}
}

func TestMinimise(t *testing.T) {
	b := []byte("GET / HTTP/1.1\r\nHost: h\r\nX-Y: z\x00z\r\n\r\nrest")
	small := Minimise(b, 1000, func(b []byte) bool { return bytes.IndexByte(b, 0) >= 0 && bytes.HasPrefix(b, []byte("G")) })
	if string(small) != "G\x00" {
		t.Errorf("%q", small)
	}
	// The first chunk can be left out, but neither of its lines.
	b = []byte("5\r\nhello\r\n3\r\nb\x00b\r\n0\r\n\r\n")
	small = Minimise(b, 1000, func(b []byte) bool {
		v := strict.verdict(Chunked, b)
		return v.Result == Accept && bytes.IndexByte(v.Body, 0) >= 0
	})
	if string(small) != "3\r\na\x00a\r\n0\r\n\r\n" {
		t.Errorf("%q", small)
	}
	calls := 0
	Minimise(b, 10, func(b []byte) bool { calls++; return true })
	if calls > 10 {
		t.Errorf("%d calls", calls)
	}
}

// TestPicohttpIsItself: picohttp and net/http have the same verdicts at any place, and none
// that contradicts that on a beginning.
func TestPicohttpIsItself(t *testing.T) {
	g, err := NewGuard(maxInput)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range append(Picohttp(), NetHTTP()) {
		for _, k := range []Kind{Request, Response, Chunked} {
			p := a.parser(k)
			guarded := g.Parse(p.parse)
			for _, b := range corpus.Load(k.String()) {
				if v := guarded(b); v.Result == Crash {
					t.Errorf("%s %q: %s", a.Name, b, v.Why)
				}
				if len(b) > maxSplit {
					continue
				}
				if at, why := Prefixes(p.parse, b); at >= 0 {
					t.Errorf("%s %q: %s", a.Name, b, why)
				}
			}
		}
	}
}

// TestDrivers: what they are there for, they see.
func TestDrivers(t *testing.T) {
	b := []byte("GET / HTTP/1.1\r\n\r\n")
	forgets := func(b []byte) Verdict { return Verdict{Result: Accept, Length: len(b)} }
	if at, _ := Prefixes(forgets, b); at != 1 {
		t.Error("Prefixes does not see a length that follows the input")
	}
	if v := Call(func(b []byte) Verdict { panic("so") }, b); v.Result != Crash || !strings.HasPrefix(v.Why, "so (differ_test.go:") || !strings.HasSuffix(v.Where, ": so") {
		t.Errorf("a panic is %+v", v)
	}
	if !guarded {
		t.Skip("no guard pages on this system")
	}
	g, err := NewGuard(100)
	if err != nil {
		t.Fatal(err)
	}
	for name, offset := range map[string]int{"behind": len(b), "before": -1} {
		leaves := func(b []byte) Verdict {
			return Verdict{Result: Accept, Length: int(*(*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), offset)))}
		}
		if v := g.Parse(leaves)(b); v.Result != Crash {
			t.Errorf("an octet %s the input may be read", name)
		}
	}
}

// TestRun: the same run finds the same, and one that is interrupted has a report.
func TestRun(t *testing.T) {
	adaptors := append(Picohttp(), NetHTTP())
	seed := func(r *Run) { r.Random = 7 }
	first, second := runOf(t, seed, adaptors...), runOf(t, seed, adaptors...)
	second.Took = first.Took
	if len(first.Findings) < 20 || !reflect.DeepEqual(first, second) {
		t.Errorf("%d findings, then %d", len(first.Findings), len(second.Findings))
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := Run{Adaptors: adaptors}
	if report, err := r.Do(ctx); err != nil || report == nil {
		t.Errorf("an interrupted run has the report %v, %v", report, err)
	}
}

// TestPatience: a parser that does not come to an end is a crash, wherever that is, and
// the others go on without it.
func TestPatience(t *testing.T) {
	stuckIf := func(stuck bool) Verdict {
		if stuck {
			select {}
		}
		return Verdict{}
	}
	for name, a := range map[string]Adaptor{
		"whole":     {Request: func(b []byte) Verdict { return stuckIf(bytes.Contains(b, []byte("Host"))) }},
		"beginning": {Request: func(b []byte) Verdict { return stuckIf(len(b) == 0) }},
	} {
		a.Name = "stuck"
		report := runOf(t, func(r *Run) { r.Count, r.Splits, r.Patience = 2000, true, 200*time.Millisecond }, append(Picohttp(), a)...)
		crashes := 0
		for _, f := range report.Findings {
			if v := f.Verdicts[3]; f.Class == Crashes && v.Result == Crash && strings.HasPrefix(v.Why, "no answer") {
				crashes++
			} else if f.Class == DeliveryDiffers {
				t.Errorf("%s: %q: %s", name, f.Input, f.Detail)
			}
		}
		if crashes != 1 || report.Executions != 2000 {
			t.Errorf("%s: %d crashes in %d executions: %+v", name, crashes, report.Executions, report)
		}
	}
}

// TestPipe: picohttp over the batch protocol is picohttp, as far as that tells.
func TestPipe(t *testing.T) {
	command := filepath.Join(t.TempDir(), "picohttp")
	if out, err := exec.Command("go", "build", "-C", "../..", "-o", command, "./cmd/picohttp").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	pipe := Pipe("pipe", []Kind{Request, Response, Chunked}, command, "batch")
	defer pipe.Close()
	for _, k := range []Kind{Request, Response, Chunked} {
		report := runOf(t, func(r *Run) { r.Kind, r.Count = k, 2000 }, Picohttp()[0], pipe)
		accepted := 0
		for _, b := range corpus.Load(k.String()) {
			v, w := strict.verdict(k, b), pipe.parser(k).parse(b)
			if w.Result == Accept {
				accepted++
				other := map[Kind]Parts{Request: PartReason | PartStatus, Response: PartReason | PartMethod | PartTarget}
				if k != Chunked && (w.Silent&^(PartBody|other[k]) != 0 || !slices.Equal(v.Fields, w.Fields)) {
					t.Errorf("%q: %+v, not %+v", b, w, v)
				}
			}
		}
		if len(report.Findings) > 0 || accepted < 20 {
			t.Errorf("%s: %d accepted, %d findings: %+v", k, accepted, len(report.Findings), report.Findings)
		}
	}
}

// TestPipeCloses: Close ends a program that hangs, and none is started after it.
func TestPipeCloses(t *testing.T) {
	starts := filepath.Join(t.TempDir(), "starts")
	hangs := Pipe("hangs", []Kind{Request}, "sh", "-c", `echo >>"$0"; exec sleep 10`, starts)
	verdicts := make(chan Verdict)
	go func() {
		for range 2 { // as a Guard does
			verdicts <- hangs.Request([]byte("GET"))
		}
	}()
	count := func() int {
		lines, _ := os.ReadFile(starts)
		return len(lines)
	}
	for count() == 0 {
		time.Sleep(time.Millisecond)
	}
	hangs.Close()
	for range 2 {
		if v := <-verdicts; v.Result != Absent || v.Why == "" {
			t.Errorf("%+v", v)
		}
	}
	if n := count(); n != 1 {
		t.Errorf("%d starts", n)
	}
}
