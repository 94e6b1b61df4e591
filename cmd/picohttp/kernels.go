package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

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
	f := newFlags("kernels")
	asJSON := f.Bool("json", false, "")
	if err := parseFlags(f, args); err != nil {
		return err
	}
	if err := noMore(f.Args()); err != nil {
		return err
	}
	report := kernelReport{CPU: thisCPU()}
	for _, k := range picohttp.Kernels() {
		used := k.Name == picohttp.Kernel()
		report.Kernels = append(report.Kernels, kernel{k.Name, k.Requires, k.Runs, used})
	}
	if *asJSON {
		return newEncoder(stdout).Encode(report)
	}
	_, err := io.WriteString(stdout, report.String())
	return err
}

func (r kernelReport) String() string {
	var s strings.Builder
	table := tabwriter.NewWriter(&s, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "KERNEL\tRUNS HERE\tUSED\tREQUIRES")
	down := ""
	for _, k := range r.Kernels {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", k.Name, yes(k.Runs), yes(k.Used), cmp.Or(k.Requires, "nothing"))
		if features := strings.Fields(k.Requires); k.Used && len(features) > 0 {
			down = features[0]
		}
	}
	table.Flush()
	fmt.Fprintf(&s, "\nCPU       %s\n", cmp.Or(r.CPU.Name, "unknown"))
	fmt.Fprintf(&s, "has       %s\n", cmp.Or(strings.Join(r.CPU.Features, " "), "none of the features that kernels need"))
	if len(r.CPU.Missing) > 0 {
		fmt.Fprintf(&s, "missing   %s\n", strings.Join(r.CPU.Missing, " "))
	}
	set := safe(os.Getenv("GODEBUG"))
	if set != "" {
		fmt.Fprintf(&s, "GODEBUG   %s\n", set)
		set += ","
	}
	if down != "" {
		option := strings.ToLower(strings.ReplaceAll(down, ".", ""))
		fmt.Fprintf(&s, "\nTo step down to the next kernel: GODEBUG=%scpu.%s=off\n", set, option)
	}
	return s.String()
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
