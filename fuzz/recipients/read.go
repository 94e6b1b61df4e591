package recipients

import (
	"bytes"

	"github.com/picohttp/picohttp"
)

// A Reading is what somebody finds in the bytes of a message.
type Reading struct {
	Outcome   Outcome
	End       int // the offset after the head
	Body      picohttp.Body
	Length    int64  // bytes of the body, for BodyLength
	Authority []byte // where a request goes
	Upgrade   bool   // a request offers another protocol
}

// An Outcome is what becomes of a message.
type Outcome uint8

const (
	Rejects Outcome = iota
	Waits           // the head does not end within the bytes, and nothing is wrong so far
	Reads
)

// A message is what a model is given: the head of one message or a chunked body, and
// nothing after it.
type message struct {
	bytes  []byte
	form   form
	method string // of the request that a response responds to
}

// A form is what a message is.
type form uint8

const (
	request form = iota
	response
	requestBody // a chunked body
	responseBody
)

// A reader reads with one model after the other. It holds what the fields said.
type reader struct {
	m       *Model
	arena   []byte // values that are not in one piece
	minor   int
	status  int
	target  []byte
	connect bool

	name, value []byte // of the field line that a fold may continue
	isField     bool   // whether there is one
	isOver      bool   // the head has ended before a line that is no field line

	hosts, lengths, codings int
	host, length, coding    []byte
	upgradeField, upgrades  bool
}

// read reads a message as the model does.
func (r *reader) read(m *Model, msg message) Reading {
	*r = reader{m: m, arena: r.arena[:0]}
	if msg.form >= requestBody {
		return r.readBody(msg.bytes)
	}
	b := msg.bytes
	text, isWhole := b, true
	if m[textLines] == endFirst {
		if end := m.headEnd(b); end >= 0 {
			text = b[:end]
		} else {
			isWhole = false
		}
	}
	i, line, next := 0, []byte(nil), 0
	for {
		if i == len(text) {
			return Reading{Outcome: Waits}
		}
		line, next = m.line(text, i, false)
		if !m.isEmpty(line) || next < 0 {
			break
		}
		if msg.form == response && m[oldRequest] == acceptsOld {
			return Reading{Outcome: Reads, Body: picohttp.BodyUntilClose} // it begins with content
		}
		i = next
	}
	line, blind := r.withoutNUL(line)
	if msg.form == response {
		if !r.readStatusLine(line) {
			return Reading{}
		}
	} else if words := r.readRequestLine(line); words < 3 {
		if words == 2 && m[oldRequest] == acceptsOld && next >= 0 {
			return Reading{Outcome: Reads, End: next}
		}
		return Reading{}
	}
	for next >= 0 {
		if i = next; i == len(text) {
			if m[textLines] != endFirst {
				next = -1
			}
			break
		}
		line, next = m.line(text, i, false)
		if next < 0 {
			break
		}
		isEmpty := m.isEmpty(line)
		if !isEmpty && m[nul] == endsLine {
			line, _ = r.withoutNUL(line)
			isEmpty = len(line) == 0
		}
		switch {
		case isEmpty && m[textLines] != endFirst:
			r.endField()
			return r.decide(msg, next)
		case blind:
		case isEmpty: // of a text that has its end already
			r.endField()
			blind = m[oddLine] == endsFields
		default:
			line, blind = r.withoutNUL(line)
			blind = !r.readLine(line) || blind
			if r.isOver {
				return r.decide(msg, i)
			}
		}
	}
	if !isWhole || next < 0 {
		return Reading{Outcome: Waits}
	}
	r.endField()
	return r.decide(msg, len(text))
}

// withoutNUL returns what the model sees of a line with NUL, and whether the text ends
// in it.
func (r *reader) withoutNUL(line []byte) (text []byte, ends bool) {
	at := bytes.IndexByte(line, 0)
	if at < 0 || r.m[nul] == 0 {
		return line, false
	}
	if r.m[nul] != dropsNUL {
		return line[:at], r.m[nul] == endsText
	}
	begin := len(r.arena)
	for _, c := range line {
		if c != 0 {
			r.arena = append(r.arena, c)
		}
	}
	return r.arena[begin:len(r.arena):len(r.arena)], false
}

// join returns a and b with a separator between them.
func (r *reader) join(a []byte, separator byte, b []byte) []byte {
	begin := len(r.arena)
	r.arena = append(append(append(r.arena, a...), separator), b...)
	return r.arena[begin:len(r.arena):len(r.arena)]
}

// readRequestLine returns how many words the line has, 0 if it is not a request-line. A
// third one is an HTTP-version.
func (r *reader) readRequestLine(line []byte) int {
	var method, target, version []byte
	var more bool
	switch r.m[words] {
	case atWhite:
		line = r.m.trim(line)
		method, line = r.m.word(line)
		target, line = r.m.word(line)
		version = line
		more = len(version) > 0
	case firstAndEnd:
		line = r.m.trim(line)
		method, line, _ = bytes.Cut(line, []byte(" "))
		if at := bytes.LastIndexByte(line, ' '); at >= 0 {
			target, version, more = r.m.trim(line[:at]), line[at+1:], true
		} else {
			target = line
		}
	default:
		method, line, _ = bytes.Cut(line, []byte(" "))
		target, version, more = bytes.Cut(line, []byte(" "))
		version = r.m.trim(version)
	}
	if len(method) == 0 || len(target) == 0 || bytes.ContainsAny(method, "\r\n") || bytes.ContainsAny(target, "\r\n") {
		return 0
	}
	r.target, r.connect = target, string(method) == "CONNECT"
	if !more {
		return 2
	}
	if !r.readVersion(version) {
		return 0
	}
	return 3
}

func (r *reader) readStatusLine(line []byte) bool {
	var version, code []byte
	if r.m[words] == atWhite {
		version, line = r.m.word(line)
		code, _ = r.m.word(line)
	} else {
		version, code, _ = bytes.Cut(line, []byte(" "))
	}
	if !r.readVersion(version) || len(code) < 3 || digits(code) < 3 {
		return false
	}
	r.status = int(code[0]-'0')*100 + int(code[1]-'0')*10 + int(code[2]-'0')
	return true
}

func (r *reader) readVersion(version []byte) bool {
	number, ok := bytes.CutPrefix(version, []byte("HTTP/1."))
	if !ok || len(number) == 0 || digits(number) < len(number) {
		return false
	}
	r.minor = int(number[0] - '0')
	if len(number) == 1 {
		return true
	}
	switch r.m[minor] {
	case 0:
		for _, c := range number[1:] {
			r.minor = r.minor*10 + int(c-'0')
		}
	case minorZero:
		r.minor = 0
	}
	return true
}

// readLine reads a line after the start-line that is not empty. It reports whether
// more fields may follow.
func (r *reader) readLine(line []byte) bool {
	isFold := r.m.whiteAt(line) > 0
	if isFold {
		switch r.m[fold] {
		case 0:
			if r.isField && isControl(r.name) {
				r.value = r.join(r.value, ' ', r.m.trim(line))
			}
			return true
		case dropsFold:
			return true
		}
		line = r.m.trim(line)
	}
	r.endField()
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || r.m[oddLine] != 0 && !isVisible(line[:colon]) {
		if isFold || r.m[oddLine] == 0 {
			return true
		}
		// A program that splits a text does not take a part of it for content.
		r.isOver = r.m[oddLine] == endsHead && r.m[textLines] == 0 && r.m[alsoAt] == 0
		return false
	}
	r.name, r.value, r.isField = line[:colon], line[colon+1:], true
	if r.m[blankName] != blankIsPart {
		r.name = r.m.trim(r.name)
	}
	return true
}

// endField reads the field line before, which nothing continues.
func (r *reader) endField() {
	if !r.isField {
		return
	}
	r.isField = false
	if !isControl(r.name) {
		return
	}
	value := r.m.trim(r.value)
	switch r.name[0] | 0x20 {
	case 'h':
		if r.hosts == 0 || r.m[whichHost] == last {
			r.host = value
		}
		r.hosts++
	case 'u':
		r.upgradeField = r.upgradeField || len(value) > 0
	case 't':
		switch {
		case r.codings == 0 || r.m[codingLines] == final:
			r.coding = value
		case r.m[codingLines] == 0:
			r.coding = r.join(r.coding, ',', value)
		}
		r.codings++
	case 'c':
		if len(r.name) == len("Connection") {
			r.upgrades = r.upgrades || r.hasUpgrade(value)
			break
		}
		if r.lengths == 0 || r.m[whichLength] == last {
			r.length = value
		}
		r.lengths++
	}
}

func (r *reader) hasUpgrade(list []byte) bool {
	for element := range bytes.SplitSeq(list, []byte(",")) {
		if bytes.EqualFold(r.m.trim(element), []byte("upgrade")) {
			return true
		}
	}
	return false
}

// decide finds out what all fields are together. The head ends at end.
func (r *reader) decide(msg message, end int) Reading {
	v := Reading{Outcome: Reads, End: end}
	isCoded := r.codings > 0 && (r.minor > 0 || r.m[oldCoding] != ignoresCoding)
	isChunked := isCoded && r.isChunked()
	length, isNumber := int64(0), true
	if r.lengths > 0 {
		length, isNumber = r.readNumber()
	}
	if msg.form == response {
		switch {
		case r.status/100 == 2 && msg.method == "CONNECT":
			v.Body = picohttp.BodyTunnel
			return v
		case msg.method == "HEAD", r.status == 304, r.m[noContent] != byFields && (r.status/100 == 1 || r.status == 204):
			return v
		}
		isCoded = isCoded && !(r.lengths > 0 && r.m[decides] == lengthDecides)
		switch {
		case isCoded && isChunked:
			v.Body = picohttp.BodyChunked
		case isCoded:
			v.Body = picohttp.BodyUntilClose
		case !isNumber:
			return Reading{}
		case r.lengths > 0:
			v.Body, v.Length = picohttp.BodyLength, length
		case r.status/100 != 1 && r.status != 204:
			v.Body = picohttp.BodyUntilClose
		}
		return v
	}
	v.Upgrade = r.minor > 0 && r.upgradeField && r.upgrades
	v.Authority = r.host
	switch {
	case r.connect:
		v.Authority, v.Body = r.target, picohttp.BodyTunnel
		return v
	case r.m[authority] != hostDecides || r.hosts == 0:
		if host, ok := absoluteAuthority(r.target); ok {
			v.Authority = host
		}
	}
	switch {
	case isChunked && !(r.lengths > 0 && r.m[decides] == lengthDecides):
		v.Body = picohttp.BodyChunked
	case !isNumber:
		return Reading{}
	case r.lengths > 0:
		v.Body, v.Length = picohttp.BodyLength, length
	}
	return v
}

func (r *reader) isChunked() bool {
	if r.m[coding] == containsChunked {
		return bytes.Contains(bytes.ToLower(r.coding), []byte("chunked"))
	}
	element := r.coding[bytes.LastIndexByte(r.coding, ',')+1:]
	return bytes.EqualFold(r.m.trim(element), []byte("chunked"))
}

// readNumber returns the Content-Length, and whether it is one.
func (r *reader) readNumber() (n int64, ok bool) {
	value := r.length
	if r.m[number] == lastElement {
		value = r.m.trim(value[bytes.LastIndexByte(value, ',')+1:])
	}
	count := digits(value)
	if r.m[number] != digitsFirst && (count < len(value) || count == 0) {
		return 0, false
	}
	for _, c := range value[:min(count, 18)] {
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// isVisible reports whether b has visible characters of ASCII alone.
func isVisible(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// absoluteAuthority returns the authority of a request-target in absolute-form.
func absoluteAuthority(target []byte) (host []byte, ok bool) {
	at := bytes.Index(target, []byte("://"))
	if at <= 0 || target[0] == '/' {
		return nil, false
	}
	host = target[at+len("://"):]
	if end := bytes.IndexAny(host, `/?#\`); end >= 0 {
		host = host[:end]
	}
	return host[bytes.LastIndexByte(host, '@')+1:], true
}

// isControl reports whether a field of that name decides what a Reading is.
func isControl(name []byte) bool {
	want := ""
	switch len(name) {
	case len("Host"):
		want = "Host"
	case len("Upgrade"):
		want = "Upgrade"
	case len("Connection"):
		want = "Connection"
	case len("Content-Length"):
		want = "Content-Length"
	case len("Transfer-Encoding"):
		want = "Transfer-Encoding"
	}
	return want != "" && bytes.EqualFold(name, []byte(want))
}

// readBody reads a chunked body as the model does. Length is that of the content.
func (r *reader) readBody(b []byte) Reading {
	m := r.m
	v := Reading{Body: picohttp.BodyChunked}
	for i := 0; ; {
		line, next := m.line(b, i, false)
		line, _ = r.withoutNUL(line)
		size, isSize := m.chunkSize(line)
		switch {
		case next < 0:
			return Reading{Outcome: Waits}
		case !isSize:
			return Reading{}
		case size == 0:
			return m.readTrailer(v, b, next)
		}
		v.Length += int64(size)
		i = next + size
		if i+2 > len(b) {
			return Reading{Outcome: Waits}
		}
		switch {
		case m[dataEnd] == twoBytes || bytes.HasPrefix(b[i:], []byte("\r\n")):
			i += 2
		case b[i] == '\n' && m[lineEnd] != atCRLF:
			i++
		default:
			return Reading{}
		}
	}
}

// chunkSize reads the digits that a chunk-size line begins with, after whitespace. What
// follows is ignored, as chunk-ext is.
func (m *Model) chunkSize(line []byte) (size int, ok bool) {
	line = m.skip(line)
	i := 0
	for ; i < len(line); i++ {
		digit := bytes.IndexByte([]byte("0123456789abcdef"), line[i]|0x20)
		if digit < 0 || line[i] < '0' {
			break
		}
		if size = size<<4 | digit; size > 1<<20 {
			return 0, false
		}
	}
	return size, i > 0
}

// readTrailer finds the end of the trailer section at offset i.
func (m *Model) readTrailer(v Reading, b []byte, i int) Reading {
	for {
		line, next := m.line(b, i, false)
		if next < 0 {
			return Reading{Outcome: Waits}
		}
		if i = next; m.isEmpty(line) {
			v.Outcome, v.End = Reads, i
			return v
		}
	}
}
