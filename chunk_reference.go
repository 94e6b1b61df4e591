package picohttp

import (
	"io"
	"math"
)

// A chunkReader reads what is not chunk-data in a body in chunked coding, one production at a
// time: RFC 9112, section 7.1. It can stop and continue at any byte.
type chunkReader struct {
	part      chunkPart
	fault     Error     // why the body ended, 0 if it was complete
	faultPart chunkPart // the part in which it was found
	digits    uint8     // of the chunk-size
	line      int       // bytes of the chunk-size line that were read
	ext       int       // bytes of its chunk-ext that were read
	waste     int64     // see count; in Pico, all bytes that are not chunk-data
	content   int64     // bytes of chunk-data, in Pico
	left      uint64    // bytes of chunk-data to come

	met        Deviations // the deviations that were accepted
	firstSpace int64      // offset in the body of the first ChunkSpace
	space      int64      // offset in the body of the last whitespace in the chunk-size line
}

// A chunkPart names the production that the next byte belongs to.
type chunkPart uint8

const (
	chunkSize    chunkPart = iota // the first digit of a chunk-size
	chunkDigits                   // the others, or what may follow them
	extBegin                      // after whitespace: the rest of BWS ";" of a chunk-ext
	extName                       // BWS chunk-ext-name
	extNameRest                   // the rest of the name, or what may follow it
	extEquals                     // after whitespace: the rest of BWS "=" of a value, or of BWS ";"
	extValue                      // BWS chunk-ext-val
	extToken                      // the rest of a token, or what may follow it
	extQuoted                     // what is in a quoted-string
	extPair                       // the second byte of a quoted-pair
	extEnd                        // what may follow a quoted-string
	chunkLF                       // the LF of a chunk-size line
	chunkData                     // chunk-data
	chunkDataCR                   // the CR after it
	chunkDataLF                   // the LF after that
	trailerBegin                  // the first byte of the trailer section
	trailerRest                   // the others; in Pico those of a line, up to its LF
	chunkedEnd                    // nothing: the body is complete or malformed
)

// end ends the body. A fault of 0 means that the body is complete.
func (d *chunkReader) end(fault Error) error {
	d.faultPart = d.part
	d.part, d.fault = chunkedEnd, fault
	return d.ending()
}

// ending returns the error of the call that ends the body and of every later one.
func (d *chunkReader) ending() error {
	if d.fault != 0 {
		return d.fault
	}
	return io.EOF
}

// count adds the overhead of a chunk to the total, and reports whether it is too much: see
// Chunked. line is the length of the chunk-size line.
func (d *chunkReader) count(p *Parser, line int, size uint64) (tooMuch bool) {
	const perChunk, perByte = 16, 2
	free := perChunk + perByte*int64(min(size, math.MaxInt32)) // enough to bring waste to 0
	d.waste = max(0, d.waste+int64(line+len("\r\n"))-free)
	return d.waste > int64(limit(p.MaxChunkOverhead, DefaultMaxChunkOverhead))
}

// readLine reads bytes of a chunk-size line, and returns their number or, with a fault, the
// offset of the byte at fault:
//
//	chunk-size [ chunk-ext ] CRLF
//
// RFC 9112, section 7.1. at is the offset of b in the body.
func (d *chunkReader) readLine(p *Parser, allow Deviations, at int64, b []byte) (n int, fault Error) {
	most := int(limit(p.MaxChunkExtBytes, DefaultMaxChunkExtBytes))
	for i, c := range b {
		switch {
		case d.part == chunkLF && c != '\n':
			return i, ErrBareCR
		case d.part == chunkLF:
			if d.count(p, d.line+1, d.left) {
				return i, ErrChunkOverhead
			}
			d.part = trailerBegin
			if d.left > 0 {
				d.part = chunkData
			}
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
			case extBegin, extEquals: // after whitespace
				if allow&ChunkSpace == 0 {
					return i, ErrChunkExt
				}
				if d.met&ChunkSpace == 0 {
					d.met, d.firstSpace = d.met|ChunkSpace, d.space
				}
			default:
				return i, ErrChunkExt
			}
			d.part = chunkLF
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
			if next != d.part && (next == extBegin || next == extEquals) {
				d.space = at + int64(i)
			}
			d.part = next
			d.ext++
		}
		d.line++
	}
	return len(b), 0
}

// readDataEnd reads a byte of the CRLF after chunk-data.
func (d *chunkReader) readDataEnd(c byte) Error {
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
// It accepts at most 16: any more are unnecessary leading zeros, or the number is too large.
func (d *chunkReader) readDigit(c byte) Error {
	const most = 16
	if hexdig[c] >= 16 || d.digits == most || d.left > math.MaxInt64>>4 {
		return ErrChunkSize
	}
	d.left = d.left<<4 | uint64(hexdig[c])
	d.digits++
	d.part = chunkDigits
	return 0
}

// next returns the part after a byte that follows the chunk-size in
//
//	chunk-ext      = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
//	chunk-ext-name = token
//	chunk-ext-val  = token / quoted-string
//
// RFC 9112, section 7.1.1. It returns chunkedEnd if the byte cannot be there.
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
