package mutate

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

const message = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"

var donors = [][]byte{[]byte("GET / HTTP/1.0\r\nDonor: d\r\n\r\n"), {}, []byte("\n")}

// TestReaches: each change that a person would try is some single step.
func TestReaches(t *testing.T) {
	left := map[string]bool{}
	for _, want := range []string{
		"Host: h\r\nHost: h\r\n",                            // duplicate
		"Content-Length: 6\r\nContent-Length: 5\r\n",        // with another number
		"/1.1\r\nContent-Length: 5\r\nHost: h\r\n\r\nhello", // move
		"POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\n",     // remove
		"Host:\r\n  h", // fold
		"Host : h",     // white space before the colon
		"Host:\th",
		"POST  /a",
		"HTTP/1.1 \r\n",
		" Host: h",
		"Host: h\n",  // line ends
		"Host: h\rC", //
		"Host: h\r\r\n",
		"hOST: H", // case
		"pOST /a",
		"Length: +5", // numbers
		"Length: 5, 5",
		"Length: 100000005",
		"Length: 10000000000000005",
		"Length: 18446744073709551621",
		"Length: 4294967301",
		"Length: 0x5",
		"Donor: d\r\nHost", // splice
		"Transfer-Encoding: chunked\r\nHost: h",
		"Host\x00 h",
		"Host: h\r\n\r\nContent-Length", // split
	} {
		left[want] = true
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		script := []byte{byte(rng.Uint32()), byte(rng.Uint32()), byte(rng.Uint32()), byte(rng.Uint32())}
		b := Apply([]byte(message), script, donors)
		for want := range left {
			if strings.Contains(string(b), want) {
				delete(left, want)
			}
		}
		if decoded := Decode([]byte(message+string(script)+"\xf1"), donors); !bytes.Equal(decoded, b) {
			t.Fatalf("%v: Decode makes %q of it, Apply %q", script, decoded, b)
		}
	}
	for want := range left {
		t.Errorf("no step makes %q of\n%q", want, message)
	}
}

// TestAnything: no message and no script is too odd, and neither is written to.
func TestAnything(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	b := []byte(message)
	for range 20_000 {
		before := bytes.Clone(b)
		next := Random(rng, b, donors)
		if rng.IntN(4) == 0 {
			script := []byte{byte(rng.Uint32()), byte(rng.Uint32()), 0xf0 | byte(rng.Uint32())}
			next = Decode(append(bytes.Clone(b), script...), donors)
		}
		if !bytes.Equal(b, before) {
			t.Fatalf("%q was written to", before)
		}
		if len(next) > 129*maxBytes {
			t.Fatalf("%d bytes became %d", len(b), len(next))
		}
		if b = next; len(b) > 4<<10 || rng.IntN(50) == 0 {
			b = bytes.Clone(b[:rng.IntN(min(len(b), 100)+1)])
		}
	}
}

// TestDecode: seeds are messages as they are.
func TestDecode(t *testing.T) {
	for _, b := range []string{"", message, "x\x00", "\xef"} {
		if got := Decode([]byte(b), nil); string(got) != b {
			t.Errorf("%q became %q", b, got)
		}
	}
	if got := Decode([]byte("x\xff"), nil); string(got) != "x" {
		t.Errorf("%q: a script that is not all there", got)
	}
	if len(words) < 80 || len(fieldLines) < 20 {
		t.Errorf("%d words, %d field lines", len(words), len(fieldLines))
	}
}
