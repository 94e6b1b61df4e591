package recipients

import (
	"slices"
	"strings"

	"github.com/picohttp/picohttp"
)

// A Difference is how a model reads a message that picohttp accepts. If several hold, it is the
// first of them.
type Difference string

const (
	Same      Difference = "same"
	End       Difference = "end"       // the head ends elsewhere, or a chunked body does
	Body      Difference = "body"      // another body follows the head
	Authority Difference = "authority" // the request goes elsewhere
	Upgrade   Difference = "upgrade"   // one sees the offer of another protocol, one does not
)

// compare returns how theirs differs from ours. Nobody is deceived by what rejects the
// message.
func compare(ours, theirs *Reading) Difference {
	switch {
	case theirs.Outcome == Rejects:
		return Same
	case theirs.Outcome == Waits, theirs.End != ours.End:
		return End
	case kindOfBody(ours) != kindOfBody(theirs), ours.Length != theirs.Length:
		return Body
	case !sameAuthority(ours.Authority, theirs.Authority):
		return Authority
	case ours.Upgrade != theirs.Upgrade:
		return Upgrade
	}
	return Same
}

// kindOfBody: a body of no bytes is no body.
func kindOfBody(v *Reading) picohttp.Body {
	if v.Body == picohttp.BodyLength && v.Length == 0 {
		return picohttp.BodyNone
	}
	return v.Body
}

// sameAuthority ignores case and a port that is empty or the one of http.
func sameAuthority(a, b string) bool {
	if a == b {
		return true
	}
	for _, port := range []string{":", ":80"} {
		a, b = strings.TrimSuffix(a, port), strings.TrimSuffix(b, port)
	}
	return strings.EqualFold(a, b)
}

// documented holds the differences that may remain, because the connection closes after
// the message and the documents say what another recipient makes of it. It is for
// messages whose KeepAlive is false.
var documented = []struct {
	deviations picohttp.Deviations // of which the message has one, or 0 for any message
	what       []Difference
	traits     Model // of which the model has one, or 0 for any model
	why        string
}{
	{picohttp.BareLF, []Difference{End}, atCRLF,
		"a recipient for which lines end at CRLF alone does not see the end of a head with LF"},
	{picohttp.EmptyLines, []Difference{End}, acceptsOld,
		"a client that knows HTTP/0.9 takes a response that begins with an empty line for content"},
	{picohttp.LengthAndCoding, []Difference{Body}, lengthDecides,
		"a recipient may go by Content-Length instead of Transfer-Encoding"},
	{picohttp.CodingVersion, []Difference{Body}, ignoresCoding,
		"a recipient that does not know Transfer-Encoding in HTTP/1.0 takes the chunks for content"},
	{picohttp.InvalidLine | picohttp.SpaceBeforeColon, []Difference{End, Body, Authority},
		oddEndsFields | oddEndsHead,
		"a recipient that takes the line for the end of the head does not see the fields after it"},
	{picohttp.HostDiffers, []Difference{Authority}, hostDecides,
		"a recipient may go by Host instead of the authority of an absolute-form"},
	{picohttp.HostInvalid, []Difference{Authority}, 0,
		"a recipient may take another Host, or a part of it"},
	{0, []Difference{Body}, containsChunked,
		"a client may take any Transfer-Encoding of a response that contains chunked for it"},
	{0, []Difference{Body}, contentByFields,
		"a recipient may read content after a 1xx or 204, if their fields say that there is some"},
}

// excuse returns why a difference may remain, or "".
func excuse(deviations picohttp.Deviations, what Difference, m Model) string {
	for _, row := range documented {
		if (row.deviations == 0 || row.deviations&deviations != 0) && slices.Contains(row.what, what) &&
			(row.traits == 0 || m.has(row.traits)) {
			return row.why
		}
	}
	return ""
}
