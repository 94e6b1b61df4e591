package picohttp

// This is the chunked coding of Pico. It accepts more than RFC 9112, section 7.1: anything
// but CR and LF after whitespace or a semicolon in a chunk-size line, sizes up to 2^64-1, and
// anything at all in the lines of a trailer section, which may end in LF alone.

// tally counts n bytes, of which size are chunk-data. If err is ErrIncomplete, it compares the
// totals, and returns ErrChunkOverhead instead if too little is chunk-data.
func (d *chunkReader) tally(n, size int, err error) error {
	const most = 100 << 10
	d.waste += int64(n - size)
	d.content += int64(size)
	if err == ErrIncomplete && d.waste >= most && d.content < (d.waste+d.content)/4 {
		return d.end(ErrChunkOverhead)
	}
	return err
}

// readPico reads from b up to a byte of chunk-data, and then returns a nil error, or to the end
// of b or of the body. If leave is set, the body ends before its trailer section.
func (d *chunkReader) readPico(b []byte, leave bool) (n int, err error) {
	for n < len(b) && d.part != chunkedEnd {
		if d.part == chunkData {
			return n, nil
		}
		if d.part == chunkSize {
			if size, m := plainLine(b[n:]); m > 0 {
				d.left, d.part = size, chunkData
				n += m
				continue
			}
			d.left, d.digits = 0, 0
		}
		if fault := d.readPicoByte(b[n]); fault != 0 {
			return n, d.end(fault)
		}
		n++
		if leave && d.part == trailerBegin {
			return n, d.end(0)
		}
	}
	if d.part == chunkedEnd {
		return n, d.ending()
	}
	return n, ErrIncomplete
}

// readPicoByte reads a byte that is not chunk data.
func (d *chunkReader) readPicoByte(c byte) Error {
	switch d.part {
	case chunkSize, chunkDigits:
		return d.readPicoSize(c)
	case extBegin:
		switch c {
		case '\n':
			return ErrBareLF
		case '\r':
			d.part = chunkLF
		}
	case chunkLF:
		if c != '\n' {
			return ErrBareCR
		}
		d.part = trailerBegin
		if d.left > 0 {
			d.part = chunkData
		}
	case chunkDataCR, chunkDataLF:
		return d.readDataEnd(c)
	case trailerBegin:
		switch c {
		case '\r':
		case '\n':
			d.end(0)
		default:
			d.part = trailerRest
		}
	case trailerRest:
		if c == '\n' {
			d.part = trailerBegin
		}
	}
	return 0
}

// readPicoSize reads a digit of the chunk-size or the byte after it.
func (d *chunkReader) readPicoSize(c byte) Error {
	const most = 16
	switch {
	case hexdig[c] < 16 && d.digits < most:
		d.left = d.left<<4 | uint64(hexdig[c])
		d.digits++
		d.part = chunkDigits
	case d.part == chunkSize:
		return ErrChunkSize
	case c == '\n':
		return ErrBareLF
	case c == '\r':
		d.part = chunkLF
	case c == ' ' || c == '\t' || c == ';':
		d.part = extBegin
	default:
		return ErrChunkSize
	}
	return 0
}
