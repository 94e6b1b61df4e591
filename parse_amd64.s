//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// The kernels of amd64: see index.go for what they promise, parse_generic.go
// for the same in Go.
//
// indexSSE42
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
// It departs from indexGeneric in these places, marked !!! below:
//
//  1. Fewer than 16 octets at the end of b are loaded by a load that ends where
//     b ends, and what comes before them is shifted out. Such a load stays in b,
//     as a kernel leaves a b shorter than minHead alone. (TestGuardPages)
//  2. Compares are signed, which saves an instruction, and marks HTAB and
//     obs-text too. A line that has any is searched again for its end.
//  3. What is not tchar is ten ranges, and PCMPESTRI has eight: "|" and "~" are
//     found with them, and passed over.

// Registers. + is loaded once.
#define base   SI  // + &b[0]
#define length R8  // + len(b)
#define last   R9  // + len(b) - 16, the last offset where a block can be loaded
#define idx    DI  // + x
#define n      R10 // x.n
#define line   R12 // x.next, where the line that is read begins
#define i      BX  // the offset that is looked at
#define end    R13 // the end of the line
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

#define OCTETS16(name, octet) \
	DATA name<>+0(SB)/8, $octet \
	DATA name<>+8(SB)/8, $octet \
	GLOBL name<>(SB), RODATA|NOPTR, $16

OCTETS16(space, 0x2020202020202020)
OCTETS16(visible, 0x2121212121212121)
OCTETS16(del, 0x7f7f7f7f7f7f7f7f)

// The first octet of each range and the last.

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

// mask = the octets of block that are below the bound, as signed numbers, or DEL
// !!! 2
#define MARK_BELOW(bound) \
	MOVOA    bound, marks \
	PCMPGTB  block, marks \
	PCMPEQB  dels, block \
	POR      marks, block \
	PMOVMSKB block, mask

// mask = the marks of the last 16 octets of b without those before i; or goto
// none if there are none
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

// func indexHead(b []byte, x *index) (complete bool)
TEXT ·indexHead(SB), NOSPLIT, $0-33
	CMPB ·useSSE42(SB), $0
	JNE  sse42
	JMP  ·indexGeneric(SB)

sse42:
	JMP ·indexSSE42(SB)

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
	MOVOU del<>(SB), dels
	MOVL  index_next(idx), line
	MOVL  index_n(idx), n
	TESTL n, n
	JNE   fieldLines

startLine:
	// from mark to mark: of the words, then of what is behind them
	MOVOU visible<>(SB), visibles
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
	MOVOU space<>(SB), spaces
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
	CMPQ i, line
	JEQ  stop
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
