package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/klauspost/cpuid/v2"
)

// The kernels except generic, the fastest first: what the CPU must have for each, and what
// GODEBUG switches off to get to the next. The table repeats parse_<arch>.go, and asks
// another library about the CPU, on purpose: a kernel that is detected wrongly fails here.
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

// kernelsOf returns the kernels that the CPU must run, or all of an emulated architecture.
func kernelsOf(arch string) (names []string) {
	for _, k := range kernels {
		if k.arch == arch && (arch != runtime.GOARCH || cpuid.CPU.Supports(k.needs...)) {
			names = append(names, k.name)
		}
	}
	return append(names, "generic")
}

// native returns the targets whose programs this machine runs.
func native() (all []*target) {
	const host = runtime.GOOS + "/" + runtime.GOARCH
	kernelsHere, generic := kernelsOf(runtime.GOARCH), []string{"generic"}
	add := func(name, packages string, kernels []string, skipped string, settings ...string) {
		t := newTarget(name, "native", packages, kernels, settings...)
		t.skipped = skipped
		all = append(all, t)
	}
	add(host, "./...", kernelsHere, "", "GOAMD64=v1")
	add(host+" purego", "./...", generic, "", "-tags=purego")
	if runtime.GOOS != "linux" {
		return all
	}
	add(host+" race", "./...", kernelsHere, "", "-race")
	left, off := kernelsHere, "GODEBUG="
	for _, k := range kernels {
		if k.arch == runtime.GOARCH {
			why := "the CPU does not run " + k.name
			if left[0] == k.name {
				left, why = left[1:], ""
			}
			off += k.off + ","
			add(host+" "+k.off, ".", left, why, off)
		}
	}
	if runtime.GOARCH != "amd64" {
		return all
	}
	why := ""
	probe := exec.Command("go", "test", "-count=1", "-run=^$", "errors")
	probe.Env = append(probe.Environ(), "GOARCH=386", "CGO_ENABLED=0")
	if output, err := probe.CombinedOutput(); err != nil {
		why = "this machine runs no such programs: " + strings.Join(strings.Fields(string(output)), " ")
	}
	add("linux/386", "./...", generic, why, "GOARCH=386", "CGO_ENABLED=0")
	for level := 2; level <= 4; level++ {
		why := "the CPU is of a lower level"
		if level <= cpuid.CPU.X64Level() {
			why = ""
		}
		setting := fmt.Sprint("GOAMD64=v", level)
		add(host+" "+setting, ".", kernelsHere, why, setting)
	}
	return all
}

// emulated returns the targets that qemu runs.
func emulated() (all []*target) {
	for _, arch := range []string{"arm64", "arm", "riscv64", "s390x"} {
		qemu := "qemu-" + strings.Replace(arch, "arm64", "aarch64", 1) + "-static"
		t := newTarget("linux/"+arch, "emulated, short", "./...", kernelsOf(arch), "GOARCH="+arch, "CGO_ENABLED=0", "-short", "-exec="+qemu)
		t.emulator = qemu
		if _, err := exec.LookPath(qemu); err != nil {
			t.skipped = err.Error() + "; it is in the package qemu-user-static"
			t.failed = os.Getenv("CI") == "true"
		}
		if arch != runtime.GOARCH {
			all = append(all, t)
		}
	}
	return all
}

// runMatrix runs the native or the emulated targets, the target of that name, or all. It
// runs two at a time, because one alone often waits for a single test. It prints what became
// of each and, at the end, the table. It reports whether all passed.
func runMatrix(of string) (passed bool) {
	all := append(native(), emulated()...)
	if of != "" {
		all = slices.DeleteFunc(all, func(t *target) bool { return t.name != of && !strings.HasPrefix(t.how, of) })
	}
	fmt.Printf("Go:      %s\nmachine: %s/%s, which must run the kernels %v\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, kernelsOf(runtime.GOARCH))
	next := make(chan *target, len(all))
	for _, t := range all {
		next <- t
	}
	close(next)
	var running sync.WaitGroup
	for range 2 {
		running.Go(func() {
			for t := range next {
				t.run()
				fmt.Printf("\n-- %s: %s\n%s\n%s", t.name, t.result, strings.Join(t.settings, "  "), t.text())
			}
		})
	}
	running.Wait()

	fmt.Println()
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "target\tkernels\thow\t")
	for _, c := range columns {
		fmt.Fprint(table, c.name, "\t")
	}
	fmt.Fprintln(table, "fuzz\tresult")
	passed = len(all) > 0
	for _, t := range all {
		passed = passed && !t.failed
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\n", t.name, strings.Join(t.ran, " "), t.how, strings.Join(t.cells, "\t"), t.inputs, t.result)
	}
	table.Flush()
	return passed
}
