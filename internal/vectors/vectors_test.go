package vectors

import (
	"reflect"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	const text = `# a rule
name:  first
kind:  request
input: "a\x00" "b" * 3
       "c"
want:  malformed 20 field-name

name:  second
input: ""
# within
want:  complete 3
       method "GET"
`
	want := []Vector{
		{"first", []byte("a\x00bbbc"), "f", []Line{{"kind", []string{"request"}, 3}, {"want", []string{"malformed", "20", "field-name"}, 6}}},
		{"second", nil, "f", []Line{{"want", []string{"complete", "3"}, 11}, {"want", []string{"method", "GET"}, 12}}},
	}
	all, err := Parse("f", text)
	if err != nil || !reflect.DeepEqual(all, want) || all[0].Word("kind") != "request" || all[1].Word("kind") != "" {
		t.Fatalf("%+v, %v", all, err)
	}
	for text, want := range map[string]string{
		`input: "a"`:                      "f:1: a vector begins with its name, not with \"input\"",
		"name: a\n\n kind: b":             "f:3: a vector begins with its name",
		"name: a\n\nname: b\n\nname: a\n": "f:5: another vector is named a",
		"name: a\n\n b\n":                 "f:3: a vector begins with its name",
		"name: a\nname: b\n":              "f:2: an empty line is missing",
		"name: a\ninput \"x\"\n":          "f:2: no key in",
		"name: a\ninput: \"a\" * 0":       "f:2: cannot repeat \"0\" times",
		"name: a\ninput: \"a\" * b":       "f:2: cannot repeat \"b\" times",
		"name: a\ninput: * 3":             "f:2: cannot repeat \"3\" times",
		"name: a\ninput: \"a\" \"\\u20\"": "f:2: invalid syntax",
		"name: a\n# b\n\n\ninput: \"a":    "f:5: invalid syntax",
	} {
		if all, err := Parse("f", text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %+v, %v, want %s", text, all, err, want)
		}
	}
	read, err := Read("../../testdata/requests")
	heads, err2 := Heads("../../testdata/heads")
	if err != nil || err2 != nil || len(read) < 500 || len(heads) < 12 || len(heads[0].Bytes) > len(heads[1].Bytes) {
		t.Errorf("%d vectors, %v; %d heads, %v", len(read), err, len(heads), err2)
	}
	_, none := Read(".")
	if _, none2 := Heads("."); none == nil || none2 == nil {
		t.Errorf("no vectors: %v; no heads: %v", none, none2)
	}
}
