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
	Executions int64
	Took       time.Duration
}

// maxRows is how many findings of one class and rule a page shows, the shortest
// ones.
const maxRows = 4

// A section is the findings of one class.
type section struct {
	Kind  Kind
	Class Class
	Text  string
	Rows  []row
	More  int // findings that are not shown
}

// A row is a finding.
type row struct {
	Rule    string
	Suspect bool
	Count   int64
	Input   []mark
	Quoted  string
	Detail  string
	Cells   []cell
}

// A cell is what a parser said, as a short line and a longer one.
type cell struct {
	Result, Short, Long string
	Odd                 bool // another than the first parser
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
		if shown[key]++; shown[key] > maxRows && !f.Suspect {
			s.More++
			continue
		}
		s.Rows = append(s.Rows, f.row())
	}
	return sections
}

func (f *Finding) row() row {
	out := row{Rule: f.Rule, Suspect: f.Suspect, Count: f.Count, Input: marks(f.Input), Quoted: fmt.Sprintf("%q", f.Input), Detail: f.Detail}
	if out.Rule == "" {
		out.Rule = "no rule is broken"
	}
	for i := range f.Verdicts {
		v := &f.Verdicts[i]
		out.Cells = append(out.Cells, cell{
			Result: v.Result.String(), Short: v.short(f.Kind), Long: v.long(f.Kind),
			Odd: Compare(&f.Verdicts[0], v) != Agree,
		})
	}
	return out
}

// short is a verdict in a line: the result, where the message ends, and how it
// is framed.
func (v *Verdict) short(k Kind) string {
	switch {
	case v.Result != Accept && v.Stage > StageHead && k != Chunked:
		return fmt.Sprintf("%s (%s)", v.Result, v.Stage)
	case v.Result != Accept:
		return v.Result.String()
	}
	var s []string
	switch {
	case v.Silent&PartBody == 0:
		s = append(s, fmt.Sprintf("accept %d", v.Length))
	case v.Silent&PartHead == 0:
		s = append(s, fmt.Sprintf("accept head %d", v.Head))
	default:
		s = append(s, "accept")
	}
	if k != Chunked && v.Silent&PartFraming == 0 {
		if v.Framing.Body == picohttp.BodyLength {
			s = append(s, fmt.Sprintf("length %d", v.Framing.Length))
		} else {
			s = append(s, v.Framing.Body.String())
		}
	}
	return strings.Join(s, ", ")
}

// long is what there is more to say.
func (v *Verdict) long(k Kind) string {
	var s []string
	if v.Why != "" {
		why := fmt.Sprintf("%q", v.Why) // it may quote the input
		s = append(s, why[1:len(why)-1])
	}
	if v.Result != Accept {
		return strings.Join(s, "\n")
	}
	switch {
	case v.Silent&PartStartLine != 0 || k == Chunked:
	case k == Request:
		s = append(s, fmt.Sprintf("%q %q", v.Method, v.Target))
	default:
		s = append(s, fmt.Sprintf("%d %q", v.Status, v.Reason))
	}
	if v.Silent&PartMinor == 0 && k != Chunked {
		s = append(s, fmt.Sprintf("HTTP/1.%d", v.Minor))
	}
	if v.Silent&PartFields == 0 {
		for _, f := range v.Fields {
			s = append(s, fmt.Sprintf("%q: %q", f.Name, f.Value))
		}
	}
	if v.Silent&PartBody == 0 && len(v.Body) > 0 {
		s = append(s, fmt.Sprintf("body %q", v.Body))
	}
	if k != Chunked && v.Silent&PartKeepAlive == 0 && v.Framing.KeepAlive {
		s = append(s, "keep-alive")
	}
	return strings.Join(s, "\n")
}

// A mark is some octets of an input as a page shows them: as sent, or by a name.
type mark struct {
	Text  string
	Named bool
	Break bool // a line ends behind it
}

// marks gives names to control characters, and hexadecimal digits to obs-text.
func marks(b []byte) (marks []mark) {
	const most = 600 // octets that are shown
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
			return append(marks, mark{Text: fmt.Sprintf("and %d octets more", len(b)-i), Named: true})
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

// WriteHTML writes the report as a page that needs no other file.
func (r *Report) WriteHTML(w io.Writer) error {
	return page.Execute(w, struct {
		*Report
		Sections []section
		Classes  int
		Suspects int
		When     string
	}{r, r.sections(), len(r.counts()), r.suspects(), r.Took.Round(time.Second).String()})
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
	for _, s := range r.sections() {
		fmt.Fprintf(out, "\n## %s: %s\n\n%s.\n\n| rule | input |", s.Kind, s.Class, s.Text)
		for _, p := range r.Parsers {
			fmt.Fprintf(out, " %s |", inTable(p))
		}
		fmt.Fprintf(out, " seen |\n|---|---|%s---|\n", strings.Repeat("---|", len(r.Parsers)))
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
				fmt.Fprintf(out, "| | %s |%s |\n", inTable(row.Detail), strings.Repeat(" |", len(r.Parsers)))
			}
		}
		if s.More > 0 {
			fmt.Fprintf(out, "\nAnd %d more of the same rules.\n", s.More)
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
			all.Findings = append(all.Findings, f)
		}
	}
	all.sort()
	return all
}
