package h1_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strings"
	"time"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/h1"
)

// serve responds to each request of a connection with the content that it received.
func serve(conn net.Conn) {
	defer conn.Close()
	const (
		idleTime    = 60 * time.Second // until the first byte of a request
		headTime    = 10 * time.Second // for a head
		contentTime = 30 * time.Second // for its content and the response
		mostContent = 1 << 20
	)
	r := h1.NewReader(conn, &picohttp.Parser{MaxHeadBytes: 16 << 10})
	w := bufio.NewWriter(conn)
	for {
		// Responses to pipelined requests are sent together.
		if len(r.Buffered()) == 0 && w.Flush() != nil {
			return
		}
		conn.SetReadDeadline(time.Now().Add(idleTime))
		if r.Wait() != nil { // the client is gone or idle, or this was the last request
			return
		}
		conn.SetDeadline(time.Now().Add(headTime))
		req, verdict, err := r.ReadRequest()
		conn.SetDeadline(time.Now().Add(contentTime))
		status, content := 200, []byte(nil)
		switch {
		case err != nil:
			status = statusOf(err)
			log.Print(r.Explain(err))
		case verdict.Body == picohttp.BodyTunnel:
			status = 501
		case verdict.ContentLength > mostContent:
			status = 413
		default:
			if verdict.ExpectContinue {
				io.WriteString(w, "HTTP/1.1 100 Continue\r\n\r\n")
				w.Flush()
			}
			if content, err = io.ReadAll(io.LimitReader(r, mostContent+1)); err != nil {
				status = statusOf(err)
			} else if len(content) > mostContent {
				status = 413
			}
		}
		if status == 0 {
			return // no response is possible
		}
		keep := status == 200 && verdict.KeepAlive
		if status != 200 {
			content = []byte("no\n")
		}
		fmt.Fprintf(w, "HTTP/1.1 %d \r\nContent-Length: %d\r\n", status, len(content))
		if !keep {
			io.WriteString(w, "Connection: close\r\n")
		} else if req.Minor() == 0 {
			io.WriteString(w, "Connection: keep-alive\r\n")
		}
		io.WriteString(w, "\r\n")
		if req == nil || string(req.Method()) != "HEAD" {
			w.Write(content)
		}
		if !keep {
			w.Flush()
			linger(conn)
			return
		}
	}
}

// statusOf returns the status code to respond with, or 0 if a response is useless.
func statusOf(err error) int {
	var fault picohttp.Error
	switch {
	case errors.As(err, &fault):
		return fault.Status()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return 408
	}
	return 0
}

// linger lets the response arrive. If a TCP connection is closed with unread bytes, the client
// may never see the response. RFC 9112, section 9.6.
func linger(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok && tcp.CloseWrite() == nil {
		conn.SetReadDeadline(time.Now().Add(time.Second))
		io.Copy(io.Discard, conn)
	}
}

// This server runs one loop for each connection. Here it gets two requests in one piece and a
// malformed one.
func ExampleReader() {
	log.SetOutput(io.Discard)
	client, server := net.Pipe()
	go serve(server)
	go io.WriteString(client, "POST /a HTTP/1.1\r\nHost: example.com\r\nContent-Length: 6\r\n\r\nhello\n"+
		"POST /b HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 6\r\n\r\nworld\n"+
		"GET /c HTTP/1.1\r\nHost : example.com\r\n\r\n")
	responses, _ := io.ReadAll(client)
	fmt.Print(strings.ReplaceAll(strings.ReplaceAll(string(responses), "\r", ""), " \n", "\n"))
	// Output:
	// HTTP/1.1 200
	// Content-Length: 6
	//
	// hello
	// HTTP/1.1 200
	// Content-Length: 6
	// Connection: keep-alive
	//
	// world
	// HTTP/1.1 400
	// Content-Length: 3
	// Connection: close
	//
	// no
}

// This client reads interim responses until the final one arrives.
func ExampleReader_ReadResponse() {
	conn := strings.NewReader("HTTP/1.1 100 Continue\r\n\r\n" +
		"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n" +
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello\n\r\n0\r\nDigest: x\r\n\r\n")
	r := h1.NewReader(conn, nil)
	const mostInterim = 10
	for range mostInterim {
		resp, framing, err := r.ReadResponse("GET") // the method of the request
		if err != nil {
			fmt.Println(r.Explain(err))
			return
		}
		fmt.Println(resp.Status())
		if resp.Status()/100 == 1 && resp.Status() != 101 {
			continue
		}
		_, err = io.Copy(os.Stdout, r)
		digest, _ := r.Trailer().Get("Digest")
		fmt.Printf("%s, %v; may the connection be used again? %v\n", digest, err, framing.KeepAlive)
		return
	}
	fmt.Println("too many interim responses")
	// Output:
	// 100
	// 103
	// 200
	// hello
	// x, <nil>; may the connection be used again? true
}
