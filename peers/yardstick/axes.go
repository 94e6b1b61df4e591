package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/picohttp/picohttp/internal/traffic"
	"github.com/picohttp/picohttp/internal/vectors"
)

// An axis is a table of the report: what is varied, from column to column.
type axis struct {
	name    string // of the benchmark: Benchmark<name>
	title   string
	about   string
	columns []column
}

// A column is a task, and its place on the axis in words: head=chrome/delivery=64B.
type column struct {
	title string
	key   string
	task  task
	cells *result
}

// axes returns what the report measures.
func axes(o options) ([]axis, error) {
	every := allParsers()
	read := func(name string, messages [][]byte) task { return peerTask(name, messages, false) }
	byHead := func(name string, messages [][]byte) column {
		return column{title: fmt.Sprintf("%s, %d B", name, meanLength(messages)), key: "head=" + strings.ReplaceAll(name, " ", "-"), task: read(name, messages)}
	}

	families := axis{name: "Family", title: "Mixed traffic, and its eight families",
		about: "ns for a head: parsed, and every field name and value taken. A family is 30 different heads, shuffled; mixed is all 240. " +
			"llhttp, http_parser and the other parsers in Go also decide where the body ends."}
	byFamily := map[string][][]byte{}
	for _, h := range traffic.Heads(1) {
		byFamily[h.Family] = append(byFamily[h.Family], h.Bytes)
		byFamily["mixed"] = append(byFamily["mixed"], h.Bytes)
	}
	for _, family := range append(traffic.Families(), "mixed") {
		families.columns = append(families.columns, byHead(family, byFamily[family]))
	}

	heads := axis{name: "Head", title: "Single heads",
		about: "ns for a head, again and again, so that the branch predictor knows it by heart; see ../testdata/heads."}
	real, err := vectors.Heads("../testdata/heads")
	if err != nil {
		return nil, err
	}
	for _, h := range real {
		heads.columns = append(heads.columns, byHead(h.Name, [][]byte{h.Bytes}))
	}
	// picohttp's table has 64 fields: what is beyond it costs more.
	heads.columns = append(heads.columns, byHead("96 fields", [][]byte{sizedHead(6<<10, 96)}))
	chrome := real[slices.IndexFunc(real, func(h vectors.Head) bool { return h.Name == "chrome" })]
	cookies := real[slices.IndexFunc(real, func(h vectors.Head) bool { return h.Name == "cookies" })]

	serve := axis{name: "Serve", title: "Serve: from the bytes of a request to a decision",
		about: "ns for all that a server does before it can respond: the head is parsed; the request-target, Host, Content-Length, " +
			"Transfer-Encoding, Connection and Expect are checked; every field name and value is taken; and Accept-Encoding, Cookie and " +
			"a name that is absent are looked up. First mixed traffic and its families, then single heads, again and again. " +
			"nbio and antlabs/httparser look up nothing by name."}
	served := func(c column, key string) {
		c.key = key + "=" + strings.ReplaceAll(c.task.name, " ", "-")
		c.task = peerTask(c.task.name, c.task.messages, true)
		serve.columns = append(serve.columns, c)
	}
	for _, c := range families.columns {
		served(c, "family")
	}
	for _, c := range heads.columns {
		switch c.task.name {
		case "tiny", "curl", "load-generator", "firefox", "pico703", "chrome", "cookies", "96 fields":
			served(c, "head")
		}
	}

	kernelAxis := axis{name: "Kernel", title: "Kernels: Parse alone",
		about: "ns for a head without taking the fields, which picohttpparser has at hand then, and picohttp in offsets."}
	for _, name := range []string{"tiny", "pico703", "mixed"} {
		k, messages, err := corpus(name, request)
		if err != nil {
			return nil, err
		}
		c := byHead(name, messages)
		c.task = task{name: name, kind: k, messages: messages, command: "parse-request", bars: true,
			parsers: slices.Concat(o.kernels, []string{picoNative, picoScalar})}
		kernelAxis.columns = append(kernelAxis.columns, c)
	}

	delivery := axis{name: "Delivery", title: "Delivery in pieces",
		about: "ns for a head that arrives in pieces, until it is complete and all fields are taken. " +
			"httparse begins again with each piece, as its API has it; fasthttp and hertz do so inside."}
	for _, h := range []vectors.Head{chrome, cookies} {
		for _, pieces := range []struct {
			name string
			step int
		}{{"whole", len(h.Bytes)}, {"two", 0}, {"64B", 64}, {"1B", 1}} {
			t := read(h.Name, [][]byte{h.Bytes})
			t.command, t.step, t.bars = "deliver", pieces.step, false
			delivery.columns = append(delivery.columns,
				column{title: h.Name + ", " + pieces.name, key: "head=" + h.Name + "/delivery=" + pieces.name, task: t})
		}
	}

	rejection := axis{name: "Reject", title: "Rejection",
		about: "ns until a bad head is refused: the Chrome head with one octet changed. Who does not refuse it " +
			"accepts it, or waits for more of it."}
	for _, bad := range badHeads(chrome.Bytes) {
		t := read(bad.Name, [][]byte{bad.Bytes})
		t.command, t.bars = "refuse", false
		rejection.columns = append(rejection.columns, column{title: bad.Name, key: "head=" + bad.Name, task: t})
	}

	scale := axis{name: "Scale", title: "Scaling",
		about: "ns for a head of mixed traffic, in one thread and in two at once, on any CPU: of picohttp and of the parsers in Go " +
			"with GOMAXPROCS 1 and 2. The time is for all heads of all threads, so half of it is perfect scaling."}
	for _, threads := range []int{1, 2} {
		t := read("mixed", byFamily["mixed"])
		t.threads, t.bars = threads, false
		scale.columns = append(scale.columns,
			column{title: fmt.Sprintf("%d", threads), key: fmt.Sprintf("head=mixed/threads=%d", threads), task: t})
	}

	size := axis{name: "Size", title: "Size", about: "ns for one head of so many bytes, again and again: lines of about 64 bytes, from 4 KiB on 48 longer ones."}
	for n := 32; n <= 64<<10; n *= 2 {
		size.columns = append(size.columns,
			column{title: fmt.Sprintf("%d B", n), key: fmt.Sprintf("bytes=%d", n), task: read(fmt.Sprint(n), [][]byte{sizedHead(n, 48)})})
	}

	strictness := axis{name: "Strict", title: "What is refused",
		about: "What becomes of heads that RFC 9112 does not allow. Who accepts more has less to look at."}
	for _, d := range deviations {
		t := read(d.name, [][]byte{[]byte(d.head)})
		t.command, t.bars = "verdict", false
		t.parsers = slices.DeleteFunc(slices.Clone(every), func(p string) bool { // all kernels are of one mind, as are both builds
			return p == picoScalar || slices.Contains(o.kernels[1:], p)
		})
		strictness.columns = append(strictness.columns, column{title: d.name, key: "head=" + d.name, task: t})
	}
	return []axis{serve, families, heads, kernelAxis, delivery, rejection, scale, size, strictness}, nil
}

// deviations are heads that RFC 9112 does not allow, each for one reason.
var deviations = []struct{ name, head string }{
	{"method not a token", "G{T / HTTP/1.1\r\nHost: h\r\n\r\n"},
	{"two SP", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n"},
	{"control in target", "GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n"},
	{"obs-text in target", "GET /\xe9 HTTP/1.1\r\nHost: h\r\n\r\n"},
	{"http/1.1", "GET / http/1.1\r\nHost: h\r\n\r\n"},
	{"bare LF", "GET / HTTP/1.1\nHost: h\n\n"},
	{"no colon", "GET / HTTP/1.1\r\nHost: h\r\nName\r\n\r\n"},
	{"no name", "GET / HTTP/1.1\r\nHost: h\r\n: v\r\n\r\n"},
	{"SP in name", "GET / HTTP/1.1\r\nHost: h\r\nA name: v\r\n\r\n"},
	{"SP before colon", "GET / HTTP/1.1\r\nHost: h\r\nName : v\r\n\r\n"},
	{"not a token in name", "GET / HTTP/1.1\r\nHost: h\r\nN[]: v\r\n\r\n"},
	{"obs-fold", "GET / HTTP/1.1\r\nHost: h\r\nName: v\r\n more\r\n\r\n"},
	{"NUL in value", "GET / HTTP/1.1\r\nHost: h\r\nName: a\x00b\r\n\r\n"},
	{"control in value", "GET / HTTP/1.1\r\nHost: h\r\nName: a\x01b\r\n\r\n"},
	{"bare CR in value", "GET / HTTP/1.1\r\nHost: h\r\nName: a\rb\r\n\r\n"},
}

// badHeads returns copies of a head with a fault at the beginning, in the middle
// and at the end.
func badHeads(head []byte) []vectors.Head {
	with := func(name string, at int, octet byte) vectors.Head {
		b := bytes.Clone(head)
		b[at] = octet
		return vectors.Head{Name: name, Bytes: b}
	}
	agent := bytes.Index(head, []byte("\r\nUser-Agent"))
	return []vectors.Head{
		with("first-octet", 0, 0x16), // as of a TLS connection
		with("name-space", agent+len("\r\nUser"), ' '),
		with("value-nul", agent+40, 0),
		with("last-octet", len(head)-1, 'x'),
	}
}

// sizedHead returns a head of n bytes, 32 or more, with lines of about 64 bytes; if
// there are more than most of them, with so many longer ones.
func sizedHead(n, most int) []byte {
	const start = "GET / HTTP/1.1\r\n"
	lines := min(max(1, (n-len(start))/64), most)
	rest := n - len(start) - len("\r\n")
	head := []byte(start)
	for i := range lines {
		size := rest / (lines - i)
		name, text := "Host", "abcdefghijklmno.pqrstuvwxyz-0123456789"
		if i > 0 {
			name, text = fmt.Sprintf("X-Field-%d", i), "abcdefghijklmno pqrstuvwxyz/0123456789"
		}
		value := strings.Repeat(text, size/32+1)
		value = value[:size-len(name)-len(": x\r\n")] + "x" // an SP at the end would not be a part of it
		head = fmt.Appendf(head, "%s: %s\r\n", name, value)
		rest -= size
	}
	return append(head, "\r\n"...)
}

func meanLength(messages [][]byte) int { return len(bytes.Join(messages, nil)) / len(messages) }
