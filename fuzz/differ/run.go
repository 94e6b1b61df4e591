package differ

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/fuzz/corpus"
	"github.com/picohttp/picohttp/fuzz/mutate"
)

const (
	maxInput   = 4 << 10 // bytes of an input: longer ones are left out
	maxSplit   = 400     // bytes of an input whose beginnings are tried
	minimising = 3000    // executions for one finding
	patient    = 10      // times Run.Patience for one finding
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
	// With AgainstAll each is compared with each other, which finds the same causes in
	// many more ways.
	Against string
	// Seeds to begin with, besides those of package corpus.
	Seeds [][]byte
	// Dir is where inputs are kept, those of findings included, and from where a later run
	// continues; "" for nowhere. Only one Run at a time may use it.
	Dir string
	// Random is the seed of the mutants; the same Random, Seeds and Count
	// make the same run, if Dir is empty and no parser waits.
	Random uint64
	// Guard puts inputs at the ends of memory that may be read, for parsers in Go.
	Guard bool
	// Splits also compares each parser with itself, on new inputs and their beginnings.
	Splits bool
	// Late also reports each rule whose breach one parser sees later than another. These
	// are many findings, and harmless ones.
	Late bool
	// Patience is how long a parser may take for one input; 0 is 5 seconds. More is a
	// Crash. The program of a Pipe is then ended and started again. Go code takes no part
	// from then on: nothing can stop it, so it runs until the process ends.
	Patience time.Duration
	// Progress is called about once a second; nil for nothing.
	Progress func(p Progress)

	jobs       *jobs // does the work in other processes; nil for this one
	job        int   // from 1 up: this is one of them, which writes to a Dir that is not its own
	parsers    []parser
	against    int // place in parsers
	rng        *rand.Rand
	seeds      [][]byte
	kept       [][]byte           // inputs of which some verdict was new
	known      map[behaviour]bool //
	found      map[cause]*Finding // the finding that each cause belongs to
	findings   []*Finding
	failures   []Failure
	over       error // why the run ends before its time
	done       int64 // executions of this run and those before it
	doneBefore int64
	before     time.Duration
	began      time.Time
	shown      time.Time // when Progress was called
	ctx        context.Context
	copied     []byte // the input that was asked last
	trying     *trying
	saved      state // of earlier runs
	err        error // of writing to Dir
}

// Progress is how far a Run has come.
type Progress struct {
	Kind       Kind
	Executions int64   // inputs, each given to all parsers, of earlier runs of these parsers too
	Rate       float64 // executions a second, of this run
	Findings   int
	Kept       int       // inputs that some parser had not seen the like of
	Failures   []Failure // parsers that are out, or whose lines are no answers
}

// A Finding is an input that parsers disagree about.
type Finding struct {
	Kind     Kind
	Class    Class
	Rule     string // what is wrong with the input: see Rule
	Input    []byte // minimised
	Verdicts []Verdict
	Count    int64 // disagreements of two parsers that came down to it

	// Between are the parsers that it is named after: one for Crashes and
	// DeliveryDiffers, else two.
	Between []string
	// Suspect: the strict profile of picohttp accepts the input, and of two or
	// more other parsers that do, not all read it alike.
	Suspect bool
	// Detail says more, for DeliveryDiffers.
	Detail string

	ids     []string // of its causes, the worst first
	against int      // the place of the parser that the others are compared with
	fresh   bool     // it is not among those that were known
}

// ID names a finding by its kind, class and rule, by the parsers it is between, and by the
// kind of verdict that each has. Other seeds, inputs, or parsers besides these leave it as
// it is.
func (f *Finding) ID() string {
	if len(f.ids) == 0 {
		return ""
	}
	return f.ids[0]
}

// A behaviour is what a parser and the one that it is compared with make of inputs that
// break a rule. There are more behaviours than causes: an input that shows nothing new may
// have mutants that do.
type behaviour struct {
	rule       string
	parser     int
	own, other outcome
}

// An outcome is what is known of a verdict to tell behaviours apart.
type outcome struct {
	result Result
	stage  Stage
	body   picohttp.Body
}

func (v *Verdict) outcome() outcome { return outcome{v.Result, v.Stage, v.Framing.Body} }

// A cause is a way in which two parsers disagree, or one of them fails. All inputs that show
// it are one finding.
type cause struct {
	class Class
	rule  string // "" for Crashes
	a, b  side   // b.parser is noParser for what one parser does alone
}

// A side is what one parser does in a cause.
type side struct {
	parser int
	result Result
	body   picohttp.Body
	where  string // of a Crash
}

const noParser = -1

// everyone, as the parser to compare with, stands for each.
const everyone = -1

// Do runs until Count, or until ctx ends, which is no error. It returns an error if too few
// parsers are left, or if a program keeps writing what is no answer. It returns what it has
// found, also along with an error.
func (r *Run) Do(ctx context.Context) (report *Report, err error) {
	r.ctx = ctx
	unlock, err := r.prepare()
	defer r.release()
	if err != nil {
		return nil, err
	}
	defer unlock()
	if r.jobs != nil {
		r.over = r.jobs.do(r)
		err = r.load()
	} else if err = r.load(); err == nil {
		r.run()
	}
	if err != nil {
		return nil, err
	}
	if r.Progress != nil {
		r.Progress(r.progress())
	}
	if err = r.save(); r.over != nil {
		err = r.over
	}
	return r.report(), err
}

// run tries the seeds, and then mutants.
func (r *Run) run() {
	for i, b := range r.seeds {
		if !r.goesOn() {
			return
		}
		if r.job > 0 && int64(i) < r.done {
			continue // it was started again
		}
		r.done++
		r.try(b)
	}
	for r.goesOn() {
		r.done++
		r.try(r.mutant())
	}
}

// goesOn reports whether there is more to do. It also calls tell.
func (r *Run) goesOn() bool {
	r.tell()
	return r.ctx.Err() == nil && r.over == nil && (r.Count == 0 || r.done < r.Count)
}

// tell calls Progress and saves the state, once a second.
func (r *Run) tell() {
	now := time.Now()
	if now.Sub(r.shown) < time.Second {
		return
	}
	r.shown = now
	if r.Progress != nil {
		r.Progress(r.progress())
	}
	r.failed(r.save())
}

func (r *Run) prepare() (unlock func() error, err error) {
	r.Patience = cmp.Or(r.Patience, defaultPatience)
	r.parsers, r.failures, r.over, r.err = nil, nil, nil, nil
	for _, a := range r.Adaptors {
		if p := a.parser(r.Kind); p.parse != nil {
			r.parsers = append(r.parsers, p)
		}
	}
	if len(r.parsers) == 0 || len(r.parsers) < 2 && !r.Splits {
		return nil, fmt.Errorf("differ: there are %d parsers of kind %s: it takes two to disagree", len(r.parsers), r.Kind)
	}
	switch r.Against {
	case "":
		r.against = 0
	case AgainstAll:
		r.against = everyone
	default:
		if r.against = slices.IndexFunc(r.parsers, func(p parser) bool { return p.name == r.Against }); r.against < 0 {
			return nil, fmt.Errorf("differ: no parser of kind %s is %s, to compare the others with", r.Kind, r.Against)
		}
	}
	var guard *Guard
	if r.Guard {
		if guard, err = NewGuard(maxInput); err != nil {
			return nil, err
		}
	}
	for i := range r.parsers {
		p := &r.parsers[i]
		if p.program != nil {
			p.program.patience = r.Patience
			continue
		}
		if guard != nil {
			p.parse = guard.Parse(p.parse)
		}
		p.worker = newWorker(p.parse)
	}
	r.rng = rand.New(rand.NewPCG(r.Random, 0))
	r.known, r.found, r.findings = map[behaviour]bool{}, map[cause]*Finding{}, nil
	r.kept, r.done, r.doneBefore, r.before = nil, 0, 0, 0
	r.seeds = append(corpus.Load(r.Kind.String()), r.Seeds...)
	r.began = time.Now()
	r.shown = r.began
	return r.open()
}

// release ends what prepare has begun.
func (r *Run) release() {
	for i := range r.parsers {
		if w := r.parsers[i].worker; w != nil {
			close(w.inputs)
		}
	}
	r.trying.close()
	r.trying = nil
}

// parser returns what the adaptor has for a kind. For a body in chunked coding, that may be
// its parser of requests, which gets a head before the body.
func (a *Adaptor) parser(k Kind) parser {
	p := parser{name: a.Name, program: a.programs[k]}
	switch k {
	case Request:
		p.parse = a.Request
	case Response:
		p.parse = a.Response
	case Chunked:
		p.parse = a.Chunked
		if a.Chunked == nil && a.Request != nil {
			p.parse = afterHead(a.Request)
			p.program = a.programs[Request]
		}
	}
	return p
}

func afterHead(parse func(b []byte) Verdict) func(b []byte) Verdict {
	const head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
	body := func(b []byte) Verdict {
		v := parse(append([]byte(head), b...))
		if v.Result == Crash || !v.compared() {
			return v
		}
		v.Fields, v.Silent, v.Stage = nil, v.untold()|PartFields, StageBody
		v.Method, v.Target, v.Minor, v.Framing, v.Head = "", "", 0, Framing{}, 0
		v.Length -= len(head)
		return v
	}
	if v := Call(body, []byte("1\r\na\r\n0\r\n\r\n")); v.Result != Accept || v.Silent&PartBody == PartBody {
		return nil
	}
	return body
}

// mutant returns a new input.
func (r *Run) mutant() []byte {
	for {
		from := r.seeds
		if len(r.kept) > 0 && r.rng.IntN(3) > 0 {
			from = r.kept
		}
		if b := mutate.Random(r.rng, from[r.rng.IntN(len(from))], r.seeds); len(b) <= maxInput {
			return b
		}
	}
}

func (r *Run) verdicts(b []byte) []Verdict {
	verdicts := make([]Verdict, len(r.parsers))
	for i := range r.parsers {
		verdicts[i] = r.ask(&r.parsers[i], b)
	}
	return verdicts
}

// try gives b to all parsers. It keeps b if a parser shows a new behaviour, or if there is a
// new cause.
func (r *Run) try(b []byte) {
	verdicts := r.verdicts(b)
	j := judge(r.Kind, b)
	fresh := false
	other := verdicts[max(r.against, 0)].outcome()
	for i := range verdicts {
		v := &verdicts[i]
		made := behaviour{j.rule, i, v.outcome(), other}
		if v.compared() && !r.known[made] {
			r.known[made] = true
			fresh = true
		}
	}
	if r.compare(b, j, verdicts) {
		fresh = true
	}
	if fresh {
		r.kept = append(r.kept, b)
		r.write(b)
		if r.Splits && len(b) <= maxSplit {
			r.deliver(b)
		}
	}
	r.addStuck()
}

// compare looks for causes in verdicts, and reports whether one is new.
func (r *Run) compare(b []byte, j judgment, verdicts []Verdict) (fresh bool) {
	for _, c := range r.causesOf(j, verdicts) {
		if f := r.found[c]; f != nil {
			f.Count++
			continue
		}
		fresh = true
		r.find(b, c, verdicts)
	}
	return fresh
}

// causesOf returns the causes in verdicts, the worst first.
func (r *Run) causesOf(j judgment, verdicts []Verdict) (causes []cause) {
	for i := range verdicts {
		if v := &verdicts[i]; v.Result == Crash {
			causes = append(causes, crash(i, v))
		}
	}
	for a := range verdicts {
		for b := a + 1; b < len(verdicts); b++ {
			if r.against == everyone || r.against == a || r.against == b {
				causes = r.appendCause(causes, j, verdicts, a, b)
			}
		}
	}
	slices.SortStableFunc(causes, func(x, y cause) int { return cmp.Compare(x.class, y.class) })
	return causes
}

// appendCause appends the cause of a disagreement of two parsers, if there is one.
func (r *Run) appendCause(causes []cause, j judgment, verdicts []Verdict, at, bt int) []cause {
	a, b := &verdicts[at], &verdicts[bt]
	class := Compare(a, b)
	if class == Agree || class == Crashes || class == LatenessDiffers && !r.Late {
		return causes
	}
	last := lastStage(a, b)
	c := cause{class, j.until(last), side{parser: at, result: a.until(last)}, side{parser: bt, result: b.until(last)}}
	// A parser that accepts a broken rule does so whatever body is announced, unless that
	// is what the rule is about.
	if last > StageHead && (class != AcceptanceDiffers || c.rule == "" || aboutBodies(c.rule)) {
		c.a.body, c.b.body = a.Framing.Body, b.Framing.Body
	}
	return append(causes, c)
}

// aboutBodies reports whether a rule is about where a body ends.
func aboutBodies(rule string) bool {
	return strings.Contains(rule, "length") || strings.Contains(rule, "coding") || strings.Contains(rule, "chunk")
}

func crash(parser int, v *Verdict) cause {
	return cause{Crashes, "", side{parser: parser, where: cmp.Or(v.Where, withoutValues(v.Why))}, side{parser: noParser}}
}

// find minimises an input so that it still shows a cause. Other causes that the result shows
// are the same finding, unless they are known.
func (r *Run) find(b []byte, c cause, verdicts []Verdict) {
	tries := minimising
	if c.a.where == endsRun.Where {
		tries = 0 // another input would end this one
	}
	until := time.Now().Add(patient * r.Patience)
	small := Minimise(b, tries, func(b []byte) bool {
		if r.ctx.Err() != nil || r.over != nil || time.Now().After(until) {
			return false // what there is will do
		}
		r.tell()
		verdicts := make([]Verdict, len(r.parsers))
		for i := range verdicts {
			if i == c.a.parser || i == c.b.parser {
				verdicts[i] = r.ask(&r.parsers[i], b)
			} else {
				verdicts[i].Result = Absent
			}
		}
		return slices.Contains(r.causesOf(judge(r.Kind, b), verdicts), c)
	})
	f := &Finding{Input: small, Verdicts: r.verdicts(small)}
	causes := r.causesOf(judge(r.Kind, small), f.Verdicts)
	if !slices.Contains(causes, c) {
		f = &Finding{Input: bytes.Clone(b), Verdicts: verdicts, Detail: "it did not happen again with the same input"}
		causes = []cause{c}
	}
	r.add(f, slices.DeleteFunc(causes, func(c cause) bool { return r.found[c] != nil }))
}

// add adds a finding of causes that are new, the worst first.
func (r *Run) add(f *Finding, causes []cause) {
	c := causes[0]
	f.Kind, f.Class, f.Rule, f.Count = r.Kind, c.class, c.rule, 1
	if c.class == Crashes {
		f.Rule = Rule(r.Kind, f.Input)
	}
	f.Suspect = r.suspect(f.Input, f.Verdicts)
	f.against = max(r.against, 0)
	for _, s := range []side{c.a, c.b} {
		if s.parser != noParser {
			f.Between = append(f.Between, r.parsers[s.parser].name)
		}
	}
	for _, c := range causes {
		r.found[c] = f
		f.ids = append(f.ids, r.id(c))
	}
	r.findings = append(r.findings, f)
	r.write(f.Input)
}

// id returns what Finding.ID does, for a cause.
func (r *Run) id(c cause) string {
	sides := []string{}
	for _, s := range []side{c.a, c.b} {
		if s.parser != noParser {
			sides = append(sides, fmt.Sprintf("%s %s %s %s", r.parsers[s.parser].name, s.result, s.body, s.where))
		}
	}
	slices.Sort(sides)
	return digest(fmt.Sprint(r.Kind, "|", c.class, "|", c.rule, "|", strings.Join(sides, "|")))
}

// addStuck adds a finding for each parser that has just not returned.
func (r *Run) addStuck() {
	for i := range r.parsers {
		p := &r.parsers[i]
		if p.stuck == nil {
			continue
		}
		verdicts := r.verdicts(p.stuck)
		verdicts[i] = Verdict{Result: Crash, Where: noAnswer, Why: fmt.Sprintf("%s in %v; it takes no part from then on", noAnswer, r.Patience)}
		if c := crash(i, &verdicts[i]); r.found[c] == nil {
			r.add(&Finding{Input: p.stuck, Verdicts: verdicts}, []cause{c})
		}
		p.stuck = nil
	}
}

// suspect: see Finding.Suspect.
func (r *Run) suspect(b []byte, verdicts []Verdict) bool {
	us := strict.verdict(r.Kind, b)
	if us.Result != Accept {
		return false
	}
	same, differ := 0, 0
	for i := range verdicts {
		v := &verdicts[i]
		if strings.HasPrefix(r.parsers[i].name, "picohttp-") || v.Result != Accept && v.Result != Incomplete {
			continue
		}
		if c := Compare(&us, v); c > Crashes && c < KeepAliveDiffers {
			differ++
		} else {
			same++
		}
	}
	return differ > 0 && same+differ >= 2
}

// deliver compares each parser with itself. If it fails meanwhile, that is a finding of its
// own.
func (r *Run) deliver(b []byte) {
	for i := range r.parsers {
		p := &r.parsers[i]
		var failed []byte
		differs := func(b []byte) string {
			_, why := Prefixes(func(b []byte) Verdict {
				v := r.ask(p, b)
				if (v.Result == Crash || !v.compared()) && failed == nil {
					failed = slices.Clone(r.copied)
				}
				return v
			}, b)
			if failed != nil || p.out {
				return ""
			}
			return why
		}
		if differs(b) != "" {
			small := Minimise(b, minimising/10, func(b []byte) bool { return differs(b) != "" })
			why := differs(small)
			c := cause{DeliveryDiffers, Rule(r.Kind, small), side{parser: i}, side{parser: noParser}}
			if why != "" && r.found[c] == nil {
				r.add(&Finding{Input: small, Verdicts: r.verdicts(small), Detail: p.name + ": " + why}, []cause{c})
			}
		}
		if failed != nil && !p.out {
			r.compare(failed, judge(r.Kind, failed), r.verdicts(failed))
		}
	}
}

func (r *Run) progress() Progress {
	p := Progress{Kind: r.Kind, Executions: r.done, Findings: len(r.findings), Kept: len(r.kept), Failures: slices.Clone(r.failures)}
	if took := time.Since(r.began); took > 0 {
		p.Rate = float64(r.done-r.doneBefore) / took.Seconds()
	}
	return p
}

func (r *Run) report() *Report {
	report := &Report{Executions: r.done, Took: r.before + time.Since(r.began), Failures: r.failures}
	for _, p := range r.parsers {
		report.Parsers = append(report.Parsers, p.name)
	}
	for _, f := range r.findings {
		report.Findings = append(report.Findings, *f)
	}
	report.sort()
	return report
}

// digest names an input, or a cause.
func digest[S string | []byte](b S) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(b)))[:16] }

// sort puts the worst first, and of these the shortest.
func (r *Report) sort() {
	slices.SortFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(len(a.Input), len(b.Input)), cmp.Compare(a.ID(), b.ID()))
	})
}
