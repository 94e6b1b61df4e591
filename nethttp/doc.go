// Package nethttp reads net/http's Request and Response with picohttp's parser. It returns what
// http.ReadRequest and http.ReadResponse return, in less time and with fewer allocations.
//
//	req, err := nethttp.ReadRequest(b) // b is a *bufio.Reader
//	if e, ok := err.(picohttp.Error); ok {
//		// respond with e.Status(), and close the connection
//	}
//
// ParseRequest and ParseResponse parse bytes that you already have. They return where the
// message ends. If it is cut off, they return what has arrived of it. The methods of Reader
// whose names end in Head also fill in a picohttp.Request or picohttp.Response, which has the
// head as it was sent.
//
// # Differences from net/http
//
// The zero Reader has the profile Strict. It rejects what package picohttp rejects, with a
// picohttp.Error. That includes these messages, which http.ReadRequest and http.ReadResponse
// accept:
//
//   - bare LF; obs-fold; whitespace before a colon; CR and other control characters in a
//     reason-phrase; bytes from 0x80 on in a request-target;
//   - major versions other than 1, and the HTTP/2 preface;
//   - Content-Length repeated with equal values, or along with Transfer-Encoding;
//     Transfer-Encoding in HTTP/1.0, and in requests of HTTP/1.2 and later; a CONNECT with
//     content; a Connection that names Content-Length or Host;
//   - a Host that is missing in HTTP/1.1, or malformed;
//   - a request-target with "#", or one whose form does not fit the method, such as "*" for
//     GET; a CONNECT without host and port, such as "CONNECT /rpc" of net/rpc; an authority
//     that is missing, malformed, or has userinfo;
//   - a request-target in absolute-form whose authority differs from Host;
//   - heads, methods and numbers of field lines beyond the limits of the picohttp.Parser.
//
// It accepts some messages that net/http rejects: one empty line before a request; whitespace
// before the semicolon of a chunk extension; lines of chunks and trailer sections that are
// longer than the buffer of the bufio.Reader; a response without a body (204, 304, to HEAD)
// whatever its Content-Length and Transfer-Encoding say.
//
// It reads some messages differently:
//
//   - A 2xx response to a CONNECT begins a tunnel. Its Body is http.NoBody and its
//     ContentLength 0, whatever its fields say.
//   - Close is also true if picohttp.Framing.KeepAlive is false, for example because Connection
//     has an element that is not a token; see picohttp.Request.Framing. The exceptions are a
//     CONNECT, a 2xx response to one, and a 101.
//   - A comma within a quoted string does not separate the elements of Connection and Trailer.
//   - Close of a Body discards at most Reader.MaxDiscard bytes. It does not wait for a Body
//     that the client may never send.
//
// The texts of errors differ. Everything else is equal, including the Trailer that is filled in
// when the Body has been read.
//
// # Other profiles
//
// With another profile, a message may have deviations. Values are unfolded, and whitespace
// after names is removed. If there are several Host fields, Request.Host is the first one. If
// there are several equal lengths, the Header has one Content-Length. It has none if there is a
// transfer coding. Proto is made from ProtoMinor.
//
// Control characters stay in values, so replace them before you send a value on, as
// picohttp.AppendField does. A Request or Response cannot express everything, such as lines
// that are skipped. The methods whose names end in Head return the rest in the head that they
// fill in.
//
// # Memory
//
// All strings of a message share one allocation, so keeping one keeps them all alive. Use
// strings.Clone for what outlives the message. The URL and the values of a Header may share
// another allocation.
package nethttp
