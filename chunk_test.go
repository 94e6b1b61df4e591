package picohttp

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http/httputil"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/picohttp/picohttp/internal/mutants"
)

// A chunkedWay decodes a body that arrives in pieces. The pieces end at the given offsets and at
// the end of b.
type chunkedWay struct {
	name   string
	decode func(g *guard, d Chunked, b []byte, ends []int) outcome
}

var chunkedWays = []chunkedWay{{"Next", decodeByNext}, {"Decode", decodeInPlace}}

// decodeByNext gives each piece to Next, at the end of a page, together with the bytes that the
// earlier pieces left.
func decodeByNext(g *guard, d Chunked, b []byte, ends []int) outcome {
	var body []byte
	at := 0
	for _, end := range append(ends, len(b)) {
		piece := g.atEnd(b[at:end])
		for begin := 0; ; {
			data, n, err := d.Next(piece[begin:])
			body = append(body, data...)
			begin += n
			at += n
			if err == ErrIncomplete {
				break
			} else if err != nil {
				return chunkedOutcome(&d, at, err, body)
			}
			if len(data) == 0 || cap(data) != len(data) {
				panic(fmt.Sprintf("a piece of %d bytes, capacity %d", len(data), cap(data)))
			}
		}
	}
	return chunkedOutcome(&d, at, ErrIncomplete, body)
}

func decodeInPlace(g *guard, d Chunked, b []byte, ends []int) outcome {
	var body []byte
	at := 0
	for _, end := range append(ends, len(b)) {
		piece := g.atEnd(b[at:end])
		size, n, err := d.Decode(piece)
		body = append(body, piece[:size]...)
		at += n
		if err != ErrIncomplete {
			return chunkedOutcome(&d, at, err, body)
		}
		if !bytes.Equal(piece[n:], b[at:end]) {
			panic("what was not consumed was written to")
		}
	}
	return chunkedOutcome(&d, at, ErrIncomplete, body)
}

// chunkedOutcome makes an outcome of what decoding a body returned. For an incomplete body, the
// offset is 0, because Next and Decode may consume different amounts.
func chunkedOutcome(d *Chunked, n int, err error, body []byte) outcome {
	o := outcome{n: n, parts: fmt.Sprintf("body %q\n", body)}
	switch e, _ := err.(Error); {
	case err == io.EOF:
		o.result = "complete"
		for name, value := range d.Trailer().Fields() {
			o.parts += fmt.Sprintf("trailer %q %q\n", name, value)
		}
	case err == ErrIncomplete:
		o.result, o.n = "incomplete", 0
	default:
		o.result, o.code = "malformed", e.Code()
	}
	for range 2 {
		if _, n, again := d.Next([]byte("x")); err != ErrIncomplete && (again != err || n != 0) {
			panic(fmt.Sprintf("after %v Next returns %d, %v", err, n, again))
		}
	}
	return o
}

// onlyOffset is o without the data before a fault, because vectors do not record it.
func (o outcome) onlyOffset() outcome {
	if o.result == "malformed" {
		o.parts = ""
	}
	return o
}

// chunked returns a decoder for the input of v.
func (v *vector) chunked() Chunked {
	return Chunked{Parser: &v.parser, LeaveTrailer: v.leave}
}

func TestChunked(t *testing.T) {
	vectors := profileVectors(t, "chunked")
	if len(vectors) < 361 {
		t.Fatalf("only %d vectors", len(vectors))
	}
	g := newGuard(t)
	rng := rand.New(rand.NewPCG(15, 16))
	for _, v := range vectors {
		whole := decodeByNext(g, v.chunked(), v.input, nil)
		if whole.onlyOffset() != v.want {
			t.Errorf("%s\ninput %.300q\ngot  %.300v\nwant %.300v", v.name, v.input, whole, v.want)
			continue
		}
		for _, way := range chunkedWays {
			check := func(ends ...int) {
				t.Helper()
				if got := way.decode(g, v.chunked(), v.input, ends); got != whole {
					t.Fatalf("%s by %s in pieces that end at %.60v\ninput %.300q\ngot  %.300v\nwant %.300v", v.name, way.name, ends, v.input, got, whole)
				}
			}
			check()
			eachDelivery(rng, v.input, check)
		}
	}
}

// TestChunkedPrefixes checks that a fault is reported at its byte, whatever follows.
func TestChunkedPrefixes(t *testing.T) {
	g := newGuard(t)
	for _, v := range loadVectors(t, "chunked") {
		if len(v.input) > 4096 || v.want.code == ErrTrailerTooLong.Code() || v.want.code == ErrTrailerField.Code() {
			continue
		}
		for end := range v.input {
			got := decodeByNext(g, v.chunked(), v.input[:end], nil).onlyOffset()
			switch {
			case v.want.result == "malformed" && end > v.want.n, v.want.result == "complete" && end >= v.want.n:
				if got != v.want {
					t.Fatalf("%s: %q\ngot  %v\nwant %v", v.name, v.input[:end], got, v.want)
				}
			case got.result != "incomplete":
				t.Fatalf("%s: %q: %v", v.name, v.input[:end], got)
			}
		}
	}
}

// TestChunkedOverhead checks the arithmetic in the comment of Chunked.
func TestChunkedOverhead(t *testing.T) {
	plain := strings.Repeat("1\r\nx\r\n", 1_000_000)
	d := Chunked{}
	if size, _, err := d.Decode([]byte(plain)); size != 1_000_000 || err != ErrIncomplete {
		t.Errorf("chunks of one byte: %d, %v", size, err)
	}
	d.Reset()
	wasteful := strings.Repeat("1;"+strings.Repeat("e", 99)+"\r\nx\r\n", 1000)
	if size, _, err := d.Decode([]byte(wasteful)); size != 188 || err != ErrChunkOverhead {
		t.Errorf("with 100 bytes of extensions: %d, %v", size, err)
	}
	// 15 digits and one byte of data make 19 bytes of overhead, of which 18 are allowed.
	d = Chunked{Parser: &Parser{MaxChunkOverhead: 10}}
	if size, _, err := d.Decode([]byte(strings.Repeat("000000000000001\r\nx\r\n", 20))); size != 10 || err != ErrChunkOverhead {
		t.Errorf("15 digits: %d, %v", size, err)
	}
	d = Chunked{}
	if size, _, err := d.Decode([]byte(strings.Repeat("00000000000001\r\nx\r\n", 20_000))); size != 20_000 || err != ErrIncomplete {
		t.Errorf("14 digits: %d, %v", size, err)
	}
	// What larger chunks leave unused reduces the total.
	d.Reset()
	mixed := strings.Repeat("1;"+strings.Repeat("e", 99)+"\r\nx\r\n20\r\n"+strings.Repeat("y", 32)+"\r\n", 2000)
	if size, _, err := d.Decode([]byte(mixed)); err != ErrChunkOverhead || size < 188*33 {
		t.Errorf("mixed: %d, %v", size, err)
	}
	d.Reset()
	mixed = strings.Repeat("1;"+strings.Repeat("e", 99)+"\r\nx\r\n30\r\n"+strings.Repeat("y", 48)+"\r\n", 1000)
	if size, _, err := d.Decode([]byte(mixed)); err != ErrIncomplete || size != 49_000 {
		t.Errorf("mixed with more: %d, %v", size, err)
	}
}

// TestPicoOverhead checks picohttpparser's limit: at the end of a call, a quarter of all bytes
// must be data if the others are 100 KiB or more.
func TestPicoOverhead(t *testing.T) {
	const most = 100 << 10
	for _, test := range []struct {
		data, rest int // bytes so far, in the body
		want       error
	}{
		{0, most - 1, ErrIncomplete},
		{0, most, ErrChunkOverhead},
		{most/3 - 1, most, ErrChunkOverhead},
		{most / 3, most, ErrIncomplete}, // the quarter is rounded down
		{most / 3, most + 5, ErrChunkOverhead},
		{most, most + 1000, ErrIncomplete},
	} {
		var b []byte
		if test.data > 0 {
			b = fmt.Appendf(nil, "%x\r\n%s\r\n", test.data, strings.Repeat("x", test.data))
		}
		b = append(b, "1;"...)
		b = append(b, bytes.Repeat([]byte("e"), test.rest+test.data-len(b))...)
		d := Chunked{Parser: &Parser{Profile: Pico}}
		for range 2 {
			size, n, err := d.Decode(bytes.Clone(b))
			if size != test.data || n != len(b) || err != test.want {
				t.Errorf("%+v: Decode has %d of data, %d, %v", test, size, n, err)
			}
			d.Reset()
		}
		n, err := 0, error(nil)
		for err == nil {
			var m int
			_, m, err = d.Next(b[n:])
			n += m
		}
		if n != len(b) || err != test.want {
			t.Errorf("%+v: Next has %d, %v", test, n, err)
		}
		// A call that reaches the end of the body is not subject to the limit.
		ended := append(b, "\r\ny\r\n0\r\n\r\n"...)
		d.Reset()
		if _, _, err := d.Decode(ended); err != io.EOF {
			t.Errorf("%+v: ended %v", test, err)
		}
	}
}

// TestPicoOverheadOfMany checks that the content of every chunk counts, whichever way it was
// read.
func TestPicoOverheadOfMany(t *testing.T) {
	b := []byte(strings.Repeat("14\r\n"+strings.Repeat("x", 20)+"\r\n", 5000) + "1;" + strings.Repeat("e", 150<<10))
	for _, way := range chunkedWays {
		o := way.decode(newGuard(t), Chunked{Parser: &Parser{Profile: Pico}}, b, nil)
		if o.result != "incomplete" {
			t.Errorf("%s: %.100v", way.name, o)
		}
	}
}

// TestMoveRun compares moveRun with moveRunGeneric. Chunks of 1 to 599 bytes are moved by random
// short distances. Some are cut off, have a wrong byte after the data, or are followed by chunks
// of another size.
func TestMoveRun(t *testing.T) {
	g, other := newGuard(t), newGuard(t)
	rng := rand.New(rand.NewPCG(21, 22))
	moved := 0
	for size := 1; size < 600; size++ {
		for round := range 40 {
			line := fmt.Sprintf("%0*x\r\n", 1+rng.IntN(8), size)
			if size < 17 && round > 20 {
				line = fmt.Sprintf("%x\r\n", size)
			}
			gap := rng.IntN(20)
			b := make([]byte, gap)
			for range rng.IntN(6) {
				b = append(b, line...)
				for range size {
					b = append(b, byte(rng.Uint32()))
				}
				b = append(b, "\r\n"...)
				if rng.IntN(20) == 0 {
					b[len(b)-1-rng.IntN(2)] ^= 1 << rng.IntN(8)
				}
				if rng.IntN(20) == 0 {
					line = fmt.Sprintf("%x\r\n", 1+rng.IntN(600))
				}
			}
			b = append(b, line[:rng.IntN(len(line))]...)
			if rng.IntN(3) == 0 {
				b = b[:gap+rng.IntN(len(b)-gap+1)]
			}
			n, digits := plainLine(b[gap:])
			if digits == 0 || len(b)-gap < 8 {
				continue
			}
			r := run{word: binary.LittleEndian.Uint64(b[gap:]), mask: 1<<(8*digits) - 1, n: digits, size: int(n)}
			want := other.atEnd(b)
			chunks := moveRunGeneric(want, 0, gap, r)
			for _, got := range [][]byte{g.atEnd(b), g.atStart(b)} {
				if n := moveRun(got, 0, gap, r); n != chunks || !bytes.Equal(got, want) {
					t.Fatalf("%d chunks, want %d\nof %q\ngot  %q\nwant %q", n, chunks, b, got, want)
				}
			}
			moved += chunks
		}
	}
	if moved < 20_000 {
		t.Errorf("only %d chunks were moved", moved)
	}
}

// TestDecodeRuns compares Decode, which moves runs of chunks at once, with Next. A line that
// differs from the one before in any bit ends a run.
func TestDecodeRuns(t *testing.T) {
	g := newGuard(t)
	for digits := 2; digits <= 14; digits++ {
		line := fmt.Sprintf("%0*x\r\n", digits, 0x20)
		chunk := line + strings.Repeat("d", 0x20) + "\r\n"
		for bit := range 8 * len(line) {
			other := []byte(line)
			other[bit/8] ^= 1 << (bit % 8)
			body := []byte(strings.Repeat(chunk, 3) + string(other) + chunk[len(line):] + strings.Repeat(chunk, 3) + "0\r\n\r\n")
			want := decodeByNext(g, Chunked{}, body, nil)
			if got := decodeInPlace(g, Chunked{}, body, nil); got != want {
				t.Fatalf("%q: %v, want %v", body, got, want)
			}
		}
	}
}

// TestChunkedLongTrailer checks the offset of a fault after more field lines than the index
// holds.
func TestChunkedLongTrailer(t *testing.T) {
	for _, before := range []int{0, 1, tableFields - 1, tableFields, tableFields + 1, 200} {
		lines := strings.Repeat("A: b\r\n", before)
		body := "0\r\n" + lines + "Host: h\r\nA: b\r\n\r\n"
		var d Chunked
		if _, n, err := d.Decode([]byte(body)); err != ErrTrailerField || n != len("0\r\n"+lines) {
			t.Errorf("after %d lines: %d, %v", before, n, err)
		}
	}
}

// TestChunkedAgain checks that Reset leaves nothing of the previous body.
func TestChunkedAgain(t *testing.T) {
	d := Chunked{Parser: &Parser{MaxChunkExtBytes: 4}}
	d.Decode([]byte("0\r\nA: b\r\n\r\n"))
	if d.Reset(); d.Trailer().NumFields() != 0 || d.trailer.b != nil {
		t.Error("Reset leaves a trailer section")
	}
	for range 3 {
		for body, want := range map[string]error{
			"1\r\nx\r\n0\r\nA: b\r\n\r\n": io.EOF,
			"0\r\n\r\n":                   io.EOF,
			"1;aaaa\r\n":                  ErrChunkExtTooLong,
			"1;aaa\r\n":                   ErrIncomplete,
			"8;a\r":                       ErrIncomplete,
			"0\r\nHost: h\r\n\r\n":        ErrTrailerField,
			"0\r\nA: b\r\nB: ":            ErrIncomplete,
		} {
			d.Reset()
			if _, _, err := d.Decode([]byte(body)); err != want {
				t.Errorf("%q: %v", body, err)
			}
			if fields := d.Trailer().NumFields(); fields != strings.Count(body, ": b") && want == io.EOF {
				t.Errorf("%q: %d fields", body, fields)
			}
		}
	}
}

// TestChunkedAnyOrder checks that random sequences of calls do not panic.
func TestChunkedAnyOrder(t *testing.T) {
	seeds := seeds(t, "chunked")
	rng := rand.New(rand.NewPCG(17, 18))
	var d Chunked
	for range 200_000 {
		b := mutants.Make(rng, seeds)
		switch rng.IntN(8) {
		case 0:
			d.Reset()
		case 1, 2, 3:
			if data, n, _ := d.Next(b); n > len(b) || len(data) > n {
				t.Fatal(len(data), n)
			}
		case 4, 5, 6:
			if size, n, _ := d.Decode(b); n > len(b) || size > n {
				t.Fatal(size, n)
			}
		case 7:
			d.Parser = &Parser{MaxTrailerBytes: rng.IntN(50), MaxFields: rng.IntN(3), MaxChunkOverhead: rng.IntN(100)}
		}
		d.Trailer().describe()
	}
}

// chunkLine is a chunk-size line of RFC 9112, section 7.1 as a regular expression, derived from
// the ABNF independently of the parser.
var chunkLine = func() *regexp.Regexp {
	const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
	const quoted = `"(?:[\t \x21\x23-\x5b\x5d-\x7e\x{80}-\x{ff}]|\\[\t \x21-\x7e\x{80}-\x{ff}])*"`
	return regexp.MustCompile(`^([0-9A-Fa-f]{1,16})((?:[\t ]*;[\t ]*` + token + `(?:[\t ]*=[\t ]*(?:` + token + `|` + quoted + `))?)*)\r\n`)
}()

var trailerGrammar = regexp.MustCompile(`^` + fieldLines)

var spaceBeforeExt = regexp.MustCompile(`[0-9A-Fa-f][\t ]+;`)

// chunkedByGrammar decodes a complete body by the grammar, with no limit but that of a
// chunk-size.
func chunkedByGrammar(b []byte) (body []byte, n int, ok bool) {
	for {
		lineEnd := n + bytes.IndexByte(b[n:], '\n') + 1 // if there is none, there is no match
		line := chunkLine.FindStringSubmatch(latin1(b[n:lineEnd]))
		if line == nil {
			return nil, 0, false
		}
		n += len([]rune(line[0]))
		size, err := strconv.ParseInt(line[1], 16, 64)
		if err != nil {
			return nil, 0, false
		}
		if size == 0 {
			length := matchLength(trailerGrammar, b[n:])
			return body, n + length, length > 0
		}
		if int64(len(b)-n)-2 < size || string(b[n+int(size):n+int(size)+2]) != "\r\n" {
			return nil, 0, false
		}
		body = append(body, b[n:n+int(size)]...)
		n += int(size) + 2
	}
}

// nethttpChunkedAccepts are the faults that net/http's decoder accepts.
var nethttpChunkedAccepts = map[Error]string{
	ErrChunkExt:        "extensions are dropped unread, and so is whitespace at the end of the line",
	ErrChunkSize:       "whitespace at the end of the line, or a size of 2^63 and more",
	ErrBareCR:          "extensions are dropped unread",
	ErrBareLF:          "in trailer sections, which it leaves to others",
	ErrChunkExtTooLong: "its limit is for the line, and larger",
	ErrFieldName:       "trailer sections are left to others",
	ErrFieldValue:      "trailer sections are left to others",
	ErrLeadingSpace:    "trailer sections are left to others",
	ErrObsFold:         "trailer sections are left to others",
	ErrTrailerField:    "trailer sections are left to others",
	ErrTrailerTooLong:  "trailer sections are left to others",
	ErrTooManyFields:   "trailer sections are left to others",
	ErrChunkOverhead:   "it does not count the CRLF of a line",
}

// allWays decodes b in each way, whole and in pieces, and returns the outcome, which must be the
// same for all of them.
func allWays(t *testing.T, g *guard, d Chunked, b []byte, ends []int, byByte bool) outcome {
	whole := decodeByNext(g, d, b, nil)
	for _, way := range chunkedWays {
		if got := way.decode(g, d, b, nil); got != whole {
			t.Fatalf("by %s: %v, by Next: %v\n%q", way.name, got, whole, b)
		}
		if got := way.decode(g, d, b, slices.Clone(ends)); got != whole {
			t.Fatalf("by %s in pieces that end at %v: %v, whole: %v\n%q", way.name, ends, got, whole, b)
		}
		if byByte {
			if got := way.decode(g, d, b, everyOffset(b)); got != whole {
				t.Fatalf("by %s byte by byte: %v, whole: %v\n%q", way.name, got, whole, b)
			}
		}
	}
	return whole
}

// checkChunked checks that a body has the same outcome however it is delivered and decoded. If
// the body is complete, the grammar and net/http's decoder must agree.
func checkChunked(t *testing.T, g *guard, p *Parser, b []byte, ends []int, byByte bool) {
	allWays(t, g, Chunked{Parser: p}, b, ends, byByte)
	pico := allWays(t, g, Chunked{Parser: &Parser{Profile: Pico}}, b, ends, byByte)
	left := allWays(t, g, Chunked{Parser: &Parser{Profile: Pico}, LeaveTrailer: true}, b, ends, byByte)
	if pico.result == "complete" && (left.result != "complete" || left.n >= pico.n || left.parts != pico.parts) {
		t.Fatalf("pico: %v, with the trailer section left: %v\n%q", pico, left, b)
	}

	var d Chunked
	own := bytes.Clone(b)
	size, n, err := d.Decode(own)
	if err == io.EOF {
		err = nil
	}
	if err == nil && (pico.result != "complete" || pico.n != n || pico.parts != fmt.Sprintf("body %q\n", own[:size])) {
		t.Fatalf("%q, %d; pico: %v\n%q", own[:size], n, pico, b)
	}
	body, length, ok := chunkedByGrammar(b)
	fault, _ := err.(Error)
	limited := fault == ErrChunkExtTooLong || fault == ErrChunkOverhead || fault == ErrTrailerTooLong || fault == ErrTooManyFields || fault == ErrTrailerField
	if ok != (err == nil) && !limited || err == nil && (n != length || !bytes.Equal(own[:size], body)) {
		t.Fatalf("%d bytes, %v; the grammar says %d, %v\n%q", n, err, length, ok, b)
	}
	peer, peerErr := io.ReadAll(httputil.NewChunkedReader(bufio.NewReader(bytes.NewReader(b))))
	switch {
	case err == nil && peerErr != nil && spaceBeforeExt.Match(b):
		// net/http rejects BWS between chunk-size and ";"
	case err == nil && (peerErr != nil || !bytes.Equal(peer, own[:size])):
		t.Fatalf("net/http has %q, %v\n%q", peer, peerErr, b)
	case fault != 0 && peerErr == nil && nethttpChunkedAccepts[fault] == "":
		t.Fatalf("net/http accepts what is %v at %d\n%q", err, n, b)
	case err == ErrIncomplete && peerErr == nil && d.part < trailerBegin:
		t.Fatalf("net/http finds an end in an incomplete body\n%q", b)
	}
}

// FuzzChunked is checkChunked with limits.
func FuzzChunked(f *testing.F) {
	for _, b := range seeds(f, "chunked") {
		if len(b) <= 2048 {
			f.Add(b, uint16(len(b)/3), uint16(len(b)/2), uint8(0))
			f.Add(b, uint16(1), uint16(8), uint8(9))
		}
	}
	g := newGuard(f)
	f.Fuzz(func(t *testing.T, b []byte, first, second uint16, tight uint8) {
		ends := []int{min(int(first), len(b)), min(int(second), len(b))}
		slices.Sort(ends)
		p := &Parser{MaxChunkExtBytes: int(tight), MaxChunkOverhead: int(tight) * 4, MaxTrailerBytes: int(tight) * 2, MaxFields: int(tight >> 3)}
		checkChunked(t, g, p, b, ends, tight%8 == 0)
	})
}

// TestChunkedOfMutants is FuzzChunked over random mutants.
func TestChunkedOfMutants(t *testing.T) {
	seeds := seeds(t, "chunked")
	g := newGuard(t)
	rng := rand.New(rand.NewPCG(19, 20))
	for range mutants.Count(20_000) {
		b := mutants.Make(rng, seeds)
		ends := []int{rng.IntN(len(b) + 1)}
		checkChunked(t, g, &Parser{MaxChunkExtBytes: rng.IntN(100)}, b, ends, len(b) < 100)
	}
}
