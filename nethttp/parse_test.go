package nethttp

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/internal/mutants"
)

// TestCutOffRequest checks that an incomplete request has what http.ReadRequest returns for its
// complete lines followed by an empty line.
func TestCutOffRequest(t *testing.T) {
	heads := []string{
		"GET /a?b HTTP/1.1\r\nHost: example.com\r\nA: \r\nb:\t c \t\r\nSet: 1\r\nset: 2\r\nX-:y\r\n\r\n",
		"\r\nPOST /%41 HTTP/1.0\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n",
		"CONNECT example.com:80 HTTP/1.1\r\nHost: example.com\r\nPragma: x\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET http://example.com HTTP/1.1\r\nHost: example.com\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n  c\r\n\td\r\nE:\r\n f\r\nG: h\r\n\r\n",
		"GET / HTTP/1.1\nHost: a\nA: b\n\tc\nD: e\n\n",
	}
	for _, head := range realHeads(t) {
		if len(head.Bytes) < 800 {
			heads = append(heads, string(head.Bytes))
		}
	}
	for _, whole := range heads {
		for _, r := range []*Reader{{}, {Parser: picohttp.Parser{Profile: picohttp.Lenient}}, {Parser: picohttp.Parser{Profile: picohttp.Pico}}} {
			if _, _, err := r.ParseRequest([]byte(whole)); err != nil {
				continue // this profile rejects its folds or bare LF
			}
			for i := range whole {
				b := []byte(whole[:i])
				req, n, err := r.ParseRequest(b)
				want := settled(whole[:i], r.Parser.Profile == picohttp.Lenient)
				switch {
				case n != want:
					t.Fatalf("%q: n is %d, want %d", b, n, want)
				case n == 0 && strings.Trim(string(b), "\r\n") == "" && (i == 0 || b[i-1] == '\n'):
					if req != nil || err != io.EOF {
						t.Fatalf("%q: %v, %v", b, req, err)
					}
					continue
				case err != io.ErrUnexpectedEOF, (req == nil) != (n == 0):
					t.Fatalf("%q: %v, %v", b, req, err)
				case req == nil:
					continue
				}
				peer, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.TrimLeft(whole[:n], "\r\n") + "\r\n")))
				if err != nil {
					t.Fatalf("%q: %v", b, err)
				}
				peer.Body, peer.ContentLength, peer.Close = http.NoBody, -1, true
				for name := range maps.Keys(peer.Header) {
					if name == "Cache-Control" && !strings.Contains(strings.ToLower(whole[:n]), "\ncache-control:") {
						delete(peer.Header, name) // added because of Pragma
					}
				}
				if !reflect.DeepEqual(req, peer) {
					t.Fatalf("%q: %+v, net/http has %+v", b, req, peer)
				}
			}
		}
	}
}

// TestCutOffResponse is TestCutOffRequest for responses.
func TestCutOffResponse(t *testing.T) {
	for _, whole := range []string{
		"HTTP/1.1 200 OK\r\nA: \r\nb:\t c \t\r\nSet: 1\r\nset: 2\r\nContent-Length: 5\r\n\r\n",
		"HTTP/1.0 404 \r\n\r\n",
		"HTTP/1.1 204\r\nX-:y\r\n\r\n",
		"HTTP/1.1 200  OK \r\nA: b\r\n  c\r\n\td\r\nE:\r\n f\r\nG: h\r\n\r\n",
		"HTTP/1.1 200 OK\nA: b\n\tc\nD: e\n\n",
	} {
		for _, r := range []*Reader{{}, {Parser: picohttp.Parser{Profile: picohttp.Lenient}}, {Parser: picohttp.Parser{Profile: picohttp.Pico}}} {
			if _, _, err := r.ParseResponse([]byte(whole), nil); err != nil {
				continue
			}
			for i := range whole {
				b := []byte(whole[:i])
				resp, n, err := r.ParseResponse(b, nil)
				if want := settled(whole[:i], r.Parser.Profile == picohttp.Lenient); n != want || err != io.ErrUnexpectedEOF || (resp == nil) != (n == 0) {
					t.Fatalf("%q: %v, %d, %v, want n %d", b, resp, n, err, want)
				}
				if resp == nil {
					continue
				}
				peer, err := http.ReadResponse(bufio.NewReader(strings.NewReader(whole[:n]+"\r\n")), nil)
				if err != nil {
					t.Fatalf("%q: %v", b, err)
				}
				peer.Body, peer.ContentLength, peer.Close = http.NoBody, -1, true
				if !reflect.DeepEqual(resp, peer) {
					t.Fatalf("%q: %+v, net/http has %+v", b, resp, peer)
				}
			}
		}
	}
}

// TestCutOffFields checks that the fields of a request that is cut off are as sent, because they
// do not decide anything yet.
func TestCutOffFields(t *testing.T) {
	req, n, err := ParseRequest([]byte("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTrailer: A\r\nPragma: no-cache\r\nConte"))
	want := http.Header{"Transfer-Encoding": {"chunked"}, "Trailer": {"A"}, "Pragma": {"no-cache"}}
	if err != io.ErrUnexpectedEOF || n != 75 || !reflect.DeepEqual(req.Header, want) || req.TransferEncoding != nil || req.Trailer != nil {
		t.Errorf("%+v, %d, %v", req, n, err)
	}
	if req, _, err := ParseRequest([]byte("GET /%zz HTTP/1.1\r\nHost: a\r\n")); req != nil || !errors.As(err, new(*url.Error)) {
		t.Errorf("a target that is no URI: %v, %v", req, err)
	}
	pico := Reader{Parser: picohttp.Parser{Profile: picohttp.Pico}}
	req, _, err = pico.ParseRequest([]byte("GET / HTTP/1.1\r\nA: b\r\n \t\r\n\tc \r\nD:\r\n\te\r\nF"))
	if want := (http.Header{"A": {"b c"}, "D": {"e"}}); err != io.ErrUnexpectedEOF || !reflect.DeepEqual(req.Header, want) {
		t.Errorf("folded: %+v, %v", req, err)
	}
	many := "GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("A: b\r\n", 100)
	for _, last := range []string{"", "C: d\r\n", "C: d\r\n e"} {
		r := Reader{Parser: picohttp.Parser{Profile: picohttp.Lenient}}
		req, n, err := r.ParseRequest([]byte(many + last))
		lines := 100
		if last == "" {
			lines-- // it may be folded
		}
		if err != io.ErrUnexpectedEOF || n != len("GET / HTTP/1.1\r\nHost: a\r\n")+lines*len("A: b\r\n") || len(req.Header["A"]) != lines || req.Header["C"] != nil {
			t.Errorf("%q: %d values, %d, %v", last, len(req.Header["A"]), n, err)
		}
	}
}

// settled returns the offset after the last complete line of a head that is cut off, or 0 if the
// start-line is incomplete. If folds are accepted, a field line is complete only if the byte
// after it shows that no fold follows.
func settled(head string, folds bool) int {
	begin := len(head) - len(strings.TrimLeft(head, "\r\n"))
	startLine := strings.IndexByte(head[begin:], '\n') + begin + 1
	if startLine == begin {
		return 0
	}
	n := startLine
	for at := startLine; ; {
		lf := strings.IndexByte(head[at:], '\n')
		if lf < 0 {
			return n
		}
		at += lf + 1
		if !folds || at < len(head) && head[at] != ' ' && head[at] != '\t' {
			n = at
		}
	}
}

// bodies are messages with content, which begins after "|".
var bodies = []string{
	"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n|hello",
	"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: C\r\n\r\n|3\r\nhel\r\n2;a=b\r\nlo\r\n0\r\nA: b\r\nc: d\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n|hello",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n|3\r\nhel\r\n2\r\nlo\r\n0\r\nA: b\r\n\r\n",
	"HTTP/1.1 200 OK\r\n\r\n|hello",
}

// parse parses a message of either kind.
func parse(r *Reader, b []byte) (body io.ReadCloser, trailer *http.Header, n int, err error) {
	if bytes.HasPrefix(b, []byte("HTTP/")) {
		resp, n, err := r.ParseResponse(b, nil)
		if resp == nil {
			return nil, nil, n, err
		}
		return resp.Body, &resp.Trailer, n, err
	}
	req, n, err := r.ParseRequest(b)
	if req == nil {
		return nil, nil, n, err
	}
	return req.Body, &req.Trailer, n, err
}

// TestBodiesInMemory checks that a complete body ends at n, and that one that is cut off extends
// to the end of the bytes.
func TestBodiesInMemory(t *testing.T) {
	for _, profile := range []picohttp.Profile{picohttp.Strict, picohttp.Lenient} {
		r := &Reader{Parser: picohttp.Parser{Profile: profile}}
		for _, message := range bodies {
			head, rest, _ := strings.Cut(message, "|")
			untilClose := !strings.Contains(head, "-")
			whole := []byte(head + rest)
			for i := len(head); i <= len(whole); i++ {
				body, _, n, err := parse(r, whole[:i])
				if err != nil || n != i {
					t.Fatalf("%q: %d, %v", whole[:i], n, err)
				}
				for _, one := range []bool{false, true} {
					body, trailer, _, _ := parse(r, whole[:i])
					source := io.Reader(body)
					if one {
						source = iotest.OneByteReader(body)
					}
					content, err := io.ReadAll(source)
					want := io.ErrUnexpectedEOF
					if i == len(whole) || untilClose {
						want = nil
					}
					if err != want || !strings.HasPrefix("hello", string(content)) || i == len(whole) && string(content) != "hello" {
						t.Fatalf("%q: %q, %v, want %v", whole[:i], content, err, want)
					}
					if want := map[bool]string{true: "b"}[strings.Contains(rest, "A: b") && i == len(whole)]; trailer.Get("A") != want {
						t.Fatalf("%q: the trailer is %q", whole[:i], *trailer)
					}
				}
				if want := map[bool]error{false: io.ErrUnexpectedEOF}[i == len(whole) || untilClose]; body.Close() != want {
					t.Fatalf("%q: Close, want %v", whole[:i], want)
				}
			}
			if _, _, n, err := parse(r, append(whole, "GET / "...)); err != nil || !untilClose && n != len(whole) || untilClose && n != len(whole)+6 {
				t.Fatalf("%q with more after it: %d, %v", whole, n, err)
			}
		}
	}
}

// TestMalformedInMemory checks that a malformed body comes with the request, the offset and the
// Error.
func TestMalformedInMemory(t *testing.T) {
	for body, want := range map[string]struct {
		content string
		at      int
		err     error
	}{
		"x":                                     {"", 0, picohttp.ErrChunkSize},
		"5\r\nhello\r\nx":                       {"hello", 10, picohttp.ErrChunkSize},
		"5\r\nhello!":                           {"hello", 8, picohttp.ErrChunkData},
		"5\r\nhello\r\n0\r\nA : b\r\n\r\n":      {"hello", 14, picohttp.ErrFieldName},
		"5\r\nhello\r\n0\r\nHost: b\r\n\r\nGET": {"hello", 13, picohttp.ErrTrailerField},
	} {
		head := "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		req, n, err := ParseRequest([]byte(head + body))
		if req == nil || n != len(head)+want.at || err != want.err {
			t.Errorf("%q: %v, %d, %v, want %d, %v", body, req, n-len(head), err, want.at, want.err)
			continue
		}
		if content, err := io.ReadAll(req.Body); string(content) != want.content || err != want.err {
			t.Errorf("%q: %q, %v", body, content, err)
		}
		if err := req.Body.Close(); err != want.err {
			t.Errorf("%q: Close: %v", body, err)
		}
	}
}

// TestErrorsInMemory checks that after an error of the head there is no message, and that n is
// the offset.
func TestErrorsInMemory(t *testing.T) {
	for b, want := range map[string]struct {
		n   int
		err error
	}{
		"":                               {0, io.EOF},
		"\r\n":                           {0, io.EOF},
		"\r":                             {0, io.ErrUnexpectedEOF},
		"G":                              {0, io.ErrUnexpectedEOF},
		"\x16":                           {0, picohttp.ErrTLS},
		"G@":                             {1, picohttp.ErrMethod},
		"GET / HTTP/1.1\r\nHost : a\r\n": {20, picohttp.ErrFieldName},
		"GET / HTTP/1.1\r\n\r\nGET":      {18, picohttp.ErrHostMissing},
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0":               {62, ErrCoding},
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: Trailer\r\n\r\n0": {74, picohttp.ErrTrailerField},
	} {
		if req, n, err := ParseRequest([]byte(b)); req != nil || n != want.n || err != want.err {
			t.Errorf("%q: %v, %d, %v, want %d, %v", b, req, n, err, want.n, want.err)
		}
	}
	for b, want := range map[string]struct {
		n   int
		err error
	}{
		"":                           {0, io.ErrUnexpectedEOF},
		"HTTP":                       {0, io.ErrUnexpectedEOF},
		"\x15":                       {0, picohttp.ErrTLS},
		"HTTP/1.1 200 OK\r\nA: \x00": {20, picohttp.ErrFieldValue},
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0":               {53, ErrCoding},
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Trailer\r\n\r\n0": {65, picohttp.ErrTrailerField},
		"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n0":                              {38, picohttp.ErrContentLength},
	} {
		if resp, n, err := ParseResponse([]byte(b), nil); resp != nil || n != want.n || err != want.err {
			t.Errorf("%q: %v, %d, %v, want %d, %v", b, resp, n, err, want.n, want.err)
		}
		if resp, err := ReadResponse(bufio.NewReader(strings.NewReader(b)), nil); resp != nil || err != want.err {
			t.Errorf("%q: read: %v, %v", b, resp, err)
		}
	}
}

// TestPipelined checks that each message begins at the n of the one before.
func TestPipelined(t *testing.T) {
	var b []byte
	const head = "GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"
	for i := range 5 {
		b = fmt.Appendf(b, head, i)
		for _, message := range bodies[:2] {
			b = append(b, strings.Replace(message, "|", "", 1)...)
		}
	}
	var targets, contents []string
	for len(b) > 0 {
		req, n, err := ParseRequest(b)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(req.Body)
		if err != nil {
			t.Fatal(err)
		}
		targets, contents = append(targets, req.RequestURI), append(contents, string(content))
		b = b[n:]
	}
	for i := range 5 {
		if !slices.Equal(targets[3*i:3*i+3], []string{fmt.Sprintf("/%d", i), "/", "/"}) || !slices.Equal(contents[3*i:3*i+3], []string{"", "hello", "hello"}) {
			t.Fatalf("%q, %q", targets, contents)
		}
	}
}

// TestCopies checks that overwriting the bytes changes neither head nor trailer.
func TestCopies(t *testing.T) {
	for _, profile := range []picohttp.Profile{picohttp.Strict, picohttp.Lenient, picohttp.Pico} {
		r := Reader{Parser: picohttp.Parser{Profile: profile}}
		message := "POST /a?b HTTP/1.1\r\nHost: a\r\nlower: c\r\nCookie: " + strings.Repeat("d", 50) + "\r\nTransfer-Encoding: chunked\r\nTrailer: t\r\n"
		if profile != picohttp.Strict {
			message += "Folded: e\r\n f\r\n"
		}
		message += "\r\n0\r\nu: v\r\n\r\n"
		read := func(overwrite bool) *http.Request {
			b := []byte(message)
			req, _, err := r.ParseRequest(b)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(req.Body); err != nil {
				t.Fatal(err)
			}
			req.Body = nil
			if overwrite {
				copy(b, bytes.Repeat([]byte("X"), len(b)))
			}
			return req
		}
		if req, want := read(true), read(false); !reflect.DeepEqual(req, want) {
			t.Errorf("%v: %+v, want %+v", profile, req, want)
		}
	}
	b := []byte("HTTP/1.1 200 OK\r\nA: b\r\nlower: c\r\n\r\n")
	resp, _, err := ParseResponse(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	copy(b, bytes.Repeat([]byte("X"), len(b)))
	if resp.Status != "200 OK" || !reflect.DeepEqual(resp.Header, http.Header{"A": {"b"}, "Lower": {"c"}}) {
		t.Errorf("%+v", resp)
	}
}

// TestHeads checks that the caller's head is as sent, even if an error is returned, whatever the
// size of the source's buffer.
func TestHeads(t *testing.T) {
	for message, want := range map[string]struct {
		err            error
		method, target string
		lines          int
	}{
		"GET / HTTP/1.1\r\nhOST: a\r\nB: c\r\n\r\nrest": {nil, "GET", "/", 2},
		"":                                       {io.EOF, "", "", 0},
		"GET":                                    {io.ErrUnexpectedEOF, "", "", 0},
		"GET /abc":                               {io.ErrUnexpectedEOF, "GET", "/abc", 0},
		"GET / HTTP/1.1\r\nhOST: a\r\nB: c\r\nC": {io.ErrUnexpectedEOF, "GET", "/", 2},
		"GET / HTTP/1.1\r\nhOST: a\r\nB : c\r\n\r\n":             {picohttp.ErrFieldName, "GET", "/", 1},
		"GET / HTTP/1.1\r\nhOST: a\r\nB: c\r\nHost: a\r\n\r\n":   {picohttp.ErrHostRepeated, "GET", "/", 3},
		"GET / HTTP/1.1\r\nhOST: a\r\nExpect: 200-maybe\r\n\r\n": {nil, "GET", "/", 2},
	} {
		for _, size := range []int{16, 64, 4096} {
			for _, arrive := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader} {
				var r Reader
				h := new(picohttp.Request)
				h.Parse([]byte("POST /another HTTP/1.1\r\nHost: a\r\n\r\n"))
				b := bufio.NewReaderSize(arrive(strings.NewReader("GET / HTTP/1.1\r\nHost: first\r\n\r\n"+message)), size)
				if _, err := r.ReadRequest(b); err != nil { // so that the buffer is not empty
					t.Fatal(err)
				}
				req, err := r.ReadRequestHead(b, h)
				if err != want.err || (req == nil) != (err != nil) {
					t.Fatalf("%q: %v, %v", message, req, err)
				}
				if string(h.Method()) != want.method || string(h.Target()) != want.target || h.NumFields() != want.lines || !strings.HasPrefix(message, string(h.Bytes())) {
					t.Fatalf("%q, buffer of %d: %q %q, %d lines, %q", message, size, h.Method(), h.Target(), h.NumFields(), h.Bytes())
				}
				if want.lines > 0 {
					if name, value := h.Field(0); string(name) != "hOST" || string(value) != "a" {
						t.Fatalf("%q: %q: %q", message, name, value)
					}
				}
				if f, err := h.Framing(); strings.Contains(message, "Expect") != f.ExpectOther {
					t.Fatalf("%q: %+v, %v", message, f, err)
				}
			}
		}
		h := new(picohttp.Request)
		var r Reader
		if _, _, err := r.ParseRequestHead([]byte(message), h); err != want.err || string(h.Target()) != want.target || h.NumFields() != want.lines {
			t.Errorf("%q in memory: %v, %q, %d lines", message, err, h.Target(), h.NumFields())
		}
	}
	var h picohttp.Response
	var r Reader
	for _, message := range []string{"HTTP/1.1 200 OK\r\naBC: d\r\nE : f\r\n", "HTTP/1.1 200 OK\r\naBC: d\r\nE"} {
		h.Reset()
		if resp, err := r.ReadResponseHead(bufio.NewReader(strings.NewReader(message)), nil, &h); resp != nil || err == nil || h.Status() != 200 || string(h.Bytes()) != message[:25] {
			t.Errorf("%v, %v, %q", resp, err, h.Bytes())
		}
		h.Reset()
		if _, _, err := r.ParseResponseHead([]byte(message), nil, &h); err == nil || string(h.Bytes()) != message[:25] {
			t.Errorf("in memory: %v, %q", err, h.Bytes())
		}
	}
}

// TestNil checks that nothing panics without a head or a source.
func TestNil(t *testing.T) {
	var r Reader
	const get, ok = "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 204 OK\r\n\r\n"
	if req, err := r.ReadRequestHead(bufio.NewReader(strings.NewReader(get)), nil); req == nil {
		t.Error(err)
	}
	if resp, err := r.ReadResponseHead(bufio.NewReader(strings.NewReader(ok)), nil, nil); resp == nil {
		t.Error(err)
	}
	if req, _, err := r.ParseRequestHead([]byte(get), nil); req == nil {
		t.Error(err)
	}
	if resp, _, err := r.ParseResponseHead([]byte(ok), nil, nil); resp == nil {
		t.Error(err)
	}
	if _, err := ReadRequest(nil); err != io.EOF {
		t.Error(err)
	}
	if _, err := ReadResponse(nil, nil); err != io.ErrUnexpectedEOF {
		t.Error(err)
	}
}

// TestOtherProtocols checks that after ErrTLS and ErrHTTP2 all bytes are still in the source.
func TestOtherProtocols(t *testing.T) {
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	lenient := &Reader{Parser: picohttp.Parser{Profile: picohttp.Lenient}}
	for _, test := range []struct {
		r     *Reader
		input string
		want  error
	}{
		{new(Reader), "\x16\x03\x01\x02\x00\x01", picohttp.ErrTLS},
		{new(Reader), preface, picohttp.ErrHTTP2},
		{new(Reader), "\r\n" + preface, picohttp.ErrHTTP2},
		{lenient, preface, picohttp.ErrHTTP2},
		{lenient, "\r\n\r\n\r\n\r\n\r\n\r\n\r\n" + preface, picohttp.ErrMajor}, // this is not HTTP/2
	} {
		for _, arrive := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.OneByteReader} {
			b := bufio.NewReaderSize(arrive(strings.NewReader(test.input)), 16)
			req, err := test.r.ReadRequest(b)
			rest, _ := io.ReadAll(b)
			if req != nil || err != test.want || err != picohttp.ErrMajor && string(rest) != test.input {
				t.Errorf("%q: %v, %v, and %q is left", test.input, req, err, rest)
			}
		}
	}
	b := bufio.NewReader(strings.NewReader("\x15\x03\x01\x00\x02\x02F"))
	if _, err := ReadResponse(b, nil); err != picohttp.ErrTLS || b.Buffered() != 7 {
		t.Errorf("a TLS alert: %v, %d bytes are left", err, b.Buffered())
	}
}

// TestTunnels checks when a CONNECT and its response close, and that after a 2xx or 101 the bytes
// of the tunnel stay in the source.
func TestTunnels(t *testing.T) {
	for head, closes := range map[string]bool{
		"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n":                           false,
		"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nContent-Length: 0\r\n\r\n":      false,
		"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nConnection: close\r\n\r\n":      true,
		"CONNECT a:1 HTTP/1.0\r\n\r\n":                                        true,
		"CONNECT a:1 HTTP/1.0\r\nHost: a:1\r\nConnection: keep-alive\r\n\r\n": false,
	} {
		if req, err := ReadRequest(bufio.NewReader(strings.NewReader(head))); err != nil || req.Close != closes || req.Body != http.NoBody {
			t.Errorf("%q: %+v, %v", head, req, err)
		}
	}
	connect := &http.Request{Method: http.MethodConnect}
	for head, closes := range map[string]bool{
		"HTTP/1.1 200 OK\r\n\r\n":                                false,
		"HTTP/1.1 204 No Content\r\n\r\n":                        false,
		"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n":         false,
		"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n":           false,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n":  false,
		"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n":           true,
		"HTTP/1.0 200 OK\r\n\r\n":                                true,
		"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n":      false,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n": false,
		"HTTP/1.0 101 Switching Protocols\r\nUpgrade: x\r\n\r\n": true,
		"HTTP/1.1 101 Switch\r\nContent-Length: 5\r\n\r\n":       false,
		"HTTP/1.1 101 Switch\r\nConnection: close, x\r\n\r\n":    true,
	} {
		source := bufio.NewReader(strings.NewReader(head + "tunnel"))
		resp, err := ReadResponse(source, connect)
		if err != nil || resp.Close != closes || resp.Body != http.NoBody || resp.ContentLength != 0 || resp.TransferEncoding != nil {
			t.Errorf("%q: %+v, %v", head, resp, err)
		}
		if rest, _ := io.ReadAll(source); string(rest) != "tunnel" {
			t.Errorf("%q: %q is left", head, rest)
		}
		if _, n, err := ParseResponse([]byte(head+"tunnel"), connect); n != len(head) || err != nil {
			t.Errorf("%q in memory: %d, %v", head, n, err)
		}
	}
	if resp, err := ReadResponse(bufio.NewReader(strings.NewReader("HTTP/1.1 407 No\r\nContent-Length: 1\r\n\r\nx")), connect); err != nil || resp.ContentLength != 1 {
		t.Errorf("a CONNECT that is declined: %+v, %v", resp, err)
	}
}

// TestProfiles checks that what other profiles accept appears in the http.Request or
// http.Response, as far as that can represent it.
func TestProfiles(t *testing.T) {
	const host = "Host: a\r\n"
	all := picohttp.Parser{Profile: picohttp.Lenient, AllowRequest: picohttp.AllDeviations, AllowResponse: picohttp.AllDeviations}
	pico := picohttp.Parser{Profile: picohttp.Pico}
	for _, test := range []struct {
		p       picohttp.Parser
		message string
		want    http.Request // what is set in it
		content string
	}{
		{all, "GET / HTTP/1.1\nHost: a\nb: c\n\n", http.Request{Header: http.Header{"B": {"c"}}}, ""},
		{all, "GET / HTTP/1.1\r\n" + host + "A: b\r\n \tc\r\n\td \r\ne:\r\n f\r\n\r\n", http.Request{Header: http.Header{"A": {"b c d"}, "E": {"f"}}}, ""},
		{pico, "GET / HTTP/1.1\r\n" + host + "A: b\r\n \tc\r\n\td \r\ne:\r\n f\r\n\r\n", http.Request{Header: http.Header{"A": {"b c d"}, "E": {"f"}}}, ""},
		{pico, "GET / HTTP/1.1\nHost: a\nb: c\n\n", http.Request{Header: http.Header{"B": {"c"}}}, ""},
		{all, "\r\n\n\r\nGET  /  HTTP/1.1 \r\n" + host + "\r\n", http.Request{Header: http.Header{}}, ""},
		{all, "GET / HTTP/1.1\r\n" + host + "b-C : d\r\nB-c: e\r\n\r\n", http.Request{Header: http.Header{"B-C": {"d", "e"}}}, ""},
		{all, "GET / HTTP/1.1\r\n" + host + "not a field line\r\nB: c\r\n\r\n", http.Request{Header: http.Header{"B": {"c"}}}, ""},
		{all, "GET / HTTP/1.1\r\n" + host + "B: c\x01d\x00e\r\n\r\n", http.Request{Header: http.Header{"B": {"c\x01d\x00e"}}}, ""},
		{all, "GET / HTTP/1.12\r\n" + host + "\r\n", http.Request{Proto: "HTTP/1.12", ProtoMinor: 12, Header: http.Header{}}, ""},
		{all, "POST / HTTP/1.1\r\n" + host + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", http.Request{ContentLength: 5, Header: http.Header{"Content-Length": {"5"}}}, "hello"},
		{all, "POST / HTTP/1.1\r\n" + host + "Content-Length: 5 , 5\r\n\r\nhello", http.Request{ContentLength: 5, Header: http.Header{"Content-Length": {"5"}}}, "hello"},
		{all, "POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n", http.Request{ContentLength: -1, TransferEncoding: []string{"chunked"}, Header: http.Header{}}, "hello"},
		{all, "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", http.Request{ContentLength: -1, TransferEncoding: []string{"chunked"}, Header: http.Header{}}, "hello"},
		{all, "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", http.Request{Proto: "HTTP/1.0", ContentLength: -1, TransferEncoding: []string{"chunked"}, Header: http.Header{}}, "hello"},
		{all, "GET http://b/ HTTP/1.1\r\n" + host + "\r\n", http.Request{Host: "b", Header: http.Header{}}, ""},
		{all, "GET / HTTP/1.1\r\nHost: c\r\nHost: a\r\n\r\n", http.Request{Host: "c", Header: http.Header{}}, ""},
		{all, "GET / HTTP/1.1\r\nA: b\r\n\r\n", http.Request{Host: "-", Header: http.Header{"A": {"b"}}}, ""},
		{all, "GET http://b/ HTTP/1.0\r\nA: b\r\n\r\n", http.Request{Host: "b", Proto: "HTTP/1.0", Header: http.Header{"A": {"b"}}}, ""},
		{pico, "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nA: b\r\n\r\n", http.Request{ContentLength: -1, TransferEncoding: []string{"chunked"}, Header: http.Header{}}, "hello"},
	} {
		r := Reader{Parser: test.p}
		for _, inMemory := range []bool{false, true} {
			req, err := r.ReadRequest(bufio.NewReader(iotest.OneByteReader(strings.NewReader(test.message))))
			if inMemory {
				var n int
				if req, n, err = r.ParseRequest([]byte(test.message)); n != len(test.message) {
					t.Errorf("%q: n is %d", test.message, n)
				}
			}
			if err != nil {
				t.Errorf("%q: %v", test.message, err)
				continue
			}
			want := test.want
			want.Method = req.Method
			want.Proto, want.ProtoMajor = cmp.Or(want.Proto, "HTTP/1.1"), 1
			if want.Proto == "HTTP/1.1" {
				want.ProtoMinor = 1
			}
			want.Host = strings.TrimPrefix(cmp.Or(want.Host, "a"), "-")
			if content, err := io.ReadAll(req.Body); string(content) != test.content || err != nil {
				t.Errorf("%q: %q, %v", test.message, content, err)
			}
			if req.URL.Path != "/" || !strings.Contains(test.message, " "+req.RequestURI+" ") {
				t.Errorf("%q: %q, %v", test.message, req.RequestURI, req.URL)
			}
			want.URL, want.RequestURI, want.Close, want.Body = req.URL, req.RequestURI, req.Close, req.Body
			if !reflect.DeepEqual(*req, want) {
				t.Errorf("%q: %+v, want %+v", test.message, *req, want)
			}
		}
	}
	for _, test := range []struct {
		p       picohttp.Parser
		message string
		want    http.Response
		content string
	}{
		{all, "\r\nHTTP/1.12  200  OK\x01x \r\nA: b\r\n c\r\nContent-Length: 5\r\n\r\nhello", http.Response{Status: "200  OK\x01x ", StatusCode: 200, Proto: "HTTP/1.12", ProtoMinor: 12, ContentLength: 5, Header: http.Header{"A": {"b c"}, "Content-Length": {"5"}}}, "hello"},
		{all, "HTTP/1.1 200\r\nContent-Length: 5, 5\r\n\r\nhello", http.Response{Status: "200", StatusCode: 200, Proto: "HTTP/1.1", ProtoMinor: 1, ContentLength: 5, Header: http.Header{"Content-Length": {"5"}}}, "hello"},
		{all, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n", http.Response{Status: "200 OK", StatusCode: 200, Proto: "HTTP/1.1", ProtoMinor: 1, ContentLength: -1, TransferEncoding: []string{"chunked"}, Header: http.Header{}}, "hello"},
		{all, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", http.Response{Status: "200 OK", StatusCode: 200, Proto: "HTTP/1.1", ProtoMinor: 1, ContentLength: -1, TransferEncoding: []string{"chunked"}, Header: http.Header{}}, "hello"},
		{picohttp.Parser{Profile: picohttp.Lenient}, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n", http.Response{Status: "200 OK", StatusCode: 200, Proto: "HTTP/1.1", ProtoMinor: 1, ContentLength: -1, TransferEncoding: []string{"chunked"}, Header: http.Header{}}, "hello"},
		{pico, "HTTP/1.1  200   OK\r\nA: b\r\n c\r\n\r\nhello", http.Response{Status: "200   OK", StatusCode: 200, Proto: "HTTP/1.1", ProtoMinor: 1, ContentLength: -1, Header: http.Header{"A": {"b c"}}}, "hello"},
	} {
		r := Reader{Parser: test.p}
		for _, inMemory := range []bool{false, true} {
			resp, err := r.ReadResponse(bufio.NewReader(iotest.OneByteReader(strings.NewReader(test.message))), nil)
			if inMemory {
				resp, _, err = r.ParseResponse([]byte(test.message), nil)
			}
			if err != nil {
				t.Errorf("%q: %v", test.message, err)
				continue
			}
			if content, err := io.ReadAll(resp.Body); string(content) != test.content || err != nil {
				t.Errorf("%q: %q, %v", test.message, content, err)
			}
			want := test.want
			want.ProtoMajor, want.Close, want.Body = 1, resp.Close, resp.Body
			if !reflect.DeepEqual(*resp, want) {
				t.Errorf("%q: %+v, want %+v", test.message, *resp, want)
			}
		}
	}
}

// TestSharedSource checks that nothing hangs if other code reads from the source between reads of
// the Body.
func TestSharedSource(t *testing.T) {
	source := bufio.NewReader(strings.NewReader("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"))
	req, err := ReadRequest(source)
	if err != nil {
		t.Fatal(err)
	}
	req.Body.Read(make([]byte, 1))
	source.Discard(source.Buffered() - 2)
	if content, err := io.ReadAll(req.Body); string(content) != "\r\n" || err != io.ErrUnexpectedEOF {
		t.Errorf("%q, %v", content, err)
	}
}

// TestProfilesOfMutants checks that in Lenient and Pico a message gives the same result byte by
// byte and from memory, and that for a prefix n is the offset after the last settled line.
func TestProfilesOfMutants(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	seeds := messages(t)
	for _, p := range []picohttp.Parser{
		{Profile: picohttp.Lenient, AllowRequest: picohttp.AllDeviations, AllowResponse: picohttp.AllDeviations},
		{Profile: picohttp.Pico},
	} {
		r := &Reader{Parser: p}
		accepted := 0
		for range mutants.Count(20_000) {
			b := mutants.Make(rng, seeds)
			if p.Profile == picohttp.Pico && len(b) > 100<<10 {
				continue // its limit of overhead depends on the pieces
			}
			slow := readRequest(r.ReadRequest, iotest.OneByteReader(bytes.NewReader(b)))
			parsed := parseRequest(r.ParseRequest, b)
			if bytes.HasPrefix(b, []byte("HTTP")) {
				slow = readResponse(r.ReadResponse, iotest.OneByteReader(bytes.NewReader(b)), "GET")
				parsed = parseResponse(r.ParseResponse, b, "GET")
			}
			// Errors of package url are never equal. Byte by byte, a head that is also cut off has
			// io.ErrUnexpectedEOF instead.
			badTarget := errors.As(parsed.err, new(*url.Error))
			if parsed.err != slow.err && parsed.err != slow.bodyErr && !badTarget {
				t.Fatalf("%v: %v and from memory %v\n%.2000q", p.Profile, slow.err, parsed.err, b)
			}
			if parsed.bodyErr != nil {
				parsed.rest = "" // readBody leaves rest empty after an error
			}
			if slow.err == nil {
				accepted++
				if differs := parsed.differs(&slow, "byte by byte"); differs != "" {
					t.Fatalf("%v: from memory: %s\n%.2000q", p.Profile, differs, b)
				}
			}
			var h picohttp.Request
			prefix := b[:rng.IntN(len(b)+1)]
			if req, n, err := r.ParseRequestHead(prefix, &h); err == io.ErrUnexpectedEOF {
				if n != h.Settled() || (req == nil) != (n == 0) {
					t.Fatalf("%v: %v, %d, settled %d\n%.2000q", p.Profile, req, n, h.Settled(), prefix)
				}
			}
		}
		if accepted < mutants.Count(20_000)/20 {
			t.Errorf("%v: only %d mutants were accepted", p.Profile, accepted)
		}
	}
}

// TestChunks checks content in chunks of any size, from reads of any size, into buffers of any
// size. It must be what was sent, and what follows must be left in the source.
func TestChunks(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	size := func() int { return 1 + rng.IntN(1<<rng.IntN(14)) }
	for range 300 {
		var message, content []byte
		for range rng.IntN(10) {
			chunk := make([]byte, size())
			for i := range chunk {
				chunk[i] = "\x00\r\n0x"[rng.IntN(5)] // what chunked coding is made of
			}
			content = append(content, chunk...)
			message = fmt.Appendf(message, "%x\r\n%s\r\n", len(chunk), chunk)
		}
		trailer := strings.Repeat("t", rng.IntN(2000))
		message = fmt.Appendf(message, "0\r\nA: %s\r\n\r\nrest", trailer)

		parts := script{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"}
		for rest := message; len(rest) > 0; {
			n := min(size(), len(rest))
			parts = append(parts, string(rest[:n]))
			if rest = rest[n:]; rng.IntN(8) == 0 {
				parts = append(parts, iotest.ErrTimeout)
			}
		}
		source := bufio.NewReaderSize(&parts, 16<<rng.IntN(9))
		r := Reader{Parser: picohttp.Parser{Profile: picohttp.Profile(rng.IntN(2))}} // Pico drops the trailer section
		req, err := r.ReadRequest(source)
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		for err != io.EOF {
			p := bytes.Repeat([]byte("\r\n5"), size())
			var n int
			n, err = req.Body.Read(p)
			if got = append(got, p[:n]...); err != nil && err != io.EOF && err != iotest.ErrTimeout {
				t.Fatalf("after %d bytes of %d: %v\n%q", len(got), len(content), err, message)
			}
		}
		rest, _ := io.ReadAll(source)
		for source.Buffered() > 0 || len(parts) > 0 {
			more, _ := io.ReadAll(source)
			rest = append(rest, more...)
		}
		if !bytes.Equal(got, content) || string(rest) != "rest" || req.Trailer.Get("A") != trailer {
			t.Fatalf("%d bytes of %d, followed by %q, trailer %.10q\n%q", len(got), len(content), rest, req.Trailer, message)
		}
	}
}
