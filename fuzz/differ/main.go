package differ

import (
	"bufio"
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
	statusFailed   = 1 // it could not do its work
	statusUsage    = 2 // its flags are wrong
	statusNew      = 3 // a finding is not in the file that -known names
	statusProtocol = 4 // a program of -pipe keeps on writing what is no answer
)

// Main is the command: it holds adaptors against picohttp and net/http, and
// against programs that the flag -pipe names, shows how it gets on, and writes a
// report when it ends or is interrupted. It ends the process. The status is 0, also if
// there are findings; 1 if it could not do its work; 2 if its flags are wrong; 3 if there
// is a finding that is not in the file that -known names; and 4 if a program of -pipe
// keeps on writing what is no answer.
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

Gives the same HTTP/1.x messages, and mutants of them, to all parsers, and writes
down where they disagree. Ctrl-C ends it with a report.

`

// options are what the flags say.
type options struct {
	kinds    []Kind
	limit    time.Duration
	count    int64
	dir      string
	to       string
	only     string
	against  string
	seed     uint64
	patience time.Duration
	jobs     int
	known    string
	guard    bool
	splits   bool
	late     bool
	adaptors []Adaptor // all
	chosen   []Adaptor // by only
}

// flags returns the flags, which set o.
func (o *options) flags() *flag.FlagSet {
	f := flag.NewFlagSet("differ", flag.ContinueOnError)
	f.SetOutput(io.Discard) // command prints the usage, Main the error
	o.kinds = []Kind{Request}
	f.Func("kind", "`KINDS` of input: request, response, chunked, or some with commas between (default request)", o.setKinds)
	f.DurationVar(&o.limit, "time", 0, "end after this time; 0 for no limit")
	f.Int64Var(&o.count, "count", 0, "end after so many inputs of each kind, those of earlier runs of the same parsers included; 0 for no limit")
	f.StringVar(&o.dir, "dir", "", "keep inputs and findings in `DIR`, and go on from there")
	f.StringVar(&o.to, "report", "differ-report", "write report.html, report.md, findings.jsonl, known.txt and summary.md to `DIR`")
	f.StringVar(&o.only, "only", "", "the `NAMES` of the parsers to run, with commas between; all if empty")
	f.StringVar(&o.against, "against", "", "the `NAME` of the parser that the others are compared with, or all; the first one if empty")
	f.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "of the mutants; with -count and without -dir and -jobs, the same seed makes the same run")
	f.DurationVar(&o.patience, "patience", defaultPatience, "how long a parser may think about one input. A program that takes longer is started again, Go code is out")
	f.IntVar(&o.jobs, "jobs", 0, "run `N` processes of this, each with its own mutants. One that a parser ends is started again. 0 for this process alone")
	f.StringVar(&o.known, "known", "", "exit with status 3 if there is a finding that is not in `FILE`: a known.txt of an earlier report")
	f.BoolVar(&o.guard, "guard", false, "put inputs next to memory that cannot be read")
	f.BoolVar(&o.splits, "splits", false, "hold each parser to itself, on beginnings of inputs and in pieces")
	f.BoolVar(&o.late, "late", false, "tell of rules whose breach one parser sees later than another, too")
	f.Func("pipe", "`NAME=COMMAND` to run besides the others. It has -kind KIND after it, and speaks the pipe protocol of the README. Quotes and \\ keep words together as in a shell, which it is not. May be repeated", o.addPipe)
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
	name, words, _ := strings.Cut(s, "=")
	args, err := splitWords(words)
	if err != nil {
		return err
	}
	if name == "" || len(args) == 0 {
		return errors.New("want NAME=COMMAND")
	}
	if _, err := exec.LookPath(args[0]); err != nil {
		return err
	}
	o.adaptors = append(o.adaptors, Pipe(name, []Kind{Request, Response, Chunked}, args...))
	return nil
}

// splitWords splits a command line at white space. Single and double quotes keep it in a
// word, and so does a backslash, except in single quotes.
func splitWords(s string) (words []string, err error) {
	var word []byte
	inWord := false
	quote := byte(0)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quote != '\'':
			if i++; i == len(s) {
				return nil, errors.New("it ends with a backslash")
			}
			word, inWord = append(word, s[i]), true
		case c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, inWord = c, true
		case quote == 0 && (c == ' ' || c == '\t' || c == '\n'):
			if inWord {
				words = append(words, string(word))
			}
			word, inWord = nil, false
		default:
			word, inWord = append(word, c), true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a quote %c is not closed", quote)
	}
	if inWord {
		words = append(words, string(word))
	}
	return words, nil
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
		err = fmt.Errorf("what is %q? Flags are all it takes", f.Arg(0))
	case o.count < 0 || o.limit < 0 || o.patience <= 0 || o.jobs < 0:
		err = errors.New("-count, -time, -patience and -jobs are not below 0, and there is no run without patience")
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
	o.chosen = o.adaptors
	if o.only != "" {
		o.chosen = nil
		for name := range strings.SplitSeq(o.only, ",") {
			i := slices.IndexFunc(o.adaptors, func(a Adaptor) bool { return a.Name == name })
			if i < 0 {
				return fmt.Errorf("no parser %q: there are %s", name, namesOf(o.adaptors))
			}
			o.chosen = append(o.chosen, o.adaptors[i])
		}
	}
	if o.against != "" && o.against != AgainstAll && !slices.ContainsFunc(o.chosen, func(a Adaptor) bool { return a.Name == o.against }) {
		return fmt.Errorf("no parser %q to compare the others with: there are %s", o.against, namesOf(o.chosen))
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
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	known = map[string]bool{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if words := strings.Fields(lines.Text()); len(words) > 0 && !strings.HasPrefix(words[0], "#") {
			known[words[0]] = true
		}
	}
	return known, lines.Err()
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
	if o.jobs > 0 && o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "differ"); err != nil {
			return err
		}
		defer os.RemoveAll(o.dir)
	}
	var reports []*Report
	var failed error
	for i, kind := range o.kinds {
		r := o.run(kind)
		r.Progress = func(p Progress) { fmt.Fprintln(out, p) }
		if o.jobs > 0 {
			r.jobs = newJobs(&o, args)
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

// run returns the Run of a kind.
func (o *options) run(kind Kind) *Run {
	return &Run{
		Kind: kind, Adaptors: o.chosen, Count: o.count, Dir: o.dir, Random: o.seed, Patience: o.patience, Against: o.against,
		Guard: o.guard, Splits: o.splits, Late: o.late,
	}
}

// String tells of progress in a line.
func (p Progress) String() string {
	s := fmt.Sprintf("%-8s %10d executions %8.0f/s %6d kept %5d findings in %d classes", p.Kind, p.Executions, p.Rate, p.Kept, p.Findings, p.Classes)
	for _, f := range p.Failures {
		s += "; " + f.String()
	}
	return s
}

// String tells of a failure in a few words.
func (f Failure) String() string {
	why := fmt.Sprintf("%q", f.Why)
	why = why[1 : len(why)-1]
	if len(why) > 80 {
		why = why[:77] + "..."
	}
	if f.Out {
		return fmt.Sprintf("%s is out since %d: %s", f.Parser, f.Since, why)
	}
	return fmt.Sprintf("%s, %d times since %d: %s", f.Parser, f.Count, f.Since, why)
}

// full tells of a failure along with the input that it happened with first.
func (f Failure) full() string { return fmt.Sprintf("%s; with %s", f, quoted(f.Input)) }

// quoted returns an input as a Go string, of which not too much.
func quoted(b []byte) string {
	s := fmt.Sprintf("%q", b)
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
		"report.html": r.WriteHTML, "report.md": r.WriteMarkdown, "summary.md": r.WriteSummary, "findings.jsonl": r.WriteJSON, "known.txt": r.writeKnown,
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

// overview lists how each rule was broken and by whom, with an input for each. Findings
// that were not known come first, if some were.
func (r *Report) overview() string {
	var s strings.Builder
	for _, f := range r.Failures {
		fmt.Fprintf(&s, "%-8s %s\n", f.Kind, f.full())
	}
	seen := map[string]bool{}
	findings := slices.Clone(r.Findings)
	slices.SortStableFunc(findings, func(a, b Finding) int {
		if a.fresh == b.fresh {
			return 0
		} else if a.fresh {
			return -1
		}
		return 1
	})
	for i := range findings {
		f := &findings[i]
		by := r.acceptors(f)
		key := fmt.Sprint(f.Kind, f.Class, f.Rule, by, f.fresh)
		if seen[key] {
			continue
		}
		seen[key] = true
		if len(seen) > maxOverview {
			continue
		}
		known := ""
		if f.fresh {
			known = ", " + f.ID() + " is new"
		}
		fmt.Fprintf(&s, "%-8s %-10s %-25s %s\n%19s accepted by %s%s\n", f.Kind, f.Class, cmp.Or(f.Rule, "no rule is broken"), quoted(f.Input), "", by, known)
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
