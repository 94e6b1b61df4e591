package e2e

import (
	"bytes"
	"context"
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// testCurl asks curl, which nobody here wrote.
func (s server) testCurl(t *testing.T) {
	Need(t, "curl")
	mebibyte := strings.Repeat("0123456789abcdef", 1<<16)
	for _, test := range []struct {
		name  string
		stdin string
		args  string // of curl, besides -sS -v
		out   string // all of standard output
		log   string // what is in the log, separated by |
	}{
		{"plain", "", "/", "Hello, World!", "< HTTP/1.1 200 OK|< Content-Type: text/plain|< Content-Length: 13"},
		{"head", "", "-I -o /dev/null /json", "", "> HEAD /json HTTP/1.1|< HTTP/1.1 200 OK|< Content-Length: 27"},
		{"HTTP/1.0", "", "-0 /", "Hello, World!", "> GET / HTTP/1.0|< HTTP/1.1 200 OK|< Connection: close|Closing connection"},
		{"HTTP/1.0 keep-alive", "", "-0 -H Connection:keep-alive / /", "Hello, World!Hello, World!", "< Connection: keep-alive|Re-using existing connection"},
		{"keep-alive", "", "/ /json", `Hello, World!{"message":"Hello, World!"}`, "Re-using existing connection|< Content-Type: application/json"},
		{"close", "", "-H Connection:close /", "Hello, World!", "< Connection: close"},
		{"not found", "", "-o /dev/null /nowhere", "", "< HTTP/1.1 404 Not Found"},
		{"method", "", "-o /dev/null -X DELETE /json", "", "< HTTP/1.1 405 Method Not Allowed|< Allow: GET, HEAD"},
		{"options", "", "-X OPTIONS --request-target * /", "", "> OPTIONS * HTTP/1.1|< HTTP/1.1 204 No Content|< Allow: GET, HEAD, POST"},
		{"echo chunked", mebibyte, "-X POST -H Transfer-Encoding:chunked -T - /echo", mebibyte, "< Transfer-Encoding: chunked"},
		{"echo HTTP/1.0", "hello", "-0 -d @- /echo", "hello", "< Content-Length: 5|< Connection: close"},
		{"continue", mebibyte, "-H Expect:100-continue --data-binary @- /echo", mebibyte, "> Expect:100-continue|< HTTP/1.1 100 Continue|< HTTP/1.1 200 OK|< Content-Length: 1048576"},
		{"continue rejected", mebibyte, "-o /dev/null -H Expect:100-continue --data-binary @- /nowhere", "", "> Expect:100-continue|< HTTP/1.1 404 Not Found|< Connection: close"},
		{"other expectation", "hello", "-o /dev/null -H Expect:wonders -d @- /echo", "", "< HTTP/1.1 417 Expectation Failed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			args := []string{"-sS", "-v", "--max-time", "10", "--noproxy", "*"}
			for _, arg := range strings.Fields(test.args) {
				if strings.HasPrefix(arg, "/") && arg != "/dev/null" {
					arg = "http://" + s.addr + arg
				}
				args = append(args, arg)
			}
			var out, log bytes.Buffer
			curl := exec.Command("curl", args...)
			curl.Stdin, curl.Stdout, curl.Stderr = strings.NewReader(test.stdin), &out, &log
			if err := curl.Run(); err != nil {
				t.Fatalf("%v\n%s", err, &log)
			}
			if out.String() != test.out {
				t.Errorf("%d bytes, want %d: %.100q", out.Len(), len(test.out), &out)
			}
			for line := range strings.SplitSeq(test.log, "|") {
				if !strings.Contains(log.String(), line) {
					t.Errorf("no %q in\n%s", line, &log)
				}
			}
		})
	}
}

// The programs print the content of / and the length of /json by HEAD, what /echo returns of
// chunks and of content with an Expect, how many bytes /upload counts, its status for too
// many, and how many connections that took. http.client does not wait for 100 (Continue).
// node does, and prints it, as it prints the number of trailer fields.
var (
	//go:embed client.py
	python string
	//go:embed client.js
	node string
)

// testClients has programs that others wrote be clients, on connections that are kept.
func (s server) testClients(t *testing.T) {
	url, file := "http://"+s.addr, filepath.Join(t.TempDir(), "content")
	if err := os.WriteFile(file, bytes.Repeat([]byte("x"), 10000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, client := range []struct{ command, stdin, want string }{ // want matches what it prints
		{"ab -k -q -n 1000 -c 10 " + url + "/", "", `Complete requests: +1000\nFailed requests: +0\nKeep-Alive requests: +1000\n[^N]*HTML transferred: +13000 `},
		{"ab -k -q -n 100 -c 10 -p " + file + " " + url + "/echo", "", `Complete requests: +100\nFailed requests: +0\nKeep-Alive requests: +100\n[^N]*HTML transferred: +1000000 `},
		{"wrk -t1 -c32 -d1s " + url + "/json", "", `[1-9][0-9]* requests in [^\n]*\nRequests/sec`}, // no line about errors
		{"python3 - " + s.addr, python, `^Hello, World! 27 hello, world hello 3 413 1\n$`},
		{"node - " + s.addr, node, `^Hello, World! 27 hello, world 100 hello 2 3 413 1\n$`},
	} {
		args := strings.Fields(client.command)
		t.Run(args[0], func(t *testing.T) {
			Need(t, args[0])
			if out := Run(t, client.stdin, args...); !regexp.MustCompile(client.want).MatchString(out) {
				t.Errorf("want %s in\n%s", client.want, out)
			}
		})
	}
}

// Run runs a command that must succeed in time, and returns its output.
func Run(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	command := exec.CommandContext(ctx, args[0], args[1:]...)
	command.Stdin = strings.NewReader(stdin)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", args[0], err, out)
	}
	return string(out)
}
