package main

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/picohttp/picohttp/examples/e2e"
	"github.com/picohttp/picohttp/internal/mutants"
	"github.com/picohttp/picohttp/internal/vectors"
)

// A recording is what the two sides of a connection sent, and what is printed of it.
type recording struct{ name, sent, received, want string }

func recordings(t *testing.T) (all []recording) {
	found, err := vectors.Read("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		r := recording{v.Name, e2e.Text(v, "sent"), e2e.Text(v, "received"), ""}
		for _, line := range v.Lines {
			if line.Key == "want" {
				r.want += words(strings.Join(line.Words, " "))
			}
		}
		all = append(all, r)
	}
	return all
}

// words returns text without quotes and repeated blanks.
func words(text string) string {
	b := ""
	for line := range strings.Lines(text) {
		b += strings.Join(strings.Fields(strings.ReplaceAll(line, `"`, "")), " ") + "\n"
	}
	return b
}

func observe(t testing.TB, sent, received io.Reader) (printed, log string) {
	var out, diagnosis bytes.Buffer
	if err := read(newObserver("", &out, &diagnosis), sent, received); err != nil {
		t.Fatal(err)
	}
	return words(out.String()), diagnosis.String()
}

// cut returns b in two pieces, or byte by byte if it is below 0.
func cut(b string, at int) io.Reader {
	if at < 0 {
		return iotest.OneByteReader(strings.NewReader(b))
	}
	return io.MultiReader(strings.NewReader(b[:at]), strings.NewReader(b[at:]))
}

// TestRecordings cuts both directions in two, in all ways if there are not too many. The log
// must have in words what is malformed.
func TestRecordings(t *testing.T) {
	for _, r := range recordings(t) {
		t.Run(r.name, func(t *testing.T) {
			step := 1
			if testing.Short() || len(r.sent)*len(r.received) > 20000 {
				step = 11
			}
			log := ""
			for i := -1; i <= len(r.sent); i++ {
				for j := i%step - 1; j <= len(r.received); j += step {
					var got string
					if got, log = observe(t, cut(r.sent, i), cut(r.received, j)); got != r.want {
						t.Fatalf("cut at %d and %d:\n%s\nwant\n%s", i, j, got, r.want)
					}
				}
			}
			for line := range strings.Lines(r.want) {
				_, fault, _ := strings.Cut(line, "picohttp: ")
				if fault, _, malformed := strings.Cut(fault, " at "); malformed && fault != "incomplete message" && !strings.Contains(log, fault+"\n") {
					t.Errorf("no %q in\n%s", fault, log)
				}
			}
		})
	}
}

// TestMutants cuts recordings that have faults in any place.
func TestMutants(t *testing.T) {
	var sent, received [][]byte
	for _, r := range recordings(t) {
		sent, received = append(sent, []byte(r.sent)), append(received, []byte(r.received))
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range mutants.Count(20000) {
		sent, received := string(mutants.Make(random, sent)), string(mutants.Make(random, received))
		want, _ := observe(t, strings.NewReader(sent), strings.NewReader(received))
		for range 3 {
			i, j := random.IntN(len(sent)+2)-1, random.IntN(len(received)+2)-1
			if got, _ := observe(t, cut(sent, i), cut(received, j)); got != want {
				t.Fatalf("%q\n%q\ncut at %d and %d:\n%s\nwant\n%s", sent, received, i, j, got, want)
			}
		}
	}
}

// TestMemory has 20 MB of whatever there may be much of.
func TestMemory(t *testing.T) {
	const get, ok = "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	const connect = "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"
	kilobyte := strings.Repeat("0123456789", 100)
	many := func(s string) string { return strings.Repeat(s, 20_000_000/len(s)) }
	for name, test := range map[string]struct{ sent, received string }{
		"content": {
			"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + many("3e8\r\n"+kilobyte+"\r\n") + "0\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n" + many(kilobyte),
		},
		"messages":            {many(get)[:len(get)*500_000], many(ok)[:len(ok)*500_000]},
		"lines after a fault": {many("A " + kilobyte + "\r\n"), many("\n\r\n")},
		"one line":            {"GET  \x01" + many(kilobyte), ""},
		"no response":         {many(get), ""},
		"interim responses":   {get, many("HTTP/1.1 100 \r\n\r\n")},
		"nobody asked":        {"", many(ok)},
		"before an upgrade":   {connect + many(kilobyte), strings.Repeat("HTTP/1.1 100 \r\n\r\n", 1000)},
	} {
		t.Run(name, func(t *testing.T) {
			before, most, reads := e2e.Heap(), uint64(0), 0
			look := func(s string) io.Reader {
				r := strings.NewReader(s)
				return readerFunc(func(p []byte) (int, error) {
					if reads++; reads%500 == 0 {
						most = max(most, e2e.Heap())
					}
					return r.Read(p)
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
	much := strings.Repeat("x", maxBytes+1)
	for _, test := range []struct{ sent, received, want string }{
		{get + get, "HTTP\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\nServer: " + much[:200] + "\r\n\r\n", `1 > at 0: GET "/" to "a"
1 < at 0: 0 ""
1 <     picohttp: invalid HTTP version at 4
2 > at 27: GET "/" to "a"
2 < at 6: 200 "OK"
`},
		{"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n" + much, "", "no longer observed\n1 > at 0: CONNECT \"a:1\" to \"a:1\"\n"},
		{"", much, "no longer observed\n"},
	} {
		var out bytes.Buffer
		o := newObserver("", &out, io.Discard)
		o.feed(&o.requests, []byte(test.sent), false)
		o.feed(&o.responses, []byte(test.received), false)
		if out.String() != test.want {
			t.Errorf("%.100q, %.100q:\n%s\nwant\n%s", test.sent, test.received, &out, test.want)
		}
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
