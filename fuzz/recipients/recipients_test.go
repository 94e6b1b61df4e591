package recipients

import (
	"flag"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/internal/vectors"
)

var (
	depth    = flag.Int("depth", 4, "the number of symbols in the longest sequences of TestExhaustion, including the start")
	strength = flag.Int("strength", 2, "the strength of the models of TestExhaustion: see Models")
)

// TestExhaustion checks that no model reads a message that picohttp accepts differently, unless
// that is documented. It walks sequences of one symbol, then of up to two, and so on to depth, or
// one symbol less with -short. It stops at the first length that has such messages.
func TestExhaustion(t *testing.T) {
	models, longest := Models(*strength), *depth
	if testing.Short() {
		longest--
	}
	for _, k := range Kinds {
		t.Run(k.Name, func(t *testing.T) {
			accepted := 0
			for symbols := 1; symbols <= longest && !t.Failed(); symbols++ {
				began := time.Now()
				w := k.Walk(symbols, models)
				t.Logf("up to %d symbols, %d models: %d sequences, %d messages, %d accepted, %d readings, %d classes of findings, %s",
					symbols, len(models), w.Sequences, w.Messages, w.Accepted, w.Readings, len(w.Findings),
					time.Since(began).Round(time.Millisecond))
				for _, f := range w.Findings {
					if f.Excuse == "" {
						t.Errorf("%s", f)
					}
				}
				accepted = w.Accepted
			}
			if accepted == 0 {
				t.Error("nothing is accepted")
			}
		})
	}
}

var triples = Models(3)

// TestKnown checks that the models find what has let requests be smuggled, and by which
// traits, and that none has anything to say about plain messages.
func TestKnown(t *testing.T) {
	all, err := vectors.Read("testdata")
	if err != nil {
		t.Fatal(err)
	}
	forms := map[string]form{"response": response, "request-body": requestBody}
	for _, k := range all {
		v := newVisitor(&Kind{form: forms[k.Word("kind")]}, triples)
		isReads := func(l vectors.Line) bool { return l.Key == "reads" }
		at := slices.IndexFunc(k.Lines, isReads)
		if at < 0 {
			if v.message(k.Input); v.Accepted == 0 || len(v.classes) > 0 {
				t.Errorf("%s: accepted %d times, and read differently: %v", k.Name, v.Accepted, v.classes)
			}
			continue
		}
		reads := k.Lines[at].Words
		ours := verdict{method: "GET"}
		ours.Outcome, ours.End, ours.Authority = Reads, len(k.Input), reads[2]
		for ours.Body.String() != reads[0] {
			ours.Body++
		}
		ours.Length, _ = strconv.ParseInt(reads[1], 10, 64)
		v.compare(&ours, string(k.Input))
		var found []string
		for c := range v.classes {
			found = append(found, c.Recipient)
		}
		if !slices.Contains(found, k.Word("model")) {
			t.Errorf("%s: not found; found are %q", k.Name, found)
		}
	}
}

// TestSets checks that verdicts has what any set of deviations accepts.
func TestSets(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	pick := func(from []string) string { return from[rng.IntN(len(from))] }
	accepted := 0
	for range 500_000 {
		k := &Kinds[rng.IntN(len(Kinds))]
		b := []byte(pick(k.starts))
		for range rng.IntN(7) {
			b = append(b, pick(k.symbols)...)
		}
		b = append(b, pick(k.endings)...)
		allow := picohttp.Deviations(rng.Uint32()) & picohttp.AllDeviations
		if n := rng.IntN(3); n > 0 {
			allow |= picohttp.Deviations(rng.Uint32()) & picohttp.AllDeviations
		}
		one := judge{form: k.form}
		if _, isAccepted := one.judge(picohttp.Lenient, allow, b); allow == 0 || !isAccepted {
			continue
		}
		accepted++
		all := judge{form: k.form}
		all.verdicts(b)
		before := len(all.found)
		for _, v := range one.found {
			if all.add(v); len(all.found) > before {
				t.Fatalf("%s %q: with %s, it is %v and that is not among %d verdicts",
					k.Name, b, allow, v.Reading, before)
			}
		}
	}
	if accepted < 1000 {
		t.Errorf("only %d messages are accepted", accepted)
	}
}

// TestModels checks that Models has all combinations, and few models.
func TestModels(t *testing.T) {
	for strength, most := range map[int]int{1: 6, 2: 40, 3: 150} {
		models := Models(strength)
		all := combinations(strength, options)
		for _, c := range all {
			if !slices.ContainsFunc(models, c.isIn) {
				t.Errorf("strength %d: no model has %q, and else nothing of %q", strength, c.choices, c.options)
			}
		}
		if len(all) < 50 || len(models) > most {
			t.Errorf("strength %d: %d models for %d combinations", strength, len(models), len(all))
		}
	}
}
