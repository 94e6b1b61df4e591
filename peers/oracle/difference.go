package main

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/picohttp/picohttp"
)

// A difference is one between the older release of picohttpparser, which is in Debian's
// h2o, and the newest, which the profile Pico follows. The answers to its example tell
// which of the two an oracle is.
type difference struct {
	name          string
	kind          kind
	input         string // the example
	older, newest string // the readings of the answers
	// explains reports whether it is the reason why the older release answers a question
	// in another way than the newest.
	explains func(c *comparison) bool
}

// A comparison is a question and two answers that differ.
type comparison struct {
	*question
	older  []byte
	newest []byte // of picohttp
	n      int    // where the input is malformed according to picohttp
	err    error  // why
	wrong  bool   // as in asked
}

var differences = []difference{
	// The older release takes any byte but SP and control characters for a part of a method.
	{"method-octet", request, "G(T / HTTP/1.1\r\n\r\n",
		`18, 1, 0, "G(T", "/"`, "-1", methodOctet},
	{"method-empty", request, " / HTTP/1.1\r\n\r\n",
		`15, 1, 0, "", "/"`, "-1", methodEmpty},
	// With several SP before it, the target is empty for the older release.
	{"target-spaces", request, "GET  / HTTP/1.1\r\n\r\n",
		"-1", `19, 1, 0, "GET", "/"`, targetSpaces},
	{"target-empty", request, "GET  HTTP/1.1\r\n\r\n",
		`17, 1, 0, "GET", ""`, "-1", targetEmpty},
	{"version-spaces", request, "GET /  HTTP/1.1\r\n\r\n",
		"-1", `19, 1, 0, "GET", "/"`, versionSpaces},
	{"status-spaces", response, "HTTP/1.1  200 OK\r\n\r\n",
		"-1", `20, 1, 200, "OK", ""`, statusSpaces},
	// The older release wants an SP after the status-code.
	{"status-line-end", response, "HTTP/1.1 200\r\n\r\n",
		"-1", `16, 1, 200, "", ""`, statusLineEnd},
	// The newest release looks at what follows the status-code when it has the whole line.
	{"status-suffix", response, "HTTP/1.1 200x",
		"-1", "-2", statusSuffix},
	// Of several SP before the reason-phrase, the older release removes one.
	{"reason-spaces", response, "HTTP/1.1 200  OK \r\n\r\n",
		`21, 1, 200, " OK ", ""`, `21, 1, 200, "OK ", ""`, func(c *comparison) bool { return c.differInSpace(0) }},
	// The older release removes no whitespace after a value.
	{"value-spaces", trailer, "A: b\t \r\n  c \r\n \r\n\r\n",
		`19, 0, 0, "", "", "A", "b\t ", folded, "  c ", folded, " "`,
		`19, 0, 0, "", "", "A", "b", folded, "  c", folded, ""`, func(c *comparison) bool { return c.differInSpace(1) }},
	// The older release ignores what follows the chunk-size, up to an LF.
	{"chunk-size-suffix", chunked, "1g\r\nx\r\n0\r\n\r\n",
		`0 "x"`, `-1 ""`, func(c *comparison) bool {
			return c.malformed(picohttp.ErrChunkSize, false) && c.n > 0 && isHexdig(c.input[c.n-1]) &&
				!isHexdig(c.input[c.n]) && bytes.IndexByte([]byte(" \t;\r\n"), c.input[c.n]) < 0
		}},
	{"chunk-size-bare-lf", chunked, "1\nx\r\n0\r\n\r\n",
		`0 "x"`, `-1 ""`, func(c *comparison) bool { return c.malformed(picohttp.ErrBareLF, false) && c.input[c.n] == '\n' }},
	{"chunk-size-bare-cr", chunked, "1\r;\r\nx\r\n0\r\n\r\n",
		`0 "x"`, `-1 ""`, func(c *comparison) bool {
			return c.malformed(picohttp.ErrBareCR, false) && c.input[c.n] != '\n' && c.n > 0 && c.input[c.n-1] == '\r'
		}},
	{"chunk-data-bare-lf", chunked, "1\r\nx\n0\r\n\r\n",
		`0 "x"`, `-1 "x"`, func(c *comparison) bool { return c.malformed(picohttp.ErrBareLF, true) && c.input[c.n] == '\n' }},
	{"chunk-data-repeated-cr", chunked, "1\r\nx\r\r\n0\r\n\r\n",
		`0 "x"`, `-1 "x"`, func(c *comparison) bool { return c.malformed(picohttp.ErrBareCR, true) && c.input[c.n] == '\r' }},
	{"chunk-overhead", chunked, "1;" + string(bytes.Repeat([]byte("a"), 100<<10-2)),
		`-2 ""`, `-1 ""`, chunkOverhead},
}

// explained returns the numbers of the differences that explain one, of those that the
// oracle shows at their examples. There are two if a reason-phrase and a value differ.
func (c *comparison) explained(older []bool) (found []int) {
	for i, d := range differences {
		if older[i] && d.covers(c.kind) && d.explains(c) {
			found = append(found, i)
		}
	}
	return found
}

// covers reports whether a difference is one of inputs of a kind. Fields are in all heads,
// and chunks in all bodies.
func (d *difference) covers(k kind) bool {
	return d.kind == k || d.kind == trailer && k < chunked || d.kind == chunked && k == chunkedLeave
}

// release asks an oracle about all differences, and reports for each whether it answers as
// the older release does.
func release(o *oracle) (older []bool, err error) {
	for _, d := range differences {
		q := d.question()
		answer, err := o.ask(q)
		if err != nil {
			return nil, err
		}
		older = append(older, q.read(answer).String() == d.older)
	}
	return older, nil
}

func (d *difference) question() *question {
	return &question{kind: d.kind, maxFields: 256, input: []byte(d.input)}
}

// is reports whether an answer for a head has an outcome other than complete.
func is(answer []byte, outcome int) bool {
	return len(answer) == 8 && int(binary.NativeEndian.Uint64(answer)) == outcome
}

// onlyNewest reports whether only the newest release finds a head malformed.
func (c *comparison) onlyNewest() bool { return is(c.newest, malformed) && !is(c.older, malformed) }

// requestLine returns the input after the empty line that may come first.
func (c *comparison) requestLine() []byte {
	if rest, ok := bytes.CutPrefix(c.input, []byte("\r\n")); ok {
		return rest
	}
	return bytes.TrimPrefix(c.input, []byte("\n"))
}

func methodOctet(c *comparison) bool {
	b := c.requestLine()
	at := c.n - (len(c.input) - len(b))
	return c.onlyNewest() && at >= 0 && at < len(b) && !bytes.Contains(b[:at+1], []byte(" ")) && b[at] > ' ' && b[at] != 0x7f
}

func methodEmpty(c *comparison) bool {
	b := c.requestLine()
	return len(b) > 1 && b[0] == ' ' && b[1] != ' ' && c.onlyNewest()
}

// afterMethod returns what follows the method and its SP.
func (c *comparison) afterMethod() []byte {
	_, rest, _ := bytes.Cut(c.requestLine(), []byte(" "))
	return rest
}

// olderVersion returns the outcome for the older release of the end of a request-line,
// from the HTTP-version on. It is complete if the release continues after it.
func olderVersion(b []byte) (outcome int) {
	const version = "HTTP/1."
	switch n := len(version) + 1; {
	case len(b) <= n:
		return incomplete
	case string(b[:n-1]) != version || b[n-1] < '0' || b[n-1] > '9':
		return malformed
	case b[n] == '\n', b[n] == '\r' && len(b) > n+1 && b[n+1] == '\n':
		return complete
	case b[n] == '\r' && len(b) == n+1:
		return incomplete
	}
	return malformed
}

func targetSpaces(c *comparison) bool {
	rest, ok := bytes.CutPrefix(c.afterMethod(), []byte(" "))
	version := olderVersion(rest)
	return ok && version != complete && is(c.older, version)
}

func targetEmpty(c *comparison) bool {
	rest, ok := bytes.CutPrefix(c.afterMethod(), []byte(" "))
	return ok && olderVersion(rest) == complete && c.onlyNewest()
}

func versionSpaces(c *comparison) bool {
	target, rest, _ := bytes.Cut(c.afterMethod(), []byte(" "))
	return len(target) > 0 && len(rest) > 0 && rest[0] == ' ' && is(c.older, olderVersion(rest))
}

// afterVersion returns what follows the HTTP-version of a status-line and an SP.
func (c *comparison) afterVersion() []byte {
	const version = "HTTP/1.1 "
	if len(c.input) < len(version) || c.input[len(version)-1] != ' ' {
		return nil
	}
	return c.input[len(version):]
}

func statusSpaces(c *comparison) bool {
	b := c.afterVersion()
	want := malformed
	if len(b) < len("200 ") {
		want = incomplete
	}
	return len(b) > 0 && b[0] == ' ' && is(c.older, want)
}

// afterStatus returns what follows the status-code, if the older release finds one.
func (c *comparison) afterStatus() []byte {
	b := c.afterVersion()
	if len(b) < len("200 ") || slices.ContainsFunc(b[:3], func(d byte) bool { return d < '0' || d > '9' }) {
		return nil
	}
	return b[3:]
}

func statusLineEnd(c *comparison) bool {
	b := c.afterStatus()
	return len(b) > 0 && (b[0] == '\r' || b[0] == '\n') && is(c.older, malformed)
}

func statusSuffix(c *comparison) bool {
	b := c.afterStatus()
	return len(b) > 0 && b[0] != ' ' && b[0] != '\r' && b[0] != '\n' && !bytes.Contains(b, []byte("\n")) &&
		is(c.older, malformed) && is(c.newest, incomplete)
}

// differInSpace reports whether complete heads are alike, except that the older release has SP
// before the reason-phrase or whitespace after values: in the first part, or in values.
func (c *comparison) differInSpace(part int) (found bool) {
	older, newest := c.read(c.older), c.read(c.newest)
	if older.outcome < 0 || older.outcome != newest.outcome || !slices.Equal(older.numbers, newest.numbers) || len(older.parts) != len(newest.parts) {
		return false
	}
	for i, p := range older.parts {
		trimmed := p // which is nil if nothing is left
		switch {
		case i == 0 && c.kind == response:
			trimmed = bytes.TrimLeft(p, " ")
		case i > 1 && i%2 == 1:
			trimmed = bytes.TrimRight(p, " \t")
		}
		other := newest.parts[i]
		if (p == nil) != (other == nil) || !same(p, other) && !same(trimmed, other) {
			return false
		}
		found = found || i%2 == part && !same(p, other)
	}
	return found
}

// same reports whether two parts are at the same place of an input, or both empty.
func same(a, b []byte) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// malformed reports whether the newest release rejects a body with an error, after
// chunk-data or elsewhere, and the older release decodes it in the same way up to there.
func (c *comparison) malformed(err picohttp.Error, isAfterData bool) bool {
	return c.err == err && c.n < len(c.input) && isAfterData == afterData(c.input, c.n) && c.sameUpToLast()
}

// afterData reports whether the byte at an offset is one of the two that follow
// chunk-data, in a body that the newest release accepts up to there.
func afterData(b []byte, offset int) bool {
	for from := 0; from < offset; from += 2 {
		lf := bytes.IndexByte(b[from:offset], '\n')
		digits := from
		for digits < offset && isHexdig(b[digits]) {
			digits++
		}
		size, err := strconv.ParseUint(string(b[from:digits]), 16, 32)
		if lf < 0 || err != nil || size == 0 {
			return false
		}
		if from += lf + 1 + int(size); from == offset || from+1 == offset {
			return true
		}
	}
	return false
}

func isHexdig(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }

// sameUpToLast reports whether the newest release finds a body malformed, and the older one
// answers the same to all calls before that, and to this one with the same data and maybe
// more.
func (c *comparison) sameUpToLast() bool {
	older, newest := c.read(c.older).calls, c.read(c.newest).calls
	last := len(newest) - 1
	return last >= 0 && newest[last].result == malformed && len(older) > last &&
		bytes.HasPrefix(older[last].data, newest[last].data) &&
		slices.EqualFunc(older[:last], newest[:last], func(a, b call) bool { return a.result == b.result && bytes.Equal(a.data, b.data) })
}

func chunkOverhead(c *comparison) bool {
	newest := c.read(c.newest).calls
	if c.err != picohttp.ErrChunkOverhead || !c.sameUpToLast() || c.read(c.older).calls[len(newest)-1].result != incomplete {
		return false
	}
	read, data, i := 0, 0, 0
	for _, to := range c.delivered() {
		if i == len(newest) {
			break
		}
		read = to
		data += len(newest[i].data)
		i++
	}
	return read-data >= 100<<10 && data < read/4
}
