package picohttp

import (
	"encoding/binary"
	"iter"
)

// A Chunked decodes one body in chunked coding: RFC 9112, section 7.1. The zero value is
// ready to use. It can stop and continue at any byte.
//
// Next returns the chunk data where it is, and Decode compacts it. Use only one of them for a
// body. Both consume a trailer section only as a whole: until all of it has arrived, its
// bytes stay with the caller, like those of a head. After an Error, Chunked refers to the
// bytes of the failed call, until Reset.
//
// For example, "5\r\nhello\r\n1;a=b\r\n!\r\n0\r\n\r\n" is the body "hello!": a chunk of five
// bytes, a chunk of one byte with an extension, the last-chunk and an empty trailer section.
//
// # Limits
//
// Extensions and the trailer section are limited by Parser.MaxChunkExtBytes, MaxTrailerBytes
// and MaxFields. The size of the body is not limited, so count the bytes that you take.
//
// To stop a peer from sending tiny chunks with long extensions, Chunked limits overhead as
// net/http does. Overhead is every byte of a chunk that is not data. Each chunk may use 16
// bytes of overhead plus 2 for each byte of data. Anything beyond that accumulates, and
// unused allowance reduces the total, never below zero. If the total exceeds
// Parser.MaxChunkOverhead, the error is ErrChunkOverhead.
//
// For example, "1\r\nx\r\n" has 5 bytes of overhead and may use 18, so a body may have any
// number of such chunks. With an extension of 100 bytes the overhead is 105, so 87 bytes
// accumulate for each chunk, and by default the 189th such chunk is rejected.
//
// A trailer section with Content-Length, Transfer-Encoding or Host is ErrTrailerField once
// all of it has arrived.
//
// # Profiles
//
// Beyond Strict, Lenient accepts only ChunkSpace, because recipients that read chunks
// differently disagree on where the next message begins. It parses the trailer section as
// Strict does.
//
// Pico is picohttpparser's phr_decode_chunked. It drops a trailer section byte by byte, and has
// one limit, which it checks whenever a call ends before the body does. If at least 100 KiB of the
// bytes so far are overhead, and less than a quarter is chunk data, the error is ErrChunkOverhead.
type Chunked struct {
	// Parser holds the profile and the limits; nil is the zero Parser.
	Parser *Parser
	// Response says that the body is that of a response. In Lenient it selects
	// Parser.AllowResponse instead of AllowRequest.
	Response bool
	// LeaveTrailer ends the body after the chunk-size line of the last-chunk. The caller then
	// reads the trailer section, best with Trailer.Parse, which is strict: the next message
	// begins where the trailer section ends.
	LeaveTrailer bool

	chunkReader
	total   int64  // bytes of the body that were consumed
	failed  []byte // the bytes that contain the fault
	at      int    // the offset of the fault in them
	trailer Trailer
}

// Reset makes d ready for another body with the same limits, and drops the references to the
// bytes.
func (d *Chunked) Reset() {
	d.trailer.Reset()
	d.part, d.fault, d.met = chunkSize, 0, 0
	d.waste, d.content, d.left, d.total = 0, 0, 0, 0
	d.failed, d.at = nil, 0
}

// Trailer returns the trailer section of a complete body. Its fields are parts of the bytes
// that ended the body. They are valid until you overwrite those bytes or call Reset.
func (d *Chunked) Trailer() *Trailer { return &d.trailer }

// Next returns the first piece of chunk data in b. b holds the bytes of the body that have
// arrived and were not consumed before. Next consumes b[:n].
//
//   - If err is nil, data is that piece: at least one byte, a part of b.
//   - If err is ErrIncomplete, there are no more pieces in b. Call Next again with b[n:] and
//     more bytes after it. b[n:] is empty unless it is an unfinished trailer section, which
//     Next consumes only as a whole.
//   - If err is io.EOF, the body is complete, Trailer has its trailer section, and the next
//     message begins at b[n:].
//   - Otherwise err is an Error, and n the offset of the first byte that breaks a rule. The
//     end of the body cannot be found, so close the connection.
func (d *Chunked) Next(b []byte) (data []byte, n int, err error) {
	// This fast path consumes everything between two pieces of data at once, if the chunk-size
	// line is plain.
	if d.part == chunkDataCR && len(b) > 2 && b[0] == '\r' && b[1] == '\n' && !d.isPico() {
		d.part = chunkSize
		if n = 2 + d.plainLine(b[2:]); n < len(b) && n > 2 {
			size := d.data(len(b) - n)
			d.total += int64(n + size)
			return b[n : n+size : n+size], n + size, nil
		}
	}
	n, err = d.advance(b, n)
	if err == nil {
		size := d.data(len(b) - n)
		data = b[n : n+size : n+size]
		n += size
	}
	if d.isPico() {
		err = d.tally(n, len(data), err)
	}
	d.consumed(b, 0, n)
	return data, n, err
}

// Decode compacts the chunk data in b to the front of b and returns its size. b holds the
// bytes of the body that have arrived and were not consumed before. Decode consumes b[:n],
// and b[:size] is the data. The contents of b[size:n] are unspecified afterwards, except for
// the trailer section at its end.
//
//   - If err is ErrIncomplete, call Decode again with b[n:] and more bytes after it.
//   - If err is io.EOF, the body is complete, Trailer has its trailer section, and the next
//     message begins at b[n:].
//   - Otherwise err is an Error, and n is as in Next. b[:size] is the data before the fault.
func (d *Chunked) Decode(b []byte) (size, n int, err error) {
	for {
		if d.part == chunkDataCR && len(b)-n >= 2 && b[n] == '\r' && b[n+1] == '\n' {
			d.part = chunkSize
			n += 2
		}
		if d.part == chunkSize && (d.waste == 0 || d.isPico()) {
			size, n = moveChunks(b, size, n)
		}
		n, err = d.advance(b, n)
		if err != nil {
			if d.isPico() {
				err = d.tally(n, size, err)
			}
			d.consumed(b, size, n)
			return size, n, err
		}
		m := d.data(len(b) - n)
		copy(b[size:], b[n:n+m])
		size += m
		n += m
	}
}

// Deviations returns the departures from the RFCs in the part of the body that was read.
func (d *Chunked) Deviations() Deviations { return d.met }

// DeviationOffsets ranges over the deviations of the body, each with the offset of its
// first byte, counted from the first byte of the body.
func (d *Chunked) DeviationOffsets() iter.Seq2[Deviations, int] {
	return func(yield func(Deviations, int) bool) {
		if d.met != 0 { // ChunkSpace is all there is
			yield(d.met, int(d.firstSpace))
		}
	}
}

// consumed counts n bytes of b. After a fault it keeps b for Explain, without the bytes that
// were overwritten.
func (d *Chunked) consumed(b []byte, overwritten, n int) {
	d.total += int64(n)
	if d.fault != 0 && d.failed == nil {
		d.failed, d.at = b[overwritten:], n-overwritten
	}
}

// data returns how many of the next n bytes are chunk data, and counts them as read.
func (d *Chunked) data(n int) int {
	if uint64(n) >= d.left {
		n = int(d.left)
		d.part = chunkDataCR
	}
	d.left -= uint64(n)
	return n
}

// advance reads b from offset n up to a byte of chunk data, and then returns a nil error, or to
// the end of b or of the body. It returns the offset that it has reached.
func (d *Chunked) advance(b []byte, n int) (int, error) {
	n, err := d.lines(b, n)
	if err == nil && d.part != chunkData {
		var m int
		m, err = d.readTrailer(b[n:])
		n += m
	}
	return n, err
}

// lines is advance, except that it also returns a nil error before the trailer section. In Pico
// it reads that section, too.
func (d *Chunked) lines(b []byte, n int) (int, error) {
	if d.isPico() {
		m, err := d.readPico(b[n:], d.LeaveTrailer)
		return n + m, err
	}
	for n < len(b) {
		switch d.part {
		case chunkData, trailerBegin, trailerRest:
			return n, nil
		case chunkedEnd:
			return n, d.ending()
		case chunkDataCR, chunkDataLF:
			// After chunk data, all of the next chunk-size line has usually arrived.
			if d.part == chunkDataCR && len(b)-n > 1 && b[n] == '\r' && b[n+1] == '\n' {
				d.part = chunkSize
				n += 2
				continue
			}
			if fault := d.readDataEnd(b[n]); fault != 0 {
				return n, d.end(fault)
			}
			n++
		case chunkSize:
			if m := d.plainLine(b[n:]); m > 0 {
				n += m
				continue
			}
			d.left, d.digits, d.line, d.ext = 0, 0, 0, 0
			fallthrough
		default:
			m, fault := d.readLine(d.limits(), d.allowed(), d.total+int64(n), b[n:])
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

// plainLine reads the chunk-size line at the start of b, if it is plain.
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
		return &strictParser
	}
	return d.Parser
}

// allowed returns what is accepted beyond Strict.
func (d *Chunked) allowed() Deviations {
	switch p := d.limits(); {
	case p.Profile != Lenient:
		return 0
	case d.Response:
		return p.allowed(responseKind)
	default:
		return p.allowed(requestKind)
	}
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

// moveChunks is Decode for whole chunks with plain chunk-size lines. It moves the data of those
// at b[from:] to b[to:], and returns the offsets at which it stopped writing and reading.
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
