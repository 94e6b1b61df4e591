package broken

import (
	"context"
	"slices"
	"testing"

	"github.com/picohttp/picohttp/fuzz/differ"
)

// TestFindsFaults: a run of a second or two finds each planted fault, under the
// name of the rule, as accepted by this parser and refused by the strict one.
func TestFindsFaults(t *testing.T) {
	planted := []string{"bare-cr", "content-length-repeated", "chunk-size"}
	for seed := range uint64(3) {
		r := differ.Run{Adaptors: []differ.Adaptor{differ.Picohttp()[0], Adaptor}, Count: 50_000, Random: seed}
		report, err := r.Do(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, rule := range planted {
			if !slices.ContainsFunc(report.Findings, func(f differ.Finding) bool {
				return f.Rule == rule && f.Class == differ.AcceptanceDiffers &&
					f.Verdicts[0].Result == differ.Reject && f.Verdicts[1].Result == differ.Accept
			}) {
				t.Errorf("seed %d: %s was not found by %d executions", seed, rule, report.Executions)
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
