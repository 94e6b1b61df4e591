package h1

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/internal/mutants"
)

// The tests in this file read messages twice: by Parse and Content from all bytes, and by a
// Reader from sources that deliver the bytes in every way that an io.Reader may. Both must find
// the same messages.

// A message is what Parse and Content find.
type message struct {
	err    error  // of the head
	text   string // of the head
	begin  int    // where the head begins
	end    int    // where the head ends
	next   int    // where the message ends, if it is complete
	body   picohttp.Body
	length int64 // of BodyLength

	keepAlive, expects bool

	content []byte
	failure error // of the content, nil if it is complete
	trailer string
}

func requestText(r *picohttp.Request, v picohttp.Verdict) string {
	return fmt.Sprintf("%q %q %d %+v %v %q %q", r.Method(), r.Target(), r.Minor(), v.Framing, v.Form, v.Authority, headText(&r.Head))
}

func responseText(r *picohttp.Response, f picohttp.Framing) string {
	return fmt.Sprintf("%d %q %d %+v %q", r.Status(), r.Reason(), r.Minor(), f, headText(&r.Head))
}

func headText(h *picohttp.Head) string {
	var s strings.Builder
	for name, value := range h.Fields() {
		fmt.Fprintf(&s, "%s:%s\n", name, value)
	}
	return s.String() + string(h.Bytes())
}

var emptyLines = regexp.MustCompile(`^(\r?\n)*$`)

// parseAll finds the messages in b: requests, or the responses to these methods. err is the
// reason why they end.
func parseAll(b []byte, p *picohttp.Parser, methods []string) (messages []message, err error) {
	for at := 0; ; {
		m := message{begin: at}
		var n int
		var f picohttp.Framing
		if methods == nil {
			var r picohttp.Request
			var v picohttp.Verdict
			n, err = p.ParseRequest(&r, b[at:])
			if err == nil {
				v, err = r.Check()
			}
			f, m.text = v.Framing, requestText(&r, v)
		} else {
			var r picohttp.Response
			n, err = p.ParseResponse(&r, b[at:])
			if err == nil {
				f, err = r.Framing(methods[len(messages)%len(methods)])
			}
			if err == nil && f.OtherCoding {
				err = picohttp.ErrCoding
			}
			m.text = responseText(&r, f)
		}
		if err == picohttp.ErrIncomplete && emptyLines.Match(b[at:]) {
			return messages, io.EOF
		} else if err == picohttp.ErrIncomplete {
			return messages, io.ErrUnexpectedEOF
		}
		at += n
		m.err, m.end, m.body, m.length, m.keepAlive, m.expects = err, at, f.Body, f.Length, f.KeepAlive, f.ExpectContinue
		if err != nil {
			return append(messages, m), err
		}
		c := picohttp.Content{Response: methods != nil}
		c.Start(f, p)
		for m.failure == nil {
			var data []byte
			data, n, m.failure = c.Next(b[at:])
			at += n
			m.content = append(m.content, data...)
		}
		if m.failure == picohttp.ErrIncomplete {
			if m.failure = c.End(); m.failure == nil {
				m.failure = io.EOF
			}
		}
		m.next = at
		if m.failure == io.EOF {
			m.failure = nil
			m.trailer = headText(&c.Trailer().Head)
		}
		messages = append(messages, m)
		switch {
		case !m.keepAlive:
			return messages, io.EOF
		case m.failure != nil:
			return messages, m.failure
		}
	}
}

// A delivery is an io.Reader that returns b in random pieces.
type delivery struct {
	b      []byte
	rng    *rand.Rand
	most   int  // bytes at a time
	empty  bool // it may return neither bytes nor an error
	tardy  bool // it may time out
	joined bool // the last bytes come with the error
}

type slowness struct{}

func (slowness) Error() string { return "slow" }
func (slowness) Timeout() bool { return true }

func (d *delivery) Read(p []byte) (n int, err error) {
	for i := range p[:min(len(p), 100)] {
		p[i] = '!' // a reader may use p as scratch space
	}
	if d.tardy && d.rng.IntN(3) == 0 {
		err = []error{slowness{}, fmt.Errorf("read: %w", os.ErrDeadlineExceeded)}[d.rng.IntN(2)]
	}
	if err == nil && !(d.empty && d.rng.IntN(2) == 0) || d.joined && d.rng.IntN(2) == 0 {
		n = copy(p, d.b[:min(len(d.b), 1+d.rng.IntN(d.most))])
		d.b = d.b[n:]
	}
	if len(d.b) == 0 && err == nil && (n == 0 || d.joined) {
		err = io.EOF
	}
	return n, err
}

// deliveries make sources of b.
var deliveries = []func(b []byte, rng *rand.Rand) io.Reader{
	func(b []byte, rng *rand.Rand) io.Reader { return bytes.NewReader(b) },
	func(b []byte, rng *rand.Rand) io.Reader { return &delivery{b: b, rng: rng, most: 700} },
	func(b []byte, rng *rand.Rand) io.Reader { return &delivery{b: b, rng: rng, most: 1, empty: true} },
	func(b []byte, rng *rand.Rand) io.Reader {
		return &delivery{b: b, rng: rng, most: 200, empty: true, tardy: true}
	},
	func(b []byte, rng *rand.Rand) io.Reader {
		return &delivery{b: b, rng: rng, most: 1500, tardy: true, joined: true}
	},
	func(b []byte, rng *rand.Rand) io.Reader {
		return bufio.NewReaderSize(&delivery{b: b, rng: rng, most: 900, tardy: true}, 16+rng.IntN(300))
	},
}

// patient calls f until it does not time out.
func patient(f func() error) (err error) {
	for range 1 << 20 {
		if err = f(); err == nil || !isTimeout(err) {
			break
		}
	}
	return err
}

// A reading reads messages with a Reader, in ways that rng chooses.
type reading struct {
	*Reader
	rng   *rand.Rand
	asked bool   // content of the current message was read
	got   []byte // content of the current message
	ended bool   // the content was read or discarded to its end
}

// some reads at most n bytes of content.
func (r *reading) some(n int) (err error) {
	for most := 1 + r.rng.IntN(1<<r.rng.IntN(18)); n > 0 && err == nil; {
		p := make([]byte, min(n, 1+r.rng.IntN(most)))
		var m int
		err = patient(func() (err error) {
			if m, err = r.Read(p); m > 0 && err != nil {
				err = fmt.Errorf("%d bytes and %w", m, err)
			}
			return err
		})
		r.asked = true
		r.got = append(r.got, p[:m]...)
		n -= m
	}
	return err
}

// copied reads the rest of the content with WriteTo.
func (r *reading) copied() error {
	var b bytes.Buffer
	r.asked = true
	var written int64
	err := patient(func() error {
		n, err := r.WriteTo(&b)
		written += n
		return err
	})
	if r.got = append(r.got, b.Bytes()...); int(written) != b.Len() {
		return fmt.Errorf("WriteTo has written %d bytes and says %d", b.Len(), written)
	}
	return err
}

// consume reads content of m in one of several ways, and returns what is wrong.
func (r *reading) consume(m *message) error {
	const all = 1 << 30
	var err error
	way := r.rng.IntN(8)
	discards := way == 6 || way == 7
	switch some := r.rng.IntN(len(m.content) + 2); way {
	case 0:
		return nil
	case 1:
		if err = r.some(some); err == nil {
			return r.compare(m, nil)
		}
	case 2:
		err = r.some(all)
	case 3:
		err = r.copied()
	case 4:
		if err = r.some(some); err == nil {
			err = r.copied()
		}
	case 5:
		_, err = io.Copy(io.Discard, struct{ io.Reader }{patientReader{r}})
		r.got, r.asked = m.content, true
	case 6:
		err = patient(func() error { return r.Discard(all) })
	case 7:
		if err = r.some(some); err == nil {
			err = patient(func() error { return r.Discard(all) })
		}
	}
	if discards && err == ErrNotRead && m.expects && !r.asked {
		return nil
	}
	if discards {
		r.got = m.content
	}
	if err == io.EOF {
		err = nil
	}
	r.ended = err == nil
	if err != m.failure {
		return fmt.Errorf("way %d: the content ends in %v, want %v", way, err, m.failure)
	}
	return r.compare(m, err)
}

type patientReader struct{ r *reading }

func (p patientReader) Read(b []byte) (n int, err error) {
	err = patient(func() (err error) { n, err = p.r.Read(b); return err })
	return n, err
}

func (r *reading) compare(m *message, err error) error {
	switch {
	case !bytes.HasPrefix(m.content, r.got), (r.ended || err != nil) && len(r.got) != len(m.content):
		return fmt.Errorf("the content is %.200q, want %.200q", r.got, m.content)
	case r.ended && headText(&r.Trailer().Head) != m.trailer:
		return fmt.Errorf("the trailer section is %q, want %q", headText(&r.Trailer().Head), m.trailer)
	}
	return nil
}

// checkReading reads b from source with a Reader, and returns an error if the result differs from
// that of parseAll.
func checkReading(b []byte, source io.Reader, p *picohttp.Parser, methods []string, rng *rand.Rand) error {
	messages, last := parseAll(b, p, methods)
	r := reading{Reader: NewReader(source, p), rng: rng}
	next := func(i int) (text func() string, err error) {
		if rng.IntN(2) == 0 {
			if err := patient(r.Wait); err != nil {
				return nil, err
			}
		}
		if methods == nil {
			var req *picohttp.Request
			var v picohttp.Verdict
			err = patient(func() (err error) { req, v, err = r.ReadRequest(); return err })
			text = func() string { return requestText(req, v) }
			if req == nil {
				text = nil
			}
			return text, err
		}
		var resp *picohttp.Response
		var f picohttp.Framing
		err = patient(func() (err error) { resp, f, err = r.ReadResponse(methods[i%len(methods)]); return err })
		text = func() string { return responseText(resp, f) }
		if resp == nil {
			text = nil
		}
		return text, err
	}
	stays := func(err error) error { // checks that err is permanent
		for range 3 {
			if again := r.Wait(); again != err {
				return fmt.Errorf("Wait returns %v after %v", again, err)
			}
			if _, again := r.Read(make([]byte, 1)); again != err {
				return fmt.Errorf("Read returns %v after %v", again, err)
			}
			if _, again := next(0); again != err {
				return fmt.Errorf("the next message is %v after %v", again, err)
			}
		}
		return nil
	}
	for i := range len(messages) + 1 {
		if i > 0 { // check how the previous message ended
			m := &messages[i-1]
			want, optional := error(nil), false
			switch unread := int64(len(m.content) - len(r.got)); {
			case m.err != nil:
				want = m.err
			case !m.keepAlive && (m.failure == nil || !r.failed()):
				want = io.EOF
			case r.failed():
				want = r.err
			case m.body == picohttp.BodyLength && m.length-int64(len(r.got)) > MaxDiscard, unread > MaxDiscard:
				want = ErrNotRead
			default:
				want = m.failure
			}
			optional = m.expects && !r.asked && m.keepAlive
			if want != nil || optional || i == len(messages) {
				if want == nil && i == len(messages) {
					want = last
				}
				_, err := next(i)
				if optional && err == ErrNotRead || want != nil && err == want {
					return stays(err)
				} else if want != nil {
					return fmt.Errorf("after message %d: %v, want %v", i-1, err, want)
				}
				if err != messages[i].err { // it has been consumed
					return fmt.Errorf("message %d: %v, want %v", i, err, messages[i].err)
				}
				return nil
			}
		}
		if i == len(messages) {
			if _, err := next(i); err != last {
				return fmt.Errorf("message %d: %v, want %v", i, err, last)
			}
			return stays(last)
		}
		m := &messages[i]
		r.got, r.asked, r.ended = nil, false, false
		text, err := next(i)
		switch {
		case err != m.err:
			return fmt.Errorf("message %d: %v, want %v", i, err, m.err)
		case text == nil:
			return fmt.Errorf("message %d: nil along with %v", i, err)
		case text() != m.text && m.err == nil:
			return fmt.Errorf("message %d: %s, want %s", i, text(), m.text)
		case m.err != nil:
			text()
			r.Explain(err)
			continue
		}
		if err := r.consume(m); err != nil {
			return fmt.Errorf("message %d: %w", i, err)
		}
		if r.state < content && r.kept > 0 {
			return fmt.Errorf("message %d: %d bytes are kept", i, r.kept)
		}
		if text() != m.text {
			return fmt.Errorf("message %d, after its content: %s, want %s", i, text(), m.text)
		}
		if len(r.buf) > max(2*keptBuffer, 4*len(b)) {
			return fmt.Errorf("the buffer has %d bytes", len(r.buf))
		}
		if m.failure == nil && (r.ended || len(m.content) == 0 && m.body != picohttp.BodyChunked && m.body != picohttp.BodyUntilClose) {
			if rest := r.Buffered(); !bytes.HasPrefix(b[m.next:], rest) {
				return fmt.Errorf("message %d: %q is buffered, want part of %q", i, rest, b[m.next:])
			}
			if !m.keepAlive || rng.IntN(8) == 0 { // the connection is used for something else
				rest := append([]byte(nil), r.Buffered()...)
				more := make([]byte, 999)
				patient(func() error {
					n, err := source.Read(more)
					rest = append(rest, more[:n]...)
					if err == nil {
						err = os.ErrDeadlineExceeded
					}
					return err
				})
				if !bytes.Equal(rest, b[m.next:]) {
					return fmt.Errorf("message %d: %q is left, want %q", i, rest, b[m.next:])
				}
				return nil
			}
		} else if r.Buffered() != nil && !r.ended && len(r.got) < len(m.content) {
			return fmt.Errorf("message %d: %q is buffered before all content was read", i, r.Buffered())
		}
	}
	return nil
}

// failed reports whether the content was read up to its fault.
func (r *reading) failed() bool { return r.err != nil }

// writeContent writes the end of a head, and content in a random framing.
func writeContent(s *strings.Builder, rng *rand.Rand, hasContent bool) {
	size := rng.IntN(1 << rng.IntN(15))
	content := strings.Repeat("content\r\n0\r\n\r\nGET", size/17+1)[:size]
	if !hasContent {
		content = ""
	}
	switch way := rng.IntN(4); {
	case way == 0 || !hasContent:
		s.WriteString("\r\n")
	case way == 1:
		fmt.Fprintf(s, "Content-Length: %d\r\n\r\n%s", len(content), content)
	default:
		s.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		for len(content) > 0 {
			n := 1 + rng.IntN(min(len(content), 1<<rng.IntN(14)))
			fmt.Fprintf(s, "%x%s\r\n%s\r\n", n, []string{"", ";a=b", " ; a=\"b\""}[rng.IntN(3)], content[:n])
			content = content[n:]
		}
		s.WriteString("0\r\n")
		for range rng.IntN(3) {
			fmt.Fprintf(s, "Trailer-%d: %s\r\n", rng.IntN(9), strings.Repeat("t", rng.IntN(1<<rng.IntN(14))))
		}
		s.WriteString("\r\n")
	}
}

func writeFields(s *strings.Builder, rng *rand.Rand) {
	for range rng.IntN(4) {
		fmt.Fprintf(s, "%s: %s\r\n", []string{"Accept", "Cookie", "X-Y"}[rng.IntN(3)], strings.Repeat("v", rng.IntN(1<<rng.IntN(14))))
	}
}

var rareFields = []string{
	"Connection: close\r\n", "Expect: 100-continue\r\n", "X: a\r\n folded\r\n", "X : a\r\n", "Connection: upgrade\r\nUpgrade: x\r\n",
	"Content-Length: 5\r\n", "Transfer-Encoding: gzip, chunked\r\n", "Expect: 100-continue\r\n", "X: \x01\r\n", "Y: a\n",
}

func randomRequests(rng *rand.Rand) string {
	var s strings.Builder
	for range 1 + rng.IntN(7) {
		s.WriteString([]string{"", "", "", "\r\n"}[rng.IntN(4)])
		line := []string{"GET / HTTP/1.1", "POST /a?b HTTP/1.1", "PUT http://example.com/ HTTP/1.1", "GET / HTTP/1.0"}[rng.IntN(4)]
		if rng.IntN(20) == 0 {
			line = "CONNECT example.com:443 HTTP/1.1"
		}
		s.WriteString(line + "\r\nHost: example.com\r\n")
		if strings.HasSuffix(line, "1.0") {
			s.WriteString("Connection: keep-alive\r\n")
		}
		writeFields(&s, rng)
		if rng.IntN(8) == 0 {
			s.WriteString(rareFields[rng.IntN(len(rareFields))])
		}
		writeContent(&s, rng, line[0] == 'P')
	}
	return s.String()
}

var someMethods = []string{"GET", "HEAD", "POST", "CONNECT", "GET"}

func randomResponses(rng *rand.Rand) string {
	var s strings.Builder
	for i := range 1 + rng.IntN(7) {
		status := []int{200, 200, 404, 100, 103, 204, 304, 500}[rng.IntN(8)]
		if rng.IntN(20) == 0 {
			status = 101
		}
		method := someMethods[i%len(someMethods)]
		if method == "CONNECT" && rng.IntN(8) > 0 {
			status = 400
		}
		fmt.Fprintf(&s, "HTTP/1.1 %d X\r\n", status)
		writeFields(&s, rng)
		if rng.IntN(8) == 0 {
			s.WriteString(rareFields[rng.IntN(len(rareFields))])
		}
		if method == "HEAD" && status == 200 {
			s.WriteString("Content-Length: 7\r\n")
		}
		writeContent(&s, rng, status != 100 && status != 103 && status != 101 && status != 204 && status != 304 && method != "HEAD")
	}
	return s.String()
}

var parsers = []*picohttp.Parser{
	nil, {Profile: picohttp.Lenient}, {Profile: picohttp.Pico}, {MaxHeadBytes: 6000, MaxTrailerBytes: 3000},
	{MaxHeadBytes: -1, MaxTrailerBytes: -1}, {Profile: picohttp.Lenient, AllowRequest: picohttp.AllDeviations, AllowResponse: picohttp.AllDeviations},
}

// checkDelivery is checkReading for the i-th delivery of b.
func checkDelivery(t *testing.T, b []byte, i int, seed uint64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 2))
	p := parsers[rng.IntN(len(parsers))]
	var methods []string
	if bytes.HasPrefix(b, []byte("HTTP")) {
		methods = someMethods
	}
	if err := checkReading(b, deliveries[i](b, rand.New(rand.NewPCG(seed, 1))), p, methods, rng); err != nil {
		t.Fatalf("seed %d, delivery %d, %+v: %v\nin %.3000q", seed, i, p, err, b)
	}
}

// TestDelivery reads random pipelines, some of them with a fault or cut off.
func TestDelivery(t *testing.T) {
	for seed := range uint64(mutants.Count(400)) {
		rng := rand.New(rand.NewPCG(seed, 0))
		b := []byte(randomRequests(rng))
		if seed%2 == 1 {
			b = []byte(randomResponses(rng))
		}
		switch rng.IntN(4) {
		case 0:
			b[rng.IntN(len(b))] = mutants.Telling[rng.IntN(len(mutants.Telling))]
		case 1:
			b = b[:rng.IntN(len(b))]
		}
		for i := range deliveries {
			checkDelivery(t, b, i, seed)
		}
	}
}

// FuzzReader fuzzes TestDelivery. Inputs that begin with "HTTP" are responses.
func FuzzReader(f *testing.F) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 0))
		for _, s := range []string{randomRequests(rng), randomResponses(rng)} {
			if len(s) < 1000 {
				f.Add([]byte(s), seed)
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, seed uint64) {
		checkDelivery(t, b, int(seed%uint64(len(deliveries))), seed)
	})
}
