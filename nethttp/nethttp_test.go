package nethttp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/h1"
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
	rest     string      // what comes after the message
}

// readBody reads a body and its trailer, and sets both to nil, so that the rest can be compared.
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
	if r.request, r.err = read(b); r.request != nil {
		announced := r.request.Trailer.Clone()
		r.readBody(&r.request.Body, &r.request.Trailer, b)
		r.request.Trailer = announced
	}
	return r
}

func readResponse(read func(*bufio.Reader, *http.Request) (*http.Response, error), source io.Reader, method string) (r reading) {
	b := bufio.NewReader(source)
	if r.response, r.err = read(b, &http.Request{Method: method}); r.response != nil {
		announced := r.response.Trailer.Clone()
		r.readBody(&r.response.Body, &r.response.Trailer, b)
		r.response.Trailer = announced
	}
	return r
}

// fields returns the header fields of a message and the trailer fields it announces.
func (r *reading) fields() (header, announced http.Header) {
	if r.request != nil {
		return r.request.Header, r.request.Trailer
	}
	return r.response.Header, r.response.Trailer
}

// differs returns how a reading differs from that of peer, which accepts the message as well, or
// "". name is what the text calls peer.
func (r *reading) differs(peer *reading, name string) string {
	switch {
	case (r.bodyErr == nil) != (peer.bodyErr == nil):
		return fmt.Sprintf("reading the body: %v, %s: %v", r.bodyErr, name, peer.bodyErr)
	case r.body != peer.body && (r.bodyErr == nil || !strings.HasPrefix(peer.body, r.body) && !strings.HasPrefix(r.body, peer.body)):
		return fmt.Sprintf("the body is %q, %s: %q", r.body, name, peer.body)
	case r.bodyErr == nil && !reflect.DeepEqual(r.trailer, peer.trailer):
		return fmt.Sprintf("the trailer is %q, %s: %q", r.trailer, name, peer.trailer)
	case r.rest != peer.rest:
		return fmt.Sprintf("%q is left after the message, %s: %q", r.rest, name, peer.rest)
	case !reflect.DeepEqual(r.request, peer.request):
		return fmt.Sprintf("%+v %+v, %s: %+v %+v", r.request, r.request.URL, name, peer.request, peer.request.URL)
	case !reflect.DeepEqual(r.response, peer.response):
		return fmt.Sprintf("%+v, %s: %+v", r.response, name, peer.response)
	}
	return ""
}

// These are the differences in the package comment, as far as both accept a message. Each
// function reports whether its key explains a difference.
var knownDifferences = map[string]func(b []byte, own, peer *reading) bool{
	"a 2xx to CONNECT is a tunnel": func(_ []byte, own, peer *reading) bool {
		return own.response != nil && own.response.Request.Method == "CONNECT" && own.response.StatusCode/100 == 2 &&
			own.response.ContentLength == 0 && own.response.TransferEncoding == nil && own.body == ""
	},
	"Close is set for a response without content whose fields are invalid or announce content": func(_ []byte, own, peer *reading) bool {
		if own.response == nil {
			return false
		}
		status := own.response.StatusCode
		return (status/100 == 1 || status == 204 || status == 304 || own.response.Request.Method == "HEAD") && onlyClose(own, peer)
	},
	"Close is set where recipients may disagree on where the message ends": func(b []byte, own, peer *reading) bool {
		return onlyClose(own, peer) && (oddSpace.Match(b) || upgrade.Match(b) || own.response != nil && own.response.StatusCode < 100)
	},
	"chunked bodies are parsed as strictly as heads": func(_ []byte, own, peer *reading) bool {
		_, rejected := own.bodyErr.(picohttp.Error)
		return rejected && peer.bodyErr == nil
	},
	"whitespace before the semicolon of a chunk extension": func(_ []byte, own, peer *reading) bool {
		return peer.bodyErr != nil && strings.Contains(peer.bodyErr.Error(), "invalid byte in chunk length")
	},
	"Close is set for a Connection with an element that is not a token": func(_ []byte, own, peer *reading) bool {
		header, _ := own.fields()
		return onlyClose(own, peer) && notTokens(header["Connection"])
	},
	"a comma in a quoted string does not separate": func(_ []byte, own, peer *reading) bool {
		header, _ := own.fields()
		_, announced := peer.fields()
		return quotes(header["Connection"]) || quotesKey(announced)
	},
	"a trailer section longer than the buffer": func(_ []byte, own, peer *reading) bool {
		return peer.bodyErr != nil && strings.Contains(peer.bodyErr.Error(), "suspiciously long trailer")
	},
}

// These match a tab or a trailing space in the fields that frame the content, and an Upgrade
// field: see picohttp.Request.Framing.
var (
	oddSpace = regexp.MustCompile("(?i)\n(Content-Length|Transfer-Encoding):([^\n]*\t|[^\n]* \r)")
	upgrade  = regexp.MustCompile("(?i)\nUpgrade:")
)

// onlyClose reports whether Close is true, and is all that differs.
func onlyClose(own, peer *reading) bool {
	if own.request != nil {
		same := *own.request
		same.Close = peer.request.Close
		return own.request.Close && reflect.DeepEqual(&same, peer.request)
	}
	same := *own.response
	same.Close = peer.response.Close
	return own.response.Close && reflect.DeepEqual(&same, peer.response)
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

func isKnown(b []byte, own, peer *reading) bool {
	for _, is := range knownDifferences {
		if is(b, own, peer) {
			return true
		}
	}
	return false
}

// onlyHere are the messages that only net/http rejects, by what its error says.
var onlyHere = []string{
	"malformed HTTP request \"\"",                                                   // an empty line comes first
	"bad Content-Length", "multiple Content-Length", "invalid empty Content-Length", // of a response without a body
	"unsupported transfer encoding", "too many transfer encodings", // likewise
	"bad trailer key", // in a quoted string
}

// onlyThere are the errors of messages that net/http accepts. The package comment lists them.
// Each has an example.
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

// TestOnlyThere checks the examples in onlyThere.
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

// parseRequest is readRequest for a function that parses b in memory.
func parseRequest(parse func([]byte) (*http.Request, int, error), b []byte) reading {
	var n int
	r := readRequest(func(*bufio.Reader) (req *http.Request, err error) {
		req, n, err = parse(b)
		return req, err
	}, strings.NewReader(""))
	r.rest = string(b[n:])
	return r
}

// parseResponse is readResponse for a function that parses b in memory.
func parseResponse(parse func([]byte, *http.Request) (*http.Response, int, error), b []byte, method string) reading {
	var n int
	r := readResponse(func(_ *bufio.Reader, req *http.Request) (resp *http.Response, err error) {
		resp, n, err = parse(b, req)
		return resp, err
	}, strings.NewReader(""), method)
	r.rest = string(b[n:])
	return r
}

func checkRequest(t *testing.T, b []byte) (accepted bool) {
	t.Helper()
	return check(t, b, parseRequest(ParseRequest, b),
		func(source io.Reader) reading { return readRequest(ReadRequest, source) },
		func(source io.Reader) reading { return readRequest(http.ReadRequest, source) })
}

func checkResponse(t *testing.T, b []byte, method string) (accepted bool) {
	t.Helper()
	return check(t, b, parseResponse(ParseResponse, b, method),
		func(source io.Reader) reading { return readResponse(ReadResponse, source, method) },
		func(source io.Reader) reading { return readResponse(http.ReadResponse, source, method) })
}

// check checks that an accepted message gives the same result whole, byte by byte, from memory
// and with net/http, except for knownDifferences.
func check(t *testing.T, b []byte, parsed reading, read, readPeer func(source io.Reader) reading) (accepted bool) {
	t.Helper()
	own := read(bytes.NewReader(b))
	slow := read(iotest.OneByteReader(bytes.NewReader(b)))
	if fmt.Sprint(slow.err) != fmt.Sprint(own.err) {
		t.Fatalf("byte by byte: %v, whole: %v\n%q", slow.err, own.err, b)
	}
	// The message has an invalid URL and is cut off.
	badTarget := own.err == io.ErrUnexpectedEOF && errors.As(parsed.err, new(*url.Error))
	if fmt.Sprint(parsed.err) != fmt.Sprint(own.err) && (own.err != nil || parsed.err != own.bodyErr) && !badTarget {
		t.Fatalf("from memory: %v, whole: %v\n%q", parsed.err, own.err, b)
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
	if differs := slow.differs(&own, "whole"); differs != "" {
		t.Fatalf("byte by byte: %s\n%q", differs, b)
	}
	if parsed.bodyErr != nil {
		parsed.rest = "" // readBody leaves rest empty after an error
	}
	if differs := parsed.differs(&own, "whole"); differs != "" {
		t.Fatalf("from memory: %s\n%q", differs, b)
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
	if differs := own.differs(&peer, "net/http"); differs != "" && !isKnown(b, &own, &peer) {
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

// TestLikeNetHTTP checks that messages that this package and net/http both accept give the same
// result, except for knownDifferences.
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

// FuzzReadRequest and FuzzReadResponse fuzz TestLikeNetHTTP.
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

// TestMutants is FuzzReadRequest and FuzzReadResponse over random mutants. Enough of them must be
// accepted.
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

// TestRejected checks that a rejected message has the parser's error.
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

// TestSmallBuffer checks that a head may be larger than the buffer of the bufio.Reader, and that
// nothing after it is lost.
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
		t.Errorf("after them is %q", rest)
	}
}

// TestContinue checks that 100 (Continue) is sent when the Body is first read, and only if
// nothing of it has arrived. Close must not wait for a Body that may never come.
func TestContinue(t *testing.T) {
	const head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
	for _, body := range []string{"Content-Length: 5\r\n\r\n|hello", "Transfer-Encoding: chunked\r\n\r\n|5\r\nhello\r\n0\r\n\r\n"} {
		framing, content, _ := strings.Cut(body, "|")
		waiting := func() io.Reader { return io.MultiReader(strings.NewReader(head+framing), strings.NewReader(content)) }
		arrived := func() io.Reader { return strings.NewReader(head + framing + content) }
		asked := 0
		var failure error
		r := Reader{Continue: func() error {
			asked++
			return failure
		}}
		request := func(r *Reader, source io.Reader) io.ReadCloser {
			t.Helper()
			asked = 0
			req, err := r.ReadRequest(bufio.NewReader(source))
			if err != nil || asked > 0 {
				t.Fatalf("%v, asked %d times", err, asked)
			}
			return req.Body
		}
		for want, source := range []func() io.Reader{arrived, waiting} {
			if b, err := io.ReadAll(request(&r, source())); string(b) != "hello" || err != nil || asked != want {
				t.Errorf("%q, %v, asked %d times, want %d", b, err, asked, want)
			}
		}
		if err := request(&r, arrived()).Close(); err != nil || asked > 0 {
			t.Errorf("closed unread, although it has arrived: %v, asked %d times", err, asked)
		}
		for _, r := range []*Reader{&r, {}} {
			unread := request(r, waiting())
			for range 2 {
				if err := unread.Close(); err != ErrNotRead || asked > 0 {
					t.Errorf("closed unread: %v, asked %d times", err, asked)
				}
			}
			if n, err := unread.Read(make([]byte, 1)); n != 0 || err != http.ErrBodyReadAfterClose {
				t.Errorf("read after Close: %d, %v", n, err)
			}
		}
		if b, err := io.ReadAll(request(new(Reader), waiting())); string(b) != "hello" || err != nil {
			t.Errorf("without Continue: %q, %v", b, err)
		}
		failure = errors.New("too late")
		late := request(&r, waiting())
		for range 2 {
			if n, err := late.Read(make([]byte, 9)); n != 0 || err != failure || asked != 1 {
				t.Errorf("Continue fails: %d, %v, asked %d times", n, err, asked)
			}
		}
		if err := late.Close(); err != failure {
			t.Errorf("closed after Continue failed: %v", err)
		}
	}
	if ErrNotRead != h1.ErrNotRead {
		t.Error("h1 has another ErrNotRead")
	}
}

// TestClose checks that Close discards the rest of a body, up to a limit.
func TestClose(t *testing.T) {
	const chunked = "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
	for _, test := range []struct {
		max  int64
		rest string // of the message, after its first fields
		want error
	}{
		{0, "Content-Length: 5\r\n\r\nhelloGET", nil},
		{0, chunked + "0\r\n\r\nGET", nil},
		{0, chunked + "0\r\nA: b\r\n\r\nGET", nil},
		{0, "Content-Length: 5\r\n\r\nhell", io.ErrUnexpectedEOF},
		{0, chunked, io.ErrUnexpectedEOF},
		{0, chunked + "x\r\n\r\n", picohttp.ErrChunkSize},
		{0, "Content-Length: 1099511627776\r\n\r\nhello", ErrNotRead}, // without reading
		{3, "Content-Length: 5\r\n\r\nhelloGET", nil},
		{2, "Content-Length: 5\r\n\r\nhelloGET", ErrNotRead},
		{3, chunked + "0\r\n\r\nGET", nil},
		{2, chunked + "0\r\n\r\nGET", ErrNotRead},
		{0, fmt.Sprintf("Content-Length: %d\r\n\r\n%sGET", DefaultMaxDiscard+2, strings.Repeat("x", DefaultMaxDiscard+2)), nil},
		{0, fmt.Sprintf("Content-Length: %d\r\n\r\n%sGET", DefaultMaxDiscard+3, strings.Repeat("x", DefaultMaxDiscard+3)), ErrNotRead},
		{0, fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\nGET", DefaultMaxDiscard+3, strings.Repeat("x", DefaultMaxDiscard+3)), ErrNotRead},
		{-1, fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\nGET", DefaultMaxDiscard+3, strings.Repeat("x", DefaultMaxDiscard+3)), nil},
	} {
		source := bufio.NewReader(strings.NewReader("POST / HTTP/1.1\r\nHost: a\r\n" + test.rest))
		r := Reader{MaxDiscard: test.max}
		req, err := r.ReadRequest(source)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(req.Body, make([]byte, 2)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := req.Body.Close(); err != test.want {
				t.Errorf("%.100q: %v, want %v", test.rest, err, test.want)
			}
		}
		if rest, _ := io.ReadAll(source); test.want == nil && string(rest) != "GET" {
			t.Errorf("%.100q: followed by %q", test.rest, rest)
		}
	}
}

// TestCloseAgain checks that Close continues after a timeout, and continues to count.
func TestCloseAgain(t *testing.T) {
	for max, want := range map[int64]error{5: nil, 4: ErrNotRead} {
		source := &script{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "5\r\nhel", iotest.ErrTimeout, "lo\r\n0\r\n\r\n"}
		r := Reader{MaxDiscard: max}
		req, err := r.ReadRequest(bufio.NewReader(source))
		if err != nil {
			t.Fatal(err)
		}
		if err := req.Body.Close(); err != iotest.ErrTimeout {
			t.Errorf("%v, want a timeout", err)
		}
		if err := req.Body.Close(); err != want {
			t.Errorf("at most %d: %v, want %v", max, err, want)
		}
	}
}

// A script is a reader of strings and errors, one for each Read. A string may be longer than
// the buffer.
type script []any

func (s *script) Read(p []byte) (n int, err error) {
	if len(*s) == 0 {
		return 0, io.EOF
	}
	switch next := (*s)[0].(type) {
	case string:
		n = copy(p, next)
		if (*s)[0] = next[n:]; n < len(next) {
			return n, nil
		}
	case error:
		err = next
	}
	*s = (*s)[1:]
	return n, err
}

// TestBodies checks bodies that are empty, cut off, malformed, slow, limited or closed early. It
// also checks unsupported codings, announced trailer fields and a Content-Length that is too large.
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
			t.Errorf("the last bytes come with %v", err)
		}
	}
	req = request(plain, strings.NewReader("he"), "Connection: close\r\nContent-Length: 5\r\n")
	if err := req.Body.Close(); err != nil {
		t.Errorf("closing a body after which nothing is read: %v", err)
	}
	req = request(plain, strings.NewReader("x"), "Connection: close\r\nTransfer-Encoding: chunked\r\n")
	if err := req.Body.Close(); err != picohttp.ErrChunkSize {
		t.Errorf("closing a chunked body, which has a Trailer: %v", err)
	}
	req = request(plain, strings.NewReader("x5\r\nhello"), "Transfer-Encoding: chunked\r\n")
	for range 2 {
		if n, err := req.Body.Read(p); n != 0 || err != picohttp.ErrChunkSize {
			t.Errorf("after a fault: %d, %v", n, err)
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
			t.Errorf("%s: %d timeouts, %d bytes", fields, timeouts, size)
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
		t.Errorf("a Content-Length of 2^63: %v", err)
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

// TestAllocations checks that reading a message with its content makes no more than these
// allocations.
func TestAllocations(t *testing.T) {
	const chunks = "Transfer-Encoding: chunked\r\nTrailer: A\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n"
	messages := map[string]float64{
		"GET / HTTP/1.1\r\nHost: a\r\nlower: b\r\n\r\n":                  5,
		"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n":                      4,
		"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n":                      5,
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello":   6,
		"POST / HTTP/1.1\r\nHost: a\r\n" + chunks:                        14,
		"HTTP/1.1 204 No Content\r\n\r\n":                                3,
		"HTTP/1.1 200 OK\r\nserver: a\r\ncontent-length: 5\r\n\r\nhello": 6,
		"HTTP/1.1 200 OK\r\n" + chunks:                                   14,
	}
	for _, head := range realHeads(t) {
		if most, ok := map[string]float64{"tiny": 4, "curl": 5, "pico703": 5, "chrome": 7, "cdn": 8, "fields64": 9, "cookies": 8}[head.Name]; ok {
			messages[string(head.Bytes)] = most
		}
	}
	for message, most := range messages {
		b := []byte(message)
		source := bytes.NewReader(b)
		reader := bufio.NewReader(source)
		content := make([]byte, 100)
		measure := func(name string, read func() (io.ReadCloser, error)) {
			n := testing.AllocsPerRun(100, func() {
				source.Reset(b)
				reader.Reset(source)
				body, err := read()
				for err == nil {
					_, err = body.Read(content)
				}
				if err != io.EOF {
					t.Fatal(err)
				}
			})
			if n > most && !race.Enabled {
				t.Errorf("%s, %.60q: %v allocations, want at most %v", name, message, n, most)
			}
		}
		if strings.HasPrefix(message, "HTTP/") {
			measure("ReadResponse", func() (io.ReadCloser, error) {
				resp, err := ReadResponse(reader, nil)
				return resp.Body, err
			})
			continue
		}
		measure("ReadRequest", func() (io.ReadCloser, error) {
			req, err := ReadRequest(reader)
			return req.Body, err
		})
		if strings.HasPrefix(message, "POST") {
			most++ // one for the reader of the content
		} else if len(message) > 4096 {
			most-- // none for joining the head
		}
		measure("ParseRequest", func() (io.ReadCloser, error) {
			req, _, err := ParseRequest(b)
			return req.Body, err
		})
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
