package picohttp

import "errors"

// ErrIncomplete means that the bytes so far are a valid prefix of a head, a trailer section
// or a chunked body. It is not a fault: read more and continue.
var ErrIncomplete = errors.New("picohttp: incomplete message")

// An Error says what is wrong with a message. Errors are comparable (err ==
// picohttp.ErrMethod), and returning one allocates nothing. The n returned along with an Error
// says where the fault is. Explain turns both into a message for people.
type Error uint8

// These are the errors of Parse and Resume, of Host, Framing and Check, and of chunked bodies.
// The n returned along with one is the offset of the byte at fault, unless the comment of the
// error names another byte.
const (
	// ErrTLS: the peer speaks TLS. n is at the first byte of the TLS record.
	ErrTLS Error = iota + 1
	// ErrHTTP2: the peer speaks HTTP/2 with prior knowledge. n is at the major version in its
	// connection preface.
	ErrHTTP2
	// ErrEmptyLine: more than one empty line before the request-line. n is at the CR of the
	// second.
	ErrEmptyLine
	// ErrMethod: a byte in the method that is not a tchar, or no SP right after
	// the method.
	ErrMethod
	// ErrTarget: a byte in the request-target that is not VCHAR, or no
	// request-target.
	ErrTarget
	// ErrVersion: no "HTTP/1." DIGIT after the request-target, or no "HTTP/1." DIGIT SP at the
	// start of a status-line.
	ErrVersion
	// ErrMajor: a major version other than 1. n is at its digit.
	ErrMajor
	// ErrRequestLine: something between the HTTP-version and the CRLF.
	ErrRequestLine
	// ErrStatus: a status-code that is not three digits followed by SP or CRLF.
	ErrStatus
	// ErrReason: a control character in the reason-phrase.
	ErrReason
	// ErrBareCR: a CR without LF. n is at the byte after the CR.
	ErrBareCR
	// ErrBareLF: an LF without CR. n is at the LF.
	ErrBareLF
	// ErrLeadingSpace: whitespace before the first field line.
	ErrLeadingSpace
	// ErrObsFold: a line that begins with whitespace, and so continues the line before.
	ErrObsFold
	// ErrFieldName: a byte in a field name that is not a tchar, or no colon
	// right after the name.
	ErrFieldName
	// ErrFieldValue: a control character in a field value.
	ErrFieldValue
	// ErrHeadTooLong: a head longer than Parser.MaxHeadBytes. n is at the first byte over the
	// limit.
	ErrHeadTooLong
	// ErrTrailerTooLong: a trailer section longer than Parser.MaxTrailerBytes. n is at the
	// first byte over the limit.
	ErrTrailerTooLong
	// ErrMethodTooLong: a method longer than Parser.MaxMethodBytes. n is at the first byte
	// over the limit.
	ErrMethodTooLong
	// ErrTargetTooLong: a request-target longer than Parser.MaxTargetBytes, or one that is
	// unfinished at Parser.MaxHeadBytes. n is at the first byte over the limit.
	ErrTargetTooLong
	// ErrTooManyFields: more field lines than Parser.MaxFields. n is at the first byte of the
	// first line over the limit.
	ErrTooManyFields
	// ErrHostMissing: an HTTP/1.1 request without a Host field.
	ErrHostMissing
	// ErrHostRepeated: more than one Host field line.
	ErrHostRepeated
	// ErrHost: a Host that is not uri-host [ ":" port ].
	ErrHost
	// ErrTargetForm: a request-target that has none of the four forms, does not fit the
	// method, or has a malformed authority. See Request.Check.
	ErrTargetForm
	// ErrAuthority: a request-target in absolute-form whose authority differs from Host.
	ErrAuthority
	// ErrContentLength: a Content-Length that is not 1*DIGIT or exceeds
	// math.MaxInt64.
	ErrContentLength
	// ErrContentLengthRepeated: more than one Content-Length, on two lines or in a list, even
	// if the values are equal.
	ErrContentLengthRepeated
	// ErrTransferEncoding: a Transfer-Encoding that is not a list of transfer codings, has an
	// empty element, or is on more than one line. In a request for an upgrade, also one whose
	// value is followed by HTAB.
	ErrTransferEncoding
	// ErrTransferEncodingVersion: a Transfer-Encoding in an HTTP/1.0 message, in a request of
	// HTTP/1.2 or later, or in a message whose version some recipients may read differently.
	ErrTransferEncodingVersion
	// ErrAmbiguousLength: both Transfer-Encoding and Content-Length.
	ErrAmbiguousLength
	// ErrChunkedCoding: chunked applied twice or with a parameter.
	ErrChunkedCoding
	// ErrNotChunked: a request with Transfer-Encoding whose last coding is not chunked.
	ErrNotChunked
	// ErrConnectContent: a CONNECT with a Transfer-Encoding, or with a
	// Content-Length above 0.
	ErrConnectContent
	// ErrConnection: a Connection that names Content-Length or Host, which a proxy would then
	// drop, or that has more options than MaxConnectionOptions.
	ErrConnection
	// ErrCoding: a transfer coding other than chunked. Check returns it, Framing does not.
	ErrCoding
	// ErrChunkSize: a chunk-size that is not 1 to 16 HEXDIG, exceeds
	// math.MaxInt64, or is followed by something that is neither chunk-ext nor
	// CRLF.
	ErrChunkSize
	// ErrChunkExt: a chunk-ext that breaks the grammar.
	ErrChunkExt
	// ErrChunkExtTooLong: a chunk-ext longer than Parser.MaxChunkExtBytes. n is at the first
	// byte over the limit.
	ErrChunkExtTooLong
	// ErrChunkData: no CRLF after chunk-size bytes of chunk-data.
	ErrChunkData
	// ErrChunkOverhead: chunks with more overhead than Parser.MaxChunkOverhead. n is at the
	// LF of the chunk-size line that exceeds it.
	ErrChunkOverhead
	// ErrTrailerField: a field in the trailer section that decides where a body ends or where
	// a request goes. n is at the first byte of its line.
	ErrTrailerField
	// ErrResume: Resume was called with bytes that do not begin with those of the call
	// before. This is a mistake of the program, not of the peer.
	ErrResume
)

var errorTable = [...]struct {
	code    string
	text    string // what was wrong
	rule    string // what is right
	section string
	status  int
}{
	0:                          {"", "no error", "", "", 0},
	ErrTLS:                     {"tls", "received a TLS record instead of an HTTP/1.x message", "a message does not begin with a TLS record", "RFC 8446, section 5.1", 400},
	ErrHTTP2:                   {"http2-preface", "received the HTTP/2 connection preface", "a message does not begin with the HTTP/2 connection preface", "RFC 9113, section 3.4", 505},
	ErrEmptyLine:               {"empty-line", "more than one empty line before the request-line", "at most one empty line comes before the request-line", "RFC 9112, section 2.2", 400},
	ErrMethod:                  {"method", "invalid method", "the method is a token followed by one space", "RFC 9112, section 3.1", 400},
	ErrTarget:                  {"request-target", "invalid request-target", "the request-target is visible ASCII followed by one space", "RFC 9112, section 3.2", 400},
	ErrVersion:                 {"http-version", "invalid HTTP version", "the HTTP-version is \"HTTP/1.\" and one digit", "RFC 9112, section 2.3", 400},
	ErrMajor:                   {"http-major", "unsupported HTTP major version", "the major version is 1", "RFC 9110, section 15.6.6", 505},
	ErrRequestLine:             {"request-line", "unexpected data after the HTTP version", "the request-line ends after the HTTP-version", "RFC 9112, section 3", 400},
	ErrStatus:                  {"status-code", "invalid status code", "the status-code is three digits with a space before and after them", "RFC 9112, section 4", 400},
	ErrReason:                  {"reason-phrase", "control character in reason phrase", "a reason-phrase has no control characters but HTAB", "RFC 9112, section 4", 400},
	ErrBareCR:                  {"bare-cr", "CR not followed by LF", "a CR is followed by LF", "RFC 9112, section 2.2", 400},
	ErrBareLF:                  {"bare-lf", "line ends in a bare LF", "a line ends in CRLF", "RFC 9112, section 2.2", 400},
	ErrLeadingSpace:            {"leading-space", "whitespace before the first field line", "no whitespace comes between the start-line and the first field line", "RFC 9112, section 2.2", 400},
	ErrObsFold:                 {"obs-fold", "obsolete line folding", "a field value is on one line", "RFC 9112, section 5.2", 400},
	ErrFieldName:               {"field-name", "invalid field name", "a field name is a token followed by a colon", "RFC 9112, section 5.1", 400},
	ErrFieldValue:              {"field-value", "control character in field value", "a field value has no control characters but HTAB", "RFC 9110, section 5.5", 400},
	ErrHeadTooLong:             {"head-too-long", "head exceeds size limit", "a head is within the limit", "RFC 6585, section 5", 431},
	ErrTrailerTooLong:          {"trailer-too-long", "trailer section exceeds size limit", "a trailer section is within the limit", "RFC 6585, section 5", 431},
	ErrMethodTooLong:           {"method-too-long", "method exceeds size limit", "a method is within the limit", "RFC 9112, section 3", 501},
	ErrTargetTooLong:           {"target-too-long", "request-target exceeds size limit", "a request-target is within the limit", "RFC 9110, section 15.5.15", 414},
	ErrTooManyFields:           {"too-many-fields", "too many field lines", "the number of field lines is within the limit", "RFC 6585, section 5", 431},
	ErrHostMissing:             {"host-missing", "missing Host field", "an HTTP/1.1 request has a Host field", "RFC 9112, section 3.2", 400},
	ErrHostRepeated:            {"host-repeated", "more than one Host field", "a request has one Host field", "RFC 9112, section 3.2", 400},
	ErrHost:                    {"host", "invalid Host field", "Host is a host name or address with an optional port", "RFC 9110, section 7.2", 400},
	ErrTargetForm:              {"target-form", "request-target is invalid or does not fit the method", "the request-target has one of four forms, and the form fits the method", "RFC 9112, section 3.2", 400},
	ErrAuthority:               {"authority", "request-target's authority differs from Host", "the authority of an absolute request-target equals Host", "RFC 9112, section 3.2.2", 400},
	ErrContentLength:           {"content-length", "invalid Content-Length", "Content-Length is a decimal number below 2^63", "RFC 9110, section 8.6", 400},
	ErrContentLengthRepeated:   {"content-length-repeated", "more than one Content-Length", "there is one Content-Length, and it is not a list", "RFC 9112, section 6.3", 400},
	ErrTransferEncoding:        {"transfer-encoding", "invalid Transfer-Encoding", "Transfer-Encoding is one field line, a list of transfer codings without empty elements", "RFC 9112, section 6.1", 400},
	ErrTransferEncodingVersion: {"transfer-encoding-version", "Transfer-Encoding in an HTTP/1.0 message", "Transfer-Encoding comes only in HTTP/1.1 (in a response, also in a later version), and the start-line leaves no doubt about the version", "RFC 9112, section 6.1", 400},
	ErrAmbiguousLength:         {"ambiguous-length", "both Transfer-Encoding and Content-Length", "Transfer-Encoding and Content-Length exclude each other", "RFC 9112, section 6.1", 400},
	ErrChunkedCoding:           {"chunked-coding", "chunked coding applied twice or with parameters", "chunked is applied once and has no parameters", "RFC 9112, section 7.1", 400},
	ErrNotChunked:              {"not-chunked", "final transfer coding of the request is not chunked", "the last transfer coding of a request is chunked", "RFC 9112, section 6.3", 400},
	ErrConnectContent:          {"connect-content", "CONNECT request with content", "a CONNECT has no content", "RFC 9110, section 9.3.6", 400},
	ErrConnection:              {"connection", "Connection names Content-Length or Host, or has too many options", "Connection names neither Content-Length nor Host, and has at most 32 options", "RFC 9110, section 7.6.1", 400},
	ErrCoding:                  {"coding", "unsupported transfer coding", "no transfer coding but chunked is decoded here", "RFC 9112, section 6.1", 501},
	ErrChunkSize:               {"chunk-size", "invalid chunk size", "a chunk-size is 1 to 16 hexadecimal digits for a number below 2^63", "RFC 9112, section 7.1", 400},
	ErrChunkExt:                {"chunk-ext", "invalid chunk extension", "chunk extensions are names, or names with values, each after a semicolon", "RFC 9112, section 7.1.1", 400},
	ErrChunkExtTooLong:         {"chunk-ext-too-long", "chunk extensions exceed size limit", "the extensions of a chunk are within the limit", "RFC 9112, section 7.1.1", 400},
	ErrChunkData:               {"chunk-data", "chunk data not followed by CRLF", "chunk-data is chunk-size bytes followed by CRLF", "RFC 9112, section 7.1", 400},
	ErrChunkOverhead:           {"chunk-overhead", "chunk overhead exceeds limit", "the overhead of the chunks is within the limit", "RFC 9112, section 7.1.1", 400},
	ErrTrailerField:            {"trailer-field", "framing or routing field in trailer section", "fields that decide framing or routing do not come in a trailer section", "RFC 9110, section 6.5.1", 400},
	ErrResume:                  {"resume", "resumed with different bytes", "a parse is resumed with the same bytes and more after them", "RFC 9110, section 15.6.1", 500},
}

// row returns the row of e in errorTable, or 0 if this package has no such Error.
func (e Error) row() int {
	if int(e) >= len(errorTable) {
		return 0
	}
	return int(e)
}

// Error returns what was wrong, in a fixed text that begins with "picohttp: ".
func (e Error) Error() string { return prefixed[e.row()] }

// Code returns a short name of the error, such as "field-name". It is the same in
// every release.
func (e Error) Code() string { return errorTable[e.row()].code }

// Rule returns, as a clause, the rule that the message breaks, such as "a line ends in CRLF".
func (e Error) Rule() string { return errorTable[e.row()].rule }

// Section returns the section that contains the rule, such as "RFC 9112, section 5.1".
func (e Error) Section() string { return errorTable[e.row()].section }

// Status returns the status code for a server to respond with: 400, 414, 431, 500, 501 or
// 505. A gateway that gets the Error from a response responds with 502 instead.
func (e Error) Status() int { return errorTable[e.row()].status }

// prefixed holds the texts of Error, so that Error does not concatenate.
var prefixed = func() (texts [len(errorTable)]string) {
	for i := range errorTable {
		texts[i] = "picohttp: " + errorTable[i].text
	}
	return texts
}()
