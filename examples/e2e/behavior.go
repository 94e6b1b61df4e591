package e2e

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// inShort returns fewer with -short.
func inShort(n, fewer int) int {
	if testing.Short() {
		return fewer
	}
	return n
}

// request returns the ith of many requests, and the status and the content of its response.
func request(i int) (text string, status int, content string) {
	content = fmt.Sprintf("%d%s", i, strings.Repeat("-", i%100))
	switch i % 4 {
	case 0:
		return post("/nowhere", content), 404, ""
	case 1:
		return post("/echo", content), 200, content
	case 2:
		return fmt.Sprintf("%s\r\n%x\r\n%s\r\n0\r\n\r\n", postChunked, len(content), content), 200, content
	}
	return get, 200, "Hello, World!"
}

// expectResponse expects the response to the ith request.
func (c *Client) expectResponse(i int) {
	c.t.Helper()
	_, status, content := request(i)
	if r := c.Expect("POST", status); status == 200 && r.Content != content {
		c.t.Fatalf("response %d: %q, want %q", i, r.Content, content)
	}
}

// testPipelined sends requests on one connection while it reads the responses: none may be
// lost, and none come before another.
func testPipelined(t *testing.T, addr string) {
	requests := inShort(10000, 2000)
	c := Dial(t, addr)
	go func() {
		b := ""
		for i := range requests {
			text, _, _ := request(i)
			if b += text; len(b) > 1000+i%1000 || i == requests-1 {
				c.Send(b)
				b = ""
			}
		}
	}()
	for i := range requests {
		c.expectResponse(i)
	}
}

// testConnections has many connections open at once, and looks for what they leave behind, also
// those that are reset in the worst places.
func testConnections(t *testing.T, addr string) {
	parts := []string{
		"GET / HTTP/1.1\r\nHos",
		"POST /echo HTTP/1.1\r\nHost: e2e\r\nContent-Length: 100\r\n\r\nsome",
		postChunked + "\r\n5\r\nab",
		strings.Repeat(get, 100),
	}
	clients := make([]*Client, inShort(1000, 200))
	open := func() {
		for i := range clients {
			clients[i] = Dial(t, addr)
		}
		for round := range 3 {
			for i, c := range clients {
				text, _, _ := request(i + round)
				c.Send(text)
			}
			for i, c := range clients {
				c.expectResponse(i + round)
			}
		}
		for i, c := range clients {
			if i%2 == 0 {
				c.Send(parts[i/2%len(parts)])
				c.SetLinger(0)
			}
			c.Close()
		}
		clear(clients)
		time.Sleep(200 * time.Millisecond) // until the server has seen the last ones end
	}
	open()
	before := Heap()
	open()
	open()
	testGrowth(t, before, 2<<20)
}

// testGrowth fails if the heap has grown by more than most bytes.
func testGrowth(t *testing.T, before, most uint64) {
	t.Helper()
	now := Heap()
	for end := time.Now().Add(patience); now > before+most && time.Now().Before(end); now = Heap() {
		time.Sleep(50 * time.Millisecond)
	}
	if now > before+most {
		t.Errorf("the heap grew from %d to %d KiB", before>>10, now>>10)
	}
}

// Heap returns how many bytes are alive in the heap.
func Heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // the first one leaves a sync.Pool its old items
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// testSlowReader echoes 100 MB to a client that does not read at first: a server has to stop
// reading then, not to keep what it cannot write.
func testSlowReader(t *testing.T, addr string) {
	size := int64(inShort(100<<20, 16<<20))
	content := func() io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{}), size) }
	want := crc32.NewIEEE()
	io.Copy(want, content())
	for _, length := range []int64{size, -1} { // -1 is chunked
		before := Heap()
		c := Dial(t, addr)
		c.SetDeadline(time.Now().Add(6 * patience))
		r, _ := http.NewRequest("POST", "http://e2e/echo", content())
		r.ContentLength = length
		go r.Write(c)
		time.Sleep(200 * time.Millisecond)
		testGrowth(t, before, 8<<20)
		got := crc32.NewIEEE()
		resp, err := http.ReadResponse(c.R, r)
		if err == nil {
			_, err = io.CopyN(got, resp.Body, 1<<20)
			testGrowth(t, before, 8<<20)
		}
		if err == nil {
			_, err = io.Copy(got, resp.Body)
		}
		if err != nil || got.Sum32() != want.Sum32() {
			t.Fatalf("length %d: %v, CRC-32 %x, want %x", length, err, got.Sum32(), want.Sum32())
		}
	}
}

// testNonReader sends requests and never reads a response.
func testNonReader(t *testing.T, addr string) {
	requests := []byte(strings.Repeat(get, 1e6)) // 30 MB, and 90 MB of responses: more than loopback takes
	before := Heap()
	c := Dial(t, addr)
	c.SetWriteDeadline(time.Now().Add(6 * patience))
	if _, err := c.Write(requests); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("not cut off: %v", err)
	}
	testGrowth(t, before, 16<<20)
	runtime.KeepAlive(requests)
}
