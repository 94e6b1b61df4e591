package picohttp

import (
	"io"
	"math"
)

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

	part    chunkPart
	fault   Error  // why it ended, 0 if the body was complete
	digits  uint8  // of the chunk-size
	line    int    // octets of the chunk-size line that were read
	ext     int    // those of its chunk-ext
	waste   int64  // see count; in Pico, all octets that are not chunk-data
	content int64  // octets of chunk-data, in Pico
	left    uint64 // octets of chunk-data to come
	trailer Trailer
}

// A chunkPart names the production that the next octet belongs to.
type chunkPart uint8

const (
	chunkSize    chunkPart = iota // the first digit of a chunk-size
	chunkDigits                   // the others, or what may be behind them
	extBegin                      // BWS ";" of a chunk-ext, with BWS before it
	extName                       // BWS chunk-ext-name
	extNameRest                   // the rest of the name, or what may be behind it
	extEquals                     // BWS "=" of a value, or ";", with BWS before it
	extValue                      // BWS chunk-ext-val
	extToken                      // the rest of a token, or what may be behind it
	extQuoted                     // what is in a quoted-string
	extPair                       // the second octet of a quoted-pair
	extEnd                        // what may be behind a quoted-string
	chunkLF                       // the LF of a chunk-size line
	chunkData                     // chunk-data
	chunkDataCR                   // the CR behind it
	chunkDataLF                   // the LF behind that
	trailerBegin                  // the first octet of the trailer section
	trailerRest                   // the others; in Pico those of a line, up to its LF
	chunkedEnd                    // nothing: the body is complete or malformed
)

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
	return data, n, d.tally(n, len(data), err)
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
			return size, n, d.tally(n, size, err)
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
		return d.readPico(b)
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
			m, fault := d.readLine(rest)
			n += m
			if fault != 0 {
				return n, d.end(fault)
			}
		}
	}
	if d.part == chunkedEnd {
		return n, d.ending()
	}
	return n, ErrIncomplete
}

// end ends the body, with a fault or, if that is 0, without.
func (d *Chunked) end(fault Error) error {
	d.part, d.fault = chunkedEnd, fault
	return d.ending()
}

// ending returns what is answered from the end of the body on.
func (d *Chunked) ending() error {
	if d.fault != 0 {
		return d.fault
	}
	return io.EOF
}

// plainLine reads a chunk-size line that b begins with, if it is plain.
func (d *Chunked) plainLine(b []byte) (n int) {
	size, n := plainLine(b)
	if n == 0 {
		return 0
	}
	if d.waste > 0 {
		d.count(n, size)
	}
	d.left = size
	d.part = chunkData
	return n
}

// plainLine returns the chunk-size and the length of a chunk-size line that b
// begins with. The length is 0 if the line is not all there, is that of the
// last-chunk, has an extension, or may waste something: at most 14 digits, CRLF,
// and the CRLF behind the data are 18 octets, as many as a chunk with one octet
// of data may waste.
func plainLine(b []byte) (size uint64, n int) {
	const most = 14
	for i, c := range b {
		if digit := hexdig[c]; digit < 16 && i < most {
			size = size<<4 | uint64(digit)
			continue
		}
		if c != '\r' || size == 0 || i+1 >= len(b) || b[i+1] != '\n' {
			break
		}
		return size, i + len("\r\n")
	}
	return 0, 0
}

// count takes a chunk-size line into account and reports whether the body wastes
// more than it may.
func (d *Chunked) count(line int, size uint64) (tooMuch bool) {
	const perChunk, perOctet = 16, 2
	free := perChunk + perOctet*int64(min(size, math.MaxInt32)) // enough to bring waste to 0
	d.waste = max(0, d.waste+int64(line+len("\r\n"))-free)
	return d.waste > int64(limit(d.limits().MaxChunkOverhead, DefaultMaxChunkOverhead))
}

func (d *Chunked) limits() *Parser {
	if d.Parser == nil {
		return new(Parser)
	}
	return d.Parser
}

// readLine reads octets of a chunk-size line, and of a fault answers the offset
// of its octet:
//
//	chunk-size [ chunk-ext ] CRLF
//
// RFC 9112, section 7.1.
func (d *Chunked) readLine(b []byte) (n int, fault Error) {
	most := int(limit(d.limits().MaxChunkExtBytes, DefaultMaxChunkExtBytes))
	for i, c := range b {
		switch {
		case d.part == chunkLF && c != '\n':
			return i, ErrBareCR
		case d.part == chunkLF:
			if d.count(d.line+1, d.left) {
				return i, ErrChunkOverhead
			}
			d.endLine()
			return i + 1, 0
		case d.part == chunkSize, d.part == chunkDigits && hexdig[c] < 16:
			if fault := d.readDigit(c); fault != 0 {
				return i, fault
			}
		case c == '\n':
			return i, ErrBareLF
		case c == '\r':
			switch d.part {
			case chunkDigits, extNameRest, extToken, extEnd:
				d.part = chunkLF
			default:
				return i, ErrChunkExt
			}
		case d.ext >= most:
			return i, ErrChunkExtTooLong
		default:
			next := d.part.next(c)
			switch {
			case next == chunkedEnd && d.part == chunkDigits:
				return i, ErrChunkSize
			case next == chunkedEnd:
				return i, ErrChunkExt
			}
			d.part = next
			d.ext++
		}
		d.line++
	}
	return len(b), 0
}

// endLine goes on behind a chunk-size line.
func (d *Chunked) endLine() {
	switch {
	case d.left > 0:
		d.part = chunkData
	case d.LeaveTrailer:
		d.end(0)
	default:
		d.part = trailerBegin
	}
}

// readDataEnd reads an octet of the CRLF behind chunk-data.
func (d *Chunked) readDataEnd(c byte) Error {
	switch {
	case d.part == chunkDataCR && c == '\r':
		d.part = chunkDataLF
	case d.part == chunkDataLF && c == '\n':
		d.part = chunkSize
	case d.part == chunkDataLF:
		return ErrBareCR
	case c == '\n':
		return ErrBareLF
	default:
		return ErrChunkData
	}
	return 0
}

// readDigit reads a digit of
//
//	chunk-size = 1*HEXDIG
//
// of which there may be 16: more are leading zeros that nobody needs, or a
// number that nobody can count to.
func (d *Chunked) readDigit(c byte) Error {
	const most = 16
	if hexdig[c] >= 16 || d.digits == most || d.left > math.MaxInt64>>4 {
		return ErrChunkSize
	}
	d.left = d.left<<4 | uint64(hexdig[c])
	d.digits++
	d.part = chunkDigits
	return 0
}

// next answers what follows an octet behind the chunk-size in
//
//	chunk-ext      = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
//	chunk-ext-name = token
//	chunk-ext-val  = token / quoted-string
//
// RFC 9112, section 7.1.1, or chunkedEnd if the octet may not stand there.
func (p chunkPart) next(c byte) chunkPart {
	token, space := class[c]&tchar != 0, isWhitespace(c)
	switch p {
	case chunkDigits, extToken, extEnd, extBegin:
		switch {
		case c == ';':
			return extName
		case space:
			return extBegin
		case token && p == extToken:
			return extToken
		}
	case extName:
		switch {
		case token:
			return extNameRest
		case space:
			return extName
		}
	case extNameRest, extEquals:
		switch {
		case c == ';':
			return extName
		case c == '=':
			return extValue
		case space:
			return extEquals
		case token && p == extNameRest:
			return extNameRest
		}
	case extValue:
		switch {
		case token:
			return extToken
		case space:
			return extValue
		case c == '"':
			return extQuoted
		}
	case extQuoted:
		// quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE, RFC 9110, section 5.6.4
		switch {
		case c == '"':
			return extEnd
		case c == '\\':
			return extPair
		case isFieldByte(c):
			return extQuoted
		}
	case extPair:
		if isFieldByte(c) {
			return extQuoted
		}
	}
	return chunkedEnd
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
