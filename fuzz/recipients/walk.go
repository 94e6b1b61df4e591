package recipients

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/picohttp/picohttp"
)

// A Walk puts every sequence of symbols of a kind through picohttp, and what is accepted
// through models.
type Walk struct {
	Kind   *Kind
	Depth  int // symbols in a sequence, its start included
	Models []Model
	Jobs   int // how many sequences are read at the same time

	Counts Counts // may be read while Run is running

	mu      sync.Mutex
	classes map[class]*Finding
}

// Counts is how far a Walk has come.
type Counts struct {
	Sequences atomic.Int64 // without those that begin with one that no profile accepts
	Messages  atomic.Int64 // sequences with an ending whose head or body is complete in some profile
	Accepted  atomic.Int64 // messages that are accepted, once for each different verdict
	Readings  atomic.Int64 // of accepted messages by models
}

// A Finding is a class of messages that are accepted and that some model reads
// differently.
type Finding struct {
	class
	Count  int
	Input  []byte // the shortest
	Method string // of the request that Input responds to, if it is a response, or ""
	Ours   Reading
	Model  Model // the simplest that reads Input differently
	Theirs Reading
}

// A class is what the messages of a Finding have in common.
type class struct {
	Profile    string
	Deviations picohttp.Deviations
	KeepAlive  bool
	What       Difference
	Recipient  string // the simplest model, or the law that does not hold
	Excuse     string // why it may remain, or ""
}

// String returns a paragraph.
func (f *Finding) String() string {
	return fmt.Sprintf("%d times: %s [%s] keep-alive %v\n  %s: %s\n  %s %q\n  ours: %v\n  theirs: %v\n",
		f.Count, f.Profile, f.Deviations, f.KeepAlive, f.What, f.Recipient, f.Method, f.Input, &f.Ours, &f.Theirs)
}

// String describes the reading for people.
func (v *Reading) String() string {
	switch v.Outcome {
	case Rejects:
		return "rejected"
	case Waits:
		return "incomplete"
	}
	s := fmt.Sprintf("ends after %d bytes, body %s", v.End, v.Body)
	if v.Body == picohttp.BodyLength {
		s += fmt.Sprintf(" %d", v.Length)
	}
	if v.Authority != nil {
		s += fmt.Sprintf(", authority %q", v.Authority)
	}
	if v.Upgrade {
		s += ", upgrade"
	}
	return s
}

// Run returns the findings: those without an excuse first, the most frequent of them first.
func (w *Walk) Run() (findings []Finding) {
	w.classes = map[class]*Finding{}
	type task struct{ start, symbol string }
	queue := make(chan task)
	var group sync.WaitGroup
	for range max(1, w.Jobs) {
		group.Go(func() {
			v := visitor{walk: w, kind: w.Kind, classes: map[class]*Finding{}}
			for t := range queue {
				if t.symbol == "" {
					v.visit([]byte(t.start))
				} else if w.Depth > 1 {
					v.descend([]byte(t.start), t.symbol, w.Depth-1)
				}
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			for _, f := range v.classes {
				found(w.classes, f)
			}
		})
	}
	for _, start := range w.Kind.starts {
		queue <- task{start, ""}
		for _, symbol := range w.Kind.symbols {
			queue <- task{start, symbol}
		}
	}
	close(queue)
	group.Wait()
	for _, f := range w.classes {
		findings = append(findings, *f)
	}
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Excuse, b.Excuse), cmp.Compare(b.Count, a.Count), bytes.Compare(a.Input, b.Input))
	})
	return findings
}

// found adds a finding to classes. Of two of one class, it keeps the shorter example.
func found(classes map[class]*Finding, f *Finding) {
	old := classes[f.class]
	if old == nil {
		classes[f.class] = f
		return
	}
	count := old.Count + f.Count
	if cmp.Or(cmp.Compare(len(f.Input), len(old.Input)), bytes.Compare(f.Input, old.Input)) < 0 {
		*old = *f
	}
	old.Count = count
}

// A visitor walks a part of the tree.
type visitor struct {
	walk    *Walk
	kind    *Kind
	judge   judge
	reader  reader
	seen    []cause // of the message that is compared
	classes map[class]*Finding
}

// descend visits b with a symbol after it, and what comes after that.
func (v *visitor) descend(b []byte, symbol string, depth int) {
	if symbol == "\n" && b[len(b)-1] == '\r' {
		return // "\r\n" is a symbol of its own
	}
	b = append(b, symbol...)
	if v.visit(b) && depth > 1 {
		for _, symbol := range v.kind.symbols {
			v.descend(b, symbol, depth-1)
		}
	}
}

// visit reads b, alone and with each ending. It reports whether something may follow b.
func (v *visitor) visit(b []byte) bool {
	v.walk.Counts.Sequences.Add(1)
	isComplete, mayFollow := v.judge.begins(v.kind, b)
	if isComplete {
		v.message(b)
	}
	if !mayFollow {
		return false
	}
	for _, ending := range v.kind.endings {
		v.message(append(b, ending...))
	}
	return true
}

// message has b read by picohttp, and by the models if it is accepted.
func (v *visitor) message(b []byte) {
	verdicts, isComplete := v.judge.verdicts(v.kind, b)
	if isComplete {
		v.walk.Counts.Messages.Add(1)
	}
	for i := range verdicts {
		v.walk.Counts.Accepted.Add(1)
		v.compare(&verdicts[i], b)
	}
}

// compare has a message that is accepted read by all models, and notes how they differ.
func (v *visitor) compare(ours *verdict, b []byte) {
	msg := message{b[:ours.End], v.kind.form, ours.method}
	if ours.law != "" {
		found(v.classes, &Finding{
			class: class{ours.profile, ours.deviations, ours.keepAlive, Same, ours.law, ""},
			Count: 1, Input: bytes.Clone(msg.bytes), Method: ours.method, Ours: ours.Reading,
		})
	}
	v.seen = v.seen[:0]
	v.walk.Counts.Readings.Add(int64(len(v.walk.Models)))
	for _, m := range v.walk.Models {
		theirs := v.reader.read(&m, msg)
		what := compare(&ours.Reading, &theirs)
		if what == Same || !v.isNew(&m, msg, &ours.Reading, what) {
			continue
		}
		v.simplify(&m, msg, &ours.Reading, what)
		theirs = v.reader.read(&m, msg)
		c := class{
			Profile: ours.profile, Deviations: ours.deviations, KeepAlive: ours.keepAlive,
			What: what, Recipient: m.String(),
		}
		if !ours.keepAlive {
			c.Excuse = excuse(ours.deviations, what, &m)
		}
		v.seen = append(v.seen, cause{m, what})
		f := Finding{class: c, Count: 1, Input: bytes.Clone(msg.bytes), Method: ours.method, Ours: ours.Reading, Model: m, Theirs: theirs}
		f.Ours.Authority, f.Theirs.Authority = bytes.Clone(f.Ours.Authority), bytes.Clone(f.Theirs.Authority)
		found(v.classes, &f)
	}
}

// A cause is a difference and the simplest model that has it.
type cause struct {
	model Model
	what  Difference
}

// isNew reports whether the model still reads the message differently in that way
// without the causes that were seen before. It takes those from the model.
func (v *visitor) isNew(m *Model, msg message, ours *Reading, what Difference) bool {
	for _, c := range v.seen {
		if c.what != what || !c.model.isPartOf(m) {
			continue
		}
		for i, value := range c.model {
			if value != 0 {
				m[i] = 0
			}
		}
		if theirs := v.reader.read(m, msg); compare(ours, &theirs) != what {
			return false
		}
	}
	return true
}

// isPartOf reports whether other has all options of m that are not 0.
func (m *Model) isPartOf(other *Model) bool {
	for i, value := range m {
		if value != 0 && value != other[i] {
			return false
		}
	}
	return true
}

// simplify takes from the model all options without which it still reads the message
// differently in that way.
func (v *visitor) simplify(m *Model, msg message, ours *Reading, what Difference) {
	for i, value := range m {
		for less := range value {
			m[i] = less
			if theirs := v.reader.read(m, msg); compare(ours, &theirs) == what {
				break
			}
			m[i] = value
		}
	}
}
