package differ

import (
	"io"

	"github.com/picohttp/picohttp"
)

// Picohttp returns adaptors of picohttp, one for each profile, the strict one
// first: "picohttp-strict", "picohttp-lenient" and "picohttp-pico". They reject the
// requests for which Check returns an error, except that they leave a missing Host to
// the server, as net/http does: they judge such a request by its Framing.
func Picohttp() []Adaptor {
	var adaptors []Adaptor
	for _, p := range []*profile{
		strict, {picohttp.Parser{Profile: picohttp.Lenient}}, {picohttp.Parser{Profile: picohttp.Pico}},
	} {
		adaptors = append(adaptors, Adaptor{
			Name:     "picohttp-" + p.Profile.String(),
			Request:  func(b []byte) Verdict { return p.verdict(Request, b) },
			Response: func(b []byte) Verdict { return p.verdict(Response, b) },
			Chunked:  func(b []byte) Verdict { return p.verdict(Chunked, b) },
		})
	}
	return adaptors
}

// A profile is picohttp under some Parser.
type profile struct{ picohttp.Parser }

var strict = &profile{picohttp.Parser{Profile: picohttp.Strict}}

func (p *profile) verdict(k Kind, b []byte) (v Verdict) {
	f, err := picohttp.Framing{Body: picohttp.BodyChunked}, error(nil)
	n, at := 0, StageHead
	switch k {
	case Request:
		r := new(picohttp.Request)
		if n, err = p.ParseRequest(r, b); err == nil {
			v.Method, v.Target, v.Minor = string(r.Method()), string(r.Target()), r.Minor()
			v.addFields(&r.Head)
			verdict, errCheck := r.Check()
			if f, err = verdict.Framing, errCheck; err == picohttp.ErrHostMissing {
				f, err = r.Framing()
			}
			at = StageFraming
		}
	case Response:
		r := new(picohttp.Response)
		if n, err = p.ParseResponse(r, b); err == nil {
			v.Minor, v.Status, v.Reason = r.Minor(), r.Status(), string(r.Reason())
			v.addFields(&r.Head)
			f, err = r.Framing("GET")
			at = StageFraming
		}
	default:
		if p.Profile == picohttp.Pico {
			v.Silent = PartFields // it skips trailer sections
		}
	}
	if err != nil {
		return fault(err, at)
	}
	if k != Chunked {
		v.Head, v.Framing = n, Framing{f.Body, f.Length, f.KeepAlive}
	}
	c := picohttp.Content{Response: k == Response}
	c.Start(f, &p.Parser)
	for err == nil {
		var data []byte
		var size int
		data, size, err = c.Next(b[n:])
		v.Body = append(v.Body, data...)
		n += size
	}
	v.Length = n
	if err == io.EOF && k == Chunked {
		v.addFields(&c.Trailer().Head)
	}
	switch {
	case err != io.EOF && err != picohttp.ErrIncomplete:
		f := fault(err, StageBody)
		v.Result, v.Stage, v.Why = f.Result, f.Stage, f.Why
	case c.End() != nil: // the connection ends here
		v.Result, v.Stage = Incomplete, StageBody
	default:
		v.Result = Accept
	}
	return v
}

func (v *Verdict) addFields(h *picohttp.Head) {
	for name, value := range h.Fields() {
		v.Fields = append(v.Fields, Field{string(name), string(value)})
	}
}

func fault(err error, at Stage) Verdict {
	if err == picohttp.ErrIncomplete {
		return Verdict{Result: Incomplete, Stage: at}
	}
	return Verdict{Result: Reject, Stage: at, Why: err.(picohttp.Error).Code()}
}
