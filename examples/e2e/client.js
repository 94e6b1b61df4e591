const http = require("http"), [host, port] = process.argv[2].split(":")
const agent = new http.Agent({keepAlive: true, maxSockets: 1}), sockets = new Set()
function ask(method, path, headers, send) {
	return new Promise((resolve, reject) => {
		const r = http.request({host, port, path, method, headers, agent, timeout: 10000})
		let informed = 0
		r.on("socket", s => sockets.add(s)).on("error", reject).on("timeout", () => reject(new Error("timeout")))
		r.on("continue", () => { informed = 100; r.end("hello") })
		r.on("response", m => { let text = ""; m.on("data", d => text += d).on("end", () => resolve({m, text, informed})) })
		send(r)
	})
}
async function main() {
	const plain = await ask("GET", "/", {}, r => r.end())
	const head = await ask("HEAD", "/json", {}, r => r.end())
	const chunks = await ask("POST", "/echo", {}, r => { r.write("hello, "); setTimeout(() => r.end("world"), 20) })
	const waited = await ask("POST", "/echo", {Expect: "100-continue", "Content-Length": 5}, r => r.flushHeaders())
	const upload = JSON.parse((await ask("POST", "/upload", {"Transfer-Encoding": "chunked", Trailer: "A, B"}, r => {
		r.write("abc"); r.addTrailers({A: "1", B: "2"}); r.end() })).text)
	const large = await ask("POST", "/upload", {"Content-Length": 99999999}, r => r.flushHeaders())
	console.log(plain.text, head.m.headers["content-length"], chunks.text, waited.informed, waited.text,
		upload.trailers, upload.size, large.m.statusCode, sockets.size)
	process.exit()
}
main().catch(err => { console.log(err); process.exit(1) })
