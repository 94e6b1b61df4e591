package differ

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// The exit statuses of Main, besides 0.
const (
	statusFailed   = 1 // it failed
	statusUsage    = 2 // the flags are wrong
	statusNew      = 3 // a finding is not in the file that -known names
	statusProtocol = 4 // a program of -pipe keeps writing what is no answer
)

// Main is the command. It compares adaptors with picohttp and net/http, and with programs
// that the flag -pipe names, shows its progress, and writes a report when it ends or is
// interrupted. It ends the process. The status is 0, also if there are findings; 1 if it
// failed; 2 if the flags are wrong; 3 if there is a finding that is not in the file that
// -known names; and 4 if a program of -pipe keeps writing what is no answer.
func Main(adaptors ...Adaptor) {
	if job := thisJob(); job > 0 {
		os.Exit(runJob(job, adaptors))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // so that a second Ctrl-C ends it at once
	err := command(ctx, os.Args[1:], os.Stdout, adaptors)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "differ:", strings.TrimPrefix(err.Error(), "differ: "))
	}
	os.Exit(statusOf(err))
}

func statusOf(err error) int {
	switch usage := (usageError{}); {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		return statusUsage
	case errors.Is(err, errProtocol):
		return statusProtocol
	case errors.Is(err, errNew):
		return statusNew
	}
	return statusFailed
}

// A usageError is what is wrong with the flags.
type usageError struct{ error }

func (e usageError) Error() string { return e.error.Error() + " (-h lists the flags)" }

var errNew = errors.New("there are findings that were not known")

const usage = `Usage: differ [flags]

Gives the same HTTP/1.x messages, and mutants of them, to all parsers, and reports
where they disagree. Ctrl-C ends it with a report.

`

// options are what the flags say.
type options struct {
	Run       // except for Kind; its Adaptors are those that -only names
	kinds     []Kind
	limit     time.Duration
	to        string
	only      string
	known     string
	processes int
	adaptors  []Adaptor // all
}

// flags returns the flags, which set o.
func (o *options) flags() *flag.FlagSet {
	f := flag.NewFlagSet("differ", flag.ContinueOnError)
	f.SetOutput(io.Discard) // command prints the usage, Main the error
	o.kinds = []Kind{Request}
	f.Func("kind", "`KINDS` of input: request, response, chunked, or some with commas between (default request)", o.setKinds)
	f.DurationVar(&o.limit, "time", 0, "end after this time; 0 for no limit")
	f.Int64Var(&o.Count, "count", 0, "end after so many inputs of each kind, including those of earlier runs of the same parsers; 0 for no limit")
	f.StringVar(&o.Dir, "dir", "", "keep inputs in `DIR`, and continue from there")
	f.StringVar(&o.to, "report", "differ-report", "write report.html, findings.jsonl and known.txt to `DIR`")
	f.StringVar(&o.only, "only", "", "the `NAMES` of the parsers to run, with commas between; all if empty")
	f.StringVar(&o.Against, "against", "", "the `NAME` of the parser that the others are compared with, or all; the first one if empty")
	f.Uint64Var(&o.Random, "seed", uint64(time.Now().UnixNano()), "of the mutants; with -count and without -dir and -jobs, the same seed makes the same run")
	f.DurationVar(&o.Patience, "patience", defaultPatience, "how long a parser may take for one input. A program that takes longer is started again, Go code is out")
	f.IntVar(&o.processes, "jobs", 0, "run `N` processes of this, each with its own mutants. One that a parser ends is started again. 0 for this process alone")
	f.StringVar(&o.known, "known", "", "exit with status 3 if there is a finding that is not in `FILE`: a known.txt of an earlier report")
	f.BoolVar(&o.Guard, "guard", false, "put inputs next to memory that cannot be read")
	f.BoolVar(&o.Splits, "splits", false, "also compare each parser with itself, on beginnings of inputs")
	f.BoolVar(&o.Late, "late", false, "also report rules whose breach one parser sees later than another")
	f.Func("pipe", "`NAME=COMMAND` to run along with the others, with -kind KIND after it. It speaks the pipe protocol of the README. The command is split at white space, and quotes have no meaning. May be repeated", o.addPipe)
	return f
}

func (o *options) setKinds(s string) error {
	o.kinds = nil
	for word := range strings.SplitSeq(s, ",") {
		var k Kind
		if err := k.UnmarshalText([]byte(word)); err != nil {
			return err
		}
		o.kinds = append(o.kinds, k)
	}
	return nil
}

func (o *options) addPipe(s string) error {
	name, command, _ := strings.Cut(s, "=")
	args := strings.Fields(command)
	if name == "" || len(args) == 0 {
		return errors.New("want NAME=COMMAND")
	}
	if _, err := exec.LookPath(args[0]); err != nil {
		return err
	}
	o.adaptors = append(o.adaptors, Pipe(name, []Kind{Request, Response, Chunked}, args...))
	return nil
}

// parse reads the flags. Its error is flag.ErrHelp or a usageError.
func (o *options) parse(args []string, adaptors []Adaptor) (known map[string]bool, err error) {
	o.adaptors = append(slices.Concat(Picohttp(), []Adaptor{NetHTTP()}), adaptors...)
	f := o.flags()
	err = f.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil, err
	case err != nil:
	case f.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", f.Arg(0))
	case o.Count < 0 || o.limit < 0 || o.Patience <= 0 || o.processes < 0:
		err = errors.New("-count, -time and -jobs must not be negative, and -patience must be above 0")
	default:
		if err = o.choose(); err == nil && o.known != "" {
			known, err = readKnown(o.known)
		}
	}
	if err != nil {
		return nil, usageError{err}
	}
	return known, nil
}

// choose finds the parsers that -only and -against name.
func (o *options) choose() error {
	o.Adaptors = o.adaptors
	if o.only != "" {
		o.Adaptors = nil
		for name := range strings.SplitSeq(o.only, ",") {
			i := slices.IndexFunc(o.adaptors, func(a Adaptor) bool { return a.Name == name })
			if i < 0 {
				return fmt.Errorf("no parser %q: there are %s", name, namesOf(o.adaptors))
			}
			o.Adaptors = append(o.Adaptors, o.adaptors[i])
		}
	}
	if o.Against != "" && o.Against != AgainstAll && !slices.ContainsFunc(o.Adaptors, func(a Adaptor) bool { return a.Name == o.Against }) {
		return fmt.Errorf("no parser %q to compare the others with: there are %s", o.Against, namesOf(o.Adaptors))
	}
	return nil
}

func namesOf(adaptors []Adaptor) string {
	var names []string
	for _, a := range adaptors {
		names = append(names, a.Name)
	}
	return strings.Join(names, ", ")
}

// readKnown returns the IDs in a file: the first word of each line, unless that is empty or
// a comment.
func readKnown(name string) (known map[string]bool, err error) {
	text, err := os.ReadFile(name)
	known = map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) > 0 && !strings.HasPrefix(words[0], "#") {
			known[words[0]] = true
		}
	}
	return known, err
}

func command(ctx context.Context, args []string, out io.Writer, adaptors []Adaptor) error {
	var o options
	known, err := o.parse(args, adaptors)
	defer closeAll(&o)
	if errors.Is(err, flag.ErrHelp) {
		f := new(options).flags()
		f.SetOutput(out)
		fmt.Fprint(out, usage)
		f.PrintDefaults()
		return nil
	} else if err != nil {
		return err
	}
	if o.processes > 0 && o.Dir == "" {
		if o.Dir, err = os.MkdirTemp("", "differ"); err != nil {
			return err
		}
		defer os.RemoveAll(o.Dir)
	}
	var reports []*Report
	var failed error
	for i, kind := range o.kinds {
		r := o.Run
		r.Kind = kind
		r.Progress = func(p Progress) { fmt.Fprintln(out, p) }
		if o.processes > 0 {
			r.jobs = &jobs{n: o.processes, args: args}
		}
		part, cancel := ctx, func() {}
		if o.limit > 0 {
			part, cancel = context.WithTimeout(ctx, o.limit/time.Duration(len(o.kinds)))
		}
		report, err := r.Do(part)
		cancel()
		if report != nil {
			reports = append(reports, report)
		}
		if err != nil {
			failed = err
			break
		}
		if ctx.Err() != nil && i+1 < len(o.kinds) {
			fmt.Fprintf(out, "interrupted: nothing was done for %v\n", o.kinds[i+1:])
			break
		}
	}
	if len(reports) == 0 {
		return failed
	}
	report := Merge(reports...)
	if known != nil {
		report.mark(known)
	}
	failed = errors.Join(failed, report.write(o.to, out))
	if failed == nil && known != nil && report.fresh() > 0 {
		return fmt.Errorf("%w: %d of %d are not in %s", errNew, report.fresh(), len(report.Findings), o.known)
	}
	return failed
}

func closeAll(o *options) {
	for _, a := range o.adaptors {
		if a.Close != nil {
			a.Close()
		}
	}
}

// String describes the progress in a line.
func (p Progress) String() string {
	s := fmt.Sprintf("%-8s %10d executions %8.0f/s %6d kept %5d findings", p.Kind, p.Executions, p.Rate, p.Kept, p.Findings)
	for _, f := range p.Failures {
		s += "; " + f.String()
	}
	return s
}

// String describes a failure in a few words.
func (f Failure) String() string {
	how := "is out"
	if !f.Out {
		how = fmt.Sprintf("failed %d times", f.Count)
	}
	return fmt.Sprintf("%s %s since %d: %s", f.Parser, how, f.Since, shorten(escaped(f.Why)))
}

// full describes a failure along with the input that it happened with first.
func (f Failure) full() string { return fmt.Sprintf("%s; with %s", f, quoted(f.Input)) }

// quoted returns an input as a Go string, shortened if it is long.
func quoted(b []byte) string { return shorten(fmt.Sprintf("%q", b)) }

// escaped returns a text with escape sequences as in a Go string.
func escaped(text string) string {
	quoted := fmt.Sprintf("%q", text)
	return quoted[1 : len(quoted)-1]
}

func shorten(s string) string {
	if len(s) > 80 {
		s = s[:77] + "..."
	}
	return s
}

// write writes the report's files, and says so.
func (r *Report) write(dir string, out io.Writer) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for name, write := range map[string]func(io.Writer) error{
		"report.html": r.WriteHTML, "findings.jsonl": r.WriteJSON, "known.txt": r.writeKnown,
	} {
		if err := writeFile(filepath.Join(dir, name), write); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "\n%s\n%d findings: %s\n", r.overview(), len(r.Findings), filepath.Join(dir, "report.html"))
	return nil
}

func writeFile(name string, write func(io.Writer) error) (err error) {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return write(file)
}

// maxOverview is how many lines there are of findings on the console.
const maxOverview = 20

// overview lists how each rule was broken and by whom, with an input for each. New findings
// come first.
func (r *Report) overview() string {
	var s strings.Builder
	for _, f := range r.Failures {
		fmt.Fprintf(&s, "%-8s %s\n", f.Kind, f.full())
	}
	seen := map[string]bool{}
	for _, fresh := range []bool{true, false} {
		for i := range r.Findings {
			f := &r.Findings[i]
			by := r.acceptors(f)
			key := fmt.Sprint(f.Kind, f.Class, f.Rule, by, fresh)
			if f.fresh != fresh || seen[key] {
				continue
			}
			seen[key] = true
			if len(seen) > maxOverview {
				continue
			}
			if fresh {
				by += ", " + f.ID() + " is new"
			}
			fmt.Fprintf(&s, "%-8s %-10s %-25s %s\n%19s accepted by %s\n", f.Kind, f.Class, cmp.Or(f.Rule, "no rule is broken"), quoted(f.Input), "", by)
		}
	}
	if more := len(seen) - maxOverview; more > 0 {
		fmt.Fprintf(&s, "and %d others like these, in the report\n", more)
	}
	return s.String()
}

func (r *Report) acceptors(f *Finding) string {
	var names []string
	for i, v := range f.Verdicts {
		if v.Result == Accept {
			names = append(names, r.Parsers[i])
		}
	}
	return cmp.Or(strings.Join(names, ", "), "none")
}
