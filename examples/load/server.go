//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A server is a side of the comparison: a program that answers GET / with
// "Hello, World!" at -addr.
type server struct {
	name    string
	path    string   // of its package below examples/
	args    []string // besides -addr
	library string   // the module whose version belongs into the report
	parser  string   // matches the functions that parse, for -profile

	binary string
	octets int // in an answer
}

const (
	baseline = "net/http" // all ratios are to this one

	ofPicohttp = `^github\.com/picohttp/picohttp\.`
	ofNethttp  = `^github\.com/picohttp/picohttp/nethttp\.(\(\*Reader\)\.)?ReadRequest$`
	ofNetHTTP  = `^net/http\.readRequest$`
	ofFasthttp = `^github\.com/valyala/fasthttp\.\(\*RequestHeader\)\.`
	ofHertz    = `^github\.com/cloudwego/hertz/pkg/protocol/http1/req\.(ReadHeader|ReadHeaderWithLimit|parse)$`

	// The parsers that read by themselves wait for the peer below these.
	ofReading = `^bufio\.\(\*Reader\)\.fill$|^net\.\(\*conn\)\.Read$|/pkg/network/[a-z]+\.\(\*(Conn|connection)\)\.`
)

func allServers() []*server {
	return []*server{
		{name: "picohttp on gnet", path: "gnet", library: "github.com/panjf2000/gnet/v2", parser: ofPicohttp},
		{name: "picohttp on nbio", path: "nbio", library: "github.com/lesismal/nbio", parser: ofPicohttp},
		{name: "picohttp on netpoll", path: "netpoll", library: "github.com/cloudwego/netpoll", parser: ofPicohttp},
		{name: "picohttp on net.Conn", path: "netconn", parser: ofPicohttp},
		{name: "picohttp/nethttp, Handler", path: "nethttp", parser: ofNethttp},
		{name: baseline, path: "load/servers/nethttp", parser: ofNetHTTP},
		{name: "fasthttp", path: "load/servers/fasthttp", library: "github.com/valyala/fasthttp", parser: ofFasthttp},
		{name: "hertz", path: "load/servers/hertz", library: "github.com/cloudwego/hertz", parser: ofHertz},
		{name: "hertz, standard transport", path: "load/servers/hertz", args: []string{"-transport", "standard"}, parser: ofHertz},
	}
}

// build makes the binary of s in folder to. root is the folder examples. With
// profiled it links package profile in, by an overlay: the examples themselves
// know nothing of it.
func (s *server) build(ctx context.Context, root, to string, profiled bool) error {
	binary := filepath.Join(to, strings.ReplaceAll(s.path, "/", "-"))
	args := []string{"build", "-o", binary}
	if profiled {
		link, overlay := binary+".go", binary+".json"
		replace, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(root, s.path, "load_profile.go"): link}})
		if err != nil {
			return err
		}
		err = errors.Join(
			os.WriteFile(link, []byte("package main\n\nimport _ \""+module+"/load/profile\"\n"), 0o666),
			os.WriteFile(overlay, replace, 0o666))
		if err != nil {
			return err
		}
		args = append(args, "-overlay", overlay)
	}
	goBuild := exec.CommandContext(ctx, "go", append(args, "./"+s.path)...)
	goBuild.Dir = root
	if out, err := goBuild.CombinedOutput(); err != nil {
		return fmt.Errorf("examples/%s does not build: %w\n%s", s.path, err, bytes.TrimSpace(out))
	}
	s.binary = binary
	return nil
}

// version tells which version of its library is linked into s.
func (s *server) version() string {
	info, err := buildinfo.ReadFile(s.binary)
	if err != nil || s.library == "" {
		return ""
	}
	for _, dep := range info.Deps {
		if dep.Path == s.library {
			return dep.Path + " " + dep.Version
		}
	}
	return ""
}

// A process is a server that runs.
type process struct {
	*exec.Cmd
	addr   string
	stop   func() // kills it and waits for its end
	ended  chan struct{}
	stderr *bytes.Buffer // to read after ended
}

// start starts s on a CPU and waits until it accepts connections.
func (s *server) start(ctx context.Context, cpu, addr string, env ...string) (*process, error) {
	ctx, kill := context.WithCancel(ctx)
	args := append([]string{"-c", cpu, s.binary, "-addr", addr}, s.args...)
	p := &process{Cmd: command(ctx, "taskset", args...), addr: addr, ended: make(chan struct{}), stderr: new(bytes.Buffer)}
	p.Env = append(append(os.Environ(), "GOMAXPROCS=1"), env...)
	p.Stderr = p.stderr
	if err := p.Start(); err != nil {
		kill()
		return nil, err
	}
	go func() {
		p.Wait()
		close(p.ended)
	}()
	p.stop = func() {
		kill()
		<-p.ended
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			conn.Close()
			return p, nil
		}
		select {
		case <-p.ended:
			kill()
			return nil, fmt.Errorf("the server has ended: %v\n%s", p.ProcessState, bytes.TrimSpace(p.stderr.Bytes()))
		case <-ctx.Done():
			p.stop()
			return nil, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			p.stop()
			return nil, fmt.Errorf("the server does not accept: %w", err)
		}
	}
}

// command is exec.CommandContext for a child that does not outlive this program.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second
	return cmd
}

// freeAddr returns an address on loopback with the first free port from port on. One
// is not free while connections of an earlier server are in TIME_WAIT: not every
// library sets SO_REUSEADDR, as package net does.
func freeAddr(port int) (string, error) {
	plain := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var fault error
		err := c.Control(func(fd uintptr) { fault = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0) })
		return errors.Join(err, fault)
	}}
	for try := port; try < port+100; try++ {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(try))
		if l, err := plain.Listen(context.Background(), "tcp", addr); err == nil {
			return addr, l.Close()
		}
	}
	return "", fmt.Errorf("no port from %d to %d is free", port, port+99)
}

// check sends n requests at once and wants as many right answers, and no more.
// It returns the octets of one answer.
func check(addr string, head []byte, n int) (octets int, err error) {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Write(bytes.Repeat(head, n)); err != nil {
		return 0, err
	}
	counter := countingReader{r: conn}
	answers := bufio.NewReader(&counter)
	for i := range n {
		answer, err := http.ReadResponse(answers, nil)
		if err != nil {
			return 0, fmt.Errorf("answer %d of %d: %w", i+1, n, err)
		}
		content, err := io.ReadAll(answer.Body)
		switch {
		case err != nil:
			return 0, fmt.Errorf("answer %d of %d: %w", i+1, n, err)
		case answer.StatusCode != 200 || string(content) != "Hello, World!":
			return 0, fmt.Errorf("answer %d of %d: %s with content %.40q", i+1, n, answer.Status, content)
		case answer.Close:
			return 0, fmt.Errorf("answer %d of %d closes the connection", i+1, n)
		}
	}
	if answers.Buffered() > 0 {
		return 0, fmt.Errorf("%d octets behind the last answer", answers.Buffered())
	}
	return counter.n / n, nil
}

type countingReader struct {
	r io.Reader
	n int
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// cpuTime returns the CPU time that a process has used, in user and system mode.
func cpuTime(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return parseStat(string(stat))
}

// parseStat reads utime and stime of proc_pid_stat(5): fields 14 and 15, where
// field 2, the name in parentheses, may have any byte in it.
func parseStat(stat string) (time.Duration, error) {
	const tick = 10 * time.Millisecond // USER_HZ is 100 on Linux wherever Go runs
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("not a stat of a process: %.100q", stat)
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick, errors.Join(err1, err2)
}
