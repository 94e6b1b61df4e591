package main

import (
	"bytes"
	"math/bits"
	"math/rand/v2"
	"strconv"
)

// A mutator makes questions out of seeds. It makes a million in a second, so it
// works in place, and on what lies at a random offset rather than on lines that
// it would have to look for first. (Package mutate of the fuzz module, which does
// that by a script, takes three times as long.)
type mutator struct {
	rng    rand.PCG
	kind   kind
	seeds  [chunkedLeave + 1][len(classes)][][]byte
	b      []byte // the input
	copied []byte
	pieces []uint32
}

// The classes of seeds by length. Longer ones take longer and find little more,
// so they are drawn less often.
var classes = [...]struct {
	longest int
	share   int // of 1<<16
}{{256, 52000}, {2 << 10, 12500}, {16 << 10, 950}, {maxInput / 2, 86}}

func newMutator(s *seeds) *mutator {
	m := new(mutator)
	for k, inputs := range s {
		for _, b := range inputs {
			c := 0
			for len(b) > classes[c].longest {
				c++
			}
			m.seeds[k][c] = append(m.seeds[k][c], b)
		}
	}
	return m
}

// mutate makes q a question of a kind. Its parts are good until the next.
func (m *mutator) mutate(q *question, k kind) {
	m.kind = k
	m.b = append(m.b[:0], m.seed()...)
	if !m.chance(16) {
		table := changes
		if k >= chunked {
			table = chunkedChanges
		}
		for n := bits.TrailingZeros64(m.rng.Uint64() | 1<<7); n >= 0; n-- {
			table[m.below(len(table))](m)
		}
	}
	if m.chance(8) {
		truncate(m)
	}
	*q = question{kind: k, maxFields: m.maxFields(), pieces: m.cut(), next: k >= chunked && m.chance(2), input: m.b}
}

// below returns a random number below n.
func (m *mutator) below(n int) int {
	high, _ := bits.Mul64(m.rng.Uint64(), uint64(n))
	return int(high)
}

// chance is true once in n times.
func (m *mutator) chance(n int) bool { return m.below(n) == 0 }

// seed returns a seed of the kind.
func (m *mutator) seed() []byte {
	draw := m.below(1 << 16)
	c := 0
	for c < len(classes)-1 && draw >= classes[c].share {
		draw -= classes[c].share
		c++
	}
	of := &m.seeds[m.kind]
	for len(of[c]) == 0 {
		c--
	}
	return of[c][m.below(len(of[c]))]
}

func (m *mutator) maxFields() uint16 {
	if m.kind >= chunked {
		return 1
	}
	switch m.below(8) {
	case 0:
		return uint16(1 + m.below(4))
	case 1:
		return uint16(1 + m.below(300))
	case 2:
		return 1<<16 - 1
	}
	return 256
}

// cut returns the sizes of pieces: none, octets, or some at random. Few heads
// come in octets, as all calls but the last are of no interest to the oracle.
func (m *mutator) cut() []uint32 {
	m.pieces = m.pieces[:0]
	draw := m.below(16)
	if m.kind >= chunked {
		draw /= 4
	}
	switch {
	case draw > 1 || len(m.b) == 0:
	case draw == 0 && len(m.b) < 512 && (m.kind >= chunked || m.chance(4)):
		m.pieces = append(m.pieces, 1)
	default:
		most := 64
		if m.chance(2) || len(m.b) > 8<<10 {
			most = len(m.b)
		}
		for range 1 + m.below(4) {
			m.pieces = append(m.pieces, uint32(m.below(most)))
		}
		m.pieces = append(m.pieces, uint32(1+m.below(most))) // so that there is an end
	}
	return m.pieces
}

// replace puts s, which is no part of m.b, in the place of m.b[from:to].
func replace[S string | []byte](m *mutator, from, to int, s S) {
	n := len(m.b)
	grown := n + len(s) - (to - from)
	switch {
	case grown > maxInput:
		return
	case grown > n:
		m.b = append(m.b, make([]byte, grown-n)...)
	}
	copy(m.b[from+len(s):], m.b[to:n])
	copy(m.b[from:], s)
	m.b = m.b[:grown]
}

// place returns an offset into the input, or its length: half of the time that of
// an octet that is neither letter nor digit, if one is near.
func (m *mutator) place() int {
	at := m.below(len(m.b) + 1)
	if !m.chance(2) {
		return at
	}
	for i, c := range m.b[at:min(at+40, len(m.b))] {
		if !isAlnum[c] {
			return at + i
		}
	}
	return at
}

// find returns the offset of an octet at or behind a random place, or -1.
func (m *mutator) find(c byte) int {
	at := m.below(len(m.b) + 1)
	i := bytes.IndexByte(m.b[at:], c)
	if i < 0 {
		return bytes.IndexByte(m.b, c)
	}
	return at + i
}

// lineAt returns where the line with the octet at an offset begins and ends.
func (m *mutator) lineAt(at int) (from, to int) {
	from, to = bytes.LastIndexByte(m.b[:at], '\n')+1, len(m.b)
	if i := bytes.IndexByte(m.b[at:], '\n'); i >= 0 {
		to = at + i + 1
	}
	return from, to
}

// octet returns an octet, mostly one that the grammar cares about.
func (m *mutator) octet() byte {
	if m.chance(8) {
		return byte(m.rng.Uint64())
	}
	return octets[m.below(len(octets))]
}

// The octets to put in: those that end something, the borders of ranges, digits,
// letters that are digits, or that only just are none, and the octets around tchar.
const octets = "\r\r\r\n\n\n\n    \t\t:::;;\x00\x01\x08\x0b\x0c\x1f\x7f\x80\xa0\xff" +
	"0123456789afAFgGxz!\"#$%&'()*+,-./:;<=>?@Z[\\]^_`{|}~HTP"

var isAlnum = func() (t [256]bool) {
	for c := range t {
		t[c] = '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
	}
	return t
}()

// The words to put in.
var (
	words = []string{
		"\r\n\r\n", "\n\n", "\r\n", "\n", "\r", "\r\n ", "\r\n\t", "\n ", " \r\n", "\t\r\n", ":", ": ", " :", "A:\r\n", "A: b \r\n",
		"Host: example.com\r\n", "  ", " \t ", "GET ", "GET / HTTP/1.1\r\n", " HTTP/1.1\r\n", " HTTP/1.0\n", "HTTP/1.1", "HTTP/1.", "HTTP/2",
		"HTTP/1.1 200 OK\r\n", "HTTP/1.1 200\r\n", "HTTP/1.1 200 \r\n", " 200 ", "200", "99", "1000", " OK", "\x00", "\xe9",
	}
	chunkedWords = []string{
		"0\r\n\r\n", "0\r\n", "0\n", "00\r\n", "1\r\nx\r\n", "1\nx\n", "\r\n", "\n", "\r", "\r\r\n", "a\r\n", "A\r\n", ";", ";a", ";a=b", "; a = \"b\"",
		" ;", "\t", "A: b\r\n", "\r\n\r\n", "ffffffffffffffff", "FFFFFFFFFFFFFFFFF", "10000000000000000", "7fffffffffffffff",
		"8000000000000000", "fffffffffffffff\r\n", "00000000000000001\r\n", "0000000000000001\r\n", "0x1", "-1", "+1",
	}
)

// The changes that are made, some more often than others.
var (
	changes = []func(*mutator){
		setOctet, setOctet, setOctet, setOctet, flipBit, insertOctet, insertOctet, insertOctet, insertRun, deleteOctets, deleteOctets,
		duplicateLine, deleteLine, swapLines, fold, fold, changeLineEnd, changeLineEnd, changeAllLineEnds,
		changeSpace, changeSpace, changeSpace, changeSpace, padLine, splice, truncate, insertWord, insertWord, copyOctets,
	}
	chunkedChanges = append([]func(*mutator){
		changeChunkSize, changeChunkSize, changeChunkSize, changeChunkSize, changeChunkSize, changeChunkSize, insertWord, insertWord,
	}, changes...)
)

func setOctet(m *mutator) {
	if at := m.place(); at < len(m.b) {
		m.b[at] = m.octet()
	}
}

func flipBit(m *mutator) {
	if at := m.place(); at < len(m.b) {
		m.b[at] ^= 1 << m.below(8)
	}
}

func insertOctet(m *mutator) {
	m.copied = append(m.copied[:0], m.octet())
	at := m.place()
	replace(m, at, at, m.copied)
}

// insertRun makes parts longer than the blocks in which both sides read them.
func insertRun(m *mutator) {
	c := m.octet()
	m.copied = m.copied[:0]
	for range 2 + m.below(70) {
		m.copied = append(m.copied, c)
	}
	at := m.place()
	replace(m, at, at, m.copied)
}

func deleteOctets(m *mutator) {
	at := m.place()
	replace(m, at, min(at+1+m.below(4), len(m.b)), "")
}

func copyOctets(m *mutator) {
	from := m.place()
	to := min(from+m.below(40), len(m.b))
	m.copied = append(m.copied[:0], m.b[from:to]...)
	at := m.place()
	replace(m, at, at, m.copied)
}

func duplicateLine(m *mutator) {
	from, to := m.lineAt(m.place())
	m.copied = append(m.copied[:0], m.b[from:to]...)
	replace(m, to, to, m.copied)
}

func deleteLine(m *mutator) {
	from, to := m.lineAt(m.place())
	replace(m, from, to, "")
}

func swapLines(m *mutator) {
	from, middle := m.lineAt(m.place())
	_, to := m.lineAt(middle)
	m.copied = append(m.copied[:0], m.b[from:middle]...)
	n := copy(m.b[from:], m.b[middle:to])
	copy(m.b[from+n:], m.copied)
}

var spaces = []string{" ", "\t", "  ", " \t", "\t ", "   \t   "}

func fold(m *mutator) {
	space := spaces[m.below(len(spaces))]
	at := m.place()
	if m.chance(2) {
		at, _ = m.lineAt(at)
	} else {
		space = "\r\n" + space
	}
	replace(m, at, at, space)
}

var lineEnds = []string{"\r\n", "\n", "\r", "\r\r\n", "\n\r", "\r\n\r\n", ""}

func changeLineEnd(m *mutator) {
	at := m.find('\n')
	if at < 0 {
		return
	}
	from := at
	if at > 0 && m.b[at-1] == '\r' {
		from--
	}
	replace(m, from, at+1, lineEnds[m.below(len(lineEnds))])
}

// changeAllLineEnds makes them LF, from some place on.
func changeAllLineEnds(m *mutator) {
	at := m.place()
	rest := m.b[at:]
	m.b = m.b[:at]
	for i, c := range rest {
		if c != '\r' || i+1 == len(rest) || rest[i+1] != '\n' {
			m.b = append(m.b, c)
		}
	}
}

// changeSpace doubles a space, makes it another, or moves it.
func changeSpace(m *mutator) {
	at := m.find(' ')
	if at < 0 {
		return
	}
	switch m.below(4) {
	case 0:
		replace(m, at, at, " ")
	case 1:
		m.b[at] = '\t'
	case 2:
		replace(m, at, at+1, spaces[m.below(len(spaces))])
	case 3:
		replace(m, at, at+1, "")
		at = m.place()
		replace(m, at, at, " ")
	}
}

// padLine puts white space at the end of a line.
func padLine(m *mutator) {
	at := m.find('\n')
	if at < 0 {
		return
	}
	if at > 0 && m.b[at-1] == '\r' {
		at--
	}
	replace(m, at, at, spaces[m.below(len(spaces))])
}

// splice puts the end of another seed in the place of that of this one.
func splice(m *mutator) {
	other := m.seed()
	from, to := m.place(), m.below(len(other)+1)
	if m.chance(2) {
		from, _ = m.lineAt(from)
		to = bytes.LastIndexByte(other[:to], '\n') + 1
	}
	replace(m, from, len(m.b), other[to:])
}

func truncate(m *mutator) { m.b = m.b[:m.below(len(m.b)+1)] }

func insertWord(m *mutator) {
	of := words
	if m.kind >= chunked {
		of = chunkedWords
	}
	at := m.place()
	replace(m, at, at, of[m.below(len(of))])
}

// changeChunkSize changes the digits at the beginning of a line.
func changeChunkSize(m *mutator) {
	from, _ := m.lineAt(m.place())
	to := from
	for to < len(m.b) && isHexdig(m.b[to]) {
		to++
	}
	switch m.below(4) {
	case 0: // leading zeros
		replace(m, from, from, "0000000000000000"[:1+m.below(16)])
	case 1: // one digit
		if from < to {
			m.b[from+m.below(to-from)] = "0123456789abcdefABCDEF"[m.below(22)]
		}
	case 2: // more digits
		replace(m, to, to, "0123456789abcdefABCDEF"[m.below(22):][:1])
	case 3: // another small size
		m.copied = strconv.AppendInt(m.copied[:0], int64(m.below(20)), 16)
		replace(m, from, to, m.copied)
	}
}

func isHexdig(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
