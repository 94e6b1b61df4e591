package differ

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/picohttp/picohttp"
)

// An answer is a line of the pipe protocol, which the README describes. It has all members of
// "picohttp batch" that the kit compares, and may say more about bodies. In findings.jsonl it
// is a verdict.

// A member is one of an answer that tells a part of a Verdict.
type member struct {
	name  string // after "framing." one of that object
	part  Parts
	value any // points to the part
}

// members returns those that an answer has for a kind.
func (v *Verdict) members(k Kind) []member {
	if k == Chunked {
		return []member{
			{"n", PartLength, &v.Length}, {"trailers", PartFields, &v.Fields}, {"body", PartContent, &v.Body},
		}
	}
	members := []member{
		{"n", PartHead, &v.Head}, {"minor", PartMinor, &v.Minor}, {"fields", PartFields, &v.Fields},
		{"length", PartLength, &v.Length}, {"body", PartContent, &v.Body},
		{"framing.body", PartFraming, &v.Framing.Body},
		{"framing.keep_alive", PartKeepAlive, &v.Framing.KeepAlive},
	}
	if v.Framing.Body == picohttp.BodyLength {
		members = append(members, member{"framing.length", PartFraming, &v.Framing.Length})
	}
	if k == Response {
		return append(members,
			member{"status_code", PartStatus, &v.Status}, member{"reason", PartReason, &v.Reason})
	}
	return append(members,
		member{"method", PartMethod, &v.Method}, member{"target", PartTarget, &v.Target})
}

// answer returns a verdict without what it is silent about.
func (v *Verdict) answer(k Kind) map[string]any {
	a := map[string]any{"result": v.Result.String()}
	words := map[string]string{"error": v.Why, "where": v.Where}
	if (v.Result == Reject || v.Result == Incomplete) && v.Stage != StageAny {
		words["stage"] = v.Stage.String()
	}
	for name, word := range words {
		if word != "" {
			a[name] = word
		}
	}
	if !v.knowsHead() {
		return a
	}
	framing := map[string]any{}
	for _, m := range v.members(k) {
		if v.untold()&m.part != 0 || m.name == "framing.length" && v.Framing.Length < 0 {
			continue
		}
		if name, nested := strings.CutPrefix(m.name, "framing."); nested {
			framing[name] = written(m.value)
			a["framing"] = framing
		} else {
			a[name] = written(m.value)
		}
	}
	return a
}

// written returns a part of a Verdict as JSON has it.
func written(part any) any {
	switch part := part.(type) {
	case *string:
		return latin1(*part)
	case *picohttp.Body:
		return part.String()
	case *[]Field:
		lines := [][2]string{}
		for _, f := range *part {
			lines = append(lines, [2]string{latin1(f.Name), latin1(f.Value)})
		}
		return lines
	}
	return reflect.ValueOf(part).Elem().Interface()
}

// errUntold is for a member that counts as left out.
var errUntold = errors.New("untold")

// read sets a part of a Verdict to what a member of an answer says.
func read(text []byte, part any) error {
	switch part := part.(type) {
	case *int:
		n, err := number(text)
		*part = int(min(n, math.MaxInt))
		return err
	case *int64:
		n, err := number(text)
		*part = n
		return err
	case *string:
		err := json.Unmarshal(text, part)
		*part = fromLatin1(*part)
		return err
	case *picohttp.Body:
		var name string
		err := json.Unmarshal(text, &name)
		for part.String() != name && err == nil {
			if *part++; *part > picohttp.BodyTunnel {
				err = fmt.Errorf("%q is not none, length, chunked, until-close or tunnel", name)
			}
		}
		return err
	case *[]Field:
		var lines [][2]string
		err := json.Unmarshal(text, &lines)
		for _, line := range lines {
			*part = append(*part, Field{fromLatin1(line[0]), fromLatin1(line[1])})
		}
		return err
	}
	return json.Unmarshal(text, part)
}

// number returns a whole number, or the largest int64 if it is larger: a program that says so
// has accepted what nobody can mean. A number below 0 is errUntold.
func number(text []byte) (int64, error) {
	f, err := strconv.ParseFloat(string(text), 64)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange) || f != math.Trunc(f):
		return 0, fmt.Errorf("%s is not a whole number", text)
	case f < 0:
		return 0, errUntold
	case f >= math.MaxInt64:
		return math.MaxInt64, nil
	}
	if i, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		return i, nil
	}
	return int64(f), nil // such as 1e3
}

// parseAnswer returns the verdict in a line, or an error that says why there is none.
func parseAnswer(k Kind, line []byte) (v Verdict, err error) {
	var a struct {
		Result, Stage, Error string
		Host, Check, Framing struct{ Error string }
	}
	var members, framing map[string]json.RawMessage
	if err := json.Unmarshal(line, &a); err != nil {
		return v, err
	} else if err := json.Unmarshal(line, &members); err != nil {
		return v, err
	} else if text := members["framing"]; text != nil {
		if err := json.Unmarshal(text, &framing); err != nil {
			return v, err
		}
	}
	for name, text := range framing {
		members["framing."+name] = text
	}
	at := slices.Index(results[:Crash], a.Result)
	if at < 0 {
		return v, fmt.Errorf("the result %q is not complete, incomplete or malformed", a.Result)
	}
	if v.Result = Result(at); v.Result == Reject {
		v.Why = a.Error
	}
	switch at := slices.Index(stages[StageHead:], a.Stage); {
	case at >= 0:
		v.Stage = StageHead + Stage(at)
	case a.Stage != "":
		return v, fmt.Errorf("the stage %q is not head, framing or body", a.Stage)
	case k == Chunked:
		v.Stage = StageBody
	default:
		v.Stage = StageHead
	}
	for _, why := range []string{a.Host.Error, a.Check.Error, a.Framing.Error} {
		if why != "" && why != picohttp.ErrHostMissing.Code() {
			return Verdict{Result: Reject, Stage: StageFraming, Why: why}, nil
		}
	}
	if v.Result != Accept && v.Stage != StageBody {
		return v, nil
	}
	if string(members["framing.body"]) == `"length"` {
		v.Framing.Body = picohttp.BodyLength
	}
	for _, m := range v.members(k) {
		err := errUntold
		if text := members[m.name]; text != nil && string(text) != "null" {
			err = read(text, m.value)
		}
		switch {
		case err == nil:
		case err != errUntold:
			return v, fmt.Errorf("%s: %w", m.name, err)
		case m.name == "framing.length":
			v.Framing.Length = -1
		default:
			v.Silent |= m.part
		}
	}
	return v, nil
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
