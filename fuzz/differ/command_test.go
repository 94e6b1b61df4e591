package differ

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// mainOf runs Main with the adaptors of a name, and returns its status and what it prints.
func mainOf(t *testing.T, adaptors string, args ...string) (status int, out, errors string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"helper:main"}, args...)...)
	cmd.Env = append(os.Environ(), adaptorsVariable+"="+adaptors)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

// TestEndsProcess: the input with which a parser has ended the process is told at the next
// start, and by jobs in the same run.
func TestEndsProcess(t *testing.T) {
	for adaptors, want := range map[string]int{"exits": 7, "fatal": 2} {
		dir, to := t.TempDir(), t.TempDir()
		args := []string{"-only", "picohttp-strict,bad", "-count", "3000", "-seed", "1", "-dir", dir, "-report", to}
		if status, out, errors := mainOf(t, adaptors, args...); status != want {
			t.Fatalf("%s: status %d\n%s\n%s", adaptors, status, out, errors)
		}
		ended := func(findings string) bool {
			text, err := os.ReadFile(findings + "/findings.jsonl")
			return err == nil && bytes.Contains(text, []byte(`"class":"crash"`)) && bytes.Contains(text, []byte(endsRun.Where)) && bytes.Contains(text, []byte(`\\x00`))
		}
		status, out := 0, ""
		for range 100 {
			if status, out, _ = mainOf(t, adaptors, args...); status != want {
				break
			}
		}
		if status != 0 || !ended(to) {
			t.Errorf("%s: at the next starts status %d, %s", adaptors, status, out)
		}
		to = t.TempDir()
		status, out, errors := mainOf(t, adaptors, "-only", "picohttp-strict,bad", "-count", "2000", "-seed", "1", "-jobs", "2", "-report", to)
		if status != 0 || !ended(to) || !strings.Contains(out, " 2000 executions") {
			t.Errorf("%s: jobs end with status %d, %s\n%s", adaptors, status, out, errors)
		}
	}
}

func TestCommand(t *testing.T) {
	dir := t.TempDir()
	var out strings.Builder
	err := command(context.Background(), []string{"-count", "3000", "-seed", "1", "-kind", "request,chunked", "-guard", "-splits", "-report", dir}, &out, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"report.html", "findings.jsonl", "known.txt"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() < 300 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !strings.Contains(out.String(), "3000 executions") || !strings.Contains(out.String(), "accepted by net/http") {
		t.Error(out.String())
	}
	if lines := strings.Count(out.String(), "accepted by"); lines > maxOverview {
		t.Errorf("%d findings on the console", lines)
	}
}

// TestUsage: what is wrong with the flags is said once, with a status of its own, before
// anything is done.
func TestUsage(t *testing.T) {
	for _, args := range []string{
		"-kind both", "-kind request,both", "-only nobody", "-pipe x", "-pipe x=nobody", "more", "-nothing", "-count -1", "-against nobody",
		"-only net/http,picohttp-strict -against picohttp-pico", "-known nothing",
	} {
		status, out, errors := mainOf(t, "", append(strings.Fields(args), "-report", t.TempDir())...)
		if status != statusUsage || out != "" || strings.Count(errors, "\n") != 1 || !strings.HasPrefix(errors, "differ: ") {
			t.Errorf("%s: status %d, %q, %q", args, status, out, errors)
		}
	}
	status, out, errors := mainOf(t, "", "-h")
	if status != 0 || !strings.HasPrefix(out, "Usage: differ") || !strings.Contains(out, "-against NAME") || errors != "" {
		t.Errorf("-h: status %d, %q, %q", status, out, errors)
	}
	if status, _, errors := mainOf(t, "", "-only", "net/http", "-count", "1", "-report", t.TempDir()); status != statusFailed || !strings.Contains(errors, "takes two") {
		t.Errorf("one parser: status %d, %q", status, errors)
	}
}

// TestKnown: a finding that is not in the file has a status of its own, and is told.
func TestKnown(t *testing.T) {
	dir := t.TempDir()
	args := []string{"-only", "picohttp-strict,net/http", "-count", "3000", "-seed", "1", "-report", dir}
	if status, _, errors := mainOf(t, "", args...); status != 0 {
		t.Fatalf("status %d: %s", status, errors)
	}
	text, err := os.ReadFile(filepath.Join(dir, "known.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("net/http")) || bytes.Contains(text, []byte("GET")) {
		t.Errorf("it has more than IDs:\n%s", text)
	}
	known := filepath.Join(t.TempDir(), "known")
	lines := strings.SplitAfter(string(text), "\n")
	for left := range 2 {
		if err := os.WriteFile(known, []byte(strings.Join(slices.Concat(lines[:1], lines[1+left:]), "")), 0o666); err != nil {
			t.Fatal(err)
		}
		id, _, _ := strings.Cut(lines[1], " ")
		status, out, errors := mainOf(t, "", append(args, "-known", known)...)
		page, _ := os.ReadFile(filepath.Join(dir, "report.html"))
		told := strings.Contains(out, id+" is new") && strings.Contains(errors, "1 of ") && bytes.Contains(page, []byte("1 are new"))
		if left == 0 && status != 0 || left == 1 && (status != statusNew || !told) {
			t.Errorf("without %d of them: status %d, %s\n%s", left, status, errors, out)
		}
	}
}

// TestSigterm: SIGTERM is Ctrl-C, for one process and for jobs.
func TestSigterm(t *testing.T) {
	if !guarded {
		t.Skip("no signals on this system")
	}
	for _, jobs := range []string{"0", "2"} {
		dir := t.TempDir()
		cmd := exec.Command(os.Args[0], "helper:main", "-only", "picohttp-strict,net/http", "-jobs", jobs, "-report", dir)
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		cmd.Process.Signal(syscall.SIGTERM)
		err := cmd.Wait()
		if _, stat := os.Stat(filepath.Join(dir, "report.html")); err != nil || stat != nil {
			t.Errorf("jobs %s: %v, %v\n%s", jobs, err, stat, &out)
		}
	}
}

// TestJobs: jobs do the work of one process, and keep what they have found where one would.
func TestJobs(t *testing.T) {
	dir, to := t.TempDir(), t.TempDir()
	args := []string{"-only", "picohttp-strict,net/http,mine", "-pipe", "mine=" + os.Args[0] + " helper:good", "-kind", "request,chunked", "-dir", dir, "-report", to, "-seed", "1"}
	status, out, errors := mainOf(t, "", append(args, "-jobs", "2", "-count", "3001")...)
	if status != 0 || strings.Count(out, " 3001 executions") < 2 || !strings.Contains(out, "accepted by net/http") {
		t.Fatalf("status %d: %s\n%s", status, errors, out)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*", "state-*.json")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	status, out, errors = mainOf(t, "", append(args, "-count", "3001", "-known", filepath.Join(to, "known.txt"))...)
	if status != 0 || strings.Count(out, " 3001 executions") < 2 {
		t.Errorf("one process has other findings: status %d: %s\n%s", status, errors, out)
	}
}
