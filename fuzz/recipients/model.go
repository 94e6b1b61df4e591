// Package recipients holds models of programs that read HTTP/1.x, and holds picohttp
// against them.
//
// A request is smuggled where two programs read the same bytes differently. The other
// program is not known, so a Model is a small parser with options, each of which is
// what real software does: lines may end at CRLF alone, NUL may end the text, obs-fold
// may be dropped. A model accepts as much as it can, because a recipient that rejects a
// message is not deceived.
//
// Walk takes every sequence of a few symbols, such as "Content-Length", ":", VT and
// CRLF. Whatever picohttp accepts, each model reads too. A Finding is a message for
// which a model finds another end, another authority, or another protocol after it.
package recipients

import "strings"

// A Model is a way to read messages: a value for each option. The zero Model is what
// RFC 9112 recommends.
type Model [optionCount]uint8

// The options of a Model.
const (
	lineEnd = iota
	alsoAt
	textLines
	nul
	white
	blankLine
	fold
	oddLine
	blankName
	whichHost
	whichLength
	number
	decides
	coding
	codingLines
	oldCoding
	minor
	words
	authority
	oldRequest
	noContent
	dataEnd
	optionCount
)

// The values of the options, other than the first of each, which is 0.
const (
	atCRLF = 1 // of lineEnd

	atCR        = 1 // of alsoAt
	atVT        = 2
	atSeparator = 3

	endFirst = 1 // of textLines

	endsLine = 1 // of nul
	endsText = 2
	dropsNUL = 3

	whiteASCII   = 1 // of white
	whiteControl = 2
	whiteLatin1  = 3
	whiteUTF8    = 4

	blankIsEmpty = 1 // of blankLine

	dropsFold = 1 // of fold
	foldIsOwn = 2

	endsFields = 1 // of oddLine
	endsHead   = 2

	blankIsPart = 1 // of blankName

	last  = 1 // of whichHost, whichLength
	first = 1 // of codingLines
	final = 2

	digitsFirst = 1 // of number
	lastElement = 2

	lengthDecides = 1 // of decides

	containsChunked = 1 // of coding

	ignoresCoding = 1 // of oldCoding

	firstDigit = 1 // of minor
	minorZero  = 2

	atWhite     = 1 // of words
	firstAndEnd = 2

	hostDecides = 1 // of authority

	acceptsOld = 1 // of oldRequest

	byFields = 1 // of noContent

	twoBytes = 1 // of dataEnd
)

// options describes each option and its values. The first value is the one that RFC 9112
// recommends, or the usual one.
var options = [optionCount]struct {
	about  string
	values []string
}{
	// The RFC allows a recipient to end lines at LF. Splitting at "\r\n" is as common.
	lineEnd: {"lines end at", []string{"LF", "CRLF alone"}},
	// Python's str.splitlines ends lines at all of these.
	alsoAt: {"and at", []string{"nothing else", "CR", "VT, FF", "VT, FF, FS, GS, RS"}},
	// Many programs read up to the empty line first, and split that text with another function.
	textLines: {"the empty line is looked for", []string{"among all these lines", "first, among lines that end at LF or CRLF"}},
	// The head, or each line, may be a C string.
	nul: {"NUL", []string{"is a byte like any other", "ends its line", "ends the text", "is dropped"}},
	// C's isspace, Java's String.trim, Python's str.strip after decoding.
	white: {"whitespace is", []string{"SP and HTAB", "SP and HTAB to CR", "everything up to SP", "that of Latin-1", "that of UTF-8"}},
	// Some programs strip a line before they test whether it is empty.
	blankLine: {"a line of whitespace", []string{"is not the empty line", "is the empty line"}},
	fold:      {"a folded line", []string{"continues the value", "is dropped", "is a line of its own"}},
	// Python reads HTTP fields with its mail parsers, for which a name has visible characters
	// alone. The one of today reads up to the empty line and drops the rest of it; the one
	// before left the rest for the content.
	oddLine: {"a line that is no field line", []string{"is skipped", "ends the fields", "is the first of the content"}},
	// If it is part of the name, the field is an unknown one.
	blankName: {"whitespace before a colon", []string{"is removed", "is part of the name"}},

	whichHost:   {"of several Host, it takes", []string{"the first", "the last"}},
	whichLength: {"of several Content-Length, it takes", []string{"the first", "the last"}},
	// C's strtol stops at the first byte that is not a digit.
	number:  {"Content-Length is", []string{"a number", "the digits it begins with", "the last element of its list"}},
	decides: {"of Transfer-Encoding and Content-Length", []string{"the first decides", "the second decides"}},
	coding:  {"a body is chunked if Transfer-Encoding", []string{"ends in chunked", "contains chunked"}},
	codingLines: {"of several Transfer-Encoding, it takes",
		[]string{"all", "the first", "the last"}},
	oldCoding: {"Transfer-Encoding in HTTP/1.0", []string{"counts", "is ignored"}},
	minor:     {"a minor version of several digits", []string{"is a number", "is its first digit", "is 0"}},
	words: {"the start-line is split",
		[]string{"at each SP", "at whitespace", "at the first and the last SP"}},
	authority:  {"an absolute-form", []string{"replaces Host", "does not, if there is one"}},
	oldRequest: {"HTTP/0.9", []string{"is rejected", "is accepted"}},
	noContent:  {"1xx and 204", []string{"have no content", "have the content that their fields say"}},
	dataEnd:    {"after chunk-data, it skips", []string{"a line end", "two bytes"}},
}

// String describes how the model differs from the zero Model.
func (m *Model) String() string {
	var parts []string
	for i, value := range m {
		if value != 0 {
			parts = append(parts, options[i].about+" "+options[i].values[value])
		}
	}
	if parts == nil {
		return "as recommended"
	}
	return strings.Join(parts, "; ")
}
