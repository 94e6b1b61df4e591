package picohttp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
)

// Explain turns err into a message for people. err is what Parse, Resume, Host, Framing or
// Check of the same value returned, and the bytes must still be where they were parsed. The
// message shows the line around the fault, with a caret under the first byte that breaks a
// rule. Then come the rule, its section of the RFC, and the status code to respond with.
//
// The message quotes what the peer sent, including credentials: write it to a log or a
// terminal, not into the response. It consists of lines of printable ASCII. It may change from
// release to release, so programs use err and Error.Code instead. Explain is slow and
// allocates.
func (h *Head) Explain(err error) string {
	var fault Error
	switch {
	case (err == nil || errors.Is(err, ErrIncomplete)) && h.part == ended:
		return "complete: " + h.kindName() + " of " + count(h.next, "byte")
	case errors.Is(err, ErrIncomplete):
		return h.explainIncomplete()
	case errors.As(err, &fault) && fault.row() != 0:
		return h.explainFault(fault)
	case err == nil:
		return "no error"
	}
	return err.Error()
}

// kindName returns "head" or "trailer section".
func (h *Head) kindName() string {
	if h.rules.kind == trailerKind {
		return "trailer section"
	}
	return "head"
}

func (h *Head) explainIncomplete() string {
	if len(h.b) == 0 {
		return "incomplete: no bytes yet"
	}
	return fmt.Sprintf("incomplete: %s not finished after %s\n%s", h.kindName(), count(uint64(len(h.b)), "byte"), h.progressText())
}

// progressText says where an unfinished parse has stopped.
func (h *Head) progressText() string {
	s := partNames[h.part]
	if strings.HasSuffix(s, " ") {
		s += h.lineName()
	}
	return s
}

// partNames says, for each part, where a head is cut off if its next byte belongs to that
// part. If the text ends in a space, the name of the line follows.
var partNames = [...]string{
	none:          "before its first byte",
	leading:       "before the start-line",
	leadingLF:     "between CR and LF of an empty line before the start-line",
	method:        "in the method",
	target:        "in the request-target",
	version:       "in the HTTP version",
	statusVersion: "in the HTTP version",
	statusCode:    "in the status code",
	reasonPhrase:  "in the reason phrase",
	startLF:       "between CR and LF of ",
	lineStart:     "at the start of a field line or the empty line",
	fieldLine:     "at the start of a field line or the empty line",
	fieldName:     "in the name of ",
	colonSpace:    "before the colon of ",
	foldSpace:     "at the start of a line that continues ",
	fieldValue:    "in the value of ",
	fieldLF:       "between CR and LF of ",
	invalidLine:   "in ",
	invalidLF:     "between CR and LF of ",
	emptyLF:       "between CR and LF of ",
	ended:         "at the end",
}

// lineName names the line that the next byte belongs to.
func (h *Head) lineName() string {
	switch {
	case h.part == leadingLF:
		return "an empty line before the start-line"
	case h.part < lineStart && h.rules.kind == requestKind:
		return "the request-line"
	case h.part < lineStart:
		return "the status-line"
	case h.part == emptyLF:
		return "the empty line that ends the " + h.kindName()
	case h.part <= colonSpace, h.part == invalidLine, h.part == invalidLF:
		return fieldLineName(h.NumFields(), nil)
	case h.colon < h.next: // it is folded
		name, _ := h.Field(h.NumFields() - 1)
		return fieldLineName(h.NumFields()-1, name)
	}
	return fieldLineName(h.NumFields(), h.b[h.next:h.colon])
}

// fieldLineName names the i-th field line, counted from 1 in the text.
func fieldLineName(i int, name []byte) string {
	const most = 24
	switch s := fmt.Sprintf("field line %d", i+1); {
	case len(name) == 0:
		return s
	case len(name) > most:
		return fmt.Sprintf("%s (%s...)", s, name[:most])
	default:
		return fmt.Sprintf("%s (%s)", s, name)
	}
}

// explainFault explains what is wrong with a head.
func (h *Head) explainFault(fault Error) string {
	x := explanation{fault: fault, kind: h.rules.kind, b: h.b}
	switch {
	case fault == ErrResume: // h no longer has the bytes
	case fault == h.fault:
		x.located, x.at = true, int(h.off)
		switch {
		case fault == ErrEmptyLine:
			x.line = "the second empty line before the request-line"
		case fault == ErrObsFold && h.NumFields() > 0 && h.part <= fieldLine:
			name, _ := h.Field(h.NumFields() - 1)
			x.line = "the line after " + fieldLineName(h.NumFields()-1, name)
		default:
			x.line = h.lineName()
		}
	default:
		x.at, x.located = h.judged(fault)
		x.line = h.lineNameAt(x.at)
	}
	return x.String()
}

// judged returns where a complete head has a fault that Host, Framing or Check finds.
func (h *Head) judged(fault Error) (at int, ok bool) {
	if h.part != ended || h.rules.kind == trailerKind {
		return 0, false
	}
	s := signals{routed: true}
	s.readFields(h)
	if h.rules.kind == requestKind {
		r := Request{Head: *h}
		if f, at := s.judgeHost(h.b, h.next); f == fault {
			return int(at), at < h.next
		}
		begin, _ := r.TargetSpan()
		if _, f, at := judgeTarget(r.Method(), r.Target(), r.TargetForm(), s.host); f == fault {
			return begin + at, true
		}
		s.request(new(Framing), h.b, r.Method())
	}
	if fault == ErrCoding {
		return int(s.codingOf.value(h.b)), s.has(otherCoding)
	}
	return int(s.at), s.fault == fault
}

// lineNameAt names the line that contains the byte at an offset in a complete head.
func (h *Head) lineNameAt(at int) string {
	i, found := 0, ""
	h.eachPlace(func(line, colon, end uint32) bool {
		if int(line) <= at && at < int(end)+2 {
			name, _ := h.cut(line, colon, end)
			found = fieldLineName(i, name)
		}
		i++
		return found == ""
	})
	if found != "" {
		return found
	}
	if h.rules.kind == responseKind {
		return "the status-line"
	}
	return "the request-line"
}

// DeviationOffsets ranges over the deviations of the lines that were parsed, and for a
// complete head also over those of framing and routing. Each comes with the offset of its
// first byte, such as the whitespace, the control character, the LF without CR, or the start
// of an extra line. They come in the order of their offsets. DeviationOffsets is slow, but
// allocates nothing.
func (h *Head) DeviationOffsets() iter.Seq2[Deviations, int] {
	return func(yield func(Deviations, int) bool) { h.deviationOffsets(yield) }
}

func (h *Head) deviationOffsets(yield func(Deviations, int) bool) {
	all := h.deviations | h.judgedDeviations()
	var at [32]int // by deviation
	h.locateDeviations(&at)
	for all != 0 {
		first := all & -all
		for d := range all.All() {
			if at[d.bit()] < at[first.bit()] {
				first = d
			}
		}
		all &^= first
		if !yield(first, at[first.bit()]) {
			return
		}
	}
}

// locateDeviations finds where each deviation of h first occurs. It finds those of lines by
// parsing the head once more, byte by byte, to see when each appears.
func (h *Head) locateDeviations(at *[32]int) {
	var again Head
	again.rules = h.rules
	found, met := Deviations(0), Deviations(0) // in the lines before, and in the current one
	for end := 1; found != h.deviations && end <= int(h.next); end++ {
		next := again.next
		again.resume(h.b[:end], &again.rules)
		for d := range ((again.met | again.deviations) &^ (found | met)).All() {
			met |= d
			at[d.bit()] = end - 1
		}
		if again.next != next {
			found, met = again.deviations, 0
		}
	}
	judged := h.judgedDeviations()
	if judged == 0 {
		return
	}
	var s signals
	s.readFields(h)
	for d := range judged.All() {
		switch d {
		case MixedLineEnds:
			at[d.bit()] = int(h.from) + bareLF(h.b[h.from:h.next])
		case HostInvalid:
			s.routing = 0
			_, host := s.judgeHost(h.b, h.next)
			at[d.bit()] = int(host)
		case HostDiffers:
			method, target := h.b[h.from:h.mark[0]], h.target()
			_, _, authority := judgeTarget(method, target, formOf(method, target), s.host)
			at[d.bit()] = int(h.word2) - len(target) + authority
		default:
			at[d.bit()] = int(s.metAt)
		}
	}
}

// Explain turns err into a message for people, as Head.Explain does. err is what Next or
// Decode returned. The offsets in the message count from the first byte of the body.
func (d *Chunked) Explain(err error) string {
	var fault Error
	switch {
	case err == nil, err == io.EOF:
		if d.part == chunkedEnd && d.fault == 0 {
			return "complete: chunked body of " + count(uint64(d.total), "byte")
		}
	case errors.Is(err, ErrIncomplete):
		if d.total == 0 && d.part == chunkSize {
			return "incomplete: no bytes yet"
		}
		arrived := uint64(d.total)
		if d.part == trailerRest && !d.isPico() {
			arrived += uint64(len(d.trailer.b)) // none of these are consumed yet
		}
		return fmt.Sprintf("incomplete: chunked body not finished after %s\n%s", count(arrived, "byte"), d.progressText())
	case errors.As(err, &fault) && fault.row() != 0:
		x := explanation{fault: fault, kind: requestKind}
		if d.Response {
			x.kind = responseKind
		}
		if fault == d.fault {
			x.located, x.b, x.at = true, d.failed, d.at
			x.before = int(d.total) - d.at
			x.line = chunkLines[d.faultPart]
			if d.faultPart == trailerRest && !d.isPico() {
				x.line = d.trailer.lineName()
				if fault == ErrTrailerField {
					x.line = "the trailer section"
				}
			}
		}
		return x.String()
	}
	if err == nil {
		return "no error"
	}
	return err.Error()
}

// progressText says where an unfinished body has stopped.
func (d *Chunked) progressText() string {
	switch {
	case d.part == chunkData:
		return "in chunk data, with " + count(d.left, "byte") + " missing"
	case d.part == trailerRest && !d.isPico():
		return d.trailer.progressText()
	}
	return chunkPlaces[d.part] + chunkLines[d.part]
}

// chunkPlaces and chunkLines say, for each part, where a chunked body is cut off if its next
// byte belongs to that part.
var chunkPlaces = [...]string{
	chunkSize: "at the start of ", chunkDigits: "in the chunk size in ",
	extBegin: "in a chunk extension in ", extName: "in a chunk extension in ", extNameRest: "in a chunk extension in ",
	extEquals: "in a chunk extension in ", extValue: "in a chunk extension in ", extToken: "in a chunk extension in ",
	extQuoted: "in a chunk extension in ", extPair: "in a chunk extension in ", extEnd: "in a chunk extension in ",
	chunkLF: "between CR and LF of ", chunkData: "in ", chunkDataCR: "after ", chunkDataLF: "between CR and LF after ",
	trailerBegin: "in ", trailerRest: "in ", chunkedEnd: "after ",
}

var chunkLines = func() (names [chunkedEnd + 1]string) {
	for part := range names {
		switch p := chunkPart(part); {
		case p < chunkData:
			names[p] = "a chunk-size line"
		case p < trailerBegin:
			names[p] = "chunk data"
		default:
			names[p] = "the trailer section"
		}
	}
	return names
}()

// Explain turns err into a message for people, as Head.Explain does. err is what Next or End
// returned.
func (c *Content) Explain(err error) string {
	switch {
	case c.body == BodyChunked && err != io.ErrUnexpectedEOF:
		return c.chunked.Explain(err)
	case c.body == BodyChunked:
		return "cut off: the connection ended " + c.chunked.progressText()
	case err == io.ErrUnexpectedEOF && c.body == BodyLength:
		return "cut off: the connection ended with " + count(uint64(c.left), "byte") + " of content missing"
	case errors.Is(err, ErrIncomplete) && c.body == BodyLength:
		return "incomplete: " + count(uint64(c.left), "byte") + " of content missing"
	case errors.Is(err, ErrIncomplete):
		return "incomplete: the content ends when the connection does"
	case err == nil, err == io.EOF:
		return "complete"
	}
	return err.Error()
}

// An explanation holds what Explain says about an Error.
type explanation struct {
	fault   Error
	kind    kind
	located bool   // whether the rest is known
	line    string // names the line of the fault
	b       []byte // the bytes around it
	at      int    // the offset of the fault in b
	before  int    // added to at for the offset that people see
}

func (x explanation) String() string {
	var s strings.Builder
	verdict := "malformed"
	switch x.fault {
	case ErrCoding:
		verdict = "rejected"
	case ErrResume:
		verdict = "misused"
	}
	fmt.Fprintf(&s, "%s: %s\n", verdict, errorTable[x.fault.row()].text)
	advice := ""
	if !x.located {
		s.WriteString("\n")
	} else {
		line, column := lineAround(x.b, x.at)
		advice = hint(x.kind, line, column, x.fault)
		if bytes.HasPrefix(x.b, proxySignature) {
			advice = proxyHint
		}
		text, caret := quote(line, column)
		if x.before > 0 && column == x.at { // the line may have begun in an earlier call
			fmt.Fprintf(&s, "in %s, offset %d\n\n", x.line, x.before+x.at)
		} else {
			fmt.Fprintf(&s, "in %s, column %d (offset %d)\n\n", x.line, column+1, x.before+x.at)
		}
		fmt.Fprintf(&s, "    %s\n    %s\n\n", text, underline(caret, x.label()))
	}
	fmt.Fprintf(&s, "rule:   %s: %s (%s)\n", x.fault.Code(), x.fault.Rule(), x.fault.Section())
	if x.kind == responseKind {
		s.WriteString("status: 502 Bad Gateway, from a gateway")
	} else {
		fmt.Fprintf(&s, "status: %d %s", x.fault.Status(), reason(x.fault.Status()))
	}
	if advice != "" {
		s.WriteString("\nhint:   " + strings.ReplaceAll(advice, "\n", "\n        "))
	}
	return s.String()
}

// label says what the caret points at.
func (x explanation) label() string {
	switch e := x.fault; {
	case e == ErrTargetForm && x.at < len(x.b) && (x.b[x.at] == '#' || x.b[x.at] == '@'):
		return byteName(x.b[x.at])
	case e == ErrTargetForm, e == ErrAuthority:
		return "this request-target"
	case e == ErrAmbiguousLength, e == ErrTransferEncodingVersion, e == ErrHostRepeated, e == ErrConnectContent:
		return "this field"
	case ErrHostMissing <= e && e <= ErrCoding:
		return "this value"
	case x.at == len(x.b) && (ErrHeadTooLong <= e && e <= ErrTargetTooLong || e == ErrChunkExtTooLong):
		return "end of input; one more byte is too many"
	case x.at == len(x.b):
		return "end of input"
	}
	return byteName(x.b[x.at])
}

// reason returns the reason-phrase of RFC 9110, section 15, or RFC 6585.
func reason(status int) string {
	switch status {
	case 414:
		return "URI Too Long"
	case 431:
		return "Request Header Fields Too Large"
	case 500:
		return "Internal Server Error"
	case 501:
		return "Not Implemented"
	case 505:
		return "HTTP Version Not Supported"
	}
	return "Bad Request"
}

// lineAround returns the line that contains b[n], including its line end, and the offset of
// b[n] in it.
func lineAround(b []byte, n int) (line []byte, at int) {
	begin := bytes.LastIndexByte(b[:n], '\n') + 1
	line = b[begin:]
	at = n - begin
	if end := bytes.IndexByte(line[at:], '\n'); end >= 0 {
		line = line[:at+end+1]
	}
	return line, at
}

// quoteColumns is the maximum width of a quoted line. If the line is cut, quoteBefore is how
// much of the width goes to the bytes before the fault, or more if few bytes come after it.
const quoteColumns, quoteBefore = 76, 44

// quote returns the line in printable ASCII, cut if it is long, and the column of line[at] in
// it, counted from 0.
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

// escape returns c as it is written in a Go string.
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

// underline returns a line with a caret in the column, and the label on the side of it that
// has room.
func underline(caret int, label string) string {
	if right := caret + len("^ ") + len(label); right > quoteColumns && caret > len(label) {
		return fmt.Sprintf("%*s ^", caret-1, label)
	}
	return fmt.Sprintf("%*s %s", caret+1, "^", label)
}

var controlNames = strings.Fields(`NUL SOH STX ETX EOT ENQ ACK BEL BS HTAB LF VT FF CR SO SI
	DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US SP`)

func byteName(c byte) string {
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

// count returns n and the noun, in the plural unless n is 1.
func count[N uint32 | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// A load balancer uses the PROXY protocol to pass on the address of the client. Version 1
// begins with a line that looks like a request-line, and version 2 with these bytes.
var proxySignature = []byte("\r\n\r\n\x00\r\nQUIT\n")

const proxyHint = "This is the header of the PROXY protocol. Read it before the first request."

// hint returns advice that adds to the text of the rule, or "" if there is none.
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
	case e == ErrVersion && bytes.HasPrefix(line, []byte("PROXY ")):
		return proxyHint
	case e == ErrTLS && k == responseKind:
		return "The server speaks TLS (https) on this port."
	case e == ErrVersion && k == responseKind && at == 0 && holds(" HTTP/1."):
		return "This is a request, not a response."
	case e == ErrVersion && k == responseKind:
		return ""
	case e == ErrTLS:
		return "The client speaks TLS (https) on a port for plain HTTP."
	case e == ErrHTTP2:
		return "The client speaks HTTP/2 with prior knowledge, not HTTP/1.x."
	case e == ErrMethod && c == '/' && string(line[:at]) == "HTTP":
		return "This is a response, not a request."
	case e == ErrMethod && at == 0 && bytes.HasPrefix(here, []byte("\xef\xbb\xbf")):
		return "These bytes are a UTF-8 byte order mark, which some editors write."
	case (e == ErrMethod || e == ErrTarget) && ends:
		return "A request-line also has a request-target and an HTTP version."
	case e == ErrTarget && c != ' ' && c != '\t':
		return "In a URI, bytes other than visible ASCII are percent-encoded."
	case (e == ErrTarget || e == ErrVersion) && c == ' ':
		return "Exactly one SP separates the parts of a request-line."
	case e == ErrVersion && ends && (bytes.Count(line[:at], []byte(" ")) == 1 || bytes.HasSuffix(line[:at], []byte(" "))):
		return "The line has no HTTP version. HTTP/0.9 is not supported."
	case e == ErrVersion && holds(" HTTP/"):
		return "A space in a request-target is sent as %20."
	case e == ErrVersion && bytes.HasPrefix(bytes.ToUpper(word), []byte("HTTP/")) && !bytes.HasPrefix(word, []byte("HTTP/")):
		return "Write HTTP in capitals: the HTTP version is case-sensitive."
	case e == ErrBareLF:
		return "Editors and echo end lines in LF alone. Use printf with \\r\\n."
	case (e == ErrObsFold || e == ErrLeadingSpace) && blank:
		return "The line looks empty, but contains whitespace."
	case e == ErrObsFold:
		return "Line folding is obsolete. Send the value on one line."
	case e == ErrFieldName && c == ':':
		return "The field name is empty."
	case e == ErrFieldName && isWhitespace(c) && bytes.HasPrefix(bytes.TrimLeft(here, " \t"), []byte(":")):
		return "There is whitespace before the colon. Recipients disagree on whether it\nis part of the name, so the message is rejected."
	case e == ErrFieldName && !holds(":") && k != trailerKind:
		return "No colon follows the name. If the line belongs to the body, the empty\nline before the body is missing."
	case e == ErrFieldName:
		return "Names consist of letters, digits and !#$%&'*+-.^_`|~ only."
	case e == ErrContentLengthRepeated, e == ErrAmbiguousLength, e == ErrChunkedCoding, e == ErrNotChunked:
		return "Recipients disagree on where this body ends, which enables request\nsmuggling. Reject the message and close the connection."
	case e == ErrChunkSize && at == 0 && ends:
		return "Chunk size missing. Does the previous chunk contain more data than its\nsize says?"
	case e == ErrChunkSize && isWhitespace(c):
		return "There is whitespace before the chunk size."
	case e == ErrChunkExt && ends && at > 0 && isWhitespace(line[at-1]):
		return "There is whitespace after the chunk size or the extension."
	case e == ErrChunkData:
		return "The chunk contains more or less data than its size says."
	case e == ErrHeadTooLong:
		return "The limit is Parser.MaxHeadBytes."
	case e == ErrTrailerTooLong:
		return "The limit is Parser.MaxTrailerBytes."
	case e == ErrChunkExtTooLong:
		return "The limit is Parser.MaxChunkExtBytes."
	case e == ErrChunkOverhead:
		return "The limit is Parser.MaxChunkOverhead, or 100 KiB in Pico."
	case e == ErrTargetTooLong:
		return "The limit is Parser.MaxTargetBytes, or MaxHeadBytes if that is reached\nfirst."
	case e == ErrMethodTooLong:
		return "The limit is Parser.MaxMethodBytes."
	case e == ErrTooManyFields:
		return "The limit is Parser.MaxFields."
	}
	return ""
}
