package differ

import (
	"io"

	"github.com/picohttp/picohttp"
)

// Picohttp returns adaptors of picohttp, one for each profile, the strict one
// first: "picohttp-strict", "picohttp-lenient" and "picohttp-pico". They reject what
// Framing or Host is an error for, unless Host is missing.
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
		v.body(p, pieces, 0)
		return v
	}
	b := pieces[0]
	if len(pieces) > 1 {
		b = joined(pieces)
	}
	var parse, resume func([]byte) (int, error)
	var done func()
	switch k {
	case Request:
		r := new(picohttp.Request)
		parse = func(b []byte) (int, error) { return p.parser.ParseRequest(r, b) }
		resume, done = r.Resume, func() { v.request(r) }
	case Response:
		r := new(picohttp.Response)
		parse = func(b []byte) (int, error) { return p.parser.ParseResponse(r, b) }
		resume, done = r.Resume, func() { v.response(r) }
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
		if done(); v.Result != Accept {
			return v
		}
		switch v.Framing.Body {
		case picohttp.BodyLength:
			rest := b[n:]
			if int64(len(rest)) < v.Framing.Length {
				v.Result, v.Stage = Incomplete, StageBody
			} else {
				rest = rest[:v.Framing.Length]
			}
			v.Body = append(v.Body, rest...)
			v.Length += len(rest)
		case picohttp.BodyUntilClose:
			v.Body = append(v.Body, b[n:]...)
			v.Length = len(b)
		case picohttp.BodyChunked:
			v.body(p, append([][]byte{b[n:at]}, pieces[i+1:]...), n)
		}
		return v
	}
	return Verdict{Result: Incomplete, Stage: StageHead}
}

func (v *Verdict) request(r *picohttp.Request) {
	v.Method, v.Target, v.Minor = string(r.Method()), string(r.Target()), r.Minor()
	for name, value := range r.Fields() {
		v.Fields = append(v.Fields, Field{string(name), string(value)})
	}
	v.frame(r.Framing())
	// Two hosts are two readings. Whether there has to be one is left to the
	// server, as net/http does.
	if _, err := r.Host(); v.Result == Accept && err != nil && err != picohttp.ErrHostMissing {
		*v = fault(err, StageFraming)
	}
}

func (v *Verdict) response(r *picohttp.Response) {
	v.Minor, v.Status, v.Reason = r.Minor(), r.Status(), string(r.Reason())
	for name, value := range r.Fields() {
		v.Fields = append(v.Fields, Field{string(name), string(value)})
	}
	v.frame(r.Framing("GET"))
}

func (v *Verdict) frame(f picohttp.Framing, err error) {
	if err != nil {
		*v = fault(err, StageFraming)
		return
	}
	v.Result, v.Framing = Accept, Framing{f.Body, f.Length, f.KeepAlive}
}

// body decodes a chunked body, of which pieces arrive one by one and before
// which there were head octets.
func (v *Verdict) body(p *profile, pieces [][]byte, head int) {
	d := picohttp.Chunked{Parser: &p.parser}
	v.Length = head
	var left []byte // what Next did not consume
	for _, piece := range pieces {
		b := piece
		if len(left) > 0 {
			b = joined([][]byte{left, piece})
		}
		for {
			data, n, err := d.Next(b)
			v.Body = append(v.Body, data...)
			b = b[n:]
			v.Length += n
			if err == nil {
				continue
			}
			if err == io.EOF {
				v.Result = Accept
				if head == 0 {
					for name, value := range d.Trailer().Fields() {
						v.Fields = append(v.Fields, Field{string(name), string(value)})
					}
				}
				return
			}
			if err != picohttp.ErrIncomplete {
				f := fault(err, StageBody)
				v.Result, v.Stage, v.Why = f.Result, f.Stage, f.Why
				return
			}
			break
		}
		left = b
	}
	v.Result, v.Stage = Incomplete, StageBody
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
