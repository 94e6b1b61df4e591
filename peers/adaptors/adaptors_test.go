package adaptors

import (
	"bytes"
	"cmp"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/fuzz/differ"
)

// all returns all adaptors. In CI none may be missing.
func all(t *testing.T) []differ.Adaptor {
	programs, err := Programs()
	for _, a := range programs {
		t.Cleanup(a.Close)
	}
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	} else if err != nil {
		t.Log("without", err)
	}
	return append(Go(), programs...)
}

// plain has inputs that can be read in one way only, by kind.
var plain = [...][]string{
	differ.Request: {
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET /a?b=c HTTP/1.1\r\nHost: example.com:80\r\nAccept: */*\r\nX-A: 1\r\nX-B: \t2 3 \r\n\r\nGET",
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello, world",
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n,\r\n0\r\n\r\nPOST",
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
	},
	differ.Response: {
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: b\r\n\r\nhi",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
		"HTTP/1.1 404 Not Found\r\nA: \xe9\r\n\r\nuntil the end",
		"HTTP/1.1 204 No Content\r\n\r\n",
	},
	differ.Chunked: {"5\r\nhello\r\n0\r\n\r\nmore", "1;a=b\r\nx\r\n0\r\nA: b\r\n\r\n"},
}

// TestPlain checks that each adaptor reads the plain inputs as picohttp does, and reports
// incomplete wherever they are cut. So what it reports means what the kit means by it. h11 and
// node report everything.
func TestPlain(t *testing.T) {
	strict := differ.Picohttp()[0]
	for _, a := range all(t) {
		tellsAll := a.Name == "h11" || a.Name == "node"
		for k, ours := range []func([]byte) differ.Verdict{strict.Request, strict.Response, strict.Chunked} {
			theirs := []func([]byte) differ.Verdict{a.Request, a.Response, a.Chunked}[k]
			if theirs == nil {
				continue
			}
			for _, input := range plain[k] {
				length := ours([]byte(input)).Length
				for end := len(input); end >= 0; end = min(end, length) - 1 { // what follows it is not cut
					want, v := ours([]byte(input[:end])), differ.Call(theirs, []byte(input[:end]))
					c := differ.Compare(&want, &v)
					ok := c == differ.Agree && v.Result <= differ.Accept || v.Result == differ.Incomplete && !tellsAll
					if end == len(input) {
						ok = c == differ.Agree && v.Result == differ.Accept && (v.Silent == 0 || !tellsAll)
					}
					if !ok {
						t.Errorf("%s %q: %s: %+v, want %+v", a.Name, input[:end], c, v, want)
						break
					}
				}
			}
		}
	}
}

// explained has a function for each known way in which others read what strict picohttp
// accepts differently. It removes that difference from a verdict on a message that strict
// picohttp reads as whole. Its comment says why the message is accepted all the same.
var explained = []func(v, whole *differ.Verdict, input []byte){
	// A method is case-sensitive (RFC 9110, section 9.1), and picohttp returns it as sent.
	// Some parsers convert it to upper case.
	func(v, _ *differ.Verdict, _ []byte) { v.Method = strings.ToUpper(v.Method) },
	// A field may have an empty value (RFC 9110, section 5.5). Some parsers drop it if they
	// store its value elsewhere, such as that of Host or Cookie.
	func(v, _ *differ.Verdict, _ []byte) {
		v.Fields = slices.DeleteFunc(slices.Clone(v.Fields), func(f differ.Field) bool { return f.Value == "" })
	},
	// One parser returns a Transfer-Encoding of its own instead of the one sent. It decodes the
	// body as the others do.
	func(v, whole *differ.Verdict, _ []byte) {
		if v.Framing.Body == picohttp.BodyChunked || v.Silent&differ.PartFraming != 0 && whole.Framing.Body == picohttp.BodyChunked {
			v.Fields = slices.DeleteFunc(slices.Clone(v.Fields), func(f differ.Field) bool { return strings.EqualFold(f.Name, "transfer-encoding") })
		}
	},
	// HTAB after a value is not part of it (RFC 9112, section 5.1). One parser makes it part of
	// the name of the coding.
	func(v, whole *differ.Verdict, input []byte) {
		if v.Framing.Body != picohttp.BodyChunked && whole.Framing.Body == picohttp.BodyChunked &&
			bytes.Contains(bytes.ToLower(input), []byte("chunked\t")) {
			*v = differ.Verdict{}
		}
	},
	// A field name may begin with a digit (RFC 9110, section 5.1), in a trailer section too. One
	// parser reads such a line as a chunk-size line.
	func(v, whole *differ.Verdict, input []byte) {
		if whole.Framing.Body == picohttp.BodyChunked && v.Length != whole.Length && digitField.Match(input) {
			*v = differ.Verdict{}
		}
	},
	// Some parsers see a tunnel after every CONNECT, whatever its fields are. picohttp never keeps
	// the connection after one.
	func(v, whole *differ.Verdict, _ []byte) {
		if strings.EqualFold(whole.Method, "CONNECT") {
			*v = differ.Verdict{}
		}
	},
}

// digitField matches a last-chunk and the start of a field line after it that begins with a
// hexadecimal digit.
var digitField = regexp.MustCompile(`\n0+\r\n[0-9A-Fa-f]+:`)

// TestExplained checks that strict picohttp accepts nothing that others read differently, except
// for what is explained. PICOHTTP_DIFFER_COUNT is the number of inputs.
func TestExplained(t *testing.T) {
	count, err := strconv.ParseInt(cmp.Or(os.Getenv("PICOHTTP_DIFFER_COUNT"), "20000"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []differ.Kind{differ.Request, differ.Response, differ.Chunked} {
		r := differ.Run{Kind: kind, Adaptors: append([]differ.Adaptor{differ.Picohttp()[0], differ.NetHTTP()}, all(t)...), Count: count}
		report, err := r.Do(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range report.Findings {
			if f.Suspect && !isExplained(&f) {
				t.Errorf("%s %s: %q is read as", kind, f.Class, f.Input)
				for i, v := range f.Verdicts {
					t.Errorf("    %s: %+v", report.Parsers[i], v)
				}
			}
		}
		t.Logf("%s: %d findings in %d executions", kind, len(report.Findings), report.Executions)
	}
}

// isExplained removes the explained differences, and then reports whether all parsers that do
// not reject the message agree with strict picohttp. One may differ if two or more agree: it has
// a fault, or does less than it reports.
func isExplained(f *differ.Finding) bool {
	verdicts := slices.Clone(f.Verdicts)
	whole := verdicts[0]
	for i := range verdicts {
		for _, e := range explained {
			e(&verdicts[i], &whole, f.Input)
		}
	}
	same, differently := 0, 0
	for _, v := range verdicts[1:] {
		if v.Result == differ.Reject {
			continue
		}
		if c := differ.Compare(&verdicts[0], &v); c < differ.KeepAliveDiffers {
			differently++
		} else {
			same++
		}
	}
	return differently == 0 || differently == 1 && same >= 2
}
