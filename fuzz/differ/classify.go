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
	LatenessDiffers
	Agree
)

var classes = [...]struct{ name, text string }{
	Crashes:           {"crash", "a parser panicked, ended, wrote to its input or did not respond"},
	FramingDiffers:    {"framing", "both accept the head, but not the same body follows"},
	LengthDiffers:     {"length", "both accept, and the next message begins elsewhere"},
	WaitingDiffers:    {"waiting", "one accepts, the other takes what comes next for a part of the same message"},
	RoutingDiffers:    {"routing", "both accept, with other values of fields that frame or route"},
	BodyDiffers:       {"body", "both accept, with other content"},
	StartLineDiffers:  {"start-line", "both accept, with another method, target, version or status"},
	FieldsDiffer:      {"fields", "both accept, with other fields"},
	KeepAliveDiffers:  {"keep-alive", "one closes the connection after the message, the other does not"},
	AcceptanceDiffers: {"acceptance", "one accepts what the other rejects"},
	LatenessDiffers:   {"lateness", "one rejects what the other still waits for the end of"},
	Agree:             {"agree", "no difference"},
}

// String returns a word, such as "framing".
func (c Class) String() string { return classes[c].name }

// MarshalText returns what String does.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Text returns what the class means, in a clause.
func (c Class) Text() string { return classes[c].text }

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
	accepted := ra == Accept && rb == Accept
	knowHeads := a.knowsHead() && b.knowsHead()
	// One that is in the body has accepted the head: the same head?
	compareHeads := knowHeads && (accepted || last > StageHead)
	switch {
	case compareHeads && silent&PartFraming == 0 && !sameBody(a.Framing, b.Framing):
		return FramingDiffers
	case compareHeads && silent&PartHead == 0 && a.Head != b.Head:
		return LengthDiffers
	case accepted && knowHeads:
		return compareAccepted(a, b, silent, last)
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

// sameBody reports whether two bodies are the same. A body of 0 bytes, and the tunnel after a
// CONNECT, count as none. A length below 0 is unknown, and equals any.
func sameBody(a, b Framing) bool {
	empty := func(f Framing) bool {
		return f.Body == picohttp.BodyNone || f.Body == picohttp.BodyTunnel ||
			f.Body == picohttp.BodyLength && f.Length <= 0
	}
	return a.Body == b.Body && (a.Length == b.Length || a.Length < 0 || b.Length < 0) || empty(a) && empty(b)
}

// compareAccepted compares the rest of what both accept, the worst first.
func compareAccepted(a, b *Verdict, silent Parts, last Stage) Class {
	tell := func(part Parts) bool { return silent&part == 0 }
	fields := Agree
	if tell(PartFields) {
		fields = compareFields(a.Fields, b.Fields, silent)
	}
	switch {
	case last == StageBody && tell(PartLength) && a.Length != b.Length:
		return LengthDiffers
	case fields == RoutingDiffers:
		return fields
	case last == StageBody && tell(PartContent) && !bytes.Equal(a.Body, b.Body):
		return BodyDiffers
	case tell(PartMethod) && a.Method != b.Method,
		tell(PartTarget) && a.Target != b.Target,
		tell(PartStatus) && a.Status != b.Status,
		tell(PartMinor) && a.Minor != b.Minor,
		tell(PartReason) && trim(a.Reason) != trim(b.Reason):
		return StartLineDiffers
	case fields == FieldsDiffer:
		return fields
	case tell(PartKeepAlive) && a.Framing.KeepAlive != b.Framing.KeepAlive:
		return KeepAliveDiffers
	}
	return Agree
}

// compareFields compares the values of each name, in order.
func compareFields(a, b []Field, silent Parts) Class {
	if slices.Equal(a, b) {
		return Agree
	}
	a, b = plainFields(a, silent), plainFields(b, silent)
	switch {
	case slices.Equal(a, b):
		return Agree
	case slices.Equal(routing(a), routing(b)):
		return FieldsDiffer
	}
	return RoutingDiffers
}

// plainFields returns fields ordered by their names, which are in lower case. It unfolds
// lines, as some parsers do and others need not. Transfer codings and connection options have
// no case.
func plainFields(fields []Field, silent Parts) (plain []Field) {
	for _, f := range fields {
		if last := len(plain) - 1; f.Name == "" && last >= 0 {
			plain[last].Value = trim(plain[last].Value + " " + trim(f.Value))
			continue
		}
		f.Name, f.Value = lower(f.Name), unfold(f.Value)
		if f.Name == "transfer-encoding" || f.Name == "connection" {
			f.Value = lower(f.Value)
		}
		plain = append(plain, f)
	}
	if silent&PartConnection != 0 {
		plain = slices.DeleteFunc(plain, func(f Field) bool { return f.Name == "connection" })
	}
	slices.SortStableFunc(plain, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return plain
}

// routing returns the fields that frame or route a message.
func routing(fields []Field) []Field {
	return slices.DeleteFunc(slices.Clone(fields), func(f Field) bool {
		switch f.Name {
		case "host", "content-length", "transfer-encoding", "connection":
			return false
		}
		return true
	})
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

// A judgment is a Finding.Rule, and the Stage at which it is broken.
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
