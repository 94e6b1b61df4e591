package picohttp

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/picohttp/picohttp/internal/mutants"
)

// describe says what a Framing holds, as a vector does.
func (f Framing) describe() string {
	words := []string{f.Body.String()}
	if f.Body == BodyLength {
		words = append(words, fmt.Sprint(f.Length))
	}
	for _, flag := range []struct {
		set  bool
		word string
	}{
		{f.KeepAlive, "keep-alive"},
		{f.ExpectContinue, "expect-continue"},
		{f.ExpectOther, "expect-other"},
		{f.Upgrade, "upgrade"},
		{f.OtherCoding, "other-coding"},
	} {
		if flag.set {
			words = append(words, flag.word)
		}
	}
	return strings.Join(words, " ")
}

// framingOf parses a head and says what its Framing is, as a vector does, and
// what its deviations are.
func framingOf(t testing.TB, p *Parser, kind, method string, b []byte) (framing, deviations string) {
	t.Helper()
	var m message
	switch kind {
	case "request":
		m = new(Request)
	case "response":
		m = new(Response)
	default:
		t.Fatalf("no kind: %s", kind)
	}
	if n, err := m.parseUnder(p, b); err != nil {
		return "refused " + cmp.Or(observe(m, n, err).code, "incomplete"), ""
	}
	f, err := framingOfMessage(m, method)
	if err == nil {
		return f.describe(), m.Deviations().String()
	}
	if f != (Framing{Body: BodyUntilClose}) {
		t.Errorf("beside %v the Framing is %+v", err, f)
	}
	return "malformed " + err.(Error).Code(), m.Deviations().String()
}

func TestFraming(t *testing.T) {
	vectors := profileVectors(t, "framing")
	if len(vectors) < 579 {
		t.Fatalf("only %d vectors", len(vectors))
	}
	eachKernel(t, func(t *testing.T, k kernel) {
		g := newGuard(t)
		for _, v := range vectors {
			if v.framing == "" {
				t.Fatalf("%s has no kind", v.name)
			}
			got, deviations := framingOf(t, &v.parser, v.kind, cmp.Or(v.method, "GET"), g.atEnd(v.input))
			if got != v.framing || deviations != v.deviations {
				t.Errorf("%s\ninput %.300q\ngot  %s, deviations %q\nwant %s, deviations %q", v.name, v.input, got, deviations, v.framing, v.deviations)
			}
		}
	})
}

// TestFramingOfManyFields: the fields behind the table count as those in it.
func TestFramingOfManyFields(t *testing.T) {
	many := strings.Repeat("X-A: b\r\n", 63)
	for fields, want := range map[string]string{
		many + "A: b\r\nContent-Length: 5\r\n":                                           "length 5 keep-alive",
		many + "A: b\r\nB: c\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n":     "chunked",
		"Content-Length: 5\r\n" + many + "A: b\r\nContent-Length: 5\r\n":                 "malformed content-length-repeated",
		"Transfer-Encoding: chunked\r\n" + many + "A: b\r\nContent-Length: 5\r\n":        "malformed ambiguous-length",
		many + "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n":               "chunked keep-alive other-coding",
		many + "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n":               "malformed not-chunked",
		many + many + "Expect: 100-continue\r\n" + many + "Content-Length: 18446744\r\n": "length 18446744 keep-alive expect-continue",
	} {
		if got, _ := framingOf(t, &Parser{}, "request", "", []byte("POST / HTTP/1.1\r\n"+fields+"\r\n")); got != want {
			t.Errorf("%q: %s, want %s", fields, got, want)
		}
	}
}

// TestFramingUnfinished: there is no framing without a complete head, and what
// stands in its place never lets a next message begin.
func TestFramingUnfinished(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n\r\n"
	check := func(name string, f Framing, err error) {
		t.Helper()
		if err != ErrIncomplete || f != (Framing{Body: BodyUntilClose}) {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
	var request Request
	f, err := request.Framing()
	check("zero Request", f, err)
	var r Response
	f, err = r.Framing("GET")
	check("zero Response", f, err)
	for end := range head {
		r.Parse([]byte(head[:end]))
		f, err = r.Framing("HEAD")
		check(head[:end], f, err)
	}
	p := Parser{MaxFields: 1}
	if _, err := p.ParseResponse(&r, []byte(head)); err != ErrTooManyFields {
		t.Fatal(err)
	}
	f, err = r.Framing("GET")
	check("too many fields", f, err)
	// Malformed, in the reference, by a limit, or when resumed.
	fault := strings.Replace(head, "A: b\r\n", "A : b\r\n", 1)
	if _, err := r.Parse([]byte(fault)); err != ErrFieldName {
		t.Fatal(err)
	}
	f, err = r.Framing("GET")
	check("malformed", f, err)
	p = Parser{MaxHeadBytes: len(head) - 1}
	if _, err := p.ParseResponse(&r, []byte(head)); err != ErrHeadTooLong {
		t.Fatal(err)
	}
	f, err = r.Framing("GET")
	check("too long", f, err)
	r.Parse([]byte(fault[:len(fault)-8]))
	if _, err := r.Resume([]byte(fault)); err != ErrFieldName {
		t.Fatal(err)
	}
	f, err = r.Framing("GET")
	check("malformed when resumed", f, err)
	if _, err := request.Parse([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\r")); err != ErrBareCR {
		t.Fatal(err)
	}
	f, err = request.Framing()
	check("malformed request", f, err)
	r.Parse([]byte(head))
	r.Reset()
	f, err = r.Framing("GET")
	check("after Reset", f, err)
	if Body(200).String() != "unknown" || Body(len(bodyNames)).String() != "unknown" {
		t.Errorf("Body(200) is %q, the first without a name %q", Body(200), Body(len(bodyNames)))
	}
}

// checkFraming: where net/http accepts a message that we accept, the body ends
// where it ends for us, and the connection is kept by us only if it is by
// net/http.
func checkFraming(t *testing.T, b []byte, method string) {
	var r Request
	if n, err := r.Parse(b); err == nil {
		if f, err := r.Framing(); err == nil {
			peer, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b[r.from:n])))
			if err != nil {
				return
			}
			compareFraming(t, b, f, peer.ContentLength, peer.TransferEncoding, peer.Body == http.NoBody)
			if connect := string(r.Method()) == "CONNECT"; f.KeepAlive != (!peer.Close && !connect) {
				t.Fatalf("KeepAlive is %v, net/http has Close %v\n%q", f.KeepAlive, peer.Close, b)
			}
		}
		return
	}
	var resp Response
	n, err := resp.Parse(b)
	if err != nil {
		return
	}
	f, err := resp.Framing(method)
	if err != nil {
		return
	}
	peer, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(b[:n])), &http.Request{Method: method})
	if err != nil {
		return
	}
	if f.Body == BodyTunnel {
		return // net/http's ReadResponse does not know that one begins there
	}
	compareFraming(t, b, f, peer.ContentLength, peer.TransferEncoding, peer.Body == http.NoBody)
	if f.KeepAlive && peer.Close {
		t.Fatalf("KeepAlive, but net/http closes\n%q", b)
	}
}

func compareFraming(t *testing.T, b []byte, f Framing, length int64, codings []string, none bool) {
	t.Helper()
	chunked := len(codings) == 1 && codings[0] == "chunked"
	same := false
	switch f.Body {
	case BodyNone, BodyTunnel:
		same = none
	case BodyLength:
		same = length == f.Length && !chunked
	case BodyChunked:
		same = length == -1 && chunked
	case BodyUntilClose:
		same = length == -1 && !chunked
	}
	if !same {
		t.Fatalf("%+v, but net/http has length %d, %v, no body %v\n%q", f, length, codings, none, b)
	}
}

var fuzzMethods = []string{"GET", "HEAD", "CONNECT", "POST"}

// FuzzFraming: never a body that ends elsewhere than net/http's where both
// accept.
func FuzzFraming(f *testing.F) {
	for _, v := range loadVectors(f, "framing") {
		for i := range fuzzMethods {
			f.Add(v.input, uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, method uint8) {
		checkFraming(t, b, fuzzMethods[int(method)%len(fuzzMethods)])
	})
}

// TestFramingOfMutants is FuzzFraming over a fixed number of mutants.
func TestFramingOfMutants(t *testing.T) {
	seeds := seeds(t, "framing")
	rng := rand.New(rand.NewPCG(13, 14))
	for range mutants.Count(50_000) {
		checkFraming(t, mutants.Make(rng, seeds), fuzzMethods[rng.IntN(len(fuzzMethods))])
	}
}
