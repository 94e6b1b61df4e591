package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/picohttp/picohttp/internal/traffic"
	"github.com/picohttp/picohttp/internal/vectors"
)

// An axis is a table of the report. From column to column one thing varies.
type axis struct {
	name    string // of the benchmark, Benchmark<name>
	title   string
	about   string // its first sentence names the work that all sides do
	columns []column
	shown   []parser // the rows, with the fastest build of each peer
}

// A column is a task and its result. The key is its place on the axis, as in
// head=chrome/delivery=64B.
type column struct {
	title string
	key   string
	task  task
	*result
}

// axes returns what the report measures.
func axes(o options) ([]axis, error) {
	var failed error
	load := func(name string) task {
		t, err := corpus(name)
		failed = errors.Join(failed, err)
		return o.peerTask(t, false)
	}
	made := func(name string, head []byte) task {
		return o.peerTask(task{name: name, messages: [][]byte{head}}, false)
	}
	byHead := func(t task, key string) column {
		size := len(bytes.Join(t.messages, nil)) / max(1, len(t.messages))
		return column{title: fmt.Sprintf("%s, %d B", t.name, size), key: key + "=" + strings.ReplaceAll(t.name, " ", "-"), task: t}
	}

	families := axis{name: "Family", title: "All fields taken: mixed traffic and its families",
		about: "Each parses the head, and takes every field name and value. ns for a head. A family is 30 different heads, shuffled; mixed is " +
			"all 240. llhttp, http_parser and the other parsers in Go also determine where the body ends."}
	for _, family := range traffic.Families() {
		t := load("mixed/" + family)
		t.file, t.name = t.name, family
		families.columns = append(families.columns, byHead(t, "head"))
	}
	families.columns = append(families.columns, byHead(load("mixed"), "head"))

	heads := axis{name: "Head", title: "All fields taken: single heads",
		about: "Each parses the head, and takes every field name and value. ns for a head, the same again and again, so that the branch " +
			"predictor knows it by heart; see ../testdata/heads."}
	real, err := vectors.Heads("../testdata/heads")
	if err != nil {
		return nil, err
	}
	for _, h := range real {
		heads.columns = append(heads.columns, byHead(load(h.Name), "head"))
	}
	heads.columns = append(heads.columns, byHead(made("96 fields", sizedHead(6<<10, 96)), "head"))
	chrome, cookies := load("chrome"), load("cookies")
	if failed != nil {
		return nil, failed
	}

	serve := axis{name: "Serve", title: "Serve: from the bytes of a request to a decision",
		about: "Each does all that a server does before it can respond: parses the head; checks the request-target, Host, " +
			"Content-Length, Transfer-Encoding, Connection and Expect; takes every field name and value; and looks up Accept-Encoding, " +
			"Cookie and a name that is absent. ns for a head: first mixed traffic and its families, then single heads, again and again. " +
			"nbio and antlabs/httparser look up nothing by name."}
	for _, c := range slices.Concat(families.columns, heads.columns) {
		key := "head"
		switch {
		case len(c.task.messages) > 1:
			key = "family"
		case !slices.Contains([]string{"tiny", "curl", "load-generator", "firefox", "pico703", "chrome", "cookies", "96 fields"}, c.task.name):
			continue
		}
		serve.columns = append(serve.columns, byHead(o.peerTask(c.task, true), key))
	}

	alone := axis{name: "Kernel", title: "Parse alone",
		about: "Each parses the head, and no field is taken: picohttpparser and the others in C and Rust have all names and values at hand then, " +
			"picohttp has their offsets, so this is less work for picohttp. ns for a head."}
	for _, name := range []string{"tiny", "pico703", "chrome", "mixed"} {
		c := byHead(load(name), "head")
		c.task.command = "parse-request"
		c.task.parsers = filter(o.parsers, func(p parser) bool { return !p.isGo() })
		alone.columns = append(alone.columns, c)
	}

	delivery := axis{name: "Delivery", title: "Delivery in pieces",
		about: "Each parses a head that arrives in pieces, until it is complete, and takes every field name and value. ns for a head. " +
			"httparse starts over with each piece, because its API has no other way; fasthttp and hertz do so inside."}
	for _, t := range []task{chrome, cookies} {
		for _, pieces := range []struct {
			name string
			step int
		}{{"whole", len(t.messages[0])}, {"two", 0}, {"64B", 64}, {"1B", 1}} {
			t.command, t.step, t.bars = "deliver", pieces.step, false
			delivery.columns = append(delivery.columns, column{title: t.name + ", " + pieces.name, key: "head=" + t.name + "/delivery=" + pieces.name, task: t})
		}
	}

	rejection := axis{name: "Reject", title: "Rejection",
		about: "Each rejects the same bad head: the Chrome head with one byte changed. ns until it is rejected. A word instead " +
			"of a time says that a parser accepts it, or waits for more of it."}
	for _, bad := range badHeads(chrome.messages[0]) {
		t := made(bad.Name, bad.Bytes)
		t.command, t.bars = "refuse", false
		rejection.columns = append(rejection.columns, column{title: bad.Name, key: "head=" + bad.Name, task: t})
	}

	scale := axis{name: "Scale", title: "Scaling",
		about: "Each parses mixed traffic, and takes every field name and value, in one thread and in two at once, on any CPU; picohttp and the " +
			"parsers in Go with GOMAXPROCS 1 and 2. ns for a head, counting those of all threads, so half of the time is perfect scaling."}
	for i, title := range []string{"one thread", "two threads"} {
		t := load("mixed")
		t.threads, t.bars = i+1, false
		scale.columns = append(scale.columns, column{title: title, key: fmt.Sprintf("head=mixed/threads=%d", i+1), task: t})
	}

	size := axis{name: "Size", title: "Size", about: "Each parses one head, the same again and again, and takes every field name and value. " +
		"ns for a head of so many bytes: lines of about 64 bytes, from 4 KiB on 48 longer ones."}
	for n := 32; n <= 64<<10; n *= 2 {
		title := fmt.Sprintf("%d B", n)
		size.columns = append(size.columns, column{title: title, key: fmt.Sprintf("bytes=%d", n), task: made(title, sizedHead(n, 48))})
	}

	strictness := axis{name: "Strict", title: "What is rejected",
		about: "Each is given heads that RFC 9112 does not allow. A parser that accepts more has less to look at."}
	for _, d := range deviations {
		t := made(d.name, []byte(d.head))
		t.command, t.bars = "verdict", false
		t.parsers = filter(t.parsers, func(p parser) bool { // all kernels agree, and so do both builds of picohttpparser
			return p.name == o.parsers[0].name || !p.kernel && p.peer != picoScalar
		})
		strictness.columns = append(strictness.columns, column{title: d.name, key: "head=" + d.name, task: t})
	}
	return []axis{serve, families, alone, heads, delivery, rejection, scale, size, strictness}, failed
}

// deviations are heads that RFC 9112 does not allow. Each has one fault.
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

// badHeads returns copies of a head, each with a fault: at the beginning, in the middle,
// or at the end.
func badHeads(head []byte) []vectors.Head {
	with := func(name string, at int, octet byte) vectors.Head {
		b := bytes.Clone(head)
		b[at] = octet
		return vectors.Head{Name: name, Bytes: b}
	}
	agent := bytes.Index(head, []byte("\r\nUser-Agent"))
	return []vectors.Head{
		with("first-octet", 0, 0x16), // the start of a TLS record
		with("name-space", agent+len("\r\nUser"), ' '),
		with("value-nul", agent+40, 0),
		with("last-octet", len(head)-1, 'x'),
	}
}

// sizedHead returns a head of n bytes, at least 32. Its lines are about 64 bytes long, or
// longer if there would be more than most of them.
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
		value = value[:size-len(name)-len(": x\r\n")] + "x" // a space at the end would not be part of the value
		head = fmt.Appendf(head, "%s: %s\r\n", name, value)
		rest -= size
	}
	return append(head, "\r\n"...)
}
