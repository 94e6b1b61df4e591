package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/picohttp/picohttp/internal/traffic"
)

// A kind is what the messages of a corpus are.
type kind string

const (
	request  kind = "request"  // heads
	response kind = "response" // heads
	chunked  kind = "chunked"  // bodies in chunked coding
)

// corpus returns the messages that a name given to -corpus stands for, and what
// they are: paths says it of files.
func corpus(name string, paths kind) (kind, [][]byte, error) {
	if name == "mixed" || strings.HasPrefix(name, "mixed/") {
		_, family, _ := strings.Cut(name, "/")
		var heads [][]byte
		for _, h := range traffic.Heads(1) {
			if family == "" || family == h.Family {
				heads = append(heads, h.Bytes)
			}
		}
		if len(heads) == 0 {
			return "", nil, fmt.Errorf("no family %q in mixed traffic; there are %s", family, strings.Join(traffic.Families(), ", "))
		}
		return request, heads, nil
	}
	switch name {
	case "response300":
		return response, [][]byte{[]byte(response300)}, nil
	case "response1000":
		return response, [][]byte{[]byte(response1000)}, nil
	case "chunked16k":
		return chunked, [][]byte{chunkedBody(16, 16<<10)}, nil
	case "chunked64":
		return chunked, [][]byte{chunkedBody(256, 64)}, nil
	}
	path := name
	if !strings.ContainsAny(name, "./") {
		path = filepath.Join("..", "testdata", "heads", name+".http")
		paths = request
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", nil, err
	}
	if !bytes.HasSuffix(b, []byte("\r\n\r\n")) {
		return "", nil, fmt.Errorf("%s does not end with an empty line", path)
	}
	heads := bytes.SplitAfter(b, []byte("\r\n\r\n"))
	return paths, heads[:len(heads)-1], nil // the last is what follows the last empty line: nothing
}

// A page, as a web server sends it.
const response300 = "HTTP/1.1 200 OK\r\n" +
	"Date: Mon, 23 Nov 2026 09:41:07 GMT\r\n" +
	"Server: nginx\r\n" +
	"Content-Type: text/html; charset=utf-8\r\n" +
	"Content-Length: 18234\r\n" +
	"Last-Modified: Fri, 20 Nov 2026 16:02:51 GMT\r\n" +
	"Connection: keep-alive\r\n" +
	"Vary: Accept-Encoding\r\n" +
	"ETag: \"6740e5ab-473a\"\r\n" +
	"Cache-Control: max-age=3600\r\n" +
	"Accept-Ranges: bytes\r\n" +
	"\r\n"

// A page for somebody who is logged in, as it comes through a CDN.
const response1000 = "HTTP/1.1 200 OK\r\n" +
	"Date: Mon, 23 Nov 2026 09:41:07 GMT\r\n" +
	"Server: cdn-edge/4.2\r\n" +
	"Content-Type: text/html; charset=utf-8\r\n" +
	"Transfer-Encoding: chunked\r\n" +
	"Connection: keep-alive\r\n" +
	"Cache-Control: private, no-cache, must-revalidate, max-age=0\r\n" +
	"Set-Cookie: session=eyJhbGciOiJIUzI1NiIsImtpZCI6IjIwMjYtMTEifQ.eyJzdWIiOiI0ODE1MTYyMzQyIiwiZXhwIjoxNzk1NDI3NjY3fQ" +
	".Zk3b1pQx8mWvT0yJrN5cLdUeHsGa2oKiF7nB9tXwVYE; Path=/; Domain=example.com; Max-Age=1209600; Secure; HttpOnly; SameSite=Lax\r\n" +
	"Content-Security-Policy: default-src 'self'; script-src 'self' https://static.example.com 'nonce-q83vEjRWeJA='; img-src * data:\r\n" +
	"Strict-Transport-Security: max-age=63072000; includeSubDomains; preload\r\n" +
	"X-Content-Type-Options: nosniff\r\n" +
	"X-Frame-Options: SAMEORIGIN\r\n" +
	"Referrer-Policy: strict-origin-when-cross-origin\r\n" +
	"ETag: W/\"1f6c-19a3b7e5d42\"\r\n" +
	"Vary: Accept-Encoding, Cookie\r\n" +
	"Content-Encoding: br\r\n" +
	"Via: 1.1 varnish, 1.1 edge.cdn.example\r\n" +
	"Age: 0\r\n" +
	"X-Cache: MISS, MISS\r\n" +
	"X-Served-By: cache-fra19147-FRA\r\n" +
	"X-Timer: S1795340467.318204,VS0,VE42\r\n" +
	"\r\n"

// chunkedBody returns a body of so many chunks of size octets, which are random.
func chunkedBody(chunks, size int) []byte {
	var body []byte
	content := rand.NewChaCha8([32]byte{})
	data := make([]byte, size)
	for range chunks {
		content.Read(data)
		body = fmt.Appendf(body, "%x\r\n%s\r\n", size, data)
	}
	return append(body, "0\r\n\r\n"...)
}

// The corpus file, as both sides map it into memory: for each message a slot
// with its length in the first four bytes, little-endian, and then the message in
// as many slots as it takes. So each one starts a cache line, as in a server's
// read buffer, and lies at the same place of a page for both sides.
const slot = 64

// slots returns the length of n bytes rounded up to whole slots.
func slots(n int) int { return (n + slot - 1) / slot * slot }

// encodeCorpus returns the corpus file of messages.
func encodeCorpus(messages [][]byte) []byte {
	var file []byte
	for _, m := range messages {
		at := len(file)
		file = slices.Concat(file, make([]byte, slot+slots(len(m))))
		binary.LittleEndian.PutUint32(file[at:], uint32(len(m)))
		copy(file[at+slot:], m)
	}
	return file
}

// decodeCorpus returns the messages in a corpus file, which it does not copy.
func decodeCorpus(file []byte) ([][]byte, error) {
	var messages [][]byte
	for len(file) > 0 {
		if len(file) < slot {
			return nil, errors.New("the corpus file ends within a slot")
		}
		n := uint64(binary.LittleEndian.Uint32(file))
		file = file[slot:]
		if n > uint64(len(file)) || slots(int(n)) > len(file) {
			return nil, errors.New("the corpus file ends within a message")
		}
		messages = append(messages, file[:n:n])
		file = file[slots(int(n)):]
	}
	return messages, nil
}

// mapCorpus maps a corpus file into memory, and leaves it there.
func mapCorpus(path string) ([][]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	b, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("cannot map the corpus: %w", err)
	}
	return decodeCorpus(b)
}
