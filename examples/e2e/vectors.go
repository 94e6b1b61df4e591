package e2e

import (
	"io"
	"strings"
	"testing"

	"github.com/picohttp/picohttp"
)

// testVectors sends the vectors of requests, each on a connection of its own. What the server
// must do with one depends on what picohttp returns for the same bytes.
func testVectors(t *testing.T, addr string) {
	rejected, accepted, incomplete := 0, 0, 0
	for _, folder := range []string{"requests", "framing", "check"} {
		for _, v := range Vectors(t, "../../testdata/"+folder) {
			if kind := v.Word("kind"); kind != "" && kind != "request" {
				continue
			}
			if !t.Run(folder+"/"+v.Name, func(t *testing.T) {
				var r picohttp.Request
				n, err := r.Parse(v.Input)
				verdict, fault := r.Check()
				c := Dial(t, addr)
				c.Send(string(v.Input[:n]))
				switch fault, malformed := fault.(picohttp.Error); {
				case err == picohttp.ErrIncomplete: // the server must not respond
					incomplete++
					c.Send(string(v.Input[n:]))
					c.CloseWrite()
					c.ExpectEOF()
				case malformed: // it must not serve a request after this one
					rejected++
					c.Send(string(v.Input[n:]) + get)
					if got := c.Expect(string(r.Method()), fault.Status()); !got.Close {
						t.Error("the response does not say that it is the last")
					}
					c.ExpectEOF()
				default:
					accepted++
					c.tryAccepted(string(r.Method()), verdict.Framing, string(v.Input[n:]))
				}
			}) {
				t.FailNow() // others may wait long, too
			}
		}
	}
	t.Logf("%d rejected, %d accepted, %d incomplete", rejected, accepted, incomplete)
	if rejected < 400 || accepted < 250 || incomplete < 40 {
		t.Error("there should be more")
	}
}

// tryAccepted makes the content of a request whole, whose head has been sent, and sends another
// request after it. The response to the first one may have any status.
func (c *Client) tryAccepted(method string, f picohttp.Framing, rest string) {
	keep := f.KeepAlive
	switch {
	case f.ExpectOther, f.Body == picohttp.BodyLength && f.Length > 1<<20:
		keep = false // is rejected, or not read
	case f.Body == picohttp.BodyNone:
		rest = ""
	case f.Body == picohttp.BodyLength:
		rest = (rest + strings.Repeat("x", int(f.Length)))[:f.Length]
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
	c.Send(rest)
	switch r := c.Expect(method, 0); {
	case r.Close && keep && !f.ExpectContinue && r.Status != 400 && r.Status != 501: // a target that is no URI, a method
		c.t.Errorf("%d, and the connection is closed", r.Status)
	case r.Close:
		c.Send(get)
		c.ExpectEOF()
	case !f.KeepAlive:
		c.t.Errorf("%d, and the connection is kept", r.Status)
	case keep:
		c.Send(getClose)
		c.Expect("GET", 200)
		c.ExpectEOF()
	default:
		c.CloseWrite()
		c.ExpectEOF()
	}
}
