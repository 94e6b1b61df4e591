// Command differ compares package broken with picohttp and net/http. To fuzz a
// parser of your own, copy it and put your adaptor in.
package main

import (
	"github.com/picohttp/picohttp/fuzz/differ"
	"github.com/picohttp/picohttp/fuzz/example/broken"
)

func main() { differ.Main(broken.Adaptor) }
