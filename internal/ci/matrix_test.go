//go:build matrix

// Package ci checks the instructions of the assembly. With the tag matrix it also runs the tests
// of this module on every target, or on one, such as:
//
//	go test -tags matrix -v -timeout 1h -run Emulated/linux/s390x ./internal/ci
//
// On Linux the native targets need gcc, for the race detector. The emulated ones need Linux
// and Debian's package qemu-user-static.
package ci

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/cpuid/v2"
)

// kernels has all kernels but generic, the fastest first: what the CPU must have for each, and the
// setting of GODEBUG that disables it, so that the next one runs. On purpose, the table repeats
// parse_<arch>.go, and another library detects what the CPU has. So a wrong detection fails here.
var kernels = []struct {
	arch, name string
	needs      []cpuid.FeatureID
	off        string
}{
	{"amd64", "avx512", []cpuid.FeatureID{cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512VL, cpuid.AVX512VBMI, cpuid.AVX512VBMI2,
		cpuid.POPCNT, cpuid.AVX2, cpuid.BMI1, cpuid.BMI2, cpuid.SSSE3, cpuid.SSE42}, "cpu.avx512bw=off"},
	{"amd64", "avx2", []cpuid.FeatureID{cpuid.AVX2, cpuid.BMI1, cpuid.BMI2, cpuid.SSSE3, cpuid.SSE42}, "cpu.avx2=off"},
	{"amd64", "sse42", []cpuid.FeatureID{cpuid.SSSE3, cpuid.SSE42}, "cpu.sse42=off"},
	{"arm64", "neon", nil, "cpu.asimd=off"}, // every arm64 has it
}

// kernelsOf returns the kernels that must run: those that this CPU can run, or all of an
// architecture that is emulated.
func kernelsOf(arch string) (names []string) {
	for _, k := range kernels {
		if k.arch == arch && (arch != runtime.GOARCH || cpuid.CPU.Supports(k.needs...)) {
			names = append(names, k.name)
		}
	}
	return append(names, "generic")
}

// required has the tests that must pass on each target. So a target fails if one of them is
// renamed, skipped or deleted. KERNEL stands for each kernel of the target. Tests with a colon are
// not in the root package, and only targets of all packages run them.
const required = `TestExpectedKernel TestKernelTable TestDispatch/KERNEL TestChunked TestFraming TestProfiles
	TestVectors/requests/KERNEL TestVectors/responses/KERNEL TestVectors/trailers/KERNEL
	TestSplits/requests/KERNEL TestSplits/responses/KERNEL TestSplits/trailers/KERNEL
	TestPrefixes TestChunkedPrefixes TestReference/requests TestReference/responses TestGuardPages
	TestSweep/KERNEL TestLengths/KERNEL TestKernelsAgree/KERNEL TestDenseLines/KERNEL
	h1:TestDelivery h1:TestValidity nethttp:TestLikeNetHTTP nethttp:TestBodies
	cmd/picohttp:TestParse cmd/picohttp:TestBatch cmd/picohttp:TestKernels internal/ci:TestAssembly`

// A target is one way to build and run the tests.
type target struct {
	packages string   // ./... or .
	kernels  []string // that must run, and no others, the fastest first
	emulator string   // that runs its programs, or ""
	env      string   // variables of the environment
	flags    []string // of go test; in GOFLAGS, tests that run go would see them, too
}

// TestNative runs the tests on the targets whose programs this machine runs.
func TestNative(t *testing.T) {
	t.Parallel()
	const host = runtime.GOOS + "/" + runtime.GOARCH
	here, generic := kernelsOf(runtime.GOARCH), []string{"generic"}
	run := func(name, packages string, kernels []string, can bool, why, env string, flags ...string) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !can {
				t.Skip(why)
			}
			target{packages, kernels, "", env, flags}.test(t)
		})
	}
	run(host, "./...", here, true, "", "GOAMD64=v1")
	run(host+" purego", "./...", generic, true, "", "", "-tags=purego")
	if runtime.GOOS != "linux" {
		return
	}
	run(host+" race", "./...", here, true, "", "", "-race")
	left, off := here, "GODEBUG="
	for _, k := range kernels {
		if k.arch == runtime.GOARCH {
			can := left[0] == k.name
			if can {
				left = left[1:]
			}
			off += k.off + ","
			run(host+" "+k.off, ".", left, can, "the CPU does not run "+k.name, off)
		}
	}
	if runtime.GOARCH != "amd64" {
		return
	}
	probe := exec.Command("go", "test", "-count=1", "-run=^$", "errors")
	probe.Env = append(probe.Environ(), "GOARCH=386", "CGO_ENABLED=0")
	output, err := probe.CombinedOutput()
	run("linux/386", "./...", generic, err == nil || os.Getenv("CI") == "true", "this machine cannot run 386 programs: "+string(output),
		"GOARCH=386 CGO_ENABLED=0")
	for level := 2; level <= 4; level++ {
		setting := fmt.Sprint("GOAMD64=v", level)
		run(host+" "+setting, ".", here, level <= cpuid.CPU.X64Level(), "the CPU is of a lower level", setting)
	}
}

// TestEmulated runs the tests, in their short form, on the targets that qemu runs.
func TestEmulated(t *testing.T) {
	t.Parallel()
	for _, arch := range []string{"arm64", "arm", "riscv64", "s390x"} {
		t.Run("linux/"+arch, func(t *testing.T) {
			t.Parallel()
			qemu := "qemu-" + strings.Replace(arch, "arm64", "aarch64", 1) + "-static"
			if _, err := exec.LookPath(qemu); err != nil && os.Getenv("CI") != "true" {
				t.Skip(err, "; it is in the package qemu-user-static")
			}
			env, flags := "CGO_ENABLED=0 GOARCH="+arch, []string{"-short", "-exec=" + qemu}
			target{"./...", kernelsOf(arch), qemu, env, flags}.test(t)
		})
	}
}

// names shortens PACKAGE:TEST. It removes the module's path and, from a test of the root package,
// the colon.
var names = strings.NewReplacer("github.com/picohttp/picohttp/", "", "github.com/picohttp/picohttp:", "")

var noise = regexp.MustCompile(`^ *(=== |--- (PASS|SKIP): )`)

// test runs the tests of the target, and then fuzzes a little.
func (x target) test(t *testing.T) {
	var log []string
	tests := map[string]bool{} // false if a test was skipped
	// Vet is a step of its own in testall.sh and in CI.
	args := slices.Concat([]string{"test", "-json", "-count=1", "-vet=off", "-timeout=20m"}, x.flags)
	for line := range bytes.Lines(x.run(t, "go", append(args, x.packages)...)) {
		var event struct{ Action, Package, Test, Output string }
		if json.Unmarshal(line, &event) != nil {
			event.Output = string(line) // such as the error of a build
		}
		switch {
		case event.Test != "" && (event.Action == "pass" || event.Action == "skip"):
			tests[names.Replace(event.Package+":"+event.Test)] = event.Action == "pass"
		case event.Output != "" && !noise.MatchString(event.Output):
			log = append(log, event.Output)
		}
	}
	for _, fault := range x.judge(tests) {
		t.Error(fault)
	}
	if t.Failed() {
		t.Fatal(strings.Join(log[max(len(log)-200, 0):], ""))
	}
	maps.DeleteFunc(tests, func(_ string, passed bool) bool { return !passed })
	t.Logf("%s: %d tests passed, on the kernels %v", t.Name(), len(tests), x.kernels)
	if !slices.Contains(x.flags, "-race") {
		x.fuzz(t)
	}
}

// judge returns what is wrong: a kernel that should not have run, a test that was skipped without
// one of the reasons below, or a required test that did not pass.
func (x target) judge(tests map[string]bool) (faults []string) {
	for name, passed := range tests {
		_, kernel, ofKernel := strings.Cut(name, "/kernel=")
		switch other := ofKernel && !slices.Contains(x.kernels, kernel); {
		case passed && other:
			faults = append(faults, name+" passed, but this target must not run its kernel")
		case passed, other:
		case name == "TestConformance" && os.Getenv("PICOHTTP_CONFORMANCE") == "":
		case strings.HasSuffix(name, "TestAllocations") && slices.Contains(x.flags, "-race"):
		default:
			faults = append(faults, name+" was skipped")
		}
	}
	for _, name := range x.required() {
		if !tests[name] {
			faults = append(faults, name+" did not pass")
		}
	}
	return faults
}

// required returns the names of the tests that must pass.
func (x target) required() (names []string) {
	for test := range strings.FieldsSeq(required) {
		if strings.Contains(test, ":") && x.packages == "." {
			continue
		}
		for _, kernel := range x.kernels {
			names = append(names, strings.Replace(test, "KERNEL", "kernel="+kernel, 1))
		}
	}
	return slices.Compact(names)
}

// fuzz runs four fuzz targets with 10,000 inputs each, including the seeds.
func (x target) fuzz(t *testing.T) {
	folder := t.TempDir()
	program := filepath.Join(folder, "test.exe")
	x.run(t, "go", slices.Concat([]string{"test", "-c", "-o", program}, x.flags)...)
	if x.emulator != "" {
		// The fuzzing engine starts its own file again. Under an emulator, that has to be a
		// script. The program is not instrumented for coverage, which would be too slow.
		script := fmt.Sprintf("#!/bin/sh\nexec %s -0 \"$0\" '%s' \"$@\"\n", x.emulator, program)
		program = filepath.Join(folder, "test.sh")
		if err := os.WriteFile(program, []byte(script), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"FuzzKernels", "FuzzSplits", "FuzzReference", "FuzzChunked"} {
		output := x.run(t, program, "-test.run=^$", "-test.fuzz=^"+name+"$", "-test.fuzztime=10000x",
			"-test.fuzzcachedir="+folder)
		if t.Failed() || !regexp.MustCompile(`execs: [1-9][0-9]{4,} `).Match(output) {
			t.Fatalf("%s did not try all inputs:\n%s", name, output)
		}
	}
}

// run runs a command in the root of the module, and returns its output. The test fails if the
// command does.
func (x target) run(t *testing.T, name string, args ...string) []byte {
	c := exec.Command(name, args...)
	c.Dir = "../.."
	env := append(strings.Fields(x.env), "PICOHTTP_EXPECT_KERNEL="+x.kernels[0],
		"PICOHTTP_REQUIRE_KERNELS="+strings.Join(x.kernels, ","))
	c.Env = append(c.Environ(), env...)
	t.Logf("$ %s %v", strings.Join(env, " "), c)
	output, err := c.CombinedOutput()
	if err != nil {
		t.Error(err)
	}
	return output
}

// TestJudge checks that a target fails if a wrong kernel ran, or a test did not.
func TestJudge(t *testing.T) {
	x := target{packages: "./...", kernels: []string{"avx2", "generic"}}
	all := map[string]bool{"TestSweep/kernel=avx512": false} // a kernel that this target does not run
	for _, name := range x.required() {
		all[name] = true
	}
	if faults := x.judge(all); faults != nil {
		t.Errorf("without a fault: %q", faults)
	}
	for name, action := range map[string]string{
		"TestSweep/kernel=sse42":              "pass",
		"TestDispatch/kernel=avx2":            "skip",
		"h1:TestOther":                        "skip",
		"cmd/picohttp:TestBatch":              "",
		"TestVectors/trailers/kernel=generic": "",
	} {
		tests := maps.Clone(all)
		if tests[name] = action == "pass"; action == "" {
			delete(tests, name)
		}
		if faults := x.judge(tests); len(faults) == 0 || !strings.HasPrefix(faults[0], name) {
			t.Errorf("%s %s: %q", action, name, faults)
		}
	}
}
