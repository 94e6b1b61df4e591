package differ

import (
	"bufio"
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/picohttp/picohttp"
)

// A Report is what a Run has found.
type Report struct {
	Kind       Kind
	Parsers    []string // in the order of Finding.Verdicts
	Findings   []Finding
	Failures   []Failure // parsers that are out, or whose lines are no answers
	Kept       int       // inputs that some parser had not seen the like of
	Executions int64     // inputs given to all parsers, including those of earlier runs of the same parsers
	Took       time.Duration

	against int // the place of the parser that the others are compared with
}

// maxRows is how many findings of one class and rule a page shows, the shortest ones.
const maxRows = 4

// A section is the findings of one class.
type section struct {
	Class   Class
	Columns []column
	Rows    []*Finding
	More    int // findings that are not shown
}

// A column is of parsers that say the same of all findings of a section, except for the words.
type column struct {
	Names []string
	Cells []cell
	Whys  [][][2]string // for each of Cells their words, with the name
}

// A cell is what a parser said.
type cell struct {
	Result, Short string
	Long          string // is folded
	Odd           bool   // it is another than that of the parser that it is compared with
}

// sections returns what a page shows, the worst first.
func (r *Report) sections() (sections []*section) {
	var s *section
	shown := map[string]int{}
	for i := range r.Findings {
		f := &r.Findings[i]
		if s == nil || s.Class != f.Class {
			s = &section{Class: f.Class}
			sections = append(sections, s)
			clear(shown)
		}
		if shown[f.Rule]++; shown[f.Rule] > maxRows && !f.Suspect && !f.New {
			s.More++
		} else {
			s.Rows = append(s.Rows, f)
		}
	}
	for _, s := range sections {
		for p := range r.Parsers {
			s.addColumn(r, p)
		}
	}
	return sections
}

// addColumn adds the column of a parser, unless it was not asked.
func (s *section) addColumn(r *Report, parser int) {
	var cells []cell
	asked := false
	for _, f := range s.Rows {
		v := &f.Verdicts[parser]
		odd := r.differs(f, parser) != Agree
		cells = append(cells, cell{v.Result.String(), v.short(r.Kind), v.long(r.Kind), odd})
		asked = asked || v.Result != Absent
	}
	if !asked {
		return
	}
	at := slices.IndexFunc(s.Columns, func(c column) bool { return slices.Equal(c.Cells, cells) })
	if at < 0 {
		at = len(s.Columns)
		s.Columns = append(s.Columns, column{Cells: cells, Whys: make([][][2]string, len(cells))})
	}
	c := &s.Columns[at]
	c.Names = append(c.Names, r.Parsers[parser])
	for i, f := range s.Rows {
		if why := f.Verdicts[parser].Why; why != "" {
			c.Whys[i] = append(c.Whys[i], [2]string{safe(why), r.Parsers[parser]})
		}
	}
}

// differs returns how a parser differs from the one that it is compared with. A crash is of
// the parser alone.
func (r *Report) differs(f *Finding, parser int) Class {
	us, v := &f.Verdicts[r.against], &f.Verdicts[parser]
	if v.Result == Crash {
		return Crashes
	} else if us.Result == Crash {
		return Agree
	}
	return Compare(us, v)
}

// short is a verdict in a line: the result, where the message ends, and how it is framed.
func (v *Verdict) short(k Kind) string {
	s, silent := v.Result.String(), v.untold()
	switch {
	case v.Result == Crash:
		return s + ": " + v.Where
	case v.Result != Accept && v.Stage > StageHead && k != Chunked:
		return fmt.Sprintf("%s (%s)", s, v.Stage)
	case v.Result != Accept:
		return s
	case silent&PartLength == 0:
		s += fmt.Sprintf(" %d", v.Length)
	case silent&PartHead == 0:
		s += fmt.Sprintf(" head %d", v.Head)
	}
	if k != Chunked && silent&PartFraming == 0 {
		s += ", " + v.Framing.Body.String()
		if v.Framing.Body == picohttp.BodyLength && v.Framing.Length >= 0 {
			s += fmt.Sprintf(" %d", v.Framing.Length)
		}
	}
	return s
}

// long is all that an accepted message has, a part in a line.
func (v *Verdict) long(k Kind) string {
	var s strings.Builder
	for _, m := range v.members(k) {
		format := "%s: %v\n"
		switch m.value.(type) {
		case *string, *[]Field, *[]byte:
			format = "%s: %q\n"
		}
		if v.Result == Accept && v.untold()&m.part == 0 {
			fmt.Fprintf(&s, format, m.name, written(m.value))
		}
	}
	return s.String()
}

// inputLines returns the lines of an input, with escape sequences as in a Go string.
func inputLines(b []byte) (lines []string) {
	for line := range strings.Lines(string(b)) {
		lines = append(lines, escaped(line))
	}
	return lines
}

// matrix counts, for each parser, the findings of each class that show it, and all of them.
func (r *Report) matrix() (classes []Class, counts [][]int) {
	of := map[Class][]int{} // of each parser
	all := make([]int, len(r.Parsers))
	for i := range r.Findings {
		for p := range r.Parsers {
			c := r.differs(&r.Findings[i], p)
			if c >= LatenessDiffers {
				continue
			}
			if of[c] == nil {
				of[c] = make([]int, len(r.Parsers))
			}
			of[c][p]++
			all[p]++
		}
	}
	classes = slices.Sorted(maps.Keys(of))
	for p := range r.Parsers {
		var row []int
		for _, c := range classes {
			row = append(row, of[c][p])
		}
		counts = append(counts, append(row, all[p]))
	}
	return classes, counts
}

//go:embed report.html
var pageText string

var page = template.Must(template.New("report").Funcs(template.FuncMap{"lines": inputLines}).Parse(pageText))

// WriteHTML writes the report as a page that needs no other file.
func (r *Report) WriteHTML(w io.Writer) error {
	classes, counts := r.matrix()
	return page.Execute(w, struct {
		*Report
		Against  int
		Classes  []Class
		Counts   [][]int
		Sections []*section
	}{r, r.against, classes, counts, r.sections()})
}

// WriteJSON writes all findings, each as a JSON object on a line, with the input in base64
// and as a Go string. A verdict is an answer of the pipe protocol, whose result may also be
// "crash" or "protocol".
func (r *Report) WriteJSON(w io.Writer) error {
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	for i := range r.Findings {
		f := &r.Findings[i]
		line := struct {
			ID   string   `json:"id"`
			Also []string `json:"also,omitempty"`
			*Finding
			Smuggles bool           `json:"smuggles"`
			Quoted   string         `json:"quoted"`
			Verdicts map[string]any `json:"verdicts"`
		}{ID: f.ID(), Also: f.ids[min(1, len(f.ids)):], Finding: f, Smuggles: f.Class.Smuggles()}
		line.Quoted, line.Verdicts = strconv.Quote(string(f.Input)), map[string]any{}
		for p, name := range r.Parsers {
			if v := &f.Verdicts[p]; v.Result != Absent {
				line.Verdicts[name] = v.answer(f.Kind)
			}
		}
		if err := lines.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

// writeKnown writes the IDs of all findings: a file for -known, with neither the name of a
// parser nor an input.
func (r *Report) writeKnown(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "# IDs of findings, for -known. What comes after an ID is a comment.")
	for _, f := range r.Findings {
		for _, id := range f.ids {
			fmt.Fprintln(out, id, f.Kind, f.Class, cmp.Or(f.Rule, "none"))
		}
	}
	return out.Flush()
}

// mark finds out which findings have an ID that is not among those known, and returns how many.
func (r *Report) mark(known map[string]bool) (fresh int) {
	for i := range r.Findings {
		f := &r.Findings[i]
		f.fresh = slices.DeleteFunc(slices.Clone(f.ids), func(id string) bool { return known[id] })
		if f.New = len(f.fresh) > 0; f.New {
			fresh++
		}
	}
	return fresh
}
