//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// The contract is that of moveRunGeneric in chunk_generic.go. A chunk is
//
//	chunk-size line | data | CRLF
//	SI              SI+lineLen  SI+lineLen+size
//
// and its data goes to DI, which is below. No octet is written over before it is
// read: they are copied upwards, 16 at a time, and the last 16, which overlap with
// those before, are read first. Nothing is written but size octets from DI on, and
// nothing is read outside the chunk: it has 21 octets at least, so 8 can be read
// where its line begins.
//
// Registers (+: loaded once)
#define dst      DI
#define src      SI
#define nextLine R15 // where the chunk behind this one begins
#define lastTo   BX  // where the last 16 octets go
#define chunk    DX  // chunks moved
#define lastFrom CX  // + the last place where a whole chunk may begin
#define word     R8  // + the line
#define mask     R9  // + which octets of word are the line
#define lineLen  R10 // + octets of the line
#define size     R11 // + chunk-size
#define octets   R12 // + octets of a chunk
#define last     R13 // + size - 16
#define tmp      AX

// func moveRunSSE2(b []byte, to, from int, r run) (chunks int)
// Requires: SSE2, which every amd64 has.
TEXT ·moveRunSSE2(SB), NOSPLIT, $0-80
	MOVQ b_base+0(FP), tmp
	MOVQ b_len+8(FP), lastFrom
	MOVQ to+24(FP), dst
	MOVQ from+32(FP), src
	MOVQ r_word+40(FP), word
	MOVQ r_mask+48(FP), mask
	MOVQ r_n+56(FP), lineLen
	MOVQ r_size+64(FP), size
	ADDQ tmp, lastFrom
	ADDQ tmp, dst
	ADDQ tmp, src
	LEAQ 2(lineLen)(size*1), octets
	SUBQ octets, lastFrom
	LEAQ -16(size), last
	XORL chunk, chunk

nextChunk:
	// for src <= lastFrom && the line is word && CRLF is behind the data
	CMPQ  src, lastFrom
	JHI   done
	MOVQ  (src), tmp
	XORQ  word, tmp
	TESTQ mask, tmp
	JNE   done
	LEAQ  (src)(octets*1), nextLine
	CMPW  -2(nextLine), $0x0a0d // CRLF
	JNE   done

	ADDQ  lineLen, src
	MOVOU (src)(last*1), X0
	LEAQ  (dst)(last*1), lastTo

nextBlock:
	MOVOU (src), X1
	MOVOU X1, (dst)
	ADDQ  $16, src
	ADDQ  $16, dst
	CMPQ  dst, lastTo
	JCS   nextBlock
	MOVOU X0, (lastTo)

	LEAQ 16(lastTo), dst
	MOVQ nextLine, src
	INCQ chunk
	JMP  nextChunk

done:
	MOVQ chunk, chunks+72(FP)
	RET
