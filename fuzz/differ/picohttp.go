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
	return []Adaptor{
		strict.adaptor(),
		(&profile{picohttp.Parser{Profile: picohttp.Lenient}}).adaptor(),
		(&profile{picohttp.Parser{Profile: picohttp.Pico}}).adaptor(),
	}
}

// A profile is picohttp under some Parser.
type profile struct{ parser picohttp.Parser }

var strict = &profile{picohttp.Parser{Profile: picohttp.Strict}}

func (p *profile) adaptor() Adaptor {
	return Adaptor{
		Name:     "picohttp-" + p.parser.Profile.String(),
		Request:  func(b []byte) Verdict { return p.verdict(Request, b) },
		Response: func(b []byte) Verdict { return p.verdict(Response, b) },
		Chunked:  func(b []byte) Verdict { return p.verdict(Chunked, b) },
	}
}

func (p *profile) verdict(k Kind, b []byte) (v Verdict) {
	n, f, err := 0, picohttp.Framing{Body: picohttp.BodyChunked}, error(nil)
	framing := func() (picohttp.Framing, error) { return f, nil }
	switch k {
	case Request:
		r := new(picohttp.Request)
		n, err = p.parser.ParseRequest(r, b)
		framing = func() (picohttp.Framing, error) { return v.request(r) }
	case Response:
		r := new(picohttp.Response)
		n, err = p.parser.ParseResponse(r, b)
		framing = func() (picohttp.Framing, error) { return v.response(r) }
	default:
		v.Stage = StageBody
		if p.parser.Profile == picohttp.Pico {
			v.Silent = PartFields // it skips trailer sections
		}
	}
	if err == picohttp.ErrIncomplete {
		return Verdict{Result: Incomplete, Stage: StageHead}
	} else if err != nil {
		return fault(err, StageHead)
	}
	if f, err = framing(); err != nil {
		return fault(err, StageFraming)
	}
	if k != Chunked {
		v.Head, v.Framing = n, Framing{f.Body, f.Length, f.KeepAlive}
	}
	c := picohttp.Content{Response: k == Response}
	c.Start(f, &p.parser)
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
	} else if err != io.EOF && err != picohttp.ErrIncomplete {
		f := fault(err, StageBody)
		v.Result, v.Stage, v.Why = f.Result, f.Stage, f.Why
		return v
	}
	v.Result = Accept
	if c.End() != nil { // the connection ends here
		v.Result, v.Stage = Incomplete, StageBody
	}
	return v
}

func (v *Verdict) request(r *picohttp.Request) (picohttp.Framing, error) {
	v.Method, v.Target, v.Minor = string(r.Method()), string(r.Target()), r.Minor()
	v.addFields(&r.Head)
	verdict, err := r.Check()
	if err == picohttp.ErrHostMissing {
		return r.Framing()
	}
	return verdict.Framing, err
}

func (v *Verdict) response(r *picohttp.Response) (picohttp.Framing, error) {
	v.Minor, v.Status, v.Reason = r.Minor(), r.Status(), string(r.Reason())
	v.addFields(&r.Head)
	return r.Framing("GET")
}

func (v *Verdict) addFields(h *picohttp.Head) {
	for name, value := range h.Fields() {
		v.Fields = append(v.Fields, Field{string(name), string(value)})
	}
}

func fault(err error, at Stage) Verdict {
	return Verdict{Result: Reject, Stage: at, Why: err.(picohttp.Error).Code()}
}
