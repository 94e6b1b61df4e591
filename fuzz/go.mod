module github.com/picohttp/picohttp/fuzz

go 1.25.0

require github.com/picohttp/picohttp v0.0.0

require golang.org/x/sys v0.43.0 // indirect

replace github.com/picohttp/picohttp => ../
