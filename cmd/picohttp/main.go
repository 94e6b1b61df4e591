package main

import (
	"bufio"
	"bytes"
	"cmp"
	_ "embed"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/klauspost/cpuid/v2"

	"github.com/picohttp/picohttp"
)

// errReported makes the exit status 1 without a message.
var errReported = errors.New("reported")

// A usageError says how the command was used wrongly.
type usageError string

func (e usageError) Error() string { return string(e) }

func usagef(format string, args ...any) error {
	return usageError(fmt.Sprintf(format, args...))
}

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the command without the process around it. It returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		return report(usageError("no command"), stderr)
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
	if err == flag.ErrHelp {
		_, err = fmt.Fprint(stdout, help())
	}
	return report(err, stderr)
}

// report writes err and returns the exit status, which doc.go explains.
func report(err error, stderr io.Writer) int {
	if err == nil {
		return 0
	}
	if err != errReported {
		fmt.Fprintf(stderr, "picohttp: %s\n", safe(err.Error()))
	}
	if _, ok := err.(usageError); ok {
		fmt.Fprintln(stderr, `Run "picohttp help" for help.`)
		return 2
	}
	return 1
}

//go:embed doc.go
var doc string

// help returns the package comment, indented for a terminal of 80 columns, the flags, and the
// deviations.
func help() string {
	text, _, _ := strings.Cut(strings.TrimPrefix(doc, "/*\n"), "*/")
	var s strings.Builder
	fmt.Fprintln(&s, strings.ReplaceAll(text, "\n\t", "\n  "))
	f := flag.NewFlagSet("", flag.ContinueOnError)
	f.SetOutput(&s)
	new(messageFlags).define(f)
	f.PrintDefaults()
	fmt.Fprintf(&s, "\nThe deviations, and in what lenient accepts them by default (bodies are as\n"+
		"their messages; chunked bodies alone, as requests):\n\n"+
		"  %-20s%-11s%-12s%s\n", "code", "requests", "responses", "trailer sections")
	for d := range picohttp.AllDeviations.All() {
		fmt.Fprintf(&s, "  %-20s%-11t%-12t%t\n", d.Code(), picohttp.DefaultRequestDeviations&d != 0,
			picohttp.DefaultResponseDeviations&d != 0, picohttp.DefaultTrailerDeviations&d != 0)
	}
	return s.String()
}

// nouns are what the kinds of a message are called.
var nouns = map[string]string{
	"request": "request", "response": "response", "trailer": "trailer section", "chunked": "chunked body",
}

// messageFlags are the flags that say what a message is, what of it is accepted, and how it
// is written.
type messageFlags struct {
	kind   string
	method string
	parser picohttp.Parser
	asJSON bool
}

func (m *messageFlags) define(f *flag.FlagSet) {
	p := &m.parser
	f.StringVar(&m.kind, "kind", "request", "request, response, trailer or chunked")
	f.StringVar(&m.method, "method", "GET", "for responses: the method of the request being answered")
	f.Func("profile", "what is accepted: strict (default), lenient, or pico, as picohttpparser", m.setProfile)
	f.Func("allow", "the deviations that lenient accepts in messages of this kind and in\n"+
		"their bodies: a `LIST` of codes separated by commas, or all", m.setAllow)
	f.IntVar(&p.MaxHeadBytes, "max-head", picohttp.DefaultMaxHeadBytes, "limit of a head, in bytes")
	f.IntVar(&p.MaxMethodBytes, "max-method", 0, fmt.Sprintf(
		"limit of a method (default %d; pico: that of -max-head)", picohttp.DefaultMaxMethodBytes))
	f.IntVar(&p.MaxTargetBytes, "max-target", 0, fmt.Sprintf(
		"limit of a request-target (default %d; pico: that of -max-head)", picohttp.DefaultMaxTargetBytes))
	f.IntVar(&p.MaxFields, "max-fields", picohttp.DefaultMaxFields, "limit of the number of field lines")
	f.IntVar(&p.MaxTrailerBytes, "max-trailer", picohttp.DefaultMaxTrailerBytes,
		"limit of a trailer section, in bytes")
	f.IntVar(&p.MaxChunkExtBytes, "max-chunk-ext", picohttp.DefaultMaxChunkExtBytes,
		"limit of the extensions of a chunk, in bytes")
	f.IntVar(&p.MaxChunkOverhead, "max-chunk-overhead", picohttp.DefaultMaxChunkOverhead,
		"limit of the overhead that chunks accumulate")
	f.BoolVar(&m.asJSON, "json", false, "write JSON, as batch always does, one line for\n"+
		"each message. A body that is malformed or incomplete has a line of its\n"+
		"own, and its n counts from the first byte of the body")
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
		var found picohttp.Deviations
		for d := range picohttp.AllDeviations.All() {
			if name := strings.TrimSpace(code); name == d.Code() || name == "all" {
				found |= d
			}
		}
		if allow |= found; found == 0 {
			return usagef("unknown code %q; want all, or some of %v", code, picohttp.AllDeviations)
		}
	}
	m.parser.AllowRequest, m.parser.AllowResponse, m.parser.AllowTrailer = allow, allow, allow
	return nil
}

// parseArgs parses the arguments of parse or batch, and returns those that are no flags. What
// is wrong with them is a usageError.
func (m *messageFlags) parseArgs(command string, args []string) (files []string, err error) {
	f := flag.NewFlagSet(command, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	m.define(f)
	switch err = f.Parse(args); {
	case err == flag.ErrHelp:
	case err != nil:
		err = usageError(command + ": " + err.Error())
	case f.NArg() > 0 && command == "batch":
		err = usagef("unexpected argument %q", f.Arg(0))
	case nouns[m.kind] == "":
		err = usagef("unknown -kind %q; want request, response, trailer or chunked", m.kind)
	case m.parser.AllowRequest != 0 && m.parser.Profile != picohttp.Lenient:
		err = usageError("-allow needs -profile lenient")
	case m.method != "GET" && m.kind != "response":
		err = usageError("-method needs -kind response: it is the method of the request being answered")
	}
	return f.Args(), err
}

// maxLine is how many bytes a line of batch may have, without its end.
const maxLine = 64 << 20

func runBatch(args []string, stdin io.Reader, stdout io.Writer) error {
	var m messageFlags
	if _, err := m.parseArgs("batch", args); err != nil {
		return err
	}
	m.asJSON = true
	lines := bufio.NewReader(stdin)
	var line, message []byte
	var failed error
	for {
		line = line[:0]
		err := bufio.ErrBufferFull
		for err == bufio.ErrBufferFull {
			var part []byte
			part, err = lines.ReadSlice('\n')
			line = append(line, part[:min(len(part), maxLine+len("\r\n")-len(line))]...)
		}
		switch {
		case err == io.EOF && len(line) == 0:
			return failed
		case err != nil && err != io.EOF:
			return err
		}
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		o := outcome{Result: "error", Error: "line-too-long"}
		if len(line) <= maxLine {
			o.Error = "base64"
			message, err = base64.StdEncoding.AppendDecode(message[:0], line)
			if err == nil {
				o = m.next(&input{Buffer: *bytes.NewBuffer(message), eof: true}).outcome
			}
		}
		if o.Result == "error" {
			failed = errReported
		}
		if err := writeJSON(stdout, o); err != nil {
			return err
		}
	}
}

// runKernels asks the CPU itself for what it has, so GODEBUG changes nothing in that.
func runKernels(args []string, stdout io.Writer) error {
	if len(args) > 0 {
		return usagef("unexpected argument %q", args[0])
	}
	yes := map[bool]string{true: "yes", false: "no"}
	out := bufio.NewWriter(stdout)
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintf(out, "CPU: %s\n\n", cmp.Or(safe(cpuid.CPU.BrandName), "unknown"))
	fmt.Fprintln(table, "KERNEL\tRUNS HERE\tUSED\tMISSING\tREQUIRES")
	for _, k := range picohttp.Kernels() {
		var misses []string
		for name := range strings.FieldsSeq(k.Requires) {
			if !cpuid.CPU.Supports(cpuid.ParseFeature(name)) {
				misses = append(misses, name)
			}
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", k.Name, yes[k.Runs], yes[k.Name == picohttp.Kernel()],
			cmp.Or(strings.Join(misses, " "), "nothing"), cmp.Or(k.Requires, "nothing"))
	}
	table.Flush()
	return out.Flush() // the first error of all
}
