// Ci checks what testall.sh and CI cannot say in a line of shell:
//
//	go run ./internal/ci assembly                   # what assembly may do
//	go run ./internal/ci matrix [native|emulated]   # the tests, on every target
//	go run ./internal/ci matrix linux/s390x         # on one of them
//
// Native targets are those whose programs this machine runs. On Linux they need gcc, for
// the race detector. Emulated targets need Linux and Debian's package qemu-user-static.
package main

import (
	"fmt"
	"os"
	"strings"
)

func main() {
	ok := false
	switch command, of := os.Args[min(1, len(os.Args)-1)], strings.Join(os.Args[min(2, len(os.Args)):], " "); command {
	case "assembly":
		ok = checkAssembly()
	case "matrix":
		ok = runMatrix(of)
	default:
		fmt.Println("usage: go run ./internal/ci assembly, or matrix [native|emulated|TARGET]")
	}
	if !ok {
		os.Exit(1)
	}
}
