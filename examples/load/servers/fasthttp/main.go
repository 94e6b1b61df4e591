// Command fasthttp is a server of github.com/valyala/fasthttp with one answer, to
// measure the examples against.
package main

import (
	"flag"
	"log"
	"time"

	"github.com/valyala/fasthttp"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "`address` to listen on")
	flag.Parse()
	s := fasthttp.Server{
		Handler: func(c *fasthttp.RequestCtx) {
			if string(c.Path()) != "/" {
				c.NotFound()
				return
			}
			c.SetContentType("text/plain")
			c.SetBodyString("Hello, World!")
		},
		ReadTimeout:           10 * time.Second,
		WriteTimeout:          20 * time.Second,
		IdleTimeout:           60 * time.Second,
		NoDefaultDate:         true, // the examples send neither
		NoDefaultServerHeader: true,
	}
	log.Fatal(s.ListenAndServe(*addr))
}
