package service

import (
	"hash/crc32"
	"io"

	"github.com/picohttp/picohttp"
)

// A Conn is the server's side of one connection. Its zero value is ready.
type Conn struct {
	// Limits may be nil, for the default ones.
	Limits *Limits
	// Last makes the next answer say that it is the last one: a server that
	// stops sets it.
	Last bool

	state  State // never Full
	req    picohttp.Request
	chunks picohttp.Chunked
	out    []byte // during Serve

	// Of the request under way. Its octets are gone when the body comes, so
	// what is needed of it later is here.
	framing picohttp.Framing
	isHead  bool // the method is HEAD
	minor   int
	waiting bool // the client waits for a 100 (Continue)
	keep    bool // the connection goes on behind it
	use     use  // of the content
	begun   bool // the answer of /echo
	left    int64
	size    int64
	crc     uint32
}

// A use is what content is for.
type use uint8

const (
	toNothing use = iota // it is read so that the next request is found
	toEcho
	toUpload
)

// Serve reads from in, the bytes of the connection that arrived and were not
// consumed before, as much as it can, appends the answers to out, and tells how
// many bytes it has consumed. If it was not enough for a whole head or trailer
// section, in[n:] is not empty: keep it, and call Serve again with those bytes and
// more behind them, at the same place or elsewhere. A body is consumed as it
// comes, so what must be kept is never longer than a head may be.
//
// The caller owns in and gets it back when Serve returns: Serve writes nothing to
// it, and keeps no octet of what it has consumed. (The parser keeps the slice of
// an unfinished head until the next call, but does not look at it again.)
//
// If in holds many requests, Serve stops when out is longer than MaxAnswer, and is
// Full. One body or request may take it over the limit: for each octet of content
// that is echoed, five more if it comes in the smallest chunks.
func (c *Conn) Serve(in, out []byte) (n int, answer []byte, state State) {
	c.out = out
	defer func() { c.out = nil }()
	for more := true; more && n < len(in) && c.state != Closed; {
		if len(c.out) >= c.limits().maxAnswer() {
			return n, c.out, Full
		}
		var m int
		if c.state == Body {
			m, more = c.readBody(in[n:])
		} else {
			m, more = c.readHead(in[n:])
		}
		n += m
	}
	return n, c.out, c.state
}

func (c *Conn) limits() *Limits {
	if c.Limits == nil {
		return &defaults
	}
	return c.Limits
}

// readHead reads the head at the start of in, and answers the request if it
// needs no content. There is no more to do if the head is not all in.
func (c *Conn) readHead(in []byte) (n int, more bool) {
	var err error
	if c.state == Head {
		n, err = c.req.Resume(in) // reads only what is new
	} else {
		n, err = c.limits().Parser.ParseRequest(&c.req, in)
	}
	if err == picohttp.ErrIncomplete {
		c.state = Head
		return 0, false
	}
	// From here on the request lives as long as in: let go of it, and copy
	// what is needed later.
	defer c.req.Reset()
	c.minor = c.req.Minor()
	c.isHead = string(c.req.Method()) == "HEAD"
	c.framing = picohttp.Framing{}
	if err == nil {
		_, err = c.req.Host()
	}
	if err == nil {
		c.framing, err = c.req.Framing()
	}
	if err != nil {
		c.refuseFault(err)
		return 0, false
	}
	c.state = Idle
	c.keep = c.framing.KeepAlive && !c.Last
	c.left, c.size, c.crc, c.begun = c.framing.Length, 0, 0, false
	c.waiting = c.framing.ExpectContinue && c.hasBody() && n == len(in)
	c.route()
	return n, true
}

// hasBody reports whether the request has content, as far as its head tells.
func (c *Conn) hasBody() bool {
	return c.framing.Body == picohttp.BodyChunked || c.framing.Length > 0
}

// readFor begins the body of a request, whose answer is finish.
func (c *Conn) readFor(u use) {
	c.use = u
	if !c.hasBody() {
		c.finish(0)
		return
	}
	c.state = Body
	if c.waiting {
		// Only now is it certain that the content is wanted: RFC 9110, section
		// 10.1.1. Nobody waits if some of it is there already.
		c.out = append(c.out, "HTTP/1.1 100 Continue\r\n\r\n"...)
	}
}

// readBody reads what in has of the body. There is no more to do if that is all
// of in, or the trailer section is not all in.
func (c *Conn) readBody(in []byte) (n int, more bool) {
	if c.framing.Body == picohttp.BodyLength {
		n = int(min(int64(len(in)), c.left))
		c.left -= int64(n)
		c.take(in[:n])
		if c.state == Body && c.left == 0 {
			c.finish(0)
		}
		return n, true
	}
	c.chunks.Parser = &c.limits().Parser
	data, n, err := c.chunks.Next(in)
	switch {
	case err == nil:
		c.take(data)
		return n, true
	case err == picohttp.ErrIncomplete:
		return n, false
	case err == io.EOF:
		c.finish(c.chunks.Trailer().NumFields())
	case c.use == toUpload, c.use == toEcho && !c.begun:
		c.refuseFault(err)
	default:
		// The answer is on its way, and only its end can tell: the last chunk
		// does not come, or the length is not reached.
		c.state = Closed
	}
	c.chunks.Reset() // the trailer section was a part of in
	return n, c.state != Closed
}

// take takes content: data is a part of in.
func (c *Conn) take(data []byte) {
	c.size += int64(len(data))
	switch c.use {
	case toNothing:
		if c.size > c.limits().maxUnread() {
			c.state = Closed
		}
	case toEcho:
		c.echo(data)
	case toUpload:
		c.crc = crc32.Update(c.crc, crc32.IEEETable, data)
		if c.size > c.limits().maxBody() {
			c.refuse(413, "more content than is taken")
		}
	}
}

// finish ends a request with all its content.
func (c *Conn) finish(trailerFields int) {
	switch c.use {
	case toEcho:
		c.endEcho()
	case toUpload:
		c.endUpload(trailerFields)
	}
	c.end()
}

// end goes on to the next request, if there may be one.
func (c *Conn) end() {
	c.state = Idle
	if !c.keep {
		c.state = Closed
	}
}
