package e2e

import (
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// testPipelined sends requests on one connection while it reads the answers:
// none may be lost, and none come before another.
func (s server) testPipelined(t *testing.T) {
	requests := 10000
	if testing.Short() {
		requests = 2000
	}
	c := s.dial(t)
	go func() {
		var b strings.Builder
		for i := range requests {
			content := contentOf(i)
			switch i % 4 {
			case 0:
				b.WriteString(get)
			case 1:
				fmt.Fprintf(&b, "POST /echo HTTP/1.1\r\nHost: e2e\r\nContent-Length: %d\r\n\r\n%s", len(content), content)
			case 2:
				fmt.Fprintf(&b, "POST /echo HTTP/1.1\r\nHost: e2e\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(content), content)
			case 3:
				fmt.Fprintf(&b, "POST /nowhere HTTP/1.1\r\nHost: e2e\r\nContent-Length: %d\r\n\r\n%s", len(content), content)
			}
			if b.Len() > 1000+i%1000 {
				c.send(b.String())
				b.Reset()
			}
		}
		c.send(b.String())
	}()
	for i := range requests {
		a, err := c.read("POST")
		status, content := 200, contentOf(i)
		switch i % 4 {
		case 0:
			content = "Hello, World!"
		case 3:
			status, content = 404, a.content
		}
		if err != nil || a.status != status || a.content != content {
			t.Fatalf("answer %d of %d: %v, %d %q, want %d %q", i, requests, err, a.status, a.content, status, content)
		}
	}
}

func contentOf(i int) string { return fmt.Sprintf("%d%s", i, strings.Repeat("-", i%100)) }

// testConnections has many connections open at once.
func (s server) testConnections(t *testing.T) {
	connections := 1000
	if testing.Short() {
		connections = 200
	}
	clients := make([]*client, connections)
	for i := range clients {
		clients[i] = s.dial(t)
	}
	for round := range 3 {
		for i, c := range clients {
			c.send(fmt.Sprintf("POST /echo HTTP/1.1\r\nHost: e2e\r\nContent-Length: 8\r\n\r\n%06d/%d", i, round))
		}
		for i, c := range clients {
			a := c.expect("POST", 200)
			if want := fmt.Sprintf("%06d/%d", i, round); a.content != want {
				t.Fatalf("%q, want %q", a.content, want)
			}
		}
	}
	for _, c := range clients {
		c.conn.Close()
	}
}

// testContinue is about what curl does not show: no 100 where none is wanted.
func (s server) testContinue(t *testing.T) {
	const head = " HTTP/1.1\r\nHost: e2e\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
	c := s.dial(t)
	c.send("POST /echo" + head)
	c.expect("POST", 100)
	c.send("hello" + "POST /echo" + head + "again") // the content is there
	for _, want := range []string{"hello", "again"} {
		if a := c.expect("POST", 200); a.content != want {
			t.Errorf("%q, want %q", a.content, want)
		}
	}
	c.send("POST /nowhere" + head)
	if a := c.expect("POST", 404); !a.close {
		t.Error("refused, and nobody knows whether the content comes")
	}
	c.expectEOF()
}

// testResets has connections end in the worst places.
func (s server) testResets(t *testing.T) {
	for _, part := range []string{
		"GET / HTTP/1.1\r\nHos",
		"POST /echo HTTP/1.1\r\nHost: e2e\r\nContent-Length: 100\r\n\r\nsome",
		"POST /upload HTTP/1.1\r\nHost: e2e\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
		strings.Repeat(get, 100),
	} {
		for range 20 {
			c := s.dial(t)
			c.send(get)
			c.expect("GET", 200)
			c.send(part)
			c.conn.SetLinger(0)
			c.conn.Close()
		}
	}
	s.hello(t)
}

// testHeap looks for what connections leave behind.
func (s server) testHeap(t *testing.T) {
	connections := 1000
	if testing.Short() {
		connections = 300
	}
	const perConnection = 20
	batch := strings.Repeat(get+"POST /upload HTTP/1.1\r\nHost: e2e\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", perConnection/2)
	var before uint64
	for i := range connections {
		if i*perConnection == 1000 {
			before = heap()
		}
		c := s.dial(t)
		c.send(batch)
		for range perConnection {
			c.expect("POST", 200)
		}
		c.conn.Close()
	}
	time.Sleep(50 * time.Millisecond) // the server sees the last ones end
	after := heap()
	t.Logf("%d KiB after 1,000 requests, %d KiB after %d", before>>10, after>>10, connections*perConnection)
	if after > before+2<<20 {
		t.Error("the heap grows")
	}
}

// heap returns what is alive in it.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // the first one leaves a sync.Pool its old items
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// testSlowReader echoes a long body to a client that does not read: a server has
// to stop reading then, not to keep what it cannot write.
func (s server) testSlowReader(t *testing.T) {
	const size = 16 << 20
	most := uint64(size / 2) // that the heap may grow
	if s.cutsOff {
		most = size // it reads while it finds out
	}
	piece := make([]byte, 64<<10)
	for i := range piece {
		piece[i] = byte(i * i >> 8)
	}
	want := crc32.NewIEEE()
	for range size / len(piece) {
		want.Write(piece)
	}
	for _, chunked := range []bool{false, true} {
		t.Run(fmt.Sprintf("chunked=%v", chunked), func(t *testing.T) {
			before := heap()
			c := s.dial(t)
			c.conn.SetDeadline(time.Now().Add(3 * patience))
			var sent sync.WaitGroup
			sent.Go(func() {
				framing, chunkSize, chunkEnd, end := fmt.Sprintf("Content-Length: %d", size), "", "", ""
				if chunked {
					framing, chunkSize, chunkEnd, end = "Transfer-Encoding: chunked", fmt.Sprintf("%x\r\n", len(piece)), "\r\n", "0\r\n\r\n"
				}
				io.WriteString(c.conn, "POST /echo HTTP/1.1\r\nHost: e2e\r\n"+framing+"\r\n\r\n")
				for range size / len(piece) {
					io.WriteString(c.conn, chunkSize)
					c.conn.Write(piece)
					io.WriteString(c.conn, chunkEnd)
				}
				io.WriteString(c.conn, end)
			})
			defer sent.Wait()
			defer c.conn.Close()
			grown := uint64(0)
			look := func() {
				time.Sleep(100 * time.Millisecond)
				if now := heap(); now > before {
					grown = max(grown, now-before)
				}
			}
			look()
			look()
			got := crc32.NewIEEE()
			n, err := c.readSlowly(got, look)
			switch {
			case err != nil && s.cutsOff:
				t.Logf("cut off at %d octets: %v", n, err)
				s.hello(t)
			case err != nil || n != size || got.Sum32() != want.Sum32():
				t.Fatalf("%d octets, %v, CRC-32 %x, want %x", n, err, got.Sum32(), want.Sum32())
			}
			t.Logf("the heap grew by %d KiB", grown>>10)
			if grown > most {
				t.Error("too much")
			}
		})
	}
}

// readSlowly reads the content of a response, the first mebibytes with a look
// after each.
func (c *client) readSlowly(w io.Writer, look func()) (n int64, err error) {
	r, err := http.ReadResponse(c.r, &http.Request{Method: "POST"})
	if err != nil {
		return 0, err
	}
	for range 4 {
		m, err := io.CopyN(w, r.Body, 1<<20)
		if n += m; err != nil {
			return n, err
		}
		look()
	}
	m, err := io.Copy(w, r.Body)
	return n + m, err
}

// testLimits is about a server that takes 1,000 octets of content, and reads 2,000
// for nothing.
func (s server) testLimits(t *testing.T) {
	chunks := func(n int) string { return strings.Repeat("64\r\n"+strings.Repeat("x", 100)+"\r\n", n) + "0\r\n\r\n" }
	for _, test := range []struct {
		name, request string
		status        int
		close         bool // the answer says so
		ends          bool // the connection is closed
	}{
		{"upload", "POST /upload HTTP/1.1\r\nHost: e2e\r\nContent-Length: 1000\r\n\r\n" + strings.Repeat("x", 1000), 200, false, false},
		{"upload too large", "POST /upload HTTP/1.1\r\nHost: e2e\r\nContent-Length: 1001\r\n\r\n" + strings.Repeat("x", 1001), 413, true, true},
		{"upload chunked", "POST /upload HTTP/1.1\r\nHost: e2e\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(10), 200, false, false},
		{"upload chunked too large", "POST /upload HTTP/1.1\r\nHost: e2e\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(1000), 413, true, true},
		{"echo", "POST /echo HTTP/1.1\r\nHost: e2e\r\nContent-Length: 5000\r\n\r\n" + strings.Repeat("x", 5000), 200, false, false},
		{"unread", "POST /nowhere HTTP/1.1\r\nHost: e2e\r\nContent-Length: 2000\r\n\r\n" + strings.Repeat("x", 2000), 404, false, false},
		{"unread and too large", "POST /nowhere HTTP/1.1\r\nHost: e2e\r\nContent-Length: 2001\r\n\r\n" + strings.Repeat("x", 2001), 404, true, true},
		{"unread chunked", "POST /nowhere HTTP/1.1\r\nHost: e2e\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(20), 404, false, false},
		{"unread chunked and too large", "POST /nowhere HTTP/1.1\r\nHost: e2e\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(21), 404, false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := s.dial(t)
			c.send(test.request)
			if a := c.expect("POST", test.status); a.close != test.close {
				t.Errorf("the answer says close: %v", a.close)
			}
			c.send(get)
			if test.ends {
				c.expectEOF()
			} else {
				c.expect("GET", 200)
			}
		})
	}
}

// testErrorArrives has the client go on sending behind a fault: it must get the
// answer and the end all the same, not a RST.
func (s server) testErrorArrives(t *testing.T) {
	more := strings.Repeat("x", 300<<10)
	for range 20 {
		c := s.dial(t)
		c.send("GET / HTTP/1.1\r\nHost : e2e\r\n\r\n")
		c.send(more)
		c.expect("GET", 400)
		c.expectEOF()
	}
}

// testDrip sends a request octet by octet, in time.
func (s server) testDrip(t *testing.T) {
	c := s.dial(t)
	for i := range len(get) {
		c.send(get[i : i+1])
		time.Sleep(2 * time.Millisecond)
	}
	c.expect("GET", 200)
}

// testSlowDrip never gets to the end of a head.
func (s server) testSlowDrip(t *testing.T) {
	t.Parallel()
	c := s.dial(t)
	began := time.Now()
	go func() {
		io.WriteString(c.conn, "GET / HTTP/1.1\r\nA: ")
		for range 250 {
			time.Sleep(20 * time.Millisecond)
			if _, err := io.WriteString(c.conn, "x"); err != nil {
				return
			}
		}
	}()
	c.expectCut(began, short)
}

// expectCut fails the test unless the server cuts the connection off about at
// that time, without an answer.
func (c *client) expectCut(began time.Time, after time.Duration) {
	c.t.Helper()
	b, err := io.ReadAll(c.r) // a RST is as good as an end here
	took := time.Since(began)
	if len(b) > 0 || took < after/2 || took > after+2*time.Second {
		c.t.Errorf("cut off after %v, want %v: %v, %q", took, after, err, b)
	}
}

// testStalled stops between requests and within a body.
func (s server) testStalled(t *testing.T) {
	t.Parallel()
	c := s.dial(t)
	c.send(get)
	c.expect("GET", 200)
	c.expectCut(time.Now(), 2*short)

	c = s.dial(t)
	c.send("POST /upload HTTP/1.1\r\nHost: e2e\r\nContent-Length: 5\r\n\r\nhel")
	c.expectCut(time.Now(), short)

	c = s.dial(t) // a body that goes on may take longer
	c.send("POST /echo HTTP/1.1\r\nHost: e2e\r\nContent-Length: 12\r\n\r\n")
	for range 12 {
		time.Sleep(short / 8)
		c.send("x")
	}
	c.expect("POST", 200)
}

// testNonReader sends requests and never reads an answer.
func (s server) testNonReader(t *testing.T) {
	t.Parallel()
	before := heap()
	c := s.dial(t)
	requests := strings.Repeat(get, 1000)
	rounds := 1000          // 30 MB, and 90 MB of answers: more than loopback takes
	most := int64(16 << 20) // that the heap may grow
	if s.cutsOff {
		rounds, most = 10*rounds, 2*most // it reads while it finds out
	}
	for range rounds {
		c.conn.SetWriteDeadline(time.Now().Add(patience))
		if _, err := io.WriteString(c.conn, requests); err != nil {
			if n, ok := err.(interface{ Timeout() bool }); ok && n.Timeout() {
				t.Fatal("not cut off")
			}
			if grown := int64(heap()) - int64(before); grown > most {
				t.Errorf("the heap grew by %d KiB", grown>>10)
			}
			s.hello(t)
			return
		}
	}
	t.Fatal("the server took all of it")
}
