package adaptors

import (
	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/fuzz/differ"
	"github.com/valyala/fasthttp"
)

func fastHTTP() differ.Adaptor { return differ.Adaptor{Name: "fasthttp", Request: fastRequest} }

func fastRequest(b []byte) (v differ.Verdict) {
	s := differ.NewSource(b)
	var r fasthttp.Request
	r.Header.DisableNormalizing()
	if err := r.Header.Read(s.Reader); err != nil {
		return s.Fault(b, err, func(s *differ.Source) error {
			var h fasthttp.RequestHeader
			return h.Read(s.Reader)
		})
	}
	v.Silent = differ.PartMinor | differ.PartConnection
	v.Head = len(b) - s.Left()
	v.Method, v.Target = string(r.Header.Method()), string(r.Header.RequestURI())
	for name, value := range r.Header.All() {
		v.Fields = append(v.Fields, differ.Field{Name: string(name), Value: string(value)})
	}
	v.Framing = framing(int64(r.Header.ContentLength()), !r.Header.ConnectionClose())
	if err := r.ContinueReadBody(s.Reader, 1<<20, false); err != nil {
		return bodyFault(v, err, s.Wanted())
	}
	v.Result, v.Body, v.Length = differ.Accept, append([]byte(nil), r.Body()...), len(b)-s.Left()
	return v
}

// framing is for parsers that have -1 for a chunked body, as fasthttp has, and 0 or
// -2 for none.
func framing(length int64, keepAlive bool) differ.Framing {
	f := differ.Framing{KeepAlive: keepAlive}
	switch {
	case length == -1:
		f.Body = picohttp.BodyChunked
	case length > 0:
		f.Body, f.Length = picohttp.BodyLength, length
	}
	return f
}

// bodyFault is the verdict on a message whose head is v, for an error in its body.
func bodyFault(v differ.Verdict, err error, wanted bool) differ.Verdict {
	v.Result, v.Stage, v.Why = differ.Reject, differ.StageBody, err.Error()
	if wanted {
		v.Result = differ.Incomplete
	}
	return v
}
