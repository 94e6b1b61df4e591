package broken

import (
	"regexp"
	"testing"

	"github.com/picohttp/picohttp/fuzz/differ"
)

// planted are the faults, and what a finding looks like that shows one: the strict
// parser does not accept what this one does.
var planted = map[string]func(f *differ.Finding) bool{
	"bare CR":                  func(f *differ.Finding) bool { return f.Rule == "bare-cr" },
	"duplicate Content-Length": func(f *differ.Finding) bool { return f.Rule == "content-length-repeated" },
	"chunk-size overflow":      func(f *differ.Finding) bool { return overflow.Match(f.Input) },
}

// overflow is a chunk-size of 2^32 or more in the first chunk.
var overflow = regexp.MustCompile(`(?i)chunked\r\n(?:.*\r\n)*?\r\n0*[1-9a-f][0-9a-f]{8,}\r\n`)

// TestFindsFaults: a run of a second or two finds each planted fault, whatever the seed.
func TestFindsFaults(t *testing.T) {
	for seed := range uint64(3) {
		adaptors := []differ.Adaptor{differ.Picohttp()[0], Adaptor}
		r := differ.Run{Adaptors: adaptors, Count: 200_000, Random: seed}
		report, err := r.Do(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for name, shows := range planted {
			found := false
			for i := range report.Findings {
				f := &report.Findings[i]
				accepted := f.Verdicts[1].Result == differ.Accept && f.Verdicts[0].Result != differ.Accept
				found = found || accepted && shows(f)
			}
			if !found {
				t.Errorf("seed %d: %s was not found by %d executions", seed, name, report.Executions)
			}
		}
	}
}
