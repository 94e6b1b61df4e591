package h1

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/internal/race"
	"github.com/picohttp/picohttp/internal/traffic"
)

const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

func post(fields string) string {
	return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"
}

// A script is a source that returns its steps, strings and errors, one at a time, and then the
// last error forever. It counts how often it was read.
type script struct {
	steps []any
	reads int
}

func (s *script) Read(p []byte) (int, error) {
	s.reads++
	step := s.steps[0]
	if err, ok := step.(error); ok {
		if len(s.steps) > 1 {
			s.steps = s.steps[1:]
		}
		return 0, err
	}
	n := copy(p, step.(string))
	if s.steps[0] = step.(string)[n:]; s.steps[0] == "" {
		s.steps = s.steps[1:]
	}
	return n, nil
}

func from(steps ...any) *script { return &script{steps: append(slices.Clone(steps), io.EOF)} }

// always checks that every method returns err, and that nothing is read.
func always(t *testing.T, r *Reader, s *script, err error) {
	t.Helper()
	before := s.reads
	for range 2 {
		if got := r.Wait(); got != err {
			t.Errorf("Wait returns %v, want %v", got, err)
		}
		_, isFault := err.(picohttp.Error)
		req, v, got := r.ReadRequest()
		if got != err || (req != nil) != isFault || v.KeepAlive || v.Body != picohttp.BodyUntilClose {
			t.Errorf("ReadRequest returns %v, %+v, %v, want %v", req != nil, v, got, err)
		}
		resp, f, got := r.ReadResponse("GET")
		if got != err || (resp != nil) != isFault || f != unknown {
			t.Errorf("ReadResponse returns %v, %+v, %v, want %v", resp != nil, f, got, err)
		}
		if n, got := r.Read(make([]byte, 10)); n != 0 || got != err {
			t.Errorf("Read returns %d, %v, want %v", n, got, err)
		}
		if n, got := r.WriteTo(io.Discard); n != 0 || got != noEOF(err) {
			t.Errorf("WriteTo returns %d, %v, want %v", n, got, err)
		}
		if got := r.Discard(1); got != noEOF(err) {
			t.Errorf("Discard returns %v, want %v", got, err)
		}
	}
	if s.reads != before {
		t.Errorf("the source was read %d times after %v", s.reads-before, err)
	}
}

// TestErrors checks which error comes after the last request, and that it is permanent.
func TestErrors(t *testing.T) {
	reset := errors.New("reset")
	for _, row := range []struct {
		name   string
		source *script
		bodies string // of the requests before the error
		err    error
	}{
		{"nothing", from(), "", io.EOF},
		{"an empty line", from("\r\n"), "", io.EOF},
		{"a CR", from("\r"), "", io.ErrUnexpectedEOF},
		{"two empty lines", from("\r\n\r\n"), "", picohttp.ErrEmptyLine},
		{"a request", from(get), "()", io.EOF},
		{"a request and an empty line", from(get, "\r", "\n"), "()", io.EOF},
		{"a request and a partial head", from(get + "G"), "()", io.ErrUnexpectedEOF},
		{"partial head", from(get[:len(get)-1]), "", io.ErrUnexpectedEOF},
		{"an empty line and a partial head", from("\r\nGET / HTTP/1.1\r\n"), "", io.ErrUnexpectedEOF},
		{"source error", from(get, reset), "()", reset},
		{"source error in a head", from("GET /", reset), "", reset},
		{"source error in the content", from(post("Content-Length: 5\r\n"), "hel", reset), "(hel", reset},
		{"malformed", from(get + "GET / HTTP/1.1\r\nHost : a\r\n\r\n"), "()", picohttp.ErrFieldName},
		{"malformed at its first byte", from("\x16\x03\x01"), "", picohttp.ErrTLS},
		{"rejected", from("GET / HTTP/1.1\r\n\r\n"), "", picohttp.ErrHostMissing},
		{"unsupported coding", from(post("Transfer-Encoding: gzip, chunked\r\n")), "", picohttp.ErrCoding},
		{"content", from(post("Content-Length: 5\r\n") + "hello" + get), "(hello)()", io.EOF},
		{"no content", from(post("Content-Length: 0\r\n") + get), "()()", io.EOF},
		{"content that is cut off", from(post("Content-Length: 5\r\n") + "hell"), "(hell", io.ErrUnexpectedEOF},
		{"chunks", from(post("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n\r\n" + get), "(hello)()", io.EOF},
		{"chunks that are cut off", from(post("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n"), "(hello", io.ErrUnexpectedEOF},
		{"malformed chunks", from(post("Transfer-Encoding: chunked\r\n") + "5\r\nhello0\r\n\r\n" + get), "(hello", picohttp.ErrChunkData},
		{"malformed trailer section", from(post("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\nA : b\r\n\r\n"), "(hello", picohttp.ErrFieldName},
		{"close", from(post("Connection: close\r\n") + get), "()", io.EOF},
		{"HTTP/1.0", from("GET / HTTP/1.0\r\n\r\n" + get), "()", io.EOF},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := NewReader(row.source, nil)
			var bodies strings.Builder
			for {
				_, _, err := r.ReadRequest()
				if err == nil {
					bodies.WriteString("(")
					if _, err = r.WriteTo(&bodies); err == nil {
						bodies.WriteString(")")
						continue
					}
				}
				if bodies.String() != row.bodies || err != row.err {
					t.Errorf("%s and %v, want %s and %v", &bodies, err, row.bodies, row.err)
				}
				break
			}
			always(t, r, row.source, row.err)
			r.Reset(from(get))
			if _, v, err := r.ReadRequest(); err != nil || !v.KeepAlive || r.kept > 0 {
				t.Errorf("after Reset: %+v, %v, %d bytes kept", v, err, r.kept)
			}
		})
	}
}

// TestNoProgress checks that a source may return neither bytes nor an error, but not forever.
func TestNoProgress(t *testing.T) {
	left := 0
	source := readerFunc(func(p []byte) (int, error) {
		if left--; left >= 0 {
			return 0, nil
		}
		return copy(p, get), nil
	})
	r := NewReader(source, nil)
	left = mostEmptyReads - 1
	if err := r.Wait(); err != nil {
		t.Errorf("%v after %d reads without progress", err, mostEmptyReads-1)
	}
	r.Reset(source)
	left = mostEmptyReads
	if err := r.Wait(); err != io.ErrNoProgress {
		t.Errorf("%v after %d reads without progress", err, mostEmptyReads)
	}
	if err := r.Wait(); err != io.ErrNoProgress {
		t.Errorf("then %v", err)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestImpossible checks the error for a source or a destination that returns an impossible
// number.
func TestImpossible(t *testing.T) {
	for _, n := range []int{-1, 1 << 30, 50001} {
		broken := readerFunc(func(p []byte) (int, error) { return n, nil })
		r := NewReader(broken, nil)
		if _, _, err := r.ReadRequest(); err != errCount {
			t.Errorf("ReadRequest returns %v for %d", err, n)
		}
		r.Reset(io.MultiReader(strings.NewReader(post("Content-Length: 100000\r\n")), broken))
		r.ReadRequest()
		if _, err := r.Read(make([]byte, 50000)); err != errCount {
			t.Errorf("Read returns %v for %d", err, n)
		}
		r.Reset(strings.NewReader(post("Content-Length: 5\r\n") + "hello"))
		r.ReadRequest()
		if written, err := r.WriteTo(writerFunc(func(p []byte) (int, error) { return n, nil })); written != 0 || err != errCount {
			t.Errorf("WriteTo returns %d, %v for %d", written, err, n)
		}
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// TestNoSource checks that without a source there is nothing to read.
func TestNoSource(t *testing.T) {
	for name, r := range map[string]*Reader{"zero": {}, "nil": NewReader(nil, nil)} {
		if b := r.Buffered(); len(b) > 0 || r.Trailer().NumFields() != 0 || r.Discard(1) != nil {
			t.Errorf("%s: %q is buffered", name, b)
		}
		if _, err := r.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("%s: Read returns %v", name, err)
		}
		r.Explain(nil)
		if _, _, err := r.ReadRequest(); err != io.EOF {
			t.Errorf("%s: ReadRequest returns %v", name, err)
		}
		always(t, r, from(), io.EOF)
		r.Reset(strings.NewReader(post("Transfer-Encoding: chunked\r\n") + "1\r\na\r\n0\r\n\r\n" + get))
		if _, _, err := r.ReadRequest(); err != nil {
			t.Errorf("%s: after Reset: %v", name, err)
		}
		if b, err := io.ReadAll(r); string(b) != "a" || err != nil {
			t.Errorf("%s: the content is %q, %v", name, b, err)
		}
		if _, _, err := r.ReadRequest(); err != nil {
			t.Errorf("%s: the next request: %v", name, err)
		}
	}
}

// TestTimeouts repeats the calls for a source that times out before each byte.
func TestTimeouts(t *testing.T) {
	all := "\r\n" + post("X: a\r\nContent-Length: 5\r\n") + "hello" +
		post("Y: b\r\nTransfer-Encoding: chunked\r\n") + "5;a=b\r\nworld\r\n0\r\nT: u\r\n\r\n" + get
	var steps []any
	for i := range len(all) {
		steps = append(steps, []error{slowness{}, fmt.Errorf("x: %w", os.ErrDeadlineExceeded)}[i%2], all[i:i+1])
	}
	for _, wait := range []bool{true, false} {
		r := NewReader(from(steps...), nil)
		timeouts, text := 0, ""
		try := func(f func() error) {
			err := f()
			for ; err != nil && isTimeout(err); err = f() {
				timeouts++
			}
			if err != nil && err != io.EOF {
				t.Fatal(err)
			}
		}
		for range 3 {
			if wait {
				try(r.Wait)
			}
			var req *picohttp.Request
			try(func() (err error) {
				if req, _, err = r.ReadRequest(); err != nil && req != nil {
					t.Errorf("a request along with %v", err)
				}
				return err
			})
			text += string(req.Target())
			var n int
			for {
				b := make([]byte, 3)
				var ended bool
				try(func() (err error) { n, err = r.Read(b); ended = err == io.EOF; return err })
				if text += string(b[:n]); ended {
					break
				}
			}
			if value, ok := r.Trailer().Get("T"); ok {
				text += string(value)
			}
		}
		if text != "/hello/worldu/" || timeouts != len(all) {
			t.Errorf("%q, %d timeouts", text, timeouts)
		}
	}
}

// TestTimeoutWithBytes checks that bytes that come with a timeout are used. The timeout is not
// returned later, when there may be another deadline. Any other error is returned after the
// bytes.
func TestTimeoutWithBytes(t *testing.T) {
	failure := errors.New("failure")
	for _, row := range []struct{ err, want error }{{os.ErrDeadlineExceeded, nil}, {slowness{}, nil}, {failure, failure}} {
		pieces := []string{get, get}
		r := NewReader(readerFunc(func(p []byte) (int, error) {
			n := copy(p, pieces[0])
			pieces = pieces[1:]
			return n, row.err
		}), nil)
		if err := r.Wait(); err != nil {
			t.Errorf("Wait returns %v", err)
		}
		if _, _, err := r.ReadRequest(); err != nil {
			t.Errorf("ReadRequest returns %v", err)
		}
		if _, _, err := r.ReadRequest(); err != row.want {
			t.Errorf("ReadRequest returns %v after %v, want %v", err, row.err, row.want)
		}
		r.Reset(from(get))
		if _, _, err := r.ReadRequest(); err != nil {
			t.Errorf("after Reset: %v", err)
		}
	}
}

// TestWait checks that Wait returns when a byte has arrived, and reads no more than it must.
func TestWait(t *testing.T) {
	s := from("G", get[1:]+get)
	r := NewReader(s, nil)
	for range 2 {
		if err := r.Wait(); err != nil || s.reads != 1 || string(r.Buffered()) != "G" {
			t.Fatalf("%v after %d reads, with %q", err, s.reads, r.Buffered())
		}
	}
	r.ReadRequest()
	if err := r.Wait(); err != nil || s.reads != 2 || string(r.Buffered()) != get {
		t.Fatalf("%v after %d reads, with %q", err, s.reads, r.Buffered())
	}
}

// TestOver checks that after the last message of a connection the following bytes stay unread or
// in Buffered.
func TestOver(t *testing.T) {
	const rest = "rest" + get
	for _, row := range []struct{ head, method string }{
		{"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", ""},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", ""},
		{"GET / HTTP/1.0\r\n\r\n", ""},
		{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "GET"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "CONNECT"},
		{"HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n\r\n", "GET"},
		{"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", "GET"},
		{"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", "HEAD"},
	} {
		s := from(row.head + rest[:2])
		r := NewReader(s, nil)
		var err error
		if row.method == "" {
			_, _, err = r.ReadRequest()
		} else {
			_, _, err = r.ReadResponse(row.method)
		}
		if err != nil {
			t.Fatalf("%q: %v", row.head, err)
		}
		if n, err := r.Read(make([]byte, 9)); n != 0 || err != io.EOF || r.Discard(0) != nil {
			t.Errorf("%q: Read returns %d, %v", row.head, n, err)
		}
		for range 2 {
			if b := r.Buffered(); string(b) != rest[:2] || cap(b) != len(b) {
				t.Errorf("%q: %q is buffered, want %q", row.head, b, rest[:2])
			}
			always(t, r, s, io.EOF)
		}
	}
	// content is left as well, and is not read
	s := from(post("Connection: close\r\nContent-Length: 9\r\n"), "hello")
	r := NewReader(s, nil)
	r.ReadRequest()
	if err := r.Wait(); err != io.EOF || s.reads != 1 {
		t.Errorf("Wait returns %v after %d reads", err, s.reads)
	}
}

// TestInterim checks that 1xx responses are returned.
func TestInterim(t *testing.T) {
	r := NewReader(from("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\nHTTP/1.1 200 OK\r\n\r\nall of it"), nil)
	var text string
	for {
		resp, f, err := r.ReadResponse("GET")
		if err != nil {
			if err != io.EOF {
				t.Error(err)
			}
			break
		}
		content, err := io.ReadAll(r)
		text += fmt.Sprintf("%d %v %s %v, ", resp.Status(), f.Body, content, err)
	}
	if text != "100 none  <nil>, 103 none  <nil>, 200 length hi <nil>, 304 none  <nil>, 200 until-close all of it <nil>, " {
		t.Error(text)
	}
}

// TestBothKinds checks that a Reader can read a response after it has begun to read a request.
func TestBothKinds(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	r := NewReader(from("GET", slowness{}, " / HTTP/1.1\r\nHost: a\r\n\r\nHTTP/1", slowness{}, head[6:]+get), nil)
	if _, _, err := r.ReadRequest(); err != (slowness{}) {
		t.Fatal(err)
	}
	if _, _, err := r.ReadRequest(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.ReadResponse("GET"); err != (slowness{}) {
		t.Fatal(err)
	}
	if resp, _, err := r.ReadResponse("GET"); err != nil || resp.Status() != 200 {
		t.Fatal(err)
	}
	if req, _, err := r.ReadRequest(); err != nil || string(req.Method()) != "GET" {
		t.Fatal(err)
	}
	r.Reset(from("HTTP", slowness{}, head[4:]+head+"GET", slowness{}, slowness{}, get[3:]+head))
	if _, _, err := r.ReadRequest(); err != (slowness{}) {
		t.Fatal(err)
	}
	for range 2 {
		if resp, _, err := r.ReadResponse("GET"); err != nil || resp.Status() != 200 {
			t.Fatal(err)
		}
	}
	if _, _, err := r.ReadRequest(); err != (slowness{}) {
		t.Fatal(err)
	}
	if err := r.Wait(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.ReadRequest(); err != (slowness{}) {
		t.Fatal(err)
	}
	if _, _, err := r.ReadRequest(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.ReadResponse("GET"); err != nil {
		t.Fatal(err)
	}
	r = NewReader(from("HTTP", slowness{}, head[4:]+"HT", slowness{}, " / HTTP/1.1\nHost: a\n\n"), &picohttp.Parser{Profile: picohttp.Lenient})
	if _, _, err := r.ReadRequest(); err != (slowness{}) {
		t.Fatal(err)
	}
	if _, _, err := r.ReadResponse("GET"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.ReadResponse("GET"); err != (slowness{}) {
		t.Fatal(err)
	}
	if req, _, err := r.ReadRequest(); err != nil || string(req.Method()) != "HT" {
		t.Fatal(err)
	}
}

// TestExpect checks that a Reader does not wait for content that the client holds back.
func TestExpect(t *testing.T) {
	for _, fields := range []string{"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"} {
		head := post("Expect: 100-continue\r\n" + fields)
		for name, end := range map[string]func(r *Reader) error{
			"Wait":    (*Reader).Wait,
			"Discard": func(r *Reader) error { return r.Discard(1 << 20) },
			"ReadRequest": func(r *Reader) error {
				_, _, err := r.ReadRequest()
				return err
			},
			"Read(nil)": func(r *Reader) error {
				if n, err := r.Read(nil); n != 0 || err != nil {
					t.Errorf("Read(nil) returns %d, %v", n, err)
				}
				return r.Wait()
			},
		} {
			s := from(head)
			r := NewReader(s, nil)
			req, v, err := r.ReadRequest()
			if err != nil || !v.ExpectContinue {
				t.Fatal(v, err)
			}
			if err := end(r); err != ErrNotRead || s.reads != 1 {
				t.Errorf("%s: %v after %d reads", name, err, s.reads)
			}
			if string(req.Method()) != "POST" {
				t.Errorf("%s: the method is %q", name, req.Method())
			}
			always(t, r, s, ErrNotRead)
		}
		content := map[bool]string{true: "hello", false: "5\r\nhello\r\n0\r\n\r\n"}[fields[0] == 'C']
		for name, r := range map[string]*Reader{
			"a byte has arrived": NewReader(from(head+content[:1], slowness{}, content[1:]+get), nil),
			"all of it":          NewReader(from(head+content+get), nil),
			"Read was called":    NewReader(from(head, slowness{}, content+get), nil),
			"WriteTo was called": NewReader(from(head, slowness{}, content+get), nil),
		} {
			r.ReadRequest()
			switch name {
			case "Read was called":
				r.Read(make([]byte, 1))
			case "WriteTo was called":
				r.WriteTo(io.Discard)
			}
			err := r.Wait()
			if err == (slowness{}) {
				err = r.Wait()
			}
			if req, _, next := r.ReadRequest(); err != nil || next != nil || string(req.Method()) != "GET" {
				t.Errorf("%s: %v, %v", name, err, next)
			}
		}
	}
}

// TestLimit checks that unread content is discarded up to a limit that all calls share.
func TestLimit(t *testing.T) {
	chunked := func(size int) string {
		return post("Transfer-Encoding: chunked\r\n") + strings.Repeat("100\r\n"+strings.Repeat("x", 0x100)+"\r\n", size/0x100) + "0\r\n\r\n" + get
	}
	length := func(size int) string {
		return post(fmt.Sprintf("Content-Length: %d\r\n", size)) + strings.Repeat("x", size) + get
	}
	slowly := func(all string) *script { // a timeout every now and then
		var steps []any
		for len(all) > 5000 {
			steps = append(steps, all[:5000], slowness{})
			all = all[5000:]
		}
		return from(append(steps, all)...)
	}
	wait := func(r *Reader) error { return r.Wait() }
	discard := func(limit int64) func(r *Reader) error {
		return func(r *Reader) error { return r.Discard(limit) }
	}
	for name, row := range map[string]struct {
		all  string
		end  func(r *Reader) error
		read int // bytes of content that are read first
		want error
	}{
		"length":         {length(MaxDiscard), wait, 0, nil},
		"length, more":   {length(MaxDiscard + 1), wait, 0, ErrNotRead},
		"rest":           {length(MaxDiscard + 9), wait, 9, nil},
		"rest, more":     {length(MaxDiscard + 10), wait, 9, ErrNotRead},
		"chunked":        {chunked(MaxDiscard), wait, 0, nil},
		"chunked, more":  {chunked(MaxDiscard + 0x100), wait, 0, ErrNotRead},
		"rest of chunks": {chunked(MaxDiscard + 0x100), wait, 0x100, nil},
		"Discard":        {length(7), discard(7), 0, nil},
		"Discard, more":  {length(8), discard(7), 0, ErrNotRead},
		"Discard chunks": {chunked(0x200), discard(0x200), 0, nil},
		"Discard some":   {chunked(0x200), discard(0x1ff), 0, ErrNotRead},
		"Discard none":   {length(8), discard(-1 << 63), 0, ErrNotRead},
		"nothing":        {chunked(0), discard(-1), 0, nil},
		"Discard rest":   {length(8), discard(0), 8, nil},
		"Discard all":    {length(3 * MaxDiscard), discard(1<<63 - 1), 0, nil},
	} {
		for _, s := range []*script{from(row.all), slowly(row.all)} {
			r := NewReader(s, nil)
			if _, _, err := r.ReadRequest(); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(r, make([]byte, row.read)); err != nil {
				t.Fatal(err)
			}
			err := patient(func() error { return row.end(r) })
			if err != row.want {
				t.Errorf("%s: %v, want %v", name, err, row.want)
			}
			if strings.HasPrefix(name, "length, more") && s.reads > 1 {
				t.Errorf("%s: the source was read %d times, although the content was known to be too long", name, s.reads)
			}
			if err != nil {
				always(t, r, s, err)
			} else if err := patient(func() error { _, _, err := r.ReadRequest(); return err }); err != nil {
				t.Errorf("%s: the next request: %v", name, err)
			}
		}
	}
}

// TestBuffered checks what is buffered after content that was read, and in the middle of it.
func TestBuffered(t *testing.T) {
	for _, message := range []string{post("Content-Length: 5\r\n") + "hello", post("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n\r\n", get} {
		r := NewReader(from(message+"rest"), nil)
		if _, _, err := r.ReadRequest(); err != nil {
			t.Fatal(err)
		}
		if message != get {
			if b := r.Buffered(); b != nil {
				t.Errorf("%q: %q is buffered before the content was read", message, b)
			}
			if _, err := io.ReadFull(r, make([]byte, 5)); err != nil { // without io.EOF
				t.Error(err)
			}
		}
		if b := r.Buffered(); string(b) != "rest" {
			t.Errorf("%q: %q is buffered", message, b)
		}
	}
	r := NewReader(from(post("Content-Length: 0\r\n")+"rest"), nil)
	if _, _, err := r.ReadRequest(); err != nil || string(r.Buffered()) != "rest" {
		t.Errorf("without content %q is buffered, %v", r.Buffered(), err)
	}
	for input, want := range map[string]string{
		"GET / HT":                         "GET / HT",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", // for a caller that speaks HTTP/2
		post("Transfer-Encoding: gzip, chunked\r\n") + "5": "5", // for a caller that decodes gzip
	} {
		r := NewReader(from(input), nil)
		if _, _, err := r.ReadRequest(); err == nil {
			t.Fatal("accepted")
		}
		if b := r.Buffered(); string(b) != want {
			t.Errorf("%q: %q is buffered", input, b)
		}
	}
}

// TestFaults checks that after a fault the message still has its method or status code, and that
// Explain describes the fault. Explain also describes what is cut off.
func TestFaults(t *testing.T) {
	for _, row := range []struct{ input, explained string }{
		{"DELETE / HTTP/1.1\r\nHost : a\r\n\r\n", "in field line 1"},
		{"DELETE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "field line 2 (Transfer-Encoding)"},
		{"DELETE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n", "in chunk data"},
		{"DELETE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: a\r\n\r\n", "in the trailer section"},
	} {
		for _, skip := range []bool{false, true} { // the content is discarded instead of read
			r := NewReader(from(row.input[:20], row.input[20:]), nil)
			req, _, err := r.ReadRequest()
			if err == nil && skip {
				req, _, err = r.ReadRequest()
			} else if err == nil {
				_, err = io.ReadAll(r)
			}
			if _, ok := err.(picohttp.Error); !ok || req == nil || string(req.Method()) != "DELETE" {
				t.Errorf("%q: %v", row.input, err)
			} else if text := r.Explain(err); !strings.Contains(text, row.explained) {
				t.Errorf("%q: %q is not in\n%s", row.input, row.explained, text)
			}
		}
	}
	r := NewReader(from("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), nil)
	if resp, f, err := r.ReadResponse("GET"); err != picohttp.ErrCoding || resp.Status() != 200 || f.KeepAlive || !f.OtherCoding {
		t.Errorf("%+v, %v", f, err)
	} else if text := r.Explain(err); !strings.Contains(text, "field line 1 (Transfer-Encoding)") || !strings.Contains(text, "502") {
		t.Error(text)
	}
	// These are cut off in a second head or in a trailer section, which the Reader has moved in
	// its buffer.
	const part = "Accept: text/html\r\nAccept-Language: *"
	const where = "in the value of field line 2 (Accept-Language)"
	for _, input := range []string{get + "GET / HTTP/1.1\r\n" + part, post("Transfer-Encoding: chunked\r\n") + "1\r\na\r\n0\r\n" + part} {
		r = NewReader(from(input), nil)
		r.ReadRequest()
		_, err := io.ReadAll(r)
		if err == nil {
			_, _, err = r.ReadRequest()
		}
		if err != io.ErrUnexpectedEOF || !strings.Contains(r.Explain(err), where) {
			t.Errorf("%v: %s", err, r.Explain(err))
		}
	}
	r = NewReader(from("HTTP/1.1 103 A\r\n\r\nHTTP/1.1 103 A\r\n"+part), nil)
	r.ReadResponse("GET")
	if _, _, err := r.ReadResponse("GET"); err != io.ErrUnexpectedEOF || !strings.Contains(r.Explain(err), where) {
		t.Errorf("%v: %s", err, r.Explain(err))
	}
	r = NewReader(from(post("Content-Length: 5\r\n")+"a"), nil)
	r.ReadRequest()
	if _, err := io.ReadAll(r); err != io.ErrUnexpectedEOF || !strings.Contains(r.Explain(err), "4 bytes of content missing") {
		t.Errorf("%v: %s", err, r.Explain(err))
	}
}

// TestProfiles checks that Reset keeps profile and limits, and that the Parser is copied.
func TestProfiles(t *testing.T) {
	p := picohttp.Parser{Profile: picohttp.Lenient, MaxHeadBytes: 100}
	const request = "\r\n\r\n\nGET / HTTP/1.1\nHost: a\n\n"
	r := NewReader(from(request), &p)
	p = picohttp.Parser{}
	for range 2 {
		if req, _, err := r.ReadRequest(); err != nil || req.Deviations()&picohttp.BareLF == 0 {
			t.Error(err)
		}
		r.Reset(from(request + request))
	}
	r.Reset(from("\r\n\n\n"))
	if _, _, err := r.ReadRequest(); err != io.EOF {
		t.Errorf("after empty lines: %v", err)
	}
	r.Reset(from("GET / HTTP/1.1\r\nA: " + strings.Repeat("a", 90)))
	if _, _, err := r.ReadRequest(); err != picohttp.ErrHeadTooLong {
		t.Error(err)
	}
	r.Reset(from("HTTP/1.1 100 Continue\n\n"))
	if resp, _, err := r.ReadResponse("GET"); err != nil || resp.Deviations()&picohttp.BareLF == 0 {
		t.Error(err)
	}
	r.Reset(from("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n"))
	if _, _, err := r.ReadResponse("GET"); err != nil {
		t.Error(err)
	}
	if b, err := io.ReadAll(r); string(b) != "a" || err != nil {
		t.Errorf("ChunkSpace of a response: %q, %v", b, err)
	}
}

// framed returns, for each framing, a source of a message with content and of a GET after it.
// The message for "bytes" has at most 300 bytes of the content.
func framed(head string, content []byte) map[string]io.Reader {
	chunk := fmt.Sprintf("%x\r\n", len(content))
	return map[string]io.Reader{
		"length": io.MultiReader(strings.NewReader(head+fmt.Sprintf("Content-Length: %d\r\n\r\n", len(content))), bytes.NewReader(content), strings.NewReader(get)),
		"chunk":  io.MultiReader(strings.NewReader(head+"Transfer-Encoding: chunked\r\n\r\n"+chunk), bytes.NewReader(content), strings.NewReader("\r\n0\r\nT: u\r\n\r\n"+get)),
		"chunks": io.MultiReader(strings.NewReader(head+"Transfer-Encoding: chunked\r\n\r\n"), &chunker{content: content}, strings.NewReader("0\r\nT: u\r\n\r\n"+get)),
		"slowly": io.MultiReader(strings.NewReader(head+"Transfer-Encoding: chunked\r\n\r\n"), iotest.HalfReader(&chunker{content: content}), iotest.OneByteReader(strings.NewReader("0\r\nT: u\r\n\r\n"+get))),
		"joined": iotest.DataErrReader(io.MultiReader(strings.NewReader(head+"Transfer-Encoding: chunked\r\n\r\n"), &chunker{content: content}, strings.NewReader("0\r\nT: u\r\n\r\n"+get))),
		"halves": iotest.HalfReader(io.MultiReader(strings.NewReader(head+fmt.Sprintf("Content-Length: %d\r\n\r\n", len(content))), bytes.NewReader(content), strings.NewReader(get))),
		"bytes":  iotest.OneByteReader(io.MultiReader(strings.NewReader(head+"Transfer-Encoding: chunked\r\n\r\n"+fmt.Sprintf("%x\r\n", min(300, len(content)))), bytes.NewReader(content[:min(300, len(content))]), strings.NewReader("\r\n0\r\nT: u\r\n\r\n"+get))),
	}
}

// A chunker sends content in chunks of 1,000 bytes, without the last-chunk.
type chunker struct {
	content []byte
	b       []byte
}

func (c *chunker) Read(p []byte) (n int, err error) {
	if len(c.b) == 0 && len(c.content) == 0 {
		return 0, io.EOF
	}
	if len(c.b) == 0 {
		size := min(1000, len(c.content))
		c.b = fmt.Appendf(nil, "%x\r\n%s\r\n", size, c.content[:size])
		c.content = c.content[size:]
	}
	n = copy(p, c.b)
	c.b = c.b[n:]
	return n, nil
}

// TestValidity checks that the head and everything taken from it stay valid, wherever the head is
// in the buffer, and however the content is framed and read.
func TestValidity(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 500)
	for before := 0; before < 2*firstBuffer; before += 1 + before%201 {
		for _, padding := range []int{0, firstBuffer - 200, keptBuffer - 300} {
			for _, line := range []string{"POST /target HTTP/1.1", "HTTP/1.1 200 target"} {
				head := line + "\r\nHost: authority\r\nP: " + strings.Repeat("p", padding) + "\r\n"
				for framing, source := range framed(head, content) {
					if err := checkValidity(source, before, line[0] == 'H'); err != nil {
						t.Fatalf("%s, %s, %d bytes before, %d in the head: %v", line, framing, before, padding, err)
					}
				}
			}
		}
	}
}

// checkValidity reads a message from source, after a request of before bytes, or of 32 if before
// is less.
func checkValidity(source io.Reader, before int, response bool) error {
	first := get[:len(get)-2] + "P: " + strings.Repeat("p", max(0, before-len(get)-5)) + "\r\n\r\n"
	r := NewReader(&joiner{io.MultiReader(strings.NewReader(first), source)}, nil)
	if _, _, err := r.ReadRequest(); err != nil {
		return err
	}
	var text func() string
	var target, authority, host []byte
	if response {
		resp, f, err := r.ReadResponse("GET")
		if err != nil {
			return err
		}
		text = func() string { return responseText(resp, f) }
		target, authority = resp.Reason(), []byte("authority")
		host, _ = resp.Get("Host")
	} else {
		req, v, err := r.ReadRequest()
		if err != nil {
			return err
		}
		text = func() string { return requestText(req, v) }
		target, authority = req.Path()[1:], v.Authority
		host, _ = req.Get("Host")
	}
	want := text()
	var err error
	switch before % 3 {
	case 0:
		_, err = io.ReadAll(r)
	case 1:
		_, err = io.Copy(io.Discard, r)
	case 2:
		err = readAll(r, make([]byte, 10+before))
	}
	switch {
	case err != nil:
		return err
	case string(target) != "target" || string(authority) != "authority" || string(host) != "authority" || text() != want:
		return fmt.Errorf("the head has changed to %q, %q, %q, %s", target, authority, host, text())
	case !strings.HasPrefix(get, string(r.Buffered())):
		return fmt.Errorf("%q is buffered", r.Buffered())
	case len(r.buf) > 2*keptBuffer:
		return fmt.Errorf("the buffer has %d bytes", len(r.buf))
	}
	if value, ok := r.Trailer().Get("T"); ok && string(value) != "u" {
		return fmt.Errorf("the trailer field is %q", value)
	} else if !ok && strings.Contains(want, "Body:chunked") {
		return errors.New("there is no trailer field")
	}
	if req, _, err := r.ReadRequest(); err != nil || string(req.Method()) != "GET" || r.Trailer().NumFields() != 0 {
		return fmt.Errorf("the next request: %w", err)
	}
	return nil
}

// A joiner fills the slices that it is given.
type joiner struct{ source io.Reader }

func (j *joiner) Read(p []byte) (n int, err error) {
	n, err = io.ReadFull(j.source, p)
	if err == io.ErrUnexpectedEOF {
		err = nil
	}
	return n, err
}

// A zeros returns left zero bytes.
type zeros struct{ left int64 }

func (z *zeros) Read(p []byte) (n int, err error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	n = int(min(int64(len(p)), z.left, 5000))
	clear(p[:n])
	z.left -= int64(n)
	return n, nil
}

// TestMemory checks that reading 100 MiB of content allocates hardly any memory.
func TestMemory(t *testing.T) {
	const size = 100 << 20
	chunk := fmt.Sprintf("%x\r\n", 1<<20) // of zeros, 100 times
	chunks := make([]io.Reader, 0, 302)
	for range size >> 20 {
		chunks = append(chunks, strings.NewReader(chunk), &zeros{1 << 20}, strings.NewReader("\r\n"))
	}
	for framing, source := range map[string]io.Reader{
		"length":      io.MultiReader(strings.NewReader(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", size)), &zeros{size}),
		"until-close": io.MultiReader(strings.NewReader("HTTP/1.1 200 OK\r\n\r\n"), &zeros{size}),
		"chunked":     io.MultiReader(append(append([]io.Reader{strings.NewReader("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")}, chunks...), strings.NewReader("0\r\n\r\n"))...),
	} {
		r := NewReader(source, nil)
		if _, _, err := r.ReadResponse("GET"); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		total, p := 0, make([]byte, 1000)
		for total < size/2 {
			n, err := r.Read(p)
			if total += n; err != nil {
				t.Fatal(err)
			}
		}
		n, err := r.WriteTo(io.Discard)
		runtime.ReadMemStats(&after)
		if total+int(n) != size || err != nil {
			t.Errorf("%s: %d and %d bytes, %v", framing, total, n, err)
		}
		if len(r.buf) != firstBuffer || after.TotalAlloc-before.TotalAlloc > 4*scratchBytes && !race.Enabled {
			t.Errorf("%s: a buffer of %d bytes, %d bytes allocated", framing, len(r.buf), after.TotalAlloc-before.TotalAlloc)
		}
	}
}

// TestGrow checks that the buffer grows to the limit of a head and no further, and shrinks again.
func TestGrow(t *testing.T) {
	for _, row := range []struct{ limit, bytes int }{{0, picohttp.DefaultMaxHeadBytes}, {-1, 1 << 20}, {50000, 50000}, {100, 100}, {firstBuffer, firstBuffer}} {
		p := picohttp.Parser{MaxHeadBytes: row.limit}
		head := get[:len(get)-2] + "P: " + strings.Repeat("p", row.bytes-len(get)-5) + "\r\n\r\n"
		long := strings.Replace(head, "P: ", "P: p", 1)
		r := NewReader(from(get+get+head[:60], head[60:]+get, get, head, slowness{}, long), &p)
		for i, n := range []int{len(get), len(get), len(head), len(get), len(get), len(head)} {
			if req, _, err := r.ReadRequest(); err != nil || len(req.Bytes()) != n {
				t.Fatalf("limit %d, request %d: %d bytes, %v", row.limit, i, len(req.Bytes()), err)
			}
			if limit := max(firstBuffer, row.bytes); row.limit >= 0 && len(r.buf) > limit || len(r.buf) > 2*limit {
				t.Errorf("limit %d: the buffer has %d bytes", row.limit, len(r.buf))
			}
			if i == 4 && len(r.buf) > keptBuffer {
				t.Errorf("limit %d: the buffer still has %d bytes", row.limit, len(r.buf))
			}
		}
		if err := r.Wait(); err != (slowness{}) || len(r.buf) > keptBuffer {
			t.Errorf("limit %d: %v, and the buffer has %d bytes", row.limit, err, len(r.buf))
		}
		if _, _, err := r.ReadRequest(); row.limit >= 0 && err != picohttp.ErrHeadTooLong || row.limit < 0 && err != nil {
			t.Errorf("limit %d: %v for %d bytes", row.limit, err, len(long))
		}
		r.Reset(from(get))
		if len(r.buf) > keptBuffer || len(r.request.Bytes()) > 0 {
			t.Errorf("after Reset the buffer has %d bytes, the last request %d", len(r.buf), len(r.request.Bytes()))
		}
	}
}

// TestTrailer checks that a trailer section may be as long as its limit, while the head stays
// valid.
func TestTrailer(t *testing.T) {
	for _, limit := range []int{0, 1000, -1} {
		p := picohttp.Parser{MaxTrailerBytes: limit}
		size := map[int]int{0: picohttp.DefaultMaxTrailerBytes, -1: 300000}[limit]
		if size == 0 {
			size = limit
		}
		for _, padding := range []int{0, firstBuffer - 100} {
			head := post("P: " + strings.Repeat("p", padding) + "\r\nTransfer-Encoding: chunked\r\n")
			section := "T: " + strings.Repeat("t", size-7) + "\r\n\r\n"
			for _, extra := range []string{"", "t"} {
				r := NewReader(iotest.HalfReader(strings.NewReader(head+"1\r\na\r\n0\r\n"+strings.Replace(section, "t", "t"+extra, 1)+get)), &p)
				req, v, err := r.ReadRequest()
				if err != nil {
					t.Fatal(err)
				}
				text := requestText(req, v)
				_, err = io.Copy(io.Discard, r)
				if requestText(req, v) != text {
					t.Errorf("the head has changed")
				}
				if extra != "" && limit >= 0 {
					if err != picohttp.ErrTrailerTooLong {
						t.Errorf("limit %d: %v", limit, err)
					}
					continue
				}
				if value, _ := r.Trailer().Get("T"); err != nil || len(value) != size-7+len(extra) {
					t.Errorf("limit %d: %d bytes, %v", limit, len(value), err)
				}
				if req, _, err := r.ReadRequest(); err != nil || string(req.Method()) != "GET" || r.Trailer().NumFields() != 0 {
					t.Error(err)
				}
			}
		}
	}
}

// TestStraight checks that large reads of content go into the caller's slice, but not beyond the
// content.
func TestStraight(t *testing.T) {
	const size = 200 << 10
	for head, tail := range map[string]string{
		fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", size):                         "HTTP/1.1 204 N\r\n\r\n",
		fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n", size):           "\r\n0\r\n\r\nHTTP/1.1 204 N\r\n\r\n",
		fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n%x\r\n", size): "\r\n1\r\na\r\n0\r\n\r\nHTTP/1.1 204 N\r\n\r\n",
		"HTTP/1.1 200 OK\r\n\r\n": "",
	} {
		content := strings.Repeat("\r\n5\r\ncontent", size/12+1)[:size]
		straight, through, n := 0, 0, 0
		all := io.MultiReader(strings.NewReader(head), strings.NewReader(content), strings.NewReader(tail))
		dst := make([]byte, size+100)
		for i := range dst {
			dst[i] = "\r\n5\r\nhello"[i%10] // looks like chunks
		}
		r := NewReader(readerFunc(func(p []byte) (int, error) {
			m, err := all.Read(p)
			if &p[0] == &dst[n] {
				straight += m
			} else {
				through += m
			}
			return m, err
		}), nil)
		if _, _, err := r.ReadResponse("GET"); err != nil {
			t.Fatal(err)
		}
		var err error
		for err == nil {
			var m int
			m, err = r.Read(dst[n:])
			n += m
		}
		if got := strings.Trim(string(dst[:n]), "a"); err != io.EOF || got != content {
			t.Errorf("%q: %d bytes, %v", head, n, err)
		}
		if straight < size-2*firstBuffer || straight > size || through > 2*firstBuffer {
			t.Errorf("%q: %d bytes were read into the caller's slice, %d into the buffer", head, straight, through)
		}
		if tail != "" {
			if resp, _, err := r.ReadResponse("GET"); err != nil || resp.Status() != 204 {
				t.Errorf("%q: the next response: %v", head, err)
			}
		}
	}
}

// TestShort checks that short content is read through the buffer, so that what comes after it
// arrives as well.
func TestShort(t *testing.T) {
	s := from(post("Content-Length: 5\r\n"), "hello"+get)
	r := NewReader(s, nil)
	r.ReadRequest()
	if n, err := r.Read(make([]byte, 10000)); n != 5 || err != nil {
		t.Error(n, err)
	}
	if _, _, err := r.ReadRequest(); err != nil || s.reads != 2 {
		t.Errorf("%v after %d reads", err, s.reads)
	}
}

// TestDraining checks that once Wait has begun to discard the content, Read returns io.EOF.
func TestDraining(t *testing.T) {
	r := NewReader(from(post("Content-Length: 10\r\n")+"hello", slowness{}, "w", slowness{}, "orld"+get), nil)
	r.ReadRequest()
	for range 2 {
		if err := r.Wait(); err != (slowness{}) {
			t.Errorf("Wait returns %v", err)
		}
		if n, err := r.Read(make([]byte, 10)); n != 0 || err != io.EOF || r.Buffered() != nil || r.Discard(0) != nil {
			t.Errorf("Read returns %d, %v", n, err)
		}
	}
	if _, _, err := r.ReadRequest(); err != nil {
		t.Error(err)
	}
}

// TestWriteTo checks that an error of the destination loses nothing.
func TestWriteTo(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789"), 20000)
	failure := errors.New("full")
	for framing, source := range framed("POST / HTTP/1.1\r\nHost: a\r\n", content) {
		if framing == "bytes" {
			continue
		}
		r := NewReader(source, nil)
		if _, _, err := r.ReadRequest(); err != nil {
			t.Fatal(err)
		}
		var got []byte
		room := 0
		var total int64
		for err := error(failure); err != nil; {
			room += 5777
			var n int64
			n, err = r.WriteTo(writerFunc(func(p []byte) (int, error) {
				if n := min(room, len(p)); n < len(p) {
					room = 0
					got = append(got, p[:n]...)
					return n, []error{failure, nil}[len(got)%2]
				}
				room -= len(p)
				got = append(got, p...)
				return len(p), nil
			}))
			other := NewReader(io.MultiReader(strings.NewReader("HTTP/1.1 200 OK\r\n\r\n"), &zeros{scratchBytes}), nil)
			other.ReadResponse("GET")
			other.WriteTo(io.Discard) // overwrites content of r, if its memory is in the pool
			if total += n; err != nil && err != failure && err != io.ErrShortWrite {
				t.Fatalf("%s: %v", framing, err)
			}
			if len(got)%5 == 0 { // sometimes Read reads the next byte
				var p [1]byte
				m, _ := r.Read(p[:])
				got, total = append(got, p[:m]...), total+int64(m)
			}
		}
		if !bytes.Equal(got, content) || total != int64(len(content)) {
			t.Errorf("%s: %d bytes were written, WriteTo says %d of %d", framing, len(got), total, len(content))
		}
		if _, _, err := r.ReadRequest(); err != nil {
			t.Errorf("%s: the next request: %v", framing, err)
		}
	}
}

// TestAllocations checks that a Reader in use allocates nothing for a message.
func TestAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("with -race, sync.Pool drops values at random")
	}
	trailer := "0\r\nT: " + strings.Repeat("t", 3000) + "\r\n\r\n"
	for name, message := range map[string]string{
		"no content":    get,
		"length":        post("Content-Length: 5\r\n") + "hello",
		"chunked":       post("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n\r\n",
		"trailer":       post("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n" + trailer,
		"large head":    post("P: "+strings.Repeat("p", 5000)+"\r\nTransfer-Encoding: chunked\r\n") + "5\r\nhello\r\n" + trailer,
		"large chunk":   post("Transfer-Encoding: chunked\r\n") + "20000\r\n" + strings.Repeat("x", 0x20000) + "\r\n0\r\n\r\n",
		"large content": post("Content-Length: 100000\r\n") + strings.Repeat("x", 100000),
	} {
		p := make([]byte, 3000)
		large := make([]byte, 50000)
		for way, read := range map[string]func(r *Reader) error{
			"nothing":    func(r *Reader) error { return nil },
			"Read":       func(r *Reader) error { return readAll(r, p) },
			"large Read": func(r *Reader) error { return readAll(r, large) },
			"WriteTo":    func(r *Reader) error { _, err := r.WriteTo(io.Discard); return err },
			"Discard":    func(r *Reader) error { return r.Discard(1 << 20) },
		} {
			for arriving, source := range map[string]io.Reader{"alone": &loop{pieces: [][]byte{[]byte(message)}}, "pipelined": &joiner{&loop{pieces: [][]byte{[]byte(message)}}}} {
				r := NewReader(source, nil)
				one := func() {
					if r.Wait() != nil {
						t.Fatal("Wait")
					}
					if _, _, err := r.ReadRequest(); err != nil {
						t.Fatal(err)
					}
					if err := read(r); err != nil {
						t.Fatal(err)
					}
				}
				for range 1000 {
					one()
				}
				// A garbage collection may empty the pool in one attempt, not in all.
				n := 1.0
				for try := 0; n != 0 && try < 10; try++ {
					n = testing.AllocsPerRun(1, func() {
						for range 300 {
							one()
						}
					})
				}
				if n != 0 {
					t.Errorf("%s, %s, %s: %v allocations for 300 messages, in ten attempts", name, way, arriving, n)
				}
			}
		}
	}
}

func readAll(r io.Reader, p []byte) error {
	for {
		if _, err := r.Read(p); err != nil {
			return noEOF(err)
		}
	}
}

// TestPipe reads from a net.Conn with deadlines.
func TestPipe(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	defer server.Close()
	go func() {
		io.WriteString(client, "POST / HTTP/1.1\r\nHost")
		time.Sleep(60 * time.Millisecond)
		io.WriteString(client, ": a\r\nContent-Length: 8\r\n\r\ncon")
		time.Sleep(60 * time.Millisecond)
		io.WriteString(client, "tent\n")
		time.Sleep(60 * time.Millisecond)
		client.Close()
	}()
	r := NewReader(server, nil)
	timeouts := map[string]int{}
	try := func(name string, f func() error) error {
		for {
			server.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
			err := f()
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				return err
			}
			timeouts[name]++
		}
	}
	if err := try("wait", r.Wait); err != nil {
		t.Fatal(err)
	}
	if err := try("head", func() error { _, _, err := r.ReadRequest(); return err }); err != nil {
		t.Fatal(err)
	}
	var content strings.Builder
	err := try("content", func() error { _, err := r.WriteTo(&content); return err })
	if err != nil || content.String() != "content\n" {
		t.Errorf("%q, %v", &content, err)
	}
	if err := try("end", r.Wait); err != io.EOF {
		t.Error(err)
	}
	for _, name := range []string{"head", "content", "end"} {
		if timeouts[name] == 0 {
			t.Errorf("no timeout in %s", name)
		}
	}
}

// A loop returns the same pieces again and again, one at a time, or as many bytes as there is
// room for.
type loop struct {
	pieces [][]byte
	next   int
	rest   []byte
}

func (l *loop) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		l.rest = l.pieces[l.next]
		if l.next++; l.next == len(l.pieces) {
			l.next = 0
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// benchRows are requests without content.
func benchRows(b *testing.B) (names []string, rows map[string][][]byte) {
	rows = map[string][][]byte{}
	var r picohttp.Request
	for _, head := range traffic.Heads(1) {
		if _, err := r.Parse(head.Bytes); err != nil {
			b.Fatal(err)
		}
		if v, err := r.Check(); err != nil || v.Body != picohttp.BodyNone {
			continue
		}
		if len(rows[head.Family]) == 0 {
			names = append(names, head.Family)
		}
		rows[head.Family] = append(rows[head.Family], head.Bytes)
		rows["mixed"] = append(rows["mixed"], head.Bytes)
	}
	return append(names, "mixed"), rows
}

// BenchmarkReadRequest compares a Reader with Parse and Check alone. The requests are the same,
// and arrive one by one or pipelined in large pieces. The measurements take turns, because the
// speed of a machine changes over time.
//
// It reports the least times for a request: of Parse and Check, of only reading the source, of
// ReadRequest, and what ReadRequest adds to the other two. In large pieces the last head is
// usually cut off by the end of the buffer, and so is parsed in two parts.
func BenchmarkReadRequest(b *testing.B) {
	names, rows := benchRows(b)
	for _, name := range names {
		row := rows[name]
		all := bytes.Join(row, nil)
		for _, arriving := range []string{"whole", "pipelined"} {
			pieces := row
			if arriving == "pipelined" {
				pieces = [][]byte{all}
			}
			b.Run("head="+name+"/arriving="+arriving, func(b *testing.B) {
				const times = 10
				var request picohttp.Request
				var buf [keptBuffer]byte
				source, left := &loop{pieces: pieces}, 0
				r := NewReader(&loop{pieces: pieces}, nil)
				contenders := []func(){
					func() {
						for i := range times * len(pieces) {
							for rest := pieces[i%len(pieces)]; len(rest) > 0; {
								n, err := request.Parse(rest)
								v, checked := request.Check()
								if err != nil || checked != nil || v.Body != picohttp.BodyNone {
									b.Fatalf("%q: %v, %v", rest, err, checked)
								}
								rest = rest[n:]
							}
						}
					},
					func() {
						for left += times * len(all); left > 0; {
							n, _ := source.Read(buf[:])
							left -= n
						}
					},
					func() {
						for range times * len(row) {
							if _, v, err := r.ReadRequest(); err != nil || v.Body != picohttp.BodyNone {
								b.Fatal(err)
							}
						}
					},
				}
				least := [3]float64{1e9, 1e9, 1e9}
				for b.Loop() {
					for i, contend := range contenders {
						start := time.Now()
						contend()
						least[i] = min(least[i], float64(time.Since(start))/float64(times*len(row)))
					}
				}
				b.ReportMetric(0, "ns/op") // of all three
				b.ReportMetric(least[0], "parse-ns")
				b.ReportMetric(least[1], "source-ns")
				b.ReportMetric(least[2], "reader-ns")
				b.ReportMetric(least[2]-least[1]-least[0], "added-ns")
			})
		}
	}
}
