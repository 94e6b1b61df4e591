package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary be a side, as the program itself can be.
func TestMain(m *testing.M) {
	child()
	os.Exit(m.Run())
}

func TestCorpusFile(t *testing.T) {
	heads := octets([]string{"", "a", strings.Repeat("a", 64), strings.Repeat("a", 65)})
	file := encodeCorpus(heads)
	for n := range len(file) + 1 {
		got, err := decodeCorpus(file[:n])
		if n == len(file) && !slices.EqualFunc(got, heads, bytes.Equal) || err == nil && !bytes.Equal(encodeCorpus(got), file[:n]) {
			t.Errorf("%d bytes: %q, error %v", n, got, err)
		}
	}
}

func TestSizedHead(t *testing.T) {
	for _, most := range []int{1, 48, 96} {
		for n := 32; n <= 64<<10; n += 1 + n/7 {
			heads, err := headsOf(sizedHead(n, most), true)
			if err != nil || len(heads) != 1 || len(heads[0]) != n || bytes.Count(heads[0], []byte("\r\n"))-2 > most {
				t.Errorf("%d bytes, at most %d fields: %q, error %v", n, most, heads, err)
			}
		}
	}
}

// TestChoose shows how -only and -side find their sides.
func TestChoose(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir(".build", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"beast-gcc", "pico-scalar-gcc", "pico-native-gcc-lto", "pico-native-gcc", "x@v1-2-rustc", "plain"} {
		if err := os.WriteFile(".build/side-"+name, []byte("#!/bin/sh\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	names := func(parsers []parser, peers bool) string {
		var words []string
		for _, p := range parsers {
			switch {
			case p.untimed:
				words = append(words, "("+p.name+")")
			case peers:
				words = append(words, p.peer)
			default:
				words = append(words, p.name)
			}
		}
		return strings.Join(words, " ")
	}
	all, err := findParsers([]string{"avx2", "generic"}, []string{"my-gcc=./.build/side-plain"})
	if err != nil {
		t.Fatal(err)
	}
	want := "avx2 generic pico-native pico-native pico-scalar beast plain x@v1-2 my-gcc net/http fasthttp hertz nbio antlabs"
	if got := names(all, true); got != want {
		t.Errorf("the peers are %s, want %s", got, want)
	}
	for only, want := range map[string]string{
		"avx2,my-gcc":                "avx2 my-gcc",
		"net/http,pico-native":       "(avx2) pico-native-gcc pico-native-gcc-lto net/http",
		"pico-native-gcc-lto,x@v1-2": "(avx2) pico-native-gcc-lto x@v1-2-rustc",
	} {
		chosen, err := choose(all, strings.Split(only, ","))
		if got := names(chosen, false); err != nil || got != want {
			t.Errorf("-only %s chooses %s, error %v, want %s", only, got, err, want)
		}
	}
	_, err = choose(all, []string{"avx2", "none"})
	if err == nil || !strings.Contains(err.Error(), `"none"`) || !strings.Contains(err.Error(), "my-gcc, net/http") {
		t.Errorf("error %v, want one that lists the names", err)
	}
	for _, side := range []string{"", "x", "=.build/side-plain", "x=", "x=./nowhere", "avx2=./.build/side-plain"} {
		if _, err := findParsers([]string{"avx2"}, []string{side}); err == nil {
			t.Errorf("-side %s: no error", side)
		}
	}
}

// TestSideFails shows that a program of -side that is wrong is left out, and why.
func TestSideFails(t *testing.T) {
	o := testOptions(t)
	path := filepath.Join(t.TempDir(), "side")
	for script, want := range map[string]string{
		"echo hi; read x; echo refuses; cat": "mine is left out (1 of 1 messages): ../testdata/heads/tiny.http: it refuses\n",
		"echo hi; read x; echo error: no":    "mine is left out (1 of 1 messages): ../testdata/heads/tiny.http: mine: no\n",
		"echo hi":                            "mine is left out (1 of 1 messages): ../testdata/heads/tiny.http: mine: ",
		`f=$1; set -- .build/side-pico-native-*; "$1" $f 1 | sed -u 's/^\([0-9]*\) [0-9]*$/\1 7/'`: "mine: the lengths have the sum 7, want ",
	} {
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
			t.Fatal(err)
		}
		one, err := corpus("tiny")
		if err != nil {
			t.Fatal(err)
		}
		one = o.peerTask(one, false)
		one.parsers = []parser{o.parsers[0], {name: "mine", peer: "mine", path: path}}
		var out strings.Builder
		if err := run(&out, []task{one}, o); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%s: no %q in %s, error %v", script, want, &out, err)
		}
	}
}

func TestNet(t *testing.T) {
	restore := &side{times: []float64{1, 2}}
	bar := &side{times: []float64{6, 8}, restore: restore}
	decode := &side{times: []float64{11, 14}, restore: restore, bar: bar}
	net([]*side{decode, restore, bar})
	for _, c := range []struct {
		side *side
		want []float64
	}{{restore, []float64{1, 2}}, {bar, []float64{5, 6}}, {decode, []float64{10, 12}}} {
		if !slices.Equal(c.side.times, c.want) {
			t.Errorf("times are %v, want %v", c.side.times, c.want)
		}
	}
	if got := ratio(decode, bar); got != 2 {
		t.Errorf("the ratio is %v, want 2", got)
	}
}

func TestQuantile(t *testing.T) {
	values := []float64{4, 1, 3, 2, 5}
	for q, want := range map[float64]float64{0: 1, 0.25: 2, 0.5: 3, 0.625: 3.5, 1: 5} {
		if got := quantile(values, q); got != want {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
}

// TestPeersAgree holds every parser to picohttp for every head of the report, and
// to the lengths it must sum up however a head is delivered.
func TestPeersAgree(t *testing.T) {
	o := testOptions(t)
	all, err := axes(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		one := a.columns[0].task
		if one.judged() || one.threads > 0 || a.name == "Kernel" {
			continue
		}
		one.messages, one.threads = nil, 2
		for _, c := range a.columns {
			one.messages = append(one.messages, c.task.messages...)
		}
		programs, f := agreeForTest(t, one, o)
		runForTest(t, programs, one, f)
		for _, step := range []int{0, 1, 7, 64} {
			if a.name == "Serve" || step == 1 && a.name == "Size" {
				continue // the sum is another, or some take minutes
			}
			runForTest(t, programs, task{kind: request, command: "deliver", step: step}, f)
		}
	}
}

// requestsOf returns the requests of testdata/requests.txt that all parsers accept (plain), or
// that Check and the sides in C and Rust, whose checks are ours, accept (accepted) or reject
// (unfit): they have every form, framing and option.
func requestsOf(t *testing.T, kind string) (heads []string) {
	t.Helper()
	b, err := os.ReadFile("yardstick/testdata/requests.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		word, quoted, _ := strings.Cut(strings.TrimSpace(line), " ")
		head, err := strconv.Unquote(quoted)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if word == kind {
			heads = append(heads, head)
		}
	}
	if len(heads) == 0 {
		t.Fatalf("no %s requests", kind)
	}
	return heads
}

// TestServe holds all sides to picohttp's judgment of requests that are not in the report.
func TestServe(t *testing.T) {
	o := testOptions(t)
	one := o.peerTask(task{}, true)
	for _, heads := range [][]string{requestsOf(t, "plain"), requestsOf(t, "accepted")} {
		one.messages = octets(heads)
		programs, f := agreeForTest(t, one, o)
		runForTest(t, programs, one, f)
		one.parsers = filter(one.parsers, func(p parser) bool { return !p.isGo() })
	}
	unfit := requestsOf(t, "unfit")
	one.messages = octets(unfit)
	for _, p := range startForTest(t, one, o) {
		for i, head := range unfit {
			if answer, err := p.ask("check-serve", i, 0); err != nil || answer != "refuses" {
				t.Errorf("%s on %q: %q, error %v", p.name, head, answer, err)
			}
		}
	}
}

// TestMessages holds all sides to picohttp for messages that are not measured: those that
// have less, or more, than the usual.
func TestMessages(t *testing.T) {
	o := testOptions(t)
	pico := filter(o.parsers, func(p parser) bool { return p.kernel || p.isPico() })
	for _, c := range []struct {
		kind    kind
		parsers []parser
		texts   []string
	}{
		{response, pico, []string{
			"HTTP/1.1 204 \r\n\r\n",
			"HTTP/1.0 404 Not Found\r\n\r\n",
			"HTTP/1.1 299 caf\xe9 \t~\r\nEmpty:\r\nSpaces: \t a b\r\n\r\n",
		}},
		{chunked, pico, []string{
			"0\r\n\r\n",
			"1\r\n0\r\n0\r\n\r\n",
			"00A;x=\"y\"\r\n\r\n0\r\n\r\n123\r\n000\r\nDigest: x\r\n\r\n",
			"5\r\nhello\r\n1\r\n,\r\n6\r\n world\r\n0\r\n\r\n",
		}},
		// llhttp and http_parser call back for values with the white space after them, or not at all. Old
		// releases of picohttpparser leave it there.
		{request, filter(o.parsers, func(p parser) bool { return !p.isGo() && !strings.HasPrefix(p.peer, "pico") }), []string{
			"GET / HTTP/1.0\r\nEmpty:\r\nBlank: \t \r\nName: \ta \t b \t\r\nLast: c \r\n\r\n",
		}},
	} {
		one := task{kind: c.kind, messages: octets(c.texts), parsers: c.parsers, command: "read-" + string(c.kind)}
		programs, f := agreeForTest(t, one, o)
		for step := 1; c.kind == request && step < len(c.texts[0]); step++ {
			runForTest(t, programs, task{kind: request, command: "deliver", step: step}, f)
		}
	}
}

// TestCorpora runs what the quick run measures.
func TestCorpora(t *testing.T) {
	o := testOptions(t)
	path := filepath.Join(t.TempDir(), "two.http")
	two := "GET / HTTP/1.1\r\nHost: example.com\r\n\r\nGET /2 HTTP/1.1\r\nHost: example.com\r\n\r\n"
	if err := os.WriteFile(path, []byte(two), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		name            string
		kind            kind
		messages, about int // about so many bytes
	}{
		{"mixed", request, 240, 244558},
		{"mixed/tiny", request, 30, 1320},
		{"tiny", request, 1, 45},
		{path, request, 2, len(two)},
		{"response300", response, 1, 300},
		{"response1000", response, 1, 1000},
		{"chunked16k", chunked, 1, 16 * (16<<10 + 8)},
		{"chunked64", chunked, 1, 256 * (64 + 6)},
	} {
		tasks, err := o.tasks([]string{want.name})
		if err != nil {
			t.Fatal(err)
		}
		one := tasks[0]
		n := len(bytes.Join(one.messages, nil))
		if one.kind != want.kind || len(one.messages) != want.messages || n < want.about*98/100 || n > want.about*102/100 {
			t.Errorf("corpus %s: %d of kind %s with %d bytes, want %v", want.name, len(one.messages), one.kind, n, want)
		}
		programs, f := agreeForTest(t, one, o)
		runForTest(t, programs, one, f)
	}
	for _, content := range []string{"", two + "GET", two[:len(two)-1]} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := corpus(path); err == nil {
			t.Errorf("file with %q: no error", content)
		}
	}
	for _, name := range []string{"mixed/none", "no-such-head"} {
		if _, err := corpus(name); err == nil {
			t.Errorf("corpus %s: no error", name)
		}
	}
}

// TestDisagree shows that a difference is found and named: by two programs that were given
// different messages of the same shape.
func TestDisagree(t *testing.T) {
	o := testOptions(t)
	const head = "GET / HTTP/1.1\r\nA: 1\r\nB: c\r\n\r\n"
	long := strings.Repeat("c", 100)
	for _, c := range []struct{ kind, a, b, want string }{
		{"request", head, strings.Replace(head, "A: 1", "A: 2", 1), `field 1: value is "2", picohttp has "1"`},
		{"request", head, strings.Replace(head, "B", "b", 1), `field 2: name is "b", picohttp has "B"`},
		{"request", head, strings.Replace(head, "B: c\r\n", "", 1), `length is 24, picohttp has 30`},
		{"request", head, strings.Replace(head, "1.1", "1.0", 1), `minor version is 0, picohttp has 1`},
		{"request", strings.Replace(head, "c", long+"d", 1), strings.Replace(head, "c", long+"e", 1),
			`field 2: value is ..."ccccccccccccccccccce", picohttp has ..."cccccccccccccccccccd"`},
		{"response", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 201 OK\r\n\r\n", "status code is 201, picohttp has 200"},
		{"response", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 Ok\r\n\r\n", `reason phrase is "Ok", picohttp has "OK"`},
		{"chunked", "5\r\nhello\r\n0\r\n\r\n", "5\r\nhallo\r\n0\r\n\r\n", `content is "hallo", picohttp has "hello"`},
		{"chunked", "5\r\nhello\r\n0\r\n\r\n", "4\r\nhell\r\n00\r\n\r\n", `content is "hell", picohttp has "hello"`},
	} {
		one := task{name: "heads.http", kind: kind(c.kind), messages: octets([]string{c.a}), parsers: o.parsers[:1]}
		other := one
		other.messages = octets([]string{c.b})
		other.parsers = filter(o.parsers, parser.isPico)
		programs := append(startForTest(t, one, o), startForTest(t, other, o)...)
		_, differ, err := agree(programs, one)
		if err != nil || len(differ) != len(programs)-1 {
			t.Errorf("%q and %q: %d differences, error %v", c.a, c.b, len(differ), err)
		}
		for name, d := range differ {
			if d.first != "heads.http: "+c.want {
				t.Errorf("%s: %s, want %s", name, d.first, c.want)
			}
		}
	}
	whole := task{kind: chunked, messages: octets([]string{"5\r\nhello\r\n0\r\n\r\nHTTP/1.1 "}), parsers: o.parsers[:1]}
	if _, _, err := agree(startForTest(t, whole, o), whole); err == nil || !strings.Contains(err.Error(), "reads 15 bytes of 24") {
		t.Errorf("error %v, want that 15 bytes of 24 are read", err)
	}
}

func TestExplain(t *testing.T) {
	reads := "reads 45 x47 x2f 1 x41 x62 x61 x63"
	for _, c := range []struct{ check, want, got, text string }{
		{"check-request", reads, reads, ""},
		{"check-request", reads, "loose 45 x47 x2f 1 x61 x63 x61 x62", ""},
		{"check-request", reads, "loose 45 x47 x2f 1 x61 x62 x61 x64", `sorted field 2: value is "d", picohttp has "c"`},
		{"check-request", reads, "loose 45 x47 x2f 1 x61 x62", `sorted field 2: name is missing, picohttp has "a"`},
		{"check-request", reads, reads + " x x", `field 3: name is "", picohttp has missing`},
		{"check-request", reads, "refuses", "it refuses"},
		{"check-request", reads, "", "it "},
		{"check-request", reads, "loose 45 x47 x2f y x41 x62 x61 x63", `minor version is y, picohttp has 1`},
		{"check-serve", "serves 0 true 1 false false false x x x x", "serves 0 true - - - - x x x x", ""},
		{"check-serve", "serves 0 true 1 false false false x x x x", "serves 0 false - - - - x x x x", "keep-alive is false, picohttp has true"},
	} {
		if text := explain(c.check, c.want, c.got); text != c.text {
			t.Errorf("%q and %q: %q, want %q", c.want, c.got, text, c.text)
		}
	}
}

// TestVerdicts shows that all parsers tell a head from the beginning of one, what they keep
// of one, and which reject what the report has rejected.
func TestVerdicts(t *testing.T) {
	o := testOptions(t)
	one, err := corpus("chrome")
	if err != nil {
		t.Fatal(err)
	}
	chrome := one.messages[0]
	one.messages, one.parsers, one.command = append(one.messages, chrome[:len(chrome)/2]), o.parsers, "refuse"
	for _, bad := range badHeads(chrome) {
		one.messages = append(one.messages, bad.Bytes)
	}
	programs := startForTest(t, one, o)
	for _, p := range programs {
		for i := range one.messages {
			got, err := p.ask("check-request", i, 0)
			word, _, _ := strings.Cut(got, " ")
			if err != nil || i == 0 && word != "reads" && word != "loose" || i == 1 && word != "waits" ||
				i > 1 && word != "refuses" && (p.kernel || p.isPico()) {
				t.Errorf("%s %s message %d, error %v", p.name, word, i, err)
			}
		}
	}
	whole := one
	whole.messages = one.messages[:1]
	if f, differ, err := judge(programs, whole); err != nil || f.messages != 1 || len(differ) != len(programs) {
		t.Errorf("a good head: %d of %d programs do not reject it, error %v", len(differ), len(programs), err)
	}
	for _, p := range startForTest(t, whole, o) {
		answer, err := p.ask("keep", 1000, 0)
		var size, objects, gc int
		if _, scan := fmt.Sscan(answer, &size, &objects, &gc); err != nil || scan != nil || size < 700 || size > 10000 {
			t.Errorf("%s keeps %q, error %v, want 700 to 10000 bytes", p.name, answer, err)
		}
	}
}

const ownHead = "GET /a HTTP/1.1\r\nHost: example.com\r\n\r\n"

func TestOwnHeads(t *testing.T) {
	post := "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nGET /"
	chunks := "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n0\r\nA: b\r\n\r\n"
	for _, c := range []struct {
		file  string
		heads int
		ok    bool
	}{
		{ownHead, 1, true},
		{ownHead + ownHead, 2, true},
		{post + ownHead, 2, true},
		{chunks + ownHead, 2, true},
		{ownHead + "GET", 1, false},
		{ownHead + "GET / HTTP/1.1\r\nHost : h\r\n\r\n", 1, false},
		{post[:len(post)-2], 1, true},
	} {
		heads, err := headsOf([]byte(c.file), false)
		if len(heads) != c.heads || (err == nil) != c.ok {
			t.Errorf("%q: %d heads, error %v", c.file, len(heads), err)
		}
	}
}

// TestOwn shows that a parser that reads a head in another way is left out and named, with
// the file and the head.
func TestOwn(t *testing.T) {
	o := testOptions(t)
	absolute := "GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n" // nbio wants "/" or "*"
	dir := t.TempDir()
	for _, c := range []struct {
		heads string
		serve bool
		want  []string
	}{
		{ownHead + absolute + ownHead, false, []string{"nbio is left out (1 of 3 messages): ", "own, head 2: it refuses", "corpus own: 3 heads"}},
		{ownHead + "G\x00T", false, []string{"after 1 heads: ", "corpus own: 1 heads", "\nnbio "}},
		{ownHead + "GET / HTTP/1.1\r\n\r\n", true, []string{"after 1 heads: ", "corpus own: 1 heads"}},
	} {
		o.serve = c.serve
		file := filepath.Join(dir, "own")
		if err := os.WriteFile(file, []byte(c.heads), 0o600); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := runOwn(&out, []string{file}, o); err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("no %q in\n%s", want, &out)
			}
		}
	}
}

// reportForTest has figures that were not measured: a parser is as fast as its place, and
// the last one has none in the first column.
func reportForTest() *report {
	parsers := []parser{
		{name: "avx512", peer: "avx512", kernel: true}, {name: "generic", peer: "generic", kernel: true},
		{name: "pico-native-gcc", peer: picoNative}, {name: "pico-native-clang", peer: picoNative}, {name: picoScalar, peer: picoScalar},
		{name: "httparse", peer: "httparse"}, {name: "net/http", peer: "net/http"},
	}
	r := &report{kept: 50000, date: "2026-11-28", about: []string{"CPU:     a <CPU>", "pico-native-gcc is it, gcc 12 -O3", "httparse is it, rustc 1"},
		o: options{parsers: parsers}}
	for _, name := range []string{"Serve", "Family", "Kernel", "Reject"} {
		a := axis{name: name, title: name}
		for i := range 3 {
			t := task{name: []string{"tiny", "chrome", "mixed"}[i], bars: name != "Reject", parsers: parsers}
			c := column{title: fmt.Sprintf("column%d, 1 B", i), key: "head=" + t.name, task: t, result: &result{task: t}}
			c.facts, c.differ = facts{messages: 2, bytes: 100 << i}, differences{}
			if t.bars {
				t.parsers = append(slices.Clone(parsers), memchr)
			} else {
				c.task.command = "refuse"
			}
			for k, p := range t.parsers {
				if i == 0 && p.name == "net/http" {
					c.differ.add(p.name, 0, "waits")
					continue
				}
				ns := float64(10 * (k + 1))
				c.sides = append(c.sides, &side{parser: p, passes: 7, threads: 1, times: []float64{ns, ns, ns + 1}})
			}
			a.columns = append(a.columns, c)
		}
		a.show()
		r.axes = append(r.axes, a)
	}
	r.memory = []memory{{"picohttp", 1600, 2, 7 * time.Millisecond}, {"httparse", 1400, 0, 0}}
	return r
}

// TestReport holds each line of the text to the format that benchstat reads, and looks for
// figures in the Markdown, the charts and the history.
func TestReport(t *testing.T) {
	r := reportForTest()
	var text, page strings.Builder
	for w, write := range map[*strings.Builder]func(io.Writer) error{&text: r.text, &page: r.markdown} {
		if err := write(w); err != nil {
			t.Fatal(err)
		}
	}
	line := regexp.MustCompile(`^(#.*|(goos|goarch|pkg|cpu): .*|Benchmark[A-Z][a-z]*(/[a-z]+=[A-Za-z0-9._-]+)+ \t[0-9]+(\t[0-9.]+ [A-Za-z/]+)+)\n$`)
	results := strings.Count(text.String(), "\nBenchmark")
	for s := range strings.Lines(text.String()) {
		if !line.MatchString(s) {
			t.Errorf("%q", s)
		}
	}
	if want := 3*(3*(7+8+8)+(6+7+7)) + 2; results != want {
		t.Errorf("%d results, want %d", results, want)
	}
	for _, want := range []string{
		"\n| picohttp avx512 | 10.0 | 10.0 | 10.0 |\n",
		"\n| picohttp avx512 | 0.33 | 0.33 | 0.33 |\n",
		"\n| picohttpparser (gcc) | 1.00 | 1.00 | 1.00 |\n",
		"\n| net/http | - | 70.0 | 70.0 |\n",
		"\n| net/http | waits | 70.0 | 70.0 |\n",
		"\nnet/http is left out of column0, 1 B (1 of 2 heads): waits\n",
		"\n## Where picohttp is slower\n",
		"\nThere is none.\n",
		"\n| picohttp | 1600 | 2 | 7.0 |\n",
		"\n| httparse | 1400 | - | - |\n",
	} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("no %q in\n%s", want, page.String())
		}
	}
	if strings.Contains(page.String(), "(clang)") {
		t.Error("a table shows the slower build")
	}

	slow := r.axes[0].columns[1].side(r.o.parsers[0])
	slow.times = []float64{35, 35, 35}
	if got, want := r.slower(), "| Serve | column1, 1 B | 35.0 | picohttpparser (gcc) 30.0 (1.17) |\n"; !strings.HasSuffix(got, "|\n"+want) {
		t.Errorf("slower is %q, want %q", got, want)
	}

	history := filepath.Join(t.TempDir(), "history.md")
	for range 2 {
		if err := r.remember(history); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(history)
	want := "| 2026-11-28 |  | a <CPU> |  | 12 | - | 1.17 | 0.33 | 0.33 | 0.33 |\n"
	if err != nil || strings.Count(string(b), want) != 2 || strings.Count(string(b), "\n|---|") != 1 {
		t.Errorf("no %q twice in %s, error %v", want, b, err)
	}
}

// TestCharts shows that charts are XML, name every parser they show, and say what
// their figures are of; and that the bars of the first begin or end at 1.00.
func TestCharts(t *testing.T) {
	for i, c := range charts {
		for _, theme := range themes {
			var out bytes.Buffer
			if err := c.draw(reportForTest(), theme, &out); err != nil {
				t.Fatal(err)
			}
			if err := xml.Unmarshal(out.Bytes(), new(struct{})); err != nil {
				t.Fatalf("%s-%s: %v", c.name, theme.Name, err)
			}
			page := regexp.MustCompile("<[^>]*>").ReplaceAllString(out.String(), "")
			for _, want := range []string{"picohttp avx512", "picohttp generic", "picohttpparser (gcc)", "httparse Rust", "net/http",
				"a &lt;CPU&gt;", "faster", "1.00", "slower"} {
				if !strings.Contains(page, want) {
					t.Errorf("%s-%s: no %q in %q", c.name, theme.Name, want, page)
				}
			}
			one, err := strconv.ParseFloat(regexp.MustCompile(`text x="([0-9.]*)"[^>]*>&#8592;`).FindStringSubmatch(out.String())[1], 64)
			bars := regexp.MustCompile(`x="([0-9.]*)" [^>]* width="([0-9.]*)" height="12"`).FindAllStringSubmatch(out.String(), -1)
			if err != nil || len(bars) != 6 {
				t.Fatalf("%s-%s: %d bars, error %v", c.name, theme.Name, len(bars), err)
			}
			for k, bar := range bars {
				x, _ := strconv.ParseFloat(bar[1], 64)
				width, _ := strconv.ParseFloat(bar[2], 64)
				if end := x + width; i == 0 && (k < 2 && math.Abs(end-one) > 0.2 || k >= 2 && x != one || end > chartWidth) {
					t.Errorf("bar %d is from %v to %v, 1.00 at %v", k, x, end, one)
				}
			}
		}
	}
}

// testOptions changes to the folder peers. It skips a test without picohttpparser, and fails
// in CI if any parser is missing.
func testOptions(t *testing.T) options {
	t.Helper()
	t.Chdir("..")
	all, err := findParsers(kernels(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := missing(io.Discard, all, true); err != nil {
		if os.Getenv("CI") != "true" {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	return options{parsers: all, cpu: -1, rounds: 1, slot: time.Millisecond}
}

func octets(texts []string) (messages [][]byte) {
	for _, text := range texts {
		messages = append(messages, []byte(text))
	}
	return messages
}

func startForTest(t *testing.T, one task, o options) []*program {
	t.Helper()
	programs, stop, err := startOn(one, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return programs
}

// agreeForTest starts programs, of which none may differ.
func agreeForTest(t *testing.T, one task, o options) ([]*program, facts) {
	t.Helper()
	programs := startForTest(t, one, o)
	f, differ, err := agree(programs, one)
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range differ {
		t.Fatalf("%s: %s", name, d.first)
	}
	return programs, f
}

// runForTest runs each side of a task once.
func runForTest(t *testing.T, programs []*program, one task, f facts) {
	t.Helper()
	for _, s := range sidesOf(programs, one) {
		if _, err := s.run(1, f); err != nil {
			t.Errorf("%s, steps of %d: %v", s.command, s.step, err)
		}
	}
}
