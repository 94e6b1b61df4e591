package service

import (
	"fmt"
	"strconv"

	"github.com/picohttp/picohttp"
)

// reply answers a request whose content, if it has any, is of no use.
func (c *Conn) reply(status int, contentType, allow, content string) {
	unread := c.hasBody()
	if unread && (c.waiting || c.framing.Length > c.limits().maxUnread()) {
		// Either nobody knows whether the content comes now, or it is not worth
		// reading only to get to the next request.
		c.keep = false
	}
	c.writeHead(status, contentType, allow, int64(len(content)))
	if !c.isHead {
		c.out = append(c.out, content...)
	}
	c.end()
	if unread && c.keep {
		c.use = toNothing
		c.state = Body
	}
}

// refuse answers with an error and closes the connection.
func (c *Conn) refuse(status int, why string) {
	c.keep = false
	c.reply(status, textPlain, "", why+"\n")
}

// refuseFault responds with what the parser found. It quotes the rule and nothing that
// the peer sent; Explain is for the log.
func (c *Conn) refuseFault(err error) {
	fault := err.(picohttp.Error)
	c.refuse(fault.Status(), fmt.Sprintf("%s\n%s (%s)", fault.Rule(), fault.Code(), fault.Section()))
}

const chunked = -1 // for a length

// writeHead writes the head of a response. RFC 9110, section 6.6.1 wants a Date,
// too, which a service would format once a second; here the same request has the
// same answer.
func (c *Conn) writeHead(status int, contentType, allow string, length int64) {
	out := append(c.out, "HTTP/1.1 "...)
	out = strconv.AppendInt(out, int64(status), 10)
	out = append(out, ' ')
	out = append(out, reason(status)...)
	if contentType != "" {
		out = append(append(out, "\r\nContent-Type: "...), contentType...)
	}
	if allow != "" {
		out = append(append(out, "\r\nAllow: "...), allow...)
	}
	switch {
	case length == chunked:
		out = append(out, "\r\nTransfer-Encoding: chunked"...)
	case status != 204: // which has none: RFC 9110, section 8.6
		out = append(out, "\r\nContent-Length: "...)
		out = strconv.AppendInt(out, length, 10)
	}
	switch {
	case !c.keep:
		out = append(out, "\r\nConnection: close"...)
	case c.minor == 0:
		out = append(out, "\r\nConnection: keep-alive"...)
	}
	c.out = append(out, "\r\n\r\n"...)
}

func reason(status int) string {
	switch status {
	case 200:
		return "OK"
	case 204:
		return "No Content"
	case 400:
		return "Bad Request"
	case 404:
		return "Not Found"
	case 405:
		return "Method Not Allowed"
	case 413:
		return "Content Too Large"
	case 414:
		return "URI Too Long"
	case 417:
		return "Expectation Failed"
	case 431:
		return "Request Header Fields Too Large"
	case 500:
		return "Internal Server Error"
	case 501:
		return "Not Implemented"
	case 505:
		return "HTTP Version Not Supported"
	}
	return "" // says nothing to a program: RFC 9112, section 4
}
