package service

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/picohttp/picohttp"
)

const (
	hello   = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!"
	closing = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\nConnection: close\r\n\r\nHello, World!"
)

func text(statusLine, allow, content string, close bool) string {
	s := "HTTP/1.1 " + statusLine + "\r\nContent-Type: text/plain\r\n"
	if allow != "" {
		s += "Allow: " + allow + "\r\n"
	}
	s += fmt.Sprintf("Content-Length: %d\r\n", len(content))
	if close {
		s += "Connection: close\r\n"
	}
	return s + "\r\n" + content
}

var (
	notFound   = text("404 Not Found", "", "there is nothing here\n", false)
	goneThen   = text("404 Not Found", "", "there is nothing here\n", true)
	tooLarge   = text("413 Content Too Large", "", "more content than is taken\n", true)
	noForm     = text("400 Bad Request", "", rule(picohttp.ErrTargetForm), true)
	options    = "HTTP/1.1 204 No Content\r\nAllow: GET, HEAD, POST, OPTIONS\r\n\r\n"
	octets     = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
	jsonLength = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
)

// Of each test the whole answer and the state at the end.
var tests = []struct {
	name, in, out string
	state         State
}{
	{"plain", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", hello, Idle},
	{"query", "GET /?a=b HTTP/1.1\r\nHost: a\r\n\r\n", hello, Idle},
	{"absolute-form", "GET http://a HTTP/1.1\r\nHost: a\r\n\r\nGET http://a/?b HTTP/1.1\r\nHost: a\r\n\r\nGET a:b HTTP/1.1\r\nHost: a\r\n\r\n", hello + hello + noForm, Closed},
	{"no form", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", noForm, Closed},
	{"asterisk for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", noForm, Closed},
	{"asterisk for another method", "X * HTTP/1.1\r\nHost: a\r\n\r\n", notFound, Idle},
	{"other authority", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", text("400 Bad Request", "", rule(picohttp.ErrAuthority), true), Closed},
	{"close", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", closing, Closed},
	{"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", closing, Closed},
	{"HTTP/1.0 keep-alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\nConnection: keep-alive\r\n\r\nHello, World!", Idle},
	{"HEAD", "HEAD /json HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", jsonLength + "27\r\n\r\n" + hello, Idle},
	{"HEAD refused", "HEAD / HTTP/1.1\r\n\r\n", strings.TrimSuffix(text("400 Bad Request", "", hostMissing, true), hostMissing), Closed},
	{"json", "GET /json HTTP/1.1\r\nHost: a\r\n\r\n", jsonLength + "27\r\n\r\n" + `{"message":"Hello, World!"}`, Idle},
	{"not found", "GET /x HTTP/1.1\r\nHost: a\r\n\r\n", notFound, Idle},
	{"method", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nxGET /echo HTTP/1.1\r\nHost: a\r\n\r\n",
		text("405 Method Not Allowed", "GET, HEAD", "the method is not one of Allow\n", false) +
			text("405 Method Not Allowed", "POST", "the method is not one of Allow\n", false), Idle},
	{"options", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", options, Idle},
	{"options in absolute-form", "OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n", options, Idle},
	{"connect", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", text("501 Not Implemented", "", "this is no proxy\n", true), Closed},
	{"echo", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: a\r\n\r\n",
		octets + "Content-Length: 5\r\n\r\nhello" + hello, Idle},
	{"echo nothing", "POST /echo HTTP/1.1\r\nHost: a\r\n\r\n", octets + "Content-Length: 0\r\n\r\n", Idle},
	{"echo begun", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe", octets + "Content-Length: 5\r\n\r\nhe", Body},
	{"echo chunked", "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1;x=y\r\ni\r\n0\r\nA: b\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
		octets + "Transfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n" + hello, Idle},
	{"echo malformed at once", "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx", text("400 Bad Request", "", chunkSize, true), Closed},
	{"echo malformed later", "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\nx",
		octets + "Transfer-Encoding: chunked\r\n\r\n1\r\nh\r\n", Closed},
	{"upload", "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n123456789", jsonLength + "42\r\n\r\n" + `{"size":9,"trailers":0,"crc32":"cbf43926"}`, Idle},
	{"upload chunked", "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n5\r\n56789\r\n0\r\nA: b\r\nC: d\r\n\r\n",
		jsonLength + "42\r\n\r\n" + `{"size":9,"trailers":2,"crc32":"cbf43926"}`, Idle},
	{"upload too large", "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n", tooLarge, Closed},
	{"upload too large in chunks", "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n123456789\r\n2\r\n01\r\n0\r\n\r\n", tooLarge, Closed},
	{"upload malformed", "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\nx", text("400 Bad Request", "", chunkSize, true), Closed},
	{"continue", "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n", Body},
	{"continue chunked", "POST /upload HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n", Body},
	{"continue without body", "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", octets + "Content-Length: 0\r\n\r\n", Idle},
	{"continue refused", "POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", goneThen, Closed},
	{"continue too large", "POST /upload HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n", tooLarge, Closed},
	{"other expectation", "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: x\r\nContent-Length: 5\r\n\r\nhello",
		text("417 Expectation Failed", "", "no expectation but 100-continue is met here\n", true), Closed},
	{"other coding", "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		text("501 Not Implemented", "", rule(picohttp.ErrCoding), true), Closed},
	{"unread", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: a\r\n\r\n", notFound + hello, Idle},
	{"unread chunked", "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", hello + hello, Idle},
	{"unread and long", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 21\r\n\r\n", goneThen, Closed},
	{"unread and long in chunks", "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n15\r\n123456789012345678901\r\n", notFound, Closed},
	{"unread and malformed", "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx", notFound, Closed},
	{"malformed", hello0 + "GET / HTTP/1.1\r\nHost : a\r\n\r\n", hello + text("400 Bad Request", "", fieldName, true), Closed},
	{"no host", "GET / HTTP/1.1\r\n\r\n", text("400 Bad Request", "", hostMissing, true), Closed},
	{"other major", "GET / HTTP/2.0\r\n\r\n", text("505 HTTP Version Not Supported", "", http2, true), Closed},
	{"nothing", "", "", Idle},
	{"incomplete", "GET / HTTP/1.1\r\nHo", "", Head},
	{"incomplete trailer", "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: ", notFound, Body},
}

const hello0 = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

func rule(e picohttp.Error) string {
	return fmt.Sprintf("%s\n%s (%s)\n", e.Rule(), e.Code(), e.Section())
}

var (
	fieldName   = rule(picohttp.ErrFieldName)
	hostMissing = rule(picohttp.ErrHostMissing)
	chunkSize   = rule(picohttp.ErrChunkSize)
	http2       = rule(picohttp.ErrMajor)
)

var small = Limits{MaxBody: 10, MaxUnread: 20}

func TestServe(t *testing.T) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := Conn{Limits: &small}
			_, out, state := c.Serve([]byte(test.in), nil)
			if string(out) != test.out || state != test.state {
				t.Errorf("answered, state %d,\n%s\nwant, state %d,\n%s", state, out, test.state, test.out)
			}
		})
	}
}

// However the bytes come, the answers are the same. (What is echoed in chunks has
// them as they come: of one octet here.)
func TestServeInPieces(t *testing.T) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for cut := range len(test.in) {
				compare(t, test.out, test.state, []string{test.in[:cut], test.in[cut:]})
			}
			compare(t, test.out, test.state, strings.Split(test.in, ""))
		})
	}
}

func compare(t *testing.T, want string, wantState State, pieces []string) {
	t.Helper()
	c := Conn{Limits: &small}
	var kept, out []byte
	state := Idle
	for _, piece := range pieces {
		// Bytes of its own that are gone afterwards show what was kept of them.
		kept = slices.Concat(kept, []byte(piece))
		lent := slices.Clone(kept)
		var n int
		n, out, state = c.Serve(lent, out)
		if !bytes.Equal(lent, kept) {
			t.Fatal("Serve wrote to in")
		}
		for i := range lent {
			lent[i] = '!'
		}
		kept = kept[n:]
	}
	if string(out) != want || state != wantState {
		t.Errorf("in %d pieces, the first %q: answered, state %d,\n%s\nwant, state %d,\n%s", len(pieces), pieces[0], state, out, wantState, want)
	}
}

// A Conn that is Full continues where it stopped.
func TestFull(t *testing.T) {
	c := Conn{Limits: &Limits{MaxAnswer: 1}}
	in := []byte(strings.Repeat(hello0, 100))
	for i := range 100 {
		n, out, state := c.Serve(in, nil)
		in = in[n:]
		want := Full
		if i == 99 {
			want = Idle
		}
		if string(out) != hello || state != want {
			t.Fatalf("request %d: state %d, %q", i, state, out)
		}
	}
}

// A Conn is not Full when it has consumed everything, even if a body ends there.
func TestFullInBody(t *testing.T) {
	for _, test := range tests {
		c := Conn{Limits: &Limits{MaxBody: small.MaxBody, MaxUnread: small.MaxUnread, MaxAnswer: 1}}
		in, all, state := []byte(test.in), "", Full
		for state == Full {
			n, out, s := c.Serve(in, nil)
			if in, state = in[n:], s; state == Full && len(in) == 0 {
				t.Fatalf("%s: Full with nothing left", test.name)
			}
			all += string(out)
		}
		if all != test.out || state != test.state {
			t.Errorf("%s: state %d,\n%s\nwant, state %d,\n%s", test.name, state, all, test.state, test.out)
		}
	}
}

// A caller that does not keep the bytes of an unfinished head gets an error.
func TestForgotten(t *testing.T) {
	var c Conn
	c.Serve([]byte("GET / HTTP/1.1\r\nHo"), nil)
	want := text("500 Internal Server Error", "", rule(picohttp.ErrResume), true)
	if _, out, state := c.Serve([]byte("st: a\r\n\r\n"), nil); string(out) != want || state != Closed {
		t.Errorf("state %d, %q", state, out)
	}
}

func TestLast(t *testing.T) {
	c := Conn{Last: true}
	if _, out, state := c.Serve([]byte(hello0+hello0), nil); string(out) != closing || state != Closed {
		t.Errorf("state %d, %q", state, out)
	}
}

func TestAllocations(t *testing.T) {
	in := []byte(hello0 + "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n0\r\n\r\n" +
		"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n123456789")
	var c Conn
	out := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { c.Serve(in, out) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// What a byte costs does not depend on how many came before: a head that drips in
// is read once.
func TestDripIsLinear(t *testing.T) {
	perByte := func(length int) time.Duration {
		head := []byte(hello0[:len(hello0)-2] + "A: " + strings.Repeat("x", length))
		least := time.Hour
		for range 3 {
			var c Conn
			began := time.Now()
			for i := range head {
				if _, _, state := c.Serve(head[:i+1], nil); state != Head {
					t.Fatalf("state %d", state)
				}
			}
			least = min(least, time.Since(began)/time.Duration(len(head)))
		}
		return least
	}
	short, long := perByte(4<<10), perByte(64<<10)
	t.Logf("%v a byte in a head of 4 KiB, %v in one of 64 KiB", short, long)
	if long > 8*short {
		t.Error("that is not linear")
	}
}
