package picohttp

import "errors"

// ErrIncomplete says that the bytes so far are a valid prefix of a message
// head. It is not a fault: read more and call Resume.
var ErrIncomplete = errors.New("picohttp: incomplete: the message head goes on")

// An Error names the rule that a message breaks. Errors are comparable
// (err == picohttp.ErrMethod), and making one allocates nothing. Where the
// rule is broken is the n that comes with it; Explain puts both into words for
// people.
type Error uint8

// The rules. The comment of each says what n is the offset of.
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
	// ErrVersion: no "HTTP/1." DIGIT behind the request-target.
	ErrVersion
	// ErrMajor: another major version than 1. Its digit.
	ErrMajor
	// ErrRequestLine: something between the HTTP-version and the CRLF.
	ErrRequestLine
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
)

var rules = [...]struct {
	code, text, section string
	status              int
}{
	0:                {"", "no error", "", 0},
	ErrTLS:           {"tls", "a TLS record where an HTTP/1.x message should begin", "RFC 8446, section 5.1", 400},
	ErrHTTP2:         {"http2-preface", "the HTTP/2 connection preface where an HTTP/1.x message should begin", "RFC 9113, section 3.4", 505},
	ErrEmptyLine:     {"empty-line", "more than one empty line before the request-line", "RFC 9112, section 2.2", 400},
	ErrMethod:        {"method", "the method is a token with one space behind it", "RFC 9112, section 3.1", 400},
	ErrTarget:        {"request-target", "the request-target is visible ASCII with one space behind it", "RFC 9112, section 3.2", 400},
	ErrVersion:       {"http-version", "the request-line ends in HTTP/1. and one digit", "RFC 9112, section 2.3", 400},
	ErrMajor:         {"http-major", "only major version 1 is spoken here", "RFC 9110, section 15.6.6", 505},
	ErrRequestLine:   {"request-line", "nothing may stand between the HTTP-version and CRLF", "RFC 9112, section 3", 400},
	ErrBareCR:        {"bare-cr", "a CR must be followed by a LF", "RFC 9112, section 2.2", 400},
	ErrBareLF:        {"bare-lf", "a line ends in CRLF, not in a LF alone", "RFC 9112, section 2.2", 400},
	ErrLeadingSpace:  {"leading-space", "no white space may stand between the start-line and the first field line", "RFC 9112, section 2.2", 400},
	ErrObsFold:       {"obs-fold", "a field value may not be folded over lines", "RFC 9112, section 5.2", 400},
	ErrFieldName:     {"field-name", "a field name is a token with the colon right behind it", "RFC 9112, section 5.1", 400},
	ErrFieldValue:    {"field-value", "a field value holds no control character but HTAB", "RFC 9110, section 5.5", 400},
	ErrHeadTooLong:   {"head-too-long", "the message head is longer than the limit", "RFC 6585, section 5", 431},
	ErrTargetTooLong: {"target-too-long", "the request-target is longer than the limit", "RFC 9110, section 15.5.15", 414},
	ErrTooManyFields: {"too-many-fields", "there are more field lines than the limit", "RFC 6585, section 5", 431},
	ErrHostMissing:   {"host-missing", "an HTTP/1.1 request needs a Host field", "RFC 9112, section 3.2", 400},
	ErrHostRepeated:  {"host-repeated", "a request has one Host field", "RFC 9112, section 3.2", 400},
	ErrHost:          {"host", "Host is a host name or address with an optional port", "RFC 9110, section 7.2", 400},
}

// rule returns the row of e; that of no error for a value that is no Error of
// this package.
func (e Error) rule() int {
	if int(e) >= len(rules) {
		return 0
	}
	return int(e)
}

// Error returns the fixed text of the rule.
func (e Error) Error() string { return prefixed[e.rule()] }

// Code returns a short name of the rule that does not change from release to
// release, such as "field-name".
func (e Error) Code() string { return rules[e.rule()].code }

// Section returns where the rule stands, such as "RFC 9112, section 5.1".
func (e Error) Section() string { return rules[e.rule()].section }

// Status returns the status code to answer with: 400, 414, 431 or 505.
func (e Error) Status() int { return rules[e.rule()].status }

// Rule returns the text of the rule in a clause, without the package's name.
func (e Error) Rule() string { return rules[e.rule()].text }

// prefixed holds the texts of Error, so that it has nothing to concatenate.
var prefixed = func() (texts [len(rules)]string) {
	for i := range rules {
		texts[i] = "picohttp: " + rules[i].text
	}
	return texts
}()
