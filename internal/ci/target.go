package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The columns of the table: names of tests that must have passed. KERNEL stands for each
// kernel of the target, FAST for each except generic, and KIND for each kind of message. So
// a test that is renamed, skipped or deleted makes its target fail.
var columns = []struct{ name, tests string }{
	{"dispatch", "TestExpectedKernel TestKernelTable TestDispatch/KERNEL"},
	{"vectors", "TestVectors/KIND/KERNEL TestChunked TestFraming"},
	{"sweep", "TestSweep/KERNEL TestLengths/KERNEL"},
	{"guard", "TestGuardPages"},
	{"splits", "TestSplits/KIND/KERNEL TestPrefixes TestChunkedPrefixes"},
	{"equality", "TestKernelsAgree/FAST TestDenseLines/FAST"},
	{"grammar", "TestReference/requests TestReference/responses TestProfiles"},
	{"h1", "h1:TestDelivery h1:TestValidity"},
	{"nethttp", "nethttp:TestLikeNetHTTP nethttp:TestBodies"},
	{"command", "cmd/picohttp:TestParse cmd/picohttp:TestBatch cmd/picohttp:TestKernels"},
}

const fuzzCount = 10_000 // inputs of each fuzz target, the seeds among them

var fuzzTargets = []string{"FuzzKernels", "FuzzSplits", "FuzzReference", "FuzzChunked"}

// A target is a row of the table: one way to build and run the tests, and what became of it.
type target struct {
	name, how string
	packages  string   // ./... or .
	kernels   []string // that must run, and no others, the fastest first
	settings  []string // variables, and flags of go test
	emulator  string   // that runs its programs, if any
	skipped   string   // why it cannot run here

	ran    []string        // of the kernels
	cells  []string        // of the columns
	inputs int             // of the fuzz targets
	result string          // the last cell
	failed bool            // whether that is bad
	tests  map[string]bool // whether each passed, or was skipped; outside the root package after its folder and a colon
	log    []string        // lines to read if it failed
	oks    []string        // lines about packages
}

func newTarget(name, how, packages string, kernels []string, settings ...string) *target {
	t := &target{name: name, how: how, packages: packages, kernels: kernels, settings: settings, tests: map[string]bool{}}
	t.cells = slices.Repeat([]string{"-"}, len(columns))
	return t
}

// run runs the tests, and then fuzzes a little.
func (t *target) run() {
	if t.skipped != "" {
		t.result = map[bool]string{false: "skipped: ", true: "FAILED: "}[t.failed] + t.skipped
		return
	}
	began := time.Now()
	// Without vet, which is a step of its own in testall.sh and in CI.
	for line := range bytes.Lines(t.goTest("-json", "-count=1", "-vet=off", "-timeout=20m", t.packages)) {
		t.event(line)
	}
	t.judge()
	if !t.failed && !t.isRace() {
		t.fuzz()
	}
	seconds := int(time.Since(began).Seconds())
	t.result = fmt.Sprintf("%s, %d:%02d", map[bool]string{false: "passed", true: "FAILED"}[t.failed], seconds/60, seconds%60)
}

func (t *target) isRace() bool { return slices.Contains(t.settings, "-race") }

// text returns the lines about packages, or what there is to read about a fault.
func (t *target) text() string {
	if t.failed {
		return strings.Join(t.log[max(len(t.log)-200, 0):], "")
	}
	return strings.Join(t.oks, "")
}

func (t *target) fail(format string, args ...any) {
	t.failed = true
	t.log = append(t.log, "MISSING: "+fmt.Sprintf(format, args...)+"\n")
}

// goTest runs go test. Its flags are not in GOFLAGS, which tests that run go would see, too.
func (t *target) goTest(args ...string) []byte {
	return t.command("go", slices.Concat([]string{"test"}, t.settingsWith(true), args)...)
}

// settingsWith returns the flags among the settings, or the variables.
func (t *target) settingsWith(flags bool) []string {
	return slices.DeleteFunc(slices.Clone(t.settings), func(s string) bool { return strings.HasPrefix(s, "-") != flags })
}

// command returns what a command prints, which must succeed.
func (t *target) command(name string, args ...string) []byte {
	c := exec.Command(name, args...)
	c.Env = append(c.Environ(), "PICOHTTP_EXPECT_KERNEL="+t.kernels[0], "PICOHTTP_REQUIRE_KERNELS="+strings.Join(t.kernels, ","))
	c.Env = append(c.Env, t.settingsWith(false)...)
	output, err := c.CombinedOutput()
	if err != nil {
		t.fail("%v: %v", c, err)
	}
	return output
}

var noise = regexp.MustCompile(`^ *(=== |--- (PASS|SKIP): )`)

// event takes a line of go test -json, or of what goes wrong before it.
func (t *target) event(line []byte) {
	var event struct{ Action, Package, Test, Output string }
	if json.Unmarshal(line, &event) != nil {
		event.Output = string(line)
	}
	name := event.Test
	if folder, found := strings.CutPrefix(event.Package, "github.com/picohttp/picohttp/"); found {
		name = folder + ":" + name
	}
	switch {
	case event.Test != "" && (event.Action == "pass" || event.Action == "skip"):
		t.tests[name] = event.Action == "pass"
	case strings.HasPrefix(event.Output, "ok "):
		t.oks = append(t.oks, event.Output)
	case event.Output != "" && !noise.MatchString(event.Output):
		t.log = append(t.log, event.Output)
	}
}

// judge fills in the cells: which kernels and which tests have run. The target fails if a
// kernel that must run did not, or if a test was skipped for no good reason.
func (t *target) judge() {
	ran := map[string]bool{}
	for name, passed := range t.tests {
		_, kernel, ofKernel := strings.Cut(name, "/kernel=")
		switch {
		case passed && ofKernel:
			ran[kernel] = true
		case passed, ofKernel && !slices.Contains(t.kernels, kernel):
		case name == "TestConformance" && os.Getenv("PICOHTTP_CONFORMANCE") == "":
		case strings.HasSuffix(":"+name, ":TestAllocations") && t.isRace():
		default:
			t.fail("%s was skipped", name)
		}
	}
	for _, kernel := range t.kernels {
		if !ran[kernel] {
			t.fail("the kernel %s did not run", kernel)
			continue
		}
		t.ran = append(t.ran, kernel)
		delete(ran, kernel)
	}
	for kernel := range ran {
		t.fail("the kernel %s runs, but is not in the table of kernels", kernel)
	}
	for i, column := range columns {
		for test := range strings.FieldsSeq(column.tests) {
			if strings.Contains(test, ":") && t.packages == "." {
				continue
			}
			if t.cells[i] == "-" {
				t.cells[i] = "yes"
			}
			for _, name := range namesOf(test, t.kernels) {
				if !t.tests[name] {
					t.cells[i] = "NO"
					t.fail("%s: %s did not pass", column.name, name)
				}
			}
		}
	}
}

// namesOf returns the tests that a word of a column names.
func namesOf(test string, kernels []string) (names []string) {
	for _, kind := range []string{"requests", "responses", "trailers"} {
		for _, kernel := range kernels {
			if kernel != "generic" || !strings.Contains(test, "FAST") {
				kernel = "kernel=" + kernel
				names = append(names, strings.NewReplacer("KIND", kind, "KERNEL", kernel, "FAST", kernel).Replace(test))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

var execs = regexp.MustCompile(`execs: ([0-9]+) `)

// fuzz gives each fuzz target some inputs.
func (t *target) fuzz() {
	folder, err := os.MkdirTemp("", "picohttp")
	if err != nil {
		t.fail("%v", err)
		return
	}
	defer os.RemoveAll(folder)
	program := filepath.Join(folder, "test.exe")
	t.goTest("-c", "-o", program, ".")
	if t.emulator != "" {
		// The engine starts the binary again by its own name: under an emulator it has to
		// be a script. Instrumented, for coverage, it would be too slow there.
		script := fmt.Sprintf("#!/bin/sh\nexec %s -0 \"$0\" '%s' \"$@\"\n", t.emulator, program)
		program = filepath.Join(folder, "test.sh")
		if err := os.WriteFile(program, []byte(script), 0o777); err != nil {
			t.fail("%v", err)
		}
	}
	for _, name := range fuzzTargets {
		output := t.command(program, "-test.run=^$", "-test.fuzz=^"+name+"$", fmt.Sprintf("-test.fuzztime=%dx", fuzzCount),
			"-test.fuzzcachedir="+filepath.Join(folder, "cache"))
		tried := 0
		for _, m := range execs.FindAllSubmatch(output, -1) {
			tried, _ = strconv.Atoi(string(m[1]))
		}
		if t.inputs += tried; t.failed || tried < fuzzCount {
			t.fail("fuzz: %s has tried %d inputs:\n%s", name, tried, output)
		}
	}
}
