// Package nethttp reads net/http's Request and Response with picohttp's parser. It
// returns what http.ReadRequest and http.ReadResponse return, in less time and with
// fewer allocations, for what the strict parser accepts.
//
//	req, err := nethttp.ReadRequest(b) // b is a *bufio.Reader
//	if e, ok := err.(picohttp.Error); ok {
//		// respond with e.Status(), and close the connection
//	}
//
// # Differences from net/http
//
// What package picohttp rejects is rejected with a picohttp.Error, although net/http
// accepts it, and repairs it or leaves it to its Server:
//
//   - bare LF, and CR within a line; obs-fold; whitespace before a colon; control
//     characters in a reason-phrase; bytes other than visible ASCII in a
//     request-target;
//   - major versions other than 1, and the HTTP/2 preface;
//   - Content-Length twice or along with Transfer-Encoding; Transfer-Encoding in
//     HTTP/1.0; a CONNECT with content; a Connection that names Content-Length or Host;
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
// Some are read differently. A 2xx response to a CONNECT begins a tunnel, so its Body is
// all that follows, whatever its Content-Length says. Close is also true of a CONNECT, of
// a message whose Connection has an element that is not a token, of a response without a
// body whose fields are at fault, and of a 1xx (other than 101) or 204 with a length
// above 0. A comma within a quoted string does not separate the elements of Connection
// and Trailer.
//
// The texts of errors differ. Everything else is equal, including the Trailer that is
// filled in when the Body has been read.
//
// All strings of a message share one allocation, so keeping one keeps them all alive.
// Use strings.Clone for what outlives the message.
package nethttp
