package main

import (
	"bufio"
	"bytes"
	"fmt"
	"iter"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/picohttp/picohttp"
	"github.com/valyala/fasthttp"
)

// A peer is a parser in Go, called the way its users call it. It parses one head after another.
type peer interface {
	// take parses a head that arrives in pieces of step bytes, takes the name and the value of
	// each field, and returns the sum of their lengths. If it is to serve, it also takes the
	// host and the values of lookups.
	take(head []byte, step int, serve bool) (size int, err error)
	// describe returns the answer to check-request for the head that take accepted last.
	describe(head []byte) string
	// judge returns the answer to check-serve for that head.
	judge() (string, error)
}

// lookups are the names of the fields that a server looks up. No head has the last one.
var lookups = [...]string{"Accept-Encoding", "Cookie", "X-Absent"}

// serves returns the answer to check-serve. The content is -1 if it is chunked, and -2 if it is a
// tunnel. The marks are the form of the target, the expectations and the upgrade, or dashes if the
// parser does not report them. get looks up a field.
func serves(content int64, keepAlive bool, marks, host string, get func(name string) string) string {
	answer := fmt.Sprintf("serves %d %t %s x%x", content, keepAlive, marks, host)
	for _, name := range lookups {
		answer += fmt.Sprintf(" x%x", get(name))
	}
	return answer
}

// goPeers are the parsers in Go. picohttp is not one of them: it is measured with each kernel.
var goPeers = []string{"net/http", "fasthttp"}

func makePeer(name string) (peer, error) {
	switch name {
	case "picohttp":
		return new(pico), nil
	case "net/http":
		return &netHTTP{connection: newConnection()}, nil
	case "fasthttp":
		return &fastHTTP{connection: newConnection()}, nil
	}
	return nil, fmt.Errorf("no parser %q", name)
}

// aboutParser says what a parser is and how it was built.
func aboutParser(name string) string {
	what := name
	info, _ := debug.ReadBuildInfo()
	for _, m := range info.Deps {
		switch {
		case name == "picohttp":
			what = name + " " + picohttp.Kernel()
		case strings.HasSuffix(m.Path, "/"+name):
			what += " of " + m.Path + " " + m.Version
		}
	}
	what += fmt.Sprintf(", %s %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	for _, s := range info.Settings {
		if s.Key == "GOAMD64" || s.Key == "-pgo" {
			what += " " + s.Key + "=" + s.Value
		}
	}
	return what
}

// pico is picohttp. For heads that arrive whole there are picoLoops instead, because a call through an
// interface takes a tenth of the time of a short head.
type pico struct{ r picohttp.Request }

func (p *pico) take(head []byte, step int, _ bool) (size int, err error) {
	end := min(step, len(head))
	n, err := p.r.Parse(head[:end])
	for err == picohttp.ErrIncomplete && end < len(head) {
		end = min(end+step, len(head))
		n, err = p.r.Resume(head[:end])
	}
	if err == nil && n != len(head) {
		err = fmt.Errorf("%d bytes read", n)
	}
	if err != nil {
		return 0, err
	}
	return fieldLengths(&p.r.Head), nil
}

func (p *pico) describe(head []byte) string {
	b := fmt.Appendf(nil, "reads %d x%x x%x %d", len(head), p.r.Method(), p.r.Target(), p.r.Minor())
	return string(appendFields(b, p.r.Fields()))
}

func appendFields(b []byte, fields iter.Seq2[[]byte, []byte]) []byte {
	for name, value := range fields {
		b = fmt.Appendf(b, " x%x x%x", name, value)
	}
	return b
}

// checkResponse returns the answer to check-response.
func checkResponse(h []byte) (string, error) {
	var r picohttp.Response
	n, err := r.Parse(h)
	if err != nil {
		return "", err
	}
	b := fmt.Appendf(nil, "reads %d %d %d x%x", n, r.Minor(), r.Status(), r.Reason())
	return string(appendFields(b, r.Fields())), nil
}

func (p *pico) judge() (string, error) {
	v, err := p.r.Check()
	content := v.Length
	switch v.Body {
	case picohttp.BodyChunked:
		content = -1
	case picohttp.BodyTunnel:
		content = -2
	}
	marks := fmt.Sprintf("%d %t %t %t", v.Form, v.ExpectContinue, v.ExpectOther, v.Upgrade)
	return serves(content, v.KeepAlive, marks, string(v.Authority), func(name string) string {
		value, _ := p.r.Get(name)
		return string(value)
	}), err
}

// A connection delivers a head, in pieces, to a parser that reads from a bufio.Reader.
type connection struct {
	*bufio.Reader
	source *source
}

type source struct {
	bytes.Reader
	step int
	dry  bool // the parser asked for more than there is
}

func newConnection() connection {
	s := new(source)
	return connection{bufio.NewReaderSize(s, 1<<17), s}
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p[:min(s.step, len(p))])
	s.dry = err != nil
	return n, err
}

func (c *connection) deliver(head []byte, step int) {
	c.source.Reader.Reset(head)
	c.source.step, c.source.dry = step, false
	c.Reset(c.source)
}

// loose returns the answer to check-request of a parser that changes the names of fields or their
// order. It says how many bytes of the head the parser took.
func (c *connection) loose(method, target any, minor int, fields iter.Seq2[[]byte, []byte]) string {
	n := int(c.source.Size()) - c.source.Len() - c.Buffered()
	b := fmt.Appendf(nil, "loose %d x%x x%x %d", n, method, target, minor)
	return string(appendFields(b, fields))
}

// fault returns err, or ErrIncomplete if the parser had read all of the head.
func (c *connection) fault(err error) error {
	if err != nil && c.source.dry {
		return picohttp.ErrIncomplete
	}
	return err
}

type netHTTP struct {
	connection
	r     *http.Request
	added bool // whether Header has a Cache-Control that was not sent
}

func (p *netHTTP) take(head []byte, step int, serve bool) (size int, err error) {
	p.deliver(head, step)
	if p.r, err = http.ReadRequest(p.Reader); err != nil {
		return 0, p.fault(err)
	}
	// ReadRequest removes Host from the Header, and turns a Pragma into a Cache-Control.
	if p.r.Host != "" {
		size = len("Host") + len(p.r.Host)
	}
	for name, values := range p.r.Header {
		for _, value := range values {
			size += len(name) + len(value)
		}
	}
	if p.added = len(p.r.Header["Pragma"]) > 0 && !bytes.Contains(head, []byte("\nCache-Control:")); p.added {
		size -= len("Cache-Control" + "no-cache")
	}
	if serve {
		size += len(p.r.Host)
		for _, name := range lookups {
			size += len(p.r.Header.Get(name))
		}
	}
	return size, nil
}

func (p *netHTTP) judge() (string, error) {
	return serves(p.r.ContentLength, !p.r.Close, "- - - -", p.r.Host, p.r.Header.Get), nil
}

func (p *netHTTP) describe([]byte) string {
	fields := func(yield func(name, value []byte) bool) {
		if p.r.Host != "" {
			yield([]byte("Host"), []byte(p.r.Host))
		}
		for name, values := range p.r.Header {
			for _, value := range values {
				if name != "Cache-Control" || !p.added {
					yield([]byte(name), []byte(value))
				}
			}
		}
	}
	return p.loose(p.r.Method, p.r.RequestURI, p.r.ProtoMinor, fields)
}

type fastHTTP struct {
	connection
	h fasthttp.RequestHeader
}

// take looks up fields before it calls All, because after that looking up Cookie allocates.
func (p *fastHTTP) take(head []byte, step int, serve bool) (size int, err error) {
	p.deliver(head, step)
	if err := p.h.Read(p.Reader); err != nil {
		return 0, p.fault(err)
	}
	if serve {
		size = len(p.h.Host())
		for _, name := range lookups {
			size += len(p.h.Peek(name))
		}
	}
	for name, value := range p.h.All() {
		size += len(name) + len(value)
	}
	return size, nil
}

func (p *fastHTTP) judge() (string, error) {
	content := int64(p.h.ContentLength()) // -1 for chunked, -2 for none
	if content == -2 {
		content = 0
	}
	peek := func(name string) string { return string(p.h.Peek(name)) }
	return serves(content, !p.h.ConnectionClose(), "- - - -", string(p.h.Host()), peek), nil
}

func (p *fastHTTP) describe([]byte) string {
	minor := 1
	if string(p.h.Protocol()) == "HTTP/1.0" {
		minor = 0
	}
	return p.loose(p.h.Method(), p.h.RequestURI(), minor, p.h.All())
}
