package differ

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/picohttp/picohttp/fuzz/corpus"
	"github.com/picohttp/picohttp/fuzz/mutate"
)

const (
	maxInput   = 4 << 10 // bytes of an input: longer ones are left out
	minimising = 3000    // executions for one finding
	patient    = 10      // times Run.Patience for one finding
	maxGarbled = 10      // lines of a program that are no answers, after which a run ends
)

// defaultPatience is what Run.Patience is if it is 0.
const defaultPatience = 5 * time.Second

// AgainstAll is a value of Run.Against.
const AgainstAll = "all"

// A Run compares adaptors. It needs two fields: Adaptors, and either Count or a context
// that ends.
type Run struct {
	Kind     Kind
	Adaptors []Adaptor // those with nothing for the Kind take no part
	Count    int64     // inputs to try, seeds included; 0 for no limit

	// Against names the parser that all others are compared with. "" is the first one.
	// With AgainstAll each is compared with each other, which makes many more findings. If the
	// parser that Against names rejects an input that two others accept differently, only
	// AgainstAll compares those two.
	Against string
	// Dir is where inputs are kept, those of findings included, and from where a later run
	// continues; "" for nowhere. Only one Run of a Kind at a time may use it.
	Dir string
	// Random is the seed of the mutants; the same Random and Count make the same run,
	// if Dir is empty, Jobs is at most 1 and no parser waits.
	Random uint64
	// Jobs is how many inputs are tried at a time, for as many cores; 0 is one.
	Jobs int
	// Patience is how long a parser may take for one input; 0 is 5 seconds. More is a
	// Crash. The program of a Pipe is then ended and started again. Go code takes no part
	// from then on: nothing can stop it, so it runs until the process ends.
	Patience time.Duration
	// Progress is called with what has been found about once a second, and at the end; nil for
	// nothing.
	Progress func(*Report)
}

// A Finding is an input that parsers disagree about.
type Finding struct {
	Kind  Kind  `json:"kind"`
	Class Class `json:"class"`
	// Rule says what a strict reading of RFC 9110 and 9112 finds wrong with the input: the Code
	// of a picohttp.Error, "incomplete", or "" if nothing. It names no product.
	Rule     string    `json:"rule"`
	Input    []byte    `json:"input"` // minimised
	Verdicts []Verdict `json:"-"`
	Count    int64     `json:"count"` // disagreements of two parsers that came down to it

	// Between are the parsers that it is named after: one for Crashes, else two.
	Between []string `json:"between"`
	// Suspect: the strict profile of picohttp and at least two other parsers accept the
	// input or its beginning, and one of these reads it differently.
	Suspect bool `json:"suspect"`
	// Detail says so if the input did not show it a second time.
	Detail string `json:"detail,omitempty"`
	// New: -known is set, and the finding is not in that file.
	New bool `json:"new,omitempty"`

	ids   []string // of its causes, the worst first
	fresh []string // those that are not in the file of -known
}

// ID names a finding by its kind, class and rule, by the parsers it is between, and by the
// kind of verdict that each has. Other seeds, inputs, or parsers besides these leave it as
// it is.
func (f *Finding) ID() string { return strings.Join(f.ids[:min(1, len(f.ids))], "") }

// A Failure is what happened to a parser, apart from its verdicts.
type Failure struct {
	Parser string
	Out    bool   // it takes no part from then on; else it wrote what is no answer
	Since  int64  // executions when it happened first
	Count  int64  // how often it happened
	Why    string // the first time
	Input  []byte // that it happened with first
}

// A search is a Run that is being done.
type search struct {
	Run
	ctx     context.Context
	end     context.CancelCauseFunc // ends it before its time
	parsers []*parser
	against int // the place in parsers, or everyone
	seeds   [][]byte
	jobs    []*job
	inputs  [][]byte // of earlier runs
	records []byte   // of all jobs
	closers []func() // end what it has begun

	mu       sync.Mutex         // is held for what follows
	tried    int                // seeds
	kept     [][]byte           // inputs of which some verdict was new
	seen     map[cause]bool     // what two parsers made of a rule; see isNew
	found    map[cause]*Finding // the finding that each cause belongs to
	findings []*Finding
	failures []Failure
	done     int64 // executions of this run and those before it
	began    time.Time
	before   time.Duration // that earlier runs took
	saved    state         // of earlier runs
	err      error         // of writing to Dir
}

// A job is a goroutine of a search.
type job struct {
	*search
	rng    *rand.Rand
	parse  []func(b []byte) Verdict // of the parsers
	record []byte                   // see keep.go
	asked  []byte                   // the input that a parser was asked last
}

// everyone, as the parser to compare with, stands for each.
const everyone = -1

// Do runs until Count, or until ctx ends, which is no error. It returns an error if too few
// parsers are left, if a program keeps writing lines that are not answers, or if Dir cannot be
// read or written. It returns what it has found, also along with an error.
func (r *Run) Do(ctx context.Context) (*Report, error) {
	s, err := r.search(ctx)
	defer s.close()
	if err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	go func() {
		s.jobs[0].again()
		var all sync.WaitGroup
		for _, j := range s.jobs {
			all.Go(j.work)
		}
		all.Wait()
		close(ended)
	}()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for working := true; working; {
		select {
		case <-second.C:
		case <-ended:
			working = false
		}
		s.tell()
	}
	if err := context.Cause(s.ctx); err != nil && ctx.Err() == nil {
		return s.report(), err
	}
	return s.report(), s.err
}

// search returns a search that has not begun. It must be closed, also after an error.
func (r *Run) search(ctx context.Context) (*search, error) {
	s := &search{Run: *r, began: time.Now(), seen: map[cause]bool{}, found: map[cause]*Finding{}}
	s.ctx, s.end = context.WithCancelCause(ctx)
	s.closers = append(s.closers, func() { s.end(nil) })
	s.Patience, s.Jobs = cmp.Or(r.Patience, defaultPatience), max(1, r.Jobs)
	for _, a := range r.Adaptors {
		p := &parser{name: a.Name, program: a.programs[r.Kind], ended: map[string]bool{}}
		p.parse = []func([]byte) Verdict{a.Request, a.Response, a.Chunked}[r.Kind]
		if p.parse != nil && slices.Contains(s.names(), a.Name) {
			return s, usageError("two parsers are called %s", a.Name)
		}
		if p.parse != nil {
			s.parsers = append(s.parsers, p)
		}
		if p.program != nil {
			p.program.patience = s.Patience
		}
	}
	if len(s.parsers) < 2 {
		return s, usageError("there are %d parsers of kind %s: it takes two to disagree", len(s.parsers), r.Kind)
	}
	switch r.Against {
	case "":
		s.against = 0
	case AgainstAll:
		s.against = everyone
	default:
		if s.against = slices.Index(s.names(), r.Against); s.against < 0 {
			return s, usageError("no parser of kind %s is %s, to compare the others with", r.Kind, r.Against)
		}
	}
	s.seeds = corpus.Load(r.Kind.String())
	if r.Kind == Request { // for parsers that know no bodies without a head
		const head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
		for _, b := range corpus.Load(Chunked.String()) {
			s.seeds = append(s.seeds, append([]byte(head), b...))
		}
	}
	s.seeds = slices.DeleteFunc(s.seeds, func(b []byte) bool { return len(b) > maxInput })
	if err := s.open(); err != nil {
		return s, err
	}
	for i := range s.Jobs {
		// A later run has other mutants than the one before.
		rng := rand.New(rand.NewPCG(s.Random+uint64(i), uint64(s.done)))
		j := &job{search: s, record: s.records[i*maxRecord:][:maxRecord], rng: rng}
		s.jobs = append(s.jobs, j)
		for _, p := range s.parsers {
			parse := p.parse
			if p.program == nil {
				parse = j.watched(p.name, parse)
			}
			j.parse = append(j.parse, parse)
		}
	}
	return s, nil
}

func (s *search) close() {
	for _, c := range s.closers {
		c()
	}
}

func (s *search) names() (names []string) {
	for _, p := range s.parsers {
		names = append(names, p.name)
	}
	return names
}

// tell calls Progress and saves the state.
func (s *search) tell() {
	s.mu.Lock()
	s.save()
	r := s.report()
	s.mu.Unlock()
	if s.Progress != nil {
		s.Progress(r)
	}
}

func (s *search) report() *Report {
	r := &Report{
		Kind: s.Kind, Parsers: s.names(), Failures: slices.Clone(s.failures), Kept: len(s.kept),
		Executions: s.done, Took: s.before + time.Since(s.began), against: max(s.against, 0),
	}
	for _, f := range s.findings {
		r.Findings = append(r.Findings, *f)
	}
	// The worst come first, and of these the shortest.
	slices.SortFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(len(a.Input), len(b.Input)), cmp.Compare(a.ID(), b.ID()))
	})
	return r
}

// again tries inputs of earlier runs, so that findings that have been fixed since are gone.
func (j *job) again() {
	for _, b := range j.inputs {
		if j.ctx.Err() != nil {
			break
		}
		j.try(b)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, f := range j.findings {
		f.Count = max(f.Count, j.saved.Counts[f.ID()])
	}
}

func (j *job) work() {
	for b := j.next(); b != nil; b = j.next() {
		j.try(b)
	}
}

// next returns a seed that has not been tried or, if there is none left, a mutant. It returns
// nil only if the search is over: a copy of an empty input is not nil, unlike bytes.Clone(nil).
func (j *job) next() []byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.ctx.Err() != nil || j.Count > 0 && j.done >= j.Count {
		return nil
	}
	j.done++
	if j.tried < len(j.seeds) {
		j.tried++
		return append([]byte{}, j.seeds[j.tried-1]...)
	}
	for {
		from := j.seeds
		if len(j.kept) > 0 && j.rng.IntN(3) > 0 {
			from = j.kept
		}
		if b := mutate.Random(j.rng, from[j.rng.IntN(len(from))], j.seeds); len(b) <= maxInput {
			return append([]byte{}, b...)
		}
	}
}

// try gives b to all parsers. It keeps b for mutants if a parser, along with the one that it is
// compared with, does something new, or if there is a new cause.
func (j *job) try(b []byte) {
	verdicts := j.verdicts(b)
	broken := judge(j.Kind, b)
	isNew := j.isNew(broken.rule, verdicts)
	isNew = j.compare(b, broken, verdicts) || isNew
	// Mutants of what ends the process would end it, too.
	if isNew && !slices.ContainsFunc(verdicts, func(v Verdict) bool { return v.Where == endsRun.Where }) {
		j.mu.Lock()
		j.kept = append(j.kept, b)
		j.write(b)
		j.mu.Unlock()
	}
}

// isNew reports whether something in verdicts has not been seen. There is more of that than
// there are causes: an input that shows no new cause may have mutants that do.
func (s *search) isNew(rule string, verdicts []Verdict) (isNew bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := func(p int) side {
		v := &verdicts[p]
		return side{parser: s.parsers[p].name, result: v.Result, stage: v.Stage, body: v.Framing.Body}
	}
	for p := range verdicts {
		c := cause{rule: rule, a: of(p), b: of(max(s.against, 0))}
		if verdicts[p].compared() && !s.seen[c] {
			s.seen[c] = true
			isNew = true
		}
	}
	return isNew
}

// verdicts returns those on b of all parsers or, if there are names, of those alone.
func (j *job) verdicts(b []byte, names ...string) []Verdict {
	verdicts := make([]Verdict, len(j.parsers))
	for i, p := range j.parsers {
		if verdicts[i].Result = Absent; len(names) == 0 || slices.Contains(names, p.name) {
			verdicts[i] = j.ask(i, b)
		}
	}
	return verdicts
}

// ask returns the verdict of a parser on b, and notes what that shows about the parser.
func (j *job) ask(parser int, b []byte) Verdict {
	p := j.parsers[parser]
	if p.out.Load() {
		return Verdict{Result: Absent}
	} else if p.ended[string(b)] {
		return endsRun
	}
	j.asked = append(j.asked[:0], b...)
	v := j.parse[parser](b)
	switch {
	case v.gone != nil:
		j.fail(p, true, v.gone, j.asked)
	case v.Result == Protocol:
		j.fail(p, false, fmt.Errorf("%w: %s", errProtocol, v.Why), j.asked)
	case !bytes.Equal(b, j.asked):
		copy(b, j.asked)
		v = writes
	}
	return v
}

// fail notes that a parser is out, or wrote what is no answer. It ends the search if it
// cannot do without, or if there are too many such lines.
func (s *search) fail(p *parser, out bool, why error, b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.failures, func(f Failure) bool { return f.Parser == p.name && f.Out == out })
	if i < 0 {
		i = len(s.failures)
		s.failures = append(s.failures, Failure{p.name, out, s.done, 0, why.Error(), bytes.Clone(b)})
	}
	s.failures[i].Count++
	p.out.Store(p.out.Load() || out)
	left := 0
	for _, p := range s.parsers {
		if !p.out.Load() {
			left++
		}
	}
	switch {
	case errors.Is(why, errProtocol) && (out || s.failures[i].Count >= maxGarbled):
		s.end(fmt.Errorf("differ: %s: %w", p.name, why))
	case left < 2 || s.against != everyone && s.parsers[s.against].out.Load():
		s.end(fmt.Errorf("differ: too few parsers are left for %s: %s is out: %w", s.Kind, p.name, why))
	}
}
