package differ

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Jobs are other processes of this program that do the work of a Run. They share its Dir:
// each finds the inputs of earlier runs there, and adds its own. They report
// their progress on standard output, and end when standard input does.
type jobs struct {
	n    int
	args []string // of this process

	mu     sync.Mutex
	latest []jobLine // by job
}

// jobVariable has the number of a job, from 1 up, for the process that is one.
const jobVariable = "PICOHTTP_DIFFER_JOB"

// A jobLine is a line that a job writes.
type jobLine struct {
	Progress
	Done     bool   // it has come to its end
	Why      string // if that was before its time
	Protocol bool   // that is errProtocol
}

// A jobError is the error that a job came to its end with.
type jobError jobLine

func (e jobError) Error() string { return e.Why }

func (e jobError) Is(target error) bool { return e.Protocol && target == errProtocol }

// maxDeaths is how often a job is started again that ends with no input to blame.
const maxDeaths = 3

// do has the work of r done. Its error is why that ended before its time.
func (j *jobs) do(r *Run) error {
	if err := r.loadState(); err != nil {
		return err
	}
	var left int64
	if r.Count > 0 {
		if left = r.Count - r.done; left <= 0 {
			return nil
		}
	}
	ctx, end := context.WithCancel(r.ctx)
	defer end()
	j.latest = make([]jobLine, j.n)
	ends := make(chan error, j.n)
	for job := range j.n {
		count := (left + int64(job)) / int64(j.n)
		if r.Count > 0 && count == 0 {
			ends <- nil
			continue
		}
		go func() { ends <- j.keep(ctx, job+1, r, count) }()
	}
	second := time.NewTicker(time.Second)
	defer second.Stop()
	var failed error
	for running := j.n; running > 0; {
		select {
		case err := <-ends:
			running--
			if err != nil && failed == nil {
				failed = err
				end()
			}
		case <-second.C:
			if r.Progress != nil {
				r.Progress(j.progress(r))
			}
		}
	}
	r.failures = j.progress(r).Failures
	return failed
}

// progress adds up that of all jobs.
func (j *jobs) progress(r *Run) Progress {
	j.mu.Lock()
	defer j.mu.Unlock()
	p := Progress{Kind: r.Kind, Executions: r.done}
	for _, of := range j.latest {
		p.Executions += of.Executions
		p.Rate += of.Rate
		p.Kept += of.Kept
		p.Findings = max(p.Findings, of.Findings)
		for _, f := range of.Failures {
			i := slices.IndexFunc(p.Failures, func(g Failure) bool { return g.Parser == f.Parser && g.Out == f.Out })
			if i < 0 {
				p.Failures = append(p.Failures, f)
			} else {
				p.Failures[i].Count += f.Count
			}
		}
	}
	return p
}

// keep starts a job, and again whenever it ends without having said so.
func (j *jobs) keep(ctx context.Context, job int, r *Run, count int64) error {
	for deaths := 0; ; {
		last, how := j.start(ctx, job, r, count)
		switch {
		case last.Why != "":
			return jobError(last)
		case last.Done || ctx.Err() != nil:
			return nil
		}
		if blamed, err := isBlamed(r.path(fmt.Sprint("trying-", job))); err != nil {
			return err
		} else if blamed {
			deaths = -1
		}
		if deaths++; deaths == maxDeaths {
			return fmt.Errorf("differ: job %d has ended %d times with no input to blame, the last time with %s", job, deaths, how)
		}
	}
}

// isBlamed reports whether a parser read an input when a job ended.
func isBlamed(file string) (blamed bool, err error) {
	t, err := openTrying(file)
	if err != nil {
		return false, err
	}
	_, _, blamed = t.read()
	return blamed, t.close()
}

// start runs a job to its end, and returns the last line that it wrote, and how it ended.
func (j *jobs) start(ctx context.Context, job int, r *Run, count int64) (last jobLine, how string) {
	program, err := os.Executable()
	if err != nil {
		program = os.Args[0]
	}
	cmd := exec.Command(program, slices.Concat(j.args, []string{"-jobs=0", "-time=0", "-known=", "-dir", r.Dir, "-kind", r.Kind.String(),
		"-count", strconv.FormatInt(count, 10), "-seed", strconv.FormatUint(r.Random+uint64(job)-1, 10)})...)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", jobVariable, job))
	var stderr excerpt
	cmd.Stderr = &stderr
	in, out, err := startPiped(cmd)
	if err != nil {
		return jobLine{Why: err.Error()}, ""
	}
	stop := context.AfterFunc(ctx, func() { in.Close() })
	defer stop()
	for lines := bufio.NewReader(out); ; {
		text, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		var line jobLine
		if json.Unmarshal(text, &line) == nil { // a parser may print, too
			last = line
			j.mu.Lock()
			j.latest[job-1] = line
			j.mu.Unlock()
		}
	}
	cmd.Wait()
	return last, fmt.Sprintf("%s: %s", cmd.ProcessState, &stderr)
}

// thisJob returns the number of the job that this process is, or 0.
func thisJob() int {
	job, _ := strconv.Atoi(os.Getenv(jobVariable))
	return job
}

// runJob is Main for a job.
func runJob(job int, adaptors []Adaptor) (status int) {
	os.Unsetenv(jobVariable)                     // it is not the programs that it starts
	signal.Ignore(os.Interrupt, syscall.SIGTERM) // the process that has started it says when to end
	ctx, end := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		end()
	}()
	lines := json.NewEncoder(os.Stdout)
	os.Stdout = os.Stderr // for parsers that print
	var o options
	_, err := o.parse(os.Args[1:], adaptors)
	defer closeAll(&o)
	last := jobLine{Done: true}
	if err == nil {
		r := o.Run
		r.Kind, r.job = o.kinds[0], job
		r.Progress = func(p Progress) { lines.Encode(jobLine{Progress: p}) }
		_, err = r.Do(ctx)
		last.Progress = r.progress()
	}
	if err != nil {
		last.Why, last.Protocol = err.Error(), errors.Is(err, errProtocol)
	}
	lines.Encode(last)
	return statusOf(err)
}
