package picohttp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Explain is Parser.Explain for what the zero Parser answered.
func Explain(b []byte, n int, err error) string { return new(Parser).Explain(b, n, err) }

// Explain puts into words for people what p answered, n and err, about b:
// the line, the octets around the fault with a caret under the first that
// cannot be right, the rule, where it stands and the status code to answer
// with. For an error of Host or Framing, n is what Parse answered before. For a
// chunked body, b begins where the body begins and n counts from there; Decode
// has written over b, so keep a copy if there is something to explain.
//
// It is the slow path: it finds out what kind of message b is by parsing it once
// more, and allocates. The words may change from release to release;
// programs look at err and Error.Code. They are printable ASCII, but quote what
// the peer sent, credentials included: they are for a log or a terminal, not for
// the response.
func (p *Parser) Explain(b []byte, n int, err error) string {
	n = max(0, min(n, len(b)))
	var e Error
	x := explainer{Parser{
		Profile: p.Profile, Allow: p.Allow,
		MaxHeadBytes: maxOffset, MaxTargetBytes: maxOffset, MaxFields: maxOffset,
		MaxTrailerBytes: maxOffset, MaxChunkExtBytes: maxOffset, MaxChunkOverhead: maxOffset,
	}}
	switch {
	case err == nil:
		return "complete: " + kindNames[x.kindOf(b, n, nil)] + " of " + octets(n)
	case errors.Is(err, ErrIncomplete) && len(b) == 0:
		return "incomplete: no octet yet"
	case errors.Is(err, ErrIncomplete):
		return x.incomplete(b)
	case errors.As(err, &e) && e.rule() != 0:
		return x.malformed(b, n, e)
	}
	return err.Error()
}

// An explainer parses without limits.
type explainer struct{ Parser }

func (x *explainer) incomplete(b []byte) string {
	p := x.prefix(x.kindOf(b, 0, ErrIncomplete), b)
	if p.ended() { // b is no prefix of anything
		return "incomplete: the message goes on after " + octets(len(b))
	}
	return fmt.Sprintf("incomplete: the %s goes on after %s\n%s", kindNouns[p.kind], octets(len(b)), p.place())
}

// A chunked body is one more kind of what a caller may want explained.
const chunkedKind = trailerKind + 1

var (
	kindNames = [...]string{"a message head", "a message head", "a trailer section", "a chunked body"}
	kindNouns = [...]string{"head", "head", "trailer section", "body"}
)

// kindOf returns the first kind of which b has the outcome n and err, or else
// may have it.
func (x *explainer) kindOf(b []byte, n int, err error) kind {
	if err == ErrIncomplete && bytes.HasPrefix(b, []byte("HTTP")) {
		return responseKind // or a request with a method that nobody has
	}
	for k := range kindNames {
		if p := x.prefix(kind(k), b); p.err == err && (p.n == n || err == ErrIncomplete) {
			return kind(k)
		}
	}
	if e, ok := err.(Error); ok && e >= ErrChunkSize {
		return chunkedKind
	}
	// It is not the syntax that is wrong: a limit, or what fields mean.
	for k := range kindNames {
		if p := x.prefix(kind(k), b[:n]); p.err == nil || p.err == ErrIncomplete {
			return kind(k)
		}
	}
	return requestKind
}

// A prefix is the beginning of a message of some kind, parsed without limits.
type prefix struct {
	kind
	*Head   // the head or trailer section
	chunked Chunked
	chunks  int // chunks that have begun
	n       int
	err     error
}

func (x *explainer) prefix(k kind, b []byte) *prefix {
	p := &prefix{kind: k, Head: new(Head)}
	switch k {
	case requestKind:
		r := new(Request)
		p.n, p.err = x.ParseRequest(r, b)
		p.Head = &r.Head
	case responseKind:
		r := new(Response)
		p.n, p.err = x.ParseResponse(r, b)
		p.Head = &r.Head
	case trailerKind:
		t := new(Trailer)
		p.n, p.err = x.ParseTrailer(t, b)
		p.Head = &t.Head
	case chunkedKind:
		d := &p.chunked
		d.Parser = &x.Parser
		for p.err == nil {
			n, err := d.lines(b[p.n:])
			p.n, p.err = p.n+n, err
			if err != nil {
				break
			}
			if d.part == chunkData {
				p.chunks++
				size := d.data(len(b) - p.n)
				d.content += int64(size)
				p.n += size
				continue
			}
			n, p.err = d.readTrailer(b[p.n:])
			p.n += n
			p.Head = &d.trailer.Head
		}
		if p.err == io.EOF {
			p.err = nil
		}
		if d.part == trailerBegin { // and none of it is there
			x.ParseTrailer(&d.trailer, nil)
			p.Head = &d.trailer.Head
		}
	}
	return p
}

// ended reports whether no octet may follow.
func (p *prefix) ended() bool { return p.err != ErrIncomplete }

// place says where the prefix ends.
func (p *prefix) place() string {
	if p.kind == chunkedKind && p.chunked.part < trailerBegin {
		s := chunkPlaces[p.chunked.part] + p.lineName()
		if p.chunked.part == chunkData {
			s += ", of which " + octets(p.chunked.left) + " are to come"
		}
		return s
	}
	if p.part == none { // in Pico, which keeps nothing of it
		return "in the trailer section"
	}
	s := partNames[p.part]
	switch {
	case p.part == startLF, fieldName <= p.part && p.part <= emptyLF:
		s += p.lineName()
	}
	return s
}

// partNames says where a prefix ends whose next octet belongs to the part; if
// it ends in a space, the name of the line is to be added.
var partNames = [...]string{
	leading:       "before the request-line",
	leadingLF:     "between CR and LF of the empty line before the request-line",
	method:        "in the method",
	target:        "in the request-target",
	version:       "in the HTTP-version",
	statusVersion: "in the HTTP-version",
	statusCode:    "in the status-code",
	reasonPhrase:  "in the reason-phrase",
	startLF:       "between CR and LF of ",
	fieldLine:     "at the beginning of a field line or the empty line",
	fieldName:     "in the name of ",
	colonSpace:    "before the colon of ",
	foldSpace:     "at the beginning of a line that continues ",
	fieldValue:    "in the value of ",
	fieldLF:       "between CR and LF of ",
	emptyLF:       "between CR and LF of ",
}

// chunkPlaces is partNames for a chunked body.
var chunkPlaces = func() (names [chunkedEnd]string) {
	for i := range names {
		names[i] = "in the chunk-ext of "
	}
	names[chunkSize] = "at the beginning of "
	names[chunkDigits] = "in the chunk-size of "
	names[chunkLF] = "between CR and LF of "
	names[chunkData] = "in "
	names[chunkDataCR] = "behind "
	names[chunkDataLF] = "between CR and LF behind "
	return names
}()

// lineName names the line that the next octet belongs to.
func (p *prefix) lineName() string {
	section := "the head"
	if p.kind >= trailerKind {
		section = "the trailer section"
	}
	switch {
	case p.kind == chunkedKind && p.chunked.part < chunkData:
		return fmt.Sprintf("the chunk-size line of chunk %d", p.chunks+1)
	case p.kind == chunkedKind && p.chunked.part < trailerBegin:
		return fmt.Sprintf("the chunk-data of chunk %d", p.chunks)
	case p.part == leadingLF:
		return "the empty line before the request-line"
	case p.part < fieldLine && p.kind == requestKind:
		return "the request-line"
	case p.part < fieldLine:
		return "the status-line"
	case p.part == emptyLF:
		return "the empty line that ends " + section
	case p.part <= colonSpace:
		return fieldLineName(p.NumFields()+1, nil)
	case p.colon < p.next: // it is folded
		name, _ := p.Field(p.NumFields() - 1)
		return fieldLineName(p.NumFields(), name)
	}
	return fieldLineName(p.NumFields()+1, p.b[p.next:p.colon])
}

func fieldLineName(number int, name []byte) string {
	const most = 24
	switch s := fmt.Sprintf("field line %d", number); {
	case len(name) == 0:
		return s
	case len(name) > most:
		return fmt.Sprintf("%s (%s...)", s, name[:most])
	default:
		return fmt.Sprintf("%s (%s)", s, name)
	}
}

func (x *explainer) malformed(b []byte, n int, e Error) string {
	var s strings.Builder
	fmt.Fprintf(&s, "malformed: %s\n", e.Rule())
	advice := ""
	k := x.kindOf(b, n, e)
	if at := x.faultAt(k, b, n, e); at >= 0 {
		line, column := lineAround(b, at)
		advice = hint(k, line, column, e)
		text, caret := quote(line, column)
		fmt.Fprintf(&s, "in %s, column %d (offset %d)\n\n", x.errorLine(k, b, at, e), column+1, at)
		fmt.Fprintf(&s, "    %s\n    %s\n\n", text, underline(caret, label(b, at, e)))
	}
	fmt.Fprintf(&s, "rule:   %s, %s\n", e.Code(), e.Section())
	if k == responseKind {
		s.WriteString("status: 502 Bad Gateway, from a gateway")
	} else {
		fmt.Fprintf(&s, "status: %d %s", e.Status(), reason(e.Status()))
	}
	if advice != "" {
		s.WriteString("\nhint:   " + strings.ReplaceAll(advice, "\n", "\n        "))
	}
	return s.String()
}

// faultAt returns the offset that the caret is for, or -1 if there is none: n,
// but for the errors of Host and Framing, which come with the length of the head
// b[:n].
func (x *explainer) faultAt(k kind, b []byte, n int, e Error) int {
	h := x.prefix(k, b[:n])
	switch {
	case h.part == ended && k <= responseKind:
	case e < ErrHostMissing || e > ErrConnection:
		return n
	default:
		return -1
	}
	if fault, at := h.exploitable(); fault == e {
		return at
	}
	var s signals
	s.begin(h.Head)
	hosts, coding, length, found := 0, -1, -1, -1 // coding is the last Transfer-Encoding, length the last Content-Length
	h.eachPlace(func(line, colon, end uint32) bool {
		name, value := cutDeviating(b[:n], line, colon, end)
		begin := int(colon) + 1 // of the value
		octets := b[begin:max(begin, int(lineEnd(b, end)))]
		begin += len(octets) - len(bytes.TrimLeft(octets, " \t\r\n"))
		before := s.seen
		s.read(name, value)
		both := s.has(contentLength) && s.has(transferEncoding)
		switch {
		case s.fault == e, equalName(name, "Host") && e == ErrHost:
			found = begin
		case equalName(name, "Host") && e == ErrHostRepeated:
			if hosts++; hosts == 2 {
				found = int(line)
			}
		case e == ErrAmbiguousLength && both && before != s.seen:
			found = int(line)
		case equalName(name, "Content-Length"):
			length = begin
		case equalName(name, "Transfer-Encoding"):
			if coding = begin; e == ErrTransferEncodingVersion {
				found = int(line)
			}
		}
		return found < 0
	})
	switch {
	case found < 0 && (e == ErrTransferEncoding || e == ErrNotChunked):
		return coding
	case found < 0 && e == ErrContentLengthRepeated:
		return length
	case found < 0 && (e < ErrHostMissing || e > ErrConnection):
		return n
	}
	return found
}

// reason returns the reason-phrase of RFC 9110, section 15, or RFC 6585.
func reason(status int) string {
	switch status {
	case 414:
		return "URI Too Long"
	case 431:
		return "Request Header Fields Too Large"
	case 505:
		return "HTTP Version Not Supported"
	}
	return "Bad Request"
}

// errorLine names the line that e speaks of.
func (x *explainer) errorLine(k kind, b []byte, n int, e Error) string {
	p := x.prefix(k, b[:n])
	switch {
	case p.ended():
		return fmt.Sprintf("line %d", bytes.Count(b[:n], []byte("\n"))+1)
	case e == ErrEmptyLine:
		return "the second empty line before the request-line"
	case e == ErrObsFold && p.NumFields() > 0:
		name, _ := p.Field(p.NumFields() - 1)
		return "the line behind " + fieldLineName(p.NumFields(), name)
	}
	return p.lineName()
}

// lineAround returns the line that b[n] stands in, its CRLF included, and where in
// it b[n] is.
func lineAround(b []byte, n int) (line []byte, at int) {
	begin := bytes.LastIndexByte(b[:n], '\n') + 1
	line = b[begin:]
	at = n - begin
	if end := bytes.IndexByte(line[at:], '\n'); end >= 0 {
		line = line[:at+end+1]
	}
	return line, at
}

// The most columns of a quoted line, and how many of them may stand before the
// fault in one that is cut.
const quoteColumns, quoteBefore = 76, 44

// quote returns the line in printable ASCII, cut where it is long, and the
// column of line[at] in it, from 0.
func quote(line []byte, at int) (text string, caret int) {
	const cut = "..."
	from, to := 0, len(line)
	if near := line[max(0, at-quoteColumns-1):min(at+quoteColumns+1, to)]; width(near) > quoteColumns {
		from, to = at, at
		for from > 0 && width(line[from-1:at]) <= quoteBefore {
			from--
		}
		for to < len(line) && width(line[from:to+1]) <= quoteColumns-2*len(cut) {
			to++
		}
		for from > 0 && width(line[from-1:to]) <= quoteColumns-2*len(cut) {
			from--
		}
	}
	var s strings.Builder
	if from > 0 {
		s.WriteString(cut)
	}
	caret = s.Len() + width(line[from:at])
	for _, c := range line[from:to] {
		s.WriteString(escape(c))
	}
	if to < len(line) {
		s.WriteString(cut)
	}
	return s.String(), caret
}

func width(b []byte) (columns int) {
	for _, c := range b {
		columns += len(escape(c))
	}
	return columns
}

// escape returns c as it stands in a Go string.
func escape(c byte) string {
	switch {
	case c == '\r':
		return `\r`
	case c == '\n':
		return `\n`
	case c == '\t':
		return `\t`
	case c == '\\':
		return `\\`
	case c == ' ' || isVchar(c):
		return string(rune(c))
	}
	return fmt.Sprintf(`\x%02x`, c)
}

// underline returns a line with a caret in the column, and the label on the
// side of it that has room.
func underline(caret int, label string) string {
	if right := caret + len("^ ") + len(label); right > quoteColumns && caret > len(label) {
		return fmt.Sprintf("%*s ^", caret-1, label)
	}
	return fmt.Sprintf("%*s %s", caret+1, "^", label)
}

// label says what the caret points at.
func label(b []byte, n int, e Error) string {
	switch {
	case e == ErrHost, ErrContentLength <= e && e <= ErrConnection && e != ErrAmbiguousLength && e != ErrTransferEncodingVersion:
		return "this value"
	case e == ErrAmbiguousLength, e == ErrTransferEncodingVersion:
		return "this field"
	case n == len(b) && e == ErrHeadTooLong:
		return "end of input; one more is too many"
	case n == len(b):
		return "end of input"
	}
	return octetName(b[n])
}

var controlNames = strings.Fields(`NUL SOH STX ETX EOT ENQ ACK BEL BS HTAB LF VT FF CR SO SI
	DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US SP`)

func octetName(c byte) string {
	switch {
	case int(c) < len(controlNames):
		return controlNames[c]
	case c == '"':
		return "'\"'"
	case isVchar(c):
		return `"` + string(rune(c)) + `"`
	case c == 0x7f:
		return "DEL"
	}
	return fmt.Sprintf("0x%02X", c)
}

func octets[N int | uint64](n N) string {
	if n == 1 {
		return "1 octet"
	}
	return fmt.Sprintf("%d octets", n)
}

// hint returns what may help where the text of the rule alone leaves a newcomer
// wondering, or "".
func hint(k kind, line []byte, at int, e Error) string {
	var c byte
	here := line[at:]
	if len(here) > 0 {
		c = here[0]
	}
	holds := func(s string) bool { return bytes.Contains(here, []byte(s)) }
	ends := len(bytes.TrimLeft(here, "\r\n")) == 0
	blank := len(bytes.TrimLeft(here, " \t\r\n")) == 0
	word := line[bytes.LastIndexByte(line[:at], ' ')+1:]
	switch {
	case e == ErrTLS && k == responseKind:
		return "The server speaks TLS (https) on the port."
	case e == ErrVersion && k == responseKind && at == 0 && holds(" HTTP/1."):
		return "A request-line ends so: this is a request, not a response."
	case e == ErrVersion && k == responseKind:
		return ""
	case e == ErrTLS:
		return "The client speaks TLS (https) on a port for plain HTTP."
	case e == ErrHTTP2:
		return "The client speaks HTTP/2 without asking; only HTTP/1.x is spoken here."
	case e == ErrMethod && c == '/' && string(line[:at]) == "HTTP":
		return "A status-line begins so: this is a response, not a request."
	case e == ErrMethod && at == 0 && bytes.HasPrefix(here, []byte("\xef\xbb\xbf")):
		return "These octets are a UTF-8 byte order mark, as some editors write it."
	case (e == ErrMethod || e == ErrTarget) && ends:
		return "A request-line has a request-target and an HTTP-version, too."
	case e == ErrTarget && c != ' ' && c != '\t':
		return "Octets other than visible ASCII are percent-encoded in a URI."
	case (e == ErrTarget || e == ErrVersion) && c == ' ':
		return "One SP is too many."
	case e == ErrVersion && ends && (bytes.Count(line[:at], []byte(" ")) == 1 || bytes.HasSuffix(line[:at], []byte(" "))):
		return "The line has no HTTP-version, as in HTTP/0.9, which is not spoken here."
	case e == ErrVersion && holds(" HTTP/"):
		return "A space in a request-target is sent as %20."
	case e == ErrVersion && bytes.HasPrefix(bytes.ToUpper(word), []byte("HTTP/")) && !bytes.HasPrefix(word, []byte("HTTP/")):
		return "HTTP is written in capitals: the HTTP-version is case-sensitive."
	case e == ErrBareLF:
		return "Editors and echo end lines in LF alone; write \\r\\n with printf, say."
	case (e == ErrObsFold || e == ErrLeadingSpace) && blank:
		return "The line looks empty, but white space stands in it."
	case e == ErrObsFold:
		return "White space at its beginning once made a line go on with the field value\nof the line before; now a value is sent in one line."
	case e == ErrFieldName && c == ':':
		return "The field name is empty."
	case e == ErrFieldName && isWhitespace(c) && bytes.HasPrefix(bytes.TrimLeft(here, " \t"), []byte(":")):
		return "White space stands before the colon. Some recipients drop it, some take\nit for a part of the name, so a server has to refuse it."
	case e == ErrFieldName && !holds(":"):
		return "The line has no colon. If it belongs to the body, the empty line before\nthe body is missing."
	case e == ErrFieldName:
		return "Names are made of letters, digits and !#$%&'*+-.^_`|~ only."
	case e == ErrContentLengthRepeated, e == ErrAmbiguousLength, e == ErrChunkedCoding, e == ErrNotChunked:
		return "Recipients differ in where such a body ends, which lets a request be\nsmuggled past one of them. Refuse it, and close the connection."
	case e == ErrChunkSize && at == 0 && ends:
		return "The chunk-size is missing. Is the chunk before it longer than it says?"
	case e == ErrChunkSize && isWhitespace(c), e == ErrChunkExt && ends && at > 0 && isWhitespace(line[at-1]):
		return "White space stands behind the chunk-size or the extension."
	case e == ErrChunkData:
		return "The chunk-data is longer than chunk-size says."
	case e == ErrHeadTooLong:
		return "The limit is Parser.MaxHeadBytes."
	case e == ErrTrailerTooLong:
		return "The limit is Parser.MaxTrailerBytes."
	case e == ErrChunkExtTooLong:
		return "The limit is Parser.MaxChunkExtBytes."
	case e == ErrChunkOverhead:
		return "The limit is Parser.MaxChunkOverhead."
	case e == ErrTargetTooLong:
		return "The limit is Parser.MaxTargetBytes."
	case e == ErrTooManyFields:
		return "The limit is Parser.MaxFields."
	}
	return ""
}
