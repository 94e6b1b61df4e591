package service_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/picohttp/picohttp/examples/e2e"
	"github.com/picohttp/picohttp/examples/server"
	"github.com/picohttp/picohttp/examples/service"
	"github.com/picohttp/picohttp/internal/vectors"
)

var states = map[string]service.State{
	"Idle": service.Idle, "Head": service.Head, "Body": service.Body, "Closed": service.Closed,
}

// TestServe gives a Conn each input of testdata, whole, in two pieces and byte by byte, and
// wants the same bytes and the same state. (What is echoed in chunks has them as they come: of
// one byte here.) Once more the Conn is Full after each response.
func TestServe(t *testing.T) {
	for _, v := range e2e.Vectors(t, "testdata") {
		t.Run(v.Name, func(t *testing.T) {
			in := string(v.Input)
			for _, maxOut := range []int{service.DefaultLimits.MaxOut, 1} {
				compare(t, v, maxOut, in)
				for cut := range len(in) {
					compare(t, v, maxOut, in[:cut], in[cut:])
				}
				compare(t, v, maxOut, strings.Split(in, "")...)
			}
		})
	}
}

// TestNoMinRate has a rate of 0 count as a byte a second.
func TestNoMinRate(t *testing.T) {
	none := server.Timeouts{Body: time.Hour}
	server.NewConn(nil, &none).ExpectContent()
	before := time.Now()
	if got := service.Deadline(&none, before, service.Body, false, 5); got != before.Add(5*time.Second) {
		t.Error(got)
	}
}

func compare(t *testing.T, v vectors.Vector, maxOut int, pieces ...string) {
	t.Helper()
	c := service.Conn{Limits: &service.Limits{MaxBody: 10, MaxUnread: 20, MaxOut: maxOut}}
	var kept, got []byte
	state := service.Idle
	for _, piece := range pieces {
		kept = slices.Concat(kept, []byte(piece))
		for state = service.Full; state == service.Full; {
			// Bytes of its own that are gone afterwards show what was kept of them.
			lent := slices.Clone(kept)
			n, out, now := c.Serve(lent, nil)
			if !bytes.Equal(lent, kept) || now == service.Full && n == len(lent) {
				t.Fatal("Serve wrote to in, or is Full with nothing left")
			}
			if maxOut == 1 && bytes.Count(out, []byte("HTTP/1.1 200 ")) > 1 {
				t.Fatal("Serve is not Full after a response")
			}
			clear(lent)
			kept, got, state = kept[n:], append(got, out...), now
		}
	}
	if want := e2e.Text(v, "out"); string(got) != want || state != states[v.Word("state")] {
		t.Errorf("in %d pieces, the first %q: state %d,\n%q\nwant, state %s,\n%q",
			len(pieces), pieces[0], state, got, v.Word("state"), want)
	}
}
