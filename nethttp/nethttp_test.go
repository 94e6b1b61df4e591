package nethttp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/internal/mutants"
	"github.com/picohttp/picohttp/internal/race"
	"github.com/picohttp/picohttp/internal/vectors"
)

// A reading is all that can be seen of a message that was read.
type reading struct {
	request  *http.Request
	response *http.Response
	err      error
	body     string
	bodyErr  error
	trailer  http.Header // after the body
	rest     string      // what is behind the message
}

// readBody reads a body, and forgets it so that the rest can be compared.
func (r *reading) readBody(body *io.ReadCloser, trailer *http.Header, source *bufio.Reader) {
	b, err := io.ReadAll(*body)
	r.body, r.bodyErr = string(b), err
	if err := (*body).Close(); err != nil && r.bodyErr == nil {
		r.bodyErr = err
	}
	r.trailer = *trailer
	*body, *trailer = nil, nil
	if r.bodyErr == nil {
		rest, _ := io.ReadAll(source)
		r.rest = string(rest)
	}
}

func readRequest(read func(*bufio.Reader) (*http.Request, error), source io.Reader) (r reading) {
	b := bufio.NewReader(source)
	if r.request, r.err = read(b); r.err == nil {
		announced := r.request.Trailer.Clone()
		r.readBody(&r.request.Body, &r.request.Trailer, b)
		r.request.Trailer = announced
	}
	return r
}

func readResponse(read func(*bufio.Reader, *http.Request) (*http.Response, error), source io.Reader, method string) (r reading) {
	b := bufio.NewReader(source)
	if r.response, r.err = read(b, &http.Request{Method: method}); r.err == nil {
		announced := r.response.Trailer.Clone()
		r.readBody(&r.response.Body, &r.response.Trailer, b)
		r.response.Trailer = announced
	}
	return r
}

// differs says how a reading differs from net/http's, which accepts the message,
// too; "" if it does not.
func (r *reading) differs(peer *reading) string {
	switch {
	case (r.bodyErr == nil) != (peer.bodyErr == nil):
		return fmt.Sprintf("reading the body: %v, net/http: %v", r.bodyErr, peer.bodyErr)
	case r.body != peer.body && (r.bodyErr == nil || !strings.HasPrefix(peer.body, r.body) && !strings.HasPrefix(r.body, peer.body)):
		return fmt.Sprintf("the body is %q, net/http has %q", r.body, peer.body)
	case r.bodyErr == nil && !reflect.DeepEqual(r.trailer, peer.trailer):
		return fmt.Sprintf("the trailer is %q, net/http has %q", r.trailer, peer.trailer)
	case r.rest != peer.rest:
		return fmt.Sprintf("behind it is %q, net/http leaves %q", r.rest, peer.rest)
	case !reflect.DeepEqual(r.request, peer.request):
		return fmt.Sprintf("%+v %+v, net/http has %+v %+v", r.request, r.request.URL, peer.request, peer.request.URL)
	case !reflect.DeepEqual(r.response, peer.response):
		return fmt.Sprintf("%+v, net/http has %+v", r.response, peer.response)
	}
	return ""
}

// The list of the package comment, as far as both accept a message. A case tells
// whether it is the reason for a difference.
var knownDifferences = map[string]func(own, peer *reading) bool{
	"a CONNECT is Close": func(own, peer *reading) bool {
		if own.request == nil || own.request.Method != "CONNECT" || !own.request.Close {
			return false
		}
		same := *own.request
		same.Close = peer.request.Close
		return reflect.DeepEqual(&same, peer.request)
	},
	"a 2xx to CONNECT is a tunnel": func(own, peer *reading) bool {
		return own.response != nil && own.response.Request.Method == "CONNECT" && own.response.StatusCode/100 == 2 &&
			own.response.Close && own.response.ContentLength == -1
	},
	"a 1xx or 204 with a length is Close": func(own, peer *reading) bool {
		if own.response == nil || own.response.StatusCode/100 != 1 && own.response.StatusCode != 204 && own.response.StatusCode != 304 && own.response.Request.Method != "HEAD" {
			return false
		}
		same := *own.response
		same.Close = peer.response.Close
		return own.response.Close && reflect.DeepEqual(&same, peer.response)
	},
	"chunked bodies are as strict as heads": func(own, peer *reading) bool {
		_, refused := own.bodyErr.(picohttp.Error)
		return refused && peer.bodyErr == nil
	},
	"white space before the semicolon of a chunk extension": func(own, peer *reading) bool {
		return peer.bodyErr != nil && strings.Contains(peer.bodyErr.Error(), "invalid byte in chunk length")
	},
	"a Connection with an element that is not a token is Close": func(own, peer *reading) bool {
		if own.request != nil {
			same := *own.request
			same.Close = peer.request.Close
			return own.request.Close && notTokens(same.Header["Connection"]) && reflect.DeepEqual(&same, peer.request)
		}
		same := *own.response
		same.Close = peer.response.Close
		return own.response.Close && notTokens(same.Header["Connection"]) && reflect.DeepEqual(&same, peer.response)
	},
	"a comma in a quoted string does not separate": func(own, peer *reading) bool {
		if own.request != nil {
			return quotes(own.request.Header["Connection"]) || quotesKey(peer.request.Trailer)
		}
		return quotes(own.response.Header["Connection"]) || quotesKey(peer.response.Trailer)
	},
	"a trailer section longer than the buffer": func(own, peer *reading) bool {
		return peer.bodyErr != nil && strings.Contains(peer.bodyErr.Error(), "suspiciously long trailer")
	},
}

// notTokens reports whether an element of a list is not a token.
func notTokens(lists []string) bool {
	return slices.ContainsFunc(lists, func(list string) bool {
		return slices.ContainsFunc(strings.Split(list, ","), func(element string) bool {
			return strings.ContainsFunc(strings.Trim(element, " \t"), func(c rune) bool {
				return c <= ' ' || c >= 0x7f || strings.ContainsRune("\"(),/:;<=>?@[\\]{}", c)
			})
		})
	})
}

// quotes reports whether there is a quoted string in one of the values.
func quotes(values []string) bool {
	return slices.ContainsFunc(values, func(s string) bool { return strings.Count(s, `"`) > 1 })
}

// quotesKey reports whether some of the names begin or end within a quoted string.
func quotesKey(trailer http.Header) bool {
	for name := range trailer {
		if strings.Contains(name, `"`) {
			return true
		}
	}
	return false
}

func isKnown(own, peer *reading) bool {
	for _, is := range knownDifferences {
		if is(own, peer) {
			return true
		}
	}
	return false
}

// onlyHere are the messages that net/http rejects, by what its error says.
var onlyHere = []string{
	"malformed HTTP request \"\"",                                                   // an empty line comes first
	"bad Content-Length", "multiple Content-Length", "invalid empty Content-Length", // of a response without a body
	"unsupported transfer encoding", "too many transfer encodings", // likewise
	"bad trailer key", // in a quoted string
}

// onlyThere are the errors with which messages are rejected that net/http accepts. The
// package comment lists them. Each has an example.
var onlyThere = map[error]string{
	picohttp.ErrBareLF:                  "GET / HTTP/1.1\r\nHost: h\n\n",
	picohttp.ErrBareCR:                  "HTTP/1.1 200 \r\r\n\r\n",
	picohttp.ErrObsFold:                 "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n",
	picohttp.ErrFieldName:               "GET / HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n",
	picohttp.ErrReason:                  "HTTP/1.1 200 \x14\r\n\r\n",
	picohttp.ErrStatus:                  "HTTP/1.1 +20 OK\r\n\r\n",
	picohttp.ErrTarget:                  "GET /\x80 HTTP/1.1\r\nHost: h\r\n\r\n",
	picohttp.ErrMajor:                   "PRI / HTTP/2.0\r\nHost: h\r\n\r\n",
	picohttp.ErrHTTP2:                   "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	picohttp.ErrContentLengthRepeated:   "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
	picohttp.ErrAmbiguousLength:         "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
	picohttp.ErrTransferEncoding:        "GET / HTTP/1.0\r\nTransfer-Encoding: \"chunked\"\r\n\r\n",
	picohttp.ErrTransferEncodingVersion: "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
	picohttp.ErrChunkedCoding:           "GET / HTTP/1.0\r\nTransfer-Encoding: chunked;a=b\r\n\r\n",
	picohttp.ErrConnectContent:          "CONNECT a:1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n",
	picohttp.ErrConnection:              "GET / HTTP/1.1\r\nHost: h\r\nConnection: host\r\n\r\n",
	picohttp.ErrHostMissing:             "GET / HTTP/1.1\r\n\r\n",
	picohttp.ErrHost:                    "GET / HTTP/1.1\r\nHost: [\r\n\r\n",
	picohttp.ErrTargetForm:              "CONNECT /rpc HTTP/1.1\r\nHost: h\r\n\r\n",
	picohttp.ErrAuthority:               "GET http://a/ HTTP/1.1\r\nHost: h\r\n\r\n",
	picohttp.ErrHeadTooLong:             "GET / HTTP/1.1\r\nHost: h\r\nA: " + strings.Repeat("b", 256<<10) + "\r\n\r\n",
	picohttp.ErrMethodTooLong:           strings.Repeat("M", 65) + " / HTTP/1.1\r\nHost: h\r\n\r\n",
	picohttp.ErrTargetTooLong:           "GET /" + strings.Repeat("a", 16<<10) + " HTTP/1.1\r\nHost: h\r\n\r\n",
	picohttp.ErrTooManyFields:           "GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("A: b\r\n", 256) + "\r\n",
}

// TestOnlyThere: the examples are such.
func TestOnlyThere(t *testing.T) {
	for want, message := range onlyThere {
		var err, errPeer error
		if source := strings.NewReader(message); strings.HasPrefix(message, "HTTP/") {
			_, err = ReadResponse(bufio.NewReader(source), nil)
			_, errPeer = http.ReadResponse(bufio.NewReader(strings.NewReader(message)), nil)
		} else {
			_, err = ReadRequest(bufio.NewReader(source))
			_, errPeer = http.ReadRequest(bufio.NewReader(strings.NewReader(message)))
		}
		if err != want || errPeer != nil {
			t.Errorf("%.100q: %v, want %v, and of net/http %v", message, err, want, errPeer)
		}
	}
}

func checkRequest(t *testing.T, b []byte) (accepted bool) {
	t.Helper()
	return check(t, b,
		func(source io.Reader) reading { return readRequest(ReadRequest, source) },
		func(source io.Reader) reading { return readRequest(http.ReadRequest, source) })
}

func checkResponse(t *testing.T, b []byte, method string) (accepted bool) {
	t.Helper()
	return check(t, b,
		func(source io.Reader) reading { return readResponse(ReadResponse, source, method) },
		func(source io.Reader) reading { return readResponse(http.ReadResponse, source, method) })
}

// check: what is accepted is read alike whole, byte by byte and by net/http.
func check(t *testing.T, b []byte, read, readPeer func(source io.Reader) reading) (accepted bool) {
	t.Helper()
	own := read(bytes.NewReader(b))
	slow := read(iotest.OneByteReader(bytes.NewReader(b)))
	if fmt.Sprint(slow.err) != fmt.Sprint(own.err) {
		t.Fatalf("byte by byte: %v, whole: %v\n%q", slow.err, own.err, b)
	}
	if own.err != nil {
		if own.request != nil || own.response != nil {
			t.Fatalf("a message along with %v\n%q", own.err, b)
		}
		if peer := readPeer(bytes.NewReader(b)); peer.err == nil && onlyThere[own.err] == "" {
			t.Fatalf("%v, which net/http accepts\n%q", own.err, b)
		}
		return false
	}
	if differs := slow.differs(&own); differs != "" {
		t.Fatalf("byte by byte %s (instead of net/http: whole)\n%q", differs, b)
	}
	peer := readPeer(bytes.NewReader(b))
	if peer.err != nil {
		for _, reason := range onlyHere {
			if strings.Contains(peer.err.Error(), reason) {
				return true
			}
		}
		t.Fatalf("net/http rejects it: %v\n%q", peer.err, b)
	}
	if differs := own.differs(&peer); differs != "" && !isKnown(&own, &peer) {
		t.Fatalf("%s\n%q", differs, b)
	}
	return true
}

// vectorInputs returns the inputs of the vectors in a folder of ../testdata.
func vectorInputs(t testing.TB, folder string) (inputs [][]byte) {
	t.Helper()
	all, err := vectors.Read("../testdata/" + folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		inputs = append(inputs, v.Input)
	}
	return inputs
}

func realHeads(t testing.TB) []vectors.Head {
	t.Helper()
	heads, err := vectors.Heads("../testdata/heads")
	if err != nil {
		t.Fatal(err)
	}
	return heads
}

const postChunked = "POST /p%20q?r=s HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\nTrailer: A, b-c\r\n\r\n"

// messages are the seeds: all vectors, the heads, and chunked bodies after a head.
func messages(t testing.TB) (all [][]byte) {
	for _, folder := range []string{"requests", "responses", "framing", "check"} {
		all = append(all, vectorInputs(t, folder)...)
	}
	for _, b := range vectorInputs(t, "chunked") {
		all = append(all, append([]byte(postChunked), b...),
			append([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), b...))
	}
	for _, head := range realHeads(t) {
		all = append(all, head.Bytes)
	}
	for _, target := range []string{"/?", "/a?b?", "//x/y", "/a%2fb", "/a b", "*", "http://example.org:80/x?y", "http://EXAMPLE.com:80/x?y", "https://example.com", "/\"<>", "/;a=b,c", "/a!b", "/a*b", "/a'(b)", "/a#b", "/%zz", "/?a=%zz", "ftp:x", "?"} {
		all = append(all, []byte("GET "+target+" HTTP/1.1\r\nHost: example.com\r\nPragma: no-cache\r\n\r\n"))
	}
	all = append(all, []byte("OPTIONS * HTTP/1.1\r\nHost: example.com\r\n\r\n"), []byte("OPTIONS http://example.com HTTP/1.1\r\nHost: example.com\r\n\r\n"))
	for _, fields := range []string{
		"Pragma: no-cache", "Pragma: no-cachex", "Pragma: no-cache\r\nCache-Control: private", "Connection: x,\tclose", "Connection: clo\u017fe", "Connection: \"x, close, y\"",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chun\u212aed", "Transfer-Encoding: chunked\r\nTrailer: ,", "Transfer-Encoding: chunked\r\nTrailer: \"a, b\", c",
		"Content-Length: 5\r\nContent-Length: 5", "Content-Length: 9223372036854775808",
	} {
		for _, status := range []string{"200", "304"} {
			all = append(all, []byte("HTTP/1.1 "+status+" OK\r\n"+fields+"\r\n\r\n0\r\n\r\n"))
		}
	}
	for _, fields := range []string{"", "Connection: close\r\n", "Connection: keep-alive\r\n", "Content-Length: 5\r\n"} {
		for _, minor := range []string{"0", "1"} {
			for _, status := range []string{"100", "101", "200", "204", "304"} {
				all = append(all, []byte("HTTP/1."+minor+" "+status+" \r\n"+fields+"\r\nhello"))
			}
		}
	}
	for _, target := range []string{"example.com:443", "/rpc", "http://x/", "[::1]:80", "a b", "x:y:z"} {
		all = append(all, []byte("CONNECT "+target+" HTTP/1.1\r\nHost: example.com\r\n\r\n"))
	}
	return all
}

// TestLikeNetHTTP: what both accept is read alike.
func TestLikeNetHTTP(t *testing.T) {
	accepted := 0
	for _, b := range messages(t) {
		if checkRequest(t, b) {
			accepted++
		}
		for _, method := range []string{"GET", "HEAD", "CONNECT"} {
			checkResponse(t, b, method)
		}
	}
	if accepted < 300 {
		t.Errorf("only %d requests were accepted", accepted)
	}
}

// FuzzReadRequest and FuzzReadResponse are TestLikeNetHTTP.
func FuzzReadRequest(f *testing.F) {
	for _, b := range messages(f) {
		if len(b) < 2048 {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) { checkRequest(t, b) })
}

func FuzzReadResponse(f *testing.F) {
	for _, b := range messages(f) {
		if len(b) < 2048 {
			f.Add(b, "GET")
			f.Add(b, "HEAD")
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, method string) { checkResponse(t, b, method) })
}

// TestMutants is FuzzReadRequest and FuzzReadResponse over a fixed number of
// mutants, which must not nearly all be refused.
func TestMutants(t *testing.T) {
	var requests, responses [][]byte
	for _, b := range messages(t) {
		if bytes.HasPrefix(b, []byte("HTTP/")) {
			responses = append(responses, b)
		} else {
			requests = append(requests, b)
		}
	}
	try := func(name string, seeds [][]byte, check func(t *testing.T, rng *rand.Rand, b []byte) (accepted bool)) {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			accepted, all := 0, mutants.Count(50_000)
			for range all {
				if check(t, rng, mutants.Make(rng, seeds)) {
					accepted++
				}
			}
			if accepted*40 < all {
				t.Errorf("%d of %d mutants were accepted", accepted, all)
			}
		})
	}
	try("requests", requests, func(t *testing.T, _ *rand.Rand, b []byte) bool { return checkRequest(t, b) })
	try("responses", responses, func(t *testing.T, rng *rand.Rand, b []byte) bool {
		return checkResponse(t, b, []string{"GET", "HEAD", "CONNECT", "PUT"}[rng.IntN(4)])
	})
}

// TestRejected: what is rejected has the parser's error.
func TestRejected(t *testing.T) {
	for input, want := range map[string]error{
		"":                   io.EOF,
		"G":                  io.ErrUnexpectedEOF,
		"GET / HTTP/1.1\r\n": io.ErrUnexpectedEOF,
		"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n":                           picohttp.ErrHostRepeated,
		"GET * HTTP/1.1\r\nHost: a\r\n\r\n":                                      picohttp.ErrTargetForm,
		"OPTIONS a:1 HTTP/1.1\r\nHost: a\r\n\r\n":                                picohttp.ErrTargetForm,
		"CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n":                                  picohttp.ErrTargetForm,
		"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n":                            picohttp.ErrTargetForm,
		"GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n":                           picohttp.ErrAuthority,
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n": ErrCoding,
	} {
		if _, err := ReadRequest(bufio.NewReader(strings.NewReader(input))); err != want {
			t.Errorf("%q: %v, want %v", input, err, want)
		}
	}
	if _, err := ReadResponse(bufio.NewReader(strings.NewReader("")), nil); err != io.ErrUnexpectedEOF {
		t.Errorf("an empty response: %v", err)
	}
	broken := errors.New("broken")
	if _, err := ReadRequest(bufio.NewReader(io.MultiReader(strings.NewReader("GET / HTTP/1.1\r\n"), iotest.ErrReader(broken)))); err != broken {
		t.Errorf("a broken connection: %v", err)
	}
	limited := Reader{Parser: picohttp.Parser{MaxFields: 1}}
	if _, err := limited.ReadRequest(bufio.NewReader(strings.NewReader("GET / HTTP/1.1\r\nHost: a\r\nB: c\r\n\r\n"))); err != picohttp.ErrTooManyFields {
		t.Errorf("too many fields: %v", err)
	}
}

// TestProfiles: what is not strict is not read at all.
func TestProfiles(t *testing.T) {
	for _, profile := range []picohttp.Profile{picohttp.Lenient, picohttp.Pico} {
		r := Reader{Parser: picohttp.Parser{Profile: profile}}
		if _, err := r.ReadRequest(bufio.NewReader(strings.NewReader("GET / HTTP/1.1\r\nHost: h\r\n\r\n"))); err != ErrProfile {
			t.Errorf("%v: %v", profile, err)
		}
		if _, err := r.ReadResponse(bufio.NewReader(strings.NewReader("HTTP/1.1 200 OK\r\n\r\n")), nil); err != ErrProfile {
			t.Errorf("%v: %v", profile, err)
		}
	}
}

// TestSmallBuffer: a head may be larger than the buffer of the bufio.Reader, and
// nothing behind it is lost.
func TestSmallBuffer(t *testing.T) {
	long := "GET / HTTP/1.1\r\nHost: example.com\r\nCookie: " + strings.Repeat("c", 10_000) + "\r\nContent-Length: 5\r\n\r\nhello"
	source := bufio.NewReaderSize(iotest.HalfReader(strings.NewReader(long+long+"rest")), 16)
	for range 2 {
		req, err := ReadRequest(source)
		if err != nil || len(req.Header.Get("Cookie")) != 10_000 {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(req.Body); string(body) != "hello" || err != nil {
			t.Fatalf("%q, %v", body, err)
		}
	}
	if rest, _ := io.ReadAll(source); string(rest) != "rest" {
		t.Errorf("behind them is %q", rest)
	}
}

// TestContinue: 100 is sent when the body is read, once, and only if it is, and
// is not there.
func TestContinue(t *testing.T) {
	const head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
	const answer = "HTTP/1.1 100 Continue\r\n\r\n"
	for _, body := range []string{"Content-Length: 5\r\n\r\n|hello", "Transfer-Encoding: chunked\r\n\r\n|5\r\nhello\r\n0\r\n\r\n"} {
		framing, content, _ := strings.Cut(body, "|")
		for source, want := range map[io.Reader]string{
			io.MultiReader(strings.NewReader(head+framing), iotest.OneByteReader(strings.NewReader(content))): answer,
			strings.NewReader(head + framing + content):                                                       "",
		} {
			var answers bytes.Buffer
			r := Reader{Continue: &answers}
			req, err := r.ReadRequest(bufio.NewReader(source))
			if err != nil || answers.Len() > 0 {
				t.Fatalf("%v, %q", err, &answers)
			}
			if body, err := io.ReadAll(req.Body); string(body) != "hello" || err != nil || answers.String() != want {
				t.Errorf("%q, %v, %q", body, err, &answers)
			}
		}
		var answers bytes.Buffer
		r := Reader{Continue: &answers}
		req, err := r.ReadRequest(bufio.NewReader(strings.NewReader(head + framing + content)))
		if err != nil {
			t.Fatal(err)
		}
		if err := req.Body.Close(); err != ErrNotRead || answers.Len() > 0 {
			t.Errorf("closed unread: %v, %q", err, &answers)
		}
		if n, err := req.Body.Read(make([]byte, 1)); n != 0 || err != http.ErrBodyReadAfterClose {
			t.Errorf("read after Close: %d, %v", n, err)
		}
		if err := req.Body.Close(); err != nil {
			t.Errorf("closed twice: %v", err)
		}
	}
}

// TestClose: Close reads what is left of a body.
func TestClose(t *testing.T) {
	for input, want := range map[string]error{
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET":                            nil,
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET": nil,
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell":                                io.ErrUnexpectedEOF,
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n\r\n":    picohttp.ErrChunkSize,
	} {
		source := bufio.NewReader(strings.NewReader(input))
		req, err := ReadRequest(source)
		if err != nil {
			t.Fatal(err)
		}
		req.Body.Read(make([]byte, 2))
		if err := req.Body.Close(); err != want {
			t.Errorf("%q: %v, want %v", input, err, want)
		}
		if rest, _ := io.ReadAll(source); want == nil && string(rest) != "GET" {
			t.Errorf("%q: behind it is %q", input, rest)
		}
	}
}

// TestBodies: what the differences from net/http do not show.
func TestBodies(t *testing.T) {
	const post = "POST / HTTP/1.1\r\nHost: a\r\n"
	request := func(r *Reader, rest io.Reader, fields string) *http.Request {
		t.Helper()
		req, err := r.ReadRequest(bufio.NewReader(io.MultiReader(strings.NewReader(post+fields+"\r\n"), rest)))
		if err != nil {
			t.Fatal(err)
		}
		return req
	}
	plain := new(Reader)
	for _, fields := range []string{"", "Content-Length: 0\r\n"} {
		if req := request(plain, strings.NewReader(""), fields); req.Body != http.NoBody {
			t.Errorf("%q: the Body is %v", fields, req.Body)
		}
	}
	req := request(plain, strings.NewReader("hello"), "Content-Length: 5\r\n")
	p := make([]byte, 5)
	if n, err := req.Body.Read(p); n != 0 && err == nil { // the first may be short
		n, err = req.Body.Read(p[n:])
		if n > 0 && err != io.EOF {
			t.Errorf("the last octets come with %v", err)
		}
	}
	req = request(plain, strings.NewReader("he"), "Connection: close\r\nContent-Length: 5\r\n")
	if err := req.Body.Close(); err != nil {
		t.Errorf("closing a body behind which nothing is read: %v", err)
	}
	req = request(plain, strings.NewReader("x"), "Connection: close\r\nTransfer-Encoding: chunked\r\n")
	if err := req.Body.Close(); err != picohttp.ErrChunkSize {
		t.Errorf("closing a chunked body, which has a Trailer: %v", err)
	}
	req = request(plain, strings.NewReader("x5\r\nhello"), "Transfer-Encoding: chunked\r\n")
	for range 2 {
		if n, err := req.Body.Read(p); n != 0 || err != picohttp.ErrChunkSize {
			t.Errorf("behind a fault: %d, %v", n, err)
		}
	}
	if err := req.Body.Close(); err != picohttp.ErrChunkSize {
		t.Errorf("closing a malformed body: %v", err)
	}
	for _, body := range []string{"Content-Length: 2\r\n|hi", "Transfer-Encoding: chunked\r\n|2\r\nhi\r\n0\r\n\r\n"} {
		fields, content, _ := strings.Cut(body, "|")
		req = request(plain, iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(content))), fields)
		timeouts, size := 0, 0
		for err := error(nil); err != io.EOF; {
			var n int
			if n, err = req.Body.Read(p); err == iotest.ErrTimeout {
				timeouts++
			} else if err != nil && err != io.EOF {
				t.Fatal(err)
			}
			size += n
		}
		if timeouts != 1 || size != 2 {
			t.Errorf("%s: %d timeouts, %d octets", fields, timeouts, size)
		}
	}
	limited := &Reader{Parser: picohttp.Parser{MaxChunkExtBytes: 2}}
	const chunked = "Transfer-Encoding: chunked\r\n"
	req = request(limited, strings.NewReader("1;aa\r\n"), chunked)
	if _, err := req.Body.Read(p); err != picohttp.ErrChunkExtTooLong {
		t.Errorf("a long extension: %v", err)
	}
	resp, err := limited.ReadResponse(bufio.NewReader(strings.NewReader("HTTP/1.1 200 OK\r\n"+chunked+"\r\n1;aa\r\n")), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := resp.Body.Read(p); err != picohttp.ErrChunkExtTooLong {
		t.Errorf("a long extension in a response: %v", err)
	}
	if _, err := ReadResponse(bufio.NewReader(strings.NewReader("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")), nil); err != ErrCoding {
		t.Errorf("another coding: %v", err)
	}
	for _, name := range []string{"Content-Length", "transfer-encoding", "Trailer"} {
		if _, err := ReadRequest(bufio.NewReader(strings.NewReader(post + chunked + "Trailer: a, " + name + "\r\n\r\n"))); err != picohttp.ErrTrailerField {
			t.Errorf("%s announced: %v", name, err)
		}
	}
	resp, err = ReadResponse(bufio.NewReader(strings.NewReader("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n")), &http.Request{Method: "HEAD"})
	if err != nil || resp.ContentLength != -1 {
		t.Errorf("a length beyond all: %v", err)
	}
}

// TestCloseWhileReading is for the race detector.
func TestCloseWhileReading(t *testing.T) {
	for range 100 {
		req, err := ReadRequest(bufio.NewReader(strings.NewReader("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")))
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan bool)
		go func() {
			io.Copy(io.Discard, req.Body)
			close(done)
		}()
		req.Body.Close()
		<-done
	}
}

func TestAllocations(t *testing.T) {
	for _, head := range realHeads(t) {
		most, ok := map[string]float64{"tiny": 4, "curl": 6, "pico703": 6, "chrome": 8}[head.Name]
		if !ok {
			continue
		}
		source := bytes.NewReader(head.Bytes)
		reader := bufio.NewReader(source)
		n := testing.AllocsPerRun(100, func() {
			source.Reset(head.Bytes)
			reader.Reset(source)
			if _, err := ReadRequest(reader); err != nil {
				t.Fatal(err)
			}
		})
		if n > most && !race.Enabled {
			t.Errorf("%s: %v allocations, want at most %v", head.Name, n, most)
		}
	}
}

// BenchmarkReadRequest reads heads with this package and with net/http.
func BenchmarkReadRequest(b *testing.B) {
	for _, head := range realHeads(b) {
		if !slices.Contains([]string{"chrome", "curl", "tiny", "pico703", "cdn", "api-bearer"}, head.Name) {
			continue
		}
		for _, side := range []struct {
			name string
			read func(*bufio.Reader) (*http.Request, error)
		}{{"picohttp", ReadRequest}, {"nethttp", http.ReadRequest}} {
			b.Run("head="+head.Name+"/parser="+side.name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(head.Bytes)))
				source := bytes.NewReader(head.Bytes)
				reader := bufio.NewReader(source)
				for b.Loop() {
					source.Reset(head.Bytes)
					reader.Reset(source)
					if _, err := side.read(reader); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
