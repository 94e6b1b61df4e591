package main

import (
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"

	"github.com/picohttp/picohttp"
)

var errTooLarge = errors.New("more content than is taken")

// respond responds to the current request. If it returns an error, refuse responds.
func (c *conn) respond() error {
	method, path := string(c.req.Method()), string(c.req.Path())
	get, post := method == "GET" || method == "HEAD", method == "POST"
	switch {
	case c.verdict.ExpectOther:
		c.reply("417 Expectation Failed", "", "no expectation but 100-continue is met here\n")
	case c.verdict.Body == picohttp.BodyTunnel:
		c.reply("501 Not Implemented", "", "this is no proxy\n")
	case method == "OPTIONS" && (path == "" || path == "*"):
		c.writeHead("204 No Content", "Allow: GET, HEAD, POST, OPTIONS\r\n", none)
	case path == "/" && get:
		c.reply("200 OK", "Content-Type: text/plain\r\n", "Hello, World!")
	case path == "/json" && get:
		c.reply("200 OK", "Content-Type: application/json\r\n", `{"message":"Hello, World!"}`)
	case path == "/echo" && post:
		return c.echo()
	case path == "/upload" && post:
		return c.upload()
	case path == "/" || path == "/json":
		c.reply("405 Method Not Allowed", "Allow: GET, HEAD\r\n", "")
	case path == "/echo" || path == "/upload":
		c.reply("405 Method Not Allowed", "Allow: POST\r\n", "")
	default:
		c.reply("404 Not Found", "", "there is nothing here\n")
	}
	return nil
}

// refuse responds to a request that cannot be served because of err. It returns false if
// there is nothing to send.
func (c *conn) refuse(err error) bool {
	fault, malformed := err.(picohttp.Error)
	c.keep = false
	switch {
	case c.begun: // the client sees that the response is cut off
	case err == errTooLarge:
		c.reply("413 Content Too Large", "", err.Error()+"\n")
	case malformed: // without a reason-phrase; Explain is for a log, because it quotes the request
		c.reply(strconv.Itoa(fault.Status())+" ", "", fmt.Sprintf("%s (%s)\n", fault.Rule(), fault.Section()))
	default: // the client is gone or too slow
		return false
	}
	return true
}

// reply writes a response. fields are lines.
func (c *conn) reply(status, fields, content string) {
	c.writeHead(status, fields, int64(len(content)))
	if string(c.req.Method()) != "HEAD" {
		c.out.WriteString(content)
	}
}

// The lengths of content that has none, and of one in chunked coding.
const (
	none    = -1
	chunked = -2
)

// writeHead writes the head of a response. RFC 9110, section 6.6.1 wants a Date, too, which
// a service would format once a second; here the same request has the same response.
func (c *conn) writeHead(status, fields string, length int64) {
	c.begun = true
	c.keep = c.keep && !c.unread
	b := append(c.out.AvailableBuffer(), "HTTP/1.1 "...)
	b = append(b, status...)
	b = append(b, "\r\n"...)
	b = append(b, fields...)
	switch {
	case length == chunked:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case length >= 0:
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, length, 10)
		b = append(b, "\r\n"...)
	}
	switch {
	case !c.keep:
		b = append(b, "Connection: close\r\n"...)
	case c.req.Minor() == 0: // such a client waits for the end of the connection otherwise
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	c.out.Write(append(b, "\r\n"...))
}

// A taker takes content, piece by piece.
type taker func(p []byte) error

func (take taker) Write(p []byte) (int, error) { return len(p), take(p) }

// read reads the content of the request.
func (c *conn) read(take taker) error {
	c.unread, c.expects = false, c.verdict.ExpectContinue
	_, err := c.in.WriteTo(taker(func(p []byte) error {
		c.expects = false // a client that sends content does not wait
		return take(p)
	}))
	return err
}

// echo sends the content back as it arrives. The response begins with the first piece, so
// that content which is malformed from its first byte is responded to with 400.
func (c *conn) echo() error {
	length := c.verdict.Length
	if c.verdict.Body == picohttp.BodyChunked {
		length = chunked // the client speaks HTTP/1.1: Check rejects chunked in HTTP/1.0
	}
	begin := func() {
		if !c.begun {
			c.writeHead("200 OK", "Content-Type: application/octet-stream\r\n", length)
		}
	}
	err := c.read(func(p []byte) (err error) {
		begin()
		if length != chunked {
			_, err = c.out.Write(p)
		} else {
			_, err = fmt.Fprintf(c.out, "%x\r\n%s\r\n", len(p), p)
		}
		return err
	})
	if err != nil {
		return err
	}
	begin()
	if length == chunked {
		c.out.WriteString("0\r\n\r\n")
	}
	return nil
}

// upload responds with what it has counted.
func (c *conn) upload() error {
	if c.verdict.Length > c.server.MaxBody {
		return errTooLarge
	}
	size, crc := int64(0), uint32(0)
	err := c.read(func(p []byte) error {
		size += int64(len(p))
		crc = crc32.Update(crc, crc32.IEEETable, p)
		if size > c.server.MaxBody {
			return errTooLarge
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.reply("200 OK", "Content-Type: application/json\r\n",
		fmt.Sprintf(`{"size":%d,"trailers":%d,"crc32":"%08x"}`, size, c.in.Trailer().NumFields(), crc))
	return nil
}
