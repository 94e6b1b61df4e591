package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// formats says what the words of the response to a check are. The names and values of fields follow them.
// The loops that are timed take the words from index taken on, and sum their lengths.
var formats = map[string]struct {
	words []string
	taken int
}{
	"check-request":  {[]string{"result", "length", "method", "request-target", "minor version"}, 5},
	"check-response": {[]string{"result", "length", "minor version", "status code", "reason phrase"}, 5},
	"check-chunked":  {[]string{"result", "length", "content"}, 2},
	"check-serve": {[]string{"result", "content length", "keep-alive", "form of the target", "expectation of 100-continue",
		"other expectation", "upgrade", "host", "Accept-Encoding", "Cookie", "X-Absent"}, 7},
}

// checks returns the checks whose responses must agree before the task is timed.
func (t *task) checks() []string {
	if t.command == "serve-request" {
		return []string{"check-request", "check-serve"}
	}
	return []string{"check-" + string(t.kind)}
}

// agree asks every side about every message of a task. It returns the sum of the lengths of everything
// that is taken: names and values, or contents. It also returns, by name, how a side first differs
// from the first side, which is picohttp. It is an error if picohttp does not read all of a message, or
// accepts one that it should reject.
func agree(sides []*side, t *task) (lengths int, differ map[string]string, err error) {
	differ = map[string]string{}
	for _, check := range t.checks() {
		for i, m := range t.messages {
			want, err := sides[0].ask(check, i, 0)
			if err != nil {
				return 0, nil, err
			}
			words := strings.Fields(want)
			switch reject := t.command == "reject"; {
			case reject && want == "rejects":
				words = nil
			case reject || len(words) == 1:
				return 0, nil, fmt.Errorf("%s: picohttp %s", t.where(i), verdict(want))
			case check != "check-serve" && words[1] != strconv.Itoa(len(m)):
				return 0, nil, fmt.Errorf("%s: picohttp reads %s bytes of %d", t.where(i), words[1], len(m))
			}
			for _, word := range words[min(len(words), formats[check].taken):] {
				lengths += len(word) / 2
			}
			for _, s := range sides[1:] {
				if differ[s.name] != "" {
					continue
				}
				got, err := s.ask(check, i, 0)
				what := explain(check, want, got)
				if err != nil {
					what = err.Error()
				}
				if what != "" {
					differ[s.name] = t.where(i) + ": " + what
				}
			}
		}
	}
	return lengths, differ, nil
}

// verdict returns an answer of one word, and "accepts" for all others.
func verdict(answer string) string {
	if strings.Contains(answer, " ") {
		return "accepts"
	}
	return answer
}

// explain returns where an answer to a check first differs from picohttp's, with both values, or ""
// if they agree. A word is "-" if the parser does not report it.
func explain(check, want, got string) string {
	w, g := strings.Fields(want), strings.Fields(got)
	names, sorted := formats[check].words, ""
	switch {
	case want == got:
		return ""
	case len(w) < 2 || len(g) < 2:
		return "it " + verdict(got)
	case g[0] == "loose" && len(g) >= len(names):
		w, g = sortFields(w, len(names)), sortFields(g, len(names))
		w[0], sorted = g[0], "sorted "
	}
	w = append(w, slices.Repeat([]string{"missing"}, max(0, len(g)-len(w)))...)
	g = append(g, slices.Repeat([]string{"missing"}, max(0, len(w)-len(g)))...)
	for i := range w {
		if w[i] == g[i] || g[i] == "-" {
			continue
		}
		var name string
		if k := i - len(names); k < 0 {
			name = names[i]
		} else {
			name = fmt.Sprintf("%sfield %d: %s", sorted, k/2+1, []string{"name", "value"}[k%2])
		}
		return fmt.Sprintf("%s is %s, picohttp has %s", name, show(g[i]), show(w[i]))
	}
	return ""
}

// sortFields returns the words with the fields sorted and their names in lower case.
func sortFields(words []string, fixed int) []string {
	fields := slices.Collect(slices.Chunk(slices.Clone(words[fixed:]), 2))
	for _, f := range fields {
		if name, err := hex.DecodeString(f[0][1:]); err == nil {
			f[0] = fmt.Sprintf("x%x", bytes.ToLower(name))
		}
	}
	slices.SortFunc(fields, slices.Compare)
	return append(slices.Clone(words[:fixed]), slices.Concat(fields...)...)
}

// show returns a word of an answer as text.
func show(word string) string {
	text, err := hex.DecodeString(strings.TrimPrefix(word, "x"))
	if err != nil || !strings.HasPrefix(word, "x") {
		return word
	}
	return strconv.Quote(string(text))
}
