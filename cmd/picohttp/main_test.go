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
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/picohttp/picohttp"
)

const (
	good    = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
	chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
)

func contentLength(value string) string {
	return "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + value + "\r\n\r\n"
}

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
	long := strings.Repeat("a", 16<<10-142) // so that the bytes move when the end is read
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
		{"parse", "GET  / HTTP/1.1\r\n\r\n", 1, "standard input: request 1\n\nmalformed: invalid request-target\n", ""},
		{"parse", "GET / HTTP/1.1\r\n", 1, "incomplete: head not finished after 16 bytes", ""},
		{"parse", "", 1, "", "standard input: empty"},
		{"parse", "\x7fELF\x02\x01\x01\x00", 1, "DEL", ""},
		{"parse " + goodFile, "", 0, goodFile + ": request 1", ""},
		{"parse " + goodFile + " " + goodFile + "x", "", 1, goodFile + ": request 1", "picohttp: " + goodFile + "x: "},
		{"parse " + filepath.Dir(goodFile), "", 1, "", "picohttp: "},
		{"parse " + goodFile + " -json", "", 2, "", "flags come first"},
		{"parse -json " + goodFile, "", 0, `{"result":"complete","n":27`, ""},
		{"parse -json", "", 1, "", "empty"},
		{"parse -x", "", 2, "", "not defined: -x"},
		{"parse -kind response", "", 1, "", "empty"},
		{"parse -kind trailer", "", 1, "", "empty"},
		{"parse -kind chunked", "", 1, "", "empty"},
		{"parse -kind response", good, 1, "malformed", ""},
		{"parse", "HTTP/1.1 200 OK\r\n\r\n", 1, "malformed", ""},
		{"parse", contentLength("5") + "hello", 0, "  body       5 bytes\n             hello\n", ""},
		{"parse", contentLength("5") + "he", 1, "2 bytes\n             he\n\nincomplete: 3 bytes of content missing\n", ""},
		{"parse", contentLength("5"), 1, "0 bytes\n\nincomplete: 5 bytes of content missing\n", ""},
		{"parse", contentLength("x") + good, 1, "Not parsed: 27 bytes after the rejected request.", ""},
		{"parse -json", contentLength("x") + good, 1, `"framing":{"error":"content-length","status":400}`, "not parsed: 27 bytes after the rejected request"},
		{"parse", chunked + "5\r\nhello\r\n0\r\n\r\n", 0, "5 bytes in 1 chunk, 10 bytes of overhead\n", ""},
		{"parse", chunked + "5\r\nhel", 1, "3 bytes in 1 chunk, 3 bytes of overhead\n             hel\n\nincomplete: chunked body not finished after 6 bytes\nin chunk data, with 2 bytes missing\n", ""},
		{"parse", chunked + "5\r\n", 1, "0 bytes in 1 chunk, 3 bytes of overhead\n\nincomplete: chunked body not finished after 3 bytes\nin chunk data, with 5 bytes missing\n", ""},
		{"parse", chunked + "5\r\nhello\r\n1", 1, "\nin the chunk size in a chunk-size line\n", ""},
		{"parse", chunked + "0\r\nA: b\r\n", 1, "\nat the start of a field line or the empty line\n", ""},
		{"parse -max-trailer 3", chunked + "0\r\nA: b\r\n\r\n", 1, "trailer-too-long", ""},
		{"parse -max-fields 2", chunked + "0\r\nA: b\r\nA: b\r\nA: b\r\n\r\n", 1, "too-many-fields", ""},
		{"parse -max-chunk-ext 1", chunked + "0;a\r\n\r\n", 1, "chunk-ext-too-long", ""},
		{"parse -max-chunk-overhead 1", chunked + "1;aaaaaaaaaaaaaaaaaaaaa\r\nx\r\n0\r\n\r\n", 1, "chunk-overhead", ""},
		{"parse", "CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n\x16\x03", 0, "  tunnel     2 bytes\n             \\x16\\x03\n", ""},
		{"parse -kind response", "HTTP/1.1 200 OK\r\n\r\n", 0, "  status     200 OK\n  framing    until-close\n  fields     0\n  body       0 bytes\n", ""},
		{"parse -kind response", "HTTP/1.1 007\r\n\r\nbody", 0, "  status     007\n", ""},
		{"parse -kind response", "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 304 \r\n\r\n", 0, "response 2, at offset 27\n", ""},
		{"parse -kind response", "HTTP/1.1 101 \r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 0, "Not parsed: 19 bytes after the 101 response.", ""},
		{"parse -kind response -method HEAD", "HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 0, "response 2", ""},
		{"parse -kind response -method CONNECT", "HTTP/1.1 200 OK\r\n\r\nx", 0, "  tunnel     1 byte\n", ""},
		{"parse -kind response", "HTTP/1.1 200 OK\r\n", 1, "incomplete", ""},
		{"parse -kind trailer", "\r\n", 0, "trailer section\n\n  bytes      2\n  fields     0\n", ""},
		{"parse -kind trailer", "A: b\r\n", 1, "incomplete", ""},
		{"parse -kind trailer", "A b\r\n", 1, "field-name", ""},
		{"parse -kind trailer", "A: b\r\n\r\n" + good, 0, "Not parsed: 27 bytes after the trailer section.", ""},
		{"parse -kind chunked", "0\r\n\r\n0\r\n\r\n", 0, "Not parsed: 5 bytes after the chunked body.", ""},
		{"parse -kind chunked -json", "0\r\n\r\n0\r\n\r\n", 0, `{"result":"complete","n":5,"body":"","trailers":[]}`, "not parsed: 5 bytes after the chunked body"},
		{"parse -kind chunked", "2\r\nab", 1, "incomplete: chunked body not finished after 5 bytes\nafter chunk data\n", ""},
		{"parse -kind chunked", "2\r\nabc", 1, "chunk-data", ""},
		{"parse -kind letter", "", 2, "", `unknown -kind "letter"`},
		{"parse -method HEAD", good, 2, "", "-method needs -kind response"},
		{"batch -kind trailer -method HEAD", "", 2, "", "-method needs -kind response"},
		{"parse -kind response -method H[D", "", 2, "", "a method is a token"},
		{"parse -kind response -method=", "", 2, "", "a method is a token"},
		{"parse -kind response -method " + strings.Repeat("A", 65), "", 1, "", "empty"},
		{"parse", good + "GET / HTTP/1.1\r\nA: " + long + "\r\nBeta: " + long[:100], 1, "in the value of field line 2 (Beta)\n", ""},
		{"parse -max-trailer 20000", chunked + "0\r\nA: " + long + "\r\nBeta: " + long[:100], 1, "in the value of field line 2 (Beta)\n", ""},
		{"parse -max-chunk-overhead 0", "", 2, "", `invalid value "0" for flag -max-chunk-overhead: a limit is at least 1`},
		{"parse -profile loose", "", 2, "", "want strict, lenient or pico"},
		{"parse -allow bare-lf", "", 2, "", "-allow needs -profile lenient"},
		{"parse -profile lenient -allow bare-lf,bare-cr", "", 2, "", `unknown code "bare-cr"; want all, or some of bare-lf, obs-fold,`},
		{"parse -profile lenient", "GET / HTTP/1.1\nHost: x\n\n", 0, "  deviates   a line ends in LF without CR (bare-lf, RFC 9112, section 2.2)\n", ""},
		{"parse -profile lenient", "GET  / HTTP/1.1\r\nHost : x\r\n\r\n", 1, "    Host : x\\r\\n\n        ^ SP\n", ""},
		{"parse -profile lenient -json", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0,
			`"framing":{"body":"chunked","content_length":1,"keep_alive":false},"host":{"value":"x"},"form":"origin-form","authority":{"value":"x"},"path":"/","check":{},"deviations":["length-and-coding"]}`, ""},
		{"parse -profile lenient", "POST / HTTP/1.1\nHost: x\r\nContent-Length: 1\r\n\r\nx", 1, "  framing    malformed (bare-lf)\n", ""},
		{"parse -profile lenient -allow all", "GET / HTTP/1.1\r\nHost: x\r\nA: \x00b\r\n\r\n", 0, "value-nul", ""},
		{"parse -profile pico", "GET /" + strings.Repeat("a", 20_000) + " HTTP/1.1\r\nHost: x\r\n\r\n", 0, "GET", ""},
		{"parse -profile pico", "GET / HTTP/1.1\r\nHost: x\r\n y\r\n\r\n", 1, "     2  (folded)   y\n", ""},
		{"parse -profile lenient -allow obs-fold", "GET / HTTP/1.1\nHost: x\n\n", 1, "bare-lf", ""},
		{"parse -profile pico -kind response", "HTTP/1.1  200   OK\nA: b\n c\n\n", 0, "1.1\n  status     200 OK\n", ""},
		{"parse -profile pico -kind chunked", "1 x\r\na\r\n0\r\nA\n\n", 0, "1 byte in 1 chunk, 13 bytes of overhead", ""},
		{"parse -profile pico -kind chunked", "ffffffffffffffff\r\na", 1, "\nin chunk data, with 18446744073709551614 bytes missing\n", ""},
		{"parse -profile pico -kind trailer", "A: b \n\tc\n\n", 0, "deviates", ""},
		{"batch -profile lenient -allow obs-fold,value-nul -kind trailer", "QTogYgANCiBjDQoNCg==\n", 0,
			`{"result":"complete","n":13,"fields":[["A","b\u0000\r\n c"]],"deviations":["obs-fold","value-nul"]}`, ""},
		{"batch -profile pico", "R0VUICAvIEhUVFAvMS4xCkE6IGIKIGMKCg==\n", 0,
			`"fields":[["A","b"],[""," c"]],"framing":{"body":"none","keep_alive":false},"host":{"error":"host-missing"},"form":"origin-form","authority":{"error":"host-missing"},"path":"/","check":{"error":"host-missing"},"deviations":["bare-lf","obs-fold","start-line-space"]}`, ""},
		{"parse -max-head 0", "", 2, "", "at least 1"},
		{"parse -max-head 20", good, 1, "431", ""},
		{"parse -max-target 1", "GET /a HTTP/1.1\r\n\r\n", 1, "414", ""},
		{"parse -max-fields x", "", 2, "", "invalid value"},
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

// pipelined has a body of every framing that a request may have.
const pipelined = "GET /\\ HTTP/1.0\r\n\r\n" +
	"\r\nPOST http://x:80?a=\\& HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\nX-Latin: caf\xe9\t!\r\n\r\n" +
	"a\\\x00\xff\r\n\t" +
	"POST /b? HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n" +
	"Expect: 100-continue\r\nConnection: close\r\n\r\n" +
	"5;x\r\nhello\r\n1\r\n!\r\n0\r\nSet-Cookie: a\r\nX: y\r\n\r\n" +
	"CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\nConnection: Upgrade\r\nUpgrade: y\r\n\r\n" +
	good

func TestParse(t *testing.T) {
	const want = `standard input: request 1

  bytes      19
  method     GET
  target     /\\
  form       origin-form
  authority
  path       /\\
  version    HTTP/1.0
  framing    no body, close
  fields     0

standard input: request 2, at offset 19

  bytes      81
  method     POST
  target     http://x:80?a=\\&
  form       absolute-form
  authority  x:80
  path       /
  query      a=\\&
  version    HTTP/1.1
  framing    length 7, keep-alive
  fields     3
     1  Host            x
     2  Content-Length  7
     3  X-Latin         caf\xe9\t!
  body       7 bytes
             a\\\x00\xff\r\n\t

standard input: request 3, at offset 107

  bytes      105
  method     POST
  target     /b?
  form       origin-form
  authority  x
  path       /b
  query
  version    HTTP/1.1
  framing    chunked, with another transfer coding, close, expects 100-continue
  fields     4
     1  Host               x
     2  Transfer-Encoding  gzip, chunked
     3  Expect             100-continue
     4  Connection         close

Counted from offset 107, where the request begins:
rejected: unsupported transfer coding
in field line 2 (Transfer-Encoding), column 20 (offset 47)

    Transfer-Encoding: gzip, chunked\r\n
                       ^ this value

rule:   coding: no transfer coding but chunked is decoded here (RFC 9112, section 6.1)
status: 501 Not Implemented

  body       6 bytes in 2 chunks, 38 bytes of overhead
             hello!
  trailer    2
     1  Set-Cookie  a
     2  X           y

standard input: request 4, at offset 256

  bytes      68
  method     CONNECT
  target     x:1
  form       authority-form
  authority  x:1
  version    HTTP/1.1
  framing    tunnel, upgrade to y
  fields     3
     1  Host        x:1
     2  Connection  Upgrade
     3  Upgrade     y
  tunnel     27 bytes
             GET / HTTP/1.1\r\nHost: x\r\n\r\n
`
	status, stdout, stderr := try(pipelined, "parse")
	if status != 1 || stdout != want || stderr != "" {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
}

func TestParseResponses(t *testing.T) {
	const input = "HTTP/1.1 100 Continue\r\n\r\n" +
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" +
		"HTTP/1.0 404 \xe9\r\n\r\n" + good
	const want = `standard input: response 1

  bytes      25
  version    HTTP/1.1
  status     100 Continue
  framing    no body, keep-alive
  fields     0

standard input: response 2, at offset 25

  bytes      47
  version    HTTP/1.1
  status     200 OK
  framing    chunked, keep-alive
  fields     1
     1  Transfer-Encoding  chunked
  body       3 bytes in 1 chunk, 10 bytes of overhead
             abc
  trailer    0

standard input: response 3, at offset 85

  bytes      18
  version    HTTP/1.0
  status     404 \xe9
  framing    until-close
  fields     0
  body       27 bytes
             GET / HTTP/1.1\r\nHost: x\r\n\r\n
`
	status, stdout, stderr := try(input, "parse", "-kind", "response")
	if status != 0 || stdout != want || stderr != "" {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
}

func TestParseChunked(t *testing.T) {
	const input = "5;name=\"a\tb\"\r\nhello\r\n006\r\n worl\x00\r\n0 ;end\r\nHost2: x\r\nVary: *\r\n\r\n"
	const want = `standard input: chunked body

  chunk    offset      size  chunk-ext     data
      1         0         5  ;name="a\tb"  hello
      2        21         6                 worl\x00
   last        34         0   ;end

  body       11 bytes in 2 chunks, 52 bytes of overhead
             hello worl\x00
  trailer    2
     1  Host2  x
     2  Vary   *
`
	status, stdout, stderr := try(input, "parse", "-kind", "chunked")
	if status != 0 || stdout != want || stderr != "" {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
}

// The table has 20 chunks at most and the last-chunk, and says how many more there are.
func TestParseChunkRows(t *testing.T) {
	for _, test := range []struct {
		chunks int
		end    string
		rows   int
		lines  string
	}{
		{19, "0\r\n\r\n", 20, "     19       108         1  x\n   last       114         0\n\n"},
		{20, "0\r\n\r\n", 21, "     20       114         1  x\n   last       120         0\n\n"},
		{20, "\r", 20, "     20       114         1  x\n\n"},
		{1000, "", 20, "     20       114         1  x\n  980 more\n\n"},
		{1000, "0\r\n\r\n", 21, "     20       114         1  x\n  980 more\n   last      6000         0\n\n"},
	} {
		_, stdout, _ := try(strings.Repeat("1\r\nx\r\n", test.chunks)+test.end, "parse", "-kind", "chunked")
		_, table, _ := strings.Cut(stdout, "data\n")
		table, _, _ = strings.Cut(table, "\n\n")
		rows := strings.Count(table+"\n", "\n") - strings.Count(table, "more")
		if rows != test.rows || !strings.Contains(stdout, test.lines) {
			t.Errorf("%d rows in\n%s", rows, stdout)
		}
	}
}

// What Check or Framing rejects is shown with its parts and then as what is malformed is.
// It ends its file.
func TestParseRejected(t *testing.T) {
	for _, test := range []struct{ message, fields, where, object string }{
		{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "  framing    malformed (content-length-repeated)\n  fields     3\n",
			"malformed: more than one Content-Length\nin field line 3 (Content-Length), column 17 (offset 61)\n\n    Content-Length: 2\\r\\n\n                    ^ this value\n\nrule:   content-length-repeated: ",
			`"framing":{"error":"content-length-repeated","status":400},"host":{"value":"x"},"form":"origin-form","authority":{"value":"x"},"path":"/","check":{"error":"content-length-repeated"}}`},
		{"GET /? HTTP/1.1\r\nHost: x y\r\n\r\n", "  form       origin-form\n  path       /\n  query\n  version    HTTP/1.1\n  framing    no body, close\n",
			"malformed: invalid Host field\nin field line 1 (Host), column 7 (offset 23)\n\n    Host: x y\\r\\n\n          ^ this value\n\nrule:   host: ",
			`"host":{"error":"host"},"form":"origin-form","authority":{"error":"host"},"path":"/","query":"","check":{"error":"host"}}`},
		{"GET http://y/ HTTP/1.1\r\nHost: x\r\n\r\n", "  form       absolute-form\n  path       /\n",
			"in the request-line, column 12 (offset 11)\n\n    GET http://y/ HTTP/1.1\\r\\n\n               ^ this request-target\n\nrule:   authority: ",
			`"host":{"value":"x"},"form":"absolute-form","authority":{"error":"authority"},"path":"/","check":{"error":"authority"}}`},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: a b\r\n\r\n", "  framing    malformed (transfer-encoding)\n  fields     1\n",
			"malformed: invalid Transfer-Encoding\nin field line 1 (Transfer-Encoding), column 20 (offset 36)\n\n    Transfer-Encoding: a b\\r\\n\n                       ^ this value\n\nrule:   transfer-encoding: ",
			`"fields":[["Transfer-Encoding","a b"]],"framing":{"error":"transfer-encoding"}}`},
	} {
		kind, before := "request", good
		if strings.HasPrefix(test.message, "HTTP") {
			kind, before = "response", "HTTP/1.1 204 No Content\r\n\r\n"
		}
		input, args := before+test.message+good, []string{"parse", "-kind", kind}
		status, stdout, stderr := try(input, args...)
		if status != 1 || stderr != "" || !strings.Contains(stdout, test.fields) || !strings.Contains(stdout, test.where) ||
			!strings.Contains(stdout, "\n\nCounted from offset 27, where the "+kind+" begins:\nmalformed: ") ||
			!strings.HasSuffix(stdout, "\n\n  Not parsed: 27 bytes after the rejected "+kind+".\n") {
			t.Errorf("status %d\n%s%s", status, stdout, stderr)
		}
		status, stdout, stderr = try(input, append(args, "-json")...)
		if status != 1 || strings.Count(stdout, "\n") != 2 || !strings.HasSuffix(stdout, test.object+"\n") ||
			stderr != "picohttp: standard input: not parsed: 27 bytes after the rejected "+kind+"\n" {
			t.Errorf("status %d\n%s%s", status, stdout, stderr)
		}
	}
}

// An error in a chunked body has its offset in the body, and says where that begins.
func TestParseMalformedBody(t *testing.T) {
	long := strings.Repeat("x", 1e5)
	for _, test := range []struct {
		body, row string
		at        int
		quote     string
	}{
		{"zz", "0 bytes in 0 chunks", 0, `
    zz
    ^ "z"
`},
		{"5\r\nhello\r\n6x\r\n", "5 bytes in 1 chunk", 11, `6x\r\n
     ^ "x"
`},
		{"186A0;a=b\r\n" + long + "\r\n3;=\r\n", "100000 bytes in 1 chunk", 1e5 + 15, `3;=\r\n
      ^ "="
`},
		{"5\r\nhello!\r\n", "5 bytes in 1 chunk", 8, `!\r\n
    ^ "!"
`},
		{"1\r\nx\r\n0\r\nA: b\r\nC\x01: d\r\n\r\n", "1 byte in 1 chunk", 16, `
    C\x01: d\r\n
     ^ SOH
`},
		{"0\r\nA: b\r\nHost: x\r\n\r\n", "0 bytes in 0 chunks", 9, `
    Host: x\r\n
    ^ "H"
`},
	} {
		status, stdout, stderr := try(chunked+test.body, "parse")
		for _, part := range []string{
			"  body       " + test.row,
			"\n\nCounted from offset 56, where the body begins:\nmalformed: ",
			fmt.Sprintf("offset %d", test.at),
			test.quote,
		} {
			if !strings.Contains(stdout, part) {
				t.Errorf("%q is missing", part)
			}
		}
		if status != 1 || stderr != "" {
			t.Errorf("status %d, %s", status, stderr)
		}
		if t.Failed() {
			t.Fatal(stdout)
		}

		status, stdout, stderr = try(chunked+test.body, "parse", "-json")
		want := fmt.Sprintf(`,"check":{}}
{"result":"malformed","n":%d,"error":"`, test.at)
		if status != 1 || !strings.Contains(stdout, want) || !strings.HasSuffix(stdout, `","status":400}`+"\n") || stderr != "" {
			t.Errorf("status %d\n%s%s", status, stdout, stderr)
		}
	}
}

func TestParseJSON(t *testing.T) {
	for _, test := range []struct {
		args, stdin string
		status      int
		want        string
	}{
		{"", contentLength("1") + "x" + contentLength("2") + "x", 1,
			`{"result":"complete","n":47,"method":"POST","target":"/","minor":1,"fields":[["Host","x"],["Content-Length","1"]],"framing":{"body":"length","length":1,"content_length":1,"keep_alive":true},"host":{"value":"x"},"form":"origin-form","authority":{"value":"x"},"path":"/","check":{}}
{"result":"complete","n":47,"method":"POST","target":"/","minor":1,"fields":[["Host","x"],["Content-Length","2"]],"framing":{"body":"length","length":2,"content_length":2,"keep_alive":true},"host":{"value":"x"},"form":"origin-form","authority":{"value":"x"},"path":"/","check":{}}
{"result":"incomplete"}
`},
		{"", chunked + "1\r\nx\r\n", 1,
			`{"result":"complete","n":56,"method":"POST","target":"/","minor":1,"fields":[["Host","x"],["Transfer-Encoding","chunked"]],"framing":{"body":"chunked","keep_alive":true},"host":{"value":"x"},"form":"origin-form","authority":{"value":"x"},"path":"/","check":{}}
{"result":"incomplete"}
`},
		{"-kind response", "HTTP/1.1 100 \r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx", 1,
			`{"result":"complete","n":17,"minor":1,"status_code":100,"reason":"","fields":[],"framing":{"body":"none","keep_alive":true}}
{"result":"complete","n":47,"minor":1,"status_code":200,"reason":"OK","fields":[["Transfer-Encoding","chunked"]],"framing":{"body":"chunked","keep_alive":true}}
{"result":"malformed","n":0,"error":"chunk-size"}
`},
		{"-kind response", "HTTP/1.1 200 OK\r\n\r\nx", 0,
			`{"result":"complete","n":19,"minor":1,"status_code":200,"reason":"OK","fields":[],"framing":{"body":"until-close","keep_alive":false}}
`},
		{"-kind trailer", "A: b\r\n\r\n", 0, `{"result":"complete","n":8,"fields":[["A","b"]]}
`},
		{"-kind chunked", "2\r\nab\r\n1\r\nc\r\n0\r\nA: b\r\nTE: c\r\n\r\n", 0,
			`{"result":"complete","n":31,"body":"YWJj","trailers":[["A","b"],["TE","c"]]}
`},
		{"-kind chunked", "2\r\nab\r\n1", 1, `{"result":"incomplete","body":"YWI="}
`},
		{"-kind chunked", "2\r\nab\r\nx", 1, `{"result":"malformed","n":7,"error":"chunk-size","status":400}
`},
	} {
		args := append([]string{"parse", "-json"}, strings.Fields(test.args)...)
		status, stdout, stderr := try(test.stdin, args...)
		if status != test.status || stdout != test.want || stderr != "" {
			t.Errorf("%s of %q: status %d\n%s%s", args, test.stdin, status, stdout, stderr)
		}
	}
}

func TestParseMalformed(t *testing.T) {
	const want = `standard input: request 1

  bytes      27
  method     GET
  target     /
  form       origin-form
  authority  x
  path       /
  version    HTTP/1.1
  framing    no body, keep-alive
  fields     1
     1  Host  x

standard input: request 2, at offset 27

Counted from offset 27, where the request begins:
malformed: control character in field value
in field line 1 (A), column 6 (offset 21)

    A: \xffb\x00\r\n
            ^ NUL

rule:   field-value: a field value has no control characters but HTAB (RFC 9110, section 5.5)
status: 400 Bad Request
`
	input := good + "GET / HTTP/1.1\r\nA: \xffb\x00\r\n\r\n" + good
	status, stdout, stderr := try(input, "parse")
	if status != 1 || stdout != want || stderr != "" {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
}

func TestParseWidth(t *testing.T) {
	const head = "POST /0123456789/0123456789 HTTP/1.1\r\nHost: x\r\nCookie: 0123456789/0123456789\r\nContent-Length: 9999\r\n\r\n"
	row := strings.Repeat("x", 60)
	for _, test := range []struct{ args, input, want string }{
		{"32", head, "  target     /0123456789/0123...\n"},
		{"32", head, "     2  Cookie          0123456789/01...\n"}, // a few columns in any case
		{"32", head + strings.Repeat("a\x00", 5000), "             a\\x00a\\x00a\\x00a...\n"},
		{"70 -kind chunked", "3c;" + row + "\r\n" + row + "\r\n", "      1         0        60  ;xxxxxxxxxxxxxxxxxxxx...  xxxxxxxxxxxxx...\n"},
		{"60", "GET / HTTP/1.1\r\n" + strings.Repeat("n", 100) + ": v\r\n\r\n", "     1  " + strings.Repeat("n", 31) + "...  v\n"},
	} {
		if _, stdout, _ := try(test.input, append([]string{"parse", "-width"}, strings.Fields(test.args)...)...); !strings.Contains(stdout, test.want) {
			t.Errorf("%q is not in\n%s", test.want, stdout)
		}
	}
}

// At every width the caret is below the first byte of the fault, which is not cut, and
// neither is what the caret says.
func TestParseCaret(t *testing.T) {
	line := func(before, fault, after string) string { return "GET / HTTP/1.1\r\n" + before + fault + after }
	a, b := strings.Repeat("a", 100), strings.Repeat("b", 100)
	for _, test := range []struct{ input, fault, label string }{
		{line("X: "+a, "\x00", b+"\r\n"), `\x00`, "NUL"},
		{line("X: "+a, "\x00", "\r\n"), `\x00\r\n`, "NUL"},
		{line("X: ", "\x01", b+"\r\n"), `\x01`, "SOH"},
		{line("X: "+strings.Repeat("\xff", 60), "\x00", strings.Repeat("\\", 60)+"\r\n"), `\x00`, "NUL"},
		{line("X: b"+strings.Repeat("\xff", 60), "\x00", "\r\n"), `\x00`, "NUL"},
		{line("X: bb"+strings.Repeat("\xff", 60), "\x00", "c\r\n"), `\x00`, "NUL"},
		{line("X: bbb"+strings.Repeat("\t\\", 60), "\x7f", "cc\r\n"), `\x7f`, "DEL"},
		{line(a[:61], " ", "v\r\n"), ` v`, "SP"},
		{line("Content-Type", "[", ": "+a+"\r\n"), `[`, `"["`},
		{line(a, "(", ": ^\r\n"), `(`, `"("`},
		{"GET / HTTP/1.1\r\nX: " + a[:40], "", "end of input; one more byte is too many"},
		{"GET / HTTP/1.1\r\nX: " + strings.Repeat("\xff", 40), "", "end of input; one more byte is too many"},
		{"POST / HTTP/1.1\r\nHost: x\r\nY: 1\r\nContent-Length: 1, " + a + "\r\n\r\n", "1, aaa", "this value"},
	} {
		var suffixes []string
		for i := range test.input {
			suffixes = append(suffixes, printable([]byte(test.input[i:])))
		}
		for width := range 61 {
			args := []string{"parse", "-width", strconv.Itoa(width)}
			if test.fault == "" {
				args = append(args, "-max-head", strconv.Itoa(len(test.input)))
			}
			_, stdout, _ := try(test.input, args...)
			_, quoted, _ := strings.Cut(stdout, "(offset ")
			lines := strings.Split(quoted, "\n")
			quote, caret := lines[2], lines[3]
			at := strings.IndexByte(caret, '^')
			if strings.HasSuffix(caret, "^") { // after the label
				at = len(caret) - 1
			}
			most := max(width, 16)
			if width == 0 {
				most = 80
			}
			fault := test.fault[:min(len(test.fault), 4)]
			if at < 4 || !strings.HasPrefix(quote[min(at, len(quote)):], fault) || !strings.Contains(caret, test.label) || len(quote) > most || at >= most {
				t.Errorf("width %d: %q\n%s\n%s", width, test.fault, quote, caret)
			}
			// What is left out begins and ends between bytes.
			kept := strings.TrimSuffix(strings.TrimPrefix(quote[4:], "..."), "...")
			whole := func(suffix string) bool { return strings.HasPrefix(suffix, kept) }
			if !slices.ContainsFunc(suffixes, whole) || regexp.MustCompile(`(^|[^\\])(\\\\)*\\(x.?)?$`).MatchString(kept) {
				t.Errorf("width %d: an escape is cut in %s", width, quote)
			}
		}
	}
}

// The help fits into 80 columns, has every flag and code, and says the true defaults.
func TestHelp(t *testing.T) {
	status, stdout, stderr := try("", "help")
	if status != 0 || stderr != "" {
		t.Errorf("status %d, %s", status, stderr)
	}
	for line := range strings.Lines(stdout) {
		if len(line) > 80+len("\n") || strings.Contains(line, "\t") {
			t.Errorf("%q", line)
		}
	}
	f := newFlags("")
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

// A byteReader reads bytes, again and again, until there are n of them.
type byteReader struct {
	bytes string
	at, n int
	room  int // the most that was asked for
}

func (r *byteReader) Read(b []byte) (n int, err error) {
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

// However much there is, parse holds at most about a head.
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
		{"", chunked + "4000000\r\n", "\x00", body, "67108864 bytes in 1 chunk, "},
		{"", chunked, "400\r\n" + strings.Repeat("x", 1024) + "\r\n", body, " chunks, "},
		{"-kind chunked", "", "5\r\nhello\r\n", body, "  6710867 more\n"},
		{"-kind chunked", "0\r\n\r\n", "x", body, "Not parsed: 67108864 bytes after the chunked body."},
		{"-kind response", "HTTP/1.1 200 OK\r\n\r\n", "x", body, "  body       67108864 bytes\n"},
	} {
		all := byteReader{bytes: strings.Repeat(test.bytes, 1e5/len(test.bytes)), n: size}
		stdin := io.MultiReader(strings.NewReader(test.start), &all)
		var before, after runtime.MemStats
		var out strings.Builder
		runtime.ReadMemStats(&before)
		run(append([]string{"parse"}, strings.Fields(test.args)...), stdin, &out, &out)
		runtime.ReadMemStats(&after)
		if !strings.Contains(out.String(), test.want) {
			t.Errorf("%q is not in\n%s", test.want, out.String())
		}
		if all.room > test.most {
			t.Errorf("%s, from %q on: a buffer of %d bytes", test.args, test.start, all.room)
		}
		if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 8<<20 {
			t.Errorf("%s, from %q on: %d bytes allocated", test.args, test.start, bytes)
		}
	}
}

// One byte at a time, and many messages, give what all at once does.
func TestParsePieces(t *testing.T) {
	const responses = "HTTP/1.1 100 \r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	chunks := "5;x=\"y\"\r\nhello\r\n400\r\n" + strings.Repeat("x", 1024) + "\r\n2000\r\n" + strings.Repeat("y", 8192) + "\r\n0;z\r\nA: b\r\n\r\n"
	for _, test := range []struct {
		flags, input, want string
		count              int
	}{
		{"request", strings.Repeat(good+"\r\n"+good, 100) + "GET\t", ": request", 201},
		{"request", strings.Repeat(contentLength("5")+"hello"+chunked+chunks, 20) + pipelined, ": request", 44},
		{"response", strings.Repeat(responses+chunks, 10) + responses + "z", ": response", 22},
		{"trailer", "A: b\r\nTE: c\r\n\r\n" + good, "     2  TE  c\n\n  Not parsed", 1},
		{"request -max-head 16", "GET / HTTP/1.1\r\nH", "^ \"H\"", 1}, // one byte is read too many, to show it
		{"chunked", chunks + good, "     3      1047      8192", 1},
		{"chunked", chunks[:len(chunks)-3], "last      9247         0", 1},
	} {
		for _, format := range []string{"-json=false", "-json"} {
			args := append([]string{"parse", format, "-kind"}, strings.Fields(test.flags)...)
			var whole, pieces strings.Builder
			run(args, strings.NewReader(test.input), &whole, &whole)
			run(args, oneByOne{strings.NewReader(test.input)}, &pieces, &pieces)
			if whole.String() != pieces.String() {
				t.Errorf("%s\n%s\nnot\n%s", args, pieces.String(), whole.String())
			}
			if n := strings.Count(whole.String(), test.want); format != "-json" && n != test.count {
				t.Errorf("%s: %d times %q in\n%s", args, n, test.want, whole.String())
			}
		}
	}
}

type oneByOne struct{ r io.Reader }

func (o oneByOne) Read(b []byte) (int, error) { return o.r.Read(b[:min(1, len(b))]) }

func TestBatch(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	for _, test := range []struct{ args, message, want string }{
		{"", "GET / HTTP/1.1\r\nHost: x\r\n\r\nbody", `{"result":"complete","n":27,"method":"GET","target":"/","minor":1,"fields":[["Host","x"]],"framing":{"body":"none","keep_alive":true},"host":{"value":"x"},"form":"origin-form","authority":{"value":"x"},"path":"/","check":{}}`},
		{"", "GET /<&> HTTP/1.0\r\n\r\n", `{"result":"complete","n":21,"method":"GET","target":"/<&>","minor":0,"fields":[],"framing":{"body":"none","keep_alive":false},"host":{"value":""},"form":"origin-form","authority":{"value":""},"path":"/<&>","check":{}}`},
		{"", "GET / HTTP/1.1\r\nX:\t\"\xe9\x80\xff\\\t\x7e\r\n\r\n", `{"result":"complete","n":30,"method":"GET","target":"/","minor":1,"fields":[["X","\"\u00e9\u0080\u00ff\\\t~"]],"framing":{"body":"none","keep_alive":true},"host":{"error":"host-missing"},"form":"origin-form","authority":{"error":"host-missing"},"path":"/","check":{"error":"host-missing"}}`},
		{"", "GET / HTTP/1.1\r\nHost:\r\nhost:\r\n\r\n", `{"result":"complete","n":32,"method":"GET","target":"/","minor":1,"fields":[["Host",""],["host",""]],"framing":{"body":"none","keep_alive":true},"host":{"error":"host-repeated"},"form":"origin-form","authority":{"error":"host-repeated"},"path":"/","check":{"error":"host-repeated"}}`},
		{"", "GET / HTTP/1.1\r\nContent-Length: 0\r\nHost:\r\n\r\n", `{"result":"complete","n":44,"method":"GET","target":"/","minor":1,"fields":[["Content-Length","0"],["Host",""]],"framing":{"body":"length","length":0,"content_length":0,"keep_alive":true},"host":{"value":""},"form":"origin-form","authority":{"value":""},"path":"/","check":{}}`},
		{"", "A / HTTP/1.1\r\nTransfer-Encoding: a, Chunked\r\nExpect: 100-continue\r\nUpgrade: b\r\nConnection: upgrade, close\r\nHost:\r\n\r\n", `{"result":"complete","n":116,"method":"A","target":"/","minor":1,"fields":[["Transfer-Encoding","a, Chunked"],["Expect","100-continue"],["Upgrade","b"],["Connection","upgrade, close"],["Host",""]],"framing":{"body":"chunked","keep_alive":false,"expect_continue":true,"upgrade":true,"other_coding":true},"host":{"value":""},"form":"origin-form","authority":{"value":""},"path":"/","check":{"error":"coding"}}`},
		{"", "CONNECT x:1 HTTP/1.1\r\nExpect: x\r\nHost: x:1\r\n\r\n", `{"result":"complete","n":46,"method":"CONNECT","target":"x:1","minor":1,"fields":[["Expect","x"],["Host","x:1"]],"framing":{"body":"tunnel","keep_alive":false,"expect_other":true},"host":{"value":"x:1"},"form":"authority-form","authority":{"value":"x:1"},"check":{}}`},
		{"", "A / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\nHost:\r\n\r\n", `{"result":"complete","n":70,"method":"A","target":"/","minor":1,"fields":[["Content-Length","1"],["Transfer-Encoding","chunked"],["Host",""]],"framing":{"error":"ambiguous-length","status":400},"host":{"value":""},"form":"origin-form","authority":{"value":""},"path":"/","check":{"error":"ambiguous-length"}}`},
		{"", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", `{"result":"complete","n":31,"method":"OPTIONS","target":"*","minor":1,"fields":[["Host","x"]],"framing":{"body":"none","keep_alive":true},"host":{"value":"x"},"form":"asterisk-form","authority":{"value":"x"},"path":"*","check":{}}`},
		{"", "GET http://X:80/a?? HTTP/1.1\r\nHost: x\r\n\r\n", `{"result":"complete","n":41,"method":"GET","target":"http://X:80/a??","minor":1,"fields":[["Host","x"]],"framing":{"body":"none","keep_alive":true},"host":{"value":"x"},"form":"absolute-form","authority":{"value":"X:80"},"path":"/a","query":"?","check":{}}`},
		{"", "GET http://y? HTTP/1.1\r\nHost: x\r\n\r\n", `{"result":"complete","n":35,"method":"GET","target":"http://y?","minor":1,"fields":[["Host","x"]],"framing":{"body":"none","keep_alive":true},"host":{"value":"x"},"form":"absolute-form","authority":{"error":"authority"},"path":"/","query":"","check":{"error":"authority"}}`},
		{"", "GET x HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", `{"result":"complete","n":46,"method":"GET","target":"x","minor":1,"fields":[["Host","x"],["Content-Length","x"]],"framing":{"error":"content-length","status":400},"host":{"value":"x"},"form":"no form","authority":{"error":"target-form"},"check":{"error":"target-form"}}`},
		{"-max-method 3", "POST / HTTP/1.1\r\nHost: x\r\n\r\n", `{"result":"malformed","n":3,"error":"method-too-long","status":501}`},
		{"", "GET / HTTP/1.1\r\nHost:", `{"result":"incomplete"}`},
		{"", "", `{"result":"incomplete"}`},
		{"", "\x16\x03\x01", `{"result":"malformed","n":0,"error":"tls","status":400}`},
		{"", "PRI * HTTP/2.0\r\n", `{"result":"malformed","n":11,"error":"http2-preface","status":505}`},

		{"-kind response", ok + "Content-Length: 5\r\n\r\nhello", `{"result":"complete","n":38,"minor":1,"status_code":200,"reason":"OK","fields":[["Content-Length","5"]],"framing":{"body":"length","length":5,"content_length":5,"keep_alive":true}}`},
		{"-kind response -method HEAD", ok + "Content-Length: 5\r\n\r\n", `{"result":"complete","n":38,"minor":1,"status_code":200,"reason":"OK","fields":[["Content-Length","5"]],"framing":{"body":"none","content_length":5,"keep_alive":true}}`},
		{"-kind response -method CONNECT", ok + "\r\n", `{"result":"complete","n":19,"minor":1,"status_code":200,"reason":"OK","fields":[],"framing":{"body":"tunnel","keep_alive":false}}`},
		{"-kind response", "HTTP/1.0 000\r\n\r\n", `{"result":"complete","n":16,"minor":0,"status_code":0,"reason":"","fields":[],"framing":{"body":"until-close","keep_alive":false}}`},
		{"-kind response", "HTTP/1.1 101 \xe9\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", `{"result":"complete","n":51,"minor":1,"status_code":101,"reason":"\u00e9","fields":[["Connection","upgrade"],["Upgrade","x"]],"framing":{"body":"none","keep_alive":false,"upgrade":true}}`},
		{"-kind response", ok + "Content-Length: x\r\n\r\n", `{"result":"complete","n":38,"minor":1,"status_code":200,"reason":"OK","fields":[["Content-Length","x"]],"framing":{"error":"content-length"}}`},
		{"-kind response", ok, `{"result":"incomplete"}`},
		{"-kind response", "", `{"result":"incomplete"}`},
		{"-kind response", "HTTP/1.1 2000\r\n\r\n", `{"result":"malformed","n":12,"error":"status-code"}`},
		{"-kind response -max-head 5", "HTTP/1.1 200\r\n\r\n", `{"result":"malformed","n":5,"error":"head-too-long"}`},

		{"-kind trailer", "Age: 1\r\nX: y\r\n\r\nafter", `{"result":"complete","n":16,"fields":[["Age","1"],["X","y"]]}`},
		{"-kind trailer", "\r\n", `{"result":"complete","n":2,"fields":[]}`},
		{"-kind trailer", "Age: 1\r\n", `{"result":"incomplete"}`},
		{"-kind trailer", "", `{"result":"incomplete"}`},
		{"-kind trailer", "Age : 1\r\n", `{"result":"malformed","n":3,"error":"field-name","status":400}`},
		{"-kind trailer -max-trailer 4", "Age: 1\r\n\r\n", `{"result":"malformed","n":4,"error":"trailer-too-long","status":431}`},

		{"-kind chunked", "5\r\nhello\r\n0\r\n\r\nGET", `{"result":"complete","n":15,"body":"aGVsbG8=","trailers":[]}`},
		{"-kind chunked", "2\r\nhe\r\n3\r\nllo\r\n0\r\nvary: *\r\nX: \xe9\r\n\r\n", `{"result":"complete","n":35,"body":"aGVsbG8=","trailers":[["vary","*"],["X","\u00e9"]]}`},
		{"-kind chunked", "0\r\n\r\n", `{"result":"complete","n":5,"body":"","trailers":[]}`},
		{"-kind chunked", "2\r\nhe\r\n3\r\nllo\r\n0\r\nX: y\r\n", `{"result":"incomplete","body":"aGVsbG8="}`},
		{"-kind chunked", "5\r\nhe", `{"result":"incomplete","body":"aGU="}`},
		{"-kind chunked", "", `{"result":"incomplete","body":""}`},
		{"-kind chunked", "5\r\nhello\r\n5\r\nhello!", `{"result":"malformed","n":18,"error":"chunk-data","status":400}`},
		{"-kind chunked -max-chunk-ext 2", "0;ab\r\n\r\n", `{"result":"malformed","n":3,"error":"chunk-ext-too-long","status":400}`},
	} {
		line := base64.StdEncoding.EncodeToString([]byte(test.message)) + "\r\n"
		args := append([]string{"batch"}, strings.Fields(test.args)...)
		status, stdout, stderr := try(line+line, args...) // nothing is left from one to the next
		if status != 0 || stdout != test.want+"\n"+test.want+"\n" || stderr != "" {
			t.Errorf("%s of %q: status %d\n%s%swant\n%s", args, test.message, status, stdout, stderr, test.want)
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

// Batch writes an object before it reads the next line, and takes long lines.
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

// A line may have 64 MiB. A longer one is an error, and the next one is read.
func TestBatchLongLine(t *testing.T) {
	line := func(n int) io.Reader { return &byteReader{bytes: strings.Repeat("AAAA", 1024), n: n} }
	for _, end := range []string{"\n", "\r\n"} {
		stdin := io.MultiReader(line(64<<20), strings.NewReader(end), line(64<<20+1), strings.NewReader(end+"\n"))
		var stdout, stderr strings.Builder
		status := run([]string{"batch"}, stdin, &stdout, &stderr)
		const want = `{"result":"malformed","n":0,"error":"method","status":400}
{"result":"error","error":"line-too-long"}
{"result":"incomplete"}
`
		if status != 1 || stdout.String() != want || stderr.String() != "" {
			t.Errorf("%q: status %d\n%s%s", end, status, &stdout, &stderr)
		}
	}
	b, err := readLine(bufio.NewReader(line(4*maxLine)), nil)
	if err != nil || len(b) <= maxLine || cap(b) > 2*maxLine {
		t.Errorf("%d bytes in %d, %v", len(b), cap(b), err)
	}
}

// -allow replaces the set of the kind, and that of the bodies of such messages. Without
// it a body has the set of its message.
func TestAllow(t *testing.T) {
	const (
		bareLF  = "GET / HTTP/1.1\nHost: x\n\n"
		colon   = "GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n"
		spaced  = "1 \r\nx\r\n0\r\n\r\n"
		coded   = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		nul     = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: \x00b\r\n\r\n"
		trailer = "A: b\n\n"
	)
	for _, test := range []struct {
		kind, allow, input, want string // want is of the last object
	}{
		{"request", "", bareLF, `"deviations":["bare-lf"]`},
		{"request", "obs-fold", bareLF, `"error":"bare-lf"`},
		{"request", "obs-fold,bare-lf", bareLF, `"deviations":["bare-lf"]`},
		{"request", "", colon, `"error":"field-name"`},
		{"request", "space-before-colon", colon, `"deviations":["space-before-colon"]`},
		{"request", "all", colon, `"deviations":["space-before-colon"]`},
		{"request", "", chunked + spaced, `"error":"chunk-ext"`},
		{"request", "chunk-space", chunked + spaced, `"result":"complete"`},
		{"response", "", coded + spaced, `"result":"complete"`},
		{"response", "bare-lf", coded + spaced, `"error":"chunk-ext"`},
		{"response", "", nul, `"error":"field-value"`},
		{"response", "all", nul, `"deviations":["value-nul"]`},
		{"trailer", "", trailer, `"error":"bare-lf"`},
		{"trailer", "bare-lf", trailer, `"deviations":["bare-lf"]`},
		{"chunked", "", spaced, `"error":"chunk-ext"`},
		{"chunked", "bare-lf", spaced, `"error":"chunk-ext"`},
		{"chunked", "chunk-space", spaced, `"deviations":["chunk-space"]`},
		{"chunked", "all", spaced, `"deviations":["chunk-space"]`},
	} {
		args := []string{"parse", "-json", "-profile", "lenient", "-kind", test.kind}
		if test.allow != "" {
			args = append(args, "-allow", test.allow)
		}
		_, stdout, stderr := try(test.input, args...)
		objects := strings.Split(strings.TrimSpace(stdout), "\n")
		if last := objects[len(objects)-1]; !strings.Contains(last, test.want) || stderr != "" {
			t.Errorf("%q of %q: %s is missing in\n%s%s", args, test.input, test.want, stdout, stderr)
		}
	}
	// In text, what was accepted in a body has a row.
	_, stdout, _ := try(coded+spaced, "parse", "-kind", "response", "-profile", "lenient")
	if !strings.Contains(stdout, "\n  deviates   there is whitespace at the end of a chunk-size line (chunk-space, ") {
		t.Error(stdout)
	}
}

// Whatever the bytes, the output is printable ASCII, and a JSON string has them as in
// Latin-1.
func TestASCII(t *testing.T) {
	printable := func(text string) {
		t.Helper()
		for _, c := range []byte(text) {
			if (c < ' ' || c > '~') && c != '\n' {
				t.Fatalf("%#x in %q", c, text)
			}
		}
	}
	for c := range 256 {
		b := "a" + string([]byte{byte(c)}) + "b"
		for kind, message := range map[string]string{
			"request":  "GET /" + b + " HTTP/1.1\r\nHost: x\r\nX: " + b + "\r\n\r\n",
			"response": "HTTP/1.1 200 " + b + "\r\nContent-Length: 0\r\nX: " + b + "\r\n\r\n",
			"trailer":  "X: " + b + "\r\nX" + b + ": y\r\n\r\n",
			"chunked":  "3;x=\"" + b + "\"\r\n" + b + "\r\n0\r\nX: " + b + "\r\n\r\n",
		} {
			for _, profile := range []string{"strict", "lenient", "pico"} {
				flags := []string{"-kind", kind, "-profile", profile}
				if profile == "lenient" {
					flags = append(flags, "-allow", "all")
				}
				_, text, _ := try(message, append([]string{"parse"}, flags...)...)
				printable(text)
				_, object, _ := try(message, append([]string{"parse", "-json"}, flags...)...)
				printable(object)
				line := base64.StdEncoding.EncodeToString([]byte(message))
				if _, batch, _ := try(line, append([]string{"batch"}, flags...)...); batch != object {
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

// What a user or a name of a file says is printed without what controls a terminal.
func TestSafe(t *testing.T) {
	const bad = "\x1b]0;x\a\u009b\x9b\u202e\n"
	t.Chdir(t.TempDir())
	t.Setenv("GODEBUG", bad)
	notWritten := os.WriteFile("x"+bad, []byte(good), 0o666) // not on every system
	for _, args := range [][]string{
		{bad}, {"version", bad}, {"kernels", bad}, {"kernels", "-" + bad}, {"kernels"}, {"batch", bad}, {"batch", "-" + bad},
		{"parse", "-" + bad}, {"parse", "-" + bad + "=x"}, {"parse", "x", "-" + bad}, {"parse", "-=" + bad}, {"parse", "-json=" + bad},
		{"parse", bad}, {"parse", "x" + bad}, {"parse", "-json", "x" + bad},
		{"parse", "-kind", bad}, {"parse", "-profile", bad}, {"parse", "-profile", "lenient", "-allow", bad}, {"parse", "-width", bad},
		{"parse", "-kind", "response", "-method", bad}, {"parse", "-max-head", bad}, {"parse", "-kind", "trailer", "-allow", bad},
	} {
		_, stdout, stderr := try("", args...)
		unsafe := func(c rune) bool { return c != '\n' && (!unicode.IsPrint(c) || c == unicode.ReplacementChar) }
		if strings.ContainsFunc(stdout+stderr, unsafe) || strings.Count(stderr, "\n") > 2 {
			t.Errorf("%q: %q, %q", args, stdout, stderr)
		}
	}
	if _, stdout, _ := try("", "parse", "x"+bad); notWritten == nil && !strings.HasPrefix(stdout, `x\x1b]0;x\a\u009b\x9b\u202e\n: request 1`) {
		t.Errorf("%q", stdout)
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

	t.Setenv("GODEBUG", "cpu.x=off") // what is off stays off
	report.Kernels = []kernel{{"k", "AVX512BW POPCNT", true, true}}
	if text := report.String(); !strings.HasSuffix(text, "kernel: GODEBUG=cpu.x=off,cpu.avx512bw=off\n") {
		t.Error(text)
	}
}

// What cannot be written is an exit status, too.
func TestWriteError(t *testing.T) {
	for _, args := range []string{"parse", "parse -json", "parse -kind chunked", "parse -kind chunked -json", "batch", "kernels", "kernels -json", "help", "version"} {
		var stderr bytes.Buffer
		if status := run(strings.Fields(args), strings.NewReader(good), full{}, &stderr); status != 1 || !strings.Contains(stderr.String(), "full") {
			t.Errorf("%s: status %d, %s", args, status, &stderr)
		}
	}
}

// One fault in writing is enough.
func TestWriteErrorOnce(t *testing.T) {
	for _, flag := range []string{"-json=false", "-json"} {
		for nth := range 4 {
			var stderr bytes.Buffer
			stdout := fullOnce(nth)
			status := run([]string{"parse", flag}, strings.NewReader(contentLength("5")+"hello"+good+contentLength("5")), &stdout, &stderr)
			if status != 1 || !strings.Contains(stderr.String(), "full") {
				t.Errorf("%s: status %d, %s", flag, status, &stderr)
			}
		}
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

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestReadError(t *testing.T) {
	for _, test := range []struct{ args, stdin string }{
		{"parse", ""},
		{"parse", "GET /"},
		{"parse", good},
		{"parse", contentLength("5") + "he"},
		{"parse", contentLength("x") + "he"},
		{"parse", chunked + "5\r\nhe"},
		{"parse", chunked + "5\r\nhello\r\n0\r\n"},
		{"parse -kind response", "HTTP/1.1 200 OK\r\n\r\nhe"},
		{"parse -kind response", "HTTP/1.1 101 OK\r\n\r\nhe"},
		{"parse -kind trailer", "\r\nhe"},
		{"parse -kind chunked", "5\r\nhe"},
		{"parse -kind chunked", "0\r\n\r\nhe"},
		{"batch", "GET /"},
		{"batch", "FgMB"},
	} {
		for _, json := range []string{"", "-json"} {
			args := strings.Fields(test.args)
			if args[0] == "parse" && json != "" {
				args = append(args, json)
			}
			var stdout, stderr strings.Builder
			stdin := io.MultiReader(strings.NewReader(test.stdin), broken{})
			status := run(args, stdin, &stdout, &stderr)
			if status != 1 || !strings.Contains(stderr.String(), "broken") || strings.Contains(stdout.String(), "incomplete") {
				t.Errorf("%s of %q: status %d\n%s%s", args, test.stdin, status, &stdout, &stderr)
			}
		}
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("broken") }
