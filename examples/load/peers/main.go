// Command peers is one of the servers that the examples are measured against. Its responses have no
// fields that those of the examples do not have.
package main

import (
	"context"
	"flag"
	"io"
	"log"
	"net/http"

	"github.com/cloudwego/hertz/pkg/app"
	hertz "github.com/cloudwego/hertz/pkg/app/server"
	"github.com/cloudwego/hertz/pkg/common/config"
	"github.com/cloudwego/hertz/pkg/common/hlog"
	"github.com/valyala/fasthttp"

	"github.com/picohttp/picohttp/examples/server"
)

const plain, hello = "text/plain", "Hello, World!"

var timeouts = server.DefaultTimeouts

var servers = map[string]func(addr string) error{
	"net/http": func(addr string) error {
		http.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Date"] = nil
			w.Header().Set("Content-Type", plain)
			io.WriteString(w, hello)
		})
		s := http.Server{Addr: addr, ReadHeaderTimeout: timeouts.Head, WriteTimeout: timeouts.Write, IdleTimeout: timeouts.Idle}
		return s.ListenAndServe()
	},
	"fasthttp": func(addr string) error {
		s := fasthttp.Server{
			Handler: func(c *fasthttp.RequestCtx) {
				c.SetContentType(plain)
				c.SetBodyString(hello)
			},
			ReadTimeout: timeouts.Head, WriteTimeout: timeouts.Write, IdleTimeout: timeouts.Idle,
			NoDefaultDate: true, NoDefaultServerHeader: true,
		}
		return s.ListenAndServe(addr)
	},
	"hertz": func(addr string) error {
		hlog.SetLevel(hlog.LevelError)
		s := hertz.New(hertz.WithHostPorts(addr), hertz.WithDisablePrintRoute(true), hertz.WithDisableDefaultDate(true),
			hertz.WithReadTimeout(timeouts.Head), hertz.WithWriteTimeout(timeouts.Write), hertz.WithIdleTimeout(timeouts.Idle),
			config.Option{F: func(o *config.Options) { o.NoDefaultServerHeader = true }})
		s.GET("/", func(_ context.Context, c *app.RequestContext) { c.Data(200, plain, []byte(hello)) })
		return s.Run()
	},
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
