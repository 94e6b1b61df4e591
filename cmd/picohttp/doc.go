/*
Picohttp parses HTTP/1.x messages with package picohttp, and shows what is in
them and what is wrong with them.

Usage:

	picohttp parse [flags] [FILE...]
	picohttp batch [flags]
	picohttp kernels

# Parse

Parse shows the messages in the files. It reads standard input if there is no
FILE, or where FILE is "-". A file contains requests or responses, one after the
other, each followed by its body. With -kind it may instead contain one trailer
section or one chunked body.

For each message, parse shows its parts, how its body is framed, and the length
of the body. For an error it shows the line, a caret under the first byte that
cannot be right, the rule, and the status code to respond with. Parse stops
reading a file

  - at a message that is malformed or incomplete;
  - after a request that Request.Check rejects, such as one without Host, or a
    response that Response.Framing rejects, because a server closes the
    connection then. The exception is the error coding (an unsupported transfer
    coding), because the end of the body is known;
  - after a body that ends when the connection does, a tunnel or a 101 response;
  - after one trailer section or chunked body.

If it stops after a rejected message, a 101 response, a trailer section or a
chunked body, it says how many bytes it did not parse. With -json it says so on
standard error. Read errors always go there. Bytes of a message that are not
printable ASCII are escaped as in a Go string.

Parse holds little more of a file in memory than one head, or one chunk-size
line and trailer section. Only -kind chunked -json holds the body, which is part
of its output.

# Batch

With batch, programs in any language, such as fuzzers and test suites, can use
the parser. Each line of its input is a message in standard base64; an empty
line is an empty message. For each, it writes a line with a JSON object before
it reads the next. Batch has the flags of parse. Broken into several lines, the
objects look like these:

	{"result":"complete","n":40,"method":"GET","target":"/a?b","minor":1,
	 "fields":[["Host","example.com"]],
	 "framing":{"body":"none","keep_alive":true},"host":{"value":"example.com"},
	 "form":"origin-form","authority":{"value":"example.com"},"path":"/a",
	 "query":"b","check":{}}
	{"result":"complete","n":38,"minor":1,"status_code":200,"reason":"OK",
	 "fields":[["Content-Length","5"]],
	 "framing":{"body":"length","length":5,"content_length":5,"keep_alive":true}}
	{"result":"complete","n":15,"body":"aGVsbG8=","trailers":[]}
	{"result":"incomplete"}
	{"result":"malformed","n":4,"error":"request-target","status":400}

The output is printable ASCII. Each byte of a message becomes the character with
its number, as in Latin-1, so 0xE9 is \u00e9.

n is the length of a complete message, without the body of a request or
response. For a malformed one it is the offset of the first byte that cannot be
right; error is the code of the error. status is the status code to respond
with, and absent for responses.

framing is what Framing returns. Its body is none, length, chunked, until-close
or tunnel; content_length is there if the message has one, and expect_continue,
expect_other, upgrade and other_coding if they are true. If Framing returns an
error, framing has only the error and its status. host is what Host returns.
check has the error of Check, and is empty if there is none. If that error is
host-missing, host-repeated, host, target-form or authority, authority has it
instead of a value. form is origin-form, absolute-form, authority-form,
asterisk-form or no form. path and query are absent if the request-target has
none.

An incomplete chunked body has the body received so far. deviations lists how a
complete message departs from the RFCs, if it does.

A line may have up to 64 MiB. For a longer line the object is

	{"result":"error","error":"line-too-long"}

and for a line that is not base64 the error is "base64". The exit status is
then 1.

# Kernels

Kernels lists the implementations of the inner loop in this binary. It shows
which of them this CPU can run, which one is used, which CPU features each
requires, and which of these the CPU lacks. GODEBUG=cpu.sse42=off, for example,
disables a feature for this process, so that the next kernel without it is used.

# Exit status

The exit status is 0 if every message is complete, including its body, and none
is rejected by Check or Framing (for batch: if every line could be decoded). It
is 1 if not, or if something cannot be read or written, and 2 if the command is
used wrongly.

# Flags

"picohttp help" also prints the flags of parse and batch, and the deviations
with their defaults. A limit of 0 is the default, and a negative one is no
limit. In pico, chunked bodies have one limit of their own instead of those of
trailer sections, chunk extensions and overhead.
*/
package main
