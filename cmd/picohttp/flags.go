package main

import (
	"flag"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/picohttp/picohttp"
)

// messageFlags are the flags that say what a message is.
type messageFlags struct {
	kind   string
	method string // of the request that a response answers; "" is GET
	parser picohttp.Parser
}

type limit struct {
	name  string
	value *int
}

func (m *messageFlags) limits() []limit {
	return []limit{
		{"max-head", &m.parser.MaxHeadBytes},
		{"max-target", &m.parser.MaxTargetBytes},
		{"max-fields", &m.parser.MaxFields},
		{"max-trailer", &m.parser.MaxTrailerBytes},
		{"max-chunk-ext", &m.parser.MaxChunkExtBytes},
		{"max-chunk-overhead", &m.parser.MaxChunkOverhead},
	}
}

func (m *messageFlags) define(f *flag.FlagSet) {
	f.StringVar(&m.kind, "kind", "request", "")
	f.Func("profile", "", m.setProfile)
	f.Func("allow", "", m.setAllow)
	f.Func("method", "", m.setMethod)
	for _, l := range m.limits() {
		f.Func(l.name, "", func(s string) (err error) {
			if *l.value, err = strconv.Atoi(s); err == nil && *l.value < 1 {
				err = usageError("it is at least 1")
			}
			return err
		})
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

func (m *messageFlags) setProfile(name string) error {
	for p := range picohttp.Pico + 1 {
		if p.String() == name {
			m.parser.Profile = p
			return nil
		}
	}
	return usageError("it is strict, lenient or pico")
}

// setAllow takes codes of deviations, with commas between them, or "all".
func (m *messageFlags) setAllow(list string) error {
	if list == "all" {
		m.parser.Allow = ^picohttp.Deviations(0)
		return nil
	}
	for code := range strings.SplitSeq(list, ",") {
		d := deviation(strings.TrimSpace(code))
		if d == 0 {
			return usagef("there is no %q; there are all, %v", code, ^picohttp.Deviations(0))
		}
		m.parser.Allow |= d
	}
	return nil
}

// deviation returns the one with that code, or 0.
func deviation(code string) picohttp.Deviations {
	for d := range (^picohttp.Deviations(0)).All() {
		if d.Code() == code {
			return d
		}
	}
	return 0
}

// check reports the first flag whose value is not good.
func (m *messageFlags) check() error {
	if !slices.Contains([]string{"request", "response", "trailer", "chunked"}, m.kind) {
		return usagef("unknown -kind %q; it is request, response, trailer or chunked", m.kind)
	}
	if m.parser.Allow != 0 && m.parser.Profile != picohttp.Lenient {
		return usagef("-allow goes with -profile lenient")
	}
	if m.method != "" && m.kind != "response" {
		return usagef("-method goes with -kind response: it is the method of the request that was answered")
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
