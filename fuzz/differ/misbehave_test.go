package differ

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The test binary is also the programs that misbehave: with "helper:NAME" as its first
// argument it is one of helpers, and with "main:NAME" it is Main with one of badAdaptors.
func TestMain(m *testing.M) {
	what, name, _ := strings.Cut(strings.Join(os.Args[1:min(2, len(os.Args))], ""), ":")
	switch what {
	case "main":
		os.Args = append(os.Args[:1], os.Args[2:]...)
		Main(changed("bad", func(b []byte, _ *Verdict) { badAdaptors[name](b) }))
	case "helper":
		serve(helpers[name])
	default:
		os.Exit(m.Run())
	}
}

// changed is an adaptor of picohttp, with its verdicts changed.
func changed(name string, change func(b []byte, v *Verdict)) Adaptor {
	return Adaptor{Name: name, Request: func(b []byte) Verdict {
		v := strict.verdict(Request, b)
		change(b, &v)
		return v
	}}
}

// ifNUL does something if an input begins with NUL.
func ifNUL(do func()) func(b []byte) {
	return func(b []byte) {
		if bytes.HasPrefix(b, []byte{0}) {
			do()
		}
	}
}

var badAdaptors = map[string]func(b []byte){
	"good":  func([]byte) {},
	"exits": ifNUL(func() { os.Exit(7) }),
	"fatal": ifNUL(func() { new(sync.Mutex).Unlock() }), // no panic, but the end of the process
}

// helpers answer as picohttp does, except for inputs that begin with NUL. They are told the
// line to write, and return what is written instead.
var helpers = map[string]func(line string) string{
	"good": func(line string) string { return line },
	"dies": func(string) string {
		fmt.Fprintln(os.Stderr, "this is why")
		os.Exit(3)
		return ""
	},
	"hangs": func(string) string { select {} },
	"gone": func(string) string { // once it has ended, it does not start again
		os.Mkdir(os.Args[2], 0o777)
		os.Exit(1)
		return ""
	},
	"prints": func(line string) string { return "warning: NUL\n" + line },
	"prints once": func(line string) string {
		if os.Mkdir(os.Args[2], 0o777) == nil {
			return "warning: NUL\n" + line
		}
		return line
	},
	"prints late": func(line string) string { return line + `{"result":"complete"}` + "\n" },
	"floods":      func(line string) string { return strings.Repeat("x", maxAnswer+100_000) + "\n" + line },
}

func serve(helper func(line string) string) {
	if helper == nil {
		os.Exit(2)
	}
	if _, err := os.Stat(os.Args[2]); err == nil && os.Args[1] == "helper:gone" {
		fmt.Fprintln(os.Stderr, "gone \"for\" good\x1b")
		os.Exit(9)
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		b, err := base64.StdEncoding.DecodeString(lines.Text())
		v := strict.verdict(Request, b)
		answer, errAnswer := json.Marshal(v.answer(Request))
		if err := errors.Join(err, errAnswer); err != nil {
			panic(err)
		}
		line := string(answer) + "\n"
		ifNUL(func() { line = helper(line) })(b)
		os.Stdout.WriteString(line)
	}
	os.Exit(0)
}

// piped is an adaptor of a helper.
func piped(t *testing.T, helper string) Adaptor {
	pipe := Pipe("bad", os.Args[0], "helper:"+helper, t.TempDir()+"/once")
	t.Cleanup(pipe.Close)
	return pipe
}

func panicsAtOnce(b []byte) { panic(fmt.Sprintf("at once: %q", b)) }

func panicsLater(b []byte) { _ = b[len(b)+len(b)/100] }

const kit = "github.com/picohttp/picohttp/fuzz/differ."

// TestMisbehaves checks that each way to misbehave is reported as what it is, once, with the
// shortest input that shows it, and that nothing else is reported.
func TestMisbehaves(t *testing.T) {
	stuck := changed("bad", func(b []byte, _ *Verdict) {
		if len(b) == 0 {
			select {}
		}
	})
	stuckLater := changed("bad", func(b []byte, v *Verdict) {
		if bytes.HasPrefix(b, []byte{0}) {
			*v = Verdict{Result: Accept}
		}
		if string(b) == "\x00" {
			select {}
		}
	})
	writes := changed("bad", func(b []byte, _ *Verdict) {
		if i := bytes.IndexByte(b, 0); i >= 0 {
			b[i] = 'x'
		}
	})
	panics := changed("bad", func(b []byte, _ *Verdict) {
		switch {
		case bytes.IndexByte(b, 0) >= 0:
			panicsAtOnce(b)
		case bytes.IndexByte(b, '\v') >= 0:
			panicsLater(b)
		}
	})
	// What is wrong with a body names no finding about a parser that reads none.
	heads := changed("bad", func(_ []byte, v *Verdict) {
		if v.knowsHead() {
			v.Result, v.Silent, v.Target = Accept, PartBody, "/other"
		}
	})
	// Transfer codings and connection options have no case.
	upper := changed("bad", func(_ []byte, v *Verdict) {
		for i, f := range v.Fields {
			if name := lower(f.Name); name == "transfer-encoding" || name == "connection" {
				v.Fields[i].Value = strings.NewReplacer("c", "C", "e", "E").Replace(f.Value)
			}
		}
	})
	third := []Adaptor{changed("third", func([]byte, *Verdict) {})}
	welcome := Pipe("bad", "sh", "-c", "echo welcome; cat >/dev/null")
	defer welcome.Close()
	hasty := Run{Count: 400, Patience: 500 * time.Millisecond}
	impatient := Run{Adaptors: third, Patience: 200 * time.Millisecond}
	const alone, garbled = "too few parsers are left", "10 times not the pipe protocol: "
	for name, test := range map[string]struct {
		bad      Adaptor
		run      Run    // some of its options
		findings string // the beginnings of class, rule, input, place and words of each
		failure  string // that it is out, or how often it failed, and why
		status   int    // of the error
		err      string // a part of it
	}{
		"good":        {bad: piped(t, "good")},
		"dies":        {bad: piped(t, "dies"), findings: `crash method "\x00" exit status 3: exit status 3: this is why`},
		"hangs":       {bad: piped(t, "hangs"), run: hasty, findings: `crash method "\x00" no answer`},
		"prints once": {bad: piped(t, "prints once"), failure: `1 times not the pipe protocol: "warning: NUL`},
		"prints": {
			bad: piped(t, "prints"), failure: garbled + `"warning: NUL`, status: statusProtocol, err: "warning: NUL",
		},
		"prints late": {
			bad: piped(t, "prints late"), failure: garbled + "it wrote before it was asked", status: statusProtocol,
		},
		"floods":  {bad: piped(t, "floods"), failure: garbled + "a line of more", status: statusProtocol},
		"welcome": {bad: welcome, failure: `out: not the pipe protocol: "welcome`, status: statusProtocol},
		"no program": {
			bad: piped(t, "no such helper"), failure: "out: it does not answer", status: statusFailed, err: alone,
		},
		"gone": {
			bad: piped(t, "gone"), findings: `crash method "\x00`, status: statusFailed, err: alone,
			failure: "out: started again, it does not answer what it has answered before: exit status 9: gone \"for\" good",
		},
		"gone, of three": {
			bad: piped(t, "gone"), run: Run{Adaptors: third}, findings: `crash method "\x00`, failure: "out: started again",
		},
		"stuck": {bad: stuck, run: impatient, findings: `crash incomplete "" no answer`, failure: "out: no answer"},
		"stuck while an input is minimised": {
			bad: stuckLater, run: impatient, failure: "out: no answer",
			findings: `acceptance method "\x00` + "\n" + `crash method "\x00" no answer`,
		},
		"panics": {
			bad: panics,
			findings: `crash method "\v" ` + kit + "panicsLater: runtime error: index out of range\n" +
				`crash method "\x00" ` + kit + "panicsAtOnce: at once",
		},
		"writes": {bad: writes, findings: `crash method "\x00" writes to its input`},
		// With no body, a tunnel, a length and chunks.
		"heads": {bad: heads, findings: strings.Repeat(`start-line none "`+"\n", 4)},
		"upper": {bad: upper},
	} {
		var shown string
		r := test.run
		r.Adaptors = append([]Adaptor{Picohttp()[0], test.bad}, r.Adaptors...)
		r.Random, r.Count, r.Progress = 1, cmp.Or(r.Count, 5000), func(r *Report) { shown = r.String() }
		report, err := r.Do(t.Context())
		if (err == nil) != (report.Executions == r.Count) || statusOf(err) != test.status ||
			!strings.Contains(fmt.Sprint(err), test.err) {
			t.Errorf("%s: after %d executions %v", name, report.Executions, err)
		}
		var findings, failures []string
		for _, f := range report.Findings {
			v, rule := f.Verdicts[1], cmp.Or(f.Rule, "none")
			findings = append(findings, fmt.Sprintf("%s %s %q %s: %s", f.Class, rule, f.Input, v.Where, v.Why))
		}
		for _, f := range report.Failures {
			how, told := "out:", "bad is out since "
			if !f.Out {
				how, told = fmt.Sprint(f.Count, " times"), fmt.Sprintf("bad failed %d times", f.Count)
			}
			failures = append(failures, how+" "+f.Why)
			var page strings.Builder
			err := report.WriteHTML(&page)
			if err != nil || !strings.Contains(page.String(), told) || !strings.Contains(shown, told) {
				t.Errorf("%s: the page or the progress does not tell: %v, %s", name, err, shown)
			}
		}
		slices.Sort(findings)
		if !slices.EqualFunc(findings, lines(test.findings), strings.HasPrefix) {
			t.Errorf("%s: findings %q", name, findings)
		}
		if !slices.EqualFunc(failures, lines(test.failure), strings.HasPrefix) {
			t.Errorf("%s: failures %q", name, failures)
		}
	}
}

func lines(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' })
}
