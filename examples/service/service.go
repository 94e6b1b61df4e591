// Package service is what the examples serve, with their limits, and without a network. For
// event loops, a Conn gets the bytes of a connection and returns bytes. When they are read and
// written is up to the example around it.
//
//	GET, HEAD /      "Hello, World!" as text/plain
//	GET, HEAD /json  {"message":"Hello, World!"}
//	POST /echo       the content, as it arrives
//	POST /upload     size of the content, number of trailer fields
//	OPTIONS *        204 with the methods
//
// conn.go reads requests, responder.go has the responses and when a connection ends, and routes.go
// what requests are responded to with. handler.go has all of it for net/http.
package service

import (
	"time"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/examples/server"
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

// Limits are those of connections, which may share them.
type Limits struct {
	Parser    picohttp.Parser
	MaxBody   int64 // bytes of content for /upload; more is a 413
	MaxUnread int64 // bytes of content to read for nothing; more closes the connection
	MaxOut    int   // bytes in out that make a Conn Full
}

// DefaultLimits are for clients that are strangers.
var DefaultLimits = Limits{
	Parser: picohttp.Parser{MaxHeadBytes: 16 << 10}, MaxBody: 8 << 20, MaxUnread: 256 << 10, MaxOut: 64 << 10,
}

// Deadline returns until when to wait for bytes in state s after a call of Serve. before was the
// deadline until then, changed is whether the state has changed, and n how many bytes were
// consumed.
func Deadline(t *server.Timeouts, before time.Time, s State, changed bool, n int) time.Time {
	now := time.Now()
	latest := now.Add(t.Body)
	earned := before.Add(time.Duration(n) * t.PerByte())
	switch {
	case s == Body && !changed && earned.Before(latest):
		return earned
	case s == Body:
		return latest
	case s == Head && !changed, s == Idle && !changed && n == 0:
		return before // a head has to be whole in time, however slowly it arrives
	case s == Head:
		return now.Add(t.Head)
	}
	return now.Add(t.Idle)
}
