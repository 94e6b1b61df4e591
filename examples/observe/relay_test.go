package main

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/picohttp/picohttp/examples/e2e"
)

// startRelay starts a relay to a backend, and returns its address and what it prints.
func startRelay(t *testing.T, backend string) (addr string, printed *bufio.Scanner) {
	l := e2e.Listen(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	r.SetReadDeadline(time.Now().Add(time.Minute))
	go relay(l, backend, w, noFaults)
	return l.Addr().String(), bufio.NewScanner(r)
}

// TestRelay has curl talk to net/http's server through a relay, and a client that stays
// connected: what is printed does not wait for more.
func TestRelay(t *testing.T) {
	e2e.Need(t, "curl")
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) }))
	defer backend.Close()
	addr, printed := startRelay(t, backend.Listener.Addr().String())
	expect := func(lines ...string) {
		t.Helper()
		for _, want := range lines {
			if !printed.Scan() || !regexp.MustCompile(`^127\.0\.0\.1:\d+ `+want+"$").MatchString(printed.Text()) {
				t.Fatalf("%q, want %s", printed.Text(), want)
			}
		}
	}
	url := "http://" + addr
	e2e.Run(t, "", "curl", "-sS", "--noproxy", "*", url+"/a", url+"/b")
	expect(`1 > at 0: GET "/a" to "[^"]*"`, `1 < at 0: 200 "OK"`, `2 > at \d+: GET "/b" to "[^"]*"`, `2 < at \d+: 200 "OK"`)

	const size = 20 << 20
	large := strings.Repeat("HTTP/1.1 200 OK\r\n\n", size/18+1)[:size]
	got := e2e.Run(t, large, "curl", "-sS", "--noproxy", "*", "-H", "Expect:100-continue", "-H", "Transfer-Encoding:chunked",
		"--data-binary", "@-", url+"/a")
	if got != large {
		t.Errorf("curl prints %d bytes", len(got))
	}
	expect(`1 > at 0: POST "/a" to "[^"]*"`, `1 >     content 20971520, trailer fields 0`,
		`1 < at 0: 100 "Continue"`, `1 < at 25: 200 "OK"`, `1 <     content 20971520, trailer fields 0`)

	c := e2e.Dial(t, addr)
	c.Send("GET /c HTTP/1.1\r\nHost: a\r\n\r\n").Expect("GET", 200)
	expect(`1 > at 0: GET "/c" to "a"`, `1 < at 0: 200 "OK"`)
}

// TestUnobserved has one direction wait for the other, which says nothing: the relay does not.
func TestUnobserved(t *testing.T) {
	backend := e2e.Listen(t)
	addr, printed := startRelay(t, backend.Addr().String())
	c := e2e.Dial(t, addr)
	go func() {
		c.Send("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n" + strings.Repeat("x", 20<<20))
		c.CloseWrite()
	}()
	server, err := backend.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, server); n < 20<<20 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	server.Close()
	c.ExpectEOF()
	got := ""
	for range 2 {
		printed.Scan()
		got += printed.Text() + "\n"
	}
	if !strings.Contains(got, "no longer observed\n") || !strings.Contains(got, "1 > at 0: CONNECT") {
		t.Error(got)
	}
}
