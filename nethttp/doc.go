// Package nethttp reads net/http's Request and Response with picohttp's parser. It
// returns what http.ReadRequest and http.ReadResponse return, in less time and with fewer
// allocations.
//
//	req, err := nethttp.ReadRequest(b) // b is a *bufio.Reader
//	if e, ok := err.(picohttp.Error); ok {
//		// respond with e.Status(), and close the connection
//	}
//
// ParseRequest and ParseResponse parse bytes that you have already, say where the message
// ends, and return what there is of one that is cut off. The methods of Reader whose names
// end in Head also fill in a picohttp.Request or picohttp.Response, which has the head as
// it was sent.
//
// # Differences from net/http
//
// Strict, the profile of the zero Reader, rejects with a picohttp.Error what package
// picohttp rejects, although net/http accepts it, and repairs it or leaves it to its Server:
//
//   - bare LF, and CR within a line; obs-fold; whitespace before a colon; control
//     characters in a reason-phrase; bytes other than visible ASCII in a
//     request-target;
//   - major versions other than 1, and the HTTP/2 preface;
//   - Content-Length twice or along with Transfer-Encoding; Transfer-Encoding in
//     HTTP/1.0, and in requests of HTTP/1.2 and later; a CONNECT with content; a
//     Connection that names Content-Length or Host;
//   - a Host that is missing in HTTP/1.1, or malformed;
//   - a request-target with "#", one without a form, or in a form that its method does
//     not allow: "*" for a method that needs a resource, such as GET; a CONNECT
//     without host and port, such as "CONNECT /rpc" of net/rpc; an authority that is
//     missing, not valid, or has userinfo;
//   - a request-target in absolute-form whose authority differs from Host;
//   - heads, methods and numbers of field lines beyond the limits of the
//     picohttp.Parser.
//
// Some messages are accepted although net/http rejects them: one empty line before a
// request; whitespace before the semicolon of a chunk extension; lines of chunks and
// trailer sections that are longer than the buffer of the bufio.Reader; a response without
// a body (204, 304, to HEAD) whatever its Content-Length and Transfer-Encoding say.
//
// Some are read differently:
//
//   - A 2xx response to a CONNECT begins a tunnel. Its Body is http.NoBody, and its
//     ContentLength 0, whatever its fields say.
//   - Close is also true of a message after which picohttp.Framing.KeepAlive is false, other
//     than a CONNECT, a 2xx response to one, and a 101. One example is a Connection with an
//     element that is not a token; see picohttp.Request.Framing for the others.
//   - A comma within a quoted string does not separate the elements of Connection and
//     Trailer.
//   - Close of a Body discards at most Reader.MaxDiscard bytes. It does not wait for a Body
//     that the client may never send.
//
// The texts of errors differ. Everything else is equal, including the Trailer that is
// filled in when the Body has been read.
//
// # Other profiles
//
// With another profile, a message may have deviations. Values are unfolded, and names have
// no whitespace after them. Of several Host fields the first one counts; of several lengths
// that are equal Content-Length has one, and along with a transfer coding it has none. Proto is
// made of ProtoMinor. Control characters stay in values, so replace them before you send a
// value on, as picohttp.AppendField does. What a Request or Response cannot express, such as
// lines that are skipped, is in the head that the methods ending in Head fill in.
//
// # Memory
//
// All strings of a message share one allocation, so keeping one keeps them all alive.
// Use strings.Clone for what outlives the message. The URL and the values of a Header may
// share another one.
package nethttp
