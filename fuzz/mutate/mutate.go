// Package mutate changes HTTP/1.x messages by lines and fields, as a person would who looks
// for trouble. It duplicates, splits and folds lines, moves white space, changes line ends
// and case, resizes numbers, and splices messages.
//
// A script of steps of four bytes says what to change, so that each fuzzing engine can use
// it: one that mutates bytes mutates a script along with its message (Decode), one that
// calls a mutator gives it random ones (Random).
//
// The tests of the root module, which cannot import this package, have a smaller mutator in
// internal/mutants. It changes bytes only, and makes runs that end where the blocks of a
// kernel do.
package mutate

import (
	"bytes"
	_ "embed"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// maxBytes is the length beyond which a script changes nothing.
const maxBytes = 64 << 10

// StepSize is the size of a step in bytes: what to do, in which line, where, and how.
const StepSize = 4

// Decode returns the message in an input of an engine that knows bytes only, changed by the
// script that may follow the message. If the last byte of b is 0xF0 to 0xFF, its low half
// is the number of steps of the script before it. Otherwise b is a message, as seeds are,
// and Decode returns b itself.
func Decode(b []byte, donors [][]byte) []byte {
	if len(b) == 0 || b[len(b)-1] < 0xf0 {
		return b
	}
	end := len(b) - 1
	size := min(int(b[end]&0x0f), end/StepSize) * StepSize
	return Apply(b[:end-size], b[end-size:end], donors)
}

// Random returns b changed in one to four steps.
func Random(rng *rand.Rand, b []byte, donors [][]byte) []byte {
	script := make([]byte, 0, 4*StepSize)
	for len(script) == 0 || len(script) < cap(script) && rng.IntN(2) == 0 {
		for range StepSize {
			script = append(script, byte(rng.Uint32()))
		}
	}
	return Apply(b, script, donors)
}

// Apply returns a copy of b, changed by script. It takes lines from donors, which may be
// empty. Every script is valid. It ends early when the message exceeds 64 KiB.
func Apply(b, script []byte, donors [][]byte) []byte {
	m := mutant{lines: bytes.SplitAfter(b, []byte("\n")), donors: donors}
	for ; len(script) >= StepSize && m.size() <= maxBytes; script = script[StepSize:] {
		m.i, m.where, m.how = int(script[1])%len(m.lines), int(script[2]), int(script[3])
		operations[int(script[0])%len(operations)](&m)
	}
	return bytes.Join(m.lines, nil)
}

// A mutant is a message, and which of its lines an operation changes.
type mutant struct {
	lines      [][]byte // each with its end; after the last end there is one more, often empty
	i          int
	donors     [][]byte
	where, how int // 0 to 255
}

// operations change a mutant. Operations that find more are listed more than once.
var operations = []func(m *mutant){
	duplicate, resizeCopy, remove, move, repeatLine, repeatByte, changeCase, addFieldLine,
	splice, splice, changeEnd, changeEnd, resize, resize, resize,
	put("\r\n", "\n", "\r\n\r\n", "\r"),
	put("\r\n ", "\r\n\t", "\n ", "\r\n \r\n ", "\r "),
	put(white...), put(white...), put(white...), put(octets...), put(octets...), put(words...),
	put(""),
}

var (
	white = []string{
		" ", "\t", "  ", "\v", "\f", "\x85", "\xa0", "\r", " \t ", "\x00", "\x1f", "\x7f",
	}
	ends = []string{
		"\n", "\r", "", "\r\r\n", "\n\r", "\r\n\r\n", "\r\n", " \r\n", "\x00\r\n", "\r\x00\n", "\n\n",
	}
	octets = strings.Split("\x00\t\n\v\r \"(),/:;<=>?@[]{}\x1b\x7f\x80\xffaz0", "")
)

func (m *mutant) size() (size int) {
	for _, line := range m.lines {
		size += len(line)
	}
	return size
}

// text returns the line without its end.
func (m *mutant) text() []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(m.lines[m.i], []byte("\n")), []byte("\r"))
}

// place returns an offset in the line: one that where picks, or one at which whitespace
// and delimiters matter.
func (m *mutant) place() int {
	text := m.text()
	if m.where&8 != 0 {
		colon := bytes.IndexByte(text, ':')
		at := [...]int{
			0, len(text), colon, colon + 1, colon + 2,
			bytes.IndexAny(text, " \t"), bytes.LastIndexAny(text, " \t"), bytes.IndexAny(text, ";,="),
		}[m.where%8]
		if 0 <= at && at <= len(text) {
			return at
		}
	}
	return m.where * (len(text) + 1) >> 8
}

// replace replaces a part of the line.
func (m *mutant) replace(from, to int, with string) {
	line := m.lines[m.i]
	m.lines[m.i] = slices.Concat(line[:from], []byte(with), line[min(to, len(line)):])
}

// put returns an operation that puts one of some texts in, often instead of a byte or two.
// The empty text always replaces something.
func put(texts ...string) func(m *mutant) {
	return func(m *mutant) {
		at, text, instead := m.place(), texts[m.how%len(texts)], max(0, m.how>>6-1)
		if text == "" {
			instead++
		}
		m.replace(at, at+instead, text)
	}
}

// duplicate puts the line in once more, somewhere.
func duplicate(m *mutant) { m.lines = slices.Insert(m.lines, m.where%len(m.lines), m.lines[m.i]) }

// resizeCopy duplicates the line with another number in it: two lengths.
func resizeCopy(m *mutant) {
	m.lines = slices.Insert(m.lines, m.i, m.lines[m.i])
	resize(m)
}

func remove(m *mutant) { m.lines[m.i] = nil }

// move takes the line out and puts it in somewhere else.
func move(m *mutant) {
	at, line := m.where%len(m.lines), m.lines[m.i]
	m.lines = slices.Insert(slices.Delete(m.lines, m.i, m.i+1), at, line)
}

func repeatLine(m *mutant) { m.lines[m.i] = bytes.Repeat(m.lines[m.i], 1<<(m.how&7)) }

func repeatByte(m *mutant) {
	text := m.text()
	at := m.where * len(text) >> 8
	m.replace(at, at, strings.Repeat(string(text[at:min(at+1, len(text))]), 1<<(m.how&7)))
}

// changeCase changes a letter, or all of the line.
func changeCase(m *mutant) {
	line := bytes.Clone(m.lines[m.i])
	for i := range line {
		if c := &line[(i+m.where)%len(line)]; 'a' <= *c|0x20 && *c|0x20 <= 'z' {
			*c ^= 0x20
			if m.how%4 != 0 {
				break
			}
		}
	}
	m.lines[m.i] = line
}

// addFieldLine puts a field line of the dictionary in.
func addFieldLine(m *mutant) {
	m.lines = slices.Insert(m.lines, max(1, m.i), []byte(fieldLines[m.how%len(fieldLines)]))
}

// splice takes lines from another message: one of them instead of the line, or
// before it, or all of them from some line on, or all.
func splice(m *mutant) {
	if len(m.donors) == 0 {
		return
	}
	// Which donor should not depend on what to do with it.
	donor := bytes.SplitAfter(m.donors[(m.how*257+m.where)%len(m.donors)], []byte("\n"))
	from := m.where % len(donor)
	switch m.how % 4 {
	case 0:
		m.lines[m.i] = donor[from]
	case 1:
		m.lines = append(m.lines[:m.i], donor[from:]...)
	case 2:
		m.lines = append(m.lines, donor...)
	case 3:
		m.lines = slices.Insert(m.lines, m.i, donor[from])
	}
}

// changeEnd ends the line in another way.
func changeEnd(m *mutant) {
	m.replace(len(m.text()), len(m.lines[m.i]), ends[m.how%len(ends)])
}

// number returns where the first number of a line is, at or after an offset: 0, 0 if there is
// none. A line may begin with a hexadecimal one, as a chunk-size is.
func number(line []byte, at int) (from, to int) {
	const digits = "0123456789"
	rest := bytes.TrimLeft(line, digits+"abcdefABCDEF")
	if at == 0 && len(rest) < len(line) && bytes.IndexAny(rest, "; \t\r\n") == 0 {
		return 0, len(line) - len(rest)
	}
	if found := bytes.IndexAny(line[at:], digits); found >= 0 {
		from = at + found
		to = len(line) - len(bytes.TrimLeft(line[from:], digits))
	}
	return from, to
}

// resize makes a number of the line another one, or one of the next line that has
// any.
func resize(m *mutant) {
	from, to := number(m.lines[m.i], m.place())
	for to == 0 && m.i+1 < len(m.lines) {
		m.i++
		from, to = number(m.lines[m.i], 0)
	}
	if to == 0 {
		put("0", "5", "1", "10")(m)
		return
	}
	digits := string(m.lines[m.i][from:to])
	base := 10
	value, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		base = 16
		value, _ = strconv.ParseUint(digits, 16, 64)
	}
	plus := strconv.FormatUint(value+1, base)
	zeros := strings.Repeat("0", max(0, 16-len(digits)))
	with := []string{
		"0", plus, strconv.FormatUint(value-1, base), "0" + digits, "00000000000000000000" + digits,
		"+" + digits, "-" + digits, "0x" + strconv.FormatUint(value, 16),
		digits + ", " + digits, digits + "," + plus,
		// The first two are the number as 32 bits, and the next two as 64 bits.
		strconv.FormatUint(1<<32|value, 16), strconv.FormatUint(1<<32+value, 10),
		"1" + zeros + digits, "1844674407370955" + strconv.FormatUint(1616+value%8384, 10),
		strconv.FormatUint(1<<63, base), strconv.FormatUint(1<<63-1, base),
		"f" + zeros + digits, digits + "_0", digits + ".0", "",
	}
	m.replace(from, to, with[m.how%len(with)])
}

//go:embed http.dict
var dictionary string

// words are those of http.dict, and fieldLines those of them that are one.
var words, fieldLines = func() (all, lines []string) {
	for line := range strings.Lines(dictionary) {
		_, quoted, found := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if word, err := strconv.Unquote(quoted); found && err == nil {
			all = append(all, word)
			isLine := strings.Contains(word, ":") && strings.HasSuffix(word, "\r\n")
			if isLine && !strings.Contains(word, " HTTP/") {
				lines = append(lines, word)
			}
		}
	}
	return all, lines
}()
