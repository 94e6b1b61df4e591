// Differ compares picohttp, net/http and the peers. The README of module fuzz describes its flags.
package main

import (
	"fmt"
	"os"

	"github.com/picohttp/picohttp/fuzz/differ"
	"github.com/picohttp/picohttp/peers/adaptors"
)

func main() {
	programs, err := adaptors.Programs()
	if err != nil {
		fmt.Fprintln(os.Stderr, "differ: without some parsers:", err)
	}
	differ.Main(append(adaptors.Go(), programs...)...)
}
