package picohttp

import "encoding/binary"

// The limits of the zero Parser.
const (
	DefaultMaxHeadBytes     = 256 << 10 // octets in a head
	DefaultMaxTargetBytes   = 16 << 10  // octets in a request-target
	DefaultMaxFields        = 256       // field lines in a head or in a trailer section
	DefaultMaxTrailerBytes  = 16 << 10  // octets in a trailer section
	DefaultMaxChunkExtBytes = 1 << 10   // octets in the chunk-ext of a chunk
	DefaultMaxChunkOverhead = 16 << 10  // octets that the chunks of a body may waste
)

// maxOffset is the largest offset into a head, and so the largest limit. It
// fits an int on every machine.
const maxOffset = 1<<31 - 1

// A Parser holds what a message may be. Its zero value is strict; a limit that is
// 0 or less is the default one, and none is higher than 2^31-1. Parsing does not
// write to a Parser: goroutines may share one.
type Parser struct {
	// Profile says what is accepted.
	Profile Profile
	// Allow is what Lenient lets pass. 0 is DefaultRequestDeviations for
	// requests, DefaultResponseDeviations for responses, and for trailer
	// sections DefaultTrailerDeviations. Other profiles take no notice of it.
	Allow Deviations
	// MaxHeadBytes limits a head: octets from the first to the end of the
	// empty line, a skipped empty line at the beginning included. A head
	// that has not ended within them is ErrHeadTooLong as soon as that many
	// octets are there. 0 is DefaultMaxHeadBytes.
	MaxHeadBytes int
	// MaxTargetBytes limits the request-target, in octets. A longer one is
	// ErrTargetTooLong. 0 is DefaultMaxTargetBytes, in Pico MaxHeadBytes.
	MaxTargetBytes int
	// MaxFields limits the number of field lines. One more is
	// ErrTooManyFields. 0 is DefaultMaxFields.
	MaxFields int
	// MaxTrailerBytes limits a trailer section: octets up to the end of its
	// empty line. One that has not ended within them is ErrTrailerTooLong.
	// 0 is DefaultMaxTrailerBytes.
	MaxTrailerBytes int
	// MaxChunkExtBytes limits the chunk-ext of each chunk, in octets. A
	// longer one is ErrChunkExtTooLong. 0 is DefaultMaxChunkExtBytes.
	MaxChunkExtBytes int
	// MaxChunkOverhead limits what the chunks of a body waste (see Chunked),
	// in octets. More is ErrChunkOverhead. 0 is DefaultMaxChunkOverhead.
	MaxChunkOverhead int
}

// limits are those of a Parser for a head or for a trailer section, with the
// defaults filled in.
type limits struct {
	head, target, fields uint32
	tooLong              Error // for more octets than head
	profile              Profile
	allow                Deviations // what the profile lets pass
}

var (
	defaultLimits        = new(Parser).headLimits()
	defaultTrailerLimits = new(Parser).trailerLimits()
)

func (p *Parser) headLimits() limits {
	return limits{
		head:    limit(p.MaxHeadBytes, DefaultMaxHeadBytes),
		target:  limit(p.MaxTargetBytes, DefaultMaxTargetBytes),
		fields:  limit(p.MaxFields, DefaultMaxFields),
		tooLong: ErrHeadTooLong,
	}
}

func (p *Parser) trailerLimits() limits {
	return limits{
		head:    limit(p.MaxTrailerBytes, DefaultMaxTrailerBytes),
		fields:  limit(p.MaxFields, DefaultMaxFields),
		tooLong: ErrTrailerTooLong,
	}
}

func limit(n, standard int) uint32 {
	if n <= 0 {
		n = standard
	}
	return uint32(min(n, maxOffset))
}

// ParseRequest is r.Parse(b) under p's profile and limits. Resume keeps to them.
func (p *Parser) ParseRequest(r *Request, b []byte) (n int, err error) {
	r.lim = p.headLimits()
	if p.Profile != Strict {
		r.lim.loosen(p, DefaultRequestDeviations)
	}
	return r.parse(b, 0)
}

// ParseResponse is r.Parse(b) under p's profile and limits. Resume keeps to them.
func (p *Parser) ParseResponse(r *Response, b []byte) (n int, err error) {
	r.lim = p.headLimits()
	if p.Profile != Strict {
		r.lim.loosen(p, DefaultResponseDeviations)
	}
	return r.parse(b)
}

// ParseTrailer is t.Parse(b) under p's profile and limits. Resume keeps to them.
func (p *Parser) ParseTrailer(t *Trailer, b []byte) (n int, err error) {
	t.lim = p.trailerLimits()
	if p.Profile != Strict {
		t.lim.loosen(p, DefaultTrailerDeviations)
	}
	return t.parse(b)
}

// Parse parses the request head at the start of b: at most one empty line, the
// request-line, the field lines and the empty line that ends them. It is
// stateless: what an earlier call saw plays no part.
//
//   - If err is nil, the head is complete and n is its length, its empty line
//     and a skipped one before it included. At b[n:] begins the body or the
//     next message.
//   - If err is ErrIncomplete, b is a valid prefix of a head, and n is 0. Read
//     more, then call Resume.
//   - Otherwise err is an Error, and n the offset of the first octet that
//     cannot be right: up to there, b is a valid prefix. A head that is too
//     long may have n == len(b), the offset of an octet yet to come.
//
// r keeps b without a copy, and its methods return parts of it, until the next
// Parse, Resume or Reset.
func (r *Request) Parse(b []byte) (n int, err error) {
	r.lim = defaultLimits
	return r.parse(b, 0)
}

// Resume goes on where Parse or Resume answered ErrIncomplete: b holds the same
// octets as then, there or elsewhere, and more behind them. It answers what
// Parse would, but reads only what is new and, at most once more, the line that
// was unfinished: a head delivered in k pieces costs O(len(b) + k) in all.
//
// At any other time Resume is Parse as the last one was, profile and limits, so that a
// server need not remember which of the two it has to call.
func (r *Request) Resume(b []byte) (n int, err error) {
	switch {
	case r.lim == limits{}:
		return r.Parse(b)
	case r.again(b):
		return r.parse(b, 0)
	}
	return r.resume(b)
}

func (r *Request) parse(b []byte, from uint32) (n int, err error) {
	r.part, r.deviations, r.more, r.n = ended, 0, 0, 0 // unless it turns out otherwise
	r.from, r.next = from, from
	b = r.take(b)
	complete := r.settle(b)

	// A request-line that needs no error is told apart here: the reference
	// says the same in the productions method, target and version.
	const get = 'G' | 'E'<<8 | 'T'<<16 | ' '<<24
	if r.n == 0 {
		return r.restart(b)
	}
	word1, rest := r.mark[0], b[r.word2:r.end[0]]
	if len(rest) != len(" HTTP/1.1") || rest[0] != ' ' || r.word2-word1 > r.lim.target+1 ||
		!isVersion(binary.LittleEndian.Uint64(rest[1:])) ||
		binary.LittleEndian.Uint32(b[from:]) != get && skip(b, int(from), tchar) != int(word1) {
		return r.restart(b)
	}
	if complete && r.n-1 <= r.lim.fields {
		return int(r.next), nil
	}
	return r.goOn(b, complete)
}

// restart begins anew: behind an empty line if there is one, or else with the
// reference.
func (r *Request) restart(b []byte) (n int, err error) {
	if r.from == 0 && len(b) >= 2 && b[0] == '\r' && b[1] == '\n' {
		return r.parse(b, 2)
	}
	return r.refer(b, leading, method)
}

// isVersion reports whether 8 octets, the first of them the lowest, are an
// HTTP-version of major version 1.
func isVersion(octets uint64) bool {
	const begins uint64 = 'H' | 'T'<<8 | 'T'<<16 | 'P'<<24 | '/'<<32 | '1'<<40 | '.'<<48
	return octets&(1<<56-1) == begins && isDigit(byte(octets>>56))
}

// Parse parses the response head at the start of b: the status-line, the field
// lines and the empty line that ends them. Informational responses (1xx) are
// heads like others: the next begins at b[n:]. What it answers is said at
// Request.Parse; the Status of an Error is for requests, a gateway answers 502.
func (r *Response) Parse(b []byte) (n int, err error) {
	r.lim = defaultLimits
	return r.parse(b)
}

// Resume goes on where Parse or Resume answered ErrIncomplete, as
// Request.Resume does.
func (r *Response) Resume(b []byte) (n int, err error) {
	switch {
	case r.lim == limits{}:
		return r.Parse(b)
	case r.again(b):
		return r.parse(b)
	}
	return r.resume(b)
}

func (r *Response) parse(b []byte) (n int, err error) {
	r.part, r.deviations, r.more, r.n = ended, 0, 0, 0 // unless it turns out otherwise
	r.from, r.next = 0, 0
	b = r.take(b)
	complete := r.settle(b)
	if r.n == 0 || !isStatusLine(b[:r.end[0]]) {
		begin := statusVersion
		if r.lim.allow&EmptyLines != 0 {
			begin = leading
		}
		return r.refer(b, begin, statusVersion)
	}
	if complete && r.n-1 <= r.lim.fields {
		return int(r.next), nil
	}
	return r.goOn(b, complete)
}

// isStatusLine reports whether a canonical start-line is a status-line: the
// reference says the same in the productions statusVersion, statusCode and
// reasonPhrase.
func isStatusLine(line []byte) bool {
	const version, code = len("HTTP/1.1"), len("HTTP/1.1 200")
	return len(line) >= code && isVersion(binary.LittleEndian.Uint64(line)) && line[version] == ' ' &&
		isDigit(line[code-3]) && isDigit(line[code-2]) && isDigit(line[code-1]) &&
		(len(line) == code || line[code] == ' ')
}

// Parse parses the trailer section at the start of b: field lines, often none,
// and the empty line that ends them. What it answers is said at Request.Parse.
func (t *Trailer) Parse(b []byte) (n int, err error) {
	t.lim = defaultTrailerLimits
	return t.parse(b)
}

// Resume goes on where Parse or Resume answered ErrIncomplete, as
// Request.Resume does.
func (t *Trailer) Resume(b []byte) (n int, err error) {
	switch {
	case t.lim == limits{}:
		return t.Parse(b)
	case t.again(b):
		return t.parse(b)
	}
	return t.resume(b)
}

func (t *Trailer) parse(b []byte) (n int, err error) {
	t.more, t.from, t.deviations = 0, 0, 0
	t.fieldsFrom(0)
	b = t.take(b)
	return t.goOn(b, t.settle(b))
}

// take keeps b, or as much of it as a head may have.
func (h *head) take(b []byte) []byte {
	h.b = b[:min(len(b), int(h.lim.head))]
	return h.b
}

// refer leaves the head to the reference, which begins with a production; first
// is that of the start-line.
func (h *head) refer(b []byte, begin, first part) (n int, err error) {
	h.clear()
	h.part, h.first, h.off, h.met = begin, first, 0, 0
	return h.run(b)
}

// goOn ends a parse whose start-line is settled, if there is one.
func (h *head) goOn(b []byte, complete bool) (n int, err error) {
	if err := h.indexFields(b, complete); err != nil {
		return int(h.off), err
	}
	return h.run(b)
}

// again reports whether to begin anew: there is no unfinished parse, the bytes are
// not those of before, or a kernel reads the start-line faster.
//
// A kernel reads a line much faster than the reference. So if there are at
// least as many new octets as the line had, the line is read once more, from
// its beginning, by the kernel; each octet still is read a bounded number of
// times.
func (h *head) again(b []byte) bool {
	fresh := min(len(b), int(h.lim.head)) - int(h.off)
	return h.part <= ended || fresh < 0 || h.part < fieldLine && fresh >= int(h.off)
}

// resume goes on where run answered ErrIncomplete.
func (h *head) resume(b []byte) (n int, err error) {
	b = h.take(b)
	if h.part >= fieldLine && len(b)-int(h.off) >= int(h.off-h.next) { // see again
		return h.goOn(b, h.settle(b))
	}
	return h.run(b)
}

// indexFields is called when a kernel has settled field lines, and said whether
// the head is complete. It lets kernels settle those that found the table full,
// and leaves the line at h.next to the reference.
func (h *head) indexFields(b []byte, complete bool) error {
	if h.n-1 > h.lim.fields {
		h.n = h.lim.fields + 1
		return h.tooManyFields(h.end[h.lim.fields] + 2)
	}
	for full := h.n == tableLines; full && !complete; {
		var x index
		x.fieldsFrom(h.next)
		complete = x.settle(b)
		if left := h.lim.fields - (h.n - 1) - h.more; x.n-1 > left {
			h.more += left
			h.next = x.end[left] + 2 // up to there the lines behind the table are looked for
			return h.tooManyFields(h.next)
		}
		h.more += x.n - 1
		h.next = x.next
		full = x.n == tableLines
	}
	h.off, h.met = h.next, 0
	h.part = fieldLine
	if complete {
		h.part = ended
	}
	return nil
}
