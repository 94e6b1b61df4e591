package picohttp

import "math"

// A part names the production that the next byte of a head belongs to.
type part uint8

const (
	none          part = iota // no head is being parsed
	leading                   // an empty line before the start-line, or the start-line
	leadingLF                 // the LF of that empty line
	method                    // method SP
	target                    // request-target SP
	version                   // HTTP-version CR
	statusVersion             // HTTP-version SP
	statusCode                // status-code SP
	reasonPhrase              // reason-phrase CR
	startLF                   // the LF of the start-line
	lineStart                 // a field line, or the empty line that ends the head
	fieldLine                 // the same, but no kernel can settle it
	fieldName                 // field-name ":"
	colonSpace                // whitespace before that colon
	foldSpace                 // the whitespace of an obs-fold
	fieldValue                // OWS field-value OWS CR
	fieldLF                   // the LF of a field line
	invalidLine               // a skipped line, through its CR
	invalidLF                 // its LF
	emptyLF                   // the LF of the empty line
	ended                     // nothing: the head is complete
)

// There is one predicate for each ABNF rule about a single byte. The predicates define the
// rules. For speed, the parsers look bytes up in class.

// isTchar reports whether c may stand in a token: a method, a field name.
//
//	tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." /
//	        "^" / "_" / "`" / "|" / "~" / DIGIT / ALPHA
//
// RFC 9110, section 5.6.2.
func isTchar(c byte) bool {
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~':
		return true
	}
	return isDigit(c) || isAlpha(c)
}

// isDigit is DIGIT of RFC 5234, appendix B.1: %x30-39.
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isAlpha is ALPHA of RFC 5234, appendix B.1: %x41-5A / %x61-7A.
func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// isHexdig is HEXDIG of RFC 5234, appendix B.1, in either case.
func isHexdig(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

// isVchar is VCHAR of RFC 5234, appendix B.1: %x21-7E.
func isVchar(c byte) bool { return 0x21 <= c && c <= 0x7e }

// isObsText is obs-text of RFC 9110, section 5.5: %x80-FF.
func isObsText(c byte) bool { return c >= 0x80 }

// isWhitespace reports whether c is SP or HTAB.
//
//	OWS = *( SP / HTAB )
//
// RFC 9110, section 5.6.3.
func isWhitespace(c byte) bool { return c == ' ' || c == '\t' }

// isFieldByte reports whether c may stand in a field value or in the whitespace around it.
//
//	field-vchar = VCHAR / obs-text
//
// RFC 9110, section 5.5.
func isFieldByte(c byte) bool { return isVchar(c) || isObsText(c) || isWhitespace(c) }

// isRegName reports whether c may stand in a reg-name outside a percent-encoding.
//
//	reg-name   = *( unreserved / pct-encoded / sub-delims )
//	unreserved = ALPHA / DIGIT / "-" / "." / "_" / "~"
//	sub-delims = "!" / "$" / "&" / "'" / "(" / ")" / "*" / "+" / "," / ";" / "="
//
// RFC 3986, sections 2.2, 2.3 and 3.2.2.
func isRegName(c byte) bool {
	switch c {
	case '-', '.', '_', '~', '!', '$', '&', '\'', '(', ')', '*', '+', ',', ';', '=':
		return true
	}
	return isDigit(c) || isAlpha(c)
}

// endsStatusCode reports whether c may follow a status-code.
func endsStatusCode(c byte) bool { return c == ' ' || c == '\r' || c == '\n' }

// blankLength returns the length of the blank that b begins with, or 0 if it begins with
// something else. A blank is a character that some recipients take for whitespace, or for
// nothing at all: SP and control characters; 0x85 and 0xA0, for recipients that read Latin-1;
// and the spaces of Unicode, such as U+2003 (E2 80 83), for those that decode UTF-8.
func blankLength(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	c := b[0]
	switch {
	case c <= ' ' || c == 0x7f || c == 0x85 || c == 0xa0:
		return 1
	case c == 0xc2 && len(b) >= 2 && (b[1] == 0x85 || b[1] == 0xa0):
		return 2
	case len(b) < 3:
		return 0
	}
	switch d, e := b[1], b[2]; {
	case c == 0xe1 && d == 0x9a && e == 0x80,
		c == 0xe2 && d == 0x80 && (0x80 <= e && e <= 0x8a || e == 0xa8 || e == 0xa9 || e == 0xaf),
		c == 0xe2 && d == 0x81 && e == 0x9f,
		c == 0xe3 && d == 0x80 && e == 0x80,
		c == 0xef && d == 0xbb && e == 0xbf, // U+FEFF, a space in ECMAScript
		c == 0xe1 && d == 0xa0 && e == 0x8e: // U+180E, a space in older versions of Unicode
		return 3
	}
	return 0
}

// trimBlanks returns b without the blanks at its start.
func trimBlanks(b []byte) []byte {
	for n := blankLength(b); n > 0; n = blankLength(b) {
		b = b[n:]
	}
	return b
}

// hasBlank reports whether b contains a blank outside ASCII.
func hasBlank(b []byte) bool {
	for i, c := range b {
		if c >= 0x80 && blankLength(b[i:]) > 0 {
			return true
		}
	}
	return false
}

// mayBeBlank reports whether c may belong to a blank, alone or with other bytes.
func mayBeBlank(c byte) bool {
	return c <= ' ' || 0x7f <= c && c <= 0xbf || c == 0xc2 || 0xe1 <= c && c <= 0xe3 || c == 0xef
}

// These are the bits of class.
const (
	tchar = 1 << iota
	vchar
	fieldByte
	regName
)

// class holds, for each byte, a bit for each predicate that is true of it.
var class = func() (t [256]uint8) {
	for i := range t {
		c := byte(i)
		for _, rule := range []struct {
			holds bool
			bit   uint8
		}{
			{isTchar(c), tchar},
			{isVchar(c), vchar},
			{isFieldByte(c), fieldByte},
			{isRegName(c), regName},
		} {
			if rule.holds {
				t[i] |= rule.bit
			}
		}
	}
	return t
}()

// skip returns the offset of the first byte of b[i:] outside the class, or len(b).
func skip(b []byte, i int, bit uint8) int {
	for i < len(b) && class[b[i]]&bit != 0 {
		i++
	}
	return i
}

// hexdig holds the value of each HEXDIG, and 16 or more for other bytes.
var hexdig = func() (t [256]uint8) {
	for i := range t {
		switch c := byte(i); {
		case isDigit(c):
			t[i] = c - '0'
		case isHexdig(c):
			t[i] = c | 0x20 - 'a' + 10
		default:
			t[i] = 0xff
		}
	}
	return t
}()

// number returns the number that b begins with.
func number(b []byte) (n int) {
	for _, c := range b {
		if !isDigit(c) {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// decimal returns the value of b, if b is 1*DIGIT within int64.
func decimal(b []byte) (n int64, ok bool) {
	for _, c := range b {
		digit := int64(c - '0')
		if !isDigit(c) || n > (math.MaxInt64-digit)/10 {
			return 0, false
		}
		n = n*10 + digit
	}
	return n, len(b) > 0
}
