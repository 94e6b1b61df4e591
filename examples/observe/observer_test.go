package main

import (
	"bytes"
	"io"
	"log"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/picohttp/picohttp/examples/e2e"
	"github.com/picohttp/picohttp/internal/golden"
	"github.com/picohttp/picohttp/internal/mutants"
	"github.com/picohttp/picohttp/internal/vectors"
)

var noFaults = log.New(io.Discard, "", 0)

// print returns what is printed and logged of what the two sides of a connection sent.
func print(sent, received io.Reader) (printed, logged string) {
	var out, faults strings.Builder
	observe("", &out, log.New(&faults, "", 0), chunks(sent), chunks(received))
	return out.String(), faults.String()
}

// cut returns b in two pieces, or byte by byte if it is below 0.
func cut(b string, at int) io.Reader {
	if at < 0 {
		return iotest.OneByteReader(strings.NewReader(b))
	}
	return io.MultiReader(strings.NewReader(b[:at]), strings.NewReader(b[at:]))
}

// TestRecordings compares what is printed with testdata/recordings.txt. How the two directions are
// cut in two changes nothing: it tries all ways if there are not too many. The log must have in
// words what is malformed.
func TestRecordings(t *testing.T) {
	golden.Check(t, "testdata/recordings.txt", func(v vectors.Vector) string {
		sent, received := e2e.Text(v, "sent"), e2e.Text(v, "received")
		printed, logged := print(strings.NewReader(sent), strings.NewReader(received))
		for line := range strings.Lines(printed) {
			_, fault, _ := strings.Cut(line, "picohttp: ")
			fault, _, malformed := strings.Cut(fault, " at ")
			if malformed && fault != "incomplete message" && !strings.Contains(logged, fault+"\n") {
				t.Errorf("%s: no %q in\n%s", v.Name, fault, logged)
			}
		}
		step := 1
		if testing.Short() || len(sent)*len(received) > 20000 {
			step = 11
		}
		for i := -1; i <= len(sent); i++ {
			for j := i%step - 1; j <= len(received); j += step {
				if got, _ := print(cut(sent, i), cut(received, j)); got != printed {
					t.Fatalf("%s, cut at %d and %d:\n%s\nwhole\n%s", v.Name, i, j, got, printed)
				}
			}
		}
		return printed
	})
}

// TestMutants cuts recordings that have faults in any place.
func TestMutants(t *testing.T) {
	var all [2][][]byte
	for _, v := range e2e.Vectors(t, "testdata") {
		all[0] = append(all[0], []byte(e2e.Text(v, "sent")))
		all[1] = append(all[1], []byte(e2e.Text(v, "received")))
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range mutants.Count(20000) {
		sent, received := string(mutants.Make(random, all[0])), string(mutants.Make(random, all[1]))
		want, _ := print(strings.NewReader(sent), strings.NewReader(received))
		for range 3 {
			i, j := random.IntN(len(sent)+2)-1, random.IntN(len(received)+2)-1
			if got, _ := print(cut(sent, i), cut(received, j)); got != want {
				t.Fatalf("%q\n%q\ncut at %d and %d:\n%s\nwant\n%s", sent, received, i, j, got, want)
			}
		}
	}
}

// TestInterim has more interim responses than are printed.
func TestInterim(t *testing.T) {
	var out bytes.Buffer
	sent, received := "GET / HTTP/1.1\r\nHost: a\r\n\r\n", strings.Repeat("HTTP/1.1 100 \r\n\r\n", 1e5)
	observe("", &out, noFaults, chunks(strings.NewReader(sent)), chunks(strings.NewReader(received)))
	if out.Len() > 2*maxText || !strings.HasSuffix(out.String(), "no longer observed\n") {
		t.Errorf("%d bytes", out.Len())
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
			var mu sync.Mutex
			before, most, reads := e2e.Heap(), uint64(0), 0
			look := func(s string) func() []byte {
				next := chunks(strings.NewReader(s))
				return func() []byte {
					mu.Lock()
					if reads++; reads%500 == 0 {
						most = max(most, e2e.Heap())
					}
					mu.Unlock()
					return next()
				}
			}
			observe("", io.Discard, noFaults, look(test.sent), look(test.received))
			if most > before+8<<20 {
				t.Errorf("the heap grows by %d KiB", (most-before)>>10)
			}
		})
	}
}
