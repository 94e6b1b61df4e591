package differ

import (
	"bufio"
	"cmp"
	_ "embed"
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

	findings []*Finding
}

// A column is of parsers that say the same of all findings of a section.
type column struct {
	Names   []string
	parsers []int
}

// A row is a finding.
type row struct {
	ID      string
	Rule    string
	Suspect bool
	New     bool
	Count   int64
	Input   []mark
	Quoted  string
	Detail  string
	Cells   []cell
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
		s.findings = append(s.findings, f)
	}
	for i := range sections {
		sections[i].layOut(r.Parsers)
	}
	return sections
}

// layOut makes the columns and rows. A parser that took no part has no column.
func (s *section) layOut(parsers []string) {
	at := map[string]int{}
	for i, name := range parsers {
		var said strings.Builder
		absent := true
		for _, f := range s.findings {
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
	for _, f := range s.findings {
		out := row{
			ID: f.ID(), Rule: cmp.Or(f.Rule, "no rule is broken"), Suspect: f.Suspect, New: f.fresh, Count: f.Count,
			Input: marks(f.Input), Quoted: fmt.Sprintf("%q", f.Input), Detail: f.Detail,
		}
		for _, c := range s.Columns {
			out.Cells = append(out.Cells, f.cell(parsers, c.parsers))
		}
		s.Rows = append(s.Rows, out)
	}
}

// odd reports whether a parser says something else than the one it is compared with.
func (f *Finding) odd(parser int) bool {
	return f.against < len(f.Verdicts) && Compare(&f.Verdicts[f.against], &f.Verdicts[parser]) != Agree
}

// cell is what some parsers say, who differ in nothing but their words.
func (f *Finding) cell(names []string, parsers []int) cell {
	v := &f.Verdicts[parsers[0]]
	c := cell{Result: v.Result.String(), Short: v.short(f.Kind), Odd: f.odd(parsers[0])}
	var text []string
	by := map[string][]string{}
	var whys []string
	for _, i := range parsers {
		why := fmt.Sprintf("%q", f.Verdicts[i].Why) // it may quote the input
		if why = why[1 : len(why)-1]; why != "" {
			if by[why] == nil {
				whys = append(whys, why)
			}
			by[why] = append(by[why], names[i])
		}
	}
	for _, why := range whys {
		if len(by[why]) < len(parsers) {
			why += " (" + strings.Join(by[why], ", ") + ")"
		}
		text = append(text, why)
	}
	if long := v.long(f.Kind); long != "" {
		text = append(text, long)
	}
	c.Text = strings.Join(text, "\n")
	c.Folded = c.Summary() != c.Text
	return c
}

// short is a verdict in a line: the result, where the message ends, and how it
// is framed.
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

// long is what there is more to say of an accepted message.
func (v *Verdict) long(k Kind) string {
	var s []string
	if v.Result != Accept {
		return ""
	}
	silent := v.untold()
	if k == Request && silent&(PartMethod|PartTarget) != PartMethod|PartTarget {
		s = append(s, fmt.Sprintf("%q %q", v.Method, v.Target))
	} else if k == Response && silent&PartStatus == 0 {
		s = append(s, fmt.Sprintf("%d %q", v.Status, v.Reason))
	}
	if silent&PartMinor == 0 && k != Chunked {
		s = append(s, fmt.Sprintf("HTTP/1.%d", v.Minor))
	}
	if silent&PartFields == 0 {
		for _, f := range v.Fields {
			s = append(s, fmt.Sprintf("%q: %q", f.Name, f.Value))
		}
	}
	if silent&PartContent == 0 && len(v.Body) > 0 {
		s = append(s, fmt.Sprintf("body %q", v.Body))
	}
	if k != Chunked && silent&PartKeepAlive == 0 && v.Framing.KeepAlive {
		s = append(s, "keep-alive")
	}
	return strings.Join(s, "\n")
}

// A mark is some bytes of an input as a page shows them: as sent, or by a name.
type mark struct {
	Text  string
	Named bool
	Break bool // a line ends behind it
}

// marks gives names to control characters, and hexadecimal digits to obs-text.
func marks(b []byte) (marks []mark) {
	const most = 600 // bytes that are shown
	plain := 0
	flush := func(end int) {
		if end > plain {
			marks = append(marks, mark{Text: string(b[plain:end])})
		}
		plain = end + 1
	}
	for i, c := range b {
		if i == most {
			flush(i)
			return append(marks, mark{Text: fmt.Sprintf("and %d bytes more", len(b)-i), Named: true})
		}
		if c >= ' ' && c < 0x7f {
			continue
		}
		flush(i)
		name := fmt.Sprintf("%02x", c)
		switch c {
		case '\r':
			name = "CR"
		case '\n':
			name = "LF"
		case '\t':
			name = "HTAB"
		case 0:
			name = "NUL"
		}
		marks = append(marks, mark{name, true, c == '\n'})
	}
	flush(len(b))
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

// matrix counts, for each parser, the findings where it says something else than the parser
// that it is compared with. Crashes and deliveries are of the parser alone.
func (r *Report) matrix() (m matrix) {
	counts := map[Class][]int{}
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
			if c == Agree || c == LatenessDiffers && f.Class != c {
				continue
			}
			if counts[c] == nil {
				counts[c] = make([]int, len(r.Parsers))
				m.Classes = append(m.Classes, c)
			}
			counts[c][p]++
		}
	}
	slices.Sort(m.Classes)
	for i, name := range r.Parsers {
		row := matrixRow{Name: name}
		for _, c := range m.Classes {
			row.Counts = append(row.Counts, counts[c][i])
			row.Sum += counts[c][i]
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

// reference is the parser that the others are compared with, if it is always the same.
func (r *Report) reference() string {
	name := ""
	for _, f := range r.Findings {
		if f.against >= len(r.Parsers) || name != "" && name != r.Parsers[f.against] {
			return "the parser that it is compared with"
		}
		name = r.Parsers[f.against]
	}
	return cmp.Or(name, "the first parser")
}

// WriteHTML writes the report as a page that needs no other file.
func (r *Report) WriteHTML(w io.Writer) error {
	return page.Execute(w, struct {
		*Report
		Sections  []section
		Matrix    matrix
		Classes   int
		Suspects  int
		Marked    bool
		Fresh     int
		Reference string
		When      string
	}{r, r.sections(), r.matrix(), len(r.counts()), r.suspects(), r.marked, r.fresh(), r.reference(), r.Took.Round(time.Second).String()})
}

//go:embed report.html
var pageText string

var page = template.Must(template.New("report").Parse(pageText))

// WriteMarkdown writes the report as tables, a row a finding.
func (r *Report) WriteMarkdown(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "# Disagreements of %s\n\n", strings.Join(r.Parsers, ", "))
	fmt.Fprintf(out, "%d executions in %s: %d findings in %d classes, %d of them suspect (marked !): strict picohttp accepts what not all others that do read alike.\n",
		r.Executions, r.Took.Round(time.Second), len(r.Findings), len(r.counts()), r.suspects())
	fmt.Fprint(out, "\nPrivate until the maintainers have heard of it: inputs and names together are ready for use.\n")
	for _, f := range r.Failures {
		fmt.Fprintf(out, "\n%s: %s\n", f.Kind, inTable(f.full()))
	}
	for _, s := range r.sections() {
		fmt.Fprintf(out, "\n## %s: %s\n\n%s.\n\n| rule | input |", s.Kind, s.Class, s.Text)
		for _, c := range s.Columns {
			fmt.Fprintf(out, " %s |", inTable(strings.Join(c.Names, ", ")))
		}
		fmt.Fprintf(out, " seen |\n|---|---|%s---|\n", strings.Repeat("---|", len(s.Columns)))
		for _, row := range s.Rows {
			rule := row.Rule
			if row.Suspect {
				rule = "! " + rule
			}
			var input strings.Builder
			for _, m := range row.Input {
				if m.Named {
					m.Text = "‹" + m.Text + "›"
				}
				input.WriteString(m.Text)
			}
			fmt.Fprintf(out, "| %s | %s |", inTable(rule), inTable(input.String()))
			for _, c := range row.Cells {
				text := inTable(c.Short)
				if c.Odd {
					text = "**" + text + "**"
				}
				fmt.Fprintf(out, " %s |", text)
			}
			fmt.Fprintf(out, " %d |\n", row.Count)
			if row.Detail != "" {
				fmt.Fprintf(out, "| | %s |%s |\n", inTable(row.Detail), strings.Repeat(" |", len(s.Columns)))
			}
		}
		if s.More > 0 {
			fmt.Fprintf(out, "\n%d more of the same rules are in findings.jsonl.\n", s.More)
		}
	}
	return out.Flush()
}

// inTable escapes what would end a cell or be taken for markup.
func inTable(s string) string {
	if s == "" {
		return " "
	}
	return strings.NewReplacer("|", "\\|", "\n", " ", "<", "&lt;", "*", "\\*", "_", "\\_", "`", "\\`", "[", "\\[").Replace(s)
}

// A count is what may be published of findings.
type count struct {
	kind     Kind
	class    Class
	rule     string
	findings int
	inputs   int64
	accept   int // parsers that accept the shortest input
	of       int
}

func (r *Report) counts() (counts []count) {
	at := map[string]int{}
	for _, f := range r.Findings {
		key := fmt.Sprint(f.Kind, f.Class, f.Rule)
		i, seen := at[key]
		if !seen {
			i = len(counts)
			at[key] = i
			c := count{kind: f.Kind, class: f.Class, rule: f.Rule, of: len(f.Verdicts)}
			for _, v := range f.Verdicts {
				if v.Result == Accept {
					c.accept++
				}
			}
			counts = append(counts, c)
		}
		counts[i].findings++
		counts[i].inputs += f.Count
	}
	return counts
}

func (r *Report) suspects() (n int) {
	for _, f := range r.Findings {
		if f.Suspect {
			n++
		}
	}
	return n
}

// WriteSummary writes what may be published: classes and counts, with neither
// the name of a parser nor an input.
func (r *Report) WriteSummary(w io.Writer) error {
	out := bufio.NewWriter(w)
	counts := r.counts()
	fmt.Fprintf(out, "%d executions of %d parsers: %d classes of disagreements.\n\n| kind | class | rule | accepted by | findings | seen |\n|---|---|---|---|---|---|\n",
		r.Executions, len(r.Parsers), len(counts))
	for _, c := range counts {
		fmt.Fprintf(out, "| %s | %s | %s | %d of %d | %d | %d |\n", c.kind, c.class, cmp.Or(c.rule, "none is broken"), c.accept, c.of, c.findings, c.inputs)
	}
	return out.Flush()
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
