package picohttp

import (
	"bufio"
	"bytes"
	"math/rand/v2"
	"net/http"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/picohttp/picohttp/internal/mutants"
)

func addSeeds(f *testing.F, add func(b []byte)) {
	for _, b := range seeds(f, "requests") {
		if len(b) <= 2048 {
			add(b)
		}
	}
}

// FuzzKernels compares every kernel with indexGeneric, starting at the start-line, or at a field
// line with some of the table filled.
func FuzzKernels(f *testing.F) {
	addSeeds(f, func(b []byte) {
		f.Add(b, uint8(0))
		f.Add(b, uint8(1))
		f.Add(b, uint8(tableFields))
	})
	g := newGuard(f)
	f.Fuzz(func(t *testing.T, b []byte, state uint8) {
		var x index
		if state > 0 {
			x.fieldsFrom(uint32(bytes.IndexByte(b, '\n') + 1))
			x.n += uint32(state-1) % (tableFields + 1)
		}
		for _, k := range kernels[:len(kernels)-1] {
			if slices.Contains(runnable, k.name) {
				checkKernel(t, g, k, b, x)
			}
		}
	})
}

// FuzzSplits checks that, under any limits, the outcome of a request depends neither on the kernel
// nor on the pieces in which it arrives.
func FuzzSplits(f *testing.F) { fuzzDelivery(f, subjects[0], nil) }

// FuzzResponse is FuzzSplits and FuzzReference for responses.
func FuzzResponse(f *testing.F) { fuzzDelivery(f, subjects[1], checkResponse) }

// fuzzDelivery fuzzes checkDelivery.
func fuzzDelivery(f *testing.F, s subject, also func(t *testing.T, b []byte)) {
	for _, b := range seeds(f, s.folder) {
		if len(b) <= 2048 {
			for profile := range Pico + 1 {
				f.Add(b, uint16(len(b)/3), uint16(len(b)/2), uint8(0), uint8(profile))
				f.Add(b, uint16(1), uint16(20), uint8(9), uint8(profile))
			}
		}
	}
	g := newGuard(f)
	f.Fuzz(func(t *testing.T, b []byte, first, second uint16, tight, profile uint8) {
		checkDelivery(t, g, s, b, first, second, tight, profile)
		if also != nil && profile%3 == uint8(Strict) {
			also(t, b)
		}
	})
}

// TestDelivery is FuzzSplits over random mutants, also for responses and trailer sections.
func TestDelivery(t *testing.T) {
	for _, s := range subjects {
		t.Run(s.folder, func(t *testing.T) {
			seeds := seeds(t, s.folder)
			g := newGuard(t)
			rng := rand.New(rand.NewPCG(29, 30))
			for range mutants.Count(10_000) {
				b := mutants.Make(rng, seeds)
				first, second := rng.IntN(len(b)+1), rng.IntN(len(b)+1)
				checkDelivery(t, g, s, b, uint16(first), uint16(second), uint8(rng.Uint32()), uint8(rng.Uint32()))
			}
		})
	}
}

// checkDelivery delivers a message whole, in three pieces and, sometimes, byte by byte to every
// kernel, with limits, and checks that the outcome is the same.
func checkDelivery(t *testing.T, g *guard, s subject, b []byte, first, second uint16, tight, profile uint8) {
	ends := []int{min(int(first), len(b)), min(int(second), len(b))}
	slices.Sort(ends)
	p := Parser{Profile: Profile(profile % 3), MaxHeadBytes: int(tight) * 64, MaxTargetBytes: int(tight >> 2), MaxFields: int(tight >> 3), MaxTrailerBytes: int(tight) * 16}
	if tight == 1<<7 {
		p.MaxHeadBytes, p.MaxTargetBytes, p.MaxFields, p.MaxTrailerBytes = -1, -1, -1, -1 // none
	}
	var want result
	for at, k := range kernels {
		if !slices.Contains(runnable, k.name) {
			continue
		}
		restore := pin(at)
		whole := parseAs(s, &p, g.atEnd(b))
		whole.describe() // must not panic
		if want.message == nil {
			want = whole
		}
		if !whole.same(want) {
			t.Errorf("kernel %s: %v, want %v", k.name, whole, want)
		}
		if pieces := deliver(g, s.new(), &p, b, ends...); !pieces.same(want) {
			t.Errorf("kernel %s in pieces that end at %v: %v, want %v", k.name, ends, pieces, want)
		}
		if int(tight)%8 == 0 {
			if byByte := deliver(g, s.new(), &p, b, everyOffset(b)...); !byByte.same(want) {
				t.Errorf("kernel %s byte by byte: %v, want %v", k.name, byByte, want)
			}
		}
		restore()
	}
	if t.Failed() {
		t.Fatalf("input %q, limits %+v", b, p)
	}
}

// responseGrammar is RFC 9112, sections 2 to 5, for responses, as grammar is for requests. The SP
// before an empty reason-phrase is optional.
var responseGrammar = regexp.MustCompile(`^HTTP/1\.[0-9] [0-9]{3}(?: [\t\x20-\x7e\x{80}-\x{ff}]*)?\r\n` + fieldLines)

// checkResponse checks that an accepted response follows the grammar, means the same in canonical
// form, and is what net/http reads.
func checkResponse(t *testing.T, b []byte) {
	var r, again Response
	n, ok := checkGrammar(t, &r, &again, responseGrammar, b)
	if !ok {
		return
	}
	peer, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(b[:n])), nil)
	if err != nil {
		return // net/http rejects faulty framing
	}
	if peer.ProtoMajor != 1 || peer.ProtoMinor != r.Minor() || peer.StatusCode != r.Status() {
		t.Fatalf("net/http has %q %d\n%s", peer.Proto, peer.StatusCode, r.describe())
	}
	if _, reason, _ := strings.Cut(peer.Status, " "); reason != strings.TrimLeft(string(r.Reason()), " \t") && strings.TrimSpace(reason) != strings.TrimSpace(string(r.Reason())) {
		t.Fatalf("net/http has the reason-phrase %q of %q\n%s", reason, peer.Status, r.describe())
	}
	if closing, _ := r.Framing("GET"); !closing.KeepAlive && peer.Header["Connection"] == nil {
		// net/http drops a Connection with close from responses
		peer.Header["Connection"] = connectionOf(&r)
	}
	compareFields(t, &r.Head, peer.Header, b[:n])
}

func connectionOf(r *Response) (values []string) {
	for name, value := range r.Fields() {
		if equalName(name, "Connection") {
			values = append(values, string(value))
		}
	}
	return values
}

// FuzzReference checks that an accepted request means the same in canonical form, follows the
// grammar, and is what net/http reads.
func FuzzReference(f *testing.F) {
	addSeeds(f, func(b []byte) { f.Add(b) })
	f.Fuzz(checkReference)
}

func checkReference(t *testing.T, b []byte) {
	var r, again Request
	if n, ok := checkGrammar(t, &r, &again, grammar, b); ok {
		compareNetHTTP(t, &r, b[r.from:n])
	}
}

// checkGrammar checks that what m accepts follows the grammar and means the same in canonical
// form.
func checkGrammar(t *testing.T, m, again message, grammar *regexp.Regexp, b []byte) (n int, ok bool) {
	t.Helper()
	n, err := m.parseUnder(&Parser{}, b)
	if end := matchLength(grammar, b); err == nil && end != n || err != nil && end > 0 && !isLimit(err) {
		t.Fatalf("%d, %v; the grammar says %d\n%q", n, err, end, b)
	}
	if err != nil {
		return 0, false
	}
	written := writeUnfolded(m)
	if n, err := again.parseUnder(&Parser{}, written); err != nil || n != len(written) || again.describe() != m.describe() {
		t.Fatalf("written again: %d, %v\n%q\n%q\n%s%s", n, err, b, written, m.describe(), again.describe())
	}
	return n, true
}

func isLimit(err error) bool {
	return err == ErrHeadTooLong || err == ErrMethodTooLong || err == ErrTargetTooLong || err == ErrTooManyFields
}

// grammar is RFC 9112, sections 2 to 5, as a regular expression, derived from the ABNF
// independently of the parser. It matches a text with a code point for each byte.
var grammar = regexp.MustCompile(`^(?:\r\n)?[!#$%&'*+.^_\x60|~0-9A-Za-z-]+ [\x21-\x7e]+ HTTP/1\.[0-9]\r\n` + fieldLines)

const fieldLines = `(?:[!#$%&'*+.^_\x60|~0-9A-Za-z-]+:[\t\x20-\x7e\x{80}-\x{ff}]*\r\n)*\r\n`

// matchLength returns how many bytes at the start of b match, or -1.
func matchLength(grammar *regexp.Regexp, b []byte) int {
	match := grammar.FindString(latin1(b))
	if match == "" {
		return -1
	}
	return len([]rune(match))
}

// netHTTPDiffers are the fields that net/http removes from the header section, or adds to it.
var netHTTPDiffers = map[string]string{
	"Host":              "moved to Request.Host",
	"Transfer-Encoding": "moved to Request.TransferEncoding",
	"Trailer":           "moved to Request.Trailer",
	"Content-Length":    "equal values made one, and dropped along with Transfer-Encoding",
	"Cache-Control":     "added for Pragma: no-cache",
}

// compareNetHTTP compares r, parsed from head, with what net/http reads, unless net/http rejects
// it. It rejects more, such as targets that are not a URI, hosts, and faulty framing.
func compareNetHTTP(t *testing.T, r *Request, head []byte) {
	peer, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
	if err != nil {
		return
	}
	if peer.Method != string(r.Method()) || peer.RequestURI != string(r.Target()) || peer.ProtoMajor != 1 || peer.ProtoMinor != r.Minor() {
		t.Fatalf("net/http has %q %q %q\n%s", peer.Method, peer.RequestURI, peer.Proto, r.describe())
	}
	compareFields(t, &r.Head, peer.Header, head)
}

func compareFields(t *testing.T, h *Head, peer http.Header, b []byte) {
	t.Helper()
	fields := http.Header{}
	for name, value := range h.Fields() {
		key := textproto.CanonicalMIMEHeaderKey(string(name))
		if netHTTPDiffers[key] == "" {
			fields[key] = append(fields[key], string(value))
		}
	}
	for key, values := range peer {
		if netHTTPDiffers[key] == "" && !slices.Equal(fields[key], values) {
			t.Fatalf("net/http has %s: %q, not %q\n%q", key, values, fields[key], b)
		}
		delete(fields, key)
	}
	if len(fields) > 0 {
		t.Fatalf("net/http lacks %v\n%q", fields, b)
	}
}

// TestReference is FuzzReference over random mutants, also for responses.
func TestReference(t *testing.T) {
	for folder, check := range map[string]func(*testing.T, []byte){"requests": checkReference, "responses": checkResponse} {
		t.Run(folder, func(t *testing.T) {
			seeds := seeds(t, folder)
			for _, b := range seeds {
				check(t, b)
			}
			rng := rand.New(rand.NewPCG(11, 12))
			for range mutants.Count(50_000) {
				check(t, mutants.Make(rng, seeds))
			}
		})
	}
}
