package broken

import (
	"context"
	"math/big"
	"strings"
	"testing"

	"github.com/picohttp/picohttp/fuzz/differ"
)

// planted are the faults, and what a finding looks like that shows one: the strict
// parser does not accept what this one does.
var planted = map[string]func(f *differ.Finding) bool{
	"bare CR":                  func(f *differ.Finding) bool { return f.Rule == "bare-cr" },
	"duplicate Content-Length": func(f *differ.Finding) bool { return f.Rule == "content-length-repeated" },
	"chunk-size overflow": func(f *differ.Finding) bool {
		_, body, _ := strings.Cut(string(f.Input), "\r\n\r\n")
		line, _, _ := strings.Cut(body, "\r\n")
		size, ok := new(big.Int).SetString(line, 16)
		return f.Verdicts[1].Framing.Body.String() == "chunked" && ok && size.BitLen() > 32
	},
}

// TestFindsFaults: a run of a second or two finds each planted fault, whatever the seed.
func TestFindsFaults(t *testing.T) {
	for seed := range uint64(3) {
		r := differ.Run{Adaptors: []differ.Adaptor{differ.Picohttp()[0], Adaptor}, Count: 200_000, Random: seed}
		report, err := r.Do(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for name, shows := range planted {
			found := false
			for i := range report.Findings {
				f := &report.Findings[i]
				if f.Verdicts[0].Result != differ.Accept && f.Verdicts[1].Result == differ.Accept && shows(f) {
					found = true
				}
			}
			if !found {
				t.Errorf("seed %d: %s was not found by %d executions", seed, name, report.Executions)
			}
		}
	}
}

// TestPlanted: the faults are there, and without them the parser works.
func TestPlanted(t *testing.T) {
	for input, want := range map[string]int{
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello":                        52,
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n": 67,
		"GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n":                                             32,
		"POST / HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nhello":              62,
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n100000000\r\n\r\n":              60,
		"GET / HTTP/1.1\r\nHost : h\r\n\r\n":                                                  0,
	} {
		if _, n, err := Parse([]byte(input)); n != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %d, %v, want %d", input, n, err, want)
		}
	}
}
