package adaptors

import (
	"os/exec"
	"testing"

	"github.com/picohttp/picohttp/fuzz/differ"
)

// TestScripts: what has one reading, the adaptors in other languages read so, whole and
// wherever it is cut; and they have all that it takes to say so.
func TestScripts(t *testing.T) {
	all, err := Scripts()
	if err != nil {
		t.Log("without", err)
	}
	if _, err := exec.LookPath("node"); err == nil && len(all) == 0 {
		t.Error("node is here, and its adaptor is not")
	}
	strict := differ.Picohttp()[0]
	for _, a := range all {
		defer a.Close()
		for _, kind := range []struct {
			ours, theirs func([]byte) differ.Verdict
			inputs       []string
			silent       differ.Parts // about no more than this
		}{
			{strict.Request, a.Request, []string{
				"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
				"GET /a?b=c HTTP/1.1\r\nHost: example.com:80\r\nAccept: */*\r\nX-A: 1\r\nX-B: \t2 3 \r\n\r\nGET",
				"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello, world",
				"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n,\r\n0\r\n\r\nPOST",
				"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
			}, differ.PartReason | differ.PartStatus},
			{strict.Response, a.Response, []string{
				"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: b\r\n\r\nhi",
				"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
				"HTTP/1.1 404 Not Found\r\nA: \xe9\r\n\r\nuntil the end",
				"HTTP/1.1 204 No Content\r\n\r\n",
			}, differ.PartMethod | differ.PartTarget},
			{strict.Chunked, a.Chunked, []string{"5\r\nhello\r\n0\r\n\r\nmore", "1;a=b\r\nx\r\n0\r\nA: b\r\n\r\n"},
				^(differ.PartBody | differ.PartFields)},
		} {
			for _, input := range kind.inputs {
				whole := kind.ours([]byte(input))
				v := kind.theirs([]byte(input))
				if c := differ.Compare(&whole, &v); v.Result != differ.Accept || c != differ.Agree || v.Silent&^kind.silent != 0 {
					t.Errorf("%s %q: %s: %+v, want %+v", a.Name, input, c, v, whole)
				}
				for end := range whole.Length {
					part, v := kind.ours([]byte(input[:end])), kind.theirs([]byte(input[:end]))
					if c := differ.Compare(&part, &v); c != differ.Agree || v.Result == differ.Crash || v.Result == differ.Protocol {
						t.Errorf("%s %q: %s: %+v, want %+v", a.Name, input[:end], c, v, part)
						break
					}
				}
			}
		}
	}
}
