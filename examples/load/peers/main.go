// Command peers is one of the servers that the examples are measured against. It has one
// response, without the fields that the examples do not send either.
package main

import (
	"context"
	"flag"
	"io"
	"log"
	"net/http"
	"time"

	"github.com/cloudwego/hertz/pkg/app"
	hertz "github.com/cloudwego/hertz/pkg/app/server"
	"github.com/cloudwego/hertz/pkg/common/config"
	"github.com/cloudwego/hertz/pkg/common/hlog"
	"github.com/cloudwego/hertz/pkg/network/standard"
	"github.com/valyala/fasthttp"
)

const (
	head, idle, write = 10 * time.Second, 60 * time.Second, 20 * time.Second // deadlines of netconn

	plain, hello = "text/plain", "Hello, World!"
)

var servers = map[string]func(addr string) error{
	"net/http": func(addr string) error {
		http.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Date"] = nil
			w.Header().Set("Content-Type", plain)
			io.WriteString(w, hello)
		})
		s := http.Server{Addr: addr, ReadHeaderTimeout: head, WriteTimeout: write, IdleTimeout: idle}
		return s.ListenAndServe()
	},
	"fasthttp": func(addr string) error {
		s := fasthttp.Server{
			Handler: func(c *fasthttp.RequestCtx) {
				if string(c.Path()) != "/" {
					c.NotFound()
					return
				}
				c.SetContentType(plain)
				c.SetBodyString(hello)
			},
			ReadTimeout: head, WriteTimeout: write, IdleTimeout: idle,
			NoDefaultDate: true, NoDefaultServerHeader: true,
		}
		return s.ListenAndServe(addr)
	},
	"hertz": func(addr string) error { return serveHertz(addr) },
	"hertz-standard": func(addr string) error {
		return serveHertz(addr, hertz.WithTransport(standard.NewTransporter))
	},
}

func serveHertz(addr string, options ...config.Option) error {
	hlog.SetLevel(hlog.LevelError)
	s := hertz.New(append(options, hertz.WithHostPorts(addr), hertz.WithDisablePrintRoute(true),
		hertz.WithReadTimeout(head), hertz.WithWriteTimeout(write), hertz.WithIdleTimeout(idle),
		hertz.WithDisableDefaultDate(true),
		config.Option{F: func(o *config.Options) { o.NoDefaultServerHeader = true }})...)
	s.GET("/", func(_ context.Context, c *app.RequestContext) { c.Data(200, plain, []byte(hello)) })
	return s.Run()
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "`address` to listen on")
	name := flag.String("server", "net/http", "`name` of the server")
	flag.Parse()
	serve, ok := servers[*name]
	if !ok {
		log.Fatalf("no server %q", *name)
	}
	log.Fatal(serve(*addr))
}
