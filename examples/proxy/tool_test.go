package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/picohttp/picohttp/examples/e2e"
)

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

// nodeBackend echoes content and trailer sections.
const nodeBackend = `
const s = require("http").createServer((req, res) => {
	if (req.url === "/hints") res.writeEarlyHints({ link: "</style.css>; rel=preload" })
	if (req.method === "HEAD") return res.end()
	res.setHeader("Trailer", "Sum")
	req.on("data", d => res.write(d))
	req.on("end", () => { res.addTrailers({ Sum: req.trailers.sum || "none" }); res.end(req.method + " " + req.headers.host) })
})
s.listen(0, "127.0.0.1", () => console.log(s.address().port))
`

func TestNodeBackend(t *testing.T) {
	e2e.Need(t, "node")
	var port int
	if _, err := fmt.Fscan(background(t, "node", "-e", nodeBackend), &port); err != nil {
		t.Fatal(err)
	}
	c := e2e.Dial(t, start(t, fmt.Sprintf("127.0.0.1:%d", port), nil))
	for range 3 {
		c.Send("GET /hints HTTP/1.1\r\nHost: test\r\n\r\n").Expect("GET", 103)
		if r := c.Expect("GET", 200); r.Content != "GET test" || r.Trailer.Get("Sum") != "none" {
			t.Errorf("%q %v", r.Content, r.Trailer)
		}
		c.Send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nSum: 42\r\n\r\n")
		if r := c.Expect("POST", 200); r.Content != "hiPOST test" || r.Trailer.Get("Sum") != "42" {
			t.Errorf("%q %v", r.Content, r.Trailer)
		}
		c.Send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n").Expect("HEAD", 200)
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
		listen ADDR;
		root FOLDER;
		location /gone { return 204; }
		location /host { return 200 "$http_host $http_via $http_x_forwarded_for"; }
	}
}
`

func TestNginxBackend(t *testing.T) {
	e2e.Need(t, "nginx")
	folder := t.TempDir()
	l := e2e.Listen(t) // for a free port
	addr := l.Addr().String()
	l.Close()
	page := strings.Repeat("0123456789", 10000)
	for name, text := range map[string]string{"nginx.conf": strings.NewReplacer("FOLDER", folder, "ADDR", addr).Replace(nginxConfig), "page": page} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	background(t, "nginx", "-e", "stderr", "-p", folder, "-c", filepath.Join(folder, "nginx.conf"))
	c := e2e.Dial(t, start(t, addr, nil))
	for end := time.Now().Add(patience); c.Send(get).Expect("GET", 0).Status == 502 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond) // until nginx listens
	}
	for range 10 {
		r := c.Send("GET /page HTTP/1.1\r\nHost: test\r\n\r\n").Expect("GET", 200)
		if r.Content != page {
			t.Fatalf("%d bytes", len(r.Content))
		}
		c.Send("GET /page HTTP/1.1\r\nHost: test\r\nIf-None-Match: "+r.Header.Get("ETag")+"\r\n\r\n").Expect("GET", 304)
		if r = c.Send("HEAD /page HTTP/1.1\r\nHost: test\r\n\r\n").Expect("HEAD", 200); r.Header.Get("Content-Length") != "100000" {
			t.Error(r.Header)
		}
		c.Send("GET /gone HTTP/1.1\r\nHost: test\r\n\r\n").Expect("GET", 204)
		c.Send("POST /page HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello").Expect("POST", 405)
		if r = c.Send("GET http://Test:80/host HTTP/1.1\r\nHost: test\r\n\r\n").Expect("GET", 200); r.Content != "Test:80 1.1 proxy 127.0.0.1" {
			t.Errorf("%q", r.Content)
		}
	}
}
