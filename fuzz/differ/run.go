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

	"github.com/picohttp/picohttp/fuzz/corpus"
	"github.com/picohttp/picohttp/fuzz/mutate"
)

const (
	maxInput   = 4 << 10 // octets of an input: longer ones are left out
	maxSplit   = 400     // octets of an input that is delivered in pieces
	minimising = 3000    // executions for one finding
)

// defaultPatience is what Run.Patience is if it is 0.
const defaultPatience = 5 * time.Second

// A Run holds adaptors against each other. Two fields are needed, Adaptors and
// either Count or a context that ends.
type Run struct {
	Kind     Kind
	Adaptors []Adaptor // those with nothing for the Kind take no part
	Count    int64     // inputs to try, seeds included; 0 for no limit

	// Seeds to begin with, besides those of package corpus.
	Seeds [][]byte
	// Dir is where inputs and findings are kept, and from where a run goes on
	// that was made with it before; "" for nowhere.
	Dir string
	// Random is the seed of the mutants; the same Random, Seeds and Count
	// make the same run, if Dir is empty and no parser waits.
	Random uint64
	// Guard puts inputs at the ends of memory that may be read.
	Guard bool
	// Splits holds each parser to itself, too: inputs that are new come in
	// pieces, and their beginnings come alone.
	Splits bool
	// Late has it tell of each rule whose breach one parser sees later than
	// another: many findings, and harmless ones.
	Late bool
	// Patience is how long a parser may think about one input. One that takes
	// longer is a Crash, and takes no part from then on: nothing can stop it, so
	// it goes on thinking until the process ends. 0 is 5 seconds.
	Patience time.Duration
	// Progress is called about once a second; nil for nothing.
	Progress func(p Progress)

	parsers []parser
	rng     *rand.Rand
	seeds   [][]byte
	kept    [][]byte            // inputs of which some verdict was new
	known   map[string]bool     // behaviours
	pairs   map[string]*Finding // by pair.key
	found   map[string]*Finding // by its key
	done    int64               // executions of this run and those before it
	before  time.Duration
	began   time.Time
	shown   time.Time // when Progress was called
	ctx     context.Context
	copied  []byte
	err     error // of writing to Dir
}

// Progress is how far a Run has come.
type Progress struct {
	Kind       Kind
	Executions int64 // inputs, each given to all parsers, of the runs before too
	Rate       float64
	Findings   int
	Classes    int // of Class and Rule
	Kept       int // inputs that some parser had not seen the like of
}

// A Finding is an input that parsers disagree about.
type Finding struct {
	Kind     Kind
	Class    Class
	Rule     string // what is wrong with the input: see Rule
	Input    []byte // minimised
	Verdicts []Verdict
	Count    int64 // disagreements of two parsers that came down to it

	// Suspect: the strict profile of picohttp accepts the input, and of two or
	// more other parsers that do, not all read it alike.
	Suspect bool
	// Detail says more, for DeliveryDiffers.
	Detail string

	key string
}

type parser struct {
	name   string
	parse  func(b []byte) Verdict
	pieces func(k Kind, pieces [][]byte) Verdict

	watched *watched
}

// release ends the goroutines of the parsers.
func (r *Run) release() {
	for _, p := range r.parsers {
		if p.watched != nil {
			close(p.watched.questions)
		}
	}
}

// Do runs until Count, or until ctx ends, which is no error. It answers what it
// has found, also beside an error.
func (r *Run) Do(ctx context.Context) (*Report, error) {
	r.ctx = ctx
	err := r.prepare()
	defer r.release()
	if err != nil {
		return nil, err
	}
	for _, b := range r.seeds {
		if !r.goesOn() {
			break
		}
		r.try(b)
	}
	for r.goesOn() {
		r.try(r.mutant())
	}
	if r.Progress != nil {
		r.Progress(r.progress())
	}
	return r.report(), r.save()
}

// goesOn reports whether there is more to do, and tells of progress.
func (r *Run) goesOn() bool {
	if now := time.Now(); r.Progress != nil && now.Sub(r.shown) >= time.Second {
		r.shown = now
		r.Progress(r.progress())
	}
	return r.ctx.Err() == nil && (r.Count == 0 || r.done < r.Count)
}

func (r *Run) prepare() error {
	r.parsers = nil
	for _, a := range r.Adaptors {
		if p := a.parser(r.Kind); p.parse != nil {
			r.parsers = append(r.parsers, p)
		}
	}
	if len(r.parsers) == 0 || len(r.parsers) < 2 && !r.Splits {
		return fmt.Errorf("differ: there are %d parsers of kind %s: it takes two to disagree", len(r.parsers), r.Kind)
	}
	if r.Guard {
		g, err := NewGuard(maxInput)
		if err != nil {
			return err
		}
		for i := range r.parsers {
			r.parsers[i].parse = g.Parse(r.parsers[i].parse)
		}
	}
	for i := range r.parsers {
		r.parsers[i].watch(cmp.Or(r.Patience, defaultPatience))
	}
	r.rng = rand.New(rand.NewPCG(r.Random, 0))
	r.known, r.pairs, r.found = map[string]bool{}, map[string]*Finding{}, map[string]*Finding{}
	r.kept, r.done, r.before, r.err = nil, 0, 0, nil
	r.seeds = append(corpus.Load(r.Kind.String()), r.Seeds...)
	r.began = time.Now()
	r.shown = r.began
	return r.load()
}

// parser returns what the adaptor has for a kind. A body in chunked coding can be
// put behind a head, if the adaptor reads bodies.
func (a *Adaptor) parser(k Kind) parser {
	p := parser{name: a.Name, pieces: a.Pieces}
	switch k {
	case Request:
		p.parse = a.Request
	case Response:
		p.parse = a.Response
	case Chunked:
		p.parse = a.Chunked
		if a.Chunked == nil && a.Request != nil {
			p.parse = behindHead(a.Request)
			p.pieces = nil
		}
	}
	return p
}

func behindHead(parse func(b []byte) Verdict) func(b []byte) Verdict {
	const head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
	body := func(b []byte) Verdict {
		v := parse(append([]byte(head), b...))
		v.Fields, v.Silent, v.Stage = nil, v.Silent|PartFields, StageBody
		v.Method, v.Target, v.Minor, v.Framing, v.Head = "", "", 0, Framing{}, 0
		v.Length -= len(head)
		return v
	}
	if v := Call(body, []byte("1\r\na\r\n0\r\n\r\n")); v.Result != Accept || v.Silent&PartBody != 0 {
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
	r.copied = append(r.copied[:0], b...)
	for i, p := range r.parsers {
		verdicts[i] = p.parse(b)
		if !bytes.Equal(b, r.copied) {
			copy(b, r.copied)
			verdicts[i] = Verdict{Result: Crash, Why: "it wrote to its input"}
		}
	}
	return verdicts
}

// try gives b to all parsers. What one of them makes of it, and how two of them
// disagree, is looked up among what is known under the same rule; if something is
// new, the input is kept.
func (r *Run) try(b []byte) {
	r.done++
	verdicts := r.verdicts(b)
	rule := Rule(r.Kind, b)
	fresh := false
	for i, v := range verdicts {
		behaviour := fmt.Sprint(rule, "|", i, v.Result, v.Stage, v.Framing.Body)
		fresh = fresh || !r.known[behaviour]
		r.known[behaviour] = true
	}
	for _, p := range disagreements(verdicts) {
		if p.class == LatenessDiffers && !r.Late || r.parsers[p.a].watched.abandoned || r.parsers[p.b].watched.abandoned {
			continue
		}
		key := p.key(rule, verdicts)
		if f := r.pairs[key]; f != nil {
			f.Count++
			continue
		}
		fresh = true
		r.find(b, p, key)
	}
	if fresh {
		r.keep(b)
		if r.Splits && len(b) <= maxSplit {
			r.deliver(b)
		}
	}
	r.addStuck()
}

// addStuck adds a finding for each parser that has just been abandoned.
func (r *Run) addStuck() {
	for i, p := range r.parsers {
		if b := p.watched.stuck; b != nil {
			p.watched.stuck = nil
			verdicts := r.verdicts(b)
			verdicts[i] = Verdict{Result: Crash, Why: fmt.Sprintf("no answer in %v; it takes no part from then on", p.watched.limit)}
			r.add(&Finding{Kind: r.Kind, Class: Crashes, Rule: Rule(r.Kind, b), Input: b, Verdicts: verdicts})
		}
	}
}

// key says who disagrees with whom about which kind of body, and how, so that sides
// cannot change.
func (p pair) key(rule string, verdicts []Verdict) string {
	a, b := &verdicts[p.a], &verdicts[p.b]
	if p.class == Crashes { // whatever the other says
		return crashKey(p.a, a) + crashKey(p.b, b)
	}
	return fmt.Sprintf("%s|%s|%d %s %s|%d %s %s", p.class, rule, p.a, a.Result, a.Framing.Body, p.b, b.Result, b.Framing.Body)
}

// crashKey says which parser crashed, and how as far as that does not quote the
// input.
func crashKey(i int, v *Verdict) string {
	if v.Result != Crash {
		return ""
	}
	why, _, _ := strings.Cut(v.Why, "\"")
	return fmt.Sprintf("crash %d %s|", i, strings.TrimRight(why[:min(len(why), 40)], "0123456789[]: -"))
}

// find minimises an input that two parsers disagree about, with the rule that it
// breaks and their disagreement left as they are. What other disagreements the
// minimised input shows are the same finding.
func (r *Run) find(b []byte, p pair, key string) {
	parse := [2]func([]byte) Verdict{r.parsers[p.a].parse, r.parsers[p.b].parse}
	small := Minimise(b, minimising, func(b []byte) bool {
		if r.ctx.Err() != nil {
			return false // what there is will do
		}
		verdicts := make([]Verdict, len(r.parsers))
		verdicts[p.a], verdicts[p.b] = Call(parse[0], b), Call(parse[1], b)
		again := pair{p.a, p.b, Compare(&verdicts[p.a], &verdicts[p.b])}
		return again.class == p.class && again.key(Rule(r.Kind, b), verdicts) == key
	})
	verdicts := r.verdicts(small)
	rule := Rule(r.Kind, small)
	f := &Finding{Kind: r.Kind, Class: p.class, Rule: rule, Input: small, Verdicts: verdicts, Suspect: r.suspect(small, verdicts)}
	for _, p := range disagreements(verdicts) {
		f.Class = min(f.Class, p.class)
		if other := p.key(rule, verdicts); r.pairs[other] == nil && (p.class != LatenessDiffers || r.Late) {
			r.pairs[other] = f
		}
	}
	if r.pairs[key] == nil { // a parser is not deterministic
		r.pairs[key] = f
	}
	r.add(f)
}

// add counts a finding that may be there already.
func (r *Run) add(f *Finding) {
	f.key = f.Class.String() + "|" + string(f.Input)
	if r.found[f.key] == nil {
		r.found[f.key] = f
		r.write(f)
	}
	r.found[f.key].Count++
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

// deliver holds each parser to itself.
func (r *Run) deliver(b []byte) {
	for i, p := range r.parsers {
		fails := func(b []byte) string {
			at, why := Prefixes(p.parse, b)
			if at < 0 && p.pieces != nil {
				if at, why = Splits(p.pieces, r.Kind, b); at >= 0 {
					return fmt.Sprintf("cut at %d: %s", at, why)
				}
			}
			return why
		}
		if fails(b) == "" {
			continue
		}
		small := Minimise(b, minimising/10, func(b []byte) bool { return fails(b) != "" })
		if p.watched.abandoned {
			continue // for addStuck
		}
		verdicts := r.verdicts(small)
		f := &Finding{
			Kind: r.Kind, Class: DeliveryDiffers, Rule: Rule(r.Kind, small), Input: small, Verdicts: verdicts,
			Detail: p.name + ": " + fails(small),
		}
		if key := fmt.Sprint("delivery|", f.Rule, "|", i); r.pairs[key] == nil {
			r.pairs[key] = f
			r.add(f)
		}
	}
}

func (r *Run) progress() Progress {
	p := Progress{Kind: r.Kind, Executions: r.done, Findings: len(r.found), Kept: len(r.kept)}
	if took := r.before + time.Since(r.began); took > 0 {
		p.Rate = float64(r.done) / took.Seconds()
	}
	classes := map[[2]string]bool{}
	for _, f := range r.found {
		classes[[2]string{f.Class.String(), f.Rule}] = true
	}
	p.Classes = len(classes)
	return p
}

func (r *Run) report() *Report {
	report := &Report{Executions: r.done, Took: r.before + time.Since(r.began)}
	for _, p := range r.parsers {
		report.Parsers = append(report.Parsers, p.name)
	}
	for _, f := range r.found {
		report.Findings = append(report.Findings, *f)
	}
	report.sort()
	return report
}

// digest names an input.
func digest(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b))[:16] }

// sort puts the worst first, and of these the shortest.
func (r *Report) sort() {
	slices.SortFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(len(a.Input), len(b.Input)), cmp.Compare(a.key, b.key))
	})
}
