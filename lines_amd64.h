// This file is the part that indexAVX2 and indexAVX512 share. Both include it in their
// body, so that it runs on their registers and jumps to their labels. It uses no argument
// and does not return, because vet's asmdecl checks those only in parse_amd64.s.
//
// The including file enters here from short, and defines the labels fieldNameEnd, blockEnds,
// tailEnds, shortOdd, stop and complete. At complete, line and k are final.

// This is the walk of a head of fewer than 64 bytes. Nothing is odd, so the first word ends
// at SP, or at CR. After CR comes LF, which makes the second word empty, and the path short
// is left.
shortWords:
	TZCNTQ nonVchar, firstEnd
	JEQ    shortOdd
	BLSRQ  nonVchar, secondEnd
	JEQ    shortOdd
	TZCNTQ secondEnd, secondEnd
	LEAQ   1(firstEnd), tmp
	CMPQ   tmp, secondEnd
	JEQ    shortOdd
	TZCNTQ lf, lineLF
	MOVL   firstEnd, index_mark(idx)
	LEAL   -1(lineLF), lineCR
	MOVL   lineCR, index_end(idx)
	MOVL   $1, k
	BLSRQ  lf, lf
	JEQ    shortEnd

shortLine:
	LEAQ    1(lineLF), line
	SHRXQ   line, nonTchars, colon
	TZCNTQ  colon, colon
	JEQ     shortOdd
	MOVBLZX (base)(line*1), key
	LEAL    (colon)(key*8), key
	MOVB    key, index_key-1(idx)(k*1)
	ADDQ    line, colon
	CMPB    (base)(colon*1), $':'
	JNE     shortOdd
	TZCNTQ  lf, lineLF
	MOVL    colon, index_mark(idx)(k*4)
	LEAL    -1(lineLF), lineCR
	MOVL    lineCR, index_end(idx)(k*4)
	INCQ    k
	BLSRQ   lf, lf
	JNE     shortLine

shortEnd:
	LEAQ 3(lineLF), line
	MOVL secondEnd, index_word2(idx)
	JMP  complete

// The walk continues here with mark, the bits of the bytes from i on that are not tchar,
// for a name too long for one load.
longNameEnd:
	TZCNTQ  mark, mark
	ADDQ    i, mark
	MOVBLZX (base)(line*1), key
	MOVQ    mark, nameLen
	SUBQ    line, nameLen
	LEAL    (nameLen)(key*8), key
	MOVB    key, index_key-1(idx)(k*1)
	CMPB    (base)(mark*1), $':'
	JEQ     fieldNameEnd
	JMP     stop

longNameTail:
	MOVQ  i, shift
	SUBQ  window, shift
	SHRXQ shift, nonTchar, mark
	JMP   longNameEnd

// The search continues here after an odd block, where ctl is exact. crIn may be
// wrong if the byte before the block is HTAB or obs-text, so it is computed again.
oddExact:
	CMPQ    i, line
	JEQ     oddAgain
	MOVBLZX -1(base)(i*1), tmp
	XORL    crIn, crIn
	CMPL    tmp, $0x7f
	JEQ     oddBefore
	CMPL    tmp, $' '
	JAE     oddAgain
	CMPL    tmp, $'\t'
	JEQ     oddAgain
	CMPL    tmp, $'\n'
	JEQ     oddAgain

oddBefore:
	MOVL $1, crIn

oddAgain:
	FIND_ODD
	JEQ blockEnds // after the tail the search then ends, as no block is left

searched:
	// Keep the line ends up to the first odd bit.
	BLSMSKQ odd, odd
	ANDQ    odd, lf
	JMP     tailEnds

// The walk, for lines that begin in the window.
windowLine:
	MOVL    index_end(idx)(k*4), end
	MOVQ    line, shift
	SUBQ    window, shift
	SHRXQ   shift, nonTchar, mark
	MOVWLZX (base)(end*1), pair
	CMPL    pair, $0x0a0d
	JNE     stop
	TZCNTQ  mark, mark
	JEQ     lastLine // the empty line, or an empty name
	MOVBLZX (base)(line*1), key
	LEAL    (mark)(key*8), key
	MOVB    key, index_key-1(idx)(k*1)
	ADDQ    line, mark
	CMPB    (base)(mark*1), $':'
	JNE     stop
	MOVL    mark, index_mark(idx)(k*4)
	LEAQ    2(end), line
	INCQ    k
	CMPQ    k, ends
	JB      windowLine

// The last line that is walked is the empty line, or one that this call does not settle.
lastLine:
	LEAQ    2(line), i
	CMPQ    i, length
	JGT     stop
	MOVWLZX (base)(line*1), pair
	CMPL    pair, $0x0a0d
	JNE     stop
	MOVQ    i, line
