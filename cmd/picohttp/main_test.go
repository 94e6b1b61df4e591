package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"unicode"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/internal/golden"
	"github.com/picohttp/picohttp/internal/vectors"
)

const good = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

// try runs the command with standard input and returns its outputs.
func try(stdin io.Reader, args ...string) (status int, stdout, stderr string) {
	var out, err strings.Builder
	status = run(args, stdin, &out, &err)
	return status, out.String(), err.String()
}

// TestParse compares what the command writes with testdata/parse.txt. It also checks that
// splitting the input does not change the output, that an I/O error sets the exit status, and
// that the output has no terminal escapes.
func TestParse(t *testing.T) {
	golden.Check(t, "testdata/parse.txt", func(v vectors.Vector) string {
		args := v.Lines[0].Words
		text := func(stdin io.Reader) string {
			status, stdout, stderr := try(stdin, args...)
			for line := range strings.Lines(stderr) {
				stdout += "stderr: " + line
			}
			return fmt.Sprintf("%sstatus: %d", stdout, status)
		}
		all := text(bytes.NewReader(v.Input))
		if !isSafe(all) {
			t.Errorf("%s: %q", v.Name, all)
		}
		pieces := text(iotest.OneByteReader(bytes.NewReader(v.Input)))
		if all != pieces && !strings.Contains(all, "malformed: ") { // which quotes what has arrived
			t.Errorf("%s: one byte at a time gives\n%s\nall at once\n%s", v.Name, pieces, all)
		}
		broken := text(io.MultiReader(bytes.NewReader(v.Input), iotest.ErrReader(errors.New("broken"))))
		if broken != all && (!strings.Contains(broken, "broken\nstatus: 1") || args[0] == "parse" && strings.Contains(broken, "incomplete")) {
			t.Errorf("%s: if reading fails at the end:\n%s", v.Name, broken)
		}
		for nth := range 4 {
			var stderr strings.Builder
			stdout := fullOnce(nth)
			status := run(args, bytes.NewReader(v.Input), &stdout, &stderr)
			if stdout < 0 && (status != 1 || !strings.Contains(stderr.String(), "full")) {
				t.Errorf("%s: if write %d fails: status %d, %s", v.Name, nth, status, &stderr)
			}
		}
		return all
	})
	// parse reads the first byte over the limit, so that the message can show it.
	_, stdout, _ := try(iotest.OneByteReader(strings.NewReader(good)), "parse", "-max-head", "20")
	if !strings.Contains(stdout, "    Host:\n        ^ \":\"\n") {
		t.Error(stdout)
	}
	for file, want := range map[string]string{".": "picohttp: read .: ", "missing": "picohttp: open missing: "} {
		status, stdout, stderr := try(strings.NewReader(good), "parse", file, "-")
		if status != 1 || !strings.HasPrefix(stdout, "standard input: request 1\n") || !strings.HasPrefix(stderr, want) {
			t.Errorf("%s: status %d\n%s%s", file, status, stdout, stderr)
		}
	}
}

func isSafe(output string) bool {
	return !strings.ContainsFunc(output, func(c rune) bool {
		return c != '\n' && (!unicode.IsPrint(c) || c == unicode.ReplacementChar)
	})
}

// TestFileName checks that the name of a file is printed without terminal escapes.
func TestFileName(t *testing.T) {
	const bad = "x\x1b]0;x\a\u009b\x9b\u202e\n"
	t.Chdir(t.TempDir())
	for range 2 {
		_, stdout, stderr := try(nil, "parse", bad)
		if output := stdout + stderr; !isSafe(output) || !strings.Contains(output, `x\x1b]0;x\a\u009b\x9b\u202e\n: `) {
			t.Errorf("%q", output)
		}
		os.WriteFile(bad, []byte(good), 0o666) // not on every system
	}
}

// A fullOnce fails one write: the first if it is 0, the second if it is 1.
type fullOnce int

func (f *fullOnce) Write(b []byte) (int, error) {
	if *f--; *f == -1 {
		return 0, errors.New("full")
	}
	return len(b), nil
}

// TestBatch compares the objects that batch writes with testdata/batch.txt. It also checks that
// batch writes each object before it reads the next line, and keeps no state between lines.
func TestBatch(t *testing.T) {
	golden.Check(t, "testdata/batch.txt", func(v vectors.Vector) string {
		in, stdin := io.Pipe()
		stdout, out := io.Pipe()
		status := make(chan int)
		go func() { status <- run(v.Lines[0].Words, in, out, io.Discard) }()
		lines := bufio.NewScanner(stdout)
		var objects [2]string
		for i := range objects {
			io.WriteString(stdin, base64.StdEncoding.EncodeToString(v.Input)+"\r\n")
			lines.Scan()
			objects[i] = lines.Text()
		}
		stdin.Close()
		if status := <-status; status != 0 || objects[1] != objects[0] {
			t.Errorf("%s: status %d\n%s", v.Name, status, objects)
		}
		return objects[0]
	})
}

// TestHelp checks that the help fits into 80 columns.
func TestHelp(t *testing.T) {
	for _, args := range []string{"help", "parse -h"} {
		if status, stdout, stderr := try(nil, strings.Fields(args)...); status != 0 || stdout != help() || stderr != "" {
			t.Errorf("%s: status %d\n%s%s", args, status, stdout, stderr)
		}
	}
	for line := range strings.Lines(strings.ReplaceAll(help(), "    \t", "        ")) {
		if len(line) > 80+len("\n") || strings.Contains(line, "\t") {
			t.Errorf("%q", line)
		}
	}
	for _, args := range []string{"kernels", "help"} {
		stdout := fullOnce(0)
		if status := run([]string{args}, nil, &stdout, io.Discard); status != 1 {
			t.Errorf("%s: if the write fails: status %d", args, status)
		}
	}
}

// TestParseBig checks that parse needs little more memory than for one head, however large the
// input is.
func TestParseBig(t *testing.T) {
	const size = 64 << 20
	const body, small = 128 << 10, 4 << 20 // the most that parse may allocate, for a body and for a head
	const post = "POST / HTTP/1.1\r\nHost: x\r\n"
	for _, test := range []struct {
		args, start, bytes string
		most               uint64
		want               string
	}{
		{"", "", "\x00", small, "malformed: invalid method"},
		{"", "GET / HTTP/1.1\r\nHost: ", "a", small, "malformed: head exceeds size limit"},
		{"", "GET /", "a", small, "malformed: request-target exceeds size limit"},
		{"", post + "Content-Length: 67108864\r\n\r\n", "\x00", body, "  body       67108864 bytes\n"},
		{"-json", post + "Content-Length: 67108864\r\n\r\n", "\x00", body, `"length":67108864`},
		{"", post + "Transfer-Encoding: chunked\r\n\r\n4000000\r\n", "\x00", body, "not finished after 67108873 bytes"},
		{"-kind chunked", "", "5\r\nhello\r\n", body, "  body       33554430 bytes\n"},
		{"-kind chunked", "0\r\n\r\n", "x", body, "Not parsed: 67108864 bytes after the chunked body."},
		{"-kind response", "HTTP/1.1 200 OK\r\n\r\n", "x", body, "  body       67108864 bytes\n"},
	} {
		all := strings.NewReader(strings.Repeat(test.bytes, size/len(test.bytes)))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, stdout, _ := try(io.MultiReader(strings.NewReader(test.start), all), strings.Fields("parse "+test.args)...)
		runtime.ReadMemStats(&after)
		bytes := after.TotalAlloc - before.TotalAlloc
		if !strings.Contains(stdout, test.want) || bytes > test.most {
			t.Errorf("parse %s, from %q on: %d bytes allocated, want %q in\n%s", test.args, test.start, bytes, test.want, stdout)
		}
	}
}

// TestBatchLongLine checks that a line may have 64 MiB, and that batch writes an error for a
// longer line and reads the next one.
func TestBatchLongLine(t *testing.T) {
	line := strings.Repeat("A", 64<<20)
	for _, end := range []string{"\n", "\r\n"} {
		stdin := io.MultiReader(strings.NewReader(line+end), strings.NewReader(line+"A"+end+end))
		status, stdout, stderr := try(stdin, "batch")
		const want = `{"result":"malformed","n":0,"error":"method","status":400}
{"result":"error","error":"line-too-long"}
{"result":"incomplete"}
`
		if status != 1 || stdout != want || stderr != "" {
			t.Errorf("%q: status %d\n%s%s", end, status, stdout, stderr)
		}
	}
}

// TestASCII checks that the output is printable ASCII, whatever the bytes, and that JSON strings
// represent each byte as its Latin-1 character.
func TestASCII(t *testing.T) {
	for c := range 256 {
		b := "a" + string([]byte{byte(c)}) + "b"
		for kind, message := range map[string]string{
			"request":  "GET /" + b + " HTTP/1.1\r\nHost: x\r\nX: " + b + "\r\n\r\n",
			"response": "HTTP/1.1 200 " + b + "\r\nContent-Length: 0\r\nX: " + b + "\r\n\r\n",
			"trailer":  "X: " + b + "\r\nX" + b + ": y\r\n\r\n",
			"chunked":  "3;x=\"" + b + "\"\r\n" + b + "\r\n0\r\nX: " + b + "\r\n\r\n",
		} {
			for _, profile := range []string{"strict", "lenient -allow all", "pico"} {
				output := func(command, stdin string) string {
					args := strings.Fields(command + " -kind " + kind + " -profile " + profile)
					_, stdout, _ := try(strings.NewReader(stdin), args...)
					return stdout
				}
				text, object := output("parse", message), output("parse -json", message)
				if bad := regexp.MustCompile(`[^ -~\n]`).FindString(text + object); bad != "" {
					t.Fatalf("%q in %q", bad, text+object)
				}
				batch := output("batch", base64.StdEncoding.EncodeToString([]byte(message)))
				var o struct{ Fields, Trailers [][2]string }
				if err := json.Unmarshal([]byte(object), &o); err != nil || batch != object {
					t.Fatalf("%v: %q, not\n%q", err, batch, object)
				}
				fields := append(o.Fields, o.Trailers...)
				if kind != "trailer" && profile == "strict" && strings.Contains(object, "complete") &&
					fields[len(fields)-1][1] != "a"+string(rune(c))+"b" {
					t.Errorf("%q: %s", message, object)
				}
			}
		}
	}
}

// TestKernels checks that each kernel has a line, and that no missing feature is listed for a
// kernel that runs.
func TestKernels(t *testing.T) {
	status, stdout, stderr := try(nil, "kernels")
	yes := map[bool]string{true: "yes", false: "no"}
	for _, k := range picohttp.Kernels() {
		row := fmt.Sprintf(`(?m)^%s +%s +%s +(.*?) +%s$`, k.Name, yes[k.Runs], yes[k.Name == picohttp.Kernel()],
			cmp.Or(k.Requires, "nothing"))
		m := regexp.MustCompile(row).FindStringSubmatch(stdout)
		if m == nil || k.Runs && m[1] != "nothing" || !k.Runs && m[1] == "" {
			t.Errorf("%+v: %q", k, m)
		}
	}
	if status != 0 || stderr != "" || t.Failed() {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
}
