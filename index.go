package picohttp

// An index locates the lines of one message head in the caller's bytes. It holds offsets, not
// pointers: assembly fills it without write barriers, the garbage collector does not scan it,
// and it stays valid if the buffer moves.
//
// Line 0 is the start-line, the others are field lines. Line k begins two bytes after end[k-1].
// In a head without deviations these two are CRLF; for the others see Head.place. The first part
// of a line, a field name or the first word of the start-line, ends at mark[k]. In a field line,
// that is the offset of the colon. The value is what is between mark[k]+1 and end[k], including
// the whitespace around it.
//
// For "GET / HTTP/1.1\r\nA: b\r\n\r\n", mark is {3, 17}, end is {14, 20}, and word2 is 5.
//
// A lookup by name reads keys instead of names. A key is one byte, so eight of them fit in 64
// bits.
type index struct {
	next  uint32 // everything before it is settled: whole lines
	n     uint32 // number of settled lines
	word2 uint32 // where the second word of the start-line ends
	mark  [tableLines]uint32
	end   [tableLines + endSlack]uint32
	key   [tableFields + 7]uint8 // the key of field line k is at k-1; the last 7 are room for loads
}

const (
	// tableLines is how many lines an index holds: a start-line and 96 field lines. Most heads
	// have fewer than 32. Later lines are located again on each access: see
	// Head.eachPlaceBeyond.
	tableLines  = 1 + tableFields
	tableFields = 96

	// endSlack lets a kernel write 16 ends at a time.
	endSlack = 15

	// minHead is the length of the shortest head, "M / HTTP/1.1" and two CRLF. If b is shorter,
	// a kernel settles nothing. So a kernel can load 16 bytes that end where b ends.
	minHead = 16
)

// keyOf returns the key of a field name: its length plus eight times its first byte, modulo
// 256. It is the same in upper and lower case, and different for most names.
func keyOf(length uint32, first byte) uint8 { return uint8(length) + first<<3 }

// begin returns where line k begins, for k from 1 to x.n: after the line end of the one before.
func (x *index) begin(k uint32) uint32 { return x.end[k-1] + 2 }

// fieldsFrom makes x an index whose first line is a field line that begins at next.
func (x *index) fieldsFrom(next uint32) {
	x.next, x.n = next, 1
	x.end[0] = next - 2 // modulo 2^32: only begin uses it
}

// The kernel contract. A kernel is a function
//
//	func index<ISA>(b []byte, x *index) (complete bool)
//
//  1. It settles the canonical lines of b from x.next on, in order, and advances x.next past
//     each. It stores them in x.mark[x.n], x.end[x.n] and x.key[x.n-1]; the start-line has
//     x.word2 instead of a key. It returns true after the empty line. It stops and returns
//     false at the first line that is not canonical, that is not entirely in b, or that does
//     not fit in the table.
//  2. All kernels return the same value and leave the same x, bit for bit. (Entries for lines
//     from x.n on are scratch: a kernel may have written them.)
//  3. It reads no byte outside b and writes only to *x.
//  4. It does not decide whether the line at which it stops is malformed or merely unfinished.
//     The reference decides that, from x.next on.
//
// A kernel does not distinguish requests, responses and trailer sections.
//
// A field line is canonical if it matches RFC 9112, section 5, without obs-fold:
//
//	1*tchar ":" *( VCHAR / obs-text / SP / HTAB ) CRLF
//
// A start-line is canonical if it begins with two words and one SP between them:
//
//	1*VCHAR SP 1*VCHAR *( VCHAR / obs-text / SP / HTAB ) CRLF
//
// The second word is the longest possible run of VCHAR. A kernel does not check what the words
// mean: they are method and request-target in a request-line, HTTP-version and status-code in a
// status-line.
//
// The callers of a kernel guarantee x.next <= len(b) <= maxOffset and x.n <= tableLines.

// A KernelInfo describes a kernel: one implementation of the inner loop of the parser.
type KernelInfo struct {
	Name     string // "avx512", "avx2", "sse42", "neon" or "generic"
	Requires string // the CPU features it needs, "" if none
	Runs     bool   // whether this CPU has them and GODEBUG has not switched them off
}

var genericKernel = KernelInfo{Name: "generic", Runs: true}
