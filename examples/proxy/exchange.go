package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http/httputil"
	"slices"
	"strings"
	"time"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/h1"
)

const (
	maxInterim = 100                   // 1xx responses to one request
	moment     = 10 * time.Millisecond // for upload to say that it has ended
)

// An exchange is a request and its response. A goroutine of its own runs upload, which sends
// the content of the request, because a backend may respond before it has all of it.
type exchange struct {
	*Proxy
	ctx             context.Context
	client, backend *conn
	req             *picohttp.Request
	verdict         *picohttp.Verdict
	method          string
	websocket       bool       // the client wants to change to it
	sent            chan error // gets the result of upload. It is nil if there is no content, and after the result was received
	unsent          error      // that result
}

// errUnsent is the result if the content was not sent, and not because of the client.
var errUnsent = errors.New("the backend did not take the content")

// exchange forwards a request and its response. It returns nil if another request may
// follow, a status to respond with, or why the connection ends.
func (p *Proxy) exchange(ctx context.Context, c *conn, req *picohttp.Request, v *picohttp.Verdict) error {
	if err := p.decline(req, v); err != nil {
		return err
	}
	x := exchange{Proxy: p, ctx: ctx, client: c, req: req, verdict: v, method: string(req.Method())}
	// Nothing else can be changed to: through h2c would come requests that nobody has checked.
	x.websocket = v.Upgrade && v.Body == picohttp.BodyNone && req.HasToken("Upgrade", "websocket")
	if err := x.begin(); err != nil {
		log.Print(err)
		return gatewayStatus(err)
	}
	if v.Body == picohttp.BodyNone {
		x.backend.Out.Flush() // if that fails, there is no response, or one that says why
	} else {
		x.sent = make(chan error, 1)
		c.Before = x.backend.Out
		c.ExpectContent()
		go x.upload()
	}
	reusable, err := x.receive()
	if reusable {
		p.pool.put(x.backend)
	} else {
		x.backend.Close() // ends an upload that writes
	}
	if x.sent != nil {
		c.Halt() // and one that reads
		fault := <-x.sent
		if _, unanswered := err.(status); unanswered && fault != nil && fault != errUnsent {
			err = fault // of the client, and the cause of the other
		}
	}
	c.Before = c.Out
	return err
}

// begin writes the head of the request to a connection. One that was used before may have
// been closed before the backend saw the request. RFC 9110, section 9.2.2 allows a proxy to
// send it again if it is idempotent; no content may have been read, and no byte of a response
// have arrived. Wait also fails if the client is gone, because it flushes to the client before it
// reads. The request is not sent again then.
func (x *exchange) begin() error {
	x.client.scratch = x.requestHead(x.client.scratch[:0])
	if x.backend = x.pool.take(); x.backend != nil {
		x.writeHead()
		idempotent := slices.Contains([]string{"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}, x.method)
		if x.verdict.Body != picohttp.BodyNone || !idempotent {
			return nil
		}
		x.backend.Out.Flush()
		err := x.backend.in.Wait()
		if err == nil || isTimeout(err) || x.client.Out.Flush() != nil {
			return nil
		}
		x.backend.Close()
	}
	tcp, err := net.DialTimeout("tcp", x.Backend, x.Patience)
	if err != nil {
		return err
	}
	x.backend = newConn(tcp, &x.Responses, &x.Timeouts)
	x.writeHead()
	return nil
}

func (x *exchange) writeHead() {
	deadline := time.Time{} // set by upload
	if x.verdict.Body == picohttp.BodyNone {
		deadline = time.Now().Add(x.Patience)
	}
	x.backend.SetReadDeadline(deadline)
	x.backend.Before = x.client.Out
	x.backend.Out.Write(x.client.scratch)
}

// requestHead appends the head that the backend gets to b. All of it is written again: bytes
// that are forwarded as received mean what the next recipient makes of them.
func (x *exchange) requestHead(b []byte) []byte {
	req, v := x.req, x.verdict
	b = append(append(b, x.method...), ' ')
	b = append(req.AppendOriginForm(b), " HTTP/1.1\r\n"...)
	host := v.Authority // to which Check has found the request to go: RFC 9112, section 3.2.2
	if len(host) == 0 {
		host = []byte(x.Backend) // the client leaves it to the server: RFC 9112, section 3.3
	}
	b = picohttp.AppendField(b, []byte("Host"), host)
	for name, value := range req.EndToEnd() {
		switch {
		case isOwn(name), bytes.EqualFold(name, []byte("Host")):
		case bytes.EqualFold(name, []byte("Expect")) && !v.ExpectContinue: // in HTTP/1.0, or without content
		default:
			b = picohttp.AppendField(b, name, value) // cleans what Lenient accepts
		}
	}
	ip, _, _ := net.SplitHostPort(x.client.RemoteAddr().String())
	b = fmt.Appendf(b, "Via: 1.%d proxy\r\nX-Forwarded-For: %s\r\nX-Forwarded-Proto: http\r\n", req.Minor(), ip)
	if req.HasToken("TE", "trailers") { // holds for one connection only: RFC 9110, section 10.1.4
		b = append(b, "TE: trailers\r\nConnection: TE\r\n"...)
	}
	if x.websocket {
		b = append(b, "Upgrade: websocket\r\nConnection: Upgrade\r\n"...)
	}
	return appendFraming(b, &v.Framing, v.Body == picohttp.BodyChunked)
}

// isOwn reports whether only this proxy may send a field: a client that sent it could claim
// another address. CGI takes "_" for "-", so fields with it do not pass either.
func isOwn(name []byte) bool {
	const prefix = "X-Forwarded-"
	return bytes.EqualFold(name, []byte("Forwarded")) || bytes.IndexByte(name, '_') >= 0 ||
		len(name) > len(prefix) && bytes.EqualFold(name[:len(prefix)], []byte(prefix))
}

// appendFraming appends the end of a head. The length in it is the one that was acted upon.
func appendFraming(b []byte, f *picohttp.Framing, chunked bool) []byte {
	if f.Body == picohttp.BodyLength {
		b = fmt.Appendf(b, "Content-Length: %d\r\n", f.Length)
	} else if chunked {
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	}
	return append(b, "\r\n"...)
}

// upload sends the content of the request.
func (x *exchange) upload() {
	c, u := x.client, x.backend
	drop := func(name []byte) bool { return isOwn(name) || isHopByHop(&x.req.Head, name) }
	err := forward(u.Out, c.in, x.verdict.Body == picohttp.BodyChunked, x.MaxContent, drop)
	switch {
	case u.Out.Flush() != nil || c.Halted(): // Flush returns an earlier error, too
		err = errUnsent
	case err != nil:
		log.Printf("client %s: %s", c.RemoteAddr(), c.in.Explain(err))
		err = statusOf(err)
		u.Close() // ends receive; the backend must not take a part for the whole
	}
	u.SetReadDeadline(time.Now().Add(x.Patience)) // for the response
	x.sent <- err
}

// forward copies content and, if it is to be chunked, the fields of the trailer section that
// are not to be dropped. More content than most bytes is a 413.
func forward(out *bufio.Writer, in *h1.Reader, chunked bool, most int64, drop func(name []byte) bool) error {
	to := limited{out, most}
	if chunked {
		to.Writer = httputil.NewChunkedWriter(out)
	}
	if _, err := in.WriteTo(&to); err != nil || !chunked {
		return err
	}
	b := []byte("0\r\n") // only here: content that is cut off must not look complete
	for name, value := range in.Trailer().Fields() {
		if !drop(name) {
			b = picohttp.AppendField(b, name, value)
		}
	}
	_, err := out.Write(append(b, "\r\n"...))
	return err
}

// isHopByHop reports whether a field of the trailer section is for one connection only. EndToEnd
// leaves out such fields of the head. Those that the head's Connection names are left out of both:
// RFC 9110, section 7.6.1.
func isHopByHop(head *picohttp.Head, name []byte) bool {
	switch strings.ToLower(string(name)) {
	case "connection", "keep-alive", "te", "upgrade", "proxy-connection", "proxy-authenticate", "proxy-authorization":
		return true
	}
	return head.HasToken("Connection", string(name))
}

type limited struct {
	io.Writer
	left int64
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= int64(len(p)); l.left < 0 {
		return 0, status(413)
	}
	return l.Writer.Write(p)
}

// uploaded waits for upload to end, and reports whether it has sent all content.
func (x *exchange) uploaded(patience time.Duration) bool {
	if x.sent != nil {
		x.client.Out.Flush() // a response must not wait for it
		select {
		case x.unsent = <-x.sent:
			x.sent = nil
		case <-time.After(patience):
			return false
		}
	}
	return x.unsent == nil
}

// receive forwards the response. It reports whether the backend can take another request on
// the connection, and returns what exchange does.
func (x *exchange) receive() (reusable bool, err error) {
	continued := false
	for range maxInterim {
		resp, f, err := x.backend.in.ReadResponse(x.method)
		switch {
		case err != nil:
			log.Printf("backend: %s", x.backend.in.Explain(err))
			return false, gatewayStatus(err)
		case resp.Status() < 100: // some clients wait for another response after it
			return false, status(502)
		case resp.Status() == 101:
			return false, x.tunnel(resp, &f)
		case resp.Status()/100 != 1:
			return x.sendResponse(resp, &f, continued)
		}
		continued = continued || resp.Status() == 100
		if x.req.Minor() > 0 { // RFC 9110, section 15.2
			x.client.Out.Write(append(x.responseHead(resp), "\r\n"...))
		}
	}
	return false, status(502)
}

// responseHead returns the status-line, and the fields that are forwarded.
func (x *exchange) responseHead(resp *picohttp.Response) []byte {
	b := fmt.Appendf(x.client.scratch[:0], "HTTP/1.1 %03d ", resp.Status())
	if resp.Deviations() == 0 { // Lenient accepts control characters
		b = append(b, resp.Reason()...)
	}
	b = append(b, "\r\n"...)
	for name, value := range resp.EndToEnd() {
		if x.req.Minor() > 0 || !bytes.EqualFold(name, []byte("Trailer")) { // HTTP/1.0 has none
			b = picohttp.AppendField(b, name, value)
		}
	}
	x.client.scratch = b
	return b
}

// sendResponse forwards the final response.
func (x *exchange) sendResponse(resp *picohttp.Response, f *picohttp.Framing, continued bool) (reusable bool, err error) {
	c, u := x.client, x.backend
	unknown := f.Body == picohttp.BodyChunked || f.Body == picohttp.BodyUntilClose // its length
	chunked := unknown && x.req.Minor() > 0
	// After a response that comes early, the content may never come: RFC 9110, section 10.1.1.
	early := !f.KeepAlive || x.verdict.ExpectContinue && !continued
	last := !x.verdict.KeepAlive || x.ctx.Err() != nil || early && !x.uploaded(moment) ||
		unknown && !chunked // HTTP/1.0 has the end of the connection instead
	b := x.responseHead(resp)
	if last {
		b = append(b, "Connection: close\r\n"...)
	} else if x.req.Minor() == 0 { // without it that client waits for the end: RFC 9112, section C.2.2
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	if f.ContentLength >= 0 && (x.method == "HEAD" || resp.Status() == 304) { // of the content left out
		b = fmt.Appendf(b, "Content-Length: %d\r\n", f.ContentLength)
	}
	c.Out.Write(appendFraming(b, f, chunked))
	u.Expect(x.Patience, x.Patience)
	drop := func(name []byte) bool { return isHopByHop(&resp.Head, name) }
	if err := forward(c.Out, u.in, chunked, math.MaxInt64, drop); err != nil {
		log.Printf("response cut off: %s", u.in.Explain(err))
		return false, errCut
	}
	patience := time.Second
	if last {
		patience, err = moment, errClose
	}
	if !x.uploaded(patience) {
		return false, errClose // the rest of the content is where the next request would be
	}
	return f.KeepAlive, err
}

// tunnel connects the two sides after a 101, if the client has asked for it.
func (x *exchange) tunnel(resp *picohttp.Response, f *picohttp.Framing) error {
	if !x.websocket || !f.Upgrade || !resp.HasToken("Upgrade", "websocket") {
		return status(502)
	}
	c, u := x.client, x.backend
	c.Out.Write(append(x.responseHead(resp), "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"...))
	c.Out.Flush()
	c.SetReadDeadline(time.Time{}) // it may be silent for hours; if a peer has vanished, TCP finds out
	u.SetReadDeadline(time.Time{})
	defer context.AfterFunc(x.ctx, func() { c.Close(); u.Close() })()
	done := make(chan struct{})
	go func() { pipe(u, c); close(done) }()
	pipe(c, u)
	<-done
	return errClose
}

// pipe copies what comes from src, first what was read along with the head.
func pipe(dst, src *conn) {
	_, err := dst.Write(src.in.Buffered())
	if err == nil {
		_, err = io.Copy(dst, src.Conn.Conn)
	}
	if tcp, ok := dst.Conn.Conn.(*net.TCPConn); ok && err == nil {
		tcp.CloseWrite() // the other direction continues
	} else {
		dst.Close()
		src.Close()
	}
}
