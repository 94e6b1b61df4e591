package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/antlabs/httparser"
	hertzproto "github.com/cloudwego/hertz/pkg/protocol"
	hertzreq "github.com/cloudwego/hertz/pkg/protocol/http1/req"
	"github.com/lesismal/nbio/nbhttp"
	"github.com/picohttp/picohttp"
	"github.com/valyala/fasthttp"
)

// A peer is a parser in Go, called the way its users call it. It parses one head after another.
// What its methods return is valid until the next head.
type peer interface {
	// read parses a head that arrives in pieces of step bytes, takes the name and the
	// value of each field, and returns the sum of their lengths.
	read(head []byte, step int) (size int, err error)
	// parts returns all parts of the head that read accepted last.
	parts(head []byte) parts
	// keep parses a head and returns what a server must hold on to for as long as it
	// wants to read the fields. The head is not used for anything else.
	keep(head []byte) (any, error)
}

// parts is a head in a form in which all parsers can be compared.
type parts struct {
	n              int
	method, target string
	minor          int
	fields         [][2]string
	loose          bool // names are not as sent, or fields not in order
}

func (p *parts) add(name, value string) { p.fields = append(p.fields, [2]string{name, value}) }

// A decider is a peer that knows all that a server must know before it can respond.
type decider interface {
	peer
	// judgment returns the answer to check-serve for the head that read accepted last.
	judgment() (string, error)
}

// A responder is a decider that can be timed.
type responder interface {
	decider
	// serve parses a head that arrives whole, takes each field, the host and the values
	// of lookups, and returns the sum of the lengths.
	serve(head []byte) (size int, err error)
}

// lookups are the names of the fields that a server looks up. No head has the last one.
var lookups = [...]string{"Accept-Encoding", "Cookie", "X-Absent"}

// unknown stands for the form of the target, the expectations, and the upgrade in the answer of a
// parser that does not tell them.
const unknown = "- - - -"

// serves returns the answer to check-serve. The content is -1 if it is chunked and -2 if
// it is a tunnel; get looks up a field.
func serves(content int64, keepAlive bool, marks, host string, get func(name string) string) string {
	answer := fmt.Sprintf("serves %d %t %s x%x", content, keepAlive, marks, host)
	for _, name := range lookups {
		answer += fmt.Sprintf(" x%x", get(name))
	}
	return answer
}

// errMore says that a head is incomplete.
var errMore = errors.New("the head is not complete")

// goPeers are the parsers in Go, by their names on the command line. picohttp is not one
// of them: it is measured with each kernel.
var goPeers = []struct {
	name, module string
	make         func() peer
}{
	{"net/http", "", func() peer { return &netHTTP{connection: newConnection()} }},
	{"fasthttp", "github.com/valyala/fasthttp", func() peer { return &fastHTTP{connection: newConnection()} }},
	{"hertz", "github.com/cloudwego/hertz", func() peer { return &hertz{connection: newConnection()} }},
	{"nbio", "github.com/lesismal/nbio", func() peer { return new(nbio) }},
	{"antlabs", "github.com/antlabs/httparser", func() peer { return newAntlabs() }},
}

func makePeer(name string) (peer, error) {
	if name == "picohttp" {
		return new(pico), nil
	}
	for _, p := range goPeers {
		if p.name == name {
			return p.make(), nil
		}
	}
	return nil, fmt.Errorf("no parser %q", name)
}

// aboutParser says what a parser is and how it was built.
func aboutParser(name string) string {
	from := "the standard library"
	info, _ := debug.ReadBuildInfo()
	for _, p := range goPeers {
		if p.name == name && p.module != "" {
			from = p.module
			for _, m := range info.Deps {
				if m.Path == p.module {
					from += " " + m.Version
				}
			}
		}
	}
	what := name + " of " + from
	if name == "picohttp" {
		what = name + " " + picohttp.Kernel()
	}
	what += fmt.Sprintf(", %s %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	for _, s := range info.Settings {
		if s.Key == "GOAMD64" || s.Key == "-pgo" {
			what += " " + s.Key + "=" + s.Value
		}
	}
	return what
}

// pico is picohttp. Heads that arrive whole are not read through it but in loops of
// their own, because a call through an interface takes a tenth of the time of a short head.
type pico struct{ r picohttp.Request }

func (p *pico) read(head []byte, step int) (size int, err error) {
	end := min(step, len(head))
	n, err := p.r.Parse(head[:end])
	for err == picohttp.ErrIncomplete && end < len(head) {
		end = min(end+step, len(head))
		n, err = p.r.Resume(head[:end])
	}
	switch {
	case err == picohttp.ErrIncomplete:
		return 0, errMore
	case err != nil:
		return 0, err
	case n != len(head):
		return 0, fmt.Errorf("%d bytes read", n)
	}
	return fieldLengths(&p.r.Head), nil
}

func (p *pico) parts(head []byte) parts {
	q := parts{n: len(head), method: string(p.r.Method()), target: string(p.r.Target()), minor: p.r.Minor()}
	for name, value := range p.r.Fields() {
		q.add(string(name), string(value))
	}
	return q
}

func (p *pico) judgment() (string, error) {
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

func (p *pico) keep(head []byte) (any, error) {
	r := new(picohttp.Request)
	_, err := r.Parse(head)
	return r, err
}

// A connection delivers a head in pieces to a parser that reads from a bufio.Reader.
type connection struct {
	*bufio.Reader
	source *source
}

type source struct {
	head     []byte
	at, step int
	dry      bool // the parser asked for more than there is
}

func newConnection() connection {
	s := new(source)
	return connection{bufio.NewReaderSize(s, 1<<17), s}
}

func (s *source) Read(p []byte) (int, error) {
	if s.at == len(s.head) {
		s.dry = true
		return 0, io.EOF
	}
	n := copy(p, s.head[s.at:min(s.at+s.step, len(s.head))])
	s.at += n
	return n, nil
}

func (c *connection) deliver(head []byte, step int) {
	*c.source = source{head: head, step: step}
	c.Reset(c.source)
}

// consumed returns how many bytes of the head the parser took.
func (c *connection) consumed() int { return c.source.at - c.Buffered() }

// fault returns err, or errMore if the parser had read all of the head.
func (c *connection) fault(err error) error {
	if err != nil && c.source.dry {
		return errMore
	}
	return err
}

type netHTTP struct {
	connection
	r     *http.Request
	added bool // whether Header has a Cache-Control that was not sent
}

func (p *netHTTP) read(head []byte, step int) (size int, err error) {
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
	return size, nil
}

func (p *netHTTP) serve(head []byte) (size int, err error) {
	size, err = p.read(head, len(head))
	if err != nil {
		return 0, err
	}
	for _, name := range lookups {
		size += len(p.r.Header.Get(name))
	}
	return size + len(p.r.Host), nil
}

func (p *netHTTP) judgment() (string, error) {
	return serves(p.r.ContentLength, !p.r.Close, unknown, p.r.Host, p.r.Header.Get), nil
}

func (p *netHTTP) parts([]byte) parts {
	q := parts{n: p.consumed(), method: p.r.Method, target: p.r.RequestURI, minor: p.r.ProtoMinor, loose: true}
	if p.r.Host != "" {
		q.add("Host", p.r.Host)
	}
	for name, values := range p.r.Header {
		for _, value := range values {
			if name != "Cache-Control" || !p.added {
				q.add(name, value)
			}
		}
	}
	return q
}

func (p *netHTTP) keep(head []byte) (any, error) {
	p.deliver(head, len(head))
	return http.ReadRequest(p.Reader)
}

// A header is the methods that the headers of fasthttp and hertz share.
type header interface {
	Method() []byte
	RequestURI() []byte
	Host() []byte
	Peek(name string) []byte
	ContentLength() int // -1 for chunked, -2 for none
	ConnectionClose() bool
	VisitAll(func(name, value []byte))
}

func judgmentOf(h header) (string, error) {
	content := int64(h.ContentLength())
	if content == -2 {
		content = 0
	}
	return serves(content, !h.ConnectionClose(), unknown, string(h.Host()), func(name string) string { return string(h.Peek(name)) }), nil
}

func partsOf(h header, n int, protocol string) parts {
	q := parts{n: n, method: string(h.Method()), target: string(h.RequestURI()), minor: minorOf(protocol), loose: true}
	h.VisitAll(func(name, value []byte) { q.add(string(name), string(value)) })
	return q
}

func minorOf(protocol string) int {
	if protocol == "HTTP/1.0" {
		return 0
	}
	return 1
}

type fastHTTP struct {
	connection
	h fasthttp.RequestHeader
}

func (p *fastHTTP) parse(head []byte, step int) error {
	p.deliver(head, step)
	return p.fault(p.h.Read(p.Reader))
}

func (p *fastHTTP) lengths() (size int) {
	for name, value := range p.h.All() {
		size += len(name) + len(value)
	}
	return size
}

func (p *fastHTTP) read(head []byte, step int) (size int, err error) {
	if err := p.parse(head, step); err != nil {
		return 0, err
	}
	return p.lengths(), nil
}

// serve looks up fields first: after All was called, looking up Cookie allocates.
func (p *fastHTTP) serve(head []byte) (size int, err error) {
	if err := p.parse(head, len(head)); err != nil {
		return 0, err
	}
	for _, name := range lookups {
		size += len(p.h.Peek(name))
	}
	return size + len(p.h.Host()) + p.lengths(), nil
}

func (p *fastHTTP) judgment() (string, error) { return judgmentOf(&p.h) }
func (p *fastHTTP) parts([]byte) parts        { return partsOf(&p.h, p.consumed(), string(p.h.Protocol())) }

func (p *fastHTTP) keep(head []byte) (any, error) {
	p.deliver(head, len(head))
	h := new(fasthttp.RequestHeader)
	return h, h.Read(p.Reader)
}

// hertz reads from an interface of its own. It writes to what it reads, so the head is copied, as
// it is when it comes from a socket.
type hertz struct {
	connection
	h hertzproto.RequestHeader
}

func (p *hertz) Len() int         { return p.Buffered() }
func (p *hertz) Release() error   { return nil }
func (p *hertz) Skip(n int) error { _, err := p.Discard(n); return err }

func (p *hertz) ReadBinary(n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(p.Reader, b)
	return b, err
}

func (p *hertz) parse(head []byte, step int) error {
	p.deliver(head, step)
	return p.fault(hertzreq.ReadHeader(&p.h, p))
}

func (p *hertz) lengths() (size int) {
	p.h.VisitAll(func(name, value []byte) { size += len(name) + len(value) })
	return size
}

func (p *hertz) read(head []byte, step int) (size int, err error) {
	if err := p.parse(head, step); err != nil {
		return 0, err
	}
	return p.lengths(), nil
}

// serve looks up fields first, as that of fastHTTP does.
func (p *hertz) serve(head []byte) (size int, err error) {
	if err := p.parse(head, len(head)); err != nil {
		return 0, err
	}
	for _, name := range lookups {
		size += len(p.h.Peek(name))
	}
	return size + len(p.h.Host()) + p.lengths(), nil
}

func (p *hertz) judgment() (string, error) { return judgmentOf(&p.h) }
func (p *hertz) parts([]byte) parts        { return partsOf(&p.h, p.consumed(), p.h.GetProtocol()) }

func (p *hertz) keep(head []byte) (any, error) {
	p.deliver(head, len(head))
	h := new(hertzproto.RequestHeader)
	return h, hertzreq.ReadHeader(h, p)
}

// nbio calls back with strings. A parser belongs to a connection, so it parses the next
// head too, unless it waits for a body.
type nbio struct {
	nbhttp.EmptyProcessor
	p     *nbhttp.Parser
	size  int
	ended bool   // the header section
	done  bool   // and the message
	kept  *parts // if the parts are wanted
	minor int
}

var nbioEngine = nbhttp.NewEngine(nbhttp.Config{})

func (p *nbio) OnMethod(_ *nbhttp.Parser, method string) {
	if p.kept != nil {
		p.kept.method = method
	}
}

func (p *nbio) OnURL(_ *nbhttp.Parser, uri string) error {
	if p.kept != nil {
		p.kept.target = uri
	}
	return nil
}

func (p *nbio) OnProto(_ *nbhttp.Parser, protocol string) error {
	if !strings.HasPrefix(protocol, "HTTP/1.") {
		return errors.New("another version")
	}
	p.minor = minorOf(protocol)
	return nil
}

func (p *nbio) OnHeader(_ *nbhttp.Parser, name, value string) {
	p.size += len(name) + len(value)
	if p.kept != nil {
		p.kept.add(name, value)
	}
}

func (p *nbio) OnContentLength(*nbhttp.Parser, int) { p.ended = true }
func (p *nbio) OnComplete(*nbhttp.Parser)           { p.done = true }

func (p *nbio) read(head []byte, step int) (size int, err error) {
	if p.p == nil || !p.done {
		p.p = nbhttp.NewParser(nil, nbioEngine, p, false, nil)
	}
	p.size, p.ended, p.done = 0, false, false
	for at := 0; at < len(head); at += step {
		if err := p.p.Parse(head[at:min(at+step, len(head))]); err != nil {
			p.p = nil
			return 0, err
		}
	}
	if !p.ended {
		p.p = nil
		return 0, errMore
	}
	return p.size, nil
}

func (p *nbio) parts(head []byte) parts {
	kept, _ := p.keep(head)
	return *kept.(*parts)
}

func (p *nbio) keep(head []byte) (any, error) {
	p.kept = &parts{n: len(head), loose: true}
	_, err := p.read(head, len(head))
	kept := p.kept
	kept.minor, p.kept = p.minor, nil
	return kept, err
}

// antlabs calls back with slices of its input. The input that it does not consume is passed to it
// again.
type antlabs struct {
	p       *httparser.Parser
	setting httparser.Setting
	size    int
	ended   bool
	kept    *antlabsHead // if the parts are wanted
}

// An antlabsHead is what a caller would keep: the slices of names and values.
type antlabsHead struct {
	target []byte
	fields [][2][]byte
}

func newAntlabs() *antlabs {
	a := &antlabs{p: httparser.New(httparser.REQUEST)}
	a.p.MaxHeaderSize = 1 << 20 // of a line; the default is 4 KiB
	ended := func(*httparser.Parser, int) { a.ended = true }
	a.setting = httparser.Setting{
		URL: func(_ *httparser.Parser, target []byte, _ int) {
			if a.kept != nil {
				a.kept.target = target
			}
		},
		HeaderField: func(_ *httparser.Parser, name []byte, _ int) {
			a.size += len(name)
			if a.kept != nil {
				a.kept.fields = append(a.kept.fields, [2][]byte{name})
			}
		},
		HeaderValue: func(_ *httparser.Parser, value []byte, _ int) {
			a.size += len(value)
			if a.kept != nil {
				a.kept.fields[len(a.kept.fields)-1][1] = value
			}
		},
		HeadersComplete: ended,
		MessageComplete: ended, // the only call for an upgrade
	}
	return a
}

func (a *antlabs) read(head []byte, step int) (size int, err error) {
	a.p.Reset()
	a.size, a.ended = 0, false
	for at, end := 0, 0; end < len(head); {
		end = min(end+step, len(head))
		n, err := a.p.Execute(&a.setting, head[at:end])
		if err != nil {
			return 0, err
		}
		at += n
	}
	if !a.ended {
		return 0, errMore
	}
	return a.size, nil
}

func (a *antlabs) parts(head []byte) parts {
	kept, _ := a.keep(head)
	k := kept.(*antlabsHead)
	q := parts{n: len(head), method: a.p.Method.String(), target: string(k.target), minor: int(a.p.Minor)}
	for _, f := range k.fields {
		q.add(string(f[0]), string(f[1]))
	}
	return q
}

func (a *antlabs) keep(head []byte) (any, error) {
	kept := new(antlabsHead)
	a.kept = kept
	_, err := a.read(head, len(head))
	a.kept = nil
	return kept, err
}
