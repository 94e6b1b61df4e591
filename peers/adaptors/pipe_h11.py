#!/usr/bin/python3
"""h11, from Debian's python3-h11, as a program that speaks the pipe protocol."""

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
    """Where the body ends, according to the fields as h11 returns them."""
    fields = dict(event.headers)
    if kind == "response" and (event.status_code < 200 or event.status_code in (204, 304)):
        return {"body": "none"}
    if b"transfer-encoding" in fields:
        return {"body": "chunked"}
    if b"content-length" in fields:
        return {"body": "length", "length": int(fields[b"content-length"])}
    return {"body": "until-close" if kind == "response" else "none"}


def read(c, kind, b, a):
    """Gives bytes to a connection, and puts what it reads into an answer."""
    body, ended = b"", False

    def consumed():
        return len(b) - len(c.trailing_data[0])

    if b:  # an empty b would mean that the connection has ended
        c.receive_data(b)
    while a["result"] == "incomplete":
        event = c.next_event()
        if event is h11.NEED_DATA:
            if ended or a.get("framing", {}).get("body") != "until-close":
                return
            c.receive_data(b"")
            ended = True
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, (h11.Request, h11.Response, h11.InformationalResponse)):
            a.update(stage="body", n=consumed(), minor=int(event.http_version[2:]),
                     fields=pairs(event.headers), framing=framing(kind, event))
            if kind == "response":
                a.update(status_code=event.status_code, reason=text(event.reason))
            else:
                a.update(method=text(event.method), target=text(event.target))
            if isinstance(event, h11.InformationalResponse):
                a.update(result="complete", length=consumed(), body="")
        else:  # the message has ended, or the protocol is switched
            a.update(result="complete", length=consumed(), body=text(base64.b64encode(body)))
            if isinstance(event, h11.EndOfMessage):
                a["framing"]["keep_alive"] = c.their_state is h11.DONE and not ended
                a["trailers"] = pairs(event.headers)


def answer(kind, b):
    a = {"result": "incomplete", "stage": "head"}
    try:
        read(connection(kind), kind, b, a)
    except h11.RemoteProtocolError as e:
        a.update(result="malformed", error=str(e))
        if a["stage"] == "head" and ("Content-Length" in str(e) or "Transfer-Encoding" in str(e)):
            a["stage"] = "framing"
    return a


for line in sys.stdin:
    b = base64.b64decode(line)
    if sys.argv[2] == "chunked":
        a = answer("request", CHUNKED_HEAD + b)
        a = {name: a[name] for name in ("result", "error", "length", "body", "trailers") if name in a}
        if "length" in a:
            a["n"] = a.pop("length") - len(CHUNKED_HEAD)
    else:
        a = answer(sys.argv[2], b)
    print(json.dumps(a), flush=True)
