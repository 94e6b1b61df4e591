package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/antlabs/httparser"
	hertzproto "github.com/cloudwego/hertz/pkg/protocol"
	hertzreq "github.com/cloudwego/hertz/pkg/protocol/http1/req"
	"github.com/lesismal/nbio/nbhttp"
	"github.com/picohttp/picohttp"
	"github.com/valyala/fasthttp"
)

// A peer is a parser in Go, by the API that its users have. It parses one head
// after the other. What is said of a head here is not true of the next one.
type peer interface {
	// read parses a head that comes in pieces of step octets, takes each field
	// name and value, and returns the sum of their lengths.
	read(head []byte, step int) (octets int, err error)
	// check parses a head that comes whole and returns all that it found.
	check(head []byte) (parts, error)
	// keep parses a head and returns what a server has to hold on to, as long as
	// it wants to read the fields. The head is not used for anything else.
	keep(head []byte) (any, error)
}

// parts is a head in the form that all parsers can be compared in.
type parts struct {
	n              int
	method, target string
	minor          int
	fields         [][2]string
	loose          bool // names are not as sent, or not in order
}

func (p *parts) add(name, value string) { p.fields = append(p.fields, [2]string{name, value}) }

// A judge is a peer that knows all that a server has to know before it can respond.
type judge interface {
	peer
	// judgment tells what is decided about the head that was parsed last.
	judgment() (*judgment, error)
}

// A responder is a judge whose time can be taken.
type responder interface {
	judge
	// serve parses a head that comes whole, takes each field, the host and the values
	// of lookups, and returns the sum of the lengths.
	serve(head []byte) (octets int, err error)
}

// lookups are names of fields that a server asks for. No head has the last one.
var lookups = [...]string{"Accept-Encoding", "Cookie", "X-Absent"}

// A judgment is what a parser decides about a head.
type judgment struct {
	found     []string // the host, and the values of lookups
	content   int64    // its length, -1 if it is chunked, -2 if it is a tunnel
	keepAlive bool
	marks     string // the form of the target, what is expected, whether to upgrade; "-" if the parser does not say
}

// find adds the host and the values of lookups to a judgment.
func (j *judgment) find(host string, get func(name string) string) *judgment {
	j.found = []string{host}
	for _, name := range lookups {
		j.found = append(j.found, get(name))
	}
	return j
}

// errMore is the error of a parser that has read all that there is.
var errMore = errors.New("the head is not complete")

// goPeers are the parsers in Go, by their names in the report; picohttp is one
// for each kernel, by other means.
var goPeers = []struct {
	name, module string
	make         func() peer
}{
	{"net/http", "", func() peer { return &netHTTP{reader: bufio.NewReader(nil)} }},
	{"fasthttp", "github.com/valyala/fasthttp", func() peer { return &fastHTTP{reader: bufio.NewReaderSize(nil, 1<<17)} }},
	{"hertz", "github.com/cloudwego/hertz", func() peer { return new(hertz) }},
	{"nbio", "github.com/lesismal/nbio", func() peer { return new(nbio) }},
	{"antlabs", "github.com/antlabs/httparser", func() peer { return newAntlabs() }},
}

// canServe reports whether a parser is a responder, as all are that are not in Go.
func canServe(name string) bool {
	for _, p := range goPeers {
		if p.name == name {
			_, ok := p.make().(responder)
			return ok
		}
	}
	return true
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

// version returns a module and the version of it that this program is built with.
func version(module string) string {
	if module == "" {
		return "the standard library"
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == module {
				return m.Path + " " + m.Version
			}
		}
	}
	return module
}

// pico is picohttp. Heads that come whole are not read through it but in loops of
// their own, because a call through an interface is a tenth of a short head.
type pico struct{ r picohttp.Request }

func (p *pico) read(head []byte, step int) (octets int, err error) {
	end := min(step, len(head))
	n, err := p.r.Parse(head[:end])
	for err == picohttp.ErrIncomplete && end < len(head) {
		end = min(end+step, len(head))
		n, err = p.r.Resume(head[:end])
	}
	if err == picohttp.ErrIncomplete {
		return 0, errMore
	}
	if err == nil && n != len(head) {
		err = fmt.Errorf("%d bytes read", n)
	}
	if err != nil {
		return 0, err
	}
	return fieldLengths(&p.r.Head), nil
}

func (p *pico) check(head []byte) (parts, error) {
	if _, err := p.read(head, len(head)); err != nil {
		return parts{}, err
	}
	q := parts{n: len(head), method: string(p.r.Method()), target: string(p.r.Target()), minor: p.r.Minor()}
	for name, value := range p.r.Fields() {
		q.add(string(name), string(value))
	}
	return q, nil
}

func (p *pico) judgment() (*judgment, error) {
	v, err := p.r.Check()
	j := &judgment{content: v.Length, keepAlive: v.KeepAlive,
		marks: fmt.Sprintf("%d/%t/%t/%t", v.Form, v.ExpectContinue, v.ExpectOther, v.Upgrade)}
	switch v.Body {
	case picohttp.BodyChunked:
		j.content = -1
	case picohttp.BodyTunnel:
		j.content = -2
	}
	return j.find(string(v.Authority), func(name string) string { value, _ := p.r.Get(name); return string(value) }), err
}

func (p *pico) keep(head []byte) (any, error) {
	r := new(picohttp.Request)
	_, err := r.Parse(head)
	return r, err
}

// A connection delivers a head in pieces, to parsers that read for themselves.
type connection struct {
	head []byte
	at   int
	step int
	dry  bool // it was asked for more than there is
}

func (c *connection) Read(p []byte) (int, error) {
	if c.at == len(c.head) {
		c.dry = true
		return 0, io.EOF
	}
	n := copy(p, c.head[c.at:min(c.at+c.step, len(c.head))])
	c.at += n
	return n, nil
}

// fault is err, or errMore if the parser had read all.
func (c *connection) fault(err error) error {
	if c.dry {
		return errMore
	}
	return err
}

type netHTTP struct {
	c      connection
	reader *bufio.Reader
	r      *http.Request
	added  bool // a Cache-Control that was not sent
}

func (p *netHTTP) read(head []byte, step int) (octets int, err error) {
	p.c = connection{head: head, step: step}
	p.reader.Reset(&p.c)
	if p.r, err = http.ReadRequest(p.reader); err != nil {
		return 0, p.c.fault(err)
	}
	// It takes Host out, and reads a Pragma as a Cache-Control.
	if p.r.Host != "" {
		octets = len("Host") + len(p.r.Host)
	}
	for name, values := range p.r.Header {
		for _, value := range values {
			octets += len(name) + len(value)
		}
	}
	if p.added = len(p.r.Header["Pragma"]) > 0 && !bytes.Contains(head, []byte("\nCache-Control:")); p.added {
		octets -= len("Cache-Control" + "no-cache")
	}
	return octets, nil
}

func (p *netHTTP) serve(head []byte) (octets int, err error) {
	octets, err = p.read(head, len(head))
	if err != nil {
		return 0, err
	}
	for _, name := range lookups {
		octets += len(p.r.Header.Get(name))
	}
	return octets + len(p.r.Host), nil
}

func (p *netHTTP) judgment() (*judgment, error) {
	j := &judgment{content: p.r.ContentLength, keepAlive: !p.r.Close, marks: "-"}
	return j.find(p.r.Host, p.r.Header.Get), nil
}

func (p *netHTTP) check(head []byte) (parts, error) {
	if _, err := p.read(head, len(head)); err != nil {
		return parts{}, err
	}
	q := parts{n: p.c.at - p.reader.Buffered(), method: p.r.Method, target: p.r.RequestURI, minor: p.r.ProtoMinor, loose: true}
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
	return q, nil
}

func (p *netHTTP) keep(head []byte) (any, error) {
	p.c = connection{head: head, step: len(head)}
	p.reader.Reset(&p.c)
	return http.ReadRequest(p.reader)
}

type fastHTTP struct {
	c      connection
	reader *bufio.Reader
	h      fasthttp.RequestHeader
}

func (p *fastHTTP) parse(head []byte, step int) error {
	p.c = connection{head: head, step: step}
	p.reader.Reset(&p.c)
	if err := p.h.Read(p.reader); err != nil {
		return p.c.fault(err)
	}
	return nil
}

func (p *fastHTTP) lengths() (octets int) {
	for name, value := range p.h.All() {
		octets += len(name) + len(value)
	}
	return octets
}

func (p *fastHTTP) read(head []byte, step int) (octets int, err error) {
	if err := p.parse(head, step); err != nil {
		return 0, err
	}
	return p.lengths(), nil
}

// serve looks up fields first: once All was called, looking up Cookie allocates.
func (p *fastHTTP) serve(head []byte) (octets int, err error) {
	if err := p.parse(head, len(head)); err != nil {
		return 0, err
	}
	for _, name := range lookups {
		octets += len(p.h.Peek(name))
	}
	return octets + len(p.h.Host()) + p.lengths(), nil
}

func (p *fastHTTP) judgment() (*judgment, error) { return judgeHeader(&p.h), nil }

// A header is what fasthttp and hertz make of a head.
type header interface {
	Host() []byte
	Peek(name string) []byte
	ContentLength() int // -1 if it is chunked, -2 if there is none
	ConnectionClose() bool
}

func judgeHeader(h header) *judgment {
	j := &judgment{content: int64(h.ContentLength()), keepAlive: !h.ConnectionClose(), marks: "-"}
	if j.content == -2 {
		j.content = 0
	}
	return j.find(string(h.Host()), func(name string) string { return string(h.Peek(name)) })
}

func (p *fastHTTP) check(head []byte) (parts, error) {
	if _, err := p.read(head, len(head)); err != nil {
		return parts{}, err
	}
	q := parts{n: p.c.at - p.reader.Buffered(), method: string(p.h.Method()), target: string(p.h.RequestURI()),
		minor: minorOf(string(p.h.Protocol())), loose: true}
	for name, value := range p.h.All() {
		q.add(string(name), string(value))
	}
	return q, nil
}

func (p *fastHTTP) keep(head []byte) (any, error) {
	p.c = connection{head: head, step: len(head)}
	p.reader.Reset(&p.c)
	h := new(fasthttp.RequestHeader)
	return h, h.Read(p.reader)
}

func minorOf(protocol string) int {
	if protocol == "HTTP/1.0" {
		return 0
	}
	return 1
}

// hertz reads from a connection of its own kind, and writes to what it reads: so
// the head is copied, as it is when it comes from a socket.
type hertz struct {
	c buffered
	h hertzproto.RequestHeader
}

func (p *hertz) parse(head []byte, step int) error {
	p.c.reset(head, step)
	if err := hertzreq.ReadHeader(&p.h, &p.c); err != nil {
		return p.c.fault(err)
	}
	return nil
}

func (p *hertz) lengths() (octets int) {
	p.h.VisitAll(func(name, value []byte) { octets += len(name) + len(value) })
	return octets
}

func (p *hertz) read(head []byte, step int) (octets int, err error) {
	if err := p.parse(head, step); err != nil {
		return 0, err
	}
	return p.lengths(), nil
}

// serve looks up fields first, as that of fastHTTP does.
func (p *hertz) serve(head []byte) (octets int, err error) {
	if err := p.parse(head, len(head)); err != nil {
		return 0, err
	}
	for _, name := range lookups {
		octets += len(p.h.Peek(name))
	}
	return octets + len(p.h.Host()) + p.lengths(), nil
}

func (p *hertz) judgment() (*judgment, error) { return judgeHeader(&p.h), nil }

func (p *hertz) check(head []byte) (parts, error) {
	if _, err := p.read(head, len(head)); err != nil {
		return parts{}, err
	}
	q := parts{n: p.c.taken, method: string(p.h.Method()), target: string(p.h.RequestURI()),
		minor: minorOf(p.h.GetProtocol()), loose: true}
	p.h.VisitAll(func(name, value []byte) { q.add(string(name), string(value)) })
	return q, nil
}

func (p *hertz) keep(head []byte) (any, error) {
	p.c.reset(head, len(head))
	h := new(hertzproto.RequestHeader)
	return h, hertzreq.ReadHeader(h, &p.c)
}

// buffered is a connection as hertz wants it.
type buffered struct {
	connection
	b     []byte
	taken int
}

func (c *buffered) reset(head []byte, step int) {
	c.connection, c.b, c.taken = connection{head: head, step: step}, c.b[:0], 0
}

func (c *buffered) Peek(n int) ([]byte, error) {
	for c.Len() < n {
		if c.at == len(c.head) {
			c.dry = true
			return c.b[c.taken:], io.EOF
		}
		end := min(c.at+c.step, len(c.head))
		c.b = append(c.b, c.head[c.at:end]...)
		c.at = end
	}
	return c.b[c.taken : c.taken+n], nil
}

func (c *buffered) Skip(n int) error {
	_, err := c.ReadBinary(n)
	return err
}

func (c *buffered) Release() error { return nil }
func (c *buffered) Len() int       { return len(c.b) - c.taken }

func (c *buffered) ReadByte() (byte, error) {
	b, err := c.ReadBinary(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

func (c *buffered) ReadBinary(n int) ([]byte, error) {
	b, err := c.Peek(n)
	if err != nil {
		return nil, err
	}
	c.taken += n
	return b, nil
}

// nbio calls back with strings. A parser is a connection's, so it serves the next
// head too, unless it waits for a body.
type nbio struct {
	nbhttp.EmptyProcessor
	p      *nbhttp.Parser
	octets int
	ended  bool   // the header section
	done   bool   // and the message
	kept   *parts // if what is found is wanted
	minor  int
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
	p.octets += len(name) + len(value)
	if p.kept != nil {
		p.kept.add(name, value)
	}
}

func (p *nbio) OnContentLength(*nbhttp.Parser, int) { p.ended = true }
func (p *nbio) OnComplete(*nbhttp.Parser)           { p.done = true }

func (p *nbio) read(head []byte, step int) (octets int, err error) {
	if p.p == nil || !p.done {
		p.p = nbhttp.NewParser(nil, nbioEngine, p, false, nil)
	}
	p.octets, p.ended, p.done = 0, false, false
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
	return p.octets, nil
}

func (p *nbio) check(head []byte) (parts, error) {
	kept, err := p.keep(head)
	return *kept.(*parts), err
}

func (p *nbio) keep(head []byte) (any, error) {
	p.kept = &parts{n: len(head), loose: true}
	_, err := p.read(head, len(head))
	kept := p.kept
	kept.minor, p.kept = p.minor, nil
	return kept, err
}

// antlabs calls back with slices of what it is given. What it does not take is
// given to it again.
type antlabs struct {
	p       *httparser.Parser
	setting httparser.Setting
	octets  int
	ended   bool
	kept    *parts
	fields  *[][2][]byte
}

func newAntlabs() *antlabs {
	a := &antlabs{p: httparser.New(httparser.REQUEST)}
	a.p.MaxHeaderSize = 1 << 20 // of a line; by default it is 4 KiB
	ended := func(*httparser.Parser, int) { a.ended = true }
	a.setting = httparser.Setting{
		URL: func(_ *httparser.Parser, target []byte, _ int) {
			if a.kept != nil {
				a.kept.target = string(target)
			}
		},
		HeaderField: func(_ *httparser.Parser, name []byte, _ int) {
			a.octets += len(name)
			if a.fields != nil {
				*a.fields = append(*a.fields, [2][]byte{name})
			}
		},
		HeaderValue: func(_ *httparser.Parser, value []byte, _ int) {
			a.octets += len(value)
			if a.fields != nil {
				(*a.fields)[len(*a.fields)-1][1] = value
			}
		},
		HeadersComplete: ended,
		MessageComplete: ended, // it is all that is called for an upgrade
	}
	return a
}

func (a *antlabs) read(head []byte, step int) (octets int, err error) {
	a.p.Reset()
	a.octets, a.ended = 0, false
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
	return a.octets, nil
}

func (a *antlabs) check(head []byte) (parts, error) {
	kept, err := a.keep(head)
	q := kept.(*antlabsHead)
	for _, f := range q.spans {
		q.add(string(f[0]), string(f[1]))
	}
	return q.parts, err
}

// An antlabsHead is what a caller would keep: the spans of names and values.
type antlabsHead struct {
	parts
	spans [][2][]byte
}

func (a *antlabs) keep(head []byte) (any, error) {
	kept := &antlabsHead{parts: parts{n: len(head)}}
	a.kept, a.fields = &kept.parts, &kept.spans
	_, err := a.read(head, len(head))
	kept.method, kept.minor = a.p.Method.String(), int(a.p.Minor)
	a.kept, a.fields = nil, nil
	return kept, err
}
