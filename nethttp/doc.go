// Package nethttp reads net/http's Request and Response with picohttp's parser:
// what http.ReadRequest and http.ReadResponse answer, in less time and with fewer
// allocations, for what the strict parser accepts.
//
//	req, err := nethttp.ReadRequest(b) // b is a *bufio.Reader
//	if e, ok := err.(picohttp.Error); ok {
//		// answer e.Status(), and close the connection
//	}
//
// # What is different
//
// Refused, with a picohttp.Error, is what package picohttp refuses: among it bare
// LF, obs-fold, Content-Length twice or beside Transfer-Encoding,
// Transfer-Encoding in HTTP/1.0, the HTTP/2 preface, and a Host that is missing
// in HTTP/1.1, repeated or malformed. net/http repairs some of these, and leaves
// others to its Server.
//
// Accepted, where net/http refuses it, is one empty line before a request; empty
// elements in the list of Transfer-Encoding; white space before the semicolon of a
// chunk extension; lines of chunks and trailer sections that are longer than the
// buffer of the bufio.Reader; a response without a body (204, 304, to HEAD)
// whatever its Content-Length and Transfer-Encoding say.
//
// Read otherwise is the 2xx response to a CONNECT: it begins a tunnel, so its Body
// is all that follows, whatever its Content-Length says. Close is true of more: of a
// CONNECT, of a response without a body whose fields are at fault, and of a 1xx (but
// 101) or 204 with a length.
//
// All text of a head is one string: a part of it that is kept keeps all of it.
// Clone what outlives a request.
//
// Errors have other texts. All else is equal, down to the Trailer that is filled
// in when the Body has been read.
package nethttp
