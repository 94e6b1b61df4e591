package service

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/picohttp/picohttp/internal/vectors"
)

var states = map[string]State{"Idle": Idle, "Head": Head, "Body": Body, "Closed": Closed}

// TestServe gives a Conn each input of testdata, whole, in two pieces and byte by byte, and
// wants the same bytes and the same state. (What is echoed in chunks has them as they come: of
// one byte here.) Once more the Conn is Full after each response.
func TestServe(t *testing.T) {
	all, err := vectors.Read("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		t.Run(v.Name, func(t *testing.T) {
			in := string(v.Input)
			for _, maxOut := range []int{0, 1} {
				compare(t, v, maxOut, in)
				for cut := range len(in) {
					compare(t, v, maxOut, in[:cut], in[cut:])
				}
				compare(t, v, maxOut, strings.Split(in, "")...)
			}
		})
	}
}

func compare(t *testing.T, v vectors.Vector, maxOut int, pieces ...string) {
	t.Helper()
	c := Conn{Limits: &Limits{MaxBody: 10, MaxUnread: 20, MaxOut: maxOut}}
	var kept, got []byte
	state := Idle
	for _, piece := range pieces {
		kept = slices.Concat(kept, []byte(piece))
		for state = Full; state == Full; {
			// Bytes of its own that are gone afterwards show what was kept of them.
			lent := slices.Clone(kept)
			var n int
			var out []byte
			n, out, state = c.Serve(lent, nil)
			if !bytes.Equal(lent, kept) || state == Full && n == len(lent) {
				t.Fatal("Serve wrote to in, or is Full with nothing left")
			}
			clear(lent)
			kept, got = kept[n:], append(got, out...)
		}
	}
	want := ""
	for _, line := range v.Lines {
		if line.Key == "out" {
			want += strings.Join(line.Words, "")
		}
	}
	if string(got) != want || state != states[v.Word("state")] {
		t.Errorf("in %d pieces, the first %q: state %d,\n%q\nwant, state %s,\n%q", len(pieces), pieces[0], state, got, v.Word("state"), want)
	}
}
