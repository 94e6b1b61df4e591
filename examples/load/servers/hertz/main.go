// Command hertz is a server of github.com/cloudwego/hertz with one answer, to
// measure the examples against.
package main

import (
	"context"
	"flag"
	"log"
	"time"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/cloudwego/hertz/pkg/app/server"
	"github.com/cloudwego/hertz/pkg/common/config"
	"github.com/cloudwego/hertz/pkg/common/hlog"
	"github.com/cloudwego/hertz/pkg/network/standard"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "`address` to listen on")
	transport := flag.String("transport", "default", "default or standard")
	flag.Parse()
	hlog.SetLevel(hlog.LevelError)
	options := []config.Option{
		server.WithHostPorts(*addr),
		server.WithDisablePrintRoute(true),
		server.WithReadTimeout(10 * time.Second),
		server.WithWriteTimeout(20 * time.Second),
		server.WithIdleTimeout(60 * time.Second),
		server.WithDisableDefaultDate(true), // the examples send neither
		{F: func(o *config.Options) { o.NoDefaultServerHeader = true }},
	}
	switch *transport {
	case "default":
	case "standard":
		options = append(options, server.WithTransport(standard.NewTransporter))
	default:
		log.Fatalf("there is no transport %q", *transport)
	}
	h := server.New(options...)
	h.GET("/", func(_ context.Context, c *app.RequestContext) {
		c.Data(200, "text/plain", []byte("Hello, World!"))
	})
	if err := h.Run(); err != nil {
		log.Fatal(err)
	}
}
