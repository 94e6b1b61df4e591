package adaptors

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/picohttp/picohttp"
	"github.com/picohttp/picohttp/fuzz/differ"
)

// all returns all adaptors; where CI is set, those in C have to be there.
func all(t *testing.T) []differ.Adaptor {
	c, err := C()
	if err != nil && os.Getenv("CI") != "" {
		t.Fatal(err)
	} else if err != nil {
		t.Log("without the parsers in C: ", err)
	}
	t.Cleanup(func() {
		for _, a := range c {
			a.Close()
		}
	})
	return append(Go(), c...)
}

// TestPlain: what has one reading, each adaptor reads so; that is, it hands on all
// that its parser says, and means by it what the kit means.
func TestPlain(t *testing.T) {
	strict := differ.Picohttp()[0]
	for _, input := range []string{
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET /a?b=c HTTP/1.1\r\nHost: example.com:80\r\nAccept: */*\r\nX-A: 1\r\nX-B: \t2 3 \r\n\r\nGET",
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello, world",
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n,\r\n0\r\n\r\nPOST",
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
	} {
		whole := strict.Request([]byte(input))
		for _, a := range all(t) {
			v := differ.Call(a.Request, []byte(input))
			if c := differ.Compare(&whole, &v); v.Result != differ.Accept || c != differ.Agree {
				t.Errorf("%s %q: %s: %+v, want %+v", a.Name, input, c, v, whole)
			}
			// What is left out of a message is waited for, whichever octet.
			for end := range whole.Length {
				part := strict.Request([]byte(input[:end]))
				v := differ.Call(a.Request, []byte(input[:end]))
				if c := differ.Compare(&part, &v); c != differ.Agree && v.Result != differ.Incomplete {
					t.Errorf("%s %q: %s: %+v", a.Name, input[:end], c, v)
					break
				}
			}
		}
	}
	for _, input := range []string{"5\r\nhello\r\n0\r\n\r\nmore", "1;a=b\r\nx\r\n0\r\nA: b\r\n\r\n"} {
		whole := strict.Chunked([]byte(input))
		for _, a := range all(t) {
			if a.Chunked == nil {
				continue
			}
			v := differ.Call(a.Chunked, []byte(input))
			if c := differ.Compare(&whole, &v); v.Result != differ.Accept || c != differ.Agree {
				t.Errorf("%s %q: %s: %+v", a.Name, input, c, v)
			}
		}
	}
	input := []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: b\r\n\r\nhi")
	whole := strict.Response(input)
	for _, a := range all(t) {
		if a.Response == nil {
			continue
		}
		v := differ.Call(a.Response, input)
		if c := differ.Compare(&whole, &v); v.Result != differ.Accept || c != differ.Agree {
			t.Errorf("%s %q: %s: %+v", a.Name, input, c, v)
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
	{"HTAB behind a value is no part of it (RFC 9112, section 5.1); one takes it for a part of the coding's name",
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
	{"behind a CONNECT some see a tunnel whatever its fields say; picohttp never keeps the connection",
		func(v, whole *differ.Verdict, _ []byte) {
			if strings.EqualFold(whole.Method, "CONNECT") {
				*v = differ.Verdict{}
			}
		}},
}

// digitField is a last-chunk, and a field line behind it that begins with a digit.
var digitField = regexp.MustCompile(`\n0+\r\n[0-9A-Fa-f]+:`)

// TestExplained: strict picohttp accepts nothing that others read differently, but
// what is explained. PICOHTTP_DIFFER_COUNT is for a longer run.
func TestExplained(t *testing.T) {
	count := int64(20_000)
	if s := os.Getenv("PICOHTTP_DIFFER_COUNT"); s != "" {
		var err error
		if count, err = strconv.ParseInt(s, 10, 64); err != nil {
			t.Fatal(err)
		}
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
