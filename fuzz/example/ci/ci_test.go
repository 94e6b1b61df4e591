// Package ci has no code: it is a workflow, and a test that does what the workflow does.
package ci

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestWorkflow runs the commands of the workflow in a repository that has the parser of
// ../broken: as it is, when what has been found is known, and with one fault more.
func TestWorkflow(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles a module")
	}
	root, err := filepath.Abs("../../..")
	check(t, err)
	repository := t.TempDir()
	write := func(name string, text []byte) {
		t.Helper()
		name = filepath.Join(repository, name)
		check(t, errors.Join(os.MkdirAll(filepath.Dir(name), 0o777), os.WriteFile(name, text, 0o666)))
	}
	read := func(name string) []byte {
		t.Helper()
		text, err := os.ReadFile(name)
		check(t, err)
		return text
	}
	parser := bytes.Replace(read("../broken/broken.go"), []byte("package broken"), []byte("package mine"), 1)
	adaptor := read("../broken/adaptor.go")
	adaptor = bytes.Replace(adaptor, []byte("package broken\n\nimport ("), []byte("package main\n\nimport (\n\t\"example.com/mine\""), 1)
	adaptor = bytes.Replace(adaptor, []byte("Parse(b)"), []byte("mine.Parse(b)"), 1)
	adaptor = bytes.Replace(adaptor, []byte(`Name: "broken"`), []byte(`Name: "mine"`), 1)
	write("mine.go", parser)
	write("go.mod", []byte("module example.com/mine\n\ngo 1.26.0\n"))
	write("differ/main.go", append(adaptor, "\nfunc main() { differ.Main(Adaptor) }\n"...))
	write("differ/go.sum", append(read("../../go.sum"), read("../../../go.sum")...))
	write("differ/go.mod", []byte(`module example.com/mine/differ

go 1.26.0

require (
	example.com/mine v0.0.0
	github.com/picohttp/picohttp v0.1.0
	github.com/picohttp/picohttp/fuzz v0.1.0
)

replace (
	example.com/mine => ../
	github.com/picohttp/picohttp => `+root+`
	github.com/picohttp/picohttp/fuzz => `+root+`/fuzz
)
`))
	write("differ/known.txt", nil)

	step := func() (status int, out string) {
		t.Helper()
		cmd := exec.Command("bash", "-eo", "pipefail", "-c", run(t))
		cmd.Dir = filepath.Join(repository, "differ")
		cmd.Env = append(os.Environ(), "RUNNER_TEMP="+t.TempDir(), "GOFLAGS=-mod=mod")
		text, err := cmd.CombinedOutput()
		if err != nil && cmd.ProcessState == nil {
			t.Fatal(err)
		}
		return cmd.ProcessState.ExitCode(), string(text)
	}
	if status, out := step(); status != 3 || !strings.Contains(out, "is new") {
		t.Fatalf("when nothing is known: status %d\n%s", status, out)
	}
	write("differ/known.txt", read(filepath.Join(repository, "differ/report/known.txt")))
	if status, out := step(); status != 0 {
		t.Errorf("when all is known: status %d\n%s", status, out)
	}
	write("mine.go", bytes.Replace(parser, []byte(`words[2] != "HTTP/1.1"`), []byte(`words[2] != "HTTP/1.1" && words[2] != "HTTP/9.9"`), 1))
	status, out := step()
	if status != 3 || !strings.Contains(out, "http-major") {
		t.Errorf("with one fault more: status %d\n%s", status, out)
	}
	if page := read(filepath.Join(repository, "differ/report/report.html")); !bytes.Contains(page, []byte("http-major")) {
		t.Error("the report does not have it")
	}
}

// run returns the commands of the step that runs the kit, with a tenth of the inputs, which
// shows as much here.
func run(t *testing.T) string {
	text, err := os.ReadFile("differ.yml")
	check(t, err)
	_, rest, _ := strings.Cut(string(text), "run: |\n")
	commands, _, _ := strings.Cut(rest, "      #") // the next step
	short := strings.Replace(commands, "-count 300000", "-count 30000", 1)
	if short == commands {
		t.Fatalf("there is no -count 300000 in\n%s", short)
	}
	return short
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
