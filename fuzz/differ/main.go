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
	"time"
)

// Main is the command: it holds adaptors against picohttp and net/http, and
// against programs that the flag -pipe names, shows how it gets on, and writes a
// report when it ends or is interrupted. It ends the process: with status 0,
// also if there are findings, or 1 if it could not do its work.
func Main(adaptors ...Adaptor) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // so that a second Ctrl-C ends it at once
	if err := command(ctx, os.Args[1:], os.Stdout, adaptors); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "differ:", err)
			os.Exit(1)
		}
	}
	os.Exit(0)
}

const usage = `Usage: differ [flags]

Gives the same HTTP/1.x messages, and mutants of them, to all parsers, and writes
down where they disagree. Ctrl-C ends it with a report.

`

func command(ctx context.Context, args []string, out io.Writer, adaptors []Adaptor) error {
	adaptors = append(slices.Concat(Picohttp(), []Adaptor{NetHTTP()}), adaptors...)
	f := flag.NewFlagSet("differ", flag.ContinueOnError)
	kinds := f.String("kind", "request", "`KINDS` of input: request, response, chunked, or some with commas between")
	limit := f.Duration("time", 0, "end after this time; 0 for no limit")
	count := f.Int64("count", 0, "end after so many inputs of each kind, those of earlier runs included; 0 for no limit")
	dir := f.String("dir", "", "keep inputs and findings in `DIR`, and go on from there")
	to := f.String("report", "differ-report", "write report.html, report.md and summary.md to `DIR`")
	only := f.String("only", "", "the `NAMES` of the parsers to run, with commas between; all if empty")
	seed := f.Uint64("seed", uint64(time.Now().UnixNano()), "of the mutants; with -count and without -dir, the same seed makes the same run")
	patience := f.Duration("patience", defaultPatience, "how long a parser may think about one input; one that takes longer is out")
	guard := f.Bool("guard", false, "put inputs next to memory that cannot be read")
	splits := f.Bool("splits", false, "hold each parser to itself, on beginnings of inputs and in pieces")
	late := f.Bool("late", false, "tell of rules whose breach one parser sees later than another, too")
	f.Func("pipe", "`NAME=COMMAND` to run beside the others: it has -kind KIND behind it and speaks the batch protocol; may be repeated", func(s string) error {
		name, words, _ := strings.Cut(s, "=")
		if fields := strings.Fields(words); name != "" && len(fields) > 0 {
			if _, err := exec.LookPath(fields[0]); err != nil {
				return err
			}
			adaptors = append(adaptors, Pipe(name, []Kind{Request, Response, Chunked}, fields...))
			return nil
		}
		return errors.New("want NAME=COMMAND")
	})
	f.Usage = func() {
		fmt.Fprint(f.Output(), usage)
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("what is %q? Flags are all it takes", f.Arg(0))
	}
	if *count < 0 || *limit < 0 || *patience <= 0 {
		return errors.New("-count, -time and -patience are not below 0, and there is no run without patience")
	}
	defer func() {
		for _, a := range adaptors {
			if a.Close != nil {
				a.Close()
			}
		}
	}()
	chosen := adaptors
	if *only != "" {
		chosen = nil
		for name := range strings.SplitSeq(*only, ",") {
			i := slices.IndexFunc(adaptors, func(a Adaptor) bool { return a.Name == name })
			if i < 0 {
				var names []string
				for _, a := range adaptors {
					names = append(names, a.Name)
				}
				return fmt.Errorf("no parser %q: there are %s", name, strings.Join(names, ", "))
			}
			chosen = append(chosen, adaptors[i])
		}
	}
	words := strings.Split(*kinds, ",")
	each := make([]Kind, len(words))
	for i, word := range words {
		kind := slices.IndexFunc([]Kind{Request, Response, Chunked}, func(k Kind) bool { return k.String() == word })
		if kind < 0 {
			return fmt.Errorf("no kind %q: there are request, response and chunked", word)
		}
		each[i] = Kind(kind)
	}
	var reports []*Report
	var failed error
	for i, kind := range each {
		r := Run{
			Kind: kind, Adaptors: chosen, Count: *count, Dir: *dir, Random: *seed, Patience: *patience, Guard: *guard, Splits: *splits, Late: *late,
			Progress: func(p Progress) { fmt.Fprintln(out, p) },
		}
		part, cancel := ctx, func() {}
		if *limit > 0 {
			part, cancel = context.WithTimeout(ctx, *limit/time.Duration(len(words)))
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
		if ctx.Err() != nil && i+1 < len(words) {
			fmt.Fprintf(out, "interrupted: nothing was done for %s\n", strings.Join(words[i+1:], ", "))
			break
		}
	}
	if len(reports) > 0 {
		failed = errors.Join(failed, Merge(reports...).write(*to, out))
	}
	return failed
}

// String tells of progress in a line.
func (p Progress) String() string {
	return fmt.Sprintf("%-8s %10d executions %8.0f/s %6d kept %5d findings in %d classes", p.Kind, p.Executions, p.Rate, p.Kept, p.Findings, p.Classes)
}

// write writes the report's three files, and says so.
func (r *Report) write(dir string, out io.Writer) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for name, write := range map[string]func(io.Writer) error{
		"report.html": r.WriteHTML, "report.md": r.WriteMarkdown, "summary.md": r.WriteSummary,
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

// overview lists how each rule was broken and by whom, with an input for each.
func (r *Report) overview() string {
	var s strings.Builder
	seen := map[string]bool{}
	for i := range r.Findings {
		f := &r.Findings[i]
		by := r.acceptors(f)
		key := fmt.Sprint(f.Kind, f.Class, f.Rule, by)
		if seen[key] {
			continue
		}
		seen[key] = true
		input := fmt.Sprintf("%q", f.Input)
		if len(input) > 80 {
			input = input[:77] + "..."
		}
		fmt.Fprintf(&s, "%-8s %-10s %-25s %s\n%19s accepted by %s\n", f.Kind, f.Class, cmp.Or(f.Rule, "no rule is broken"), input, "", by)
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
