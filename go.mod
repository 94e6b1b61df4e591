module github.com/picohttp/picohttp

go 1.25.0

require golang.org/x/sys v0.43.0
