// Command nethttp serves an http.Handler with a loop of its own: requests are read by
// picohttp's package nethttp, all else is net/http's.
package main

import (
	"github.com/picohttp/picohttp/examples/server"
	"github.com/picohttp/picohttp/examples/service"
)

func main() {
	limits := service.DefaultLimits
	server.Run((&Server{service.Handler(limits.MaxBody), limits, server.DefaultTimeouts}).Serve)
}
