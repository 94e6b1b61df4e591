package main

import (
	"flag"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/picohttp/picohttp"
)

// messageFlags are the flags that say what a message is, and what of it is accepted.
type messageFlags struct {
	kind   string
	method string // of the request being answered; "" is GET
	parser picohttp.Parser
}

func (m *messageFlags) define(f *flag.FlagSet) {
	f.StringVar(&m.kind, "kind", "request", "")
	f.Func("profile", "", m.setProfile)
	f.Func("allow", "", m.setAllow)
	f.Func("method", "", m.setMethod)
	for name, limit := range map[string]*int{
		"max-head":           &m.parser.MaxHeadBytes,
		"max-method":         &m.parser.MaxMethodBytes,
		"max-target":         &m.parser.MaxTargetBytes,
		"max-fields":         &m.parser.MaxFields,
		"max-trailer":        &m.parser.MaxTrailerBytes,
		"max-chunk-ext":      &m.parser.MaxChunkExtBytes,
		"max-chunk-overhead": &m.parser.MaxChunkOverhead,
	} {
		f.Func(name, "", func(s string) (err error) {
			if *limit, err = strconv.Atoi(s); err == nil && *limit < 1 {
				err = usageError("a limit is at least 1")
			}
			return err
		})
	}
}

func (m *messageFlags) setMethod(method string) error {
	var r picohttp.Request
	p := picohttp.Parser{MaxMethodBytes: -1}
	_, err := p.ParseRequest(&r, []byte(method+" / HTTP/1.0\r\n\r\n"))
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
	return usageError("want strict, lenient or pico")
}

// setAllow takes codes of deviations, with commas between them, or "all". Of the three
// sets of a Parser, a kind of message has only one.
func (m *messageFlags) setAllow(list string) error {
	allow := m.parser.AllowRequest
	for code := range strings.SplitSeq(list, ",") {
		d := deviations(strings.TrimSpace(code))
		if d == 0 {
			return usagef("unknown code %q; want all, or some of %v", code, picohttp.AllDeviations)
		}
		allow |= d
	}
	m.parser.AllowRequest, m.parser.AllowResponse, m.parser.AllowTrailer = allow, allow, allow
	return nil
}

// deviations returns the one with that code, those that "all" names, or none.
func deviations(code string) picohttp.Deviations {
	if code == "all" {
		return picohttp.AllDeviations
	}
	for d := range picohttp.AllDeviations.All() {
		if d.Code() == code {
			return d
		}
	}
	return 0
}

// parseArgs parses args with f and m's own flags, and checks these together.
func (m *messageFlags) parseArgs(f *flag.FlagSet, args []string) error {
	m.define(f)
	err := parseArgs(f, args)
	switch {
	case err != nil:
		return err
	case !slices.Contains([]string{"request", "response", "trailer", "chunked"}, m.kind):
		return usagef("unknown -kind %q; want request, response, trailer or chunked", m.kind)
	case m.parser.AllowRequest != 0 && m.parser.Profile != picohttp.Lenient:
		return usageError("-allow needs -profile lenient")
	case m.method != "" && m.kind != "response":
		return usageError("-method needs -kind response: it is the method of the request being answered")
	}
	return nil
}

// parseArgs parses the arguments of a command. What is wrong with them is a usageError.
func parseArgs(f *flag.FlagSet, args []string) error {
	f.SetOutput(io.Discard)
	err := f.Parse(args)
	switch {
	case err == flag.ErrHelp:
		return err
	case err != nil:
		return usageError(f.Name() + ": " + err.Error())
	case f.NArg() > 0 && f.Name() != "parse": // which takes files
		return usagef("unexpected argument %q", f.Arg(0))
	}
	return nil
}
