package picohttp

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/picohttp/picohttp/internal/mutants"
)

// FuzzLaws checks what must be true of the methods of any message, in each profile.
func FuzzLaws(f *testing.F) {
	for _, b := range lawSeeds(f) {
		if len(b) <= 2048 {
			f.Add(b, uint16(len(b)/2))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, at uint16) {
		for _, s := range subjects {
			checkMethods(t, s, b, int(at))
		}
	})
}

// TestLaws is FuzzLaws over random mutants.
func TestLaws(t *testing.T) {
	rng := rand.New(rand.NewPCG(27, 28))
	seeds := lawSeeds(t)
	for _, s := range subjects {
		complete := 0
		all := mutants.Count(10_000)
		for range all {
			if checkMethods(t, s, mutants.Make(rng, seeds), rng.IntN(4096)) {
				complete++
			}
		}
		if complete*50 < all {
			t.Errorf("%s: only %d of %d mutants are complete in some profile", s.folder, complete, all)
		}
	}
}

func lawSeeds(t testing.TB) (seeds [][]byte) {
	all := loadVectors(t, "check")
	for _, folder := range []string{"requests", "responses", "trailers", "framing"} {
		all = append(all, profileVectors(t, folder)...)
	}
	for _, v := range all {
		if len(v.input) <= 8<<10 {
			seeds = append(seeds, v.input)
		}
	}
	return seeds
}

// checkMethods checks the laws for b as a message of a kind, and reports whether a profile
// accepts it.
func checkMethods(t *testing.T, s subject, b []byte, at int) (complete bool) {
	for _, p := range []Parser{{}, lenient(AllDeviations), {Profile: Pico}} {
		r := parseAs(s, &p, b)
		h := r.places()
		checkSpans(t, h, b)
		checkElements(t, h, b)
		checkMove(t, s, &p, b)
		checkOffsets(t, r.message, b)
		checkResume(t, s, &p, b, at)
		if h.Settled() > r.n && r.err != ErrIncomplete || r.err == nil && h.Settled() != r.n || !bytes.Equal(h.Bytes(), b[:h.Settled()]) {
			t.Fatalf("%d bytes are settled, %d, %v\n%q", h.Settled(), r.n, r.err, b)
		}
		if r.err != nil {
			continue
		}
		complete = true
		switch m := r.message.(type) {
		case *Request:
			checkVerdict(t, m, b)
			checkEndToEnd(t, h, m.EndToEnd(), b)
		case *Response:
			checkEndToEnd(t, h, m.EndToEnd(), b)
		}
	}
	return complete
}

// checkVerdict checks that Check agrees with Host and Framing, and that KeepAlive is false along
// with an error.
func checkVerdict(t *testing.T, r *Request, b []byte) {
	t.Helper()
	checkPlainAgrees(t, r, b)
	v, err := r.Check()
	host, hostErr := r.Host()
	framing, framingErr := r.Framing()
	switch {
	case err == nil && (hostErr != nil || framingErr != nil || v.Framing != framing || framing.OtherCoding),
		err != nil && v.KeepAlive,
		hostErr != nil && err != hostErr,
		err == ErrCoding != (hostErr == nil && framingErr == nil && framing.OtherCoding && err == ErrCoding):
		t.Fatalf("Check %+v, %v; Host %q, %v; Framing %+v, %v\n%q", v, err, host, hostErr, framing, framingErr, b)
	}
	if err != nil && err != hostErr && err != framingErr && err != ErrTargetForm && err != ErrAuthority && err != ErrCoding {
		t.Fatalf("Check: %v\n%q", err, b)
	}
	if err != nil {
		return
	}
	switch target := r.Target(); v.Form {
	case OriginForm, AsteriskForm:
		if !bytes.Equal(v.Authority, host) {
			t.Fatalf("authority %q, Host %q\n%q", v.Authority, host, b)
		}
	default:
		if len(v.Authority) == 0 || !bytes.Contains(target, v.Authority) || v.KeepAlive && r.Deviations()&(HostDiffers|HostInvalid) != 0 {
			t.Fatalf("authority %q\n%q", v.Authority, b)
		}
	}
	if origin := r.AppendOriginForm(nil); v.Form != AuthorityForm && string(origin) != "*" && origin[0] != '/' {
		t.Fatalf("origin-form %q\n%q", origin, b)
	}
}

// checkPlainAgrees checks that if checkPlain returns a result, check returns the same.
func checkPlainAgrees(t *testing.T, r *Request, b []byte) (decided bool) {
	t.Helper()
	var plain, full Verdict
	if !r.checkPlain(&plain) {
		return false
	}
	err := r.check(&full)
	if err != nil || plain.Framing != full.Framing || plain.Form != full.Form || !sameSlice(plain.Authority, full.Authority) {
		t.Fatalf("checkPlain returns %+v, check %+v, %v\n%q", plain, full, err, b)
	}
	return true
}

// sameSlice reports whether two slices are the same bytes at the same address.
func sameSlice(a, b []byte) bool {
	return len(a) == len(b) && cap(a) == cap(b) && (len(a) == 0 || &a[0] == &b[0])
}

// checkEndToEnd checks that the fields that a proxy forwards are some of the fields, and that
// Strict accepts them.
func checkEndToEnd(t *testing.T, h *Head, fields iter.Seq2[[]byte, []byte], b []byte) {
	t.Helper()
	section := []byte{}
	i := 0
	for name, value := range fields {
		for ; ; i++ {
			if i == h.NumFields() {
				t.Fatalf("%q: %q is not among the fields, or not in their order\n%q", name, value, b)
			}
			if n, v := h.Field(i); bytes.Equal(n, name) && bytes.Equal(v, value) {
				break
			}
		}
		i++
		for _, dropped := range []string{"connection", "keep-alive", "te", "transfer-encoding", "upgrade", "content-length"} {
			if equalName(name, dropped) {
				t.Fatalf("%q is forwarded\n%q", name, b)
			}
		}
		if h.HasToken("Connection", string(name)) {
			t.Fatalf("%q is named by Connection\n%q", name, b)
		}
		section = AppendField(section, name, value)
	}
	section = append(section, "\r\n"...)
	p := Parser{MaxTrailerBytes: -1, MaxFields: -1}
	var again Trailer
	if n, err := p.ParseTrailer(&again, section); n != len(section) || err != nil {
		t.Fatalf("written again: %d, %v\n%q\n%q", n, err, section, b)
	}
}

// checkSpans checks that Span, Field, Index and Get agree.
func checkSpans(t *testing.T, h *Head, b []byte) {
	t.Helper()
	next := 0
	for i := range h.NumFields() {
		name, value := h.Field(i)
		s := h.Span(i)
		if s.Line < next || s.NameEnd < s.Line || s.Value < s.NameEnd || s.End < s.Value || s.Next <= s.End || s.Next > len(b) ||
			!bytes.Equal(b[s.Line:s.NameEnd], name) || !bytes.Equal(b[s.Value:s.End], value) || b[s.Next-1] != '\n' ||
			s.Colon >= 0 && b[s.Colon] != ':' || (s.Colon < 0) != (len(name) == 0) {
			t.Fatalf("field %d is %q: %q, its span %+v\n%q", i, name, value, s, b)
		}
		next = s.Next
		if at := h.Index(string(name), i); at != i {
			t.Fatalf("Index(%q, %d) is %d\n%q", name, i, at, b)
		}
		first := h.Index(string(bytes.ToUpper(name)), 0)
		if got, ok := h.Get(string(bytes.ToLower(name))); !ok || first > i || !bytes.Equal(got, second(h.Field(first))) {
			t.Fatalf("Get(%q) is %q, %v; Index %d\n%q", name, got, ok, first, b)
		}
	}
	if h.Index("no-such-name", 0) >= 0 {
		t.Fatalf("Index finds a field that is not there\n%q", b)
	}
}

func second(_, value []byte) []byte { return value }

// checkElements checks that the elements of a list stay the same if it is split at a comma
// outside quoted strings.
func checkElements(t *testing.T, h *Head, b []byte) {
	t.Helper()
	for i := range h.NumFields() {
		_, value := h.Field(i)
		var all [][]byte
		for rest := value; len(rest) > 0; {
			var element []byte
			before := rest
			element, rest = nextElement(rest)
			if len(element) > 0 {
				all = append(all, element)
			}
			if rest == nil {
				break
			}
			// before the comma and after it, as lines of their own
			first := before[:len(before)-len(rest)-1]
			if e, r := nextElement(first); r != nil || !bytes.Equal(e, element) {
				t.Fatalf("%q of %q, but %q of %q\n%q", element, before, e, first, b)
			}
		}
		for _, element := range all {
			if e, rest := nextElement(element); rest != nil || !bytes.Equal(e, element) {
				t.Fatalf("%q is an element of %q, but has %q\n%q", element, value, e, b)
			}
		}
	}
}

// checkMove checks that a message stays the same when its bytes have moved, complete or not.
func checkMove(t *testing.T, s subject, p *Parser, b []byte) {
	t.Helper()
	half := b[:len(b)/2]
	m := parseAs(s, p, half)
	other := bytes.Clone(half)
	want := m.String()
	m.places().Move(other)
	if got := m.String(); got != want {
		t.Fatalf("moved: %s\nbefore: %s\n%q", got, want, half)
	}
	if m.err != ErrIncomplete {
		return
	}
	whole := parseAs(s, p, b)
	n, err := m.Resume(b)
	if got := (result{m.message, n, err}); !got.same(whole) {
		t.Fatalf("moved and resumed: %v\nwant %v\n%q", got, whole, b)
	}
	if whole.err == nil { // the head alone is enough
		whole.places().Move(bytes.Clone(b[:whole.n]))
		if got, want := whole.String(), parseAs(s, p, b).String(); got != want {
			t.Fatalf("the head moved: %s\nwant %s\n%q", got, want, b)
		}
		whole.places().Move(b[:whole.n-1])
		if whole.places().NumFields() != 0 || whole.places().Settled() != 0 {
			t.Fatalf("moved to fewer bytes: %v", whole)
		}
	}
}

// checkOffsets checks that DeviationOffsets yields each deviation once, in order, with an offset in
// the head. For a missing Host, that is the end of the head.
func checkOffsets(t *testing.T, m message, b []byte) {
	t.Helper()
	last, met := 0, Deviations(0)
	for d, at := range m.places().DeviationOffsets() {
		if at < last || at > m.places().Settled() && m.places().part == ended || at >= len(b) && d != HostInvalid || d&met != 0 || d&(d-1) != 0 {
			t.Fatalf("%v at %d, after %v at %d\n%q", d, at, met, last, b)
		}
		last, met = at, met|d
	}
	if met != m.Deviations() {
		t.Fatalf("the offsets are of %v, the deviations %v\n%q", met, m.Deviations(), b)
	}
}

// checkResume checks that Resume returns ErrResume for bytes that do not begin with those of the
// previous call, as far as it promises, and that another parse can follow.
func checkResume(t *testing.T, s subject, p *Parser, b []byte, at int) {
	t.Helper()
	if len(b) == 0 {
		return
	}
	at %= len(b)
	m := parseAs(s, p, b[:at])
	if m.err != ErrIncomplete || at == 0 {
		return
	}
	for _, change := range []int{0, min(7, at-1), max(0, at-8), at - 1} {
		other := bytes.Clone(b)
		other[change] ^= 1
		again := s.new()
		again.parseUnder(p, b[:at])
		if n, err := again.Resume(other); n != 0 || err != ErrResume {
			t.Fatalf("resumed at %d with another byte %d: %d, %v\n%q", at, change, n, err, b)
		}
		again.describe()
		n, err := again.Resume(b)
		if got, want := (result{again, n, err}), parseAs(s, p, b); !got.same(want) {
			t.Fatalf("after ErrResume: %v\nwant %v\n%q", got, want, b)
		}
	}
	if n, err := m.Resume(b[:at-1]); n != 0 || err != ErrResume {
		t.Fatalf("resumed with fewer bytes: %d, %v\n%q", n, err, b)
	}
	m = parseAs(s, p, b[:at])
	if n, err := m.Resume(bytes.Clone(b[:at])); n != 0 || err != ErrIncomplete {
		t.Fatalf("resumed with the same bytes: %d, %v\n%q", n, err, b)
	}
}

// FuzzContent checks that Content returns what Chunked does for a chunked body, and the right
// number of bytes for the others, however they arrive.
func FuzzContent(f *testing.F) {
	for _, b := range seeds(f, "chunked") {
		f.Add(b, uint16(len(b)), uint64(len(b)))
	}
	f.Fuzz(func(t *testing.T, b []byte, length uint16, seed uint64) {
		checkContent(t, rand.New(rand.NewPCG(seed, 1)), b, int64(length))
	})
}

// TestContent is FuzzContent over random mutants.
func TestContent(t *testing.T) {
	rng := rand.New(rand.NewPCG(29, 30))
	seeds := seeds(t, "chunked")
	for range mutants.Count(20_000) {
		b := mutants.Make(rng, seeds)
		checkContent(t, rng, b, rng.Int64N(int64(2*len(b)+1)))
	}
}

func checkContent(t *testing.T, rng *rand.Rand, b []byte, length int64) {
	for _, p := range []*Parser{nil, {Profile: Pico}} {
		d := Chunked{Parser: p}
		size, n, err := d.Decode(bytes.Clone(b))
		if err == ErrIncomplete {
			n = len(b)
		}
		body := bytes.Clone(b)
		d = Chunked{Parser: p}
		d.Decode(body)
		want := map[Body]reading{
			BodyChunked:    {body[:size], n, err},
			BodyLength:     {b[:min(length, int64(len(b)))], int(min(length, int64(len(b)))), io.EOF},
			BodyUntilClose: {b, len(b), ErrIncomplete},
			BodyNone:       {nil, 0, io.EOF},
			BodyTunnel:     {nil, 0, io.EOF},
		}
		if length > int64(len(b)) {
			want[BodyLength] = reading{b, len(b), ErrIncomplete}
		}
		for how, want := range want {
			var c Content
			for range 2 { // the second round reuses c
				c.Start(Framing{Body: how, Length: length}, p)
				if got := readContent(rng, &c, b); !bytes.Equal(got.data, want.data) || got.err != want.err || got.n != want.n && !(how == BodyChunked && p != nil) {
					t.Fatalf("%v of %d: %q %d %v\nwant %q %d %v\n%q", how, length, got.data, got.n, got.err, want.data, want.n, want.err, b)
				}
				checkEnd(t, &c, want.err)
			}
		}
	}
}

// A reading is the content of a body, how much of the input was consumed, and how it ended.
type reading struct {
	data []byte
	n    int
	err  error
}

// readContent gives b to c in pieces.
func readContent(rng *rand.Rand, c *Content, b []byte) (r reading) {
	for arrived := 0; ; {
		left := c.Left()
		data, n, err := c.Next(b[r.n:arrived:arrived])
		if have := int64(arrived - r.n); left > 0 && (int64(len(data)) != min(left, have) || n != len(data)) {
			r.err = fmt.Errorf("%d bytes were left, and Next returned %d of %d, consuming %d", left, len(data), have, n)
			return r
		}
		r.data = append(r.data, data...)
		r.n += n
		if r.err = err; err == nil && len(data) > 0 {
			continue
		}
		if err != ErrIncomplete || arrived == len(b) {
			if err == ErrIncomplete && c.body == BodyChunked {
				r.n = len(b) // what is left of a trailer section
			}
			return r
		}
		arrived += 1 + rng.IntN(len(b)-arrived)
	}
}

// checkEnd checks that End reports how the content ended, and that Next does so afterwards.
func checkEnd(t *testing.T, c *Content, err error) {
	t.Helper()
	end := c.End()
	_, malformed := err.(Error)
	switch {
	case err == io.EOF && end == nil, malformed && end == err, err == ErrIncomplete && c.body == BodyUntilClose && end == nil:
	case err == ErrIncomplete && c.body != BodyUntilClose && end == io.ErrUnexpectedEOF:
		return
	default:
		t.Fatalf("%v: End is %v after %v", c.body, end, err)
	}
	if _, n, after := c.Next([]byte("more")); n != 0 || end == nil && after != io.EOF || end != nil && after != end {
		t.Fatalf("%v: Next is %d, %v after End, which was %v", c.body, n, after, end)
	}
}

// TestChunkSpace checks that whitespace before the CRLF of a chunk-size line is accepted and
// reported if the Parser allows it.
func TestChunkSpace(t *testing.T) {
	const at = len("1\r\na\r\n2;a=b")
	bodies := []string{"1\r\na\r\n2;a=b \t \r\nbc\r\n0 \r\n\r\n", "1\r\na\r\n2;abc\t\r\nbc\r\n0\r\n\r\n"}
	for _, test := range []struct {
		p        Parser
		response bool
		accepted bool
	}{
		{Parser{}, true, false},
		{Parser{Profile: Lenient}, false, false},
		{Parser{Profile: Lenient}, true, true},
		{Parser{Profile: Lenient, AllowRequest: ChunkSpace}, false, true},
		{Parser{Profile: Lenient, AllowRequest: BareLF}, false, false},
		{Parser{Profile: Lenient, AllowResponse: BareLF}, true, false},
		{Parser{Profile: Strict, AllowResponse: ChunkSpace}, true, false},
	} {
		for _, body := range bodies {
			for step := 1; step <= len(body); step++ {
				c := Content{Response: test.response}
				c.Start(Framing{Body: BodyChunked}, &test.p)
				d := Chunked{Parser: &test.p, Response: test.response}
				var data, rest []byte
				err := ErrIncomplete
				for end := 0; err == ErrIncomplete && end < len(body); {
					piece := body[end:min(end+step, len(body))]
					end += len(piece)
					rest = append(rest, piece...)
					size, n, decodeErr := d.Decode(bytes.Clone(rest))
					_ = size
					for err = nil; err == nil; {
						var piece []byte
						var m int
						piece, m, err = c.Next(rest)
						data, rest = append(data, piece...), rest[m:]
					}
					if decodeErr != err || err == io.EOF && n == 0 {
						t.Fatalf("Decode %v, Next %v", decodeErr, err)
					}
				}
				offsets := slices.Collect(func(yield func(int) bool) {
					for d, at := range c.DeviationOffsets() {
						if d != ChunkSpace || !yield(at) {
							return
						}
					}
				})
				switch {
				case !test.accepted && (err != ErrChunkExt || c.Deviations() != 0):
					t.Errorf("%+v: %v, deviations %v", test, err, c.Deviations())
				case test.accepted && (err != io.EOF || string(data) != "abc" || c.Deviations() != ChunkSpace || d.Deviations() != ChunkSpace || !slices.Equal(offsets, []int{at})):
					t.Errorf("%+v in steps of %d: %q, %v, deviations %v at %v", test, step, data, err, c.Deviations(), offsets)
				}
			}
		}
	}
	for _, bad := range []string{"1 1\r\n", "1;\t\r\n", "1; \r\n", "1;a= \r\n", "1 \n", " 1\r\n", "1\v\r\n"} {
		d := Chunked{Parser: &Parser{Profile: Lenient}, Response: true}
		if _, _, err := d.Next([]byte(bad)); err == nil || err == ErrIncomplete {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
