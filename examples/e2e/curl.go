package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// testCurl asks curl, which nobody here wrote.
func (s server) testCurl(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("curl is not there, and CI must have it")
		}
		t.Skip("curl is not there")
	}
	mebibyte := strings.Repeat("0123456789abcdef", 1<<16)
	url := "http://" + s.addr
	tests := []struct {
		name  string
		stdin string
		args  string // of curl, besides -sS -v
		out   string // all of standard output
		log   string // lines that are in the log, separated by |; but for fields, one after the other
	}{
		{"plain", "", "/", "Hello, World!", "< HTTP/1.1 200 OK|< Content-Type: text/plain|< Content-Length: 13"},
		{"json", "", "/json", `{"message":"Hello, World!"}`, "< HTTP/1.1 200 OK|< Content-Type: application/json"},
		{"head", "", "-I -o /dev/null /json", "", "> HEAD /json HTTP/1.1|< HTTP/1.1 200 OK|< Content-Length: 27"},
		{"HTTP/1.0", "", "-0 /", "Hello, World!", "> GET / HTTP/1.0|< HTTP/1.1 200 OK|< Connection: close|Closing connection"},
		{"HTTP/1.0 keep-alive", "", "-0 -H Connection:keep-alive / /", "Hello, World!Hello, World!", "< Connection: keep-alive|Re-using existing connection"},
		{"keep-alive", "", "/ /json", `Hello, World!{"message":"Hello, World!"}`, "< HTTP/1.1 200 OK|Re-using existing connection|< HTTP/1.1 200 OK"},
		{"close", "", "-H Connection:close /", "Hello, World!", "< Connection: close"},
		{"not found", "", "-o /dev/null /nowhere", "", "< HTTP/1.1 404 Not Found"},
		{"method", "", "-o /dev/null -X DELETE /json", "", "< HTTP/1.1 405 Method Not Allowed|< Allow: GET, HEAD"},
		{"options", "", "-X OPTIONS --request-target * /", "", "> OPTIONS * HTTP/1.1|< HTTP/1.1 204 No Content|< Allow: GET, HEAD, POST"},
		{"echo", "hello", "-d @- /echo", "hello", "> Content-Length: 5|< Content-Length: 5"},
		{"echo chunked", mebibyte, "-X POST -H Transfer-Encoding:chunked -T - /echo", mebibyte, "< Transfer-Encoding: chunked"},
		{"echo HTTP/1.0", "hello", "-0 -d @- /echo", "hello", "< Content-Length: 5|< Connection: close"},
		{"upload", "123456789", "--data-binary @- /upload", `{"size":9,"trailers":0,"crc32":"cbf43926"}`, "< HTTP/1.1 200 OK"},
		{"upload chunked", "123456789", "-X POST -H Transfer-Encoding:chunked -T - /upload", `{"size":9,"trailers":0,"crc32":"cbf43926"}`, "> Transfer-Encoding:chunked|< HTTP/1.1 200 OK"},
		{"continue", mebibyte, "-H Expect:100-continue --data-binary @- /echo", mebibyte, "> Expect:100-continue|< HTTP/1.1 100 Continue|< HTTP/1.1 200 OK|< Content-Length: 1048576"},
		{"continue refused", mebibyte, "-o /dev/null -H Expect:100-continue --data-binary @- /nowhere", "", "> Expect:100-continue|< HTTP/1.1 404 Not Found|< Connection: close"},
		{"other expectation", "hello", "-o /dev/null -H Expect:wonders -d @- /echo", "", "< HTTP/1.1 417 Expectation Failed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			args := []string{"-sS", "-v", "--max-time", "10", "--noproxy", "*"}
			for _, arg := range strings.Fields(test.args) {
				if strings.HasPrefix(arg, "/") && arg != "/dev/null" {
					arg = url + arg
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
				t.Errorf("%d octets, want %d: %.100q", out.Len(), len(test.out), &out)
			}
			rest := log.String()
			for line := range strings.SplitSeq(test.log, "|") {
				if strings.HasPrefix(line, "< ") && strings.Contains(line, ": ") && strings.Contains(log.String(), line) {
					continue
				}
				_, after, found := strings.Cut(rest, line)
				if !found {
					t.Fatalf("no %q (there) in\n%s", line, &log)
				}
				rest = after
			}
		})
	}
}
