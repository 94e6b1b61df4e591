package vectors

import (
	"reflect"
	"testing"
)

func TestRead(t *testing.T) {
	const text = `# a rule
name:  first
kind:  request
limits: head=3
input: "a\x00" "b" * 3
       "c"
want:  malformed 20 field-name

name:  second
input: ""
want:  complete 3
       method "GET"
`
	want := []Vector{{"first", "request", []byte("a\x00bbbc"), "malformed", true}, {"second", "", nil, "complete", false}}
	if all, err := appendVectors(nil, text); err != nil || !reflect.DeepEqual(all, want) {
		t.Errorf("%+v, %v", all, err)
	}
	if all, err := appendVectors(nil, `input: "a"`); err == nil {
		t.Errorf("without a name: %+v", all)
	}
	for line, want := range map[string]string{
		``:                         "",
		`"a\r\n" "b"`:              "a\r\nb",
		`"x" "ab" * 3 "\x80"`:      "xababab\x80",
		`"a" * 0 "b"   * 2 "\u20"`: "error",
		`"a" * 0`:                  "error",
		`a`:                        "error",
		`"a" * b`:                  "error",
	} {
		got, err := appendStrings(nil, line)
		if err != nil {
			got = []byte("error")
		}
		if string(got) != want {
			t.Errorf("%s is %q (%v), want %q", line, got, err, want)
		}
	}
	if all, err := Read("../../testdata/requests"); err != nil || len(all) < 500 {
		t.Errorf("%d vectors, %v", len(all), err)
	}
	if _, err := Read("."); err == nil {
		t.Error("no vectors, and no error")
	}
}
