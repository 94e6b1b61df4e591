package picohttp

import "encoding/binary"

// In this file kernels and the reference take turns: a kernel settles the lines that it can,
// the reference reads the line at which the kernel stopped, and the kernel continues after it.

// parseRequest parses b, the beginning of a request whose request-line begins at from, with
// h.rules.
func (h *Head) parseRequest(b []byte, from uint32) (n int, err error) {
	h.state = state{}
	h.from, h.next, h.n = from, from, 0
	h.b = b
	b = h.within(b)
	if int(from) < len(b) && class[b[from]]&tchar == 0 { // there is no method, as in TLS
		return h.refer(b)
	}
	complete := h.settle(b)
	if h.n == 0 || !h.isMethod(b) || !h.endsRequestLine(b) {
		return h.refer(b)
	}
	if complete && !h.isOver(h.n-1) {
		h.part = ended
		return int(h.next), nil
	}
	return h.read(b, h.settleBeyond(b, complete))
}

// parseResponse is parseRequest for a response.
func (h *Head) parseResponse(b []byte) (n int, err error) {
	h.state = state{}
	h.from, h.next, h.n = 0, 0, 0
	h.b = b
	b = h.within(b)
	complete := h.settle(b)
	if h.n == 0 || !h.isStatusLine(b) {
		return h.refer(b)
	}
	if complete && !h.isOver(h.n-1) {
		h.part = ended
		return int(h.next), nil
	}
	return h.read(b, h.settleBeyond(b, complete))
}

// parseSection is parseRequest for a trailer section, which has no start-line.
func (h *Head) parseSection(b []byte) (n int, err error) {
	h.state = state{}
	h.from = 0
	h.fieldsFrom(0)
	h.b = b
	b = h.within(b)
	return h.read(b, h.settleBeyond(b, h.settle(b)))
}

// within returns the bytes of b that the limit of a head allows.
func (h *Head) within(b []byte) []byte { return b[:min(len(b), int(h.rules.head))] }

// refer lets the reference read the start-line.
func (h *Head) refer(b []byte) (n int, err error) {
	if h.rules.kind == requestKind && h.from == 0 && len(b) >= 2 && b[0] == '\r' && b[1] == '\n' {
		return h.parseRequest(h.b, 2) // the request-line comes after an empty line
	}
	h.part, h.first = leading, method
	if h.rules.kind == responseKind {
		h.first = statusVersion
		if h.rules.allow&EmptyLines == 0 {
			h.part = statusVersion
		}
	}
	h.from, h.next, h.n = 0, 0, 0
	h.off, h.met = 0, 0
	return h.read(b, nil)
}

// parse parses b, the beginning of a message of any kind.
func (h *Head) parse(b []byte) (n int, err error) {
	switch h.rules.kind {
	case requestKind:
		return h.parseRequest(b, 0)
	case responseKind:
		return h.parseResponse(b)
	}
	return h.parseSection(b)
}

// resume continues where parse or resume returned ErrIncomplete, if b begins with the bytes of
// that call. If nothing was parsed before, it uses the rules in strict.
//
// A kernel reads a line much faster than the reference. So if at least as many bytes are new as
// the unfinished line had, a kernel reads the line once more from its beginning. The bytes that
// are read again are never more than the new ones, so the total cost stays linear.
func (h *Head) resume(b []byte, strict *rules) (n int, err error) {
	if h.continues(b) {
		return 0, ErrIncomplete
	}
	if h.rules.head == 0 {
		h.rules = *strict
	}
	if h.fault != 0 || h.part == none || h.part == ended {
		return h.parse(b)
	}
	if len(b) < int(h.seen.length) || see(b[:h.seen.length]) != h.seen {
		h.Reset()
		h.fault = ErrResume
		return 0, ErrResume
	}
	h.b = b
	b = h.within(b)
	fresh := len(b) - int(h.off)
	switch {
	case h.part < lineStart && fresh >= int(h.off):
		return h.parse(h.b)
	case h.part >= lineStart && fresh >= int(h.off-h.next):
		h.part = lineStart
	}
	return h.read(b, nil)
}

// continues reports whether there are few new bytes and all of them belong to the unfinished
// request-target, field name or value. That is nearly always so if a head arrives in small
// pieces. If so, it counts them as read, and resume has nothing else to do. It returns false if
// fewer than eight bytes had arrived before, because it compares that many with those seen.
func (h *Head) continues(b []byte) bool {
	known, n := int(h.seen.length), len(b)
	if h.part != fieldValue && h.part != fieldName && h.part != target || h.off != h.seen.length || known < 8 || n <= known ||
		n-known >= known-int(h.next) || n >= int(h.rules.head) || h.fault != 0 ||
		binary.LittleEndian.Uint64(b) != h.seen.first || binary.LittleEndian.Uint64(b[known-8:]) != h.seen.last {
		return false
	}
	end := known
	switch {
	case h.part == fieldName:
		end = skip(b, end, tchar)
	case h.part == target:
		end = skip(b[:min(uint32(n), h.word+h.rules.target)], end, vchar)
	case n-known < 8:
		for end < n && class[b[end]]&fieldByte != 0 {
			end++
		}
	default:
		end = fieldEnd(b, end)
	}
	if end < n {
		return false
	}
	h.b = b
	h.off, h.seen.length = uint32(n), uint32(n)
	h.seen.last = binary.LittleEndian.Uint64(b[n-8:])
	return true
}

// read continues to parse b at h.off, until the head or b ends, or a byte breaks a rule. err is
// an error that is already known, or nil.
func (h *Head) read(b []byte, err error) (int, error) {
	for err == nil && h.part != ended {
		if h.part == lineStart {
			err = h.settleBeyond(b, h.settle(b))
		} else {
			err = h.readPart(b)
		}
	}
	switch fault, _ := err.(Error); {
	case err == nil:
		return int(h.next), nil
	case fault != 0:
		h.fault = fault
		return int(h.off), err
	case len(b) < int(h.rules.head):
		h.seen = see(b)
		return 0, ErrIncomplete
	}
	h.off, h.fault = h.rules.head, h.tooLong()
	return int(h.off), h.fault
}

// tooLong returns the error for a head that has not ended within the limit.
func (h *Head) tooLong() Error {
	switch {
	case h.rules.kind == trailerKind:
		return ErrTrailerTooLong
	case h.rules.kind == requestKind && h.part == target:
		return ErrTargetTooLong // the request-target makes the head too long
	}
	return ErrHeadTooLong
}

// settleBeyond is called after a kernel has settled field lines. complete is what the kernel
// returned. If the table is full, settleBeyond lets kernels settle the lines after those in the
// table. It leaves the line at h.next to the reference.
func (h *Head) settleBeyond(b []byte, complete bool) error {
	if h.isOver(h.n - 1) {
		return h.tooManyFields(&h.index, h.rules.fields)
	}
	for full := h.n == tableLines; full && !complete; {
		var x index
		x.fieldsFrom(h.next)
		complete = x.settle(b)
		if counted := h.fieldLines(); h.isOver(counted + x.n - 1) {
			h.more += h.rules.fields - counted
			return h.tooManyFields(&x, h.rules.fields-counted)
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

// tooManyFields removes from x all field lines after the first n, which are those that the limit
// allows.
func (h *Head) tooManyFields(x *index, n uint32) error {
	x.n = 1 + n
	h.next = x.begin(x.n) // lines beyond the table are looked for up to here
	h.off, h.part = h.next, fieldLine
	return ErrTooManyFields
}

// unfinished returns why there is no complete head: the Error of the last parse or
// ErrIncomplete, or nil if the head is complete.
func (h *Head) unfinished() error {
	switch {
	case h.part == ended:
		return nil
	case h.fault != 0:
		return h.fault
	}
	return ErrIncomplete
}
