package picohttp

// An index locates the parts of one message head in the caller's bytes. It
// holds offsets, not pointers: assembly fills it without write barriers, the
// garbage collector does not scan it, and it survives a buffer that moves.
type index struct {
	next  uint32 // everything before is settled: whole canonical lines
	n     uint32 // field lines settled
	word1 uint32 // end of the start-line's first word
	word2 uint32 // end of the start-line's second word
	start uint32 // end of the start-line; 0 while it is not settled
	field [tableFields]span
}

// A span locates a field line: its name is b[name:colon], its value, without
// the OWS around it, b[value:end].
type span struct{ name, colon, value, end uint32 }

const (
	// tableFields is how many field lines an index holds. Most heads have
	// fewer than 32; those with more than 64 are located again when they
	// are asked for (see head.Field).
	tableFields = 64

	// minHead is the length of the shortest head, "M / HTTP/1.1" and two
	// CRLF, and a promise to kernels: a shorter b settles nothing, so 16
	// octets may be loaded wherever they end inside b.
	minHead = 16

	// noStartLine in index.start says that the lines are field lines from
	// the first: a trailer section, or a further table of a long head.
	noStartLine = 1<<32 - 1
)

// The kernel contract. A kernel is a function
//
//	func index<ISA>(b []byte, x *index) (complete bool)
//
//  1. It settles the canonical lines of b from x.next on, in order: the
//     start-line first if x.start is 0, then field lines into x.field[x.n],
//     and moves x.next behind each. It stops behind the empty line and answers
//     true; or it stops before the first line that is not canonical, is not
//     all in b, or finds x.field full, and answers false.
//  2. All kernels answer the same and leave the same x, bit for bit. (Entries
//     of x.field from x.n on are scratch: a kernel may have written them.)
//  3. It reads no octet outside b and writes nothing but *x.
//  4. It decides nothing about the line it stopped at: not whether it is
//     malformed, nor whether it is merely unfinished. The reference does, from
//     x.next on.
//
// A kernel does not know requests from responses from trailer sections.
//
// A field line is canonical if it is one of RFC 9112, section 5, without
// obs-fold:
//
//	1*tchar ":" *( VCHAR / obs-text / SP / HTAB ) CRLF
//
// A start-line is canonical if it begins with two words, one SP between them:
//
//	1*VCHAR SP 1*VCHAR *( VCHAR / obs-text / SP / HTAB ) CRLF
//
// The second word is the longest run of VCHAR there is. What words mean is not
// a kernel's business: they are method and request-target in a request-line,
// HTTP-version and status-code in a status-line.
//
// The callers of a kernel guarantee x.next <= len(b) <= maxOffset and
// x.n <= tableFields.
