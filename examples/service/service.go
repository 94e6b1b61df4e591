// Package service is what the examples serve, with their limits and timeouts, and without a
// network. For event loops, a Conn gets the bytes of a connection and returns bytes. When they
// are read and written is up to the example around it.
//
//	GET, HEAD /      "Hello, World!" as text/plain
//	GET, HEAD /json  {"message":"Hello, World!"}
//	POST /echo       the content, as it arrives
//	POST /upload     size and CRC-32 of the content, number of trailer fields
//	OPTIONS *        204 with the methods
//
// conn.go has the protocol: heads, content and when the connection ends. routes.go has what
// requests are responded to with.
package service

import (
	"cmp"
	"time"

	"github.com/picohttp/picohttp"
)

// A State says what a connection waits for, and so what its owner does next.
type State uint8

const (
	Idle   State = iota // for a request: all of in is consumed
	Head                // for the rest of a head, of which in[n:] is the beginning
	Body                // for the rest of a body
	Full                // for its owner, to write the response and to call Serve again before reading more
	Closed              // for nothing: write the response, close the connection
)

// Limits are those of a Conn. Several may share them. The zero value has the defaults.
type Limits struct {
	Parser    picohttp.Parser
	MaxBody   int64 // bytes of content for /upload, 8 MiB if 0; more is a 413
	MaxUnread int64 // bytes of content to read for nothing, 256 KiB if 0; more closes the connection
	MaxOut    int   // bytes in out that make a Conn Full, 64 KiB if 0
}

var defaults Limits

// Body, Unread and Out return the limits or their defaults.
func (l *Limits) Body() int64   { return cmp.Or(l.MaxBody, 8<<20) }
func (l *Limits) Unread() int64 { return cmp.Or(l.MaxUnread, 256<<10) }
func (l *Limits) Out() int      { return cmp.Or(l.MaxOut, 64<<10) }

// Timeouts say how long a client may take. The zero value has the defaults.
type Timeouts struct {
	Head    time.Duration // for a whole head, 10 s if 0
	Idle    time.Duration // for the next request to begin, 60 s if 0
	Body    time.Duration // for content, 20 s if 0, and a second more for MinRate bytes of it, up to Body again
	Write   time.Duration // to take a response, 20 s if 0
	MinRate int           // bytes of content a second, 1 KiB if 0
}

// Read returns how long to wait for bytes in state s.
func (t *Timeouts) Read(s State) time.Duration {
	switch s {
	case Head:
		return cmp.Or(t.Head, 10*time.Second)
	case Body:
		return cmp.Or(t.Body, 20*time.Second)
	}
	return cmp.Or(t.Idle, 60*time.Second)
}

// Deadline returns until when to wait for bytes after a call of Serve. before was the deadline
// until then, changed is whether the state has changed, and n how many bytes were consumed.
func (t *Timeouts) Deadline(before time.Time, s State, changed bool, n int) time.Time {
	latest := time.Now().Add(t.Read(s))
	earned := before.Add(time.Duration(n) * time.Second / time.Duration(cmp.Or(t.MinRate, 1<<10)))
	switch {
	case changed, s == Idle && n > 0, s == Body && earned.After(latest):
		return latest
	case s == Body:
		return earned
	}
	return before // a head has to be whole in time, however slowly it arrives
}

// ToWrite returns how long to wait for the client to take a response.
func (t *Timeouts) ToWrite() time.Duration { return cmp.Or(t.Write, 20*time.Second) }
