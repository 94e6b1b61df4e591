package main

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// A task is what all sides do with some messages: a column of a table.
type task struct {
	title    string
	name     string // of the corpus, or its file
	kind     kind
	messages [][]byte
	command  string // the one that is timed
	step     int    // of the command deliver
	parsers  []parser
}

// where returns a name for a message in the texts of errors.
func (t *task) where(i int) string {
	if len(t.messages) == 1 {
		return t.name
	}
	return fmt.Sprintf("%s, message %d", t.name, i+1)
}

// task returns the task of a corpus, by its name.
func (o options) task(name string) (task, error) {
	t, err := corpus(name)
	t.command, t.parsers = o.work+"-"+string(t.kind), o.parsers
	switch {
	case t.kind == request || err != nil:
		return t, err
	case o.work != "parse":
		return t, fmt.Errorf("corpus %s: -read, -serve and other parsers are for requests", name)
	case t.kind == chunked:
		t.command = "decode"
	}
	return t, nil
}

// A result has the times of a task.
type result struct {
	task
	sides  []*side
	differ map[string]string // why a parser has no side
}

// perform starts the sides of a task, compares their answers with those of picohttp's fastest
// kernel, and times those that agree, in rounds. Each round begins with a different side, so that
// periodic noise does not always hit the same one.
func perform(t task, o options) (*result, error) {
	reference := parser{name: kernels()[0], kernel: true}
	sides, stop, err := startOn(append([]parser{reference}, t.parsers...), t.messages, o)
	defer stop()
	if err != nil {
		return nil, err
	}
	lengths, differ, err := agree(sides, &t)
	if err != nil {
		return nil, err
	}
	r := &result{task: t, differ: differ}
	for _, s := range sides[1:] {
		if differ[s.name] == "" {
			// It fails if the side lacks the command, or if its sum is wrong.
			if err := s.calibrate(&t, lengths, o.slot); err != nil {
				differ[s.name] = err.Error()
			}
		}
		switch why := differ[s.name]; {
		case why == "":
			r.sides = append(r.sides, s)
		case s.kernel:
			return nil, fmt.Errorf("%s: %s", s.name, why)
		}
	}
	if len(r.sides) == 0 {
		return nil, errors.New("no side is left")
	}
	for round := range o.rounds {
		for i := range r.sides {
			s := r.sides[(round+i)%len(r.sides)]
			ns, err := s.run(&t, lengths, s.passes)
			if err != nil {
				return nil, err
			}
			s.times = append(s.times, ns/float64(s.passes*len(t.messages)))
		}
	}
	return r, nil
}

// run runs the command of a task and returns the ns that it took. It is an error if the sum in the
// answer is not passes times lengths, or, for a command that takes nothing, not 0.
func (s *side) run(t *task, lengths, passes int) (float64, error) {
	answer, err := s.ask(t.command, passes, t.step)
	if err != nil {
		return 0, err
	}
	var ns float64
	var sum int
	if _, err = fmt.Sscan(answer, &ns, &sum); err != nil {
		return 0, fmt.Errorf("%s: answer %q: %w", s.name, answer, err)
	}
	if strings.HasPrefix(t.command, "parse-") || t.command == "reject" {
		lengths = 0
	}
	if want := passes * lengths; sum != want {
		return 0, fmt.Errorf("%s: the lengths have the sum %d, want %d", s.name, sum, want)
	}
	return ns, nil
}

// calibrate sets passes to the number that takes about the length of a slot.
func (s *side) calibrate(t *task, lengths int, slot time.Duration) error {
	for s.passes = 1; ; s.passes *= 2 {
		ns, err := s.run(t, lengths, s.passes)
		if err != nil {
			return err
		}
		if ns >= float64(slot)/4 {
			s.passes = max(1, int(float64(s.passes)*float64(slot)/ns))
			return nil
		}
	}
}

// side returns the side of a parser, or nil.
func (r *result) side(p parser) *side {
	for _, s := range r.sides {
		if s.name == p.name {
			return s
		}
	}
	return nil
}

// base returns the side with which the others are compared: the fastest build of picohttpparser that
// is shown, or the first side if none is.
func (r *result) base(shown []parser) *side {
	var base *side
	for _, p := range shown {
		s := r.side(p)
		if s != nil && (base == nil || p.isPico() && (!base.isPico() || median(s.times) < median(base.times))) {
			base = s
		}
	}
	return base
}

// An axis is a section of the report, with a column for each task. One thing varies between columns.
type axis struct {
	title    string
	about    string // the first sentence says what all sides do
	tasks    []task // the columns
	results  []*result
	shown    []parser // the rows, with the fastest build of each peer
	rejected bool     // a cell is not a time, but whether the head is rejected
}

// measure performs all tasks of an axis.
func (a *axis) measure(o options) error {
	if a.rejected {
		o.rounds, o.slot = 1, time.Millisecond
	}
	for _, t := range a.tasks {
		r, err := perform(t, o)
		if err != nil {
			return fmt.Errorf("%s: %w", strings.TrimSpace(a.title+" "+t.title), err)
		}
		a.results = append(a.results, r)
	}
	a.show()
	return nil
}

// show chooses the build of each peer that is shown: the one with times in the most columns or, of
// several, with the lowest geometric mean.
func (a *axis) show() {
	figures, logs := map[string]int{}, map[string]float64{}
	for _, r := range a.results {
		for _, s := range r.sides {
			figures[s.name]++
			logs[s.name] += math.Log(median(s.times))
		}
	}
	for _, r := range a.results {
		for _, p := range r.parsers {
			i := slices.IndexFunc(a.shown, func(q parser) bool { return q.peer == p.peer })
			switch {
			case i < 0:
				a.shown = append(a.shown, p)
			case cmp.Or(cmp.Compare(figures[a.shown[i].name], figures[p.name]), cmp.Compare(logs[p.name], logs[a.shown[i].name])) < 0:
				a.shown[i] = p
			}
		}
	}
}

// ratio returns the median of the ratios in the rounds. The two times of a round were taken
// within a fraction of a second, so most noise is in both.
func ratio(s, base *side) float64 {
	ratios := make([]float64, len(s.times))
	for round := range ratios {
		ratios[round] = s.times[round] / base.times[round]
	}
	return median(ratios)
}

func median(values []float64) float64 { return quantile(values, 0.5) }

// quantile returns the value below which a fraction q of the values lies, interpolated
// between the two nearest.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}
