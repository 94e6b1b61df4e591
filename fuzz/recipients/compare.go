package recipients

import (
	"bytes"
	"slices"

	"github.com/picohttp/picohttp"
)

// A Difference is how a model reads a message that picohttp accepts. The first of them
// that holds is meant.
type Difference uint8

const (
	Same      Difference = iota
	End                  // the head ends elsewhere, or a chunked body does
	Body                 // another body follows the head
	Authority            // the request goes elsewhere
	Upgrade              // one sees the offer of another protocol, one does not
)

// String returns a word, such as "end".
func (d Difference) String() string {
	return [...]string{"same", "end", "body", "authority", "upgrade"}[d]
}

// compare returns how theirs differs from ours. Nobody is deceived by what rejects the
// message.
func compare(ours, theirs *Reading) Difference {
	switch {
	case theirs.Outcome == Rejects:
		return Same
	case theirs.Outcome == Waits, theirs.End != ours.End:
		return End
	case !sameBody(ours, theirs):
		return Body
	case !sameAuthority(ours.Authority, theirs.Authority):
		return Authority
	case ours.Upgrade != theirs.Upgrade:
		return Upgrade
	}
	return Same
}

// sameBody: a body of no bytes is no body.
func sameBody(a, b *Reading) bool {
	return kindOfBody(a) == kindOfBody(b) && a.Length == b.Length
}

func kindOfBody(v *Reading) picohttp.Body {
	if v.Body == picohttp.BodyLength && v.Length == 0 {
		return picohttp.BodyNone
	}
	return v.Body
}

// sameAuthority ignores case and a port that is empty or the one of http.
func sameAuthority(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	for _, port := range []string{":", ":80"} {
		a, b = bytes.TrimSuffix(a, []byte(port)), bytes.TrimSuffix(b, []byte(port))
	}
	return bytes.EqualFold(a, b)
}

// documented holds the differences that may remain, because the connection closes after
// the message and the documents say what another recipient makes of it. It is for
// messages whose KeepAlive is false.
var documented = []struct {
	deviation string // the code of the deviation, or "" for any message
	what      []Difference
	option    int // one that the model has, or anyModel
	why       string
}{
	{"bare-lf", []Difference{End}, lineEnd,
		"a recipient for which lines end at CRLF alone does not see the end of a head whose lines end at LF"},
	{"empty-lines", []Difference{End}, oldRequest,
		"a client that knows HTTP/0.9 takes a response that begins with an empty line for content, up to the close"},
	{"length-and-coding", []Difference{Body}, decides,
		"a recipient may go by Content-Length instead of Transfer-Encoding"},
	{"coding-version", []Difference{Body}, oldCoding,
		"a recipient that does not know Transfer-Encoding in HTTP/1.0 takes the chunks for the content, up to the close"},
	{"invalid-line", []Difference{End, Body, Authority}, oddLine,
		"a recipient that takes the line for the end of the head does not see the fields after it"},
	{"space-before-colon", []Difference{End, Body, Authority}, oddLine,
		"a recipient that takes the line for the end of the head does not see the fields after it"},
	{"host-differs", []Difference{Authority}, authority,
		"a recipient may go by Host instead of the authority of an absolute-form"},
	{"host-invalid", []Difference{Authority}, anyModel,
		"a recipient may take another Host, or a part of it"},
	{"", []Difference{Body}, coding,
		"a client may take any Transfer-Encoding of a response that contains chunked for it"},
	{"", []Difference{Body}, noContent,
		"a recipient may read content after a 1xx or 204, if their fields say that there is some"},
}

const anyModel = -1

// excuse returns why a difference may remain, or "".
func excuse(deviations picohttp.Deviations, what Difference, m *Model) string {
	for _, row := range documented {
		if !slices.Contains(row.what, what) || row.option != anyModel && m[row.option] == 0 {
			continue
		}
		if row.deviation == "" {
			return row.why
		}
		for one := range deviations.All() {
			if one.Code() == row.deviation {
				return row.why
			}
		}
	}
	return ""
}
