package differ

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/picohttp/picohttp"
)

// An answer is a line of the pipe protocol, which the README describes. It has all members
// of "picohttp batch" that the kit compares, and may say more about bodies. In
// findings.jsonl it is a verdict.
type answer struct {
	Result     string         `json:"result"`
	Stage      string         `json:"stage,omitempty"`
	Error      string         `json:"error,omitempty"`
	Where      string         `json:"where,omitempty"` // of a crash, in findings.jsonl
	N          *number        `json:"n,omitempty"`
	Method     *string        `json:"method,omitempty"`
	Target     *string        `json:"target,omitempty"`
	Minor      *number        `json:"minor,omitempty"`
	StatusCode *number        `json:"status_code,omitempty"`
	Reason     *string        `json:"reason,omitempty"`
	Fields     [][2]string    `json:"fields,omitzero"`
	Framing    *answerFraming `json:"framing,omitempty"`
	Host       answerError    `json:"host,omitzero"`
	Check      answerError    `json:"check,omitzero"`
	Length     *number        `json:"length,omitempty"`
	Body       *[]byte        `json:"body,omitempty"`
	Trailers   [][2]string    `json:"trailers,omitzero"`
}

type answerFraming struct {
	Body      string  `json:"body,omitempty"`
	Length    *number `json:"length,omitempty"`
	KeepAlive *bool   `json:"keep_alive,omitempty"`
	Error     string  `json:"error,omitempty"`
}

type answerError struct {
	Error string `json:"error"`
}

// A member is one of an answer and the part of a Verdict that it is.
type member[M, P any] struct {
	member **M
	value  *P
	part   Parts
}

// members returns those that are numbers and strings, for a kind.
func (a *answer) members(k Kind, v *Verdict) (numbers []member[number, int], texts []member[string, string]) {
	if k == Chunked {
		return []member[number, int]{{&a.N, &v.Length, PartLength}}, nil
	}
	numbers = []member[number, int]{{&a.N, &v.Head, PartHead}, {&a.Length, &v.Length, PartLength}, {&a.Minor, &v.Minor, PartMinor}}
	if k == Response {
		numbers = append(numbers, member[number, int]{&a.StatusCode, &v.Status, PartStatus})
		return numbers, []member[string, string]{{&a.Reason, &v.Reason, PartReason}}
	}
	return numbers, []member[string, string]{{&a.Method, &v.Method, PartMethod}, {&a.Target, &v.Target, PartTarget}}
}

func pointer[T any](v T) *T { return &v }

// fields returns the member for Verdict.Fields.
func (a *answer) fields(k Kind) *[][2]string {
	if k == Chunked {
		return &a.Trailers
	}
	return &a.Fields
}

// results are the words for each Result in an answer. The protocol has the first three.
var results = [...]string{
	Reject: "malformed", Incomplete: "incomplete", Accept: "complete", Crash: "crash", Absent: "absent", Protocol: "protocol",
}

// answer returns a verdict without what it is silent about.
func (v *Verdict) answer(k Kind) (a answer) {
	a.Result, a.Error, a.Where = results[v.Result], v.Why, v.Where
	if (v.Result == Reject || v.Result == Incomplete) && v.Stage != StageAny {
		a.Stage = v.Stage.String()
	}
	if !v.knowsHead() {
		return a
	}
	silent := v.untold()
	numbers, texts := a.members(k, v)
	for _, m := range numbers {
		if silent&m.part == 0 {
			*m.member = pointer(number(*m.value))
		}
	}
	for _, m := range texts {
		if silent&m.part == 0 {
			*m.member = pointer(latin1(*m.value))
		}
	}
	if silent&PartContent == 0 {
		a.Body = &v.Body
	}
	if silent&PartFields == 0 {
		fields := [][2]string{}
		for _, f := range v.Fields {
			fields = append(fields, [2]string{latin1(f.Name), latin1(f.Value)})
		}
		*a.fields(k) = fields
	}
	if k != Chunked && silent&PartFraming == 0 {
		a.Framing = &answerFraming{Body: v.Framing.Body.String()}
		if v.Framing.Body == picohttp.BodyLength && v.Framing.Length >= 0 {
			a.Framing.Length = pointer(number(v.Framing.Length))
		}
		if silent&PartKeepAlive == 0 {
			a.Framing.KeepAlive = &v.Framing.KeepAlive
		}
	}
	return a
}

// A number is a whole number. What is beyond an int64 is the largest one, and -1 is what is
// below 0: a program that says so has accepted what nobody can mean.
type number int64

func (n *number) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || f != math.Trunc(f) {
		return fmt.Errorf("%s is not a whole number", b)
	}
	i, err := strconv.ParseInt(string(b), 10, 64)
	switch {
	case f < 0:
		*n = -1
	case err == nil:
		*n = number(i)
	case f >= math.MaxInt64:
		*n = math.MaxInt64
	default: // such as 1e3
		*n = number(f)
	}
	return nil
}

// parseAnswer returns the verdict in a line, or an error that says why there is none.
func parseAnswer(k Kind, line []byte) (v Verdict, err error) {
	var a answer
	if err := json.Unmarshal(line, &a); err != nil {
		return v, err
	}
	v.Stage = StageHead
	if k == Chunked {
		v.Stage = StageBody
	}
	switch a.Stage {
	case "":
	case "head", "framing", "body":
		v.Stage = map[string]Stage{"head": StageHead, "framing": StageFraming, "body": StageBody}[a.Stage]
	default:
		return v, fmt.Errorf("the stage %q, which is not head, framing or body", a.Stage)
	}
	at := slices.Index(results[:Crash], a.Result)
	if at < 0 {
		return v, fmt.Errorf("the result %q, which is not complete, incomplete or malformed", a.Result)
	}
	if v.Result = Result(at); v.Result == Reject {
		v.Why = a.Error
	}
	for _, why := range []string{a.Host.Error, a.Check.Error} {
		if why != "" && why != picohttp.ErrHostMissing.Code() {
			return Verdict{Result: Reject, Stage: StageFraming, Why: why}, nil
		}
	}
	if v.Result != Accept && v.Stage != StageBody {
		return v, nil
	}
	a.tell(k, &v)
	if k == Chunked { // its framing is known
		return v, nil
	}
	f := a.Framing
	if f == nil {
		v.Silent |= PartFraming | PartKeepAlive
		return v, nil
	}
	if f.Error != "" {
		return Verdict{Result: Reject, Stage: StageFraming, Why: f.Error}, nil
	}
	if f.Body == "" {
		v.Silent |= PartFraming
	} else {
		for v.Framing.Body.String() != f.Body {
			if v.Framing.Body++; v.Framing.Body > picohttp.BodyTunnel {
				return v, fmt.Errorf("the body %q in framing, which is not none, length, chunked, until-close or tunnel", f.Body)
			}
		}
	}
	if v.Framing.Body == picohttp.BodyLength {
		v.Framing.Length = -1
		if f.Length != nil {
			v.Framing.Length = int64(*f.Length)
		}
	}
	if f.KeepAlive == nil {
		v.Silent |= PartKeepAlive
	} else {
		v.Framing.KeepAlive = *f.KeepAlive
	}
	return v, nil
}

// tell puts what the answer has into v, except for framing. About the rest v is silent.
func (a *answer) tell(k Kind, v *Verdict) {
	numbers, texts := a.members(k, v)
	for _, m := range numbers {
		if n := *m.member; n == nil || *n < 0 {
			v.Silent |= m.part
		} else {
			*m.value = int(min(*n, math.MaxInt))
		}
	}
	for _, m := range texts {
		if text := *m.member; text == nil {
			v.Silent |= m.part
		} else {
			*m.value = fromLatin1(*text)
		}
	}
	if a.Body == nil {
		v.Silent |= PartContent
	} else {
		v.Body = *a.Body
	}
	fields := *a.fields(k)
	if fields == nil {
		v.Silent |= PartFields
	}
	for _, f := range fields {
		v.Fields = append(v.Fields, Field{fromLatin1(f[0]), fromLatin1(f[1])})
	}
}

// fromLatin1 returns the bytes that a string stands for, a byte a character.
func fromLatin1(s string) string {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}

// latin1 is the opposite of fromLatin1.
func latin1(b string) string {
	s := make([]rune, len(b))
	for i := range len(b) {
		s[i] = rune(b[i])
	}
	return string(s)
}
