// Package traffic makes the mixed-traffic corpus: request heads as a public server receives them,
// of eight families and very different lengths.
//
// If a parser reads the same head again and again, the CPU learns to predict all its branches. The
// heads here differ in their fields, the order of the fields, and the lengths of the values, and
// they are shuffled, so a branch predictor learns far less of them. They are a model of traffic,
// not a recording: all names, addresses and secrets are made up. The model is in traffic.txt.
package traffic

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Head is one request head, strictly valid: Bytes ends with its empty line.
type Head struct {
	Family string
	Bytes  []byte
}

// Eight families of perFamily heads are 240 heads or 240 KiB. That is more than the first level of
// a cache holds, and less than the second.
const perFamily = 30

// Families returns the names of the families, shortest head first.
func Families() []string {
	return []string{"tiny", "loadgen", "curl", "firefox", "chrome", "api", "cdn", "cookies"}
}

// Heads returns the corpus of a seed, which is the same on every platform. All heads differ, each
// family has equally many, and they are shuffled.
func Heads(seed uint64) []Head {
	w := &writer{rng: rand.New(rand.NewPCG(seed, 0))}
	var heads []Head
	seen := map[string]bool{}
	for i, family := range Families() {
		for len(heads) < perFamily*(i+1) {
			w.head, w.names = nil, map[string]string{}
			w.write(family)
			w.head = append(w.head, "\r\n"...)
			if !seen[string(w.head)] {
				seen[string(w.head)] = true
				heads = append(heads, Head{family, w.head})
			}
		}
	}
	for i := len(heads) - 1; i > 0; i-- {
		j := w.between(0, i)
		heads[i], heads[j] = heads[j], heads[i]
	}
	return heads
}

//go:embed traffic.txt
var text string

// paragraphs has the lines of each paragraph of text, and words the text of each word, by name.
var paragraphs, words = func() (paragraphs map[string][]string, words map[string]string) {
	paragraphs, words = map[string][]string{}, map[string]string{}
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		lines := strings.Split(paragraph, "\n")
		name, _, _ := strings.Cut(lines[0], ":")
		paragraphs[name] = lines[1:]
	}
	for _, line := range paragraphs["words"] {
		name, meaning, _ := strings.Cut(line, " = ")
		words[name] = meaning
	}
	return paragraphs, words
}()

// A writer writes one head at a time from one stream of random numbers.
type writer struct {
	rng   *rand.Rand
	head  []byte
	names map[string]string // what names stand for in this head
}

var (
	form    = regexp.MustCompile(`^(?:\?(\w+)=(\S+) )?(?:(\d+)% )?(?:(\w+) := |(\+))?(.*)$`)
	several = regexp.MustCompile(`^([\d-]+)(%| bytes|) of (\w+)(?: by (.*))?$`)
)

// write writes the lines of a paragraph.
func (w *writer) write(paragraph string) {
	for _, line := range paragraphs[paragraph] {
		m := form.FindStringSubmatch(line)
		switch name, values, percent, text := m[1], m[2], m[3], m[6]; {
		case name != "" && !strings.Contains("|"+values+"|", "|"+w.names[name]+"|"):
		case percent != "" && w.between(0, 99) >= w.number(percent):
		case m[4] != "":
			w.names[m[4]] = w.expand(text)
		case m[5] != "":
			w.write(text)
		default:
			w.head = append(w.head, w.expand(text)+"\r\n"...)
		}
	}
}

// expand returns s with everything in braces replaced, inner braces first. If s is an alphabet, it
// returns one of its characters.
func (w *writer) expand(s string) string {
	if strings.HasPrefix(s, "[") {
		return s[w.between(1, len(s)-2):][:1]
	}
	for {
		end := strings.IndexByte(s, '}')
		if end < 0 {
			return s
		}
		begin := strings.LastIndexByte(s[:end], '{')
		s = s[:begin] + w.meaning(s[begin+1:end]) + s[end+1:]
	}
}

// meaning returns a text that replaces s, which is between braces.
func (w *writer) meaning(s string) string {
	if choices := strings.Split(s, "|"); len(choices) > 1 {
		return choices[w.between(0, len(choices)-1)]
	}
	if value, found := w.names[s]; found {
		return value
	}
	if word, found := words[s]; found {
		return w.expand(word)
	}
	if m := several.FindStringSubmatch(s); m != nil {
		return w.several(w.number(m[1]), m[2], words[m[3]], m[4])
	}
	if s == "date" {
		const start = 1735689600 // 2025-01-01
		return time.Unix(int64(start+w.between(0, 364*24*3600)), 0).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	}
	if form, number, found := strings.Cut(s, " "); found {
		return fmt.Sprintf(form, w.number(number))
	}
	return strconv.Itoa(w.number(s))
}

// several returns texts of a word with a separator between them. The unit decides how many: n if
// it is empty, at most one with a probability of n percent if it is %, or as many as it takes to
// have n bytes.
func (w *writer) several(n int, unit, word, separator string) (s string) {
	if unit == "%" && w.between(0, 99) >= n {
		return ""
	}
	for i := 0; unit == "%" && i < 1 || unit == "" && i < n || unit == " bytes" && len(s) < n; i++ {
		if i > 0 {
			s += separator
		}
		s += w.expand(word)
	}
	return s
}

// between returns a number from low to high, both included. All choices use it. It takes only
// 64-bit words from the generator, so nothing depends on how math/rand/v2 makes other types from
// them.
func (w *writer) between(low, high int) int {
	return low + int(w.rng.Uint64()%uint64(high-low+1))
}

// number returns the number in s, or one from the range in s.
func (w *writer) number(s string) int {
	var from, to int
	switch n, _ := fmt.Sscanf(s, "%d-%d", &from, &to); n {
	case 0:
		panic("traffic.txt: no meaning for " + s)
	case 2:
		from = w.between(from, to)
	}
	return from
}
