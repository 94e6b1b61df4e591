package main

import (
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// The exit statuses.
const (
	exitGood  = 0
	exitBad   = 1
	exitUsage = 2
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the command without the process around it. It returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, help())
		return exitUsage
	}
	var err error
	switch name, args := args[0], args[1:]; name {
	case "parse":
		err = runParse(args, stdin, stdout, stderr)
	case "batch":
		err = runBatch(args, stdin, stdout)
	case "kernels":
		err = runKernels(args, stdout)
	case "help", "-h", "-help", "--help":
		err = flag.ErrHelp
	default:
		err = usagef("unknown command %q", name)
	}
	return report(err, stdout, stderr)
}

// report writes err, or the help, and returns the exit status.
func report(err error, stdout, stderr io.Writer) int {
	var usage usageError
	switch {
	case err == nil:
		return exitGood
	case err == flag.ErrHelp:
		_, err := fmt.Fprint(stdout, help())
		return report(err, stdout, stderr)
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "picohttp: %s\nRun \"picohttp help\" for help.\n", safe(err.Error()))
		return exitUsage
	case err != errReported:
		fmt.Fprintf(stderr, "picohttp: %s\n", safe(err.Error()))
	}
	return exitBad
}

// errReported makes the exit status 1 without a message.
var errReported = errors.New("reported")

// A usageError says how the command was used wrongly.
type usageError string

func (e usageError) Error() string { return string(e) }

func usagef(format string, args ...any) error {
	return usageError(fmt.Sprintf(format, args...))
}

//go:embed doc.go
var doc string

// help returns the package comment, indented for a terminal of 80 columns.
func help() string {
	text, _, _ := strings.Cut(doc, "*/")
	return strings.ReplaceAll(strings.TrimPrefix(text, "/*\n"), "\n\t", "\n  ")
}
