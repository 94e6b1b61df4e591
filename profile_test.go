package picohttp

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/picohttp/picohttp/internal/mutants"
)

// FuzzProfiles checks the laws of the profiles for all kinds of messages.
func FuzzProfiles(f *testing.F) {
	for _, s := range subjects {
		for _, v := range profileVectors(f, s.folder) {
			if len(v.input) <= 2048 {
				f.Add(v.input, uint32(v.parser.AllowRequest))
			}
		}
	}
	for _, b := range seeds(f, "framing") {
		f.Add(b, uint32(0))
	}
	f.Fuzz(func(t *testing.T, b []byte, allow uint32) {
		for _, s := range subjects {
			checkLaws(t, s, b, Deviations(allow)&AllDeviations)
		}
	})
}

// TestProfiles is FuzzProfiles over random mutants. It makes them faster than the fuzzing engine
// does.
func TestProfiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(23, 24))
	framing := seeds(t, "framing")
	for _, s := range subjects {
		seeds := append(seeds(t, s.folder), framing...)
		met := Deviations(0)
		for range mutants.Count(50_000) {
			met |= checkLaws(t, s, mutants.Make(rng, seeds), Deviations(rng.Uint32())&AllDeviations)
		}
		if s.folder == "requests" && !testing.Short() && met != AllDeviations&^(ChunkSpace|MixedLineEnds|HostDiffers|HostInvalid) {
			t.Errorf("only these deviations occurred: %v", met)
		}
	}
}

// checkLaws checks that what Strict accepts, the other profiles accept with equal parts and
// without deviations; that Strict accepts what they accept without deviations; and that Lenient
// reports every deviation that it accepts. It returns those.
func checkLaws(t *testing.T, s subject, b []byte, allow Deviations) Deviations {
	allow &^= HostDiffers | HostInvalid // Strict accepts these in Parse and Framing
	strict := parseAs(s, &noMethodLimit, b)
	for _, p := range []Parser{{Profile: Lenient}, lenient(allow), {Profile: Pico}} {
		p.MaxMethodBytes = -1 // profiles differ in the default
		other := parseAs(s, &p, b)
		none := other.Deviations() == 0
		switch {
		case strict.err == nil && (!other.same(strict) || other.places().deviations != 0),
			strict.err == ErrIncomplete && (other.err != ErrIncomplete || !none),
			strict.err != nil && other.err == nil && none:
			t.Fatalf("%v, allowed %v: %v, deviations %q; Strict: %v\n%q", p.Profile, p.AllowRequest, other, other.Deviations(), strict, b)
		case strict.err != nil && strict.err != ErrIncomplete:
			if before := parseAs(s, &p, b[:strict.n]); before.err != ErrIncomplete || before.Deviations() != 0 {
				t.Fatalf("%v: %v, deviations %q, but Strict accepts everything before it\n%q", p.Profile, before, before.Deviations(), b[:strict.n])
			}
		}
		if other.err == nil {
			checkFramingLaw(t, p, strict, other, b)
		}
	}
	return checkAllowed(t, s, b, allow)
}

// checkFramingLaw is checkLaws for where the body ends.
func checkFramingLaw(t *testing.T, p Parser, strict, other result, b []byte) {
	for _, method := range fuzzMethods {
		was, wasErr := framingOfMessage(strict.message, method)
		is, isErr := framingOfMessage(other.message, method)
		was.ContentLength, is.ContentLength = 0, 0 // only Lenient has one if lengths are equal
		none := other.Deviations() == 0
		equal := was == is && wasErr == isErr
		if none && !equal || strict.err == nil && wasErr == nil && (!equal || method == "GET" && !none) {
			t.Fatalf("%v, response to %s: %+v, %v, deviations %q; Strict %+v, %v\n%q", p.Profile, method, is, isErr, other.Deviations(), was, wasErr, b)
		}
		if other.Deviations()&LengthAndCoding != 0 && is.KeepAlive {
			t.Fatalf("KeepAlive with Transfer-Encoding and Content-Length: %+v\n%q", is, b)
		}
	}
}

// checkAllowed checks that Lenient accepts only what is allowed, that it is enough to allow what
// is reported, and that Strict reads the same after the message has been written in canonical
// form.
func checkAllowed(t *testing.T, s subject, b []byte, allow Deviations) Deviations {
	if allow == 0 {
		allow = AllDeviations &^ (HostDiffers | HostInvalid)
	}
	p := lenient(allow)
	p.MaxMethodBytes = -1
	r := parseAs(s, &p, b)
	met := r.Deviations()
	if r.err != nil || met == 0 {
		return 0
	}
	if met&^allow != 0 {
		t.Fatalf("%q accepted, %q allowed\n%q", met, allow, b)
	}
	p.allowAll(met)
	if again := parseAs(s, &p, b); !again.same(r) || again.Deviations() != met {
		t.Fatalf("%v; with no more allowed %v, deviations %q\n%q", r, again, again.Deviations(), b)
	}
	if met&(TargetObsText|MinorDigits|ValueControl|ValueNUL) != 0 {
		return met
	}
	written := writeUnfolded(r.message)
	strict := parseAs(s, &noMethodLimit, written)
	if got := writeUnfolded(strict.message); strict.n != len(written) || strict.err != nil || !bytes.Equal(got, written) {
		t.Fatalf("written again: %v\n%q\nagain\n%q\nof\n%q", strict, written, got, b)
	}
	return met
}

func TestUnfold(t *testing.T) {
	for value, want := range map[string]string{
		"":                          "",
		"a":                         "a",
		"a b":                       "a b",
		"a\r\n b":                   "a b",
		"a \t\r\n \t b":             "a b",
		"a\n\tb\r\n  c":             "a b c",
		"a,\r\n b,\r\n c":           "a, b, c",
		"\x80\r\n \x00":             "\x80 \x00",
		"\n b":                      " b",
		"a\n":                       "a ",
		"a \r\n \"b  c\"  \r\n\t d": "a \"b  c\" d",
	} {
		if got := string(Unfold([]byte("x"), []byte(value))); got != "x"+want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

func TestDeviations(t *testing.T) {
	if got := (BareLF | ObsFold | LengthAndCoding).String(); got != "bare-lf, obs-fold, length-and-coding" {
		t.Error(got)
	}
	seen := map[string]bool{}
	n := 0
	for d := range Deviations(0xffffffff).All() {
		n++
		if d.Code() == "" || d.Rule() == "" || !strings.HasPrefix(d.Section(), "RFC ") || seen[d.Code()] || d != 1<<(n-1) {
			t.Errorf("%#x is %q, %q, %q", uint32(d), d.Code(), d.Rule(), d.Section())
		}
		seen[d.Code()] = true
	}
	if n != len(deviations) {
		t.Errorf("%d deviations, %d rows", n, len(deviations))
	}
	for range AllDeviations.All() {
		break
	}
	for _, none := range []Deviations{0, 1 << 31} {
		if none.String() != "" || none.Code() != "" || none.Rule() != "" || none.Section() != "" {
			t.Errorf("%#x is %q", uint32(none), none)
		}
	}
	if got := fmt.Sprint(Strict, Lenient, Pico, Pico+1); got != "strict lenient pico unknown" {
		t.Error(got)
	}
}

// TestDefaultDeviations checks that in each kind of message the deviations allowed by default are
// accepted, and no others.
func TestDefaultDeviations(t *testing.T) {
	const space, nul = "A : b\r\n\r\n", "A: b\x00\r\n\r\n"
	for _, test := range []struct {
		s          subject
		start      string
		space, nul error
	}{
		{subjects[0], "GET / HTTP/1.1\r\n", ErrFieldName, ErrFieldValue},
		{subjects[1], "HTTP/1.1 200 OK\r\n", nil, ErrFieldValue},
		{subjects[2], "", ErrFieldName, ErrFieldValue},
	} {
		wantLF := error(nil)
		if test.start == "" {
			wantLF = ErrBareLF // nothing checks where a trailer section ends
		}
		if r := parseAs(test.s, &Parser{Profile: Lenient}, []byte(strings.ReplaceAll(test.start, "\r", "")+"A: b\n\n")); r.err != wantLF {
			t.Errorf("%s, LF: %v", test.s.folder, r)
		}
		p := Parser{Profile: Lenient}
		if r := parseAs(test.s, &p, []byte(test.start+space)); r.err != test.space {
			t.Errorf("%s, space: %v", test.s.folder, r)
		}
		if r := parseAs(test.s, &p, []byte(test.start+nul)); r.err != test.nul {
			t.Errorf("%s, NUL: %v", test.s.folder, r)
		}
		p.allowAll(SpaceBeforeColon | ValueNUL)
		if r := parseAs(test.s, &p, []byte(test.start+space)); r.err != nil || r.Deviations() != SpaceBeforeColon {
			t.Errorf("%s, space allowed: %v", test.s.folder, r)
		}
		if r := parseAs(test.s, &p, []byte(test.start+nul)); r.err != nil || r.Deviations() != ValueNUL {
			t.Errorf("%s, NUL allowed: %v", test.s.folder, r)
		}
		p.Profile = Strict
		if r := parseAs(test.s, &p, []byte(test.start+nul)); r.err != ErrFieldValue {
			t.Errorf("%s, Strict with Allow: %v", test.s.folder, r)
		}
	}
}

// TestLongDeviatingHeads parses heads with deviations at every line and more field lines than the
// index holds.
func TestLongDeviatingHeads(t *testing.T) {
	lines := []string{"A: b\r\n", "A: b\n", "A : b\r\n", "A: b\r\n c\r\n", "A:\r\n b\r\n", "A: b\r\n\tc\n d\r\n", "A:\n", "A: \x01\r\n"}
	rng := rand.New(rand.NewPCG(25, 26))
	for _, fields := range []int{2*tableFields + 2, 1, 2, tableFields - 1, tableFields, tableFields + 1, tableFields + 2, 2*tableFields + 2} {
		var r Request
		for range 200 {
			head := []byte("GET / HTTP/1.1\r\n")
			var want []string
			for range fields {
				line := lines[rng.IntN(len(lines))]
				head = append(head, line...)
				_, value, _ := strings.Cut(line, ":")
				want = append(want, strings.Trim(value, " \t\r\n"))
			}
			head = append(head, "\r\n"...)
			p := lenient(AllDeviations)
			if n, err := p.ParseRequest(&r, head); n != len(head) || err != nil {
				t.Fatalf("%d, %v: %q", n, err, head)
			}
			if most := 1 + rng.IntN(fields); most < fields { // those before the fault
				p.MaxFields, want = most, want[:most]
				if _, err := p.ParseRequest(&r, head); err != ErrTooManyFields {
					t.Fatalf("with %d of %d fields: %v", most, fields, err)
				}
			}
			var got, byIndex []string
			for name, value := range r.Fields() {
				got = append(got, string(value))
				if string(name) != "A" || cap(name) != 1 || cap(value) != len(value) {
					t.Fatalf("%q of capacity %d, %q of %d", name, cap(name), value, cap(value))
				}
			}
			for i := range r.NumFields() {
				_, value := r.Field(i)
				byIndex = append(byIndex, string(value))
			}
			if !slices.Equal(got, want) || !slices.Equal(byIndex, want) {
				t.Fatalf("%q\n%q\nwant\n%q\nof %q", got, byIndex, want, head)
			}
		}
	}
}

// TestWrittenTo checks that nothing panics if a caller writes to the bytes of a head with
// deviations.
func TestWrittenTo(t *testing.T) {
	p := lenient(AllDeviations)
	for at, c := range map[int]byte{21: '\r', 20: 'x', 22: ' ', 16: '\r', 15: '\r', 26: '\n'} {
		b := []byte("GET / HTTP/1.1\nHost:\nX: \x01y\n\n")
		var r Request
		if _, err := p.ParseRequest(&r, b); err != nil {
			t.Fatal(err)
		}
		b[at] = c
		r.describe()
	}
}

// TestSkippedLines checks that no method returns a line that is skipped, wherever it is and
// whatever else is allowed.
func TestSkippedLines(t *testing.T) {
	for _, allow := range []Deviations{InvalidLine, InvalidLine | SpaceBeforeColon, AllDeviations} {
		for before := range tableFields + 6 {
			for _, line := range []string{"<p>\r\n", "no colon\r\n", ": x\r\n", "a b: c\r\n", "X-Internal : yes\r\n"} {
				spaced := line[0] == 'X' && allow&SpaceBeforeColon != 0
				head := "GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("A: b\r\n", before) + line + "B: c\r\n" + line + "\r\n"
				var r Request
				p := lenient(allow)
				if _, err := p.ParseRequest(&r, []byte(head)); err != nil {
					t.Fatalf("%v: %q", err, head)
				}
				want := []string{"Host"}
				want = append(want, slices.Repeat([]string{"A"}, before)...)
				want = append(want, "B")
				if spaced {
					want = slices.Insert(append(want, "X-Internal"), 1+before, "X-Internal")
				}
				var got, byIndex, forwarded []string
				for name := range r.Fields() {
					got = append(got, string(name))
				}
				for i := range r.NumFields() {
					name, _ := r.Field(i)
					byIndex = append(byIndex, string(name))
				}
				for name := range r.EndToEnd() {
					forwarded = append(forwarded, string(name))
				}
				if !slices.Equal(got, want) || !slices.Equal(byIndex, want) || !slices.Equal(forwarded, want) || r.Index("B", 0) != slices.Index(want, "B") {
					t.Fatalf("%v, %q after %d lines: Fields %q\nField %q\nEndToEnd %q\nIndex %d", allow, line, before, got, byIndex, forwarded, r.Index("B", 0))
				}
			}
		}
	}
}

// TestRangeOverDeviating is TestRangeOver between heads with deviations and without.
func TestRangeOverDeviating(t *testing.T) {
	heads := []string{
		"GET / HTTP/1.1\r\nA: b\r\nC: d\r\nE: f\r\n\r\n",
		"GET / HTTP/1.1\nA:\nC:\nD:\n\n",
		"GET / HTTP/1.1\r\nA: b\r\n c\r\n d\r\n\r\n",
		"GET / HTTP/1.1\r\n" + strings.Repeat("A: b\r\n", tableFields+6) + "\r\n",
		"GET / HTTP/1.1\n" + strings.Repeat("A:\n", tableFields+6) + "\n",
	}
	for _, profile := range []Profile{Lenient, Pico} {
		p := Parser{Profile: profile}
		for _, first := range heads {
			for _, then := range heads {
				for at := range tableFields + 6 {
					var r Request
					p.ParseRequest(&r, []byte(first))
					n := 0
					for range r.Fields() {
						if n++; n == at {
							p.ParseRequest(&r, []byte(then))
						}
					}
					if n > 2*(tableFields+6) {
						t.Fatalf("%d lines", n)
					}
					for name, change := range map[string]func(){
						"reset":    r.Reset,
						"moved":    func() { r.Move(nil) },
						"cut off":  func() { r.Parse([]byte("GET / HT")) },
						"rejected": func() { r.Parse([]byte("GET\r\n")) },
					} {
						p.ParseRequest(&r, []byte(first))
						n := 0
						for range r.Fields() {
							if n++; n == at {
								change()
							}
						}
						p.ParseRequest(&r, []byte(first))
						for range r.Elements("A") {
							change()
						}
						if n > 2*(tableFields+6) {
							t.Fatalf("%s: %d lines", name, n)
						}
					}
				}
			}
		}
	}
}

// TestSettledOnly checks that bytes that are not settled never belong to an earlier field.
func TestSettledOnly(t *testing.T) {
	p := Parser{Profile: Lenient}
	for _, fields := range []int{3, tableFields, tableFields + 1, tableFields + 6} {
		for _, rest := range []string{" secret\x00", " secret", "\tsecret\r"} {
			var r Request
			p.ParseRequest(&r, []byte("GET / HTTP/1.1\n"+strings.Repeat("A: b\n", fields)+rest))
			if r.NumFields() != fields {
				t.Fatalf("%d fields of %d", r.NumFields(), fields)
			}
			if _, value := r.Field(fields - 1); string(value) != "b" {
				t.Errorf("%d fields and %q: the last is %q", fields, rest, value)
			}
			for _, value := range r.Fields() {
				if string(value) != "b" {
					t.Errorf("%d fields and %q: there is %q", fields, rest, value)
				}
			}
		}
	}
}

// TestEdges checks edge cases of limits, profiles and status codes.
func TestEdges(t *testing.T) {
	var r Request
	p := Parser{Profile: Pico, MaxTargetBytes: 1}
	if n, err := p.ParseRequest(&r, []byte("GET /a HTTP/1.1\r\n\r\n")); n != 5 || err != ErrTargetTooLong {
		t.Errorf("Pico with a limit of 1: %d, %v", n, err)
	}
	p = Parser{Profile: Pico + 1, AllowRequest: AllDeviations}
	if n, err := p.ParseRequest(&r, []byte("GET / HTTP/1.1\n\n")); n != 14 || err != ErrBareLF {
		t.Errorf("an unknown profile: %d, %v", n, err)
	}
	p = Parser{Profile: Lenient}
	for status, want := range map[string]Deviations{"099": EqualLengths, "103": 0, "199": 0, "204": 0, "304": 0, "200": EqualLengths} {
		var r Response
		if _, err := p.ParseResponse(&r, []byte("HTTP/1.1 "+status+"\r\nContent-Length: 5, 5\r\n\r\n")); err != nil || r.Deviations() != want {
			t.Errorf("%s: %v, deviations %v", status, err, r.Deviations())
		}
	}
	for _, head := range []string{"HTTP/1.1 200\n\n", "HTTP/1.1 200 \n\n", "HTTP/1.1 200\r\n\r\n"} {
		var r Response
		if _, err := p.ParseResponse(&r, []byte(head)); err != nil || len(r.Reason()) > 0 || r.Status() != 200 || r.Minor() != 1 {
			t.Errorf("%q: %v, %d %q", head, err, r.Status(), r.Reason())
		}
	}
}
