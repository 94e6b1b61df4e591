package picohttp

import "cmp"

// The limits of the zero Parser.
const (
	DefaultMaxHeadBytes     = 256 << 10 // bytes in a head
	DefaultMaxMethodBytes   = 64        // bytes in a method
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
// A limit of 0 is the default one. A negative limit means 2^31-1, the largest offset. No
// limit is higher. A nil *Parser is the zero Parser.
type Parser struct {
	// Profile says what is accepted.
	Profile Profile
	// AllowRequest, AllowResponse and AllowTrailer are what Lenient accepts
	// beyond Strict, in each kind of message. 0 is DefaultRequestDeviations,
	// DefaultResponseDeviations and DefaultTrailerDeviations. Bits that mean
	// nothing in a kind of message are ignored there, and so are all of them in
	// the other profiles.
	AllowRequest, AllowResponse, AllowTrailer Deviations
	// MaxHeadBytes limits a head: the bytes from the first one through the
	// empty line, including an empty line that was skipped before. A head that
	// has not ended within them is ErrHeadTooLong as soon as that many bytes
	// have arrived, or ErrTargetTooLong if they end in the request-target. 0
	// is DefaultMaxHeadBytes.
	MaxHeadBytes int
	// MaxMethodBytes limits the method, in bytes. A longer one is
	// ErrMethodTooLong. 0 is DefaultMaxMethodBytes, and in Pico MaxHeadBytes.
	MaxMethodBytes int
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
	head, method, target, fields uint32     // limits, as those of Parser
	allow                        Deviations // what is accepted beyond Strict
	kind                         kind
	quirks                       quirks
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

// strictParser is the zero Parser. Nothing writes to it.
var strictParser Parser

var (
	strictRequest  = new(Parser).rules(requestKind)
	strictResponse = new(Parser).rules(responseKind)
	strictTrailer  = new(Parser).rules(trailerKind)
)

// rules returns what p says of a kind of message.
func (p *Parser) rules(k kind) (r rules) {
	r.of(p, k)
	return r
}

// of makes r what p says of a kind of message. It writes to r one limit at a time: a value
// that is returned and copied costs 10 ns more, because it is stored in parts and loaded
// as a whole.
func (r *rules) of(p *Parser, k kind) {
	if p == nil {
		p = &strictParser
	}
	r.head = limit(p.MaxHeadBytes, DefaultMaxHeadBytes)
	r.method = limit(p.MaxMethodBytes, DefaultMaxMethodBytes)
	r.target = limit(p.MaxTargetBytes, DefaultMaxTargetBytes)
	r.fields = limit(p.MaxFields, DefaultMaxFields)
	r.allow, r.kind, r.quirks = 0, k, 0
	if k == trailerKind {
		r.head = limit(p.MaxTrailerBytes, DefaultMaxTrailerBytes)
	}
	switch p.Profile {
	case Lenient:
		r.allow = p.allowed(k)
	case Pico:
		r.allow = picoDeviations
		r.quirks = foldIsField | lateFaults | spaceBetween
		r.method = limit(p.MaxMethodBytes, r.head)
		r.target = limit(p.MaxTargetBytes, r.head)
	}
}

// allowed returns what Lenient accepts in a kind of message: of what p allows, that which
// means something there.
func (p *Parser) allowed(k kind) Deviations {
	switch k {
	case requestKind:
		return cmp.Or(p.AllowRequest, DefaultRequestDeviations) &^ MixedLineEnds
	case responseKind:
		return cmp.Or(p.AllowResponse, DefaultResponseDeviations) &^ (HostDiffers | HostInvalid)
	}
	return cmp.Or(p.AllowTrailer, DefaultTrailerDeviations) & (BareLF | ObsFold | SpaceBeforeColon | ValueControl | ValueNUL)
}

// limit returns the limit that n is, of which 0 is the standard one.
func limit(n int, standard uint32) uint32 {
	switch {
	case 0 < n && n < maxOffset:
		return uint32(n)
	case n == 0:
		return standard
	}
	return maxOffset
}

// A Profile says what a Parser accepts. What Strict accepts, all profiles accept,
// with the same fields and without deviations. What another profile accepts without
// deviations, Strict accepts under the same limits. The words in the table are codes of
// Deviations.
//
//	                                   Strict    Lenient                Pico
//	LF alone ends a line               rejected  bare-lf                bare-lf
//	LF and CRLF in one head            rejected  mixed-line-ends (1,5)  bare-lf (5)
//	CR without LF                      rejected  rejected               rejected
//	empty lines before a request-line  one       empty-lines            one
//	empty lines before a status-line   rejected  empty-lines            rejected
//	more than one SP in a start-line   rejected  start-line-space       start-line-space
//	SP at the end of a request-line    rejected  start-line-space       rejected
//	obs-text in a request-target       rejected  target-obs-text (2)    target-obs-text
//	control characters there           rejected  rejected               rejected
//	two or three digits of minor       rejected  minor-digits           rejected
//	another major version              rejected  rejected               rejected
//	no SP before an empty reason       accepted  accepted               accepted
//	whitespace before a colon          rejected  space-before-colon (1) rejected
//	bytes in a name that no token has  rejected  invalid-line (1)       rejected
//	a line without a colon             rejected  invalid-line (1)       rejected
//	obs-fold                           rejected  obs-fold (1)           obs-fold, a field
//	                                                                    without a name
//	obs-fold of whitespace alone       rejected  rejected (3)           obs-fold
//	obs-fold before the first field    rejected  rejected               rejected
//	control characters in a value      rejected  value-control (1)      rejected
//	NUL in a value                     rejected  value-nul (1)          rejected
//	Content-Length twice, equal        rejected  equal-lengths (4)      rejected
//	Content-Length with a coding       rejected  length-and-coding (4)  rejected
//	chunked twice                      rejected  repeated-chunked (1,4) rejected
//	a coding in HTTP/1.0               rejected  coding-version (1,4)   rejected
//	Host that differs from the target  rejected  host-differs (1)       rejected
//	Host missing, twice or malformed   rejected  host-invalid (1)       rejected
//	whitespace after a chunk-size      rejected  chunk-space (1)        anything
//	chunk-size of 2^63 to 2^64-1       rejected  rejected               accepted
//	trailer section of a chunked body  fields    fields, as Strict      any lines, which
//	                                                                    are dropped
//	limits of a chunked body           ours      ours                   overhead, as the C
//	a fault is reported                at once   at once                when the C does
//
// (1) Only if the Parser allows it: in requests and responses NUL and lines that are not
// fields; in requests also what DefaultRequestDeviations does not have; in responses also
// mixed-line-ends; and everything in trailer sections, because nothing guards where they
// end.
//
// Some combinations are rejected whatever is allowed, because they can be exploited.
// By Parse, and in Pico by Framing:
//
//   - (2) More than one SP and obs-text in a request-line: some recipients split
//     it at 0x85 and 0xA0.
//   - (3) A folded line of blanks alone: of what is whitespace or nothing to some
//     recipients, such as control characters, 0x85 and 0xA0, and the spaces of Unicode
//     in UTF-8. They take it for the empty line.
//
// By Framing and Check, which decide where the next message begins, whatever the status
// of a response is:
//
//   - (4) Content-Length that is repeated, or comes along with Transfer-Encoding, chunked
//     that is repeated, and a coding in HTTP/1.0: in a message with any other deviation,
//     including the others of these; and Content-Length along with a Transfer-Encoding
//     that is anything but "chunked", once.
//   - (5) Bare LF and CRLF in one head: one recipient continues to read where the other
//     sees the end. MixedLineEnds says what it accepts of them; never with control
//     characters in a value.
//   - Content-Length, Transfer-Encoding, Host, Connection, Expect or Upgrade that is
//     folded, has a control character in its value, or a NUL, VT, FF, FS, GS or RS
//     anywhere before it; and what looks like one of them in a folded line or after a
//     control character: some recipients do not unfold, some end lines there.
//   - The same fields with whitespace before the colon, in requests; in responses
//     Content-Length and Transfer-Encoding, if there is content. A recipient that drops
//     the whitespace, as RFC 9112, section 5.1 has it, and one that drops the field end
//     other responses at the same byte.
//   - A control character at the end of a value or a reason-phrase, and two with only
//     blanks between them: to those recipients the head ends there.
//   - Transfer-Encoding, where some recipients may not read HTTP/1.1: with
//     minor-digits, with start-line-space, or with blanks in the request-target.
//
// The connection does not stay open after a message with deviations: KeepAlive is false.
// The exception is a request with empty-lines and target-obs-text alone, without blanks
// in the target: all recipients that accept it agree where it ends.
//
// Limits are the same in all profiles, except for those of chunked bodies and the
// defaults of MaxMethodBytes and MaxTargetBytes in Pico. With their last_len, the C
// functions report faults only when the head is complete; Resume reports them as
// Parse does. Where Pico reports a fault late, n is the byte at which the C stops.
type Profile uint8

const (
	// Strict accepts what RFC 9112 and RFC 9110 define, and nothing that two
	// recipients may read differently.
	Strict Profile = iota
	// Lenient also accepts what the Parser allows, and reports it in Deviations.
	// Body framing stays almost as strict as in Strict. A proxy must
	// re-serialize such a message, not forward it as received.
	Lenient
	// Pico returns the results, lengths and fields of the C library
	// picohttpparser, commit f832609. A folded line is a field of its own with
	// an empty name, as it is there.
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
