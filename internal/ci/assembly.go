package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// texts says which instructions and which registers a TEXT may not use, as patterns.
// Every TEXT has a row.
var texts = map[string]struct{ instructions, registers string }{
	"amd64 indexHead":   {`^[VK]`, `^([XYZ][0-9]+|K[0-7])$`},
	"amd64 indexSSE42":  {`^[VK]`, `^([YZ][0-9]+|K[0-7])$`},
	"amd64 indexAVX2":   {`^K`, `^([XY](1[6-9]|2[0-9]|3[01])|Z[0-9]+|K[0-7])$`},
	"amd64 indexAVX512": {`^$`, `^$`},
	"amd64 moveRunSSE2": {`^[VK]`, `^([YZ][0-9]+|K[0-7])$`},
	"arm64 indexHead":   {`^V`, `^(R1[678]|R2[678]|g)$`},
	"arm64 indexNEON":   {`^$`, `^(R1[678]|R2[678]|g)$`},
}

var (
	line      = regexp.MustCompile(`(?m)^\t0x[0-9a-f]+ [0-9]+ \((.*:[0-9]+)\)\t(\w+)(?:\.\w+)?(?:\t(.*))?$`)
	never     = regexp.MustCompile(`^(CALL|BLR?|PUSH.*|POP[QLW]|POPF.*|BYTE|WORD|LONG|QUAD|DWORD)$`)
	frameless = regexp.MustCompile(`^[^ ]*[.](\w+)\(SB\), NOSPLIT[A-Z|]*, \$0-[0-9]+$`)
	words     = regexp.MustCompile(`[A-Za-z0-9_.+]+`)
	wide      = regexp.MustCompile(`^[YZ][0-9]+$`)
)

// checkAssembly looks at the listing of the assembler, where macros are expanded and
// registers have their own names. It reports whether all is well.
func checkAssembly() (ok bool) {
	ok = true
	bad := func(format string, args ...any) {
		fmt.Printf(format+"\n", args...)
		ok = false
	}
	seen := map[string]bool{}
	for _, arch := range []string{"amd64", "arm64"} {
		files := output(arch, "list", "-tags=purego", "-f", "{{range .SFiles}}{{$.ImportPath}}/{{.}} {{end}}", "./...")
		if strings.TrimSpace(files) != "" {
			bad("there is assembly under purego: %s", files)
		}
		var text, before string // the TEXT so far, and the instruction
		var instructions, registers *regexp.Regexp
		isWide := false
		for _, m := range line.FindAllStringSubmatch(output(arch, "build", "-asmflags=-S", "."), -1) {
			at, instruction, operands := m[1], m[2], m[3]
			if instruction == "TEXT" {
				header := frameless.FindStringSubmatch(operands)
				if header == nil {
					bad("%s: no NOSPLIT, frame of 0 and size of the arguments: %s", at, operands)
					header = []string{"", "?"}
				}
				text, isWide = arch+" "+header[1], false
				row, found := texts[text]
				if !found {
					bad("%s: no row in texts for %s", at, text)
					row.instructions, row.registers = `^$`, `^$`
				}
				seen[text] = true
				instructions, registers = regexp.MustCompile(row.instructions), regexp.MustCompile(row.registers)
				continue
			}
			if never.MatchString(instruction) || instructions.MatchString(instruction) {
				bad("%s: not an instruction of %s: %s %s", at, text, instruction, operands)
			}
			for _, word := range words.FindAllString(operands, -1) {
				if registers.MatchString(word) {
					bad("%s: not a register of %s: %s %s", at, text, instruction, operands)
				}
				isWide = isWide || wide.MatchString(word)
			}
			if isWide && instruction == "RET" && before != "VZEROUPPER" {
				bad("%s: no VZEROUPPER before RET, after a Y or Z register", at)
			}
			if !strings.HasSuffix(instruction, "DATA") && instruction != "NOP" { // PCDATA, FUNCDATA
				before = instruction
			}
		}
	}
	for text := range texts {
		if !seen[text] {
			bad("no such TEXT: %s", text)
		}
	}
	return ok
}

// output returns what a go command prints, which must succeed.
func output(arch string, args ...string) string {
	fmt.Println("$ GOARCH="+arch, "go", strings.Join(args, " "))
	c := exec.Command("go", args...)
	c.Env = append(os.Environ(), "GOARCH="+arch)
	out, err := c.CombinedOutput()
	if err != nil {
		fmt.Printf("%s%v\n", out, err)
		os.Exit(1)
	}
	return string(out)
}
