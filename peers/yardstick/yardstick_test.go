package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary run as a side, as the program itself does.
func TestMain(m *testing.M) {
	child()
	os.Exit(m.Run())
}

// TestChoose checks which sides -only and -side find.
func TestChoose(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir(".build", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"beast-gcc", "pico-scalar-gcc", "pico-native-gcc-lto", "pico-native-gcc", "x@v1-2-rustc", "plain"} {
		write(t, ".build/side-"+name, "#!/bin/sh\n")
	}
	all, err := findParsers([]string{"my-gcc=./.build/side-plain"})
	if err != nil {
		t.Fatal(err)
	}
	names := func(parsers []parser) string {
		var words []string
		for _, p := range filter(parsers, func(p parser) bool { return !p.kernel }) {
			words = append(words, p.name)
		}
		return strings.Join(words, " ")
	}
	want := "pico-native-gcc pico-native-gcc-lto pico-scalar-gcc beast-gcc plain x@v1-2-rustc my-gcc net/http fasthttp"
	if got := names(all); got != want {
		t.Errorf("the sides are %s, want %s", got, want)
	}
	chosen, err := choose(all, []string{"net/http", "pico-native", "x@v1-2", "plain", kernels()[0]})
	want = "pico-native-gcc pico-native-gcc-lto plain x@v1-2-rustc net/http"
	if got := names(chosen); err != nil || got != want || chosen[0] != all[0] {
		t.Errorf("-only chooses picohttp and %s, error %v, want %s", got, err, want)
	}
	if _, err = choose(all, []string{"generic", "none"}); err == nil || !strings.Contains(err.Error(), `no side "none"`) {
		t.Errorf("error %v, want one that names it", err)
	}
	for _, side := range []string{"x", "=.build/side-plain", "x=./nowhere", "generic=./.build/side-plain"} {
		if _, err := findParsers([]string{side}); err == nil {
			t.Errorf("-side %s: no error", side)
		}
	}
}

// TestSideFails checks that a faulty program of -side is left out, and that the reason names the file
// and the first head that it reads differently.
func TestSideFails(t *testing.T) {
	o := testOptions(t)
	dir := t.TempDir()
	file, path := filepath.Join(dir, "two.http"), filepath.Join(dir, "side")
	write(t, file, strings.Repeat("GET / HTTP/1.1\r\nHost: h\r\n\r\n", 2))
	o.work, o.parsers = "read", []parser{o.parsers[0], {name: "mine", peer: "mine", path: path}}
	for script, want := range map[string]string{
		"echo rejects; cat":                      file + ", message 2: it rejects\n",
		"echo $reads x69; cat":                   file + `, message 2: field 1: value is "i", picohttp has "h"` + "\n",
		"echo error: no":                         ", message 2: mine: no\n",
		"exit":                                   ", message 2: mine: ended without an answer\n",
		"echo $reads x68; read x; echo 9 7; cat": ": mine: the lengths have the sum 7, want 10\n",
	} {
		write(t, path, "#!/bin/sh\nreads='reads 27 x474554 x2f 1 x486f7374'; echo hi; read x; echo $reads x68; read x; "+script)
		var out strings.Builder
		err := run(&out, []string{file}, o)
		if _, why, _ := strings.Cut(out.String(), "\nmine is left out of "+file); err != nil || !strings.Contains(why, want) || !strings.Contains(out.String(), "\nAs ratios to the first row; ") {
			t.Errorf("%s: no %q or base in %s, error %v", script, want, &out, err)
		}
	}
}

// TestPeersAgree checks that every parser agrees with picohttp on every head of the report, and that
// its sums are right however a head is delivered.
func TestPeersAgree(t *testing.T) {
	o := testOptions(t)
	all, err := axes(o)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range all {
		one := a.tasks[0]
		if one.command == "reject" {
			if err := a.measure(o); err != nil { // picohttp rejects all
				t.Error(err)
			}
			continue
		}
		one.messages = nil
		for _, c := range a.tasks {
			one.messages = append(one.messages, c.messages...)
			size := fmt.Sprintf(" %d B", len(bytes.Join(c.messages, nil))/len(c.messages))
			if strings.HasSuffix(c.title, " B") && !strings.HasSuffix(" "+c.title, size) {
				t.Errorf("%s, %s: messages of %s", a.title, c.title, size)
			}
		}
		sides, lengths := agreeForTest(t, one, o)
		for _, step := range []int{1, 7, 64} {
			if i == serving || step == 1 && a.title == "Size" {
				continue // the sum is another, or some take minutes
			}
			runForTest(t, sides, task{command: "deliver", step: step}, lengths)
		}
	}
}

// TestMessages checks that the sides agree with picohttp on unusual messages that are not in the
// report. testdata/messages.txt has requests that all parsers accept (plain), and requests that Check
// and the compiled sides, whose checks are ours, accept (accepted) or reject (unfit). All parsers wait
// for the rest of an incomplete request (begun). Others (spaces) have whitespace after values, which
// old releases of picohttpparser keep, and which llhttp passes to its callbacks.
func TestMessages(t *testing.T) {
	o := testOptions(t)
	b, err := os.ReadFile("yardstick/testdata/messages.txt")
	if err != nil {
		t.Fatal(err)
	}
	lists := map[string][][]byte{}
	for line := range strings.Lines(string(b)) {
		var list, message string
		if _, err := fmt.Sscanf(line, "%s %q\n", &list, &message); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		lists[list] = append(lists[list], []byte(message))
	}
	compiled := func(p parser) bool { return !p.isGo() }
	for list, one := range map[string]task{
		"plain":    {kind: request, command: "serve-request", parsers: o.parsers},
		"accepted": {kind: request, command: "serve-request", parsers: filter(o.parsers, compiled)},
		"spaces": {kind: request, command: "read-request",
			parsers: filter(o.parsers, func(p parser) bool { return compiled(p) && !strings.HasPrefix(p.peer, "pico") })},
		"response": {kind: response, command: "parse-response", parsers: filter(o.parsers, parser.isNative)},
		"chunked":  {kind: chunked, command: "decode", parsers: filter(o.parsers, parser.isNative)},
	} {
		one.messages = lists[list]
		sides, lengths := agreeForTest(t, one, o)
		for step := 1; list == "spaces" && step < len(one.messages[0]); step++ {
			runForTest(t, sides, task{command: "deliver", step: step}, lengths)
		}
	}
	for _, one := range []struct {
		list, check, want string
		parsers           []parser
	}{
		{"unfit", "check-serve", "rejects", filter(o.parsers, compiled)},
		{"begun", "check-request", "waits", o.parsers},
	} {
		for _, p := range startForTest(t, one.parsers, lists[one.list], o) {
			for i, head := range lists[one.list] {
				if answer, err := p.ask(one.check, i, 0); err != nil || answer != one.want {
					t.Errorf("%s on %q: %q, error %v, want %s", p.name, head, answer, err, one.want)
				}
			}
		}
	}
}

// TestCorpora runs the corpora of -corpus, also from a file.
func TestCorpora(t *testing.T) {
	o := testOptions(t)
	o.parsers = filter(o.parsers, parser.isNative)
	path := filepath.Join(t.TempDir(), "own.http")
	const get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
	const ok = "HTTP/1.1 204 \r\n\r\n"
	for _, c := range []struct {
		name, file, work string
		messages         int
		title            string
	}{
		{"mixed", "", "parse", 240, "mixed, 1018 B"},
		{"mixed/tiny", "", "read", 30, "tiny, 44 B"},
		{"tiny", "", "serve", 1, "tiny, 45 B"},
		{"response300", "", "parse", 1, "response300, 301 B"},
		{"response1000", "", "parse", 1, "response1000, 1003 B"},
		{"chunked16k", "", "parse", 1, "chunked16k, 262277 B"},
		{"chunked64", "", "parse", 1, "chunked64, 17925 B"},
		{path, get + get, "parse", 2, path + ", 28 B"},
		{path, ok + ok, "parse", 2, path + ", 17 B"},
	} {
		write(t, path, c.file)
		o.work = c.work
		one, err := o.task(c.name)
		if err != nil {
			t.Fatal(err)
		}
		if one.title != c.title || len(one.messages) != c.messages {
			t.Errorf("corpus %s: %s, %d messages, want %v", c.name, one.title, len(one.messages), c)
		}
		agreeForTest(t, one, o)
	}
	for _, name := range []string{"mixed/none", "no-such-head", "response300"} {
		if _, err := (options{work: "read"}).task(name); err == nil {
			t.Errorf("corpus %s: no error", name)
		}
	}
	for _, content := range []string{"", get + "GET"} {
		write(t, path, content)
		if _, err := corpus(path); err == nil {
			t.Errorf("file with %q: no error", content)
		}
	}
}

// TestDisagree checks that a difference is found and named. The sides get different messages for that.
func TestDisagree(t *testing.T) {
	o := testOptions(t)
	const head = "GET / HTTP/1.1\r\nA: 1\r\nB: c\r\n\r\n"
	for _, c := range []struct {
		kind       kind
		a, b, want string
	}{
		{request, head, strings.Replace(head, "A: 1", "A: 2", 1), `field 1: value is "2", picohttp has "1"`},
		{request, head, strings.Replace(head, "B: c\r\n", "", 1), `length is 24, picohttp has 30`},
		{request, head, strings.Replace(head, "1.1", "1.0", 1), `minor version is 0, picohttp has 1`},
		{response, "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 Ok\r\n\r\n", `reason phrase is "Ok", picohttp has "OK"`},
		{chunked, "5\r\nhello\r\n0\r\n\r\n", "5\r\nhallo\r\n0\r\n\r\n", `content is "hallo", picohttp has "hello"`},
	} {
		one := task{name: "heads.http", kind: c.kind, messages: [][]byte{[]byte(c.a)}}
		others := startForTest(t, filter(o.parsers, parser.isPico), [][]byte{[]byte(c.b)}, o)
		sides := append(startForTest(t, o.parsers[:1], one.messages, o), others...)
		_, differ, err := agree(sides, &one)
		if err != nil || len(differ) != len(sides)-1 {
			t.Errorf("%q and %q: %d differences, error %v", c.a, c.b, len(differ), err)
		}
		for name, why := range differ {
			if why != "heads.http: "+c.want {
				t.Errorf("%s: %s, want %s", name, why, c.want)
			}
		}
	}
	for _, c := range []struct {
		kind                kind
		command, text, want string
	}{
		{chunked, "decode", "5\r\nhello\r\n0\r\n\r\nHTTP/1.1 ", "reads 15 bytes of 24"},
		{request, "reject", head, "picohttp accepts"},
		{request, "parse-request", "\x00", "picohttp rejects"},
	} {
		one := task{kind: c.kind, command: c.command, messages: [][]byte{[]byte(c.text)}}
		_, _, err := agree(startForTest(t, o.parsers[:1], one.messages, o), &one)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s of %q: error %v, want %s", c.command, c.text, err, c.want)
		}
	}
}

// TestLoose checks what is compared if a parser changes the order of fields, or does not report
// everything.
func TestLoose(t *testing.T) {
	reads := "reads 45 x47 x2f 1 x41 x62 x61 x63"
	serves := "serves 0 true 1 false false false x x x x"
	for _, c := range []struct{ check, want, got, text string }{
		{"check-request", reads, "loose 45 x47 x2f 1 x61 x63 x61 x62", ""},
		{"check-request", reads, "loose 45 x47 x2f 1 x61 x62 x61 x64", `sorted field 2: value is "d", picohttp has "c"`},
		{"check-request", reads, "loose 45 x47 x2f 1 x61 x62", `sorted field 2: name is missing, picohttp has "a"`},
		{"check-request", reads, reads + " x x", `field 3: name is "", picohttp has missing`},
		{"check-serve", serves, "serves 0 true - - - - x x x x", ""},
		{"check-serve", serves, "serves 0 false - - - - x x x x", "keep-alive is false, picohttp has true"},
	} {
		if text := explain(c.check, c.want, c.got); text != c.text {
			t.Errorf("%q and %q: %q, want %q", c.want, c.got, text, c.text)
		}
	}
}

// reportForTest returns a report with invented times: 10 ns times the place of the parser. The last
// parser has no time in the first column.
func reportForTest() *report {
	parsers := []parser{
		{name: "avx512", peer: "avx512", kernel: true}, {name: "generic", peer: "generic", kernel: true},
		{name: "pico-native-gcc", peer: picoNative}, {name: "pico-native-clang", peer: picoNative}, {name: picoScalar, peer: picoScalar},
		{name: "httparse", peer: "httparse"}, {name: "net/http", peer: "net/http"},
	}
	r := &report{about: []string{"CPU:     a <CPU>", "pico-native-gcc is it, gcc 12 -O3", "httparse is it, rustc 1"},
		o: options{parsers: parsers}}
	reject := []task{{command: "reject"}}
	r.axes = []axis{{title: "Serve: all"}, {}, {}, {tasks: reject}, {tasks: reject, rejected: true}}
	for i := range r.axes {
		a := &r.axes[i]
		for i, corpus := range []string{"mixed/tiny", "chrome", "mixed", "tiny"} {
			c := &result{task: task{title: fmt.Sprintf("column%d, 1 B", i), name: corpus, parsers: parsers}, differ: map[string]string{}}
			if len(a.tasks) > 0 {
				c.command = a.tasks[0].command
			}
			for k, p := range parsers {
				if i == 0 && p.name == "net/http" {
					c.differ[p.name] = corpus + ": it waits"
					continue
				}
				ns := float64(10 * (k + 1))
				c.sides = append(c.sides, &side{parser: p, times: []float64{ns, ns, ns + 1}})
			}
			a.results = append(a.results, c)
		}
		a.show()
	}
	return r
}

// TestReport checks figures in the Markdown.
func TestReport(t *testing.T) {
	r := reportForTest()
	slow := r.axes[serving].results[1].side(r.o.parsers[0])
	slow.times = []float64{35, 35, 35}
	var b strings.Builder
	r.markdown(&b)
	page := regexp.MustCompile(" +").ReplaceAllString(b.String(), " ")
	for _, want := range []string{
		"\n| picohttp avx512 | 10.0 | 10.0 | 10.0 | 10.0 |\n",
		"\n| picohttp avx512 | 0.33 | 0.33 | 0.33 | 0.33 |\n",
		"\n| picohttpparser (gcc) | 1.00 | 1.00 | 1.00 | 1.00 |\n",
		"\n| net/http | - | 70.0 | 70.0 | 70.0 |\n",
		"\n| net/http | waits | 70.0 | 70.0 | 70.0 |\n",
		" at most 5.0 % (picohttp avx512, column3, 1 B).\n",
		"\nnet/http is left out of column0, 1 B: mixed/tiny: it waits\n",
		"\n| --- | --- | ---: | --- |\n| Serve | column1, 1 B | 35.0 | picohttpparser (gcc) 30.0 (1.17) |\n\n",
		"\n| net/http | waits | rejects | rejects | rejects |\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	for _, o := range []options{{rounds: 14, slot: 20 * time.Millisecond}, {rounds: 15, slot: time.Millisecond}} {
		if times := o.times(); !strings.Contains(times, "MEAN NOTHING") {
			t.Errorf("%d rounds of %v: %s", o.rounds, o.slot, times)
		}
	}
	if strings.Contains(page, "(clang)") || strings.Count(page, "is left out") != 3 {
		t.Errorf("a table shows the slower build, or what is rejected is left out, in\n%s", page)
	}
}

// TestCharts checks that charts are XML, name every parser and what their figures are of, and that
// bars are on the correct side of 1.00.
func TestCharts(t *testing.T) {
	for i, c := range charts {
		var out bytes.Buffer
		c.draw(reportForTest(), themes[i], &out)
		if err := xml.Unmarshal(out.Bytes(), new(struct{})); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		page := regexp.MustCompile("<[^>]*>").ReplaceAllString(out.String(), "")
		for _, want := range []string{"Ratio to picohttpparser (gcc).", "picohttp avx512 0.33 (10.0 ns)\n",
			"picohttpparser (gcc) 1.00 (30.0 ns) C and C++\n", "httparse 2.00 (60.0 ns) Rust\n",
			"a &lt;CPU&gt;", "faster", "1.00", "slower"} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: no %q in %q", c.name, want, page)
			}
		}
		one := regexp.MustCompile(`text x="([0-9]*)[^>]*>←`).FindStringSubmatch(out.String())
		bars := regexp.MustCompile(`x="([0-9]*)[^>]*height="12"`).FindAllStringSubmatch(out.String(), -1)
		if len(one) == 0 || len(bars) != 5 {
			t.Fatalf("%s: 1.00 at %v, bars at %v", c.name, one, bars)
		}
		for k, bar := range bars {
			if faster := bar[1] < one[1]; len(bar[1]) != 3 || faster != (k <= 2) { // the third bar is 1.00, and begins before it
				t.Errorf("%s: bar %d is at %s, 1.00 at %s", c.name, k, bar[1], one[1])
			}
		}
	}
}

// testOptions changes to the folder peers. It skips a test if get.sh has built nothing, and fails in
// CI, where get.sh has built everything.
func testOptions(t *testing.T) options {
	t.Helper()
	t.Chdir("..")
	all, err := findParsers(nil)
	if err != nil && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return options{parsers: all, cpu: -1, rounds: 1, slot: time.Millisecond}
}

// write writes a file, which may be a program.
func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
		t.Fatal(err)
	}
}

func startForTest(t *testing.T, parsers []parser, messages [][]byte, o options) []*side {
	t.Helper()
	sides, stop, err := startOn(parsers, messages, o)
	t.Cleanup(stop)
	if err != nil {
		t.Fatal(err)
	}
	return sides
}

// agreeForTest starts the sides of a task and runs it once. No side may differ from the first.
func agreeForTest(t *testing.T, one task, o options) ([]*side, int) {
	t.Helper()
	sides := startForTest(t, one.parsers, one.messages, o)
	lengths, differ, err := agree(sides, &one)
	if err != nil {
		t.Fatal(err)
	}
	if len(differ) > 0 {
		t.Fatal(differ)
	}
	runForTest(t, sides, one, lengths)
	return sides, lengths
}

// runForTest runs each side of a task once.
func runForTest(t *testing.T, sides []*side, one task, lengths int) {
	t.Helper()
	for _, s := range sides {
		if _, err := s.run(&one, lengths, 1); err != nil {
			t.Errorf("%s, steps of %d: %v", one.command, one.step, err)
		}
	}
}
