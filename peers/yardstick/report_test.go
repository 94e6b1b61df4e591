package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/plot/vg"
)

// TestPeersAgree holds every parser to picohttp for every head of the report, and
// to the lengths it must sum up however a head is delivered.
func TestPeersAgree(t *testing.T) {
	t.Chdir("..")
	o := testOptions(t)
	all, err := axes(o)
	if err != nil {
		t.Fatal(err)
	}
	if all[0].name != "Serve" {
		t.Errorf("the first table is %s", all[0].name)
	}
	for _, a := range all {
		one := a.columns[0].task
		if one.judged() || one.threads > 0 {
			continue
		}
		one.messages, one.threads = nil, 2
		for _, c := range a.columns {
			one.messages = append(one.messages, c.task.messages...)
		}
		programs, stop, err := startOn(one, o)
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
		f, err := agreeForTest(programs, one)
		if err != nil {
			t.Fatalf("%s: %v", a.name, err)
		}
		runForTest(t, programs, one, f)
		for _, step := range []int{0, 1, 7, 64} {
			if a.name == "Serve" || step == 1 && a.name == "Size" {
				continue // the sum is another, or some take minutes
			}
			runForTest(t, programs, task{kind: request, command: "deliver", step: step}, f)
		}
	}
}

// TestServe holds all sides to picohttp's judgment of requests that are not in the
// report: first those that all parsers accept, then what those in C and Rust do,
// whose checks are ours, with every form, framing and option.
func TestServe(t *testing.T) {
	t.Chdir("..")
	o := testOptions(t)
	plain := []string{
		"GET / HTTP/1.0\r\nHost: h\r\nConnection: close\r\n\r\n",
		"GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
		"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 24\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nCookie: a=b; c=d\r\n\r\n",
	}
	accepted := []string{
		"GET / HTTP/1.1\r\nhOST:\r\n\r\n",
		"GET / HTTP/1.0\r\n\r\n",
		"GET / HTTP/1.0\r\nConnection: x, Keep-Alive\r\n\r\n",
		"GET /?q HTTP/1.1\r\nHost: a-Z0.%7e_!$&'()*+,;=~:\r\nConnection: ,CLOSE\t,\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: [2001:db8::192.0.2.1]:8080\r\nConnection: keep-alive , close\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: keep-alive\r\nConnection: UpGrade\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nUpgrade:\r\nConnection: upgrade\r\n\r\n",
		"GET / HTTP/1.0\r\nHost: h\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n",
		"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 9223372036854775807\r\nExpect: 100-Continue\r\n\r\n",
		"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 000\r\nExpect: 100-continue, a=b\r\n\r\n",
		"PUT / HTTP/1.0\r\nHost: h\r\ncontent-length: 10\r\nExpect: 100-continue\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\nExpect: 100-continue\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
		"CONNECT h:443 HTTP/1.1\r\nHost: other\r\n\r\n",
		"CONNECT [::1]:443 HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
		"GET http://H:80?q HTTP/1.1\r\nHost: h:80\r\n\r\n",
		"GET http://h/a?b HTTP/1.0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nX-Absent: there\r\nCookie2: e\r\nCookie: a\r\nACCEPT-encoding: b\r\nCookie: c\r\naccept-encodin: d\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nX-absenT:\r\nAccept-Encoding: gzip\r\nCooki-: e\r\n\r\n",
	}
	const begin = "POST / HTTP/1.1\r\nHost: h\r\n"
	refused := []string{
		"GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: user@h\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: longer.example/\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h%7\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h%7g\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h:8a\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: [::1]8\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: [::g]\r\n\r\n",
		"GET /#a HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET * HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET h:80 HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET http://u@h/ HTTP/1.1\r\nHost: u@h\r\n\r\n",
		"GET http://other/ HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET http://h/ HTTP/1.1\r\nHost: h2\r\n\r\n",
		"CONNECT / HTTP/1.1\r\nHost: h\r\n\r\n",
		"CONNECT h HTTP/1.1\r\nHost: h\r\n\r\n",
		"CONNECT h: HTTP/1.1\r\nHost: h\r\n\r\n",
		"CONNECT :80 HTTP/1.1\r\nHost: h\r\n\r\n",
		"CONNECT h:80 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n",
		"CONNECT h:80 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
		begin + "Content-Length:\r\n\r\n",
		begin + "Content-Length: +1\r\n\r\n",
		begin + "Content-Length: 1, 1\r\n\r\n",
		begin + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
		begin + "Content-Length: 9223372036854775808\r\n\r\n",
		begin + "Content-Length: 18446744073709551617\r\n\r\n",
		begin + "Transfer-Encoding: gzip\r\n\r\n",
		begin + "Transfer-Encoding: gzip, chunked\r\n\r\n",
		begin + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
		begin + "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
		"POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
	}
	one := peerTask("", nil, true)
	ask := func(heads []string) []*program {
		one.messages = nil
		for _, head := range heads {
			one.messages = append(one.messages, []byte(head))
		}
		programs, stop, err := startOn(one, o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
		return programs
	}
	for _, heads := range [][]string{plain, accepted} {
		programs := ask(heads)
		f, err := agreeForTest(programs, one)
		if err != nil {
			t.Fatal(err)
		}
		runForTest(t, programs, one, f)
		one.parsers = slices.DeleteFunc(one.parsers, func(p string) bool { return isPeer(p) && binaryPath(p) == "" })
	}
	for _, p := range ask(refused) {
		for i, head := range refused {
			if answer, err := p.ask("check-serve", i, 0); err != nil || answer != "refuses" {
				t.Errorf("%s on %q: %q, error %v", p.name, head, answer, err)
			}
		}
	}
}

// TestWhiteSpace has values that llhttp and http_parser call back for with the white
// space behind them, or not at all.
func TestWhiteSpace(t *testing.T) {
	t.Chdir("..")
	o := testOptions(t)
	heads := [][]byte{[]byte("GET / HTTP/1.0\r\nEmpty:\r\nBlank: \t \r\nName: \ta \t b \t\r\nLast: c \r\n\r\n")}
	programs, stop, err := startOn(task{messages: heads, parsers: []string{o.kernels[0], "llhttp", "http_parser", "httparse"}}, o)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	f, err := agreeForTest(programs, task{kind: request, messages: heads})
	if err != nil {
		t.Fatal(err)
	}
	for step := 1; step < len(heads[0]); step++ {
		runForTest(t, programs, task{kind: request, command: "deliver", step: step}, f)
	}
}

// TestVerdicts shows that all parsers tell a head from the beginning of one, and
// who refuses what the report has refused.
func TestVerdicts(t *testing.T) {
	t.Chdir("..")
	o := testOptions(t)
	_, heads, err := corpus("chrome", request)
	if err != nil {
		t.Fatal(err)
	}
	chrome := heads[0]
	messages := [][]byte{chrome, chrome[:len(chrome)/2]}
	for _, bad := range badHeads(chrome) {
		messages = append(messages, bad.Bytes)
	}
	programs, stop, err := startOn(task{messages: messages, parsers: allParsers()}, o)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for _, p := range programs {
		for i := range messages {
			got, err := p.ask("verdict", i, 0)
			if err != nil {
				t.Fatal(err)
			}
			want := []string{"accepts", "waits"}
			switch {
			case i < len(want):
				if got != want[i] {
					t.Errorf("%s %s message %d, want that it %s", p.name, got, i, want[i])
				}
			case got != "refuses" && !isPeer(p.name):
				t.Errorf("%s %s message %d, want that it refuses", p.name, got, i)
			}
		}
	}
	f, differ, err := refused(programs, task{kind: request, messages: messages[:1]})
	if err != nil || f.messages != 1 || len(differ) != len(programs) {
		t.Errorf("a good head: %d of %d programs do not refuse it, error %v", len(differ), len(programs), err)
	}
}

// TestKeep shows that messages are kept: with their heads or their fields.
func TestKeep(t *testing.T) {
	t.Chdir("..")
	o := testOptions(t)
	_, heads, err := corpus("chrome", request)
	if err != nil {
		t.Fatal(err)
	}
	programs, stop, err := startOn(task{messages: heads, parsers: allParsers()}, o)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for _, p := range programs {
		answer, err := p.ask("keep", 1000, 0)
		if err != nil {
			t.Fatal(err)
		}
		var size, objects, gc int
		if _, err := fmt.Sscan(answer, &size, &objects, &gc); err != nil || size < 700 || size > 10000 {
			t.Errorf("%s: %q, error %v, want 700 to 10000 bytes", p.name, answer, err)
		}
	}
}

func TestSizedHead(t *testing.T) {
	for _, most := range []int{1, 48, 96} {
		for n := 32; n <= 64<<10; n += 1 + n/7 {
			head := sizedHead(n, most)
			r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
			if len(head) != n || err != nil || r.Host == "" || len(r.Header) >= most {
				t.Errorf("%d bytes: %d bytes, %d fields, error %v", n, len(head), len(r.Header)+1, err)
			}
		}
	}
}

func TestSameAnswer(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"45 1 4 11 a b", "45 1 4 11 a b", true},
		{"45 1 4 11 a b", "45 1 4 11 - b", true},
		{"45 1 4 11 a b", "45 1 4 11 c b", false},
		{"45 1 4 11 a b", "45 1 4 11 - c", false},
		{"45 1 4 11 a b", "refuses", false},
		{"45 1 4 11 a b c 0 true 1/false", "45 1 4 11 - b c 0 true -", true},
		{"45 1 4 11 a b c 0 true 1/false", "45 1 4 11 - b c 0 false -", false},
	} {
		if sameAnswer(c.a, c.b) != c.want || sameAnswer(c.b, c.a) != c.want {
			t.Errorf("%q and %q: same is not %v", c.a, c.b, c.want)
		}
	}
}

const ownHead = "GET /a HTTP/1.1\r\nHost: example.com\r\n\r\n"

func TestOwnHeads(t *testing.T) {
	post := "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nGET /"
	chunks := "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n0\r\nA: b\r\n\r\n"
	line := base64.StdEncoding.EncodeToString([]byte(ownHead)) + "\n"
	for _, c := range []struct {
		file  string
		heads int
		ok    bool
	}{
		{ownHead, 1, true},
		{ownHead + ownHead, 2, true},
		{post + ownHead, 2, true},
		{chunks + ownHead, 2, true},
		{line + "\r\n" + line, 2, true},
		{ownHead + "GET", 1, false},
		{ownHead + "GET / HTTP/1.1\r\nHost : h\r\n\r\n", 1, false},
		{post[:len(post)-2], 1, true},
	} {
		var heads [][]byte
		var err error
		for _, m := range messagesOf([]byte(c.file)) {
			var more [][]byte
			more, err = headsOf(m, false)
			heads = append(heads, more...)
		}
		if len(heads) != c.heads || (err == nil) != c.ok {
			t.Errorf("%q: %d heads, error %v", c.file, len(heads), err)
		}
	}
}

// TestOwn shows that what not all parsers read alike is named and left out: a
// head, or the parser if there are many.
func TestOwn(t *testing.T) {
	t.Chdir("..")
	o := testOptions(t)
	absolute := "GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n" // nbio wants "/" or "*"
	dir := t.TempDir()
	for _, c := range []struct {
		heads string
		serve bool
		want  []string
	}{
		{ownHead + absolute + ownHead, false, []string{"nbio reads 1 of 3 heads otherwise", "corpus own: 2 heads", "\nnbio "}},
		{ownHead + absolute + absolute, false, []string{"nbio reads 2 of 3 heads otherwise", "corpus own: 3 heads"}},
		{ownHead + "G\x00T", false, []string{"after 1 heads: ", "corpus own: 1 heads"}},
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

// reportForTest has figures that were not measured: a parser is as fast as its
// place, and the last one has none in the first column.
func reportForTest() *report {
	r := &report{kept: 50000, about: []string{"CPU:     a CPU"}, o: options{kernels: []string{"avx512", "generic"}, slot: time.Second}}
	for _, name := range []string{"Serve", "Family", "Size", "Kernel", "Reject"} {
		a := axis{name: name, title: name}
		for i := range 3 {
			t := task{name: []string{"tiny", "chrome", "mixed"}[i], bars: name != "Reject", parsers: slices.Concat(r.o.kernels, []string{picoNative, picoScalar, "httparse", "net/http"})}
			c := column{title: fmt.Sprintf("column%d, 1 B", i), key: fmt.Sprint("head=", i), task: t, cells: &result{task: t}}
			c.cells.facts = facts{messages: 2, bytes: 100 << i}
			c.cells.differ = differences{}
			names := t.parsers
			if t.bars {
				names = append(slices.Clone(names), "memchr")
			} else {
				c.task.command = "refuse"
			}
			for k, name := range names {
				if i == 0 && name == "net/http" {
					c.cells.differ.add(name, 0, "waits")
					continue
				}
				ns := float64(10 * (k + 1))
				c.cells.sides = append(c.cells.sides, &side{name: name, passes: 7, threads: 1, times: []float64{ns, ns, ns + 1}})
			}
			a.columns = append(a.columns, c)
		}
		r.axes = append(r.axes, a)
	}
	r.memory = []memory{{"picohttp", 1600, 2, 7 * time.Millisecond}, {"httparse", 1400, 0, 0}}
	return r
}

// TestReportText holds each line to the format that benchstat reads.
func TestReportText(t *testing.T) {
	var out bytes.Buffer
	if err := reportForTest().text(&out); err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`^Benchmark[A-Z][a-z]*(/[a-z]+=[A-Za-z0-9._-]+)+ \t[0-9]+(\t[0-9.]+ [A-Za-z/]+)+$`)
	results := 0
	for text := range strings.Lines(out.String()) {
		text = strings.TrimSuffix(text, "\n")
		if strings.HasPrefix(text, "Benchmark") {
			results++
			if !line.MatchString(text) {
				t.Errorf("%q", text)
			}
		} else if !regexp.MustCompile(`^(#|goos: |goarch: |pkg: |cpu: )`).MatchString(text) {
			t.Errorf("%q", text)
		}
	}
	if want := 3 * (4*(6+7+7) + (5 + 6 + 6)); results != want+2 {
		t.Errorf("%d results, want %d", results, want+2)
	}
	if want := "BenchmarkFamily/head=2/parser=picohttpparser-scalar \t14\t41.00 ns/op\t4878.0 MB/s\n"; !strings.Contains(out.String(), want) {
		t.Errorf("no %q", want)
	}
}

func TestReportMarkdown(t *testing.T) {
	var out bytes.Buffer
	if err := reportForTest().markdown(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\n| picohttp avx512 | 10.0 | 10.0 | 10.0 |\n",
		"\n| picohttp avx512 | 0.33 | 0.33 | 0.33 |\n",
		"\n| picohttpparser | 1.00 | 1.00 | 1.00 |\n",
		"The generic kernel as a ratio to picohttpparser scalar: column0, 1 B 0.50; ",
		"\n| net/http | - | 60.0 | 60.0 |\n",
		"\n| net/http | waits | 60.0 | 60.0 |\n",
		"\nnet/http has no figure for column0, 1 B: waits\n",
		"\n| picohttp | 1600 | 2 | 7.0 |\n",
		"\n| httparse | 1400 | - | - |\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
}

// TestCharts shows that charts are XML, name every parser they show, and say what
// their figures are of.
func TestCharts(t *testing.T) {
	r := reportForTest()
	for _, theme := range themes {
		for _, c := range charts {
			var out bytes.Buffer
			if err := c.draw(r, theme, &out); err != nil {
				t.Fatal(err)
			}
			var words []string
			for d := xml.NewDecoder(&out); ; {
				token, err := d.Token()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatalf("%s-%s: %v", c.name, theme.name, err)
				}
				if text, ok := token.(xml.CharData); ok {
					words = append(words, string(text))
				}
			}
			all := strings.Join(words, "\n")
			for _, want := range []string{"picohttp avx512", "picohttp generic", "picohttpparser", "httparse", "net/http", "a CPU"} {
				if !strings.Contains(all, want) {
					t.Errorf("%s-%s: no %q in %q", c.name, theme.name, want, all)
				}
			}
		}
	}
}

func TestSpreadOut(t *testing.T) {
	at := []vg.Length{100, 99, 98, 50, 10, 1, 0}
	spreadOut(at, 11, 0, 100)
	for i, y := range at {
		if y < -1 || y > 101 || i > 0 && at[i-1]-y < 10 {
			t.Fatalf("%v", at)
		}
	}
}

func TestDecades(t *testing.T) {
	var labels []string
	for _, tick := range (decades{}).Ticks(0.3, 20) {
		labels = append(labels, tick.Label)
	}
	if got := strings.Join(labels, " "); got != "0.5 1 2 5 10 20" {
		t.Errorf("ticks are %s", got)
	}
}

// testOptions skips a test without picohttpparser, and fails in CI if any parser
// is missing.
func testOptions(t *testing.T) options {
	t.Helper()
	if err := missing(io.Discard, true); err != nil {
		if os.Getenv("CI") != "true" {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	return options{kernels: kernels(), cpu: -1, rounds: 1, slot: time.Millisecond, paths: request}
}
