package ci

import (
	"maps"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// texts has a row for each TEXT: a pattern for the whole names of the instructions and registers
// that it may not use.
var texts = map[string]string{
	"amd64 indexHead":   `[VK].*|[XYZ][0-9]+`,
	"amd64 indexSSE42":  `[VK].*|[YZ][0-9]+`,
	"amd64 indexAVX2":   `K.*|[XY](1[6-9]|2[0-9]|3[01])|Z[0-9]+`,
	"amd64 indexAVX512": ``,
	"amd64 moveRunSSE2": `[VK].*|[YZ][0-9]+`,
	"arm64 indexHead":   `V.*|R1[678]|R2[678]|g`,
	"arm64 indexNEON":   `R1[678]|R2[678]|g`,
}

// never is a pattern for what no TEXT may use.
const never = `CALL|BLR?|PUSH.*|POP[QLW]|POPF.*|BYTE|WORD|LONG|QUAD|DWORD`

var (
	line      = regexp.MustCompile(`(?m)^\t0x[0-9a-f]+ [0-9]+ \((.*:[0-9]+)\)\t(\w+)(?:\.\w+)?(?:\t(.*))?$`)
	frameless = regexp.MustCompile(`^[^ ]*[.](\w+)\(SB\), NOSPLIT[A-Z|]*, \$0-[0-9]+$`)
	words     = regexp.MustCompile(`[A-Za-z0-9_.+]+`)
	wide      = regexp.MustCompile(`\b[YZ][0-9]+\b`)
)

// TestAssembly checks the assembler's listing, in which macros are expanded and registers have
// their own names.
func TestAssembly(t *testing.T) {
	left := maps.Clone(texts)
	for _, arch := range []string{"amd64", "arm64"} {
		files := output(t, arch, "list", "-tags=purego", "-f", "{{range .SFiles}}{{$.ImportPath}}/{{.}} {{end}}", "./...")
		if strings.TrimSpace(files) != "" {
			t.Errorf("there is assembly under purego: %s", files)
		}
		var text, before string // the current TEXT and the previous instruction
		var forbidden *regexp.Regexp
		isWide := false
		for _, m := range line.FindAllStringSubmatch(output(t, arch, "build", "-asmflags=-S", "."), -1) {
			at, instruction, operands := m[1], m[2], m[3]
			if instruction == "TEXT" {
				header := frameless.FindStringSubmatch(operands)
				if header == nil {
					t.Fatalf("%s: TEXT needs NOSPLIT, a frame size of 0 and an argument size: %s", at, operands)
				}
				text, isWide = arch+" "+header[1], false
				row, found := texts[text]
				if !found {
					t.Errorf("%s: no row in texts for %s", at, text)
				}
				delete(left, text)
				forbidden = regexp.MustCompile("^(" + never + "|" + row + ")$")
				continue
			}
			for _, word := range words.FindAllString(instruction+" "+operands, -1) {
				if forbidden.MatchString(word) {
					t.Errorf("%s: %s may not use %s: %s %s", at, text, word, instruction, operands)
				}
			}
			isWide = isWide || wide.MatchString(operands)
			if isWide && instruction == "RET" && before != "VZEROUPPER" {
				t.Errorf("%s: no VZEROUPPER before RET, after a Y or Z register", at)
			}
			if !strings.HasSuffix(instruction, "DATA") && instruction != "NOP" { // PCDATA, FUNCDATA
				before = instruction
			}
		}
	}
	if len(left) > 0 {
		t.Errorf("no such TEXT: %v", left)
	}
}

// output returns what a go command prints for an architecture in the root of the module.
func output(t *testing.T, arch string, args ...string) string {
	c := exec.Command("go", append([]string{args[0], "-C=../.."}, args[1:]...)...)
	c.Env = append(os.Environ(), "GOARCH="+arch)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", c, err, out)
	}
	return string(out)
}
