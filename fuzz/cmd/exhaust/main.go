// Command exhaust reads every sequence of a few symbols, as recipients.Walk does. It reports
// what picohttp accepts and some model of a recipient reads differently, unless that is
// documented.
//
//	go run ./cmd/exhaust                               # what go test ./recipients does, and one symbol more
//	go run ./cmd/exhaust -kind request -depth 7 -jobs 1
//
// It exits with status 1 if it finds something.
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
	var names []string
	for _, k := range recipients.Kinds {
		names = append(names, k.Name)
	}
	depth := flag.Int("depth", 5, "`symbols` in a sequence, including its start")
	kind := flag.String("kind", "", "the only `kind` of message; all of "+strings.Join(names, ", ")+" if empty")
	jobs := flag.Int("jobs", 2, "how many sequences are read at the same time")
	flag.Parse()
	undocumented, ran := 0, false
	models := recipients.Models(3)
	for i := range recipients.Kinds {
		k := &recipients.Kinds[i]
		if *kind == "" || *kind == k.Name {
			ran = true
			undocumented += run(&recipients.Walk{Kind: k, Depth: *depth, Models: models, Jobs: *jobs})
		}
	}
	if !ran || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if undocumented > 0 {
		os.Exit(1)
	}
}

// run walks and prints the classes that are not documented. It returns how many there are.
func run(w *recipients.Walk) (undocumented int) {
	began := time.Now()
	progress := func() string {
		c := &w.Counts
		return fmt.Sprintf("%s, up to %d symbols, %d models: %d sequences, %d messages, %d accepted, %d readings, %s", w.Kind.Name, w.Depth,
			len(w.Models), c.Sequences.Load(), c.Messages.Load(), c.Accepted.Load(), c.Readings.Load(), time.Since(began).Round(time.Millisecond))
	}
	ticker := time.NewTicker(10 * time.Second)
	go func() {
		for range ticker.C {
			fmt.Fprintln(os.Stderr, progress())
		}
	}()
	findings := w.Run()
	ticker.Stop()
	fmt.Println(progress())
	for i := range findings {
		if f := &findings[i]; f.Excuse == "" {
			undocumented++
			fmt.Printf("\n%s", f)
		}
	}
	fmt.Printf("%s: %d classes of findings, %d of them not documented\n\n", w.Kind.Name, len(findings), undocumented)
	return undocumented
}
