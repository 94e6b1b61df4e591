package picohttp

import "testing"

// TestCheck: what the methods of complete requests, responses and trailer sections
// return, for the vectors of testdata/check.
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
				t.Errorf("%s says nothing", v.name)
			}
			v.compareSaid(t, m)
			if got := m.Deviations().String(); got != v.deviations {
				t.Errorf("%s: deviations %q, want %q\n%q", v.name, got, v.deviations, v.input)
			}
		}
	})
}

// TestCutOff: what the methods of a head return that is cut off or malformed.
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
			if err != test.err && step < len(test.input) && err == ErrIncomplete {
				t.Errorf("%q from %d on: %v, want %v", test.input, step, err, test.err)
			}
			if string(r.Method()) != test.method || string(r.Target()) != test.target || test.input[begin:end] != test.target ||
				r.Settled() != test.settled || string(r.Bytes()) != test.input[:test.settled] || r.NumFields() != test.fields {
				t.Errorf("%q from %d on: %v, %q %q, %d settled, %d fields; want %q %q %d %d", test.input, step, err,
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
				if r.Status() != want && !(p.Profile == Pico && r.Status() == 0) { // which reads words when they are whole
					t.Errorf("%v: %q from %d on has the status %d, want %d", p.Profile, input, step, r.Status(), want)
				}
			}
		}
	}
}
