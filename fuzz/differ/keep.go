package differ

import (
	"bytes"
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
	"unsafe"
)

// A Run keeps these in Dir, in a folder for its kind: inputs/, which showed something new or
// are minimised; ended/, inputs that ended the process; state.json; and for each job (0 is a
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
	for _, folder := range []string{"inputs", "ended"} {
		if err := os.MkdirAll(r.path(folder), 0o777); err != nil {
			return nil, err
		}
	}
	if r.job > 0 {
		return func() error { return nil }, nil
	}
	return lockFile(filepath.Join(r.Dir, "lock"))
}

// load continues a run that was saved. It tries the inputs again, so that findings that have
// been fixed since are gone.
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
	if t := r.trying; t != nil {
		names := digest(r.names())
		if string(t.names[:]) == names && t.done > r.done { // it did not live to save its state
			r.done, r.doneBefore = t.done, t.done
		}
		copy(t.names[:], names)
	}
	r.rng = rand.New(rand.NewPCG(r.Random, uint64(r.done))) // other mutants than before
	tried, err := readAll(r.path("inputs"))
	if err != nil {
		return err
	}
	// What is minimised first need not be minimised again.
	slices.SortStableFunc(tried, func(a, b []byte) int { return len(a) - len(b) })
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
		files = append(files, match(r.path(), "state-*.json")...)
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

// match returns the files in a folder that match a pattern. There are none if there is no
// folder.
func match(folder, pattern string) (files []string) {
	names, _ := fs.Glob(os.DirFS(folder), pattern) // all patterns are valid
	for _, name := range names {
		files = append(files, filepath.Join(folder, name))
	}
	return files
}

func readAll(folder string) (contents [][]byte, err error) {
	for _, file := range match(folder, "*") {
		b, err := os.ReadFile(file)
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

// write keeps an input for later runs.
func (r *Run) write(b []byte) {
	if r.Dir != "" {
		r.failed(os.WriteFile(r.path("inputs", digest(b)), b, 0o666))
	}
}

// failed keeps the first error of writing; the run continues.
func (r *Run) failed(err error) {
	if r.err == nil {
		r.err = err
	}
}

// A trying is a file in memory with the input that a parser reads at the moment. If the
// process ends, the next one finds it there.
type trying struct {
	size   uint32    // of input, plus 1 while it is tried
	name   uint32    // bytes of parser
	done   int64     // executions
	names  [16]byte  // a digest of the names of the parsers
	parser [256]byte // the one that reads the input
	input  [maxInput]byte
}

// openTrying returns nil on systems where files are not mapped.
func openTrying(name string) (*trying, error) {
	memory, err := mapFile(name, int(unsafe.Sizeof(trying{})))
	return (*trying)(unsafe.Pointer(unsafe.SliceData(memory))), err
}

func (t *trying) close() error {
	if t == nil {
		return nil
	}
	return unmapFile(unsafe.Slice((*byte)(unsafe.Pointer(t)), unsafe.Sizeof(*t)))
}

func (t *trying) begin(parser string, b []byte, done int64) {
	if t != nil && len(b) <= maxInput {
		t.done, t.name = done, uint32(copy(t.parser[:], parser))
		t.size = uint32(1 + copy(t.input[:], b))
	}
}

func (t *trying) end() {
	if t != nil {
		t.size = 0
	}
}

// read returns which parser did not return, and with which input, if there is one.
func (t *trying) read() (parser string, b []byte, found bool) {
	if t == nil || t.size == 0 || t.size > 1+maxInput || t.name > uint32(len(t.parser)) {
		return "", nil, false
	}
	return string(t.parser[:t.name]), bytes.Clone(t.input[:t.size-1]), true
}

// maxEnded is how many inputs are kept that ended the process in one parser.
const maxEnded = 100

// loadEnded learns which inputs have ended the process of an earlier run, and puts them
// into ended/, in a folder for each parser. It opens the file of this run.
func (r *Run) loadEnded() (err error) {
	files := []string{r.path(fmt.Sprint("trying-", r.job))}
	if r.job == 0 {
		files = append(files, match(r.path(), "trying-[1-9]*")...)
	}
	for _, file := range files {
		t, err := openTrying(file)
		if err != nil {
			return err
		}
		if parser, b, found := t.read(); found {
			folder := r.path("ended", fmt.Sprintf("%x", parser))
			if len(match(folder, "*")) < maxEnded {
				err = errors.Join(os.MkdirAll(folder, 0o777), os.WriteFile(filepath.Join(folder, digest(b)), b, 0o666))
			}
			if err != nil {
				return err
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
		if err != nil {
			return err
		}
		p.ended = map[string]bool{}
		for _, b := range inputs {
			p.ended[string(b)] = true
		}
	}
	return nil
}
