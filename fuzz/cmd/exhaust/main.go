// Command exhaust reads every sequence of a few symbols, as recipients.Walk does, and
// reports what picohttp accepts and some model of a recipient reads differently.
//
//	go run ./cmd/exhaust                               # what go test ./recipients does, and one symbol more
//	go run ./cmd/exhaust -kind request -depth 7 -jobs 1
//
// It exits with status 1 if it finds something that is not documented.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/picohttp/picohttp/fuzz/recipients"
)

func main() {
	depth := flag.Int("depth", 5, "`symbols` in a sequence, its start included")
	kind := flag.String("kind", "", "the only `kind` of message; all of "+kinds()+" if empty")
	profile := flag.String("profile", "", "the only `profile`; strict, lenient with each set of deviations, and pico if empty")
	jobs := flag.Int("jobs", 2, "how many sequences are read at the same time")
	strength := flag.Int("strength", 3, "how many options of models are combined in all ways, 1, 2 or 3")
	flag.Parse()
	if *strength < 1 || *strength > 3 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	undocumented, ran := 0, false
	models := recipients.Models(*strength)
	for i := range recipients.Kinds {
		k := &recipients.Kinds[i]
		if *kind == "" || *kind == k.Name {
			ran = true
			undocumented += run(&recipients.Walk{Kind: k, Depth: *depth, Models: models, Jobs: *jobs, Profile: *profile})
		}
	}
	if !ran {
		fmt.Fprintf(os.Stderr, "exhaust: no kind %q\n", *kind)
		os.Exit(2)
	}
	if undocumented > 0 {
		os.Exit(1)
	}
}

// kinds returns the names of all kinds.
func kinds() string {
	var names []string
	for _, k := range recipients.Kinds {
		names = append(names, k.Name)
	}
	return strings.Join(names, ", ")
}

// run walks and prints what was found. It returns how many classes are not documented.
func run(w *recipients.Walk) (undocumented int) {
	began := time.Now()
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(10 * time.Second):
				c := &w.Counts
				fmt.Fprintf(os.Stderr, "%s: %d of %d parts, %d sequences, %d accepted, %s\n", w.Kind.Name,
					c.TasksEnded.Load(), c.Tasks.Load(), c.Sequences.Load(), c.Accepted.Load(), time.Since(began).Round(time.Second))
			}
		}
	}()
	findings := w.Run()
	close(done)
	c := &w.Counts
	fmt.Printf("%s, up to %d symbols, %d models: %d sequences, %d messages, %d accepted, %d readings, %s\n", w.Kind.Name, w.Depth,
		len(w.Models), c.Sequences.Load(), c.Messages.Load(), c.Accepted.Load(), c.Readings.Load(), time.Since(began).Round(time.Millisecond))
	for i := range findings {
		if findings[i].Excuse == "" {
			undocumented++
		}
	}
	essential := recipients.Essential(findings)
	for i := range essential {
		fmt.Printf("\n%s", &essential[i])
	}
	fmt.Printf("\n%s: %d classes of findings, %d of them not documented; shown are %d that imply the others\n\n",
		w.Kind.Name, len(findings), undocumented, len(essential))
	return undocumented
}
