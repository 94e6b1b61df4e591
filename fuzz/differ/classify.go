package differ

import (
	"bytes"
	"slices"
	"strings"

	"github.com/picohttp/picohttp"
)

// A Class is how two verdicts differ, the worst first.
type Class uint8

// The classes.
const (
	Crashes Class = iota
	FramingDiffers
	LengthDiffers
	WaitingDiffers
	RoutingDiffers // these fields are Host, Content-Length, Transfer-Encoding and Connection
	BodyDiffers
	StartLineDiffers
	FieldsDiffer
	KeepAliveDiffers
	AcceptanceDiffers
	DeliveryDiffers
	LatenessDiffers
	Agree
)

var classes = [...]struct{ name, text string }{
	Crashes:           {"crash", "a parser panicked, ended, left its memory or did not respond"},
	FramingDiffers:    {"framing", "both accept the head, but not the same body follows"},
	LengthDiffers:     {"length", "both accept, and the next message begins elsewhere"},
	WaitingDiffers:    {"waiting", "one accepts, the other takes what comes next for a part of the same message"},
	RoutingDiffers:    {"routing", "both accept, with other values of fields that frame or route"},
	BodyDiffers:       {"body", "both accept, with other content"},
	StartLineDiffers:  {"start-line", "both accept, with another method, target, version or status"},
	FieldsDiffer:      {"fields", "both accept, with other fields"},
	KeepAliveDiffers:  {"keep-alive", "one closes the connection after the message, the other does not"},
	AcceptanceDiffers: {"acceptance", "one accepts what the other rejects"},
	DeliveryDiffers:   {"delivery", "a parser's verdict on an input contradicts that on its beginning"},
	LatenessDiffers:   {"lateness", "one rejects what the other still waits for the end of"},
	Agree:             {"agree", "no difference"},
}

// String returns a word, such as "framing".
func (c Class) String() string { return classes[c].name }

// MarshalText returns what String does.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// text returns what the class means, in a clause.
func (c Class) text() string { return classes[c].text }

// Smuggles reports whether a disagreement of the class lets two recipients
// disagree about where a message ends or whom it is for.
func (c Class) Smuggles() bool { return c >= FramingDiffers && c <= RoutingDiffers }

// Compare returns how two verdicts on the same input differ, in what neither is
// silent about.
func Compare(a, b *Verdict) Class {
	switch {
	case !a.compared() || !b.compared():
		return Agree
	case a.Result == Crash || b.Result == Crash:
		return Crashes
	}
	silent := a.untold() | b.untold()
	last := lastStage(a, b)
	if last < StageBody && (a.anywhere() || b.anywhere()) {
		return Agree
	}
	// What a parser says of a later stage, the other cannot know.
	ra, rb := a.until(last), b.until(last)
	if ra == Accept && rb == Accept {
		if a.knowsHead() && b.knowsHead() {
			return compareAccepted(a, b, silent, last)
		}
		return Agree
	}
	// One that is in the body has accepted the head: the same head?
	if last > StageHead && a.knowsHead() && b.knowsHead() {
		if c := compareHeads(a, b, silent); c != Agree {
			return c
		}
	}
	switch {
	case ra == rb:
		return Agree
	case ra != Reject && rb != Reject:
		return WaitingDiffers
	case ra == Accept || rb == Accept:
		return AcceptanceDiffers
	}
	return LatenessDiffers
}

// compared reports whether there is something to compare.
func (v *Verdict) compared() bool { return v.Result != Absent && v.Result != Protocol }

// lastStage returns the last stage that both parsers tell of.
func lastStage(a, b *Verdict) Stage { return min(a.tells(), b.tells()) }

// anywhere reports whether the stage is not known.
func (v *Verdict) anywhere() bool { return v.Result != Accept && v.Stage == StageAny }

// knowsHead reports whether the parts of the head are there.
func (v *Verdict) knowsHead() bool {
	return v.Result == Accept || v.Result != Crash && v.Stage == StageBody && v.Head > 0
}

// until returns the result of the stages up to last.
func (v *Verdict) until(last Stage) Result {
	if v.Result != Accept && v.Stage > last {
		return Accept
	}
	return v.Result
}

func compareHeads(a, b *Verdict, silent Parts) Class {
	switch {
	case silent&PartFraming == 0 && !sameBody(a.Framing, b.Framing):
		return FramingDiffers
	case silent&PartHead == 0 && a.Head != b.Head:
		return LengthDiffers
	}
	return Agree
}

// sameBody: a body of no bytes is no body, and neither has a CONNECT one. What a
// tunnel means for what follows shows in KeepAlive. A length that one does not tell may
// be any.
func sameBody(a, b Framing) bool {
	empty := func(f Framing) bool {
		return f.Body == picohttp.BodyNone || f.Body == picohttp.BodyTunnel || f.Body == picohttp.BodyLength && f.Length <= 0
	}
	return a.Body == b.Body && (a.Length == b.Length || a.Length < 0 || b.Length < 0) || empty(a) && empty(b)
}

func compareAccepted(a, b *Verdict, silent Parts, last Stage) Class {
	if c := compareHeads(a, b, silent); c != Agree {
		return c
	}
	if last == StageBody {
		switch {
		case silent&PartLength == 0 && a.Length != b.Length:
			return LengthDiffers
		case silent&PartContent == 0 && !bytes.Equal(a.Body, b.Body):
			return BodyDiffers
		}
	}
	c := Agree
	if silent&PartFields == 0 {
		c = compareFields(a.Fields, b.Fields, silent)
	}
	switch {
	case c == RoutingDiffers:
	case silent&PartMethod == 0 && a.Method != b.Method,
		silent&PartTarget == 0 && a.Target != b.Target,
		silent&PartStatus == 0 && a.Status != b.Status,
		silent&PartMinor == 0 && a.Minor != b.Minor,
		silent&PartReason == 0 && trim(a.Reason) != trim(b.Reason):
		c = StartLineDiffers
	case c == Agree && silent&PartKeepAlive == 0 && a.Framing.KeepAlive != b.Framing.KeepAlive:
		c = KeepAliveDiffers
	}
	return c
}

// compareFields compares the values of each name, in order.
func compareFields(a, b []Field, silent Parts) Class {
	if slices.Equal(a, b) {
		return Agree
	}
	c := Agree
	va, vb := valuesOf(a), valuesOf(b)
	for _, names := range []map[string][]string{va, vb} {
		for name := range names {
			switch {
			case slices.Equal(va[name], vb[name]), silent&PartConnection != 0 && name == "connection":
			case routes(name):
				return RoutingDiffers
			default:
				c = FieldsDiffer
			}
		}
	}
	return c
}

// valuesOf returns values by name in lower case. It unfolds lines, as some parsers do and
// others need not. Transfer codings and connection options have no case.
func valuesOf(fields []Field) map[string][]string {
	values := map[string][]string{}
	before := ""
	for _, f := range fields {
		if f.Name == "" && before != "" {
			of := values[before]
			of[len(of)-1] = trim(of[len(of)-1] + " " + trim(f.Value))
			continue
		}
		value := unfold(f.Value)
		before = lower(f.Name)
		if before == "transfer-encoding" || before == "connection" {
			value = lower(value)
		}
		values[before] = append(values[before], value)
	}
	return values
}

// lower returns s in lower case, where only ASCII has one.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}

func unfold(value string) string {
	if !strings.Contains(value, "\n") {
		return trim(value)
	}
	var lines []string
	for line := range strings.SplitSeq(value, "\n") {
		if line = trim(strings.TrimSuffix(line, "\r")); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, " ")
}

func trim(s string) string { return strings.Trim(s, " \t") }

func routes(name string) bool {
	switch name {
	case "host", "content-length", "transfer-encoding", "connection":
		return true
	}
	return false
}

// Rule says what a strict reading of RFC 9110 and 9112 finds wrong with an input:
// the Code of a picohttp.Error; "incomplete", or "" if nothing. It is how findings
// are named, so that none needs a product's name.
func Rule(k Kind, b []byte) string { return judge(k, b).rule }

// A judgment is a Rule, and the Stage at which it is broken.
type judgment struct {
	rule  string
	stage Stage
}

func judge(k Kind, b []byte) judgment {
	switch v := strict.verdict(k, b); v.Result {
	case Accept:
		return judgment{}
	case Incomplete:
		return judgment{"incomplete", v.Stage}
	default:
		return judgment{v.Why, v.Stage}
	}
}

// until returns the rule, or "" if it is broken after the last stage that is compared.
func (j judgment) until(last Stage) string {
	if j.stage > last {
		return ""
	}
	return j.rule
}
