package picohttp

import (
	"encoding/binary"
	"iter"
)

// A Chunked decodes one body in chunked coding: RFC 9112, section 7.1. The zero value
// is ready. It can stop and continue at any byte.
//
// Next and Decode are two ways to use it, and must not be mixed within a body. Next
// returns the chunk data where it is, Decode compacts it. A trailer section must be whole:
// until it is, its bytes are left to the caller, as those of a head are. After an Error
// Chunked refers to the bytes of the failed call, until Reset.
//
// # Limits
//
// Extensions and the trailer section are limited by Parser.MaxChunkExtBytes,
// MaxTrailerBytes and MaxFields. The body is not limited: a server counts what it
// takes.
//
// To stop a peer from sending tiny chunks with long extensions, Chunked limits overhead
// as net/http does. Each chunk may use 16 bytes of overhead plus 2 for each byte of
// data. Anything beyond that accumulates, and unused allowance reduces the total, never
// below zero. A total of more than Parser.MaxChunkOverhead is ErrChunkOverhead. So a
// body may arrive in chunks of one byte, at 5 bytes of overhead each, without end. With
// 100 bytes of extensions for each byte of data, it is rejected after the 188th chunk.
//
// A trailer section with Content-Length, Transfer-Encoding or Host is
// ErrTrailerField, once it is whole.
//
// # Profiles
//
// Lenient accepts ChunkSpace and nothing else beyond Strict, because recipients that
// differ in how they read chunks differ in where the next message begins. A trailer
// section is strict. Pico is picohttpparser's phr_decode_chunked: it drops a trailer
// section byte by byte, and has one limit. If a call ends before the body does, at
// least a quarter of all bytes so far must be chunk data, unless the others are less
// than 100 KiB; otherwise it is ErrChunkOverhead.
type Chunked struct {
	// Parser holds the profile and the limits; nil is the zero Parser.
	Parser *Parser
	// Response says that the body is that of a response. In Lenient that selects
	// Parser.AllowResponse instead of AllowRequest.
	Response bool
	// LeaveTrailer: the body ends after the chunk-size line of the last-chunk. The
	// caller reads the trailer section, best with Trailer.Parse, which is strict:
	// the next message begins where it ends.
	LeaveTrailer bool

	chunkReader
	total   int64  // bytes of the body that were consumed
	failed  []byte // the bytes in which the fault is
	at      int    // the offset of the fault in them
	trailer Trailer
}

// Reset makes d ready for another body under the same limits, and drops the references
// to the bytes.
func (d *Chunked) Reset() {
	d.trailer.Reset()
	d.part, d.fault, d.met = chunkSize, 0, 0
	d.waste, d.content, d.left, d.total = 0, 0, 0, 0
	d.failed, d.at = nil, 0
}

// Trailer returns the trailer section of a complete body. Its fields are parts of
// the bytes that ended the body: it is valid until they are overwritten, or Reset.
func (d *Chunked) Trailer() *Trailer { return &d.trailer }

// Next reads from b, which holds what has arrived of the body and was not consumed
// before, up to the end of a piece of chunk data. b[:n] is consumed.
//
//   - If err is nil, data is that piece: at least one byte, a part of b.
//   - If err is ErrIncomplete, there are no more pieces in b. Call Next again with
//     b[n:] and more bytes after it. b[n:] is empty unless the trailer section is
//     unfinished, which must be in b as a whole.
//   - If err is io.EOF, the body is complete, Trailer has its trailer section, and
//     the next message begins at b[n:].
//   - Otherwise err is an Error, and n the offset of the first byte that cannot be
//     right. The end of the body cannot be found, so close the connection.
func (d *Chunked) Next(b []byte) (data []byte, n int, err error) {
	if d.part == chunkDataCR && len(b) > 2 && b[0] == '\r' && b[1] == '\n' && !d.isPico() {
		d.part = chunkSize // all between two pieces of data, if it is plain
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

// Decode compacts the chunk data in b to the front of b and returns its size. b holds
// what has arrived of the body and was not consumed before; b[:n] is consumed, and
// b[:size] is data. The rest of b[:n] is overwritten, except for the trailer section at
// its end.
//
//   - If err is ErrIncomplete, call Decode again with b[n:] and more bytes after it.
//   - If err is io.EOF, the body is complete, Trailer has its trailer section, and
//     the next message begins at b[n:].
//   - Otherwise err is an Error, and n is as in Next. b[:size] came before the fault.
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

// Deviations returns how the body departs from the RFCs, as far as it was read.
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

// consumed counts n bytes of b. After a fault it keeps them for Explain, but for the
// first that were overwritten.
func (d *Chunked) consumed(b []byte, overwritten, n int) {
	d.total += int64(n)
	if d.fault != 0 && d.failed == nil {
		d.failed, d.at = b[overwritten:], n-overwritten
	}
}

// data returns how many of n bytes are chunk data, and counts them as read.
func (d *Chunked) data(n int) int {
	if uint64(n) >= d.left {
		n = int(d.left)
		d.part = chunkDataCR
	}
	d.left -= uint64(n)
	return n
}

// advance reads b from offset n up to a byte of chunk data, for which err is nil, or the
// end of b or of the body. It returns the offset that it has reached.
func (d *Chunked) advance(b []byte, n int) (int, error) {
	n, err := d.lines(b, n)
	if err == nil && d.part != chunkData {
		var m int
		m, err = d.readTrailer(b[n:])
		n += m
	}
	return n, err
}

// lines reads b from offset n up to a byte of chunk data or of the trailer section, for
// which err is nil.
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
			// After chunk data usually all of the next chunk-size line has arrived.
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

// moveChunks is Decode for whole chunks with plain chunk-size lines: it moves the
// data of those at b[from:] to b[to:], and returns where it stopped.
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
