package picohttp

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/picohttp/picohttp/internal/traffic"
)

// benchHeads returns the heads in testdata/heads, one row each, and "mixed", a random sequence of
// heads that no branch predictor can memorize.
func benchHeads(b *testing.B) (names []string, heads map[string][][]byte) {
	heads = map[string][][]byte{}
	for _, head := range realHeads(b) {
		heads[head.Name] = [][]byte{head.Bytes}
		names = append(names, head.Name)
	}
	for _, head := range traffic.Heads(1) {
		heads["mixed"] = append(heads["mixed"], head.Bytes)
	}
	return append(names, "mixed"), heads
}

func meanLength(heads [][]byte) int64 {
	return int64(len(bytes.Join(heads, nil)) / len(heads))
}

// eachBenchKernel runs f as kernel=<name> for each kernel that this CPU runs.
func eachBenchKernel(b *testing.B, f func(b *testing.B)) {
	for at, k := range kernels {
		if !slices.Contains(runnable, k.name) {
			continue
		}
		b.Run("kernel="+k.name, func(b *testing.B) {
			defer pin(at)()
			f(b)
		})
	}
}

// BenchmarkParse locates all parts of a head. kernel=nethttp is net/http's ReadRequest on the
// same bytes, which also copies them.
func BenchmarkParse(b *testing.B) {
	names, heads := benchHeads(b)
	each := func(parse func(head []byte) bool) func(*testing.B) {
		return func(b *testing.B) {
			for _, name := range names {
				b.Run("head="+name, func(b *testing.B) {
					b.ReportAllocs()
					b.SetBytes(meanLength(heads[name]))
					for i, row := 0, heads[name]; b.Loop(); i++ {
						if i == len(row) {
							i = 0
						}
						if !parse(row[i]) {
							b.Fatalf("not accepted: %q", row[i])
						}
					}
				})
			}
		}
	}
	var r Request
	eachBenchKernel(b, each(func(head []byte) bool {
		n, err := r.Parse(head)
		return n == len(head) && err == nil
	}))
	var source bytes.Reader
	var reader bufio.Reader
	b.Run("kernel=nethttp", each(func(head []byte) bool {
		source.Reset(head)
		reader.Reset(&source)
		peer, err := http.ReadRequest(&reader)
		return err == nil && peer.Proto[:7] == "HTTP/1."
	}))
}

// BenchmarkRead parses a head, and then reads all its fields, or reads three of them by name, or
// does what a server does before it can respond: Check, all fields, and three by name, one of
// which is missing.
func BenchmarkRead(b *testing.B) {
	names, heads := benchHeads(b)
	var r Request
	for _, read := range []struct {
		name string
		read func() int
	}{
		{"fields", func() (size int) {
			for name, value := range r.Fields() {
				size += len(name) + len(value)
			}
			return size
		}},
		{"field", func() (size int) {
			for i := range r.NumFields() {
				name, value := r.Field(i)
				size += len(name) + len(value)
			}
			return size
		}},
		{"get3", func() (size int) {
			host, _ := r.Get("Host")
			length, _ := r.Get("Content-Length")
			connection, _ := r.Get("Connection")
			return len(host) + len(length) + len(connection)
		}},
		{"serve", func() (size int) {
			if _, err := r.Check(); err != nil {
				return 0
			}
			for name, value := range r.Fields() {
				size += len(name) + len(value)
			}
			encoding, _ := r.Get("Accept-Encoding")
			cookie, _ := r.Get("Cookie")
			absent, _ := r.Get("X-Absent")
			return size + len(encoding) + len(cookie) + len(absent)
		}},
	} {
		for _, name := range names {
			b.Run("read="+read.name+"/head="+name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(meanLength(heads[name]))
				for i, row := 0, heads[name]; b.Loop(); i++ {
					if i == len(row) {
						i = 0
					}
					head := row[i]
					if n, err := r.Parse(head); n != len(head) || err != nil || read.read() == 0 {
						b.Fatal(n, err)
					}
				}
			})
		}
	}
}

// BenchmarkDelivery gives a head to Parse and Resume in pieces. Byte by byte, the cost of a call
// does not depend on the length of the head so far.
func BenchmarkDelivery(b *testing.B) {
	heads := map[string][]byte{"chrome": realHead(b, "chrome")}
	for _, kib := range []int{1, 8, 64} {
		heads[fmt.Sprintf("line%dKiB", kib)] = []byte("GET / HTTP/1.1\r\nHost: h\r\nCookie: " + strings.Repeat("c", kib<<10) + "\r\n\r\n")
	}
	for _, name := range []string{"chrome", "line1KiB", "line8KiB", "line64KiB"} {
		head := heads[name]
		for _, delivery := range []struct {
			name string
			step int
		}{{"whole", len(head)}, {"two", (len(head) + 1) / 2}, {"64B", 64}, {"1B", 1}} {
			b.Run("delivery="+delivery.name+"/head="+name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(head)))
				var r Request
				for b.Loop() {
					end := min(delivery.step, len(head))
					n, err := r.Parse(head[:end])
					for err == ErrIncomplete && end < len(head) {
						end = min(end+delivery.step, len(head))
						n, err = r.Resume(head[:end])
					}
					if n != len(head) || err != nil {
						b.Fatal(n, err)
					}
				}
				calls := (len(head) + delivery.step - 1) / delivery.step
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(calls), "ns/call")
			})
		}
	}
}

// BenchmarkReject parses heads with an Error at the start, in the middle and at the end.
func BenchmarkReject(b *testing.B) {
	chrome := realHead(b, "chrome")
	for _, at := range []struct {
		name   string
		offset int
		value  byte
		want   Error
	}{
		{"first", 0, 0x16, ErrTLS},
		{"middle", bytes.Index(chrome, []byte("\r\nUser-Agent")) + 40, 0, ErrFieldValue},
		{"last", len(chrome) - 1, 'x', ErrBareCR},
	} {
		b.Run("at="+at.name, func(b *testing.B) {
			head := bytes.Clone(chrome)
			head[at.offset] = at.value
			b.ReportAllocs()
			var r Request
			for b.Loop() {
				if n, err := r.Parse(head); n != at.offset || err != at.want {
					b.Fatal(n, err)
				}
			}
		})
	}
}

// BenchmarkProfile parses the Chrome head, as it is and with deviations.
func BenchmarkProfile(b *testing.B) {
	chrome := realHead(b, "chrome")
	for _, head := range []struct {
		name    string
		b       []byte
		profile Profile // the first that accepts it
	}{
		{"chrome", chrome, Strict},
		{"folded", bytes.Replace(chrome, []byte("\r\nAccept-Lang"), []byte("\r\n folded\r\nAccept-Lang"), 1), Lenient},
		{"lf", bytes.ReplaceAll(chrome, []byte("\r\n"), []byte("\n")), Lenient},
	} {
		for profile := head.profile; profile <= Pico; profile++ {
			b.Run(fmt.Sprintf("profile=%v/head=%s", profile, head.name), func(b *testing.B) {
				b.ReportAllocs()
				p := Parser{Profile: profile}
				var r Request
				for b.Loop() {
					if n, err := p.ParseRequest(&r, head.b); n != len(head.b) || err != nil {
						b.Fatal(n, err)
					}
				}
			})
		}
	}
}

// BenchmarkFraming determines the framing of heads that are already parsed, and BenchmarkCheck
// everything that a server depends on.
func BenchmarkFraming(b *testing.B) {
	benchJudgment(b, func(r *Request) error { _, err := r.Framing(); return err })
}

func BenchmarkCheck(b *testing.B) {
	benchJudgment(b, func(r *Request) error { _, err := r.Check(); return err })
}

func benchJudgment(b *testing.B, judge func(r *Request) error) {
	for _, head := range realHeads(b) {
		b.Run("head="+head.Name, func(b *testing.B) {
			b.ReportAllocs()
			var r Request
			if _, err := r.Parse(head.Bytes); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if err := judge(&r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFramingFolds determines the framing of a head with one value that is folded into very
// many lines and ends in a lot of whitespace. The cost per byte does not depend on the number of
// lines.
func BenchmarkFramingFolds(b *testing.B) {
	for _, kib := range []int{16, 64} {
		b.Run(fmt.Sprintf("length=%dKiB", 2*kib), func(b *testing.B) {
			head := "GET / HTTP/1.1\r\nX: a" + strings.Repeat("\r\n a", kib<<8) + strings.Repeat(" ", kib<<10) + "\r\n\r\n"
			p := Parser{Profile: Lenient}
			var r Request
			if _, err := p.ParseRequest(&r, []byte(head)); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(head)))
			for b.Loop() {
				if _, err := r.Framing(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkChunked decodes a body of 64 KiB in place. Decoding destroys the body, so each round
// copies it first; way=none is only that copy. way=next and way=bytes do not modify the body and
// need no copy.
func BenchmarkChunked(b *testing.B) {
	for _, size := range []int{1, 64, 1024, 16 << 10} {
		var coded []byte
		for range (64 << 10) / size {
			coded = fmt.Appendf(coded, "%x\r\n%s\r\n", size, bytes.Repeat([]byte("x"), size))
		}
		coded = append(coded, "0\r\n\r\n"...)
		buffer := make([]byte, len(coded))
		var d Chunked
		for _, way := range []struct {
			name   string
			decode func() (size int)
		}{
			{"none", func() int { return copy(buffer, coded)*0 + 64<<10 }},
			{"decode", func() int {
				copy(buffer, coded)
				d.Reset()
				size, _, _ := d.Decode(buffer)
				return size
			}},
			{"pieces", func() (size int) { // as they come from a connection
				copy(buffer, coded)
				d.Reset()
				for at := 0; ; {
					m, n, err := d.Decode(buffer[at:min(at+4000, len(buffer))])
					at += n
					if size += m; err != ErrIncomplete {
						return size
					}
				}
			}},
			{"bytes", func() (size int) { // one at a time
				d.Reset()
				for at := range coded {
					data, _, _ := d.Next(coded[at : at+1])
					size += len(data)
				}
				return size
			}},
			{"next", func() (size int) {
				d.Reset()
				for b := coded; ; {
					data, n, err := d.Next(b)
					if err != nil {
						return size
					}
					size += len(data)
					b = b[n:]
				}
			}},
		} {
			b.Run(fmt.Sprintf("way=%s/chunk=%d", way.name, size), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(64 << 10)
				for b.Loop() {
					if size := way.decode(); size != 64<<10 {
						b.Fatal(size)
					}
				}
			})
		}
	}
}
