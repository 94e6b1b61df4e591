// Package mutate changes HTTP/1.x messages by lines and fields, as a person would who looks
// for trouble. It duplicates, splits and folds lines, moves white space, changes line ends
// and case, resizes numbers, and splices messages.
//
// A script of steps of three bytes says what to change, so that each fuzzing engine can use
// it: one that mutates bytes mutates a script along with its message (Decode), one that
// calls a mutator gives it random ones (Random).
//
// The tests of the root module, which cannot import this package, have a smaller mutator in
// internal/mutants. It changes bytes only, and makes runs that end where the blocks of a
// kernel do.
package mutate

import (
	"bufio"
	"bytes"
	_ "embed"
	"math/rand/v2"
	"strconv"
	"strings"
)

// maxBytes is the length beyond which a script changes nothing.
const maxBytes = 64 << 10

// step is the size of a step in bytes: what to do, in which line, and how.
const step = 3

// Decode returns the message in an input of an engine that knows bytes only, changed by the
// script that may follow the message. If the last byte of b is 0xF0 to 0xFF, its low half
// is the number of steps of the script before it. Otherwise b is a message, as seeds are,
// and Decode returns b itself.
func Decode(b []byte, donors [][]byte) []byte {
	if len(b) == 0 || b[len(b)-1] < 0xf0 {
		return b
	}
	end := len(b) - 1
	size := min(int(b[end]&0x0f)*step, end/step*step)
	return Apply(b[:end-size], b[end-size:end], donors)
}

// Random returns b changed in one to four steps.
func Random(rng *rand.Rand, b []byte, donors [][]byte) []byte {
	var script [4 * step]byte
	for i := range script {
		script[i] = byte(rng.Uint32())
	}
	size := step
	for size < len(script) && rng.IntN(2) == 0 {
		size += step
	}
	return Apply(b, script[:size], donors)
}

// Apply returns a copy of b, changed by script. It takes lines from donors, which may be
// empty. Every script is valid. It ends early when the message exceeds 64 KiB.
func Apply(b, script []byte, donors [][]byte) []byte {
	b = bytes.Clone(b)
	for ; len(script) >= step && len(b) <= maxBytes; script = script[step:] {
		m := mutant{b: b, how: int(script[2])}
		m.find(int(script[1]))
		b = operations[int(script[0])%len(operations)](&m, donors)
	}
	return b
}

// A mutant is a message and a line in it: b[from:to], its end included.
type mutant struct {
	b        []byte
	from, to int
	end      int // of the line without CRLF or LF
	lines    int // in all
	how      int // 0 to 255
}

// find selects line number n, modulo the number of lines.
func (m *mutant) find(n int) {
	m.lines = bytes.Count(m.b, []byte{'\n'})
	if len(m.b) > 0 && m.b[len(m.b)-1] != '\n' {
		m.lines++
	}
	if m.lines > 0 {
		m.selectLine(m.line(n % m.lines))
	}
}

func (m *mutant) selectLine(from, to int) {
	m.from, m.to = from, to
	m.end = from + len(bytes.TrimSuffix(bytes.TrimSuffix(m.b[from:to], []byte("\n")), []byte("\r")))
}

// line returns where line n is.
func (m *mutant) line(n int) (from, to int) {
	for {
		if to = m.lineEnd(from); n == 0 || to == len(m.b) {
			return from, to
		}
		n--
		from = to
	}
}

// lineEnd returns the end of the line that begins at from.
func (m *mutant) lineEnd(from int) int {
	if lf := bytes.IndexByte(m.b[from:], '\n'); lf >= 0 {
		return from + lf + 1
	}
	return len(m.b)
}

// other returns where the line is that how picks.
func (m *mutant) other() (from, to int) { return m.line(m.how % max(m.lines, 1)) }

// within returns an offset in the line that how picks, its end included.
func (m *mutant) within() int { return m.from + m.how%(m.end-m.from+1) }

func (m *mutant) put(at int, text string) []byte { return replace(m.b, at, at, []byte(text)) }

func replace(b []byte, from, to int, with []byte) []byte {
	out := make([]byte, 0, len(b)-(to-from)+len(with))
	out = append(out, b[:from]...)
	out = append(out, with...)
	return append(out, b[to:]...)
}

var operations = [...]func(m *mutant, donors [][]byte) []byte{
	duplicate, resizeCopy, remove, move, split, fold, space, space, changeEnd, changeEnd,
	changeCase, resize, resize, resize, splice, splice, word, fieldLine, octet, octet, drop, repeat,
}

// duplicate puts the line in once more, somewhere.
func duplicate(m *mutant, _ [][]byte) []byte {
	_, at := m.other()
	return replace(m.b, at, at, m.b[m.from:m.to])
}

// resizeCopy duplicates the line with another number in it: two lengths.
func resizeCopy(m *mutant, donors [][]byte) []byte {
	line := m.b[m.from:m.to]
	copied := mutant{b: line, to: len(line), end: m.end - m.from, how: m.how}
	return replace(m.b, m.to, m.to, resize(&copied, donors))
}

func remove(m *mutant, _ [][]byte) []byte { return replace(m.b, m.from, m.to, nil) }

// move takes the line out and puts it in somewhere else.
func move(m *mutant, _ [][]byte) []byte {
	line := m.b[m.from:m.to]
	at, _ := m.other()
	if at >= m.to {
		at -= len(line)
	} else if at > m.from {
		at = m.from
	}
	m.b = replace(m.b, m.from, m.to, nil)
	return replace(m.b, at, at, line)
}

// split makes two lines of one.
func split(m *mutant, _ [][]byte) []byte {
	return m.put(m.within(), pick(m.how>>5, "\r\n", "\n", "\r\n\r\n", "\r"))
}

// fold breaks the line after its colon, or somewhere else.
func fold(m *mutant, _ [][]byte) []byte {
	at := m.within()
	if colon := bytes.IndexByte(m.b[m.from:m.end], ':'); colon >= 0 && m.how&0x10 == 0 {
		at = m.from + colon + 1
	}
	return m.put(at, pick(m.how, "\r\n ", "\r\n\t", "\n ", "\r\n \r\n ", "\r "))
}

// space puts white space where it matters, or takes some away.
func space(m *mutant, _ [][]byte) []byte {
	what := pick(m.how>>3, " ", "\t", "  ", "\v", "\f", "\x85", "\xa0", "\r", " \t ", "\x00", "\x1f", "\x7f")
	line := m.b[m.from:m.end]
	colon := bytes.IndexByte(line, ':')
	switch m.how & 7 {
	case 0:
		return m.put(m.from, what)
	case 1:
		return m.put(m.end, what)
	case 2, 3:
		if colon >= 0 {
			return m.put(m.from+colon+m.how&1, what)
		}
	case 4:
		if sp := bytes.IndexAny(line, " \t"); sp >= 0 {
			return replace(m.b, m.from+sp, m.from+sp+1, nil)
		}
	case 5:
		if sp := bytes.LastIndexAny(line, " \t"); sp >= 0 {
			return replace(m.b, m.from+sp, m.from+sp+1, []byte(what))
		}
	case 6:
		if sp := bytes.IndexAny(line, " ;,="); sp >= 0 {
			return m.put(m.from+sp, what)
		}
	}
	return m.put(m.within(), what)
}

// changeEnd ends the line in another way.
func changeEnd(m *mutant, _ [][]byte) []byte {
	ends := pick(m.how, "\n", "\r", "", "\r\r\n", "\n\r", "\r\n\r\n", "\r\n", " \r\n", "\x00\r\n", "\r\x00\n", "\n\n")
	return replace(m.b, m.end, m.to, []byte(ends))
}

// changeCase changes a letter, or all of a line.
func changeCase(m *mutant, _ [][]byte) []byte {
	out := bytes.Clone(m.b)
	line := out[m.from:m.end]
	for i := range line {
		if c := &line[(i+m.how)%len(line)]; 'a' <= *c|0x20 && *c|0x20 <= 'z' {
			*c ^= 0x20
			if m.how%4 != 0 {
				break
			}
		}
	}
	return out
}

// resize makes a number of the line another one, or one of the next line that has
// any.
func resize(m *mutant, _ [][]byte) []byte {
	from, to := number(m.b[m.from:m.end], m.how>>6)
	for to == 0 && m.to < len(m.b) {
		m.selectLine(m.to, m.lineEnd(m.to))
		from, to = number(m.b[m.from:m.end], m.how>>6)
	}
	if to == 0 {
		return m.put(m.within(), pick(m.how, "0", "5", "1", "10"))
	}
	from, to = m.from+from, m.from+to
	digits := string(m.b[from:to])
	base := 10
	value, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		base = 16
		value, _ = strconv.ParseUint(digits, 16, 64)
	}
	plus := strconv.FormatUint(value+1, base)
	zeros := strings.Repeat("0", max(0, 16-len(digits)))
	with := pick(m.how,
		"0", plus, strconv.FormatUint(value-1, base), "0"+digits, "00000000000000000000"+digits, "+"+digits, "-"+digits,
		"0x"+strconv.FormatUint(value, 16), digits+", "+digits, digits+","+plus,
		strconv.FormatUint(1<<32|value, 16), strconv.FormatUint(1<<32+value, 10), // as 32 bits, the number
		"1"+zeros+digits, decimal64(value), // as 64 bits, the number
		strconv.FormatUint(1<<63, base), strconv.FormatUint(1<<63-1, base),
		"f"+zeros+digits, digits+"_0", digits+".0", "")
	return replace(m.b, from, to, []byte(with))
}

// decimal64 writes 2^64 and v, as long as that is below 2^64 and 10,000.
func decimal64(v uint64) string { return "1844674407370955" + strconv.FormatUint(1616+v%8384, 10) }

// number returns where the n-th number of a line is, the last one if there are
// fewer; 0, 0 if there is none. A word at its beginning may be hexadecimal.
func number(line []byte, n int) (from, to int) {
	for at := 0; at < len(line); {
		end := at
		for end < len(line) && (isDigit(line[end]) || at == 0 && 'a' <= line[end]|0x20 && line[end]|0x20 <= 'f') {
			end++
		}
		if end == at {
			at++
			continue
		}
		from, to = at, end
		if n--; n < 0 {
			break
		}
		at = end
	}
	return from, to
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// splice takes lines from another message: one of them instead of the line, or
// before it, or all of them from some line on.
func splice(m *mutant, donors [][]byte) []byte {
	if len(donors) == 0 {
		return m.b
	}
	// Donor, line and what to do with it should not depend on one another.
	mixed := int(uint32(m.how+m.from<<8) * 2654435761 >> 8)
	donor := mutant{b: donors[mixed%len(donors)]}
	donor.find(mixed >> 12)
	line := donor.b[donor.from:donor.to]
	switch m.how % 4 {
	case 0:
		return replace(m.b, m.from, m.to, line)
	case 1:
		return replace(m.b, m.from, len(m.b), donor.b[donor.from:])
	case 2:
		return replace(m.b, len(m.b), len(m.b), donor.b)
	}
	return replace(m.b, m.from, m.from, line)
}

// word puts a word of the dictionary in somewhere.
func word(m *mutant, _ [][]byte) []byte {
	return m.put(m.from+(m.how*7)%(m.end-m.from+1), words[m.how%len(words)])
}

// fieldLine puts a field line of the dictionary in before the line.
func fieldLine(m *mutant, _ [][]byte) []byte {
	at := m.from
	if at == 0 {
		at = m.to
	}
	return m.put(at, fieldLines[m.how%len(fieldLines)])
}

// octet makes an octet of the line one that parsers have trouble with.
func octet(m *mutant, _ [][]byte) []byte {
	if m.from == m.to {
		return append(m.b, byte(m.how))
	}
	out := bytes.Clone(m.b)
	const bad = "\x00\t\n\v\r \"(),/:;<=>?@[]{}\x1b\x7f\x80\x85\xa0\xff0az"
	out[m.from+(m.how*5)%(m.to-m.from)] = bad[m.how%len(bad)]
	return out
}

// drop leaves octets of the line out.
func drop(m *mutant, _ [][]byte) []byte {
	at := m.within()
	return replace(m.b, at, min(at+1+m.how>>6, len(m.b)), nil)
}

// repeat makes a line many, or an octet.
func repeat(m *mutant, _ [][]byte) []byte {
	times := 1 << (m.how & 7)
	if m.how&0x80 != 0 {
		return replace(m.b, m.to, m.to, bytes.Repeat(m.b[m.from:m.to], times))
	}
	at := m.from + (m.how>>3)%(m.end-m.from+1)
	if at == len(m.b) {
		return m.b
	}
	return replace(m.b, at, at, bytes.Repeat(m.b[at:at+1], times))
}

func pick(n int, from ...string) string { return from[n%len(from)] }

//go:embed http.dict
var dictionary string

// words are those of http.dict, and fieldLines those of them that are one.
var words, fieldLines = func() (all, lines []string) {
	for scan := bufio.NewScanner(strings.NewReader(dictionary)); scan.Scan(); {
		_, quoted, found := strings.Cut(scan.Text(), "=")
		if word, err := strconv.Unquote(quoted); found && err == nil {
			all = append(all, word)
			if strings.Contains(word, ":") && strings.HasSuffix(word, "\r\n") && !strings.Contains(word, " HTTP/") {
				lines = append(lines, word)
			}
		}
	}
	return all, lines
}()
