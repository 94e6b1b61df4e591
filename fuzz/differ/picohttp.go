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
		Pieces:   p.pieces,
	}
}

func (p *profile) verdict(k Kind, b []byte) Verdict { return p.pieces(k, [][]byte{b}) }

// pieces parses what has arrived when each piece does, as a server would.
func (p *profile) pieces(k Kind, pieces [][]byte) (v Verdict) {
	if k == Chunked {
		v.Stage = StageBody
		if p.parser.Profile == picohttp.Pico {
			v.Silent = PartFields // it throws trailer sections away
		}
		v.body(p, k, picohttp.Framing{Body: picohttp.BodyChunked}, pieces)
		return v
	}
	b := pieces[0]
	if len(pieces) > 1 {
		b = joined(pieces)
	}
	var parse, resume func([]byte) (int, error)
	var framing func() (picohttp.Framing, error) // of a complete head, whose other parts it puts into v
	switch k {
	case Request:
		r := new(picohttp.Request)
		parse = func(b []byte) (int, error) { return p.parser.ParseRequest(r, b) }
		resume, framing = r.Resume, func() (picohttp.Framing, error) { return v.request(r) }
	case Response:
		r := new(picohttp.Response)
		parse = func(b []byte) (int, error) { return p.parser.ParseResponse(r, b) }
		resume, framing = r.Resume, func() (picohttp.Framing, error) { return v.response(r) }
	}
	at := 0
	for i, piece := range pieces {
		at += len(piece)
		n, err := 0, error(nil)
		if i == 0 {
			n, err = parse(b[:at:at])
		} else {
			n, err = resume(b[:at:at])
		}
		if err == picohttp.ErrIncomplete {
			continue
		}
		if err != nil {
			return fault(err, StageHead)
		}
		v.Head, v.Length = n, n
		f, err := framing()
		if err != nil {
			return fault(err, StageFraming)
		}
		v.Framing = Framing{f.Body, f.Length, f.KeepAlive}
		v.body(p, k, f, append([][]byte{b[n:at]}, pieces[i+1:]...))
		return v
	}
	return Verdict{Result: Incomplete, Stage: StageHead}
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

// body decodes content that arrives in pieces on a connection that ends after them.
func (v *Verdict) body(p *profile, k Kind, f picohttp.Framing, pieces [][]byte) {
	c := picohttp.Content{Response: k == Response}
	c.Start(f, &p.parser)
	var left []byte // what Next did not consume
	for _, piece := range pieces {
		b := piece
		if len(left) > 0 {
			b = joined([][]byte{left, piece})
		}
		for {
			data, n, err := c.Next(b)
			v.Body = append(v.Body, data...)
			b = b[n:]
			v.Length += n
			switch err {
			case nil:
				continue
			case io.EOF:
				v.Result = Accept
				if k == Chunked {
					v.addFields(&c.Trailer().Head)
				}
				return
			case picohttp.ErrIncomplete:
			default:
				f := fault(err, StageBody)
				v.Result, v.Stage, v.Why = f.Result, f.Stage, f.Why
				return
			}
			break
		}
		left = b
	}
	v.Result = Accept
	if c.End() != nil {
		v.Result, v.Stage = Incomplete, StageBody
	}
}

func fault(err error, at Stage) Verdict {
	return Verdict{Result: Reject, Stage: at, Why: err.(picohttp.Error).Code()}
}

func joined(pieces [][]byte) []byte {
	b := []byte{}
	for _, piece := range pieces {
		b = append(b, piece...)
	}
	return b
}
