//go:build linux

// Command load measures servers with wrk: the examples, net/http, fasthttp and hertz. Each
// runs in a process of its own on the first CPU, wrk on the last one. It prints a table of
// medians over the rounds: requests per second as a ratio to net/http in the same round, and
// the server's CPU time for a request. Run it in the folder examples:
//
//	go run ./load             # 4 minutes
//	go run ./load -profile    # the share of the CPU time that goes into the parser instead
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// A server is a program that responds to GET / with "Hello, World!" at -addr.
type server struct {
	name, path string
	args       []string // besides -addr
	parser     string   // matches the functions that parse heads, in a profile
}

const (
	ofPicohttp = `^github\.com/picohttp/picohttp\.`
	ofHertz    = `/hertz/pkg/protocol/http1/req\.(ReadHeader|ReadHeaderWithLimit|parse)$`

	// Parsers that read by themselves wait for the client below these.
	ofReading = `^bufio\.\(\*Reader\)\.fill$|^net\.\(\*conn\)\.Read$|/pkg/network/[a-z]+\.\(\*(Conn|connection)\)\.`
)

var servers = []server{
	{"picohttp on gnet", "./gnet", nil, ofPicohttp},
	{"picohttp on net.Conn", "./netconn", nil, ofPicohttp},
	{"picohttp/nethttp, an http.Handler", "./nethttp", nil, `/picohttp/nethttp\.(\(\*Reader\)\.)?ReadRequest$`},
	{"fasthttp", "./load/peers", []string{"-server=fasthttp"}, `/fasthttp\.\(\*RequestHeader\)\.`},
	{"hertz", "./load/peers", []string{"-server=hertz"}, ofHertz},
	{"hertz, standard transport", "./load/peers", []string{"-server=hertz-standard"}, ofHertz},
}

// All rates are compared to the baseline's.
var baseline = server{"net/http", "./load/peers", []string{"-server=net/http"}, `^net/http\.readRequest$`}

// A load is what wrk sends: the head in a file, depth times at once.
type load struct {
	head  string
	depth int
}

const heads = "../testdata/heads/"

var loads = [...]load{{"load-generator.http", 1}, {"load-generator.http", 16}, {"chrome.http", 1}, {"chrome.http", 16}}

// A bench is a run of this program.
type bench struct {
	seconds, rounds int
	profile         bool
	folder          string // for binaries and profiles
}

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var b bench
	flag.IntVar(&b.seconds, "seconds", 2, "`time` of each run")
	flag.IntVar(&b.rounds, "rounds", 3, "`number` of runs of each server with each load")
	flag.BoolVar(&b.profile, "profile", false, "profile each server once instead")
	flag.Parse()
	if err := b.run(ctx, servers, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run runs the baseline and each server with each load in each round, and prints the table.
func (b *bench) run(ctx context.Context, servers []server, out io.Writer) (err error) {
	servers = append([]server{baseline}, servers...)
	if b.folder, err = os.MkdirTemp("", "load"); err != nil {
		return err
	}
	defer os.RemoveAll(b.folder)
	for _, s := range servers {
		if err := b.build(ctx, s); err != nil {
			return err
		}
	}
	if b.profile {
		b.rounds = 1
	}
	results := make([][len(loads)][]result, len(servers)) // by server, load and round
	for round := range b.rounds {
		for j, l := range loads {
			for i := range servers {
				i = (i + round) % len(servers) // none is always the first
				s := servers[i]
				one, err := b.measure(ctx, s, l)
				if err != nil {
					return fmt.Errorf("%s, %s, %d at once: %w", s.name, l.head, l.depth, err)
				}
				results[i][j] = append(results[i][j], one)
				log.Printf("round %d: %s, %s, %d at once: %.0f requests/s", round+1, s.name, l.head, l.depth, one.rate)
			}
		}
	}
	fmt.Fprintf(out, "| server |")
	for _, l := range loads {
		fmt.Fprintf(out, " %s, %d at once |", l.head, l.depth)
	}
	fmt.Fprintf(out, "\n|---|---|---|---|---|\n")
	for i, s := range servers {
		fmt.Fprintf(out, "| %s |", s.name)
		for j := range loads {
			b.cell(out, results[i][j], results[0][j])
		}
		fmt.Fprintln(out)
	}
	return nil
}

// A result is that of one run of wrk.
type result struct {
	rate  float64 // requests per second
	cpu   float64 // µs that the server has used from its start on, for a request
	share string  // of the parser, in a profile
}

func (b *bench) cell(out io.Writer, rounds, base []result) {
	if b.profile {
		fmt.Fprintf(out, " %s |", rounds[0].share)
		return
	}
	var ratios, cpu []float64
	for i, one := range rounds {
		ratios, cpu = append(ratios, one.rate/base[i].rate), append(cpu, one.cpu)
	}
	slices.Sort(ratios)
	slices.Sort(cpu)
	fmt.Fprintf(out, " %.2f (%.2f µs) |", ratios[len(ratios)/2], cpu[len(cpu)/2])
}

// build builds s. By an overlay it links package profile in: the examples know nothing of it.
func (b *bench) build(ctx context.Context, s server) error {
	folder, err := filepath.Abs(s.path)
	if err != nil {
		return err
	}
	link, overlay := b.folder+"/profile.go", b.folder+"/overlay.json"
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{folder + "/profile.go": link}})
	err = errors.Join(err, os.WriteFile(overlay, replace, 0o666),
		os.WriteFile(link, []byte(`package main; import _ "github.com/picohttp/picohttp/examples/load/profile"`), 0o666))
	if err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "-o", b.binary(s), s.path).CombinedOutput()
	if err != nil {
		return fmt.Errorf("building %s: %w\n%s", s.path, err, out)
	}
	return nil
}

func (b *bench) binary(s server) string { return b.folder + "/" + filepath.Base(s.path) }

// onCPU returns a command that runs on one CPU.
func onCPU(ctx context.Context, cpu int, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "taskset", append([]string{"-c", strconv.Itoa(cpu)}, args...)...)
}

// measure starts s, has wrk load it, and ends it.
func (b *bench) measure(ctx context.Context, s server, l load) (r result, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // for a free port
	if err != nil {
		return r, err
	}
	addr := listener.Addr().String()
	listener.Close()
	process := onCPU(ctx, 0, append([]string{b.binary(s), "-addr", addr}, s.args...)...)
	process.Env = append(os.Environ(), "GOMAXPROCS=1")
	file := b.folder + "/profile"
	if b.profile {
		process.Env = append(process.Env, "LOAD_PROFILE="+file)
	}
	process.Stderr = os.Stderr
	if err := process.Start(); err != nil {
		return r, err
	}
	defer process.Wait()
	defer process.Process.Kill()
	// All servers respond to "/". What is the target in the file is the query.
	head, err := os.ReadFile(heads + l.head)
	head = bytes.Repeat(bytes.Replace(head, []byte("GET /"), []byte("GET /?"), 1), l.depth)
	if err == nil {
		err = check(addr, head, l.depth)
	}
	if err == nil {
		err = os.WriteFile(b.folder+"/head", head, 0o666)
	}
	if err != nil {
		return r, err
	}
	wrk := onCPU(ctx, runtime.NumCPU()-1, "wrk", "-t1", "-c64", fmt.Sprintf("-d%ds", b.seconds), "-s", "load/wrk.lua",
		"http://"+addr, b.folder+"/head")
	out, err := wrk.CombinedOutput()
	if err != nil {
		return r, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	if b.profile {
		process.Process.Signal(syscall.SIGUSR1) // writes the profile
	} else {
		process.Process.Kill()
	}
	process.Wait()
	requests := 0
	if requests, r.rate, err = parseWrk(string(out)); err != nil {
		return r, err
	}
	r.cpu = float64((process.ProcessState.UserTime() + process.ProcessState.SystemTime()).Microseconds()) / float64(requests)
	if b.profile {
		r.share, err = shareOf(ctx, s.parser, b.binary(s), file)
	}
	return r, err
}

// check sends n requests to a server that starts, and wants as many right responses.
func check(addr string, requests []byte, n int) error {
	conn, err := net.Dial("tcp", addr)
	for end := time.Now().Add(10 * time.Second); err != nil && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
		conn, err = net.Dial("tcp", addr)
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	conn.Write(requests)
	in := bufio.NewReader(conn)
	for i := range n {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			return fmt.Errorf("response %d of %d: %w", i+1, n, err)
		}
		content, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 200 || resp.Close || string(content) != "Hello, World!" {
			return fmt.Errorf("response %d of %d: %s with content %.40q, %v", i+1, n, resp.Status, content, err)
		}
	}
	return nil
}

var (
	wrkCount = regexp.MustCompile(`([0-9]+) requests in `)
	wrkRate  = regexp.MustCompile(`Requests/sec: +([0-9.]+)`)
	wrkFault = regexp.MustCompile(`(?m)Socket errors:.*|Non-2xx.*`)
	topShare = regexp.MustCompile(`(?m)^Showing nodes accounting for \S+, ([0-9.]+)% of .* total$`)
)

// parseWrk returns the requests that wrk has counted, and how many there were in a second.
func parseWrk(out string) (requests int, rate float64, err error) {
	count, perSecond := wrkCount.FindStringSubmatch(out), wrkRate.FindStringSubmatch(out)
	if fault := wrkFault.FindString(out); fault != "" || count == nil || perSecond == nil {
		return 0, 0, fmt.Errorf("wrk: %s in\n%s", fault, out)
	}
	requests, _ = strconv.Atoi(count[1])
	rate, _ = strconv.ParseFloat(perSecond[1], 64)
	if requests == 0 || rate == 0 {
		return 0, 0, errors.New("wrk has counted no request")
	}
	return requests, rate, nil
}

// shareOf asks pprof for the share of the samples below the parser's functions.
func shareOf(ctx context.Context, parser, binary, profile string) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-nodefraction=0", "-focus="+parser, "-ignore="+ofReading,
		binary, profile).CombinedOutput()
	share := topShare.FindSubmatch(out)
	if err != nil || share == nil {
		return "", fmt.Errorf("go tool pprof: %w\n%s", err, out)
	}
	return string(share[1]) + " %", nil
}
