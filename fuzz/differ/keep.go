package differ

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// What a Run keeps in Dir, in a folder for its kind: inputs/, whose verdicts were
// new, findings/, and state.json.

// A state is what goes on with a run, beside the inputs.
type state struct {
	Executions int64
	Seconds    float64
	Counts     map[string]int64 // of inputs that showed a finding, by its key
}

func (r *Run) path(elements ...string) string {
	return filepath.Join(append([]string{r.Dir, r.Kind.String()}, elements...)...)
}

// load goes on with a run that was saved. Findings are found once more, so that
// what has been mended since is gone.
func (r *Run) load() error {
	if r.Dir == "" {
		return nil
	}
	for _, folder := range []string{"inputs", "findings"} {
		if err := os.MkdirAll(r.path(folder), 0o777); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(r.path("state.json"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var s state
	if err == nil {
		if err := json.Unmarshal(text, &s); err != nil {
			return fmt.Errorf("%s: %w", r.path("state.json"), err)
		}
	}
	findings, err := readAll(r.path("findings"))
	if err != nil {
		return err
	}
	if err := os.RemoveAll(r.path("findings")); err != nil {
		return err
	}
	if err := os.Mkdir(r.path("findings"), 0o777); err != nil {
		return err
	}
	for _, b := range findings {
		r.try(b)
	}
	inputs, err := readAll(r.path("inputs"))
	if err != nil {
		return err
	}
	for _, b := range inputs {
		r.try(b)
	}
	for key, f := range r.found {
		f.Count = max(f.Count, s.Counts[key])
	}
	r.done = s.Executions
	r.before = time.Duration(s.Seconds * float64(time.Second))
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

func (r *Run) save() error {
	if r.Dir == "" {
		return nil
	}
	s := state{r.done, (r.before + time.Since(r.began)).Seconds(), map[string]int64{}}
	for key, f := range r.found {
		s.Counts[key] = f.Count
	}
	text, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		return err
	}
	temporary := r.path("state.json.new")
	if err := os.WriteFile(temporary, text, 0o666); err != nil {
		return err
	}
	r.failed(os.Rename(temporary, r.path("state.json")))
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
		r.failed(os.WriteFile(r.path("findings", f.Class.String()+"-"+digest(f.Input)), f.Input, 0o666))
	}
}

// failed keeps the first error of writing; the run goes on.
func (r *Run) failed(err error) {
	if r.err == nil {
		r.err = err
	}
}
