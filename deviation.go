package picohttp

import (
	"iter"
	"math/bits"
	"strings"
)

// Deviations is a set of departures from the RFCs: those that a message has, or
// those that Lenient accepts.
type Deviations uint32

const (
	// BareLF: a line ends in LF without CR.
	BareLF Deviations = 1 << iota
	// ObsFold: a field value continues in a line that begins with whitespace.
	// Unfold turns it into one line.
	ObsFold
	// StartLineSpace: more than one SP between the parts of a start-line, or
	// SP after the HTTP-version of a request-line.
	StartLineSpace
	// EmptyLines: more than one empty line before a request-line, or one
	// before a status-line.
	EmptyLines
	// SpaceBeforeColon: whitespace between a field name and its colon. Some
	// recipients drop it, some drop the field, and some end the header section
	// there.
	SpaceBeforeColon
	// TargetObsText: bytes from 0x80 on in the request-target.
	TargetObsText
	// MinorDigits: a minor version of two or three digits.
	MinorDigits
	// ValueControl: control characters in a field value or a reason-phrase,
	// but for NUL, CR and LF.
	ValueControl
	// ValueNUL: NUL in a field value or a reason-phrase.
	ValueNUL
	// EqualLengths: Content-Length is repeated, in lines or in a list, always
	// with the same digits.
	EqualLengths
	// LengthAndCoding: Content-Length comes along with Transfer-Encoding,
	// which decides. The connection does not stay open.
	LengthAndCoding
	// InvalidLine: a line of a header section that is not a field line. It is
	// skipped: it counts against Parser.MaxFields, and is no field for any
	// method. Never skipped is a line that some recipients take for something
	// else: one that begins with a blank, is followed by a fold, has a control
	// character other than HTAB, or contains content-length,
	// transfer-encoding, host, connection, expect, upgrade or HTTP/ in any
	// case; nor any line of a trailer section. The error is ErrFieldName at the
	// byte that shows it. Some recipients end the header section at such a
	// line, and take what follows for content.
	InvalidLine
	// ChunkSpace: whitespace between a chunk-size or chunk-ext and its CRLF.
	ChunkSpace
	// MixedLineEnds: both LF and CRLF end lines of a response head. Accepted
	// are a status-line that ends in CRLF before lines that all end in LF, and
	// bare LFs in a head that ends in two CRLFs, none of them next to a field
	// that controls the message. A recipient that ends lines at CRLF alone
	// takes the LF for part of a line, or does not see the end of the head.
	MixedLineEnds
	// RepeatedChunked: chunked comes twice, in two lines or in a list, and no
	// other coding does. It counts once.
	RepeatedChunked
	// CodingVersion: Transfer-Encoding in an HTTP/1.0 message. It is decoded. A
	// recipient that does not know it takes the chunks for the content, up to
	// the end of the connection.
	CodingVersion
	// HostDiffers: the authority of a request-target in absolute-form differs
	// from Host. It wins, as RFC 9112, section 3.2.2 has it.
	HostDiffers
	// HostInvalid: Host is missing, repeated or malformed. Its first value
	// counts, nil if there is none.
	HostInvalid

	// AllDeviations is every deviation that Lenient can accept, for those who
	// only observe messages.
	AllDeviations Deviations = 1<<iota - 1
)

// What Lenient accepts unless the Parser says otherwise. A server rejects
// SpaceBeforeColon: RFC 9112, section 5.1. What requests do not have by default beyond
// that lets a front-end and a server disagree on where a request ends or goes. Trailer
// sections have no deviation by default, because no Framing guards where they end for
// other recipients.
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
	{"repeated-chunked", "chunked comes twice", "RFC 9112, section 7.1"},
	{"coding-version", "there is a Transfer-Encoding in an HTTP/1.0 message", "RFC 9112, section 6.1"},
	{"host-differs", "the authority of the request-target differs from Host", "RFC 9112, section 3.2.2"},
	{"host-invalid", "Host is missing, repeated or malformed", "RFC 9112, section 3.2"},
}

// String returns the codes of the deviations in the order of the constants,
// such as "bare-lf, obs-fold". It returns "" for the empty set.
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

// Code returns a short name of the first deviation in d, such as "bare-lf", or ""
// if there is none. It is the same in every release.
func (d Deviations) Code() string { return d.row().code }

// Rule describes the first deviation in d, in a clause.
func (d Deviations) Rule() string { return d.row().text }

// Section returns the section of the RFC that the first deviation in d departs
// from, such as "RFC 9112, section 2.2".
func (d Deviations) Section() string { return d.row().section }

func (d Deviations) row() (row struct{ code, text, section string }) {
	if d &= AllDeviations; d != 0 {
		row = deviations[d.bit()]
	}
	return row
}

// bit returns the number of the first deviation in d, which is not empty.
func (d Deviations) bit() int { return bits.TrailingZeros32(uint32(d)) }
