package picohttp

import (
	"iter"
	"math/bits"
	"strings"
)

// Deviations is a set of departures from the RFCs: those that a message has, or those that
// Lenient accepts.
type Deviations uint32

const (
	// BareLF: a line ends in LF without CR.
	BareLF Deviations = 1 << iota
	// ObsFold: a field value continues on a line that begins with whitespace. Unfold makes it
	// one line.
	ObsFold
	// StartLineSpace: more than one SP between the parts of a start-line, or SP after the
	// HTTP-version of a request-line.
	StartLineSpace
	// EmptyLines: more than one empty line before a request-line, or any before a
	// status-line.
	EmptyLines
	// SpaceBeforeColon: whitespace between a field name and its colon. Some recipients drop
	// it, some drop the field, and some end the header section there.
	SpaceBeforeColon
	// TargetObsText: bytes from 0x80 on in the request-target.
	TargetObsText
	// MinorDigits: a minor version of two or three digits.
	MinorDigits
	// ValueControl: control characters in a field value or a reason-phrase, except NUL, CR,
	// LF and HTAB.
	ValueControl
	// ValueNUL: NUL in a field value or a reason-phrase.
	ValueNUL
	// EqualLengths: Content-Length is repeated, on several lines or in a list, always with
	// the same digits.
	EqualLengths
	// LengthAndCoding: Content-Length comes along with Transfer-Encoding. The body is framed by
	// Transfer-Encoding, and the connection does not stay open.
	LengthAndCoding
	// InvalidLine: a line of a header section that is not a field line. It is skipped: no
	// method returns it, but it counts against Parser.MaxFields. Some recipients end the
	// header section at such a line, and take what follows for content.
	//
	// A line is never skipped if some recipients may take it for something else: if it begins
	// with a blank, has a control character other than HTAB, or contains content-length,
	// transfer-encoding, host, connection, expect, upgrade or HTTP/ in any case. The error is
	// then ErrFieldName at the byte that shows it. A fold after a skipped line is an error as
	// well. In a trailer section no line is skipped.
	InvalidLine
	// ChunkSpace: whitespace between a chunk-size or chunk-ext and its CRLF.
	ChunkSpace
	// MixedLineEnds: both LF and CRLF end lines of a response head. Two cases are accepted: a
	// status-line that ends in CRLF before lines that all end in LF, and a head that ends in
	// two CRLFs, with no bare LF next to a field that controls the message. A recipient that
	// ends lines only at CRLF takes the LF for part of a line, or does not see the end of the
	// head. It has an effect only along with BareLF.
	MixedLineEnds
	// RepeatedChunked: chunked comes twice, on two lines or in a list, without any other
	// coding. It counts once.
	RepeatedChunked
	// CodingVersion: Transfer-Encoding in an HTTP/1.0 message. The body is decoded. A
	// recipient that does not know Transfer-Encoding takes everything up to the end of the
	// connection for content.
	CodingVersion
	// HostDiffers: the authority of a request-target in absolute-form differs from Host. The
	// authority wins: RFC 9112, section 3.2.2.
	HostDiffers
	// HostInvalid: Host is missing, repeated or malformed. Its first value counts, or nil if
	// there is none.
	HostInvalid

	// AllDeviations is every deviation that Lenient can accept, for programs that only
	// observe messages.
	AllDeviations Deviations = 1<<iota - 1
)

// These are the deviations that Lenient accepts unless the Parser says otherwise. Requests
// have fewer than responses: a server must reject SpaceBeforeColon (RFC 9112, section 5.1),
// and the others would let a front-end and a server disagree on where a request ends or goes.
// Trailer sections have none, because they have no Framing method to check where other
// recipients see them end.
const (
	DefaultResponseDeviations = DefaultRequestDeviations | SpaceBeforeColon | ChunkSpace | RepeatedChunked | CodingVersion
	DefaultRequestDeviations  = BareLF | ObsFold | StartLineSpace | EmptyLines | TargetObsText | MinorDigits |
		ValueControl | EqualLengths | LengthAndCoding
	DefaultTrailerDeviations Deviations = 0
)

// picoDeviations is what picohttpparser accepts.
const picoDeviations = BareLF | ObsFold | StartLineSpace | TargetObsText

var deviations = [...]struct{ code, text, section string }{
	{"bare-lf", "a line ends in LF without CR", "RFC 9112, section 2.2"},
	{"obs-fold", "a field value is folded over lines", "RFC 9112, section 5.2"},
	{"start-line-space", "the start-line has more than one SP between its parts, or SP at its end", "RFC 9112, section 3"},
	{"empty-lines", "there is more than one empty line before a request-line, or one before a status-line", "RFC 9112, section 2.2"},
	{"space-before-colon", "there is whitespace between a field name and its colon", "RFC 9112, section 5.1"},
	{"target-obs-text", "the request-target has bytes from 0x80 on", "RFC 9112, section 3.2"},
	{"minor-digits", "the minor version has more than one digit", "RFC 9112, section 2.3"},
	{"value-control", "a field value or a reason-phrase has control characters", "RFC 9110, section 5.5"},
	{"value-nul", "a field value or a reason-phrase has NUL", "RFC 9110, section 5.5"},
	{"equal-lengths", "Content-Length is repeated, with equal values", "RFC 9110, section 8.6"},
	{"length-and-coding", "there are both Content-Length and Transfer-Encoding", "RFC 9112, section 6.3"},
	{"invalid-line", "a line of the header section is not a field line", "RFC 9112, section 5"},
	{"chunk-space", "there is whitespace at the end of a chunk-size line", "RFC 9112, section 7.1"},
	{"mixed-line-ends", "lines end both in LF and in CRLF", "RFC 9112, section 2.2"},
	{"repeated-chunked", "chunked comes twice", "RFC 9112, section 6.1"},
	{"coding-version", "there is a Transfer-Encoding in an HTTP/1.0 message", "RFC 9112, section 6.1"},
	{"host-differs", "the authority of the request-target differs from Host", "RFC 9112, section 3.2.2"},
	{"host-invalid", "Host is missing, repeated or malformed", "RFC 9112, section 3.2"},
}

// String returns the codes of the deviations in the order of the constants, such as "bare-lf,
// obs-fold". It returns "" for the empty set.
func (d Deviations) String() string {
	var codes []string
	for one := range d.All() {
		codes = append(codes, one.Code())
	}
	return strings.Join(codes, ", ")
}

// All ranges over the deviations in d, each as a set of its own.
func (d Deviations) All() iter.Seq[Deviations] {
	return func(yield func(Deviations) bool) {
		for d &= AllDeviations; d != 0; d &= d - 1 {
			if !yield(d & -d) {
				return
			}
		}
	}
}

// Code returns a short name of the first deviation in d, such as "bare-lf", or "" if there is
// none. It is the same in every release.
func (d Deviations) Code() string { return d.row().code }

// Rule describes the first deviation in d in a clause, such as "a line ends in LF without CR".
func (d Deviations) Rule() string { return d.row().text }

// Section returns the section of the RFC that the first deviation in d departs from, such as
// "RFC 9112, section 2.2".
func (d Deviations) Section() string { return d.row().section }

func (d Deviations) row() (row struct{ code, text, section string }) {
	if d &= AllDeviations; d != 0 {
		row = deviations[d.bit()]
	}
	return row
}

// bit returns the number of the first deviation in d, which is not empty.
func (d Deviations) bit() int { return bits.TrailingZeros32(uint32(d)) }
