package service

import (
	"io"

	"github.com/picohttp/picohttp"
)

// A Conn is the server's side of one connection, with a Responder. It is ready with Limits.
type Conn struct {
	Limits *Limits
	Last   bool // the next response says that it is the last one, because the server stops

	state     State // never Full
	req       picohttp.Request
	content   picohttp.Content
	responder Responder
	wants     bool  // the responder wants the content
	dropped   int64 // bytes of content if not
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
// Full. A single response or piece of content may exceed the limit. Echoed content in the
// smallest chunks takes six bytes of out for each of its own.
func (c *Conn) Serve(in, out []byte) (n int, response []byte, state State) {
	r := &c.responder
	r.Limits, r.Out = c.Limits, out
	defer func() { r.Out = nil }()
	// A body may end without another byte.
	for more := true; more && c.state != Closed && (n < len(in) || c.state == Body); {
		if n < len(in) && len(r.Out) >= c.Limits.MaxOut {
			return n, r.Out, Full
		}
		var m int
		if c.state == Body {
			m, more = c.readBody(in[n:])
		} else {
			m, more = c.readHead(in[n:])
		}
		n += m
	}
	return n, r.Out, c.state
}

// readHead reads the head at the start of in. more is false if it has not fully arrived.
func (c *Conn) readHead(in []byte) (n int, more bool) {
	var err error
	if c.state == Head {
		n, err = c.req.Resume(in) // reads only what is new
	} else {
		n, err = c.Limits.Parser.ParseRequest(&c.req, in)
	}
	if err == picohttp.ErrIncomplete {
		c.state = Head
		return 0, false
	}
	// The request is valid as long as in is.
	defer c.req.Reset()
	v, err := c.req.Check() // if Parse or Resume returned an Error, so does Check
	if fault, malformed := err.(picohttp.Error); malformed {
		c.responder.Reject(&c.req, fault)
		c.state = Closed
		return 0, false
	}
	c.wants, c.dropped = c.responder.Begin(&c.req, &v, c.Last), 0
	c.content.Start(v.Framing, &c.Limits.Parser)
	c.state = Body
	if !c.wants && !c.responder.Keep {
		c.state = Closed
	}
	return n, true
}

// readBody reads the next piece of content from in, or finds that there is no more. more is
// false if it has not arrived.
func (c *Conn) readBody(in []byte) (n int, more bool) {
	data, n, err := c.content.Next(in)
	switch {
	case err == picohttp.ErrIncomplete:
		return n, false
	case err == nil && c.wants:
		if c.responder.Take(data) != nil {
			c.state = Closed
		}
		return n, true
	case err == nil:
		if c.dropped += int64(len(data)); c.dropped > c.Limits.MaxUnread {
			c.state = Closed
		}
		return n, true
	case err != io.EOF:
		c.responder.Reject(nil, err.(picohttp.Error))
	case c.wants:
		c.responder.End(c.content.Trailer().NumFields())
	}
	c.content.Start(picohttp.Framing{}, nil) // drops the trailer section, a part of in
	c.state = Idle
	if !c.responder.Keep {
		c.state = Closed
	}
	return n, true
}
