package traffic

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"regexp"
	"testing"
)

// TestDeterministic pins the corpus of seed 1 on every platform, because figures can be compared
// only if they were measured on the same bytes. If you change the corpus, change the sums.
func TestDeterministic(t *testing.T) {
	sums := func(seed uint64) string {
		families, heads := sha256.New(), sha256.New()
		for _, h := range Heads(seed) {
			families.Write([]byte(h.Family))
			heads.Write(h.Bytes)
		}
		return fmt.Sprintf("%x\n%x", families.Sum(nil), heads.Sum(nil))
	}
	const want = "b5305926e40f8de7072051d642d719120ebdde91fe7b8f4936e99690762d66da\n" +
		"97c882299469bfd154f00933c6e53e8955e7dce66034a5d538bd52d3803453b3"
	if got := sums(1); got != want || sums(2) == want {
		t.Errorf("SHA-256 of seed 1 is\n%s, want\n%s, and another for seed 2", got, want)
	}
}

var strict = regexp.MustCompile(`^[A-Z]+ [!-~]+ HTTP/1\.1\r\n([A-Za-z0-9-]+: [!-~]([ -~]*[!-~])?\r\n)+\r\n$`)

// TestValid reads each head with net/http, and checks what net/http does not: that there is exactly
// one Host, and that each line is "Name: value" and CRLF.
func TestValid(t *testing.T) {
	for seed := range uint64(5) {
		for _, h := range Heads(seed) {
			r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(h.Bytes)))
			if err != nil || r.Host == "" || !strict.Match(h.Bytes) || bytes.Count(h.Bytes, []byte("\r\nHost: ")) != 1 {
				t.Errorf("seed %d, %s: %v: %q", seed, h.Family, err, h.Bytes)
			}
		}
	}
}
