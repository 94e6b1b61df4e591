package picohttp

import (
	"bytes"
)

// isHost reports whether b is
//
//	uri-host [ ":" port ], uri-host = IP-literal / IPv4address / reg-name, port = *DIGIT
//
// RFC 3986, sections 3.2.2 and 3.2.3. An IPv4address is a reg-name, too.
func isHost(b []byte) bool {
	if isPlainHost(b) || isPlainHost(withoutPort(b)) {
		return true
	}
	var rest []byte
	if len(b) > 0 && b[0] == '[' {
		end := bytes.IndexByte(b, ']')
		if end < 0 || !isIPLiteral(b[1:end]) {
			return false
		}
		rest = b[end+1:]
	} else {
		i := skip(b, 0, regName)
		for i < len(b) && b[i] != ':' {
			if b[i] != '%' || len(b)-i < 3 || !isHexdig(b[i+1]) || !isHexdig(b[i+2]) {
				return false
			}
			i = skip(b, i+3, regName)
		}
		rest = b[i:]
	}
	if len(rest) == 0 {
		return true
	}
	if rest[0] != ':' {
		return false
	}
	for _, c := range rest[1:] {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

// isPlainHost reports whether b has at least eight bytes, all of which may stand in a
// reg-name on their own, as in nearly every Host. It looks at eight bytes at a time; the last
// eight may overlap those before.
func isPlainHost(b []byte) bool {
	last := len(b) - 8
	if last < 0 {
		return false
	}
	all := classOf8((*[8]byte)(b[last:]))
	for i := 0; i < last; i += 8 {
		all &= classOf8((*[8]byte)(b[i:]))
	}
	return all&regName != 0
}

// classOf8 returns the classes that all eight bytes are in.
func classOf8(b *[8]byte) uint8 {
	return class[b[0]] & class[b[1]] & class[b[2]] & class[b[3]] & class[b[4]] & class[b[5]] & class[b[6]] & class[b[7]]
}

// withoutPort returns b without a colon and the digits after it. It returns nil if b does not
// end in them.
func withoutPort(b []byte) []byte {
	i := len(b)
	for i > 0 && isDigit(b[i-1]) {
		i--
	}
	if i == 0 || b[i-1] != ':' {
		return nil
	}
	return b[:i-1]
}

// isIPLiteral reports whether b, the text between the brackets, is
//
//	IPv6address / IPvFuture
//	IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )
func isIPLiteral(b []byte) bool {
	if len(b) == 0 || b[0]|0x20 != 'v' {
		return isIPv6(b)
	}
	dot := 1
	for dot < len(b) && isHexdig(b[dot]) {
		dot++
	}
	if dot == 1 || dot+1 >= len(b) || b[dot] != '.' {
		return false
	}
	for _, c := range b[dot+1:] {
		if class[c]&regName == 0 && c != ':' {
			return false
		}
	}
	return true
}

// isIPv6 reports whether b is an IPv6address of RFC 3986, section 3.2.2. It has eight groups
// of 1*4HEXDIG. The last two may be an IPv4address, and "::" may stand once for one group or
// more.
func isIPv6(b []byte) bool {
	groups, elided := 0, false
	if bytes.HasPrefix(b, []byte("::")) {
		b, elided = b[2:], true
	}
	for len(b) > 0 {
		digits := 0
		for digits < len(b) && isHexdig(b[digits]) {
			digits++
		}
		if digits < len(b) && b[digits] == '.' {
			groups += 2
			if !isIPv4(b) {
				return false
			}
			break
		}
		if digits == 0 || digits > 4 {
			return false
		}
		groups++
		b = b[digits:]
		switch {
		case len(b) == 0:
		case bytes.HasPrefix(b, []byte("::")) && !elided:
			b, elided = b[2:], true
		case b[0] == ':' && len(b) > 1:
			b = b[1:]
		default:
			return false
		}
	}
	if elided {
		return groups < 8
	}
	return groups == 8
}

// isIPv4 reports whether b is
//
//	IPv4address = dec-octet "." dec-octet "." dec-octet "." dec-octet
//
// where dec-octet is 0 to 255 without leading zeros.
func isIPv4(b []byte) bool {
	for part := range 4 {
		n, digits := 0, 0
		for digits < len(b) && digits < 3 && isDigit(b[digits]) {
			n = n*10 + int(b[digits]-'0')
			digits++
		}
		if digits == 0 || n > 255 || digits > 1 && b[0] == '0' {
			return false
		}
		b = b[digits:]
		if part < 3 {
			if len(b) == 0 || b[0] != '.' {
				return false
			}
			b = b[1:]
		}
	}
	return len(b) == 0
}
