package e2e

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// TestStop tests that a server which stops closes what is idle, and answers what is
// under way.
func TestStop(t *testing.T, start Start) {
	addr, stop := start(t, Config{})
	const first, second = "GET / HTTP/1.1\r\nHost: e2e\r\nConnection: keep-alive\r\n\r\n", "GET / HTTP/1.1\r\nHo"
	dial := func(request string) net.Conn {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(time.Now().Add(5 * time.Second))
		io.WriteString(conn, first+request)
		if _, err := conn.Read(make([]byte, 1000)); err != nil { // so the server has it
			t.Fatal(err)
		}
		return conn
	}
	idle, busy := dial(""), dial(second)
	stopped := make(chan bool)
	go func() { stop(); close(stopped) }()
	if rest, err := io.ReadAll(idle); err != nil || len(rest) > 0 {
		t.Errorf("idle: %q, %v", rest, err)
	}
	select {
	case <-stopped:
		t.Error("stopped with a request under way")
	case <-time.After(50 * time.Millisecond):
	}
	io.WriteString(busy, "st: e2e\r\n\r\n")
	rest, err := io.ReadAll(busy)
	if err != nil || !strings.HasPrefix(string(rest), "HTTP/1.1 200 OK\r\n") || !strings.Contains(string(rest), "\r\nConnection: close\r\n") {
		t.Errorf("busy: %q, %v", rest, err)
	}
	<-stopped
	if conn, err := net.Dial("tcp", addr); err == nil {
		conn.Close()
		t.Error("somebody still listens")
	}
}
