package h1

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"

	"github.com/picohttp/picohttp"
)

// ErrNotRead means that content of the last message was not read, so that no other message can
// be read from the connection. Either the client waits for 100 (Continue) before it sends the
// content, or more content is left than may be discarded. Close the connection.
var ErrNotRead = errors.New("h1: content of the last message was not read")

// MaxDiscard is the largest number of bytes of unread content that Wait, ReadRequest and
// ReadResponse discard. If more are left, the error is ErrNotRead.
const MaxDiscard = 256 << 10

const (
	firstBuffer    = 4 << 10  // size of the first buffer
	keptBuffer     = 16 << 10 // size of the largest buffer that is kept for the next message
	leastRoom      = 512      // the buffer is replaced if it has less room to read into
	mostEmptyReads = 100      // reads in a row that return neither bytes nor an error
)

var errCount = errors.New("h1: Read or Write returned an impossible number of bytes")

// A Reader reads messages from a connection. Use NewReader or Reset to give it a source;
// without one, Wait, ReadRequest, ReadResponse and Read return io.EOF. A Reader must not be
// copied, and is not safe for concurrent use.
//
// Errors are permanent, except for timeouts, the io.EOF of Read at the end of the content, and
// write errors of WriteTo. After a permanent error, all methods that return an error return this
// one, until Reset; only Discard and WriteTo return nil instead of io.EOF. The permanent errors are
//
//   - io.EOF between messages: the source has ended, or no message can follow the last one
//     because its KeepAlive is false;
//   - io.ErrUnexpectedEOF if the source has ended within a message;
//   - a picohttp.Error if a message is malformed or rejected;
//   - ErrNotRead;
//   - io.ErrNoProgress, or another error if the source breaks the rules of io.Reader;
//   - the errors of the source.
//
// A timeout is an error that is os.ErrDeadlineExceeded or whose Timeout method returns true.
// After a timeout, repeat the call: it continues where it stopped.
type Reader struct {
	src    io.Reader
	parser picohttp.Parser
	err    error // permanent
	late   error // returned by src along with bytes, and not returned to the caller yet

	buf  []byte
	r, w int // buf[r:w] is what was read from src and not consumed
	kept int // buf[:kept] must not be overwritten: it has the head of a message with content

	state     state
	response  bool // the last head is that of a response
	keepAlive bool // a message may follow the current one
	contents

	request picohttp.Request
	reply   picohttp.Response
}

// A state says what is to be read next.
type state uint8

const (
	between      state = iota // the next message
	requestHead               // the rest of a head
	responseHead              // the rest of a head
	content                   // content of the current message
	draining                  // content to discard, of a message that has ended
	complete                  // nothing, until the current message has ended
)

// NewReader returns a Reader of the messages that come from src, with p's profile and limits,
// or those of the zero Parser if p is nil. It copies p.
func NewReader(src io.Reader, p *picohttp.Parser) *Reader {
	r := &Reader{src: src}
	if p != nil {
		r.parser = *p
	}
	return r
}

// Reset makes r read messages from src, with the same profile and limits. It drops the bytes
// that were read and not consumed, and the last error.
func (r *Reader) Reset(src io.Reader) {
	r.src, r.err, r.late = src, nil, nil
	if len(r.buf) > keptBuffer {
		r.buf = nil
	}
	r.r, r.w, r.kept = 0, 0, 0
	r.state, r.response = between, false
	r.request.Reset()
	r.reply.Reset()
	r.contents.reset()
}

// Wait ends the current message, and returns once a byte of the next one has arrived. It reads
// nothing if such a byte is buffered already.
//
// Wait discards unread content. If that is more than MaxDiscard bytes, counted over repeated
// calls, the error is ErrNotRead. The error is also ErrNotRead if the client expects 100
// (Continue), nothing of the content has arrived, and neither Read nor WriteTo was called,
// because the client may wait forever.
//
// If the KeepAlive of the current message is false, as it always is for a CONNECT and for a
// 101, Wait returns io.EOF and reads nothing.
func (r *Reader) Wait() error {
	if r.err != nil || r.state >= content {
		if err := r.finish(); err != nil {
			return err
		}
	}
	if r.r == r.w {
		if err := r.fill(); err != nil {
			return r.fail(err)
		}
	}
	return nil
}

// finish ends the current message.
func (r *Reader) finish() error {
	switch {
	case r.err != nil:
		return r.err
	case !r.keepAlive:
		return r.fail(io.EOF)
	case r.state != complete:
		r.state = draining
		if err := r.drop(MaxDiscard); err != nil {
			return err
		}
	}
	r.state, r.kept = between, 0
	r.contents.reset()
	return nil
}

// ReadRequest does what Wait does, then reads the head of the next request, parses it and
// checks it: see picohttp.Request.Check. The Request and the Verdict belong to r. They stay
// valid, whatever content is read, until the next call of Wait, ReadRequest, ReadResponse or
// Reset.
//
// If the source ends within the head, the error is io.ErrUnexpectedEOF. If it ends before the
// head, or after an empty line, the error is io.EOF.
//
// If the error is a picohttp.Error, respond with its Status and close the connection. The
// Request is not nil then, and its Method returns the method if that has arrived. With any
// other error the Request is nil. The Verdict returned along with an error holds what is known,
// and its KeepAlive is false.
func (r *Reader) ReadRequest() (req *picohttp.Request, verdict picohttp.Verdict, err error) {
	// If all of the request has arrived, start is the only other function of this package that
	// is called: each call costs 2 ns.
	if r.r == r.w || r.state != between || r.err != nil {
		if err := r.Wait(); err != nil {
			return r.noRequest(err)
		}
	}
	n, err := 0, picohttp.ErrIncomplete
	if r.state == between {
		n, err = r.parser.ParseRequest(&r.request, r.buf[r.r:r.w])
		r.state, r.response = requestHead, false
	}
	if err == nil {
		r.r += n
	} else if n, err = r.readHead(requestHead); err != nil {
		return r.noRequest(err)
	}
	verdict, err = r.request.Check()
	if err != nil {
		r.fail(err)
	} else if moved := r.start(&verdict.Framing, n); moved {
		verdict, _ = r.request.Check() // the Authority has moved as well
	}
	return &r.request, verdict, err
}

// noRequest returns what ReadRequest returns for an err that Check did not find.
func (r *Reader) noRequest(err error) (req *picohttp.Request, verdict picohttp.Verdict, _ error) {
	if _, ok := err.(picohttp.Error); ok {
		req = &r.request
		verdict, _ = req.Check()
	}
	verdict.Framing = unknown
	return req, verdict, err
}

// unknown is returned along with an error, so that code that ignores the error does not take
// what follows for another message.
var unknown = picohttp.Framing{Body: picohttp.BodyUntilClose, ContentLength: -1}

// ReadResponse reads the head of the next response as ReadRequest reads a request, and
// determines its framing: see picohttp.Response.Framing. requestMethod is the method of the
// request that the response responds to. An informational response (1xx) is returned like any
// other: call ReadResponse again for the one after it.
//
// A transfer coding other than chunked is picohttp.ErrCoding. The Status of an Error is for
// requests; a gateway responds with 502 instead.
func (r *Reader) ReadResponse(requestMethod string) (*picohttp.Response, picohttp.Framing, error) {
	err := r.Wait()
	n := 0
	if err == nil {
		n, err = r.readHead(responseHead)
	}
	if _, ok := err.(picohttp.Error); ok {
		return &r.reply, unknown, err
	} else if err != nil {
		return nil, unknown, err
	}
	framing, err := r.reply.Framing(requestMethod)
	if err == nil && framing.OtherCoding {
		framing.KeepAlive, err = false, picohttp.ErrCoding
	}
	if err != nil {
		r.fail(err)
	} else {
		r.start(&framing, n)
	}
	return &r.reply, framing, err
}

// readHead reads and parses the rest of a head of that kind, and returns its length. If a head
// of the other kind was begun, readHead parses it again from its first byte.
func (r *Reader) readHead(kind state) (n int, err error) {
	for {
		switch b, resume := r.buf[r.r:r.w], r.state == kind; {
		case kind == requestHead && resume:
			n, err = r.request.Resume(b)
		case kind == requestHead:
			n, err = r.parser.ParseRequest(&r.request, b)
		case resume:
			n, err = r.reply.Resume(b)
		default:
			n, err = r.parser.ParseResponse(&r.reply, b)
		}
		r.state, r.response = kind, kind == responseHead
		switch {
		case err == nil:
			r.r += n
			return n, nil
		case err != picohttp.ErrIncomplete:
			return 0, r.fail(err)
		}
		if err = r.fill(); err != nil {
			b := r.buf[r.r:r.w]
			if empty := b[len(b)-1] == '\n' && len(bytes.TrimRight(b, "\r\n")) == 0; err == io.EOF && !empty {
				err = io.ErrUnexpectedEOF
			}
			return 0, r.fail(err)
		}
	}
}

// Buffered returns the bytes that were read from the source and come after the current message:
// the first bytes of a tunnel, of the protocol after an Upgrade, or of the next message. While
// a head is unfinished, and after it was found to be malformed, Buffered returns that head and
// what follows it. Until the content has been read to its end, Buffered returns nil. The bytes
// are part of the buffer, and valid until the next call of Wait, ReadRequest, ReadResponse or
// Reset.
func (r *Reader) Buffered() []byte {
	if r.state == content || r.state == draining {
		return nil
	}
	return r.buf[r.r:r.w:r.w]
}

// Explain turns err into a message for people, as picohttp.Head.Explain does. err is what a
// method of r has just returned, about a head or about content. The message quotes what the
// peer sent, including credentials: write it to a log, not into the response.
func (r *Reader) Explain(err error) string {
	if r.state == content || r.state == draining {
		return r.content.Explain(err)
	}
	if err == io.ErrUnexpectedEOF {
		err = picohttp.ErrIncomplete
	}
	if r.response {
		return r.reply.Explain(err)
	}
	return r.request.Explain(err)
}

// fail returns err, and keeps it as permanent unless it is a timeout.
func (r *Reader) fail(err error) error {
	if !isTimeout(err) {
		r.err = err
	}
	return err
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}

// fill reads more bytes from src into the buffer, at least one.
func (r *Reader) fill() error {
	if r.r == r.w {
		r.r, r.w = r.kept, r.kept
	}
	if r.r > r.kept || len(r.buf)-r.w < leastRoom || len(r.buf) > keptBuffer {
		r.makeRoom()
	}
	n, err := r.read(r.buf[r.w:])
	r.w += n
	return err
}

// makeRoom moves the bytes that are not consumed next to those that are kept. It uses another
// buffer if this one is too small, or larger than the next message needs. Kept bytes are not
// moved, because the caller has parts of them. If the buffer is replaced, they stay in the old
// one.
func (r *Reader) makeRoom() {
	size, unread := len(r.buf), r.w-r.r
	to, begins := r.buf, r.state == between || r.state < content && r.r > 0
	switch {
	case begins && size > keptBuffer && unread < firstBuffer:
		to = make([]byte, firstBuffer)
	case begins && size < keptBuffer && unread > 0 && r.w == size: // pipelined requests, the last cut off
		to = make([]byte, 2*size)
	case size-r.kept-unread < leastRoom:
		size = max(firstBuffer, 2*unread, min(2*size, keptBuffer))
		if r.state < content {
			size = max(firstBuffer, min(size, maxHead(r.parser.MaxHeadBytes)))
		}
		if r.kept > 0 || size > len(to) {
			to, r.kept = make([]byte, size), 0
		}
	}
	r.move(to, r.kept)
}

// maxHead returns the limit that n means as Parser.MaxHeadBytes.
func maxHead(n int) int {
	switch {
	case n == 0:
		return picohttp.DefaultMaxHeadBytes
	case n < 0:
		return math.MaxInt32
	}
	return n
}

// move moves the bytes that are not consumed to buf[at:], and tells what is parsed from them.
func (r *Reader) move(buf []byte, at int) {
	r.w = at + copy(buf[at:], r.buf[r.r:r.w])
	r.buf, r.r = buf, at
	switch b := buf[at:r.w]; r.state {
	case requestHead:
		r.request.Move(b)
	case responseHead:
		r.reply.Move(b)
	case content, draining:
		r.content.Trailer().Move(b)
	}
}

// read reads from src into p, which is not empty. It returns bytes or an error, never both.
func (r *Reader) read(p []byte) (int, error) {
	switch {
	case r.late != nil:
		return 0, r.late
	case r.src == nil:
		return 0, io.EOF
	}
	for range mostEmptyReads {
		n, err := r.src.Read(p)
		switch {
		case n < 0 || n > len(p):
			return 0, errCount
		case n > 0:
			if err != nil && !isTimeout(err) { // a timeout may be over when it would be returned
				r.late = err
			}
			return n, nil
		case err != nil:
			return 0, err
		}
	}
	return 0, io.ErrNoProgress
}
