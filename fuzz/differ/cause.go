package differ

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/picohttp/picohttp"
)

// A cause is a way in which two parsers disagree, or one of them fails. All inputs that show
// it are one finding.
type cause struct {
	class Class
	rule  string // "" for Crashes
	a, b  side   // b is empty for what one parser does alone
}

// A side is what one parser does in a cause.
type side struct {
	parser string
	result Result
	stage  Stage // only in search.seen; it makes no other cause
	body   picohttp.Body
	where  string // of a Crash
}

// compare looks for causes in verdicts, and reports whether one is new.
func (j *job) compare(b []byte, broken judgment, verdicts []Verdict) (isNew bool) {
	for _, c := range j.causesOf(broken, verdicts) {
		isNew = j.find(c, b, verdicts) || isNew
	}
	return isNew
}

// causesOf returns the causes in verdicts, the worst first.
func (s *search) causesOf(broken judgment, verdicts []Verdict) (causes []cause) {
	for a := range verdicts {
		if v := &verdicts[a]; v.Result == Crash {
			where := cmp.Or(v.Where, withoutValues(v.Why))
			causes = append(causes, cause{class: Crashes, a: side{parser: s.parsers[a].name, where: where}})
		}
		for b := a + 1; b < len(verdicts); b++ {
			if s.against == everyone || s.against == a || s.against == b {
				causes = s.appendCause(causes, broken, verdicts, a, b)
			}
		}
	}
	slices.SortStableFunc(causes, func(x, y cause) int { return cmp.Compare(x.class, y.class) })
	return causes
}

// appendCause appends the cause of a disagreement of two parsers, if there is one. If one rejects
// the input and the other still waits for the rest, that is harmless and no cause.
func (s *search) appendCause(causes []cause, broken judgment, verdicts []Verdict, at, bt int) []cause {
	a, b := &verdicts[at], &verdicts[bt]
	class := Compare(a, b)
	if class == Crashes || class >= LatenessDiffers {
		return causes
	}
	last := lastStage(a, b)
	c := cause{
		class, broken.until(last),
		side{parser: s.parsers[at].name, result: a.until(last)},
		side{parser: s.parsers[bt].name, result: b.until(last)},
	}
	// A parser that accepts a broken rule does so whatever body is announced, unless that
	// is what the rule is about.
	if last > StageHead && (class != AcceptanceDiffers || c.rule == "" || aboutBodies(c.rule)) {
		c.a.body, c.b.body = a.Framing.Body, b.Framing.Body
	}
	return append(causes, c)
}

// aboutBodies reports whether a rule is about where a body ends.
func aboutBodies(rule string) bool {
	return slices.ContainsFunc([]string{"length", "coding", "chunk"}, func(word string) bool {
		return strings.Contains(rule, word)
	})
}

// find counts a cause. If it is new, it minimises the input so that it still shows the cause.
// Other causes that the result shows are the same finding, unless they are known.
func (j *job) find(c cause, b []byte, verdicts []Verdict) (isNew bool) {
	j.mu.Lock()
	f := j.found[c]
	if isNew = f == nil; isNew {
		f = new(Finding)
		j.found[c] = f
	}
	f.Count++
	j.mu.Unlock()
	if !isNew {
		return false
	}
	tries := minimising
	if c.a.where == endsRun.Where {
		tries = 0 // another input would end this one
	}
	until := time.Now().Add(patient * j.Patience)
	small := Minimise(b, tries, func(b []byte) bool {
		if j.ctx.Err() != nil || time.Now().After(until) {
			return false // what there is will do
		}
		verdicts := j.verdicts(b, c.a.parser, c.b.parser)
		causes := j.causesOf(judge(j.Kind, b), verdicts)
		for _, other := range causes {
			if other.class == Crashes && other != c { // it may not be seen again
				j.find(other, b, verdicts)
			}
		}
		return slices.Contains(causes, c)
	})
	again := j.verdicts(small)
	causes := j.causesOf(judge(j.Kind, small), again)
	if !slices.Contains(causes, c) {
		f.Detail = "it was not seen again with the same input"
		small, again, causes = bytes.Clone(b), verdicts, []cause{c}
	}
	j.add(f, small, again, causes)
	return true
}

// add adds a finding of those of its causes that have no other, the worst first.
func (s *search) add(f *Finding, b []byte, verdicts []Verdict, causes []cause) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range causes {
		if other := s.found[c]; other != nil && other != f {
			continue
		}
		s.found[c] = f
		if f.ids = append(f.ids, s.id(c)); len(f.ids) > 1 {
			continue
		}
		f.Class, f.Rule = c.class, c.rule
		for _, of := range []side{c.a, c.b} {
			if of.parser != "" {
				f.Between = append(f.Between, of.parser)
			}
		}
	}
	if f.Class == Crashes {
		f.Rule = judge(s.Kind, b).rule
	}
	f.Kind, f.Input, f.Verdicts, f.Suspect = s.Kind, b, verdicts, s.suspect(b, verdicts)
	s.findings = append(s.findings, f)
	s.write(b)
}

// id returns what Finding.ID does, for a cause.
func (s *search) id(c cause) string {
	var sides []string
	for _, of := range []side{c.a, c.b} {
		if of.parser != "" {
			sides = append(sides, fmt.Sprintf("%s %s %s %s", of.parser, of.result, of.body, of.where))
		}
	}
	slices.Sort(sides)
	return digest(fmt.Sprint(s.Kind, "|", c.class, "|", c.rule, "|", strings.Join(sides, "|")))
}

// suspect: see Finding.Suspect.
func (s *search) suspect(b []byte, verdicts []Verdict) bool {
	us := strict.verdict(s.Kind, b)
	if us.Result != Accept {
		return false
	}
	same, differ := 0, 0
	for i := range verdicts {
		v := &verdicts[i]
		isOurs := strings.HasPrefix(s.parsers[i].name, "picohttp-")
		if isOurs || v.Result != Accept && v.Result != Incomplete {
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
