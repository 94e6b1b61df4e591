package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/picohttp/picohttp"
)

// parser accepts all that can be accepted: who observes does not reject. KeepAlive is false
// after each deviation, so it says nothing here: what comes next shows whether the connection
// was kept.
var parser = picohttp.Parser{
	Profile:       picohttp.Lenient,
	AllowRequest:  picohttp.AllDeviations,
	AllowResponse: picohttp.AllDeviations,
	AllowTrailer:  picohttp.AllDeviations,
}

// Beyond these a connection is no longer observed. Its directions do not belong together.
const (
	maxMessages = 1000    // that wait to be printed
	maxBytes    = 1 << 20 // of one direction that wait for the other
)

// An observer pairs the requests of a connection with the responses. It needs memory for one
// head or trailer section of each direction, however long the content is, and for a few lines
// of text for each message that waits to be printed.
//
// # After a fault
//
// If a message is malformed, or nobody knows where its content ends, the observer searches for
// the next one: from Settled on, which is after the last complete line, or from the byte at
// fault in content. The next message begins where the first start-line does that begins with a
// capital letter and comes after a byte that is none. That is a guess, as content may look like
// a message. The malformed one counts as a request, or as the response to one.
//
// # What the bytes do not say
//
// A client that expects 100 (Continue) and gets a final response may leave out the content. What
// comes next is taken for the content nevertheless.
type observer struct {
	name string    // begins each line
	out  io.Writer // gets some exchanges in one Write
	log  io.Writer // gets in words what is malformed

	mu                  sync.Mutex
	requests, responses direction
	request             picohttp.Request
	response            picohttp.Response
	count               int
	exchanges           []*exchange // that are not printed
	messages            int         // in them
	pending             []*exchange // that have no final response
	switching           *exchange   // the last one, if its response may begin another protocol
	over                bool        // the rest is not HTTP, or is not observed
}

// An exchange is a request and the responses to it, of which the last is final.
type exchange struct {
	number   int
	method   string
	messages []*message
	final    bool
}

func (e *exchange) ended() bool {
	return e.final && !slices.ContainsFunc(e.messages, func(m *message) bool { return !m.ended })
}

// A message is what is printed of one.
type message struct {
	prefix  string
	text    []byte
	content int64 // bytes
	ended   bool
}

func (m *message) printf(format string, args ...any) {
	m.text = append(fmt.Appendf(append(m.text, m.prefix...), format, args...), '\n')
}

// A direction is what one side sends.
type direction struct {
	head    *picohttp.Head                                      // the one that is parsed
	resume  func(b []byte) (n int, err error)                   // parses it
	take    func() (*exchange, string, picohttp.Framing, error) // says what it is
	content picohttp.Content
	arrow   string

	buf, in []byte   // in has arrived and is not consumed; it is a part of buf
	at      int64    // offset of in
	body    int64    // offset of the content
	message *message // whose content comes next
	lost    bool     // the next message is searched for
	failed  bool     // and does not begin with the letters at the start of in
	ended   bool
	done    bool // and there are no more messages
}

func newObserver(name string, out, log io.Writer) *observer {
	o := &observer{name: name, out: out, log: log}
	parser.ParseRequest(&o.request, nil) // Resume continues under the same rules
	parser.ParseResponse(&o.response, nil)
	o.requests = direction{head: &o.request.Head, resume: o.request.Resume, take: o.takeRequest, arrow: ">"}
	o.responses = direction{head: &o.response.Head, resume: o.response.Resume, take: o.takeResponse, arrow: "<"}
	o.responses.content.Response = true
	return o
}

// feed observes the next bytes of a direction, or its end.
func (o *observer) feed(d *direction, b []byte, ended bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	d.buf = append(append(d.buf[:0], d.in...), b...)
	d.in, d.ended = d.buf, d.ended || ended
	for o.step(&o.requests) || o.step(&o.responses) {
	}
	if !o.over && (len(d.in) > maxBytes || o.messages > maxMessages) {
		fmt.Fprintf(o.out, "%sno longer observed\n", o.name)
		o.over, o.requests.message, o.responses.message = true, nil, nil
	}
	o.print(o.over && o.requests.message == nil || o.requests.ended && o.responses.ended)
}

// print prints the first exchanges, as far as they have ended, or all.
func (o *observer) print(all bool) {
	var b []byte
	for len(o.exchanges) > 0 && (all || o.exchanges[0].ended()) {
		for _, m := range o.exchanges[0].messages {
			b = append(b, m.text...)
		}
		o.messages -= len(o.exchanges[0].messages)
		o.exchanges = o.exchanges[1:]
	}
	o.out.Write(b)
}

// step reads a head or a piece of content. It returns false if there is none.
func (o *observer) step(d *direction) bool {
	switch {
	case d.message != nil:
		return o.readContent(d)
	case o.over:
		d.consume(len(d.in))
		return false
	case d == &o.requests && o.switching != nil && !o.responses.done,
		d == &o.responses && len(o.pending) == 0 && !o.requests.done:
		return false // the other direction has to continue first
	}
	few := len(d.in)
	if d.lost && d.skip() {
		few = min(len(d.in), 128) // show of most bytes that no message begins with them, in less time
	}
	n, err := d.resume(d.in[:few])
	if err == picohttp.ErrIncomplete && few < len(d.in) {
		n, err = d.resume(d.in)
	}
	none := d.lost && d.head.Settled() == 0 // no start-line
	switch {
	case err == picohttp.ErrIncomplete && (none || !d.ended || len(bytes.Trim(d.in, "\r\n")) == 0):
		was := d.done
		d.done = d.ended
		return d.done != was // the other direction may have waited for that
	case err != nil && none:
		d.failed = true
	default:
		o.readHead(d, err, n)
	}
	return true
}

// skip skips bytes with which no message begins. It reports whether there were any.
func (d *direction) skip() bool {
	const capital = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	before := d.at
	if d.failed {
		d.consume(len(d.in) - len(bytes.TrimLeft(d.in, capital)))
		d.failed = len(d.in) == 0 // there may be more of them
	}
	n := bytes.IndexAny(d.in, capital)
	if n < 0 {
		n = len(d.in)
	}
	d.consume(n)
	return d.at > before
}

func (d *direction) consume(n int) {
	d.in = d.in[n:]
	d.at += int64(n)
}

// readHead begins a message with the head at the start of d.in, of which the parser has
// returned n and err.
func (o *observer) readHead(d *direction, err error, n int) {
	e, line, framing, fault := d.take() // fault is err, or about the head as a whole
	m := &message{prefix: fmt.Sprintf("%s%d %s ", o.name, e.number, d.arrow)}
	m.printf("at %d: %s", d.at, line)
	for deviation, at := range d.head.DeviationOffsets() {
		m.printf("    %s at %d", deviation.Code(), d.at+int64(at))
	}
	e.messages = append(e.messages, m)
	o.messages++
	d.message, d.lost, d.failed = m, false, false
	d.content.Start(framing, &parser)
	settled := d.head.Settled()
	if err == nil {
		n = 0 // it is the head as a whole that is at fault, if anything
	}
	if d.body = d.at + int64(settled); fault != nil {
		d.failed = settled == 0
		o.end(d, fault, n, d.head.Explain(fault))
	}
	d.consume(settled)
}

// readContent reads a piece of content, or finds its end. It returns false if there is none.
func (o *observer) readContent(d *direction) bool {
	data, n, err := d.content.Next(d.in)
	d.message.content += int64(len(data))
	d.consume(n)
	if err == picohttp.ErrIncomplete && d.ended {
		if err = d.content.End(); err == nil {
			err = io.EOF
		}
	}
	if err == nil || err == picohttp.ErrIncomplete {
		return err == nil
	}
	m, trailers := d.message, d.content.Trailer().NumFields()
	if m.content > 0 || trailers > 0 {
		m.printf("    content %d, trailer fields %d", m.content, trailers)
	}
	for deviation, at := range d.content.DeviationOffsets() {
		m.printf("    %s at %d", deviation.Code(), d.body+int64(at))
	}
	o.end(d, err, 0, d.content.Explain(err))
	return true
}

// end ends a message. If err is not io.EOF, it is malformed or cut off at the offset n of d.in.
func (o *observer) end(d *direction, err error, n int, explained string) {
	if err != io.EOF {
		d.message.printf("    %v at %d", err, d.at+int64(n))
		fmt.Fprintf(o.log, "%s%s\n", d.message.prefix, explained)
		d.lost = true
	}
	d.message.ended, d.message = true, nil
}

func (o *observer) newExchange(method []byte) *exchange {
	o.count++
	e := &exchange{number: o.count, method: string(method)}
	o.exchanges = append(o.exchanges, e)
	o.pending = append(o.pending, e)
	return e
}

func (o *observer) takeRequest() (*exchange, string, picohttp.Framing, error) {
	r := &o.request
	e := o.newExchange(r.Method())
	verdict, rejected := r.Check()
	line := fmt.Sprintf("%s %.80q to %.80q", r.Method(), r.Target(), verdict.Authority)
	framing, err := r.Framing() // Check rejects more, but nothing that hides the next request
	if err == nil && rejected != nil {
		line += ", " + rejected.Error()
	}
	if e.method == "CONNECT" || framing.Upgrade {
		o.switching = e
	}
	return e, line, framing, err
}

func (o *observer) takeResponse() (*exchange, string, picohttp.Framing, error) {
	r := &o.response
	if len(o.pending) == 0 {
		o.newExchange(nil) // that nobody has asked for
	}
	e := o.pending[0]
	framing, err := r.Framing(e.method)
	if r.Status()/100 != 1 || r.Status() == 101 {
		e.final, o.pending = true, o.pending[1:]
		if o.switching == e {
			o.switching = nil
			o.over = r.Status() == 101 || framing.Body == picohttp.BodyTunnel
		}
	}
	return e, fmt.Sprintf("%d %.80q", r.Status(), r.Reason()), framing, err
}
