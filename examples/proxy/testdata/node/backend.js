// Echoes content and trailer sections.
const s = require("http").createServer((req, res) => {
	if (req.url === "/hints") res.writeEarlyHints({ link: "</style.css>; rel=preload" })
	if (req.method === "HEAD") return res.end()
	res.setHeader("Trailer", "Sum")
	req.on("data", d => res.write(d))
	req.on("end", () => { res.addTrailers({ Sum: req.trailers.sum || "none" }); res.end(req.method + " " + req.headers.host) })
})
s.listen(0, "127.0.0.1", () => console.log(s.address().port))
