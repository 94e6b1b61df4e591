package differ

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	maxAnswer = 1 << 20 // bytes of a line that a program writes
	maxStderr = 2 << 10 // bytes of what it writes to standard error about an input
	maxQuoted = 200     // bytes of a line that are quoted
	// A program may take this long to start and to answer for the first time.
	starting = 10 * time.Second
	// One that has closed its output may take this long to exit.
	exiting = time.Second
)

// Pipe returns an adaptor of a program that speaks the pipe protocol, which the README
// of this module describes. For each kind there is a process of its own, or one for each
// of Run.Jobs, with "-kind request", "response" or "chunked" after args. A process is started
// when it is first needed, and again after a crash, a timeout (Run.Patience) or a line that is
// not an answer. The first two are a Crash, the last is Protocol. A new process is first asked an
// input that the program has answered before, or a plain message. If it does not answer that, the
// program is out, and its verdicts are Absent.
//
// What an answer leaves out, the program is silent about. Close ends the processes, and
// none is started after it.
func Pipe(name string, args ...string) Adaptor {
	a := Adaptor{Name: name}
	ctx, end := context.WithCancel(context.Background())
	for k, parse := range []*func([]byte) Verdict{&a.Request, &a.Response, &a.Chunked} {
		p := &program{
			ctx: ctx, kind: Kind(k), args: slices.Concat(args, []string{"-kind", kinds[k]}),
			patience: defaultPatience, answered: []byte(plain[k]),
		}
		a.programs[k], *parse = p, p.parse
	}
	programs := a.programs
	a.Close = func() {
		end()
		for _, p := range programs {
			p.close()
		}
	}
	return a
}

// plain are inputs that every parser answers.
var plain = [...]string{
	Request:  "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
	Response: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
	Chunked:  "0\r\n\r\n",
}

// A program answers inputs of one kind, in as many processes as there are callers of parse.
type program struct {
	ctx      context.Context // until Close
	kind     Kind
	args     []string
	patience time.Duration

	mu       sync.Mutex
	idle     []*process
	answered []byte // an input that it has answered
	asked    bool   // answered is one that parse was called with, and no longer plain
	gone     error  // why it is not started again
}

// A process is one of a program. Only one caller has it at a time.
type process struct {
	*program
	cmd    *exec.Cmd
	kill   context.CancelFunc
	in     io.WriteCloser
	lines  *bufio.Reader
	stderr excerpt
	ended  bool
}

func (p *program) parse(b []byte) Verdict {
	of, err := p.take()
	if err != nil {
		return Verdict{Result: Absent, Why: err.Error(), gone: err}
	}
	of.stderr.reset() // not in ask: what it says when it starts belongs to its first answer
	v := of.ask(b, p.patience)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !of.ended && p.ctx.Err() == nil {
		p.idle = append(p.idle, of)
	} else if !of.ended {
		of.end()
	}
	if !p.asked && v.compared() && v.Result != Crash {
		p.answered, p.asked = slices.Clone(b), true
	}
	return v
}

// take returns a process that waits for an input, or why there is none.
func (p *program) take() (of *process, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if last := len(p.idle) - 1; last >= 0 {
		of, p.idle = p.idle[last], p.idle[:last]
		return of, nil
	}
	if p.gone == nil {
		of, p.gone = p.start()
	}
	return of, p.gone
}

// start starts a process that answers what another one has answered before.
func (p *program) start() (of *process, err error) {
	ctx, kill := context.WithCancel(p.ctx)
	of = &process{program: p, kill: kill, cmd: exec.CommandContext(ctx, p.args[0], p.args[1:]...)}
	of.cmd.Stderr = &of.stderr
	of.cmd.WaitDelay = exiting
	ownGroup(of.cmd)
	in, errIn := of.cmd.StdinPipe()
	out, errOut := of.cmd.StdoutPipe()
	if err = errors.Join(errIn, errOut); err == nil {
		err = of.cmd.Start()
	}
	if err != nil {
		kill()
		return nil, err
	}
	of.in, of.lines = in, bufio.NewReaderSize(out, maxAnswer)
	v := of.ask(p.answered, max(starting, p.patience))
	switch {
	case v.Result == Protocol:
		return nil, fmt.Errorf("%w: %s", errProtocol, v.Why)
	case v.compared() && v.Result != Crash:
		return of, nil
	case p.asked:
		return nil, fmt.Errorf("started again, it does not answer what it has answered before: %s", v.Why)
	}
	return nil, fmt.Errorf("it does not answer: %s", v.Why)
}

// close ends the processes.
func (p *program) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, of := range p.idle {
		of.end()
	}
	p.idle = nil
}

// ask returns the verdict of the program on b. Unless the program answers, the process is
// ended.
func (p *process) ask(b []byte, patience time.Duration) Verdict {
	if n := p.lines.Buffered(); n > 0 {
		early, _ := p.lines.Peek(min(n, maxQuoted))
		return p.garbled("it wrote before it was asked: %q", early)
	}
	late := time.AfterFunc(patience, p.kill)
	_, err := io.WriteString(p.in, base64.StdEncoding.EncodeToString(b)+"\n")
	var answer []byte
	if err == nil {
		answer, err = p.lines.ReadSlice('\n')
	}
	inTime := late.Stop()
	if err == bufio.ErrBufferFull {
		return p.garbled("a line of more than %d bytes", maxAnswer)
	}
	if err == nil && inTime { // else it is being killed
		v, err := parseAnswer(p.kind, answer)
		if err != nil {
			return p.garbled("%q: %v", answer[:min(len(answer), maxQuoted)], err)
		}
		return v
	}
	how := p.end()
	switch {
	case p.ctx.Err() != nil:
		return Verdict{Result: Absent, Why: "closed"}
	case !inTime:
		return noAnswer(patience)
	}
	return Verdict{Result: Crash, Where: how, Why: strings.TrimSuffix(how+": "+p.stderr.String(), ": ")}
}

// noAnswer is the verdict of a parser that takes too long.
func noAnswer(patience time.Duration) Verdict {
	return Verdict{Result: Crash, Where: "no answer", Why: fmt.Sprintf("no answer in %v", patience)}
}

// errProtocol is what a program that writes other lines than answers ends a run with.
var errProtocol error = statusError{errors.New("not the pipe protocol"), statusProtocol}

// garbled ends a process that has written something other than an answer.
func (p *process) garbled(format string, args ...any) Verdict {
	p.kill()
	p.end()
	return Verdict{Result: Protocol, Why: fmt.Sprintf(format, args...)}
}

// end waits for the process to exit, but not long, and returns how it did.
func (p *process) end() (how string) {
	p.ended = true
	p.in.Close()
	late := time.AfterFunc(exiting, p.kill)
	p.cmd.Wait()
	late.Stop()
	p.kill()
	return strings.TrimSuffix(p.cmd.ProcessState.String(), " (core dumped)")
}

// An excerpt keeps the beginning of what is written to it.
type excerpt struct {
	mu   sync.Mutex
	text []byte
}

func (e *excerpt) Write(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.text = append(e.text, b[:min(len(b), maxStderr-len(e.text))]...)
	return len(b), nil
}

func (e *excerpt) reset() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.text = e.text[:0]
}

func (e *excerpt) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.TrimSpace(string(e.text))
}
