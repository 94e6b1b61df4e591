// Package targets holds what the fuzzing engines run: one body for each message
// part, which panics if picohttp breaks a promise. The same bodies are native
// targets (go test -fuzz), go-fuzz functions and libFuzzer binaries: run.sh builds
// and runs all of them.
//
// A body returns what go-fuzz wants to know: 1 if the input was accepted, and so deserves
// more mutants, 0 if not, -1 if it is not worth keeping.
package targets

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/fuzz/differ"
	"github.com/picohttp/picohttp/h1"
)

// A target is a body and the part of package corpus that it begins with.
type target struct {
	name string
	part string
	body func(b []byte) int
}

var targets = []target{
	{"Request", "request", checkRequest},
	{"Response", "response", checkResponse},
	{"Trailer", "trailer", checkTrailer},
	{"Chunked", "chunked", checkChunked},
	{"Framing", "request", checkFraming},
	{"Kernels", "request", checkKernels},
}

// maxInput is the length of the longest input that is tried, in bytes.
const maxInput = 16 << 10

// A message is a head or a trailer section.
type message interface {
	Parse(b []byte) (n int, err error)
	Resume(b []byte) (n int, err error)
	NumFields() int
	Field(i int) (name, value []byte)
	Span(i int) picohttp.Span
	Fields() iter.Seq2[[]byte, []byte]
	Index(name string, from int) int
	Explain(err error) string
	Deviations() picohttp.Deviations
}

// checkRequest: a request has one outcome, in whatever pieces it arrives and by whatever
// methods it is read, and serialized again it is the same.
func checkRequest(b []byte) int {
	return check(b, func(p *picohttp.Parser, b []byte) (message, int, error) {
		r := new(picohttp.Request)
		n, err := p.ParseRequest(r, b)
		return r, n, err
	}, func(m message) string {
		r := m.(*picohttp.Request)
		if why := checkCheck(r); why != "" {
			fail(b, "%s", why)
		}
		return fmt.Sprintf("%s %s HTTP/1.%d\r\n", r.Method(), r.Target(), r.Minor())
	})
}

// checkCheck: Check returns what Host and Framing return, and nothing that is accepted
// along with an error. It returns what is wrong.
func checkCheck(r *picohttp.Request) (why string) {
	v, err := r.Check()
	host, errHost := r.Host()
	f, errFraming := r.Framing()
	switch {
	case v.Form != r.TargetForm():
		return fmt.Sprintf("Check says %s, TargetForm %s", v.Form, r.TargetForm())
	case err == nil && (errHost != nil || errFraming != nil || v.Framing != f || f.OtherCoding):
		return fmt.Sprintf("Check returns %+v, Host %v, Framing %+v, %v", v, errHost, f, errFraming)
	case err == nil && v.Form != picohttp.AbsoluteForm && v.Form != picohttp.AuthorityForm && !bytes.Equal(v.Authority, host):
		return fmt.Sprintf("Authority is %q, Host %q", v.Authority, host)
	case err != nil && v.KeepAlive:
		return fmt.Sprintf("KeepAlive along with %v", err)
	case errHost != nil && err != errHost, errFraming != nil && err == nil:
		return fmt.Sprintf("Check returns %v, Host %v, Framing %v", err, errHost, errFraming)
	}
	if err != nil {
		r.Explain(err)
	}
	return ""
}

// checkResponse is checkRequest for responses.
func checkResponse(b []byte) int {
	return check(b, func(p *picohttp.Parser, b []byte) (message, int, error) {
		r := new(picohttp.Response)
		n, err := p.ParseResponse(r, b)
		return r, n, err
	}, func(m message) string {
		r := m.(*picohttp.Response)
		for _, method := range []string{"GET", "HEAD", "CONNECT"} {
			r.Framing(method)
		}
		return fmt.Sprintf("HTTP/1.%d %03d %s\r\n", r.Minor(), r.Status(), r.Reason())
	})
}

// checkTrailer is checkRequest for trailer sections.
func checkTrailer(b []byte) int {
	return check(b, func(p *picohttp.Parser, b []byte) (message, int, error) {
		t := new(picohttp.Trailer)
		n, err := p.ParseTrailer(t, b)
		return t, n, err
	}, func(message) string { return "" })
}

// parseFunc parses with a Parser.
type parseFunc func(p *picohttp.Parser, b []byte) (m message, n int, err error)

// check also checks the laws of the profiles.
func check(b []byte, parse parseFunc, startLine func(m message) string) int {
	if len(b) > maxInput {
		return -1
	}
	profiles(b, parse)
	m, n, err := parse(&picohttp.Parser{}, b[:len(b):len(b)])
	resumed, _, _ := parse(&picohttp.Parser{}, nil)
	for _, end := range []int{len(b) / 3, len(b) / 3 * 2, len(b)} {
		again, errAgain := resumed.Resume(b[:end:end])
		if errAgain != picohttp.ErrIncomplete || end == len(b) {
			equal(b, "in three pieces", n, err, again, errAgain)
			break
		}
	}
	if err != nil {
		if err != picohttp.ErrIncomplete && n > len(b) {
			fail(b, "the offset %d of an error", n)
		}
		m.Explain(err)
		if m.NumFields() > 0 && err != picohttp.ErrIncomplete {
			for range m.Fields() {
			}
		}
		return 0
	}
	written := []byte(startLine(m))
	i := 0
	for name, value := range m.Fields() {
		atName, atValue := m.Field(i)
		if !bytes.Equal(name, atName) || !bytes.Equal(value, atValue) || cap(value) != len(value) || cap(name) != len(name) {
			fail(b, "field %d is %q, %q, and then %q, %q", i, name, value, atName, atValue)
		}
		if s := m.Span(i); !bytes.Equal(name, b[s.Line:s.NameEnd]) || !bytes.Equal(value, b[s.Value:s.End]) {
			fail(b, "field %d is %q, %q, and then at %+v", i, name, value, s)
		}
		if m.Index(string(name), i) != i {
			fail(b, "field %d is not named %q", i, name)
		}
		written = fmt.Appendf(written, "%s: %s\r\n", name, value)
		i++
	}
	if written = append(written, "\r\n"...); len(written) > picohttp.DefaultMaxTrailerBytes {
		return 1 // white space that is put in may exceed a limit
	}
	again, _, _ := parse(&picohttp.Parser{}, nil)
	if n, err := again.Parse(written); err != nil || n != len(written) || !sameFields(m, again) || startLine(m) != startLine(again) {
		fail(b, "serialized again it is %q: %d, %v", written, n, err)
	}
	return 1
}

// judgments are the deviations that are not in the form of the head: Parse accepts them in
// every profile, and Framing and Host judge them.
const judgments = picohttp.EqualLengths | picohttp.LengthAndCoding | picohttp.RepeatedChunked |
	picohttp.CodingVersion | picohttp.HostDiffers | picohttp.HostInvalid

// profiles: the other profiles accept what the strict one does, with the same
// fields and no deviation, and what they accept without one it accepts, too.
func profiles(b []byte, parse parseFunc) {
	strict, n, err := parse(&picohttp.Parser{}, b)
	for _, profile := range []picohttp.Profile{picohttp.Lenient, picohttp.Pico} {
		m, at, errOther := parse(&picohttp.Parser{Profile: profile}, b)
		form := m.Deviations() &^ judgments
		switch {
		case err == nil && (errOther != nil || at != n || form != 0 || !sameFields(strict, m)):
			fail(b, "%s, which has %s: %d, %v, not %d", profile, m.Deviations(), at, errOther, n)
		case errOther == nil && form == 0 && err != nil && err != picohttp.ErrTargetTooLong && err != picohttp.ErrMethodTooLong:
			fail(b, "%s accepts without a deviation what strict does not: %v", profile, err)
		}
	}
}

func sameFields(a, b message) bool {
	if a.NumFields() != b.NumFields() {
		return false
	}
	for i := range a.NumFields() {
		name, value := a.Field(i)
		nameB, valueB := b.Field(i)
		if !bytes.Equal(name, nameB) || !bytes.Equal(value, valueB) {
			return false
		}
	}
	return true
}

// checkChunked: a body has the same content in one piece, in several, byte by byte, and
// through all four ways to read it; what is accepted, net/http reads too.
func checkChunked(b []byte) int {
	if len(b) > maxInput {
		return -1
	}
	var d picohttp.Chunked
	moved := bytes.Clone(b)
	size, n, err := d.Decode(moved)
	content := moved[:size]
	for _, step := range []int{1, 7, 64} {
		var next picohttp.Chunked
		var whole picohttp.Content
		whole.Start(picohttp.Framing{Body: picohttp.BodyChunked}, nil)
		for _, next := range []func([]byte) ([]byte, int, error){next.Next, whole.Next} {
			again, at, errAgain := inSteps(b, step, next)
			if errAgain != err || at != n || !bytes.Equal(again, content) {
				fail(b, "%d bytes at a time: %q, %d, %v, not %q, %d, %v", step, again, at, errAgain, content, n, err)
			}
		}
		if end := whole.End(); end == nil != (err == io.EOF) || err != io.EOF && err != picohttp.ErrIncomplete && end != err {
			fail(b, "End returns %v after %v", end, err)
		}
		next.Explain(err)
		whole.Explain(err)
	}
	d.Explain(err)
	r := h1.NewReader(io.MultiReader(strings.NewReader("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), bytes.NewReader(b)), nil)
	if _, _, err := r.ReadResponse("GET"); err != nil {
		fail(b, "h1 does not read the head: %v", err)
	}
	read, errRead := io.ReadAll(r)
	if !bytes.HasPrefix(content, read) || err == io.EOF && (errRead != nil || len(read) != size) || err != io.EOF && errRead == nil {
		fail(b, "h1 has %q, %v, not %q, %v", read, errRead, content, err)
	}
	if err != io.EOF {
		return 0
	}
	net, ours := differ.NetHTTP(), differ.Picohttp()[0]
	v, w := net.Chunked(b), ours.Chunked(b)
	if v.Result != differ.Accept && !strictOnly(b) || v.Result == differ.Accept && differ.Compare(&v, &w) != differ.Agree {
		fail(b, "net/http has %+v", v)
	}
	return 1
}

// strictOnly: what net/http rejects and RFC 9112 defines: BWS before a chunk-ext,
// lines longer than its buffer, and fields of the trailer section whose names or
// values it has its own rules for.
func strictOnly(b []byte) bool {
	return bytes.ContainsAny(b, "\t ;:") || len(b) > 2<<10
}

// inSteps decodes a body of which step bytes arrive at a time, and returns what Decode
// returns for all of it.
func inSteps(b []byte, step int, next func([]byte) ([]byte, int, error)) (content []byte, n int, err error) {
	var buffer []byte
	for piece := range slices.Chunk(b, step) {
		buffer = append(buffer, piece...)
		for {
			data, m, err := next(buffer)
			content = append(content, data...)
			n += m
			buffer = buffer[m:]
			if err == nil {
				continue
			}
			if err != picohttp.ErrIncomplete {
				return content, n, err
			}
			break
		}
	}
	if len(b) == 0 {
		_, n, err = next(nil)
		return nil, n, err
	}
	return content, n, picohttp.ErrIncomplete
}

// checkFraming: where the body of an accepted request or response ends, net/http ends
// it too, if it accepts it.
func checkFraming(b []byte) int {
	if len(b) > maxInput {
		return -1
	}
	ours, net := differ.Picohttp()[0], differ.NetHTTP()
	interest := 0
	for _, parse := range [][2]func([]byte) differ.Verdict{{ours.Request, net.Request}, {ours.Response, net.Response}} {
		v := parse[0](b)
		if v.Result == differ.Accept || v.Stage == differ.StageBody {
			w := parse[1](b)
			if c := differ.Compare(&v, &w); c.Smuggles() || c == differ.BodyDiffers {
				fail(b, "%s: net/http has %+v, not %+v", c, w, v)
			}
			interest = 1
		}
	}
	return interest
}

// checkKernels: a kernel and the reference, which parses what arrives byte by byte, agree on
// a whole head. The head is placed right up against pages that cannot be read, on systems
// that have such pages. A process has one kernel, which GODEBUG selects.
func checkKernels(b []byte) int {
	if len(b) > maxInput {
		return -1
	}
	guard := guards()
	interest := 0
	for _, new := range []func() message{
		func() message { return new(picohttp.Request) },
		func() message { return new(picohttp.Response) },
		func() message { return new(picohttp.Trailer) },
	} {
		reference := new()
		m, errReference := 0, picohttp.ErrIncomplete
		for end := 0; end <= len(b) && errReference == picohttp.ErrIncomplete; end++ {
			m, errReference = reference.Resume(b[:end:end])
		}
		for _, place := range []func([]byte) []byte{guard.AtEnd, guard.AtStart} {
			kernel := new()
			n, err := kernel.Parse(place(b))
			equal(b, "byte by byte", n, err, m, errReference)
			if err == nil && !sameFields(kernel, reference) {
				fail(b, "byte by byte it has other fields")
			}
		}
		if errReference == nil {
			interest = 1
		}
	}
	return interest
}

var guards = sync.OnceValue(func() *differ.Guard {
	g, err := differ.NewGuard(maxInput)
	if err != nil {
		panic(err)
	}
	return g
})

func equal(b []byte, how string, n int, err error, again int, errAgain error) {
	if err != errAgain || n != again {
		fail(b, "%d, %v, and %s %d, %v", n, err, how, again, errAgain)
	}
}

func fail(b []byte, format string, args ...any) {
	panic(fmt.Sprintf("kernel %s, input %q: %s", picohttp.Kernel(), b, fmt.Sprintf(format, args...)))
}
