package picohttp

import (
	"flag"
	"fmt"
	"go/ast"
	"go/build"
	"go/doc"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var updateAPI = flag.Bool("update-api", false, "rewrite testdata/api.txt")

// TestAPI compares the exported declarations of the packages with testdata/api.txt, so that
// they are not changed by accident.
func TestAPI(t *testing.T) {
	const file = "testdata/api.txt"
	got := exported(t, "github.com/picohttp/picohttp", ".") + exported(t, "github.com/picohttp/picohttp/h1", "h1") +
		exported(t, "github.com/picohttp/picohttp/nethttp", "nethttp")
	if *updateAPI {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, after := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	for i := range min(len(before), len(after)) {
		if before[i] != after[i] {
			t.Errorf("%s:%d: was %q, is now %q", file, i+1, before[i], after[i])
			break
		}
	}
	if got != string(want) {
		t.Error("the exported API has changed; if that is intended, run: go test -run TestAPI -update-api . && git diff testdata")
	}
}

// exported returns the exported declarations of the package in a directory.
func exported(t *testing.T, path, dir string) string {
	sources, err := build.ImportDir(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range sources.GoFiles {
		f, err := parser.ParseFile(set, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	p, err := doc.NewFromFiles(set, files, path)
	if err != nil {
		t.Fatal(err)
	}
	var s strings.Builder
	fmt.Fprintf(&s, "package %s\n", path)
	decl := func(d ast.Decl) {
		var text strings.Builder
		printer.Fprint(&text, set, d)
		for line := range strings.Lines(text.String()) { // comments leave empty lines
			indent := line[:len(line)-len(strings.TrimLeft(line, "\t"))]
			if words := strings.Fields(line); len(words) > 0 {
				s.WriteString(indent + strings.Join(words, " ") + "\n")
			}
		}
	}
	values := func(all ...[]*doc.Value) {
		for _, v := range slices.Concat(all...) {
			decl(v.Decl)
		}
	}
	funcs := func(all ...[]*doc.Func) {
		for _, f := range slices.Concat(all...) {
			decl(f.Decl)
		}
	}
	values(p.Consts, p.Vars)
	funcs(p.Funcs)
	for _, typ := range p.Types {
		decl(typ.Decl)
		values(typ.Consts, typ.Vars)
		funcs(typ.Funcs, typ.Methods)
	}
	return s.String()
}
