package picohttp

// The limits of the zero Parser.
const (
	DefaultMaxHeadBytes     = 256 << 10 // bytes in a head
	DefaultMaxTargetBytes   = 16 << 10  // bytes in a request-target
	DefaultMaxFields        = 256       // field lines in a head or in a trailer section
	DefaultMaxTrailerBytes  = 16 << 10  // bytes in a trailer section
	DefaultMaxChunkExtBytes = 1 << 10   // bytes in the chunk-ext of a chunk
	DefaultMaxChunkOverhead = 16 << 10  // bytes of overhead that the chunks of a body may accumulate
)

// maxOffset is the largest offset into a head, and so the largest limit. It
// fits an int on every machine.
const maxOffset = 1<<31 - 1

// A Parser says which messages are accepted: profile and limits. The zero Parser is
// strict and has the default limits. Parsing does not write to a Parser, so
// goroutines may share one.
//
// A limit of 0 is the default one, and no limit is higher than 2^31-1.
type Parser struct {
	// Profile says what is accepted.
	Profile Profile
	// Allow is what Lenient accepts beyond Strict. 0 is DefaultRequestDeviations
	// for requests, DefaultResponseDeviations for responses, and
	// DefaultTrailerDeviations for trailer sections. The other profiles ignore
	// it.
	Allow Deviations
	// MaxHeadBytes limits a head: the bytes from the first one through the
	// empty line, including an empty line that was skipped before. A head that
	// has not ended within them is ErrHeadTooLong as soon as that many bytes
	// have arrived. 0 is DefaultMaxHeadBytes.
	MaxHeadBytes int
	// MaxTargetBytes limits the request-target, in bytes. A longer one is
	// ErrTargetTooLong. 0 is DefaultMaxTargetBytes, and in Pico MaxHeadBytes.
	MaxTargetBytes int
	// MaxFields limits the number of field lines. One more is
	// ErrTooManyFields. 0 is DefaultMaxFields.
	MaxFields int
	// MaxTrailerBytes limits a trailer section, in bytes through its empty
	// line. One that has not ended within them is ErrTrailerTooLong. 0 is
	// DefaultMaxTrailerBytes.
	MaxTrailerBytes int
	// MaxChunkExtBytes limits the chunk-ext of each chunk, in bytes. A longer
	// one is ErrChunkExtTooLong. 0 is DefaultMaxChunkExtBytes.
	MaxChunkExtBytes int
	// MaxChunkOverhead limits the overhead of the chunks of a body (see
	// Chunked), in bytes. More is ErrChunkOverhead. 0 is
	// DefaultMaxChunkOverhead.
	MaxChunkOverhead int
}

// A kind is what a head or trailer section belongs to.
type kind uint8

const (
	requestKind kind = iota
	responseKind
	trailerKind
)

// rules are what a Parser says of one kind of message, with the defaults filled in.
// The zero value is the rules of no message: head is never 0.
type rules struct {
	head, target, fields uint32 // limits, as those of Parser
	kind                 kind
	quirks               quirks
	allow                Deviations // what is accepted beyond Strict
}

// quirks are the ways in which the rules of picohttpparser differ from those of the
// RFCs, other than by what they accept.
type quirks uint8

const (
	// foldIsField: a line that begins with whitespace is a field line of its own
	// without a name, and may hold nothing but whitespace.
	foldIsField quirks = 1 << iota
	// lateFaults: a fault in a word of the start-line is reported when the word
	// is whole, and that of an empty method when the request-target is.
	lateFaults
	// spaceBetween: StartLineSpace is SP between the parts of a start-line, not
	// at its end, and may come together with TargetObsText.
	spaceBetween
)

var (
	strictRequest  = new(Parser).rules(requestKind)
	strictResponse = new(Parser).rules(responseKind)
	strictTrailer  = new(Parser).rules(trailerKind)
)

// rules returns what p says of a kind of message.
func (p *Parser) rules(k kind) rules {
	r := rules{
		head:   limit(p.MaxHeadBytes, DefaultMaxHeadBytes),
		target: limit(p.MaxTargetBytes, DefaultMaxTargetBytes),
		fields: limit(p.MaxFields, DefaultMaxFields),
		kind:   k,
	}
	if k == trailerKind {
		r.head = limit(p.MaxTrailerBytes, DefaultMaxTrailerBytes)
	}
	switch {
	case p.Profile == Pico:
		r.allow = picoDeviations
		r.quirks = foldIsField | lateFaults | spaceBetween
		if p.MaxTargetBytes <= 0 {
			r.target = r.head
		}
	case p.Profile == Lenient && p.Allow != 0:
		r.allow = p.Allow
	case p.Profile == Lenient:
		r.allow = [...]Deviations{
			requestKind:  DefaultRequestDeviations,
			responseKind: DefaultResponseDeviations,
			trailerKind:  DefaultTrailerDeviations,
		}[k]
	}
	return r
}

func limit(n, standard int) uint32 {
	if n <= 0 {
		n = standard
	}
	return uint32(min(n, maxOffset))
}

// A Profile says what a Parser accepts. A head that Strict accepts, all accept,
// with the same fields and without deviations; one that is accepted without
// deviations, Strict accepts. The words in the table are codes of Deviations.
//
//	                                   Strict   Lenient              Pico
//	LF alone ends a line               refused  bare-lf              bare-lf
//	CR without LF                      refused  refused              refused
//	empty lines before a request-line  one      empty-lines          one
//	empty lines before a status-line   refused  empty-lines          refused
//	more than one SP in a start-line   refused  start-line-space     start-line-space
//	SP at the end of a request-line    refused  start-line-space     refused
//	obs-text in a request-target       refused  target-obs-text (2)  target-obs-text
//	control characters there           refused  refused              refused
//	two or three digits of minor       refused  minor-digits         refused
//	another major version              refused  refused              refused
//	no SP before an empty reason       passes   passes               passes
//	white space before a colon         refused  space-before-colon   refused
//	                                            (1)
//	octets in a name that no token has refused  refused              refused
//	obs-fold                           refused  obs-fold             obs-fold, a field
//	                                                                 without a name
//	obs-fold of white space alone      refused  refused (3)          obs-fold
//	obs-fold before the first field    refused  refused              refused
//	control characters in a value      refused  value-control        refused
//	NUL in a value                     refused  value-nul (1)        refused
//	Content-Length twice, equal        refused  equal-lengths (4)    refused
//	Content-Length with coding         refused  length-and-coding    refused
//	                                            (4)
//	chunk-size of 2^63 to 2^64-1       refused  refused              passes
//	behind SP, HTAB or ";" there       grammar  grammar              all but CR, LF
//	trailer section of a chunked body  fields   fields, as Strict    lines of anything,
//	                                                                 thrown away
//	limits of a chunked body           ours     ours                 overhead, as the C
//	a fault is told                    at once  at once              when the C tells it
//
// (1) Only if Parser.Allow says so: NUL; in requests and trailer sections white
// space before a colon; and in trailer sections bare-lf and obs-fold, as nothing
// there guards where they end.
//
// Some things are refused whatever is allowed, because they can be exploited
// together. By Parse, and in Pico by Framing:
//
//   - (2) More than one SP and obs-text in a request-line: some recipients split
//     it at 0x85 and 0xA0, too.
//   - (3) A folded line of white space alone, or of what is white space or nothing
//     to some, control characters, 0x85 and 0xA0: they take it for the empty line.
//
// By Framing, which says where the next message begins:
//
//   - (4) Content-Length that is repeated, or beside Transfer-Encoding, in a message
//     with any other deviation, the other of these included; and beside a
//     Transfer-Encoding that is not chunked, once and plainly.
//   - Bare LF and CRLF in one head: one recipient reads on where the other is at
//     the end.
//   - Content-Length, Transfer-Encoding, Host, Connection, Expect or Upgrade that is
//     folded, has white space before its colon, a control character in its value,
//     or a NUL anywhere before it; and what looks like one of them in a folded line
//     or behind a control character: some do not unfold, some end lines at VT or FF.
//   - A control character at the end of a value or a reason-phrase: to those the CRLF
//     behind it is the empty line.
//   - Transfer-Encoding, where some may not read HTTP/1.1: with minor-digits, with
//     start-line-space, or with 0x85 or 0xA0 in the request-target.
//
// And no connection stays open behind a message with deviations: KeepAlive is false.
//
// Limits are the same in all profiles, but for those of chunked bodies and the
// default of MaxTargetBytes in Pico. With the last_len of the C functions, faults
// are told only when the head is complete; Resume tells them as Parse does. Where
// Pico tells a fault late, n is the octet that the C stops at.
type Profile uint8

const (
	// Strict accepts what RFC 9112 and RFC 9110 define, and nothing that two
	// recipients may read differently.
	Strict Profile = iota
	// Lenient accepts in addition what Parser.Allow names, and reports it in
	// Deviations. Where a body ends is decided hardly less strictly. A proxy
	// does not pass such a message on as it came, but writes it anew.
	Lenient
	// Pico gives the verdicts, the lengths and the fields of the C library
	// picohttpparser, commit f832609. A folded line is a field of its own with
	// an empty name, as there.
	Pico
)

// String returns "strict", "lenient" or "pico".
func (p Profile) String() string {
	if int(p) >= len(profileNames) {
		return "unknown"
	}
	return profileNames[p]
}

var profileNames = [...]string{"strict", "lenient", "pico"}
