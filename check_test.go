package picohttp

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/picohttp/picohttp/internal/mutants"
)

// TestCheck compares what the methods of complete requests, responses and trailer sections return
// with the vectors of testdata/check.
func TestCheck(t *testing.T) {
	vectors := loadVectors(t, "check")
	if len(vectors) < 832 {
		t.Fatalf("only %d vectors", len(vectors))
	}
	eachKernel(t, func(t *testing.T, k kernel) {
		g := newGuard(t)
		for _, v := range vectors {
			m := v.message(t)
			if n, err := m.parseUnder(&v.parser, g.atEnd(v.input)); err != nil {
				t.Errorf("%s: %d, %v\n%q", v.name, n, err, v.input)
				continue
			}
			if len(v.said) == 0 {
				t.Errorf("%s has no expectations", v.name)
			}
			v.compareSaid(t, m)
			if got := m.Deviations().String(); got != v.deviations {
				t.Errorf("%s: deviations %q, want %q\n%q", v.name, got, v.deviations, v.input)
			}
		}
	})
}

// TestCutOff checks what the methods of a head return if it is cut off or malformed.
func TestCutOff(t *testing.T) {
	all := lenient(AllDeviations)
	pico := Parser{Profile: Pico}
	for _, test := range []struct {
		p       *Parser
		input   string
		err     error
		method  string
		target  string
		settled int
		fields  int
	}{
		{&Parser{}, "", ErrIncomplete, "", "", 0, 0},
		{&Parser{}, "GET", ErrIncomplete, "", "", 0, 0},
		{&Parser{}, "GET ", ErrIncomplete, "GET", "", 0, 0},
		{&Parser{}, "\r\nGET /a", ErrIncomplete, "GET", "/a", 0, 0},
		{&Parser{}, "GET /a\x00b", ErrTarget, "GET", "/a", 0, 0},
		{&Parser{}, "GET /a ", ErrIncomplete, "GET", "/a", 0, 0},
		{&Parser{}, "GET /a HTTP/1.1", ErrIncomplete, "GET", "/a", 0, 0},
		{&Parser{}, "HEAD /a HTTP/2.0\r\n\r\n", ErrMajor, "HEAD", "/a", 0, 0},
		{&Parser{}, "HEAD /a HTTP/1.1x\r\n\r\n", ErrRequestLine, "HEAD", "/a", 0, 0},
		{&Parser{}, "HEAD /a\r\n\r\n", ErrVersion, "HEAD", "/a", 0, 0},
		{&Parser{}, "HEAD /a HTTP/1.1\r", ErrIncomplete, "HEAD", "/a", 0, 0},
		{&Parser{}, "HEAD /a HTTP/1.1\n", ErrBareLF, "HEAD", "/a", 0, 0},
		{&Parser{}, "HE(D /a HTTP/1.1\r\n", ErrMethod, "", "", 0, 0},
		{&Parser{MaxTargetBytes: 3}, "GET /abcd HTTP/1.1\r\n\r\n", ErrTargetTooLong, "GET", "/ab", 0, 0},
		{&Parser{MaxMethodBytes: 2}, "GET /abcd HTTP/1.1\r\n\r\n", ErrMethodTooLong, "", "", 0, 0},
		{&Parser{}, "GET /a HTTP/1.1\r\n", ErrIncomplete, "GET", "/a", 17, 0},
		{&Parser{}, "GET /a HTTP/1.1\r\nA: b\r\nC: d", ErrIncomplete, "GET", "/a", 23, 1},
		{&Parser{}, "GET /a HTTP/1.1\r\nA: b\r\nC : d", ErrFieldName, "GET", "/a", 23, 1},
		{&Parser{}, "GET /a HTTP/1.1\r\nA: b\r\n c", ErrObsFold, "GET", "/a", 23, 1},
		{&Parser{}, "GET /a HTTP/1.1\r\nA: b\r\n\r", ErrIncomplete, "GET", "/a", 23, 1},
		{&all, "GET  /a", ErrIncomplete, "GET", "/a", 0, 0},
		{&all, "GET  /a HTTP/1.1\nA: b\n", ErrIncomplete, "GET", "/a", 17, 1},
		{&all, "GET  /a HTTP/1.1\nA: b\nC", ErrIncomplete, "GET", "/a", 22, 1},
		{&all, "GET  /a HTTP/1.1\nA: b\n\r", ErrIncomplete, "GET", "/a", 22, 1},
		{&all, "GET  /a HTTP/1.1\nA: b\n ", ErrIncomplete, "GET", "/a", 17, 1},
		{&all, "GET  /a HTTP/1.1\nA: b\n c", ErrIncomplete, "GET", "/a", 17, 1},
		{&all, "GET  /a HTTP/1.1\nA: b\n c\n", ErrIncomplete, "GET", "/a", 17, 1},
		{&all, "GET  /a HTTP/1.1\nA: b\n c\nD", ErrIncomplete, "GET", "/a", 25, 1},
		{&all, "GET  /a HTTP/1.1\nA: b\n c\nD:\n", ErrIncomplete, "GET", "/a", 25, 2},
		{&all, "GET  /a HTTP/1.1\nA: b\n(", ErrIncomplete, "GET", "/a", 22, 1},
		{&all, "GET  /a HTTP/1.1\nA: b\n(\n", ErrIncomplete, "GET", "/a", 24, 1},
		{&all, "GET  /a HTTP/1.1\nA: b\n(\n ", ErrObsFold, "GET", "/a", 24, 1},
		{&all, "GET  /a HTTP/1.1\nA: b\n(host", ErrFieldName, "GET", "/a", 22, 1},
		{&all, "GET  /a HTTP/1.1\nA: b\n \n", ErrObsFold, "GET", "/a", 17, 1},
		{&all, "GET /a HTTP/1.1\r\nA: b\r\n", ErrIncomplete, "GET", "/a", 17, 1},
		{&pico, "GET  /a HTTP/1.1\nA: b\n c", ErrIncomplete, "GET", "/a", 22, 1},
		{&pico, "GET  /a HTTP/1.1\nA: b\n c\n", ErrIncomplete, "GET", "/a", 25, 2},
	} {
		for step := range len(test.input) + 1 {
			var r Request
			_, err := test.p.ParseRequest(&r, []byte(test.input[:step]))
			if err == ErrIncomplete {
				_, err = r.Resume([]byte(test.input))
			}
			begin, end := r.TargetSpan()
			if err != test.err {
				t.Errorf("%q resumed at %d: %v, want %v", test.input, step, err, test.err)
			}
			if string(r.Method()) != test.method || string(r.Target()) != test.target || test.input[begin:end] != test.target ||
				r.Settled() != test.settled || string(r.Bytes()) != test.input[:test.settled] || r.NumFields() != test.fields {
				t.Errorf("%q resumed at %d: %v, %q %q, %d settled, %d fields; want %q %q %d %d", test.input, step, err,
					r.Method(), r.Target(), r.Settled(), r.NumFields(), test.method, test.target, test.settled, test.fields)
			}
		}
	}
	for input, want := range map[string]int{
		"": 0, "HTTP/1.1": 0, "HTTP/1.1 20": 0, "HTTP/1.1 204": 204, "HTTP/1.1 204 No": 204, "HTTP/1.1 204\r": 204,
		"HTTP/1.1 2044": 0, "HTTP/1.1 204x": 0, "HTTP/1.1 204 \x00": 204, "HTTP/1.1 204 OK\n": 204, "HTTP/1.1 204 OK\r\nA": 204,
	} {
		for _, p := range []Parser{{}, all, pico} {
			for step := range len(input) + 1 {
				var r Response
				if _, err := p.ParseResponse(&r, []byte(input[:step])); err == ErrIncomplete {
					r.Resume([]byte(input))
				}
				if r.Status() != want && !(p.Profile == Pico && r.Status() == 0) { // Pico reads whole words
					t.Errorf("%v: %q resumed at %d: status %d, want %d", p.Profile, input, step, r.Status(), want)
				}
			}
		}
	}
}

// TestCheckPlain compares checkPlain with check for sequences of up to four lines, most of which
// matter to checkPlain.
func TestCheckPlain(t *testing.T) {
	lines := []string{
		"Host: www.example.com", "host: a:80", "Host: ", "Host:www.example.com", "Host: exa mple", "HOST: [::1]:8080",
		"Connection: keep-alive", "connection: keep-alive ", "Connection: Keep-Alive", "Connection: close", "Connection: keep-alive, x",
		"Content-Length: 7", "content-length: 0", "Content-Length: 7, 7", "Content-Length: x", "Content-Length: 99999999999999999999",
		"Transfer-Encoding: chunked", "Expect: 100-continue", "Upgrade: x", "Cookie: a=b", "Sec-Fetch-Site: none", "Hose: x",
	}
	starts := []string{"GET / HTTP/1.1", "CONNECT / HTTP/1.1", "COPY /a#b HTTP/1.1", "GET /a/long/path/with#hash HTTP/1.1", "POST /x HTTP/1.0", "GET http://h/ HTTP/1.1", "OPTIONS * HTTP/1.1"}
	decided, all := 0, 0
	var r Request
	var walk func(head string, depth int)
	walk = func(head string, depth int) {
		b := []byte(head + "\r\n")
		for _, p := range []Parser{{}, lenient(AllDeviations)} {
			if _, err := p.ParseRequest(&r, b); err != nil {
				t.Fatalf("%v\n%q", err, b)
			}
			all++
			if checkPlainAgrees(t, &r, b) {
				decided++
			}
		}
		for _, line := range lines {
			if depth > 0 {
				walk(head+line+"\r\n", depth-1)
			}
		}
	}
	for i, start := range starts {
		depth := 4
		if i > 0 || testing.Short() {
			depth = 2
		}
		walk(start+"\r\n", depth)
	}
	if decided*200 < all {
		t.Errorf("checkPlain decided only %d of %d heads", decided, all)
	}

	many := "GET / HTTP/1.1\r\nHost: www.example.com\r\n" + strings.Repeat("Connection: keep-alive\r\n", MaxConnectionOptions+1) + "\r\n"
	r.Parse([]byte(many))
	if _, err := r.Check(); err != ErrConnection {
		t.Errorf("%d Connection lines: %v", MaxConnectionOptions+1, err)
	}
	if rule := ErrConnection.Rule(); !strings.Contains(rule, fmt.Sprintf("at most %d options", MaxConnectionOptions)) {
		t.Errorf("MaxConnectionOptions is %d, but the rule says: %s", MaxConnectionOptions, rule)
	}
}

// TestLookup looks up names in heads with up to 200 field lines, starting at every line, and
// compares the result with a loop over all of them. Many of the names have the same key.
func TestLookup(t *testing.T) {
	names := []string{"A", "Host", "host", "HOST", "Hosu", "Ho|t", "HoST", "Gost12345678", "X", "x", "a-long-name-of-24-letters", "A-LONG-NAME-OF-24-LETTERS",
		"a-long-name-of-24-letterr", "b-long-name-of-24-letters", strings.Repeat("n", 256) + "A", strings.Repeat("n", 257), strings.Repeat("N", 257), "k~", "K^"}
	rng := rand.New(rand.NewPCG(31, 32))
	var r Request
	for _, n := range []int{0, 1, 2, 7, 8, 9, 16, 33, 63, 64, 65, 66, 94, 95, 96, 97, 127, 128, 129, 200} {
		head := "GET / HTTP/1.1\r\n"
		for i := range n {
			head += fmt.Sprintf("%s: %d\r\n", names[rng.IntN(len(names))], i)
		}
		b := []byte(head + "\r\n")
		if _, err := r.Parse(b); err != nil {
			t.Fatal(err)
		}
		var lines []string
		for name := range r.Fields() {
			lines = append(lines, string(name))
		}
		if len(lines) != n {
			t.Fatalf("%d of %d lines", len(lines), n)
		}
		for _, name := range append(names, "", "absent", "hos", "hostx", "Ho\x5ct") {
			var want []string
			first := -1
			for i, line := range lines {
				if sameName(line, name) {
					want = append(want, fmt.Sprint(i))
					if first < 0 {
						first = i
					}
				}
			}
			var got []string
			for value := range r.Values(name) {
				got = append(got, string(value))
			}
			value, ok := r.Get(name)
			if !slices.Equal(got, want) || ok != (first >= 0) || ok && string(value) != want[0] {
				t.Fatalf("%d lines: Values(%q) is %q, not %q; Get %q, %v", n, name, got, want, value, ok)
			}
			for from := -1; from <= n+1; from++ {
				next := -1
				for i := max(from, 0); i < n; i++ {
					if sameName(lines[i], name) {
						next = i
						break
					}
				}
				if got := r.Index(name, from); got != next {
					t.Fatalf("%d lines: Index(%q, %d) is %d, not %d", n, name, from, got, next)
				}
			}
		}
	}
}

// TestFindRandomNames looks up random names in random lines, starting at random lines. The alphabet
// is small, so many names have the same key or differ only in case.
func TestFindRandomNames(t *testing.T) {
	const letters, others = "aAbB", "^~-+"
	rng := rand.New(rand.NewPCG(33, 34))
	token := func() string {
		name := make([]byte, 1+rng.IntN(4)+rng.IntN(2)*8)
		for i := range name {
			if name[i] = letters[rng.IntN(len(letters))]; rng.IntN(4) == 0 {
				name[i] = others[rng.IntN(len(others))]
			}
		}
		return string(name)
	}
	found := 0
	all := mutants.Count(20_000)
	var b []byte
	for range all {
		n := rng.IntN(tableFields + 2)
		b = b[:0]
		for range n {
			b = append(append(b, token()...), ":v\r\n"...)
		}
		b = append(b, "                "...)
		var x index
		x.fieldsFrom(0)
		x.settle(b)
		name, from, want := token(), rng.IntN(tableLines), -1
		for i := from; i+1 < int(x.n); i++ {
			if sameName(string(b[x.begin(uint32(i+1)):x.mark[i+1]]), name) {
				want = i
				break
			}
		}
		if got := x.find(b, name, from); got != want || int(x.n) != 1+min(n, tableFields) {
			t.Fatalf("find(%q, %d) is %d, not %d\n%v\n%q", name, from, got, want, x, b)
		}
		if want >= 0 {
			found++
		}
	}
	if found*50 < all {
		t.Errorf("only %d of %d names were found", found, all)
	}
}

// sameName compares names byte by byte, ignoring ASCII case.
func sameName(a, b string) bool {
	lower := func(c byte) byte {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		return c
	}
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}
