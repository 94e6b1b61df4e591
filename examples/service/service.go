// Package service is what the examples for event loops serve: a small HTTP/1.1 service
// that knows no network library. A Conn is fed the bytes of a connection and answers
// with bytes; who reads and writes them, and when, is up to the example around it.
//
//	GET, HEAD /      "Hello, World!" as text/plain
//	GET, HEAD /json  {"message":"Hello, World!"}
//	POST /echo       the content back, as it arrives
//	POST /upload     size and CRC-32 of the content, number of trailer fields
//	OPTIONS *        204 with the methods
//
// conn.go has the protocol: heads, bodies and when the connection ends. routes.go
// has the service, answer.go writes responses.
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
	Full                // for its owner, to write the answer and to call Serve again before reading more
	Closed              // for nothing: write the answer, close the connection
)

// Limits are those of a Conn, who may share them. The zero value has the defaults.
type Limits struct {
	Parser    picohttp.Parser
	MaxBody   int64 // octets of content for /upload, 8 MiB if 0; more is a 413
	MaxUnread int64 // octets of content to read for nothing, 256 KiB if 0; more closes the connection
	MaxAnswer int   // octets in out that make a Conn Full, 64 KiB if 0
}

var defaults Limits

func (l *Limits) maxBody() int64   { return cmp.Or(l.MaxBody, 8<<20) }
func (l *Limits) maxUnread() int64 { return cmp.Or(l.MaxUnread, 256<<10) }
func (l *Limits) maxAnswer() int   { return cmp.Or(l.MaxAnswer, 64<<10) }

// Timeouts say how long a peer may take. The zero value has the defaults.
//
// The rule for their owner: a time begins when the State changes or Serve
// consumes something, and not when mere bytes arrive. So a head has to be whole
// within Head, however slowly it drips, while a body has to go on.
type Timeouts struct {
	Head  time.Duration // for a whole head, 10 s if 0
	Idle  time.Duration // for the next request to begin, 60 s if 0
	Body  time.Duration // for the next piece of a body, 20 s if 0
	Write time.Duration // for the peer to take an answer, 20 s if 0
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

// ToWrite returns how long to wait for the peer to take an answer.
func (t *Timeouts) ToWrite() time.Duration { return cmp.Or(t.Write, 20*time.Second) }
