package differ

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/picohttp/picohttp"
)

// An answer is a line of the pipe protocol, which the README describes. It has all that
// "picohttp batch" writes and the kit compares, and may say more about bodies.
type answer struct {
	Result     string      `json:"result"`
	Stage      string      `json:"stage"`
	N          *number     `json:"n"`
	Error      string      `json:"error"`
	Method     *string     `json:"method"`
	Target     *string     `json:"target"`
	Minor      *number     `json:"minor"`
	StatusCode *number     `json:"status_code"`
	Reason     *string     `json:"reason"`
	Fields     [][2]string `json:"fields"`
	Framing    *struct {
		Body      string  `json:"body"`
		Length    *number `json:"length"`
		KeepAlive *bool   `json:"keep_alive"`
		Error     string  `json:"error"`
	} `json:"framing"`
	Host struct {
		Error string `json:"error"`
	} `json:"host"`
	Check struct {
		Error string `json:"error"`
	} `json:"check"`
	Length   *number     `json:"length"`
	Body     *[]byte     `json:"body"`
	Trailers [][2]string `json:"trailers"`
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

// parseAnswer returns the verdict in a line, or what keeps it from being one.
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
	switch a.Result {
	case "complete":
		v.Result = Accept
	case "incomplete":
		v.Result = Incomplete
	case "malformed":
		v.Result, v.Why = Reject, a.Error
	default:
		return v, fmt.Errorf("the result %q, which is not complete, incomplete or malformed", a.Result)
	}
	for _, why := range []string{a.Host.Error, a.Check.Error} {
		if why != "" && why != picohttp.ErrHostMissing.Code() {
			return Verdict{Result: Reject, Stage: StageFraming, Why: why}, nil
		}
	}
	if v.Result != Accept && v.Stage != StageBody {
		return v, nil
	}
	v.Silent = a.tell(&v, k)
	if a.Framing == nil {
		v.Silent |= PartFraming | PartKeepAlive
		return v, nil
	}
	if a.Framing.Error != "" {
		return Verdict{Result: Reject, Stage: StageFraming, Why: a.Framing.Error}, nil
	}
	body, known := bodies[a.Framing.Body]
	switch {
	case known:
		v.Framing.Body = body
	case a.Framing.Body == "":
		v.Silent |= PartFraming
	default:
		return v, fmt.Errorf("the body %q in framing, which is not none, length, chunked, until-close or tunnel", a.Framing.Body)
	}
	if body == picohttp.BodyLength {
		v.Framing.Length = -1
		if a.Framing.Length != nil {
			v.Framing.Length = int64(*a.Framing.Length)
		}
	}
	v.Silent |= put(&v.Framing.KeepAlive, a.Framing.KeepAlive, PartKeepAlive)
	return v, nil
}

// tell puts what the answer has into v, except for framing, and returns what it does not
// tell.
func (a *answer) tell(v *Verdict, k Kind) (silent Parts) {
	fields := a.Fields
	if k == Chunked {
		silent |= putNumber(&v.Length, a.N, PartLength)
		fields = a.Trailers
	} else {
		silent |= putNumber(&v.Head, a.N, PartHead)
		silent |= putNumber(&v.Length, a.Length, PartLength)
	}
	silent |= putNumber(&v.Minor, a.Minor, PartMinor)
	silent |= putNumber(&v.Status, a.StatusCode, PartStatus)
	silent |= putString(&v.Method, a.Method, PartMethod)
	silent |= putString(&v.Target, a.Target, PartTarget)
	silent |= putString(&v.Reason, a.Reason, PartReason)
	silent |= put(&v.Body, a.Body, PartContent)
	if fields == nil {
		silent |= PartFields
	}
	for _, f := range fields {
		v.Fields = append(v.Fields, Field{fromLatin1(f[0]), fromLatin1(f[1])})
	}
	return silent
}

// put returns the part if it is not told.
func put[T any](to, told *T, part Parts) (silent Parts) {
	if told == nil {
		return part
	}
	*to = *told
	return 0
}

func putNumber(to *int, told *number, part Parts) (silent Parts) {
	if told == nil || *told < 0 {
		return part
	}
	*to = int(min(*told, math.MaxInt))
	return 0
}

func putString(to, told *string, part Parts) (silent Parts) {
	silent = put(to, told, part)
	*to = fromLatin1(*to)
	return silent
}

var bodies = func() map[string]picohttp.Body {
	m := map[string]picohttp.Body{}
	for b := picohttp.BodyNone; b <= picohttp.BodyTunnel; b++ {
		m[b.String()] = b
	}
	return m
}()

// fromLatin1 returns the bytes that a string stands for, a byte a character.
func fromLatin1(s string) string {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}

// latin1 is the opposite of fromLatin1.
func latin1[S string | []byte](b S) string {
	s := make([]rune, len(b))
	for i := range len(b) {
		s[i] = rune(b[i])
	}
	return string(s)
}
