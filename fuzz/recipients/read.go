package recipients

import (
	"slices"
	"strconv"
	"strings"

	"github.com/picohttp/picohttp"
)

// A Reading is what somebody finds in the bytes of a message.
type Reading struct {
	Outcome   Outcome
	End       int // the offset after the head, or after a chunked body
	Body      picohttp.Body
	Length    int64  // bytes of the body, for BodyLength, or of the content of a chunked one
	Authority string // where a request goes
	Upgrade   bool   // a request offers another protocol
}

// An Outcome is what becomes of a message.
type Outcome string

const (
	Rejects Outcome = "rejects"
	Waits   Outcome = "waits" // the head does not end within the bytes, and nothing is wrong so far
	Reads   Outcome = "reads"
)

// A message is what a model is given: the head of one message or a chunked body, and
// nothing after it.
type message struct {
	text   string
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

// A reader reads with one model after the other.
type reader struct {
	Model
	message
	minor  int
	status int
	target string
	tunnel bool    // the request is a CONNECT
	fields []field // one without a name is a line that is no field line, so that a fold after it continues no value
	picked []string
}

type field struct{ name, value string }

// read reads a message as the model does.
func (r *reader) read(m Model, msg message) Reading {
	*r = reader{Model: m, message: msg, fields: r.fields[:0], picked: r.picked}
	if msg.form >= requestBody {
		return r.readBody()
	}
	text, isWhole := msg.text, false
	if end := m.headEnd(text); end >= 0 {
		text, isWhole = text[:end], true
	}
	isStarted, isBlind := false, false
	for i := 0; i < len(text); {
		line, next := m.line(text, i)
		isEmpty := m.isEmpty(line)
		if isStarted && !isEmpty && m.has(nulEndsLine) {
			line, _ = m.withoutNUL(line)
			isEmpty = line == ""
		}
		switch {
		case !isStarted && isEmpty && next >= 0:
			if msg.form == response && m.has(acceptsOld) {
				return Reading{Outcome: Reads, Body: picohttp.BodyUntilClose} // it begins with content
			}
		case !isStarted:
			isStarted = true
			line, isBlind = m.withoutNUL(line)
			isOld, isValid := r.readStartLine(line)
			if isOld && m.has(acceptsOld) && next >= 0 {
				return Reading{Outcome: Reads, End: next}
			}
			if isOld || !isValid {
				return Reading{Outcome: Rejects}
			}
		case next < 0:
		case isEmpty && !m.has(endFirst):
			return r.decide(next)
		case isBlind:
		case isEmpty: // of a text that has its end already
			r.fields = append(r.fields, field{})
			isBlind = m.has(oddEndsFields)
		default:
			line, isBlind = m.withoutNUL(line)
			if r.readLine(line) {
				break
			}
			// A program that splits a text does not take a part of it for content.
			if m.has(oddEndsHead) && !m.has(endFirst|atCR|atVT|atSeparator) {
				return r.decide(i)
			}
			isBlind = true
		}
		if next < 0 {
			return Reading{Outcome: Waits}
		}
		i = next
	}
	if !isStarted || !isWhole {
		return Reading{Outcome: Waits}
	}
	return r.decide(len(text))
}

// readStartLine reports whether the line is one of HTTP/1, or a request-line of HTTP/0.9.
func (r *reader) readStartLine(line string) (isOld, isValid bool) {
	if r.form == response {
		version, code, _ := strings.Cut(line, " ")
		if r.has(wordsAtWhite) {
			version, code = r.word(line)
		}
		if code = leading(code, digits); len(code) < 3 {
			return false, false
		}
		r.status, _ = strconv.Atoi(code[:3])
		return false, r.readVersion(version)
	}
	var method, version string
	switch {
	case r.has(wordsAtWhite):
		method, line = r.word(r.trim(line))
		r.target, version = r.word(line)
		isOld = version == ""
	case r.has(wordsFirstAndLast):
		method, line, _ = strings.Cut(r.trim(line), " ")
		at := strings.LastIndexByte(line, ' ')
		if isOld = at < 0; isOld {
			r.target = line
		} else {
			r.target, version = r.trim(line[:at]), line[at+1:]
		}
	default:
		method, line, _ = strings.Cut(line, " ")
		var isThird bool
		r.target, version, isThird = strings.Cut(line, " ")
		version, isOld = r.trim(version), !isThird
	}
	for _, word := range []string{method, r.target} {
		if word == "" || strings.ContainsAny(word, "\r\n") {
			return false, false
		}
	}
	r.tunnel = method == "CONNECT"
	return isOld, isOld || r.readVersion(version)
}

func (r *reader) readVersion(version string) bool {
	number, ok := strings.CutPrefix(version, "HTTP/1.")
	if !ok || number == "" || leading(number, digits) != number {
		return false
	}
	switch {
	case r.has(firstDigit):
		number = number[:1]
	case r.has(minorZero) && len(number) > 1:
		number = "0"
	}
	r.minor, _ = strconv.Atoi(number)
	return true
}

// readLine reads a line after the start-line that is not empty. It reports whether
// more fields may follow.
func (r *reader) readLine(line string) bool {
	isFold := r.whiteAt(line) > 0
	switch {
	case isFold && r.has(foldIsOwn):
		line = r.trim(line)
	case isFold:
		if last := len(r.fields) - 1; last >= 0 && !r.has(dropsFold) {
			r.fields[last].value += " " + r.trim(line)
		}
		return true
	}
	name, value, isField := strings.Cut(line, ":")
	skipsOdd := !r.has(oddEndsFields | oddEndsHead)
	if !isField || name == "" || !skipsOdd && strings.ContainsFunc(name, isInvisible) {
		r.fields = append(r.fields, field{})
		return isFold || skipsOdd
	}
	if !r.has(blankIsPart) {
		name = r.trim(name)
	}
	r.fields = append(r.fields, field{name, value})
	return true
}

// values returns the values that count of the fields of a name. They are valid up to the next call.
func (r *reader) values(name string, onlyFirst, onlyLast bool) []string {
	r.picked = r.picked[:0]
	for _, f := range r.fields {
		if len(f.name) == len(name) && strings.EqualFold(f.name, name) {
			r.picked = append(r.picked, r.trim(f.value))
		}
	}
	switch last := len(r.picked) - 1; {
	case onlyLast && last > 0:
		return r.picked[last:]
	case onlyFirst && last > 0:
		return r.picked[:1]
	}
	return r.picked
}

// decide finds out what all fields are together. The head ends at end.
func (r *reader) decide(end int) Reading {
	v := Reading{Outcome: Reads, End: end}
	mayHaveContent := r.status/100 != 1 && r.status != 204
	switch {
	case r.form == request:
		v.Upgrade = r.minor > 0 && r.offersUpgrade()
		host := r.values("Host", true, r.has(lastHost))
		v.Authority = strings.Join(host, "")
		if authority, ok := absoluteAuthority(r.target); ok && (len(host) == 0 || !r.has(hostDecides)) {
			v.Authority = authority
		}
		if r.tunnel {
			v.Authority, v.Body = r.target, picohttp.BodyTunnel
			return v
		}
	case r.status/100 == 2 && r.method == "CONNECT":
		v.Body = picohttp.BodyTunnel
		return v
	case r.method == "HEAD", r.status == 304, !mayHaveContent && !r.has(contentByFields):
		return v
	}
	codings := r.values("Transfer-Encoding", r.has(firstCoding), r.has(lastCoding))
	isCoded := len(codings) > 0 && (r.minor > 0 || !r.has(ignoresCoding))
	isChunked := r.isChunked(strings.Join(codings, ","))
	length := r.values("Content-Length", true, r.has(lastLength))
	if len(length) > 0 && r.has(lengthDecides) {
		isCoded = false
	}
	switch {
	case isCoded && isChunked:
		v.Body = picohttp.BodyChunked
	case isCoded && r.form == response:
		v.Body = picohttp.BodyUntilClose
	case len(length) > 0:
		v.Body = picohttp.BodyLength
		var ok bool
		if v.Length, ok = r.readNumber(length[0]); !ok {
			return Reading{Outcome: Rejects}
		}
	case r.form == response && mayHaveContent:
		v.Body = picohttp.BodyUntilClose
	}
	return v
}

// offersUpgrade reports whether there is a protocol in Upgrade, and Connection names it.
func (r *reader) offersUpgrade() bool {
	if strings.Join(r.values("Upgrade", false, false), "") == "" {
		return false
	}
	connection := strings.Join(r.values("Connection", false, false), ",")
	return slices.ContainsFunc(strings.Split(connection, ","), func(option string) bool {
		return strings.EqualFold(r.trim(option), "upgrade")
	})
}

// isChunked reports whether a Transfer-Encoding makes a body chunked.
func (r *reader) isChunked(codings string) bool {
	if r.has(containsChunked) {
		return strings.Contains(strings.ToLower(codings), "chunked")
	}
	return strings.EqualFold(r.trim(lastOf(codings)), "chunked")
}

// lastOf returns the last element of a list.
func lastOf(list string) string { return list[strings.LastIndexByte(list, ',')+1:] }

// readNumber returns a Content-Length, and whether it is one.
func (r *reader) readNumber(value string) (n int64, ok bool) {
	if r.has(lastElement) {
		value = r.trim(lastOf(value))
	}
	number := leading(value, digits)
	if !r.has(digitsFirst) && (number == "" || number != value) {
		return 0, false
	}
	n, _ = strconv.ParseInt(number[:min(len(number), 18)], 10, 64) // 0 if there are no digits
	return n, true
}

// isInvisible reports whether c is no visible character of ASCII.
func isInvisible(c rune) bool { return c <= ' ' || c >= 0x7f }

// absoluteAuthority returns the authority of a request-target in absolute-form.
func absoluteAuthority(target string) (authority string, ok bool) {
	scheme, rest, ok := strings.Cut(target, "://")
	if !ok || scheme == "" || scheme[0] == '/' {
		return "", false
	}
	if end := strings.IndexAny(rest, `/?#\`); end >= 0 {
		rest = rest[:end]
	}
	return rest[strings.LastIndexByte(rest, '@')+1:], true
}

// readBody reads a chunked body.
func (r *reader) readBody() Reading {
	v := Reading{Outcome: Reads, Body: picohttp.BodyChunked}
	isTrailer := false
	for {
		line, next := r.line(r.text, v.End)
		if next < 0 {
			return Reading{Outcome: Waits}
		}
		v.End = next
		if isTrailer {
			if r.isEmpty(line) {
				return v
			}
			continue
		}
		// What follows the digits is ignored, as chunk-ext is.
		line, _ = r.withoutNUL(line)
		size, err := strconv.ParseUint(leading(r.skip(line), digits+"abcdefABCDEF"), 16, 64)
		if err != nil || size > 1<<20 {
			return Reading{Outcome: Rejects}
		}
		if isTrailer = size == 0; isTrailer {
			continue
		}
		v.Length += int64(size)
		v.End += int(size)
		switch {
		case v.End+2 > len(r.text):
			return Reading{Outcome: Waits}
		case r.has(twoBytes), strings.HasPrefix(r.text[v.End:], "\r\n"):
			v.End += 2
		case r.text[v.End] == '\n' && !r.has(atCRLF):
			v.End++
		default:
			return Reading{Outcome: Rejects}
		}
	}
}
