package main

import (
	"bufio"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/picohttp/picohttp/examples/e2e"
	"github.com/picohttp/picohttp/internal/vectors"
)

// TestBackends has backends that others wrote.
func TestBackends(t *testing.T) {
	for name, start := range map[string]func(t *testing.T) (addr string){"node": startNode, "nginx": startNginx} {
		t.Run(name, func(t *testing.T) {
			e2e.Need(t, name)
			backend := start(t)
			e2e.Conversations(t, "testdata/"+name, func(t *testing.T, _ vectors.Vector, _ string) (string, func()) {
				return e2e.Serve(t, New(backend).Serve)
			})
		})
	}
}

// background starts a command, which the end of the test kills, and returns its output.
func background(t *testing.T, name string, args ...string) io.Reader {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	out, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { command.Wait() })
	return out
}

func startNode(t *testing.T) (addr string) {
	out := background(t, "node", "testdata/node/backend.js")
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return "127.0.0.1:" + strings.TrimSpace(port)
}

func startNginx(t *testing.T) (addr string) {
	config, err := os.ReadFile("testdata/nginx/nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	l := e2e.Listen(t) // for a free port
	addr, folder := l.Addr().String(), t.TempDir()
	l.Close()
	for name, text := range map[string]string{
		"nginx.conf": strings.NewReplacer("FOLDER", folder, "ADDR", addr).Replace(string(config)),
		"page":       strings.Repeat("0123456789", 10000),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	background(t, "nginx", "-e", "stderr", "-p", folder, "-c", filepath.Join(folder, "nginx.conf"))
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			break
		}
	}
	return addr
}
