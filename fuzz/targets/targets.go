// Package targets holds what the fuzzing engines run: one check for each message
// part, which panics if picohttp breaks a promise. The same checks are native
// targets (go test -fuzz), go-fuzz functions and libFuzzer binaries: run.sh builds
// and runs all of them.
//
// The checks need exported names alone. The fuzz targets of the root module check more
// laws, among them those of the profiles, of Check and of the methods of Head.
package targets

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync"
	"testing/iotest"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/fuzz/corpus"
	"github.com/picohttp/picohttp/fuzz/differ"
	"github.com/picohttp/picohttp/h1"
)

// A target is a check and the messages that it begins with. The check reports whether
// the input was accepted, and so deserves more mutants.
type target struct {
	name  string
	seeds [][]byte
	check func(b []byte) (accepted bool)
}

var targets = []*target{
	{"Request", corpus.Load("request"), checkMessage[picohttp.Request]},
	{"Response", corpus.Load("response"), checkMessage[picohttp.Response]},
	{"Trailer", corpus.Load("trailer"), checkMessage[picohttp.Trailer]},
	{"Chunked", corpus.Load("chunked"), checkChunked},
	{"Framing", corpus.Load("request"), checkFraming},
	{"Kernels", corpus.Load("request"), checkKernels},
}

// Seeds returns the messages that a target begins with, by its name.
func Seeds() map[string][][]byte {
	seeds := map[string][][]byte{}
	for _, t := range targets {
		seeds[t.name] = t.seeds
	}
	return seeds
}

// byName returns the first target if there is none of that name.
func byName(name string) *target {
	for _, t := range targets {
		if t.name == name {
			return t
		}
	}
	return targets[0]
}

// maxInput is the length of the longest input that is tried, in bytes.
const maxInput = 16 << 10

// run returns what go-fuzz wants to know: 1 if the input deserves more mutants, 0 if not,
// -1 if it is not worth keeping.
func (t *target) run(b []byte) int {
	switch {
	case len(b) > maxInput:
		return -1
	case t.check(b):
		return 1
	}
	return 0
}

// A message is a pointer to a head or to a trailer section.
type message[T any] interface {
	*T
	Parse(b []byte) (n int, err error)
	Resume(b []byte) (n int, err error)
	Fields() iter.Seq2[[]byte, []byte]
	Explain(err error) string
}

// checkMessage: a message has one outcome, in whatever pieces it arrives, and serialized
// again it is the same.
func checkMessage[T any, M message[T]](b []byte) bool {
	m, again := M(new(T)), M(new(T))
	n, err := m.Parse(b)
	checkPieces[T, M](b, len(b)/3+1, m, n, err)
	if r, ok := any(m).(*picohttp.Request); ok {
		if v, err := r.Check(); v.Form != r.TargetForm() || err != nil && v.KeepAlive {
			fail(b, "Check returns %+v, %v; the target is in %s", v, err, r.TargetForm())
		}
	}
	if err != nil {
		m.Explain(err)
		return false
	}
	written := write(m)
	if len(written) > picohttp.DefaultMaxTrailerBytes {
		return true // white space that is put in may exceed a limit
	}
	n, err = again.Parse(written)
	if err != nil || n != len(written) || !bytes.Equal(write(again), written) {
		fail(b, "serialized again it is %q: %d, %v, %q", written, n, err, write(again))
	}
	return true
}

// write serializes a message.
func write[T any, M message[T]](m M) (b []byte) {
	switch m := any(m).(type) {
	case *picohttp.Request:
		b = fmt.Appendf(b, "%s %s HTTP/1.%d\r\n", m.Method(), m.Target(), m.Minor())
	case *picohttp.Response:
		b = fmt.Appendf(b, "HTTP/1.%d %03d %s\r\n", m.Minor(), m.Status(), m.Reason())
	}
	for name, value := range m.Fields() {
		b = fmt.Appendf(b, "%s: %s\r\n", name, value)
	}
	return append(b, "\r\n"...)
}

// checkPieces: if step bytes arrive at a time, b has the same outcome.
func checkPieces[T any, M message[T]](b []byte, step int, whole M, n int, err error) {
	pieces := M(new(T))
	for end := 0; ; end = min(end+step, len(b)) {
		at, errAt := pieces.Resume(b[:end:end])
		if errAt == picohttp.ErrIncomplete && end < len(b) {
			continue
		}
		if errAt != err || at != n || !bytes.Equal(write(pieces), write(whole)) {
			fail(b, "%d, %v, %q, and %d bytes at a time %d, %v, %q",
				n, err, write(whole), step, at, errAt, write(pieces))
		}
		return
	}
}

// checkKernels: a kernel and the reference, which parses what arrives byte by byte, agree on
// a whole head. The head is placed right up against pages that cannot be read, on systems
// that have such pages. A process has one kernel, which GODEBUG selects.
func checkKernels(b []byte) bool {
	request, response := checkKernel[picohttp.Request](b), checkKernel[picohttp.Response](b)
	return checkKernel[picohttp.Trailer](b) || request || response
}

func checkKernel[T any, M message[T]](b []byte) (accepted bool) {
	for _, place := range []func([]byte) []byte{guard().AtEnd, guard().AtStart} {
		m := M(new(T))
		n, err := m.Parse(place(b))
		checkPieces[T, M](b, 1, m, n, err)
		accepted = err == nil
	}
	return accepted
}

var guard = sync.OnceValue(func() *differ.Guard {
	g, err := differ.NewGuard(maxInput)
	if err != nil {
		panic(err)
	}
	return g
})

// checkChunked: a body has the same content if Decode gets it whole and if package h1 reads it
// byte by byte. What is accepted, net/http reads, too.
func checkChunked(b []byte) bool {
	var d picohttp.Chunked
	content := bytes.Clone(b)
	size, _, err := d.Decode(content)
	content = content[:size]
	d.Explain(err)
	head := strings.NewReader("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
	r := h1.NewReader(io.MultiReader(head, iotest.OneByteReader(bytes.NewReader(b))), nil)
	if _, _, err := r.ReadResponse("GET"); err != nil {
		fail(b, "h1 does not read the head: %v", err)
	}
	read, errRead := io.ReadAll(r)
	isComplete := err == io.EOF
	if isComplete != (errRead == nil) || !bytes.HasPrefix(content, read) || isComplete && len(read) < size {
		fail(b, "h1 has %q, %v, not %q, %v", read, errRead, content, err)
	}
	if !isComplete {
		return false
	}
	ours, net := differ.Picohttp()[0].Chunked(b), differ.NetHTTP().Chunked(b)
	// It has rules of its own for BWS before a chunk-ext, lines longer than its buffer, and
	// names and values of the trailer section.
	mayReject := bytes.ContainsAny(b, "\t ;:") || len(b) > 2<<10
	if isSame := differ.Compare(&net, &ours) == differ.Agree; !isSame && (net.Result == differ.Accept || !mayReject) {
		fail(b, "net/http has %+v", net)
	}
	return true
}

// checkFraming: where the body of an accepted request or response ends, net/http ends
// it too, if it accepts it.
func checkFraming(b []byte) (accepted bool) {
	ours, net := differ.Picohttp()[0], differ.NetHTTP()
	type parser = func(b []byte) differ.Verdict
	for _, parse := range [][2]parser{{ours.Request, net.Request}, {ours.Response, net.Response}} {
		v := parse[0](b)
		if v.Result != differ.Accept && v.Stage != differ.StageBody {
			continue
		}
		accepted = true
		w := parse[1](b)
		if c := differ.Compare(&v, &w); c.Smuggles() || c == differ.BodyDiffers {
			fail(b, "%s: net/http has %+v, not %+v", c, w, v)
		}
	}
	return accepted
}

func fail(b []byte, format string, args ...any) {
	panic(fmt.Sprintf("kernel %s, input %q: %s", picohttp.Kernel(), b, fmt.Sprintf(format, args...)))
}
