package main

import (
	"flag"
	"io"
	"slices"

	"github.com/picohttp/picohttp"
)

// messageFlags are the flags that say what a message is.
type messageFlags struct {
	kind, profile string
	parser        picohttp.Parser
}

func (m *messageFlags) define(f *flag.FlagSet) {
	f.StringVar(&m.kind, "kind", "request", "")
	f.StringVar(&m.profile, "profile", "strict", "")
	f.IntVar(&m.parser.MaxHeadBytes, "max-head", picohttp.DefaultMaxHeadBytes, "")
	f.IntVar(&m.parser.MaxTargetBytes, "max-target", picohttp.DefaultMaxTargetBytes, "")
	f.IntVar(&m.parser.MaxFields, "max-fields", picohttp.DefaultMaxFields, "")
}

// check reports the first flag whose value is not good.
func (m *messageFlags) check() error {
	known := func(name, value, has string, later ...string) error {
		switch {
		case value == has:
			return nil
		case slices.Contains(later, value):
			return usagef("-%s %s is not supported by this version; -%s %s is", name, value, name, has)
		}
		return usagef("unknown -%s %q", name, value)
	}
	if err := known("kind", m.kind, "request", "response", "trailer", "chunked"); err != nil {
		return err
	}
	if err := known("profile", m.profile, "strict", "lenient", "pico"); err != nil {
		return err
	}
	for _, limit := range []struct {
		name  string
		value int
	}{
		{"max-head", m.parser.MaxHeadBytes},
		{"max-target", m.parser.MaxTargetBytes},
		{"max-fields", m.parser.MaxFields},
	} {
		if limit.value < 1 {
			return usagef("-%s %d is less than 1", limit.name, limit.value)
		}
	}
	return nil
}

// newFlags returns a set that leaves all words to run.
func newFlags(name string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	return f
}

// parseFlags makes a usageError of what is wrong with args.
func parseFlags(f *flag.FlagSet, args []string) error {
	err := f.Parse(args)
	if err != nil && err != flag.ErrHelp {
		return usageError(f.Name() + ": " + err.Error())
	}
	return err
}
