// Package vectors reads testdata for the tests and programs of all modules.
package vectors

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
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

// A Line is a line of a vector: what Go strings stand for, or bare words.
type Line struct {
	Key    string // an indented line has that of the line above
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

// Read returns the vectors in a folder, of which no two may have one name.
func Read(folder string) (all []Vector, err error) {
	err = eachFile(folder, "*.txt", func(file string, b []byte) (err error) {
		all, err = appendVectors(all, file, string(b))
		return err
	})
	return all, err
}

// eachFile calls f for each file of a folder with a name like pattern, of which there must
// be one.
func eachFile(folder, pattern string, f func(file string, b []byte) error) error {
	files, err := filepath.Glob(filepath.Join(folder, pattern))
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("no %s in %s", pattern, folder)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err == nil {
			err = f(file, b)
		}
		if err != nil {
			return err
		}
	}
	return err
}

// Parse returns the vectors in the text of a file.
func Parse(file, text string) ([]Vector, error) { return appendVectors(nil, file, text) }

func appendVectors(all []Vector, file, text string) ([]Vector, error) {
	var v *Vector
	key, number := "", 0
	for line := range strings.Lines(text) {
		number++
		fail := func(format string, args ...any) ([]Vector, error) {
			return nil, fmt.Errorf("%s:%d: %w", file, number, fmt.Errorf(format, args...))
		}
		switch line = strings.TrimSuffix(line, "\n"); {
		case strings.TrimSpace(line) == "":
			v, key = nil, ""
			continue
		case line[0] == '#', line[0] == '>': // of package golden
			continue
		case line[0] != ' ':
			var found bool
			if key, line, found = strings.Cut(line, ":"); !found {
				return fail("no key in %q", key)
			}
		}
		words, err := splitWords(line)
		switch {
		case err != nil:
			return fail("%w", err)
		case v == nil && (key != "name" || len(words) != 1):
			return fail("a vector begins with its name, not with %s", key)
		case v == nil:
			for _, before := range all {
				if before.Name == words[0] {
					return fail("another vector is named %s, in %s", words[0], before.File)
				}
			}
			all = append(all, Vector{Name: words[0], File: file})
			v = &all[len(all)-1]
		case key == "name":
			return fail("an empty line is missing before the name")
		case key == "input":
			v.Input = append(v.Input, strings.Join(words, "")...)
		default:
			v.Lines = append(v.Lines, Line{key, words, number})
		}
	}
	return all, nil
}

// splitWords takes a line apart: bare words and Go strings, of which one may be
// followed by "* n" to repeat it.
func splitWords(line string) (words []string, err error) {
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		if line[0] == '"' {
			quoted, err := strconv.QuotedPrefix(line)
			if err != nil {
				return nil, fmt.Errorf("%w: %s", err, line)
			}
			word, err := strconv.Unquote(quoted)
			if err != nil {
				return nil, fmt.Errorf("%w: %s", err, quoted)
			}
			words = append(words, word)
			line = line[len(quoted):]
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		line = rest
		if word != "*" {
			words = append(words, word)
			continue
		}
		count, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, err := strconv.Atoi(count)
		if err != nil || n < 1 || len(words) == 0 {
			return nil, fmt.Errorf("cannot repeat %q times", count)
		}
		words[len(words)-1] = strings.Repeat(words[len(words)-1], n)
		line = rest
	}
	return words, nil
}

// A Head is a real request of testdata/heads.
type Head struct {
	Name  string
	Bytes []byte
}

// Heads returns the heads in a folder, the shortest first.
func Heads(folder string) (all []Head, err error) {
	err = eachFile(folder, "*.http", func(file string, b []byte) error {
		all = append(all, Head{strings.TrimSuffix(filepath.Base(file), ".http"), b})
		return nil
	})
	slices.SortFunc(all, func(a, b Head) int { return cmp.Compare(len(a.Bytes), len(b.Bytes)) })
	return all, err
}
