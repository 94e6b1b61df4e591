package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/picohttp/picohttp/internal/traffic"
)

// corpus returns the heads that a name given to -corpus stands for.
func corpus(name string) ([][]byte, error) {
	if name == "mixed" || strings.HasPrefix(name, "mixed/") {
		_, family, _ := strings.Cut(name, "/")
		var heads [][]byte
		for _, h := range traffic.Heads(1) {
			if family == "" || family == h.Family {
				heads = append(heads, h.Bytes)
			}
		}
		if len(heads) == 0 {
			return nil, fmt.Errorf("no family %q in mixed traffic; there are %s", family, strings.Join(traffic.Families(), ", "))
		}
		return heads, nil
	}
	path := name
	if !strings.ContainsAny(name, "./") {
		path = filepath.Join("..", "testdata", "heads", name+".http")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if !bytes.HasSuffix(b, []byte("\r\n\r\n")) {
		return nil, fmt.Errorf("%s does not end with an empty line", path)
	}
	heads := bytes.SplitAfter(b, []byte("\r\n\r\n"))
	return heads[:len(heads)-1], nil // the last is what follows the last empty line: nothing
}

// The corpus file, as both sides map it into memory: for each head a slot with
// its length in the first four bytes, little-endian, and then the head in as
// many slots as it takes. So each head starts a cache line, as in a server's
// read buffer, and lies at the same place of a page for both sides.
const slot = 64

// slots returns the length of n bytes rounded up to whole slots.
func slots(n int) int { return (n + slot - 1) / slot * slot }

// encodeCorpus returns the corpus file of heads.
func encodeCorpus(heads [][]byte) []byte {
	var file []byte
	for _, h := range heads {
		at := len(file)
		file = slices.Concat(file, make([]byte, slot+slots(len(h))))
		binary.LittleEndian.PutUint32(file[at:], uint32(len(h)))
		copy(file[at+slot:], h)
	}
	return file
}

// decodeCorpus returns the heads in a corpus file, which it does not copy.
func decodeCorpus(file []byte) ([][]byte, error) {
	var heads [][]byte
	for len(file) > 0 {
		if len(file) < slot {
			return nil, errors.New("the corpus file ends within a slot")
		}
		n := uint64(binary.LittleEndian.Uint32(file))
		file = file[slot:]
		if n > uint64(len(file)) || slots(int(n)) > len(file) {
			return nil, errors.New("the corpus file ends within a head")
		}
		heads = append(heads, file[:n:n])
		file = file[slots(int(n)):]
	}
	return heads, nil
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
