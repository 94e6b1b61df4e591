package picohttp

// A Trailer is a parsed trailer section: the field lines after the last chunk of a chunked
// body, and the empty line that ends them. The zero value is ready to use. Trailer also
// parses any other header section on its own, such as that of a MIME part or of a CGI
// response.
//
// Trailer fields are not header fields: RFC 9110, section 6.5.1 forbids merging them, unless
// the definition of a field allows it. Parse accepts every field name. Chunked rejects those
// that decide framing or routing.
//
// See Head for the methods that all messages share, for the ownership of the bytes and for
// the state after an error.
type Trailer struct{ Head }

// Parse parses the trailer section at the start of b: field lines, often none, and
// the empty line that ends them. Request.Parse describes n and err.
func (t *Trailer) Parse(b []byte) (n int, err error) {
	t.rules = strictTrailer
	return t.parseSection(b)
}

// ParseTrailer is t.Parse(b) with p's profile and limits. t keeps them for Resume, even after
// Reset.
func (p *Parser) ParseTrailer(t *Trailer, b []byte) (n int, err error) {
	t.rules.of(p, trailerKind)
	return t.parseSection(b)
}

// Resume continues where Parse or Resume returned ErrIncomplete, as
// Request.Resume does.
func (t *Trailer) Resume(b []byte) (n int, err error) {
	return t.resume(b, &strictTrailer)
}

// Deviations returns the departures from the RFCs, as Request.Deviations does. A trailer
// section has none of framing or routing.
func (t *Trailer) Deviations() Deviations { return t.deviations }
