package nethttp_test

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/nethttp"
)

// This example reads several requests from a connection. Closing a body reads what is left of it.
func ExampleReadRequest() {
	conn := strings.NewReader(
		"POST /a HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\n\r\nhello" +
			"GET /b?c HTTP/1.1\r\nHost: example.com\r\n\r\n" +
			"GET /d HTTP/1.1\r\nHost : example.com\r\n\r\n")
	in := bufio.NewReader(conn)
	for {
		req, err := nethttp.ReadRequest(in)
		if e, ok := err.(picohttp.Error); ok {
			fmt.Printf("respond with %d and close: %v\n", e.Status(), e)
			return
		} else if err != nil {
			return // io.EOF between requests
		}
		body, err := io.ReadAll(req.Body)
		fmt.Println(req.Method, req.URL, req.Host, string(body), err)
		if req.Body.Close() != nil || req.Close {
			return
		}
	}
	// Output:
	// POST /a example.com hello <nil>
	// GET /b?c example.com  <nil>
	// respond with 400 and close: picohttp: invalid field name
}

// This example parses bytes recorded from a connection. Each message begins at the end of the one
// before, and the last one is cut off.
func ExampleParseRequest() {
	recorded := []byte("POST /a HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\n\r\nhello" +
		"GET /b HTTP/1.1\r\nHost: example.com\r\nUser-Ag")
	for len(recorded) > 0 {
		req, n, err := nethttp.ParseRequest(recorded)
		if req == nil {
			fmt.Println(err)
			return
		}
		fmt.Println(req.Method, req.URL, req.Host, n, err)
		if err != nil {
			return
		}
		recorded = recorded[n:]
	}
	// Output:
	// POST /a example.com 63 <nil>
	// GET /b example.com 36 unexpected EOF
}
