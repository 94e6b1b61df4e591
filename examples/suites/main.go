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
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

var modules = []string{
	"github.com/google/martian/v3@v3.3.3",
	"github.com/elazarl/goproxy@v1.9.4",
}

// attempts is how often a test runs that failed in one way only. Some fail now and then.
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
	calls := 0
	if _, err = prepare(plain, source, false); err == nil {
		calls, err = prepare(patched, source, true)
	}
	if err == nil && calls == 0 {
		err = errors.New("it does not call http.ReadRequest or http.ReadResponse")
	}
	if err != nil {
		return false, err
	}
	before, after := runTests(plain, "./..."), runTests(patched, "./...")
	passed := 0
	for _, t := range slices.SortedFunc(maps.Keys(before), test.compare) {
		was, is := before[t], after[t]
		for range attempts - 1 {
			if was == is {
				break
			}
			if was {
				is = runTests(patched, "-run", t.pattern(), t.Package)[t]
			} else {
				was = runTests(plain, "-run", t.pattern(), t.Package)[t]
			}
		}
		switch {
		case was && is:
			passed++
		case was:
			fmt.Printf("%s: %s %s fails with package nethttp\n", module, t.Package, t.Test)
			worse = true
		case is:
			fmt.Printf("%s: %s %s passes only with package nethttp\n", module, t.Package, t.Test)
		default:
			fmt.Printf("%s: %s %s fails both ways\n", module, t.Package, t.Test)
		}
	}
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
		n, err := patchFile(path)
		calls += n
		return err
	})
	return calls, err
}

// patchFile replaces the calls in a file, and returns how many.
func patchFile(path string) (calls int, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, text, 0)
	if err != nil {
		return 0, err
	}
	var at []int // of each "http"
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && (s.Sel.Name == "ReadRequest" || s.Sel.Name == "ReadResponse") {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == "http" {
				at = append(at, files.Position(x.Pos()).Offset)
			}
		}
		return true
	})
	if len(at) == 0 {
		return 0, nil
	}
	var b bytes.Buffer
	name := files.Position(file.Name.End()).Offset
	fmt.Fprintf(&b, "%s\nimport nethttp %q\n", text[:name], "github.com/picohttp/picohttp/nethttp")
	last := name
	for _, i := range at {
		fmt.Fprintf(&b, "%snet", text[last:i])
		last = i
	}
	fmt.Fprintf(&b, "%s\nvar _ http.Header // net/http is used\n", text[last:])
	return len(at), os.WriteFile(path, b.Bytes(), 0o666)
}

// A test is one of a package; without a name it is the package as a whole.
type test struct{ Package, Test string }

func (t test) compare(u test) int {
	return strings.Compare(t.Package+" "+t.Test, u.Package+" "+u.Test)
}

// pattern returns what go test -run takes.
func (t test) pattern() string {
	if t.Test == "" {
		return ""
	}
	return "^" + strings.ReplaceAll(t.Test, "/", "$/^") + "$"
}

// runTests runs tests, and returns whether they passed or were skipped.
func runTests(dir string, args ...string) map[test]bool {
	out, _ := command(dir, "go", append([]string{"test", "-json", "-vet=off", "-count=1", "-timeout=3m"}, args...)...)
	results := map[test]bool{}
	for line := range bytes.Lines(out) {
		var event struct {
			test
			Action string
		}
		if json.Unmarshal(line, &event) != nil {
			continue
		}
		switch event.Action {
		case "pass", "skip":
			results[event.test] = true
		case "fail":
			results[event.test] = false
		}
	}
	return results
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
