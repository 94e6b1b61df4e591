package main

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"syscall"

	"github.com/picohttp/picohttp"
)

// Bodies are decoded in this buffer, which starts a page, as in native/picohttpparser.c.
var buffer []byte

// chunkSize is the size of each chunk, for memmove. All chunks that it moves have one size.
var chunkSize int

// makeBuffer allocates a buffer for the longest body.
func makeBuffer(bodies [][]byte) (err error) {
	longest := 1
	for _, b := range bodies {
		longest = max(longest, len(b))
		line, _, _ := bytes.Cut(b, []byte("\r\n"))
		size, _ := strconv.ParseInt(string(line), 16, 0)
		chunkSize = int(size)
	}
	buffer, err = syscall.Mmap(-1, 0, longest, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	return err
}

// eachBody returns a loop that calls do for each body and sums what it returns.
func eachBody(do func(d *picohttp.Chunked, b []byte) (size int, err error)) loop {
	return func(bodies [][]byte, passes, _ int) (sum int, err error) {
		var d picohttp.Chunked
		for range passes {
			for i, b := range bodies {
				d.Reset()
				size, err := do(&d, b)
				if err != nil {
					return 0, fmt.Errorf("message %d: %w", i, err)
				}
				sum += size
			}
		}
		return sum, nil
	}
}

// decode restores a body, because decoding in place destroys it, and decodes it. The time
// that restore takes is subtracted.
func decode(d *picohttp.Chunked, b []byte) (int, error) {
	copy(buffer, b)
	size, n, err := d.Decode(buffer[:len(b)])
	if err != io.EOF || n != len(b) {
		return 0, fmt.Errorf("decode reads %d bytes of %d: %w", n, len(b), err)
	}
	return size, nil
}

// next does not restore the body, because Next moves nothing.
func next(d *picohttp.Chunked, b []byte) (size int, err error) {
	for at := 0; ; {
		data, n, err := d.Next(b[at:])
		at += n
		if err == io.EOF && at == len(b) {
			return size, nil
		}
		if err != nil {
			return 0, fmt.Errorf("next reads %d bytes of %d: %w", at, len(b), err)
		}
		size += len(data)
	}
}

// restore only restores a body.
func restore(_ *picohttp.Chunked, b []byte) (int, error) {
	copy(buffer, b)
	return 0, nil
}

// memmove restores a body, as decode does, and moves each chunk by 6 bytes. Decoding moves a
// chunk of 16 KiB by at least that.
func memmove(_ *picohttp.Chunked, b []byte) (size int, err error) {
	const by = len("4000\r\n")
	copy(buffer, b)
	encoded := len(strconv.FormatInt(int64(chunkSize), 16)) + chunkSize + len("\r\n\r\n")
	for range len(b) / encoded {
		copy(buffer[size:size+chunkSize], buffer[size+by:])
		size += chunkSize
	}
	return size, nil
}

// checkChunked returns the answer to check-chunked, which is from Decode. It is an error if
// Next reads something else.
func checkChunked(b []byte) (string, error) {
	var d picohttp.Chunked
	decoded := bytes.Clone(b)
	size, n, err := d.Decode(decoded)
	if err != io.EOF {
		return "refuses", nil
	}
	d.Reset()
	var pieces []byte
	at := 0
	for err = nil; err == nil; {
		var data []byte
		var m int
		data, m, err = d.Next(b[at:])
		pieces = append(pieces, data...)
		at += m
	}
	if err != io.EOF || at != n || !bytes.Equal(pieces, decoded[:size]) {
		return "", fmt.Errorf("next reads %d bytes, %v, with %d of content, decode %d with %d", at, err, len(pieces), n, size)
	}
	return fmt.Sprintf("reads %d x%x", n, decoded[:size]), nil
}
