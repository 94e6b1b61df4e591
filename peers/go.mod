module github.com/picohttp/picohttp/peers

go 1.25.0

require (
	github.com/antlabs/httparser v0.0.11
	github.com/cloudwego/hertz v0.10.4
	github.com/lesismal/nbio v1.5.12
	github.com/picohttp/picohttp v0.1.0
	github.com/picohttp/picohttp/fuzz v0.1.0
	github.com/valyala/fasthttp v1.74.0
	golang.org/x/image v0.30.0
	gonum.org/v1/plot v0.17.0
)

require (
	codeberg.org/go-fonts/liberation v0.5.0 // indirect
	codeberg.org/go-latex/latex v0.2.0 // indirect
	codeberg.org/go-pdf/fpdf v0.11.1 // indirect
	git.sr.ht/~sbinet/gg v0.7.0 // indirect
	github.com/ajstarks/svgo v0.0.0-20211024235047-1546f124cd8b // indirect
	github.com/bytedance/gopkg v0.1.3 // indirect
	github.com/golang/freetype v0.0.0-20170609003504-e2365dfdc4a0 // indirect
	github.com/klauspost/compress v1.20.0 // indirect
	github.com/lesismal/llib v1.1.13 // indirect
	github.com/molecule-man/go-brrr v1.0.1 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
	golang.org/x/crypto v0.55.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
	golang.org/x/text v0.41.0 // indirect
)

replace (
	github.com/picohttp/picohttp => ../
	github.com/picohttp/picohttp/fuzz => ../fuzz
)
