// Command differ holds picohttp, net/http and the peers against each other; the
// kit's README says what its flags are.
package main

import (
	"fmt"
	"os"
	"slices"

	"github.com/picohttp/picohttp/fuzz/differ"
	"github.com/picohttp/picohttp/peers/adaptors"
)

func main() {
	c, err := adaptors.C()
	if err != nil {
		fmt.Fprintln(os.Stderr, "differ: without the parsers in C:", err)
	}
	scripts, err := adaptors.Scripts()
	if err != nil {
		fmt.Fprintln(os.Stderr, "differ: without some parsers in other languages:", err)
	}
	differ.Main(slices.Concat(adaptors.Go(), c, scripts)...)
}
