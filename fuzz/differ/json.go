package differ

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
)

// A jsonFinding is a line of findings.jsonl.
type jsonFinding struct {
	ID       string                 `json:"id"`
	Also     []string               `json:"also,omitempty"`
	Kind     Kind                   `json:"kind"`
	Class    Class                  `json:"class"`
	Rule     string                 `json:"rule"`
	Smuggles bool                   `json:"smuggles"`
	Suspect  bool                   `json:"suspect"`
	New      *bool                  `json:"new,omitempty"`
	Count    int64                  `json:"count"`
	Between  []string               `json:"between"`
	Detail   string                 `json:"detail,omitempty"`
	Input    []byte                 `json:"input"`
	Quoted   string                 `json:"quoted"`
	Verdicts map[string]jsonVerdict `json:"verdicts"`
}

// A jsonVerdict is a Verdict without what it is silent about. Strings are Latin-1, as in the
// pipe protocol.
type jsonVerdict struct {
	Result  Result       `json:"result"`
	Stage   *Stage       `json:"stage,omitempty"`
	Head    *int         `json:"head,omitempty"`
	Length  *int         `json:"length,omitempty"`
	Method  *string      `json:"method,omitempty"`
	Target  *string      `json:"target,omitempty"`
	Minor   *int         `json:"minor,omitempty"`
	Status  *int         `json:"status_code,omitempty"`
	Reason  *string      `json:"reason,omitempty"`
	Fields  [][2]string  `json:"fields,omitzero"`
	Framing *jsonFraming `json:"framing,omitempty"`
	Body    *[]byte      `json:"body,omitempty"`
	Why     string       `json:"why,omitempty"`
	Where   string       `json:"where,omitempty"`
}

type jsonFraming struct {
	Body      string `json:"body,omitempty"`
	Length    *int64 `json:"length,omitempty"`
	KeepAlive *bool  `json:"keep_alive,omitempty"`
}

// WriteJSON writes the findings, a JSON object a line: all of them, with the inputs in
// base64 and as Go strings.
func (r *Report) WriteJSON(w io.Writer) error {
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	for i := range r.Findings {
		f := &r.Findings[i]
		line := jsonFinding{
			ID: f.ID(), Kind: f.Kind, Class: f.Class, Rule: f.Rule, Smuggles: f.Class.Smuggles(), Suspect: f.Suspect,
			Count: f.Count, Detail: f.Detail, Input: f.Input, Quoted: fmt.Sprintf("%q", f.Input), Verdicts: map[string]jsonVerdict{},
		}
		if len(f.ids) > 0 {
			line.Also = f.ids[1:]
		}
		if r.marked {
			line.New = &f.fresh
		}
		for _, name := range f.Between {
			if name != "" {
				line.Between = append(line.Between, name)
			}
		}
		for i := range f.Verdicts {
			if v := &f.Verdicts[i]; v.Result != Absent {
				line.Verdicts[r.Parsers[i]] = v.json(f.Kind)
			}
		}
		if err := lines.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

func (v *Verdict) json(k Kind) jsonVerdict {
	out := jsonVerdict{Result: v.Result, Why: v.Why, Where: v.Where}
	if v.Result == Reject || v.Result == Incomplete {
		out.Stage = &v.Stage
	}
	if !v.knowsHead() {
		return out
	}
	silent := v.untold()
	text := func(s string, part Parts) *string {
		if s = latin1(s); silent&part != 0 {
			return nil
		}
		return &s
	}
	tell := func(n *int, part Parts) *int {
		if silent&part != 0 {
			return nil
		}
		return n
	}
	out.Length = tell(&v.Length, PartLength)
	if silent&PartContent == 0 {
		out.Body = &v.Body
	}
	if silent&PartFields == 0 {
		out.Fields = [][2]string{}
		for _, f := range v.Fields {
			out.Fields = append(out.Fields, [2]string{latin1(f.Name), latin1(f.Value)})
		}
	}
	if k == Chunked {
		return out
	}
	out.Head, out.Minor = tell(&v.Head, PartHead), tell(&v.Minor, PartMinor)
	if k == Request {
		out.Method, out.Target = text(v.Method, PartMethod), text(v.Target, PartTarget)
	} else {
		out.Status, out.Reason = tell(&v.Status, PartStatus), text(v.Reason, PartReason)
	}
	if silent&PartFraming == 0 {
		out.Framing = &jsonFraming{Body: v.Framing.Body.String()}
		if v.Framing.Body.String() == "length" && v.Framing.Length >= 0 {
			out.Framing.Length = &v.Framing.Length
		}
		if silent&PartKeepAlive == 0 {
			out.Framing.KeepAlive = &v.Framing.KeepAlive
		}
	}
	return out
}

// writeKnown writes the IDs of all findings: a file for -known, with neither the name of a
// parser nor an input.
func (r *Report) writeKnown(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "# IDs of findings, for -known. What comes after an ID is a comment.")
	for i := range r.Findings {
		f := &r.Findings[i]
		for _, id := range f.ids {
			fmt.Fprintf(out, "%s %s %s %s\n", id, f.Kind, f.Class, cmp.Or(f.Rule, "none"))
		}
	}
	return out.Flush()
}

// mark finds out which findings have an ID that is not among those known.
func (r *Report) mark(known map[string]bool) {
	r.marked = true
	for i := range r.Findings {
		f := &r.Findings[i]
		f.fresh = false
		for _, id := range f.ids {
			f.fresh = f.fresh || !known[id]
		}
	}
}

// fresh returns how many findings were not known.
func (r *Report) fresh() (n int) {
	for i := range r.Findings {
		if r.Findings[i].fresh {
			n++
		}
	}
	return n
}
