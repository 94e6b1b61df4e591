#!/usr/bin/python3
"""h11, of Debian's python3-h11, as a program that speaks the pipe protocol.

    go run ./differ -pipe 'h11=/usr/bin/python3 adaptors/pipe_h11.py'
"""

import base64
import json
import sys

import h11

CHUNKED_HEAD = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"


def text(b):
    return bytes(b).decode("latin-1")


def pairs(headers):
    raw = headers.raw_items() if hasattr(headers, "raw_items") else headers
    return [[text(name), text(value)] for name, value in raw]


def connection(kind):
    """A connection that expects a message of a kind."""
    if kind != "response":
        return h11.Connection(h11.SERVER)
    c = h11.Connection(h11.CLIENT)
    c.send(h11.Request(method="GET", target="/", headers=[("Host", "h")]))
    c.send(h11.EndOfMessage())
    return c


def framing(kind, event):
    """Where the body ends, as h11 has put it into the fields that it shows."""
    fields = dict(event.headers)
    if kind == "response" and (event.status_code < 200 or event.status_code in (204, 304)):
        return {"body": "none"}
    if b"transfer-encoding" in fields:
        return {"body": "chunked"}
    if b"content-length" in fields:
        return {"body": "length", "length": int(fields[b"content-length"])}
    return {"body": "until-close" if kind == "response" else "none"}


def answer(kind, b):
    c = connection(kind)
    a = {}
    stage = "head"
    body = b""
    ended = False

    def consumed():
        return len(b) - len(c.trailing_data[0])

    try:
        if b:  # nothing is the end of the connection
            c.receive_data(b)
        while True:
            event = c.next_event()
            if event is h11.NEED_DATA:
                if a.get("framing", {}).get("body") != "until-close" or ended:
                    return dict(a, result="incomplete", stage=stage)
                c.receive_data(b"")
                ended = True
            elif isinstance(event, (h11.Request, h11.Response, h11.InformationalResponse)):
                stage = "body"
                a = {
                    "n": consumed(),
                    "minor": int(event.http_version[2:]),
                    "fields": pairs(event.headers),
                    "framing": framing(kind, event),
                }
                if kind == "response":
                    a.update(status_code=event.status_code, reason=text(event.reason))
                else:
                    a.update(method=text(event.method), target=text(event.target))
                if isinstance(event, h11.InformationalResponse):
                    return dict(a, result="complete", length=consumed(), body="")
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                a.update(result="complete", length=consumed(), body=text(base64.b64encode(body)))
                a["framing"]["keep_alive"] = c.their_state is h11.DONE and not ended
                a["trailers"] = pairs(event.headers)
                return a
            else:  # it has switched to another protocol
                return dict(a, result="complete", length=consumed(), body="")
    except h11.RemoteProtocolError as e:
        if stage == "head" and ("Content-Length" in str(e) or "Transfer-Encoding" in str(e)):
            stage = "framing"
        return dict(a, result="malformed", stage=stage, error=str(e))


def main():
    kind = sys.argv[2]
    for line in sys.stdin:
        b = base64.b64decode(line)
        if kind == "chunked":
            a = answer("request", CHUNKED_HEAD + b)
            a = {name: a[name] for name in ("result", "error", "length", "body", "trailers") if name in a}
            if "length" in a:
                a["n"] = a.pop("length") - len(CHUNKED_HEAD)
        else:
            a = answer(kind, b)
        print(json.dumps(a), flush=True)


main()
