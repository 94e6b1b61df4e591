package picohttp

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/picohttp/picohttp/internal/mutants"
)

func TestExplain(t *testing.T) {
	const start = "GET / HTTP/1.1\r\nHost: example.com\r\n"
	for _, test := range []struct {
		name   string
		parser Parser
		input  string
		want   string
	}{
		{"space-before-colon", Parser{}, start + "Accept : */*\r\n\r\n", `
malformed: a field name is a token with the colon right behind it
in field line 2, column 7 (offset 41)

    Accept : */*\r\n
          ^ SP

rule:   field-name, RFC 9112, section 5.1
status: 400 Bad Request
hint:   White space stands before the colon. Some recipients drop it, some take
        it for a part of the name, so a server has to refuse it.`},
		{"field-line-without-colon", Parser{}, start + "Accept\r\n\r\n", `
malformed: a field name is a token with the colon right behind it
in field line 2, column 7 (offset 41)

    Accept\r\n
          ^ CR

rule:   field-name, RFC 9112, section 5.1
status: 400 Bad Request
hint:   The line has no colon. If it belongs to the body, the empty line before
        the body is missing.`},
		{"field-name-empty", Parser{}, start + ": x\r\n\r\n", `
malformed: a field name is a token with the colon right behind it
in field line 2, column 1 (offset 35)

    : x\r\n
    ^ ":"

rule:   field-name, RFC 9112, section 5.1
status: 400 Bad Request
hint:   The field name is empty.`},
		{"left-parenthesis-in-field-name", Parser{}, start + "a\\(b: x\r\n\r\n", `
malformed: a field name is a token with the colon right behind it
in field line 2, column 2 (offset 36)

    a\\(b: x\r\n
     ^ "\"

rule:   field-name, RFC 9112, section 5.1
status: 400 Bad Request
hint:   Names are made of letters, digits and !#$%&'*+-.^_` + "`" + `|~ only.`},
		{"nul-in-field-value", Parser{}, start + "X: \xffa\x00b\r\n\r\n", `
malformed: a field value holds no control character but HTAB
in field line 2 (X), column 6 (offset 40)

    X: \xffa\x00b\r\n
            ^ NUL

rule:   field-value, RFC 9110, section 5.5
status: 400 Bad Request`},
		{"nul-in-long-field-value", Parser{}, start + "Cookie: " + strings.Repeat("\xff\xfe", 99) + "\x7f" + strings.Repeat("long", 99), `
malformed: a field value holds no control character but HTAB
in field line 2 (Cookie), column 207 (offset 241)

    ...\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe\x7flonglonglonglonglonglo...
                                                   ^ DEL

rule:   field-value, RFC 9110, section 5.5
status: 400 Bad Request`},
		{"obs-fold", Parser{}, start + "\tfolded\r\n\r\n", `
malformed: a field value may not be folded over lines
in the line behind field line 1 (Host), column 1 (offset 35)

    \tfolded\r\n
    ^ HTAB

rule:   obs-fold, RFC 9112, section 5.2
status: 400 Bad Request
hint:   White space at its beginning once made a line go on with the field value
        of the line before; now a value is sent in one line.`},
		{"second-empty-line", Parser{}, "\r\n\r\n" + start, `
malformed: more than one empty line before the request-line
in the second empty line before the request-line, column 1 (offset 2)

    \r\n
    ^ CR

rule:   empty-line, RFC 9112, section 2.2
status: 400 Bad Request`},
		{"version-missing", Parser{}, "\r\nGET /\r\n", `
malformed: the HTTP-version is HTTP/1. and one digit
in the request-line, column 6 (offset 7)

    GET /\r\n
         ^ CR

rule:   http-version, RFC 9112, section 2.3
status: 400 Bad Request
hint:   The line has no HTTP-version, as in HTTP/0.9, which is not spoken here.`},
		{"bare-lf", Parser{}, "GET / HTTP/1.1\nHost: x\n\n", `
malformed: a line ends in CRLF, not in a LF alone
in the request-line, column 15 (offset 14)

    GET / HTTP/1.1\n
                  ^ LF

rule:   bare-lf, RFC 9112, section 2.2
status: 400 Bad Request
hint:   Editors and echo end lines in LF alone; write \r\n with printf, say.`},
		{"bare-cr-for-empty-line", Parser{}, start + "\r\"", `
malformed: a CR must be followed by a LF
in the empty line that ends the head, column 2 (offset 36)

    \r"
      ^ '"'

rule:   bare-cr, RFC 9112, section 2.2
status: 400 Bad Request`},
		{"tls-client-hello", Parser{}, "\x16\x03\x01\x02\x00\x01\x00\n", `
malformed: a TLS record where an HTTP/1.x message should begin
in the request-line, column 1 (offset 0)

    \x16\x03\x01\x02\x00\x01\x00\n
    ^ SYN

rule:   tls, RFC 8446, section 5.1
status: 400 Bad Request
hint:   The client speaks TLS (https) on a port for plain HTTP.`},
		{"http2-preface", Parser{}, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", `
malformed: the HTTP/2 connection preface where an HTTP/1.x message should begin
in the request-line, column 12 (offset 11)

    PRI * HTTP/2.0\r\n
               ^ "2"

rule:   http2-preface, RFC 9113, section 3.4
status: 505 HTTP Version Not Supported
hint:   The client speaks HTTP/2 without asking; only HTTP/1.x is spoken here.`},
		{"head-too-long-at-end-of-input", Parser{MaxHeadBytes: 23}, "GET / HTTP/1.1\r\nHost: a", `
malformed: the message head is longer than the limit
in field line 1 (Host), column 8 (offset 23)

    Host: a
           ^ end of input; one more is too many

rule:   head-too-long, RFC 6585, section 5
status: 431 Request Header Fields Too Large
hint:   The limit is Parser.MaxHeadBytes.`},
		{"too-many-fields", Parser{MaxFields: 1}, start + "X: y\r\n\r\n", `
malformed: there are more field lines than the limit
in field line 2, column 1 (offset 35)

    X: y\r\n
    ^ "X"

rule:   too-many-fields, RFC 6585, section 5
status: 431 Request Header Fields Too Large
hint:   The limit is Parser.MaxFields.`},
		{"host-missing", Parser{}, "GET / HTTP/1.1\r\n\r\nHost: body", `
malformed: an HTTP/1.1 request needs a Host field
rule:   host-missing, RFC 9112, section 3.2
status: 400 Bad Request`},
		{"host-repeated", Parser{}, start + "host:x\r\n\r\n", `
malformed: a request has one Host field
in field line 2, column 1 (offset 35)

    host:x\r\n
    ^ "h"

rule:   host-repeated, RFC 9112, section 3.2
status: 400 Bad Request`},
		{"host", Parser{}, "GET / HTTP/1.1\r\nA: b\r\nHost: \ta b\r\n\r\n", `
malformed: Host is a host name or address with an optional port
in field line 2 (Host), column 8 (offset 29)

    Host: \ta b\r\n
            ^ this value

rule:   host, RFC 9110, section 7.2
status: 400 Bad Request`},
		{"incomplete", Parser{}, start + "Accept: */*", `
incomplete: the head goes on after 46 octets
in the value of field line 2 (Accept)`},
		{"incomplete", Parser{}, start, `
incomplete: the head goes on after 35 octets
at the beginning of a field line or the empty line`},
		{"incomplete", Parser{}, "G", `
incomplete: the head goes on after 1 octet
in the method`},
		{"incomplete", Parser{}, "", `
incomplete: no octet yet`},
		{"complete", Parser{}, start + "\r\nbody", `
complete: a message head of 37 octets`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var r Request
			n, err := test.parser.ParseRequest(&r, []byte(test.input))
			if err == nil {
				_, err = r.Host()
			}
			if got := Explain([]byte(test.input), n, err); got != test.want[1:] {
				t.Errorf("got:\n%s\nwant:\n%s", got, test.want[1:])
			}
		})
	}
}

// TestExplainKinds: Explain finds out what kind of message it is about.
func TestExplainKinds(t *testing.T) {
	const status = "HTTP/1.1 200 OK\r\nServer: s\r\n"
	parse := func(m message) func(b []byte) (int, error) {
		return func(b []byte) (int, error) { return m.parseUnder(&Parser{}, b) }
	}
	request := func(b []byte) (int, error) {
		var r Request
		n, err := r.Parse(b)
		if err == nil {
			_, err = r.Framing()
		}
		return n, err
	}
	chunked := func(b []byte) (int, error) {
		d := Chunked{Parser: &Parser{MaxChunkExtBytes: 8}}
		_, n, err := d.Decode([]byte(string(b)))
		if err == io.EOF {
			err = nil
		}
		return n, err
	}
	for _, test := range []struct {
		name  string
		parse func(b []byte) (n int, err error)
		input string
		want  string
	}{
		{"status-code", parse(new(Response)), "HTTP/1.1 20 OK\r\n\r\n", `
malformed: the status-code is three digits with a space before and behind it
in the status-line, column 12 (offset 11)

    HTTP/1.1 20 OK\r\n
               ^ SP

rule:   status-code, RFC 9112, section 4
status: 502 Bad Gateway, from a gateway`},
		{"request-for-response", parse(new(Response)), "GET / HTTP/1.1\r\n\r\n", `
malformed: the HTTP-version is HTTP/1. and one digit
in the status-line, column 1 (offset 0)

    GET / HTTP/1.1\r\n
    ^ "G"

rule:   http-version, RFC 9112, section 2.3
status: 502 Bad Gateway, from a gateway
hint:   A request-line ends so: this is a request, not a response.`},
		{"response-obs-fold", parse(new(Response)), status + " folded\r\n\r\n", `
malformed: a field value may not be folded over lines
in the line behind field line 1 (Server), column 1 (offset 28)

     folded\r\n
    ^ SP

rule:   obs-fold, RFC 9112, section 5.2
status: 502 Bad Gateway, from a gateway
hint:   White space at its beginning once made a line go on with the field value
        of the line before; now a value is sent in one line.`},
		{"response-incomplete", parse(new(Response)), "HTTP/1.1 404 Not", `
incomplete: the head goes on after 16 octets
in the reason-phrase`},
		{"response-complete", parse(new(Response)), status + "\r\nbody", `
complete: a message head of 30 octets`},
		{"trailer-field-name", parse(new(Trailer)), "Digest: a\r\nX Y: b\r\n\r\n", `
malformed: a field name is a token with the colon right behind it
in field line 2, column 2 (offset 12)

    X Y: b\r\n
     ^ SP

rule:   field-name, RFC 9112, section 5.1
status: 400 Bad Request
hint:   Names are made of letters, digits and !#$%&'*+-.^_` + "`" + `|~ only.`},
		{"trailer-incomplete", parse(new(Trailer)), "Digest: a\r\n\r", `
incomplete: the trailer section goes on after 12 octets
between CR and LF of the empty line that ends the trailer section`},
		{"trailer-complete", parse(new(Trailer)), "Digest: a\r\n\r\n", `
complete: a trailer section of 13 octets`},
		{"chunk-size", chunked, "5\r\nhello\r\n0x5\r\n", `
malformed: a chunk-size is 1 to 16 hexadecimal digits that make a number below 2^63
in the chunk-size line of chunk 2, column 2 (offset 11)

    0x5\r\n
     ^ "x"

rule:   chunk-size, RFC 9112, section 7.1
status: 400 Bad Request`},
		{"chunk-data", chunked, "5\r\nhello!\r\n0\r\n\r\n", `
malformed: chunk-data has chunk-size octets and CRLF behind them
in the chunk-data of chunk 1, column 6 (offset 8)

    hello!\r\n
         ^ "!"

rule:   chunk-data, RFC 9112, section 7.1
status: 400 Bad Request
hint:   The chunk-data is longer than chunk-size says.`},
		{"chunk-ext-too-long", chunked, "5;aaaaaaaaaa\r\nhello\r\n0\r\n\r\n", `
malformed: the extensions of a chunk are longer than the limit
in the chunk-size line of chunk 1, column 10 (offset 9)

    5;aaaaaaaaaa\r\n
             ^ "a"

rule:   chunk-ext-too-long, RFC 9112, section 7.1.1
status: 400 Bad Request
hint:   The limit is Parser.MaxChunkExtBytes.`},
		{"trailer-of-chunked", chunked, "0\r\nDigest: a\r\nX\r\n\r\n", `
malformed: a field name is a token with the colon right behind it
in field line 2, column 2 (offset 15)

    X\r\n
     ^ CR

rule:   field-name, RFC 9112, section 5.1
status: 400 Bad Request
hint:   The line has no colon. If it belongs to the body, the empty line before
        the body is missing.`},
		{"chunked-incomplete", chunked, "5\r\nhello\r\n10\r\nabc", `
incomplete: the body goes on after 17 octets
in the chunk-data of chunk 2, of which 13 octets are to come`},
		{"chunked-incomplete-long", chunked, "7fffffffffffffff\r\nabc", `
incomplete: the body goes on after 21 octets
in the chunk-data of chunk 1, of which 9223372036854775804 octets are to come`},
		{"chunked-incomplete-line", chunked, "5;a", `
incomplete: the body goes on after 3 octets
in the chunk-ext of the chunk-size line of chunk 1`},
		{"chunked-complete", chunked, "5\r\nhello\r\n0\r\n\r\n", `
complete: a chunked body of 15 octets`},
		{"chunk-ext-empty", chunked, "5;\r\nhello\r\n", `
malformed: chunk extensions are names, or names with values, each behind a semicolon
in the chunk-size line of chunk 1, column 3 (offset 2)

    5;\r\n
      ^ CR

rule:   chunk-ext, RFC 9112, section 7.1.1
status: 400 Bad Request`},
		{"chunk-ext-white-space", chunked, "5;a \r\nhello\r\n", `
malformed: chunk extensions are names, or names with values, each behind a semicolon
in the chunk-size line of chunk 1, column 5 (offset 4)

    5;a \r\n
        ^ CR

rule:   chunk-ext, RFC 9112, section 7.1.1
status: 400 Bad Request
hint:   White space stands behind the chunk-size or the extension.`},
		{"trailer-begin", chunked, "0\r\n\n", `
malformed: a line ends in CRLF, not in a LF alone
in field line 1, column 1 (offset 3)

    \n
    ^ LF

rule:   bare-lf, RFC 9112, section 2.2
status: 400 Bad Request
hint:   Editors and echo end lines in LF alone; write \r\n with printf, say.`},
		{"trailer-begin-incomplete", chunked, "0\r\n", `
incomplete: the body goes on after 3 octets
at the beginning of a field line or the empty line`},
		{"content-length", request, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:  +5\r\n\r\n", `
malformed: Content-Length is digits that make a number below 2^63
in field line 2 (Content-Length), column 18 (offset 43)

    Content-Length:  +5\r\n
                     ^ this value

rule:   content-length, RFC 9110, section 8.6
status: 400 Bad Request`},
		{"ambiguous-length", request, "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", `
malformed: Transfer-Encoding and Content-Length exclude each other
in field line 2, column 1 (offset 36)

    Transfer-Encoding: chunked\r\n
    ^ this field

rule:   ambiguous-length, RFC 9112, section 6.1
status: 400 Bad Request
hint:   Recipients differ in where such a body ends, which lets a request be
        smuggled past one of them. Refuse it, and close the connection.`},
		{"not-chunked", request, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n", `
malformed: the last transfer coding of a request is chunked
in field line 2 (Transfer-Encoding), column 20 (offset 64)

    Transfer-Encoding: gzip\r\n
                       ^ this value

rule:   not-chunked, RFC 9112, section 6.3
status: 400 Bad Request
hint:   Recipients differ in where such a body ends, which lets a request be
        smuggled past one of them. Refuse it, and close the connection.`},
		{"connection", request, "POST / HTTP/1.1\r\nConnection: close, host\r\n\r\n", `
malformed: Connection may not name Content-Length, Transfer-Encoding or Host
in field line 1 (Connection), column 13 (offset 29)

    Connection: close, host\r\n
                ^ this value

rule:   connection, RFC 9110, section 7.6.1
status: 400 Bad Request`},
	} {
		t.Run(test.name, func(t *testing.T) {
			n, err := test.parse([]byte(test.input))
			if got := Explain([]byte(test.input), n, err); got != test.want[1:] {
				t.Errorf("got:\n%s\nwant:\n%s", got, test.want[1:])
			}
		})
	}
}

// TestExplainProfiles: a Parser explains what it answered, framing included.
func TestExplainProfiles(t *testing.T) {
	const start = "GET / HTTP/1.1\r\nHost: a\r\n"
	all := Parser{Profile: Lenient, Allow: allDeviations}
	for _, test := range []struct {
		parser Parser
		input  string
		want   string // the second paragraph, or the place of what is incomplete
	}{
		{all, "GET / HTTP/1.1\nHost: a\nContent-Length: 1\r\n\n", `
    GET / HTTP/1.1\n
                  ^ LF`},
		{all, "GET / HTTP/1.1\r\nHost: a\nX: b\n\r\n", `
    Host: a\n
           ^ LF`},
		{all, "\r\nGET / HTTP/1.1\r\nHost: a\nX: b\n\r\n", `
    Host: a\n
           ^ LF`},
		{all, start + "Content-Length: 1\r\n\t2\r\n\r\n", `
    \t2\r\n
    ^ HTAB`},
		{all, start + "X: b\r\n c\r\n  Host: 2\r\n\r\n", `
      Host: 2\r\n
    ^ SP`},
		{all, "GET / HTTP/1.1\r\nHost : a\r\n\r\n", `
    Host : a\r\n
        ^ SP`},
		{all, start + "Connection: close\x00\r\n\r\n", `
    Connection: close\x00\r\n
                     ^ NUL`},
		{all, start + "X: b\r\n c\r\n \r\n\r\n", `
     \r\n
     ^ CR`},
		{all, start + "Content-Length: 4\r\nX: b\r\n c\r\nContent-Length: 4\r\n\r\n", `
    Content-Length: 4\r\n
                    ^ this value`},
		{all, start + "X : b\r\nTransfer-Encoding:\tchunked\r\nContent-Length: 4\r\n\r\n", `
    Content-Length: 4\r\n
    ^ this field`},
		{all, start + "X: 1\r\n 2", "in the value of field line 2 (X)"},
		{all, start + "X: 1\r\n  ", "at the beginning of a line that continues field line 2 (X)"},
		{all, start + "X: 1\r\n 2\r", "between CR and LF of field line 2 (X)"},
		{all, start + "X ", "before the colon of field line 2"},
		{Parser{Profile: Pico}, start + "X: b\r\n  \r\n\r\n", `
      \r\n
    ^ SP`},
		{Parser{Profile: Pico}, "GET  /\xa0 HTTP/1.1\r\nHost: a\r\n\r\n", `
    GET  /\xa0 HTTP/1.1\r\n
          ^ 0xA0`},
		{Parser{Profile: Pico}, "GET \xa0/  HTTP/1.1\r\nHost: a\r\n\r\n", `
    GET \xa0/  HTTP/1.1\r\n
        ^ 0xA0`},
		{Parser{Profile: Pico}, "\r\nGET  /a\u0080 HTTP/1.1\r\nHost: a\r\n\r\n", `
    GET  /a\xc2\x80 HTTP/1.1\r\n
           ^ 0xC2`},
		{Parser{Profile: Pico}, "GET  /\xa0 XTTP", "in the HTTP-version"},
		{all, "\r\nHTTP/1.1 200 a\x01\vConnection: close\r\n\r\n", `
    HTTP/1.1 200 a\x01\x0bConnection: close\r\n
                  ^ SOH`},
	} {
		kind := subjects[0]
		if strings.HasPrefix(strings.TrimLeft(test.input, "\r\n"), "HTTP/") {
			kind = subjects[1]
		}
		r := parseAs(kind, &test.parser, []byte(test.input))
		n, err := r.n, r.err
		if err == nil {
			_, err = framingOfMessage(r.message, "GET")
		}
		text := test.parser.Explain([]byte(test.input), n, err)
		got := text[strings.LastIndexByte(text, '\n')+1:]
		if parts := strings.Split(text, "\n\n"); len(parts) > 1 {
			got = "\n" + parts[1]
		}
		if got != test.want {
			t.Errorf("%q:\n%s\nwant:\n%s", test.input, text, test.want)
		}
	}
}

// An n or err that Parse did not answer is no reason to panic.
func TestExplainOther(t *testing.T) {
	inputs := []string{"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "5;a\r\nhello\r\n0\r\nHost: a\r\n\r\n", "", "\n", "\r\n\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x00\xff\r\nHost:\nhost", strings.Repeat("é\n", 99)}
	errs := []error{nil, ErrIncomplete, io.EOF, fmt.Errorf("reading: %w", ErrIncomplete), fmt.Errorf("reading: %w", ErrHost)}
	for e := range 256 {
		errs = append(errs, Error(e))
	}
	for _, input := range inputs {
		for _, n := range []int{math.MinInt, -1, 0, 1, 2, len(input) - 1, len(input), len(input) + 1, math.MaxInt} {
			for _, err := range errs {
				checkExplained(t, &Parser{}, []byte(input), n, err)
				checkExplained(t, &Parser{Profile: Pico}, []byte(input), n, err)
			}
			checkExplained(t, &Parser{}, nil, n, ErrHost)
		}
	}
	if got := Explain(nil, 0, io.EOF); got != "EOF" {
		t.Errorf("for io.EOF: %q", got)
	}
}

// Whatever the octets, the text is printable, its quotation fits a terminal and
// the caret stands under the octet at n.
func TestExplainAny(t *testing.T) {
	const seed = "\r\nPOST /a/b?c HTTP/1.1\r\nHost: example.com\r\nCookie: \t a=b; \xe9=\xff\r\nX:\r\n\r\nbody"
	seeds := [][]byte{[]byte(seed), []byte(seed[2:])}
	rng := rand.New(rand.NewPCG(9112, 9110))
	for range mutants.Count(20_000) {
		b := mutants.Make(rng, seeds)
		var r Request
		p := Parser{Profile: Profile(rng.IntN(3)), MaxHeadBytes: rng.IntN(400), MaxTargetBytes: rng.IntN(60), MaxFields: rng.IntN(5)}
		n, err := p.ParseRequest(&r, b)
		checkExplained(t, &p, b, n, err)
		if err == nil {
			_, err := r.Host()
			checkExplained(t, &p, b, n, err)
		}
		checkExplained(t, &Parser{}, b, rng.IntN(len(b)+2)-1, Error(rng.IntN(len(errorTable)+1)))
	}
}

func checkExplained(t *testing.T, p *Parser, b []byte, n int, err error) {
	t.Helper()
	text := p.Explain(b, n, err)
	if text == "" && (err == nil || err.Error() != "") {
		t.Fatalf("nothing is said of %v at %d of %q", err, n, b)
	}
	for line := range strings.Lines(text) {
		short := strings.HasPrefix(line, " ") || strings.HasPrefix(line, "hint:")
		if short && len(line) > 80+len("\n") {
			t.Fatalf("more than 80 columns: %s", line)
		}
		for _, c := range []byte(strings.TrimSuffix(line, "\n")) {
			if c < ' ' || c > '~' {
				t.Fatalf("%q in the text for %v at %d of %q", c, err, n, b)
			}
		}
	}
	var e Error
	if !errors.As(err, &e) || e.rule() == 0 || e.rule() >= int(ErrHostMissing) {
		return
	}
	parts := strings.Split(text, "\n\n")
	if len(parts) != 3 {
		t.Fatalf("nothing is quoted:\n%s", text)
	}
	quoted, caret, _ := strings.Cut(parts[1], "\n")
	n = max(0, min(n, len(b)))
	column := strings.IndexByte(caret, '^')
	if at := strings.LastIndex(caret, " ^"); at >= 0 {
		column = at + 1 // not the octet named "^"
	}
	want := ""
	if n < len(b) {
		want = escape(b[n])
	}
	if column < 4 || column > len(quoted) || !strings.HasPrefix(quoted[column:], want) || want == "" && column != len(quoted) {
		t.Fatalf("the caret is not under %q, offset %d of %q:\n%s", want, n, b, text)
	}
}
