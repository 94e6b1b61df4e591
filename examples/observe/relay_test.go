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

// TestRelay has curl talk to net/http's server through a relay, and a client that stays
// connected: what is printed does not wait for more.
func TestRelay(t *testing.T) {
	e2e.Need(t, "curl")
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) }))
	defer backend.Close()
	l := e2e.Listen(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	go relay(l, backend.Listener.Addr().String(), w, io.Discard)
	r.SetReadDeadline(time.Now().Add(20 * time.Second))
	printed := bufio.NewScanner(r)
	expect := func(lines ...string) {
		t.Helper()
		for _, want := range lines {
			if !printed.Scan() || !regexp.MustCompile(`^127\.0\.0\.1:\d+ `+want+"$").MatchString(printed.Text()) {
				t.Fatalf("%q, want %s", printed.Text(), want)
			}
		}
	}
	url := "http://" + l.Addr().String()
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

	c := e2e.Dial(t, l.Addr().String())
	c.Send("GET /c HTTP/1.1\r\nHost: a\r\n\r\n").Expect("GET", 200)
	expect(`1 > at 0: GET "/c" to "a"`, `1 < at 0: 200 "OK"`)
}

// TestUnobserved has one direction wait for the other, which says nothing: the relay does not.
func TestUnobserved(t *testing.T) {
	backend, l := e2e.Listen(t), e2e.Listen(t)
	var out locked
	go relay(l, backend.Addr().String(), &out, io.Discard)
	c := e2e.Dial(t, l.Addr().String())
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
	for end := time.Now().Add(10 * time.Second); strings.Count(out.String(), "\n") < 2 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if got := out.String(); !strings.Contains(got, "no longer observed\n") || !strings.Contains(got, "1 > at 0: CONNECT") {
		t.Error(got)
	}
}
