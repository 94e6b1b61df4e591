package differ

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync/atomic"

	"github.com/picohttp/picohttp"
)

// Pipe returns an adaptor of a program that speaks the protocol of "picohttp
// batch": it reads lines of base64, each an input, and answers each by a line
// with a JSON object, flushed. For each kind there is a process of its own, with
// "-kind request", "response" or "chunked" behind args, started when first
// needed, and again if it dies, which is a Crash. How long an answer may take is
// up to Run.Patience. What it leaves out, the program is silent about; an "error"
// in "host", "check" or "framing" is a rejection, unless it is that Host is missing. Close
// ends the processes, and none is started after it.
func Pipe(name string, kinds []Kind, args ...string) Adaptor {
	ctx, end := context.WithCancel(context.Background())
	var open []*process
	start := func(k Kind) func([]byte) Verdict {
		if !slices.Contains(kinds, k) {
			return nil
		}
		p := &process{ctx: ctx, kind: k, args: append(slices.Clone(args), "-kind", k.String())}
		open = append(open, p)
		return p.parse
	}
	return Adaptor{
		Name:     name,
		Request:  start(Request),
		Response: start(Response),
		Chunked:  start(Chunked),
		Close: func() {
			end()
			for _, p := range open {
				p.stop()
			}
		},
	}
}

type process struct {
	ctx    context.Context
	kind   Kind
	args   []string
	cmd    atomic.Pointer[exec.Cmd] // Close may come while an answer does not
	in     io.WriteCloser
	out    *bufio.Reader
	line   []byte
	failed int // starts in a row without an answer
}

func (p *process) parse(b []byte) Verdict {
	answer, err := p.ask(b)
	if err != nil {
		p.stop()
		return Verdict{Result: Crash, Why: err.Error()}
	}
	var o outcome
	if err := json.Unmarshal(answer, &o); err != nil {
		return Verdict{Result: Crash, Why: fmt.Sprintf("%v in the answer %q", err, answer)}
	}
	return o.verdict(p.kind)
}

func (p *process) ask(b []byte) (answer []byte, err error) {
	if p.cmd.Load() == nil {
		if err := p.start(); err != nil {
			return nil, err
		}
	}
	p.line = append(base64.StdEncoding.AppendEncode(p.line[:0], b), '\n')
	if _, err = p.in.Write(p.line); err == nil {
		answer, err = p.out.ReadBytes('\n')
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.args[0], err)
	}
	p.failed = 0
	return answer, nil
}

func (p *process) start() error {
	if p.failed == 3 {
		// It is not the input.
		return fmt.Errorf("%s: does not answer", p.args[0])
	}
	p.failed++
	cmd := exec.CommandContext(p.ctx, p.args[0], p.args[1:]...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	p.in, p.out = in, bufio.NewReader(out)
	p.cmd.Store(cmd)
	return nil
}

func (p *process) stop() {
	cmd := p.cmd.Swap(nil)
	if cmd == nil {
		return
	}
	p.in.Close()
	cmd.Process.Kill()
	cmd.Wait()
}

// An outcome is an answer of the batch protocol.
type outcome struct {
	Result     string      `json:"result"`
	N          int         `json:"n"`
	Error      string      `json:"error"`
	Method     string      `json:"method"`
	Target     string      `json:"target"`
	Minor      *int        `json:"minor"`
	StatusCode *int        `json:"status_code"`
	Reason     *string     `json:"reason"`
	Fields     [][2]string `json:"fields"`
	Framing    *struct {
		Body      string `json:"body"`
		Length    uint64 `json:"length"`
		KeepAlive *bool  `json:"keep_alive"`
		Error     string `json:"error"`
	} `json:"framing"`
	Host     judgment    `json:"host"`
	Check    judgment    `json:"check"`
	Body     *[]byte     `json:"body"`
	Trailers [][2]string `json:"trailers"`
}

// A judgment is a member of which only the error matters here.
type judgment struct {
	Error string `json:"error"`
}

func (o *outcome) verdict(k Kind) (v Verdict) {
	v.Stage = StageHead
	if k == Chunked {
		v.Stage = StageBody
	}
	switch o.Result {
	case "complete":
		v.Result = Accept
	case "incomplete":
		v.Result = Incomplete
		return v
	case "malformed":
		v.Why = o.Error
		return v
	default:
		return Verdict{Result: Crash, Why: "the result " + o.Result + " " + o.Error}
	}
	fields := o.Fields
	if k == Chunked {
		v.Length = o.N
		fields = o.Trailers
		if o.Body == nil {
			v.Silent |= PartBody
		} else {
			v.Body = *o.Body
		}
	} else {
		v.Head = o.N
		v.Silent |= PartBody
	}
	if fields == nil {
		v.Silent |= PartFields
	}
	for _, f := range fields {
		v.Fields = append(v.Fields, Field{octets(f[0]), octets(f[1])})
	}
	v.Method, v.Target = octets(o.Method), octets(o.Target)
	if k == Request && o.Method == "" {
		v.Silent |= PartStartLine
	}
	if o.Minor == nil {
		v.Silent |= PartMinor
	} else {
		v.Minor = *o.Minor
	}
	if o.Reason == nil {
		v.Silent |= PartReason
	} else {
		v.Reason = octets(*o.Reason)
	}
	if o.StatusCode != nil {
		v.Status = *o.StatusCode
	} else if k == Response {
		v.Silent |= PartStartLine
	}
	for _, why := range []string{o.Host.Error, o.Check.Error} {
		if why != "" && why != picohttp.ErrHostMissing.Code() {
			return Verdict{Result: Reject, Stage: StageFraming, Why: why}
		}
	}
	switch {
	case o.Framing == nil:
		v.Silent |= PartFraming | PartKeepAlive
	case o.Framing.Error != "":
		return Verdict{Result: Reject, Stage: StageFraming, Why: o.Framing.Error}
	default:
		body, known := bodies[o.Framing.Body]
		if !known {
			v.Silent |= PartFraming
		}
		v.Framing = Framing{Body: body, Length: int64(o.Framing.Length)}
		if o.Framing.KeepAlive == nil {
			v.Silent |= PartKeepAlive
		} else {
			v.Framing.KeepAlive = *o.Framing.KeepAlive
		}
	}
	return v
}

var bodies = func() map[string]picohttp.Body {
	m := map[string]picohttp.Body{}
	for b := picohttp.BodyNone; b <= picohttp.BodyTunnel; b++ {
		m[b.String()] = b
	}
	return m
}()

// octets returns what a string of Latin-1 stands for.
func octets(s string) string {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}
