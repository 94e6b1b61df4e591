package picohttp

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/picohttp/picohttp/internal/mutants"
	"github.com/picohttp/picohttp/internal/race"
)

func TestVectors(t *testing.T) {
	eachSubject(t, func(t *testing.T, s subject) {
		vectors := profileVectors(t, s.folder)
		if len(vectors) < s.vectors {
			t.Fatalf("only %d vectors", len(vectors))
		}
		eachKernel(t, func(t *testing.T, k kernel) {
			g := newGuard(t)
			for _, v := range vectors {
				for _, b := range [][]byte{g.atEnd(v.input), g.atStart(v.input)} {
					m := s.new()
					n, err := m.parseUnder(&v.parser, b)
					if got := observe(m, n, err).withoutParts(); got != v.want {
						t.Errorf("%s\ninput %.300q\ngot  %.300v\nwant %.300v", v.name, v.input, got, v.want)
						break
					}
					if got := m.Deviations().String(); err == nil && got != v.deviations {
						t.Errorf("%s\ninput %.300q\ngot the deviations %q, want %q", v.name, v.input, got, v.deviations)
					}
					v.compareSaid(t, m)
				}
			}
		})
	})
}

// TestEveryCodeHasVectors checks that each Error code occurs at least twice in the vectors, and
// that no other code does.
func TestEveryCodeHasVectors(t *testing.T) {
	seen := map[string]int{}
	for _, folder := range []string{"requests", "responses", "trailers", "framing", "chunked", "check"} {
		for _, v := range loadVectors(t, folder) {
			seen[v.want.code]++
			for _, key := range []string{"host", "check"} {
				if said := v.said[key]; !strings.HasPrefix(said, "ok") {
					seen[said]++
				}
			}
			if code, ok := strings.CutPrefix(v.framing, "malformed "); ok {
				seen[code]++
			}
		}
	}
	for e := Error(1); int(e) < len(errorTable); e++ {
		if e == ErrResume { // it is not an error of one message: see TestResumeOther
			continue
		}
		if seen[e.Code()] < 2 {
			t.Errorf("%d vectors have the code %s", seen[e.Code()], e.Code())
		}
		delete(seen, e.Code())
	}
	delete(seen, "")
	if len(seen) > 0 {
		t.Errorf("vectors have codes that no Error has: %v", seen)
	}
}

// TestRealHeads parses heads that real clients send.
func TestRealHeads(t *testing.T) {
	heads := realHeads(t)
	eachKernel(t, func(t *testing.T, k kernel) {
		for _, head := range heads {
			var r Request
			if n, err := r.Parse(head.Bytes); n != len(head.Bytes) || err != nil {
				t.Errorf("%s: %d, %v; it has %d bytes", head.Name, n, err, len(head.Bytes))
			}
			if want := bytes.Count(head.Bytes, []byte("\r\n")) - 2; r.NumFields() != want {
				t.Errorf("%s: %d field lines, want %d", head.Name, r.NumFields(), want)
			}
			if _, err := r.Host(); err != nil {
				t.Errorf("%s: %v", head.Name, err)
			}
		}
	})
}

// deliver parses b with Parse and Resume, in pieces that end at the given offsets and at the end
// of b. Each call gets all bytes so far. They end at a page boundary, so their start moves from
// call to call. deliver stops at the first outcome that is not incomplete.
func deliver(g *guard, m message, p *Parser, b []byte, ends ...int) result {
	n, err := 0, ErrIncomplete
	for i, end := range append(ends, len(b)) {
		piece := g.atEnd(b[:end])
		if i == 0 {
			n, err = m.parseUnder(p, piece)
		} else {
			n, err = m.Resume(piece)
		}
		if err != ErrIncomplete {
			break
		}
	}
	return result{m, n, err}
}

func everyOffset(b []byte) (ends []int) {
	for i := range b {
		ends = append(ends, i)
	}
	return ends
}

// eachDelivery calls check with the ends of the pieces in which b may arrive: byte by byte, split
// at each offset, and in 20 random splits into five pieces.
func eachDelivery(rng *rand.Rand, b []byte, check func(ends ...int)) {
	if len(b) > 4096 { // only 20 random offsets, because all would copy too much
		for range 20 {
			check(rng.IntN(len(b)))
		}
		return
	}
	check(everyOffset(b)...)
	for end := range b {
		check(end)
	}
	for range 20 {
		ends := []int{rng.IntN(len(b) + 1), rng.IntN(len(b) + 1), rng.IntN(len(b) + 1), rng.IntN(len(b) + 1)}
		slices.Sort(ends)
		check(ends...)
	}
}

// TestSplits checks that the outcome does not depend on how a message is delivered.
func TestSplits(t *testing.T) {
	eachSubject(t, func(t *testing.T, s subject) {
		vectors := profileVectors(t, s.folder)
		if s.folder == "requests" {
			for _, head := range realHeads(t) {
				vectors = append(vectors, vector{name: head.Name, input: head.Bytes})
			}
		}
		eachKernel(t, func(t *testing.T, k kernel) {
			g := newGuard(t)
			rng := rand.New(rand.NewPCG(3, 4))
			for _, v := range vectors {
				want := parseAs(s, &v.parser, v.input)
				check := func(ends ...int) {
					t.Helper()
					if got := deliver(g, s.new(), &v.parser, v.input, ends...); !got.same(want) {
						t.Fatalf("%s in pieces that end at %.60v\ninput %.300q\ngot  %.300v\nwant %.300v", v.name, ends, v.input, got, want)
					}
				}
				eachDelivery(rng, v.input, check)
			}
		})
	})
}

// TestPrefixes checks that every valid prefix is incomplete, and that a malformed head is
// rejected at its first wrong byte, whatever follows.
func TestPrefixes(t *testing.T) {
	eachSubject(t, func(t *testing.T, s subject) {
		for _, v := range profileVectors(t, s.folder) {
			tooLong := v.want.code == ErrHeadTooLong.Code() || v.want.code == ErrTrailerTooLong.Code() ||
				v.want.result == "malformed" && v.want.n == v.parser.MaxHeadBytes
			if len(v.input) > 4096 || tooLong || v.parser.Profile == Pico { // Pico reports some faults late
				continue
			}
			m := s.new()
			for end := range v.input {
				n, err := m.parseUnder(&v.parser, v.input[:end])
				got := observe(m, n, err)
				want := outcome{result: "incomplete"}
				if v.want.result == "malformed" && end > v.want.n || v.want.result == "complete" && end >= v.want.n {
					want = v.want
				}
				if got.withoutParts() != want {
					t.Errorf("%s: %q\ngot  %v\nwant %v", v.name, v.input[:end], got, want)
					break
				}
			}
		}
	})
}

// TestLongHeads checks that heads that are longer than any vector, and have more field lines than
// the index holds, are located in full.
func TestLongHeads(t *testing.T) {
	eachSubject(t, func(t *testing.T, s subject) {
		eachKernel(t, func(t *testing.T, k kernel) { testLongHeads(t, s) })
	})
}

func testLongHeads(t *testing.T, s subject) {
	g := newGuard(t)
	start := s.example[:strings.Index(s.example, "Host")]
	p := Parser{MaxHeadBytes: 1 << 22, MaxTrailerBytes: 1 << 22, MaxFields: 5000}
	for _, fields := range []int{tableFields - 1, tableFields, tableFields + 1, 2*tableFields - 1, 2 * tableFields, 2*tableFields + 1, 3 * tableFields, 1000, 4999, 5000} {
		head := []byte(start)
		var names, values []string
		for i := range fields {
			names = append(names, strings.Repeat("n", 1+i%40))
			values = append(values, strings.Repeat("v\x80 \t", i%50)+strings.Repeat("w", 1+i%3))
			head = append(head, names[i]+":"+strings.Repeat(" ", i%3)+values[i]+strings.Repeat("\t", i%2)+"\r\n"...)
		}
		head = append(head, "\r\n"...)
		m := s.new()
		check := func(n int, err error) {
			t.Helper()
			if n != len(head) || err != nil || m.NumFields() != fields {
				t.Fatalf("%d fields: %d, %v, NumFields %d; want %d", fields, n, err, m.NumFields(), len(head))
			}
			i := 0
			for name, value := range m.Fields() {
				if string(name) != names[i] || string(value) != values[i] {
					t.Fatalf("field %d: %q: %q, want %q: %q", i, name, value, names[i], values[i])
				}
				i++
			}
			if i != fields {
				t.Fatalf("Fields has %d of %d", i, fields)
			}
			for i := range fields {
				if i > tableFields+6 && i < fields-2 {
					continue
				}
				if name, value := m.Field(i); string(name) != names[i] || string(value) != values[i] {
					t.Fatalf("Field(%d) is %q: %q, want %q: %q", i, name, value, names[i], values[i])
				}
			}
		}
		check(m.parseUnder(&p, g.atEnd(head)))
		for _, step := range []int{1, 17, 1000} {
			if step == 1 && fields > 200 {
				continue
			}
			err := ErrIncomplete
			n, _ := m.parseUnder(&p, nil)
			for end := 0; err == ErrIncomplete; end += step {
				n, err = m.Resume(head[:min(end, len(head))])
			}
			check(n, err)
		}
		tight := p
		tight.MaxFields = fields - 1
		last := bytes.LastIndex(head[:len(head)-4], []byte("\r\n")) + 2
		if n, err := m.parseUnder(&tight, head); n != last || err != ErrTooManyFields {
			t.Fatalf("%d fields, one too many: %d, %v; want %d", fields, n, err, last)
		}
	}
}

// TestStateless checks that earlier uses of a message do not affect a parse.
func TestStateless(t *testing.T) {
	eachSubject(t, func(t *testing.T, s subject) {
		seeds := seeds(t, s.folder)
		rng := rand.New(rand.NewPCG(5, 6))
		used := s.new()
		for range 50_000 {
			b := mutants.Make(rng, seeds)
			fresh := s.new()
			p := Parser{Profile: Profile(rng.IntN(3))}
			n, err := fresh.parseUnder(&p, b)
			want := observe(fresh, n, err)
			n, err = used.parseUnder(&p, b)
			if got := observe(used, n, err); got != want {
				t.Fatalf("%q\nused  %v\nfresh %v", b, got, want)
			}
			if err == ErrIncomplete && rng.IntN(2) == 0 {
				used.Resume(append(b, "\r\n\r\n"...))
			}
		}
	})
}

// TestAfterFault checks that the accessors of a zero Request may be called, and that after a fault
// they return what comes before it.
func TestAfterFault(t *testing.T) {
	var r Request
	r.describe()
	if _, err := r.Host(); err != ErrIncomplete {
		t.Errorf("the zero Request has a Host: %v", err)
	}
	if n, err := r.Parse([]byte("GET /x HTTP/1.1\r\nHost: h\r\nA\x00: b\r\n\r\n")); n != 27 || err != ErrFieldName {
		t.Fatal(n, err)
	}
	if got := r.describe(); got != "method \"GET\"\ntarget \"/x\"\nminor 1\nfield \"Host\" \"h\"\n" {
		t.Errorf("before the fault: %s", got)
	}
}

// TestAnyOrder checks that random sequences of calls do not panic, even if they break the rule of
// Resume, change the limits or the buffer, or write to the buffer.
func TestAnyOrder(t *testing.T) {
	eachSubject(t, func(t *testing.T, s subject) {
		seeds := seeds(t, s.folder)
		for range 20 {
			start := s.example[:strings.Index(s.example, "Host")]
			for _, line := range []string{"A: b\r\n", "A: b\n", "A: b\r\n c\r\n"} {
				seeds = append(seeds, slices.Concat([]byte(start), bytes.Repeat([]byte(line), tableFields-4+len(seeds)%20), []byte("\r\n")))
			}
		}
		rng := rand.New(rand.NewPCG(9, 10))
		m := s.new()
		for range 50_000 {
			b := slices.Clip(mutants.Make(rng, seeds)) // bytes after it are out of bounds
			p := Parser{Profile: Profile(rng.IntN(3)), MaxHeadBytes: rng.IntN(2000), MaxTargetBytes: rng.IntN(40), MaxFields: rng.IntN(tableFields + 16), MaxTrailerBytes: rng.IntN(2000)}
			switch rng.IntN(6) {
			case 0:
				m.parseUnder(&Parser{}, b)
			case 1:
				m.parseUnder(&p, b)
			case 2:
				m.parseUnder(&p, b[:rng.IntN(len(b)+1)])
				m.describe()
				m.Resume(slices.Clone(b))
			case 3:
				m.Resume(b)
			case 4:
				m.parseUnder(&Parser{Profile: Profile(rng.IntN(3))}, b)
				choices := "\r\n:a "[rng.IntN(5):]
				for i := range b {
					b[i] = choices[rng.IntN(len(choices))]
				}
			case 5:
				m.Reset()
			}
			m.describe()
		}
	})
}

// TestRangeOver checks that a loop over the fields ends without a panic if it parses or resets
// the same value, which it must not.
func TestRangeOver(t *testing.T) {
	head := func(fields int) []byte {
		return slices.Concat([]byte("GET / HTTP/1.1\r\n"), bytes.Repeat([]byte("A: b\r\n"), fields), []byte("\r\n"))
	}
	lenient, pico := Parser{Profile: Lenient, AllowRequest: AllDeviations}, Parser{Profile: Pico}
	for _, first := range []int{1, 2, tableFields - 1, tableFields, tableFields + 1, tableFields + 6} {
		for at := range first {
			for name, change := range map[string]func(r *Request){
				"reset":    func(r *Request) { r.Reset() },
				"longer":   func(r *Request) { r.Parse(head(200)) },
				"shorter":  func(r *Request) { r.Parse(head(0)) },
				"rejected": func(r *Request) { r.Parse([]byte("GET\r\n")) },
				"skipped":  func(r *Request) { lenient.ParseRequest(r, []byte("GET / HTTP/1.1\r\nA bad\r\nA bad\r\nA: b\r\n\r\n")) },
				"folded":   func(r *Request) { pico.ParseRequest(r, []byte("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n")) },
			} {
				for method, loop := range map[string]func(r *Request, line func()){
					"Fields": func(r *Request, line func()) {
						for range r.Fields() {
							line()
						}
					},
					"Values": func(r *Request, line func()) {
						for range r.Values("A") {
							line()
						}
					},
					"Elements": func(r *Request, line func()) {
						for range r.Elements("A") {
							line()
						}
					},
				} {
					var r Request
					if _, err := r.Parse(head(first)); err != nil {
						t.Fatal(err)
					}
					n := 0
					loop(&r, func() {
						if n++; n == at+1 {
							change(&r)
						}
					})
					if n > 200 || n <= at || name == "reset" && n != at+1 {
						t.Errorf("%s, %s at %d of %d: %d lines", method, name, at, first, n)
					}
				}
			}
		}
	}
}

// TestResumeIsLinear checks that Resume reads at most three times as many bytes as the head has.
// To find out whether Resume reads bytes again, the test clears them. If the result is the same,
// Resume has not read them.
func TestResumeIsLinear(t *testing.T) {
	eachKernel(t, func(t *testing.T, _ kernel) {
		long := strings.Repeat("a", 3000)
		for _, head := range []string{
			"GET /" + long + " HTTP/1.1\r\n\r\n",
			long + " / HTTP/1.1\r\nA: b\r\n\r\n",
			"GET / HTTP/1.1\r\nA: " + long + "\r\n\r\n",
			"GET / HTTP/1.1\r\nA: b\r\n" + long + ": b\r\n\r\n",
			"GET / HTTP/1.1\r\n" + strings.Repeat("A: b\r\n", 200) + "\r\n",
			"GET / HTTP/1.1\r\n" + strings.Repeat("A: "+long[:200]+"\r\n", 20) + "\r\n",
		} {
			for _, step := range []int{1, 7, 100} {
				read := 0
				var r Request
				n, err := noMethodLimit.ParseRequest(&r, nil)
				for end := step; err == ErrIncomplete; end += step {
					before := r
					b := []byte(head[:min(end, len(head))])
					n, err = r.Resume(b)
					without := func(length uint32) bool {
						other, b := before, bytes.Clone(b)
						const edge = 8 // the first and the last bytes are compared
						clear(b[min(edge, len(b)):max(edge, min(int(length), int(before.seen.length)-edge))])
						m, e := other.Resume(b)
						return m == n && e == err && other.progress == r.progress && other.part == r.part && other.next == r.next
					}
					switch {
					case without(before.off):
						read += len(b) - int(before.off)
					case without(before.next):
						read += len(b) - int(before.next)
					default:
						read += len(b)
					}
				}
				if n != len(head) || err != nil || read > 3*len(head) {
					t.Errorf("%.40q in steps of %d: %d, %v, reads %d bytes of %d", head, step, n, err, read, len(head))
				}
			}
		}
	})
}

// TestResumeAfterwards checks that after a parse has ended, Resume works like Parse, with the same
// limits.
func TestResumeAfterwards(t *testing.T) {
	eachSubject(t, testResumeAfterwards)
}

func testResumeAfterwards(t *testing.T, s subject) {
	complete := []byte(s.example)
	for name, first := range map[string][]byte{
		"complete":      complete,
		"malformed":     bytes.Replace(complete, []byte("Host"), []byte("Host "), 1),
		"bad start":     []byte("GE\r\n"),
		"too many":      complete,
		"head too long": complete,
	} {
		p := Parser{}
		switch name {
		case "too many":
			p.MaxFields = 1
		case "head too long":
			p.MaxHeadBytes, p.MaxTrailerBytes = 10, 10
		}
		for _, step := range []int{1, 2, len(first), 2 * len(first)} {
			m := s.new()
			n, err := 0, ErrIncomplete
			for end := step; err == ErrIncomplete; end += step {
				if end == step {
					n, err = m.parseUnder(&p, first[:min(end, len(first))])
				} else {
					n, err = m.Resume(first[:min(end, len(first))])
				}
			}
			if (err == nil) != (name == "complete") {
				t.Fatalf("%s: %d, %v", name, n, err)
			}
			head := strings.NewReplacer("A: b\r\n", "", "GET / ", "OPTIONS /other ", "200 OK", "404 Not Found").Replace(s.example)
			fresh := s.new()
			fresh.parseUnder(&p, []byte(head))
			// With steps of 2 or more, other is longer than what was read before.
			other := []byte(head + strings.Repeat("z", step/2*100))
			if name == "head too long" {
				if n, err := m.Resume(other); n != 10 || err == nil {
					t.Errorf("Resume forgets the limits: %d, %v", n, err)
				}
				if n, err := m.Resume(make([]byte, 20)); n != 0 || err == nil {
					t.Errorf("Resume continues after the limit: %d, %v", n, err)
				}
				m.Reset()
				if n, err := m.Resume(other); n != 10 || err == nil {
					t.Errorf("Reset forgets the limits: %d, %v", n, err)
				}
				continue
			}
			if n, err := m.Resume(other); n != len(head) || err != nil || m.NumFields() != 1 || m.describe() != fresh.describe() {
				t.Errorf("%s in steps of %d: Resume afterwards: %d, %v\n%s", name, step, n, err, m.describe())
			}
		}
	}
}

func TestCapacity(t *testing.T) {
	var r Request
	b := []byte("GET http://h/a?b HTTP/1.1\r\nHost:\t h \t\r\nA: b, c ,d, e;f\r\n\r\nbody")
	if _, err := r.Parse(b); err != nil {
		t.Fatal(err)
	}
	verdict, err := r.Check()
	if err != nil {
		t.Fatal(err)
	}
	name, value := r.Field(0)
	_, other := r.Field(1)
	get, _ := r.Get("HOST")
	host, _ := r.Host()
	parts := [][]byte{r.Method(), r.Target(), r.Path(), r.Query(), r.Bytes(), verdict.Authority, name, value, other, get, host}
	parts = slices.AppendSeq(parts, r.Elements("A"))
	parts = slices.AppendSeq(parts, r.Values("A"))
	for name, value := range r.EndToEnd() {
		parts = append(parts, name, value)
	}
	for _, part := range parts {
		if cap(part) != len(part) {
			t.Errorf("%q has capacity %d: an append would write into the caller's buffer", part, cap(part))
		}
	}
	pico := Parser{Profile: Pico}
	if _, err := pico.ParseRequest(&r, []byte("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if name, value := r.Field(1); len(name) != 0 || cap(name) != 0 || string(value) != " c" || cap(value) != 2 {
		t.Errorf("a folded line is %q of capacity %d, %q of %d", name, cap(name), value, cap(value))
	}
}

// TestFieldOutOfRange checks that Field panics if the index is out of range.
func TestFieldOutOfRange(t *testing.T) {
	var r Request
	p := Parser{Profile: Lenient}
	for _, end := range []string{"\r\n", "\n"} {
		for _, fields := range []int{tableFields + 6, tableFields + 1, tableFields, tableFields - 1, 1, 0} { // r still has places of the earlier heads
			if _, err := p.ParseRequest(&r, []byte("GET / HTTP/1.1"+end+strings.Repeat("A: b"+end, fields)+end)); err != nil {
				t.Fatal(err)
			}
			for _, i := range []int{-1, fields, fields + 1} {
				func() {
					defer func() {
						if recover() == nil {
							t.Errorf("Field(%d) of %d does not panic", i, fields)
						}
					}()
					r.Field(i)
				}()
			}
		}
	}
}

func TestGet(t *testing.T) {
	var r Request
	b := []byte("GET / HTTP/1.1\r\nA^b: 1\r\na~B: 2\r\nX-Y: 3\r\nx-y: 4\r\nAZ: 5\r\n\r\n")
	if _, err := r.Parse(b); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"A^B": "1", "a~b": "2", "x-Y": "3", "X-Y": "3", "az": "5", "AZ": "5"} {
		if got, ok := r.Get(name); !ok || string(got) != want {
			t.Errorf("Get(%q) = %q, %v; want %q", name, got, ok, want)
		}
	}
	// Except for "", these have the length of a name that is there, and differ from it in few bits.
	for _, name := range []string{"X\rY", "XMY", "x-9", "A>b", "a^", "", "aZZ", "A:"} {
		if got, ok := r.Get(name); ok {
			t.Errorf("Get(%q) = %q", name, got)
		}
	}
}

func TestTargetForm(t *testing.T) {
	for line, want := range map[string]Form{
		"GET /":                    OriginForm,
		"GET //x:y":                OriginForm,
		"CONNECT /":                OriginForm,
		"GET http://example.org/":  AbsoluteForm,
		"GET a+b-c.9:x":            AbsoluteForm,
		"CONNECT example.com:443":  AuthorityForm,
		"CONNECT [2001:db8::1]:80": AuthorityForm,
		"OPTIONS *":                AsteriskForm,
		"GET *":                    AsteriskForm,
		"GET **":                   NoForm,
		"GET 1a:x":                 NoForm,
		"GET a_b:x":                NoForm,
		"GET index.html":           NoForm,
		"GET ?q":                   NoForm,
	} {
		var r Request
		if _, err := r.Parse([]byte(line + " HTTP/1.1\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		if got := r.TargetForm(); got != want {
			t.Errorf("%s is in %v, want %v", line, got, want)
		}
	}
	var r Request
	if got := r.TargetForm(); got != NoForm || Form(99).String() != NoForm.String() {
		t.Errorf("the zero Request has %v", got)
	}
}

func TestReset(t *testing.T) {
	var r Request
	r.Parse([]byte("GET / HTTP/1.1\r\nHost: h\r\n\r\n"))
	r.Reset()
	if r.b != nil || r.NumFields() != 0 || r.Method() != nil || r.Target() != nil || r.Minor() != 0 {
		t.Errorf("after Reset: %s", r.describe())
	}
}

// TestAllocations checks that no call allocates.
func TestAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("under -race the index escapes to the detector; allocations are checked in the runs without -race")
	}
	complete := realHead(t, "chrome")
	long := slices.Concat([]byte("GET / HTTP/1.1\r\n"), bytes.Repeat([]byte("Host: h\r\n"), 200), []byte("\r\n"))
	malformed := []byte("GET / HTTP/1.1\r\nHost : h\r\n\r\n")
	malformedHost := []byte("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n")
	p := Parser{MaxFields: 300}
	response := []byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n")
	badResponse := []byte("HTTP/1.1 2000\r\n\r\n")
	chunked := []byte("5;a=\"b\"\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\nA: b\r\n\r\n")
	buffer := make([]byte, len(chunked))
	var r Request
	var resp Response
	var d Chunked
	var n int
	var err error
	defer func() { _, _ = n, err }()
	eachKernel(t, func(t *testing.T, k kernel) {
		for _, c := range []struct {
			name string
			f    func()
		}{
			{"complete", func() { n, err = r.Parse(complete) }},
			{"long", func() { n, err = p.ParseRequest(&r, long) }},
			{"incomplete", func() { n, err = r.Parse(complete[:500]) }},
			{"resume", func() {
				r.Parse(complete[:100])
				r.Resume(complete[:300])
				n, err = r.Resume(complete)
			}},
			{"malformed", func() { n, err = r.Parse(malformed) }},
			{"host", func() {
				r.Parse(complete)
				_, err = r.Host()
			}},
			{"host malformed", func() {
				r.Parse(malformedHost)
				_, err = r.Host()
			}},
			{"framing", func() {
				r.Parse(complete)
				_, err = r.Framing()
			}},
			{"response", func() {
				resp.Parse(response[:20])
				n, err = resp.Resume(response)
				_, err = resp.Framing("GET")
			}},
			{"response malformed", func() { n, err = resp.Parse(badResponse) }},
			{"chunked", func() {
				d.Reset()
				copy(buffer, chunked)
				_, n, err = d.Decode(buffer)
			}},
			{"chunked malformed", func() {
				d.Reset()
				_, n, err = d.Decode(malformed)
			}},
			{"chunked byte by byte", func() {
				d.Reset()
				copy(buffer, chunked)
				for at, end := 0, 1; end <= len(buffer) && err != io.EOF; end++ {
					_, n, err = d.Next(buffer[at:end])
					at += n
				}
			}},
			{"fields", func() {
				for name, value := range r.Fields() {
					n += len(name) + len(value)
				}
				for i := range r.NumFields() {
					name, _ := r.Field(i)
					n += len(name)
				}
				r.Get("cookie")
			}},
			{"a request on the stack", func() {
				var r Request
				n, err = r.Parse(complete)
				v, _ := r.Check()
				host, _ := r.Get("Host")
				n += len(v.Authority) + len(host) + r.Index("absent", 0) + len(r.Path())
				for name, value := range r.Fields() {
					n += len(name) + len(value)
				}
				for name, value := range r.EndToEnd() {
					n += len(name) + len(value)
				}
				for value := range r.Values("Cookie") {
					n += len(value)
				}
				for element := range r.Elements("Connection") {
					n += len(element)
				}
				if r.HasToken("Connection", "close") {
					n++
				}
			}},
			{"error text", func() {
				n = len(ErrHost.Error()) + len(ErrHost.Code()) + len(ErrHost.Section()) + ErrHost.Status()
			}},
		} {
			if got := testing.AllocsPerRun(100, c.f); got != 0 {
				t.Errorf("%s: %v allocations", c.name, got)
			}
		}
	})
}

func TestErrors(t *testing.T) {
	seen := map[string]bool{}
	for e := Error(1); int(e) < len(errorTable); e++ {
		rule := errorTable[e]
		for _, text := range []string{rule.code, rule.text, rule.rule} {
			if text == "" || seen[text] {
				t.Errorf("Error %d lacks a code, text or rule, or shares it with another: %q", e, text)
			}
			seen[text] = true
		}
		if !strings.HasPrefix(rule.section, "RFC ") || !slices.Contains([]int{400, 414, 431, 500, 501, 505}, rule.status) {
			t.Errorf("%s: %q, %d", rule.code, rule.section, rule.status)
		}
		if e.Error() != "picohttp: "+rule.text || e.Rule() != rule.rule {
			t.Errorf("%s: Error() is %q", rule.code, e.Error())
		}
		if !errors.Is(error(e), e) || errors.Is(error(e), ErrIncomplete) {
			t.Errorf("%s is not comparable", rule.code)
		}
	}
	for _, none := range []Error{0, Error(len(errorTable)), 255} {
		if none.Code() != "" || none.Status() != 0 || none.Error() == "" {
			t.Errorf("Error(%d) is %q, %d, %q", none, none.Code(), none.Status(), none)
		}
	}
}

func TestParserDefaults(t *testing.T) {
	none := Parser{MaxHeadBytes: -1, MaxMethodBytes: -1, MaxTargetBytes: -1, MaxFields: -1}
	for p, want := range map[Parser]rules{
		{}:   {head: DefaultMaxHeadBytes, method: DefaultMaxMethodBytes, target: DefaultMaxTargetBytes, fields: DefaultMaxFields},
		none: {head: maxOffset, method: maxOffset, target: maxOffset, fields: maxOffset},
	} {
		if got := p.rules(requestKind); got != want {
			t.Errorf("%+v has %+v", p, got)
		}
	}
	huge := Parser{MaxHeadBytes: int(^uint(0) >> 1), MaxTargetBytes: 1, MaxFields: int(^uint(0) >> 1)}
	if got := huge.rules(requestKind); got != (rules{head: maxOffset, method: DefaultMaxMethodBytes, target: 1, fields: maxOffset}) {
		t.Errorf("%+v has %+v", huge, got)
	}
	pico := Parser{Profile: Pico, MaxHeadBytes: 5000}
	var r Request
	pico.ParseRequest(&r, nil)
	if r.rules.target != 5000 || r.rules.method != 5000 || r.rules.quirks&foldIsField == 0 {
		t.Errorf("%+v has %+v", pico, r.rules)
	}
	if n, err := huge.ParseRequest(&r, []byte("GET / HTTP/1.1\r\n\r\n")); n != 18 || err != nil {
		t.Error(n, err)
	}
}
