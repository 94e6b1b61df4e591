// Oracle compares picohttp's profile Pico with picohttpparser, the C library whose results
// it promises. It makes millions of inputs from the vectors, real heads and modelled traffic,
// parses each with both, and compares everything in the results that a caller can see. See
// ../README.md.
//
//	go run ./oracle [flags]
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/picohttp/picohttp"
)

type options struct {
	count, seed uint64
	kinds       []kind
	truncations bool
	sequences   uint
}

func main() {
	var o options
	flag.Uint64Var(&o.count, "count", 1_000_000, "the number of inputs")
	flag.Uint64Var(&o.seed, "seed", 1, "another seed makes other inputs")
	list := flag.String("kind", strings.Join(kindNames[:], ","), "the kinds of inputs, comma-separated")
	flag.BoolVar(&o.truncations, "truncations", false, "instead of mutations, every truncation of every seed")
	flag.UintVar(&o.sequences, "sequences", 0, "instead of mutations, every sequence of up to this many symbols of the grammar")
	flag.Parse()
	for name := range strings.SplitSeq(*list, ",") {
		k := slices.Index(kindNames[:], name)
		if k < 0 {
			usage(fmt.Sprintf("no kind %q: there are %s", name, strings.Join(kindNames[:], ", ")))
		}
		o.kinds = append(o.kinds, kind(k))
	}
	switch {
	case flag.NArg() > 0:
		usage(fmt.Sprintf("unexpected argument %q", flag.Arg(0)))
	case o.truncations && o.sequences > 0:
		usage("-truncations or -sequences, not both")
	case o.count > math.MaxInt64 || o.sequences > 16: // more cannot be numbered
		usage("-count or -sequences is too large")
	}
	l, err := load(cmp.Or(os.Getenv("PICOHTTPPARSER"), ".build"))
	if err == nil {
		err = run(os.Stdout, l, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

// usage ends the program because of its arguments.
func usage(why string) {
	fmt.Fprintf(os.Stderr, "oracle: %s; -h lists the flags\n", why)
	os.Exit(2)
}

var errDifferences = errors.New("there are differences that nothing explains")

// run compares, prints the result, and returns errDifferences if there are any.
func run(out io.Writer, l *library, o options) error {
	s, err := loadSeeds(filepath.Join("..", "testdata"))
	if err != nil {
		return err
	}
	probe, err := newOracle(l)
	if err != nil {
		return err
	}
	r := &comparisons{
		options: o, library: l, source: sourceOf(s, o), older: release(probe), profile: picohttp.Pico, out: out,
	}
	known := 0
	for _, is := range r.older {
		if is {
			known++
		}
	}
	fmt.Fprintf(out, "picohttpparser in %s has %d of the %d differences of the older release from the newest\n",
		l.folder, known, len(r.older))
	fmt.Fprintf(out, "picohttp has the kernel %s\n", picohttp.Kernel())
	err = r.compare()
	r.table()
	if err == nil && r.unexplained.Load() > 0 {
		err = errDifferences
	}
	return err
}

// table prints a row for each kind, and one for each named difference that the library has.
func (r *comparisons) table() {
	fmt.Fprintf(r.out, "\n%-14s %12s %12s %12s %12s %12s\n",
		"kind", "complete", "malformed", "incomplete", "named", "differences")
	for _, k := range r.kinds {
		fmt.Fprintf(r.out, "%-14s", k)
		for i := range r.counts[k] {
			fmt.Fprintf(r.out, " %12d", r.counts[k][i].Load())
		}
		fmt.Fprintln(r.out)
	}
	for i := range r.named {
		if r.older[i] {
			fmt.Fprintf(r.out, "%12d %s\n", r.named[i].Load(), differences[i].name)
		}
	}
	took, asked := time.Since(r.start), r.asked.Load()
	each := float64(took.Microseconds()) / float64(max(1, asked))
	fmt.Fprintf(r.out, "%d inputs in %v, %.2f µs each\n", asked, took.Round(time.Second/10), each)
}
