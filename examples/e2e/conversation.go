package e2e

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/picohttp/picohttp/internal/vectors"
)

// A StartFor starts a server for a conversation, with the address of its backend.
type StartFor func(t *testing.T, v vectors.Vector, backend string) (addr string, stop func())

// Conversations has the conversations in a folder, each with a server of its own. Each vector is
// a conversation, and its lines are the steps:
//
//	send, get            what the client sends, and what it must get
//	status               the status of a response that the client must get, then "close" if the
//	                     response says so; "or" separates alternatives
//	content, field       of that response; a field may be one of the trailer section
//	forwarded, respond   what the backend must get, and what it sends
//	drip                 the client sends that in the background, a byte at a time, with that pause
//	took                 the time since the beginning must be between these
//	wait                 for that time
//	client, backend      ends        its side of the connection
//	                     closes      or resets the connection
//	                     floods      sends 64 KiB again and again, in the background
//	                     ended       because the server has ended its side
//	                     reset       because the server has reset the connection
//	                     gone        because the server has ended the connection, in any way
//	client               unanswered  is gone with a 408 or without a response
//	                     incomplete  is gone in the middle of a response or before
//	                     connects    again
//	backend              accepts     another connection
//	                     none        listens
//	server               stops; still serves; has stopped
//	profile, most, only, timeouts are for start
//
// At the end the client ends its side, and the server must end the other one without another
// byte. The vector "words" defines what words with a "$" stand for. In a second run heads come byte
// by byte, unless time matters.
func Conversations(t *testing.T, folder string, start StartFor) {
	all := Vectors(t, folder)
	words := map[string]string{}
	for _, v := range all {
		for _, line := range v.Lines {
			if v.Name == "words" {
				words["$"+line.Key] = Text(v, line.Key)
			}
		}
	}
	for _, v := range all {
		for _, byByte := range []bool{false, true} {
			if v.Name == "words" || byByte && (testing.Short() || v.Word("wait")+v.Word("took") != "") {
				continue
			}
			t.Run(fmt.Sprintf("%s/%t", v.Name, byByte), func(t *testing.T) {
				t.Parallel()
				c := conversation{T: t, words: words, byByte: byByte, stopped: make(chan bool)}
				c.l = Listen(t).(*net.TCPListener)
				addr, stop := start(t, v, c.l.Addr().String())
				c.addr, c.stop = addr, sync.OnceFunc(func() { stop(); close(c.stopped) })
				t.Cleanup(func() { // after the client and the backend have closed, which the server may wait for
					c.l.Close() // along with connections that nobody accepted
					c.stop()
				})
				c.began = time.Now()
				c.act(&c.client, "connects")
				c.play(v)
			})
		}
	}
}

// A conversation is one that takes place.
type conversation struct {
	*testing.T
	l               *net.TCPListener // of the backend
	addr            string           // of the server
	stop            func()           // stops it
	stopped         chan bool
	words           map[string]string
	byByte          bool
	method          string   // of the request that was sent last
	response        Response // of which the status was looked at last
	began           time.Time
	client, backend *Client // nil if there is none
	last            bool    // the client has got a response that is the last one
}

func (c *conversation) play(v vectors.Vector) {
	text := ""
	for i, line := range v.Lines {
		for _, word := range line.Words {
			if defined, ok := c.words[word]; ok {
				word = defined
			}
			text += strings.ReplaceAll(word, "BACKEND", c.l.Addr().String())
		}
		switch line.Key {
		case "send", "get", "forwarded", "respond":
			if i+1 == len(v.Lines) || v.Lines[i+1].Key != line.Key {
				c.say(line.Key, text)
				text = ""
			}
		default:
			c.step(line)
			text = ""
		}
	}
	if c.client != nil {
		if !c.last {
			c.client.CloseWrite()
		}
		c.client.ExpectEOF()
	}
}

// say has a peer send text or expect it.
func (c *conversation) say(key, text string) {
	c.Helper()
	if c.backend == nil && (key == "forwarded" || key == "respond") {
		c.act(&c.backend, "accepts")
	}
	switch key {
	case "send":
		c.method, _, _ = strings.Cut(text, " ")
		c.send(c.client, text)
	case "respond":
		c.send(c.backend, text)
	case "forwarded":
		c.backend.ExpectText(text)
	default:
		c.client.ExpectText(text)
		c.last = c.last || strings.Contains(text, "\nConnection: close\r\n")
	}
}

func (c *conversation) send(p *Client, text string) {
	head, _, _ := strings.Cut(text, "\r\n\r\n")
	if c.byByte && len(head) < 1000 {
		for ; head != ""; head = head[1:] {
			p.Send(head[:1])
			text = text[1:]
		}
	}
	p.Send(text)
}

func (c *conversation) step(line vectors.Line) {
	c.Helper()
	least, err := time.ParseDuration(line.Words[0])
	switch line.Key {
	case "client":
		c.act(&c.client, line.Words[0])
	case "backend", "server":
		c.act(&c.backend, line.Words[0])
	case "status":
		c.response, err = c.client.ReadResponse(c.method)
		got, want := fmt.Sprint(c.response.Status), strings.Join(line.Words, " ")
		if c.response.Close {
			got += " close"
		}
		if err != nil || !slices.Contains(strings.Split(want, " or "), got) {
			c.Errorf("%v, %s, want %s", err, got, want)
		}
	case "content":
		if got := c.response.Content; got != line.Words[0] {
			c.Errorf("the content is %.100q", got)
		}
	case "field":
		name := line.Words[0]
		if got := cmp.Or(c.response.Trailer.Get(name), c.response.Header.Get(name)); got != line.Words[1] {
			c.Errorf("%s is %q", name, got)
		}
	case "wait":
		time.Sleep(least)
	case "took":
		most, _ := time.ParseDuration(line.Words[1])
		if took := time.Since(c.began); err != nil || took < least || took > most {
			c.Errorf("it took %v", took)
		}
	case "drip":
		p := c.client
		go func() {
			for _, b := range []byte(line.Words[1]) {
				time.Sleep(least)
				p.Write([]byte{b})
			}
		}()
	case "profile", "most", "only", "timeouts": // are for start
	default:
		c.Fatalf("%s is no step", line.Key)
	}
}

// act does what the client, the backend or the server does, or waits for what the server must do.
func (c *conversation) act(peer **Client, what string) {
	c.Helper()
	p := *peer
	switch what {
	case "connects":
		*peer, c.last = Dial(c.T, c.addr), false
	case "accepts":
		c.l.SetDeadline(time.Now().Add(patience))
		conn, err := c.l.Accept()
		if err != nil {
			c.Fatal(err)
		}
		*peer = NewClient(c.T, conn)
	case "none":
		c.l.Close()
	case "floods":
		go func() {
			for err := error(nil); err == nil; _, err = p.Write(make([]byte, 64<<10)) {
			}
		}()
	case "ends":
		p.CloseWrite()
	case "resets":
		p.SetLinger(0)
		fallthrough
	case "closes":
		p.Close()
		*peer = nil
	case "ended":
		p.ExpectEOF()
	case "incomplete":
		if r, err := p.ReadResponse("GET"); err == nil {
			c.Errorf("%+v", r)
		}
		*peer = nil
	case "gone", "reset", "unanswered":
		got, err := io.ReadAll(p.R)
		answered := len(got) > 0 && !strings.HasPrefix(string(got), "HTTP/1.1 408 ")
		if errors.Is(err, os.ErrDeadlineExceeded) || what == "reset" && err == nil || what == "unanswered" && answered {
			c.Errorf("%v, %.100q, and not %s", err, got, what)
		}
		*peer = nil
	case "stops":
		go c.stop()
	case "serves":
		select {
		case <-c.stopped:
			c.Error("stopped with a request under way")
		default:
		}
	case "stopped":
		<-c.stopped
		if conn, err := net.Dial("tcp", c.addr); err == nil {
			conn.Close()
			c.Error("somebody still listens")
		}
	default:
		c.Fatalf("nobody %s", what)
	}
}
