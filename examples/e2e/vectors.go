package e2e

import (
	"io"
	"strings"
	"testing"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/internal/vectors"
)

// testdata is that of the module of the library, as seen from an example.
const testdata = "../../testdata/"

// testVectors sends the vectors of requests, each on a connection of its own. What the
// server must do with one depends on what picohttp returns for the same bytes.
func (s server) testVectors(t *testing.T) {
	refused, answered, incomplete, failed := 0, 0, 0, 0
	for _, folder := range []string{"requests", "framing", "check"} {
		all, err := vectors.Read(testdata + folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range all {
			if kind := v.Word("kind"); kind != "" && kind != "request" {
				continue
			}
			if failed == 3 { // each may have waited long
				t.Fatal("and so on")
			}
			passed := t.Run(folder+"/"+v.Name, func(t *testing.T) {
				var r picohttp.Request
				n, err := r.Parse(v.Input)
				if folder != "check" && v.Word("limits") == "" && (err == picohttp.ErrIncomplete) != (v.Word("want") == "incomplete") {
					t.Fatalf("Parse returns %v, want %s", err, v.Word("want"))
				}
				if err == picohttp.ErrIncomplete {
					incomplete++
					s.tryIncomplete(t, string(v.Input))
					return
				}
				verdict, err := r.Check()
				if fault, ok := err.(picohttp.Error); ok {
					refused++
					s.tryRefused(t, string(v.Input), string(r.Method()), fault.Status())
					return
				}
				answered++
				s.tryAnswered(t, &r, verdict.Framing, string(v.Input[:n]), string(v.Input[n:]))
			})
			if !passed {
				failed++
			}
		}
	}
	t.Logf("%d refused, %d answered, %d incomplete", refused, answered, incomplete)
	if refused < 400 || answered < 250 || incomplete < 40 {
		t.Error("there should be more")
	}
}

// tryRefused sends what must be answered with an error, and no request behind it.
func (s server) tryRefused(t *testing.T, input, method string, status int) {
	c := s.dial(t)
	c.send(input)
	c.send(get)
	if a := c.expect(method, status); !a.close {
		t.Error("the answer does not say that it is the last")
	}
	c.expectEOF()
}

// tryIncomplete sends what must not be answered.
func (s server) tryIncomplete(t *testing.T, input string) {
	c := s.dial(t)
	c.send(input)
	c.conn.CloseWrite()
	c.expectEOF()
}

// tryAnswered sends what must be answered with any status, makes its body whole,
// and sends another request behind it.
func (s server) tryAnswered(t *testing.T, r *picohttp.Request, f picohttp.Framing, head, rest string) {
	keep := f.KeepAlive
	switch {
	case f.ExpectOther:
		keep = false // is rejected
	case f.Body == picohttp.BodyNone:
		rest = ""
	case f.Body == picohttp.BodyLength && f.Length > 1<<20:
		keep = false // is not read
	case f.Body == picohttp.BodyLength:
		missing := max(0, int(f.Length)-len(rest))
		rest = rest[:int(f.Length)-missing] + strings.Repeat("x", missing)
	case f.Body == picohttp.BodyChunked:
		if rest == "" {
			rest = "0\r\n\r\n"
		}
		var d picohttp.Chunked
		if _, n, err := d.Decode([]byte(rest)); err == io.EOF {
			rest = rest[:n]
		} else {
			keep = false // is malformed or unfinished
		}
	}
	c := s.dial(t)
	method := string(r.Method())
	c.send(head + rest)
	switch a := c.expect(method, 0); {
	case a.close && keep && !f.ExpectContinue && a.status != 400 && a.status != 501: // a target that is no URI, a method
		t.Errorf("answered %d and closes", a.status)
	case a.close:
		c.send(get)
		c.expectEOF()
	case !f.KeepAlive:
		t.Errorf("answered %d and does not close", a.status)
	case keep:
		c.send(getClose)
		c.expect("GET", 200)
		c.expectEOF()
	default:
		c.conn.CloseWrite()
		c.expectEOF()
	}
}

// messages are requests with their bodies: the heads of testdata and some of our
// own, by name.
func messages(t *testing.T) map[string]string {
	const echo = "POST /echo HTTP/1.1\r\nHost: e2e\r\n"
	all := map[string]string{
		"echo":         echo + "Content-Length: 26\r\n\r\nabcdefghijklmnopqrstuvwxyz",
		"echo-chunked": echo + "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nabcde\r\n10\r\nfghijklmnopqrstu\r\n5\r\nvwxyz\r\n0\r\nA: b\r\n\r\n",
		"upload":       "POST /upload HTTP/1.1\r\nHost: e2e\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n123\r\n6;x\r\n456789\r\n0\r\nA: b\r\nC: d\r\n\r\n",
		"json":         "\r\nGET /json?q HTTP/1.1\r\nHost: e2e\r\n\r\n",
		"malformed":    "GET / HTTP/1.1\r\nHost: e2e\r\nA: b\x00\r\n\r\n",
	}
	heads, err := vectors.Heads(testdata + "heads")
	if err != nil {
		t.Fatal(err)
	}
	for _, head := range heads {
		var r picohttp.Request
		r.Parse(head.Bytes)
		v, err := r.Check()
		if err != nil {
			t.Fatalf("%s: %v", head.Name, err)
		}
		all[head.Name] = string(head.Bytes) + strings.Repeat("x", int(v.Length))
	}
	return all
}

// testCuts sends messages in two pieces, cut at every byte, those of more than
// 1 KiB at every seventh. A request before the first piece, and its answer, make
// sure that the server has read that piece before it gets the second one.
func (s server) testCuts(t *testing.T) {
	for name, message := range messages(t) {
		t.Run(name, func(t *testing.T) {
			method, _, _ := strings.Cut(strings.TrimSpace(message), " ")
			c := s.dial(t)
			c.send(message)
			whole := c.expect(method, 0)
			step := 1
			if len(message) > 1<<10 || testing.Short() {
				step = 7
			}
			c = s.dial(t)
			for cut := 1; cut < len(message); cut += step {
				c.send(get + message[:cut])
				c.expect("GET", 200)
				c.send(message[cut:])
				a, err := c.read(method)
				if err != nil || a != whole {
					t.Fatalf("cut at %d of %d: %v, %+v\nwhole: %+v", cut, len(message), err, a, whole)
				}
				if a.close {
					_, err := c.r.ReadByte()
					if err != io.EOF {
						t.Fatalf("cut at %d: not closed: %v", cut, err)
					}
					c.conn.Close()
					c = s.dial(t)
				}
			}
		})
	}
}
