package recipients

import (
	"io"
	"slices"

	"github.com/picohttp/picohttp"
)

// A verdict is how picohttp reads a message that it accepts.
type verdict struct {
	Reading
	profile    picohttp.Profile // that accepts it
	deviations picohttp.Deviations
	keepAlive  bool
	method     string // of the request that a response responds to
	law        string // what does not hold although it should, or ""
}

// A judge asks picohttp for its verdicts on messages of a form.
type judge struct {
	form     form
	parser   picohttp.Parser
	request  picohttp.Request
	response picohttp.Response
	body     picohttp.Chunked
	length   int64 // of the content of body
	tried    []picohttp.Deviations
	found    []verdict
}

// parse parses b in a profile, in Lenient with a set of deviations. It returns those that
// it met.
func (j *judge) parse(profile picohttp.Profile, allow picohttp.Deviations, b []byte) (
	n int, met picohttp.Deviations, err error) {
	j.parser = picohttp.Parser{Profile: profile, AllowRequest: allow, AllowResponse: allow}
	switch j.form {
	case request:
		n, err = j.parser.ParseRequest(&j.request, b)
		return n, j.request.Deviations(), err
	case response:
		n, err = j.parser.ParseResponse(&j.response, b)
		return n, j.response.Deviations(), err
	}
	j.body.Parser, j.body.Response = &j.parser, j.form == responseBody
	j.body.Reset()
	for j.length = 0; err == nil; {
		var data []byte
		size := 0
		data, size, err = j.body.Next(b[n:])
		n += size
		j.length += int64(len(data))
	}
	if err == io.EOF {
		err = nil
	}
	return n, j.body.Deviations(), err
}

// begins reports whether b is a complete head in some profile, and whether it is the
// beginning of one. What Lenient rejects with all deviations, it rejects with any, as
// TestSets checks, and Strict does.
func (j *judge) begins(b []byte) (isComplete, mayFollow bool) {
	_, _, err := j.parse(picohttp.Lenient, picohttp.AllDeviations, b)
	if err == picohttp.ErrIncomplete || j.form >= requestBody {
		return err == nil, err == picohttp.ErrIncomplete
	}
	_, _, errPico := j.parse(picohttp.Pico, 0, b)
	return err == nil || errPico == nil, errPico == picohttp.ErrIncomplete
}

// verdicts returns the verdicts of all profiles, and of Lenient with every set of
// deviations. Equal ones are there once. It also reports whether b is a complete head in
// one of them.
func (j *judge) verdicts(b []byte) (found []verdict, isComplete bool) {
	j.tried, j.found = j.tried[:0], j.found[:0]
	isComplete, _ = j.judge(picohttp.Lenient, picohttp.AllDeviations, b)
	// Pico reads bodies as the C library does, and does not tell how they deviate.
	if j.form < requestBody {
		isPico, _ := j.judge(picohttp.Pico, 0, b)
		isComplete = isComplete || isPico
	}
	isStrict, isAccepted := j.judge(picohttp.Strict, 0, b)
	for i := range j.found {
		v := &j.found[i]
		hasNone := v.profile == picohttp.Lenient && v.deviations == 0
		if v.profile == picohttp.Strict || hasNone && !isAccepted {
			v.law = "strict and lenient disagree"
		}
	}
	return j.found, isComplete || isStrict
}

// judge adds the verdicts of a profile, and those of Lenient with the sets of deviations that
// are part of allow. It reports whether b is a complete head, and accepted.
//
// A parse that met the deviations D takes the same path with every set between D and
// what was allowed. So what is left are the sets that lack one of D.
func (j *judge) judge(profile picohttp.Profile, allow picohttp.Deviations, b []byte) (
	isComplete, isAccepted bool) {
	n, met, err := j.parse(profile, allow, b)
	if err != nil {
		return false, false
	}
	ours := Reading{Outcome: Reads, End: n}
	isAccepted = j.accepts(verdict{Reading: ours, profile: profile, deviations: met})
	for one := range (met & allow).All() {
		if less := allow &^ one; less != 0 && !slices.Contains(j.tried, less) {
			j.tried = append(j.tried, less)
			j.judge(profile, less, b)
		}
	}
	return true, isAccepted
}

// accepts adds the verdicts on what was parsed, if it is accepted.
func (j *judge) accepts(v verdict) (isAccepted bool) {
	switch j.form {
	case request:
		check, err := j.request.Check()
		if err != nil {
			return false
		}
		v.keepAlive, v.Body, v.Length = check.KeepAlive, check.Body, check.Length
		v.Authority, v.Upgrade = string(check.Authority), check.Upgrade
	case response:
		// A response to HEAD or CONNECT has no content. It says something new only where
		// that to GET is rejected, or deviates.
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
	default:
		v.keepAlive, v.Body, v.Length = true, picohttp.BodyChunked, j.length
	}
	j.add(v)
	return true
}

// add adds a verdict. What Pico and Strict read as Lenient does is not added again.
func (j *judge) add(v verdict) {
	isSame := func(old verdict) bool {
		old.profile, old.law = v.profile, v.law
		return old == v
	}
	if !slices.ContainsFunc(j.found, isSame) {
		j.found = append(j.found, v)
	}
}
