// Command exhaust reads every sequence of a few symbols, as recipients.Walk does. It reports
// what picohttp accepts and some model of a recipient reads differently, unless that is
// documented.
//
//	go run ./cmd/exhaust                       # what go test ./recipients does, and one symbol more
//	go run ./cmd/exhaust -kind request -depth 7
//
// It exits with status 1 if it finds something.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/picohttp/picohttp/fuzz/recipients"
)

func main() {
	depth := flag.Int("depth", 5, "`symbols` in a sequence, including its start")
	kind := flag.String("kind", "", "the only `kind` of message, such as request-body; all if empty")
	flag.Parse()
	models := recipients.Models(3)
	ran, status := false, 0
	for _, k := range recipients.Kinds {
		if *kind != "" && *kind != k.Name {
			continue
		}
		ran = true
		began := time.Now()
		w := k.Walk(*depth, models)
		fmt.Printf("%s, up to %d symbols, %d models: %d sequences, %d messages, %d accepted, %d readings, %s\n",
			k.Name, *depth, len(models), w.Sequences, w.Messages, w.Accepted, w.Readings,
			time.Since(began).Round(time.Millisecond))
		undocumented := 0
		for _, f := range w.Findings {
			if f.Excuse == "" {
				undocumented++
				status = 1
				fmt.Printf("\n%s", f)
			}
		}
		fmt.Printf("%s: %d classes of findings, %d of them not documented\n\n",
			k.Name, len(w.Findings), undocumented)
	}
	if !ran || flag.NArg() > 0 {
		flag.Usage()
		status = 2
	}
	os.Exit(status)
}
