//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// The kernels of amd64: see index.go for what they promise, parse_generic.go
// for the same in Go. Where they depart from it is marked !!!.
//
// indexSSE42 goes line by line
//
// Where a line begins depends on where the one before it ends, so what finds
// the ends must answer quickly: compares mark what may be an end in 16 octets,
// and the first mark is looked at. Nothing waits for what is inside a line.
// There PCMPESTRI finds the colon as the C original does: the first octet that
// is no tchar. Its answer takes long, but the processor is at the ends of the
// next lines meanwhile.
//
//	for each line
//	        if it is empty
//	                return complete
//	        end = first octet that is not SP, VCHAR or obs-text, or HTAB
//	        if CRLF is not at end
//	                stop before the line
//	        colon = first octet that is not tchar
//	        if it is not a colon, or the name is empty
//	                stop before the line
//	        settle the line
//
// A start-line is walked from mark to mark, where every octet that is not VCHAR
// is one: the first ends the first word, the second the second.
//
// indexAVX2 and indexAVX512 go in two stages
//
// The first stage, the search, finds the ends of all lines, in blocks of 64
// octets. It has the control characters (ctl) and the LF (lf) of a block as bits
// of a word, and what it does then is arithmetic on words. The text decides one
// branch, whether a line ends in the block at all.
//
//	octets  H o s t : SP h CR LF A : 1 CR LF CR LF
//	ctl     . . . . . .  . 1  1  . . . 1  1  1  1
//	lf      . . . . . .  . .  1  . . . .  1  .  1
//	cr      . . . . . .  . 1  .  . . . 1  .  1  .    ctl without lf
//	cr<<1   . . . . . .  . .  1  . . . .  1  .  1    must be lf
//	lf<<1   . . . . . .  . .  .  1 . . .  .  1  .    must not meet ctl: odd
//
//	for each block until a bit is odd
//	        for each LF before the odd bit
//	                x.end = where its CR should be
//
// What is odd is the empty line, or in a line that no kernel settles. Compares are
// signed, so HTAB, DEL and obs-text look like control characters; DEL is one. A
// block that is odd, but not for the empty line, is searched once more, exactly.
//
// The second stage, the walk, goes over the lines. All that one line needs of
// another is where it begins, which the search has found, so the processor works
// at several lines at once:
//
//	for each line, while x.end has an end for it
//	        stop if CRLF is not at the end
//	        mark = first octet from the beginning that is not tchar
//	        stop if it is not a colon, or is the first
//	if the line behind is empty
//	        return complete
//
// Lines that begin in the last 64 octets of b (the window) have no 64 octets to
// load: their octets that are not tchar are found for all of them at once.
//
// A head of less than 64 octets is one block, and both stages are done in
// registers (short): only what is complete and has nothing odd before its empty
// line, else the kernel begins anew (!!! nothing is settled until then).
//
// No load leaves b (TestGuardPages). A block is loaded where a compare has shown
// that it fits: of i with full, last or window, of length with 64 or 32. The tail
// comes by a load that ends where b ends, or under a mask. The end of a line lies
// before a LF, so two octets can be looked at there.

// Registers. + is loaded once.
#define base   SI  // + &b[0]
#define length R8  // + len(b); the search needs the register, and it is loaded again
#define idx    DI  // + x
#define line   R12 // x.next, where the line that is read begins
#define i      BX  // the offset that is looked at
#define end    R13 // where the line ends

// Registers of the search.
#define ends   R10 // how many ends are found: x.end[:ends]
#define full   R13 // + the last offset where a whole block can be loaded
#define lf     CX  // the LF of a block, one bit an octet
#define ctl    DX  // the control characters of a block
#define cr     AX  // those that are not LF
#define crIn   R14 // 1 if the octet before the block is one of cr
#define lfIn   R15 // 1 if the octet before the block is LF
#define last63 R9  // + 63; in the tail, the octets of the window before i
#define odd    R8  // the bits that are odd
#define tmp    R11
#define count  DX  // how many LF are in the block

// Y0 to Y3, Y12 and Y13, in short Y4 to Y7, too, Z0 to Z2 and K1 to K6 are scratch.

// Registers of the walk.
#define k        R11 // x.n, the line that is walked
#define window   R9  // + the offset of the last 64 octets of b; 0 if b has fewer
#define nonTchar AX  // + the octets of the window that are not tchar
#define mark     CX  // where the name ends
#define word     DX  // where the first word ends
#define scratch  R14
#define key      R14 // of the name

// Registers of the walk in a head of less than 64 octets.
#define lineLF    R15 // the LF of the line
#define firstEnd  R14 // where the first word ends
#define secondEnd DX  // where the second word ends
#define nonTchars R13 // + the octets of b that are not tchar
#define colonAt   AX  // where the name ends

// Rows of one octet.
#define ROW(name, octet) \
	DATA name<>+0(SB)/8, $octet \
	DATA name<>+8(SB)/8, $octet \
	DATA name<>+16(SB)/8, $octet \
	DATA name<>+24(SB)/8, $octet \
	DATA name<>+32(SB)/8, $octet \
	DATA name<>+40(SB)/8, $octet \
	DATA name<>+48(SB)/8, $octet \
	DATA name<>+56(SB)/8, $octet \
	GLOBL name<>(SB), RODATA|NOPTR, $64

ROW(oneRow, 0x0101010101010101)
ROW(tabRow, 0x0909090909090909)
ROW(lfRow, 0x0a0a0a0a0a0a0a0a)
ROW(crRow, 0x0d0d0d0d0d0d0d0d)
ROW(nibbleRow, 0x0f0f0f0f0f0f0f0f)
ROW(lowRow, 0x1f1f1f1f1f1f1f1f)
ROW(spaceRow, 0x2020202020202020)
ROW(visibleRow, 0x2121212121212121)
ROW(visible1Row, 0x2222222222222222)
ROW(delRow, 0x7f7f7f7f7f7f7f7f)

// For PCMPESTRI: the first octet of each range and the last.

// All but tchar: CTL, SP, DQUOTE and (),/:;<=>?@[\]{} DEL obs-text; and with
// the last range two of tchar, "|" and "~".
DATA notTcharSet<>+0(SB)/8, $"\x00\x20\"\"(),,"
DATA notTcharSet<>+8(SB)/8, $"//:@[]{\xff"
GLOBL notTcharSet<>(SB), RODATA|NOPTR, $16

// All but VCHAR, obs-text, SP and HTAB. The last range fills the row.
DATA controlSet<>+0(SB)/8, $"\x00\x08\x0a\x1f\x7f\x7f\x7f\x7f"
DATA controlSet<>+8(SB)/8, $"\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f"
GLOBL controlSet<>(SB), RODATA|NOPTR, $16

// For PSHUFB: the 16 octets at moveDown+k move octets k to 15 of a block to its
// front, and zeros behind them.
DATA moveDown<>+0(SB)/8, $"\x00\x01\x02\x03\x04\x05\x06\x07"
DATA moveDown<>+8(SB)/8, $"\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
DATA moveDown<>+16(SB)/8, $"\x80\x80\x80\x80\x80\x80\x80\x80"
DATA moveDown<>+24(SB)/8, $"\x80\x80\x80\x80\x80\x80\x80\x80"
GLOBL moveDown<>(SB), RODATA|NOPTR, $32

// For VPSHUFB: an octet %xhl is tchar if the row of l and the row of h have a bit
// in common. Bit h of tcharLow's row l is set if %xhl is tchar; tcharHigh's row h
// has bit h, and none if the octet is obs-text.
DATA tcharLow<>+0(SB)/8, $"\xe8\xfc\xf8\xfc\xfc\xfc\xfc\xfc"
DATA tcharLow<>+8(SB)/8, $"\xf8\xf8\xf4\x54\xd0\x54\xf4\x70"
DATA tcharLow<>+16(SB)/8, $"\xe8\xfc\xf8\xfc\xfc\xfc\xfc\xfc"
DATA tcharLow<>+24(SB)/8, $"\xf8\xf8\xf4\x54\xd0\x54\xf4\x70"
GLOBL tcharLow<>(SB), RODATA|NOPTR, $32
DATA tcharHigh<>+0(SB)/8, $"\x01\x02\x04\x08\x10\x20\x40\x80"
DATA tcharHigh<>+8(SB)/8, $"\x00\x00\x00\x00\x00\x00\x00\x00"
DATA tcharHigh<>+16(SB)/8, $"\x01\x02\x04\x08\x10\x20\x40\x80"
DATA tcharHigh<>+24(SB)/8, $"\x00\x00\x00\x00\x00\x00\x00\x00"
GLOBL tcharHigh<>(SB), RODATA|NOPTR, $32

// For VPCOMPRESSB: the places of a block.
DATA places<>+0(SB)/8, $"\x00\x01\x02\x03\x04\x05\x06\x07"
DATA places<>+8(SB)/8, $"\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
DATA places<>+16(SB)/8, $"\x10\x11\x12\x13\x14\x15\x16\x17"
DATA places<>+24(SB)/8, $"\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f"
DATA places<>+32(SB)/8, $"\x20\x21\x22\x23\x24\x25\x26\x27"
DATA places<>+40(SB)/8, $"\x28\x29\x2a\x2b\x2c\x2d\x2e\x2f"
DATA places<>+48(SB)/8, $"\x30\x31\x32\x33\x34\x35\x36\x37"
DATA places<>+56(SB)/8, $"\x38\x39\x3a\x3b\x3c\x3d\x3e\x3f"
GLOBL places<>(SB), RODATA|NOPTR, $64

// For VPERMI2B, which looks at the lower seven bits: 0xff where an octet is not
// tchar.
DATA notTcharRows<>+0(SB)/8, $"\xff\xff\xff\xff\xff\xff\xff\xff"
DATA notTcharRows<>+8(SB)/8, $"\xff\xff\xff\xff\xff\xff\xff\xff"
DATA notTcharRows<>+16(SB)/8, $"\xff\xff\xff\xff\xff\xff\xff\xff"
DATA notTcharRows<>+24(SB)/8, $"\xff\xff\xff\xff\xff\xff\xff\xff"
DATA notTcharRows<>+32(SB)/8, $"\xff\x00\xff\x00\x00\x00\x00\x00" //  !"#$%&'
DATA notTcharRows<>+40(SB)/8, $"\xff\xff\x00\x00\xff\x00\x00\xff" // ()*+,-./
DATA notTcharRows<>+48(SB)/8, $"\x00\x00\x00\x00\x00\x00\x00\x00" // 01234567
DATA notTcharRows<>+56(SB)/8, $"\x00\x00\xff\xff\xff\xff\xff\xff" // 89:;<=>?
DATA notTcharRows<>+64(SB)/8, $"\xff\x00\x00\x00\x00\x00\x00\x00" // @ABCDEFG
DATA notTcharRows<>+72(SB)/8, $"\x00\x00\x00\x00\x00\x00\x00\x00" // HIJKLMNO
DATA notTcharRows<>+80(SB)/8, $"\x00\x00\x00\x00\x00\x00\x00\x00" // PQRSTUVW
DATA notTcharRows<>+88(SB)/8, $"\x00\x00\x00\xff\xff\xff\x00\x00" // XYZ[\]^_
DATA notTcharRows<>+96(SB)/8, $"\x00\x00\x00\x00\x00\x00\x00\x00" // `abcdefg
DATA notTcharRows<>+104(SB)/8, $"\x00\x00\x00\x00\x00\x00\x00\x00" // hijklmno
DATA notTcharRows<>+112(SB)/8, $"\x00\x00\x00\x00\x00\x00\x00\x00" // pqrstuvw
DATA notTcharRows<>+120(SB)/8, $"\x00\x00\x00\xff\x00\xff\x00\xff" // xyz{|}~ DEL
GLOBL notTcharRows<>(SB), RODATA|NOPTR, $128

// func indexHead(b []byte, x *index) (complete bool)
TEXT ·indexHead(SB), NOSPLIT, $0-33
	CMPB ·useAVX512(SB), $0
	JNE  avx512
	CMPB ·useAVX2(SB), $0
	JNE  avx2
	CMPB ·useSSE42(SB), $0
	JNE  sse42
	JMP  ·indexGeneric(SB)

avx512:
	JMP ·indexAVX512(SB)

avx2:
	JMP ·indexAVX2(SB)

sse42:
	JMP ·indexSSE42(SB)

// indexSSE42
//
// It departs from indexGeneric in these places:
//
//  1. Fewer than 16 octets at the end of b are loaded by a load that ends where
//     b ends, and what comes before them is shifted out. Such a load stays in b,
//     as a kernel leaves a b shorter than minHead alone.
//  2. Compares are signed, which saves an instruction, and marks HTAB and
//     obs-text too. A line that has any is searched again for its end.
//  3. What is not tchar is ten ranges, and PCMPESTRI has eight: "|" and "~" are
//     found with them, and passed over.
//
// TZCNT is BSF on a CPU without BMI1, and the same as no mask is 0.

#define last   R9  // + len(b) - 16, the last offset where a block can be loaded
#define n      R10 // x.n
#define mask   R14 // marks of a block, one bit an octet
#define word1  R10 // where the first word ends, 0 before (n is 0)
#define word2  R11 // where the second word ends, 0 before
#define place  CX  // where in a block PCMPESTRI found an octet; a scratch
#define ranges AX  // + 16, the length of a set   (PCMPESTRI)
#define octets DX  // + 16, the length of a block (PCMPESTRI)

#define block    X0 // 16 octets of b
#define marks    X1
#define moves    X2
#define spaces   X5 // + SP
#define visibles X6 // + "!", the first VCHAR
#define dels     X7 // + DEL
#define notTchar X8 // + ends a field name (PCMPESTRI)
#define control  X9 // ends a line         (PCMPESTRI)

// mask = the octets of block that are below the bound, as signed numbers, or DEL
// !!! 2
#define MARK_BELOW(bound) \
	MOVOA    bound, marks \
	PCMPGTB  block, marks \
	PCMPEQB  dels, block \
	POR      marks, block \
	PMOVMSKB block, mask

// mask = the marks of the last 16 octets of b without those before i, which is
// behind last; or goto none if there are none
// !!! 1
#define MARK_TAIL_BELOW(bound, none) \
	MOVOU (base)(last*1), block \
	MARK_BELOW(bound) \
	MOVQ  i, place \
	SUBQ  last, place \
	CMPQ  place, $16 \
	JGE   none \
	SHRL  place, mask \
	JEQ   none

// block = the fewer than 16 octets from i to the end of b, zeros behind them
// !!! 1
#define LOAD_TAIL \
	MOVOU  (base)(last*1), block \
	SUBQ   last, i \
	LEAQ   moveDown<>(SB), place \
	MOVOU  (place)(i*1), moves \
	PSHUFB moves, block \
	ADDQ   last, i

// func indexSSE42(b []byte, x *index) (complete bool)
// Requires: SSSE3, SSE4.2. Works like indexGeneric.
TEXT ·indexSSE42(SB), NOSPLIT, $0-33
	MOVQ b_base+0(FP), base
	MOVQ b_len+8(FP), length
	MOVQ x+24(FP), idx
	MOVB $0, complete+32(FP)
	CMPQ length, $const_minHead
	JLT  return

	LEAQ  -16(length), last
	MOVOU delRow<>(SB), dels
	MOVL  index_next(idx), line
	MOVL  index_n(idx), n
	TESTL n, n
	JNE   fieldLines

startLine:
	// from mark to mark: of the words, then of what is behind them
	MOVOU visibleRow<>(SB), visibles
	XORL  word2, word2
	LEAQ  -16(line), i

startBlock:
	ADDQ  $16, i
	CMPQ  i, last
	JGT   startTail
	MOVOU (base)(i*1), block
	MARK_BELOW(visibles)

startMarks:
	TESTL word2, word2
	JNE   startRest
	TESTL word1, word1
	JNE   secondWord

firstWord:
	TESTL  mask, mask
	JEQ    startBlock
	TZCNTL mask, word1
	LEAL   -1(mask), place
	ANDL   place, mask
	ADDQ   i, word1
	CMPQ   word1, line
	JEQ    return
	CMPB   (base)(word1*1), $' '
	JNE    return

secondWord:
	TESTL  mask, mask
	JEQ    startBlock
	TZCNTL mask, word2
	LEAL   -1(mask), place
	ANDL   place, mask
	ADDQ   i, word2
	LEAQ   1(word1), place
	CMPQ   word2, place
	JEQ    return
	MOVQ   word2, end
	JMP    startOctet

startRest:
	TESTL  mask, mask
	JEQ    startBlock
	TZCNTL mask, end
	LEAL   -1(mask), place
	ANDL   place, mask
	ADDQ   i, end

startOctet:
	MOVBLSX (base)(end*1), place
	CMPL   place, $'\r'
	JEQ    startEnd
	CMPL   place, $' '
	JEQ    startRest
	CMPL   place, $'\t'
	JEQ    startRest
	TESTL  place, place
	JLT    startRest // obs-text
	RET

startEnd:
	LEAQ 2(end), i
	CMPQ i, length
	JGT  return
	CMPB 1(base)(end*1), $'\n'
	JNE  return
	MOVL word2, index_word2(idx)
	MOVL word1, index_mark(idx)
	MOVL end, index_end(idx)
	MOVL $1, n
	MOVQ i, line

fieldLines:
	MOVOU spaceRow<>(SB), spaces
	MOVOU notTcharSet<>(SB), notTchar
	MOVL  $16, ranges
	MOVL  $16, octets

fieldLine:
	LEAQ    2(line), i
	CMPQ    i, length
	JGT     stop
	MOVWLZX (base)(line*1), place
	CMPL    place, $0x0a0d
	JEQ     emptyLine
	MOVQ    line, i

fieldBlock:
	CMPQ   i, last
	JGT    fieldTail
	MOVOU  (base)(i*1), block
	MARK_BELOW(spaces)
	ADDQ   $16, i
	TESTL  mask, mask
	JEQ    fieldBlock
	TZCNTL mask, end
	LEAQ   -16(i)(end*1), end

lineEnd:
	LEAQ    2(end), i
	CMPQ    i, length
	JGT     stop
	MOVWLZX (base)(end*1), place
	CMPL    place, $0x0a0d
	JNE     notCRLF
	CMPL    n, $const_tableLines
	JEQ     stop
	MOVQ    line, i

fieldName:
	CMPQ      i, last
	JGT       nameTail
	PCMPESTRI $4, (base)(i*1), notTchar
	LEAQ      16(i), i
	JCC       fieldName
	LEAQ      -16(i)(place*1), i

nameEnd:
	CMPB (base)(i*1), $':'
	JNE  notColon
	MOVQ i, place
	SUBQ line, place
	JEQ  stop
	MOVBLZX (base)(line*1), key
	LEAL (place)(key*8), key
	MOVB key, index_key-1(idx)(n*1)
	MOVL i, index_mark(idx)(n*4)
	MOVL end, index_end(idx)(n*4)
	INCL n
	LEAQ 2(end), line
	JMP  fieldLine

emptyLine:
	MOVQ i, line
	MOVB $1, complete+32(FP)

stop:
	MOVL line, index_next(idx)
	MOVL n, index_n(idx)

return:
	RET

startTail:
	MARK_TAIL_BELOW(visibles, return)
	JMP startMarks

fieldTail:
	MARK_TAIL_BELOW(spaces, stop)
	TZCNTL mask, end
	ADDQ   i, end
	JMP    lineEnd

nameTail:
	// the line's CR is in the tail, so something is found
	LOAD_TAIL
	PCMPESTRI $4, block, notTchar
	ADDQ      place, i
	JMP       nameEnd

notColon:
	// !!! 3
	INCQ i
	CMPB -1(base)(i*1), $'|'
	JEQ  fieldName
	CMPB -1(base)(i*1), $'~'
	JEQ  fieldName
	JMP  stop

notCRLF:
	// !!! 2
	MOVQ    end, i
	MOVBLSX place, place
	TESTL   place, place
	JLT     rest // obs-text
	CMPL    place, $'\t'
	JNE     stop

rest:
	MOVOU controlSet<>(SB), control

restBlock:
	CMPQ      i, last
	JGT       restTail
	PCMPESTRI $4, (base)(i*1), control
	LEAQ      16(i), i
	JCC       restBlock
	LEAQ      -16(i)(place*1), end
	JMP       lineEnd

restTail:
	// a zero behind the end of b is found if nothing else is
	LOAD_TAIL
	PCMPESTRI $4, block, control
	LEAQ      (i)(place*1), end
	JMP       lineEnd

// The two stages.

// odd = cr without LF behind it, LF without cr before it, and control characters
// behind LF
#define FIND_ODD \
	ANDNQ ctl, lf, cr \
	LEAQ  (crIn)(cr*2), odd \
	LEAQ  (lfIn)(lf*2), tmp \
	XORQ  lf, odd \
	ANDQ  ctl, tmp \
	ORQ   tmp, odd

// for a head of less than 64 octets: tmp = the bits of FIND_ODD, and those of ctl
// that are neither CR nor LF, to the end of the first empty line; lf = the line
// ends before. odd comes as the CR of empty lines; ZF goes as none being odd.
#define FIND_ODD_SHORT \
	BLSMSKQ odd, odd \
	LEAQ (cr*2), tmp \
	ORQ  lf, cr \
	XORQ lf, tmp \
	XORQ ctl, cr \
	ORQ  cr, tmp \
	ANDQ odd, lf \
	LEAQ 1(odd*2), odd \
	ANDQ odd, tmp

// indexAVX2

#define yLF      Y4  // + LF
#define yOne     Y5  // + 1
#define yBound   Y6  // + 0x21: an octet and 1 is below it if it is ctl, obs-text or DEL
#define yLow     Y7  // + tcharLow
#define yHigh    Y8  // + tcharHigh
#define yNibble  Y9  // + 0x0f
#define yZero    Y10 // + 0
#define yBoundV  Y11 // + 0x22: an octet and 1 is below it if it is not VCHAR

// not = 0xff for the octets that are not tchar. Bit h of row l in tcharLow is set
// if %xhl is tchar; VPSHUFB gives 0 for obs-text.
#define NOT_TCHAR(not, high) \
	VPSRLW   $4, not, high \
	VPSHUFB  not, yLow, not \
	VPAND    yNibble, high, high \
	VPSHUFB  high, yHigh, high \
	VPAND    high, not, not \
	VPCMPEQB yZero, not, not

// bits = the high bits of two rows of 32 octets
#define BITS(first, second, bits, tmp) \
	VPMOVMSKB first, bits \
	VPMOVMSKB second, tmp \
	SHLQ      $32, tmp \
	ORQ       tmp, bits

// BITS of rows that overlap: the second begins at octet up
#define BITS_FROM(first, second, bits, up, tmp) \
	VPMOVMSKB first, bits \
	VPMOVMSKB second, tmp \
	SHLXQ     up, tmp, tmp \
	ORQ       tmp, bits

// lf, ctl = those of the 64 octets in Y0 and Y1. Signed compares take obs-text
// and DEL for control characters, too (!!! see oddBlock).
#define CLASSIFY \
	VPCMPEQB yLF, Y0, Y2 \
	VPCMPEQB yLF, Y1, Y3 \
	VPADDB   yOne, Y0, Y0 \
	VPADDB   yOne, Y1, Y1 \
	VPCMPGTB Y0, yBound, Y0 \
	VPCMPGTB Y1, yBound, Y1 \
	BITS(Y2, Y3, lf, tmp) \
	BITS(Y0, Y1, ctl, tmp)

// mark = the octets that are not VCHAR, of 64 from at on; ZF goes as there being none
#define NOT_VCHAR(at) \
	VPADDB   (base)(at*1), yOne, Y0 \
	VPADDB   32(base)(at*1), yOne, Y1 \
	VPCMPGTB Y0, yBoundV, Y0 \
	VPCMPGTB Y1, yBoundV, Y1 \
	BITS(Y0, Y1, mark, scratch)

// func indexAVX2(b []byte, x *index) (complete bool)
// Requires: AVX2, BMI1, BMI2, and what indexSSE42 does. Works like indexGeneric.
TEXT ·indexAVX2(SB), NOSPLIT, $0-33
	MOVQ b_base+0(FP), base
	MOVQ b_len+8(FP), length
	MOVQ x+24(FP), idx
	CMPQ length, $64
	JLT  short
	MOVB $0, complete+32(FP)
	MOVL index_next(idx), line
	MOVL index_n(idx), ends
	CMPQ line, length
	JGE  return
	VMOVDQU lfRow<>(SB), yLF
	VMOVDQU oneRow<>(SB), yOne
	VMOVDQU visibleRow<>(SB), yBound
	CMPQ ends, $const_tableLines
	JAE  walk
	CMPB (base)(line*1), $'\n'
	JEQ  return // its end would be before the line
	LEAQ -64(length), full
	MOVL $63, last63
	XORL crIn, crIn
	XORL lfIn, lfIn
	MOVQ line, i
	CMPQ i, full
	JGT  tail

nextBlock:
	VMOVDQU (base)(i*1), Y0
	VMOVDQU 32(base)(i*1), Y1
	CLASSIFY
	FIND_ODD
	JNE oddBlock

blockEnds:
	SHRXQ last63, cr, crIn
	SHRXQ last63, lf, lfIn
	TESTQ lf, lf
	JEQ   noEnds

blockEnd:
	TZCNTQ lf, tmp
	LEAL   -1(i)(tmp*1), tmp
	MOVL   tmp, index_end(idx)(ends*4)
	INCQ   ends
	CMPQ   ends, $const_tableLines
	JAE    walk
	BLSRQ  lf, lf
	JNE    blockEnd

noEnds:
	ADDQ $64, i
	CMPQ i, full
	JLE  nextBlock

tail:
	// the window, without what the search has seen of it; nothing, behind oddAgain
	MOVQ b_len+8(FP), length
	CMPQ i, length
	JGE  walk
	VMOVDQU -64(base)(length*1), Y0
	VMOVDQU -32(base)(length*1), Y1
	MOVQ i, last63
	SUBQ full, last63
	CLASSIFY
	SHRXQ last63, lf, lf
	SHRXQ last63, ctl, ctl
	FIND_ODD
	JNE oddBlock

tailEnds:
	TESTQ lf, lf
	JEQ   walk

tailEnd:
	TZCNTQ lf, tmp
	LEAL   -1(i)(tmp*1), tmp
	MOVL   tmp, index_end(idx)(ends*4)
	INCQ   ends
	CMPQ   ends, $const_tableLines
	JAE    walk
	BLSRQ  lf, lf
	JNE    tailEnd

walk:
	VMOVDQU tcharLow<>(SB), yLow
	VMOVDQU tcharHigh<>(SB), yHigh
	VMOVDQU nibbleRow<>(SB), yNibble
	VPXOR   yZero, yZero, yZero
	MOVQ    b_len+8(FP), length
	LEAQ    -64(length), window
	VMOVDQU (base)(window*1), Y0
	VMOVDQU 32(base)(window*1), Y1
	NOT_TCHAR(Y0, Y2)
	NOT_TCHAR(Y1, Y3)
	BITS(Y0, Y1, nonTchar, tmp)
	MOVL    index_n(idx), k
	CMPQ    k, ends
	JAE     emptyLine
	TESTQ   k, k
	JNE     fieldLine

startLine:
	VMOVDQU visible1Row<>(SB), yBoundV
	MOVL    index_end(idx), end
	MOVWLZX (base)(end*1), mark
	CMPL    mark, $0x0a0d
	JNE     stop
	MOVQ    line, word

firstWord:
	// mark = the octets that are not VCHAR, of 64 from word on
	CMPQ     word, window
	JGE      firstWordTail
	NOT_VCHAR(word)
	JEQ      firstWordNext

firstWordEnd:
	TZCNTQ mark, scratch
	MOVQ   word, i
	ADDQ   scratch, word
	CMPQ   word, line
	JEQ    stop
	CMPB   (base)(word*1), $' '
	JNE    stop
	BLSRQ  mark, mark
	JEQ    secondWordNext

secondWordEnd:
	TZCNTQ mark, mark
	ADDQ   i, mark
	LEAQ   1(word), i
	CMPQ   mark, i
	JEQ    stop
	MOVL   word, index_mark(idx)
	MOVL   mark, index_word2(idx)
	LEAQ   2(end), line
	MOVL   $1, k
	CMPQ   k, ends
	JAE    emptyLine

fieldLine:
	CMPQ    line, window
	JGE     lastLine
	VMOVDQU (base)(line*1), Y0
	MOVL    index_end(idx)(k*4), end
	NOT_TCHAR(Y0, Y2)
	MOVWLZX (base)(end*1), mark
	CMPL    mark, $0x0a0d
	JNE     emptyLine
	VPMOVMSKB Y0, mark
	TZCNTQ  mark, mark
	JEQ     emptyLine
	JCS     longName
	MOVBLZX (base)(line*1), key
	LEAL    (mark)(key*8), key
	MOVB    key, index_key-1(idx)(k*1)
	ADDQ    line, mark
	CMPB    (base)(mark*1), $':'
	JNE     emptyLine

fieldNameEnd:
	MOVL mark, index_mark(idx)(k*4)
	LEAQ 2(end), line
	INCQ k
	CMPQ k, ends
	JB   fieldLine
	JMP  emptyLine

lastLine:
	// fieldLine for a line that begins in the window
	MOVL    index_end(idx)(k*4), end
	MOVQ    line, mark
	SUBQ    window, mark
	SHRXQ   mark, nonTchar, mark
	MOVWLZX (base)(end*1), scratch
	CMPL    scratch, $0x0a0d
	JNE     emptyLine
	TZCNTQ  mark, mark
	JEQ     emptyLine
	MOVBLZX (base)(line*1), key
	LEAL    (mark)(key*8), key
	MOVB    key, index_key-1(idx)(k*1)
	ADDQ    line, mark
	CMPB    (base)(mark*1), $':'
	JNE     emptyLine
	MOVL    mark, index_mark(idx)(k*4)
	LEAQ    2(end), line
	INCQ    k
	CMPQ    k, ends
	JB      lastLine

emptyLine:
	// or the line to stop before
	LEAQ    2(line), i
	CMPQ    i, length
	JGT     stop
	MOVWLZX (base)(line*1), mark
	CMPL    mark, $0x0a0d
	JNE     stop
	MOVQ    i, line
	MOVB    $1, complete+32(FP)

stop:
	MOVL line, index_next(idx)
	MOVL k, index_n(idx)

return:
	VZEROUPPER
	RET

short:
	// the first 32 octets and the last: they overlap by 64-len(b)
	CMPQ length, $32
	JLT  shortOdd
	MOVL index_next(idx), line
	MOVL index_n(idx), k
	ORQ  line, k
	JNE  shortOdd
	VMOVDQU (base), Y0
	VMOVDQU -32(base)(length*1), Y1
	LEAQ -32(length), i
	VMOVDQU lfRow<>(SB), Y2
	VMOVDQU crRow<>(SB), Y3
	VPCMPEQB Y2, Y0, Y4
	VPCMPEQB Y2, Y1, Y5
	VPCMPEQB Y3, Y0, Y6
	VPCMPEQB Y3, Y1, Y7
	BITS_FROM(Y4, Y5, lf, i, tmp)
	BITS_FROM(Y6, Y7, cr, i, tmp)
	LEAQ (lf*2), odd
	ANDQ cr, odd
	JEQ  shortOdd // no empty line
	VMOVDQU oneRow<>(SB), Y2
	VMOVDQU visibleRow<>(SB), Y3
	VPADDB Y2, Y0, Y4
	VPADDB Y2, Y1, Y5
	VMOVDQU visible1Row<>(SB), Y2
	VPCMPGTB Y4, Y3, Y6
	VPCMPGTB Y5, Y3, Y7
	VPCMPGTB Y4, Y2, Y2
	BITS_FROM(Y6, Y7, ctl, i, tmp)
	FIND_ODD_SHORT
	JNE shortOdd
	VPMOVMSKB Y2, ctl // the first 32 octets that are not VCHAR
	VMOVDQU tcharLow<>(SB), yLow
	VMOVDQU tcharHigh<>(SB), yHigh
	VMOVDQU nibbleRow<>(SB), yNibble
	VPXOR yZero, yZero, yZero
	NOT_TCHAR(Y0, Y3)
	NOT_TCHAR(Y1, Y4)
	BITS_FROM(Y0, Y1, nonTchars, i, tmp)

shortWords:
	// Nothing is odd, so the first word ends at SP; or at CR, and then LF makes the
	// second empty, which is left to who comes next.
	TZCNTL ctl, firstEnd
	JEQ    shortOdd
	BLSRL  ctl, secondEnd
	JEQ    shortOdd
	TZCNTL secondEnd, secondEnd
	LEAQ   1(firstEnd), lineLF
	CMPQ   lineLF, secondEnd
	JEQ    shortOdd
	TZCNTQ lf, lineLF
	MOVL   firstEnd, index_mark(idx)
	LEAL   -1(lineLF), firstEnd
	MOVL   firstEnd, index_end(idx)
	MOVL   $1, k
	BLSRQ  lf, lf
	JEQ    shortEnd

shortLine:
	INCQ   lineLF
	SHRXQ  lineLF, nonTchars, colonAt
	TZCNTQ colonAt, colonAt
	JEQ    shortOdd
	MOVBLZX (base)(lineLF*1), key
	LEAL   (colonAt)(key*8), key
	MOVB   key, index_key-1(idx)(k*1)
	ADDQ   lineLF, colonAt
	CMPB   (base)(colonAt*1), $':'
	JNE    shortOdd
	TZCNTQ lf, lineLF
	MOVL   colonAt, index_mark(idx)(k*4)
	LEAL   -1(lineLF), colonAt
	MOVL   colonAt, index_end(idx)(k*4)
	INCQ   k
	BLSRQ  lf, lf
	JNE    shortLine

shortEnd:
	LEAQ 3(lineLF), line
	MOVL secondEnd, index_word2(idx)
	MOVB $1, complete+32(FP)
	JMP  stop

shortOdd:
	VZEROUPPER
	JMP ·indexSSE42(SB)

firstWordNext:
	ADDQ $64, word
	JMP  firstWord

firstWordTail:
	NOT_VCHAR(window)
	MOVQ     word, scratch
	SUBQ     window, scratch
	SHRXQ    scratch, mark, mark
	JMP      firstWordEnd

secondWordNext:
	// i is where the octets began that mark was of
	ADDQ     $64, i
	CMPQ     i, window
	JGE      secondWordTail
	NOT_VCHAR(i)
	JEQ      secondWordNext
	JMP      secondWordEnd

secondWordTail:
	NOT_VCHAR(window)
	MOVQ     i, scratch
	SUBQ     window, scratch
	SHRXQ    scratch, mark, mark
	JMP      secondWordEnd

longName:
	MOVQ line, i

longNameBlock:
	ADDQ    $32, i
	CMPQ    i, window
	JGE     longNameTail
	VMOVDQU (base)(i*1), Y0
	NOT_TCHAR(Y0, Y2)
	VPMOVMSKB Y0, mark
	TESTQ   mark, mark
	JEQ     longNameBlock

longNameEnd:
	TZCNTQ mark, mark
	ADDQ   i, mark
	MOVBLZX (base)(line*1), key
	MOVQ   mark, i
	SUBQ   line, i
	LEAL   (i)(key*8), key
	MOVB   key, index_key-1(idx)(k*1)
	CMPB   (base)(mark*1), $':'
	JEQ    fieldNameEnd
	JMP    emptyLine

longNameTail:
	MOVQ  i, mark
	SUBQ  window, mark
	SHRXQ mark, nonTchar, mark
	JMP   longNameEnd

oddBlock:
	// If it is CR behind LF, this is the empty line, and the search is over.
	TZCNTQ  odd, tmp
	ADDQ    i, tmp
	CMPQ    tmp, b_len+8(FP)
	JGE     searched
	MOVWLZX -1(base)(tmp*1), tmp
	CMPL    tmp, $0x0d0a
	JEQ     searched

	// !!! ctl, exactly, of the block or the window
	MOVQ     i, odd
	CMPQ     i, full
	CMOVQGT  full, odd
	VMOVDQU  (base)(odd*1), Y0
	VMOVDQU  32(base)(odd*1), Y1
	VPMINUB  lowRow<>(SB), Y0, Y2
	VPMINUB  lowRow<>(SB), Y1, Y3
	VPCMPEQB Y0, Y2, Y2
	VPCMPEQB Y1, Y3, Y3
	VPCMPEQB tabRow<>(SB), Y0, Y12
	VPCMPEQB tabRow<>(SB), Y1, Y13
	VPANDN   Y2, Y12, Y2
	VPANDN   Y3, Y13, Y3
	VPCMPEQB delRow<>(SB), Y0, Y0
	VPCMPEQB delRow<>(SB), Y1, Y1
	VPOR     Y0, Y2, Y2
	VPOR     Y1, Y3, Y3
	BITS(Y2, Y3, ctl, tmp)
	MOVQ     i, tmp
	SUBQ     odd, tmp
	SHRXQ    tmp, ctl, ctl

	// crIn, exactly
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
	JEQ blockEnds // also of the tail, behind which there is no block

searched:
	// the line ends up to the first odd bit
	BLSMSKQ odd, odd
	ANDQ    odd, lf
	JMP     tailEnds

// indexAVX512
//
// !!! From 64 octets to 159 it leaves to indexAVX2.
//
// !!! Line ends are stored 16 at a time: x.end has room behind the table. A
// canonical line has four octets or more, so of 17 LF in a block one ends a line
// that no kernel settles, behind the 16th at the latest.

#define zLF     Z16 // + LF
#define zOne    Z17 // + 1
#define zBound  Z18 // + 0x21: an octet and 1 is below it if it is ctl, obs-text or DEL
#define zPlaces Z19 // + 0, 1, 2 ... 63
#define zWhere  Z20 // where the block begins, less 1
#define z64     Z21 // + 64
#define zRow0   Z22 // + 0xff where an octet is not tchar, of %x00-3F
#define zRow1   Z23 // + 0xff where an octet is not tchar, of %x40-7F
#define zWindow Z24 // + the window, zeros behind b

// x.end[ends:] = where the LF in lf, which are the first in K1, have their CR. The
// destination of VPCOMPRESSB waits for what was in it, so it is one that was
// written for this block.
#define STORE_ENDS \
	VPCOMPRESSB.Z zPlaces, K1, Z1 \
	VPMOVZXBD     X1, Z1 \
	POPCNTQ       lf, count \
	VPADDD        zWhere, Z1, Z1 \
	VMOVDQU32     Z1, index_end(idx)(ends*4) \
	ADDQ          count, ends

// K1, bits = where the octets of Z0, and 1, are below the bound
#define BELOW(bound, bits) \
	VPADDB zOne, Z0, Z0 \
	VPCMPB $1, bound, Z0, K1 \
	KMOVQ  K1, bits

// func indexAVX512(b []byte, x *index) (complete bool)
// Requires: AVX512F, BW, VL, VBMI, VBMI2, POPCNT, and what indexAVX2 does. Works like
// indexGeneric.
TEXT ·indexAVX512(SB), NOSPLIT, $0-33
	MOVQ b_base+0(FP), base
	MOVQ b_len+8(FP), length
	MOVQ x+24(FP), idx
	MOVB $0, complete+32(FP)
	MOVL index_next(idx), line
	CMPQ length, $160
	JLT  small
	VMOVDQU64 -64(base)(length*1), zWindow

load:
	VMOVDQU64 lfRow<>(SB), zLF
	VMOVDQU64 oneRow<>(SB), zOne
	VMOVDQU64 visibleRow<>(SB), zBound
	VMOVDQU64 places<>(SB), zPlaces
	MOVL $64, tmp
	VPBROADCASTD tmp, z64
	VMOVDQU64 notTcharRows<>+0(SB), zRow0
	VMOVDQU64 notTcharRows<>+64(SB), zRow1
	MOVL index_n(idx), ends
	CMPQ line, length
	JGE  return
	CMPQ ends, $const_tableLines
	JAE  walk
	CMPB (base)(line*1), $'\n'
	JEQ  return // its end would be before the line
	LEAQ -64(length), full
	MOVL $63, last63
	XORL crIn, crIn
	XORL lfIn, lfIn
	LEAL -1(line), tmp
	VPBROADCASTD tmp, zWhere
	MOVQ line, i
	CMPQ i, full
	JGT  tail

nextBlock:
	VMOVDQU64 (base)(i*1), Z0
	VPADDB    zOne, Z0, Z1
	VPCMPEQB  zLF, Z0, K1
	VPCMPB    $1, zBound, Z1, K2
	KMOVQ     K1, lf
	KMOVQ     K2, ctl
	FIND_ODD
	JNE oddBlock

blockEnds:
	SHRXQ last63, cr, crIn
	SHRXQ last63, lf, lfIn
	TESTQ lf, lf
	JEQ   noEnds
	STORE_ENDS
	CMPQ  count, $16
	JA    crowded
	CMPQ  ends, $const_tableLines
	JAE   walk

noEnds:
	VPADDD z64, zWhere, zWhere
	ADDQ   $64, i
	CMPQ   i, full
	JLE    nextBlock

tail:
	MOVQ b_len+8(FP), length
	SUBQ i, length
	JLE  walk // less behind oddAgain
	MOVQ  $-1, tmp
	BZHIQ length, tmp, tmp
	KMOVQ tmp, K3
	VMOVDQU8.Z (base)(i*1), K3, Z0
	VPADDB   zOne, Z0, Z1
	VPCMPEQB zLF, Z0, K1
	VPCMPB   $1, zBound, Z1, K3, K2
	KMOVQ    K1, lf
	KMOVQ    K2, ctl
	FIND_ODD
	JNE oddTail

tailEnds:
	STORE_ENDS
	CMPQ count, $16
	JA   crowded

walk:
	MOVQ b_len+8(FP), length
	CMPQ ends, $const_tableLines
	JBE  walkWindow
	MOVL $const_tableLines, ends

walkWindow:
	XORL  window, window
	LEAQ  -64(length), tmp
	TESTQ tmp, tmp
	CMOVQGT tmp, window
	VMOVDQA64 zWindow, Z0
	VPERMI2B  zRow1, zRow0, Z0
	VPORQ     zWindow, Z0, Z0 // obs-text
	VPMOVB2M  Z0, K1
	KMOVQ     K1, nonTchar
	MOVL  index_n(idx), k
	CMPQ  k, ends
	JAE   emptyLine
	TESTQ k, k
	JNE   fieldLine

startLine:
	MOVL    index_end(idx), end
	MOVWLZX (base)(end*1), mark
	CMPL    mark, $0x0a0d
	JNE     stop
	CMPQ    line, window
	JGE     startTail
	VMOVDQU64 (base)(line*1), Z0
	BELOW(visible1Row<>(SB), mark)

words:
	// mark = the octets that are not VCHAR, of 64 from line on
	TZCNTQ mark, word
	JCS    longWord
	JEQ    stop
	ADDQ   line, word
	CMPB   (base)(word*1), $' '
	JNE    stop
	BLSRQ  mark, mark
	JEQ    longTarget
	TZCNTQ mark, mark
	ADDQ   line, mark

secondWordEnd:
	LEAQ 1(word), i
	CMPQ mark, i
	JEQ  stop
	MOVL word, index_mark(idx)
	MOVL mark, index_word2(idx)
	LEAQ 2(end), line
	MOVL $1, k
	CMPQ k, ends
	JAE  emptyLine

fieldLine:
	CMPQ      line, window
	JGE       lastLine
	MOVL      index_end(idx)(k*4), end
	VMOVDQU64 (base)(line*1), Z1
	VMOVDQA64 Z1, Z0
	VPERMI2B  zRow1, zRow0, Z0
	VPORQ     Z1, Z0, Z0 // obs-text
	VPMOVB2M  Z0, K1
	MOVWLZX   (base)(end*1), mark
	CMPL      mark, $0x0a0d
	JNE       emptyLine
	KMOVQ     K1, mark
	TZCNTQ    mark, mark
	JEQ       emptyLine
	MOVBLZX   (base)(line*1), key
	LEAL      (mark)(key*8), key
	MOVB      key, index_key-1(idx)(k*1)
	ADDQ      line, mark
	CMPB      (base)(mark*1), $':'
	JNE       longName

fieldNameEnd:
	MOVL mark, index_mark(idx)(k*4)
	LEAQ 2(end), line
	INCQ k
	CMPQ k, ends
	JB   fieldLine
	JMP  emptyLine

lastLine:
	// fieldLine for a line that begins in the window
	MOVL    index_end(idx)(k*4), end
	MOVQ    line, mark
	SUBQ    window, mark
	SHRXQ   mark, nonTchar, mark
	MOVWLZX (base)(end*1), scratch
	CMPL    scratch, $0x0a0d
	JNE     emptyLine
	TZCNTQ  mark, mark
	JEQ     emptyLine
	MOVBLZX (base)(line*1), key
	LEAL    (mark)(key*8), key
	MOVB    key, index_key-1(idx)(k*1)
	ADDQ    line, mark
	CMPB    (base)(mark*1), $':'
	JNE     emptyLine
	MOVL    mark, index_mark(idx)(k*4)
	LEAQ    2(end), line
	INCQ    k
	CMPQ    k, ends
	JB      lastLine

emptyLine:
	// or the line to stop before
	LEAQ    2(line), i
	CMPQ    i, length
	JGT     stop
	MOVWLZX (base)(line*1), mark
	CMPL    mark, $0x0a0d
	JNE     stop
	MOVQ    i, line
	MOVB    $1, complete+32(FP)

stop:
	MOVL line, index_next(idx)
	MOVL k, index_n(idx)

return:
	VZEROUPPER
	RET

small:
	// Constants take longer to load than they save, in two blocks.
	CMPQ length, $64
	JLT  short
	JMP  ·indexAVX2(SB)

short:
	CMPQ  length, $const_minHead
	JLT   return
	MOVQ  $-1, tmp
	BZHIQ length, tmp, tmp
	KMOVQ tmp, K1
	VMOVDQU8.Z (base), K1, zWindow
	MOVL  index_n(idx), ends
	ORQ   line, ends
	JNE   load
	VPADDB    oneRow<>(SB), zWindow, Z1
	VMOVDQA64 zWindow, Z0
	VMOVDQU64 notTcharRows<>+0(SB), Z2
	VPCMPEQB  lfRow<>(SB), zWindow, K2
	VPCMPEQB  crRow<>(SB), zWindow, K3
	VPCMPB    $1, visibleRow<>(SB), Z1, K4
	VPCMPB    $1, visible1Row<>(SB), Z1, K5
	VPERMI2B  notTcharRows<>+64(SB), Z2, Z0 // obs-text is odd
	VPMOVB2M  Z0, K6
	KMOVQ     K2, lf
	KMOVQ     K3, cr
	KMOVQ     K4, ctl
	KMOVQ     K6, nonTchars
	LEAQ (lf*2), odd
	ANDQ cr, odd
	JEQ  shortOdd // no empty line
	FIND_ODD_SHORT
	JNE  shortOdd
	KMOVQ K5, ctl // the octets that are not VCHAR

shortWords:
	// Nothing is odd, so the first word ends at SP; or at CR, and then LF makes the
	// second empty, which is left to who comes next.
	TZCNTQ ctl, firstEnd
	JEQ    shortOdd
	BLSRQ  ctl, secondEnd
	TZCNTQ secondEnd, secondEnd
	LEAQ   1(firstEnd), lineLF
	CMPQ   lineLF, secondEnd
	JEQ    shortOdd
	TZCNTQ lf, lineLF
	MOVL   firstEnd, index_mark(idx)
	LEAL   -1(lineLF), firstEnd
	MOVL   firstEnd, index_end(idx)
	MOVL   $1, k
	BLSRQ  lf, lf
	JEQ    shortEnd

shortLine:
	INCQ   lineLF
	SHRXQ  lineLF, nonTchars, colonAt
	TZCNTQ colonAt, colonAt
	JEQ    shortOdd
	MOVBLZX (base)(lineLF*1), key
	LEAL   (colonAt)(key*8), key
	MOVB   key, index_key-1(idx)(k*1)
	ADDQ   lineLF, colonAt
	CMPB   (base)(colonAt*1), $':'
	JNE    shortOdd
	TZCNTQ lf, lineLF
	MOVL   colonAt, index_mark(idx)(k*4)
	LEAL   -1(lineLF), colonAt
	MOVL   colonAt, index_end(idx)(k*4)
	INCQ   k
	BLSRQ  lf, lf
	JNE    shortLine

shortEnd:
	LEAQ 3(lineLF), line
	MOVL secondEnd, index_word2(idx)
	MOVB $1, complete+32(FP)
	JMP  stop

shortOdd:
	MOVQ b_len+8(FP), length
	JMP  load

crowded:
	// the first 16; the walk stops behind them at the latest
	SUBQ count, ends
	ADDQ $16, ends
	JMP  walk

oddBlock:
	KXNORQ K3, K3, K3

oddTail:
	// If it is CR behind LF, this is the empty line, and the search is over.
	TZCNTQ  odd, tmp
	ADDQ    i, tmp
	CMPQ    tmp, b_len+8(FP)
	JGE     searched
	MOVWLZX -1(base)(tmp*1), tmp
	CMPL    tmp, $0x0d0a
	JEQ     searched

	// !!! ctl, exactly
	VPCMPUB  $1, spaceRow<>(SB), Z0, K3, K2
	VPCMPB   $4, tabRow<>(SB), Z0, K2, K2
	VPCMPEQB delRow<>(SB), Z0, K3
	KORQ     K3, K2, K2
	KMOVQ    K2, ctl

	// crIn, exactly
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
	JEQ blockEnds // also of the tail, behind which there is no block

searched:
	// the line ends up to the first odd bit
	BLSMSKQ odd, odd
	ANDQ    odd, lf
	JMP     tailEnds

startTail:
	VMOVDQA64 zWindow, Z0
	BELOW(visible1Row<>(SB), mark)
	MOVQ  line, i
	SUBQ  window, i
	SHRXQ i, mark, mark
	JMP   words

longWord:
	MOVQ line, word

longWordBlock:
	ADDQ $64, word
	CMPQ word, window
	JGE  longWordTail
	VMOVDQU64 (base)(word*1), Z0
	BELOW(visible1Row<>(SB), mark)
	TESTQ mark, mark
	JEQ  longWordBlock

longWordEnd:
	TZCNTQ mark, mark
	ADDQ   mark, word
	CMPB   (base)(word*1), $' '
	JNE    stop

longTarget:
	// the second word again, from its beginning
	LEAQ -63(word), i

longTargetBlock:
	ADDQ $64, i
	CMPQ i, window
	JGE  longTargetTail
	VMOVDQU64 (base)(i*1), Z0
	BELOW(visible1Row<>(SB), mark)
	TESTQ mark, mark
	JEQ  longTargetBlock

longTargetEnd:
	TZCNTQ mark, mark
	ADDQ   i, mark
	JMP    secondWordEnd

longWordTail:
	VMOVDQA64 zWindow, Z0
	BELOW(visible1Row<>(SB), mark)
	MOVQ  word, i
	SUBQ  window, i
	SHRXQ i, mark, mark
	JMP   longWordEnd

longTargetTail:
	VMOVDQA64 zWindow, Z0
	BELOW(visible1Row<>(SB), mark)
	MOVQ  i, scratch
	SUBQ  window, scratch
	SHRXQ scratch, mark, mark
	JMP   longTargetEnd

longName:
	// no colon in 64 octets, or another octet that is not tchar
	MOVQ mark, i
	SUBQ line, i
	CMPQ i, $64
	JLT  emptyLine
	MOVQ line, i

longNameBlock:
	ADDQ $64, i
	CMPQ i, window
	JGE  longNameTail
	VMOVDQU64 (base)(i*1), Z0
	VPERMI2B  zRow1, zRow0, Z0
	VPORQ     (base)(i*1), Z0, Z0
	VPMOVB2M  Z0, K1
	KMOVQ     K1, mark
	TESTQ     mark, mark
	JEQ       longNameBlock

longNameEnd:
	TZCNTQ mark, mark
	ADDQ   i, mark
	MOVBLZX (base)(line*1), key
	MOVQ   mark, i
	SUBQ   line, i
	LEAL   (i)(key*8), key
	MOVB   key, index_key-1(idx)(k*1)
	CMPB   (base)(mark*1), $':'
	JEQ    fieldNameEnd
	JMP    emptyLine

longNameTail:
	MOVQ  i, mark
	SUBQ  window, mark
	SHRXQ mark, nonTchar, mark
	JMP   longNameEnd
