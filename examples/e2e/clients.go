package e2e

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// testCurl asks curl, which nobody here wrote.
func testCurl(t *testing.T, addr string) {
	Need(t, "curl")
	for _, v := range Vectors(t, "../e2e/testdata/curl") {
		t.Run(v.Name, func(t *testing.T) {
			args := "-sS -v --max-time 10 --noproxy * " + strings.ReplaceAll(Text(v, "args"), "URL", "http://"+addr)
			curl := exec.Command("curl", strings.Fields(args)...)
			var out, log bytes.Buffer
			curl.Stdin, curl.Stdout, curl.Stderr = strings.NewReader(Text(v, "stdin")), &out, &log
			if err := curl.Run(); err != nil {
				t.Fatalf("%v\n%s", err, &log)
			}
			if want := Text(v, "out"); out.String() != want {
				t.Errorf("%d bytes, want %d: %.100q", out.Len(), len(want), &out)
			}
			for _, line := range v.Lines {
				if line.Key == "log" && !strings.Contains(log.String(), line.Words[0]) {
					t.Errorf("no %q in\n%s", line.Words[0], &log)
				}
			}
		})
	}
}

// testClients has programs that others wrote be clients, on connections that are kept.
//
// client.py and client.js print the content of / and the length of /json by HEAD, what /echo
// returns of chunks and of content with an Expect, how many bytes /upload counts, its status for
// too many, and how many connections that took. http.client does not wait for 100 (Continue).
// node does, and prints it, as it prints the number of trailer fields.
func testClients(t *testing.T, addr string) {
	url, file := "http://"+addr, filepath.Join(t.TempDir(), "content")
	if err := os.WriteFile(file, bytes.Repeat([]byte("x"), 10000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, client := range []struct{ command, want string }{ // want matches what it prints
		{"ab -k -q -n 1000 -c 10 " + url + "/",
			`requests: +1000\nFailed requests: +0\nKeep-Alive requests: +1000\n[^N]*HTML transferred: +13000 `},
		{"ab -k -q -n 100 -c 10 -p " + file + " " + url + "/echo",
			`requests: +100\nFailed requests: +0\nKeep-Alive requests: +100\n[^N]*HTML transferred: +1000000 `},
		{"wrk -t1 -c32 -d1s " + url + "/json", `[1-9][0-9]* requests in [^\n]*\nRequests/sec`}, // no line about errors
		{"python3 ../e2e/client.py " + addr, `^Hello, World! 27 hello, world hello 3 413 1\n$`},
		{"node ../e2e/client.js " + addr, `^Hello, World! 27 hello, world 100 hello 2 3 413 1\n$`},
	} {
		args := strings.Fields(client.command)
		t.Run(args[0], func(t *testing.T) {
			Need(t, args[0])
			os.Stat(args[1]) // if it is a program, the go command runs this test again after a change of it
			if out := Run(t, "", args...); !regexp.MustCompile(client.want).MatchString(out) {
				t.Errorf("want %s in\n%s", client.want, out)
			}
		})
	}
}

// Run runs a command that must succeed in time, and returns its output.
func Run(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*patience) // it may have to build
	defer cancel()
	command := exec.CommandContext(ctx, args[0], args[1:]...)
	command.WaitDelay = time.Second // what it has started may keep its output open
	command.Stdin = strings.NewReader(stdin)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", args[0], err, out)
	}
	return string(out)
}
