package picohttp

import "encoding/binary"

// The limits of the zero Parser.
const (
	DefaultMaxHeadBytes   = 256 << 10 // octets in a head
	DefaultMaxTargetBytes = 16 << 10  // octets in a request-target
	DefaultMaxFields      = 256       // field lines in a head
)

// maxOffset is the largest offset into a head, and so the largest limit. It
// fits an int on every machine.
const maxOffset = 1<<31 - 1

// A Parser holds what a message may be. Its zero value is strict, with the
// default limits. Parsing does not write to a Parser: goroutines may share one.
type Parser struct {
	// MaxHeadBytes limits a head: octets from the first to the end of the
	// empty line, a skipped empty line at the beginning included. A head
	// that has not ended within them is ErrHeadTooLong as soon as that many
	// octets are there. 0 is DefaultMaxHeadBytes.
	MaxHeadBytes int
	// MaxTargetBytes limits the request-target, in octets. A longer one is
	// ErrTargetTooLong. 0 is DefaultMaxTargetBytes.
	MaxTargetBytes int
	// MaxFields limits the number of field lines. One more is
	// ErrTooManyFields. 0 is DefaultMaxFields.
	MaxFields int
}

// limits are a Parser's, with the defaults filled in.
type limits struct{ head, target, fields uint32 }

var defaultLimits = new(Parser).limits()

func (p *Parser) limits() limits {
	return limits{
		head:   limit(p.MaxHeadBytes, DefaultMaxHeadBytes),
		target: limit(p.MaxTargetBytes, DefaultMaxTargetBytes),
		fields: limit(p.MaxFields, DefaultMaxFields),
	}
}

func limit(n, standard int) uint32 {
	if n <= 0 {
		n = standard
	}
	return uint32(min(n, maxOffset))
}

// ParseRequest is r.Parse(b) under p's limits. A Resume that follows keeps to
// them.
func (p *Parser) ParseRequest(r *Request, b []byte) (n int, err error) {
	lim := p.limits()
	return r.parse(b, 0, &lim)
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
	return r.parse(b, 0, &defaultLimits)
}

// Resume goes on where Parse or Resume answered ErrIncomplete: b holds the same
// octets as then, there or elsewhere, and more behind them. It answers what
// Parse would, but reads only what is new and, at most once more, the line that
// was unfinished: a head delivered in k pieces costs O(len(b) + k) in all.
//
// At any other time Resume is Parse, with the default limits.
func (r *Request) Resume(b []byte) (n int, err error) {
	if r.part == none {
		return r.Parse(b)
	}
	return r.resume(b)
}

func (r *Request) parse(b []byte, from uint32, lim *limits) (n int, err error) {
	r.part, r.more, r.n = none, 0, 0
	r.from, r.next = from, from
	if len(b) > int(lim.head) {
		b = b[:lim.head]
	}
	r.b = b
	complete := r.settle(b)

	// A request-line that needs no error is told apart here: the reference
	// says the same in the productions method, target and version.
	const (
		get   = 'G' | 'E'<<8 | 'T'<<16 | ' '<<24
		http1 = 'H' | 'T'<<8 | 'T'<<16 | 'P'<<24 | '/'<<32 | '1'<<40 | '.'<<48
	)
	if r.n == 0 {
		return r.restart(b, lim)
	}
	word1, rest := r.mark[0], b[r.word2:r.end[0]]
	if len(rest) != len(" HTTP/1.1") || rest[0] != ' ' || r.word2-word1 > lim.target+1 {
		return r.restart(b, lim)
	}
	version := binary.LittleEndian.Uint64(rest[1:])
	if version&(1<<56-1) != http1 || !isDigit(byte(version>>56)) {
		return r.restart(b, lim)
	}
	if binary.LittleEndian.Uint32(b[from:]) != get && skip(b, int(from), tchar) != int(word1) {
		return r.restart(b, lim)
	}
	if complete && r.n-1 <= lim.fields {
		return int(r.next), nil
	}
	r.lim = *lim
	if err := r.indexFields(b, complete); err != nil {
		return int(r.off), err
	}
	return r.run(b)
}

// restart begins anew: behind an empty line if there is one, or else with the
// reference.
func (r *Request) restart(b []byte, lim *limits) (n int, err error) {
	if r.from == 0 && len(b) >= 2 && b[0] == '\r' && b[1] == '\n' {
		return r.parse(b, 2, lim)
	}
	r.clear()
	r.lim, r.part, r.off = *lim, leading, 0
	return r.run(b)
}

// resume goes on where run answered ErrIncomplete.
//
// A kernel reads a line much faster than the reference. So if there are at
// least as many new octets as the line had, the line is read once more, from
// its beginning, by the kernel; each octet still is read a bounded number of
// times.
func (r *Request) resume(b []byte) (n int, err error) {
	if len(b) > int(r.lim.head) {
		b = b[:r.lim.head]
	}
	r.b = b
	fresh := len(b) - int(r.off)
	switch {
	case fresh < 0, r.part < fieldLine && fresh >= int(r.off):
		lim := r.lim
		return r.parse(b, 0, &lim)
	case r.part >= fieldLine && fresh >= int(r.off-r.next):
		if err := r.indexFields(b, r.settle(b)); err != nil {
			return int(r.off), err
		}
	}
	return r.run(b)
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
			return h.tooManyFields(x.end[left] + 2)
		}
		h.more += x.n - 1
		h.next = x.next
		full = x.n == tableLines
	}
	h.off = h.next
	h.part = fieldLine
	if complete {
		h.part = ended
	}
	return nil
}
