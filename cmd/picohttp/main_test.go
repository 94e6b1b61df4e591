package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/picohttp/picohttp"
)

const good = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

// try runs the command with standard input and returns its outputs.
func try(stdin string, args ...string) (status int, stdout, stderr string) {
	var out, err strings.Builder
	status = run(args, strings.NewReader(stdin), &out, &err)
	return status, out.String(), err.String()
}

// file writes a file and returns its name.
func file(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file.http")
	if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestStatus(t *testing.T) {
	goodFile := file(t, good)
	for _, test := range []struct {
		args   string
		stdin  string
		status int
		stdout string // a part of it; "" if nothing is to be there
		stderr string
	}{
		{"", "", 2, "", "Usage:"},
		{"help", "", 0, "Usage:", ""},
		{"parse -h", "", 0, "Usage:", ""},
		{"version", "", 0, "picohttp ", ""},
		{"version please", "", 2, "", `unexpected argument "please"`},
		{"serve", "", 2, "", `unknown command "serve"`},
		{"kernels", "", 0, "generic", ""},
		{"kernels all", "", 2, "", `unexpected argument "all"`},
		{"parse", good, 0, "standard input: request 1", ""},
		{"parse -", good, 0, "standard input: request 1", ""},
		{"parse", "GET  / HTTP/1.1\r\n\r\n", 1, "RFC 9112, section 3.2", ""},
		{"parse", "GET / HTTP/1.1\r\n", 1, "incomplete: the head goes on after 16 octets", ""},
		{"parse", "", 1, "", "standard input: empty"},
		{"parse", "\x7fELF\x02\x01\x01\x00", 1, "DEL", ""},
		{"parse " + goodFile, "", 0, goodFile + ": request 1", ""},
		{"parse " + goodFile + " " + goodFile + "x", "", 1, goodFile + ": request 1", "picohttp: open "},
		{"parse " + filepath.Dir(goodFile), "", 1, "", "picohttp: "},
		{"parse " + goodFile + " -json", "", 2, "", "flags go before"},
		{"parse -json " + goodFile, "", 0, `{"result":"complete","n":27`, ""},
		{"parse -json", "", 1, "", "empty"},
		{"parse -x", "", 2, "", "not defined: -x"},
		{"parse -kind response", "", 2, "", "not supported by this version"},
		{"parse -kind letter", "", 2, "", `unknown -kind "letter"`},
		{"parse -profile lenient", "", 2, "", "not supported by this version"},
		{"parse -max-head 0", "", 2, "", "less than 1"},
		{"parse -max-head 20", good, 1, "431", ""},
		{"parse -max-target 1", "GET /a HTTP/1.1\r\n\r\n", 1, "414", ""},
		{"parse -max-fields x", "", 2, "", "invalid value"},
		{"batch -profile pico", "", 2, "", "not supported by this version"},
		{"batch file", "", 2, "", `unexpected argument "file"`},
		{"batch", "", 0, "", ""},
		{"batch", "?\n", 1, "base64", ""},
	} {
		status, stdout, stderr := try(test.stdin, strings.Fields(test.args)...)
		if status != test.status ||
			!strings.Contains(stdout, test.stdout) || (test.stdout == "") != (stdout == "") ||
			!strings.Contains(stderr, test.stderr) || (test.stderr == "") != (stderr == "") {
			t.Errorf("picohttp %s: status %d, want %d\n%s%s", test.args, status, test.status, stdout, stderr)
		}
	}
}

func TestParse(t *testing.T) {
	const pipelined = "GET /\\ HTTP/1.0\r\n\r\n" +
		"\r\nPOST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nX-Latin: caf\xe9\t!\r\n\r\n" +
		"POST /b HTTP/1.1\r\nHost: x\r\nhost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
		"0\r\n\r\n"
	const want = `standard input: request 1

  octets   19
  method   GET
  target   /\\
  version  HTTP/1.0
  host
  fields   0

standard input: request 2, from offset 19 on

  octets   67
  method   POST
  target   /a
  version  HTTP/1.1
  host     x
  fields   3
     1  Host            x
     2  Content-Length  0
     3  X-Latin         caf\xe9\t!

standard input: request 3, from offset 86 on

  octets   66
  method   POST
  target   /b
  version  HTTP/1.1
  host     malformed: a request has one Host field (host-repeated)
  fields   3
     1  Host               x
     2  host               x
     3  Transfer-Encoding  chunked

  Behind the head, not parsed, as it may be a body: 5 octets.
`
	status, stdout, stderr := try(pipelined, "parse")
	if status != 0 || stdout != want || stderr != "" {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
	status, stdout, stderr = try(pipelined, "parse", "-json")
	if status != 0 || strings.Count(stdout, "\n") != 3 || !strings.Contains(stderr, "5 octets") {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
}

func TestParseMalformed(t *testing.T) {
	const want = `standard input: request 1

  octets   27
  method   GET
  target   /
  version  HTTP/1.1
  host     x
  fields   1
     1  Host  x

standard input: request 2, from offset 27 on, which is 0 below

malformed: a field value holds no control character but HTAB
in field line 1 (A), column 6 (offset 21)

    A: \xffb\x00\r\n
            ^ NUL

rule:   field-value, RFC 9110, section 5.5
status: 400 Bad Request
`
	input := good + "GET / HTTP/1.1\r\nA: \xffb\x00\r\n\r\n" + good
	status, stdout, stderr := try(input, "parse")
	if status != 1 || stdout != want || stderr != "" {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
}

func TestParseWidth(t *testing.T) {
	_, stdout, _ := try("GET /0123456789/0123456789 HTTP/1.1\r\nHost: x\r\nCookie: 0123456789/0123456789\r\n\r\n", "parse", "-width", "32")
	for _, want := range []string{"  target   /0123456789/012345...\n", "     2  Cookie  0123456789/01...\n"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in\n%s", want, stdout)
		}
	}
}

// An octetReader reads n octets, all of them c.
type octetReader struct {
	c byte
	n int
}

func (r *octetReader) Read(b []byte) (int, error) {
	if r.n == 0 {
		return 0, io.EOF
	}
	n := min(r.n, len(b))
	for i := range b[:n] {
		b[i] = r.c
	}
	r.n -= n
	return n, nil
}

// However much there is, parse holds at most about a head.
func TestParseBig(t *testing.T) {
	for _, test := range []struct {
		start string
		c     byte
		want  string
	}{
		{"", 0, "malformed: the method"},
		{"GET / HTTP/1.1\r\nHost: ", 'a', "malformed: the message head is longer"},
		{"GET /", 'a', "malformed: the request-target is longer"},
		{"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n", 0, "a body: 100000000 octets"},
	} {
		stdin := io.MultiReader(strings.NewReader(test.start), &octetReader{test.c, 1e8})
		var before, after runtime.MemStats
		var out strings.Builder
		runtime.ReadMemStats(&before)
		run([]string{"parse"}, stdin, &out, &out)
		runtime.ReadMemStats(&after)
		if !strings.Contains(out.String(), test.want) {
			t.Errorf("%q is not in\n%s", test.want, out.String())
		}
		if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 8<<20 {
			t.Errorf("for %q: %d bytes allocated", test.start, bytes)
		}
	}
}

// One octet at a time, and many heads, give what all at once does.
func TestParsePieces(t *testing.T) {
	input := strings.Repeat(good+"\r\n"+good, 100) + "GET\t"
	var whole, pieces strings.Builder
	run([]string{"parse"}, strings.NewReader(input), &whole, &whole)
	run([]string{"parse"}, oneByOne{strings.NewReader(input)}, &pieces, &pieces)
	if n := strings.Count(whole.String(), ": request"); whole.String() != pieces.String() || n != 201 {
		t.Errorf("%d heads in\n%s", n, pieces.String())
	}
}

type oneByOne struct{ r io.Reader }

func (o oneByOne) Read(b []byte) (int, error) { return o.r.Read(b[:min(1, len(b))]) }

func TestBatch(t *testing.T) {
	for _, test := range []struct{ message, want string }{
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\nbody", `{"result":"complete","n":27,"method":"GET","target":"/","minor":1,"fields":[["Host","x"]],"host":{"value":"x"}}`},
		{"GET /<&> HTTP/1.0\r\n\r\n", `{"result":"complete","n":21,"method":"GET","target":"/<&>","minor":0,"fields":[],"host":{"value":""}}`},
		{"GET / HTTP/1.1\r\nX:\t\"\xe9\x80\xff\\\t\x7e\r\n\r\n", `{"result":"complete","n":30,"method":"GET","target":"/","minor":1,"fields":[["X","\"é` + "\u0080" + `ÿ\\\t~"]],"host":{"error":"host-missing"}}`},
		{"GET / HTTP/1.1\r\nHost:\r\nhost:\r\n\r\n", `{"result":"complete","n":32,"method":"GET","target":"/","minor":1,"fields":[["Host",""],["host",""]],"host":{"error":"host-repeated"}}`},
		{"GET / HTTP/1.1\r\nHost:", `{"result":"incomplete"}`},
		{"", `{"result":"incomplete"}`},
		{"\x16\x03\x01", `{"result":"malformed","n":0,"error":"tls","status":400}`},
		{"PRI * HTTP/2.0\r\n", `{"result":"malformed","n":11,"error":"http2-preface","status":505}`},
	} {
		line := base64.StdEncoding.EncodeToString([]byte(test.message))
		status, stdout, stderr := try(line+"\r\n", "batch")
		if status != 0 || stdout != test.want+"\n" || stderr != "" {
			t.Errorf("%q: status %d\n%s%swant\n%s", test.message, status, stdout, stderr, test.want)
		}
	}
}

func TestBatchLines(t *testing.T) {
	const input = "!\n" + // no base64
		"\n" +
		"R0VUIA\n" + // no padding
		"R0VUIA==\r\n" +
		"FgMB" // no line end
	const want = `{"result":"error","error":"base64"}
{"result":"incomplete"}
{"result":"error","error":"base64"}
{"result":"incomplete"}
{"result":"malformed","n":0,"error":"tls","status":400}
`
	status, stdout, stderr := try(input, "batch")
	if status != 1 || stdout != want || stderr != "" {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
}

// Batch answers a line before it reads the next, and takes long ones.
func TestBatchAtOnce(t *testing.T) {
	in, stdin := io.Pipe()
	stdout, out := io.Pipe()
	done := make(chan int)
	go func() {
		done <- run([]string{"batch", "-max-head", "10000000"}, in, out, io.Discard)
		out.Close()
	}()
	answers := json.NewDecoder(stdout)
	long := "GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 5e6) + "\r\n\r\n"
	for _, message := range []string{good, long, good} {
		io.WriteString(stdin, base64.StdEncoding.EncodeToString([]byte(message))+"\n")
		var o outcome
		if err := answers.Decode(&o); err != nil || *o.N != len(message) {
			t.Errorf("%+v, %v", o, err)
		}
	}
	stdin.Close()
	if status := <-done; status != 0 {
		t.Errorf("status %d", status)
	}
}

// Whatever the octets, JSON is valid and says what the API does.
func TestJSON(t *testing.T) {
	for c := range 256 {
		message := "GET / HTTP/1.1\r\nHost: x\r\nX: a" + string([]byte{byte(c)}) + "b\r\n\r\n"
		_, stdout, _ := try(message, "parse", "-json")
		var o outcome
		if err := json.Unmarshal([]byte(stdout), &o); err != nil {
			t.Fatalf("%s: %v", stdout, err)
		}
		var r picohttp.Request
		n, err := r.Parse([]byte(message))
		var e picohttp.Error
		switch {
		case err == nil:
			if *o.N != n || o.Fields[1][1] != "a"+string(rune(c))+"b" {
				t.Errorf("%q: %s", message, stdout)
			}
		case errors.As(err, &e):
			if *o.N != n || o.Error != e.Code() || o.Status != e.Status() {
				t.Errorf("%q: %s", message, stdout)
			}
		default:
			t.Errorf("%q: %v", message, err)
		}
	}
}

func TestKernels(t *testing.T) {
	_, stdout, _ := try("", "kernels", "-json")
	var report kernelReport
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatal(err)
	}
	used := 0
	for _, k := range report.Kernels {
		if k.Used {
			used++
			if k.Name != picohttp.Kernel() || !k.Runs {
				t.Errorf("%+v is used", k)
			}
		}
	}
	if used != 1 {
		t.Errorf("%d kernels are used", used)
	}
}

// What cannot be written is an exit status, too.
func TestWriteError(t *testing.T) {
	for _, args := range [][]string{{"parse"}, {"parse", "-json"}, {"batch"}, {"kernels"}, {"help"}, {"version"}} {
		var stderr bytes.Buffer
		if status := run(args, strings.NewReader(good), full{}, &stderr); status != 1 || !strings.Contains(stderr.String(), "full") {
			t.Errorf("%s: status %d, %s", args, status, &stderr)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestReadError(t *testing.T) {
	for _, args := range [][]string{{"parse"}, {"batch"}} {
		var stderr bytes.Buffer
		stdin := io.MultiReader(strings.NewReader("GET /"), broken{})
		if status := run(args, stdin, io.Discard, &stderr); status != 1 || !strings.Contains(stderr.String(), "broken") {
			t.Errorf("%s: status %d, %s", args, status, &stderr)
		}
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("broken") }
