// Command corpus writes the seeds of the fuzz targets to files, for engines that want these.
//
//	go run ./cmd/corpus /tmp/seeds     # /tmp/seeds/<target>/<number>
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/picohttp/picohttp/fuzz/targets"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: corpus DIR")
		os.Exit(2)
	}
	for target, seeds := range targets.Seeds() {
		folder := filepath.Join(os.Args[1], target)
		err := os.MkdirAll(folder, 0o777)
		for i, b := range seeds {
			if err == nil {
				err = os.WriteFile(filepath.Join(folder, strconv.Itoa(i)), b, 0o666)
			}
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "corpus:", err)
			os.Exit(1)
		}
	}
}
