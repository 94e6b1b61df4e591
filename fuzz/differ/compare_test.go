package differ

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/fuzz/corpus"
	"github.com/picohttp/picohttp/internal/guard"
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
		"host and body":    {func(v *Verdict) { v.Fields = nil; v.Body = nil }, RoutingDiffers},
		"body":             {func(v *Verdict) { v.Body = []byte("hullo") }, BodyDiffers},
		"target":           {func(v *Verdict) { v.Target = "*" }, StartLineDiffers},
		"method":           {func(v *Verdict) { v.Method = "PUT" }, StartLineDiffers},
		"version":          {func(v *Verdict) { v.Minor = 0 }, StartLineDiffers},
		"reason":           {func(v *Verdict) { v.Reason = "OK" }, StartLineDiffers},
		"field":            {func(v *Verdict) { v.Fields = v.Fields[:2] }, FieldsDiffer},
		"order of values":  {func(v *Verdict) { v.Fields = []Field{{"Host", "h"}, {"A", "2"}, {"A", "1"}} }, FieldsDiffer},
		"order of names":   {func(v *Verdict) { v.Fields = []Field{{"a", "1"}, {"a", "2"}, {"HOST", "h"}} }, Agree},
		"folded":           {func(v *Verdict) { v.Fields[2].Value = "\r\n 2" }, Agree},
		"connection":       {func(v *Verdict) { v.Fields = append(v.Fields, Field{"Connection", "x"}) }, RoutingDiffers},
		"closes":           {func(v *Verdict) { v.Framing.KeepAlive = false }, KeepAliveDiffers},
		"rejects":          {func(v *Verdict) { *v = Verdict{} }, AcceptanceDiffers},
		"rejects the head": {func(v *Verdict) { *v = Verdict{Stage: StageHead} }, AcceptanceDiffers},
		"head only":        {func(v *Verdict) { v.Silent, v.Length, v.Framing, v.Body = headOnly, 0, Framing{}, nil }, Agree},
		"head only, other": {func(v *Verdict) { v.Silent = headOnly; v.Head-- }, LengthDiffers},
		"own connection": {func(v *Verdict) {
			v.Silent, v.Fields = PartConnection, append(v.Fields, Field{"Connection", "x"})
		}, Agree},
	} {
		a, b := whole(func(*Verdict) {}), whole(test.change)
		if got, turned := Compare(&a, &b), Compare(&b, &a); got != test.want || turned != test.want {
			t.Errorf("%s: %s, the other way round %s, want %s", name, got, turned, test.want)
		}
	}
	head := whole(func(v *Verdict) { v.Silent = headOnly })
	for stage, want := range []Class{StageHead: AcceptanceDiffers, StageAny: Agree, StageFraming: Agree, StageBody: Agree} {
		if got := Compare(&head, &Verdict{Stage: Stage(stage)}); got != want {
			t.Errorf("a head-only parser accepts, another rejects at %s: %s, want %s", Stage(stage), got, want)
		}
	}
	if got := Compare(&Verdict{Stage: StageHead}, &Verdict{Result: Incomplete, Stage: StageHead}); got != LatenessDiffers {
		t.Errorf("one rejects, the other waits: %s", got)
	}
}

func TestMinimise(t *testing.T) {
	for _, test := range []struct {
		b, want string
		keep    func(b []byte) bool
	}{
		{"GET / HTTP/1.1\r\nHost: h\r\nX-Y: z\x00z\r\n\r\nrest", "G\x00", func(b []byte) bool {
			return bytes.IndexByte(b, 0) >= 0 && bytes.HasPrefix(b, []byte("G"))
		}},
		// The first chunk can be left out, but neither of its lines.
		{"5\r\nhello\r\n3\r\nb\x00b\r\n0\r\n\r\n", "3\r\na\x00a\r\n0\r\n\r\n", func(b []byte) bool {
			v := strict.verdict(Chunked, b)
			return v.Result == Accept && bytes.IndexByte(v.Body, 0) >= 0
		}},
	} {
		if small := Minimise([]byte(test.b), 1000, test.keep); string(small) != test.want {
			t.Errorf("%q", small)
		}
	}
	calls := 0
	Minimise(make([]byte, 100), 10, func([]byte) bool { calls++; return false })
	if calls > 10 {
		t.Errorf("%d calls", calls)
	}
}

// TestDrivers checks that Call reports panics, and that a load outside a Guard faults.
func TestDrivers(t *testing.T) {
	b := []byte("GET / HTTP/1.1\r\n\r\n")
	// A crash is known by the first function that is not of the standard library.
	for why, parse := range map[string]func([]byte) Verdict{
		"so":                             func([]byte) Verdict { panic("so") },
		"strings: negative Repeat count": func([]byte) Verdict { return Verdict{Why: strings.Repeat("x", -1)} },
	} {
		v := Call(parse, b)
		if v.Result != Crash || !strings.HasPrefix(v.Why, why+" (compare_test.go:") ||
			!strings.HasPrefix(v.Where, kit+"TestDrivers.func") || !strings.HasSuffix(v.Where, ": "+why) {
			t.Errorf("a panic is %+v", v)
		}
	}
	if !guard.Works {
		t.Skip("no guard pages on this system")
	}
	g, err := NewGuard(100)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	// TestGuardPages in the root module checks where AtEnd and AtStart place inputs.
	if v := Call(func([]byte) Verdict { return Verdict{Length: int(g.Closed(1)[0])} }, b); v.Result != Crash {
		t.Errorf("a load from a closed page is %+v", v)
	}
}

// TestBeginnings: what picohttp and net/http say of an input agrees with what they say of each
// of its beginnings.
func TestBeginnings(t *testing.T) {
	for _, a := range append(Picohttp(), NetHTTP()) {
		for k, parse := range []func([]byte) Verdict{a.Request, a.Response, a.Chunked} {
			for _, b := range corpus.Load(kinds[k]) {
				whole := parse(b)
				for end := range min(len(b), 400) {
					v := parse(b[:end])
					closes := v.Framing.Body == picohttp.BodyUntilClose && v.Result == Accept
					if v.Result != Incomplete && !closes && (v.Result != whole.Result || Compare(&v, &whole) != Agree) {
						t.Errorf("%s %q: %+v, and of %d bytes %+v", a.Name, b, whole, end, v)
					}
				}
			}
		}
	}
}

// TestSilent: what an answer leaves out is not compared.
func TestSilent(t *testing.T) {
	for k, input := range []string{
		Request:  "POST /x HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
		Response: "HTTP/1.1 204 No\r\nA: b\r\n\r\n",
		Chunked:  "1\r\na\r\n0\r\nA: b\r\n\r\n",
	} {
		k := Kind(k)
		all := strict.verdict(k, []byte(input))
		whole := all.answer(k)
		compares := func(with string, answer any, want Class) {
			t.Helper()
			text, errText := json.Marshal(answer)
			v, err := parseAnswer(k, text)
			if c := Compare(&all, &v); errText != nil || err != nil || c != want {
				t.Errorf("%s with %s: %s, %v", k, with, c, err)
			}
		}
		compares("all members", whole, Agree)
		compares("the result alone", map[string]any{"result": whole["result"]}, Agree)
		framing, _ := whole["framing"].(map[string]any)
		for _, of := range []map[string]any{whole, framing} {
			for member, value := range of {
				if member != "result" {
					delete(of, member)
					compares("no "+member, whole, Agree)
					of[member] = value
				}
			}
		}
		whole["n"] = 1
		compares("another n", whole, LengthDiffers)
		v := all
		v.Head, v.Length, v.Body = 0, 0, nil
		if c := Compare(&all, &v); c != Agree || len(whole) < 4 {
			t.Errorf("%s from an adaptor that leaves Head, Length and Body unset: %s", k, c)
		}
	}
}

// TestAnswers: a number that no int64 holds is a large one. What is no object of the protocol
// is an error, and says what it is.
func TestAnswers(t *testing.T) {
	for text, want := range map[string]int{
		"18446744073709551617": math.MaxInt, "1e99": math.MaxInt, "1e3": 1000, "0": 0,
		"9223372036854775807": math.MaxInt, "-1": -1, "-1e99": -1,
	} {
		line := fmt.Sprintf(`{"result":"complete","n":%s,"framing":{"body":"length","length":%[1]s}}`, text)
		v, err := parseAnswer(Request, []byte(line))
		isLength := v.Framing.Length == int64(want) || want == math.MaxInt && v.Framing.Length == math.MaxInt64
		if err != nil || v.Result != Accept || !isLength || v.Head != max(want, 0) || (v.Silent&PartHead != 0) != (want < 0) {
			t.Errorf("%s: %+v, %v", text, v, err)
		}
	}
	for line, want := range map[string]string{
		"{}":                                    `the result ""`,
		"hello":                                 "invalid character",
		`{"result":"error","error":"base64"}`:   `the result "error"`,
		`{"result":"complete"} {}`:              "after top-level value",
		`{"result":"complete","n":1.5}`:         "n: 1.5 is not a whole number",
		`{"result":"complete","n":"1"}`:         "not a whole number",
		`{"result":"incomplete","stage":"end"}`: `the stage "end"`,
		`{"result":"complete","framing":{"body":"content-length"}}`: `framing.body: "content-length"`,
		`{"result":"complete","method":7}`:                          "method",
	} {
		if v, err := parseAnswer(Request, []byte(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v", line, v, err)
		}
	}
	for line, want := range map[string]Verdict{
		`{"result":"malformed","stage":"body","n":40,"framing":{"body":"chunked","keep_alive":true},"method":"\u00e9"}`: {
			Result: Reject, Stage: StageBody, Head: 40, Method: "\xe9", Framing: Framing{picohttp.BodyChunked, 0, true},
			Silent: PartMinor | PartFields | PartLength | PartContent | PartTarget,
		},
		`{"result":"complete","framing":{"error":"bad"}}`:                {Result: Reject, Stage: StageFraming, Why: "bad"},
		`{"result":"complete","n":40,"check":{"error":"bad"}}`:           {Result: Reject, Stage: StageFraming, Why: "bad"},
		`{"result":"incomplete","n":40,"host":{"error":"host-missing"}}`: {Result: Incomplete, Stage: StageHead},
	} {
		if v, err := parseAnswer(Request, []byte(line)); err != nil || !reflect.DeepEqual(v, want) {
			t.Errorf("%s: %+v, %v", line, v, err)
		}
	}
}
