package main

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"io"
	"strconv"
	"syscall"

	"github.com/picohttp/picohttp"
)

// Bodies are decoded in place: here, at the beginning of a page, as in
// native/picohttpparser.c.
var buffer []byte

// makeBuffer makes room for the longest body.
func makeBuffer(bodies [][]byte) (err error) {
	longest := 1
	for _, b := range bodies {
		longest = max(longest, len(b))
	}
	buffer, err = syscall.Mmap(-1, 0, longest, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	return err
}

// decodeAll restores each body, because decoding in place destroys it, and
// decodes it. What restoring takes is to be subtracted: see copyAll.
func decodeAll(bodies [][]byte, passes, _ int) (sum int, err error) {
	var d picohttp.Chunked
	for range passes {
		for i, b := range bodies {
			copy(buffer, b)
			d.Reset()
			size, n, err := d.Decode(buffer[:len(b)])
			if err != io.EOF || n != len(b) {
				return 0, wrong(i, b, n, err)
			}
			sum += size
		}
	}
	return sum, nil
}

// nextAll needs no restoring: Next moves nothing.
func nextAll(bodies [][]byte, passes, _ int) (sum int, err error) {
	var d picohttp.Chunked
	for range passes {
		for i, b := range bodies {
			d.Reset()
			for at := 0; ; {
				data, n, err := d.Next(b[at:])
				at += n
				if err == io.EOF && at == len(b) {
					break
				}
				if err != nil {
					return 0, wrong(i, b, at, err)
				}
				sum += len(data)
			}
		}
	}
	return sum, nil
}

// copyAll takes the time of restoring alone.
func copyAll(bodies [][]byte, passes, _ int) (sum int, err error) {
	for range passes {
		for _, b := range bodies {
			copy(buffer, b)
		}
	}
	return 0, nil
}

// memmoveAll restores each body, as decodeAll does, and moves each chunk by 6
// bytes, the least that decoding moves one of 16 KiB. All chunks of a corpus are
// of one size.
func memmoveAll(bodies [][]byte, passes, _ int) (sum int, err error) {
	const by = len("4000\r\n")
	line, _, _ := bytes.Cut(bodies[0], []byte("\r\n"))
	size64, err := strconv.ParseInt(string(line), 16, 0)
	if err != nil {
		return 0, err
	}
	size := int(size64)
	encoded := len(line) + size + len("\r\n\r\n")
	for range passes {
		for _, b := range bodies {
			copy(buffer, b)
			to := 0
			for range len(b) / encoded {
				copy(buffer[to:to+size], buffer[to+by:])
				to += size
			}
			sum += to
		}
	}
	return sum, nil
}

// checkChunked tells what Decode makes of a body: how many bytes it reads, how
// many the content has, and a digest of them. Next must make the same of it.
func checkChunked(b []byte) (string, error) {
	var d picohttp.Chunked
	decoded := bytes.Clone(b)
	size, n, err := d.Decode(decoded)
	if err != io.EOF {
		return "refuses", nil
	}
	decoded = decoded[:size]

	var pieces []byte
	at := 0
	for d.Reset(); ; {
		var data []byte
		var m int
		data, m, err = d.Next(b[at:])
		pieces = append(pieces, data...)
		if at += m; err != nil {
			break
		}
	}
	if err != io.EOF || at != n || !bytes.Equal(pieces, decoded) {
		return "", fmt.Errorf("the method Next reads %d bytes, %v, with %d of content, Decode %d with %d", at, err, len(pieces), n, size)
	}
	digest := fnv.New64a()
	add(digest, decoded)
	return fmt.Sprintf("%d %d %016x", n, size, digest.Sum64()), nil
}
