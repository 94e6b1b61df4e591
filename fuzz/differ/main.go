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
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The exit statuses of Main, besides 0.
const (
	statusFailed   = 1 // it failed
	statusUsage    = 2 // the flags are wrong
	statusNew      = 3 // a finding is not in the file that -known names
	statusProtocol = 4 // a program of -pipe keeps writing lines that are not answers
)

// A statusError is an error with an exit status of its own.
type statusError struct {
	error
	status int
}

func usageError(format string, args ...any) error {
	return statusError{fmt.Errorf("differ: "+format, args...), statusUsage}
}

// Main is the command. It compares adaptors with picohttp and net/http, and with programs
// that the flag -pipe names, shows its progress, and writes a report when it ends or is
// interrupted. It ends the process. The status is 0, also if there are findings; 1 if it
// failed; 2 if the flags are wrong; 3 if there is a finding that is not in the file that
// -known names; and 4 if a program of -pipe keeps writing lines that are not answers.
func Main(adaptors ...Adaptor) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() { // so that another Ctrl-C, a second later, ends it at once
		time.Sleep(time.Second)
		stop()
	})
	err := command(ctx, os.Args[1:], os.Stdout, adaptors)
	if err != nil {
		fmt.Fprintln(os.Stderr, "differ:", safe(strings.TrimPrefix(err.Error(), "differ: ")))
	}
	os.Exit(statusOf(err))
}

func statusOf(err error) int {
	var of statusError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &of):
		return of.status
	}
	return statusFailed
}

const usage = `Usage: differ [flags]

Gives the same HTTP/1.x messages, and mutants of them, to all parsers, and reports
where they disagree. Ctrl-C ends it with a report.

`

// options are what the flags say.
type options struct {
	Run
	limit time.Duration
	to    string
	known map[string]bool // nil for no -known
}

// parse reads the flags. It returns nil if they ask for the usage, which it prints.
func parse(args []string, out io.Writer, adaptors []Adaptor) (*options, error) {
	o := new(options)
	o.Adaptors = append(append(Picohttp(), NetHTTP()), adaptors...)
	f := flag.NewFlagSet("differ", flag.ContinueOnError)
	f.SetOutput(io.Discard) // Main prints the error
	f.TextVar(&o.Kind, "kind", Request, "the `KIND` of input: request, response or chunked")
	f.DurationVar(&o.limit, "time", 0, "end after this time; 0 for no limit")
	f.Int64Var(&o.Count, "count", 0, "end after so many inputs, including those of earlier runs of "+
		"the same parsers; 0 for no limit")
	f.StringVar(&o.Dir, "dir", "", "keep inputs in `DIR`, and continue from there")
	f.StringVar(&o.to, "report", "differ-report",
		"write report.html, findings.jsonl and known.txt to `DIR`")
	only := f.String("only", "",
		"the `NAMES` of the parsers to run, with commas between; all if empty")
	f.StringVar(&o.Against, "against", "",
		"the `NAME` of the parser that the others are compared with, or all; the first one if empty")
	f.Uint64Var(&o.Random, "seed", uint64(time.Now().UnixNano()), "of the mutants; with -count "+
		"and one job, without -dir, the same seed makes the same run")
	f.DurationVar(&o.Patience, "patience", defaultPatience, "how long a parser may take for one "+
		"input. A program that takes longer is started again, Go code is out")
	f.IntVar(&o.Jobs, "jobs", 1, "try `N` inputs at a time, for as many cores")
	f.Func("known", "exit with status 3 if there is a finding that is not in `FILE`: a known.txt "+
		"of an earlier report", o.readKnown)
	f.Func("pipe", "`NAME=COMMAND` to run along with the others, with -kind KIND after it. It "+
		"speaks the pipe protocol of the README. The command is split at white space, and quotes "+
		"have no meaning. May be repeated", o.addPipe)
	err := f.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		f.SetOutput(out)
		fmt.Fprint(out, usage)
		f.PrintDefaults()
		return nil, nil
	case err != nil:
	case f.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", f.Arg(0))
	case o.Count < 0 || o.limit < 0 || o.Patience <= 0 || o.Jobs <= 0:
		err = errors.New("-count and -time must not be negative, and -patience and -jobs must be above 0")
	case *only != "":
		all := o.Adaptors
		o.Adaptors = nil
		for name := range strings.SplitSeq(*only, ",") {
			i := slices.IndexFunc(all, func(a Adaptor) bool { return a.Name == name })
			if i < 0 {
				return nil, usageError("no parser is %q: without -only, all are run", name)
			}
			o.Adaptors = append(o.Adaptors, all[i])
		}
	}
	if err != nil {
		return nil, usageError("%w (-h lists the flags)", err)
	}
	return o, nil
}

func (o *options) addPipe(s string) error {
	name, command, _ := strings.Cut(s, "=")
	args := strings.Fields(command)
	if name == "" || len(args) == 0 {
		return errors.New("want NAME=COMMAND")
	}
	_, err := exec.LookPath(args[0])
	o.Adaptors = append(o.Adaptors, Pipe(name, args...))
	return err
}

// readKnown reads the IDs in a file: the first word of each line, unless that is empty or a
// comment.
func (o *options) readKnown(name string) error {
	text, err := os.ReadFile(name)
	o.known = map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) > 0 && !strings.HasPrefix(words[0], "#") {
			o.known[words[0]] = true
		}
	}
	return err
}

func command(ctx context.Context, args []string, out io.Writer, adaptors []Adaptor) error {
	o, err := parse(args, out, adaptors)
	if o == nil {
		return err
	}
	defer func() {
		for _, a := range o.Adaptors {
			if a.Close != nil {
				a.Close()
			}
		}
	}()
	if o.limit > 0 {
		var end context.CancelFunc
		ctx, end = context.WithTimeout(ctx, o.limit)
		defer end()
	}
	o.Progress = func(r *Report) { fmt.Fprintln(out, r) }
	report, err := o.Do(ctx)
	if report == nil {
		return err
	}
	fresh := 0
	if o.known != nil {
		fresh = report.mark(o.known)
	}
	if err = errors.Join(err, report.write(o.to, out)); err == nil && fresh > 0 {
		err = fmt.Errorf("%d of %d findings are not known", fresh, len(report.Findings))
		err = statusError{err, statusNew}
	}
	return err
}

// String describes in a line how far a run has come.
func (r *Report) String() string {
	s := fmt.Sprintf("%-8s %10d executions %8.0f/s %6d kept %5d findings",
		r.Kind, r.Executions, float64(r.Executions)/r.Took.Seconds(), r.Kept, len(r.Findings))
	for _, f := range r.Failures {
		s += "; " + f.String()
	}
	return s
}

// String describes a failure in a few words, with the input that it happened with first.
func (f Failure) String() string {
	how := "is out"
	if !f.Out {
		how = fmt.Sprintf("failed %d times", f.Count)
	}
	why := shorten(safe(f.Why))
	return fmt.Sprintf("%s %s since %d: %s; with %s", f.Parser, how, f.Since, why, quoted(f.Input))
}

// quoted returns an input as a Go string, shortened if it is long.
func quoted(b []byte) string { return shorten(strconv.Quote(string(b))) }

// escaped returns a text with escape sequences as in a Go string.
func escaped(text string) string {
	quoted := strconv.Quote(text)
	return quoted[1 : len(quoted)-1]
}

// safe is escaped, except that it leaves quotation marks and backslashes as they are.
func safe(text string) string {
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(escaped(text))
}

func shorten(s string) string {
	if len(s) > 80 {
		s = s[:77] + "..."
	}
	return s
}

// write writes the report's files, and says so.
func (r *Report) write(dir string, out io.Writer) error {
	err := os.MkdirAll(dir, 0o777)
	for name, write := range map[string]func(io.Writer) error{
		"report.html": r.WriteHTML, "findings.jsonl": r.WriteJSON, "known.txt": r.writeKnown,
	} {
		file, errCreate := os.Create(filepath.Join(dir, name))
		if errCreate != nil {
			return errors.Join(err, errCreate)
		}
		err = errors.Join(err, write(file), file.Close())
	}
	fmt.Fprintf(out, "\n%s\n%d findings: %s\n", r.overview(), len(r.Findings), filepath.Join(dir, "report.html"))
	return err
}

// maxOverview is how many lines there are of findings on the console.
const maxOverview = 20

// overview lists how each rule was broken and by whom, with an input for each. New findings
// come first.
func (r *Report) overview() string {
	var s strings.Builder
	for _, f := range r.Failures {
		fmt.Fprintln(&s, f)
	}
	seen := map[string]bool{}
	for i := range 2 * len(r.Findings) {
		f := &r.Findings[i%len(r.Findings)]
		if f.New != (i < len(r.Findings)) {
			continue
		}
		by := "none"
		for p, name := range r.Parsers {
			if f.Verdicts[p].Result == Accept {
				by = strings.TrimPrefix(by+", "+name, "none, ")
			}
		}
		if f.New {
			by += ", " + strings.Join(f.fresh, " ") + " is new"
		}
		key := fmt.Sprint(f.Class, f.Rule, by)
		if !seen[key] && len(seen) < maxOverview {
			fmt.Fprintf(&s, "%-10s %-25s %s\n%10s accepted by %s\n",
				f.Class, cmp.Or(f.Rule, "no rule is broken"), quoted(f.Input), "", by)
		}
		seen[key] = true
	}
	if more := len(seen) - maxOverview; more > 0 {
		fmt.Fprintf(&s, "and %d others like these, in the report\n", more)
	}
	return s.String()
}
