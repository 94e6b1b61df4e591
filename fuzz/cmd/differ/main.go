// Command differ compares picohttp, net/http and any program that speaks the pipe
// protocol. "go run ./cmd/differ -h" lists its flags.
package main

import "github.com/picohttp/picohttp/fuzz/differ"

func main() { differ.Main() }
