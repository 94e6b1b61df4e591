package main

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"sync"

	"github.com/picohttp/picohttp"
)

// parser accepts everything that Lenient can accept, because an observer rejects nothing. KeepAlive
// is false after each deviation, so it says nothing here: what comes next shows whether the
// connection was kept.
var parser = picohttp.Parser{
	Profile:       picohttp.Lenient,
	AllowRequest:  picohttp.AllDeviations,
	AllowResponse: picohttp.AllDeviations,
	AllowTrailer:  picohttp.AllDeviations,
}

const (
	maxWaiting = 1000    // requests that wait for a response, before requests are not read
	maxText    = 1 << 20 // bytes that are printed of the responses to a request
)

// An observer pairs the requests of a connection with the responses. It needs memory for one
// head or trailer section of each direction, however long the content is, and for a few lines
// of text for each request that waits for its response.
//
// # After a fault
//
// If a message is malformed, or nobody knows where its content ends, the observer searches for
// the next one: from Settled on, which is after the last complete line, or from the byte at
// fault in content. The next message begins at the first start-line whose first byte is a capital
// letter that does not follow another one. That is a guess, as content may look like a message. The
// malformed one counts as a request, or as the response to one.
//
// # What the bytes do not say
//
// A client that expects 100 (Continue) and gets a final response may leave out the content. What
// comes next is taken for the content nevertheless.
type observer struct {
	name   string      // begins each line
	out    io.Writer   // gets each exchange in one Write
	faults *log.Logger // gets in words what is malformed

	exchanges chan *exchange
}

// An exchange is a request and the responses to it, of which the last is final.
type exchange struct {
	number    int
	method    string
	text      []byte    // of the request, before requested is closed
	requested chan bool // is closed when the request has ended
	switching bool      // its response may begin another protocol
	tunnel    chan bool // whether it has done that
}

// observe reads both directions of a connection to their ends. A direction returns its next
// bytes, or none at its end.
func observe(name string, out io.Writer, faults *log.Logger, sent, received func() []byte) {
	o := &observer{name, out, faults, make(chan *exchange, maxWaiting)}
	var both sync.WaitGroup
	both.Go(func() { o.readRequests(sent); drain(sent) })
	both.Go(func() { o.readResponses(received); drain(received) })
	both.Wait()
}

func drain(more func() []byte) {
	for len(more()) > 0 {
	}
}

func (o *observer) readRequests(more func() []byte) {
	defer close(o.exchanges)
	var r picohttp.Request
	parser.ParseRequest(&r, nil) // Resume continues under the same rules
	d := direction{observer: o, arrow: '>', more: more, head: &r.Head, resume: r.Resume}
	for number := 1; d.next(); number++ {
		verdict, rejected := r.Check()
		framing, err := r.Framing() // Check rejects more, but nothing that hides the next request
		line := fmt.Sprintf("%s %.80q to %.80q", r.Method(), r.Target(), verdict.Authority)
		if err == nil && rejected != nil {
			line += ", " + rejected.Error()
		}
		e := &exchange{number: number, method: string(r.Method()), requested: make(chan bool), tunnel: make(chan bool, 1)}
		e.switching = e.method == "CONNECT" || framing.Upgrade
		o.exchanges <- e // there may be a response before the content has ended
		e.text = d.readMessage(number, line, framing, err)
		close(e.requested)
		if e.switching && <-e.tunnel {
			return
		}
	}
}

func (o *observer) readResponses(more func() []byte) {
	var r picohttp.Response
	parser.ParseResponse(&r, nil)
	d := direction{observer: o, arrow: '<', more: more, head: &r.Head, resume: r.Resume}
	d.content.Response = true
	tunnel := false
	for number := 1; ; number++ {
		e, asked := <-o.exchanges
		if !asked {
			e = &exchange{number: number, requested: make(chan bool), tunnel: make(chan bool, 1)}
			close(e.requested)
		}
		final := tunnel || !d.next()
		if final && !asked {
			return
		}
		var text []byte
		for ; !final; final = final || !d.next() {
			framing, err := r.Framing(e.method)
			final = r.Status()/100 != 1 || r.Status() == 101
			tunnel = e.switching && (r.Status() == 101 || framing.Body == picohttp.BodyTunnel)
			text = append(text, d.readMessage(e.number, fmt.Sprintf("%d %.80q", r.Status(), r.Reason()), framing, err)...)
			if len(text) > maxText {
				text = fmt.Appendf(text, "%sno longer observed\n", o.name)
				final, tunnel = true, true
			}
		}
		e.tunnel <- tunnel
		<-e.requested
		o.out.Write(append(e.text, text...))
	}
}

// A direction is what one side sends.
type direction struct {
	*observer
	arrow   byte
	more    func() []byte                     // waits for bytes, and returns none at the end
	head    *picohttp.Head                    // the one that is parsed
	resume  func(b []byte) (n int, err error) // parses it
	content picohttp.Content

	in     []byte // has arrived and is not consumed
	at     int64  // offset of in
	n      int    // what resume has returned
	err    error
	lost   bool // the next message is searched for
	failed bool // and does not begin with the letters at the start of in
}

// read reads more bytes, and reports whether there are any.
func (d *direction) read() bool {
	b := d.more()
	d.in = append(d.in, b...)
	return len(b) > 0
}

func (d *direction) consume(n int) {
	d.in = d.in[n:]
	d.at += int64(n)
}

// next parses the next head. It returns false if there is none.
func (d *direction) next() bool {
	for {
		few := len(d.in)
		if d.lost && d.skip() {
			few = min(len(d.in), 128) // usually enough to see that no message begins here, and faster to parse
		}
		d.n, d.err = d.resume(d.in[:few])
		if d.err == picohttp.ErrIncomplete && few < len(d.in) {
			d.n, d.err = d.resume(d.in)
		}
		none := d.lost && d.head.Settled() == 0 // no start-line
		switch {
		case d.err == picohttp.ErrIncomplete && d.read():
		case d.err == picohttp.ErrIncomplete && (none || len(bytes.Trim(d.in, "\r\n")) == 0):
			return false
		case d.err != nil && none:
			d.failed = true
		default:
			return true
		}
	}
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

// readMessage returns what is printed of the message whose head next has parsed. err is about the
// head as a whole.
func (d *direction) readMessage(number int, line string, framing picohttp.Framing, err error) []byte {
	prefix := fmt.Sprintf("%s%d %c ", d.name, number, d.arrow)
	text := fmt.Appendf(nil, "%sat %d: %s\n", prefix, d.at, line)
	for deviation, at := range d.head.DeviationOffsets() {
		text = fmt.Appendf(text, "%s    %s at %d\n", prefix, deviation.Code(), d.at+int64(at))
	}
	settled := d.head.Settled()
	at, explained := d.at, ""
	d.lost, d.failed = err != nil, err != nil && settled == 0
	if d.lost {
		explained = d.head.Explain(err)
		if d.err != nil {
			at += int64(d.n)
		}
	}
	d.consume(settled)
	if !d.lost {
		content := int64(0)
		d.content.Start(framing, &parser)
		body := d.at
		for err == nil {
			var data []byte
			var n int
			data, n, err = d.content.Next(d.in)
			content += int64(len(data))
			d.consume(n)
			if err == picohttp.ErrIncomplete {
				if d.read() {
					err = nil
				} else if err = d.content.End(); err == nil {
					err = io.EOF
				}
			}
		}
		if trailers := d.content.Trailer().NumFields(); content > 0 || trailers > 0 {
			text = fmt.Appendf(text, "%s    content %d, trailer fields %d\n", prefix, content, trailers)
		}
		for deviation, at := range d.content.DeviationOffsets() {
			text = fmt.Appendf(text, "%s    %s at %d\n", prefix, deviation.Code(), body+int64(at))
		}
		at, explained, d.lost = d.at, d.content.Explain(err), err != io.EOF
	}
	if d.lost {
		text = fmt.Appendf(text, "%s    %v at %d\n", prefix, err, at)
		d.faults.Printf("%s%s", prefix, explained)
	}
	return text
}
