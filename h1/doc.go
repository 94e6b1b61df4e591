// Package h1 reads HTTP/1.x messages from a connection: requests on the side of a
// server, responses on the side of a client, and their content. It does the work between
// an io.Reader and package picohttp, which parses: it keeps the buffer, and knows where
// each message ends.
//
//	r := h1.NewReader(conn, nil)
//	for r.Wait() == nil { // a byte of the next request has arrived
//		req, verdict, err := r.ReadRequest()
//		if err != nil {
//			break // a picohttp.Error has the Status to respond with
//		}
//		// respond to req; its content is read from r
//	}
//
// # Deadlines
//
// The connection and the clock are yours. A server sets its idle deadline and calls Wait,
// then sets its deadline for heads and calls ReadRequest, then sets one for the content and
// calls Read. After a timeout each call can be repeated, and continues where it stopped.
//
// To wake a goroutine that is in a call, set a deadline in the past. If that goroutine also
// sets deadlines, let it look at a flag of yours after it has set one.
//
// # Proxies
//
// Read returns what is buffered, and reads from the source only if that is nothing. So a proxy
// that has to flush what it has written before it waits for more gives the Reader a source
// whose Read flushes first. One goroutine may read the content while another uses the Request or
// Response. A client that keeps connections for later calls Wait in a goroutine for each: it
// returns when the server closes the connection, or sends what nobody asked for.
//
// A server that sends 100 (Continue) itself does so in the Read of its source, when content is
// asked for and none is buffered.
//
// # Ownership of the bytes
//
// A message is parsed where it was read, in the buffer of the Reader. What the Request or
// Response returns, and the Authority of a Verdict, are parts of that buffer. They stay
// valid while the content is read, however long it is, until the next call of Wait,
// ReadRequest, ReadResponse or Reset. Copy what you keep.
//
// # Memory
//
// A Reader takes 3 KiB, and from its first read on a buffer of 4 KiB. The buffer grows for
// a longer head, up to Parser.MaxHeadBytes, for a trailer section, and up to 16 KiB for
// pipelined requests. A buffer of more than 16 KiB is dropped before the Reader waits for the next
// message. Content is never gathered, and large reads of it go from the source into the
// caller's slice. Once a Reader has been in use for a while it allocates nothing, except for
// heads and trailer sections that do not fit in 16 KiB together.
//
// # Reading ahead
//
// A Reader reads more from its source than it was asked for, such as pipelined requests. To
// continue with another protocol, after a CONNECT or an Upgrade, take what Buffered returns
// first, and then read from the source. After a request that asks for an upgrade and has no
// content, Buffered is already what comes after it.
package h1
