package picohttp

import "cmp"

// These are the limits of the zero Parser.
const (
	DefaultMaxHeadBytes     = 256 << 10 // bytes in a head
	DefaultMaxMethodBytes   = 64        // bytes in a method
	DefaultMaxTargetBytes   = 16 << 10  // bytes in a request-target
	DefaultMaxFields        = 256       // field lines in a head or in a trailer section
	DefaultMaxTrailerBytes  = 16 << 10  // bytes in a trailer section
	DefaultMaxChunkExtBytes = 1 << 10   // bytes in the chunk-ext of a chunk
	DefaultMaxChunkOverhead = 16 << 10  // bytes of overhead that the chunks of a body may accumulate
)

// maxOffset is the largest offset into a head, and so the largest limit. It fits an int on
// every machine.
const maxOffset = 1<<31 - 1

// A Parser holds the profile and the limits that decide which messages are accepted. The zero
// Parser is strict and has the default limits. A nil *Parser is the zero Parser. Parsing does
// not write to a Parser, so goroutines may share one.
//
// A limit of 0 means its default. A negative limit, or one above 2^31-1, means 2^31-1, the
// largest possible offset.
type Parser struct {
	// Profile says what is accepted.
	Profile Profile
	// AllowRequest, AllowResponse and AllowTrailer are what Lenient accepts beyond Strict, in
	// each kind of message. 0 means DefaultRequestDeviations, DefaultResponseDeviations or
	// DefaultTrailerDeviations. Deviations that cannot occur in a kind of message are ignored
	// there. The other profiles ignore these fields.
	AllowRequest, AllowResponse, AllowTrailer Deviations
	// MaxHeadBytes limits the bytes of a head through its empty line, including an empty line
	// that was skipped before it. If that many bytes have arrived and the head has not ended,
	// the error is ErrHeadTooLong, or ErrTargetTooLong if the request-target has not ended
	// either. 0 means DefaultMaxHeadBytes.
	MaxHeadBytes int
	// MaxMethodBytes limits the method, in bytes. A longer one is ErrMethodTooLong. 0 means
	// DefaultMaxMethodBytes, and in Pico MaxHeadBytes.
	MaxMethodBytes int
	// MaxTargetBytes limits the request-target, in bytes. A longer one is ErrTargetTooLong. 0
	// means DefaultMaxTargetBytes, and in Pico MaxHeadBytes.
	MaxTargetBytes int
	// MaxFields limits the number of field lines. One more is ErrTooManyFields. 0 means
	// DefaultMaxFields.
	MaxFields int
	// MaxTrailerBytes limits the bytes of a trailer section through its empty line. If that
	// many bytes have arrived and it has not ended, the error is ErrTrailerTooLong. 0 means
	// DefaultMaxTrailerBytes.
	MaxTrailerBytes int
	// MaxChunkExtBytes limits the chunk-ext of each chunk, in bytes. A longer one is
	// ErrChunkExtTooLong. 0 means DefaultMaxChunkExtBytes.
	MaxChunkExtBytes int
	// MaxChunkOverhead limits the overhead that the chunks of a body may accumulate, in
	// bytes: see Chunked. More is ErrChunkOverhead. 0 means DefaultMaxChunkOverhead.
	MaxChunkOverhead int
}

// A kind is the kind of message that a head or trailer section belongs to.
type kind uint8

const (
	requestKind kind = iota
	responseKind
	trailerKind
)

// rules are the rules of a Parser for one kind of message, with the defaults filled in. head
// is 0 only in the zero value, which a Head has until its first parse.
type rules struct {
	head, method, target, fields uint32     // limits, as in Parser
	allow                        Deviations // what is accepted beyond Strict
	kind                         kind
	quirks                       quirks
}

// quirks are the ways in which the rules of picohttpparser differ from those of the RFCs,
// apart from what they accept.
type quirks uint8

const (
	// foldIsField: a line that begins with whitespace is a field line of its own, without a
	// name. It is accepted even if it holds only whitespace.
	foldIsField quirks = 1 << iota
	// lateFaults: a fault in a word of the start-line is reported when the word is complete.
	// An empty method is reported when the request-target is complete.
	lateFaults
	// spaceBetween: StartLineSpace is SP between the parts of a start-line, not at its end.
	// It may come together with TargetObsText.
	spaceBetween
)

// strictParser is the zero Parser. Nothing writes to it.
var strictParser Parser

var (
	strictRequest  = new(Parser).rules(requestKind)
	strictResponse = new(Parser).rules(responseKind)
	strictTrailer  = new(Parser).rules(trailerKind)
)

// rules returns p's rules for a kind of message.
func (p *Parser) rules(k kind) (r rules) {
	r.of(p, k)
	return r
}

// of sets r to p's rules for a kind of message. It writes to r one limit at a time: returning
// and copying a value costs 10 ns more, because it is stored in parts and loaded as a whole.
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

// allowed returns what Lenient accepts in a kind of message: what p allows, without what
// cannot occur there.
func (p *Parser) allowed(k kind) Deviations {
	switch k {
	case requestKind:
		return cmp.Or(p.AllowRequest, DefaultRequestDeviations) &^ MixedLineEnds
	case responseKind:
		return cmp.Or(p.AllowResponse, DefaultResponseDeviations) &^ (HostDiffers | HostInvalid)
	}
	return cmp.Or(p.AllowTrailer, DefaultTrailerDeviations) & (BareLF | ObsFold | SpaceBeforeColon | ValueControl | ValueNUL)
}

// limit returns n as a limit: standard for 0, and maxOffset for a negative or larger n.
func limit(n int, standard uint32) uint32 {
	switch {
	case 0 < n && n < maxOffset:
		return uint32(n)
	case n == 0:
		return standard
	}
	return maxOffset
}

// A Profile selects what a Parser accepts. Every profile accepts the heads that Strict
// accepts, with the same fields and without deviations. If another profile accepts a head
// without deviations, Strict accepts it as well with the same limits. Chunked bodies in Pico
// follow rules of their own: see Chunked. Words such as bare-lf in the table are codes of
// Deviations.
//
//	                                   Strict    Lenient                Pico
//	LF alone ends a line               rejected  bare-lf (1)            bare-lf
//	LF and CRLF in one head            rejected  mixed-line-ends (1,5)  bare-lf (5)
//	CR without LF                      rejected  rejected               rejected
//	empty lines before a request-line  one       empty-lines            one
//	empty lines before a status-line   rejected  empty-lines            rejected
//	more than one SP in a start-line   rejected  start-line-space       start-line-space
//	SP at the end of a request-line    rejected  start-line-space       rejected
//	obs-text in a request-target       rejected  target-obs-text (2)    target-obs-text
//	control characters in a target     rejected  rejected               rejected
//	a minor version of 2 or 3 digits   rejected  minor-digits           rejected
//	a major version other than 1       rejected  rejected               rejected
//	no SP before an empty reason       accepted  accepted               accepted
//	whitespace before a colon          rejected  space-before-colon (1) rejected
//	a non-token byte in a name         rejected  invalid-line (1)       rejected
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
//	Transfer-Encoding in HTTP/1.0      rejected  coding-version (1,4)   rejected
//	Host that differs from the target  rejected  host-differs (1)       rejected
//	Host missing, twice or malformed   rejected  host-invalid (1)       rejected
//	whitespace after a chunk-size      rejected  chunk-space (1)        any bytes but LF
//	chunk-size of 2^63 to 2^64-1       rejected  rejected               accepted
//	trailer section of a chunked body  fields    fields, as Strict      any lines, which
//	                                                                    are dropped
//	limits of a chunked body           all       all                    overhead only
//	when faults are reported           at once   at once                as the C library
//
// (1) By default, this is accepted in some kinds of messages only, or in none: see
// DefaultRequestDeviations, DefaultResponseDeviations and DefaultTrailerDeviations.
//
// Lenient and Pico always reject some combinations, because they can be exploited. In this
// list, a blank is a character that some recipients take for whitespace or for nothing: SP,
// control characters, the bytes 0x85 and 0xA0, and the spaces of Unicode in UTF-8. A control
// field is Content-Length, Transfer-Encoding, Host, Connection, Expect or Upgrade.
//
// Parse rejects these (in Pico, Framing does):
//
//   - (2) More than one SP along with obs-text in a request-line. Some recipients split the
//     line at 0x85 and 0xA0.
//   - (3) A folded line of blanks alone. Some recipients take it for the empty line.
//
// Framing and Check, which decide where the next message begins, reject these:
//
//   - (4) equal-lengths, length-and-coding, repeated-chunked or coding-version along with any
//     other deviation, including another one of these. Also length-and-coding if
//     Transfer-Encoding is anything but a single "chunked".
//   - (5) Bare LF and CRLF in one head. One recipient continues to read where the other sees
//     the end. MixedLineEnds accepts some of these, but never with control characters in a
//     value.
//   - A control field that is folded, has a control character in its value, or comes after a
//     NUL, VT, FF, FS, GS or RS. Some recipients do not unfold, and some end lines at these
//     bytes.
//   - Text that looks like a control field, in a folded line or after a control character.
//     For example, a recipient that does not unfold "A: b\r\n Host: c\r\n" may see a Host
//     field.
//   - A control character at the end of a value or a reason-phrase, or two of them with only
//     blanks between. A recipient that ends lines there sees the end of the head.
//   - A control field with whitespace before the colon, in requests. In responses, Framing
//     rejects only Content-Length and Transfer-Encoding, and only if there is content.
//   - Transfer-Encoding along with minor-digits, start-line-space, or blanks in the
//     request-target. Some recipients may see a version other than HTTP/1.1.
//
// The connection does not stay open after a message with deviations: KeepAlive is false. The
// exception is a request whose only deviations are empty-lines, target-obs-text or both, without
// blanks in the target: all recipients that accept it agree on where it ends.
//
// Limits are the same in all profiles, except for those of chunked bodies and the defaults of
// MaxMethodBytes and MaxTargetBytes in Pico. When Pico reports a fault late, n is the offset
// of the byte at which the C library stops. With last_len, the C functions report faults only
// when the head is complete; Resume reports them as early as Parse.
type Profile uint8

const (
	// Strict accepts what the package comment lists, and no deviations. Where recipients may
	// still disagree on where a message ends, Framing.KeepAlive is false.
	Strict Profile = iota
	// Lenient also accepts what the Parser allows, and reports it in Deviations. Body framing
	// stays almost as strict as in Strict. A proxy must re-serialize such a message, not
	// forward it as received.
	Lenient
	// Pico returns the results, lengths and fields of the C library picohttpparser, commit
	// f832609. As in that library, a folded line is a field of its own with an empty name.
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
