package differ

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// What a Run keeps in Dir, in a folder for its kind: inputs/, whose verdicts were
// new, findings/, ended/, which ended the process, state.json, and for each job (0 is a
// Run in one process) trying-JOB and, for other jobs than 0, state-JOB.json.

// A state is what a run continues with, apart from the inputs.
type state struct {
	Runs   map[string]tally // by the names of the parsers
	Counts map[string]int64 // of inputs that showed a finding, by its ID
}

// A tally is what runs of the same parsers have done.
type tally struct {
	Executions int64
	Seconds    float64
}

func (r *Run) path(elements ...string) string {
	return filepath.Join(append([]string{r.Dir, r.Kind.String()}, elements...)...)
}

// names is the set of parsers that a tally is of.
func (r *Run) names() string {
	var names []string
	for _, p := range r.parsers {
		names = append(names, p.name)
	}
	slices.Sort(names)
	return strings.Join(names, ",")
}

// open makes the folders, and takes a lock on them.
func (r *Run) open() (unlock func() error, err error) {
	if r.Dir == "" {
		return func() error { return nil }, nil
	}
	for _, folder := range []string{"inputs", "findings", "ended"} {
		if err := os.MkdirAll(r.path(folder), 0o777); err != nil {
			return nil, err
		}
	}
	if r.job > 0 {
		return func() error { return nil }, nil
	}
	return lockFile(filepath.Join(r.Dir, "lock"))
}

// load goes on with a run that was saved. Findings are found once more, so that
// what has been mended since is gone.
func (r *Run) load() error {
	if r.Dir == "" {
		return nil
	}
	if err := r.loadEnded(); err != nil {
		return err
	}
	if err := r.loadState(); err != nil {
		return err
	}
	if done := r.trying.done(r.names()); done > r.done { // it did not live to save its state
		r.done, r.doneBefore = done, done
	}
	r.trying.start(r.names())
	r.rng = rand.New(rand.NewPCG(r.Random, uint64(r.done))) // other mutants than before
	tried, err := readAll(r.path("findings"))
	if err != nil {
		return err
	}
	if r.job == 0 {
		if err := os.RemoveAll(r.path("findings")); err != nil {
			return err
		}
		if err := os.Mkdir(r.path("findings"), 0o777); err != nil {
			return err
		}
	}
	for _, p := range r.parsers {
		for b := range p.ended {
			tried = append(tried, []byte(b))
		}
		if n := len(p.ended); n > 0 {
			r.failures = append(r.failures, Failure{Kind: r.Kind, Parser: p.name, Count: int64(n),
				Why: "it has ended the process (with -jobs the run continues)", Input: tried[len(tried)-1]})
			r.shown = time.Time{} // tell of it at once
		}
	}
	if r.jobs == nil { // they have tried the inputs
		inputs, err := readAll(r.path("inputs"))
		if err != nil {
			return err
		}
		tried = append(tried, inputs...)
	}
	for _, b := range tried {
		r.tell()
		r.try(b)
	}
	for _, f := range r.findings {
		f.Count = max(f.Count, r.saved.Counts[f.ID()])
	}
	return nil
}

// loadState reads the state of this run, or if it is not a job those of all jobs, which it
// makes one.
func (r *Run) loadState() error {
	files := []string{r.stateFile()}
	if r.job == 0 {
		jobs, err := filepath.Glob(r.path("state-*.json"))
		if err != nil {
			return err
		}
		files = append(files, jobs...)
	}
	r.saved = state{Runs: map[string]tally{}, Counts: map[string]int64{}}
	for _, file := range files {
		if err := r.saved.add(file); err != nil {
			return err
		}
	}
	of := r.saved.Runs[r.names()]
	r.done, r.doneBefore = of.Executions, of.Executions
	r.before = time.Duration(of.Seconds * float64(time.Second))
	if err := r.save(); err != nil {
		return err
	}
	for _, file := range files[1:] {
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	return nil
}

// add adds the state in a file, if there is one.
func (s *state) add(file string) error {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	var other state
	if err := json.Unmarshal(text, &other); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for names, of := range other.Runs {
		sum := s.Runs[names]
		s.Runs[names] = tally{sum.Executions + of.Executions, sum.Seconds + of.Seconds}
	}
	for id, n := range other.Counts {
		s.Counts[id] += n
	}
	return nil
}

func readAll(folder string) (contents [][]byte, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		b, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		if len(b) <= maxInput {
			contents = append(contents, b)
		}
	}
	return contents, nil
}

func (r *Run) stateFile() string {
	if r.job == 0 {
		return r.path("state.json")
	}
	return r.path(fmt.Sprintf("state-%d.json", r.job))
}

// save writes the state, and returns the first error of writing to Dir.
func (r *Run) save() error {
	if r.Dir == "" {
		return nil
	}
	of := tally{Executions: r.done}
	if r.job == 0 { // the time of jobs is that of the process that waits for them
		of.Seconds = (r.before + time.Since(r.began)).Seconds()
	}
	r.saved.Runs[r.names()] = of
	for _, f := range r.findings {
		r.saved.Counts[f.ID()] = max(f.Count, r.saved.Counts[f.ID()])
	}
	text, err := json.MarshalIndent(r.saved, "", "\t")
	if err != nil {
		return err
	}
	temporary := r.stateFile() + ".new"
	if err := os.WriteFile(temporary, text, 0o666); err != nil {
		return err
	}
	r.failed(os.Rename(temporary, r.stateFile()))
	return r.err
}

// keep adds an input to those that mutants are made of.
func (r *Run) keep(b []byte) {
	r.kept = append(r.kept, b)
	if r.Dir != "" {
		r.failed(os.WriteFile(r.path("inputs", digest(b)), b, 0o666))
	}
}

func (r *Run) write(f *Finding) {
	if r.Dir != "" {
		r.failed(os.WriteFile(r.path("findings", f.Class.String()+"-"+f.ID()), f.Input, 0o666))
	}
}

// failed keeps the first error of writing; the run goes on.
func (r *Run) failed(err error) {
	if r.err == nil {
		r.err = err
	}
}

// Trying is a file with the input that a parser reads at the moment, the parser's name,
// and the number of executions. If the process ends, the next one finds them there.
type trying struct{ memory []byte }

// The parts of the file begin at these offsets.
const (
	tryingSize  = 0  // 1 and the length of the input, while it is tried
	tryingNamed = 4  // the length of the name
	tryingDone  = 8  // executions
	tryingRun   = 16 // a digest of the names of the parsers
	tryingName  = 32
	tryingInput = 288
)

func openTrying(name string) (t trying, err error) {
	t.memory, err = mapFile(name, tryingInput+maxInput)
	return t, err
}

// start prepares the file for a run.
func (t *trying) start(names string) {
	if t.memory != nil {
		copy(t.memory[tryingRun:tryingName], digest(names))
	}
}

func (t *trying) close() error {
	memory := t.memory
	t.memory = nil
	if memory == nil {
		return nil
	}
	return unmapFile(memory)
}

func (t *trying) begin(parser string, b []byte, done int64) {
	if m := t.memory; m != nil && len(b) <= maxInput {
		binary.LittleEndian.PutUint64(m[tryingDone:], uint64(done))
		binary.LittleEndian.PutUint32(m[tryingNamed:], uint32(copy(m[tryingName:tryingInput], parser)))
		binary.LittleEndian.PutUint32(m[tryingSize:], uint32(1+copy(m[tryingInput:], b)))
	}
}

func (t *trying) end() {
	if t.memory != nil {
		clear(t.memory[tryingSize:tryingNamed])
	}
}

// read returns which parser did not come to its end, and with which input, if there is one.
func (t *trying) read() (parser string, b []byte, found bool) {
	m := t.memory
	if m == nil {
		return "", nil, false
	}
	size, name := binary.LittleEndian.Uint32(m[tryingSize:]), binary.LittleEndian.Uint32(m[tryingNamed:])
	if size == 0 || size > 1+maxInput || name > tryingInput-tryingName {
		return "", nil, false
	}
	return string(m[tryingName : tryingName+name]), m[tryingInput : tryingInput+size-1], true
}

// done returns the executions of a run with these parsers, or 0.
func (t *trying) done(names string) int64 {
	if t.memory == nil || string(t.memory[tryingRun:tryingName]) != digest(names) {
		return 0
	}
	return int64(binary.LittleEndian.Uint64(t.memory[tryingDone:]))
}

// maxEnded is how many inputs are kept that ended the process in one parser.
const maxEnded = 100

// loadEnded learns which inputs have ended the process of an earlier run, and puts them
// into ended/, in a folder for each parser. It opens the file of this run.
func (r *Run) loadEnded() (err error) {
	files := []string{r.path(fmt.Sprint("trying-", r.job))}
	if r.job == 0 {
		jobs, err := filepath.Glob(r.path("trying-[1-9]*"))
		if err != nil {
			return err
		}
		files = append(files, jobs...)
	}
	for _, file := range files {
		t, err := openTrying(file)
		if err != nil {
			return err
		}
		if parser, b, found := t.read(); found {
			folder := r.path("ended", fmt.Sprintf("%x", parser))
			if err := os.MkdirAll(folder, 0o777); err != nil {
				return err
			}
			if others, err := os.ReadDir(folder); err != nil {
				return err
			} else if len(others) < maxEnded {
				if err := os.WriteFile(filepath.Join(folder, digest(b)), b, 0o666); err != nil {
					return err
				}
			}
			t.end()
		}
		if file == files[0] {
			r.trying = t
		} else if err := errors.Join(t.close(), os.Remove(file)); err != nil {
			return err
		}
	}
	for i := range r.parsers {
		p := &r.parsers[i]
		inputs, err := readAll(r.path("ended", fmt.Sprintf("%x", p.name)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		p.ended = map[string]bool{}
		for _, b := range inputs {
			p.ended[string(b)] = true
		}
	}
	return nil
}
