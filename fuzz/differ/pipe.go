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
	"sync/atomic"
	"time"
)

const (
	maxAnswer = 1 << 20 // bytes of a line that a program writes
	maxStderr = 1 << 10 // bytes of its standard error that are kept, from the beginning and from the end
	// A program may take this long to start and to answer for the first time.
	starting = 10 * time.Second
	// One that has closed its output may take this long to exit.
	exiting = time.Second
)

// Pipe returns an adaptor of a program that speaks the pipe protocol, which the README
// of this module describes. For each kind there is a process of its own, with "-kind
// request", "response" or "chunked" after args. It is started when first needed, and
// again after it has died, which is a Crash, after it has not answered for as long as
// Run.Patience, which is another, and after a line that is no answer, which is the Result
// Protocol. Each process is first asked something that one has answered before. If it
// does not answer that, the program is out, and its verdicts are Absent.
//
// What an answer leaves out, the program is silent about. Close ends the processes, and
// none is started after it.
func Pipe(name string, kinds []Kind, args ...string) Adaptor {
	a := Adaptor{Name: name}
	ctx, end := context.WithCancel(context.Background())
	start := func(k Kind) func([]byte) Verdict {
		if !slices.Contains(kinds, k) {
			return nil
		}
		p := &process{ctx: ctx, kind: k, args: append(slices.Clone(args), "-kind", k.String()), answered: []byte(plain[k])}
		a.programs[k] = p
		return p.parse
	}
	a.Request, a.Response, a.Chunked = start(Request), start(Response), start(Chunked)
	programs := a.programs
	a.Close = func() {
		end()
		for _, p := range programs {
			if p != nil {
				p.close()
			}
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

// A process is a program that answers questions of one kind.
type process struct {
	ctx      context.Context
	kind     Kind
	args     []string
	patience time.Duration // 0 is defaultPatience
	answered []byte        // a question that it has answered
	asked    bool          // answered is one that a Run has asked, and no longer plain
	gone     error         // why it is not started again

	busy   sync.Mutex               // held while it is asked: close may come meanwhile
	cmd    atomic.Pointer[exec.Cmd] // nil if none runs
	in     io.WriteCloser
	out    io.ReadCloser
	lines  *bufio.Reader
	stderr excerpt
	line   []byte
}

func (p *process) parse(b []byte) Verdict {
	p.busy.Lock()
	defer p.busy.Unlock()
	if p.gone == nil && p.cmd.Load() == nil {
		p.gone = p.start()
	}
	if p.gone != nil {
		return Verdict{Result: Absent, Why: p.gone.Error()}
	}
	patience := p.patience
	if patience == 0 {
		patience = defaultPatience
	}
	v := p.ask(b, patience)
	if !p.asked && v.compared() && v.Result != Crash {
		p.answered, p.asked = slices.Clone(b), true
	}
	return v
}

// start starts the program, and returns why that cannot be done.
func (p *process) start() error {
	cmd := exec.CommandContext(p.ctx, p.args[0], p.args[1:]...)
	cmd.Stderr = &p.stderr
	cmd.WaitDelay = exiting
	in, out, err := startPiped(cmd)
	if err != nil {
		return err
	}
	p.in, p.out, p.lines = in, out, bufio.NewReader(out)
	p.cmd.Store(cmd)
	v := p.ask(p.answered, max(starting, p.patience))
	switch {
	case v.Result == Protocol:
		return fmt.Errorf("%w: %s", errProtocol, v.Why)
	case !v.compared() || v.Result == Crash:
		how := "it does not answer"
		if p.asked {
			how = "started again, it does not answer what it has answered before"
		}
		return fmt.Errorf("%s: %s", how, v.Why)
	}
	return nil
}

// startPiped starts a command in a process group of its own.
func startPiped(cmd *exec.Cmd) (in io.WriteCloser, out io.ReadCloser, err error) {
	ownGroup(cmd)
	if in, err = cmd.StdinPipe(); err != nil {
		return nil, nil, err
	}
	if out, err = cmd.StdoutPipe(); err != nil {
		return nil, nil, err
	}
	return in, out, cmd.Start()
}

// ask returns the verdict of the program on b. Unless the program answers, the process is
// ended.
func (p *process) ask(b []byte, patience time.Duration) Verdict {
	if n := p.lines.Buffered(); n > 0 {
		early, _ := p.lines.Peek(min(n, 200))
		return p.garbled("it wrote before it was asked: %q", early)
	}
	p.stderr.reset()
	late := time.AfterFunc(patience, p.killer())
	p.line = append(base64.StdEncoding.AppendEncode(p.line[:0], b), '\n')
	_, err := p.in.Write(p.line)
	var answer []byte
	if err == nil {
		answer, err = p.read()
	}
	inTime := late.Stop()
	if err == errLongLine {
		return p.garbled("%v", err)
	}
	if err == nil {
		v, err := parseAnswer(p.kind, answer)
		if err != nil {
			return p.garbled("%v, in the line %q", err, answer[:min(len(answer), 200)])
		}
		if !inTime { // it is being killed
			p.end()
		}
		return v
	}
	how := p.end()
	switch {
	case p.ctx.Err() != nil:
		return Verdict{Result: Absent, Why: "closed"}
	case !inTime:
		return Verdict{Result: Crash, Where: noAnswer, Why: fmt.Sprintf("%s in %v", noAnswer, patience)}
	}
	v := Verdict{Result: Crash, Where: how, Why: how}
	if said := p.stderr.String(); said != "" {
		v.Why += ": " + said
	}
	return v
}

// garbled ends a process that has written something other than an answer.
func (p *process) garbled(format string, args ...any) Verdict {
	p.killer()()
	p.end()
	if p.ctx.Err() != nil {
		return Verdict{Result: Absent, Why: "closed"}
	}
	return Verdict{Result: Protocol, Why: fmt.Sprintf(format, args...)}
}

const noAnswer = "no answer"

// errProtocol is what a program that writes other lines than answers ends a run with.
var errProtocol = errors.New("what it writes is not the pipe protocol")

var errLongLine = fmt.Errorf("a line of more than %d bytes", maxAnswer)

// read returns the next line.
func (p *process) read() (line []byte, err error) {
	for {
		part, err := p.lines.ReadSlice('\n')
		line = append(line, part...)
		if err != bufio.ErrBufferFull {
			return line, err
		}
		if len(line) > maxAnswer {
			return nil, errLongLine
		}
	}
}

// killer returns a function that ends the process that runs, so that whoever waits for its
// answer need not any longer.
func (p *process) killer() (kill func()) {
	cmd, out := p.cmd.Load(), p.out
	return func() {
		killGroup(cmd)
		out.Close()
	}
}

// end waits for the process to exit, but not long, and returns how it did.
func (p *process) end() (how string) {
	cmd := p.cmd.Swap(nil)
	if cmd == nil {
		return ""
	}
	p.in.Close()
	late := time.AfterFunc(exiting, func() { killGroup(cmd) })
	defer late.Stop()
	err := cmd.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) && cmd.ProcessState == nil {
		return err.Error()
	}
	return strings.TrimSuffix(cmd.ProcessState.String(), " (core dumped)")
}

// close ends the process, whose program is not started again.
func (p *process) close() {
	if cmd := p.cmd.Load(); cmd != nil {
		killGroup(cmd) // whatever it is about
	}
	p.busy.Lock()
	defer p.busy.Unlock()
	p.end()
	p.gone = errors.New("closed")
}

// An excerpt keeps the beginning and the end of what is written to it.
type excerpt struct {
	mu   sync.Mutex
	text []byte
}

func (e *excerpt) Write(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.text = append(e.text, b...)
	if n := len(e.text); n > 2*maxStderr {
		e.text = slices.Replace(e.text, maxStderr, n-maxStderr, []byte(" ... ")...)
	}
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
