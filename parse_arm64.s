//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// The kernel for arm64. index.go says what it promises, and parse_generic.go does the same
// in Go. The kernel has the two stages of indexAVX2, which parse_amd64.s describes: the
// search for the ends of all lines, and the walk over the lines. "!!!" marks where it
// differs from indexGeneric.
//
// Masks without PMOVMSKB
//
// A compare leaves 0xff or 0 in each byte of a register, and NEON has no instruction that
// turns these bytes into bits. It has pairwise addition: ADDP adds neighbors in two
// registers and puts the sums into one. If each byte is first reduced to its own bit of the
// sum, nothing carries, and the sums are the bits side by side:
//
//	bytes      ff 00 00 ff 00 ff ff ff   00 ff ...
//	AND with   01 02 04 08 10 20 40 80   01 02 ...
//	           01 00 00 08 00 20 40 80   00 02 ...
//	ADDP       01    08    20    c0      02    ...     two bits in a byte
//	ADDP       09          e0            02            four
//	ADDP       e9                        02            eight
//
// Three rounds turn four registers into 64 bits, one for each byte, with the first byte in
// the lowest bit. The last round does this for the line ends and the control characters at
// once. For 64 bytes that is 8 AND, 7 ADDP and 2 moves.
//
// For 16 bytes (MARKS) one round yields 64 bits, if each byte is reduced to four bits: 0f f0
// 0f f0 ... The bits of byte k then begin at bit 4k.
//
// RBIT and CLZ find the first bit.
//
// Classes
//
//	ctl   TBX replaces a byte below 0x20 by its entry in a table of 32, and leaves any
//	      other as the compare with DEL left it. The entry of HTAB is 0. So this is
//	      exact, and no block is searched again.
//	tchar TBL looks up one row by the lower half of the byte and one by the upper half.
//	      The byte is not tchar if they have a bit in common.
//	VCHAR The byte minus "!" is at most "~" minus "!".
//
// Fewer than 64 bytes at the end of b
//
// The search loads the last 64 bytes of b, and shifts the bits of the bytes that it has
// already seen out of the masks. The walk does the same with the last 16. If b is shorter
// than 64, the search loads the first 32 bytes and the last 32, and combines their masks. If
// b is shorter than 32, it is left to indexGeneric.

// Registers. + is loaded once.
#define base    R0  // + &b[0]
#define length  R1  // + len(b)
#define idx     R2  // + x
#define endRow  R3  // + x.end
#define line    R4  // x.next, where the current line begins
#define i       R5  // the offset at which b is read
#define lines   R6  // how many ends are found: x.end[:lines]
#define full    R7  // + the last offset where a whole block can be loaded; less than 0 if b has none
#define address R8
#define tmp     R9

// Registers of the search.
#define lf     R10 // the LF of a block, one bit for each byte
#define ctl    R11 // the control characters of a block
#define cr     R12 // those that are not LF
#define crIn   R13 // cr of the block before
#define lfIn   R14 // lf of the block before
#define odd    R15 // the odd bits
#define origin R19 // where the block begins, less 1

// Registers of the walk.
#define k       R10 // x.n, the line that is walked
#define markRow R11 // + x.mark
#define last    R12 // + the last offset where 16 bytes can be loaded
#define end     R13 // where the line ends
#define mark    R14 // where the name ends, or the second word
#define word    R15 // where the first word ends, 0 until it is found
#define bits    R19 // the marks of what is read
#define key     R19 // of the name
#define keyRow  R21 // + x.key, less 1
#define start   R20 // where the 16 bytes are loaded that include those from i on

// Vectors. V0 to V11 are scratch.
#define vLF     V16 // + LF
#define vDEL    V17 // + DEL
#define vCtl0   V18 // + 0xff where a byte is a control character other than HTAB, of %x00-0F
#define vCtl1   V19 // + 0xff where a byte is a control character, of %x10-1F
#define vBit    V20 // + one bit in each byte
#define vLow    V21 // + what is not tchar, by the lower half
#define vHigh   V22 // + what is not tchar, by the upper half
#define vQuad   V23 // + four bits in each byte
#define vNibble V24 // + 0x0f
#define vFirst  V25 // + "!", the first VCHAR
#define vRange  V26 // + how many VCHAR there are

// For TBX.
DATA searchRows<>+0(SB)/8, $"\xff\xff\xff\xff\xff\xff\xff\xff"
DATA searchRows<>+8(SB)/8, $"\xff\x00\xff\xff\xff\xff\xff\xff"
DATA searchRows<>+16(SB)/8, $"\xff\xff\xff\xff\xff\xff\xff\xff"
DATA searchRows<>+24(SB)/8, $"\xff\xff\xff\xff\xff\xff\xff\xff"
DATA searchRows<>+32(SB)/8, $"\x01\x02\x04\x08\x10\x20\x40\x80"
DATA searchRows<>+40(SB)/8, $"\x01\x02\x04\x08\x10\x20\x40\x80"
GLOBL searchRows<>(SB), RODATA|NOPTR, $48

// For TBL. In the first row, bit h of byte l is set if %xhl is not tchar, for h from 2 to 7.
// Bit 0 stands for all other h, which have no tchar. In the second row, byte h has only the
// bit that stands for h. The third row is vQuad.
DATA walkRows<>+0(SB)/8, $"\x15\x01\x05\x01\x01\x01\x01\x01"
DATA walkRows<>+8(SB)/8, $"\x05\x05\x09\xa9\x2d\xa9\x09\x8d"
DATA walkRows<>+16(SB)/8, $"\x01\x01\x04\x08\x10\x20\x40\x80"
DATA walkRows<>+24(SB)/8, $"\x01\x01\x01\x01\x01\x01\x01\x01"
DATA walkRows<>+32(SB)/8, $"\x0f\xf0\x0f\xf0\x0f\xf0\x0f\xf0"
DATA walkRows<>+40(SB)/8, $"\x0f\xf0\x0f\xf0\x0f\xf0\x0f\xf0"
GLOBL walkRows<>(SB), RODATA|NOPTR, $48

// lf, ctl = the LF and the control characters of the 64 bytes in V0 to V3
#define CLASSIFY \
	VCMEQ V0.B16, vLF.B16, V4.B16 \
	VCMEQ V1.B16, vLF.B16, V5.B16 \
	VCMEQ V2.B16, vLF.B16, V6.B16 \
	VCMEQ V3.B16, vLF.B16, V7.B16 \
	VCMEQ V0.B16, vDEL.B16, V8.B16 \
	VCMEQ V1.B16, vDEL.B16, V9.B16 \
	VCMEQ V2.B16, vDEL.B16, V10.B16 \
	VCMEQ V3.B16, vDEL.B16, V11.B16 \
	VTBX  V0.B16, [vCtl0.B16, vCtl1.B16], V8.B16 \
	VTBX  V1.B16, [vCtl0.B16, vCtl1.B16], V9.B16 \
	VTBX  V2.B16, [vCtl0.B16, vCtl1.B16], V10.B16 \
	VTBX  V3.B16, [vCtl0.B16, vCtl1.B16], V11.B16 \
	HALF_SUMS(V4, V5, V6, V7) \
	HALF_SUMS(V8, V9, V10, V11) \
	VADDP V8.B16, V4.B16, V4.B16 \
	VMOV  V4.D[0], lf \
	VMOV  V4.D[1], ctl

// Two of the three rounds, for four registers: v0 = four bits in each byte.
#define HALF_SUMS(v0, v1, v2, v3) \
	VAND  vBit.B16, v0.B16, v0.B16 \
	VAND  vBit.B16, v1.B16, v1.B16 \
	VAND  vBit.B16, v2.B16, v2.B16 \
	VAND  vBit.B16, v3.B16, v3.B16 \
	VADDP v1.B16, v0.B16, v0.B16 \
	VADDP v3.B16, v2.B16, v2.B16 \
	VADDP v2.B16, v0.B16, v0.B16

// odd = cr not followed by LF, LF not preceded by cr, and control characters after LF
#define FIND_ODD \
	BIC  lf, ctl, cr \
	EXTR $63, crIn, cr, odd \
	EXTR $63, lfIn, lf, tmp \
	EOR  lf, odd, odd \
	AND  ctl, tmp, tmp \
	ORR  tmp, odd, odd

// all = the bits of two loads of 32 bytes, the first from byte 0 on, the second from byte tmp on
#define OVERLAP(all) \
	LSR   $32, all, odd \
	MOVWU all, all \
	LSL   tmp, odd, odd \
	ORR   odd, all, all

// v = 0xff where a byte is not VCHAR
#define NOT_VCHAR(v) \
	VSUB  vFirst.B16, v.B16, v.B16 \
	VUMIN vRange.B16, v.B16, v.B16 \
	VCMEQ vRange.B16, v.B16, v.B16

// V0 = 16 bytes of b that include those from i on, which may be fewer; start = where they
// begin
#define LOAD16 \
	CMP  last, i \
	CSEL LT, i, last, start \
	ADD  base, start, address \
	VLD1 (address), [V0.B16]

// bits = the marks in V0 from i on, four bits for each byte
#define MARKS \
	VAND  vQuad.B16, V0.B16, V0.B16 \
	SUB   start, i, start \
	VADDP V0.B16, V0.B16, V0.B16 \
	LSL   $2, start, start \
	VMOV  V0.D[0], bits \
	LSR   start, bits, bits

// bits = the marks of the bytes from i on that are not tchar
#define NAME_MARKS \
	LOAD16 \
	VAND   vNibble.B16, V0.B16, V1.B16 \
	VUSHR  $4, V0.B16, V0.B16 \
	VTBL   V1.B16, [vLow.B16], V1.B16 \
	VTBL   V0.B16, [vHigh.B16], V0.B16 \
	VCMTST V1.B16, V0.B16, V0.B16 \
	MARKS

// first = the number of the first bit
#define FIRST(bits, first) \
	RBIT bits, first \
	CLZ  first, first

// func indexHead(b []byte, x *index) (complete bool)
TEXT ·indexHead(SB), NOSPLIT, $0-33
	MOVBU ·useNEON(SB), tmp
	CBZ   tmp, generic
	B     ·indexNEON(SB)

generic:
	B ·indexGeneric(SB)

// func indexNEON(b []byte, x *index) (complete bool)
// Requires: ASIMD. Works like indexGeneric.
TEXT ·indexNEON(SB), NOSPLIT, $0-33
	MOVD  b_base+0(FP), base
	MOVD  b_len+8(FP), length
	MOVD  x+24(FP), idx
	MOVB  ZR, complete+32(FP)
	CMP   $32, length
	BLT   generic
	MOVWU index_next(idx), line
	MOVWU index_n(idx), lines
	ADD   $index_end, idx, endRow
	SUB   $64, length, full
	CMP   length, line
	BGE   return
	CMP   $const_tableLines, lines
	BHS   walk
	MOVBU (base)(line), tmp
	CMP   $'\n', tmp
	BEQ   return // its end would be before the line
	MOVD  $searchRows<>(SB), address
	VLD1  (address), [vCtl0.B16, vCtl1.B16, vBit.B16]
	VMOVI $'\n', vLF.B16
	VMOVI $0x7f, vDEL.B16
	MOVD  ZR, crIn
	MOVD  ZR, lfIn
	MOVD  line, i
	TBNZ  $63, full, short
	CMP   full, i
	BGT   tail

nextBlock:
	ADD  base, i, address
	VLD1 (address), [V0.B16, V1.B16, V2.B16, V3.B16]
	CLASSIFY
	FIND_ODD
	CBNZ odd, searched
	MOVD cr, crIn
	MOVD lf, lfIn
	SUB  $1, i, origin
	ADD  $64, i
	CBZ  lf, noEnds

blockEnd:
	FIRST(lf, tmp)
	ADD  origin, tmp, tmp
	MOVW tmp, (endRow)(lines<<2)
	ADD  $1, lines
	CMP  $const_tableLines, lines
	BHS  walk
	SUB  $1, lf, tmp
	ANDS tmp, lf, lf
	BNE  blockEnd

noEnds:
	CMP full, i
	BLE nextBlock

tail:
	// The last 64 bytes, without those that the search has seen.
	CMP  length, i
	BGE  walk
	ADD  base, full, address
	VLD1 (address), [V0.B16, V1.B16, V2.B16, V3.B16]
	CLASSIFY
	SUB  full, i, tmp

tailMasks:
	LSR tmp, lf, lf
	LSR tmp, ctl, ctl
	FIND_ODD

searched:
	// Keep the line ends up to the first odd bit. They are the last.
	SUB  $1, odd, tmp
	EOR  tmp, odd, odd
	SUB  $1, i, origin
	MOVD length, i
	ANDS odd, lf, lf
	BNE  blockEnd

walk:
	MOVD  $walkRows<>(SB), address
	VLD1  (address), [vLow.B16, vHigh.B16, vQuad.B16]
	VMOVI $0x0f, vNibble.B16
	VMOVI $'!', vFirst.B16
	VMOVI $('~' - '!' + 1), vRange.B16
	ADD   $index_mark, idx, markRow
	ADD   $(index_key-1), idx, keyRow
	SUB   $16, length, last
	MOVWU index_n(idx), k
	CMP   lines, k
	BHS   lastLine
	CBNZ  k, fieldLine

startLine:
	MOVWU (endRow), end
	MOVHU (base)(end), tmp
	CMP   $0x0a0d, tmp
	BNE   stop
	CMP   full, line
	BGT   words
	ADD   base, line, address
	VLD1  (address), [V0.B16, V1.B16, V2.B16, V3.B16]
	NOT_VCHAR(V0)
	NOT_VCHAR(V1)
	NOT_VCHAR(V2)
	NOT_VCHAR(V3)
	HALF_SUMS(V0, V1, V2, V3)
	VADDP V0.B16, V0.B16, V0.B16
	VMOV  V0.D[0], bits
	FIRST(bits, word)
	SUB   $1, bits, tmp
	ANDS  tmp, bits, bits
	BEQ   words // the 64 bytes do not have both
	FIRST(bits, mark)
	CBZ   word, stop
	ADD   line, word
	ADD   line, mark
	MOVBU (base)(word), tmp
	CMP   $' ', tmp
	BNE   stop

secondWordEnd:
	ADD  $1, word, tmp
	CMP  tmp, mark
	BEQ  stop
	MOVW word, index_mark(idx)
	MOVW mark, index_word2(idx)
	ADD  $2, end, line
	MOVD $1, k
	CMP  lines, k
	BHS  lastLine

fieldLine:
	MOVWU (endRow)(k<<2), end
	MOVD  line, i
	NAME_MARKS
	MOVHU (base)(end), tmp
	CMP   $0x0a0d, tmp
	BNE   stop
	CBZ   bits, longName
	FIRST(bits, mark)
	LSR   $2, mark, mark
	CBZ   mark, lastLine // the empty line, or an empty name
	ADD   line, mark

fieldNameEnd:
	MOVBU (base)(mark), tmp
	CMP   $':', tmp
	BNE   stop
	MOVBU (base)(line), tmp
	SUB   line, mark, key
	ADD   tmp<<3, key, key
	MOVB  key, (keyRow)(k)
	MOVW  mark, (markRow)(k<<2)
	ADD   $2, end, line
	ADD   $1, k
	CMP   lines, k
	BLO   fieldLine

// The last line that is walked is the empty line, or one that this call does not settle.
lastLine:
	ADD   $2, line, i
	CMP   length, i
	BGT   stop
	MOVHU (base)(line), tmp
	CMP   $0x0a0d, tmp
	BNE   stop
	MOVD  i, line
	MOVD  $1, tmp
	MOVB  tmp, complete+32(FP)

stop:
	MOVW line, index_next(idx)
	MOVW k, index_n(idx)

return:
	RET

short:
	// The first 32 bytes and the last 32, which overlap by 64-len(b).
	VLD1 (base), [V0.B16, V1.B16]
	ADD  $32, full, tmp
	ADD  base, tmp, address
	VLD1 (address), [V2.B16, V3.B16]
	CLASSIFY
	OVERLAP(lf)
	OVERLAP(ctl)
	MOVD i, tmp
	B    tailMasks

words:
	// !!! Search 16 bytes at a time.
	MOVD ZR, word
	MOVD line, i

wordBlock:
	LOAD16
	NOT_VCHAR(V0)
	MARKS
	CBZ  bits, nextWordBlock
	FIRST(bits, mark)
	ADD  mark>>2, i, mark
	CBNZ word, secondWordEnd
	CMP  line, mark
	BEQ  stop
	MOVBU (base)(mark), tmp
	CMP  $' ', tmp
	BNE  stop
	MOVD mark, word
	ADD  $1, mark, i
	B    wordBlock

nextWordBlock:
	ADD $16, i
	B   wordBlock

longName:
	// A byte that is not tchar follows, as the line has an end.
	ADD $16, i
	NAME_MARKS
	CBZ bits, longName
	FIRST(bits, mark)
	ADD mark>>2, i, mark
	B   fieldNameEnd

generic:
	B ·indexGeneric(SB)
