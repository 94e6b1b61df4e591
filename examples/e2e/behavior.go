package e2e

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// chunks returns content in n chunks.
func chunks(content string, n int) string {
	var b strings.Builder
	for size := len(content) / n; content != ""; content = content[size:] {
		fmt.Fprintf(&b, "%x\r\n%s\r\n", size, content[:size])
	}
	return b.String()
}

// inShort returns fewer with -short.
func inShort(n, fewer int) int {
	if testing.Short() {
		return fewer
	}
	return n
}

// testPipelined sends requests on one connection while it reads the responses: none may be
// lost, and none come before another.
func (s server) testPipelined(t *testing.T) {
	requests := inShort(10000, 2000)
	contentOf := func(i int) string { return fmt.Sprintf("%d%s", i, strings.Repeat("-", i%100)) }
	c := s.dial(t)
	go func() {
		b := ""
		for i := range requests {
			content := contentOf(i)
			b += []string{get, post("/echo", content), chunked("/echo", content, 1), post("/nowhere", content)}[i%4]
			if len(b) > 1000+i%1000 {
				c.Send(b)
				b = ""
			}
		}
		c.Send(b)
	}()
	for i := range requests {
		r, err := c.ReadResponse("POST")
		status, content := 200, contentOf(i)
		switch i % 4 {
		case 0:
			content = "Hello, World!"
		case 3:
			status, content = 404, r.Content
		}
		if err != nil || r.Status != status || r.Content != content {
			t.Fatalf("response %d of %d: %v, %d %q, want %d %q", i, requests, err, r.Status, r.Content, status, content)
		}
	}
}

// testConnections has many connections open at once.
func (s server) testConnections(t *testing.T) {
	clients := make([]*Client, inShort(1000, 200))
	for i := range clients {
		clients[i] = s.dial(t)
	}
	for round := range 3 {
		for i, c := range clients {
			c.Send(post("/echo", fmt.Sprintf("%06d/%d", i, round)))
		}
		for i, c := range clients {
			if r, want := c.Expect("POST", 200), fmt.Sprintf("%06d/%d", i, round); r.Content != want {
				t.Fatalf("%q, want %q", r.Content, want)
			}
		}
	}
}

// testContinue is about what the clients do not show: one 100, and none where none is wanted.
func (s server) testContinue(t *testing.T) {
	const expect = "Expect: 100-continue\r\n\r\n"
	c := s.dial(t)
	c.Send(postChunked + expect)
	c.Expect("POST", 100)
	for _, piece := range []string{"1", "\r", "\nh", "\r\n0\r\n\r\n" + postChunked + expect + "1\r\nh\r\n", "0\r\n\r\n"} {
		c.Send(piece)
		time.Sleep(5 * time.Millisecond)
	}
	for range 2 {
		if r := c.Expect("POST", 200); r.Content != "h" {
			t.Errorf("%q", r.Content)
		}
	}
	c.Send("POST /nowhere HTTP/1.1\r\nHost: e2e\r\nContent-Length: 5\r\n" + expect)
	if r := c.Expect("POST", 404); !r.Close {
		t.Error("nobody knows whether the content comes, and the connection is kept")
	}
	c.ExpectEOF()
}

// testMalformed has content be malformed, and the client send more after a fault: it must get
// the response and the end all the same, not a RST.
func (s server) testMalformed(t *testing.T) {
	c := s.dial(t)
	c.Send(postChunked + "\r\nx")
	if r := c.Expect("POST", 400); !r.Close {
		t.Error("after malformed content the connection is kept")
	}
	c.ExpectEOF()
	c = s.dial(t)
	c.Send(postChunked + "\r\n1\r\nh\r\nx")
	if r, err := c.ReadResponse("POST"); err == nil && r.Status != 400 { // a proxy may have noticed in time
		t.Errorf("cut off content is complete: %+v", r)
	}
	more := strings.Repeat("x", 300<<10)
	for range 20 {
		c := s.dial(t)
		c.Send("GET / HTTP/1.1\r\nHost : e2e\r\n\r\n")
		c.Send(more)
		c.Expect("GET", 400)
		c.ExpectEOF()
	}
}

// testHeap looks for what connections leave behind, also those that are reset in the worst
// places.
func (s server) testHeap(t *testing.T) {
	batch := strings.Repeat(get+chunked("/upload", "hello", 1), 10)
	parts := []string{
		"GET / HTTP/1.1\r\nHos",
		"POST /echo HTTP/1.1\r\nHost: e2e\r\nContent-Length: 100\r\n\r\nsome",
		postChunked + "\r\n5\r\nab",
		strings.Repeat(get, 100),
	}
	var before uint64
	for i := range inShort(1000, 300) {
		if i == 50 {
			before = Heap()
		}
		c := s.dial(t)
		c.Send(batch)
		for range 20 {
			c.Expect("POST", 200)
		}
		if i%2 == 0 {
			c.Send(parts[i/2%len(parts)])
			c.SetLinger(0)
		}
		c.Close()
	}
	after := Heap()
	for end := time.Now().Add(patience); after > before+2<<20 && time.Now().Before(end); after = Heap() {
		time.Sleep(50 * time.Millisecond) // until the server has seen the last ones end
	}
	t.Logf("%d KiB after 50 connections, %d KiB after all", before>>10, after>>10)
	if after > before+2<<20 {
		t.Error("the heap grows")
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
func (s server) testSlowReader(t *testing.T) {
	size := int64(inShort(100<<20, 16<<20))
	content := func() io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{}), size) }
	want := crc32.NewIEEE()
	io.Copy(want, content())
	for _, framing := range []string{fmt.Sprintf("Content-Length: %d", size), "Transfer-Encoding: chunked"} {
		before := Heap()
		look := func() {
			time.Sleep(200 * time.Millisecond)
			if now := Heap(); now > before+8<<20 {
				t.Errorf("%s: the heap grew by %d KiB", framing, (now-before)>>10)
			}
		}
		c := s.dial(t)
		c.SetDeadline(time.Now().Add(6 * patience))
		go func() {
			fmt.Fprintf(c, "POST /echo HTTP/1.1\r\nHost: e2e\r\n%s\r\n\r\n", framing)
			if framing[0] == 'C' {
				io.Copy(c, content())
				return
			}
			w := httputil.NewChunkedWriter(c)
			io.Copy(w, content())
			w.Close()
			io.WriteString(c, "\r\n") // no trailer fields
		}()
		look()
		got := crc32.NewIEEE()
		r, err := http.ReadResponse(c.R, &http.Request{Method: "POST"})
		if err == nil {
			_, err = io.CopyN(got, r.Body, 1<<20)
			look()
		}
		if err == nil {
			_, err = io.Copy(got, r.Body)
		}
		if err != nil || got.Sum32() != want.Sum32() {
			t.Fatalf("%s: %v, CRC-32 %x, want %x", framing, err, got.Sum32(), want.Sum32())
		}
	}
}

// testLimits is about a server that takes 1,000 bytes of content, and reads 2,000 for nothing.
func (s server) testLimits(t *testing.T) {
	of := func(n int) string { return strings.Repeat("x", n) }
	for _, test := range []struct {
		name, request string
		status        int
		close         bool // the response says so
		ends          bool // the connection is closed
	}{
		{"upload", post("/upload", of(1000)), 200, false, false},
		{"upload too large", post("/upload", of(1001)), 413, true, true},
		{"upload chunked", chunked("/upload", of(1000), 10), 200, false, false},
		{"upload chunked too large", chunked("/upload", of(100000), 1000), 413, true, true},
		{"echo", post("/echo", of(5000)), 200, false, false},
		{"unread", post("/nowhere", of(2000)), 404, false, false},
		{"unread and too large", post("/nowhere", of(2001)), 404, true, true},
		{"unread chunked", chunked("/nowhere", of(2000), 20), 404, false, false},
		{"unread chunked and too large", chunked("/nowhere", of(2100), 21), 404, false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := s.dial(t)
			c.Send(test.request)
			if r := c.Expect("POST", test.status); r.Close != test.close {
				t.Errorf("the response says close: %v", r.Close)
			}
			c.Send(get)
			if test.ends {
				c.ExpectEOF()
			} else {
				c.Expect("GET", 200)
			}
		})
	}
}

// short is how long a server waits where timeouts are tested. A test that keeps within it does
// so by far: the machine may be busy.
const short = 500 * time.Millisecond

// testSlow sends requests slowly to a server that wants 100 bytes of content a second.
func (s server) testSlow(t *testing.T) {
	const upload = "POST /upload HTTP/1.1\r\nHost: e2e\r\nConnection: close\r\nContent-Length: "
	const ok, second = "HTTP/1.1 200 OK\r\n", time.Second
	for _, test := range []struct {
		name, first, piece string // piece is sent every 50 ms
		pieces             int
		want               string        // how the response begins
		least, most        time.Duration // until the connection ends
	}{
		{"no other request", get, "", 0, ok, 2 * short, 4*short + second},
		{"pipelined part of a head", get + "GET / HT", "", 0, ok, short / 2, short + second},
		{"head byte by byte", "GET / HTTP/1.1\r\nA: ", "x", 100, "", short / 2, short + second},
		{"content byte by byte", upload + "1000\r\n\r\n", "x", 100, "", short / 2, 2*short + second},
		{"content that stops", upload + "100000\r\n\r\n" + strings.Repeat("x", 50000), "", 0, "", short / 2, short + second},
		{"content that takes its time", upload + "300\r\n\r\n", "0123456789", 30, ok, 2 * short, 10 * second},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := s.dial(t)
			began := time.Now()
			go func() {
				io.WriteString(c, test.first)
				for range test.pieces {
					time.Sleep(50 * time.Millisecond)
					if _, err := io.WriteString(c, test.piece); err != nil {
						return
					}
				}
			}()
			got, _ := io.ReadAll(c.R) // a RST is as good as an end
			if took := time.Since(began); took < test.least || took > test.most {
				t.Errorf("the connection ends after %v", took)
			}
			if !strings.HasPrefix(string(got), test.want) || test.want == "" && len(got) > 0 {
				t.Errorf("%q", got)
			}
		})
	}
}

// testNonReader sends requests and never reads a response.
func (s server) testNonReader(t *testing.T) {
	requests := []byte(strings.Repeat(get, 1e6)) // 30 MB, and 90 MB of responses: more than loopback takes
	before := Heap()
	c := s.dial(t)
	c.SetWriteDeadline(time.Now().Add(2 * patience))
	if _, err := c.Write(requests); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("not cut off: %v", err)
	}
	if grown := int64(Heap()) - int64(before); grown > 16<<20 {
		t.Errorf("the heap grew by %d KiB", grown>>10)
	}
	runtime.KeepAlive(requests)
}
