package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"unicode"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/internal/golden"
	"github.com/picohttp/picohttp/internal/vectors"
)

const (
	good    = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
	chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
)

func contentLength(value string) string {
	return "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + value + "\r\n\r\n"
}

// try runs the command with standard input and returns its outputs.
func try(stdin io.Reader, args ...string) (status int, stdout, stderr string) {
	var out, err strings.Builder
	status = run(args, stdin, &out, &err)
	return status, out.String(), err.String()
}

// argsOf returns the arguments that a vector has.
func argsOf(v vectors.Vector) []string {
	for _, line := range v.Lines {
		if line.Key == "args" {
			return line.Words
		}
	}
	return nil
}

// TestParse compares what the command writes with testdata/parse.txt. How the input arrives
// changes nothing, and a fault in reading or writing is an exit status.
func TestParse(t *testing.T) {
	golden.Check(t, "testdata/parse.txt", func(v vectors.Vector) string {
		text := func(stdin io.Reader) string {
			status, stdout, stderr := try(stdin, argsOf(v)...)
			for line := range strings.Lines(stderr) {
				stdout += "stderr: " + line
			}
			return fmt.Sprintf("%sstatus: %d", stdout, status)
		}
		all := text(bytes.NewReader(v.Input))
		pieces := text(iotest.OneByteReader(bytes.NewReader(v.Input)))
		if all != pieces && !strings.Contains(all, "malformed: ") { // which quotes what has arrived
			t.Errorf("%s: one byte at a time gives\n%s\nall at once\n%s", v.Name, pieces, all)
		}
		broken := text(io.MultiReader(bytes.NewReader(v.Input), iotest.ErrReader(errors.New("broken"))))
		if broken != all && (!strings.Contains(broken, "broken\nstatus: 1") || argsOf(v)[0] == "parse" && strings.Contains(broken, "incomplete")) {
			t.Errorf("%s: if reading fails at the end:\n%s", v.Name, broken)
		}
		for nth := range 4 {
			var stderr strings.Builder
			stdout := fullOnce(nth)
			status := run(argsOf(v), bytes.NewReader(v.Input), &stdout, &stderr)
			if stdout < 0 && (status != 1 || !strings.Contains(stderr.String(), "full")) {
				t.Errorf("%s: if write %d fails: status %d, %s", v.Name, nth, status, &stderr)
			}
		}
		return all
	})
	// The byte that is one too many is read, so that people see it.
	_, stdout, _ := try(iotest.OneByteReader(strings.NewReader(good)), "parse", "-max-head", "20")
	if !strings.Contains(stdout, "    Host:\n        ^ \":\"\n") {
		t.Error(stdout)
	}
}

// A fullOnce fails when it is 0.
type fullOnce int

func (f *fullOnce) Write(b []byte) (int, error) {
	if *f--; *f == -1 {
		return 0, errors.New("full")
	}
	return len(b), nil
}

// TestBatch compares the objects that batch writes with testdata/batch.txt. Nothing is left
// from a line to the next.
func TestBatch(t *testing.T) {
	golden.Check(t, "testdata/batch.txt", func(v vectors.Vector) string {
		line := base64.StdEncoding.EncodeToString(v.Input) + "\r\n"
		status, stdout, stderr := try(strings.NewReader(line+line), argsOf(v)...)
		first, second, _ := strings.Cut(stdout, "\n")
		if status != 0 || second != first+"\n" || stderr != "" {
			t.Errorf("%s: status %d\n%s%s", v.Name, status, stdout, stderr)
		}
		return first
	})
}

func TestFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("x", []byte(good), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args, stdout, stderr string // parts; "" if nothing is to be there
	}{
		{"parse x - x", "x: request 1\n\n  method     GET\n", ""},
		{"parse x - x", "\n\nstandard input: request 1\n", ""},
		{"parse -json x", `{"result":"complete","n":27`, ""},
		{"parse x y", "x: request 1\n", "picohttp: open y: "},
		{"parse .", "", "picohttp: read .: "},
	} {
		status, stdout, stderr := try(strings.NewReader(good), strings.Fields(test.args)...)
		if status != min(len(test.stderr), 1) ||
			!strings.Contains(stdout, test.stdout) || (test.stdout == "") != (stdout == "") ||
			!strings.Contains(stderr, test.stderr) || (test.stderr == "") != (stderr == "") {
			t.Errorf("picohttp %s: status %d\n%s%s", test.args, status, stdout, stderr)
		}
	}
}

// TestHelp: the help fits into 80 columns, has every flag and code, and says the true
// defaults.
func TestHelp(t *testing.T) {
	for args, want := range map[string]int{"help": 0, "parse -h": 0, "": exitUsage} {
		if status, stdout, stderr := try(nil, strings.Fields(args)...); status != want || stdout+stderr != help() {
			t.Errorf("%s: status %d\n%s%s", args, status, stdout, stderr)
		}
	}
	stdout := help()
	for line := range strings.Lines(stdout) {
		if len(line) > 80+len("\n") || strings.Contains(line, "\t") {
			t.Errorf("%q", line)
		}
	}
	f := flag.NewFlagSet("", flag.ContinueOnError)
	new(messageFlags).define(f)
	f.VisitAll(func(f *flag.Flag) {
		if !strings.Contains(stdout, "\n  -"+f.Name+" ") {
			t.Errorf("-%s is missing", f.Name)
		}
	})
	for d := range picohttp.AllDeviations.All() {
		if !strings.Contains(stdout, " "+d.Code()) {
			t.Errorf("%s is missing", d)
		}
	}
	for text, value := range map[string]int{
		"default 262144)":       picohttp.DefaultMaxHeadBytes,
		"default 64;":           picohttp.DefaultMaxMethodBytes,
		"default 16384;":        picohttp.DefaultMaxTargetBytes,
		"default 256)":          picohttp.DefaultMaxFields,
		"bytes (default 16384)": picohttp.DefaultMaxTrailerBytes,
		"default 1024)":         picohttp.DefaultMaxChunkExtBytes,
		"  (default 16384).":    picohttp.DefaultMaxChunkOverhead,
	} {
		if !strings.Contains(stdout, text) || !strings.Contains(text, strconv.Itoa(value)) {
			t.Errorf("%s: %d", text, value)
		}
	}
	// What the help says of -allow.
	const response = picohttp.AllDeviations &^ (picohttp.ValueNUL | picohttp.InvalidLine | picohttp.MixedLineEnds | picohttp.HostDiffers | picohttp.HostInvalid)
	const request = response &^ (picohttp.SpaceBeforeColon | picohttp.ChunkSpace | picohttp.RepeatedChunked | picohttp.CodingVersion)
	if picohttp.DefaultResponseDeviations != response || picohttp.DefaultRequestDeviations != request || picohttp.DefaultTrailerDeviations != 0 {
		t.Error("-allow has other defaults than the help says")
	}
}

// A repeater reads bytes, again and again, until there are n of them.
type repeater struct {
	bytes string
	at, n int
	room  int // the most that was asked for
}

func (r *repeater) Read(b []byte) (n int, err error) {
	r.room = max(r.room, len(b))
	if r.n == 0 {
		return 0, io.EOF
	}
	for b = b[:min(r.n, len(b))]; n < len(b); {
		m := copy(b[n:], r.bytes[r.at:])
		r.at = (r.at + m) % len(r.bytes)
		n += m
	}
	r.n -= n
	return n, nil
}

// TestParseBig: however much there is, parse holds at most about a head.
func TestParseBig(t *testing.T) {
	const size = 64 << 20
	const body, small = 64 << 10, 1 << 20 // what parse may hold: the most for a body, and for a head
	for _, test := range []struct {
		args, start, bytes string
		most               int
		want               string
	}{
		{"", "", "\x00", small, "malformed: invalid method"},
		{"", "GET / HTTP/1.1\r\nHost: ", "a", small, "malformed: head exceeds size limit"},
		{"", "GET /", "a", small, "malformed: request-target exceeds size limit"},
		{"", contentLength("67108864"), "\x00", body, "  body       67108864 bytes\n"},
		{"-json", contentLength("67108864"), "\x00", body, `"length":67108864`},
		{"", chunked + "4000000\r\n", "\x00", body, "67108864 bytes, and 9 bytes of chunked coding"},
		{"-kind chunked", "", "5\r\nhello\r\n", body, "33554431 bytes, and 33554433 bytes of chunked coding"},
		{"-kind chunked", "0\r\n\r\n", "x", body, "Not parsed: 67108864 bytes after the chunked body."},
		{"-kind response", "HTTP/1.1 200 OK\r\n\r\n", "x", body, "  body       67108864 bytes\n"},
	} {
		all := repeater{bytes: strings.Repeat(test.bytes, 1e5/len(test.bytes)), n: size}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, stdout, _ := try(io.MultiReader(strings.NewReader(test.start), &all), append([]string{"parse"}, strings.Fields(test.args)...)...)
		runtime.ReadMemStats(&after)
		if !strings.Contains(stdout, test.want) {
			t.Errorf("%q is not in\n%s", test.want, stdout)
		}
		if all.room > test.most {
			t.Errorf("%s, from %q on: a buffer of %d bytes", test.args, test.start, all.room)
		}
		if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 8<<20 {
			t.Errorf("%s, from %q on: %d bytes allocated", test.args, test.start, bytes)
		}
	}
}

// TestBatchAtOnce: batch writes an object before it reads the next line, and takes long
// lines.
func TestBatchAtOnce(t *testing.T) {
	in, stdin := io.Pipe()
	stdout, out := io.Pipe()
	done := make(chan int)
	go func() {
		done <- run([]string{"batch", "-max-head", "10000000"}, in, out, io.Discard)
		out.Close()
	}()
	objects := json.NewDecoder(stdout)
	long := "GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 5e6) + "\r\n\r\n"
	for _, message := range []string{good, long, good} {
		io.WriteString(stdin, base64.StdEncoding.EncodeToString([]byte(message))+"\n")
		var o outcome
		if err := objects.Decode(&o); err != nil || *o.N != int64(len(message)) {
			t.Errorf("%+v, %v", o, err)
		}
	}
	stdin.Close()
	if status := <-done; status != 0 {
		t.Errorf("status %d", status)
	}
}

// TestBatchLongLine: a line may have 64 MiB. A longer one is an error, and the next one is
// read.
func TestBatchLongLine(t *testing.T) {
	line := func(n int) io.Reader { return &repeater{bytes: strings.Repeat("AAAA", 1024), n: n} }
	for _, end := range []string{"\n", "\r\n"} {
		stdin := io.MultiReader(line(64<<20), strings.NewReader(end), line(64<<20+1), strings.NewReader(end+"\n"))
		status, stdout, stderr := try(stdin, "batch")
		const want = `{"result":"malformed","n":0,"error":"method","status":400}
{"result":"error","error":"line-too-long"}
{"result":"incomplete"}
`
		if status != 1 || stdout != want || stderr != "" {
			t.Errorf("%q: status %d\n%s%s", end, status, stdout, stderr)
		}
	}
	b, err := readLine(bufio.NewReader(line(4*maxLine)), nil)
	if err != nil || len(b) <= maxLine || cap(b) > 2*maxLine {
		t.Errorf("%d bytes in %d, %v", len(b), cap(b), err)
	}
}

// TestASCII: whatever the bytes, the output is printable ASCII, and a JSON string has them
// as in Latin-1.
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
				flags := strings.Fields("-kind " + kind + " -profile " + profile)
				_, text, _ := try(strings.NewReader(message), append([]string{"parse"}, flags...)...)
				_, object, _ := try(strings.NewReader(message), append([]string{"parse", "-json"}, flags...)...)
				if bad := regexp.MustCompile(`[^ -~\n]`).FindString(text + object); bad != "" {
					t.Fatalf("%q in %q", bad, text+object)
				}
				line := base64.StdEncoding.EncodeToString([]byte(message))
				if _, batch, _ := try(strings.NewReader(line), append([]string{"batch"}, flags...)...); batch != object {
					t.Errorf("%q, not\n%q", batch, object)
				}
				var o outcome
				if err := json.Unmarshal([]byte(object), &o); err != nil {
					t.Fatalf("%s: %v", object, err)
				}
				if fields := append(o.Fields, o.Trailers...); kind != "trailer" && profile == "strict" && o.Result == "complete" && fields[len(fields)-1][1] != "a"+string(rune(c))+"b" {
					t.Errorf("%q: %s", message, object)
				}
			}
		}
	}
}

// TestSafe: what a user or a name of a file says is printed without what controls a
// terminal.
func TestSafe(t *testing.T) {
	const bad = "\x1b]0;x\a\u009b\x9b\u202e\n"
	t.Chdir(t.TempDir())
	notWritten := os.WriteFile("x"+bad, []byte(good), 0o666) // not on every system
	for _, args := range [][]string{
		{bad}, {"kernels", bad}, {"kernels", "-" + bad}, {"batch", bad}, {"batch", "-" + bad},
		{"parse", "-" + bad}, {"parse", "-" + bad + "=x"}, {"parse", "x", "-" + bad}, {"parse", "-=" + bad}, {"parse", "-json=" + bad},
		{"parse", bad}, {"parse", "x" + bad}, {"parse", "-json", "x" + bad},
		{"parse", "-kind", bad}, {"parse", "-profile", bad}, {"parse", "-profile", "lenient", "-allow", bad}, {"parse", "-width", bad},
		{"parse", "-kind", "response", "-method", bad}, {"parse", "-max-head", bad}, {"parse", "-kind", "trailer", "-allow", bad},
	} {
		_, stdout, stderr := try(strings.NewReader(""), args...)
		unsafe := func(c rune) bool { return c != '\n' && (!unicode.IsPrint(c) || c == unicode.ReplacementChar) }
		if strings.ContainsFunc(stdout+stderr, unsafe) || strings.Count(stderr, "\n") > 2 {
			t.Errorf("%q: %q, %q", args, stdout, stderr)
		}
	}
	if _, stdout, _ := try(nil, "parse", "x"+bad); notWritten == nil && !strings.HasPrefix(stdout, `x\x1b]0;x\a\u009b\x9b\u202e\n: request 1`) {
		t.Errorf("%q", stdout)
	}
}

func TestKernels(t *testing.T) {
	_, object, _ := try(nil, "kernels", "-json")
	var report kernelReport
	if err := json.Unmarshal([]byte(object), &report); err != nil {
		t.Fatal(err)
	}
	status, text, stderr := try(nil, "kernels")
	if status != 0 || stderr != "" {
		t.Errorf("status %d, %s", status, stderr)
	}
	for i, k := range picohttp.Kernels() {
		used := k.Name == picohttp.Kernel()
		if report.Kernels[i] != (kernel{k.Name, k.Requires, k.Runs, used}) {
			t.Errorf("%+v is not %+v", report.Kernels[i], k)
		}
		for _, feature := range strings.Fields(k.Requires) {
			if k.Runs && !strings.Contains(text, feature+" ") && !strings.Contains(text, feature+"\n") {
				t.Errorf("%s runs, and %s is missing in\n%s", k.Name, feature, text)
			}
		}
	}
	for _, args := range []string{"kernels", "kernels -json", "help"} {
		stdout := fullOnce(0)
		if status := run(strings.Fields(args), nil, &stdout, io.Discard); status != 1 {
			t.Errorf("%s: if the write fails: status %d", args, status)
		}
	}
}
