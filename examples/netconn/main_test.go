package main

import (
	"cmp"
	"fmt"
	"io"
	"net"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/examples/e2e"
)

func TestServer(t *testing.T) { e2e.Test(t, start) }

func TestStop(t *testing.T) { e2e.TestStop(t, start) }

func start(t *testing.T, config e2e.Config) (addr string, stop func()) {
	limits, times, s := config.Limits, config.Timeouts, NewServer()
	s.Parser = limits.Parser // the vectors are for its defaults
	s.MaxBody, s.MaxUnread = cmp.Or(limits.MaxBody, s.MaxBody), cmp.Or(limits.MaxUnread, s.MaxUnread)
	s.Idle, s.Head = cmp.Or(times.Idle, s.Idle), cmp.Or(times.Head, s.Head)
	s.Body, s.Write = cmp.Or(times.Body, s.Body), cmp.Or(times.Write, s.Write)
	s.MinRate = 5 // e2e sends a byte each tenth of a second
	return e2e.Serve(t, s.Serve)
}

// dial connects to a Server that waits 0.3 s for anything but a request, and for content
// at 100 bytes a second.
func dial(t *testing.T) net.Conn {
	s := NewServer()
	s.Head, s.Body, s.MinRate = 300*time.Millisecond, 300*time.Millisecond, 100
	addr, stop := e2e.Serve(t, s.Serve)
	t.Cleanup(stop)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	return conn
}

// TestDeadlines sends requests slowly. Of each it wants how the response begins, and in
// what time the connection ends.
func TestDeadlines(t *testing.T) {
	const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	const post = "POST /upload HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: "
	for _, test := range []struct {
		name, first, piece string // piece is sent every 50 ms
		pieces             int
		want               string
		least, most        time.Duration
	}{
		{"pipelined part of a head", get + "GET / HT", "", 0, "HTTP/1.1 200 OK", 200 * time.Millisecond, 2 * time.Second},
		{"head byte by byte", "GET / HTTP/1.1\r\nA: ", "x", 100, "", 200 * time.Millisecond, 2 * time.Second},
		{"content byte by byte", post + "1000\r\n\r\n", "x", 100, "", 300 * time.Millisecond, 2 * time.Second},
		{"content that stops", post + "100000\r\n\r\n" + strings.Repeat("x", 50000), "", 0, "", 200 * time.Millisecond, 2 * time.Second},
		{"content that takes its time", post + "300\r\n\r\n", "0123456789", 30, "HTTP/1.1 200 OK", time.Second, 5 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t)
			began := time.Now()
			go func() {
				io.WriteString(conn, test.first)
				for range test.pieces {
					time.Sleep(50 * time.Millisecond)
					if _, err := io.WriteString(conn, test.piece); err != nil {
						return
					}
				}
			}()
			got, _ := io.ReadAll(conn) // a RST is as good as an end
			if took := time.Since(began); took < test.least || took > test.most {
				t.Errorf("the connection ends after %v", took)
			}
			if !strings.HasPrefix(string(got), test.want) || test.want == "" && len(got) > 0 {
				t.Errorf("%q", got)
			}
		})
	}
}

// TestResponses sends requests, each in pieces with time between them, and wants all that
// comes back.
func TestResponses(t *testing.T) {
	const (
		echo    = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
		octets  = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n"
		proceed = "HTTP/1.1 100 Continue\r\n\r\n"
	)
	malformed := picohttp.ErrChunkSize.Rule() + " (RFC 9112, section 7.1)\n"
	for _, test := range []struct {
		name    string
		request []string
		want    string
	}{
		{"malformed from its first byte", []string{echo + "\r\nx"},
			fmt.Sprintf("HTTP/1.1 400 \r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(malformed), malformed)},
		{"malformed later", []string{echo + "\r\n1\r\nh\r\nx"}, octets + "\r\n1\r\nh\r\n"},
		{"one 100", []string{echo + "Expect: 100-continue\r\nConnection: close\r\n\r\n", "1", "\r", "\nh", "\r\n0\r\n\r\n"},
			proceed + octets + "Connection: close\r\n\r\n1\r\nh\r\n0\r\n\r\n"},
		{"no 100", []string{echo + "Expect: 100-continue\r\nConnection: close\r\n\r\n1\r\nh\r\n", "0\r\n\r\n"},
			octets + "Connection: close\r\n\r\n1\r\nh\r\n0\r\n\r\n"},
		{"another expectation", []string{"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\nContent-Length: 1\r\n\r\n"},
			"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 44\r\nConnection: close\r\n\r\nno expectation but 100-continue is met here\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t)
			go func() {
				for _, piece := range test.request {
					io.WriteString(conn, piece)
					time.Sleep(20 * time.Millisecond)
				}
			}()
			if got, err := io.ReadAll(conn); err != nil || string(got) != test.want {
				t.Errorf("%v\n%q\nwant\n%q", err, got, test.want)
			}
		})
	}
}

// TestClients has programs that others wrote be clients, on connections that are kept.
func TestClients(t *testing.T) {
	addr, stop := start(t, e2e.Config{})
	t.Cleanup(stop)
	for _, client := range []struct {
		command []string
		stdin   string
		want    string // matches what it prints
		never   string // does not
	}{
		{[]string{"ab", "-k", "-q", "-n", "1000", "-c", "10", "http://" + addr + "/"}, "",
			`Complete requests: +1000\nFailed requests: +0\nKeep-Alive requests: +1000\n`, `Non-2xx`},
		{[]string{"ab", "-k", "-q", "-n", "100", "-c", "10", "-p", "main.go", "http://" + addr + "/echo"}, "",
			`Complete requests: +100\nFailed requests: +0\nKeep-Alive requests: +100\n`, `Non-2xx`},
		{[]string{"wrk", "-t1", "-c10", "-d1s", "http://" + addr + "/json"}, "",
			`[1-9][0-9]* requests in`, `Socket errors|Non-2xx`},
		{[]string{"python3", "-", addr}, python, `^Hello, World! 27 hello, world hello 3 413 1$`, ``},
		{[]string{"node", "-", addr}, node, `^Hello, World! 27 hello, world 100 hello 2 3 413 1$`, ``},
	} {
		name := client.command[0]
		t.Run(name, func(t *testing.T) {
			e2e.Need(t, name)
			command := exec.Command(client.command[0], client.command[1:]...)
			command.Stdin = strings.NewReader(client.stdin)
			out, err := command.CombinedOutput()
			out = []byte(strings.TrimSpace(string(out)))
			if err != nil || !regexp.MustCompile(client.want).Match(out) || client.never != "" && regexp.MustCompile(client.never).Match(out) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// Both programs print the content of / and the length of /json by HEAD, what /echo returns
// of chunks and of content with an Expect, how many bytes /upload counts, its status for too
// many, and how many connections that took. http.client does not wait for 100 (Continue).
// node does, and prints it, as it prints the number of trailer fields.
const (
	python = `
import http.client, json, sys
c = http.client.HTTPConnection(sys.argv[1], timeout=10)
connections = 0
connect = c.connect
def counted():
    global connections
    connections += 1
    connect()
c.connect = counted
def ask(method, path, content=None, header={}, **more):
    c.request(method, path, content, header, **more)
    r = c.getresponse()
    return r, r.read().decode()
print(ask("GET", "/")[1], ask("HEAD", "/json")[0].getheader("Content-Length"),
    ask("POST", "/echo", iter([b"hello, ", b"world"]), encode_chunked=True)[1],
    ask("POST", "/echo", b"hello", {"Expect": "100-continue"})[1],
    json.loads(ask("POST", "/upload", b"abc")[1])["size"],
    ask("POST", "/upload", b"", {"Content-Length": "99999999"})[0].status, connections)
`
	node = `
const http = require("http"), [host, port] = process.argv[2].split(":")
const agent = new http.Agent({keepAlive: true, maxSockets: 1}), sockets = new Set()
function ask(method, path, headers, send) {
	return new Promise((resolve, reject) => {
		const r = http.request({host, port, path, method, headers, agent, timeout: 10000})
		let informed = 0
		r.on("socket", s => sockets.add(s)).on("error", reject).on("timeout", () => reject(new Error("timeout")))
		r.on("continue", () => { informed = 100; r.end("hello") })
		r.on("response", m => { let text = ""; m.on("data", d => text += d).on("end", () => resolve({m, text, informed})) })
		send(r)
	})
}
async function main() {
	const plain = await ask("GET", "/", {}, r => r.end())
	const head = await ask("HEAD", "/json", {}, r => r.end())
	const chunks = await ask("POST", "/echo", {}, r => { r.write("hello, "); setTimeout(() => r.end("world"), 20) })
	const waited = await ask("POST", "/echo", {Expect: "100-continue", "Content-Length": 5}, r => r.flushHeaders())
	const upload = JSON.parse((await ask("POST", "/upload", {"Transfer-Encoding": "chunked", Trailer: "A, B"}, r => {
		r.write("abc"); r.addTrailers({A: "1", B: "2"}); r.end() })).text)
	const large = await ask("POST", "/upload", {"Content-Length": 99999999}, r => r.flushHeaders())
	console.log(plain.text, head.m.headers["content-length"], chunks.text, waited.informed, waited.text,
		upload.trailers, upload.size, large.m.statusCode, sockets.size)
	process.exit()
}
main().catch(err => { console.log(err); process.exit(1) })
`
)
