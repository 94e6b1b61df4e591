package differ

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// mainOf runs Main with one of badAdaptors, and returns its status and what it prints.
func mainOf(t *testing.T, adaptor string, args ...string) (status int, out, errors string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"main:" + adaptor}, args...)...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

// TestEndsProcess checks that an input that ended the process is reported at the next start, and
// not tried again.
func TestEndsProcess(t *testing.T) {
	if !isUnix {
		t.Skip("no mapped files on this system")
	}
	for adaptor, want := range map[string]int{"exits": 7, "fatal": 2} {
		to := t.TempDir()
		args := strings.Fields("-only picohttp-strict,bad -count 3000 -seed 1 -jobs 2 -report " + to)
		args = append(args, "-dir", t.TempDir())
		status, starts := want, 0
		for ; status == want && starts < 100; starts++ {
			status, _, _ = mainOf(t, adaptor, args...)
		}
		text, err := os.ReadFile(to + "/findings.jsonl")
		if status != 0 || starts < 2 || err != nil {
			t.Errorf("%s: after %d starts status %d, %v", adaptor, starts, status, err)
		}
		if bytes.Contains(text, []byte(`"between":["picohttp-strict"]`)) {
			t.Errorf("%s: another parser is blamed in\n%s", adaptor, text)
		}
		for _, want := range []string{`"class":"crash"`, endsRun.Where, `"quoted":"\"\\x00`} {
			if !bytes.Contains(text, []byte(want)) {
				t.Errorf("%s: no %s in\n%s", adaptor, want, text)
			}
		}
		t.Logf("%s: %d starts", adaptor, starts)
	}
}

// TestUsage: what is wrong with the flags is said once, with a status of its own, before
// anything is done.
func TestUsage(t *testing.T) {
	for _, args := range []string{
		"-kind both", "-only nobody", "-pipe x", "-pipe x=nobody", "more",
		"-nothing", "-count -1", "-count 1 -against nobody", "-known nothing", "-jobs 0", "-only net/http",
		"-count 1 -only net/http,picohttp-strict -against picohttp-pico", "-count 1 -only net/http,net/http",
	} {
		status, out, errors := mainOf(t, "good", append(strings.Fields(args), "-report", t.TempDir())...)
		if status != statusUsage || out != "" || strings.Count(errors, "\n") != 1 || !strings.HasPrefix(errors, "differ: ") {
			t.Errorf("%s: status %d, %q, %q", args, status, out, errors)
		}
	}
	status, out, errors := mainOf(t, "good", "-h")
	if status != 0 || !strings.HasPrefix(out, "Usage: differ") || !strings.Contains(out, "-against NAME") || errors != "" {
		t.Errorf("-h: status %d, %q, %q", status, out, errors)
	}
	args := []string{"-report", t.TempDir(), "-count", "1", "-pipe", "gone=" + os.Args[0] + " helper:gone " + t.TempDir()}
	status, out, errors = mainOf(t, "good", append(args, "-only", "picohttp-strict,gone")...)
	if status != statusFailed || !strings.HasSuffix(errors, `gone "for" good\x1b`+"\n") || strings.Contains(out, "\x1b") {
		t.Errorf("a program that does not start: status %d, %q, %q", status, out, errors)
	}
}

// TestKnown: a finding that is not in the file has a status of its own, and is told. The
// console shows no more than it should.
func TestKnown(t *testing.T) {
	dir := t.TempDir()
	args := strings.Fields("-count 3000 -seed 1 -kind response -report " + dir)
	args = append(args, "-pipe", "mine="+os.Args[0]+" helper:good "+dir)
	status, out, errors := mainOf(t, "good", args...)
	n := strings.Count(out, "accepted by")
	if status != 0 || n == 0 || n > maxOverview || !strings.Contains(out, "response       3000 executions") {
		t.Fatalf("status %d: %s\n%s", status, errors, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "known.txt"))
	findings, errFindings := os.ReadFile(filepath.Join(dir, "findings.jsonl"))
	also := regexp.MustCompile(`"also":\["(\w+)`).FindSubmatch(findings)
	if err != nil || errFindings != nil || also == nil {
		t.Fatal(err, errFindings, also)
	}
	known := filepath.Join(t.TempDir(), "known")
	first := strings.Fields(strings.SplitAfter(string(text), "\n")[1])[0]
	for left, id := range []string{"none", first, string(also[1])} {
		left = min(left, 1)
		text := strings.ReplaceAll(string(text), "\n"+id, "\n#")
		if err := os.WriteFile(known, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		status, out, errors := mainOf(t, "good", append(args, "-known", known)...)
		page, _ := os.ReadFile(filepath.Join(dir, "report.html"))
		told := strings.Contains(out, id+" is new") && strings.Contains(errors, "1 of ") &&
			bytes.Count(page, []byte(`<span class="new">`)) == 1
		if left == 0 && status != 0 || left == 1 && (status != statusNew || !told) {
			t.Errorf("without %s: status %d, %s\n%s", id, status, errors, out)
		}
	}
}

// TestSigterm: SIGTERM is Ctrl-C, and one that arrives several times at once counts once: the
// command timeout sends two.
func TestSigterm(t *testing.T) {
	if !isUnix {
		t.Skip("no signals on this system")
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "main:good", "-only", "picohttp-strict,net/http", "-report", dir)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	io.ReadFull(stdout, make([]byte, 1)) // the run has begun
	for range 20 {
		cmd.Process.Signal(syscall.SIGTERM)
		time.Sleep(time.Millisecond)
	}
	out, _ := io.ReadAll(stdout)
	err = cmd.Wait()
	if _, stat := os.Stat(filepath.Join(dir, "report.html")); err != nil || stat != nil {
		t.Error(err, stat, string(out))
	}
}
