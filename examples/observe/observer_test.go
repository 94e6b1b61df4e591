package main

import (
	"bytes"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// A recording is what the two sides of a connection sent, and what is printed of it.
type recording struct{ name, sent, received, want string }

var recordings = []recording{
	{"pairs",
		"GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n" +
			"HEAD /b HTTP/1.1\r\nHost: b\r\n\r\n" + // its response has a length and no content
			"POST /c HTTP/1.1\r\nHost: c\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nT: 1\r\n\r\n" +
			"GET /d HTTP/1.1\r\nHost: d\r\nIf-None-Match: \"1\"\r\n\r\n" +
			"GET /e HTTP/1.0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" +
			"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" +
			"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" +
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nA: 1\r\nB: 2\r\n\r\n" +
			"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n" +
			"HTTP/1.1 200 OK\r\n\r\nup to the end",
		`1 > at 0: GET "/a" to "a.example"
1 < at 0: 200 "OK"
1 <     content 5, trailer fields 0
2 > at 36: HEAD "/b" to "b"
2 < at 43: 200 "OK"
3 > at 65: POST "/c" to "c"
3 >     content 5, trailer fields 1
3 < at 83: 100 "Continue"
3 < at 108: 103 "Early Hints"
3 < at 148: 200 "OK"
3 <     content 5, trailer fields 2
4 > at 165: GET "/d" to "d"
4 < at 231: 304 "Not Modified"
5 > at 213: GET "/e" to ""
5 < at 279: 200 "OK"
5 <     content 13, trailer fields 0
`},
	{"deviations",
		"\r\n\r\nGET  /a HTTP/1.1\nHost: a\nX: b,\n c\n\n" +
			"GET http://b/ HTTP/1.1\r\nHost: c\r\nA line\r\n\r\n" +
			"POST /d#e HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\nx\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" +
			"HTTP/1.1 200 OK\r\nContent-Length : 1\r\nContent-Length: 1\r\n\r\nx" +
			"HTTP/1.1 200 OK\r\nA : b\r\nA line\r\nContent-Length: 1\r\n\r\nx",
		`1 > at 0: GET "/a" to "a"
1 >     empty-lines at 2
1 >     start-line-space at 8
1 >     bare-lf at 20
1 >     obs-fold at 35
1 < at 0: 200 "OK"
2 > at 39: GET "http://b/" to "b"
2 >     host-differs at 50
2 >     invalid-line at 74
2 < at 38: 200 "OK"
2 <     space-before-colon at 69
2 <     picohttp: invalid field name at 38
3 > at 82: POST "/d#e" to "", picohttp: request-target is invalid or does not fit the method
3 >     content 1, trailer fields 0
3 >     chunk-space at 142
3 < at 97: 200 "OK"
3 <     space-before-colon at 115
3 <     invalid-line at 123
3 <     content 1, trailer fields 0
`},
	{"tunnel after a second attempt",
		"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n" +
			"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nProxy-Authorization: x\r\n\r\n" +
			"\x16\x03\x01GET / HTTP/1.1\r\nHost: not HTTP\r\n\r\n",
		"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno" +
			"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
		`1 > at 0: CONNECT "a:443" to "a:443"
1 < at 0: 407 "Proxy Authentication Required"
1 <     content 2, trailer fields 0
2 > at 39: CONNECT "a:443" to "a:443"
2 < at 67: 200 "OK"
`},
	{"upgrade",
		"GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" +
			"GET /b HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" +
			"GET /c HTTP/1.1\r\nHost: not HTTP\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx" +
			"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" +
			"HTTP/1.1 200 OK\r\n\r\n",
		`1 > at 0: GET "/a" to "a"
1 < at 0: 200 "OK"
1 <     content 1, trailer fields 0
2 > at 69: GET "/b" to "a"
2 < at 39: 101 "Switching Protocols"
`},
	{"faults in heads",
		"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n" +
			"GET /2 HTTP/1.1\r\nHost: a\r\nA\x01: b\r\nC: d\r\n\r\n{\"A B\":1}" + // a field line
			"GET /3 HTTP/1.1\r\nHost: a\r\n\r\n" +
			"GET /4 HTTP/2.1\r\nHost: a\r\n\r\n" + // the start-line
			"GET /5 HTTP/1.1\r\nHost: a\r\n" + // where another one begins
			"GET /6 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!\r\n" + // the framing
			"GET /7 HTTP/1.1\r\nHost: a\r\n\r\n",
		"HTTP/1.1 201 OK\r\nContent-Length: 0\r\n\r\n" +
			"HTTP/1.1 202 OK\r\nContent\x01\r\nContent-Length: 0\r\n\r\nsome" +
			"HTTP/1.1 203 OK\r\nContent-Length: 0\r\n\r\n" +
			"HTTP/1.1 x\r\nContent-Length: 0\r\n\r\n" +
			"HTTP/1.1 100 OK\r\nA\x01\r\n\r\nHTTP/1.1 205 OK\r\nContent-Length: 0\r\n\r\n" +
			"HTTP/1.1 206 OK\r\nContent-Length: 0\r\n\r\n" +
			"HTTP/1.1 207 OK\r\nContent-Length: 0\r\n\r\n",
		`1 > at 0: GET "/1" to "a"
1 < at 0: 201 "OK"
2 > at 28: GET "/2" to ""
2 >     picohttp: invalid field name at 55
2 < at 38: 202 "OK"
2 <     picohttp: invalid field name at 62
3 > at 78: GET "/3" to "a"
3 < at 90: 203 "OK"
4 > at 106: GET "/4" to ""
4 >     picohttp: unsupported HTTP major version at 118
4 < at 128: 0 ""
4 <     picohttp: invalid status code at 137
5 > at 134: GET "/5" to ""
5 >     picohttp: invalid field name at 171
5 < at 161: 100 "OK"
5 <     picohttp: invalid field name at 179
5 < at 184: 205 "OK"
6 > at 160: GET "/6" to "a"
6 >     picohttp: more than one Content-Length at 160
6 < at 222: 206 "OK"
7 > at 234: GET "/7" to "a"
7 < at 260: 207 "OK"
`},
	{"a long head after a fault",
		"\x01GET /1 HTTP/1.1\r\nHost: a\r\nUser-Agent: " + strings.Repeat("x", 200) + "\r\n\r\n",
		"HTTP/1.1 201 OK\r\nTransfer-Encoding: x\x01\r\n\r\nXHTTP/1.1 202 OK\r\nContent-Length: 0\r\n\r\n.HTTP/1.1 203 OK\r\nServer: " + strings.Repeat("x", 200) + "\r\n\r\n",
		`1 > at 0:  "" to ""
1 >     picohttp: invalid method at 0
1 < at 0: 201 "OK"
1 <     value-control at 37
1 <     picohttp: control character in field value at 0
2 > at 1: GET "/1" to "a"
2 < at 82: 203 "OK"
`},
	{"faults in content",
		"POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n" + // no last-chunk
			"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n" +
			"POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello, world\r\n0\r\n\r\n" + // more than the size
			"GET /4 HTTP/1.1\r\nHost: a\r\n\r\n",
		"HTTP/1.1 201 OK\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 202 OK\r\nContent-Length: 1\r\n\r\nx" +
			"HTTP/1.1 203 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nHost: a\r\n\r\n" +
			"HTTP/1.1 204 OK\r\n\r\n",
		`1 > at 0: POST "/1" to "a"
1 >     content 5, trailer fields 0
1 >     picohttp: invalid chunk size at 67
1 < at 0: 201 "OK"
1 <     picohttp: invalid chunk size at 47
2 > at 67: GET "/2" to "a"
2 < at 47: 202 "OK"
2 <     content 1, trailer fields 0
3 > at 95: POST "/3" to "a"
3 >     content 5, trailer fields 0
3 >     picohttp: chunk data not followed by CRLF at 160
3 < at 86: 203 "OK"
3 <     content 1, trailer fields 1
3 <     picohttp: framing or routing field in trailer section at 142
4 > at 174: GET "/4" to "a"
4 < at 153: 204 "OK"
`},
	{"cut off",
		"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel",
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Le",
		`1 > at 0: GET "/1" to "a"
1 < at 0: 200 "OK"
2 > at 28: POST "/2" to "a"
2 >     content 3, trailer fields 0
2 >     unexpected EOF at 79
2 < at 38: 200 "OK"
2 <     picohttp: incomplete message at 38
`},
	{"cut off in a start-line", "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HT", "HTTP/1.1 2", `1 > at 0: GET "/1" to "a"
1 < at 0: 0 ""
1 <     picohttp: incomplete message at 0
2 > at 28: GET "/2" to ""
2 >     picohttp: incomplete message at 28
`},
	{"nobody asked", "", "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n", `1 < at 0: 408 "Request Timeout"
`},
	{"no response", "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n", `1 > at 0: GET "/1" to "a"
1 < at 0: 100 "Continue"
2 > at 28: GET "/2" to "a"
`},
	{"not HTTP", "\x16\x03\x01\x02\x00\x01", "\x15\x03\x01\x00\x02\x02\x46", `1 > at 0:  "" to ""
1 >     picohttp: received a TLS record instead of an HTTP/1.x message at 0
1 < at 0: 0 ""
1 <     picohttp: received a TLS record instead of an HTTP/1.x message at 0
`},
}

func observe(t testing.TB, sent, received io.Reader) string {
	var out bytes.Buffer
	if err := read(newObserver("", &out, io.Discard), sent, received); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestRecordings(t *testing.T) {
	for _, r := range recordings {
		t.Run(r.name, func(t *testing.T) {
			if got := observe(t, strings.NewReader(r.sent), strings.NewReader(r.received)); got != r.want {
				t.Errorf("%s\nwant\n%s", got, r.want)
			}
		})
	}
}

// TestWords looks for what is quoted of a head and of content.
func TestWords(t *testing.T) {
	for _, r := range recordings {
		var log bytes.Buffer
		if err := read(newObserver("x ", io.Discard, &log), strings.NewReader(r.sent), strings.NewReader(r.received)); err != nil {
			t.Fatal(err)
		}
		for _, fault := range strings.SplitAfter(r.want, "\n") {
			if _, fault, malformed := strings.Cut(fault, " >     picohttp: "); malformed {
				fault, _, _ = strings.Cut(strings.TrimSpace(fault), " at ")
				if !strings.Contains(log.String(), "malformed: "+fault+"\n") && fault != "incomplete message" || !strings.Contains(log.String(), "x ") {
					t.Errorf("%s: no %q in\n%s", r.name, fault, &log)
				}
			}
		}
	}
}

// cut returns b in two pieces, or byte by byte if it is below 0.
func cut(b string, at int) io.Reader {
	if at < 0 {
		return iotest.OneByteReader(strings.NewReader(b))
	}
	return io.MultiReader(strings.NewReader(b[:at]), strings.NewReader(b[at:]))
}

// TestCuts cuts both directions in two, in all ways if there are not too many.
func TestCuts(t *testing.T) {
	for _, r := range recordings {
		t.Run(r.name, func(t *testing.T) {
			step := 1
			if testing.Short() || len(r.sent)*len(r.received) > 20000 {
				step = 11
			}
			for i := -1; i <= len(r.sent); i++ {
				for j := i%step - 1; j <= len(r.received); j += step {
					if got := observe(t, cut(r.sent, i), cut(r.received, j)); got != r.want {
						t.Fatalf("cut at %d and %d:\n%s\nwant\n%s", i, j, got, r.want)
					}
				}
			}
		})
	}
}

// TestMutants cuts recordings that have faults in any place.
func TestMutants(t *testing.T) {
	const bytes = "\r\n :,\x00\xffAx0"
	random := rand.New(rand.NewPCG(1, 2))
	mutate := func(s string) string {
		b := []byte(s)
		for range random.IntN(3) {
			at := random.IntN(len(b) + 1)
			switch random.IntN(4) {
			case 0:
				b = slices.Insert(b, at, bytes[random.IntN(len(bytes))])
			case 1:
				b = slices.Delete(b, at, min(at+1+random.IntN(3), len(b)))
			case 2:
				b = b[:at]
			default:
				from := random.IntN(len(b) + 1)
				b = slices.Insert(b, at, b[from:min(from+20, len(b))]...)
			}
		}
		return string(b)
	}
	rounds := 20000
	if testing.Short() {
		rounds = 2000
	}
	for range rounds {
		r := recordings[random.IntN(len(recordings))]
		sent, received := mutate(r.sent), mutate(r.received)
		want := observe(t, strings.NewReader(sent), strings.NewReader(received))
		for range 3 {
			i, j := random.IntN(len(sent)+2)-1, random.IntN(len(received)+2)-1
			if got := observe(t, cut(sent, i), cut(received, j)); got != want {
				t.Fatalf("%q\n%q\ncut at %d and %d:\n%s\nwant\n%s", sent, received, i, j, got, want)
			}
		}
	}
}

// A flood is n times b.
type flood struct {
	b    string
	n    int
	rest string
}

func (f *flood) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if f.rest == "" {
			if f.n == 0 {
				break
			}
			f.n--
			f.rest = f.b
		}
		m := copy(p[n:], f.rest)
		f.rest = f.rest[m:]
		n += m
	}
	if n == 0 {
		err = io.EOF
	}
	return n, err
}

// TestMemory has 100 MB of whatever there may be much of.
func TestMemory(t *testing.T) {
	const get, ok = "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	kilobyte := strings.Repeat("0123456789", 100)
	const much = 100_000 // kilobytes
	for name, test := range map[string]struct{ sent, received io.Reader }{
		"content": {
			io.MultiReader(strings.NewReader("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), &flood{b: "3e8\r\n" + kilobyte + "\r\n", n: much}, strings.NewReader("0\r\n\r\n")),
			io.MultiReader(strings.NewReader("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"), &flood{b: kilobyte, n: much}),
		},
		"messages":            {&flood{b: get, n: 3e5}, &flood{b: ok, n: 3e5}},
		"lines after a fault": {&flood{b: "A " + kilobyte + "\r\n", n: much}, &flood{b: "\n\r\n", n: much}},
		"one line":            {io.MultiReader(strings.NewReader("GET  \x01"), &flood{b: kilobyte, n: much}), strings.NewReader("")},
		"no response":         {&flood{b: get, n: 3e5}, strings.NewReader("")},
		"interim responses":   {strings.NewReader(get), &flood{b: "HTTP/1.1 100 \r\n\r\n", n: 3e5}},
		"nobody asked":        {strings.NewReader(""), &flood{b: ok, n: 3e5}},
		"before an upgrade":   {io.MultiReader(strings.NewReader("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"), &flood{b: kilobyte, n: much}), &flood{b: "HTTP/1.1 100 \r\n\r\n", n: 1e3}},
	} {
		t.Run(name, func(t *testing.T) {
			before, most := heap(), uint64(0)
			look := func(r io.Reader) io.Reader {
				total := 0
				return readerFunc(func(p []byte) (int, error) {
					n, err := r.Read(p)
					if total += n; total%(1<<20) < n {
						most = max(most, heap())
					}
					return n, err
				})
			}
			if err := read(newObserver("", io.Discard, io.Discard), look(test.sent), look(test.received)); err != nil {
				t.Fatal(err)
			}
			if most > before+8<<20 {
				t.Errorf("the heap grows by %d KiB", (most-before)>>10)
			}
		})
	}
}

// TestFeed has a relay's way to feed: what is printed must not wait for more, and bytes that
// wait for the other direction must not become too many.
func TestFeed(t *testing.T) {
	const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	much := []byte(strings.Repeat("x", maxBytes+1))
	for name, test := range map[string]struct {
		feed func(o *observer)
		want string
	}{
		"a long head after a fault": {func(o *observer) {
			o.feed(&o.requests, []byte(get+get), false)
			o.feed(&o.responses, []byte("HTTP\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\nServer: "+strings.Repeat("x", 200)+"\r\n\r\n"), false)
		}, `1 > at 0: GET "/" to "a"
1 < at 0: 0 ""
1 <     picohttp: invalid HTTP version at 4
2 > at 27: GET "/" to "a"
2 < at 6: 200 "OK"
`},
		"much before a CONNECT has its response": {func(o *observer) {
			o.feed(&o.requests, []byte("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"), false)
			o.feed(&o.requests, much, false)
			o.feed(&o.requests, much, false)
		}, `no longer observed
1 > at 0: CONNECT "a:1" to "a:1"
`},
		"much that nobody has asked for": {func(o *observer) {
			o.feed(&o.responses, much, false)
			o.feed(&o.requests, []byte(get), false)
		}, "no longer observed\n"},
	} {
		var out bytes.Buffer
		test.feed(newObserver("", &out, io.Discard))
		if out.String() != test.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, &out, test.want)
		}
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
