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
// ChunkedReader decode a body in chunked coding.
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
// pass what Parser.Allow names, and Deviations says what that was, in the words of
// this table. Pico is for those who used the C library picohttpparser: the same
// verdicts, lengths and fields as its commit f832609. A head that Strict accepts, all
// accept, with the same fields and without deviations; one that is accepted without
// deviations, Strict accepts.
//
//	                                   Strict   Lenient              Pico
//	LF alone ends a line               refused  bare-lf              bare-lf
//	CR without LF                      refused  refused              refused
//	empty lines before a request-line  one      empty-lines          one
//	empty lines before a status-line   refused  empty-lines          refused
//	more than one SP in a start-line   refused  start-line-space     start-line-space
//	SP at the end of a request-line    refused  start-line-space     refused
//	obs-text in a request-target       refused  target-obs-text (1)  target-obs-text
//	control characters there           refused  refused              refused
//	two or three digits of minor       refused  minor-digits         refused
//	another major version              refused  refused              refused
//	no SP before an empty reason       passes   passes               passes
//	white space before a colon         refused  space-before-colon   refused
//	                                            (2)
//	octets in a name that no token has refused  refused              refused
//	obs-fold                           refused  obs-fold             obs-fold, a field
//	                                                                 without a name
//	obs-fold of white space alone      refused  refused (3)          obs-fold
//	obs-fold before the first field    refused  refused              refused
//	control characters in a value      refused  value-control        refused
//	NUL in a value                     refused  value-nul (2)        refused
//	Content-Length twice, equal        refused  equal-lengths (4)    refused
//	Content-Length with coding         refused  length-and-coding    refused
//	                                            (4)
//	chunk-size of 2^63 to 2^64-1       refused  refused              passes
//	behind SP, HTAB or ";" there       grammar  grammar              all but CR, LF
//	trailer section of a chunked body  fields   fields, as Strict    lines of anything,
//	                                                                 thrown away
//	limits of a chunked body           ours     ours                 overhead, as the C
//	a fault is told                    at once  at once              when the C tells it
//
// Some things are refused whatever is allowed, because they can be exploited
// together. By Parse, and in Pico by Framing:
//
//   - (1) More than one SP and obs-text in a request-line: some recipients split
//     it at 0x85 and 0xA0, too.
//   - (3) A folded line of white space alone, or of what is white space or nothing
//     to some, control characters, 0x85 and 0xA0: they take it for the empty line.
//
// By Framing, which says where the next message begins:
//
//   - (4) Content-Length that is repeated, or beside Transfer-Encoding, in a message
//     with any other deviation, the other of these included; and beside a
//     Transfer-Encoding that is not chunked, once and plainly.
//   - Bare LF and CRLF in one head: one recipient reads on where the other is at
//     the end.
//   - Content-Length, Transfer-Encoding, Host, Connection, Expect or Upgrade that is
//     folded, has white space before its colon, a control character in its value,
//     or a NUL anywhere before it; and what looks like one of them in a folded line
//     or behind a control character: some do not unfold, some end lines at VT or FF.
//   - A control character at the end of a value or a reason-phrase: to those the CRLF
//     behind it is the empty line.
//   - Transfer-Encoding, where some may not read HTTP/1.1: with minor-digits, with
//     start-line-space, or with 0x85 or 0xA0 in the request-target.
//
// And no connection stays open behind a message with deviations: KeepAlive is false.
//
// (2) NUL is let pass only if Parser.Allow says so, as is white space before a
// colon in requests. In trailer sections bare LF and obs-fold are not let pass
// either unless it says so: nothing there guards where they end.
//
// Limits are the same in all profiles, but for those of chunked bodies and the
// default of MaxTargetBytes in Pico. With the last_len of the C functions, faults
// are told only when the head is complete; Resume tells them as Parse does. Where
// Pico tells a fault late, n is the octet that the C stops at.
//
// # Where a body ends
//
// Framing decides it once, for requests and for responses, and refuses what two
// recipients may decide differently:
//
//   - Content-Length that is not digits alone, that is there twice, also with
//     equal values, or as a list.
//   - Transfer-Encoding together with Content-Length, or in HTTP/1.0.
//   - chunked that is applied twice, has parameters or, in a request, is not the
//     last transfer coding; a list of codings that is empty or no list of them.
//   - Connection that names Content-Length, Transfer-Encoding or Host.
//
// A server that gets such a request answers 400 and closes the connection. A
// response that has no body whatever its fields say is not refused for them, but
// its connection is not kept.
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
// A head may have 256 KiB, of which the request-target 16 KiB, and 256 field
// lines; a trailer section 16 KiB and as many lines; the extensions of a chunk 1
// KiB, and all chunks of a body may waste 16 KiB (see Chunked). A Parser has
// other limits. A body has none. A Request takes some 650 bytes, in which there is
// room for the places of 64 field lines. Those behind them cost no memory, but are
// searched again when they are asked for.
//
// # Ownership of the bytes
//
// A Request holds the slice that it parsed, and its methods return parts of it:
// they are good until the caller overwrites those bytes. Returned slices have no
// spare capacity, so that an append copies. Copy what is to be kept. Reset lets go
// of the bytes.
package picohttp
