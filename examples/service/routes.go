package service

import (
	"fmt"
	"strconv"

	"github.com/picohttp/picohttp"
)

// A Use is what the content of a request is for.
type Use uint8

const (
	ToNothing Use = iota // it is read so that the next request is found
	ToEcho
	ToUpload
)

// A Reply is what follows from the head of a request: a response, or with another Use than
// ToNothing what the response is made of.
type Reply struct {
	Use                     Use
	Status, Fields, Content string // Fields are lines
	Close                   bool   // the connection
}

const textPlain = "Content-Type: text/plain\r\n"

// TooLarge is for more content than is taken.
var TooLarge = Reply{Status: "413 Content Too Large", Fields: textPlain, Close: true}

// Route returns the reply to a request that is valid. The path is not decoded.
func Route(req *picohttp.Request, v *picohttp.Verdict, maxBody int64) Reply {
	method, path := string(req.Method()), string(req.Path())
	get, post := method == "GET" || method == "HEAD", method == "POST"
	switch {
	case v.ExpectOther:
		return Reply{Status: "417 Expectation Failed", Fields: textPlain, Content: "no expectation but 100-continue is met here\n", Close: true}
	case v.Body == picohttp.BodyTunnel:
		// Not 405, which is about the methods of a resource: CONNECT names none.
		return Reply{Status: "501 Not Implemented", Fields: textPlain, Content: "this is no proxy\n", Close: true}
	case method == "OPTIONS" && (path == "" || path == "*"):
		return Reply{Status: "204 No Content", Fields: "Allow: GET, HEAD, POST, OPTIONS\r\n"}
	case path == "/" && get:
		return Reply{Status: "200 OK", Fields: textPlain, Content: "Hello, World!"}
	case path == "/json" && get:
		return Reply{Status: "200 OK", Fields: "Content-Type: application/json\r\n", Content: `{"message":"Hello, World!"}`}
	case path == "/echo" && post:
		return Reply{Use: ToEcho, Status: "200 OK", Fields: "Content-Type: application/octet-stream\r\n"}
	case path == "/upload" && post && v.Length > maxBody:
		return TooLarge
	case path == "/upload" && post:
		return Reply{Use: ToUpload}
	case path == "/" || path == "/json":
		return Reply{Status: "405 Method Not Allowed", Fields: "Allow: GET, HEAD\r\n"}
	case path == "/echo" || path == "/upload":
		return Reply{Status: "405 Method Not Allowed", Fields: "Allow: POST\r\n"}
	}
	return Reply{Status: "404 Not Found", Fields: textPlain, Content: "there is nothing here\n"}
}

// Uploaded is the reply to an upload with all its content.
func Uploaded(size int64, trailerFields int) Reply {
	return Reply{Status: "200 OK", Fields: "Content-Type: application/json\r\n",
		Content: fmt.Sprintf(`{"size":%d,"trailers":%d}`, size, trailerFields)}
}

// Rejected is the reply to a malformed request, without a reason-phrase. It quotes nothing that
// the client sent; Explain is for the log.
func Rejected(fault picohttp.Error) Reply {
	return Reply{Status: strconv.Itoa(fault.Status()) + " ", Fields: textPlain,
		Content: fmt.Sprintf("%s: %s\n", fault.Code(), fault.Section()), Close: true}
}

// Chunked is a length, of content in chunked coding.
const Chunked = -1

// AppendHead appends the head of a response with content of that length. keep is whether
// another request may follow, and minor the minor version of the request. RFC 9110, section
// 6.6.1 wants a Date, too, which a service would format once a second; here the same request
// has the same response.
func (r *Reply) AppendHead(b []byte, length int64, keep bool, minor int) []byte {
	b = append(append(b, "HTTP/1.1 "...), r.Status...)
	b = append(append(b, "\r\n"...), r.Fields...)
	switch {
	case length == Chunked:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case r.Status[:3] != "204": // which has none: RFC 9110, section 8.6
		b = append(b, "Content-Length: "...)
		b = append(strconv.AppendInt(b, length, 10), "\r\n"...)
	}
	switch {
	case !keep:
		b = append(b, "Connection: close\r\n"...)
	case minor == 0: // such a client waits for the end of the connection otherwise
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	return append(b, "\r\n"...)
}
