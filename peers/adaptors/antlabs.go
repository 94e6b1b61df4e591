package adaptors

import (
	"sort"
	"strings"

	"github.com/antlabs/httparser"
	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/fuzz/differ"
)

func antlabs() differ.Adaptor { return differ.Adaptor{Name: "antlabs", Request: antlabsRequest} }

func antlabsRequest(b []byte) (v differ.Verdict) {
	const begins, names, values, over = 0, 1, 2, 3
	part := begins
	done := false
	setting := httparser.Setting{
		URL: func(_ *httparser.Parser, url []byte, _ int) {
			if !done {
				v.Target += string(url)
			}
		},
		HeaderField: func(_ *httparser.Parser, name []byte, _ int) {
			if done || part == over {
				return
			}
			if part != names {
				v.Fields = append(v.Fields, differ.Field{})
			}
			part = names
			v.Fields[len(v.Fields)-1].Name += string(name)
		},
		HeaderValue: func(_ *httparser.Parser, value []byte, _ int) {
			if done || part == over || len(v.Fields) == 0 {
				return
			}
			part = values
			f := &v.Fields[len(v.Fields)-1]
			f.Value += string(value)
			if strings.EqualFold(f.Name, "transfer-encoding") {
				v.Framing.Body = picohttp.BodyChunked
			}
		},
		HeadersComplete: func(p *httparser.Parser, _ int) {
			if !done {
				part = over
			}
		},
		Body: func(_ *httparser.Parser, body []byte, _ int) {
			if !done {
				v.Body = append(v.Body, body...)
			}
		},
	}
	setting.MessageComplete = func(p *httparser.Parser, _ int) {
		if !done {
			v.Method, v.Minor = p.Method.String(), int(p.Minor)
		}
		done = true
	}
	p := httparser.New(httparser.REQUEST)
	_, err := p.Execute(&setting, append([]byte(nil), b...))
	switch {
	case done:
		v.Result = differ.Accept
	case err == nil:
		return differ.Verdict{Result: differ.Incomplete}
	default:
		return differ.Verdict{Why: err.Error()}
	}
	// It does not say where the head ended, nor all of how the body is framed.
	v.Silent = differ.PartHead | differ.PartKeepAlive
	if v.Framing.Body != picohttp.BodyChunked && len(v.Body) > 0 {
		v.Framing = differ.Framing{Body: picohttp.BodyLength, Length: int64(len(v.Body))}
	}
	v.Length = sort.Search(len(b), func(n int) bool { return antlabsComplete(b[:n]) })
	return v
}

// antlabsComplete reports whether a message ends in b: how long it is, the parser does
// not say.
func antlabsComplete(b []byte) (done bool) {
	setting := httparser.Setting{MessageComplete: func(*httparser.Parser, int) { done = true }}
	httparser.New(httparser.REQUEST).Execute(&setting, append([]byte(nil), b...))
	return done
}
