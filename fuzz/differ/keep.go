package differ

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// In Dir, a search has a folder for its kind. inputs/ has the inputs that showed something new,
// and the minimised ones of findings. state.json is the state. records is a file mapped into
// memory, so it survives the process: for each job it has the input being tried.

// maxRecord is how many bytes a record has: its length in four bytes, the name of a parser, LF
// and an input. The length is 0 while nothing is tried.
const maxRecord = 4 + 256 + maxInput

func begin(record []byte, parser string, b []byte) {
	n := 4
	n += copy(record[n:], parser)
	n += copy(record[n:], "\n")
	n += copy(record[n:], b)
	binary.NativeEndian.PutUint32(record, uint32(n))
}

// A state is what a search continues with, apart from the inputs.
type state struct {
	Runs   map[string]tally // by the names of the parsers
	Counts map[string]int64 // of inputs that showed a finding, by its ID
	// Ended are inputs that ended the process, by the name of the parser.
	Ended map[string][][]byte
}

// A tally is what runs of the same parsers have done.
type tally struct {
	Executions int64
	Seconds    float64
}

func (s *search) path(elements ...string) string {
	return filepath.Join(append([]string{s.Dir, s.Kind.String()}, elements...)...)
}

// open makes the folders, takes a lock on them, and reads what earlier runs have left.
func (s *search) open() (err error) {
	s.saved = state{map[string]tally{}, map[string]int64{}, map[string][][]byte{}}
	if s.records = make([]byte, s.Jobs*maxRecord); s.Dir == "" {
		return nil
	}
	if err := os.MkdirAll(s.path("inputs"), 0o777); err != nil {
		return err
	}
	records, unlock, err := mapFile(s.path("records"), len(s.records))
	if err != nil {
		return err
	}
	s.records, s.closers = records[:len(records)/maxRecord*maxRecord], append(s.closers, unlock)
	text, err := os.ReadFile(s.path("state.json"))
	if err == nil {
		err = json.Unmarshal(text, &s.saved)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("differ: %s: %w", s.path("state.json"), err)
	}
	of := s.saved.Runs[s.set()]
	s.done = of.Executions
	s.before = time.Duration(of.Seconds * float64(time.Second))
	var left [][]byte
	for record := range slices.Chunk(s.records, maxRecord) {
		if n := int(binary.NativeEndian.Uint32(record)); n > 4 && n <= len(record) {
			left = append(left, record[4:n])
		}
	}
	for _, record := range left {
		name, b, _ := strings.Cut(string(record), "\n")
		if len(left) == 1 {
			s.saved.Ended[name] = append(s.saved.Ended[name], []byte(b))
		} else {
			s.write([]byte(b)) // to be tried again, by one job alone
		}
	}
	s.save()
	for record := range slices.Chunk(s.records, maxRecord) {
		clear(record[:4])
	}
	files, err := os.ReadDir(s.path("inputs"))
	for _, file := range files {
		b, errRead := os.ReadFile(s.path("inputs", file.Name()))
		err = errors.Join(err, errRead)
		s.inputs = append(s.inputs, b)
	}
	// What is minimised first need not be minimised again.
	slices.SortStableFunc(s.inputs, func(a, b []byte) int { return len(a) - len(b) })
	for _, p := range s.parsers {
		for _, b := range s.saved.Ended[p.name] {
			p.ended[string(b)] = true
			s.inputs = append(s.inputs, b)
		}
	}
	return errors.Join(err, s.err)
}

// set names the set of parsers that a tally is of.
func (s *search) set() string {
	return strings.Join(slices.Sorted(slices.Values(s.names())), ",")
}

// save writes the state.
func (s *search) save() {
	if s.Dir == "" {
		return
	}
	s.saved.Runs[s.set()] = tally{s.done, (s.before + time.Since(s.began)).Seconds()}
	for _, f := range s.findings {
		s.saved.Counts[f.ID()] = max(f.Count, s.saved.Counts[f.ID()])
	}
	text, err := json.MarshalIndent(s.saved, "", "\t")
	if err == nil {
		err = os.WriteFile(s.path("state.new"), text, 0o666)
	}
	if err == nil {
		err = os.Rename(s.path("state.new"), s.path("state.json"))
	}
	s.failed(err)
}

// write keeps an input for later runs.
func (s *search) write(b []byte) {
	if s.Dir != "" {
		s.failed(os.WriteFile(s.path("inputs", digest(b)), b, 0o666))
	}
}

// failed keeps the first error of writing to Dir. The search continues.
func (s *search) failed(err error) {
	if s.err == nil {
		s.err = err
	}
}

// digest names an input, or a cause.
func digest[S string | []byte](b S) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(b)))[:16] }
