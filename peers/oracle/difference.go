package main

import (
	"bytes"
	"slices"

	"github.com/picohttp/picohttp"
)

// A difference is one between the older release of picohttpparser, which is in
// Debian's h2o, and the newest, which the profile Pico follows. Its example is how
// an oracle is asked which of the two it is.
type difference struct {
	name          string
	kind          kind
	input         string
	older, newest string // what describe says of the answers
	// explains reports whether it is the reason why the older release answers a
	// question in another way than the newest.
	explains func(c *comparison) bool
}

// A comparison is a question and two answers that differ.
type comparison struct {
	*question
	older  []uint64
	newest []uint64 // as picohttp has it
	n      int      // where it is malformed according to picohttp
	err    error    // why
}

var differences = []difference{
	{
		name:     "method-octet", // the older takes any octet but SP and control characters
		kind:     request,
		input:    "G(T / HTTP/1.1\r\n\r\n",
		older:    `complete 18 "G(T" "/" 1`,
		newest:   "malformed",
		explains: methodOctet,
	},
	{
		name:     "method-empty",
		kind:     request,
		input:    " / HTTP/1.1\r\n\r\n",
		older:    `complete 15 "" "/" 1`,
		newest:   "malformed",
		explains: methodEmpty,
	},
	{
		name:     "target-spaces", // before it; the older takes it for empty
		kind:     request,
		input:    "GET  / HTTP/1.1\r\n\r\n",
		older:    "malformed",
		newest:   `complete 19 "GET" "/" 1`,
		explains: targetSpaces,
	},
	{
		name:     "target-empty",
		kind:     request,
		input:    "GET  HTTP/1.1\r\n\r\n",
		older:    `complete 17 "GET" "" 1`,
		newest:   "malformed",
		explains: targetEmpty,
	},
	{
		name:     "version-spaces", // before it
		kind:     request,
		input:    "GET /  HTTP/1.1\r\n\r\n",
		older:    "malformed",
		newest:   `complete 19 "GET" "/" 1`,
		explains: versionSpaces,
	},
	{
		name:     "status-spaces", // before it
		kind:     response,
		input:    "HTTP/1.1  200 OK\r\n\r\n",
		older:    "malformed",
		newest:   `complete 20 1 200 "OK"`,
		explains: statusSpaces,
	},
	{
		name:     "status-line-end", // no SP behind the status-code
		kind:     response,
		input:    "HTTP/1.1 200\r\n\r\n",
		older:    "malformed",
		newest:   `complete 16 1 200 ""`,
		explains: statusLineEnd,
	},
	{
		name:     "status-suffix", // the newest looks at it when it has the whole line
		kind:     response,
		input:    "HTTP/1.1 200x",
		older:    "malformed",
		newest:   "incomplete",
		explains: statusSuffix,
	},
	{
		name:     "reason-spaces", // before it; the older removes one
		kind:     response,
		input:    "HTTP/1.1 200  OK \r\n\r\n",
		older:    `complete 21 1 200 " OK "`,
		newest:   `complete 21 1 200 "OK "`,
		explains: func(c *comparison) bool { reason, _, ok := c.spaces(); return reason && ok },
	},
	{
		name:     "value-spaces", // behind it; the older removes none
		kind:     trailer,
		input:    "A: b\t \r\n  c \r\n \r\n\r\n",
		older:    "complete 19, \"A\": \"b\\t \", folded \"  c \", folded \" \"",
		newest:   "complete 19, \"A\": \"b\", folded \"  c\", folded \"\"",
		explains: func(c *comparison) bool { _, values, ok := c.spaces(); return values && ok },
	},
	{
		name:   "chunk-size-suffix", // other than white space and ";"
		kind:   chunked,
		input:  "1g\r\nx\r\n0\r\n\r\n",
		older:  `complete "x", 0 left`,
		newest: `malformed ""`,
		explains: func(c *comparison) bool {
			return c.malformedIn(inSize) && c.n > 0 && isHexdig(c.input[c.n-1]) && !isHexdig(c.input[c.n])
		},
	},
	{
		name:     "chunk-size-bare-lf",
		kind:     chunked,
		input:    "1\nx\r\n0\r\n\r\n",
		older:    `complete "x", 0 left`,
		newest:   `malformed ""`,
		explains: func(c *comparison) bool { return c.malformedIn(inExt) && c.input[c.n] == '\n' },
	},
	{
		name:     "chunk-size-bare-cr",
		kind:     chunked,
		input:    "1\r;\r\nx\r\n0\r\n\r\n",
		older:    `complete "x", 0 left`,
		newest:   `malformed ""`,
		explains: func(c *comparison) bool { return c.malformedIn(inSizeLF) },
	},
	{
		name:     "chunk-data-bare-lf",
		kind:     chunked,
		input:    "1\r\nx\n0\r\n\r\n",
		older:    `complete "x", 0 left`,
		newest:   `malformed "x"`,
		explains: func(c *comparison) bool { return c.malformedIn(inDataCR) && c.input[c.n] == '\n' },
	},
	{
		name:     "chunk-data-repeated-cr",
		kind:     chunked,
		input:    "1\r\nx\r\r\n0\r\n\r\n",
		older:    `complete "x", 0 left`,
		newest:   `malformed "x"`,
		explains: func(c *comparison) bool { return c.malformedIn(inDataLF) && c.input[c.n] == '\r' },
	},
	{
		name:     "chunk-overhead",
		kind:     chunked,
		input:    "1;" + string(bytes.Repeat([]byte("a"), 100<<10-2)),
		older:    `incomplete ""`,
		newest:   `malformed ""`,
		explains: chunkOverhead,
	},
}

// explain returns which of the differences explain one, by their numbers. It is
// two if it is a reason-phrase and a value that differ.
func explain(c *comparison) (found []int) {
	for i, d := range differences {
		if d.covers(c.kind) && d.explains(c) {
			found = append(found, i)
		}
	}
	return found
}

// covers reports whether it is a difference of inputs of a kind. Fields are in all
// heads, and chunks in all bodies.
func (d *difference) covers(k kind) bool {
	return d.kind == k || d.kind == trailer && k < chunked || d.kind == chunked && k == chunkedLeave
}

// release asks an oracle about all differences, and returns for each whether it
// answers as the older release.
func release(o *oracle) (older []bool, err error) {
	for _, d := range differences {
		q := d.question()
		words, err := o.ask(q)
		if err != nil {
			return nil, err
		}
		older = append(older, describe(q, words) == d.older)
	}
	return older, nil
}

func (d *difference) question() *question {
	return &question{kind: d.kind, maxFields: 256, input: []byte(d.input)}
}

// is reports whether an answer to a question about a head begins with a word.
func is(words []uint64, word uint64) bool { return len(words) > 0 && words[0] == word }

// requestLine returns the input behind the empty line that may precede it.
func (c *comparison) requestLine() []byte {
	b := c.input
	if rest, ok := bytes.CutPrefix(b, []byte("\r\n")); ok {
		return rest
	}
	return bytes.TrimPrefix(b, []byte("\n"))
}

func methodOctet(c *comparison) bool {
	b := c.requestLine()
	at := c.n - (len(c.input) - len(b))
	return is(c.newest, wordMalformed) && !is(c.older, wordMalformed) &&
		at >= 0 && at < len(b) && !bytes.Contains(b[:at+1], []byte(" ")) && b[at] > ' ' && b[at] != 0x7f
}

func methodEmpty(c *comparison) bool {
	b := c.requestLine()
	return len(b) > 1 && b[0] == ' ' && b[1] != ' ' && is(c.newest, wordMalformed) && !is(c.older, wordMalformed)
}

// behindMethod returns what is behind the method and its SP.
func (c *comparison) behindMethod() []byte {
	_, rest, _ := bytes.Cut(c.requestLine(), []byte(" "))
	return rest
}

// olderVersion returns what the older release makes of the end of a request-line
// from the HTTP-version on, or 0 if it goes on behind it.
func olderVersion(b []byte) uint64 {
	const version = "HTTP/1."
	switch n := len(version) + 1; {
	case len(b) <= n:
		return wordIncomplete
	case string(b[:n-1]) != version || b[n-1] < '0' || b[n-1] > '9':
		return wordMalformed
	case b[n] == '\n', b[n] == '\r' && len(b) > n+1 && b[n+1] == '\n':
		return 0
	case b[n] == '\r' && len(b) == n+1:
		return wordIncomplete
	}
	return wordMalformed
}

func targetSpaces(c *comparison) bool {
	rest, ok := bytes.CutPrefix(c.behindMethod(), []byte(" "))
	version := olderVersion(rest)
	return ok && version != 0 && is(c.older, version)
}

func targetEmpty(c *comparison) bool {
	rest, ok := bytes.CutPrefix(c.behindMethod(), []byte(" "))
	return ok && olderVersion(rest) == 0 && is(c.newest, wordMalformed) && !is(c.older, wordMalformed)
}

func versionSpaces(c *comparison) bool {
	b := c.behindMethod()
	target, rest, _ := bytes.Cut(b, []byte(" "))
	return len(target) > 0 && len(rest) > 0 && rest[0] == ' ' && is(c.older, olderVersion(rest))
}

// behindVersion returns what is behind the HTTP-version of a status-line and an SP.
func (c *comparison) behindVersion() []byte {
	const version = "HTTP/1.1 "
	if len(c.input) < len(version) || c.input[len(version)-1] != ' ' {
		return nil
	}
	return c.input[len(version):]
}

func statusSpaces(c *comparison) bool {
	b := c.behindVersion()
	want := wordMalformed
	if len(b) < len("200 ") {
		want = wordIncomplete
	}
	return len(b) > 0 && b[0] == ' ' && is(c.older, want)
}

// behindStatus returns what is behind the status-code, if that is where the older
// release takes it to be.
func (c *comparison) behindStatus() []byte {
	b := c.behindVersion()
	if len(b) < len("200 ") || slices.ContainsFunc(b[:3], func(d byte) bool { return d < '0' || d > '9' }) {
		return nil
	}
	return b[3:]
}

func statusLineEnd(c *comparison) bool {
	b := c.behindStatus()
	return len(b) > 0 && (b[0] == '\r' || b[0] == '\n') && is(c.older, wordMalformed)
}

func statusSuffix(c *comparison) bool {
	b := c.behindStatus()
	return len(b) > 0 && b[0] != ' ' && b[0] != '\r' && b[0] != '\n' && !bytes.Contains(b, []byte("\n")) &&
		is(c.older, wordMalformed) && is(c.newest, wordIncomplete)
}

// spaces compares complete heads. ok says that they are alike, but that the older
// has white space behind values, or SP before the reason-phrase.
func (c *comparison) spaces() (reason, values, ok bool) {
	older, err1 := readHead(c.question, c.older)
	newest, err2 := readHead(c.question, c.newest)
	if err1 != nil || err2 != nil || older == nil || newest == nil {
		return false, false, false
	}
	if !bytes.Equal(older.reason, newest.reason) {
		reason = true
		older.reason = bytes.TrimLeft(older.reason, " ")
	}
	for i := range older.fields {
		f := &older.fields[i]
		if trimmed := bytes.TrimRight(f.value, " \t"); len(trimmed) != len(f.value) {
			values = true
			f.value = trimmed
		}
	}
	ok = older.n == newest.n && older.minor == newest.minor && older.status == newest.status &&
		same(older.method, newest.method) && same(older.target, newest.target) && same(older.reason, newest.reason) &&
		slices.EqualFunc(older.fields, newest.fields, func(a, b field) bool {
			return (a.name == nil) == (b.name == nil) && same(a.name, b.name) && same(a.value, b.value)
		})
	return reason, values, ok
}

// same reports whether two parts of an input are the same, and not only equal.
func same(a, b []byte) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// The productions of a body in chunked coding that the releases read in different
// ways.
type production uint8

const (
	inSize    production = iota // chunk-size
	inExt                       // what may be behind it, up to a CR
	inSizeLF                    // the LF behind that
	inData                      // chunk-data
	inDataCR                    // the CR behind it
	inDataLF                    // the LF behind that
	inTrailer                   // the trailer section
)

// productionAt returns the production that the octet at an offset belongs to, in a
// body that the newest release takes up to there.
func productionAt(b []byte, offset int) production {
	p, left := inSize, uint64(0)
	for i := 0; i < offset; i++ {
		switch c := b[i]; p {
		case inSize:
			switch {
			case isHexdig(c):
				left = left<<4 | uint64(digit(c))
				continue
			case c == '\r':
				p = inSizeLF
			default:
				p = inExt
			}
		case inExt:
			if c == '\r' {
				p = inSizeLF
			}
		case inSizeLF:
			if p = inData; left == 0 {
				return inTrailer
			}
		case inData:
			if left--; left == 0 {
				p = inDataCR
			}
		case inDataCR:
			p = inDataLF
		case inDataLF:
			p = inSize
		}
	}
	if p == inSize && offset > 0 && isHexdig(b[offset-1]) && bytes.IndexByte([]byte(" \t;\r\n"), b[offset]) >= 0 {
		p = inExt // which begins with the first octet behind the digits
	}
	return p
}

func digit(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// malformedIn reports whether the newest release calls a body malformed, in a
// production, and the older decodes it as the newest does up to there.
func (c *comparison) malformedIn(p production) bool {
	_, _, ok := c.sameUpToLast()
	return ok && c.n < len(c.input) && c.err != picohttp.ErrChunkOverhead && productionAt(c.input, c.n) == p
}

// sameUpToLast reports whether the newest release calls a body malformed, and the
// older answers the same to all calls before that, and to this one with the same
// data and maybe more, and something else than malformed.
func (c *comparison) sameUpToLast() (older, newest []call, ok bool) {
	older, err1 := readCalls(c.older)
	newest, err2 := readCalls(c.newest)
	last := len(newest) - 1
	if err1 != nil || err2 != nil || last < 0 || newest[last].result != -1 || len(older) <= last {
		return nil, nil, false
	}
	ok = bytes.HasPrefix(older[last].data, newest[last].data) &&
		slices.EqualFunc(older[:last], newest[:last], func(a, b call) bool { return a.result == b.result && bytes.Equal(a.data, b.data) })
	return older, newest, ok
}

func chunkOverhead(c *comparison) bool {
	older, newest, ok := c.sameUpToLast()
	if !ok || c.err != picohttp.ErrChunkOverhead || older[len(newest)-1].result != -2 {
		return false
	}
	read, data := 0, 0
	d := delivery{q: c.question}
	for _, call := range newest {
		from, to, _ := d.next()
		read += to - from
		data += len(call.data)
	}
	return read-data >= 100<<10 && data < read/4
}
