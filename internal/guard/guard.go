// Package guard places the inputs of tests right up against pages that cannot be read.
package guard

import (
	"errors"
	"fmt"
	"os"
)

// A Guard places inputs right before or right after a page that cannot be read. A load that
// reaches one byte beyond an input faults: in Go that is a panic if debug.SetPanicOnFault is set, and
// in C it ends the process. Where Works is false, such a load goes unnoticed.
type Guard struct {
	pages []byte // the first and the last of them cannot be read
	room  []byte // the pages between, half of them for AtStart and half for AtEnd
	max   int    // bytes of an input
}

// New returns a Guard for inputs of up to max bytes.
func New(max int) (*Guard, error) {
	page := os.Getpagesize()
	room := (2*max + page - 1) / page * page
	pages, err := newPages(page + room + page)
	if err != nil {
		return nil, err
	}
	end := page + room
	g := &Guard{pages: pages, room: pages[page:end:end], max: max}
	if err := errors.Join(closePages(pages[:page]), closePages(pages[end:])); err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return g, nil
}

// Close releases the memory.
func (g *Guard) Close() error { return freePages(g.pages) }

// AtEnd returns a copy of b that ends where the memory ends. The next call of AtEnd overwrites it.
// It panics if b is longer than what New was called with.
func (g *Guard) AtEnd(b []byte) []byte {
	g.mustFit(b)
	end := g.room[len(g.room)-len(b):]
	copy(end, b)
	return end
}

// AtStart returns a copy of b that begins where the memory begins. The next call of AtStart
// overwrites it. It panics if b is longer than what New was called with.
func (g *Guard) AtStart(b []byte) []byte {
	g.mustFit(b)
	copy(g.room, b)
	return g.room[:len(b):len(b)]
}

func (g *Guard) mustFit(b []byte) {
	if len(b) > g.max {
		panic(fmt.Sprintf("guard: input of %d bytes, but the limit is %d", len(b), g.max))
	}
}

// Closed returns n bytes that cannot be read, at most a page of them.
func (g *Guard) Closed(n int) []byte {
	return g.pages[len(g.pages)-os.Getpagesize():][:n:n]
}
