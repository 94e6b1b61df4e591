// Package differ finds where parsers of HTTP/1.x disagree. Where two of them read the same
// bytes differently, a message can be smuggled past one to the other.
//
// A parser takes part by an Adaptor: a function from bytes to a Verdict. A Run gives the
// same inputs, seeds and mutants of them, to all adaptors, sorts their disagreements by how
// bad they are, makes the inputs as small as possible, and collects them in a Report. Main
// is all of that as a command:
//
//	func main() {
//		differ.Main(differ.Adaptor{Name: "mine", Request: parse})
//	}
package differ

import (
	"errors"
	"slices"

	"github.com/picohttp/picohttp"
)

// A Kind says what an input begins with.
type Kind uint8

const (
	Request  Kind = iota // a request: head and body
	Response             // a response to GET: head and body
	Chunked              // a body in chunked coding, after the head of a request
)

var kinds = [...]string{Request: "request", Response: "response", Chunked: "chunked"}

// String returns "request", "response" or "chunked".
func (k Kind) String() string { return kinds[k] }

// MarshalText returns what String does.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText accepts what String returns.
func (k *Kind) UnmarshalText(text []byte) error {
	i := slices.Index(kinds[:], string(text))
	if i < 0 {
		return errors.New("there are request, response and chunked")
	}
	*k = Kind(i)
	return nil
}

// An Adaptor lets a parser take part. Each function returns the verdict on an input of one
// Kind; where it is nil, the parser takes no part. b is read-only, and valid during the call
// only. The function may panic, which is a Crash. If Run.Jobs is above 1, it is called by as
// many goroutines at a time.
type Adaptor struct {
	Name string // without white space

	Request, Response, Chunked func(b []byte) Verdict

	// Close ends what the adaptor has started; nil if there is nothing.
	Close func()

	programs [3]*program // of a Pipe, by Kind
}

// A Result is what became of a message.
type Result uint8

const (
	Reject     Result = iota // it is malformed, or not supported
	Incomplete               // it is a valid prefix: the parser wants more
	Accept                   // it is whole
	Crash                    // the parser panicked, ended, wrote to its input or did not respond
	Absent                   // it was not asked; not compared
	Protocol                 // a program wrote a line that is no answer of the pipe protocol; not compared
)

// The pipe protocol has the first three.
var results = [...]string{
	Reject: "malformed", Incomplete: "incomplete", Accept: "complete",
	Crash: "crash", Absent: "absent", Protocol: "protocol",
}

// String returns "malformed", "incomplete", "complete", "crash", "absent" or "protocol".
func (r Result) String() string { return results[r] }

// A Stage is how far a parser got.
type Stage uint8

const (
	StageAny     Stage = iota // it does not say
	StageHead                 // the head: start-line, field lines, empty line
	StageFraming              // the decision where the body ends, and where a request goes
	StageBody                 // the body
)

var stages = [...]string{StageAny: "any", StageHead: "head", StageFraming: "framing", StageBody: "body"}

// String returns "any", "head", "framing" or "body".
func (s Stage) String() string { return stages[s] }

// Parts are parts of a Verdict.
type Parts uint16

const (
	PartHead       Parts = 1 << iota // Verdict.Head
	PartMethod                       // Method
	PartTarget                       // Target
	PartStatus                       // Status
	PartMinor                        // Minor
	PartReason                       // Reason
	PartFields                       // Fields
	PartFraming                      // Framing, except for KeepAlive
	PartKeepAlive                    // Framing.KeepAlive
	PartLength                       // Length
	PartContent                      // Body
	PartConnection                   // the field Connection: the parser shows its own instead

	PartBody = PartLength | PartContent // a parser silent about both does not read bodies
)

// A Field is a field line, or of a repeated field one value.
type Field struct{ Name, Value string }

// A Framing says where a body ends.
type Framing struct {
	Body      picohttp.Body
	Length    int64 // bytes, for picohttp.BodyLength; below 0 if the parser does not tell
	KeepAlive bool  // another message may follow
}

// A Verdict is what a parser says about an input. It holds copies, nothing of the input.
// What is Silent is not compared with others. A message that is not accepted needs only
// Result and Stage. With StageBody, the head is compared if Head is not 0. With StageAny,
// the verdict is not compared with that of a parser that is silent about bodies.
//
// For an accepted message, what cannot be true counts as Silent: a Head of 0 bytes, a
// Length of 0, a start-line without method and target or without a status. If Length is 0
// and there is no Body, both are silent.
type Verdict struct {
	Result Result
	Stage  Stage // where it was rejected, or ended; not for Accept

	Silent Parts // what this parser does not tell

	Head   int // bytes of the head, its empty line included
	Length int // bytes of the message, its body included, or of a Chunked body

	Method, Target string // of a request
	Minor          int    // of HTTP/1.Minor
	Status         int    // of a response
	Reason         string // of a response

	// Fields as sent, without white space around the value; for Chunked those of the
	// trailer section. The order of fields with different names is not compared.
	Fields  []Field
	Framing Framing
	Body    []byte // the content that is there

	Why string // the parser's own words, for people; not compared
	// Where a parser crashed: a function, or how its process ended. All crashes at one
	// place are one finding.
	Where string

	gone error // why the program of a Pipe is not asked any more
}

// untold returns what the verdict is silent about.
func (v *Verdict) untold() Parts {
	silent := v.Silent
	if v.Result != Accept {
		return silent
	}
	if v.Head == 0 {
		silent |= PartHead
	}
	if v.Method == "" && v.Target == "" {
		silent |= PartMethod | PartTarget
	}
	if v.Status == 0 {
		silent |= PartStatus
	}
	if v.Length == 0 {
		silent |= PartLength
		if len(v.Body) == 0 {
			silent |= PartContent
		}
	}
	return silent
}

// tells returns the last stage that the parser says something about.
func (v *Verdict) tells() Stage {
	switch silent := v.untold(); {
	case silent&PartFraming != 0:
		return StageHead
	case silent&PartBody == PartBody:
		return StageFraming
	}
	return StageBody
}
