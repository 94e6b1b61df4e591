// Package picohttp is a fast, strict, allocation-free HTTP/1.x parser. It parses the heads of
// requests and responses, decides whether a request is safe to serve and where its body ends,
// and decodes chunked bodies.
//
// A head is what comes before the body: the start-line, the field lines (headers) and the
// empty line that ends them. Heads are parsed in place, without a copy, an allocation or a
// map. The inner loop is hand-written assembly for amd64 and arm64, selected at startup for
// the CPU. Everywhere else, and with the build tag purego, a portable Go version produces
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
// A server must not act on a request until Parse and Check have both returned a nil error. The
// content of the request begins at b[n:]. Use a Content to decode it, whatever its framing. A
// client calls the methods Parse and Framing of a Response. A proxy forwards the fields that
// EndToEnd yields, and writes each with AppendField. In place of the Host field it writes one
// with Verdict.Authority, because that is where the request goes.
//
// This package is a parser, not a server: it does no I/O, decodes no URLs and does not route.
// Package h1 reads messages from a connection, and package nethttp returns the types of
// net/http.
//
// # What is accepted
//
// Request smuggling happens when two programs parse the same bytes differently. To prevent it,
// the parser accepts only what RFC 9112 and RFC 9110 define. Where these RFCs allow a recipient
// to repair a malformed message, the parser rejects the message instead, with two exceptions
// that no recipient can read differently: an empty line before a request-line, and a missing SP
// before an empty reason-phrase. These are the rules, unless you choose another profile:
//
//   - Lines end in CRLF. A bare CR or a bare LF is an error.
//   - At most one empty line comes before the request-line.
//   - The request-line is a token, one SP, 1*VCHAR, one SP, "HTTP/1." and one digit. It is
//     case-sensitive, and nothing comes after it. A major version other than 1 has an error
//     of its own, to which a server responds with 505.
//   - A field name is a token followed by a colon.
//   - A field value consists of VCHAR, obs-text, SP and HTAB. NUL and other control
//     characters are errors. Whitespace around the value is not part of it.
//   - obs-fold, a value that continues on the next line, is an error.
//   - The status-line is "HTTP/1." and one digit, one SP, three digits, one SP and the
//     reason-phrase. The SP before an empty reason-phrase may be missing. No empty line comes
//     before the status-line.
//   - A chunk-size has 1 to 16 hexadecimal digits, for a number below 2^63. chunk-ext follows
//     RFC 9112, section 7.1.1, which allows whitespace before a semicolon.
//
// Parse reports an invalid byte as soon as it sees it, even if the head is still incomplete.
// (Pico reports some of them later.) Parse does not check what the request-target and the
// fields mean. Check validates what a server depends on: Host, the form of the request-target
// and its authority, Content-Length, Transfer-Encoding and Connection. It rejects what two
// recipients may interpret differently:
//
//   - Content-Length that is repeated, even with equal values, or that comes along with
//     Transfer-Encoding.
//   - Transfer-Encoding on more than one line, which RFC 9110, section 5.3 allows, or with an
//     empty element, which section 5.6.1.2 allows.
//   - Transfer-Encoding in any version but HTTP/1.1. RFC 9110, section 2.5 allows it in
//     HTTP/1.2.
//   - Transfer-Encoding whose last coding is not chunked, and Transfer-Encoding followed by
//     HTAB in a request for an upgrade.
//   - Host that is missing, repeated or malformed, or that differs from the authority of a
//     request-target in absolute-form.
//   - A request-target that contains "#", or whose form does not fit the method.
//   - A CONNECT with content.
//   - Connection that names Content-Length or Host. It may name Transfer-Encoding, which
//     recipients drop anyway: RFC 9110, section 7.6.1.
//
// # Profiles
//
// These are the rules of Strict, the zero value of Parser.Profile. Lenient is for proxies,
// firewalls and scanners, which have to see malformed messages. It accepts the deviations that
// the Parser allows. The method Deviations returns those of a message. Pico is for programs
// that used the C library picohttpparser, and returns the same results. The table at Profile
// compares the three.
//
// # Errors
//
// Each Error has a fixed text, a short code, the section of the RFC and the status code to
// respond with. If Parse returns an Error, n is the offset of the byte that breaks the rule.
// For example,
//
//	GET / HTTP/1.1\r\nHost : example.org\r\n\r\n
//
// is ErrFieldName with n = 20, the offset of the SP before the colon. Explain turns an error
// into a message for people: it shows the line, with a caret under that byte. Errors and
// offsets are the same with every kernel, and splitting a message into pieces never changes
// them.
//
// # Limits
//
// By default a head may have 256 KiB and 256 field lines. These and the other default limits
// are the constants that begin with DefaultMax. Use a Parser to set other limits. Body size is
// not limited.
//
// A Request takes about 1,100 bytes, most of them for the offsets of 96 field lines. Field
// lines beyond the 96th take no memory; the parser scans for them again on each access.
//
// # Ownership of the bytes
//
// A Request keeps the slice that it parsed, and its methods return parts of it. They are valid
// until you overwrite those bytes. Copy what you keep. The returned slices have no spare
// capacity, so append makes a copy. Call Move after you have moved the bytes to another place.
// Reset drops the reference to the buffer.
package picohttp
