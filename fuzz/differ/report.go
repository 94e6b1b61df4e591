package differ

import (
	"bufio"
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/picohttp/picohttp"
)

// A Report is what runs have found.
type Report struct {
	Parsers    []string // in the order of Finding.Verdicts
	Findings   []Finding
	Failures   []Failure // parsers that are out, or whose lines are no answers
	Executions int64
	Took       time.Duration

	marked bool // it is known which findings are new: see mark
}

const (
	// maxRows is how many findings of one class and rule a page shows, the shortest ones.
	maxRows = 4
	// maxInline is the length of what a cell shows without being opened.
	maxInline = 36
)

// A section is the findings of one class.
type section struct {
	Kind    Kind
	Class   Class
	Text    string
	Columns []column
	Rows    []row
	More    int // findings that are not shown
}

// A column is of parsers that say the same of all findings of a section.
type column struct {
	Names   []string
	parsers []int
}

// A row is a finding.
type row struct {
	*Finding
	New   bool
	Marks []mark
	Cells []cell
}

// A cell is what a parser said, as a short line and a longer text.
type cell struct {
	Result, Short string
	Text          string // shown, or if there is more of it folded
	Folded        bool
	Odd           bool // another than the parser that it is compared with
}

// Summary is what is to be seen of a folded text.
func (c cell) Summary() string {
	line, _, _ := strings.Cut(c.Text, "\n")
	if r := []rune(line); len(r) > maxInline {
		return string(r[:maxInline-3]) + "..."
	}
	return line
}

func (r *Report) sections() (sections []section) {
	shown := map[string]int{}
	for i := range r.Findings {
		f := &r.Findings[i]
		if len(sections) == 0 || sections[len(sections)-1].Class != f.Class || sections[len(sections)-1].Kind != f.Kind {
			sections = append(sections, section{Kind: f.Kind, Class: f.Class, Text: f.Class.text()})
		}
		s := &sections[len(sections)-1]
		key := fmt.Sprint(f.Kind, f.Class, f.Rule)
		if shown[key]++; shown[key] > maxRows && !f.Suspect && !f.fresh {
			s.More++
			continue
		}
		s.Rows = append(s.Rows, row{Finding: f, New: f.fresh, Marks: marks(f.Input)})
	}
	for i := range sections {
		sections[i].layOut(r.Parsers)
	}
	return sections
}

// layOut makes the columns and cells. A parser that took no part has no column.
func (s *section) layOut(parsers []string) {
	at := map[string]int{}
	for i, name := range parsers {
		var said strings.Builder
		absent := true
		for _, f := range s.Rows {
			v := &f.Verdicts[i]
			absent = absent && v.Result == Absent
			fmt.Fprintf(&said, "%q %q %t\n", v.short(f.Kind), v.long(f.Kind), f.odd(i))
		}
		if absent {
			continue
		}
		c, seen := at[said.String()]
		if !seen {
			c = len(s.Columns)
			at[said.String()] = c
			s.Columns = append(s.Columns, column{})
		}
		s.Columns[c].Names = append(s.Columns[c].Names, name)
		s.Columns[c].parsers = append(s.Columns[c].parsers, i)
	}
	for i := range s.Rows {
		for _, c := range s.Columns {
			s.Rows[i].Cells = append(s.Rows[i].Cells, s.Rows[i].cell(parsers, c.parsers))
		}
	}
}

// odd reports whether a parser says something else than the one it is compared with.
func (f *Finding) odd(parser int) bool {
	return f.against < len(f.Verdicts) && Compare(&f.Verdicts[f.against], &f.Verdicts[parser]) != Agree
}

// cell is what some parsers say, which differ only in their words.
func (f *Finding) cell(names []string, parsers []int) cell {
	v := &f.Verdicts[parsers[0]]
	c := cell{Result: v.Result.String(), Short: v.short(f.Kind), Odd: f.odd(parsers[0])}
	var text, whys []string
	by := map[string][]string{}
	for _, i := range parsers {
		if why := escaped(f.Verdicts[i].Why); why != "" { // it may quote the input
			whys = append(whys, why)
			by[why] = append(by[why], names[i])
		}
	}
	for _, why := range whys {
		if len(by[why]) < len(parsers) {
			why += " (" + strings.Join(by[why], ", ") + ")"
		}
		if !slices.Contains(text, why) {
			text = append(text, why)
		}
	}
	if long := v.long(f.Kind); long != "" {
		text = append(text, long)
	}
	c.Text = strings.Join(text, "\n")
	c.Folded = c.Summary() != c.Text
	return c
}

// short is a verdict in a line: the result, where the message ends, and how it is framed.
func (v *Verdict) short(k Kind) string {
	switch {
	case (v.Result == Reject || v.Result == Incomplete) && v.Stage > StageHead && k != Chunked:
		return fmt.Sprintf("%s (%s)", v.Result, v.Stage)
	case v.Result == Crash && v.Where != "":
		return "crash: " + v.Where
	case v.Result != Accept:
		return v.Result.String()
	}
	silent := v.untold()
	var s []string
	switch {
	case silent&PartLength == 0:
		s = append(s, fmt.Sprintf("accept %d", v.Length))
	case silent&PartHead == 0:
		s = append(s, fmt.Sprintf("accept head %d", v.Head))
	default:
		s = append(s, "accept")
	}
	if k != Chunked && v.Silent&PartFraming == 0 {
		if v.Framing.Body == picohttp.BodyLength && v.Framing.Length >= 0 {
			s = append(s, fmt.Sprintf("length %d", v.Framing.Length))
		} else {
			s = append(s, v.Framing.Body.String())
		}
	}
	return strings.Join(s, ", ")
}

// long is the rest of what an accepted message has.
func (v *Verdict) long(k Kind) string {
	if v.Result != Accept {
		return ""
	}
	var s []string
	silent := v.untold()
	tell := func(isTold bool, format string, args ...any) {
		if isTold {
			s = append(s, fmt.Sprintf(format, args...))
		}
	}
	tell(k == Request && silent&(PartMethod|PartTarget) != PartMethod|PartTarget, "%q %q", v.Method, v.Target)
	tell(k == Response && silent&PartStatus == 0, "%d %q", v.Status, v.Reason)
	tell(k != Chunked && silent&PartMinor == 0, "HTTP/1.%d", v.Minor)
	for _, f := range v.Fields {
		tell(silent&PartFields == 0, "%q: %q", f.Name, f.Value)
	}
	tell(silent&PartContent == 0 && len(v.Body) > 0, "body %q", v.Body)
	tell(k != Chunked && silent&PartKeepAlive == 0 && v.Framing.KeepAlive, "keep-alive")
	return strings.Join(s, "\n")
}

// A mark is some bytes of an input as a page shows them: as sent, or by a name.
type mark struct {
	Text  string
	Named bool
	Break bool // a line ends after it
}

// named are the control characters whose marks are not hexadecimal digits.
var named = map[byte]string{'\r': "CR", '\n': "LF", '\t': "HTAB", 0: "NUL"}

// marks makes marks of control characters and obs-text, and of what is between them.
func marks(b []byte) (marks []mark) {
	const most = 600 // bytes that are shown
	rest := b[min(len(b), most):]
	for b = b[:len(b)-len(rest)]; len(b) > 0; {
		plain := bytes.IndexFunc(b, func(r rune) bool { return r < ' ' || r >= 0x7f })
		if plain < 0 {
			plain = len(b)
		}
		if plain > 0 {
			marks = append(marks, mark{Text: string(b[:plain])})
		}
		if b = b[plain:]; len(b) > 0 {
			marks = append(marks, mark{cmp.Or(named[b[0]], fmt.Sprintf("%02x", b[0])), true, b[0] == '\n'})
			b = b[1:]
		}
	}
	if len(rest) > 0 {
		marks = append(marks, mark{Text: fmt.Sprintf("and %d bytes more", len(rest)), Named: true})
	}
	return marks
}

// A matrix is how many findings of each class show a parser.
type matrix struct {
	Classes []Class
	Rows    []matrixRow
}

type matrixRow struct {
	Name   string
	Counts []int
	Sum    int
	State  string // if it is out, or has written what is no answer
}

// matrix counts, for each parser, the findings where it differs from the parser that it is
// compared with. Crashes and deliveries are of the parser alone.
func (r *Report) matrix() (m matrix) {
	type cell struct {
		parser int
		class  Class
	}
	counts := map[cell]int{}
	for i := range r.Findings {
		f := &r.Findings[i]
		for p := range f.Verdicts {
			c := Agree
			switch v := &f.Verdicts[p]; {
			case f.Class == DeliveryDiffers:
				if f.Between[0] == r.Parsers[p] {
					c = DeliveryDiffers
				}
			case v.Result == Crash:
				c = Crashes
			case f.against < len(f.Verdicts) && f.Verdicts[f.against].Result != Crash:
				c = Compare(&f.Verdicts[f.against], v)
			}
			if c != Agree && (c != LatenessDiffers || f.Class == c) {
				counts[cell{p, c}]++
				m.Classes = append(m.Classes, c)
			}
		}
	}
	slices.Sort(m.Classes)
	m.Classes = slices.Compact(m.Classes)
	for i, name := range r.Parsers {
		row := matrixRow{Name: name}
		for _, c := range m.Classes {
			row.Counts = append(row.Counts, counts[cell{i, c}])
			row.Sum += counts[cell{i, c}]
		}
		for _, f := range r.Failures {
			if f.Parser == name {
				row.State = cmp.Or(row.State, f.full())
			}
		}
		m.Rows = append(m.Rows, row)
	}
	return m
}

// WriteHTML writes the report as a page that needs no other file.
func (r *Report) WriteHTML(w io.Writer) error {
	suspects := 0
	for _, f := range r.Findings {
		if f.Suspect {
			suspects++
		}
	}
	return page.Execute(w, struct {
		*Report
		Sections []section
		Matrix   matrix
		Classes  int
		Suspects int
		Marked   bool
		Fresh    int
		When     string
	}{r, r.sections(), r.matrix(), countClasses(r.Findings), suspects, r.marked, r.fresh(), r.Took.Round(time.Second).String()})
}

//go:embed report.html
var pageText string

var page = template.Must(template.New("report").Parse(pageText))

// countClasses returns how many pairs of a class and a rule there are.
func countClasses(findings []Finding) int {
	classes := map[[3]string]bool{}
	for _, f := range findings {
		classes[[3]string{f.Kind.String(), f.Class.String(), f.Rule}] = true
	}
	return len(classes)
}

// A jsonFinding is a line of findings.jsonl.
type jsonFinding struct {
	ID       string            `json:"id"`
	Also     []string          `json:"also,omitempty"`
	Kind     Kind              `json:"kind"`
	Class    Class             `json:"class"`
	Rule     string            `json:"rule"`
	Smuggles bool              `json:"smuggles"`
	Suspect  bool              `json:"suspect"`
	New      *bool             `json:"new,omitempty"`
	Count    int64             `json:"count"`
	Between  []string          `json:"between"`
	Detail   string            `json:"detail,omitempty"`
	Input    []byte            `json:"input"`
	Quoted   string            `json:"quoted"`
	Verdicts map[string]answer `json:"verdicts"`
}

// WriteJSON writes all findings, each as a JSON object on a line, with the input in base64
// and as a Go string. A verdict is an answer of the pipe protocol, whose result may also be
// "crash" or "protocol".
func (r *Report) WriteJSON(w io.Writer) error {
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	for i := range r.Findings {
		f := &r.Findings[i]
		line := jsonFinding{
			ID: f.ID(), Kind: f.Kind, Class: f.Class, Rule: f.Rule, Smuggles: f.Class.Smuggles(), Suspect: f.Suspect,
			Count: f.Count, Between: f.Between, Detail: f.Detail, Input: f.Input, Quoted: fmt.Sprintf("%q", f.Input), Verdicts: map[string]answer{},
		}
		if len(f.ids) > 0 {
			line.Also = f.ids[1:]
		}
		if r.marked {
			line.New = &f.fresh
		}
		for i := range f.Verdicts {
			if v := &f.Verdicts[i]; v.Result != Absent {
				line.Verdicts[r.Parsers[i]] = v.answer(f.Kind)
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

// mark finds out which findings have an ID that is not among those known.
func (r *Report) mark(known map[string]bool) {
	r.marked = true
	for i := range r.Findings {
		f := &r.Findings[i]
		f.fresh = slices.ContainsFunc(f.ids, func(id string) bool { return !known[id] })
	}
}

// fresh returns how many findings were not known.
func (r *Report) fresh() (n int) {
	for _, f := range r.Findings {
		if f.fresh {
			n++
		}
	}
	return n
}

// Merge returns the reports of several kinds as one, whose parsers are those of
// all; a parser that took no part in a kind is Absent there.
func Merge(reports ...*Report) *Report {
	all := new(Report)
	for _, r := range reports {
		for _, name := range r.Parsers {
			if !slices.Contains(all.Parsers, name) {
				all.Parsers = append(all.Parsers, name)
			}
		}
		all.Executions += r.Executions
		all.Took += r.Took
		all.Failures = append(all.Failures, r.Failures...)
	}
	for _, r := range reports {
		for _, f := range r.Findings {
			verdicts := make([]Verdict, len(all.Parsers))
			for i := range verdicts {
				verdicts[i] = Verdict{Result: Absent}
			}
			for i, name := range r.Parsers {
				verdicts[slices.Index(all.Parsers, name)] = f.Verdicts[i]
			}
			f.Verdicts = verdicts
			if f.against < len(r.Parsers) {
				f.against = slices.Index(all.Parsers, r.Parsers[f.against])
			}
			all.Findings = append(all.Findings, f)
		}
	}
	all.sort()
	return all
}
