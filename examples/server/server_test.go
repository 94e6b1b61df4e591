package server_test

import (
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/picohttp/picohttp/examples/e2e"
	"github.com/picohttp/picohttp/examples/server"
)

// TestNonReader lets a Write time out because the client does not read, and wants a reset: a
// client that reads at last gets what has arrived, but not what the kernel had for it.
func TestNonReader(t *testing.T) {
	l := e2e.Listen(t)
	client := e2e.Dial(t, l.Addr().String())
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c := server.NewConn(accepted, &server.Timeouts{Write: time.Second / 10})
	const size = 64 << 20 // more than loopback takes
	if _, err := c.Write(make([]byte, size)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Write returned %v", err)
	}
	c.Close()
	if n, err := io.Copy(io.Discard, client); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client read %d KiB, and then got %v", n>>10, err)
	}
}
