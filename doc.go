// Package picohttp is a fast, strict, allocation-free HTTP/1.x parser. It parses the
// heads of requests and responses, decides whether a request is safe to serve and where
// its body ends, and decodes chunked bodies.
//
// Heads stay where they are: no copy, no allocation, no map. The inner loop is
// hand-written assembly for amd64 and arm64, selected at startup for the CPU at hand.
// Everywhere else, and with the build tag purego, a portable Go version produces
// identical results.
//
//	var r picohttp.Request
//	n, err := r.Parse(b)
//	for err == picohttp.ErrIncomplete {
//		b = readMore(b) // the same bytes and more
//		n, err = r.Resume(b)
//	}
//	var verdict picohttp.Verdict
//	if err == nil {
//		verdict, err = r.Check() // where the request goes, where its content ends
//	}
//	if e, ok := err.(picohttp.Error); ok {
//		// respond with e.Status(), and close the connection
//	}
//
// A server must not act on a request until Parse and Check have both returned a nil
// error. The content is at b[n:]: Content decodes it, however it is framed. A client
// calls Parse and Framing of a Response. A proxy forwards the fields of EndToEnd, each
// written by AppendField, and in place of Host the Authority of the Verdict, to which the
// request goes.
//
// It is a parser, not a server: it does not do I/O, decode URLs or route.
//
// # What is accepted
//
// Request smuggling happens when two programs parse the same bytes differently. So the
// parser accepts what RFC 9112 and RFC 9110 define, and rejects what they merely allow a
// recipient to repair, unless told otherwise (see Profiles):
//
//   - Lines end in CRLF. A bare CR or a bare LF is an error.
//   - At most one empty line comes before the request-line.
//   - The request-line is a token, one SP, 1*VCHAR, one SP, "HTTP/1." and one digit. It
//     is case-sensitive, and nothing comes after it. A major version other than 1 has
//     an error of its own, to which a server responds with 505.
//   - A field name is a token followed by a colon.
//   - A field value is VCHAR, obs-text, SP and HTAB. NUL and other control characters
//     are errors. Whitespace around the value is not part of it.
//   - obs-fold, a value that continues on the next line, is an error.
//   - The status-line is "HTTP/1." and one digit, one SP, three digits, one SP and the
//     reason-phrase. Only the SP before an empty reason-phrase may be missing. No empty
//     line comes before it.
//   - A chunk-size has 1 to 16 hexadecimal digits. chunk-ext is as RFC 9112, section
//     7.1.1 defines it, including whitespace before a semicolon.
//
// Parse reports an invalid byte as soon as it sees it, even if the head is still
// incomplete, except in Pico. It does not validate the request-target any further, nor the meaning of
// fields. Check validates those that a server depends on: Host, the form of the
// request-target and its authority, Content-Length, Transfer-Encoding and Connection.
// It rejects whatever two recipients may decide differently:
//
//   - Content-Length that is repeated, even with equal values, or comes along with
//     Transfer-Encoding.
//   - Transfer-Encoding in more than one line or with an empty element, although RFC 9110,
//     section 5.6.1.2 allows both; in a request of another version than HTTP/1.1,
//     although section 2.5 allows it in HTTP/1.2; with HTAB after it and an upgrade asked
//     for; or without chunked as the last coding.
//   - Host that is missing, repeated or malformed, or differs from the authority of the
//     request-target.
//   - A request-target with "#", or in a form that does not fit the method.
//   - A CONNECT with content.
//   - Connection that names Content-Length or Host. It may name Transfer-Encoding, which
//     recipients drop anyway: RFC 9110, section 7.6.1.
//
// # Profiles
//
// That is the profile Strict, the zero value of Parser.Profile. Lenient is for proxies,
// firewalls and scanners, which have to see malformed messages: it accepts what the
// Parser allows, and Deviations reports it. Pico is for programs that used the C library
// picohttpparser, and returns the same results. The table at Profile compares them.
//
// # Errors
//
// Each Error has a fixed text, a short code, the section of the RFC and the status to
// respond with. The n along with an Error of Parse is the offset of the byte that breaks
// the rule. Explain turns an error into a message for people, with the line and a caret.
// Errors and offsets are the same with every kernel, and however the head was cut into
// pieces.
//
// # Limits
//
// A head may have 256 KiB and 256 field lines. The constants that begin with Default are
// the limits. Use a Parser to set other limits. Body size is not limited. A Request takes
// about 800 bytes and has room for the places of 64 field lines. Field lines beyond the
// 64th take no memory; the parser scans for them again on each access.
//
// # Ownership of the bytes
//
// A Request holds the slice that it parsed, and its methods return parts of it. They are
// valid until the caller overwrites those bytes. Returned slices have no spare capacity,
// so append copies. Copy what you keep. Move tells a Request that its bytes are in
// another place now. Reset drops the reference to the buffer.
package picohttp
