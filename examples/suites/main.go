// Command suites runs the tests of proxy libraries twice: as they are, and with the
// http.ReadRequest and http.ReadResponse of the library replaced by those of package nethttp.
// It lists the tests whose results differ. It fails if one passes only as it was.
//
//	go run ./suites
//
// The libraries come from the module proxy, and are copied to a temporary folder. Their tests
// still read with net/http, so that they judge the library from outside. A library that
// cannot be downloaded is skipped; with CI=true in the environment that is a failure.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var modules = []string{
	"github.com/google/martian/v3@v3.3.3",
	"github.com/elazarl/goproxy@v1.9.4",
}

// attempts is how often a test runs that failed in one way only. Some fail at times.
const attempts = 5

func main() {
	log.SetFlags(0)
	dir, err := os.MkdirTemp("", "suites")
	if err != nil {
		log.Fatal(err)
	}
	failed := false
	for i, module := range modules {
		source, err := download(dir, module)
		if err != nil {
			fmt.Printf("%s: skipped, because it cannot be downloaded: %v\n", module, err)
			failed = failed || os.Getenv("CI") == "true"
			continue
		}
		worse, err := compare(filepath.Join(dir, fmt.Sprint(i)), source, module)
		if err != nil {
			fmt.Printf("%s: %v\n", module, err)
		}
		failed = failed || worse || err != nil
	}
	os.RemoveAll(dir)
	if failed {
		os.Exit(1)
	}
}

// download returns the folder of a module in the module cache.
func download(dir, module string) (string, error) {
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module suites\n"), 0o666); err != nil {
		return "", err
	}
	out, err := command(dir, "go", "mod", "download", "-json", module)
	var result struct{ Dir, Error string }
	if json.Unmarshal(out, &result) == nil && result.Error != "" {
		err = errors.New(result.Error)
	}
	return result.Dir, err
}

// compare runs the tests of a module both ways, prints what differs, and reports whether a
// test passes only as it was.
func compare(dir, source, module string) (worse bool, err error) {
	plain, patched := filepath.Join(dir, "plain"), filepath.Join(dir, "patched")
	_, err = prepare(plain, source, false)
	calls := 0
	if err == nil {
		calls, err = prepare(patched, source, true)
	}
	if err == nil && calls == 0 {
		err = errors.New("it does not call http.ReadRequest or http.ReadResponse")
	}
	if err != nil {
		return false, err
	}
	before, after := map[test]bool{}, map[test]bool{}
	pattern := "."
	for range attempts {
		runTests(before, plain, pattern)
		runTests(after, patched, pattern)
		var differ []string
		for t, was := range before {
			if was != after[t] {
				name, _, _ := strings.Cut(t.Test, "/")
				differ = append(differ, name)
			}
		}
		if len(differ) == 0 {
			break
		}
		pattern = "^(" + strings.Join(differ, "|") + ")$"
	}
	passed, lines := 0, []string(nil)
	for t, was := range before {
		if was && after[t] {
			passed++
			continue
		}
		outcome := "fails both ways"
		if was {
			outcome, worse = "fails with package nethttp", true
		} else if after[t] {
			outcome = "passes only with package nethttp"
		}
		lines = append(lines, fmt.Sprintf("%s: %s %s %s\n", module, t.Package, t.Test, outcome))
	}
	slices.Sort(lines)
	fmt.Print(strings.Join(lines, ""))
	fmt.Printf("%s: %d calls replaced; of %d tests %d pass both ways\n", module, calls, len(before), passed)
	if passed == 0 {
		return worse, errors.New("no test has passed")
	}
	return worse, nil
}

// prepare copies a module to dir, and lets it require the picohttp of this repository, in
// both ways, so that all else is equal. With patch it replaces calls, and returns how many.
func prepare(dir, source string, patch bool) (calls int, err error) {
	if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
		return 0, err
	}
	const picohttp = "github.com/picohttp/picohttp"
	root, err := command("", "go", "list", "-m", "-f", "{{.Dir}} {{.GoVersion}}", picohttp)
	if err != nil {
		return 0, err
	}
	folder, version, _ := strings.Cut(strings.TrimSpace(string(root)), " ")
	if _, err := command(dir, "go", "mod", "edit", "-go="+version, "-require="+picohttp+"@v0.0.0", "-replace="+picohttp+"="+folder); err != nil {
		return 0, err
	}
	if !patch {
		return 0, nil
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		n := len(readCall.FindAll(text, -1))
		if err != nil || n == 0 {
			return err
		}
		calls += n
		text = readCall.ReplaceAll(text, []byte("${1}nethttp.$2("))
		text = packageClause.ReplaceAll(text, []byte("$0\nimport nethttp \""+picohttp+"/nethttp\"\n"))
		return os.WriteFile(path, append(text, "\nvar _ http.Header // net/http is used\n"...), 0o666)
	})
	if err == nil {
		_, err = command(dir, "go", "build", "./...")
	}
	return calls, err
}

var (
	readCall      = regexp.MustCompile(`(= |return )http\.(ReadRequest|ReadResponse)\(`) // not in a comment
	packageClause = regexp.MustCompile(`(?m)^package .*$`)
)

type test struct{ Package, Test string }

// runTests runs tests, and notes those that passed or were skipped. One that did so before
// stays noted.
func runTests(passed map[test]bool, dir, pattern string) {
	out, _ := command(dir, "go", "test", "-json", "-vet=off", "-count=1", "-timeout=3m", "-run", pattern, "./...")
	for line := range bytes.Lines(out) {
		var event struct {
			test
			Action string
		}
		if json.Unmarshal(line, &event) == nil && event.Test != "" && slices.Contains([]string{"pass", "skip", "fail"}, event.Action) {
			passed[event.test] = passed[event.test] || event.Action != "fail"
		}
	}
}

// command runs a command in dir, or in the current folder, and returns its output.
func command(dir, name string, args ...string) ([]byte, error) {
	c := exec.Command(name, args...)
	if c.Dir = dir; dir != "" {
		c.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off") // go.mod is completed
	}
	var diagnosis bytes.Buffer
	c.Stderr = &diagnosis
	out, err := c.Output()
	if err != nil {
		err = fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, bytes.TrimSpace(diagnosis.Bytes()))
	}
	return out, err
}
