package main

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"

	"github.com/picohttp/picohttp"
)

// A difference is one between two releases of picohttpparser: the older, which is in Debian's h2o,
// and the newest, which the profile Pico follows. The answer to the example tells which of the
// two an oracle is.
type difference struct {
	name          string
	kind          kind
	input         string // the example
	older, newest string // the answers, as question.text shows them
	// explains reports whether this is why two answers differ.
	explains func(c *comparison) bool
}

// A comparison is a question and two answers that differ, or of which picohttp's is wrong.
type comparison struct {
	question
	older, newest answer // older is picohttpparser's, newest is picohttp's
	n             int    // where the input is malformed according to picohttp
	err           error  // why
	wrong         bool   // the outcome contradicts the n for a longer input
}

var differences = []difference{
	// The older release accepts any byte but SP and control characters in a method.
	{"method-byte", request, "G(T / HTTP/1.1\r\n\r\n",
		`18, 1, 0, "G(T", "/"`, "-1", func(c *comparison) bool {
			return c.newest.is(malformed) && c.n < len(c.input) && methodByte.Match(c.input[:c.n+1])
		}},
	{"method-empty", request, " / HTTP/1.1\r\n\r\n",
		`15, 1, 0, "", "/"`, "-1", outcomes(anyOutcome, malformed, `^(\r?\n)? [^ ]`)},
	// With several SP before it, the target is empty for the older release.
	{"target-spaces", request, "GET  / HTTP/1.1\r\n\r\n",
		"-1", `19, 1, 0, "GET", "/"`, spaces(`(?s)^[^ ]*  (.*)`, len("HTTP/1.1"))},
	{"target-empty", request, "GET  HTTP/1.1\r\n\r\n",
		`17, 1, 0, "GET", ""`, "-1", outcomes(anyOutcome, malformed, `^[^ ]*  HTTP/1\.[0-9]\r?\n`)},
	{"version-spaces", request, "GET /  HTTP/1.1\r\n\r\n",
		"-1", `19, 1, 0, "GET", "/"`, spaces(`(?s)^[^ ]* [^ ]+ ( .*)`, len("HTTP/1.1"))},
	{"status-spaces", response, "HTTP/1.1  200 OK\r\n\r\n",
		"-1", `20, 1, 200, "OK", ""`, spaces(`(?s)^HTTP/1\.[0-9] ( .*)`, len("200"))},
	// The older release wants an SP after the status-code.
	{"status-line-end", response, "HTTP/1.1 200\r\n\r\n",
		"-1", `16, 1, 200, "", ""`, outcomes(malformed, anyOutcome, `^HTTP/1\.[0-9] [0-9]{3}[\r\n]`)},
	// The newest release checks what follows the status-code once the whole line is there.
	{"status-suffix", response, "HTTP/1.1 200x",
		"-1", "-2", outcomes(malformed, incomplete, `^HTTP/1\.[0-9] [0-9]{3}[^ \r\n][^\n]*$`)},
	// Of several SP before the reason-phrase, the older release removes one.
	{"reason-spaces", response, "HTTP/1.1 200  OK \r\n\r\n",
		`21, 1, 200, " OK ", ""`, `21, 1, 200, "OK ", ""`, func(c *comparison) bool { return c.differInSpace(0) }},
	// The older release removes no whitespace after a value.
	{"value-spaces", trailer, "A: b\t \r\n  c \r\n \r\n\r\n",
		`19, 0, 0, "", "", "A", "b\t ", folded, "  c ", folded, " "`,
		`19, 0, 0, "", "", "A", "b", folded, "  c", folded, ""`, func(c *comparison) bool { return c.differInSpace(1) }},
	// The older release ignores what follows the chunk-size, up to an LF.
	{"chunk-size-suffix", chunked, "1g\r\nx\r\n0\r\n\r\n",
		`0, "x"`, `-1, ""`, body(picohttp.ErrChunkSize, false, `[0-9A-Fa-f][^0-9A-Fa-f \t;\r\n]$`)},
	{"chunk-size-bare-lf", chunked, "1\nx\r\n0\r\n\r\n",
		`0, "x"`, `-1, ""`, body(picohttp.ErrBareLF, false, `\n$`)},
	{"chunk-size-bare-cr", chunked, "1\r;\r\nx\r\n0\r\n\r\n",
		`0, "x"`, `-1, ""`, body(picohttp.ErrBareCR, false, `\r[^\n]$`)},
	{"chunk-data-bare-lf", chunked, "1\r\nx\n0\r\n\r\n",
		`0, "x"`, `-1, "x"`, body(picohttp.ErrBareLF, true, `\n$`)},
	{"chunk-data-repeated-cr", chunked, "1\r\nx\r\r\n0\r\n\r\n",
		`0, "x"`, `-1, "x"`, body(picohttp.ErrBareCR, true, `\r$`)},
	{"chunk-overhead", chunked, "1;" + string(bytes.Repeat([]byte("a"), 100<<10-2)),
		`-2, ""`, `-1, ""`, chunkOverhead},
}

// explained returns the numbers of the differences that explain c, of those that the library has.
// There are two if both a reason-phrase and a value differ.
func (c *comparison) explained(older []bool) (found []int) {
	for i, d := range differences {
		if older[i] && !c.wrong && d.covers(c.kind) && d.explains(c) {
			found = append(found, i)
		}
	}
	return found
}

// covers reports whether inputs of a kind can have a difference. All heads have fields, and all
// bodies have chunks.
func (d *difference) covers(k kind) bool {
	return d.kind == k || d.kind == trailer && k < chunked || d.kind == chunked && k == chunkedLeave
}

func (d *difference) question() question {
	return question{kind: d.kind, maxFields: maxFields, input: []byte(d.input)}
}

// release reports for each difference whether an oracle returns what the older release does.
func release(o *oracle) (older []bool) {
	for _, d := range differences {
		q := d.question()
		older = append(older, q.text(*o.ask(&q)) == d.older)
	}
	return older
}

// outcomes explains answers with these outcomes, of which one may be anyOutcome, to an input that
// matches the pattern.
func outcomes(older, newest int, pattern string) func(c *comparison) bool {
	input := regexp.MustCompile(pattern)
	return func(c *comparison) bool {
		return (older == anyOutcome || c.older.is(older)) && (newest == anyOutcome || c.newest.is(newest)) &&
			input.Match(c.input)
	}
}

var (
	methodByte = regexp.MustCompile(`^[^ ]*[^\x00- \x7f]$`) // up to and with the malformed byte
	versionEnd = regexp.MustCompile(`^HTTP/1\.[0-9]\r?\n`)
	versionCut = regexp.MustCompile(`^HTTP/1\.[0-9]\r$`)
)

// spaces explains what the older release does where the newest skips several SP: it reads the group
// of the pattern as the next part of the line. It must report incomplete if the group is short or a
// version that is cut off, and else malformed. A whole version is not explained here, because the
// older release accepts it.
func spaces(pattern string, short int) func(c *comparison) bool {
	input := regexp.MustCompile(pattern)
	return func(c *comparison) bool {
		groups := input.FindSubmatch(c.input)
		if groups == nil || versionEnd.Match(groups[1]) {
			return false
		}
		outcome := malformed
		if len(groups[1]) <= short || versionCut.Match(groups[1]) {
			outcome = incomplete
		}
		return c.older.is(outcome)
	}
}

// differInSpace reports whether both heads are complete and differ only in that the older release
// keeps SP before the reason-phrase or whitespace after values. If first is 0, there must be some in
// the reason-phrase, and if it is 1, in a value.
func (c *comparison) differInSpace(first int) (found bool) {
	older, newest := c.older.words, c.newest.words
	if len(older) <= firstPart || len(older) != len(newest) || !slices.Equal(older[:firstPart], newest[:firstPart]) {
		return false
	}
	for i, word := range older[firstPart:] {
		part := c.part(word)
		from, trimmed := word>>32, part
		switch {
		case i == 0 && c.kind == response:
			trimmed = bytes.TrimLeft(part, " ")
			from += len(part) - len(trimmed)
		case i > 1 && i%2 == 1:
			trimmed = bytes.TrimRight(part, " \t")
		}
		if len(trimmed) == 0 {
			from = 0
		}
		switch newest[firstPart+i] {
		case word:
		case from<<32 | len(trimmed):
			found = found || i%2 == first
		default:
			return false
		}
	}
	return found
}

// body explains a body that the newest release rejects with err, either right after chunk-data or
// elsewhere, and that the older one decodes in the same way up to there. The pattern must match the
// malformed byte and the one before it.
func body(err picohttp.Error, isAfterData bool, pattern string) func(c *comparison) bool {
	end := regexp.MustCompile(pattern)
	return func(c *comparison) bool {
		return c.err == err && c.n < len(c.input) && isAfterData == afterData(c.input, c.n) &&
			end.Match(c.input[max(0, c.n-1):c.n+1]) && c.sameUpToLast()
	}
}

// afterData reports whether the byte at an offset is one of the two after chunk-data. The newest
// release must accept the body up to there.
func afterData(b []byte, offset int) bool {
	for from := 0; from < offset; from += 2 {
		line, _, found := bytes.Cut(b[from:offset], []byte("\n"))
		digits := bytes.TrimLeft(line, "0123456789ABCDEFabcdef")
		size, err := strconv.ParseUint(string(line[:len(line)-len(digits)]), 16, 32)
		if !found || err != nil || size == 0 {
			return false
		}
		if from += len(line) + 1 + int(size); from == offset || from+1 == offset {
			return true
		}
	}
	return false
}

// sameUpToLast reports whether the newest release reports a body malformed, and the older one
// answered all earlier calls in the same way, and this one with at least the same data.
func (c *comparison) sameUpToLast() bool {
	older, newest := c.older.words, c.newest.words
	last := len(newest) - 2
	return last >= 0 && newest[last] == malformed && len(older) > last+1 &&
		slices.Equal(older[:last], newest[:last]) && older[last+1] >= newest[last+1] &&
		bytes.HasPrefix(c.older.data, c.newest.data)
}

func chunkOverhead(c *comparison) bool {
	last := len(c.newest.words) - 2
	if c.err != picohttp.ErrChunkOverhead || !c.sameUpToLast() || c.older.words[last] != incomplete {
		return false
	}
	read, calls := 0, last/2
	for _, read = range c.delivered() {
		if calls--; calls < 0 {
			break
		}
	}
	data := len(c.newest.data)
	return read-data >= 100<<10 && data < read/4
}
