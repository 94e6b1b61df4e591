package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const (
	post = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nhi"
	put  = "PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nhi"
	okay = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
)

// TestRetry has a backend end a connection when the second request arrives on it, and counts
// the requests that it gets.
func TestRetry(t *testing.T) {
	for _, test := range []struct {
		name, request string
		partial       string // that the backend sends before it ends
		status        int
		requests      int64 // that the backend gets, with the first one
	}{
		{"GET", get, "", 200, 3},
		{"DELETE", "DELETE / HTTP/1.1\r\nHost: test\r\n\r\n", "", 200, 3},
		{"POST", post, "", 502, 2},
		{"POST without content", "POST / HTTP/1.1\r\nHost: test\r\n\r\n", "", 502, 2},
		{"unknown method", "LOOK / HTTP/1.1\r\nHost: test\r\n\r\n", "", 502, 2},
		{"PUT with content", put, "", 502, 2},
		{"GET, a byte arrived", get, "H", 502, 2},
		{"GET, a 1xx arrived", get, "HTTP/1.1 102 x\r\n\r\n", 502, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			var requests, connections atomic.Int64
			c := dial(t, start(t, backend(t, func(c net.Conn) {
				connections.Add(1)
				r := bufio.NewReader(c)
				readHead(r)
				requests.Add(1)
				io.WriteString(c, okay)
				if connections.Load() == 1 && readHead(r) != "" {
					requests.Add(1)
					io.WriteString(c, test.partial)
					return
				}
				io.Copy(io.Discard, r)
			}), nil))
			c.send(get).expect("GET", 200)
			c.send("%s", test.request)
			if strings.Contains(test.partial, "102") {
				c.expect("GET", 102)
			}
			c.expect("GET", test.status)
			if n := requests.Load(); n != test.requests {
				t.Errorf("the backend got %d requests, want %d", n, test.requests)
			}
		})
	}
	t.Run("a new connection", func(t *testing.T) { // has seen the request if it dies
		var requests atomic.Int64
		c := dial(t, start(t, backend(t, func(c net.Conn) {
			readHead(bufio.NewReader(c))
			requests.Add(1)
		}), nil))
		c.send(get).expect("GET", 502)
		if n := requests.Load(); n != 1 {
			t.Errorf("%d requests", n)
		}
	})
}

// TestReuse counts the connections to a backend, which ends some of them.
func TestReuse(t *testing.T) {
	var connections atomic.Int64
	c := dial(t, start(t, backend(t, func(c net.Conn) {
		connections.Add(1)
		r := bufio.NewReader(c)
		for readHead(r) != "" {
			io.WriteString(c, okay)
		}
	}), nil))
	for range 100 {
		c.send(get).expect("GET", 200)
		c.send("POST / HTTP/1.1\r\nHost: test\r\n\r\n").expect("POST", 200)
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// TestIdleEnds has a backend end a connection that is idle: the proxy must not keep it.
func TestIdleEnds(t *testing.T) {
	ended := make(chan error)
	c := dial(t, start(t, backend(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		readHead(r)
		io.WriteString(c, okay)
		c.(*net.TCPConn).CloseWrite()
		_, err := r.ReadByte()
		ended <- err
	}), nil))
	c.send(get).expect("GET", 200)
	if err := <-ended; err != io.EOF {
		t.Error(err)
	}
}

// TestRestart stops a backend between requests and starts another at the same address. Not
// even requests that must not be repeated may fail.
func TestRestart(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	serve := func(c net.Conn) {
		r := bufio.NewReader(c)
		for readHead(r) != "" {
			io.ReadFull(r, make([]byte, 2))
			io.WriteString(c, okay)
		}
	}
	c := dial(t, start(t, addr, nil))
	for range 3 {
		var open []net.Conn
		stopped := make(chan bool)
		go func(l net.Listener) {
			defer close(stopped)
			accept(l, func(c net.Conn) { open = append(open, c); serve(c) })
		}(l)
		c.send(post).expect("POST", 200)
		l.Close()
		<-stopped
		for _, c := range open {
			c.Close()
		}
		c.send("DELETE / HTTP/1.1\r\nHost: test\r\n\r\n").expect("DELETE", 502)
		if l, err = net.Listen("tcp", addr); err != nil {
			t.Fatal(err)
		}
	}
	l.Close()
}

// TestUnsolicited has a backend send two responses to one request. Nobody may get the second.
func TestUnsolicited(t *testing.T) {
	const poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
	for _, delay := range []time.Duration{0, 30 * time.Millisecond} {
		t.Run(delay.String(), func(t *testing.T) {
			addr := start(t, backend(t, func(c net.Conn) {
				r := bufio.NewReader(c)
				for readHead(r) != "" {
					if delay == 0 {
						io.WriteString(c, okay+poison)
						continue
					}
					io.WriteString(c, okay)
					time.Sleep(delay)
					io.WriteString(c, poison)
				}
			}), nil)
			c := dial(t, addr)
			for range 5 {
				if _, content := c.send(get).expect("GET", 200); content != "ok" {
					t.Fatalf("%q", content)
				}
				time.Sleep(2 * delay)
			}
		})
	}
}

// TestEarly has backends respond before they have all content. The response must not wait
// for it, nor another request go to a backend that still waits for it.
func TestEarly(t *testing.T) {
	for _, test := range []struct{ name, connection string }{{"keep-alive", ""}, {"close", "Connection: close\r\n"}} {
		t.Run(test.name, func(t *testing.T) {
			var connections atomic.Int64
			addr := start(t, backend(t, func(c net.Conn) {
				r := bufio.NewReader(c)
				if connections.Add(1) > 1 {
					readHead(r)
					io.WriteString(c, okay)
					return
				}
				readHead(r)
				io.WriteString(c, "HTTP/1.1 413 Content Too Large\r\n"+test.connection+"Content-Length: 0\r\n\r\n")
				if test.connection == "" {
					io.Copy(io.Discard, r)
				}
			}), nil)
			began := time.Now()
			c := dial(t, addr).send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nhi")
			if resp, _ := c.expect("POST", 413); resp.Close != (test.connection != "") {
				t.Error("close", resp.Close)
			}
			if took := time.Since(began); took > lingerTime/2 {
				t.Errorf("the response took %v", took)
			}
			c.expectEnd()
			dial(t, addr).send(get).expect("GET", 200)
		})
	}
}

// TestLinger has a client send more after a fault. A RST could cost it the response.
func TestLinger(t *testing.T) {
	c := dial(t, start(t, "127.0.0.1:1", nil)).send("GET / HTTP/1.1\r\nHost : a\r\n\r\n")
	c.expect("GET", 400)
	c.expectEnd()
	for range 10 {
		if _, err := c.Write(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// TestClientAborts has clients vanish, and looks at what the backend sees.
func TestClientAborts(t *testing.T) {
	for _, test := range []struct{ name, request string }{
		{"length", "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\nsome"},
		{"chunked", "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n"},
		{"malformed", "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\nx"},
	} {
		for _, linger := range []int{-1, 0} { // FIN, RST
			t.Run(fmt.Sprint(test.name, linger), func(t *testing.T) {
				seen := make(chan error, 1)
				c := dial(t, startHTTP(t, func(w http.ResponseWriter, r *http.Request) {
					_, err := io.Copy(io.Discard, r.Body)
					seen <- err
				}, nil))
				c.send("%s", test.request)
				time.Sleep(10 * time.Millisecond)
				c.SetLinger(linger)
				c.Close()
				select {
				case err := <-seen:
					if err == nil {
						t.Error("the backend takes the content for complete")
					}
				case <-time.After(patience):
					t.Error("the backend waits for more")
				}
			})
		}
	}
	t.Run("download", func(t *testing.T) {
		ended := make(chan error, 1)
		c := dial(t, start(t, backend(t, func(c net.Conn) {
			readHead(bufio.NewReader(c))
			io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			for {
				if _, err := c.Write(make([]byte, 64<<10)); err != nil {
					ended <- err
					return
				}
			}
		}), nil))
		c.send(get)
		c.r.Peek(1000)
		c.Close()
		if err := <-ended; errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("the backend has to go on")
		}
	})
}

// TestBackendAborts has backends vanish within a response. The client must notice.
func TestBackendAborts(t *testing.T) {
	for _, response := range []string{
		"Content-Length: 1000\r\n\r\nsome",
		"Transfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n",
		"Transfer-Encoding: chunked\r\n\r\n4\r\nsome\r\nmalformed\r\n0\r\n\r\n",
		"Transfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n0\r\nA: b\r\n",
		"\r\nsome", // with a RST
	} {
		for minor := range 2 {
			t.Run(fmt.Sprintf("%q HTTP/1.%d", response, minor), func(t *testing.T) {
				c := dial(t, start(t, backend(t, func(c net.Conn) {
					readHead(bufio.NewReader(c))
					io.WriteString(c, "HTTP/1.1 200 OK\r\n"+response)
					if response[0] == '\r' {
						time.Sleep(20 * time.Millisecond)
						c.(*net.TCPConn).SetLinger(0)
					}
				}), nil))
				c.send("GET / HTTP/1.%d\r\nHost: test\r\n\r\n", minor)
				resp, err := http.ReadResponse(c.r, nil)
				if err == nil {
					_, err = io.ReadAll(resp.Body)
				}
				if err == nil {
					t.Error("the client takes the content for complete")
				}
			})
		}
	}
}

// A dripping writes byte by byte.
type dripping struct{ io.Writer }

func (d dripping) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		_, err = d.Writer.Write(p[n : n+1])
		n++
		time.Sleep(time.Millisecond / 2)
	}
	return n, err
}

// TestDrips has both sides send byte by byte.
func TestDrips(t *testing.T) {
	c := dial(t, start(t, backend(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			b, _ := io.ReadAll(req.Body)
			fmt.Fprintf(dripping{c}, "HTTP/1.1 103 x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\nA: b\r\n\r\n", len(b), b)
		}
	}), nil))
	for range 2 {
		io.WriteString(dripping{c}, "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\nA: b\r\n\r\n")
		c.expect("POST", 103)
		if resp, content := c.expect("POST", 200); content != "hello world" || resp.Trailer.Get("A") != "b" {
			t.Errorf("%q, %v", content, resp.Trailer)
		}
	}
}

// TestSlow has both sides be too slow: each must be cut off, and the other one told.
func TestSlow(t *testing.T) {
	slow := func(p *Proxy) {
		p.Timeouts = Timeouts{Idle: 300 * time.Millisecond, Head: 300 * time.Millisecond, Content: 300 * time.Millisecond,
			Backend: 600 * time.Millisecond, Write: 600 * time.Millisecond, Stop: time.Second}
	}
	// within fails the test if f takes longer than two seconds.
	within := func(t *testing.T, f func()) {
		t.Helper()
		if began := time.Now(); true {
			f()
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("it took %v", took)
			}
		}
	}
	drip := func(c io.Writer) {
		for range 600 {
			if _, err := io.WriteString(c, "a"); err != nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	t.Run("idle client", func(t *testing.T) {
		t.Parallel()
		c := dial(t, start(t, "127.0.0.1:1", slow))
		within(t, c.expectEnd)
	})
	t.Run("client drips a head", func(t *testing.T) {
		t.Parallel()
		c := dial(t, start(t, "127.0.0.1:1", slow)).send("GET / HTTP/1.1\r\nA: ")
		go drip(c)
		within(t, func() { c.expect("GET", 408) })
	})
	t.Run("client drips content", func(t *testing.T) {
		t.Parallel()
		seen := make(chan error, 1)
		c := dial(t, startHTTP(t, func(w http.ResponseWriter, r *http.Request) {
			_, err := io.Copy(io.Discard, r.Body)
			seen <- err
		}, slow)).send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
		go drip(c)
		within(t, func() { c.expect("POST", 408) })
		if <-seen == nil {
			t.Error("the backend takes the content for complete")
		}
	})
	t.Run("backend stops within content", func(t *testing.T) {
		t.Parallel()
		c := dial(t, start(t, backend(t, func(c net.Conn) {
			readHead(bufio.NewReader(c))
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome")
			io.Copy(io.Discard, c)
		}), slow)).send(get)
		within(t, func() {
			if b, err := io.ReadAll(c); !bytes.HasSuffix(b, []byte("\r\n\r\nsome")) || err == nil {
				t.Errorf("%q, %v", b, err)
			}
		})
	})
	t.Run("backend is slow, but sends", func(t *testing.T) {
		t.Parallel()
		c := dial(t, start(t, backend(t, func(c net.Conn) {
			readHead(bufio.NewReader(c))
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
			for range 6 {
				io.WriteString(c, "a")
				time.Sleep(200 * time.Millisecond)
			}
		}), slow)).send(get)
		c.expect("GET", 200)
	})
	t.Run("client does not read", func(t *testing.T) {
		t.Parallel()
		ended := make(chan bool)
		c := dial(t, start(t, backend(t, func(c net.Conn) {
			readHead(bufio.NewReader(c))
			io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			for {
				if _, err := c.Write(make([]byte, 64<<10)); err != nil {
					close(ended)
					return
				}
			}
		}), slow)).send(get)
		within(t, func() { <-ended })
		c.Close()
	})
	t.Run("backend does not read", func(t *testing.T) {
		t.Parallel()
		c := dial(t, start(t, backend(t, func(c net.Conn) { time.Sleep(patience) }), slow))
		c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
		go func() {
			for {
				if _, err := c.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		}()
		within(t, func() { c.expect("POST", 504) })
	})
	t.Run("backend gets much and closes", func(t *testing.T) {
		t.Parallel()
		c := dial(t, start(t, backend(t, func(c net.Conn) { io.CopyN(io.Discard, c, 1<<20) }), slow))
		c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
		go func() {
			for {
				if _, err := c.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		}()
		within(t, func() { c.expect("POST", 502) })
	})
}

// TestTrailers sends trailer sections both ways.
func TestTrailers(t *testing.T) {
	addr := startHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Trailer", "Sum")
		io.WriteString(w, "content")
		w.Header().Set("Sum", r.Trailer.Get("Sum")+" and more")
	}, nil)
	for _, minor := range []int{1, 0} {
		c := dial(t, addr).send("POST / HTTP/1.1\r\nHost: a\r\nTrailer: Sum\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nSum: 1\r\n\r\n")
		want := "1 and more"
		if minor == 0 {
			c, want = dial(t, addr).send("GET / HTTP/1.0\r\nHost: a\r\n\r\n"), ""
		}
		resp, content := c.expect("POST", 200)
		if got := resp.Trailer.Get("Sum"); content != "content" || got != want {
			t.Errorf("HTTP/1.%d: %q, %q, want %q", minor, content, got, want)
		}
	}
}

// A frame is a short one of a WebSocket, masked as those of clients are: RFC 6455, section 5.
func frame(masked bool, text string) []byte {
	b := []byte{0x81, byte(len(text))}
	if !masked {
		return append(b, text...)
	}
	b[1] |= 0x80
	mask := []byte{1, 2, 3, 4}
	b = append(b, mask...)
	for i := range len(text) {
		b = append(b, text[i]^mask[i%4])
	}
	return b
}

// echoFrames is a WebSocket that echoes text.
func echoFrames(c net.Conn) {
	r := bufio.NewReader(c)
	for !strings.Contains(readHead(r), "\r\nUpgrade: websocket\r\n") {
		io.WriteString(c, "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n")
	}
	c.Write(append([]byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"), frame(false, "welcome")...))
	for {
		var head [6]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			c.Write(frame(false, "bye")) // the client has only ended its side
			return
		}
		text := make([]byte, head[1]&0x7f)
		io.ReadFull(r, text)
		for i := range text {
			text[i] ^= head[2+i%4]
		}
		c.Write(frame(false, string(text)))
	}
}

func TestWebSocket(t *testing.T) {
	c := dial(t, start(t, backend(t, echoFrames), nil))
	c.send(get).expect("GET", 426) // and the connection still speaks HTTP
	c.send("GET /chat HTTP/1.1\r\nHost: test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n%s", frame(true, "early"))
	resp, _ := c.expect("GET", 101)
	if resp.Header.Get("Upgrade") != "websocket" || resp.Header.Get("Connection") != "Upgrade" || resp.Header.Get("Sec-WebSocket-Accept") != "x" {
		t.Error(resp.Header)
	}
	expect := func(text string) {
		t.Helper()
		got := make([]byte, 2+len(text))
		if _, err := io.ReadFull(c.r, got); err != nil || !bytes.Equal(got, frame(false, text)) {
			t.Fatalf("%q, %v, want %q", got, err, text)
		}
	}
	expect("welcome")
	expect("early")
	for i := range 100 {
		text := strings.Repeat("x", i)
		c.Write(frame(true, text))
		expect(text)
	}
	c.CloseWrite()
	expect("bye")
	c.expectEnd()
}

// TestLarge sends 100 MB to a backend that sends it back, and then to one that reads it all
// first, and looks at the memory of the proxy, which is a process of its own.
func TestLarge(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("memory is read from /proc")
	}
	const size = 100 << 20
	echo := backend(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			w := bufio.NewWriter(c)
			if req.Method == "POST" {
				fmt.Fprintf(w, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", size)
			} else {
				io.WriteString(w, okay)
			}
			io.Copy(w, req.Body)
			w.Flush()
		}
	})
	proxy := exec.Command(os.Args[0], "-addr", "127.0.0.1:0", "-backend", echo)
	proxy.Env = append(os.Environ(), "PROXY=1")
	log, err := proxy.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	defer proxy.Process.Kill()
	line, err := bufio.NewReader(log).ReadString('\n')
	addr := regexp.MustCompile(`127[.:0-9]*`).FindString(line)
	if err != nil {
		t.Fatal(line, err)
	}
	for _, framing := range []string{fmt.Sprintf("Content-Length: %d\r\n", size), "Transfer-Encoding: chunked\r\n"} {
		c := dial(t, addr)
		c.SetDeadline(time.Now().Add(3 * patience))
		began := time.Now()
		go func() {
			w := bufio.NewWriterSize(c, 64<<10)
			io.WriteString(w, "POST / HTTP/1.1\r\nHost: test\r\n"+framing+"\r\n")
			piece := make([]byte, 32<<10)
			for i := range size / len(piece) {
				piece[0] = byte(i)
				if strings.HasPrefix(framing, "T") {
					fmt.Fprintf(w, "%x\r\n%s\r\n", len(piece), piece)
				} else {
					w.Write(piece)
				}
			}
			if strings.HasPrefix(framing, "T") {
				io.WriteString(w, "0\r\n\r\n")
			}
			w.Flush()
		}()
		resp, err := http.ReadResponse(c.r, nil)
		if err != nil {
			t.Fatal(err)
		}
		piece := make([]byte, 32<<10)
		for i := range size / len(piece) {
			if _, err := io.ReadFull(resp.Body, piece); err != nil || piece[0] != byte(i) {
				t.Fatalf("piece %d: %v", i, err)
			}
		}
		t.Logf("%s: %.0f MB/s each way", strings.TrimSpace(framing), size/time.Since(began).Seconds()/1e6)
		c.send(get) // the connection can still be used
		if resp, err := http.ReadResponse(c.r, nil); err != nil || resp.StatusCode != 200 {
			t.Error(err)
		}
		c.Close()
	}
	memory, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", proxy.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	kib, _ := strconv.Atoi(regexp.MustCompile(`VmHWM:\s*(\d+) kB`).FindStringSubmatch(string(memory))[1])
	t.Logf("at most %d MiB of memory", kib>>10)
	if kib > 32<<10 {
		t.Errorf("the proxy had %d KiB of memory", kib)
	}
	proxy.Process.Signal(os.Interrupt)
	if err := proxy.Wait(); err != nil {
		t.Errorf("interrupted: %v", err)
	}
}
