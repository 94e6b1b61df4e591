package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/picohttp/picohttp/examples/e2e"
)

// A lines is an io.Writer for relay, which several goroutines use.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestRelay has curl talk to net/http's server through a relay.
func TestRelay(t *testing.T) {
	e2e.Need(t, "curl")
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/upgrade":
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")
			conn.Close()
		case "/hints":
			w.WriteHeader(http.StatusEarlyHints)
			fallthrough
		default:
			io.Copy(w, r.Body)
		}
	}))
	defer backend.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var out lines
	go relay(l, backend.Listener.Addr().String(), &out, io.Discard)

	const size = 20 << 20
	large := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(large, bytes.Repeat([]byte("HTTP/1.1 200 OK\r\n\n"), size/18+1)[:size], 0o666); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args string // of curl; each URL begins with a slash
		size int    // of what it prints
		want string // matches what the relay prints, with CONN and ADDR for the two ends
	}{
		{"/a /b", 0, `CONN 1 > at 0: GET "/a" to "ADDR"
CONN 1 < at 0: 200 "OK"
CONN 2 > at \d+: GET "/b" to "ADDR"
CONN 2 < at \d+: 200 "OK"
`},
		{"-I /a", 0, `CONN 1 > at 0: HEAD "/a" to "ADDR"
CONN 1 < at 0: 200 "OK"
`},
		{"-0 -d hello /a", 5, `CONN 1 > at 0: POST "/a" to "ADDR"
CONN 1 >     content 5, trailer fields 0
CONN 1 < at 0: 200 "OK"
CONN 1 <     content 5, trailer fields 0
`},
		{"-d hello /hints", 5, `CONN 1 > at 0: POST "/hints" to "ADDR"
CONN 1 >     content 5, trailer fields 0
CONN 1 < at 0: 103 "Early Hints"
CONN 1 < at \d+: 200 "OK"
CONN 1 <     content 5, trailer fields 0
`},
		{"-H Expect:100-continue -H Transfer-Encoding:chunked --data-binary @LARGE /a", size, `CONN 1 > at 0: POST "/a" to "ADDR"
CONN 1 >     content 20971520, trailer fields 0
CONN 1 < at 0: 100 "Continue"
CONN 1 < at 25: 200 "OK"
CONN 1 <     content 20971520, trailer fields 0
`},
		{"-H Connection:upgrade -H Upgrade:x --max-time 2 -o /dev/null /upgrade", 0, `CONN 1 > at 0: GET "/upgrade" to "ADDR"
CONN 1 < at 0: 101 "Switching Protocols"
`},
	} {
		t.Run(test.args, func(t *testing.T) {
			before := out.String()
			args := []string{"-sS", "--noproxy", "*", "--max-time", "60"}
			for _, arg := range strings.Fields(strings.ReplaceAll(test.args, "LARGE", large)) {
				if strings.HasPrefix(arg, "/") && arg != "/dev/null" {
					arg = "http://" + l.Addr().String() + arg
				}
				args = append(args, arg)
			}
			got, err := exec.Command("curl", args...).Output()
			if !strings.Contains(test.args, "-I") && !strings.Contains(test.args, "upgrade") && (err != nil || len(got) != test.size) {
				t.Errorf("%v, %d bytes", err, len(got))
			}
			want := regexp.MustCompile("^" + strings.NewReplacer("CONN", `127\.0\.0\.1:\d+`, "ADDR", regexp.QuoteMeta(l.Addr().String())).Replace(test.want) + "$")
			for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
				if printed := strings.TrimPrefix(out.String(), before); want.MatchString(printed) {
					break
				} else if time.Now().After(end) {
					t.Fatalf("%s\nwant\n%s", printed, want)
				}
			}
		})
	}
}

// TestRelayEnds closes one side after the other.
func TestRelayEnds(t *testing.T) {
	backend, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go relay(l, backend.Addr().String(), io.Discard, io.Discard)
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := backend.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	for _, side := range [][2]net.Conn{{client, server}, {server, client}} {
		side[1].SetDeadline(time.Now().Add(10 * time.Second))
		io.WriteString(side[0], "hello")
		side[0].(*net.TCPConn).CloseWrite()
		if got, err := io.ReadAll(side[1]); string(got) != "hello" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	}
}
