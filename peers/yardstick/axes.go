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

// axes returns what a report measures.
func axes(o options) ([]axis, error) {
	var failed error
	load := func(command string, names ...string) (tasks []task) {
		for _, name := range names {
			t, err := corpus(name)
			failed = errors.Join(failed, err)
			t.command, t.parsers = command, o.parsers
			tasks = append(tasks, t)
		}
		return tasks
	}
	made := func(command, title string, head []byte) task {
		return task{title: title, name: title, kind: request, messages: [][]byte{head}, command: command, parsers: o.parsers}
	}
	var mixed, heads []string
	for _, family := range traffic.Families() {
		mixed = append(mixed, "mixed/"+family)
	}
	mixed = append(mixed, "mixed")
	real, err := vectors.Heads("../testdata/heads")
	if err != nil {
		return nil, err
	}
	for _, h := range real {
		heads = append(heads, h.Name)
	}
	many := func(command string) task { return made(command, "96 fields, 6144 B", sizedHead(6<<10, 96)) }
	whole := load("deliver", "chrome", "cookies")

	serve := axis{title: "Serve: from the bytes of a request to a decision",
		about: "Each does all that a server does before it can respond: parses the head; checks the request-target, Host, " +
			"Content-Length, Transfer-Encoding, Connection and Expect; takes every field name and value; and looks up Accept-Encoding, Cookie " +
			"and a name that is absent. First mixed traffic and its families, then single heads, again and again.",
		tasks: slices.Concat(load("serve-request", mixed...),
			load("serve-request", "tiny", "curl", "load-generator", "firefox", "pico703", "chrome", "cookies"),
			[]task{many("serve-request")})}

	family := axis{title: "All fields taken: mixed traffic and its families",
		about: "Each parses the head, and takes every field name and value. A family is 30 different heads, shuffled; mixed is " +
			"all 240. llhttp, beast and the other parsers in Go also determine where the body ends.",
		tasks: load("read-request", mixed...)}

	alone := axis{title: "Parse alone",
		about: "Each parses the head, and no field is taken: picohttpparser and the others in C and Rust have all names and values at hand then, " +
			"and picohttp has their offsets. So this is less work for picohttp.",
		tasks: load("parse-request", "tiny", "pico703", "chrome", "mixed")}
	for i := range alone.tasks {
		alone.tasks[i].parsers = filter(o.parsers, func(p parser) bool { return !p.isGo() })
	}

	single := axis{title: "All fields taken: single heads",
		about: "Each parses the head, and takes every field name and value. It is the same head again and again, so the branch " +
			"predictor learns it completely. The heads are in ../testdata/heads.",
		tasks: append(load("read-request", heads...), many("read-request"))}

	delivery := axis{title: "Delivery in pieces",
		about: "Each parses a head that arrives in pieces, until it is complete, and takes every field name and value. " +
			"httparse parses again from the first byte with each piece, because it cannot continue; so does fasthttp."}
	rejection := axis{title: "Rejection",
		about: "Each rejects the same bad head: the Chrome head with one byte changed. A word instead " +
			"of a time says that the parser accepts the head, or waits for more."}
	size := axis{title: "Size", about: "Each parses one head, the same again and again, and takes every field name and value. " +
		"Lines have about 64 bytes; from 4 KiB on there are 48 longer ones."}
	if failed != nil {
		return nil, failed
	}
	for _, t := range whole {
		for _, pieces := range []struct {
			name string
			step int
		}{{"whole", len(t.messages[0])}, {"two", (len(t.messages[0]) + 1) / 2}, {"64B", 64}, {"1B", 1}} {
			name, _, _ := strings.Cut(t.title, ",")
			p := t
			p.title, p.step = name+", "+pieces.name, pieces.step
			delivery.tasks = append(delivery.tasks, p)
		}
	}
	chrome := whole[0].messages[0]
	agent := bytes.Index(chrome, []byte("\r\nUser-Agent"))
	for _, fault := range []struct {
		name string
		at   int
		with byte
	}{
		{"first-byte", 0, 0x16}, // the start of a TLS record
		{"name-space", agent + len("\r\nUser"), ' '},
		{"value-nul", agent + 40, 0},
		{"last-byte", len(chrome) - 1, 'x'},
	} {
		bad := bytes.Clone(chrome)
		bad[fault.at] = fault.with
		rejection.tasks = append(rejection.tasks, made("reject", fault.name, bad))
	}
	for n := 32; n <= 64<<10; n *= 2 {
		size.tasks = append(size.tasks, made("read-request", fmt.Sprintf("%d B", n), sizedHead(n, 48)))
	}
	strict := axis{title: "What is rejected", rejected: true,
		about: "Each gets heads that RFC 9112 does not allow. A parser that accepts more has less to check."}
	for _, d := range deviations {
		strict.tasks = append(strict.tasks, made("reject", d.name, []byte(d.head)))
	}
	return []axis{serve, family, alone, single, delivery, rejection, size, strict}, nil
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

// sizedHead returns a head of n bytes, which must be at least 32. It has lines of about 64 bytes, but
// at most as many as most; then they are longer.
func sizedHead(n, most int) []byte {
	head := []byte("GET / HTTP/1.1\r\n")
	name := "Host"
	for lines := min(max(1, (n-len(head))/64), most); lines > 0; lines-- {
		size := (n - len(head) - len("\r\n")) / lines
		value := strings.Repeat("abcdefghijklmno.pqrstuvwxyz-0123456789", size/32+1)
		head = fmt.Appendf(head, "%s: %s\r\n", name, value[:size-len(name)-len(": \r\n")])
		name = fmt.Sprintf("X-Field-%d", lines)
	}
	return append(head, "\r\n"...)
}
