//go:build linux

package main

import (
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/picohttp/picohttp/examples/e2e"
)

// TestTables measures two servers for a second with each load, and profiles them.
func TestTables(t *testing.T) {
	e2e.Need(t, "wrk", "taskset")
	t.Chdir("..")
	for profile, cell := range map[bool]string{false: `\d+\.\d\d \(\d+\.\d\d µs\)`, true: `\d+(\.\d+)? %`} {
		var out strings.Builder
		b := bench{seconds: 1, rounds: 1, profile: profile}
		if err := b.run(t.Context(), servers[1:2], &out); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{baseline.name, servers[1].name} {
			if !regexp.MustCompile(`(?m)^\| ` + name + ` \|( ` + cell + ` \|){4}$`).MatchString(out.String()) {
				t.Errorf("no row of %s in\n%s", name, &out)
			}
		}
	}
}

// TestServers builds all servers, and checks what they respond with.
func TestServers(t *testing.T) {
	e2e.Need(t, "wrk", "taskset")
	t.Chdir("..")
	b := bench{seconds: 1, folder: t.TempDir()}
	for _, s := range append(servers, baseline) {
		err := b.build(t.Context(), s)
		if err == nil {
			_, err = b.measure(t.Context(), s, loads[3])
		}
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
	}
}

// TestCheck wants what is no right response to be found.
func TestCheck(t *testing.T) {
	const right = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, World!"
	for _, response := range []string{right, "", strings.Replace(right, "Hello", "hello", 1),
		strings.Replace(right, "200", "404", 1), strings.Replace(right, "\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1)} {
		l := e2e.Listen(t)
		go func() {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			io.ReadFull(conn, make([]byte, len("requests")))
			io.WriteString(conn, right+response)
			conn.Close()
		}()
		if err := check(l.Addr().String(), []byte("requests"), 2); (err == nil) != (response == right) {
			t.Errorf("%q: %v", response, err)
		}
	}
}
