// Package traffic makes the mixed-traffic corpus: request heads as a public
// server sees them, of eight families and of very different lengths.
//
// A parser that is measured on one head again and again is measured with every
// branch of it predicted. The heads here differ in which fields they have, in
// the order and the lengths of the values, and come shuffled, so that no branch
// predictor learns them. They are a model of traffic, not a recording: no name,
// address or secret in them is anybody's. The model is in traffic.txt.
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

// perFamily times eight families is 240 heads, 240 KiB: more than the first
// level of a cache holds, less than the second.
const perFamily = 30

// Families returns the names of the families, shortest head first.
func Families() []string {
	return []string{"tiny", "loadgen", "curl", "firefox", "chrome", "api", "cdn", "cookies"}
}

// Heads returns the corpus of a seed: the same on every platform, all heads
// different, the families in equal number, in shuffled order.
func Heads(seed uint64) []Head {
	w := &writer{rng: rand.New(rand.NewPCG(seed, 0))}
	var heads []Head
	seen := map[string]bool{}
	for _, family := range Families() {
		for n := 0; n < perFamily; {
			w.head, w.names = nil, map[string]string{}
			w.write(family)
			w.head = append(w.head, "\r\n"...)
			if !seen[string(w.head)] {
				seen[string(w.head)] = true
				heads = append(heads, Head{family, w.head})
				n++
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

// paragraphs are those of text, by their names; meanings are its names that stay the same.
var paragraphs, meanings = func() (paragraphs map[string][]string, meanings map[string]string) {
	paragraphs, meanings = map[string][]string{}, map[string]string{}
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		lines := strings.Split(paragraph, "\n")
		name, _, _ := strings.Cut(lines[0], ":")
		paragraphs[name] = lines[1:]
	}
	for _, line := range paragraphs["words"] {
		name, meaning, _ := strings.Cut(line, " = ")
		meanings[name] = meaning
	}
	return paragraphs, meanings
}()

// A writer writes one head at a time from one stream of random numbers.
type writer struct {
	rng   *rand.Rand
	head  []byte
	names map[string]string // what names stand for in this head
}

var (
	condition  = regexp.MustCompile(`^\?(\w+)=(\S+) `)
	percentage = regexp.MustCompile(`^(\d+)% `)
	naming     = regexp.MustCompile(`^(\w+) := `)
)

// write writes the lines of a paragraph.
func (w *writer) write(paragraph string) {
	for _, line := range paragraphs[paragraph] {
		if m := condition.FindStringSubmatch(line); m != nil {
			if !strings.Contains("|"+m[2]+"|", "|"+w.names[m[1]]+"|") {
				continue
			}
			line = line[len(m[0]):]
		}
		if m := percentage.FindStringSubmatch(line); m != nil {
			if !w.chance(m[1]) {
				continue
			}
			line = line[len(m[0]):]
		}
		if m := naming.FindStringSubmatch(line); m != nil {
			w.names[m[1]] = w.expand(line[len(m[0]):])
		} else if line[0] == '+' {
			w.write(line[1:])
		} else {
			w.head = append(w.head, w.expand(line)+"\r\n"...)
		}
	}
}

// expand returns s with texts for what is in braces, the inner ones first.
func (w *writer) expand(s string) string {
	for {
		end := strings.IndexByte(s, '}')
		if end < 0 {
			return s
		}
		begin := strings.LastIndexByte(s[:end], '{')
		s = s[:begin] + w.meaning(s[begin+1:end]) + s[end+1:]
	}
}

const (
	digits       = "0123456789"
	lower        = "abcdefghijklmnopqrstuvwxyz"
	upper        = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	alphanumeric = digits + lower + upper
)

var alphabets = map[string]string{
	"lower": lower, "upper": upper, "hex": digits + "abcdef", "alphanumeric": alphanumeric,
	"base64": alphanumeric + "+/", "base64url": alphanumeric + "-_",
	"name": upper + digits, "segment": lower + digits + "-", "escaped": alphanumeric + "%.",
}

// meaning returns a text for what is between braces.
func (w *writer) meaning(s string) string {
	if choices := strings.Split(s, "|"); len(choices) > 1 {
		return choices[w.between(0, len(choices)-1)]
	}
	if value, found := w.names[s]; found {
		return value
	}
	if meaning, found := meanings[s]; found {
		return w.expand(meaning)
	}
	name, arg, _ := strings.Cut(s, " ")
	switch {
	case name == "chance" && w.chance(arg):
		return "yes"
	case name == "chance":
		return "no"
	case name == "path":
		return w.path()
	case name == "query":
		return w.query(arg)
	case name == "cookie":
		return w.cookie(w.number(arg))
	case name == "date":
		const start = 1735689600 // 2025-01-01
		return time.Unix(int64(start+w.between(0, 364*24*3600)), 0).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	case name[0] == '%':
		return fmt.Sprintf(name, w.number(arg))
	case alphabets[name] != "":
		alphabet, b := alphabets[name], make([]byte, w.number(arg))
		for i := range b {
			b[i] = alphabet[w.between(0, len(alphabet)-1)]
		}
		return string(b)
	}
	return strconv.Itoa(w.number(s))
}

// Random choices. All go through between, and the generator is asked for 64-bit
// words only: nothing depends on how math/rand/v2 makes other things of them.

// between returns a number from low to high, both included.
func (w *writer) between(low, high int) int {
	return low + int(w.rng.Uint64()%uint64(high-low+1))
}

func (w *writer) chance(percent string) bool { return w.between(0, 99) < w.number(percent) }

// number returns the number that s is, or one of a range.
func (w *writer) number(s string) int {
	low, high, found := strings.Cut(s, "-")
	from, err := strconv.Atoi(low)
	if found && err == nil {
		var to int
		to, err = strconv.Atoi(high)
		from = w.between(from, to)
	}
	if err != nil {
		panic("traffic.txt: no meaning for " + s)
	}
	return from
}

func (w *writer) path() (path string) {
	for range w.between(0, 4) {
		path += w.expand("/{word}")
	}
	path += "/"
	if w.chance("60") {
		path += w.expand("{segment 1-40}{||.html|.css|.js|.png}")
	}
	return path
}

// query returns a query component, or nothing.
func (w *writer) query(percent string) (query string) {
	if w.chance(percent) {
		for range w.between(1, 5) {
			query += w.expand("&{id|q|page|utm_source|v|sort|ref|lang}={base64url 1-20}")
		}
		query = "?" + query[1:]
	}
	return query
}

// cookie returns a cookie-string of n bytes, or a few more.
func (w *writer) cookie(n int) (s string) {
	for len(s) < n {
		if s != "" {
			s += "; "
		}
		s += w.expand("{_ga|_gid|session|csrftoken|consent|lang|theme|uid|ab|cart|_ga_{name 10}|pref_{lower 4}}=" +
			"{1|en|dark|{uuid}|GA1.1.{1-1073741824}.17{%08d 0-99999999}|{base64url 8-64}|{escaped 16-200}}")
	}
	return s
}
