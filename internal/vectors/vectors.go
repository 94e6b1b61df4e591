// Package vectors reads testdata for the tests and programs of all modules.
package vectors

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Vector is a test case. Its form is in CONTRIBUTING.md.
type Vector struct {
	Name  string
	Input []byte
	File  string
	Lines []Line // all others, in their order
}

// A Line is a line of a vector. Its words are Go strings, unquoted, or bare words.
type Line struct {
	Key    string // of an indented line, that of the line above
	Words  []string
	Number int // in its file
}

// Word returns the first word after a key, or "" if there is none.
func (v *Vector) Word(key string) string {
	for _, line := range v.Lines {
		if line.Key == key && len(line.Words) > 0 {
			return line.Words[0]
		}
	}
	return ""
}

// Read returns the vectors in the files of a folder. Each must have a name of its own.
func Read(folder string) (all []Vector, err error) {
	err = eachFile(folder, "*.txt", func(file, text string) (err error) {
		all, err = appendVectors(all, file, text)
		return err
	})
	return all, err
}

// Parse returns the vectors in the text of a file.
func Parse(file, text string) ([]Vector, error) { return appendVectors(nil, file, text) }

// A Head is a real request of testdata/heads.
type Head struct {
	Name  string
	Bytes []byte
}

// Heads returns the heads in a folder, the shortest first.
func Heads(folder string) (all []Head, err error) {
	err = eachFile(folder, "*.http", func(file, text string) error {
		all = append(all, Head{strings.TrimSuffix(filepath.Base(file), ".http"), []byte(text)})
		return nil
	})
	slices.SortFunc(all, func(a, b Head) int { return cmp.Compare(len(a.Bytes), len(b.Bytes)) })
	return all, err
}

// eachFile calls f for each file in a folder whose name matches pattern. It is an error if there
// is none.
func eachFile(folder, pattern string, f func(file, text string) error) error {
	files, err := filepath.Glob(filepath.Join(folder, pattern))
	if len(files) == 0 {
		return fmt.Errorf("no %s in %s: %w", pattern, folder, cmp.Or(err, os.ErrNotExist))
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err == nil {
			err = f(file, string(b))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func appendVectors(all []Vector, file, text string) ([]Vector, error) {
	key, v := "", (*Vector)(nil)
	for i, line := range strings.Split(text, "\n") {
		found := true
		switch {
		case strings.TrimSpace(line) == "":
			key, v = "", nil
			continue
		case line[0] == '#', line[0] == '>': // of package golden
			continue
		case line[0] != ' ':
			key, line, found = strings.Cut(line, ":")
		}
		words, err := wordsOf(line)
		same := func(v Vector) bool { return v.Name == words[0] }
		switch {
		case err != nil:
		case !found:
			err = fmt.Errorf("no key in %q", key)
		case v != nil && key == "name":
			err = fmt.Errorf("an empty line is missing before the name")
		case v != nil && key == "input":
			v.Input = append(v.Input, strings.Join(words, "")...)
		case v != nil:
			v.Lines = append(v.Lines, Line{key, words, i + 1})
		case key != "name" || len(words) != 1:
			err = fmt.Errorf("a vector begins with its name, not with %q", key)
		case slices.ContainsFunc(all, same):
			err = fmt.Errorf("another vector is named %s", words[0])
		default:
			all = append(all, Vector{Name: words[0], File: file})
			v = &all[len(all)-1]
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, i+1, err)
		}
	}
	return all, nil
}

var word = regexp.MustCompile(`"([^"\\]|\\.)*"|"|\*\s*\S*|[^"\s]+`)

// wordsOf returns the bare words and the unquoted Go strings of a line. "* n" after a word
// repeats it.
func wordsOf(line string) (words []string, err error) {
	for _, s := range word.FindAllString(line, -1) {
		if s[0] == '*' {
			count := strings.TrimSpace(s[1:])
			n, err := strconv.Atoi(count)
			if err != nil || n < 1 || len(words) == 0 {
				return nil, fmt.Errorf("cannot repeat %q times", count)
			}
			words[len(words)-1] = strings.Repeat(words[len(words)-1], n)
			continue
		}
		if s[0] == '"' {
			if s, err = strconv.Unquote(s); err != nil {
				return nil, fmt.Errorf("%w: %s", err, line)
			}
		}
		words = append(words, s)
	}
	return words, nil
}
