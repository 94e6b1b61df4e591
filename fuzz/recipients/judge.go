package recipients

import (
	"bytes"
	"io"
	"slices"

	"github.com/picohttp/picohttp"
)

// A verdict is how picohttp reads a message that it accepts.
type verdict struct {
	Reading
	profile    string // that accepts it
	deviations picohttp.Deviations
	keepAlive  bool
	method     string // of the request that a response responds to
	law        string // what does not hold although it should, or ""
}

// A judge asks picohttp for its verdicts.
type judge struct {
	parser   picohttp.Parser
	request  picohttp.Request
	response picohttp.Response
	body     picohttp.Chunked
	length   int64 // of the content of body
	tried    []picohttp.Deviations
	found    []verdict
}

// Which of two rules a line is read by depends on the bits that are allowed. A message
// that is rejected with all of them may be accepted with one of these sets.
var alternatives = []picohttp.Deviations{
	picohttp.AllDeviations &^ picohttp.SpaceBeforeColon,
	picohttp.AllDeviations &^ picohttp.ObsFold,
	picohttp.AllDeviations &^ (picohttp.SpaceBeforeColon | picohttp.ObsFold),
}

// parse parses b in a profile, in Lenient with a set of deviations.
func (j *judge) parse(k *Kind, profile picohttp.Profile, allow picohttp.Deviations, b []byte) (n int, err error) {
	p := &j.parser
	*p = picohttp.Parser{Profile: profile, AllowRequest: allow, AllowResponse: allow}
	switch k.form {
	case request:
		return p.ParseRequest(&j.request, b)
	case response:
		return p.ParseResponse(&j.response, b)
	}
	j.body.Parser, j.body.Response = p, k.form == responseBody
	j.body.Reset()
	for j.length = 0; err == nil; {
		var data []byte
		size := 0
		data, size, err = j.body.Next(b[n:])
		n += size
		j.length += int64(len(data))
	}
	if err == io.EOF {
		return n, nil
	}
	return n, err
}

// begins reports whether b is a complete head in some profile, and whether it is the
// beginning of one.
func (j *judge) begins(k *Kind, b []byte) (isComplete, mayFollow bool) {
	ask := func(profile picohttp.Profile, allow picohttp.Deviations) {
		_, err := j.parse(k, profile, allow, b)
		isComplete = isComplete || err == nil
		mayFollow = mayFollow || err == picohttp.ErrIncomplete
	}
	if ask(picohttp.Lenient, picohttp.AllDeviations); mayFollow { // Strict accepts nothing else
		return false, true
	}
	for _, allow := range alternatives {
		ask(picohttp.Lenient, allow)
	}
	if k.form < requestBody {
		ask(picohttp.Pico, 0)
	}
	return isComplete, mayFollow
}

// verdicts returns the verdicts of all profiles, and of Lenient with every set of
// deviations. Equal ones are there once. It also reports whether b is a complete head in
// one of them.
//
// A parse that met the deviations D takes the same path with every set between D and
// what was allowed. So what is left are the sets that lack one of D.
func (j *judge) verdicts(k *Kind, b []byte) (found []verdict, isComplete bool) {
	j.tried, j.found = j.tried[:0], j.found[:0]
	isComplete = j.lenient(k, picohttp.AllDeviations, b)
	if len(j.found) == 0 {
		for _, allow := range alternatives {
			isComplete = j.lenient(k, allow, b) || isComplete
		}
	}
	// Pico reads bodies as the C library does, and does not tell how they deviate.
	if k.form < requestBody {
		if n, err := j.parse(k, picohttp.Pico, 0, b); err == nil {
			isComplete = true
			j.judge(k, "pico", n)
		}
	}
	n, err := j.parse(k, picohttp.Strict, 0, b)
	isStrict := err == nil && j.judge(k, "strict", n)
	for i := range j.found {
		v := &j.found[i]
		if v.profile == "strict" || v.profile == "lenient" && v.deviations == 0 && !isStrict {
			v.law = "strict and lenient disagree"
		}
	}
	return j.found, isComplete || err == nil
}

// lenient adds the verdicts of Lenient with those sets of deviations that are part of
// allow. It reports whether b is a complete head with one of them.
func (j *judge) lenient(k *Kind, allow picohttp.Deviations, b []byte) bool {
	if allow == 0 || slices.Contains(j.tried, allow) {
		return false
	}
	j.tried = append(j.tried, allow)
	n, err := j.parse(k, picohttp.Lenient, allow, b)
	if err != nil {
		return false
	}
	j.judge(k, "lenient", n)
	for one := range j.deviations(k).All() {
		j.lenient(k, allow&^one, b)
	}
	return true
}

// deviations returns those of what was parsed.
func (j *judge) deviations(k *Kind) picohttp.Deviations {
	switch k.form {
	case request:
		return j.request.Deviations()
	case response:
		return j.response.Deviations()
	}
	return j.body.Deviations()
}

// judge adds the verdicts on the n bytes that were parsed, if they are accepted.
func (j *judge) judge(k *Kind, profile string, n int) (isAccepted bool) {
	v := verdict{profile: profile, deviations: j.deviations(k), Reading: Reading{Outcome: Reads, End: n}}
	switch k.form {
	case request:
		check, err := j.request.Check()
		if err != nil {
			return false
		}
		v.keepAlive, v.Body, v.Length = check.KeepAlive, check.Body, check.Length
		v.Authority, v.Upgrade = check.Authority, check.Upgrade
	case response:
		return j.judgeResponse(v)
	default:
		v.keepAlive, v.Body, v.Length = true, picohttp.BodyChunked, j.length
	}
	j.add(v)
	return true
}

// judgeResponse adds the verdicts on a response to GET, and on those to HEAD and CONNECT
// where it is not rejected alike: these have no content, and say nothing new.
func (j *judge) judgeResponse(v verdict) (isAccepted bool) {
	for _, method := range []string{"GET", "HEAD", "CONNECT"} {
		framing, err := j.response.Framing(method)
		if err != nil || isAccepted && !(framing.KeepAlive && v.deviations != 0) {
			continue
		}
		v.method, v.keepAlive, v.Body, v.Length = method, framing.KeepAlive, framing.Body, framing.Length
		j.add(v)
		isAccepted = true
	}
	return isAccepted
}

// add adds a verdict. What Pico and Strict read as Lenient does is not added again.
func (j *judge) add(v verdict) {
	for _, old := range j.found {
		if old.deviations == v.deviations && old.keepAlive == v.keepAlive && old.method == v.method && old.End == v.End &&
			old.Body == v.Body && old.Length == v.Length && bytes.Equal(old.Authority, v.Authority) && old.Upgrade == v.Upgrade {
			return
		}
	}
	j.found = append(j.found, v)
}
