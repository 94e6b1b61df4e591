//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// moveRunSSE2 keeps the contract of moveRunGeneric in chunk_generic.go. A chunk is
//
//	chunk-size line | data | CRLF
//	src               src+lineLen  src+lineLen+size
//
// and its data is moved to dst, which is at a lower address. No byte is overwritten before
// it is read: the data is copied from low to high addresses, 16 bytes at a time, and the
// last 16, which overlap those before, are read first. It writes only the size bytes from
// dst on, and reads only the chunk. A chunk has at least 22 bytes, so 8 can be read where
// its line begins.
//
// Registers. + is loaded once.
#define dst      DI
#define src      SI
#define nextLine R15 // where the next chunk begins
#define lastTo   BX  // where the last 16 bytes go
#define chunk    DX  // how many chunks are moved
#define lastFrom CX  // + the last place where a whole chunk may begin
#define word     R8  // + the line
#define mask     R9  // + which bytes of word are the line
#define lineLen  R10 // + the length of the line
#define size     R11 // + chunk-size
#define whole    R12 // + the length of a chunk
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
	LEAQ 2(lineLen)(size*1), whole
	SUBQ whole, lastFrom
	LEAQ -16(size), last
	XORL chunk, chunk

nextChunk:
	// Continue while src <= lastFrom, the line is word, and CRLF follows the data.
	CMPQ  src, lastFrom
	JHI   done
	MOVQ  (src), tmp
	XORQ  word, tmp
	TESTQ mask, tmp
	JNE   done
	LEAQ  (src)(whole*1), nextLine
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
