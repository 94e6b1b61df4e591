//go:build ignore

// picohttpparser as a program that speaks the batch protocol; the constraint is for
// the go command. picohttpparser leaves framing to its caller, so nothing is said about it.

#include "batch.h"
#include "picohttpparser.h"

static struct phr_header fields[256];

static void answer(enum kind kind, char *b, size_t size)
{
    const char *method, *target, *reason;
    size_t method_size, target_size, reason_size, n = 256;
    int minor, status, result;
    if (kind == CHUNKED) {
        struct phr_chunked_decoder d = {.consume_trailer = 1};
        size_t content = size;
        ssize_t left = phr_decode_chunked(&d, b, &content);
        if (left < 0) {
            printf("{\"result\":\"%s\"}", left == -2 ? "incomplete" : "malformed");
            return;
        }
        printf("{\"result\":\"complete\",\"n\":%zu,\"body\":", size - (size_t)left);
        put_base64(b, content);
        putchar('}');
        return;
    }
    if (kind == REQUEST) {
        result = phr_parse_request(b, size, &method, &method_size, &target, &target_size, &minor, fields, &n, 0);
    } else {
        result = phr_parse_response(b, size, &minor, &status, &reason, &reason_size, fields, &n, 0);
    }
    if (result < 0) {
        printf("{\"result\":\"%s\"}", result == -2 ? "incomplete" : "malformed");
        return;
    }
    printf("{\"result\":\"complete\",\"n\":%d,\"minor\":%d", result, minor);
    if (kind == REQUEST) {
        put_request(method, method_size, target, target_size);
    } else {
        printf(",\"status_code\":%d,\"reason\":", status);
        put_string(reason, reason_size);
    }
    struct part parts[256][2];
    for (size_t i = 0; i < n; i++) {
        parts[i][0] = (struct part){fields[i].name, fields[i].name_len};
        parts[i][1] = (struct part){fields[i].value, fields[i].value_len};
    }
    put_fields("fields", parts, n);
    putchar('}');
}
