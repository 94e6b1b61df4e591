package picohttp

import "encoding/binary"

// A Chunked decodes one body in chunked coding: RFC 9112, section 7.1. Its zero
// value is ready; it can stop and go on at any octet.
//
// Next and Decode are two ways to drive it, not to be mixed within a body: Next
// hands out the chunk-data where it lies, Decode moves it together. Both keep
// nothing of what they have read, except that a trailer section has to be whole:
// until it is, its octets are left to the caller, as those of a head are.
//
// # Limits
//
// Extensions and the trailer section are limited by Parser.MaxChunkExtBytes,
// MaxTrailerBytes and MaxFields, the body is not: a server counts what it takes.
//
// A peer may send small chunks, which cost the recipient more than their data is
// worth. Each chunk may waste 16 octets and two more for each octet of its data:
// what its chunk-size line and the CRLF behind the data have beyond that is
// added up. What later chunks leave unused is taken off again, but not below 0.
// The sum may be Parser.MaxChunkOverhead, else the body is ErrChunkOverhead. So
// a body may come octet by octet, at 5 octets a chunk, for ever; with 100 octets
// of extensions at each octet, it is cut off after the 188th.
//
// A trailer section with Content-Length, Transfer-Encoding or Host is
// ErrTrailerField, when it is whole.
//
// # Profiles
//
// Lenient is strict here: recipients that differ in how they read chunks differ in
// where the next message begins. Pico is picohttpparser's phr_decode_chunked: it
// throws a trailer section away octet by octet, and has the one limit that there
// is. When a call ends before the body does, at least a quarter of all octets so far
// must be chunk-data, unless the others are less than 100 KiB; else it is
// ErrChunkOverhead.
type Chunked struct {
	// Parser holds the profile and the limits; those of the zero Parser if it
	// is nil.
	Parser *Parser
	// LeaveTrailer: the body ends behind the chunk-size line of the last-chunk.
	// The caller reads the trailer section, best with Trailer.Parse, which is
	// strict: where it ends, the next message begins.
	LeaveTrailer bool

	chunkReader
	trailer Trailer
}

// Reset makes d ready for another body, under the same limits, and lets go of
// the caller's bytes.
func (d *Chunked) Reset() {
	d.trailer.Reset()
	d.part, d.waste, d.content = chunkSize, 0, 0
}

// Trailer returns the trailer section of a complete body. Its fields are parts of
// the bytes that ended the body: it is good until they are overwritten, or Reset.
func (d *Chunked) Trailer() *Trailer { return &d.trailer }

// Next reads from b, what has arrived of the body and was not consumed before,
// up to the end of a piece of chunk-data. b[:n] is consumed.
//
//   - If err is nil, data is that piece, one octet or more, a part of b.
//   - If err is ErrIncomplete, there are no more pieces in b. Call Next again
//     with b[n:] and more behind it. b[n:] is empty, unless the trailer section
//     is unfinished, whose octets have to lie together.
//   - If err is io.EOF, the body is complete, Trailer has its trailer section,
//     and at b[n:] begins the next message.
//   - Otherwise err is an Error, and n the offset of the first octet that
//     cannot be right. The end of the body cannot be found, so the connection
//     must be closed.
func (d *Chunked) Next(b []byte) (data []byte, n int, err error) {
	if d.part == chunkDataCR && len(b) > 2 && b[0] == '\r' && b[1] == '\n' && !d.isPico() {
		d.part = chunkSize // all between two pieces of data, if it is plain
		if n = 2 + d.plainLine(b[2:]); n < len(b) && n > 2 {
			size := d.data(len(b) - n)
			return b[n : n+size : n+size], n + size, nil
		}
	}
	m, err := d.advance(b[n:])
	n += m
	if err == nil {
		size := d.data(len(b) - n)
		data = b[n : n+size : n+size]
		n += size
	}
	if d.isPico() {
		err = d.tally(n, len(data), err)
	}
	return data, n, err
}

// Decode moves the chunk-data in b together, to the start of b, and answers its
// size. b holds what has arrived of the body and was not consumed before; b[:n]
// is consumed, and b[:size] is data. What was behind it in b[:n] is overwritten,
// but for the trailer section at its end.
//
//   - If err is ErrIncomplete, call Decode again with b[n:] and more behind it.
//   - If err is io.EOF, the body is complete, Trailer has its trailer section,
//     and at b[n:] begins the next message.
//   - Otherwise err is an Error, and n as Next has it. b[:size] came before it.
func (d *Chunked) Decode(b []byte) (size, n int, err error) {
	for {
		if d.part == chunkDataCR && len(b)-n >= 2 && b[n] == '\r' && b[n+1] == '\n' {
			d.part = chunkSize
			n += 2
		}
		if d.part == chunkSize && (d.waste == 0 || d.isPico()) {
			size, n = moveChunks(b, size, n)
		}
		m, err := d.advance(b[n:])
		n += m
		if err != nil {
			if d.isPico() {
				err = d.tally(n, size, err)
			}
			return size, n, err
		}
		m = d.data(len(b) - n)
		copy(b[size:], b[n:n+m])
		size += m
		n += m
	}
}

// data answers how many of n octets are chunk-data, and takes them as read.
func (d *Chunked) data(n int) int {
	if uint64(n) >= d.left {
		n = int(d.left)
		d.part = chunkDataCR
	}
	d.left -= uint64(n)
	return n
}

// advance reads from b up to an octet of chunk-data, for which err is nil, or
// the end of b or of the body.
func (d *Chunked) advance(b []byte) (n int, err error) {
	if d.isPico() {
		return d.readPico(b, d.LeaveTrailer)
	}
	n, err = d.readLines(b)
	if err == nil && d.part != chunkData {
		var m int
		m, err = d.readTrailer(b[n:])
		n += m
	}
	return n, err
}

// readLines reads from b up to an octet of chunk-data or of the trailer section,
// for which err is nil.
func (d *Chunked) readLines(b []byte) (n int, err error) {
	for n < len(b) {
		switch rest := b[n:]; d.part {
		case chunkData, trailerBegin, trailerRest:
			return n, nil
		case chunkedEnd:
			return n, d.ending()
		case chunkDataCR, chunkDataLF:
			// Behind chunk-data is usually all of the next chunk-size line.
			if d.part == chunkDataCR && len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n' {
				d.part = chunkSize
				n += 2
				continue
			}
			if fault := d.readDataEnd(rest[0]); fault != 0 {
				return n, d.end(fault)
			}
			n++
		case chunkSize:
			if m := d.plainLine(rest); m > 0 {
				n += m
				continue
			}
			d.left, d.digits, d.line, d.ext = 0, 0, 0, 0
			fallthrough
		default:
			m, fault := d.readLine(d.limits(), rest)
			n += m
			switch {
			case fault != 0:
				return n, d.end(fault)
			case d.LeaveTrailer && d.part == trailerBegin:
				return n, d.end(0)
			}
		}
	}
	if d.part == chunkedEnd {
		return n, d.ending()
	}
	return n, ErrIncomplete
}

// lines is readLines in each profile, for callers that take the chunk-data
// themselves.
func (d *Chunked) lines(b []byte) (n int, err error) {
	if d.isPico() {
		n, err = d.readPico(b, d.LeaveTrailer)
		return n, d.tally(n, 0, err)
	}
	return d.readLines(b)
}

// plainLine reads a chunk-size line that b begins with, if it is plain.
func (d *Chunked) plainLine(b []byte) (n int) {
	size, n := plainLine(b)
	if n == 0 {
		return 0
	}
	if d.waste > 0 {
		d.count(d.limits(), n, size)
	}
	d.left = size
	d.part = chunkData
	return n
}

func (d *Chunked) isPico() bool { return d.Parser != nil && d.Parser.Profile == Pico }

func (d *Chunked) limits() *Parser {
	if d.Parser == nil {
		return new(Parser)
	}
	return d.Parser
}

// readTrailer reads the trailer section at the start of b.
func (d *Chunked) readTrailer(b []byte) (n int, err error) {
	if d.part == trailerRest {
		n, err = d.trailer.Resume(b)
	} else {
		p := *d.limits()
		p.Profile = Strict
		n, err = p.ParseTrailer(&d.trailer, b)
	}
	d.part = trailerRest
	if fault, ok := err.(Error); ok {
		return n, d.end(fault)
	} else if err != nil {
		return n, err
	}
	fault := Error(0)
	d.trailer.eachPlace(func(line, colon, _ uint32) bool {
		if decidesFraming(d.trailer.b[line:colon]) {
			n, fault = int(line), ErrTrailerField
		}
		return fault == 0
	})
	return n, d.end(fault)
}

// moveChunks is Decode for whole chunks with plain chunk-size lines: it moves the
// data of those at b[from:] to b[to:], and answers where it stopped.
func moveChunks(b []byte, to, from int) (int, int) {
	for len(b)-from >= 8 {
		size, n := plainLine(b[from:])
		if n == 0 || size > uint64(len(b)) {
			break
		}
		r := run{word: binary.LittleEndian.Uint64(b[from:]), mask: 1<<(8*n) - 1, n: n, size: int(size)}
		chunks := moveRun(b, to, from, r)
		if chunks == 0 {
			break
		}
		to += chunks * r.size
		from += chunks * r.length()
	}
	return to, from
}
