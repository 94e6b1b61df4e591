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
	method        string // of the request that a response answers; "" is GET
	parser        picohttp.Parser
}

type limit struct {
	name     string
	value    *int
	standard int
}

func (m *messageFlags) limits() []limit {
	return []limit{
		{"max-head", &m.parser.MaxHeadBytes, picohttp.DefaultMaxHeadBytes},
		{"max-target", &m.parser.MaxTargetBytes, picohttp.DefaultMaxTargetBytes},
		{"max-fields", &m.parser.MaxFields, picohttp.DefaultMaxFields},
		{"max-trailer", &m.parser.MaxTrailerBytes, picohttp.DefaultMaxTrailerBytes},
		{"max-chunk-ext", &m.parser.MaxChunkExtBytes, picohttp.DefaultMaxChunkExtBytes},
		{"max-chunk-overhead", &m.parser.MaxChunkOverhead, picohttp.DefaultMaxChunkOverhead},
	}
}

func (m *messageFlags) define(f *flag.FlagSet) {
	f.StringVar(&m.kind, "kind", "request", "")
	f.StringVar(&m.profile, "profile", "strict", "")
	f.Func("method", "", m.setMethod)
	for _, l := range m.limits() {
		f.IntVar(l.value, l.name, l.standard, "")
	}
}

func (m *messageFlags) setMethod(method string) error {
	var r picohttp.Request
	_, err := r.Parse([]byte(method + " / HTTP/1.0\r\n\r\n"))
	if err != nil || string(r.Method()) != method {
		return usageError("a method is a token")
	}
	m.method = method
	return nil
}

// check reports the first flag whose value is not good.
func (m *messageFlags) check() error {
	if !slices.Contains([]string{"request", "response", "trailer", "chunked"}, m.kind) {
		return usagef("unknown -kind %q; it is request, response, trailer or chunked", m.kind)
	}
	switch m.profile {
	case "strict":
	case "lenient", "pico":
		return usagef("-profile %s is not supported by this version; -profile strict is", m.profile)
	default:
		return usagef("unknown -profile %q", m.profile)
	}
	if m.method != "" && m.kind != "response" {
		return usagef("-method goes with -kind response: it is the method of the request that was answered")
	}
	for _, l := range m.limits() {
		if *l.value < 1 {
			return usagef("-%s %d is less than 1", l.name, *l.value)
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
