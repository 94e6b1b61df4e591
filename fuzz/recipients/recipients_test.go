package recipients

import (
	"math/bits"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/picohttp/picohttp"
)

// models is Models, asked only once.
var models = func() func(int) []Model {
	var of [4][]Model
	return func(strength int) []Model {
		if of[strength] == nil {
			of[strength] = Models(strength)
		}
		return of[strength]
	}
}()

// TestExhaustion is the part of cmd/exhaust that is quick enough for each change.
func TestExhaustion(t *testing.T) {
	depth := 4
	if testing.Short() {
		depth = 3
	}
	for i := range Kinds {
		k := &Kinds[i]
		t.Run(k.Name, func(t *testing.T) {
			w := Walk{Kind: k, Depth: depth, Models: models(2), Jobs: runtime.GOMAXPROCS(0)}
			for _, f := range Essential(w.Run()) {
				if f.Excuse == "" {
					t.Errorf("%s", &f)
				}
			}
			if w.Counts.Accepted.Load() == 0 {
				t.Error("nothing is accepted")
			}
			t.Logf("%d sequences, %d messages, %d accepted, %d readings",
				w.Counts.Sequences.Load(), w.Counts.Messages.Load(), w.Counts.Accepted.Load(), w.Counts.Readings.Load())
		})
	}
}

// known are messages that have let requests be smuggled, with the verdict of a parser
// that accepts them.
var known = []struct {
	name   string
	input  string
	form   form
	body   picohttp.Body
	length int64
	host   string
	model  string // the simplest that reads the message differently
}{
	{
		name:  "Content-Length and Transfer-Encoding",
		input: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
		body:  picohttp.BodyChunked, host: "a",
		model: "of Transfer-Encoding and Content-Length the second decides",
	},
	{
		name:  "two lengths",
		input: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 0\r\n\r\n",
		body:  picohttp.BodyLength, length: 5, host: "a",
		model: "of several Content-Length, it takes the last",
	},
	{
		name:  "list of lengths",
		input: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 0\r\n\r\n",
		body:  picohttp.BodyLength, length: 5, host: "a",
		model: "Content-Length is the last element of its list",
	},
	{
		name:  "two hosts",
		input: "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		host:  "a", model: "of several Host, it takes the last",
	},
	{
		name:  "whitespace before a colon",
		input: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\n",
		body:  picohttp.BodyLength, length: 5, host: "a",
		model: "whitespace before a colon is part of the name",
	},
	{
		name:  "whitespace before a colon, not removed",
		input: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n",
		host:  "a", model: "as recommended",
	},
	{
		name:  "chunked with VT before it",
		input: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \vchunked\r\n\r\n",
		host:  "a", model: "whitespace is SP and HTAB to CR",
	},
	{
		name:  "chunked with NO-BREAK SPACE after it",
		input: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\xc2\xa0\r\n\r\n",
		host:  "a", model: "whitespace is that of UTF-8",
	},
	{
		name:  "something like chunked",
		input: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
		host:  "a", model: "a body is chunked if Transfer-Encoding contains chunked",
	},
	{
		name:  "chunked in HTTP/1.0",
		input: "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
		body:  picohttp.BodyChunked, model: "Transfer-Encoding in HTTP/1.0 is ignored",
	},
	{
		name:  "chunked in HTTP/1.10",
		input: "POST / HTTP/1.01\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
		body:  picohttp.BodyChunked, host: "a",
		model: "Transfer-Encoding in HTTP/1.0 is ignored; a minor version of several digits is its first digit",
	},
	{
		name:  "LF in a line",
		input: "POST / HTTP/1.1\r\nHost: a\r\nX: y\nContent-Length: 5\r\n\r\n",
		body:  picohttp.BodyLength, length: 5, host: "a", model: "lines end at CRLF alone",
	},
	{
		name:  "LF in a value",
		input: "POST / HTTP/1.1\r\nHost: a\r\nX: y\nContent-Length: 5\r\n\r\n",
		host:  "a", model: "as recommended",
	},
	{
		name:  "CR in a value",
		input: "POST / HTTP/1.1\r\nHost: a\r\nX: y\rContent-Length: 5\r\n\r\n",
		host:  "a", model: "and at CR",
	},
	{
		name:  "VT in a value",
		input: "POST / HTTP/1.1\r\nHost: a\r\nX: y\vContent-Length: 5\r\n\r\n",
		host:  "a", model: "and at VT, FF",
	},
	{
		name:  "FS in a value",
		input: "POST / HTTP/1.1\r\nHost: a\r\nX: y\x1cContent-Length: 5\r\n\r\n",
		host:  "a", model: "and at VT, FF, FS, GS, RS",
	},
	{
		name:  "VT at the end of a line",
		input: "GET / HTTP/1.1\r\nHost: a\r\nX: y\v\r\nContent-Length: 5\r\n\r\n",
		body:  picohttp.BodyLength, length: 5, host: "a", model: "and at VT, FF",
	},
	{
		name:  "NUL before a field",
		input: "POST / HTTP/1.1\r\nHost: a\r\nX: \x00\r\nContent-Length: 5\r\n\r\n",
		body:  picohttp.BodyLength, length: 5, host: "a", model: "NUL ends the text",
	},
	{
		name:  "NUL in a value",
		input: "POST / HTTP/1.1\r\nHost: a\x00.b\r\n\r\n",
		host:  "a\x00.b", model: "NUL ends its line",
	},
	{
		name:  "NUL that is dropped",
		input: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chu\x00nked\r\n\r\n",
		host:  "a", model: "NUL is dropped",
	},
	{
		name:  "a folded length",
		input: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n 5\r\n\r\n",
		body:  picohttp.BodyLength, length: 5, host: "a",
		model: "a folded line is dropped; Content-Length is the digits it begins with",
	},
	{
		name:  "a field in a folded line",
		input: "POST / HTTP/1.1\r\nHost: a\r\nX: y\r\n Content-Length: 5\r\n\r\n",
		host:  "a", model: "a folded line is a line of its own",
	},
	{
		name:  "a folded line of whitespace",
		input: "POST / HTTP/1.1\r\nHost: a\r\nX: y\r\n \r\nContent-Length: 5\r\n\r\n",
		body:  picohttp.BodyLength, length: 5, host: "a", model: "a line of whitespace is the empty line",
	},
	{
		name:  "a line without a colon",
		input: "POST / HTTP/1.1\r\nHost: a\r\nX\r\nContent-Length: 5\r\n\r\n",
		body:  picohttp.BodyLength, length: 5, host: "a", model: "a line that is no field line ends the fields",
	},
	{
		name:  "another authority in the target",
		input: "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
		host:  "b", model: "an absolute-form does not, if there is one",
	},
	{
		name:  "a request of two words",
		input: "GET /\vHTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n",
		host:  "a", model: "and at VT, FF; HTTP/0.9 is accepted",
	},
	{
		name:  "a version before the version",
		input: "POST / HTTP/1.0 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
		host:  "a", model: "the start-line is split at the first and the last SP",
	},
	{
		name:  "content of a 204",
		input: "HTTP/1.1 204\r\nContent-Length: 5\r\n\r\n", form: response,
		model: "1xx and 204 have the content that their fields say",
	},
	{
		name:  "a chunk-size line that ends in LF",
		input: "5\nhello\r\n0\r\n\r\n", form: requestBody,
		body: picohttp.BodyChunked, length: 5, model: "lines end at CRLF alone",
	},
	{
		name:  "LF in a chunk-ext",
		input: "5;\nhello\r\n0\r\n\r\n\r\n", form: requestBody,
		body: picohttp.BodyChunked, length: 10, model: "as recommended",
	},
	{
		name:  "chunk-data that ends in LF",
		input: "5\r\nhello\n10\r\n\r\n23456789abcdef\r\n0\r\n\r\n", form: requestBody,
		body: picohttp.BodyChunked, length: 5 + 0x10, model: "after chunk-data, it skips two bytes",
	},
}

// TestKnown checks that the models find what has let requests be smuggled, and by which
// option.
func TestKnown(t *testing.T) {
	for _, k := range known {
		v := visitor{walk: &Walk{Models: models(3)}, kind: &Kind{form: k.form}, classes: map[class]*Finding{}}
		v.compare(&verdict{
			Reading: Reading{Outcome: Reads, End: len(k.input), Body: k.body, Length: k.length, Authority: []byte(k.host)},
			method:  "GET",
		}, []byte(k.input))
		var found []string
		for c := range v.classes {
			found = append(found, c.Recipient)
			if c.Recipient == k.model {
				found = nil
				break
			}
		}
		if found != nil || len(v.classes) == 0 {
			t.Errorf("%s: not found; found are %q", k.name, found)
		}
	}
}

// TestAgreement checks that no model has anything to say about plain messages.
func TestAgreement(t *testing.T) {
	for _, k := range []struct {
		input string
		form  form
	}{
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", request},
		{"POST /a?b HTTP/1.1\r\nHost: a:80\r\nX: y z\r\nContent-Length: 5\r\n\r\n", request},
		{"POST http://a/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", request},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: b\r\n\r\n", request},
		{"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", request},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", response},
		{"HTTP/1.1 200\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", response},
		{"HTTP/1.0 404 Not Found\r\n\r\n", response},
		{"5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n", requestBody},
	} {
		v := visitor{walk: &Walk{Models: models(3)}, kind: &Kind{form: k.form}, classes: map[class]*Finding{}}
		v.message([]byte(k.input))
		if v.counts.accepted == 0 {
			t.Errorf("%q is not accepted", k.input)
		}
		for _, f := range v.classes {
			t.Errorf("%s", f)
		}
	}
}

// TestSets checks that verdicts has what any set of deviations accepts.
func TestSets(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var j, other judge
	accepted := 0
	for range 100_000 {
		k := &Kinds[rng.IntN(len(Kinds))]
		b := []byte(k.starts[rng.IntN(len(k.starts))])
		for range rng.IntN(5) {
			b = append(b, k.symbols[rng.IntN(len(k.symbols))]...)
		}
		b = append(b, k.endings[rng.IntN(len(k.endings))]...)
		allow := picohttp.Deviations(rng.Uint32()) & picohttp.AllDeviations
		if n := rng.IntN(3); n > 0 {
			allow |= picohttp.Deviations(rng.Uint32()) & picohttp.AllDeviations
		}
		n, err := other.parse(k, picohttp.Lenient, allow, b)
		other.found = other.found[:0]
		if err != nil || allow == 0 || !other.judge(k, "lenient", n) {
			continue
		}
		accepted++
		j.verdicts(k, b)
		before := len(j.found)
		for _, v := range other.found {
			if j.add(v); len(j.found) > before {
				t.Fatalf("%s %q: with %d bits, %s, it is %v and that is not among %d verdicts",
					k.Name, b, bits.OnesCount32(uint32(allow)), allow, &v.Reading, before)
			}
		}
	}
	if accepted < 1000 {
		t.Errorf("only %d messages are accepted", accepted)
	}
}

// TestCover checks that Models covers what it says.
func TestCover(t *testing.T) {
	for strength, most := range map[int]int{1: 6, 2: 40, 3: 150} {
		models := models(strength)
		c := newCover(strength)
		for i := range models {
			c.add(&models[i])
		}
		if c.left > 0 || len(models) > most {
			t.Errorf("strength %d: %d models leave %d choices", strength, len(models), c.left)
		}
	}
}

// TestDocumented checks that each row is about a deviation that there is.
func TestDocumented(t *testing.T) {
	codes := map[string]bool{"": true}
	for one := range picohttp.AllDeviations.All() {
		codes[one.Code()] = true
	}
	for _, row := range documented {
		if !codes[row.deviation] {
			t.Errorf("no deviation %q", row.deviation)
		}
	}
}
