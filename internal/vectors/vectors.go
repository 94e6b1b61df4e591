// Package vectors reads the test vectors in testdata for the nested modules. The tests
// of the root module read all there is in them; this is what others ask for.
package vectors

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A Vector is a test case. Its form is in CONTRIBUTING.md.
type Vector struct {
	Name   string
	Kind   string // of framing: request or response
	Input  []byte
	Want   string // the first word: complete, incomplete or malformed, or of framing
	Limits bool   // it is about other limits than the default ones
}

// Read returns the vectors in a folder.
func Read(folder string) (all []Vector, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.txt"))
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("no vectors in %s", folder)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil {
			all, err = appendVectors(all, string(text))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return all, err
}

func appendVectors(all []Vector, text string) ([]Vector, error) {
	key := ""
	for line := range strings.Lines(text) {
		switch line = strings.TrimSuffix(line, "\n"); {
		case line == "", line[0] == '#':
			continue
		case line[0] != ' ':
			key, line, _ = strings.Cut(line, ":")
		}
		line = strings.TrimSpace(line)
		if key == "name" {
			all = append(all, Vector{Name: line})
		} else if len(all) == 0 {
			return nil, fmt.Errorf("a vector begins with its name, not with %s", key)
		}
		v := &all[len(all)-1]
		switch key {
		case "kind":
			v.Kind = line
		case "limits":
			v.Limits = true
		case "want":
			if v.Want == "" {
				v.Want, _, _ = strings.Cut(line, " ")
			}
		case "input":
			var err error
			if v.Input, err = appendStrings(v.Input, line); err != nil {
				return nil, fmt.Errorf("%s: %w", v.Name, err)
			}
		}
	}
	return all, nil
}

// appendStrings appends the Go strings of a line, of which one may be followed by "* n".
func appendStrings(b []byte, line string) ([]byte, error) {
	last := ""
	for ; line != ""; line = strings.TrimSpace(line) {
		if times, found := strings.CutPrefix(line, "*"); found {
			var count string
			count, line, _ = strings.Cut(strings.TrimSpace(times), " ")
			n, err := strconv.Atoi(count)
			if err != nil || n < 1 {
				return nil, fmt.Errorf("cannot repeat %q times", count)
			}
			b = append(b, strings.Repeat(last, n-1)...)
			continue
		}
		quoted, err := strconv.QuotedPrefix(line)
		if err == nil {
			last, err = strconv.Unquote(quoted)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %s", err, line)
		}
		b = append(b, last...)
		line = line[len(quoted):]
	}
	return b, nil
}
