//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// The kernels for amd64. index.go says what they promise, and parse_generic.go does the
// same in Go. "!!!" marks where they differ from it.
//
// indexSSE42 reads line by line
//
// Where a line begins depends on where the one before it ends, so the ends have to be
// found quickly. Compares mark the bytes of a block of 16 that may end a line, and the
// first mark is examined. Nothing waits for what is inside a line. There PCMPESTRI finds
// the colon, as in picohttpparser: it returns the first byte that is not tchar. Its
// latency is long, but meanwhile the processor has moved on to the ends of later lines.
//
//	for each line
//	        if it is empty
//	                return complete
//	        end = first byte that is not SP, VCHAR, obs-text or HTAB
//	        if end does not point to CRLF
//	                stop before the line
//	        colon = first byte that is not tchar
//	        if it is not a colon, or the name is empty
//	                stop before the line
//	        settle the line
//
// In a start-line every byte that is not VCHAR is marked. The first mark ends the first
// word, the second mark ends the second.
//
// indexAVX2 and indexAVX512 work in two stages
//
// The first stage, the search, finds the ends of all lines, 64 bytes at a time. It turns
// each block into two words of 64 bits, one for control characters (ctl) and one for LF
// (lf), and computes with those. If nothing is odd, it branches only on the line ends in
// the block.
//
//	bytes   H o s t : SP h CR LF A : 1 CR LF CR LF
//	ctl     . . . . . .  . 1  1  . . . 1  1  1  1
//	lf      . . . . . .  . .  1  . . . .  1  .  1
//	cr      . . . . . .  . 1  .  . . . 1  .  1  .    ctl without lf
//	cr<<1   . . . . . .  . .  1  . . . .  1  .  1    must equal lf
//	lf<<1   . . . . . .  . .  .  1 . . .  .  1  .    must not meet ctl: odd
//
//	for each block until a bit is odd
//	        for each LF before the odd bit
//	                x.end = where its CR should be
//
// Each compare has one bound and is signed, so HTAB (below SP) and obs-text (negative) look
// like control characters. A block with an odd bit outside the empty line is therefore
// searched again, exactly. An odd bit that remains is in a line that no kernel settles.
//
// The second stage, the walk, goes over the lines. A line depends on another only for where
// it begins, and the search has found that. So the processor works on several lines at
// once:
//
//	for each line, while x.end has an end for it
//	        stop if end does not point to CRLF
//	        mark = first byte of the line that is not tchar
//	        stop if it is not a colon, or is the first byte
//	if the next line is empty
//	        return complete
//
// A line that begins in the last 64 bytes of b (the window) does not have 64 bytes to
// load. For these lines, one pass finds the bytes of the window that are not tchar.
//
// If b has fewer than 64 bytes, it is one block, and both stages keep it in registers
// (short). That path handles only a complete head with nothing odd before its empty line.
// For any other, indexAVX512 starts again from the beginning, and indexAVX2 leaves b to
// indexSSE42, to which it also leaves fewer than 32 bytes (!!! nothing is settled until
// then).
//
// No load reads outside b (TestKernelsAgree checks this with guard pages). A block is
// loaded only after a compare has shown that it fits: i against full, last or window, or
// length against 160, 64, 32 or minHead. The tail is read by a load that ends where b ends,
// or under a mask. A line's end comes before an LF, so two bytes can be read there.
//
// Both kernels include lines_amd64.h, the part of their code that is the same.

// Registers of all kernels. + marks a value that stays in its register.
#define base   SI  // + &b[0]
#define length R8  // len(b); loaded again after the search, which uses the register
#define idx    DI  // + x
#define line   R12 // x.next, where the current line begins
#define i      BX  // the offset at which b is read
#define end    R13 // where the line ends

// The following are those of indexAVX2 and indexAVX512. Each stage has its own names, which
// may stand for the same registers. Y0 to Y3, Y12 and Y13, Y4 to Y7 on the path short, Z0
// to Z2 and K1 to K6 are scratch.

// The search.
#define ends   R10 // how many ends are found: x.end[:ends]
#define full   R13 // + the last offset where a whole block can be loaded
#define lf     CX  // the LF of a block, one bit for each byte
#define ctl    DX  // the control characters of a block
#define cr     AX  // those that are not LF
#define crIn   R14 // 1 if the byte before the block is in cr
#define lfIn   R15 // 1 if the byte before the block is LF
#define last63 R9  // + 63
#define before R9  // in the tail: how many bytes of the window come before i
#define odd    R8  // the odd bits
#define again  R8  // the offset of the block that is searched again
#define rest   R8  // in the tail: how many bytes of b are left
#define tmp    R11
#define count  DX  // how many LF are in the block

// The walk.
#define k        R11 // x.n, the line that is walked
#define window   R9  // + the offset of the last 64 bytes of b; 0 if b has fewer
#define nonTchar AX  // + the bytes of the window that are not tchar
#define mark     CX  // where the name ends; before, the bits to find it
#define word     DX  // where the first word ends
#define pair     R14 // the two bytes at a line end
#define key      R14 // of the name
#define shift    R14 // how many bytes of the window come before what is read
#define scratch  R14
#define nameLen  BX  // the length of a name

// The walk if b has fewer than 64 bytes. Bits and offsets are those of b, as line is 0.
#define nonVchar  DX  // the bytes that are not VCHAR
#define firstEnd  R14 // where the first word ends
#define secondEnd DX  // where the second word ends
#define nonTchars R13 // + the bytes of b that are not tchar
#define colon     AX  // where the name ends
#define lineLF    R15 // the LF of the line
#define lineCR    R14 // the CR of the line

// ROW defines 64 copies of one byte.
#define ROW(name, byte) \
	DATA name<>+0(SB)/8, $byte \
	DATA name<>+8(SB)/8, $byte \
	DATA name<>+16(SB)/8, $byte \
	DATA name<>+24(SB)/8, $byte \
	DATA name<>+32(SB)/8, $byte \
	DATA name<>+40(SB)/8, $byte \
	DATA name<>+48(SB)/8, $byte \
	DATA name<>+56(SB)/8, $byte \
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

// For PCMPESTRI: the first byte and the last of each range.

// All but tchar: CTL, SP, DQUOTE and (),/:;<=>?@[\]{} DEL obs-text. The last range
// also has two that are tchar, "|" and "~".
DATA notTcharSet<>+0(SB)/8, $"\x00\x20\"\"(),,"
DATA notTcharSet<>+8(SB)/8, $"//:@[]{\xff"
GLOBL notTcharSet<>(SB), RODATA|NOPTR, $16

// All but VCHAR, obs-text, SP and HTAB. The last range fills the row.
DATA controlSet<>+0(SB)/8, $"\x00\x08\x0a\x1f\x7f\x7f\x7f\x7f"
DATA controlSet<>+8(SB)/8, $"\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f"
GLOBL controlSet<>(SB), RODATA|NOPTR, $16

// For PSHUFB: the 16 bytes at moveDown+k move bytes k to 15 of a block to its front,
// followed by zeros.
DATA moveDown<>+0(SB)/8, $"\x00\x01\x02\x03\x04\x05\x06\x07"
DATA moveDown<>+8(SB)/8, $"\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
DATA moveDown<>+16(SB)/8, $"\x80\x80\x80\x80\x80\x80\x80\x80"
DATA moveDown<>+24(SB)/8, $"\x80\x80\x80\x80\x80\x80\x80\x80"
GLOBL moveDown<>(SB), RODATA|NOPTR, $32

// For VPSHUFB: a byte with the high digit h and the low digit l is tchar if byte l of
// tcharLow and byte h of tcharHigh share a bit. Byte h of tcharHigh has bit h, and is 0 for
// obs-text.
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

// For VPERMI2B, which uses the lower seven bits: 0xff where a byte is not tchar.
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
// It differs from indexGeneric in these places:
//
//  1. Fewer than 16 bytes at the end of b are read by a load that ends where b ends, and
//     the bytes before them are shifted out. The load stays within b, because a kernel
//     settles nothing in a b shorter than minHead.
//  2. Each compare has one bound and is signed. That saves instructions, but also marks
//     HTAB, which is below SP, and obs-text, which is negative. A line that has any is
//     searched again for its end.
//  3. The bytes that are not tchar form ten ranges, and PCMPESTRI takes at most eight. It
//     also finds "|" and "~", which are skipped.
//
// On a CPU without BMI1, TZCNT runs as BSF. The result is the same, as no mask is 0.

#define last   R9  // + len(b) - 16, the last offset where a block can be loaded
#define n      R10 // x.n; not needed in the start-line
#define word1  R10 // where the first word ends, 0 until it is found
#define word2  R11 // where the second word ends, 0 until it is found
#define mask   R14 // the marks of a block, one bit for each byte
#define place  CX  // where in a block PCMPESTRI found a byte
#define clear  CX  // mask - 1, which clears its lowest bit
#define byte0  CX  // the byte at end, sign-extended
#define both   CX  // the two bytes at a line end
#define size   CX  // the length of a name, or an offset within the tail
#define ranges AX  // + 16, the length of a set   (PCMPESTRI)
#define sixteen DX  // + 16, the length of a block (PCMPESTRI)

#define block    X0 // 16 bytes of b
#define marks    X1
#define moves    X2
#define spaces   X5 // + SP
#define visibles X6 // + "!", the first VCHAR
#define dels     X7 // + DEL
#define notTchar X8 // + ends a field name (PCMPESTRI)
#define control  X9 // ends a line         (PCMPESTRI)

// mask = the bytes of block that are below the bound, as signed numbers, or DEL
// !!! 2
#define MARK_BELOW(bound) \
	MOVOA    bound, marks \
	PCMPGTB  block, marks \
	PCMPEQB  dels, block \
	POR      marks, block \
	PMOVMSKB block, mask

// mask = the marks of the last 16 bytes of b without those before i, which is after
// last; goto none if there are none
// !!! 1
#define MARK_TAIL_BELOW(bound, none) \
	MOVOU (base)(last*1), block \
	MARK_BELOW(bound) \
	MOVQ  i, size \
	SUBQ  last, size \
	CMPQ  size, $16 \
	JGE   none \
	SHRL  size, mask \
	JEQ   none

// block = the bytes from i to the end of b (fewer than 16), followed by zeros
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
	// Go from mark to mark: first in the words, then after them.
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
	LEAL   -1(mask), clear
	ANDL   clear, mask
	ADDQ   i, word1
	CMPQ   word1, line
	JEQ    return
	CMPB   (base)(word1*1), $' '
	JNE    return

secondWord:
	TESTL  mask, mask
	JEQ    startBlock
	TZCNTL mask, word2
	LEAL   -1(mask), clear
	ANDL   clear, mask
	ADDQ   i, word2
	LEAQ   1(word1), size
	CMPQ   word2, size
	JEQ    return
	MOVQ   word2, end
	JMP    startByte

startRest:
	TESTL  mask, mask
	JEQ    startBlock
	TZCNTL mask, end
	LEAL   -1(mask), clear
	ANDL   clear, mask
	ADDQ   i, end

startByte:
	MOVBLSX (base)(end*1), byte0
	CMPL   byte0, $'\r'
	JEQ    startEnd
	CMPL   byte0, $' '
	JEQ    startRest
	CMPL   byte0, $'\t'
	JEQ    startRest
	TESTL  byte0, byte0
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
	MOVL  $16, sixteen

fieldLine:
	LEAQ    2(line), i
	CMPQ    i, length
	JGT     stop
	MOVWLZX (base)(line*1), both
	CMPL    both, $0x0a0d
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
	MOVWLZX (base)(end*1), both
	CMPL    both, $0x0a0d
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
	MOVQ i, size
	SUBQ line, size
	JEQ  stop
	MOVBLZX (base)(line*1), key
	LEAL (size)(key*8), key
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
	// The line's CR is in the tail, so something is found.
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
	MOVBLSX both, byte0
	TESTL   byte0, byte0
	JLT     exactEnd // obs-text
	CMPL    byte0, $'\t'
	JNE     stop

exactEnd:
	MOVOU controlSet<>(SB), control

exactBlock:
	CMPQ      i, last
	JGT       exactTail
	PCMPESTRI $4, (base)(i*1), control
	LEAQ      16(i), i
	JCC       exactBlock
	LEAQ      -16(i)(place*1), end
	JMP       lineEnd

exactTail:
	// If b has no other match, a zero that LOAD_TAIL appends is found. Then lineEnd stops,
	// because the line is not complete.
	LOAD_TAIL
	PCMPESTRI $4, block, control
	LEAQ      (i)(place*1), end
	JMP       lineEnd

// The two stages.

// odd = cr not followed by LF, LF not preceded by cr, and control characters after LF
#define FIND_ODD \
	ANDNQ ctl, lf, cr \
	LEAQ  (crIn)(cr*2), odd \
	LEAQ  (lfIn)(lf*2), tmp \
	XORQ  lf, odd \
	ANDQ  ctl, tmp \
	ORQ   tmp, odd

// FIND_ODD_SHORT is FIND_ODD if b has fewer than 64 bytes. On entry, odd marks each CR after
// an LF. Afterwards tmp marks what is odd through the first of these and the byte after it,
// and lf the line ends before it. ZF is set if tmp is 0.
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
#define yBound   Y6  // + 0x21: a byte plus 1 is below it if it is ctl, obs-text or DEL
#define yLow     Y7  // + tcharLow
#define yHigh    Y8  // + tcharHigh
#define yNibble  Y9  // + 0x0f
#define yZero    Y10 // + 0
#define yBoundV  Y11 // + 0x22: a byte plus 1 is below it if it is not VCHAR

// not = 0xff for the bytes that are not tchar. VPSHUFB gives 0 for obs-text.
#define NOT_TCHAR(not, high) \
	VPSRLW   $4, not, high \
	VPSHUFB  not, yLow, not \
	VPAND    yNibble, high, high \
	VPSHUFB  high, yHigh, high \
	VPAND    high, not, not \
	VPCMPEQB yZero, not, not

// bits = the high bits of two rows of 32 bytes
#define BITS(first, second, bits, tmp) \
	VPMOVMSKB first, bits \
	VPMOVMSKB second, tmp \
	SHLQ      $32, tmp \
	ORQ       tmp, bits

// BITS of rows that overlap: the second begins at byte up
#define BITS_FROM(first, second, bits, up, tmp) \
	VPMOVMSKB first, bits \
	VPMOVMSKB second, tmp \
	SHLXQ     up, tmp, tmp \
	ORQ       tmp, bits

// lf, ctl = the LF and the control characters of the 64 bytes in Y0 and Y1. A signed
// compare with one bound also takes HTAB and obs-text for control characters (!!! see
// oddBlock).
#define CLASSIFY \
	VPCMPEQB yLF, Y0, Y2 \
	VPCMPEQB yLF, Y1, Y3 \
	VPADDB   yOne, Y0, Y0 \
	VPADDB   yOne, Y1, Y1 \
	VPCMPGTB Y0, yBound, Y0 \
	VPCMPGTB Y1, yBound, Y1 \
	BITS(Y2, Y3, lf, tmp) \
	BITS(Y0, Y1, ctl, tmp)

// mark = the bytes that are not VCHAR, of the 64 at offset at. ZF is set if there are none.
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
	// The window, without the bytes that the search has seen. After oddAgain nothing is left.
	MOVQ b_len+8(FP), length
	CMPQ i, length
	JGE  walk
	VMOVDQU -64(base)(length*1), Y0
	VMOVDQU -32(base)(length*1), Y1
	MOVQ i, before
	SUBQ full, before
	CLASSIFY
	SHRXQ before, lf, lf
	SHRXQ before, ctl, ctl
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
	JAE     lastLine
	TESTQ   k, k
	JNE     fieldLine

startLine:
	VMOVDQU visible1Row<>(SB), yBoundV
	MOVL    index_end(idx), end
	MOVWLZX (base)(end*1), pair
	CMPL    pair, $0x0a0d
	JNE     stop
	MOVQ    line, word

firstWord:
	// mark = the bytes that are not VCHAR, of the 64 from word on
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
	JAE    lastLine

fieldLine:
	CMPQ    line, window
	JGE     windowLine
	VMOVDQU (base)(line*1), Y0
	MOVL    index_end(idx)(k*4), end
	NOT_TCHAR(Y0, Y2)
	MOVWLZX (base)(end*1), pair
	CMPL    pair, $0x0a0d
	JNE     stop
	VPMOVMSKB Y0, mark
	TZCNTQ  mark, mark
	JEQ     lastLine // the empty line, or an empty name
	JCS     longName
	MOVBLZX (base)(line*1), key
	LEAL    (mark)(key*8), key
	MOVB    key, index_key-1(idx)(k*1)
	ADDQ    line, mark
	CMPB    (base)(mark*1), $':'
	JNE     stop

fieldNameEnd:
	MOVL mark, index_mark(idx)(k*4)
	LEAQ 2(end), line
	INCQ k
	CMPQ k, ends
	JB   fieldLine
	JMP  lastLine

short:
	// The first 32 bytes and the last 32, which overlap by 64-len(b).
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
	VPMOVMSKB Y2, nonVchar // of the first 32 bytes; both words must end there
	VMOVDQU tcharLow<>(SB), yLow
	VMOVDQU tcharHigh<>(SB), yHigh
	VMOVDQU nibbleRow<>(SB), yNibble
	VPXOR yZero, yZero, yZero
	NOT_TCHAR(Y0, Y3)
	NOT_TCHAR(Y1, Y4)
	BITS_FROM(Y0, Y1, nonTchars, i, tmp)

#include "lines_amd64.h"

complete:
	MOVB $1, complete+32(FP)

stop:
	MOVL line, index_next(idx)
	MOVL k, index_n(idx)

return:
	VZEROUPPER
	RET

shortOdd:
	VZEROUPPER
	JMP ·indexSSE42(SB)

firstWordNext:
	ADDQ $64, word
	JMP  firstWord

firstWordTail:
	NOT_VCHAR(window)
	MOVQ     word, shift
	SUBQ     window, shift
	SHRXQ    shift, mark, mark
	JMP      firstWordEnd

secondWordNext:
	// i is the offset of the first byte that mark covered.
	ADDQ     $64, i
	CMPQ     i, window
	JGE      secondWordTail
	NOT_VCHAR(i)
	JEQ      secondWordNext
	JMP      secondWordEnd

secondWordTail:
	NOT_VCHAR(window)
	MOVQ     i, shift
	SUBQ     window, shift
	SHRXQ    shift, mark, mark
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
	JMP     longNameEnd

oddBlock:
	// If the first odd byte is a CR after LF, the head ends there or the line is not
	// canonical, and the search is over.
	TZCNTQ  odd, tmp
	ADDQ    i, tmp
	CMPQ    tmp, b_len+8(FP)
	JGE     searched
	MOVWLZX -1(base)(tmp*1), tmp
	CMPL    tmp, $0x0d0a
	JEQ     searched

	// !!! Compute ctl of the block or the window exactly.
	MOVQ     i, again
	CMPQ     i, full
	CMOVQGT  full, again
	VMOVDQU  (base)(again*1), Y0
	VMOVDQU  32(base)(again*1), Y1
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
	SUBQ     again, tmp
	SHRXQ    tmp, ctl, ctl

	JMP      oddExact

// indexAVX512
//
// !!! If b has 64 to 159 bytes, indexAVX2 does the work.
//
// !!! Line ends are stored 16 at a time, and x.end has room for them after the table. A
// canonical line has at least four bytes. So if a block has 17 LF, one of them ends a line
// that no kernel settles, and such a line begins right after the 16th LF at the latest.

#define zLF     Z16 // + LF
#define zOne    Z17 // + 1
#define zBound  Z18 // + 0x21: a byte plus 1 is below it if it is ctl, obs-text or DEL
#define zPlaces Z19 // + 0, 1, 2 ... 63
#define zWhere  Z20 // where the block begins, less 1
#define z64     Z21 // + 64
#define zRow0   Z22 // + 0xff where a byte is not tchar, of %x00-3F
#define zRow1   Z23 // + 0xff where a byte is not tchar, of %x40-7F
#define zWindow Z24 // + the window, or all of b followed by zeros

// x.end[ends:] = the offsets before the LF in lf, which are the lowest bits of K1.
// VPCOMPRESSB waits for the old value of its destination. So the destination is Z1, which
// was written for this block anyway.
#define STORE_ENDS \
	VPCOMPRESSB.Z zPlaces, K1, Z1 \
	VPMOVZXBD     X1, Z1 \
	POPCNTQ       lf, count \
	VPADDD        zWhere, Z1, Z1 \
	VMOVDQU32     Z1, index_end(idx)(ends*4) \
	ADDQ          count, ends

// K1, bits = where the bytes of Z0, plus 1, are below the bound
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
	MOVQ b_len+8(FP), rest
	SUBQ i, rest
	JLE  walk // negative after oddAgain
	MOVQ  $-1, tmp
	BZHIQ rest, tmp, tmp
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
	JAE   lastLine
	TESTQ k, k
	JNE   fieldLine

startLine:
	MOVL    index_end(idx), end
	MOVWLZX (base)(end*1), pair
	CMPL    pair, $0x0a0d
	JNE     stop
	CMPQ    line, window
	JGE     startTail
	VMOVDQU64 (base)(line*1), Z0
	BELOW(visible1Row<>(SB), mark)

words:
	// mark = the bytes that are not VCHAR, of the 64 from line on
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
	JAE  lastLine

fieldLine:
	CMPQ      line, window
	JGE       windowLine
	MOVL      index_end(idx)(k*4), end
	VMOVDQU64 (base)(line*1), Z1
	VMOVDQA64 Z1, Z0
	VPERMI2B  zRow1, zRow0, Z0
	VPORQ     Z1, Z0, Z0 // obs-text
	VPMOVB2M  Z0, K1
	MOVWLZX   (base)(end*1), pair
	CMPL      pair, $0x0a0d
	JNE       stop
	KMOVQ     K1, mark
	TZCNTQ    mark, mark
	JEQ       lastLine // the empty line, or an empty name
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
	JMP  lastLine

short:
	CMPQ  length, $const_minHead
	JLT   return
	MOVQ  $-1, tmp
	BZHIQ length, tmp, tmp
	KMOVQ tmp, K1
	VMOVDQU8.Z (base), K1, zWindow
	MOVL  index_n(idx), k
	ORQ   line, k
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
	KMOVQ K5, nonVchar

#include "lines_amd64.h"

complete:
	MOVB $1, complete+32(FP)

stop:
	MOVL line, index_next(idx)
	MOVL k, index_n(idx)

return:
	VZEROUPPER
	RET

small:
	// For so few blocks, loading the constants costs more than they save.
	CMPQ length, $64
	JLT  short
	JMP  ·indexAVX2(SB)

shortOdd:
	MOVQ b_len+8(FP), length
	XORL line, line
	JMP  load

crowded:
	// Keep the first 16. The walk stops after them at the latest.
	SUBQ count, ends
	ADDQ $16, ends
	JMP  walk

oddBlock:
	KXNORQ K3, K3, K3

oddTail:
	// If the first odd byte is a CR after LF, the head ends there or the line is not
	// canonical, and the search is over.
	TZCNTQ  odd, tmp
	ADDQ    i, tmp
	CMPQ    tmp, b_len+8(FP)
	JGE     searched
	MOVWLZX -1(base)(tmp*1), tmp
	CMPL    tmp, $0x0d0a
	JEQ     searched

	// !!! Compute ctl exactly.
	VPCMPUB  $1, spaceRow<>(SB), Z0, K3, K2
	VPCMPB   $4, tabRow<>(SB), Z0, K2, K2
	VPCMPEQB delRow<>(SB), Z0, K3
	KORQ     K3, K2, K2
	KMOVQ    K2, ctl
	JMP      oddExact

startTail:
	VMOVDQA64 zWindow, Z0
	BELOW(visible1Row<>(SB), mark)
	MOVQ  line, shift
	SUBQ  window, shift
	SHRXQ shift, mark, mark
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
	// Search the second word again, from its beginning.
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
	MOVQ  word, shift
	SUBQ  window, shift
	SHRXQ shift, mark, mark
	JMP   longWordEnd

longTargetTail:
	VMOVDQA64 zWindow, Z0
	BELOW(visible1Row<>(SB), mark)
	MOVQ  i, shift
	SUBQ  window, shift
	SHRXQ shift, mark, mark
	JMP   longTargetEnd

longName:
	// Either all 64 bytes are tchar, or the name ends at a byte that is not a colon.
	MOVQ mark, nameLen
	SUBQ line, nameLen
	CMPQ nameLen, $64
	JLT  stop
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
	JMP       longNameEnd
