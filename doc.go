// Package picohttp parses the heads of HTTP/1.x messages: the start-line and the
// header section, up to and including the empty line. It finds where the parts
// are, checks every octet, and leaves the bytes where they are: no copy, no
// allocation, no map. On amd64 and arm64 the search is hand-written assembly,
// chosen by what the CPU has; everywhere else, and with the build tag purego, it
// is portable Go with the same answers.
//
//	var r picohttp.Request
//	n, err := r.Parse(b)
//	switch {
//	case err == nil:
//		serve(r.Method(), r.Target(), &r) // b[n:] is what follows the head
//	case err == picohttp.ErrIncomplete:
//		// read more behind b, then r.Resume(b)
//	default:
//		// answer err.(picohttp.Error).Status(), and close the connection
//	}
//
// Response and Trailer are parsed in the same way. Framing says where the body
// of a message ends, and so where the next message begins; Chunked and
// ChunkedReader decode a body in chunked coding. A server calls Parse, Host and
// Framing, and serves nothing before all three have answered nil.
//
// It is a parser, not a server: it decodes no URL, routes nothing and writes
// nothing.
//
// # What is accepted
//
// Two recipients that read one message differently are what request smuggling
// is made of. So the parser accepts what RFC 9112 and RFC 9110 define, and
// refuses what they merely let a recipient repair, unless told otherwise (see
// Profiles):
//
//   - Lines end in CRLF. A bare CR or a bare LF is an error.
//   - At most one empty line may come before the request-line.
//   - The request-line is a token, one SP, 1*VCHAR, one SP, "HTTP/1." and one
//     digit. It is case-sensitive, and nothing comes behind it. A major version
//     other than 1 is an error of its own, which a server answers with 505.
//   - A field name is a token with the colon right behind it.
//   - A field value is VCHAR, obs-text, SP and HTAB. NUL and other control
//     characters are errors. White space around it is not part of it.
//   - obs-fold, a value that goes on in the next line, is an error.
//   - The status-line is "HTTP/1." and one digit, one SP, three digits, one SP
//     and the reason-phrase. Only the SP before an empty reason-phrase may be
//     missing. No empty line may come before it.
//   - A chunk-size has 1 to 16 hexadecimal digits; chunk-ext is what RFC 9112,
//     section 7.1.1 says, white space before a semicolon included.
//
// The request-target is not judged beyond that, and neither is what fields mean,
// except by Host and Framing, and by Chunked, which refuses trailer fields that
// these are about. An octet that is wrong is refused when it arrives, not when the
// head is complete.
//
// # Profiles
//
// That is the profile Strict, the zero value of Parser.Profile. Lenient is for
// proxies, firewalls and scanners, which have to see malformed messages: it lets
// pass what Parser.Allow names, and Deviations says what that was. Pico is for
// those who used the C library picohttpparser, and answers as that does. Profile
// has a table of what they differ in.
//
// # Where a body ends
//
// Framing decides it once, for requests and for responses, and refuses what two
// recipients may decide differently: among it Content-Length that is repeated or
// beside Transfer-Encoding, and chunked that is not the last transfer coding of a
// request. A server that gets such a request answers 400 and closes the
// connection.
//
// # Errors
//
// Each Error has a fixed text, a short code, the section of the RFC and the
// status to answer with; the n beside it is the offset of the octet that breaks
// the rule, unless it is an Error of Host or Framing. Explain makes a message for
// people of them, with the line and a caret. Errors and offsets are the same with
// every kernel, and however the head was cut into pieces.
//
// # Limits
//
// A head may have 256 KiB and 256 field lines: the constants that begin with
// Default are the limits. A Parser has other ones; a body has none. A Request
// takes some 650 bytes, in which there is room for the places of 64 field lines.
// Those behind them cost no memory, but are searched again when they are asked
// for.
//
// # Ownership of the bytes
//
// A Request holds the slice that it parsed, and its methods return parts of it:
// they are good until the caller overwrites those bytes. Returned slices have no
// spare capacity, so that an append copies. Copy what is to be kept. Reset lets go
// of the bytes.
package picohttp
