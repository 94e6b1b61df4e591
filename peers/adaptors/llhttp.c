//go:build ignore

// llhttp, strict as it is by default, as a program that speaks the batch protocol;
// the constraint is for the go command. A body in chunked coding is put after a
// head, which it cannot do without.

#include "batch.h"
#include "llhttp.h"

/* What the callbacks have collected of the first message, which is in one piece. */
static struct {
    struct part target, fields[4096][2];
    size_t n;
    char body[1 << 16];
    size_t body_size;
} m;

/* A part may be told in several calls, as a value with folded lines is. */
static void extend(struct part *part, const char *b, size_t size)
{
    if (part->b == NULL) {
        part->b = b;
    }
    part->size = (size_t)(b + size - part->b);
}

static int on_url(llhttp_t *p, const char *b, size_t size)
{
    extend(&m.target, b, size);
    return 0;
}

static int on_name(llhttp_t *p, const char *b, size_t size)
{
    extend(&m.fields[m.n][0], b, size);
    return 0;
}

static int on_value(llhttp_t *p, const char *b, size_t size)
{
    extend(&m.fields[m.n][1], b, size);
    return 0;
}

static int on_value_complete(llhttp_t *p)
{
    struct part *value = &m.fields[m.n][1];
    while (value->size > 0 && (value->b[value->size - 1] == ' ' || value->b[value->size - 1] == '\t')) {
        value->size--;
    }
    return ++m.n == 4096 ? -1 : 0;
}

static int on_body(llhttp_t *p, const char *b, size_t size)
{
    if (size > sizeof(m.body) - m.body_size) {
        size = sizeof(m.body) - m.body_size;
    }
    memcpy(m.body + m.body_size, b, size);
    m.body_size += size;
    return 0;
}

static int pause_at(llhttp_t *p) { return HPE_PAUSED; }

static int start_trailer(llhttp_t *p)
{
    memset(m.fields, 0, m.n * sizeof(m.fields[0]));
    m.n = 0;
    return 0;
}

static void put_framing(llhttp_t *p)
{
    const char *body = "none";
    if (p->upgrade && p->method == HTTP_CONNECT && p->type == HTTP_REQUEST) {
        body = "tunnel";
    } else if (p->flags & F_CHUNKED) {
        body = "chunked";
    } else if (p->flags & F_CONTENT_LENGTH) {
        body = "length";
    } else if (llhttp_message_needs_eof(p)) {
        body = "until-close";
    }
    if (p->type == HTTP_RESPONSE && (p->status_code / 100 == 1 || p->status_code == 204 || p->status_code == 304)) {
        body = "none";
    }
    printf(",\"framing\":{\"body\":\"%s\"", body);
    if (strcmp(body, "length") == 0) {
        printf(",\"length\":%llu", (unsigned long long)p->content_length);
    }
    printf(",\"keep_alive\":%s}", llhttp_should_keep_alive(p) ? "true" : "false");
}

static void malformed(llhttp_errno_t e, int n)
{
    if (e == HPE_UNEXPECTED_CONTENT_LENGTH || e == HPE_INVALID_CONTENT_LENGTH || e == HPE_INVALID_TRANSFER_ENCODING) {
        printf("{\"result\":\"complete\",\"framing\":{\"error\":\"%s\"}}", llhttp_errno_name(e));
    } else {
        printf("{\"result\":\"malformed\",\"n\":%d,\"error\":\"%s\"}", n, llhttp_errno_name(e));
    }
}

static void answer(enum kind kind, char *b, size_t size)
{
    static const char head[] = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    llhttp_settings_t settings, silent;
    llhttp_t p;
    llhttp_errno_t e;
    llhttp_settings_init(&settings);
    llhttp_settings_init(&silent);
    silent.on_message_complete = pause_at;
    settings.on_url = on_url;
    settings.on_header_field = on_name;
    settings.on_header_value = on_value;
    settings.on_header_value_complete = on_value_complete;
    settings.on_body = on_body;
    settings.on_message_complete = pause_at;
    settings.on_headers_complete = kind == CHUNKED ? start_trailer : pause_at;
    memset(&m, 0, sizeof(m));
    llhttp_init(&p, kind == RESPONSE ? HTTP_RESPONSE : HTTP_REQUEST, &settings);
    if (kind == CHUNKED) {
        llhttp_execute(&p, head, sizeof(head) - 1);
    }
    e = llhttp_execute(&p, b, size);
    if (e == HPE_OK) {
        printf("{\"result\":\"incomplete\"}");
        return;
    }
    int n = (int)(llhttp_get_error_pos(&p) - b);
    if (e != HPE_PAUSED && e != HPE_PAUSED_UPGRADE) {
        malformed(e, n);
        return;
    }
    if (kind != CHUNKED) {
        /* It rejects framing after the callback. */
        llhttp_t rest = p;
        llhttp_resume(&rest);
        rest.settings = &silent;
        e = llhttp_execute(&rest, b + n, size - (size_t)n);
        if (e == HPE_UNEXPECTED_CONTENT_LENGTH || e == HPE_INVALID_TRANSFER_ENCODING) {
            malformed(e, n);
            return;
        }
    }
    printf("{\"result\":\"complete\",\"n\":%d", n);
    if (kind == CHUNKED) {
        printf(",\"body\":");
        put_base64(m.body, m.body_size);
        put_fields("trailers", m.fields, m.n);
        putchar('}');
        return;
    }
    printf(",\"minor\":%d", p.http_minor);
    if (kind == REQUEST) {
        const char *method = llhttp_method_name(p.method);
        put_request(method, strlen(method), m.target.b, m.target.size);
    } else {
        printf(",\"status_code\":%d", p.status_code);
    }
    put_fields("fields", m.fields, m.n);
    put_framing(&p);
    putchar('}');
}
