package picohttp

import (
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/picohttp/picohttp/internal/vectors"
)

// A vector is a test case of testdata: an input and the expected outcome.
type vector struct {
	name   string
	input  []byte
	parser Parser
	leave  bool // Chunked.LeaveTrailer
	want   outcome

	deviations string // what Deviations is for a complete message

	// What methods of a complete request return, if the vector says so. elements, forwarded and
	// offsets apply to all kinds.
	said map[string]string

	// For framing:
	kind    string // request or response
	method  string // of the request that a response responds to
	framing string // what Framing returns
}

// A message is a head or a trailer section of some kind.
type message interface {
	Resume(b []byte) (n int, err error)
	Reset()
	NumFields() int
	Field(i int) (name, value []byte)
	Fields() iter.Seq2[[]byte, []byte]
	Deviations() Deviations
	parseUnder(p *Parser, b []byte) (n int, err error)
	describe() string
	places() *Head
}

func (h *Head) places() *Head { return h }

func (r *Request) parseUnder(p *Parser, b []byte) (int, error)  { return p.ParseRequest(r, b) }
func (r *Response) parseUnder(p *Parser, b []byte) (int, error) { return p.ParseResponse(r, b) }
func (t *Trailer) parseUnder(p *Parser, b []byte) (int, error)  { return p.ParseTrailer(t, b) }

// allowAll makes p allow the same deviations in each kind of message.
func (p *Parser) allowAll(d Deviations) { p.AllowRequest, p.AllowResponse, p.AllowTrailer = d, d, d }

// lenient returns a Parser that allows the same deviations in each kind of message.
func lenient(allow Deviations) Parser {
	p := Parser{Profile: Lenient}
	p.allowAll(allow)
	return p
}

// A subject is a kind of message, for tests that cover all of them.
type subject struct {
	folder  string // of testdata, with the vectors
	vectors int    // the least number of vectors, including those in testdata/profiles
	example string // a complete one with two field lines
	new     func() message
}

var subjects = []subject{
	{"requests", 995, "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n", func() message { return new(Request) }},
	{"responses", 485, "HTTP/1.1 200 OK\r\nHost: h\r\nA: b\r\n\r\n", func() message { return new(Response) }},
	{"trailers", 140, "Host: h\r\nA: b\r\n\r\n", func() message { return new(Trailer) }},
}

// eachSubject runs f as a subtest for each kind of message.
func eachSubject(t *testing.T, f func(t *testing.T, s subject)) {
	for _, s := range subjects {
		t.Run(s.folder, func(t *testing.T) { f(t, s) })
	}
}

// An outcome is everything that a caller can see of a parse.
type outcome struct {
	result string // complete, incomplete or malformed
	n      int
	code   string
	parts  string // method, target, minor and field lines, a line each, quoted
}

func (o outcome) String() string {
	return fmt.Sprintf("%s %d %s\n%s", o.result, o.n, o.code, o.parts)
}

// A result is an outcome that is not written as text, for frequent comparisons.
type result struct {
	message
	n   int
	err error
}

// same reports whether o is the same outcome for the same bytes. What the methods return depends
// only on the bytes and the places.
func (r result) same(o result) bool {
	a, b := r.places(), o.places()
	return r.n == o.n && r.err == o.err && a.n == b.n && a.more == b.more && (a.more == 0 || a.next == b.next) && a.deviations == b.deviations && (a.n == 0 || a.from == b.from && a.word2 == b.word2) &&
		slices.Equal(a.mark[:a.n], b.mark[:b.n]) && slices.Equal(a.end[:a.n], b.end[:b.n])
}

func (r result) String() string { return observe(r.message, r.n, r.err).String() }

// message returns a message of the vector's kind: a request unless it says otherwise.
func (v *vector) message(t testing.TB) message {
	t.Helper()
	switch v.kind {
	case "", "request":
		return new(Request)
	case "response":
		return new(Response)
	case "trailer":
		return new(Trailer)
	}
	t.Fatalf("%s: unknown kind %s", v.name, v.kind)
	return nil
}

// parseAs parses b as a message of a kind.
func parseAs(s subject, p *Parser, b []byte) result {
	m := s.new()
	n, err := m.parseUnder(p, b)
	return result{m, n, err}
}

// observe makes an outcome of what Parse or Resume returned.
func observe(m message, n int, err error) (o outcome) {
	o.n = n
	o.parts = m.describe()
	switch err := err.(type) {
	case nil:
		o.result = "complete"
	case Error:
		o.result, o.code = "malformed", err.Code()
	default:
		if err != ErrIncomplete {
			panic(err)
		}
		o.result = "incomplete"
	}
	return o
}

// withoutParts returns o as vectors record it: without parts unless the head is complete.
func (o outcome) withoutParts() outcome {
	if o.result != "complete" {
		o.parts = ""
	}
	return o
}

// describe returns the parts as text. It calls most other accessors, too, so that a test fails if
// one of them panics.
func (r *Request) describe() string {
	var s strings.Builder
	fmt.Fprintf(&s, "method %q\ntarget %q\nminor %d\n", r.Method(), r.Target(), r.Minor())
	r.describeFields(&s)
	for _, key := range []string{"host", "check", "authority", "form", "path", "query", "origin", "forwarded", "elements", "offsets"} {
		methodsOf[key](r)
	}
	r.Deviations()
	r.Framing()
	return s.String()
}

func (r *Response) describe() string {
	var s strings.Builder
	fmt.Fprintf(&s, "minor %d\nstatus %03d\nreason %q\n", r.Minor(), r.Status(), r.Reason())
	r.describeFields(&s)
	r.Deviations()
	methodsOf["forwarded"](r)
	r.Framing("GET")
	return s.String()
}

func (t *Trailer) describe() string {
	var s strings.Builder
	t.describeFields(&s)
	return s.String()
}

func (h *Head) describeFields(s *strings.Builder) {
	for name, value := range h.Fields() {
		fmt.Fprintf(s, "field %q %q\n", name, value)
	}
	for i := range h.NumFields() {
		h.Field(i)
		h.Span(i)
	}
	h.Get("host")
	h.Index("host", -1)
	h.HasToken("connection", "close")
	h.Bytes()
	h.Settled()
	h.Explain(nil)
	h.Explain(ErrIncomplete)
	h.Explain(h.fault)
}

// codeOf returns the code of an Error, or "incomplete".
func codeOf(err error) string {
	if e, ok := err.(Error); ok {
		return e.Code()
	}
	return "incomplete"
}

// sayWords writes the words of a line: the first one as it is, the others quoted.
func sayWords(words []string) string {
	s := words[0]
	for _, word := range words[1:] {
		s += fmt.Sprintf(" %q", word)
	}
	return s
}

// say is sayWords for a word and values.
func say(word string, values ...[]byte) string {
	words := []string{word}
	for _, value := range values {
		words = append(words, string(value))
	}
	return sayWords(words)
}

// methodsOf maps the key of a line of a vector to a function that calls the methods and formats
// their results as that line.
var methodsOf = map[string]func(m message) string{
	"host": func(m message) string {
		value, err := m.(*Request).Host()
		if err != nil {
			return codeOf(err)
		}
		return say("ok", value)
	},
	"check": func(m message) string {
		v, err := m.(*Request).Check()
		if err != nil && v.KeepAlive {
			return "keep-alive along with " + codeOf(err)
		}
		if err != nil {
			return codeOf(err)
		}
		return sayWords(append([]string{"ok"}, strings.Fields(v.Framing.describe())...))
	},
	"authority": func(m message) string {
		v, _ := m.(*Request).Check()
		return sayBytes(v.Authority)
	},
	"form": func(m message) string {
		return strings.ReplaceAll(m.(*Request).TargetForm().String(), " ", "-")
	},
	"path":  func(m message) string { return sayBytes(m.(*Request).Path()) },
	"query": func(m message) string { return sayBytes(m.(*Request).Query()) },
	"origin": func(m message) string {
		return sayBytes(m.(*Request).AppendOriginForm([]byte{}))
	},
	"elements": func(m message) string {
		values := [][]byte{[]byte("X")}
		for element := range m.places().Elements("X") {
			values = append(values, element)
		}
		return say("of", values...)
	},
	"forwarded": func(m message) string {
		var names [][]byte
		switch m := m.(type) {
		case *Request:
			for name := range m.EndToEnd() {
				names = append(names, name)
			}
		case *Response:
			for name := range m.EndToEnd() {
				names = append(names, name)
			}
		}
		return say("fields", names...)
	},
	"offsets": func(m message) string {
		var s []string
		for d, at := range m.places().DeviationOffsets() {
			s = append(s, fmt.Sprintf("%v@%d", d, at))
		}
		return sayWords(append([]string{"at"}, s...))
	},
}

// sayBytes writes a slice that may be nil.
func sayBytes(b []byte) string {
	if b == nil {
		return "none"
	}
	return say("ok", b)
}

// compareSaid compares what the methods of m return with the vector.
func (v *vector) compareSaid(t *testing.T, m message) {
	t.Helper()
	for key, want := range v.said {
		if got := methodsOf[key](m); got != want {
			t.Errorf("%s: %s: %s, want %s\n%.300q", v.name, key, got, want, v.input)
		}
	}
}

// framingOfMessage is Framing, for a response to a request with that method.
func framingOfMessage(m message, method string) (Framing, error) {
	switch m := m.(type) {
	case *Request:
		return m.Framing()
	case *Response:
		return m.Framing(method)
	}
	return Framing{}, nil
}

// writeUnfolded writes a message in canonical form.
func writeUnfolded(m message) (b []byte) {
	switch m := m.(type) {
	case *Request:
		b = fmt.Appendf(b, "%s %s HTTP/1.%d\r\n", m.Method(), m.Target(), m.Minor())
	case *Response:
		b = fmt.Appendf(b, "HTTP/1.%d %03d %s\r\n", m.Minor(), m.Status(), m.Reason())
	}
	for name, value := range m.Fields() {
		b = fmt.Appendf(b, "%s: ", name)
		b = Unfold(b, value)
		b = append(b, "\r\n"...)
	}
	return append(b, "\r\n"...)
}

// latin1 returns a text with a code point for each byte of b.
func latin1(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		s.WriteRune(rune(c))
	}
	return s.String()
}

// loadVectors reads testdata/<folder>/*.txt. CONTRIBUTING.md describes the form of a vector.
func loadVectors(t testing.TB, folder string) (all []vector) {
	t.Helper()
	read, err := vectors.Read(filepath.Join("testdata", folder))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range read {
		v := vector{name: r.Name, input: r.Input, said: map[string]string{}}
		for _, line := range r.Lines {
			v.add(line.Key, line.Words, func(format string, args ...any) {
				t.Helper()
				t.Fatalf("%s:%d: %s", r.File, line.Number, fmt.Sprintf(format, args...))
			})
		}
		all = append(all, v)
	}
	return all
}

// add adds a line to the vector.
func (v *vector) add(key string, words []string, fail func(format string, args ...any)) {
	number := func(word string) int {
		n, err := strconv.Atoi(word)
		if err != nil {
			fail("%v", err)
		}
		return n
	}
	switch {
	case key == "limits":
		for _, word := range words {
			name, value, _ := strings.Cut(word, "=")
			limit := map[string]*int{
				"head":     &v.parser.MaxHeadBytes,
				"method":   &v.parser.MaxMethodBytes,
				"target":   &v.parser.MaxTargetBytes,
				"fields":   &v.parser.MaxFields,
				"trailer":  &v.parser.MaxTrailerBytes,
				"ext":      &v.parser.MaxChunkExtBytes,
				"overhead": &v.parser.MaxChunkOverhead,
			}[name]
			if limit == nil {
				fail("unknown limit %s", word)
				return
			}
			*limit = number(value)
		}
	case key == "profile" && len(words) == 1:
		for v.parser.Profile = Strict; v.parser.Profile.String() != words[0]; v.parser.Profile++ {
			if v.parser.Profile > Pico {
				fail("unknown profile %s", words[0])
			}
		}
	case key == "allow":
		v.parser.allowAll(v.parser.AllowRequest | deviationsOf(words, fail))
	case key == "leave-trailer":
		v.leave = true
	case key == "deviations":
		v.deviations = deviationsOf(words, fail).String()
	case key == "kind" && len(words) == 1:
		v.kind = words[0]
	case key == "method" && len(words) == 1:
		v.method = words[0]
	case len(words) == 0:
		fail("nothing after %s", key)
	case key == "want" && v.kind != "":
		v.framing = strings.Join(words, " ")
	case key == "want" && v.want.result == "":
		v.want.result = words[0]
		if len(words) > 1 {
			v.want.n = number(words[1])
		}
		if len(words) > 2 {
			v.want.code = words[2]
		}
	case key == "want" && (words[0] == "minor" || words[0] == "status"):
		v.want.parts += words[0] + " " + words[1] + "\n"
	case key == "want" && words[0] == "body":
		v.want.parts += fmt.Sprintf("body %q\n", strings.Join(words[1:], ""))
	case key == "want":
		v.want.parts += words[0]
		for _, word := range words[1:] {
			v.want.parts += fmt.Sprintf(" %q", word)
		}
		v.want.parts += "\n"
	case methodsOf[key] != nil:
		v.said[key] = sayWords(words)
	default:
		fail("cannot read %s %q", key, words)
	}
}

func deviationsOf(codes []string, fail func(format string, args ...any)) (d Deviations) {
	for _, code := range codes {
		before := d
		for one := range AllDeviations.All() {
			if one.Code() == code {
				d |= one
			}
		}
		if d == before {
			fail("unknown deviation %s", code)
		}
	}
	return d
}

// profileVectors returns the vectors in a folder, and those of the same kind in
// testdata/profiles.
func profileVectors(t testing.TB, folder string) []vector {
	return append(loadVectors(t, folder), loadVectors(t, "profiles/"+folder)...)
}

// realHeads reads testdata/heads.
func realHeads(t testing.TB) []vectors.Head {
	t.Helper()
	heads, err := vectors.Heads("testdata/heads")
	if err != nil {
		t.Fatal(err)
	}
	return heads
}

// realHead returns the head of that name.
func realHead(t testing.TB, name string) []byte {
	t.Helper()
	for _, head := range realHeads(t) {
		if head.Name == name {
			return head.Bytes
		}
	}
	t.Fatalf("no head is named %s", name)
	return nil
}

// seeds returns the inputs of the vectors of a kind and, for requests, the real heads.
func seeds(t testing.TB, folder string) (seeds [][]byte) {
	for _, v := range profileVectors(t, folder) {
		if len(v.input) <= 8<<10 {
			seeds = append(seeds, v.input)
		}
	}
	if folder == "requests" {
		for _, head := range realHeads(t) {
			seeds = append(seeds, head.Bytes)
		}
	}
	return seeds
}
