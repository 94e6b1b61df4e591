package service

import (
	"strconv"

	"github.com/picohttp/picohttp"
)

const textPlain = "text/plain"

// route begins the response to the request whose head has been read. The path is not
// decoded.
func (c *Conn) route() {
	method, path := string(c.req.Method()), c.req.Path()
	switch {
	case c.framing.ExpectOther:
		c.refuse(417, "no expectation but 100-continue is met here")
	case method == "CONNECT":
		// Not 405, which is about the methods of a resource: CONNECT names
		// none, and is implemented for none. RFC 9110, sections 9.3.6, 15.6.2.
		c.refuse(501, "this is no proxy")
	case method == "OPTIONS" && (path == nil || string(path) == "*"):
		c.reply(204, "", "GET, HEAD, POST, OPTIONS", "")
	default:
		c.routePath(method, path)
	}
}

func (c *Conn) routePath(method string, path []byte) {
	get := method == "GET" || method == "HEAD"
	post := method == "POST"
	allow := "GET, HEAD"
	switch string(path) {
	case "/":
		if get {
			c.reply(200, textPlain, "", "Hello, World!")
			return
		}
	case "/json":
		if get {
			c.reply(200, "application/json", "", `{"message":"Hello, World!"}`)
			return
		}
	case "/echo":
		if post {
			c.readFor(toEcho)
			return
		}
		allow = "POST"
	case "/upload":
		if post && c.framing.Length > c.limits().maxBody() {
			c.refuse(413, "more content than is taken")
			return
		} else if post {
			c.readFor(toUpload)
			return
		}
		allow = "POST"
	default:
		c.reply(404, textPlain, "", "there is nothing here\n")
		return
	}
	c.reply(405, textPlain, allow, "the method is not one of Allow\n")
}

// echo sends data back. The answer begins with the first content, so that a body
// which is malformed before that is still answered with 400.
func (c *Conn) echo(data []byte) {
	c.beginEcho()
	if c.framing.Body == picohttp.BodyChunked {
		c.out = strconv.AppendInt(c.out, int64(len(data)), 16)
		c.out = append(c.out, "\r\n"...)
		c.out = append(c.out, data...)
		c.out = append(c.out, "\r\n"...)
		return
	}
	c.out = append(c.out, data...)
}

func (c *Conn) beginEcho() {
	if c.begun {
		return
	}
	c.begun = true
	length := c.framing.Length
	if c.framing.Body == picohttp.BodyChunked {
		length = chunked // the request is HTTP/1.1: Check rejects chunked in HTTP/1.0
	}
	c.writeHead(200, "application/octet-stream", "", length)
}

func (c *Conn) endEcho() {
	c.beginEcho()
	if c.framing.Body == picohttp.BodyChunked {
		c.out = append(c.out, "0\r\n\r\n"...)
	}
}

// endUpload answers what was counted.
func (c *Conn) endUpload(trailerFields int) {
	content := make([]byte, 0, 80)
	content = append(content, `{"size":`...)
	content = strconv.AppendInt(content, c.size, 10)
	content = append(content, `,"trailers":`...)
	content = strconv.AppendInt(content, int64(trailerFields), 10)
	content = append(content, `,"crc32":"`...)
	for shift := 28; shift >= 0; shift -= 4 {
		content = append(content, "0123456789abcdef"[c.crc>>shift&15])
	}
	content = append(content, `"}`...)
	c.writeHead(200, "application/json", "", int64(len(content)))
	c.out = append(c.out, content...)
}
