module github.com/picohttp/picohttp/peers

go 1.26.0

require (
	github.com/antlabs/httparser v0.0.11
	github.com/cloudwego/hertz v0.10.4
	github.com/ebitengine/purego v0.11.3
	github.com/klauspost/cpuid/v2 v2.4.2
	github.com/lesismal/nbio v1.5.12
	github.com/picohttp/picohttp v0.1.0
	github.com/picohttp/picohttp/fuzz v0.1.0
	github.com/valyala/fasthttp v1.74.0
	golang.org/x/sys v0.47.0
)

require (
	github.com/bytedance/gopkg v0.1.3 // indirect
	github.com/klauspost/compress v1.20.0 // indirect
	github.com/lesismal/llib v1.1.13 // indirect
	github.com/molecule-man/go-brrr v1.0.1 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
	golang.org/x/crypto v0.55.0 // indirect
	golang.org/x/tools v0.48.0 // indirect
)

replace (
	github.com/picohttp/picohttp => ../
	github.com/picohttp/picohttp/fuzz => ../fuzz
)
