import http.client, json, sys
c = http.client.HTTPConnection(sys.argv[1], timeout=10)
connections = 0
connect = c.connect
def counted():
    global connections
    connections += 1
    connect()
c.connect = counted
def ask(method, path, content=None, header={}, **more):
    c.request(method, path, content, header, **more)
    r = c.getresponse()
    return r, r.read().decode()
print(ask("GET", "/")[1], ask("HEAD", "/json")[0].getheader("Content-Length"),
    ask("POST", "/echo", iter([b"hello, ", b"world"]), encode_chunked=True)[1],
    ask("POST", "/echo", b"hello", {"Expect": "100-continue"})[1],
    json.loads(ask("POST", "/upload", b"abc")[1])["size"],
    ask("POST", "/upload", b"", {"Content-Length": "99999999"})[0].status, connections)
