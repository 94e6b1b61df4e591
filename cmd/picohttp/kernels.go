package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/klauspost/cpuid/v2"

	"github.com/picohttp/picohttp"
)

// A kernelReport is what kernels -json writes.
type kernelReport struct {
	Kernels []kernel `json:"kernels"`
	CPU     cpu      `json:"cpu"`
}

type kernel struct {
	Name     string `json:"name"`
	Requires string `json:"requires"`
	Runs     bool   `json:"runs"`
	Used     bool   `json:"used"`
}

// A cpu is the one that this process runs on.
type cpu struct {
	Name     string   `json:"name"`
	Features []string `json:"features"` // those that matter to kernels
	Missing  []string `json:"missing"`
}

func runKernels(args []string, stdout io.Writer) error {
	f := flag.NewFlagSet("kernels", flag.ContinueOnError)
	asJSON := f.Bool("json", false, "")
	if err := parseArgs(f, args); err != nil {
		return err
	}
	report := newReport()
	if *asJSON {
		return newEncoder(stdout).Encode(report)
	}
	_, err := io.WriteString(stdout, report.String())
	return err
}

// newReport asks the CPU itself for what it has, so GODEBUG changes nothing in that.
func newReport() kernelReport {
	r := kernelReport{CPU: cpu{cpuid.CPU.BrandName, []string{}, []string{}}}
	var features []string
	for _, k := range picohttp.Kernels() {
		r.Kernels = append(r.Kernels, kernel{k.Name, k.Requires, k.Runs, k.Name == picohttp.Kernel()})
		features = append(features, strings.Fields(k.Requires)...)
	}
	slices.Sort(features)
	for _, name := range slices.Compact(features) {
		if cpuid.CPU.Supports(cpuid.ParseFeature(name)) {
			r.CPU.Features = append(r.CPU.Features, name)
		} else {
			r.CPU.Missing = append(r.CPU.Missing, name)
		}
	}
	return r
}

func (r kernelReport) String() string {
	var s strings.Builder
	yes := map[bool]string{true: "yes", false: "no"}
	table := tabwriter.NewWriter(&s, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "KERNEL\tRUNS HERE\tUSED\tREQUIRES")
	for _, k := range r.Kernels {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", k.Name, yes[k.Runs], yes[k.Used], cmp.Or(k.Requires, "nothing"))
	}
	table.Flush()
	fmt.Fprintf(&s, "\nCPU       %s\n", cmp.Or(safe(r.CPU.Name), "unknown"))
	fmt.Fprintf(&s, "has       %s\n", cmp.Or(strings.Join(r.CPU.Features, " "), "none of the features that kernels need"))
	if len(r.CPU.Missing) > 0 {
		fmt.Fprintf(&s, "missing   %s\n", strings.Join(r.CPU.Missing, " "))
	}
	return s.String()
}
