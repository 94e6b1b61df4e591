package main

import (
	"maps"
	"strings"
	"testing"
)

// TestJudge: a target fails if a kernel or a test of the table did not run.
func TestJudge(t *testing.T) {
	kernels := []string{"avx2", "generic"}
	all := map[string]bool{"TestSweep/kernel=avx512": false} // a kernel that this target does not run
	for _, column := range columns {
		for test := range strings.FieldsSeq(column.tests) {
			for _, name := range namesOf(test, kernels) {
				all[name] = true
			}
		}
	}
	for why, spoil := range map[string]func(tests map[string]bool){
		"": func(map[string]bool) {},
		"the kernel avx2 did not run": func(tests map[string]bool) {
			maps.DeleteFunc(tests, func(name string, _ bool) bool { return strings.HasSuffix(name, "/kernel=avx2") })
		},
		"the kernel sse42 runs, but":                    func(tests map[string]bool) { tests["TestSweep/kernel=sse42"] = true },
		"TestDispatch/kernel=avx2 was skipped":          func(tests map[string]bool) { tests["TestDispatch/kernel=avx2"] = false },
		"h1:TestOther was skipped":                      func(tests map[string]bool) { tests["h1:TestOther"] = false },
		"equality: TestDenseLines/kernel=avx2 did not":  func(tests map[string]bool) { delete(tests, "TestDenseLines/kernel=avx2") },
		"command: cmd/picohttp:TestBatch did not pass":  func(tests map[string]bool) { delete(tests, "cmd/picohttp:TestBatch") },
		"vectors: TestVectors/trailers/kernel=generic ": func(tests map[string]bool) { delete(tests, "TestVectors/trailers/kernel=generic") },
	} {
		target := newTarget("", "", "./...", kernels)
		target.tests = maps.Clone(all)
		spoil(target.tests)
		target.judge()
		if target.failed != (why != "") || !strings.Contains(target.text(), why) {
			t.Errorf("%s: failed is %v\n%s", why, target.failed, target.text())
		}
	}
}
