package recipients

import "slices"

// A Kind is a set of symbols, which are put together to messages of one kind. A sequence
// begins with one of starts. Each sequence is read with each of endings after it, which
// saves symbols that all messages need.
type Kind struct {
	Name    string
	form    form
	starts  []string
	symbols []string
	endings []string
}

// Kinds are the kinds that there are.
var Kinds = []Kind{
	{"request", request, []string{
		"GET / HTTP/1.1\r\nHost: a\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: y",
		"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5",
		"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked", "GET / HTTP/1.1\r\n",
		"GET / HTTP/1.0\r\n", "GET / HTTP/1.0\r\nX: y", "GET / HTTP/1.0\n",
		"GET / HTTP/1.0\nX: y", "GET / HTTP/1.10\r\nHost: a\r\n",
		"GET  / HTTP/1.1\r\nHost: a\r\n", "GET / HTTP/1.1 \r\nHost: a\r\n",
		"GET /\xa0 HTTP/1.1\r\nHost: a\r\n", "GET http://a/ HTTP/1.1\r\n",
		"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n",
	}, slices.Concat([]string{
		"Host", "Upgrade", "upgrade", "GET /2 HTTP/1.1\r\nHost: b\r\n\r\n",
	}, fieldSymbols, controlSymbols), fieldEndings},
	{"response", response, []string{
		"HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK", "HTTP/1.1 200\r\nX: y",
		"HTTP/1.1 200\r\nContent-Length: 5", "HTTP/1.1 200\r\nTransfer-Encoding: chunked",
		"HTTP/1.1 200\n", "HTTP/1.1 200\nX: y", "HTTP/1.0 200\r\n", "HTTP/1.1 100\r\n",
		"HTTP/1.1 101\r\n", "HTTP/1.1 204\r\n", "HTTP/1.1 304\r\n", "\r\nHTTP/1.1 200\r\n",
	}, slices.Concat([]string{
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
	}, fieldSymbols, controlSymbols), fieldEndings},
	{"request-line", request, []string{
		"GET", "GET ", "GET /", "OPTIONS *", "CONNECT ", "GET http://a", "\r\n", "\n",
	}, slices.Concat([]string{
		"GET", "/", "*", "http:", "//", "a", "b", ":", "80", "@", "#", "?", "\\", "%",
		"HTTP/1.", "HTTP/1.1", "0", "1", "9", "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
	}, controlSymbols), []string{
		"\r\n\r\n", "\n\n", "\r\nHost: a\r\n\r\n", " HTTP/1.1\r\nHost: a\r\n\r\n",
		" HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
		"\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
		"\nHost: a\nTransfer-Encoding: chunked\n\n",
	}},
	{"status-line", response, []string{
		"HTTP/1.", "HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 200", "HTTP/1.0 204", "\r\n", "\n",
	}, slices.Concat([]string{
		"HTTP/1.", "HTTP/1.1", "200", "204", "100", "0", "1", "9", "OK", ":", "\"",
		"Content-Length: 5", "Transfer-Encoding: chunked",
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
	}, controlSymbols), []string{
		"\r\n\r\n", "\n\n", "\r\nContent-Length: 5\r\n\r\n",
		"\r\nTransfer-Encoding: chunked\r\n\r\n", "\nTransfer-Encoding: chunked\n\n",
	}},
	{"request-body", requestBody, chunkStarts, chunkSymbols, chunkEndings},
	{"response-body", responseBody, chunkStarts, chunkSymbols, chunkEndings},
}

var (
	// fieldSymbols are what field lines are made of.
	fieldSymbols = []string{
		"Content-Length", "Transfer-Encoding", "Connection", "X", ":", "5", "0", "b", "chunked",
		",", "\"", "Content-Length: 5", "Transfer-Encoding: chunked",
	}
	fieldEndings = []string{"\r\n", "\r\n\r\n", "\n", "\n\n"}

	// controlSymbols are what recipients may take for something else than others do.
	controlSymbols = []string{
		" ", "\t", "\r", "\n", "\r\n", "\v", "\f", "\x00", "\x01", "\x1c", "\x7f", "\x85", "\xa0",
		"\xc2\xa0", "\xe2\x80\x83",
	}

	chunkStarts = []string{
		"5", "5;", "5;a=\"", "5\r\n", "5\r\nhello", "5\r\nhello\r\n", "0", "0;", "0\r\n", "0\r\nX: y",
	}
	chunkSymbols = slices.Concat([]string{
		"0", "5", "a", "x", "hello", ";", "=", "\"", "\\", ":", ",", "+", "-", "X", "Content-Length",
		"GET /2 HTTP/1.1\r\nHost: b\r\n\r\n",
	}, controlSymbols)
	chunkEndings = []string{
		"\r\n", "\r\n\r\n", "\r\n0\r\n\r\n", "\r\nhello\r\n0\r\n\r\n", "\n\n",
	}
)
