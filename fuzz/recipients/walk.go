package recipients

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/picohttp/picohttp"
)

// A Walk is what comes of putting sequences of symbols through picohttp, and what it accepts
// through models.
type Walk struct {
	Sequences int       // without those that begin with one that no profile accepts
	Messages  int       // sequences with an ending that are complete in some profile
	Accepted  int       // messages that are accepted, once for each different verdict
	Readings  int       // of accepted messages by models
	Findings  []Finding // those without an excuse first, the most frequent of them first
}

// A Finding is a class of messages that are accepted and that some model reads
// differently.
type Finding struct {
	class
	Count  int
	Input  string // the shortest
	Method string // of the request that Input responds to, if it is a response, or ""
	Ours   Reading
	Theirs Reading
}

// A class is what the messages of a Finding have in common.
type class struct {
	Profile    picohttp.Profile
	Deviations picohttp.Deviations
	KeepAlive  bool
	What       Difference
	Recipient  string // the simplest model, or the law that does not hold
	Excuse     string // why it may remain, or ""
}

// String returns a paragraph.
func (f Finding) String() string {
	return fmt.Sprintf("%d times: %s [%s] keep-alive %v\n  %s: %s\n  %s %q\n  ours: %+v\n  theirs: %+v\n",
		f.Count, f.Profile, f.Deviations, f.KeepAlive, f.What, f.Recipient,
		f.Method, f.Input, f.Ours, f.Theirs)
}

// Walk walks all sequences of a kind of up to depth symbols, a start included.
func (k *Kind) Walk(depth int, models []Model) *Walk {
	visitors := make([]*visitor, len(k.starts))
	var group sync.WaitGroup
	for i, start := range k.starts {
		visitors[i] = newVisitor(k, models)
		group.Go(func() { visitors[i].visit([]byte(start), depth-1) })
	}
	group.Wait()
	all := newVisitor(k, nil)
	for _, v := range visitors {
		all.Sequences += v.Sequences
		all.Messages += v.Messages
		all.Accepted += v.Accepted
		all.Readings += v.Readings
		for _, f := range v.classes {
			all.add(f)
		}
	}
	for _, f := range all.classes {
		all.Findings = append(all.Findings, *f)
	}
	slices.SortFunc(all.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Excuse, b.Excuse), cmp.Compare(b.Count, a.Count), byLength(a.Input, b.Input))
	})
	return &all.Walk
}

// A visitor walks a part of the tree.
type visitor struct {
	Walk
	kind    *Kind
	models  []Model
	judge   judge
	reader  reader
	classes map[class]*Finding
}

func newVisitor(k *Kind, models []Model) *visitor {
	return &visitor{kind: k, models: models, judge: judge{form: k.form}, classes: map[class]*Finding{}}
}

// visit reads b, alone and with each ending, and then with up to depth symbols after it.
func (v *visitor) visit(b []byte, depth int) {
	v.Sequences++
	isComplete, mayFollow := v.judge.begins(b)
	if isComplete {
		v.message(b)
	}
	if !mayFollow {
		return
	}
	for _, ending := range v.kind.endings {
		v.message(append(b, ending...))
	}
	if depth == 0 {
		return
	}
	for _, symbol := range v.kind.symbols {
		if symbol == "\n" && b[len(b)-1] == '\r' {
			continue // "\r\n" is a symbol of its own
		}
		v.visit(append(b, symbol...), depth-1)
	}
}

// message has b read by picohttp, and by the models if it is accepted.
func (v *visitor) message(b []byte) {
	verdicts, isComplete := v.judge.verdicts(b)
	if isComplete {
		v.Messages++
	}
	for i := range verdicts {
		v.compare(&verdicts[i], string(b[:verdicts[i].End]))
	}
}

// compare has a message that is accepted read by all models, and notes how they differ.
func (v *visitor) compare(ours *verdict, text string) {
	v.Accepted++
	v.Readings += len(v.models)
	finding := func(what Difference, recipient string) *Finding {
		c := class{ours.profile, ours.deviations, ours.keepAlive, what, recipient, ""}
		return &Finding{class: c, Count: 1, Input: text, Method: ours.method, Ours: ours.Reading}
	}
	if ours.law != "" {
		v.add(finding(Same, ours.law))
	}
	read := func(m Model) (Reading, Difference) {
		theirs := v.reader.read(m, message{text, v.kind.form, ours.method})
		return theirs, compare(&ours.Reading, &theirs)
	}
	seen := map[Difference][]Model{} // the simplest models that have it
	for _, m := range v.models {
		_, what := read(m)
		differs := func(m Model) bool {
			_, other := read(m)
			return other == what
		}
		if what == Same || !isNew(&m, seen[what], differs) {
			continue
		}
		m = simplify(m, differs)
		seen[what] = append(seen[what], m)
		f := finding(what, m.String())
		f.Theirs, _ = read(m)
		if !ours.keepAlive {
			f.Excuse = excuse(ours.deviations, what, m)
		}
		v.add(f)
	}
}

// isNew reports whether the model still differs without the simple models that were seen
// before. It takes those from the model.
func isNew(m *Model, seen []Model, differs func(m Model) bool) bool {
	for _, simple := range seen {
		if *m&simple != simple {
			continue
		}
		if *m &^= simple; !differs(*m) {
			return false
		}
	}
	return true
}

// simplify takes from the model all traits without which it still differs, or makes them
// earlier ones of their options.
func simplify(m Model, differs func(m Model) bool) Model {
	for _, o := range options {
		choices, traits := o.choices()
		for _, choice := range choices {
			if simpler := m&^traits | choice; simpler == m || differs(simpler) {
				m = simpler
				break
			}
		}
	}
	return m
}

// add adds a finding. Of two of one class, it keeps the shorter example.
func (v *visitor) add(f *Finding) {
	if old := v.classes[f.class]; old != nil {
		f.Count += old.Count
		if byLength(old.Input, f.Input) <= 0 {
			old.Count = f.Count
			f = old
		}
	}
	v.classes[f.class] = f
}

func byLength(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }
