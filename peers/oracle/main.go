// Oracle compares picohttp's profile Pico with picohttpparser, the C library whose results
// it promises. It makes inputs by the million from the vectors, real heads and modelled
// traffic, parses each with both, and compares everything that a caller can see of the
// results. See README.md.
//
//	go run ./oracle [flags]
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/picohttp/picohttp"
)

type options struct {
	count       int64
	seed        uint64
	kinds       []kind
	path        string // of the oracle
	truncations bool
	sequences   int
	workers     int
	show        int
}

func main() {
	var o options
	flag.Int64Var(&o.count, "count", 1_000_000, "how many inputs")
	flag.Uint64Var(&o.seed, "seed", 1, "other inputs for another seed")
	list := flag.String("kind", strings.Join(kindNames, ","), "comma-separated")
	flag.StringVar(&o.path, "oracle", filepath.Join(".build", "oracle"), "what get.sh has built: oracle, or oracle-checkout")
	flag.BoolVar(&o.truncations, "truncations", false, "instead of mutations, every truncation of every seed")
	flag.IntVar(&o.sequences, "sequences", 0, "instead of mutations, every sequence of up to so many symbols of the grammar")
	flag.IntVar(&o.workers, "workers", 2*runtime.GOMAXPROCS(0), "how many pairs of a picohttp and an oracle")
	flag.IntVar(&o.show, "show", 10, "how many differences are shown")
	flag.Parse()
	for _, name := range strings.Split(*list, ",") {
		k := slices.Index(kindNames, name)
		if k < 0 {
			refuse(fmt.Sprintf("no kind %q: there are %s", name, strings.Join(kindNames, ", ")))
		}
		o.kinds = append(o.kinds, kind(k))
	}
	switch {
	case flag.NArg() > 0:
		refuse(fmt.Sprintf("no arguments, such as %q", flag.Arg(0)))
	case o.truncations && o.sequences > 0:
		refuse("-truncations or -sequences, not both")
	case o.count < 1 || o.workers < 1 || o.sequences < 0:
		refuse("-count and -workers are above 0, and -sequences is not below")
	}
	s, err := loadSeeds(filepath.Join("..", "testdata"))
	if err == nil {
		err = run(os.Stdout, s, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

// refuse ends the program because of its arguments.
func refuse(why string) {
	fmt.Fprintf(os.Stderr, "oracle: %s; -h lists the flags\n", why)
	os.Exit(2)
}

var errDifferences = errors.New("there are differences that nothing explains")

// run compares, prints the result, and returns errDifferences if there are any.
func run(out io.Writer, s *seeds, o options) error {
	probe, err := startOracle(o.path)
	if err != nil {
		return err
	}
	defer probe.stop()
	older, err := release(probe)
	if err != nil {
		return err
	}
	n := 0
	for _, is := range older {
		if is {
			n++
		}
	}
	fmt.Fprintf(out, "%s is %s, with %d of the %d differences of the older release from the newest\n", o.path, probe.about, n, len(older))
	fmt.Fprintf(out, "picohttp has the kernel %s\n", picohttp.Kernel())
	r := &comparisons{options: o, source: sourceOf(s, o), older: older, out: out, profile: picohttp.Pico}
	err = r.compare()
	r.table()
	if err == nil && r.unexplained() > 0 {
		err = errDifferences
	}
	return err
}

// table prints a row for each kind and for each named difference that there can be.
func (r *comparisons) table() {
	fmt.Fprintf(r.out, "\n%-14s %12s %12s %12s %12s %12s %12s\n", "kind", "inputs", "complete", "incomplete", "malformed", "named", "differences")
	for _, k := range r.kinds {
		c := r.counts[k]
		n := c.outcomes
		fmt.Fprintf(r.out, "%-14s %12d %12d %12d %12d %12d %12d\n", k, n[0]+n[1]+n[2], n[complete], n[-incomplete], n[-malformed], c.explained, c.unexplained)
	}
	for i, n := range r.named {
		if r.older[i] {
			fmt.Fprintf(r.out, "%12d %s\n", n, differences[i].name)
		}
	}
	took := time.Since(r.start)
	fmt.Fprintf(r.out, "%d inputs in %v, %.2f µs each\n", r.asked.Load(), took.Round(time.Second/10), float64(took.Microseconds())/float64(max(1, r.asked.Load())))
}
