// Package ci has no code: it is a workflow, and a test that does what the workflow does.
package ci

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const goMod = `module example.com/mine/differ

go 1.26.0

require (
	github.com/picohttp/picohttp v0.1.0
	github.com/picohttp/picohttp/fuzz v0.1.0
)

replace (
	github.com/picohttp/picohttp => ROOT
	github.com/picohttp/picohttp/fuzz => ROOT/fuzz
)
`

// TestWorkflow runs the commands of the workflow with the parser of ../broken: as it is, when
// what has been found is known, and with one fault more.
func TestWorkflow(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles a module")
	}
	root, err := filepath.Abs("../../..")
	dir := t.TempDir()
	read := func(name string) string {
		text, errRead := os.ReadFile(name)
		err = errors.Join(err, errRead)
		return string(text)
	}
	write := func(name, text string) {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666))
	}
	isMain := strings.NewReplacer("package broken", "package main", `"broken"`, `"mine"`)
	parser := isMain.Replace(read("../broken/broken.go"))
	write("mine.go", parser)
	write("main.go", isMain.Replace(read("../broken/adaptor.go"))+"\nfunc main() { differ.Main(Adaptor) }\n")
	write("go.mod", strings.ReplaceAll(goMod, "ROOT", root))
	write("go.sum", read("../../go.sum")+read("../../../go.sum"))
	write("known.txt", "")
	_, rest, _ := strings.Cut(read("differ.yml"), "run: |\n")
	commands, _, _ := strings.Cut(rest, "      #")                         // the next step
	short := strings.Replace(commands, "-count 300000", "-count 30000", 1) // shows as much here
	if err != nil || short == commands {
		t.Fatal(err, commands)
	}
	step := func(status int, say string) {
		t.Helper()
		cmd := exec.Command("bash", "-eo", "pipefail", "-c", short)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "RUNNER_TEMP="+t.TempDir(), "GOFLAGS=-mod=mod")
		out, errRun := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != status || !strings.Contains(string(out), say) {
			t.Fatalf("%v, %v, want status %d\n%s", err, errRun, status, out)
		}
	}
	step(3, "is new")
	write("known.txt", read(filepath.Join(dir, "report/known.txt")))
	step(0, "findings")
	write("mine.go", strings.Replace(parser, "|| !token(name) ", "", 1))
	step(3, "field-name")
	if page := read(filepath.Join(dir, "report/report.html")); err != nil || !strings.Contains(page, "field-name") {
		t.Error("the report does not have it", err)
	}
}
