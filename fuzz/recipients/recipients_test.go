package recipients

import (
	"math/bits"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/internal/vectors"
)

var modelsOf [4][]Model

// models is Models, each strength once.
func models(strength int) []Model {
	if modelsOf[strength] == nil {
		modelsOf[strength] = Models(strength)
	}
	return modelsOf[strength]
}

// TestExhaustion is the part of cmd/exhaust that is quick enough for each change.
func TestExhaustion(t *testing.T) {
	depth := 4
	if testing.Short() {
		depth = 3
	}
	for i := range Kinds {
		k := &Kinds[i]
		t.Run(k.Name, func(t *testing.T) {
			w := Walk{Kind: k, Depth: depth, Models: models(2), Jobs: runtime.GOMAXPROCS(0)}
			for _, f := range w.Run() {
				if f.Excuse == "" {
					t.Errorf("%s", &f)
				}
			}
			if w.Counts.Accepted.Load() == 0 {
				t.Error("nothing is accepted")
			}
			t.Logf("%d sequences, %d messages, %d accepted, %d readings",
				w.Counts.Sequences.Load(), w.Counts.Messages.Load(), w.Counts.Accepted.Load(), w.Counts.Readings.Load())
		})
	}
}

// compareOne has all models read a message that is accepted as ours says.
func compareOne(f form, input []byte, ours *verdict) map[class]*Finding {
	v := visitor{walk: &Walk{Models: models(3)}, kind: &Kind{form: f}, classes: map[class]*Finding{}}
	if ours == nil {
		v.message(input)
	} else {
		v.compare(ours, input)
	}
	return v.classes
}

// TestKnown checks that the models find what has let requests be smuggled, and by which
// option.
func TestKnown(t *testing.T) {
	all, err := vectors.Read("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range all {
		reads := k.Lines[slices.IndexFunc(k.Lines, func(l vectors.Line) bool { return l.Key == "reads" })].Words
		ours := verdict{Reading: Reading{Outcome: Reads, End: len(k.Input), Authority: []byte(reads[2])}, method: "GET"}
		for ours.Body.String() != reads[0] {
			ours.Body++
		}
		ours.Length, _ = strconv.ParseInt(reads[1], 10, 64)
		isFound := false
		var found []string
		for c := range compareOne(map[string]form{"response": response, "request-body": requestBody}[k.Word("kind")], k.Input, &ours) {
			found = append(found, c.Recipient)
			isFound = isFound || c.Recipient == k.Word("model")
		}
		if !isFound {
			t.Errorf("%s: not found; found are %q", k.Name, found)
		}
	}
}

// TestAgreement checks that no model has anything to say about plain messages.
func TestAgreement(t *testing.T) {
	for _, k := range []struct {
		input string
		form  form
	}{
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", request},
		{"POST /a?b HTTP/1.1\r\nHost: a:80\r\nX: y z\r\nContent-Length: 5\r\n\r\n", request},
		{"POST http://a/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", request},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: b\r\n\r\n", request},
		{"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", request},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", response},
		{"HTTP/1.1 200\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", response},
		{"HTTP/1.0 404 Not Found\r\n\r\n", response},
		{"5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n", requestBody},
	} {
		if verdicts, _ := new(judge).verdicts(&Kind{form: k.form}, []byte(k.input)); len(verdicts) == 0 {
			t.Errorf("%q is not accepted", k.input)
		}
		for _, f := range compareOne(k.form, []byte(k.input), nil) {
			t.Errorf("%s", f)
		}
	}
}

// TestSets checks that verdicts has what any set of deviations accepts.
func TestSets(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var j, other judge
	accepted := 0
	for range 100_000 {
		k := &Kinds[rng.IntN(len(Kinds))]
		b := []byte(k.starts[rng.IntN(len(k.starts))])
		for range rng.IntN(5) {
			b = append(b, k.symbols[rng.IntN(len(k.symbols))]...)
		}
		b = append(b, k.endings[rng.IntN(len(k.endings))]...)
		allow := picohttp.Deviations(rng.Uint32()) & picohttp.AllDeviations
		if n := rng.IntN(3); n > 0 {
			allow |= picohttp.Deviations(rng.Uint32()) & picohttp.AllDeviations
		}
		n, err := other.parse(k, picohttp.Lenient, allow, b)
		other.found = other.found[:0]
		if err != nil || allow == 0 || !other.judge(k, "lenient", n) {
			continue
		}
		accepted++
		j.verdicts(k, b)
		before := len(j.found)
		for _, v := range other.found {
			if j.add(v); len(j.found) > before {
				t.Fatalf("%s %q: with %d bits, %s, it is %v and that is not among %d verdicts",
					k.Name, b, bits.OnesCount32(uint32(allow)), allow, &v.Reading, before)
			}
		}
	}
	if accepted < 1000 {
		t.Errorf("only %d messages are accepted", accepted)
	}
}

// TestCover checks that Models covers what it says.
func TestCover(t *testing.T) {
	for strength, most := range map[int]int{1: 6, 2: 40, 3: 150} {
		models := models(strength)
		c := newCover(strength)
		for i := range models {
			c.add(&models[i])
		}
		if len(c.left) > 0 || len(models) > most {
			t.Errorf("strength %d: %d models leave %d choices", strength, len(models), len(c.left))
		}
	}
}

// TestDocumented checks that each row is about a deviation that there is.
func TestDocumented(t *testing.T) {
	codes := map[string]bool{"": true}
	for one := range picohttp.AllDeviations.All() {
		codes[one.Code()] = true
	}
	for _, row := range documented {
		if !codes[row.deviation] {
			t.Errorf("no deviation %q", row.deviation)
		}
	}
}
