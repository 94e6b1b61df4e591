package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/internal/traffic"
)

// A kind says what the messages of a corpus are.
type kind string

const (
	request  kind = "request"  // heads
	response kind = "response" // heads
	chunked  kind = "chunked"  // bodies in chunked coding
)

// corpus returns a task with the messages of a corpus, by its name in -corpus.
func corpus(name string) (task, error) {
	t := task{name: name, kind: request}
	switch name {
	case "chunked16k":
		t.kind, t.messages = chunked, [][]byte{chunkedBody(16, 16<<10)}
		return t, nil
	case "chunked64":
		t.kind, t.messages = chunked, [][]byte{chunkedBody(256, 64)}
		return t, nil
	}
	if name == "mixed" || strings.HasPrefix(name, "mixed/") {
		_, family, _ := strings.Cut(name, "/")
		for _, h := range traffic.Heads(1) {
			if family == "" || family == h.Family {
				t.messages = append(t.messages, h.Bytes)
			}
		}
		if len(t.messages) == 0 {
			return t, fmt.Errorf("no family %q in mixed traffic; there are %s", family, strings.Join(traffic.Families(), ", "))
		}
		return t, nil
	}
	t.file = name
	switch {
	case strings.ContainsAny(name, "./"):
	case strings.HasPrefix(name, "response"):
		t.file = filepath.Join("yardstick", "testdata", name+".http")
	default:
		t.file = filepath.Join("..", "testdata", "heads", name+".http")
	}
	b, err := os.ReadFile(t.file)
	if err != nil {
		return t, err
	}
	if !bytes.HasSuffix(b, []byte("\r\n\r\n")) {
		return t, fmt.Errorf("%s does not end with an empty line", t.file)
	}
	if bytes.HasPrefix(b, []byte("HTTP/")) {
		t.kind = response
	}
	t.messages = bytes.SplitAfter(b, []byte("\r\n\r\n"))
	t.messages = t.messages[:len(t.messages)-1] // the last is empty: nothing follows the last empty line
	return t, nil
}

// runOwn measures all parsers with the heads in a user's files.
func runOwn(out io.Writer, files []string, o options) error {
	t := o.peerTask(task{name: "own"}, o.serve)
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		heads, err := headsOf(b, o.serve)
		if err != nil {
			fmt.Fprintf(out, "%s: after %d heads: %v\n", file, len(heads), err)
		}
		t.messages = append(t.messages, heads...)
		for i := range heads {
			t.from = append(t.from, fmt.Sprintf("%s, head %d", file, i+1))
		}
	}
	if len(t.messages) == 0 {
		return errors.New("no heads of requests in these files")
	}
	return run(out, []task{t}, o)
}

// headsOf returns the heads in b, which is what a client sent over a connection, without the
// bodies. It stops with an error at a request that picohttp rejects. Only with serve does it call
// Check.
func headsOf(b []byte, serve bool) (heads [][]byte, err error) {
	var r picohttp.Request
	for len(b) > 0 {
		n, err := r.Parse(b)
		if err != nil {
			return heads, errors.New(r.Explain(err))
		}
		f, err := r.Framing()
		if err == nil && serve {
			_, err = r.Check()
		}
		if err != nil {
			return heads, errors.New(r.Explain(err))
		}
		heads = append(heads, b[:n:n])
		b = b[n:]
		var content picohttp.Content
		content.Start(f, nil)
		for err == nil && len(b) > 0 {
			_, n, err = content.Next(b)
			b = b[n:]
		}
		if err != nil && err != io.EOF {
			return heads, errors.New(content.Explain(err))
		}
	}
	return heads, nil
}

// chunkedBody returns a body with that many chunks of size random bytes.
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

// The corpus file is a sequence of slots, which all sides map into memory. Each message has a slot
// with its length in the first four bytes, little-endian, and then as many slots as it needs.
// So it starts a cache line, as in a server's read buffer, and lies at the same place in a page
// for all sides.
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

// decodeCorpus returns the messages in a corpus file without copying them.
func decodeCorpus(file []byte) (messages [][]byte, err error) {
	for len(file) >= slot {
		n := int(binary.LittleEndian.Uint32(file))
		file = file[slot:]
		if slots(n) > len(file) {
			break
		}
		messages = append(messages, file[:n:n])
		if file = file[slots(n):]; len(file) == 0 {
			return messages, nil
		}
	}
	return nil, errors.New("the corpus file ends within a message")
}

// mapCorpus maps a corpus file into memory, for good, and decodes it.
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
