//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// needWrk skips a test where wrk is not there, but not in CI.
func needWrk(t *testing.T) {
	for _, name := range []string{"wrk", "taskset"} {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is not there, and CI must have it: see get.sh", name)
			}
			t.Skipf("%s is not there: see get.sh", name)
		}
	}
}

func TestShort(t *testing.T) {
	needWrk(t)
	var out, log bytes.Buffer
	if status := run(t.Context(), []string{"-short"}, &out, &log); status != 0 {
		t.Errorf("exit status %d", status)
	}
	report := out.String()
	for _, heading := range []string{
		"\n## load-generator, one request at a time\n", "\n## load-generator, 16 requests pipelined\n",
		"\n## chrome, one request at a time\n", "\n## chrome, 16 requests pipelined\n",
	} {
		if !strings.Contains(report, heading) {
			t.Errorf("no table%s", heading)
		}
	}
	for _, s := range allServers() {
		if rows := strings.Count(report, "\n| "+s.name+" | "); rows != 4 {
			t.Errorf("%s has %d rows", s.name, rows)
		}
	}
	if t.Failed() || testing.Verbose() {
		t.Logf("%s\n%s", &log, report)
	}
}

func TestProfile(t *testing.T) {
	needWrk(t)
	var out, log bytes.Buffer
	if status := run(t.Context(), []string{"-short", "-profile", "-servers", "^netconn$"}, &out, &log); status != 0 {
		t.Errorf("exit status %d", status)
	}
	for _, name := range []string{"picohttp on net.Conn", baseline} {
		if strings.Count(out.String(), "\n| "+name+" | ") != 1 {
			t.Errorf("%s has no row", name)
		}
	}
	if t.Failed() || testing.Verbose() {
		t.Logf("%s\n%s", &log, &out)
	}
}

func TestMemory(t *testing.T) {
	needWrk(t)
	var out, log bytes.Buffer
	if status := run(t.Context(), []string{"-short", "-memory", "-servers", "^netconn$"}, &out, &log); status != 0 {
		t.Errorf("exit status %d\n%s", status, &log)
	}
	rows := regexp.MustCompile(`(?m)^\| [123]s \| \d+\.\d \| \d+\.\d \| \d+\.\d \| [1-9]\d* \|$`).FindAllString(out.String(), -1)
	if len(rows) != 3 || strings.Count(out.String(), "\n## ") != 1 {
		t.Errorf("%d rows of one server:\n%s", len(rows), &out)
	}
}

func TestGrows(t *testing.T) {
	const mebi = 1 << 20
	for to, want := range map[int64]bool{10 * mebi: false, 19 * mebi: false, 20 * mebi: false, 22 * mebi: false, 22*mebi + 1: true, 40 * mebi: true} {
		if grows(20*mebi, to) != want {
			t.Errorf("from 20 MiB to %d octets: not %v", to, want)
		}
	}
	for _, rows := range [][]int64{{1, 2, 3}, {9, 2, 2, 3}, {1, 9, 2, 2, 3, 3}, {1, 1, 2, 2, 1, 9, 3, 3}} {
		if second, last := thirds(rows); second != 2 || last != 3 {
			t.Errorf("%d: %d and %d", rows, second, last)
		}
	}
	before, err := resident(os.Getpid())
	if err != nil || before < mebi {
		t.Fatalf("%d octets in memory, %v", before, err)
	}
	more := make([]byte, 64*mebi)
	for i := range more {
		more[i] = 1
	}
	after, err := resident(os.Getpid())
	runtime.KeepAlive(more)
	if err != nil || after < before+32*mebi {
		t.Errorf("%d octets in memory with 64 MiB more than with %d, %v", after, before, err)
	}
}

// TestInterrupt wants no server to be left.
func TestInterrupt(t *testing.T) {
	needWrk(t)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	log := &watcher{pattern: " 1 of ", found: interrupt}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String()) // a free one
	l.Close()
	args := []string{"-port", port, "-rounds", "1000000", "-duration", "200ms", "-servers", "^netconn$"}
	if status := run(ctx, args, io.Discard, log); status != 130 {
		t.Errorf("exit status %d, want 130\n%s", status, &log.text)
	}
	if conn, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
		conn.Close()
		t.Error("a server is left")
	}
}

// A watcher calls found when pattern is written.
type watcher struct {
	pattern string
	found   func()
	mu      sync.Mutex
	text    bytes.Buffer
}

func (w *watcher) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(p)
	if bytes.Contains(w.text.Bytes(), []byte(w.pattern)) {
		w.found()
	}
	return len(p), nil
}

func TestNoWrk(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for ci, want := range map[string]int{"true": 1, "": 0} {
		t.Setenv("CI", ci)
		var log bytes.Buffer
		if status := run(t.Context(), nil, io.Discard, &log); status != want {
			t.Errorf("CI=%s: exit status %d, want %d", ci, status, want)
		}
		if !strings.Contains(log.String(), "apt-get install ") {
			t.Errorf("CI=%s: what to install is not said: %s", ci, &log)
		}
	}
}

func TestBuild(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module " + module, "gnet/main.go": "package main"} {
		file := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o777), os.WriteFile(file, []byte(text), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	err := (&server{path: "gnet"}).build(t.Context(), root, root, false)
	if err == nil || !strings.Contains(err.Error(), "examples/gnet does not build") {
		t.Errorf("without a function main: %v", err)
	}
}

// TestFreeAddr wants the port of a connection that this side has closed to be left out.
func TestFreeAddr(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	peer, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	conn.Close()
	io.Copy(io.Discard, peer)
	peer.Close() // conn is in TIME_WAIT
	addr, err := freeAddr(l.Addr().(*net.TCPAddr).Port)
	if err != nil || addr == l.Addr().String() {
		t.Errorf("%s, %v", addr, err)
	}
}

// TestCheck wants what is no right answer to be found.
func TestCheck(t *testing.T) {
	const answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!"
	tests := []struct {
		answers string
		fault   string
	}{
		{answer + answer, ""},
		{answer, "answer 2 of 2: unexpected EOF"},
		{answer + answer + "H", "1 octets behind the last answer"},
		{answer + strings.Replace(answer, "H", "h", 2), "malformed HTTP version"},
		{answer + strings.Replace(answer, "Hello", "hello", 1), "answer 2 of 2: 200 OK with content"},
		{strings.Replace(answer, "200 OK", "404 Not Found", 1) + answer, "answer 1 of 2: 404 Not Found"},
		{strings.Replace(answer, "\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1) + answer, "answer 1 of 2 closes"},
	}
	for _, test := range tests {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			io.ReadFull(conn, make([]byte, 2*len("request")))
			io.WriteString(conn, test.answers)
			conn.Close()
		}()
		octets, err := check(l.Addr().String(), []byte("request"), 2)
		switch {
		case test.fault == "" && (err != nil || octets != len(answer)):
			t.Errorf("right answers: %d octets, %v", octets, err)
		case test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault)):
			t.Errorf("%q: %v, want %s", test.answers, err, test.fault)
		}
		l.Close()
	}
}

func TestParseStat(t *testing.T) {
	const stat = "17 (a ) b) S 1 17 17 0 -1 4194304 100 0 0 0 123 45 7 8 20 0 5 0 1000 0 0"
	if got, err := parseStat(stat); err != nil || got != 1680*time.Millisecond {
		t.Errorf("%v, %v, want 1.68s", got, err)
	}
	if _, err := parseStat("17 (a) S"); err == nil {
		t.Error("a short one is taken")
	}
	before, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); time.Since(began) < 10*time.Second; {
		if after, _ := cpuTime(os.Getpid()); after > before {
			return
		}
	}
	t.Error("the CPU time of this process does not grow")
}

func TestParseWrk(t *testing.T) {
	const out = "Running 1s test\nload-latency 100 63\nload-latency 900 1\nload-summary 64 1000 0 0\n"
	s, err := parseWrk(out, 64, 1)
	if err != nil || s.requests != 64 || s.wall != time.Millisecond ||
		s.p50 != 100*time.Microsecond || s.p99 != 900*time.Microsecond {
		t.Errorf("%+v, %v", s, err)
	}
	for _, out := range []string{"", "load-summary 64 1000 1 0\n", "load-summary 0 1000 0 0\n"} {
		if _, err := parseWrk(out, 64, 1); err == nil {
			t.Errorf("%q is taken", out)
		}
	}
}

// TestUncorrected corrects as wrk does and wants the samples back.
func TestUncorrected(t *testing.T) {
	samples := map[int]int{40: 5, 99: 2, 100: 7, 101: 1, 150: 3, 200: 4, 201: 1, 350: 2, 1001: 1, 1050: 1}
	const interval = 100
	counts := maps.Clone(samples)
	for value, count := range samples {
		if value < 2*interval {
			continue
		}
		for m := value - interval; m > interval; m -= interval {
			counts[m] += count
		}
	}
	if maps.Equal(counts, samples) {
		t.Fatal("nothing is corrected")
	}
	if got := uncorrected(counts, 10, 10*interval, 1); !maps.Equal(got, samples) {
		t.Errorf("%v, want %v", got, samples)
	}
	counts[150] = 1 // less than 350 adds
	if got := uncorrected(counts, 10, 10*interval, 1); got != nil {
		t.Errorf("%v of what wrk cannot have made", got)
	}
}

func TestPercentile(t *testing.T) {
	counts := map[int]int{1: 50, 2: 48, 3: 1, 4: 1}
	for p, want := range map[int]time.Duration{50: 1, 51: 2, 98: 2, 99: 3, 100: 4} {
		if got := percentile(counts, 100, p); got != want*time.Microsecond {
			t.Errorf("percentile %d is %v, want %dµs", p, got, want)
		}
	}
	if got := percentile(counts, 102, 99); got != 0 {
		t.Errorf("%v for one of two samples without a value", got)
	}
}

func TestParseTop(t *testing.T) {
	const head = "File: netconn\nType: cpu\nDuration: 5.11s, Total samples = 4880ms (95.57%)\n"
	for line, want := range map[string]share{
		"Showing nodes accounting for 610ms, 12.50% of 4880ms total\n": {610 * time.Millisecond, 4880 * time.Millisecond},
		"Showing nodes accounting for 0, 0% of 4880ms total\n":         {0, 4880 * time.Millisecond},
	} {
		if got, err := parseTop(head + line); err != nil || got != want {
			t.Errorf("%v, %v, want %v", got, err, want)
		}
	}
	if _, err := parseTop(head); err == nil {
		t.Error("no share, and no error")
	}
}

func TestParseCPUs(t *testing.T) {
	got, err := parseCPUs("0-2,7")
	if err != nil || len(got) != 4 || got[2] != 2 || got[3] != 7 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := parseCPUs("2-0"); err == nil {
		t.Error("2-0 is taken")
	}
}
