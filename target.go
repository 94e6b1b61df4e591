package picohttp

import (
	"bytes"
	"encoding/binary"
)

// A Form is one of the shapes that RFC 9112, section 3.2 gives a request-target.
type Form uint8

const (
	NoForm        Form = iota // none of the others; Check returns ErrTargetForm
	OriginForm                // "/where?q=now"
	AbsoluteForm              // "http://example.org/where", as sent to a proxy
	AuthorityForm             // "example.com:443", only for CONNECT
	AsteriskForm              // "*", for OPTIONS and for methods that Check does not know
)

// String returns "origin-form", "absolute-form", "authority-form", "asterisk-form" or
// "no form".
func (f Form) String() string {
	if int(f) >= len(formNames) {
		f = NoForm
	}
	return formNames[f]
}

var formNames = [...]string{"no form", "origin-form", "absolute-form", "authority-form", "asterisk-form"}

// formOf returns the form of a request-target, judged by how it begins.
func formOf(method, target []byte) Form {
	switch {
	case len(target) == 0:
		return NoForm
	case target[0] == '/':
		return OriginForm
	case string(target) == "*":
		return AsteriskForm
	case string(method) == "CONNECT":
		return AuthorityForm
	case schemeLength(target) > 0:
		return AbsoluteForm
	}
	return NoForm
}

// schemeLength returns the length of the scheme that b begins with, or 0 if there is
// none or no colon follows it.
//
//	scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )
//
// RFC 3986, section 3.1.
func schemeLength(b []byte) int {
	for i, c := range b {
		switch {
		case c == ':':
			return i
		case !isAlpha(c) && (i == 0 || !isDigit(c) && c != '+' && c != '-' && c != '.'):
			return 0
		}
	}
	return 0
}

// splitAbsolute splits an absolute-form. Without "//" after the scheme, authority is nil.
//
//	absolute-URI = scheme ":" [ "//" authority ] path [ "?" query ]
//
// RFC 3986, sections 3 and 4.3.
func splitAbsolute(target []byte) (scheme, authority, rest []byte) {
	n := schemeLength(target)
	scheme, rest = target[:n:n], target[min(n+1, len(target)):]
	if !bytes.HasPrefix(rest, []byte("//")) {
		return scheme, nil, rest
	}
	rest = rest[len("//"):]
	end := bytes.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	return scheme, rest[:end:end], rest[end:]
}

// pathAndQuery returns the path of a request-target, or nil if it has none, and the
// query, which is nil if there is no "?".
func pathAndQuery(method, target []byte, form Form) (path, query []byte) {
	path = target
	var authority []byte
	switch form {
	case AsteriskForm:
		return target, nil
	case AbsoluteForm:
		_, authority, path = splitAbsolute(target)
	case AuthorityForm, NoForm:
		return nil, nil
	}
	afterAuthority := path
	if i := bytes.IndexByte(path, '?'); i >= 0 {
		path, query = path[:i:i], path[i+1:]
	}
	if len(path) > 0 {
		return path, query
	}
	if authority == nil || query == nil && string(method) == "OPTIONS" {
		return nil, query
	}
	slash := len(target) - len(afterAuthority) - len(authority) - 1 // the second of "//"
	return target[slash : slash+1 : slash+1], query
}

// judgeTarget returns the authority of a request-target, or nil if it has none. It also
// returns what is wrong with the target, and at which offset in it. host is the Host field,
// nil if there is none. RFC 9112, section 3.2.
func judgeTarget(method, target []byte, form Form, host []byte) (authority []byte, fault Error, at int) {
	if hasHash(target) { // servers disagree on what such a target means
		return nil, ErrTargetForm, bytes.IndexByte(target, '#')
	}
	connect := string(method) == "CONNECT"
	switch {
	case form == OriginForm && !connect: // as in nearly all requests
		return nil, 0, 0
	case form == NoForm, connect != (form == AuthorityForm):
		return nil, ErrTargetForm, 0
	case form == AsteriskForm && asksForResource(method):
		return nil, ErrTargetForm, 0
	case form == AuthorityForm:
		if name, port := splitPort(target); len(name) == 0 || !isHost(target) || !isTCPPort(port) {
			return nil, ErrTargetForm, 0
		}
		return target, 0, 0
	case form != AbsoluteForm:
		return nil, 0, 0
	}
	scheme, authority, _ := splitAbsolute(target)
	if at = 0; authority != nil {
		at = len(scheme) + len("://")
	}
	name, port := splitPort(authority)
	if len(name) == 0 || !isHost(authority) { // isHost does not accept userinfo
		return nil, ErrTargetForm, min(at+max(0, bytes.IndexByte(authority, '@')), len(target))
	}
	if host != nil {
		hostName, hostPort := splitPort(host)
		standard := standardPort(scheme)
		// An authority is ASCII, but a Host that is not valid may not be.
		if !isHost(host) || !bytes.EqualFold(name, hostName) || !bytes.Equal(explicitPort(port, standard), explicitPort(hostPort, standard)) {
			return authority, ErrAuthority, at
		}
	}
	return authority, 0, 0
}

// hasHash reports whether there is a "#" in b. Most targets are too short for IndexByte to be
// worth its call.
func hasHash(b []byte) bool {
	last := len(b) - 8
	switch {
	case last > 24:
		return bytes.IndexByte(b, '#') >= 0
	case last >= 0:
		found := hashes(b[last:])
		for i := 0; i < last; i += 8 {
			found |= hashes(b[i:])
		}
		return found != 0
	}
	for _, c := range b {
		if c == '#' {
			return true
		}
	}
	return false
}

// hashes returns a value other than 0 if there is a "#" in the first eight bytes of b.
func hashes(b []byte) uint64 {
	w := binary.LittleEndian.Uint64(b) ^ '#'*lanes
	return (w - lanes) &^ w & highs
}

// asksForResource reports whether method is one of RFC 9110, section 9.3 or RFC 5789 that is
// not defined for "*".
func asksForResource(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "TRACE":
		return true
	}
	return false
}

// splitPort splits uri-host [ ":" port ]. The port is nil if there is no colon.
func splitPort(b []byte) (name, port []byte) {
	i := bytes.LastIndexByte(b, ':')
	if i < 0 || bytes.IndexByte(b[i:], ']') >= 0 { // the colon is part of an IP-literal
		return b, nil
	}
	return b[:i:i], b[i+1:]
}

// isTCPPort reports whether b is a number from 1 to 65535.
func isTCPPort(b []byte) bool {
	n, ok := decimal(b)
	return ok && 1 <= n && n <= 65535
}

// standardPort returns the default port of a scheme, or "" if it is not known.
func standardPort(scheme []byte) string {
	switch {
	case equalName(scheme, "http"), equalName(scheme, "ws"):
		return "80"
	case equalName(scheme, "https"), equalName(scheme, "wss"):
		return "443"
	}
	return ""
}

// explicitPort returns a port, or nil if it is the default one.
func explicitPort(port []byte, standard string) []byte {
	if string(port) == standard {
		return nil
	}
	return port
}
