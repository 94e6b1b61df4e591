package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/picohttp/picohttp/examples/e2e"
)

// run runs a command that must succeed, and returns its output.
func run(t *testing.T, stdin, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	command := exec.CommandContext(ctx, name, args...)
	command.Stdin = strings.NewReader(stdin)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// expectText fails the test if one of the texts is not there, in this order.
func expectText(t *testing.T, out string, texts ...string) {
	t.Helper()
	rest := out
	for _, text := range texts {
		_, after, found := strings.Cut(rest, text)
		if !found {
			t.Fatalf("no %q there in\n%s", text, out)
		}
		rest = after
	}
}

// serveTools is what the programs here ask.
func serveTools(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/hints":
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		io.WriteString(w, "hinted")
	case "/echo":
		http.NewResponseController(w).EnableFullDuplex()
		w.Header().Set("Trailer", "Sum")
		if r.ContentLength >= 0 && r.Header.Get("TE") == "" {
			w.Header().Del("Trailer")
			w.Header().Set("Content-Length", fmt.Sprint(r.ContentLength))
		}
		io.Copy(w, r.Body)
		w.Header().Set("Sum", "<"+r.Trailer.Get("Sum")+">")
	default:
		io.WriteString(w, "Hello, World!")
	}
}

func TestAB(t *testing.T) {
	e2e.Need(t, "ab")
	out := run(t, "", "ab", "-q", "-k", "-n", "2000", "-c", "10", "http://"+startHTTP(t, serveTools, nil)+"/")
	expectText(t, out, "Complete requests:      2000\n", "Failed requests:        0\n", "Keep-Alive requests:    2000\n", "HTML transferred:       26000 bytes\n")
	if strings.Contains(out, "Non-2xx") {
		t.Error(out)
	}
	content := filepath.Join(t.TempDir(), "content")
	if err := os.WriteFile(content, bytes.Repeat([]byte("x"), 10000), 0o600); err != nil {
		t.Fatal(err)
	}
	out = run(t, "", "ab", "-q", "-k", "-n", "500", "-c", "10", "-p", content, "http://"+startHTTP(t, serveTools, nil)+"/echo")
	expectText(t, out, "Complete requests:      500\n", "Failed requests:        0\n", "Keep-Alive requests:    500\n", "HTML transferred:       5000000 bytes\n")
}

func TestWrk(t *testing.T) {
	e2e.Need(t, "wrk")
	for _, connections := range []string{"1", "32"} {
		out := run(t, "", "wrk", "-t1", "-c"+connections, "-d1s", "http://"+startHTTP(t, serveTools, nil)+"/")
		expectText(t, out, "requests in")
		if strings.Contains(out, "Non-2xx") || strings.Contains(out, "Socket errors") {
			t.Error(out)
		}
		_, rate, _ := strings.Cut(out, "Requests/sec:")
		t.Logf("%s connections: %s requests per second", connections, strings.Fields(rate)[0])
	}
}

const pythonClient = `
import http.client, sys
c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=10)
def ask(method, target, content=None, headers={}, **more):
    c.request(method, target, content, headers, **more)
    r = c.getresponse()
    return r, r.read()
r, content = ask("GET", "/")
assert (r.status, content) == (200, b"Hello, World!"), (r.status, content)
socket = c.sock
r, content = ask("HEAD", "/")
assert (content, r.getheader("Content-Length")) == (b"", "13")
r, content = ask("POST", "/echo", b"hello" * 100000)
assert content == b"hello" * 100000
r, content = ask("POST", "/echo", (b"piece%d" % i for i in range(1000)), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
assert content == b"".join(b"piece%d" % i for i in range(1000))
r, content = ask("GET", "http://127.0.0.1:%s/" % sys.argv[1], headers={"Connection": "close"})
assert content == b"Hello, World!" and r.getheader("Connection") == "close"
c.close()
c._http_vsn, c._http_vsn_str = 10, "HTTP/1.0"
r, content = ask("POST", "/echo", b"hello", headers={"TE": "trailers"})
assert content == b"hello" and r.getheader("Transfer-Encoding") is None and r.getheader("Connection") == "close"
print("passed")
`

func TestPython(t *testing.T) {
	e2e.Need(t, "python3")
	_, port, _ := net.SplitHostPort(startHTTP(t, serveTools, nil))
	expectText(t, run(t, pythonClient, "python3", "-", port), "passed\n")
}

const nodeClient = `
const http = require("http"), assert = require("assert"), port = process.argv[2]
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
let sockets = new Set()
function ask(options, pieces) {
	return new Promise((resolve, reject) => {
		const req = http.request({ host: "127.0.0.1", port, agent, ...options }, res => {
			let content = ""
			res.on("data", d => content += d)
			res.on("end", () => resolve({ res, content, hints }))
			res.on("error", reject)
		})
		let hints
		req.on("information", i => hints = i)
		req.on("continue", () => req.end("continued"))
		req.on("socket", s => sockets.add(s))
		req.on("error", reject)
		if (options.headers && options.headers.Expect) return req.flushHeaders()
		for (const p of pieces || []) req.write(p)
		if (pieces) req.addTrailers({ Sum: "42" })
		req.end()
	})
}
(async () => {
	let r = await ask({ path: "/" })
	assert.equal(r.content, "Hello, World!")
	r = await ask({ path: "/", method: "HEAD" })
	assert.equal(r.res.headers["content-length"], "13")
	r = await ask({ path: "/hints" })
	assert.equal(r.hints.statusCode, 103)
	assert.equal(r.hints.headers.link, "</style.css>; rel=preload")
	assert.equal(r.content, "hinted")
	r = await ask({ path: "/echo", method: "POST", headers: { TE: "trailers", Trailer: "Sum", Connection: "keep-alive, TE" } }, ["one", "two"])
	assert.equal(r.content, "onetwo")
	assert.equal(r.res.trailers.sum, "<42>")
	r = await ask({ path: "/echo", method: "POST", headers: { Expect: "100-continue", "Content-Length": 9 } })
	assert.equal(r.content, "continued")
	assert.equal(sockets.size, 1)
	console.log("passed")
	process.exit()
})().catch(e => { console.error(e); process.exit(1) })
`

// nodeBackend echoes content and trailer sections, and upgrades connections to bytes that come back.
const nodeBackend = `
const http = require("http")
const s = http.createServer((req, res) => {
	if (req.url === "/hints") res.writeEarlyHints({ link: "</style.css>; rel=preload" })
	if (req.method === "HEAD") return res.end()
	res.setHeader("Trailer", "Sum")
	req.on("data", d => res.write(d))
	req.on("end", () => { res.addTrailers({ Sum: req.trailers.sum || "none" }); res.end(req.method + " " + req.headers.host) })
})
s.on("upgrade", (req, socket, head) => {
	socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	socket.write(head)
	socket.pipe(socket)
})
s.listen(0, "127.0.0.1", () => console.log(s.address().port))
`

func TestNodeClient(t *testing.T) {
	e2e.Need(t, "node")
	_, port, _ := net.SplitHostPort(startHTTP(t, serveTools, nil))
	expectText(t, run(t, nodeClient, "node", "-", port), "passed\n")
}

// background starts a command, which the end of the test kills, and returns its output.
func background(t *testing.T, name string, args ...string) io.Reader {
	t.Helper()
	command := exec.Command(name, args...)
	out, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	return out
}

func TestNodeBackend(t *testing.T) {
	e2e.Need(t, "node")
	var port int
	if _, err := fmt.Fscan(background(t, "node", "-e", nodeBackend), &port); err != nil {
		t.Fatal(err)
	}
	c := dial(t, start(t, fmt.Sprintf("127.0.0.1:%d", port), nil))
	for range 3 {
		c.send("GET /hints HTTP/1.1\r\nHost: test\r\n\r\n").expect("GET", 103)
		if resp, content := c.expect("GET", 200); content != "GET test" || resp.Trailer.Get("Sum") != "none" {
			t.Errorf("%q %v", content, resp.Trailer)
		}
		c.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nSum: 42\r\n\r\n")
		if resp, content := c.expect("POST", 200); content != "hiPOST test" || resp.Trailer.Get("Sum") != "42" {
			t.Errorf("%q %v", content, resp.Trailer)
		}
		c.send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n").expect("HEAD", 200)
	}
	c.send("GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly")
	c.expect("GET", 101)
	c.send(" and late")
	c.CloseWrite()
	if got, err := io.ReadAll(c.r); err != nil || string(got) != "early and late" {
		t.Errorf("%q, %v", got, err)
	}
}

// nginxConfig ends connections often, so that the proxy meets ends of all kinds.
const nginxConfig = `
daemon off;
master_process off;
error_log stderr;
pid FOLDER/pid;
events {}
http {
	access_log off;
	client_body_temp_path FOLDER/t1; proxy_temp_path FOLDER/t2; fastcgi_temp_path FOLDER/t3; uwsgi_temp_path FOLDER/t4; scgi_temp_path FOLDER/t5;
	keepalive_requests 7;
	server {
		listen 127.0.0.1:PORT;
		root FOLDER;
		location /gone { return 204; }
		location /moved { return 301 /elsewhere; }
		location /host { return 200 "$http_host $http_via $http_x_forwarded_for"; }
	}
}
`

func TestNginxBackend(t *testing.T) {
	e2e.Need(t, "nginx")
	folder := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0") // for a free port
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	config := strings.NewReplacer("FOLDER", folder, "PORT", addr[strings.LastIndexByte(addr, ':')+1:]).Replace(nginxConfig)
	page := strings.Repeat("0123456789", 10000)
	for name, text := range map[string]string{"nginx.conf": config, "page": page} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	background(t, "nginx", "-e", "stderr", "-p", folder, "-c", filepath.Join(folder, "nginx.conf"))
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			break
		} else if time.Now().After(deadline) {
			t.Fatal("nginx does not listen")
		}
	}
	c := dial(t, start(t, addr, nil))
	for range 10 {
		resp, content := c.send("GET /page HTTP/1.1\r\nHost: test\r\n\r\n").expect("GET", 200)
		if content != page {
			t.Fatalf("%d bytes", len(content))
		}
		c.send("GET /page HTTP/1.1\r\nHost: test\r\nIf-None-Match: %s\r\n\r\n", resp.Header.Get("ETag")).expect("GET", 304)
		if resp, _ = c.send("HEAD /page HTTP/1.1\r\nHost: test\r\n\r\n").expect("HEAD", 200); resp.ContentLength != 100000 {
			t.Error(resp.ContentLength)
		}
		if _, content = c.send("GET /page HTTP/1.1\r\nHost: test\r\nRange: bytes=10-14\r\n\r\n").expect("GET", 206); content != "01234" {
			t.Errorf("%q", content)
		}
		c.send("GET /gone HTTP/1.1\r\nHost: test\r\n\r\n").expect("GET", 204)
		c.send("GET /moved HTTP/1.1\r\nHost: test\r\n\r\n").expect("GET", 301)
		c.send("POST /page HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello").expect("POST", 405)
		if _, content = c.send("GET http://Test:80/host HTTP/1.1\r\nHost: test\r\n\r\n").expect("GET", 200); content != "Test:80 1.1 proxy 127.0.0.1" {
			t.Errorf("%q", content)
		}
	}
}
