// Package traffic makes the mixed-traffic corpus: request heads as a public
// server sees them, of eight families and of very different lengths.
//
// A parser that is measured on one head again and again is measured with every
// branch of it predicted. The heads here differ in which fields they have, in
// the order and the lengths of the values, and come shuffled, so that no branch
// predictor learns them. They are a model of traffic, not a recording: no name,
// address or secret in them is anybody's.
package traffic

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// A Head is one request head, strictly valid: Bytes ends with its empty line.
type Head struct {
	Family string
	Bytes  []byte
}

// families is the eight kinds of client, shortest head first. A family writes
// the whole head except its empty line.
var families = []struct {
	name  string
	write func(*writer)
}{
	{"tiny", (*writer).tiny},
	{"loadgen", (*writer).loadgen},
	{"curl", (*writer).curl},
	{"firefox", (*writer).firefox},
	{"chrome", (*writer).chrome},
	{"api", (*writer).api},
	{"cdn", (*writer).cdn},
	{"cookies", (*writer).cookies},
}

// perFamily times eight families is 240 heads, 240 KiB: more than the first
// level of a cache holds, less than the second.
const perFamily = 30

// Families returns the names of the families.
func Families() []string {
	names := make([]string, len(families))
	for i, f := range families {
		names[i] = f.name
	}
	return names
}

// Heads returns the corpus of a seed: the same on every platform, all heads
// different, the families in equal number, in shuffled order.
func Heads(seed uint64) []Head {
	w := &writer{rng: rand.New(rand.NewPCG(seed, 0))}
	var heads []Head
	seen := map[string]bool{}
	for _, f := range families {
		for n := 0; n < perFamily; {
			w.head = nil
			f.write(w)
			w.head = append(w.head, "\r\n"...)
			if seen[string(w.head)] {
				continue
			}
			seen[string(w.head)] = true
			heads = append(heads, Head{f.name, w.head})
			n++
		}
	}
	for i := len(heads) - 1; i > 0; i-- {
		j := w.between(0, i)
		heads[i], heads[j] = heads[j], heads[i]
	}
	return heads
}

// The families.

// tiny is a health check or a counting pixel: nothing but what HTTP/1.1 asks for.
func (w *writer) tiny() {
	path := "/" + w.text(lower, w.between(0, 12))
	w.requestLine(w.pick("GET", "GET", "GET", "HEAD"), path)
	w.field("Host", w.pick("example.com", "example.org", "a.example.com", "b.example.org"))
}

// loadgen is what ab, hey, k6, wrk and their like send: short and alike.
func (w *writer) loadgen() {
	w.requestLine("GET", w.pick("/plaintext", "/json", "/fortunes", "/index.html",
		fmt.Sprint("/queries?queries=", w.between(1, 500)), fmt.Sprint("/item/", w.between(1, 99999))))
	w.field("Host", w.pick("192.0.2.", "198.51.100.", "203.0.113.")+strconv.Itoa(w.between(1, 254))+
		w.pick("", ":8080", ":3000"))
	switch w.between(0, 4) {
	case 0:
		w.field("User-Agent", "ApacheBench/2.3")
		w.field("Accept", "*/*")
	case 1:
		w.field("User-Agent", "hey/0.0.1")
		w.field("Content-Type", "text/html")
		w.field("Accept-Encoding", "gzip")
	case 2:
		w.field("User-Agent", fmt.Sprintf("k6/0.%d.0 (https://k6.io/)", w.between(40, 58)))
	case 3:
		w.field("Connection", "keep-alive")
	case 4:
		w.field("Accept", w.pick("application/json,text/html;q=0.9,application/xhtml+xml;q=0.9,application/xml;q=0.8,*/*;q=0.7",
			"text/plain,text/html;q=0.9,application/xhtml+xml;q=0.9,application/xml;q=0.8,*/*;q=0.7"))
		w.field("Connection", "keep-alive")
	}
}

// curl is a person or a script at a shell.
func (w *writer) curl() {
	method := w.pick("GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE")
	w.requestLine(method, w.path()+w.query(30))
	w.field("Host", w.host())
	if w.chance(25) {
		w.field("Authorization", "Basic "+w.text(base64, 4*w.between(4, 12))+w.pick("", "=="))
	}
	if w.chance(10) {
		w.field("Range", fmt.Sprintf("bytes=%d-", w.between(0, 1<<24)))
	}
	w.field("User-Agent", fmt.Sprintf("curl/%d.%d.%d", w.between(7, 8), w.between(0, 88), w.between(0, 2)))
	w.field("Accept", w.pick("*/*", "*/*", "application/json"))
	if w.chance(30) {
		w.field("Accept-Encoding", "deflate, gzip, br, zstd")
	}
	if w.chance(20) {
		w.field("X-"+w.pick("Debug", "Trace", "Tenant", "Api-Version"), w.text(alphanumeric, w.between(1, 24)))
	}
	if method == "POST" || method == "PUT" {
		w.field("Content-Length", strconv.Itoa(w.between(0, 100000)))
		w.field("Content-Type", w.pick("application/json", "application/x-www-form-urlencoded", "application/octet-stream"))
	}
}

// chrome is a page load or a subresource in a Chromium browser.
func (w *writer) chrome() {
	w.requestLine("GET", w.path()+w.query(40))
	w.chromeFields(w.host(), w.chance(50))
	if w.chance(70) {
		w.field("Cookie", w.cookieString(w.between(60, 500)))
	}
	if w.chance(20) {
		w.field("If-None-Match", w.etag())
	}
}

// chromeFields writes the fields of Chromium up to where a Cookie may follow.
func (w *writer) chromeFields(host string, navigate bool) {
	version := w.between(109, 138)
	platform, system := "Windows", "Windows NT 10.0; Win64; x64"
	isMobile, mobile := "?0", ""
	switch w.between(0, 4) {
	case 0:
		platform, system = "macOS", "Macintosh; Intel Mac OS X 10_15_7"
	case 1:
		platform, system = "Linux", "X11; Linux x86_64"
	case 2:
		platform, system = "Android", "Linux; Android 10; K"
		isMobile, mobile = "?1", " Mobile"
	}
	w.field("Host", host)
	w.field("Connection", "keep-alive")
	if w.chance(20) {
		w.field("Cache-Control", "max-age=0")
	}
	if w.chance(15) {
		w.field("Pragma", "no-cache")
	}
	w.field("sec-ch-ua", fmt.Sprintf(`"Chromium";v="%d", "Not/A)Brand";v="%d", "Google Chrome";v="%d"`,
		version, w.pickInt(8, 24, 99), version))
	w.field("sec-ch-ua-mobile", isMobile)
	w.field("sec-ch-ua-platform", `"`+platform+`"`)
	agent := fmt.Sprintf("Mozilla/5.0 (%s) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0%s Safari/537.36",
		system, version, mobile)
	if navigate {
		if w.chance(50) {
			w.field("DNT", "1")
		}
		w.field("Upgrade-Insecure-Requests", "1")
		w.field("User-Agent", agent)
		w.field("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7")
		w.field("Sec-Fetch-Site", w.pick("none", "same-origin", "cross-site"))
		w.field("Sec-Fetch-Mode", "navigate")
		w.field("Sec-Fetch-User", "?1")
		w.field("Sec-Fetch-Dest", "document")
	} else {
		w.field("User-Agent", agent)
		w.field("Accept", w.pick("*/*", "text/css,*/*;q=0.1", "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"))
		w.field("Sec-Fetch-Site", w.pick("same-origin", "same-site", "cross-site"))
		w.field("Sec-Fetch-Mode", w.pick("no-cors", "cors"))
		w.field("Sec-Fetch-Dest", w.pick("script", "style", "image", "empty"))
	}
	if !navigate || w.chance(50) {
		w.field("Referer", "https://"+host+w.path()+w.query(20))
	}
	w.field("Accept-Encoding", w.pick("gzip, deflate, br", "gzip, deflate, br, zstd"))
	w.field("Accept-Language", w.languages())
}

// firefox is a page load or a subresource in Firefox.
func (w *writer) firefox() {
	w.requestLine("GET", w.path()+w.query(40))
	host, version := w.host(), w.between(102, 140)
	w.field("Host", host)
	w.field("User-Agent", fmt.Sprintf("Mozilla/5.0 (%s; rv:%d.0) Gecko/20100101 Firefox/%d.0",
		w.pick("X11; Linux x86_64", "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10.15", "Android 14; Mobile"),
		version, version))
	navigate := w.chance(50)
	if navigate {
		w.field("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8")
	} else {
		w.field("Accept", w.pick("*/*", "text/css,*/*;q=0.1", "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"))
	}
	w.field("Accept-Language", w.languages())
	w.field("Accept-Encoding", w.pick("gzip, deflate, br", "gzip, deflate, br, zstd"))
	if !navigate || w.chance(40) {
		w.field("Referer", "https://"+host+w.path())
	}
	if w.chance(40) {
		w.field("DNT", "1")
	}
	if w.chance(40) {
		w.field("Sec-GPC", "1")
	}
	w.field("Connection", "keep-alive")
	if w.chance(60) {
		w.field("Cookie", w.cookieString(w.between(40, 400)))
	}
	if navigate {
		w.field("Upgrade-Insecure-Requests", "1")
		w.field("Sec-Fetch-Dest", "document")
		w.field("Sec-Fetch-Mode", "navigate")
		w.field("Sec-Fetch-Site", w.pick("none", "same-origin", "cross-site"))
		w.field("Sec-Fetch-User", "?1")
	} else {
		w.field("Sec-Fetch-Dest", w.pick("script", "style", "image", "empty"))
		w.field("Sec-Fetch-Mode", w.pick("no-cors", "cors"))
		w.field("Sec-Fetch-Site", "same-origin")
	}
	if w.chance(50) {
		w.field("Priority", w.pick("u=0, i", "u=2", "u=4", "u=5, i"))
	}
	if w.chance(25) {
		w.field("If-Modified-Since", w.date())
	}
	if w.chance(25) {
		w.field("If-None-Match", w.etag())
	}
}

// api is a service that calls another with a signed token as its credentials:
// one field is most of the head.
func (w *writer) api() {
	method := w.pick("GET", "GET", "POST", "PUT", "PATCH", "DELETE")
	w.requestLine(method, fmt.Sprintf("/v%d/%s/%s%s", w.between(1, 4), w.word(), w.uuid(), w.query(40)))
	w.field("Host", "api."+w.pick("example.com", "example.org", "eu.example.com"))
	w.field("User-Agent", w.pick("Go-http-client/1.1", "okhttp/4.12.0", "axios/1.7.2", "python-requests/2.32.3",
		"grpc-gateway/2.20.0 ("+w.word()+")"))
	w.field("Accept", w.pick("application/json", "application/json, text/plain, */*", "application/vnd.example.v2+json"))
	w.field("Authorization", fmt.Sprintf("Bearer eyJ%s.eyJ%s.%s",
		w.text(base64url, w.between(30, 60)), w.text(base64url, w.between(280, 480)), w.text(base64url, w.pickInt(43, 86, 342))))
	if method != "GET" && method != "DELETE" {
		w.field("Content-Type", "application/json; charset=utf-8")
		w.field("Content-Length", strconv.Itoa(w.between(2, 20000)))
		if w.chance(60) {
			w.field("Idempotency-Key", w.uuid())
		}
	}
	if w.chance(60) {
		w.field("X-Request-ID", w.uuid())
	}
	if w.chance(40) {
		w.field("traceparent", w.traceparent())
	}
	w.field("Accept-Encoding", "gzip")
}

// cdn is a browser's request after a content delivery network and a load
// balancer have added theirs: many fields, most of them short.
func (w *writer) cdn() {
	w.requestLine("GET", w.path()+w.query(40))
	client := w.address()
	w.chromeFields(w.host(), true)
	w.field("X-Forwarded-For", strings.Join([]string{client, w.address(), w.address()}[:w.between(1, 3)], ", "))
	w.field("X-Forwarded-Proto", "https")
	w.field("X-Forwarded-Port", "443")
	w.field("X-Real-IP", client)
	w.field("Via", w.pick("1.1 ", "2.0 ", "3.0 ")+w.text(hexadecimal, 12)+".cdn.example.net (edge)")
	w.field("CDN-Loop", "example; count="+strconv.Itoa(w.between(1, 3)))
	w.field("X-Request-ID", w.text(hexadecimal, 32))
	w.field("X-Request-Start", fmt.Sprintf("t=17%08d.%03d", w.between(0, 99999999), w.between(0, 999)))
	w.field("X-Edge-Location", w.text(upper, 3)+strconv.Itoa(w.between(1, 99)))
	w.field("X-Geo-Country", w.pick("DE", "FR", "JP", "BR", "US", "NG", "IN"))
	if w.chance(70) {
		w.field("X-Geo-City", w.pick("Berlin", "Lyon", "Osaka", "Recife", "Lagos", "Pune"))
	}
	if w.chance(60) {
		w.field("traceparent", w.traceparent())
		w.field("tracestate", w.word()+"="+w.text(hexadecimal, 16))
	}
	if w.chance(50) {
		w.field("X-TLS-Version", w.pick("TLSv1.2", "TLSv1.3"))
		w.field("X-TLS-Cipher", w.pick("TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"))
	}
	if w.chance(40) {
		w.field("X-Device-Type", w.pick("desktop", "mobile", "tablet"))
	}
	if w.chance(40) {
		w.field("Forwarded", `for="[`+w.address6()+`]";proto=https;host=example.com`)
	}
	if w.chance(40) {
		w.field("X-Cache-Key", w.text(hexadecimal, w.pickInt(16, 40, 64)))
	}
	if w.chance(50) {
		w.field("Cookie", w.cookieString(w.between(60, 300)))
	}
	// A connection that the network keeps open says so, and how often it was used.
	w.field("X-Edge-Connection", "reused; n="+strconv.Itoa(w.between(1, 5000)))
}

// cookies is a browser that a shop or a newspaper has written 3 KiB to.
func (w *writer) cookies() {
	w.requestLine("GET", w.path()+w.query(50))
	w.chromeFields(w.host(), w.chance(60))
	w.field("Cookie", w.cookieString(w.between(2900, 3300)))
}

// A writer writes one head at a time from one stream of random numbers.
type writer struct {
	rng  *rand.Rand
	head []byte
}

func (w *writer) requestLine(method, target string) {
	w.head = fmt.Appendf(w.head, "%s %s HTTP/1.1\r\n", method, target)
}

func (w *writer) field(name, value string) {
	w.head = fmt.Appendf(w.head, "%s: %s\r\n", name, value)
}

// Random choices. All go through between, and the generator is asked for 64-bit
// words only: nothing depends on how math/rand/v2 makes other things of them.

// between returns a number from low to high, both included.
func (w *writer) between(low, high int) int {
	return low + int(w.rng.Uint64()%uint64(high-low+1))
}

func (w *writer) chance(percent int) bool {
	return w.between(0, 99) < percent
}

func (w *writer) pick(of ...string) string {
	return of[w.between(0, len(of)-1)]
}

func (w *writer) pickInt(of ...int) int {
	return of[w.between(0, len(of)-1)]
}

const (
	digits       = "0123456789"
	lower        = "abcdefghijklmnopqrstuvwxyz"
	upper        = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	hexadecimal  = digits + "abcdef"
	alphanumeric = digits + lower + upper
	base64       = alphanumeric + "+/"
	base64url    = alphanumeric + "-_"
)

func (w *writer) text(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[w.between(0, len(alphabet)-1)]
	}
	return string(b)
}

// Parts of heads.

func (w *writer) word() string {
	return w.pick("account", "assets", "basket", "catalogue", "de", "en", "events", "feed", "img", "invoices",
		"js", "login", "news", "orders", "p", "products", "profile", "search", "static", "users")
}

func (w *writer) host() string {
	return w.pick("", "www.", "shop.", "static.", "news.", "login.eu.", "cdn-"+strconv.Itoa(w.between(1, 40))+".") +
		w.pick("example.com", "example.org")
}

func (w *writer) path() string {
	var b strings.Builder
	for range w.between(0, 4) {
		b.WriteString("/" + w.word())
	}
	b.WriteByte('/')
	if w.chance(60) {
		b.WriteString(w.text(lower+digits+"-", w.between(1, 40)) + w.pick("", "", ".html", ".css", ".js", ".png"))
	}
	return b.String()
}

// query returns a query component, or nothing.
func (w *writer) query(percent int) string {
	if !w.chance(percent) {
		return ""
	}
	var b strings.Builder
	separator := "?"
	for range w.between(1, 5) {
		b.WriteString(separator + w.pick("id", "q", "page", "utm_source", "v", "sort", "ref", "lang") + "=" +
			w.text(alphanumeric+"-_", w.between(1, 20)))
		separator = "&"
	}
	return b.String()
}

// cookieString returns a cookie-string of n bytes, or a few more.
func (w *writer) cookieString(n int) string {
	var b strings.Builder
	for {
		name := w.pick("_ga", "_gid", "session", "csrftoken", "consent", "lang", "theme", "uid", "ab", "cart",
			"_ga_"+w.text(upper+digits, 10), "pref_"+w.text(lower, 4))
		value := w.pick("1", "en", "dark", w.uuid(),
			fmt.Sprintf("GA1.1.%d.17%08d", w.between(1, 1<<30), w.between(0, 99999999)),
			w.text(base64url, w.between(8, 64)), w.text(alphanumeric+"%.", w.between(16, 200)))
		b.WriteString(name + "=" + value)
		if b.Len() >= n {
			return b.String()
		}
		b.WriteString("; ")
	}
}

func (w *writer) uuid() string {
	h := w.text(hexadecimal, 30)
	return fmt.Sprintf("%s-%s-4%s-a%s-%s", h[:8], h[8:12], h[12:15], h[15:18], h[18:])
}

func (w *writer) traceparent() string {
	return "00-" + w.text(hexadecimal, 32) + "-" + w.text(hexadecimal, 16) + "-01"
}

func (w *writer) etag() string {
	return w.pick("", "W/") + `"` + w.text(hexadecimal, w.between(8, 40)) + `"`
}

func (w *writer) date() string {
	const start = 1735689600 // 2025-01-01
	return time.Unix(int64(start+w.between(0, 364*24*3600)), 0).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
}

func (w *writer) languages() string {
	return w.pick("en-US,en;q=0.9", "en-GB,en;q=0.5", "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7", "ja,en-US;q=0.9,en;q=0.8",
		"fr-FR,fr;q=0.8,en-US;q=0.5,en;q=0.3", "pt-BR,pt;q=0.9")
}

// address returns an address that is set aside for documentation (RFC 5737).
func (w *writer) address() string {
	return w.pick("192.0.2.", "198.51.100.", "203.0.113.") + strconv.Itoa(w.between(1, 254))
}

// address6 is address for IPv6 (RFC 3849).
func (w *writer) address6() string {
	return fmt.Sprintf("2001:db8:%x::%x", w.between(1, 0xffff), w.between(1, 0xffff))
}
