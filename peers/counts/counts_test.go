//go:build linux

package main

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	check(os.Chdir(".."))
	os.Exit(m.Run())
}

// TestStep checks that two counts of the same work are equal, and that each pass adds the same.
func TestStep(t *testing.T) {
	sides := kernels[runtime.GOARCH]
	c := startHere(sides[len(sides)-1], encode("tiny", nil))
	defer c.stdin.Close()
	two, again, four, six := c.step("parse", 2), c.step("parse", 2), c.step("parse", 4), c.step("parse", 6)
	if two != again || six-four != four-two || four-two < 200 || four-two > 4000 {
		t.Errorf("2 passes have %d instructions and then %d, 4 have %d, 6 have %d", two, again, four, six)
	}
	// perf counts time in the same way as cycles, and can do so on every machine.
	fastest("parse", c) // sets c.passes
	if n := c.events("parse", "cpu-clock:u"); math.IsNaN(n) {
		t.Skip("perf is missing, or this user may not count events")
	} else if !(n > 0) {
		t.Errorf("a pass takes %g ms according to perf", n)
	}
}

// TestEach checks that noisy counts are dropped.
func TestEach(t *testing.T) {
	noise := []int{0, 3, 0, 0, 0, -3, 0, 0, 0, 5}
	more := each(func(passes int) map[string]int {
		n := noise[0]
		noise = noise[1:]
		return map[string]int{"loop": 100 + 7*passes + n}
	})
	if more["loop"] != 7 || len(noise) != 1 {
		t.Errorf("got %v with noise %v left", more, noise)
	}
}

// TestBlocks checks that each block is found in its source, and that it is an error if one of its
// labels or instructions is not there.
func TestBlocks(t *testing.T) {
	for _, b := range blocks {
		source := string(must(os.ReadFile("../parse_" + b.arch + ".s")))
		listing := ""
		for i, line := range strings.Split(source, "\n") {
			listing += fmt.Sprintf("; /src/parse_%s.s:%d\n\t%s\n", b.arch, i+1, line)
		}
		text, err := assembly(listing, source, b)
		first, _, _ := strings.Cut(b.spans, "..")
		last := strings.ReplaceAll(b.spans[strings.LastIndex(b.spans, "..")+2:], " ", `\s+`)
		if !regexp.MustCompile(`(?s)^\t`+first+`:\n.*\n\s+`+last+`\n$`).MatchString(text) || err != nil {
			t.Errorf("%s, %s: %v, and the block is %q", b.kernel, b.name, err, text)
		}
		for _, name := range regexp.MustCompile(`\w+(, \w+)?(\.\.|;|$)`).FindAllString(b.spans, -1) {
			_, body, _ := strings.Cut(source, "\nTEXT ·"+b.function+"(SB)")
			body, _, _ = strings.Cut(body, "\nTEXT ") // other functions keep the name
			gone := strings.Replace(source, body, strings.ReplaceAll(body, strings.Trim(name, ".;"), "gone"), 1)
			if text, err := assembly(listing, gone, b); err == nil {
				t.Errorf("%s, %s: without %q it is %q", b.kernel, b.name, name, text)
			}
		}
	}
}
