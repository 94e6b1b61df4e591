// Command differ holds picohttp, net/http and any program that speaks the batch
// protocol against each other. "go run ./cmd/differ -h" lists its flags.
package main

import "github.com/picohttp/picohttp/fuzz/differ"

func main() { differ.Main() }
