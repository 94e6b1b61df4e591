//go:build ignore

// picohttpparser as a program that speaks the pipe protocol. It leaves framing to its caller,
// so the answers have none. The build constraint hides this file from the go command.

#include "batch.h"
#include "picohttpparser.h"

static void answer(enum kind kind, char *b, size_t size)
{
    struct phr_header headers[256];
    struct part first, target, fields[256][2];
    size_t n = 256, content = size;
    int minor, status = 0;
    ssize_t result;
    if (kind == CHUNKED) {
        struct phr_chunked_decoder d = {.consume_trailer = 1};
        result = phr_decode_chunked(&d, b, &content);
    } else if (kind == REQUEST) {
        result = phr_parse_request(b, size, &first.b, &first.size, &target.b, &target.size, &minor, headers, &n, 0);
    } else {
        result = phr_parse_response(b, size, &minor, &status, &first.b, &first.size, headers, &n, 0);
    }
    if (result < 0) {
        printf("{\"result\":\"%s\"}", result == -2 ? "incomplete" : "malformed");
        return;
    }
    if (kind == CHUNKED) {
        put_body(size - (size_t)result, (struct part){b, content});
        putchar('}');
        return;
    }
    printf("{\"result\":\"complete\",\"n\":%zd,\"minor\":%d,\"status_code\":%d", result, minor, status);
    put_string(kind == REQUEST ? ",\"method\":" : ",\"reason\":", first);
    if (kind == REQUEST) {
        put_string(",\"target\":", target);
    }
    for (size_t i = 0; i < n; i++) {
        fields[i][0] = (struct part){headers[i].name, headers[i].name_len};
        fields[i][1] = (struct part){headers[i].value, headers[i].value_len};
    }
    put_fields(",\"fields\":", fields, n);
    putchar('}');
}
