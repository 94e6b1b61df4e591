package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/picohttp/picohttp/examples/e2e"
)

// lines is where relay prints.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	if len(p) > 0 {
		l <- string(p)
	}
	return len(p), nil
}

// TestRelay has curl talk to net/http's server through a relay.
func TestRelay(t *testing.T) {
	e2e.Need(t, "curl")
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, r.Body)
	}))
	defer backend.Close()
	l := e2e.Listen(t)
	out := make(lines, 1000)
	go relay(l, backend.Listener.Addr().String(), out, io.Discard)

	const size = 20 << 20
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "large"), bytes.Repeat([]byte("HTTP/1.1 200 OK\r\n\n"), size/18+1)[:size], 0o666); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args string // of curl
		size int    // of what it prints
		want string // matches what the relay prints, with CONN for the client
	}{
		{"URL/a URL/b", 0, `CONN 1 > at 0: GET "/a" to "[^"]*"
CONN 1 < at 0: 200 "OK"
CONN 2 > at \d+: GET "/b" to "[^"]*"
CONN 2 < at \d+: 200 "OK"
`},
		{"-H Expect:100-continue -H Transfer-Encoding:chunked --data-binary @FOLDER/large URL/a", size, `CONN 1 > at 0: POST "/a" to "[^"]*"
CONN 1 >     content 20971520, trailer fields 0
CONN 1 < at 0: 100 "Continue"
CONN 1 < at 25: 200 "OK"
CONN 1 <     content 20971520, trailer fields 0
`},
	} {
		t.Run(test.args, func(t *testing.T) {
			args := strings.NewReplacer("URL", "http://"+l.Addr().String(), "FOLDER", folder).Replace(test.args)
			got := e2e.Run(t, "", strings.Fields("curl -sS --noproxy * "+args)...)
			if len(got) != test.size {
				t.Errorf("curl prints %d bytes", len(got))
			}
			want := regexp.MustCompile("^" + strings.ReplaceAll(test.want, "CONN", `127\.0\.0\.1:\d+`) + "$")
			for printed := ""; !want.MatchString(printed); {
				select {
				case line := <-out:
					printed += line
				case <-time.After(10 * time.Second):
					t.Fatalf("%s\nwant\n%s", printed, want)
				}
			}
		})
	}
}
