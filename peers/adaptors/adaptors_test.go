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

// all returns all adaptors. Under CI, none may be missing.
func all(t *testing.T) []differ.Adaptor {
	programs, err := Programs()
	for _, a := range programs {
		t.Cleanup(a.Close)
	}
	if err != nil && os.Getenv("CI") != "" {
		t.Fatal(err)
	} else if err != nil {
		t.Log("without", err)
	}
	return append(Go(), programs...)
}

// plain are inputs that have one reading, by kind.
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

// TestPlain: what has one reading, each adaptor reads so, and it waits for what is missing
// wherever the input is cut. So it passes on all that its parser says, and means by it what
// the kit means. h11 and node tell all.
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

// explained are the ways in which others read differently what strict picohttp
// accepts, and why it is accepted all the same. Each takes its difference out of a
// verdict on a message that the strict profile reads as whole.
var explained = []struct {
	why  string
	same func(v, whole *differ.Verdict, input []byte)
}{
	{"a method is case-sensitive (RFC 9110, section 9.1), and handed on as sent; some write it in upper case",
		func(v, _ *differ.Verdict, _ []byte) { v.Method = strings.ToUpper(v.Method) }},
	{"a field without a value is one (RFC 9110, section 5.5); some leave it out where they keep what is in it apart, as of Host and Cookie",
		func(v, _ *differ.Verdict, _ []byte) {
			v.Fields = slices.DeleteFunc(slices.Clone(v.Fields), func(f differ.Field) bool { return f.Value == "" })
		}},
	{"one shows its own Transfer-Encoding instead of what was sent, and decodes it as the others do",
		func(v, whole *differ.Verdict, _ []byte) {
			if v.Framing.Body == picohttp.BodyChunked || v.Silent&differ.PartFraming != 0 && whole.Framing.Body == picohttp.BodyChunked {
				v.Fields = slices.DeleteFunc(slices.Clone(v.Fields), func(f differ.Field) bool { return strings.EqualFold(f.Name, "transfer-encoding") })
			}
		}},
	{"HTAB after a value is not part of it (RFC 9112, section 5.1); one parser takes it for a part of the coding's name",
		func(v, whole *differ.Verdict, input []byte) {
			if v.Framing.Body != picohttp.BodyChunked && whole.Framing.Body == picohttp.BodyChunked &&
				bytes.Contains(bytes.ToLower(input), []byte("chunked\t")) {
				*v = differ.Verdict{}
			}
		}},
	{"a field name may begin with a digit (RFC 9110, section 5.1), also in a trailer section; one takes such a line for a chunk-size line",
		func(v, whole *differ.Verdict, input []byte) {
			if whole.Framing.Body == picohttp.BodyChunked && v.Length != whole.Length && digitField.Match(input) {
				*v = differ.Verdict{}
			}
		}},
	{"after a CONNECT some see a tunnel whatever its fields say; picohttp never keeps the connection",
		func(v, whole *differ.Verdict, _ []byte) {
			if strings.EqualFold(whole.Method, "CONNECT") {
				*v = differ.Verdict{}
			}
		}},
}

// digitField is a last-chunk, and a field line after it that begins with a digit.
var digitField = regexp.MustCompile(`\n0+\r\n[0-9A-Fa-f]+:`)

// TestExplained: strict picohttp accepts nothing that others read differently, but
// what is explained. PICOHTTP_DIFFER_COUNT is for a longer run.
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

// isExplained: without the differences that are explained, all that accept a message
// read the same, or all but one while two or more others agree with the strict
// profile: that one is at fault, or does less than it says.
func isExplained(f *differ.Finding) bool {
	verdicts := slices.Clone(f.Verdicts)
	whole := verdicts[0]
	for i := range verdicts {
		for _, e := range explained {
			e.same(&verdicts[i], &whole, f.Input)
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
