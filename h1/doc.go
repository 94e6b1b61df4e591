// Package h1 reads HTTP/1.x messages from a connection: requests for a server, responses for a
// client, and their content. It connects an io.Reader to the parser of package picohttp. It
// keeps the buffer, and finds where each message ends.
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
// The connection and its deadlines are yours. A server sets its idle deadline and calls Wait,
// then sets its deadline for heads and calls ReadRequest, then sets one for the content and
// calls Read. After a timeout, repeat the call: it continues where it stopped.
//
// To interrupt a goroutine that is in a call, set a deadline in the past. If that goroutine
// also sets deadlines, it may overwrite yours. In that case, set a flag before your deadline,
// and have the goroutine check the flag after each deadline that it sets.
//
// # Proxies
//
// Read returns buffered content if there is any, and reads from the source only if there is
// none. If a proxy must flush its output before it waits for input, give the Reader a source
// whose Read flushes first. One goroutine may read the content while another uses the Request
// or Response.
//
// A client that keeps idle connections calls Wait in a goroutine for each of them. Wait returns
// when the server closes the connection, or sends bytes that belong to no request.
//
// The Reader calls the Read of its source only when it needs bytes that are not buffered. So a
// source can send 100 (Continue) when its Read is called for content.
//
// # Ownership of the bytes
//
// A message is parsed where it was read, in the buffer of the Reader. What the Request or
// Response returns, and the Authority of a Verdict, are parts of that buffer. They stay valid
// while you read the content, however long it is, until the next call of Wait, ReadRequest,
// ReadResponse or Reset. Copy what you keep.
//
// # Memory
//
// A Reader takes 3.5 KiB, and after its first read a buffer of 4 KiB. The buffer grows for a
// longer head (up to Parser.MaxHeadBytes), for a trailer section, and for pipelined requests
// (up to 16 KiB). A buffer of more than 16 KiB is dropped before the Reader waits for the next
// message. Content is never collected in memory, and large reads of it go from the source
// directly into your slice. A Reader that has been in use for a while allocates only for heads
// and trailer sections that together do not fit in 16 KiB.
//
// # Reading ahead
//
// A Reader may read more from its source than you asked for, such as pipelined requests. To
// continue with another protocol, after a CONNECT or an Upgrade, first take what Buffered
// returns, then read from the source.
package h1
