package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

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
		{"parse " + goodFile + " " + goodFile + "x", "", 1, goodFile + ": request 1", "picohttp: " + goodFile + "x: "},
		{"parse " + filepath.Dir(goodFile), "", 1, "", "picohttp: "},
		{"parse " + goodFile + " -json", "", 2, "", "flags go before"},
		{"parse -json " + goodFile, "", 0, `{"result":"complete","n":27`, ""},
		{"parse -json", "", 1, "", "empty"},
		{"parse -x", "", 2, "", "not defined: -x"},
		{"parse -kind response", "", 1, "", "empty"},
		{"parse -kind trailer", "", 1, "", "empty"},
		{"parse -kind chunked", "", 1, "", "empty"},
		{"parse -kind response", good, 1, "malformed", ""},
		{"parse", "HTTP/1.1 200 OK\r\n\r\n", 1, "malformed", ""},
		{"parse", contentLength("5") + "hello", 0, "  body      5 octets\n            hello\n", ""},
		{"parse", contentLength("5") + "he", 1, "2 octets, incomplete: 3 octets missing\n            he\n", ""},
		{"parse", contentLength("5"), 1, "0 octets, incomplete: 5 octets missing\n", ""},
		{"parse", contentLength("x") + good, 1, "Not parsed, as the framing is malformed: 27 octets.", ""},
		{"parse -json", contentLength("x") + good, 1, `"framing":{"error":"content-length","status":400}`, "not parsed, as the framing is malformed: 27 octets"},
		{"parse", chunked + "5\r\nhello\r\n0\r\n\r\n", 0, "5 octets in 1 chunk\n", ""},
		{"parse", chunked + "5\r\nhel", 1, "3 octets in 1 chunk, incomplete: 2 octets of chunk 1 missing\n", ""},
		{"parse", chunked + "5\r\n", 1, "0 octets in 1 chunk, incomplete: 5 octets of chunk 1 missing\n", ""},
		{"parse", chunked + "5\r\nhello\r\n1", 1, "incomplete: last-chunk missing\n", ""},
		{"parse", chunked + "0\r\nA: b\r\n", 1, "0 octets in 0 chunks, incomplete: end of the trailer section missing\n", ""},
		{"parse -max-trailer 3", chunked + "0\r\nA: b\r\n\r\n", 1, "trailer-too-long", ""},
		{"parse -max-fields 2", chunked + "0\r\nA: b\r\nA: b\r\nA: b\r\n\r\n", 1, "too-many-fields", ""},
		{"parse -max-chunk-ext 1", chunked + "0;a\r\n\r\n", 1, "chunk-ext-too-long", ""},
		{"parse -max-chunk-overhead 1", chunked + "1;aaaaaaaaaaaaaaaaaaaaa\r\nx\r\n0\r\n\r\n", 1, "chunk-overhead", ""},
		{"parse", "CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n\x16\x03", 0, "2 octets of the tunnel\n            \\x16\\x03\n", ""},
		{"parse -kind response", "HTTP/1.1 200 OK\r\n\r\n", 0, "  status    200 OK\n  framing   until-close\n  fields    0\n  body      0 octets\n", ""},
		{"parse -kind response", "HTTP/1.1 007\r\n\r\nbody", 0, "  status    007\n", ""},
		{"parse -kind response", "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 304 \r\n\r\n", 0, "response 2, from offset 27 on\n", ""},
		{"parse -kind response", "HTTP/1.1 101 \r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 0, "Not parsed, as it is another protocol: 19 octets.", ""},
		{"parse -kind response -method HEAD", "HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 0, "response 2", ""},
		{"parse -kind response -method CONNECT", "HTTP/1.1 200 OK\r\n\r\nx", 0, "1 octet of the tunnel\n", ""},
		{"parse -kind response", "HTTP/1.1 200 OK\r\n", 1, "incomplete", ""},
		{"parse -kind trailer", "\r\n", 0, "trailer section\n\n  octets    2\n  fields    0\n", ""},
		{"parse -kind trailer", "A: b\r\n", 1, "incomplete", ""},
		{"parse -kind trailer", "A b\r\n", 1, "field-name", ""},
		{"parse -kind trailer", "A: b\r\n\r\n" + good, 0, "Not parsed, behind the trailer section: 27 octets.", ""},
		{"parse -kind chunked", "0\r\n\r\n0\r\n\r\n", 0, "Not parsed, behind the chunked body: 5 octets.", ""},
		{"parse -kind chunked -json", "0\r\n\r\n0\r\n\r\n", 0, `{"result":"complete","n":5,"body":"","trailers":[]}`, "not parsed, behind the chunked body: 5 octets"},
		{"parse -kind chunked", "2\r\nab", 1, "incomplete: last-chunk missing", ""},
		{"parse -kind chunked", "2\r\nabc", 1, "chunk-data", ""},
		{"parse -kind letter", "", 2, "", `unknown -kind "letter"`},
		{"parse -method HEAD", good, 2, "", "-method goes with -kind response"},
		{"batch -kind trailer -method HEAD", "", 2, "", "-method goes with -kind response"},
		{"parse -kind response -method H[D", "", 2, "", "a method is a token"},
		{"parse -kind response -method=", "", 2, "", "a method is a token"},
		{"parse -max-chunk-overhead 0", "", 2, "", `invalid value "0" for flag -max-chunk-overhead: it is at least 1`},
		{"parse -profile loose", "", 2, "", "it is strict, lenient or pico"},
		{"parse -allow bare-lf", "", 2, "", "-allow goes with -profile lenient"},
		{"parse -profile lenient -allow bare-lf,bare-cr", "", 2, "", `there is no "bare-cr"; there are all, bare-lf, obs-fold,`},
		{"parse -profile lenient", "GET / HTTP/1.1\nHost: x\n\n", 0, "  deviates  a line ends in LF without CR (bare-lf, RFC 9112, section 2.2)\n", ""},
		{"parse -profile lenient", "GET  / HTTP/1.1\r\nHost : x\r\n\r\n", 1, "    Host : x\\r\\n\n        ^ SP\n", ""},
		{"parse -profile lenient -json", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0,
			`"framing":{"body":"chunked","keep_alive":false},"host":{"value":"x"},"deviations":["length-and-coding"]}`, ""},
		{"parse -profile lenient", "POST / HTTP/1.1\nHost: x\r\nContent-Length: 1\r\n\r\nx", 1, "framing   refused: a line ends in CRLF, not in a LF alone (bare-lf)", ""},
		{"parse -profile lenient -allow all", "GET / HTTP/1.1\r\nHost: x\r\nA: \x00b\r\n\r\n", 0, "value-nul", ""},
		{"parse -profile pico", "GET /" + strings.Repeat("a", 20_000) + " HTTP/1.1\r\nHost: x\r\n\r\n", 0, "GET", ""},
		{"parse -profile pico", "GET / HTTP/1.1\r\nHost: x\r\n y\r\n\r\n", 1, "     2  (folded)   y\n", ""},
		{"parse -profile lenient -allow obs-fold", "GET / HTTP/1.1\nHost: x\n\n", 1, "bare-lf", ""},
		{"parse -profile pico -kind response", "HTTP/1.1  200   OK\nA: b\n c\n\n", 0, "1.1\n  status    200 OK\n", ""},
		{"parse -profile pico -kind chunked", "1 x\r\na\r\n0\r\nA\n\n", 0, "1 octet in 1 chunk", ""},
		{"parse -profile pico -kind chunked", "ffffffffffffffff\r\na", 1, "1 octet in 1 chunk, incomplete: 18446744073709551614 octets of chunk 1 missing\n", ""},
		{"parse -profile pico -kind trailer", "A: b \n\tc\n\n", 0, "deviates", ""},
		{"batch -profile lenient -allow obs-fold,value-nul -kind trailer", "QTogYgANCiBjDQoNCg==\n", 0,
			`{"result":"complete","n":13,"fields":[["A","b\u0000\r\n c"]],"deviations":["obs-fold","value-nul"]}`, ""},
		{"batch -profile pico", "R0VUICAvIEhUVFAvMS4xCkE6IGIKIGMKCg==\n", 0,
			`"fields":[["A","b"],[""," c"]],"framing":{"body":"none","keep_alive":false},"host":{"error":"host-missing"},"deviations":["bare-lf","obs-fold","start-line-space"]}`, ""},
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
	"\r\nPOST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\nX-Latin: caf\xe9\t!\r\n\r\n" +
	"a\\\x00\xff\r\n\t" +
	"POST /b HTTP/1.1\r\nHost: x\r\nhost: x\r\nTransfer-Encoding: gzip, chunked\r\n" +
	"Expect: 100-continue\r\nConnection: close\r\n\r\n" +
	"5;x\r\nhello\r\n1\r\n!\r\n0\r\nSet-Cookie: a\r\nX: y\r\n\r\n" +
	"CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\nConnection: Upgrade\r\nUpgrade: y\r\n\r\n" +
	good

func TestParse(t *testing.T) {
	const want = `standard input: request 1

  octets    19
  method    GET
  target    /\\
  version   HTTP/1.0
  host
  framing   no body, close
  fields    0

standard input: request 2, from offset 19 on

  octets    67
  method    POST
  target    /a
  version   HTTP/1.1
  host      x
  framing   length 7, keep-alive
  fields    3
     1  Host            x
     2  Content-Length  7
     3  X-Latin         caf\xe9\t!
  body      7 octets
            a\\\x00\xff\r\n\t

standard input: request 3, from offset 93 on

  octets    113
  method    POST
  target    /b
  version   HTTP/1.1
  host      malformed: a request has one Host field (host-repeated)
  framing   chunked, in another transfer coding, close, expects 100-continue
  fields    5
     1  Host               x
     2  host               x
     3  Transfer-Encoding  gzip, chunked
     4  Expect             100-continue
     5  Connection         close
  body      6 octets in 2 chunks
            hello!
  trailer   2
     1  Set-Cookie  a
     2  X           y

standard input: request 4, from offset 250 on

  octets    68
  method    CONNECT
  target    x:1
  version   HTTP/1.1
  host      x:1
  framing   tunnel, upgrade to y
  fields    3
     1  Host        x:1
     2  Connection  Upgrade
     3  Upgrade     y
  body      27 octets of the tunnel
            GET / HTTP/1.1\r\nHost: x\r\n\r\n
`
	status, stdout, stderr := try(pipelined, "parse")
	if status != 0 || stdout != want || stderr != "" {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
}

func TestParseResponses(t *testing.T) {
	const input = "HTTP/1.1 100 Continue\r\n\r\n" +
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc" +
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" +
		"HTTP/1.0 404 \xe9\r\n\r\n" + good
	const want = `standard input: response 1

  octets    25
  version   HTTP/1.1
  status    100 Continue
  framing   no body, keep-alive
  fields    0

standard input: response 2, from offset 25 on

  octets    38
  version   HTTP/1.1
  status    200 OK
  framing   length 3, keep-alive
  fields    1
     1  Content-Length  3
  body      3 octets
            abc

standard input: response 3, from offset 66 on

  octets    47
  version   HTTP/1.1
  status    200 OK
  framing   chunked, keep-alive
  fields    1
     1  Transfer-Encoding  chunked
  body      3 octets in 1 chunk
            abc
  trailer   0

standard input: response 4, from offset 126 on

  octets    18
  version   HTTP/1.0
  status    404 \xe9
  framing   until-close
  fields    0
  body      27 octets
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

  chunk  offset  size  chunk-ext     data
      1       0     5  ;name="a\tb"  hello
      2      21     6                 worl\x00
   last      34     0   ;end

  octets    63
  content   11 octets in 2 chunks
  overhead  52 octets, 472.7 % of the content
  trailer   2
     1  Host2  x
     2  Vary   *
`
	status, stdout, stderr := try(input, "parse", "-kind", "chunked")
	if status != 0 || stdout != want || stderr != "" {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
}

// The table has 20 rows at most, and says how many more there are.
func TestParseChunkRows(t *testing.T) {
	for _, test := range []struct {
		chunks int
		end    string
		rows   int
		lines  string
	}{
		{19, "0\r\n\r\n", 20, "     19     108     1  x\n   last     114     0\n\n"},
		{20, "0\r\n\r\n", 20, "     19     108     1  x\n  1 more\n   last     120     0\n\n"},
		{20, "", 20, "     20     114     1  x\n\n"},
		{1000, "", 20, "     20     114     1  x\n  980 more\n\n"},
		{1000, "0\r\n\r\n", 20, "     19     108     1  x\n  981 more\n   last    6000     0\n\n"},
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

// A fault in a chunked body has its offset in the file, and a caret.
func TestParseMalformedBody(t *testing.T) {
	long := strings.Repeat("x", 1e5)
	for _, test := range []struct {
		body, row string
		at, from  int // in the body; -1 if it does not matter
		caret     string
	}{
		{"zz", "0 octets in 0 chunks", 0, 0, `
    zz
    ^ "z"
`},
		{"5\r\nhello\r\n6x\r\n", "5 octets in 1 chunk", 11, 10, `
    6x\r\n
     ^ "x"
`},
		{"186A0;a=b\r\n" + long + "\r\n3;=\r\n", "100000 octets in 1 chunk", 1e5 + 15, 1e5 + 13, `
    3;=\r\n
      ^ "="
`},
		{"5\r\nhello!\r\n", "5 octets in 1 chunk", 8, 0, `
    hello!\r\n
         ^ "!"
`},
		{"186A0\r\n" + long + "!\r\n", "100000 octets in 1 chunk", 1e5 + 7, -1, `x!\r\n
`},
		{"1\r\nx\r\n0\r\nA: b\r\nC\x01: d\r\n\r\n", "1 octet in 1 chunk", 16, 6, `
    C\x01: d\r\n
     ^ SOH
`},
		{"0\r\nA: b\r\nHost: x\r\n\r\n", "0 octets in 0 chunks", 9, 0, `
    Host: x\r\n
    ^ "H"
`},
	} {
		head := len(chunked)
		want := fmt.Sprintf("  body      %s, malformed at offset %d\n", test.row, head+test.at)
		counted := fmt.Sprintf("\nCounted from offset %d on:\nmalformed: ", head+test.from)
		if test.from < 0 {
			counted = "\nCounted from offset "
		}
		status, stdout, stderr := try(chunked+test.body, "parse")
		for _, part := range []string{want, counted, test.caret} {
			if !strings.Contains(stdout, part) {
				t.Errorf("%q is not there", part)
			}
		}
		if status != 1 || stderr != "" {
			t.Errorf("status %d, %s", status, stderr)
		}
		if t.Failed() {
			t.Fatal(stdout)
		}

		status, stdout, stderr = try(chunked+test.body, "parse", "-json")
		want = fmt.Sprintf(`,"host":{"value":"x"}}
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
			`{"result":"complete","n":47,"method":"POST","target":"/","minor":1,"fields":[["Host","x"],["Content-Length","1"]],"framing":{"body":"length","length":1,"keep_alive":true},"host":{"value":"x"}}
{"result":"complete","n":47,"method":"POST","target":"/","minor":1,"fields":[["Host","x"],["Content-Length","2"]],"framing":{"body":"length","length":2,"keep_alive":true},"host":{"value":"x"}}
{"result":"incomplete"}
`},
		{"", chunked + "1\r\nx\r\n", 1,
			`{"result":"complete","n":56,"method":"POST","target":"/","minor":1,"fields":[["Host","x"],["Transfer-Encoding","chunked"]],"framing":{"body":"chunked","keep_alive":true},"host":{"value":"x"}}
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

  octets    27
  method    GET
  target    /
  version   HTTP/1.1
  host      x
  framing   no body, keep-alive
  fields    1
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
	const head = "POST /0123456789/0123456789 HTTP/1.1\r\nHost: x\r\nCookie: 0123456789/0123456789\r\nContent-Length: 9999\r\n\r\n"
	_, stdout, _ := try(head+strings.Repeat("a\x00", 5000), "parse", "-width", "32")
	for _, want := range []string{
		"  target    /0123456789/01234...\n",
		"     2  Cookie          0123456789/01...\n", // a few columns in any case
		"            a\\x00a\\x00a\\x00a...\n",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in\n%s", want, stdout)
		}
	}
	row := strings.Repeat("x", 60)
	_, stdout, _ = try("3c;"+row+"\r\n"+row+"\r\n", "parse", "-kind", "chunked", "-width", "70")
	const want = "      1       0    60  ;xxxxxxxxxxxxxxxxxxxx...  xxxxxxxxxxxxxxxxxx...\n"
	if !strings.Contains(stdout, want) {
		t.Errorf("%q is not in\n%s", want, stdout)
	}

	// The caret stays below its octet.
	bad := "GET / HTTP/1.1\r\nX: " + strings.Repeat("a", 100) + "\x00" + strings.Repeat("b", 100) + "\r\n" + strings.Repeat("n", 100) + ": v\r\n\r\n"
	_, stdout, _ = try(bad, "parse", "-width", "40")
	const quoted = "\n    ...aaaaaaaaaaaaaaa\\x00bbbbbbbbbbb...\n                      ^ NUL\n"
	if !strings.Contains(stdout, quoted) {
		t.Errorf("%q is not in\n%s", quoted, stdout)
	}
	// What is left out ends between octets, wherever that is.
	for pad := range 4 {
		bad := "GET / HTTP/1.1\r\nX: " + strings.Repeat("b", pad) + strings.Repeat("\xff", 60) + "\x00\r\n\r\n"
		_, stdout, _ = try(bad, "parse", "-width", "40")
		if !regexp.MustCompile(`\n    \.\.\.(\\xff){6}\\x00\\r\\n\n {31}\^ NUL\n`).MatchString(stdout) {
			t.Errorf("%d octets before obs-text:\n%s", pad, stdout)
		}
	}
	_, stdout, _ = try("GET / HTTP/1.1\r\n"+strings.Repeat("n", 61)+" v\r\n", "parse", "-width", "40")
	behind := "\n    ..." + strings.Repeat("n", 27) + " v\\r\\n\n" + strings.Repeat(" ", 4+3+27) + "^ SP\n"
	if !strings.Contains(stdout, behind) {
		t.Errorf("%q is not in\n%s", behind, stdout)
	}
	_, stdout, _ = try("GET / HTTP/1.1\r\n"+strings.Repeat("n", 100)+": v\r\n\r\n", "parse", "-width", "60")
	if name := "     1  " + strings.Repeat("n", 31) + "...  v\n"; !strings.Contains(stdout, name) {
		t.Errorf("%q is not in\n%s", name, stdout)
	}
}

// TestHelp: the help fits into 80 columns.
func TestHelp(t *testing.T) {
	status, stdout, stderr := try("", "help")
	if status != 0 || stderr != "" || !strings.Contains(stdout, "\n  -kind KIND ") {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
	for line := range strings.Lines(stdout) {
		if len(line) > 80+len("\n") || strings.Contains(line, "\t") {
			t.Errorf("%q", line)
		}
	}
}

// An octetReader reads octets, again and again, until there are n of them.
type octetReader struct {
	octets string
	at, n  int
	room   int // the most that was asked for
}

func (r *octetReader) Read(b []byte) (n int, err error) {
	r.room = max(r.room, len(b))
	if r.n == 0 {
		return 0, io.EOF
	}
	for b = b[:min(r.n, len(b))]; n < len(b); {
		m := copy(b[n:], r.octets[r.at:])
		r.at = (r.at + m) % len(r.octets)
		n += m
	}
	r.n -= n
	return n, nil
}

// However much there is, parse holds at most about a head.
func TestParseBig(t *testing.T) {
	const octets = 64 << 20
	const body, small = 64 << 10, 1 << 20 // what parse may hold: the most for a body, and for a head
	for _, test := range []struct {
		args, start, octets string
		most                int
		want                string
	}{
		{"", "", "\x00", small, "malformed: the method"},
		{"", "GET / HTTP/1.1\r\nHost: ", "a", small, "malformed: the message head is longer"},
		{"", "GET /", "a", small, "malformed: the request-target is longer"},
		{"", contentLength("67108864"), "\x00", body, "  body      67108864 octets\n"},
		{"-json", contentLength("67108864"), "\x00", body, `"length":67108864`},
		{"", chunked + "4000000\r\n", "\x00", body, "67108864 octets in 1 chunk, incomplete: last-chunk missing"},
		{"", chunked, "400\r\n" + strings.Repeat("x", 1024) + "\r\n", body, " chunks, incomplete: "},
		{"-kind chunked", "", "5\r\nhello\r\n", body, "  6710867 more\n"},
		{"-kind chunked", "0\r\n\r\n", "x", body, "Not parsed, behind the chunked body: 67108864 octets."},
		{"-kind response", "HTTP/1.1 200 OK\r\n\r\n", "x", body, "  body      67108864 octets\n"},
	} {
		all := octetReader{octets: strings.Repeat(test.octets, 1e5/len(test.octets)), n: octets}
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

// One octet at a time, and many messages, give what all at once does.
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
		{"chunked", chunks + good, "     3    1047  8192", 1},
		{"chunked", chunks[:len(chunks)-3], "last    9247     0", 1},
		{"chunked -max-trailer 3", "0\r\nA: b", "^ \"b\"", 1}, // one octet is read too many, to show it
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
		{"", "GET / HTTP/1.1\r\nHost: x\r\n\r\nbody", `{"result":"complete","n":27,"method":"GET","target":"/","minor":1,"fields":[["Host","x"]],"framing":{"body":"none","keep_alive":true},"host":{"value":"x"}}`},
		{"", "GET /<&> HTTP/1.0\r\n\r\n", `{"result":"complete","n":21,"method":"GET","target":"/<&>","minor":0,"fields":[],"framing":{"body":"none","keep_alive":false},"host":{"value":""}}`},
		{"", "GET / HTTP/1.1\r\nX:\t\"\xe9\x80\xff\\\t\x7e\r\n\r\n", `{"result":"complete","n":30,"method":"GET","target":"/","minor":1,"fields":[["X","\"é` + "\u0080" + `ÿ\\\t~"]],"framing":{"body":"none","keep_alive":true},"host":{"error":"host-missing"}}`},
		{"", "GET / HTTP/1.1\r\nHost:\r\nhost:\r\n\r\n", `{"result":"complete","n":32,"method":"GET","target":"/","minor":1,"fields":[["Host",""],["host",""]],"framing":{"body":"none","keep_alive":true},"host":{"error":"host-repeated"}}`},
		{"", "GET / HTTP/1.1\r\nContent-Length: 0\r\nHost:\r\n\r\n", `{"result":"complete","n":44,"method":"GET","target":"/","minor":1,"fields":[["Content-Length","0"],["Host",""]],"framing":{"body":"length","length":0,"keep_alive":true},"host":{"value":""}}`},
		{"", "A / HTTP/1.1\r\nTransfer-Encoding: a, Chunked\r\nExpect: 100-continue\r\nUpgrade: b\r\nConnection: upgrade, close\r\nHost:\r\n\r\n", `{"result":"complete","n":116,"method":"A","target":"/","minor":1,"fields":[["Transfer-Encoding","a, Chunked"],["Expect","100-continue"],["Upgrade","b"],["Connection","upgrade, close"],["Host",""]],"framing":{"body":"chunked","keep_alive":false,"expect_continue":true,"upgrade":true,"other_coding":true},"host":{"value":""}}`},
		{"", "CONNECT x:1 HTTP/1.1\r\nExpect: x\r\nHost: x:1\r\n\r\n", `{"result":"complete","n":46,"method":"CONNECT","target":"x:1","minor":1,"fields":[["Expect","x"],["Host","x:1"]],"framing":{"body":"tunnel","keep_alive":false,"expect_other":true},"host":{"value":"x:1"}}`},
		{"", "A / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\nHost:\r\n\r\n", `{"result":"complete","n":70,"method":"A","target":"/","minor":1,"fields":[["Content-Length","1"],["Transfer-Encoding","chunked"],["Host",""]],"framing":{"error":"ambiguous-length","status":400},"host":{"value":""}}`},
		{"", "GET / HTTP/1.1\r\nHost:", `{"result":"incomplete"}`},
		{"", "", `{"result":"incomplete"}`},
		{"", "\x16\x03\x01", `{"result":"malformed","n":0,"error":"tls","status":400}`},
		{"", "PRI * HTTP/2.0\r\n", `{"result":"malformed","n":11,"error":"http2-preface","status":505}`},

		{"-kind response", ok + "Content-Length: 5\r\n\r\nhello", `{"result":"complete","n":38,"minor":1,"status_code":200,"reason":"OK","fields":[["Content-Length","5"]],"framing":{"body":"length","length":5,"keep_alive":true}}`},
		{"-kind response -method HEAD", ok + "Content-Length: 5\r\n\r\n", `{"result":"complete","n":38,"minor":1,"status_code":200,"reason":"OK","fields":[["Content-Length","5"]],"framing":{"body":"none","keep_alive":true}}`},
		{"-kind response -method CONNECT", ok + "\r\n", `{"result":"complete","n":19,"minor":1,"status_code":200,"reason":"OK","fields":[],"framing":{"body":"tunnel","keep_alive":false}}`},
		{"-kind response", "HTTP/1.0 000\r\n\r\n", `{"result":"complete","n":16,"minor":0,"status_code":0,"reason":"","fields":[],"framing":{"body":"until-close","keep_alive":false}}`},
		{"-kind response", "HTTP/1.1 101 \xe9\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", `{"result":"complete","n":51,"minor":1,"status_code":101,"reason":"é","fields":[["Connection","upgrade"],["Upgrade","x"]],"framing":{"body":"none","keep_alive":false,"upgrade":true}}`},
		{"-kind response", ok + "Content-Length: x\r\n\r\n", `{"result":"complete","n":38,"minor":1,"status_code":200,"reason":"OK","fields":[["Content-Length","x"]],"framing":{"error":"content-length"}}`},
		{"-kind response", ok, `{"result":"incomplete"}`},
		{"-kind response", "", `{"result":"incomplete"}`},
		{"-kind response", "HTTP/1.1 2000\r\n\r\n", `{"result":"malformed","n":12,"error":"status-code"}`},
		{"-kind response -max-head 5", "HTTP/1.1 200\r\n\r\n", `{"result":"malformed","n":5,"error":"head-too-long"}`},

		{"-kind trailer", "Age: 1\r\nX: y\r\n\r\nbehind", `{"result":"complete","n":16,"fields":[["Age","1"],["X","y"]]}`},
		{"-kind trailer", "\r\n", `{"result":"complete","n":2,"fields":[]}`},
		{"-kind trailer", "Age: 1\r\n", `{"result":"incomplete"}`},
		{"-kind trailer", "", `{"result":"incomplete"}`},
		{"-kind trailer", "Age : 1\r\n", `{"result":"malformed","n":3,"error":"field-name","status":400}`},
		{"-kind trailer -max-trailer 4", "Age: 1\r\n\r\n", `{"result":"malformed","n":4,"error":"trailer-too-long","status":431}`},

		{"-kind chunked", "5\r\nhello\r\n0\r\n\r\nGET", `{"result":"complete","n":15,"body":"aGVsbG8=","trailers":[]}`},
		{"-kind chunked", "2\r\nhe\r\n3\r\nllo\r\n0\r\nvary: *\r\nX: \xe9\r\n\r\n", `{"result":"complete","n":35,"body":"aGVsbG8=","trailers":[["vary","*"],["X","é"]]}`},
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
		if err := answers.Decode(&o); err != nil || *o.N != int64(len(message)) {
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
			if *o.N != int64(n) || o.Fields[1][1] != "a"+string(rune(c))+"b" {
				t.Errorf("%q: %s", message, stdout)
			}
		case errors.As(err, &e):
			if *o.N != int64(n) || o.Error != e.Code() || o.Status != e.Status() {
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
