package differ

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// The test binary is also the programs that misbehave: with "helper:NAME" as its first
// argument it is one of helpers, and as a job it is Main with the adaptors that
// adaptorsVariable names.
const adaptorsVariable = "PICOHTTP_DIFFER_TEST_ADAPTOR"

func TestMain(m *testing.M) {
	_, name, _ := strings.Cut(strings.Join(os.Args[1:min(2, len(os.Args))], ""), "helper:")
	switch {
	case name == "main":
		os.Args = append(os.Args[:1], os.Args[2:]...)
		fallthrough
	case thisJob() > 0:
		Main(badAdaptors(os.Getenv(adaptorsVariable))...)
	case helpers[name] != nil:
		serve(helpers[name])
		os.Exit(0)
	case name != "":
		os.Exit(2)
	}
	os.Exit(m.Run())
}

// badAdaptors are picohttp, except for what they do with a NUL at the beginning of an input.
func badAdaptors(name string) []Adaptor {
	bad := map[string]func(){
		"":      func() {},
		"exits": func() { os.Exit(7) },
		"fatal": func() { new(sync.Mutex).Unlock() }, // a fatal error of the runtime, which is no panic
	}[name]
	return []Adaptor{{Name: "bad", Request: func(b []byte) Verdict {
		if bytes.HasPrefix(b, []byte{0}) {
			bad()
		}
		return strict.verdict(Request, b)
	}}}
}

// A helper is told an input and what picohttp says about it, which it may change. It returns
// what to write before and after that. Without a Result, no answer is written.
type helper func(b []byte, a *answer) (before, after string)

// helpers answer as picohttp does, except for what they do with some inputs.
var helpers = map[string]helper{
	"good": func([]byte, *answer) (string, string) { return "", "" },
	"dies": func(b []byte, _ *answer) (string, string) {
		if bytes.Contains(b, []byte("X-Die")) {
			fmt.Fprintln(os.Stderr, "this is why")
			os.Exit(3)
		}
		return "", ""
	},
	"hangs": func(b []byte, _ *answer) (string, string) {
		if bytes.HasPrefix(b, []byte{0}) {
			select {}
		}
		return "", ""
	},
	"gone": withNUL(func() (string, string) { // once it has ended, it does not start again
		os.WriteFile(os.Args[2], nil, 0o666)
		os.Exit(1)
		return "", ""
	}),
	"prints": withNUL(func() (string, string) { return "warning: NUL\n", "" }),
	"prints once": withNUL(func() (string, string) {
		if os.Mkdir(os.Args[2], 0o777) != nil {
			return "", ""
		}
		return "warning: NUL\n", ""
	}),
	"prints late": withNUL(func() (string, string) { return "", `{"result":"complete","n":1}` + "\n" }),
	"floods":      withNUL(func() (string, string) { return strings.Repeat("x", maxAnswer+100_000) + "\n", "" }),
	"result only": func(_ []byte, a *answer) (string, string) {
		*a = answer{Result: a.Result}
		return "", ""
	},
	"huge": func(b []byte, a *answer) (string, string) { // it accepts a Content-Length of any size
		if digits := huge.FindSubmatch(b); digits != nil {
			a.Result = ""
			return fmt.Sprintf(`{"result":"complete","framing":{"body":"length","length":%s}}`+"\n", digits[1]), ""
		}
		return "", ""
	},
}

var huge = regexp.MustCompile(`Content-Length: ([0-9]{20,})\r\n`)

// withNUL does something with each input that has a NUL.
func withNUL(bad func() (before, after string)) helper {
	return func(b []byte, _ *answer) (string, string) {
		if bytes.IndexByte(b, 0) >= 0 {
			return bad()
		}
		return "", ""
	}
}

func serve(h helper) {
	if _, err := os.Stat(os.Args[min(2, len(os.Args)-1)]); err == nil && os.Args[1] == "helper:gone" {
		fmt.Fprintln(os.Stderr, "gone for good")
		os.Exit(9)
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		b, err := base64.StdEncoding.DecodeString(lines.Text())
		if err != nil {
			panic(err)
		}
		v := strict.verdict(Request, b)
		a := v.answer(Request)
		before, after := h(b, &a)
		line, _ := json.Marshal(a)
		if a.Result == "" {
			line = nil
		}
		os.Stdout.WriteString(before + strings.TrimLeft(string(line)+"\n", "\n") + after)
	}
}

// piped runs a helper against picohttp.
func piped(t *testing.T, name string, count int64, args ...string) (*Report, error) {
	t.Helper()
	pipe := Pipe("mine", []Kind{Request}, append([]string{os.Args[0], "helper:" + name}, args...)...)
	t.Cleanup(pipe.Close)
	r := Run{Adaptors: []Adaptor{Picohttp()[0], pipe}, Count: count, Random: 1}
	if name == "dies" { // of each line that is left out of this
		r.Seeds = [][]byte{[]byte("GET / HTTP/1.1\r\nX-Die: 5\r\n" + strings.Repeat("A: b\r\n", 10) + "\r\n")}
	}
	if name == "hangs" {
		r.Patience = 500 * time.Millisecond
	}
	return r.Do(t.Context())
}

// classesOf counts the findings of each class.
func classesOf(r *Report) map[Class]int {
	n := map[Class]int{}
	for _, f := range r.Findings {
		n[f.Class]++
	}
	return n
}

// TestHelperIsRight: without misbehaving, a helper agrees with picohttp.
func TestHelperIsRight(t *testing.T) {
	report, err := piped(t, "good", 3000)
	if err != nil || len(report.Findings) > 0 || len(report.Failures) > 0 {
		t.Errorf("%v: %+v", err, report)
	}
}

// TestPipeDies: a program that dies of some inputs is started again as often as it takes
// to find the shortest.
func TestPipeDies(t *testing.T) {
	report, err := piped(t, "dies", 300)
	if err != nil || report.Executions != 300 || len(report.Failures) > 0 || len(report.Findings) != 1 {
		t.Fatalf("%v: %+v", err, report)
	}
	f := report.Findings[0]
	if v := f.Verdicts[1]; f.Class != Crashes || string(f.Input) != "X-Die" || v.Where != "exit status 3" || !strings.Contains(v.Why, "this is why") {
		t.Errorf("%q: %+v", f.Input, f)
	}
}

// TestPipeGone: one that does not answer what it has answered before is out, which ends a
// run of two.
func TestPipeGone(t *testing.T) {
	var shown []string
	pipe := Pipe("mine", []Kind{Request}, os.Args[0], "helper:gone", t.TempDir()+"/died")
	defer pipe.Close()
	r := Run{Adaptors: []Adaptor{Picohttp()[0], NetHTTP(), pipe}, Count: 3000, Random: 1, Progress: func(p Progress) { shown = append(shown, p.String()) }}
	report, err := r.Do(t.Context())
	if err != nil || report.Executions != 3000 || len(report.Failures) != 1 {
		t.Fatalf("%v: %+v", err, report)
	}
	if f := report.Failures[0]; f.Parser != "mine" || !f.Out || f.Since < 1 || f.Since > 2000 || !strings.Contains(f.Why, "gone for good") {
		t.Errorf("%+v", f)
	}
	if last := shown[len(shown)-1]; !strings.Contains(last, "mine is out since ") {
		t.Error(last)
	}
	var page strings.Builder
	if report.WriteHTML(&page); !strings.Contains(page.String(), "mine is out since ") {
		t.Error("the page does not say so")
	}
	two, err := piped(t, "gone", 3000, t.TempDir()+"/died")
	if err == nil || two.Executions >= 3000 || !strings.Contains(err.Error(), "too few parsers are left") {
		t.Errorf("%v: %d executions", err, two.Executions)
	}
	never, err := piped(t, "no such helper", 3000)
	if err == nil || never.Executions != 1 {
		t.Errorf("a program that never answers: %v: %d executions", err, never.Executions)
	}
}

// TestPipeHangs: one that hangs is started again, and the input is found and made smaller.
func TestPipeHangs(t *testing.T) {
	report, err := piped(t, "hangs", 400)
	if err != nil || report.Executions != 400 || len(report.Failures) > 0 || len(report.Findings) != 1 {
		t.Fatalf("%v: %+v", err, report)
	}
	if f := report.Findings[0]; f.Class != Crashes || f.Verdicts[1].Where != noAnswer || string(f.Input) != "\x00" {
		t.Errorf("%q: %+v", f.Input, f)
	}
}

// TestPipePrints: a line that is no answer shifts none of the later answers, and is no crash.
func TestPipePrints(t *testing.T) {
	report, err := piped(t, "prints once", 3000, t.TempDir()+"/printed")
	if err != nil || report.Executions != 3000 || len(report.Findings) > 0 || len(report.Failures) != 1 {
		t.Fatalf("%v: %+v", err, report)
	}
	if f := report.Failures[0]; f.Out || f.Count != 1 || !strings.Contains(f.Why, "warning: NUL") || !bytes.Contains(f.Input, []byte{0}) {
		t.Errorf("%+v", f)
	}
	for _, name := range []string{"prints", "prints late", "floods"} {
		report, err := piped(t, name, 5000)
		if statusOf(err) != statusProtocol || len(report.Findings) > 0 || len(report.Failures) != 1 || report.Failures[0].Count != maxGarbled {
			t.Errorf("%s: %v: %+v", name, err, report)
		}
	}
	pipe := Pipe("mine", []Kind{Request}, "sh", "-c", "echo welcome; cat >/dev/null")
	defer pipe.Close()
	r := Run{Adaptors: []Adaptor{Picohttp()[0], pipe}, Count: 10}
	if _, err := r.Do(t.Context()); statusOf(err) != statusProtocol || !strings.Contains(err.Error(), "welcome") {
		t.Errorf("a program that says welcome: %v", err)
	}
}

// TestPipeSilent: what an answer leaves out is not compared.
func TestPipeSilent(t *testing.T) {
	report, err := piped(t, "result only", 5000)
	if err != nil || len(report.Findings) > 0 {
		t.Errorf("%v: %+v", err, report)
	}
	for k, input := range map[Kind]string{
		Request: "POST /x HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", Response: "HTTP/1.1 204 No\r\nA: b\r\n\r\n", Chunked: "1\r\na\r\n0\r\nA: b\r\n\r\n",
	} {
		all := strict.verdict(k, []byte(input))
		text, _ := json.Marshal(all.answer(k))
		var whole map[string]any
		json.Unmarshal(text, &whole)
		agrees := func(with string) {
			text, _ := json.Marshal(whole)
			v, err := parseAnswer(k, text)
			if c := Compare(&all, &v); err != nil || c != Agree {
				t.Errorf("%s %s: %s, %v", k, with, c, err)
			}
		}
		agrees("with all members")
		for member, value := range whole {
			of, _ := value.(map[string]any)
			for member, value := range of {
				delete(of, member)
				agrees("without " + member)
				of[member] = value
			}
			if member != "result" {
				delete(whole, member)
				agrees("without " + member)
				whole[member] = value
			}
		}
		if len(whole) < 4 {
			t.Errorf("%v", whole)
		}
		whole["n"] = 1
		text, _ = json.Marshal(whole)
		v, err := parseAnswer(k, text)
		if c := Compare(&all, &v); err != nil || c != LengthDiffers {
			t.Errorf("%s with another n: %s, %v", k, c, err)
		}
		v = all
		v.Head, v.Length, v.Body = 0, 0, nil
		if c := Compare(&all, &v); c != Agree {
			t.Errorf("%s from an adaptor that leaves Head, Length and Body unset: %s", k, c)
		}
	}
}

// TestPipeHuge: a length that no int holds is a large one.
func TestPipeHuge(t *testing.T) {
	const input = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551617\r\n\r\n"
	pipe := Pipe("mine", []Kind{Request}, os.Args[0], "helper:huge")
	defer pipe.Close()
	if v := pipe.Request([]byte(input)); v.Result != Accept || v.Framing.Length != math.MaxInt64 {
		t.Errorf("%+v", v)
	}
	r := Run{Adaptors: []Adaptor{Picohttp()[0], pipe}, Seeds: [][]byte{[]byte(input)}, Count: 500}
	report, err := r.Do(t.Context())
	if err != nil || classesOf(report)[AcceptanceDiffers] == 0 || classesOf(report)[Crashes] > 0 {
		t.Errorf("%v: %+v", err, report)
	}
	below, err := parseAnswer(Request, []byte(`{"result":"complete","framing":{"body":"length","length":-6}}`))
	if err != nil || below.Result != Accept || below.Framing.Length != -1 {
		t.Errorf("a length below 0: %+v, %v", below, err)
	}
	for text, want := range map[string]int{"18446744073709551617": math.MaxInt, "1e99": math.MaxInt, "1e3": 1000, "0": 0, "9223372036854775807": math.MaxInt, "-1": 0, "-1e99": 0, "1.5": -1, `"1"`: -1} {
		v, err := parseAnswer(Request, []byte(`{"result":"complete","n":`+text+`}`))
		if want < 0 && err == nil || want >= 0 && (err != nil || v.Head != want || want == 0 && text[0] == '-' && v.Silent&PartHead == 0) {
			t.Errorf("n is %s: %d, %v", text, v.Head, err)
		}
	}
}

// TestAnswers: what is no object of the protocol is an error, and says what it is.
func TestAnswers(t *testing.T) {
	for line, want := range map[string]string{
		"{}":                                    `the result ""`,
		"hello":                                 "invalid character",
		`{"result":"error","error":"base64"}`:   `the result "error"`,
		`{"result":"complete"} {}`:              "after top-level value",
		`{"result":"complete","n":1.5}`:         "1.5 is not a whole number",
		`{"result":"incomplete","stage":"end"}`: `the stage "end"`,
		`{"result":"complete","framing":{"body":"content-length"}}`: `the body "content-length"`,
		`{"result":"complete","method":7}`:                          "method",
	} {
		if v, err := parseAnswer(Request, []byte(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v", line, v, err)
		}
	}
	v, err := parseAnswer(Request, []byte(`{"result":"malformed","stage":"body","n":40,"framing":{"body":"chunked"},"method":"\u00e9"}`))
	if err != nil || v.Result != Reject || v.Stage != StageBody || v.Head != 40 || v.Framing.Body.String() != "chunked" || v.Method != "\xe9" {
		t.Errorf("%+v, %v", v, err)
	}
}
