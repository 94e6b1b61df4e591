package main

import (
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/examples/service"
)

var errTooLarge = errors.New("more content than is taken")

// respond responds to the current request. If it returns an error, reject responds.
func (c *conn) respond() error {
	switch r := service.Route(c.req, &c.verdict, c.server.Limits.Body()); r.Use {
	case service.ToEcho:
		return c.echo(&r)
	case service.ToUpload:
		return c.upload()
	default:
		c.reply(r)
		return nil
	}
}

// reject responds to a request that cannot be served because of err. It returns false if there
// is nothing to send.
func (c *conn) reject(err error) bool {
	c.keep = false
	fault, malformed := err.(picohttp.Error)
	switch {
	case c.begun: // the client sees that the response is cut off
	case err == errTooLarge:
		c.reply(service.TooLarge)
	case malformed:
		c.reply(service.Rejected(fault))
	default: // the client is gone or too slow
		return false
	}
	return true
}

func (c *conn) reply(r service.Reply) {
	c.keep = c.keep && !r.Close
	c.writeHead(&r, int64(len(r.Content)))
	if string(c.req.Method()) != "HEAD" {
		c.out.WriteString(r.Content)
	}
}

func (c *conn) writeHead(r *service.Reply, length int64) {
	c.begun = true
	c.keep = c.keep && !c.unread
	c.out.Write(r.AppendHead(c.out.AvailableBuffer(), length, c.keep, c.req.Minor()))
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

// echo sends the content back as it arrives. The response begins with the first piece, so that
// content which is malformed from its first byte is responded to with 400.
func (c *conn) echo(r *service.Reply) error {
	length := c.verdict.Length
	if c.verdict.Body == picohttp.BodyChunked {
		length = service.Chunked // the client speaks HTTP/1.1: Check rejects chunked in HTTP/1.0
	}
	err := c.read(func(p []byte) (err error) {
		if !c.begun {
			c.writeHead(r, length)
		}
		if length != service.Chunked {
			_, err = c.out.Write(p)
		} else {
			_, err = fmt.Fprintf(c.out, "%x\r\n%s\r\n", len(p), p)
		}
		return err
	})
	if err == nil && !c.begun {
		c.writeHead(r, length)
	}
	if err == nil && length == service.Chunked {
		c.out.WriteString("0\r\n\r\n")
	}
	return err
}

// upload responds with what it has counted.
func (c *conn) upload() error {
	size, crc := int64(0), uint32(0)
	err := c.read(func(p []byte) error {
		size += int64(len(p))
		crc = crc32.Update(crc, crc32.IEEETable, p)
		if size > c.server.Limits.Body() {
			return errTooLarge
		}
		return nil
	})
	if err == nil {
		c.reply(service.Uploaded(size, c.in.Trailer().NumFields(), crc))
	}
	return err
}
