package broken

import (
	"io"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/fuzz/differ"
)

// Adaptor makes Parse known to the kit: all that has to be written.
var Adaptor = differ.Adaptor{Name: "broken", Request: verdict}

func verdict(b []byte) differ.Verdict {
	r, n, err := Parse(b)
	if err == io.ErrUnexpectedEOF {
		return differ.Verdict{Result: differ.Incomplete}
	} else if err != nil {
		return differ.Verdict{Result: differ.Reject, Why: err.Error()}
	}
	v := differ.Verdict{
		Result: differ.Accept,
		Silent: differ.PartHead | differ.PartMinor | differ.PartKeepAlive, // it does not tell these
		Length: n,
		Method: r.Method, Target: r.Target,
		Body: r.Body,
	}
	for _, f := range r.Fields {
		v.Fields = append(v.Fields, differ.Field{Name: f[0], Value: f[1]})
	}
	switch {
	case r.Chunked:
		v.Framing.Body = picohttp.BodyChunked
	case r.Length > 0:
		v.Framing = differ.Framing{Body: picohttp.BodyLength, Length: int64(r.Length)}
	}
	return v
}
