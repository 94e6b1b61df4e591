package service

import (
	"hash/crc32"
	"io"
	"strconv"

	"github.com/picohttp/picohttp"
)

// A Conn is the server's side of one connection. Its zero value is ready.
type Conn struct {
	// Limits may be nil, for the default ones.
	Limits *Limits
	// Last makes the next response say that it is the last one. A server that
	// stops sets it.
	Last bool

	state   State // never Full
	req     picohttp.Request
	content picohttp.Content
	out     []byte // during Serve

	// Of the current request. Its bytes are gone when the content arrives, so what is
	// needed of it later is here.
	framing picohttp.Framing
	reply   Reply
	isHead  bool // the method is HEAD
	minor   int
	waiting bool // the client waits for a 100 (Continue)
	keep    bool // another request may follow
	begun   bool // the response
	size    int64
	crc     uint32
}

// Serve reads as much as it can from in, the bytes of the connection that have arrived
// and were not consumed before. It appends the responses to out, and returns how many
// bytes it has consumed. If a head or trailer section has not fully arrived, in[n:] is
// not empty: keep it, and call Serve again with those bytes and more after them, at the
// same place or elsewhere. A body is consumed as it arrives, so what must be kept is
// never longer than a head may be.
//
// The caller owns in. Serve does not write to it, and keeps nothing of what it has
// consumed. (The parser keeps the slice of an unfinished head until the next call, but
// does not read it again.)
//
// If in holds many requests, Serve stops when out is longer than MaxOut, and returns
// Full. One request or piece of content may exceed the limit: for each byte of content
// that is echoed, by five more if it arrives in the smallest chunks.
func (c *Conn) Serve(in, out []byte) (n int, response []byte, state State) {
	c.out = out
	defer func() { c.out = nil }()
	// A body may end without another byte.
	for more := true; more && c.state != Closed && (n < len(in) || c.state == Body); {
		if n < len(in) && len(c.out) >= c.limits().Out() {
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

// readHead reads the head at the start of in, and responds to the request if it needs
// no content. more is false if the head has not fully arrived.
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
	// The request is valid as long as in is. What is needed later is copied.
	defer c.req.Reset()
	v, err := c.req.Check() // if Parse or Resume returned an Error, so does Check
	c.framing = v.Framing
	c.minor = c.req.Minor()
	c.isHead = string(c.req.Method()) == "HEAD"
	c.size, c.crc, c.begun, c.waiting = 0, 0, false, false
	if fault, malformed := err.(picohttp.Error); malformed {
		c.respond(Rejected(fault))
		return 0, false
	}
	c.keep = c.framing.KeepAlive && !c.Last
	c.waiting = c.framing.ExpectContinue && c.hasBody() && n == len(in)
	c.content.Start(c.framing, &c.limits().Parser)
	c.reply = Route(&c.req, &v, c.limits().Body())
	if c.reply.Use == ToNothing {
		c.respond(c.reply)
		return n, true
	}
	c.state = Body
	if c.waiting {
		// Only now is it certain that the content is wanted: RFC 9110, section 10.1.1. If
		// some of it has arrived, the client does not wait.
		c.out = append(c.out, "HTTP/1.1 100 Continue\r\n\r\n"...)
	}
	return n, true
}

// hasBody reports whether the request has content, as far as its head tells.
func (c *Conn) hasBody() bool {
	return c.framing.Body == picohttp.BodyChunked || c.framing.Length > 0
}

// readBody reads the next piece of content from in. more is false if there is none.
func (c *Conn) readBody(in []byte) (n int, more bool) {
	data, n, err := c.content.Next(in)
	switch {
	case err == nil:
		c.take(data)
		return n, true
	case err == picohttp.ErrIncomplete:
		return n, false
	case err == io.EOF:
		c.finish(c.content.Trailer().NumFields())
	case c.reply.Use != ToNothing && !c.begun:
		c.respond(Rejected(err.(picohttp.Error)))
	default:
		// Part of the response has been sent. The client sees from its end that
		// something is wrong: the last chunk or some of the length is missing.
		c.state = Closed
	}
	c.content.Start(picohttp.Framing{}, nil) // drops the trailer section, a part of in
	return n, c.state != Closed
}

// take takes content: data is a part of in.
func (c *Conn) take(data []byte) {
	c.size += int64(len(data))
	switch c.reply.Use {
	case ToNothing:
		if c.size > c.limits().Unread() {
			c.state = Closed
		}
	case ToEcho:
		c.echo(data)
	case ToUpload:
		c.crc = crc32.Update(c.crc, crc32.IEEETable, data)
		if c.size > c.limits().Body() {
			c.respond(TooLarge)
		}
	}
}

// echo sends data back. The response begins with the first content, so that content which is
// malformed before that is responded to with 400. Without data it only begins the response.
func (c *Conn) echo(data []byte) {
	isChunked := c.framing.Body == picohttp.BodyChunked
	if !c.begun {
		length := c.framing.Length
		if isChunked {
			length = Chunked // the request is HTTP/1.1: Check rejects chunked in HTTP/1.0
		}
		c.begun = true
		c.out = c.reply.AppendHead(c.out, length, c.keep, c.minor)
	}
	if isChunked && len(data) > 0 {
		c.out = append(strconv.AppendInt(c.out, int64(len(data)), 16), "\r\n"...)
		c.out = append(append(c.out, data...), "\r\n"...)
		return
	}
	c.out = append(c.out, data...)
}

// finish responds to a request with all its content.
func (c *Conn) finish(trailerFields int) {
	switch c.reply.Use {
	case ToEcho:
		c.echo(nil)
		if c.framing.Body == picohttp.BodyChunked {
			c.out = append(c.out, "0\r\n\r\n"...)
		}
	case ToUpload:
		c.framing = picohttp.Framing{} // there is no more content
		c.respond(Uploaded(c.size, trailerFields, c.crc))
	}
	c.end()
}

// respond responds to a request whose content, if there is more, is of no use.
func (c *Conn) respond(r Reply) {
	unread := c.hasBody()
	if r.Close || unread && (c.waiting || c.framing.Length > c.limits().Unread()) {
		// Either nobody knows whether the content comes now, or it is not worth
		// reading only to get to the next request.
		c.keep = false
	}
	c.begun = true
	c.out = r.AppendHead(c.out, int64(len(r.Content)), c.keep, c.minor)
	if !c.isHead {
		c.out = append(c.out, r.Content...)
	}
	c.end()
	if unread && c.keep {
		c.state = Body
	}
}

// end waits for the next request, if there may be one.
func (c *Conn) end() {
	c.state = Idle
	if !c.keep {
		c.state = Closed
	}
}
