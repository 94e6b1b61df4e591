// Package recipients holds models of programs that read HTTP/1.x, and holds picohttp
// against them.
//
// A request is smuggled where two programs read the same bytes differently. The other
// program is not known, so a Model is a small parser with traits, each of which is
// what real software does: lines may end at CRLF alone, NUL may end the text, obs-fold
// may be dropped. A model accepts as much as it can, because a recipient that rejects a
// message is not deceived.
//
// Walk takes every sequence of a few symbols, such as "Content-Length", ":", VT and
// CRLF. Whatever picohttp accepts, each model reads too. A Finding is a message for
// which a model finds another end, another authority, or another protocol after it.
package recipients

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// A Model is a way to read messages: a set of traits. Without any it reads as RFC 9112
// recommends, or as is usual.
type Model uint64

// The traits, in the order of options.
const (
	atCRLF Model = 1 << iota
	atCR
	atVT
	atSeparator
	endFirst
	nulEndsLine
	nulEndsText
	dropsNUL
	whiteASCII
	whiteControl
	whiteLatin1
	whiteUTF8
	blankIsEmpty
	dropsFold
	foldIsOwn
	oddEndsFields
	oddEndsHead
	blankIsPart
	lastHost
	lastLength
	digitsFirst
	lastElement
	lengthDecides
	containsChunked
	firstCoding
	lastCoding
	ignoresCoding
	firstDigit
	minorZero
	wordsAtWhite
	wordsFirstAndLast
	hostDecides
	acceptsOld
	contentByFields
	twoBytes
)

// An option is traits of which a model has at most one, and what each of them means.
type option []struct {
	trait Model
	text  string
}

var options = []option{
	// The RFC allows a recipient to end lines at LF. Splitting at "\r\n" is as common.
	{{atCRLF, "lines end at CRLF alone"}},
	// Python's str.splitlines ends lines at all of these.
	{{atCR, "lines end at CR, too"}, {atVT, "lines end at VT and FF, too"},
		{atSeparator, "lines end at VT, FF, FS, GS and RS, too"}},
	// Many programs read up to the empty line first, and split that text with another function.
	{{endFirst, "the empty line is looked for first, among lines that end at LF or CRLF"}},
	// The head, or each line, may be a C string.
	{{nulEndsLine, "NUL ends its line"}, {nulEndsText, "NUL ends the text"},
		{dropsNUL, "NUL is dropped"}},
	// C's isspace, Java's String.trim, Python's str.strip after decoding.
	{{whiteASCII, "whitespace is SP and HTAB to CR"},
		{whiteControl, "whitespace is everything up to SP"},
		{whiteLatin1, "whitespace is that of Latin-1"}, {whiteUTF8, "whitespace is that of UTF-8"}},
	// Some programs strip a line before they test whether it is empty.
	{{blankIsEmpty, "a line of whitespace is the empty line"}},
	// Without either, it continues the value.
	{{dropsFold, "a folded line is dropped"}, {foldIsOwn, "a folded line is a line of its own"}},
	// Python reads HTTP fields with its mail parsers, for which a name has visible characters
	// alone. The one of today reads up to the empty line and drops the rest of it; the one
	// before left the rest for the content. Other programs skip the line.
	{{oddEndsFields, "a line that is no field line ends the fields"},
		{oddEndsHead, "a line that is no field line begins the content"}},
	// Then the field is an unknown one.
	{{blankIsPart, "whitespace before a colon is part of the name"}},
	{{lastHost, "the last Host counts"}},
	{{lastLength, "the last Content-Length counts"}},
	// C's strtol stops at the first byte that is not a digit.
	{{digitsFirst, "Content-Length is the digits it begins with"},
		{lastElement, "Content-Length is the last element of its list"}},
	{{lengthDecides, "Content-Length overrides Transfer-Encoding"}},
	{{containsChunked, "a body is chunked if Transfer-Encoding contains chunked"}},
	{{firstCoding, "the first Transfer-Encoding counts alone"},
		{lastCoding, "the last Transfer-Encoding counts alone"}},
	{{ignoresCoding, "Transfer-Encoding in HTTP/1.0 is ignored"}},
	{{firstDigit, "a minor version of several digits is its first digit"},
		{minorZero, "a minor version of several digits is 0"}},
	{{wordsAtWhite, "the start-line is split at whitespace"},
		{wordsFirstAndLast, "the start-line is split at the first and the last SP"}},
	{{hostDecides, "Host overrides an absolute-form"}},
	{{acceptsOld, "HTTP/0.9 is accepted"}},
	{{contentByFields, "1xx and 204 have the content that their fields say"}},
	// Without it, a line end is skipped.
	{{twoBytes, "two bytes are skipped after chunk-data"}},
}

// has reports whether the model has one of some traits.
func (m Model) has(traits Model) bool { return m&traits != 0 }

// String describes how the model differs from the empty one.
func (m Model) String() string {
	var parts []string
	for _, o := range options {
		for _, t := range o {
			if m.has(t.trait) {
				parts = append(parts, t.text)
			}
		}
	}
	if parts == nil {
		return "as recommended"
	}
	return strings.Join(parts, "; ")
}

// choices returns what a model may have of the option, nothing or one of its traits, and all
// of these together.
func (o option) choices() (choices []Model, all Model) {
	choices = []Model{0}
	for _, t := range o {
		choices = append(choices, t.trait)
		all |= t.trait
	}
	return choices, all
}

// A combination is a choice for each of some options.
type combination struct{ options, choices Model }

func (c combination) isIn(m Model) bool { return m&c.options == c.choices }

// combinations returns all combinations of n of some options.
func combinations(n int, options []option) (all []combination) {
	if n == 0 {
		return []combination{{}}
	}
	for i, o := range options {
		choices, traits := o.choices()
		rest := combinations(n-1, options[i+1:])
		for _, choice := range choices {
			for _, c := range rest {
				all = append(all, combination{c.options | traits, c.choices | choice})
			}
		}
	}
	return all
}

// Models returns models that together have each combination of choices for each strength
// options. Two differences in how programs read are enough for most exploits, so 2 is a
// good strength; 3 takes five times as many models. All of them would be 10^10.
//
// The models are the same in every run. The first one is the empty one.
func Models(strength int) []Model {
	rng := rand.New(rand.NewPCG(1, 2))
	models := []Model{0}
	left := combinations(strength, options)
	for {
		left = slices.DeleteFunc(left, func(c combination) bool { return c.isIn(models[len(models)-1]) })
		if len(left) == 0 {
			return models
		}
		best, most := Model(0), 0
		for range 5 {
			m := candidate(rng, left)
			if n := count(left, m); n > most {
				best, most = m, n
			}
		}
		models = append(models, best)
	}
}

// candidate returns a random model that has one of the combinations left, improved option by
// option.
func candidate(rng *rand.Rand, left []combination) (m Model) {
	for _, o := range options {
		choices, _ := o.choices()
		m |= choices[rng.IntN(len(choices))]
	}
	wanted := left[rng.IntN(len(left))]
	m = m&^wanted.options | wanted.choices
	for _, i := range rng.Perm(len(options)) {
		choices, traits := options[i].choices()
		rest, most := m&^traits, -1
		for _, choice := range choices {
			if n := count(left, rest|choice); n > most {
				most, m = n, rest|choice
			}
		}
	}
	return m
}

// count returns how many of some combinations a model has.
func count(combinations []combination, m Model) (n int) {
	for _, c := range combinations {
		if c.isIn(m) {
			n++
		}
	}
	return n
}
