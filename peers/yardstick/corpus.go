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

// A kind says what the messages of a corpus are.
type kind string

const (
	request  kind = "request"  // heads
	response kind = "response" // heads
	chunked  kind = "chunked"  // bodies in chunked coding
)

// corpus returns a task with the messages of the corpus that has that name in -corpus.
func corpus(name string) (task, error) {
	t := task{name: name, kind: request}
	family, isMixed := strings.CutPrefix(name, "mixed")
	var err error
	switch {
	case name == "chunked16k":
		t.kind, t.messages = chunked, [][]byte{chunkedBody(16, 16<<10)}
	case name == "chunked64":
		t.kind, t.messages = chunked, [][]byte{chunkedBody(256, 64)}
	case isMixed && (family == "" || family[0] == '/'):
		for _, h := range traffic.Heads(1) {
			if family == "" || family[1:] == h.Family {
				t.messages = append(t.messages, h.Bytes)
			}
		}
	default:
		err = t.read()
	}
	if err == nil && len(t.messages) == 0 {
		err = errors.New("it has no messages")
	}
	if err != nil {
		return t, fmt.Errorf("corpus %s: %w", name, err)
	}
	t.title = fmt.Sprintf("%s, %d B", strings.TrimPrefix(name, "mixed/"), len(bytes.Join(t.messages, nil))/len(t.messages))
	return t, nil
}

// read reads the messages of a corpus from its file.
func (t *task) read() error {
	switch {
	case strings.ContainsAny(t.name, "./"):
	case strings.HasPrefix(t.name, "response"):
		t.name = filepath.Join("yardstick", "testdata", t.name+".http")
	default:
		t.name = filepath.Join("..", "testdata", "heads", t.name+".http")
	}
	b, err := os.ReadFile(t.name)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(b, []byte("HTTP/")) {
		t.kind = response
	}
	const end = "\r\n\r\n"
	if !bytes.HasSuffix(b, []byte(end)) {
		return errors.New("it does not end with an empty line")
	}
	t.messages = bytes.SplitAfter(b, []byte(end))
	t.messages = t.messages[:len(t.messages)-1] // what follows the last empty line, which is nothing
	return nil
}

// chunkedBody returns a body with chunks of size random bytes each.
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

// The corpus file, which all sides map into memory, consists of slots of 64 bytes. A message has one
// slot with its length in the first four bytes, little-endian, and then as many as it needs. So every
// message starts a cache line, as in a server's read buffer, at the same place in a page for all sides.
const slot = 64

// slots returns the length of n bytes rounded up to whole slots.
func slots(n int) int { return (n + slot - 1) / slot * slot }

// encodeCorpus returns the corpus file of messages.
func encodeCorpus(messages [][]byte) (file []byte) {
	for _, m := range messages {
		length := make([]byte, slot)
		binary.LittleEndian.PutUint32(length, uint32(len(m)))
		file = slices.Concat(file, length, m, make([]byte, slots(len(m))-len(m)))
	}
	return file
}

// mapCorpus maps a corpus file into memory, for good, and returns its messages.
func mapCorpus(path string) (messages [][]byte, err error) {
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
	for len(b) > 0 {
		if len(b) < slot || len(b)-slot < slots(int(binary.LittleEndian.Uint32(b))) {
			return nil, errors.New("the corpus file ends within a message")
		}
		n := int(binary.LittleEndian.Uint32(b))
		messages = append(messages, b[slot:slot+n:slot+n])
		b = b[slot+slots(n):]
	}
	return messages, nil
}
