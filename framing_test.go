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

// describe returns what a Framing holds, in the form of a vector.
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

// framingOf parses a head and returns its Framing, in the form of a vector, and its deviations.
func framingOf(t testing.TB, p *Parser, kind, method string, b []byte) (framing, deviations string) {
	t.Helper()
	var m message
	switch kind {
	case "request":
		m = new(Request)
	case "response":
		m = new(Response)
	default:
		t.Fatalf("unknown kind %s", kind)
	}
	if n, err := m.parseUnder(p, b); err != nil {
		return "rejected " + cmp.Or(observe(m, n, err).code, "incomplete"), ""
	}
	f, err := framingOfMessage(m, method)
	if err == nil {
		return f.describe(), m.Deviations().String()
	}
	if length := f.ContentLength; f != (Framing{Body: BodyUntilClose, ContentLength: length}) {
		t.Errorf("along with %v the Framing is %+v", err, f)
	}
	return "malformed " + err.(Error).Code(), m.Deviations().String()
}

func TestFraming(t *testing.T) {
	vectors := profileVectors(t, "framing")
	if len(vectors) < 1324 {
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

// TestFramingOfManyFields checks that fields for which the index has no room count like the
// others.
func TestFramingOfManyFields(t *testing.T) {
	many := strings.Repeat("X-A: b\r\n", tableFields-1)
	for fields, want := range map[string]string{
		many + "A: b\r\nContent-Length: 5\r\n":                                           "length 5 keep-alive",
		many + "A: b\r\nB: c\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n":     "chunked",
		"Content-Length: 5\r\n" + many + "A: b\r\nContent-Length: 5\r\n":                 "malformed content-length-repeated",
		"Transfer-Encoding: chunked\r\n" + many + "A: b\r\nContent-Length: 5\r\n":        "malformed ambiguous-length",
		many + "A: b\r\nTransfer-Encoding: gzip, chunked\r\n":                            "chunked keep-alive other-coding",
		many + "A: b\r\nTransfer-Encoding: chunked, gzip\r\n":                            "malformed not-chunked",
		many + "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n":               "malformed transfer-encoding",
		many + many + "Expect: 100-continue\r\n" + many + "Content-Length: 18446744\r\n": "length 18446744 keep-alive expect-continue",
	} {
		if got, _ := framingOf(t, &Parser{MaxFields: 1000}, "request", "", []byte("POST / HTTP/1.1\r\n"+fields+"\r\n")); got != want {
			t.Errorf("%q: %s, want %s", fields, got, want)
		}
	}
}

// TestFramingUnfinished checks that Host, Framing and Check return the reason if there is no
// complete head, and that the Framing returned along with the error does not allow another message
// to follow.
func TestFramingUnfinished(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n\r\n"
	const requestHead = "POST / HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n"
	check := func(name string, r *Response, want error) {
		t.Helper()
		for _, method := range []string{"GET", "HEAD", "CONNECT"} {
			if f, err := r.Framing(method); err != want || f != unknownFraming {
				t.Errorf("%s: %+v, %v; want %v", name, f, err, want)
			}
		}
		for range r.EndToEnd() {
			t.Errorf("%s: EndToEnd yields fields", name)
			break
		}
	}
	checkRequest := func(name string, r *Request, want error) {
		t.Helper()
		if f, err := r.Framing(); err != want || f != unknownFraming {
			t.Errorf("%s: %+v, %v; want %v", name, f, err, want)
		}
		if host, err := r.Host(); err != want || host != nil {
			t.Errorf("%s: Host %q, %v; want %v", name, host, err, want)
		}
		if v, err := r.Check(); err != want || v.Framing != unknownFraming || v.Authority != nil {
			t.Errorf("%s: Check %+v, %v; want %v", name, v, err, want)
		}
		for range r.EndToEnd() {
			t.Errorf("%s: EndToEnd yields fields", name)
			break
		}
	}
	var request Request
	var r Response
	checkRequest("zero Request", &request, ErrIncomplete)
	check("zero Response", &r, ErrIncomplete)
	for end := range head {
		r.Parse([]byte(head[:end]))
		check(head[:end], &r, ErrIncomplete)
	}
	for end := range requestHead {
		request.Parse([]byte(requestHead[:end]))
		checkRequest(requestHead[:end], &request, ErrIncomplete)
	}
	for name, test := range map[string]struct {
		p     Parser
		input string
		want  error
	}{
		"too many fields": {Parser{MaxFields: 1}, "Content-Length: 5\r\nA: b\r\n\r\n", ErrTooManyFields},
		"malformed":       {Parser{}, "Content-Length: 5\r\nA : b\r\n\r\n", ErrFieldName},
		"too long":        {Parser{MaxHeadBytes: 30}, "Content-Length: 5\r\nA: b\r\n\r\n", ErrHeadTooLong},
		"at the end":      {Parser{}, "Host: a\r\n\r\r", ErrBareCR},
	} {
		all := "HTTP/1.1 200 OK\r\n" + test.input
		if _, err := test.p.ParseResponse(&r, []byte(all)); err != test.want {
			t.Fatal(name, err)
		}
		check(name, &r, test.want)
		test.p.ParseResponse(&r, []byte(all[:20]))
		if _, err := r.Resume([]byte(all)); err != test.want {
			t.Fatal(name, err)
		}
		check(name+", resumed", &r, test.want)
		all = "GET / HTTP/1.1\r\n" + test.input
		if _, err := test.p.ParseRequest(&request, []byte(all)); err != test.want {
			t.Fatal(name, err)
		}
		checkRequest(name, &request, test.want)
	}
	r.Parse([]byte(head))
	r.Reset()
	check("after Reset", &r, ErrIncomplete)
	request.Parse([]byte("GET / HTTP/1.1\r\nHost: a"))
	if n, err := request.Resume([]byte("GET / HTTP/1.1\r\nHost: b\r\n\r\n")); n != 0 || err != ErrResume {
		t.Fatalf("resumed with other bytes: %d, %v", n, err)
	}
	checkRequest("resumed with other bytes", &request, ErrResume)
	if Body(200).String() != "unknown" || Body(len(bodyNames)).String() != "unknown" {
		t.Errorf("Body(200) is %q, the first without a name %q", Body(200), Body(len(bodyNames)))
	}
}

// mayKeep is false if a request has something for which we close the connection and net/http does
// not: an element of Connection that is not a token, an upgrade with content or in HTTP/1.0, or
// whitespace next to the length or coding of the body that some recipients do not strip.
func mayKeep(r *Request, b []byte) bool {
	for option := range r.Elements("Connection") {
		if skip(option, 0, tchar) < len(option) {
			return false
		}
	}
	if f, _ := r.Framing(); r.HasToken("Connection", "upgrade") && (r.Minor() == 0 || f.Body == BodyChunked || f.Length > 0) {
		if _, ok := r.Get("Upgrade"); ok {
			return false
		}
	}
	for i := range r.NumFields() {
		line := b[r.Span(i).Colon:r.Span(i).Next]
		switch name, _ := r.Field(i); {
		case equalName(name, "Transfer-Encoding") && (bytes.HasSuffix(line, []byte(" \r\n")) || bytes.Contains(line, []byte("\t"))),
			equalName(name, "Content-Length") && bytes.Contains(line, []byte("\t")):
			return false
		}
	}
	return true
}

// checkFraming checks that if both we and net/http accept a message, the body ends at the same
// place, and that we keep the connection open only if net/http does.
func checkFraming(t *testing.T, b []byte, method string) {
	var r Request
	if n, err := r.Parse(b); err == nil {
		if f, err := r.Framing(); err == nil {
			peer, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b[r.from:n])))
			if err != nil {
				return
			}
			compareFraming(t, b, f, peer.ContentLength, peer.TransferEncoding, peer.Body == http.NoBody)
			connect := string(r.Method()) == "CONNECT"
			if keep := !peer.Close && !connect && mayKeep(&r, b); f.KeepAlive != keep {
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
	if f.KeepAlive && peer.Close && resp.Status()/100 != 1 { // the Connection of a 1xx does not count
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

// FuzzFraming checks that a body ends where net/http sees its end, if both accept the message.
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

// TestFramingOfMutants is FuzzFraming over random mutants.
func TestFramingOfMutants(t *testing.T) {
	seeds := seeds(t, "framing")
	rng := rand.New(rand.NewPCG(13, 14))
	for range mutants.Count(50_000) {
		checkFraming(t, mutants.Make(rng, seeds), fuzzMethods[rng.IntN(len(fuzzMethods))])
	}
}

// TestContentLength checks that ContentLength is the one sent if that is valid, also for a
// response without a body and along with an error.
func TestContentLength(t *testing.T) {
	for fields, want := range map[string]int64{
		"": -1, "Content-Length: 5\r\n": 5, "Content-Length: 0\r\n": 0, "content-length:007\r\n": 7,
		"Content-Length: x\r\n": -1, "Content-Length:\r\n": -1, "Content-Length: -1\r\n": -1,
		"Content-Length: 99999999999999999999\r\n": -1, "Content-Length: 1, 2\r\n": -1, "Content-Length: 5, 5\r\n": -1,
		"Content-Length: 5\r\nContent-Length: 5\r\n":          -1,
		"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n": 5,
		"Connection: host\r\nContent-Length: 5\r\n":           5,
	} {
		var r Request
		if _, err := r.Parse([]byte("POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n")); err != nil {
			t.Fatal(err)
		}
		f, _ := r.Framing()
		v, _ := r.Check()
		if f.ContentLength != want || v.ContentLength != want || f.Length != max(0, want) && f.Length != 0 {
			t.Errorf("%q: %d, by Check %d; want %d", fields, f.ContentLength, v.ContentLength, want)
		}
		for status, methods := range map[string][]string{"200": {"GET", "HEAD", "CONNECT"}, "304": {"GET"}, "204": {"GET"}, "103": {"GET"}} {
			for _, method := range methods {
				var r Response
				if _, err := r.Parse([]byte("HTTP/1.1 " + status + " \r\n" + fields + "\r\n")); err != nil {
					t.Fatal(err)
				}
				if f, _ := r.Framing(method); f.ContentLength != want {
					t.Errorf("%s to %s, %q: %d, want %d", status, method, fields, f.ContentLength, want)
				}
			}
		}
	}
	p := Parser{Profile: Lenient}
	var r Response
	p.ParseResponse(&r, []byte("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n"))
	if f, err := r.Framing("GET"); f.ContentLength != 5 || f.Length != 5 || err != nil {
		t.Errorf("equal lengths: %+v, %v", f, err)
	}
}
