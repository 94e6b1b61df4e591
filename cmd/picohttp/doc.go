/*
Picohttp parses the heads of HTTP/1.x requests, strictly as package picohttp
does, and shows what is in them or what is wrong with them.

Usage:

	picohttp parse [flags] [FILE...]
	picohttp batch [flags]
	picohttp kernels [-json]
	picohttp version
	picohttp help

# Parse

Parse shows the request heads in the files, or in standard input if there is no
file or where the file is "-". All heads that follow each other in one file are
shown. A malformed head is shown with the line, a caret under the first octet
that cannot be right, the rule and where it stands; it ends its file, and so
does an incomplete one.

Bodies are not parsed in this version. So a head with Transfer-Encoding, or with
Content-Length other than 0, ends its file, too; what follows it is counted. A
Host field that is missing, repeated or wrong is shown as such, but such a head
is complete.

	-kind request      the kind of message; this version has no other
	-profile strict    what is accepted; this version has no other
	-max-head N        octets in a head (default 262144)
	-max-target N      octets in a request-target (default 16384)
	-max-fields N      field lines in a head (default 256)
	-width N           cut lines to N columns; 0 does not cut (default: the
	                   columns of the terminal from $COLUMNS, or 80; 0 if
	                   the output is no terminal)
	-json              one JSON object a head, in a line, as batch writes it

What is found in a message, good or bad, goes to standard output; what keeps the
command from reading, to standard error. In text, octets that are not printable
ASCII are escaped as in a Go string. There is colour on a terminal, unless
NO_COLOR is set.

Parse holds not much more of a file than one head.

# Batch

Batch is for other programs: fuzzers and test suites in any language. It reads a
message a line, in standard base64, and writes a JSON object a line, at once:

	{"result":"complete","n":37,"method":"GET","target":"/","minor":1,
	 "fields":[["Host","example.com"]],"host":{"value":"example.com"}}
	{"result":"incomplete"}
	{"result":"malformed","n":4,"error":"request-target","status":400}

(The first is one line, too, but for this page.) An empty line is an empty
message. Octets become characters as in Latin-1: each the one of its number. For
a complete head, n is its length, and host holds the value of Host or an error;
for a malformed one, n is the offset of the first octet that cannot be right,
error the code of the rule, and status what a server answers. A line that is not
base64 gets

	{"result":"error","error":"base64"}

and makes the exit status 1 in the end. Batch has the flags -kind, -profile,
-max-head, -max-target and -max-fields of parse.

# Kernels

Kernels shows the implementations of the inner loop in this binary, which of
them this CPU can run and which one is used, and the CPU's features that matter
to them. GODEBUG=cpu.sse42=off, and the like, takes a feature from this process,
so that it steps down to the next kernel.

# Exit status

The exit status is 0 if all messages are complete (for batch: if all lines are
base64), 1 if not or if something cannot be read or written, and 2 if the
command is not used as above.
*/
package main
