package picohttp

import "errors"

// ErrIncomplete says that the bytes so far are a valid prefix of a head, a trailer
// section or a chunked body. It is not a fault: read more and go on.
var ErrIncomplete = errors.New("picohttp: incomplete: the message goes on")

// An Error names the rule that a message breaks. Errors are comparable
// (err == picohttp.ErrMethod), and making one allocates nothing. Where the
// rule is broken is the n that comes with it; Explain puts both into words for
// people.
type Error uint8

// The rules. The comment of each says what n is the offset of, from Parse. Framing
// answers some of them of a complete head with deviations, too.
const (
	// ErrTLS: the peer speaks TLS. The first octet of a TLS record.
	ErrTLS Error = iota + 1
	// ErrHTTP2: the peer speaks HTTP/2 with prior knowledge. The major
	// version in its connection preface.
	ErrHTTP2
	// ErrEmptyLine: more than one empty line before the request-line. The CR
	// of the second.
	ErrEmptyLine
	// ErrMethod: an octet that is no tchar in the method, or no SP right
	// behind it.
	ErrMethod
	// ErrTarget: an octet that is not VCHAR in the request-target, or none.
	ErrTarget
	// ErrVersion: no "HTTP/1." DIGIT behind the request-target, or where a
	// status-line begins.
	ErrVersion
	// ErrMajor: another major version than 1. Its digit.
	ErrMajor
	// ErrRequestLine: something between the HTTP-version and the CRLF.
	ErrRequestLine
	// ErrStatus: a status-code that is not three digits with an SP before and
	// an SP or CRLF behind it.
	ErrStatus
	// ErrReason: a control character in the reason-phrase.
	ErrReason
	// ErrBareCR: a CR without a LF. The octet behind the CR.
	ErrBareCR
	// ErrBareLF: a LF without a CR. The LF.
	ErrBareLF
	// ErrLeadingSpace: white space before the first field line.
	ErrLeadingSpace
	// ErrObsFold: a line folded by white space at its beginning.
	ErrObsFold
	// ErrFieldName: an octet that is no tchar in a field name, or no colon
	// right behind it.
	ErrFieldName
	// ErrFieldValue: a control character in a field value.
	ErrFieldValue
	// ErrHeadTooLong: a head longer than Parser.MaxHeadBytes. The first octet
	// over the limit.
	ErrHeadTooLong
	// ErrTrailerTooLong: a trailer section longer than Parser.MaxTrailerBytes.
	// The first octet over the limit.
	ErrTrailerTooLong
	// ErrTargetTooLong: a request-target longer than Parser.MaxTargetBytes.
	// The first octet over the limit.
	ErrTargetTooLong
	// ErrTooManyFields: more field lines than Parser.MaxFields. The first
	// octet of the first one over the limit.
	ErrTooManyFields
	// ErrHostMissing: an HTTP/1.1 request without a Host field.
	ErrHostMissing
	// ErrHostRepeated: more than one Host field line.
	ErrHostRepeated
	// ErrHost: a Host that is not uri-host [ ":" port ].
	ErrHost
	// ErrContentLength: a Content-Length that is not 1*DIGIT or exceeds
	// math.MaxInt64.
	ErrContentLength
	// ErrContentLengthRepeated: more than one Content-Length, also of equal
	// values, in two lines or in a list.
	ErrContentLengthRepeated
	// ErrTransferEncoding: a Transfer-Encoding that is no list of transfer
	// codings, or an empty one.
	ErrTransferEncoding
	// ErrTransferEncodingVersion: a Transfer-Encoding in an HTTP/1.0 message,
	// or in one that is HTTP/1.0 to some.
	ErrTransferEncodingVersion
	// ErrAmbiguousLength: both Transfer-Encoding and Content-Length.
	ErrAmbiguousLength
	// ErrChunkedCoding: chunked applied twice or with a parameter.
	ErrChunkedCoding
	// ErrNotChunked: a request whose last transfer coding is not chunked.
	ErrNotChunked
	// ErrConnection: a Connection that has a proxy drop Content-Length,
	// Transfer-Encoding or Host.
	ErrConnection
	// ErrChunkSize: a chunk-size that is not 1 to 16 HEXDIG, exceeds
	// math.MaxInt64, or has something behind it that is neither chunk-ext nor
	// CRLF.
	ErrChunkSize
	// ErrChunkExt: a chunk-ext that breaks the grammar.
	ErrChunkExt
	// ErrChunkExtTooLong: a chunk-ext longer than Parser.MaxChunkExtBytes.
	// The first octet over the limit.
	ErrChunkExtTooLong
	// ErrChunkData: no CRLF behind chunk-size octets of chunk-data.
	ErrChunkData
	// ErrChunkOverhead: chunks that waste more than Parser.MaxChunkOverhead.
	// The LF of the chunk-size line that is one too many.
	ErrChunkOverhead
	// ErrTrailerField: a field in the trailer section that says where a body
	// ends or a request goes. The first octet of its line.
	ErrTrailerField
)

var errorTable = [...]struct {
	code, text, section string
	status              int
}{
	0:                          {"", "no error", "", 0},
	ErrTLS:                     {"tls", "a TLS record where an HTTP/1.x message should begin", "RFC 8446, section 5.1", 400},
	ErrHTTP2:                   {"http2-preface", "the HTTP/2 connection preface where an HTTP/1.x message should begin", "RFC 9113, section 3.4", 505},
	ErrEmptyLine:               {"empty-line", "more than one empty line before the request-line", "RFC 9112, section 2.2", 400},
	ErrMethod:                  {"method", "the method is a token with one space behind it", "RFC 9112, section 3.1", 400},
	ErrTarget:                  {"request-target", "the request-target is visible ASCII with one space behind it", "RFC 9112, section 3.2", 400},
	ErrVersion:                 {"http-version", "the HTTP-version is HTTP/1. and one digit", "RFC 9112, section 2.3", 400},
	ErrMajor:                   {"http-major", "only major version 1 is spoken here", "RFC 9110, section 15.6.6", 505},
	ErrRequestLine:             {"request-line", "nothing may stand between the HTTP-version and CRLF", "RFC 9112, section 3", 400},
	ErrStatus:                  {"status-code", "the status-code is three digits with a space before and behind it", "RFC 9112, section 4", 400},
	ErrReason:                  {"reason-phrase", "a reason-phrase holds no control character but HTAB", "RFC 9112, section 4", 400},
	ErrBareCR:                  {"bare-cr", "a CR must be followed by a LF", "RFC 9112, section 2.2", 400},
	ErrBareLF:                  {"bare-lf", "a line ends in CRLF, not in a LF alone", "RFC 9112, section 2.2", 400},
	ErrLeadingSpace:            {"leading-space", "no white space may stand between the start-line and the first field line", "RFC 9112, section 2.2", 400},
	ErrObsFold:                 {"obs-fold", "a field value may not be folded over lines", "RFC 9112, section 5.2", 400},
	ErrFieldName:               {"field-name", "a field name is a token with the colon right behind it", "RFC 9112, section 5.1", 400},
	ErrFieldValue:              {"field-value", "a field value holds no control character but HTAB", "RFC 9110, section 5.5", 400},
	ErrHeadTooLong:             {"head-too-long", "the message head is longer than the limit", "RFC 6585, section 5", 431},
	ErrTrailerTooLong:          {"trailer-too-long", "the trailer section is longer than the limit", "RFC 6585, section 5", 431},
	ErrTargetTooLong:           {"target-too-long", "the request-target is longer than the limit", "RFC 9110, section 15.5.15", 414},
	ErrTooManyFields:           {"too-many-fields", "there are more field lines than the limit", "RFC 6585, section 5", 431},
	ErrHostMissing:             {"host-missing", "an HTTP/1.1 request needs a Host field", "RFC 9112, section 3.2", 400},
	ErrHostRepeated:            {"host-repeated", "a request has one Host field", "RFC 9112, section 3.2", 400},
	ErrHost:                    {"host", "Host is a host name or address with an optional port", "RFC 9110, section 7.2", 400},
	ErrContentLength:           {"content-length", "Content-Length is digits that make a number below 2^63", "RFC 9110, section 8.6", 400},
	ErrContentLengthRepeated:   {"content-length-repeated", "there is one Content-Length, not a list", "RFC 9112, section 6.3", 400},
	ErrTransferEncoding:        {"transfer-encoding", "Transfer-Encoding is a list of transfer codings", "RFC 9112, section 6.1", 400},
	ErrTransferEncodingVersion: {"transfer-encoding-version", "Transfer-Encoding comes in HTTP/1.1 only, and in a start-line that says so plainly", "RFC 9112, section 6.1", 400},
	ErrAmbiguousLength:         {"ambiguous-length", "Transfer-Encoding and Content-Length exclude each other", "RFC 9112, section 6.1", 400},
	ErrChunkedCoding:           {"chunked-coding", "chunked is applied once and has no parameters", "RFC 9112, section 7.1", 400},
	ErrNotChunked:              {"not-chunked", "the last transfer coding of a request is chunked", "RFC 9112, section 6.3", 400},
	ErrConnection:              {"connection", "Connection may not name Content-Length, Transfer-Encoding or Host", "RFC 9110, section 7.6.1", 400},
	ErrChunkSize:               {"chunk-size", "a chunk-size is 1 to 16 hexadecimal digits that make a number below 2^63", "RFC 9112, section 7.1", 400},
	ErrChunkExt:                {"chunk-ext", "chunk extensions are names, or names with values, each behind a semicolon", "RFC 9112, section 7.1.1", 400},
	ErrChunkExtTooLong:         {"chunk-ext-too-long", "the extensions of a chunk are longer than the limit", "RFC 9112, section 7.1.1", 400},
	ErrChunkData:               {"chunk-data", "chunk-data has chunk-size octets and CRLF behind them", "RFC 9112, section 7.1", 400},
	ErrChunkOverhead:           {"chunk-overhead", "the chunks of the body waste more than the limit", "RFC 9112, section 7.1.1", 400},
	ErrTrailerField:            {"trailer-field", "the fields that say where a body ends or a request goes may not come in a trailer section", "RFC 9110, section 6.5.1", 400},
}

// rule returns the row of e; that of no error for a value that is no Error of
// this package.
func (e Error) rule() int {
	if int(e) >= len(errorTable) {
		return 0
	}
	return int(e)
}

// Error returns the fixed text of the rule.
func (e Error) Error() string { return prefixed[e.rule()] }

// Code returns a short name of the rule, the same in every release, such as
// "field-name".
func (e Error) Code() string { return errorTable[e.rule()].code }

// Section returns where the rule stands, such as "RFC 9112, section 5.1".
func (e Error) Section() string { return errorTable[e.rule()].section }

// Status returns the status code to answer a request with: 400, 414, 431 or 505. A
// gateway that has the Error from a response answers 502.
func (e Error) Status() int { return errorTable[e.rule()].status }

// Rule returns the text of the rule in a clause, without the package's name.
func (e Error) Rule() string { return errorTable[e.rule()].text }

// prefixed holds the texts of Error, so that it has nothing to concatenate.
var prefixed = func() (texts [len(errorTable)]string) {
	for i := range errorTable {
		texts[i] = "picohttp: " + errorTable[i].text
	}
	return texts
}()
