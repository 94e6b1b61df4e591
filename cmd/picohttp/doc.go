/*
Picohttp parses HTTP/1.x messages as package picohttp does, strictly unless told
otherwise, and shows what is in them or what is wrong with them.

Usage:

	picohttp parse [flags] [FILE...]
	picohttp batch [flags]
	picohttp kernels [-json]
	picohttp version
	picohttp help

# Parse

Parse shows the messages in the files, or in standard input if there is no file
or where the file is "-": all requests or responses that follow each other in a
file, with the bodies between them, or one trailer section or chunked body.

What is malformed is shown with the line, a caret under the first octet that
cannot be right, the rule and where it stands; it ends its file, as does what is
incomplete. So do a body that ends with the connection, a tunnel, a 101 response
and fields that leave the end of a body in doubt; what is behind them is
counted. A Host field that is missing, repeated or wrong is shown as such, but
such a request is complete.

	-kind KIND             request, response, trailer (section) or chunked (body)
	                       (default request)
	-method METHOD         of the request that responses answer (default GET)
	-profile PROFILE       what is accepted: strict, lenient or pico, which is as
	                       picohttpparser (default strict)
	-allow LIST            what lenient lets pass: codes with commas between them,
	                       or all (default: in responses all but value-nul; in
	                       requests space-before-colon is not among it either, and
	                       in trailer sections nor are bare-lf and obs-fold)
	-max-head N            octets in a head (default 262144)
	-max-target N          octets in a request-target (default 16384; pico: as
	                       -max-head)
	-max-fields N          field lines in a head or trailer section (default 256)
	-max-trailer N         octets in a trailer section (default 16384)
	-max-chunk-ext N       octets in the extensions of a chunk (default 1024)
	-max-chunk-overhead N  octets that the chunks of a body waste (default 16384;
	                       this and the two before are not for chunked bodies in
	                       pico)
	-width N               cut lines to N columns; 0 does not cut (default: the
	                       columns of the terminal from $COLUMNS, or 80; 0 if the
	                       output is no terminal)
	-json                  one JSON object a message, in a line, as batch writes
	                       it, and one more for a body that is not complete, in
	                       which n counts from the beginning of the body

What is found in a message, good or bad, goes to standard output; what keeps the
command from reading, to standard error, and with -json what it did not parse,
too. In text, octets that are not printable ASCII are escaped as in a Go string.
There is colour on a terminal, unless NO_COLOR is set.

Parse holds not much more of a file than one head or one chunk-size line and
trailer section. Only -kind chunked -json holds a body, as its object does.

# Batch

Batch is for other programs: fuzzers and test suites in any language. It reads a
message a line, in standard base64, and writes a JSON object a line, at once.
Below, each object is one line, too, but for this page.

	{"result":"complete","n":37,"method":"GET","target":"/","minor":1,
	 "fields":[["Host","example.com"]],
	 "framing":{"body":"none","keep_alive":true},"host":{"value":"example.com"}}
	{"result":"complete","n":38,"minor":1,"status_code":200,"reason":"OK",
	 "fields":[["Content-Length","5"]],
	 "framing":{"body":"length","length":5,"keep_alive":true}}
	{"result":"complete","n":16,"fields":[["Age","1"],["X","y"]]}
	{"result":"complete","n":15,"body":"aGVsbG8=","trailers":[]}
	{"result":"incomplete"}
	{"result":"malformed","n":4,"error":"request-target","status":400}

An empty line is an empty message. Octets become characters as in Latin-1: each
the one of its number. For a complete message, n is its length, without the body
of a request or response; for a malformed one, n is the offset of the first
octet that cannot be right, error the code of the rule, and status what a server
answers, which those of responses have not. Host and framing hold an error (and
framing a status) if that part is malformed. The body in framing is none,
length, chunked, until-close or tunnel; expect_continue, expect_other, upgrade
and other_coding are there if true. An incomplete chunked body has the body that
is there. What was let pass though it departs from the RFCs is in deviations,
codes of

	bare-lf obs-fold start-line-space empty-lines space-before-colon
	target-obs-text minor-digits value-control value-nul equal-lengths
	length-and-coding

A line that is not base64 gets

	{"result":"error","error":"base64"}

and makes the exit status 1 in the end. Batch has the flags of parse but -width
and -json.

# Kernels

Kernels shows the implementations of the inner loop in this binary, which of
them this CPU can run and which one is used, and the CPU's features that matter
to them. GODEBUG=cpu.sse42=off, and the like, takes a feature from this process,
so that it steps down to the next kernel.

# Exit status

The exit status is 0 if all messages are complete, their bodies included (for
batch: if all lines are base64), 1 if not or if something cannot be read or
written, and 2 if the command is not used as above.
*/
package main
