//go:build ignore

// llhttp in its default mode, which is strict, as a program that speaks the pipe protocol.
// It cannot parse a chunked body without a head, so it gets one first. The build constraint
// hides this file from the go command.

#include "batch.h"
#include "llhttp.h"

/* What the callbacks have collected of the first message. */
static struct {
    struct part target, body, fields[4096][2];
    size_t n;
    char content[1 << 16];
} m;

/* A callback may get a part in several calls, such as a value with folded lines. */
static int extend(struct part *part, const char *b, size_t size)
{
    if (part->b == NULL) {
        part->b = b;
    }
    part->size = (size_t)(b + size - part->b);
    return 0;
}

static int on_url(llhttp_t *p, const char *b, size_t size) { return extend(&m.target, b, size); }
static int on_name(llhttp_t *p, const char *b, size_t size) { return extend(&m.fields[m.n][0], b, size); }
static int on_value(llhttp_t *p, const char *b, size_t size) { return extend(&m.fields[m.n][1], b, size); }

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
    if (size > sizeof m.content - m.body.size) {
        size = sizeof m.content - m.body.size;
    }
    memcpy(m.content + m.body.size, b, size);
    m.body.size += size;
    return 0;
}

static int pause_at(llhttp_t *p) { return HPE_PAUSED; }

static int start_trailer(llhttp_t *p)
{
    memset(m.fields, 0, sizeof m.fields);
    m.n = 0;
    return 0;
}

static const char *body_of(llhttp_t *p)
{
    if (p->type == HTTP_RESPONSE && (p->status_code / 100 == 1 || p->status_code == 204 || p->status_code == 304)) {
        return "none";
    } else if (p->upgrade && p->method == HTTP_CONNECT && p->type == HTTP_REQUEST) {
        return "tunnel";
    } else if (p->flags & F_CHUNKED) {
        return "chunked";
    } else if (p->flags & F_CONTENT_LENGTH) {
        return "length";
    }
    return llhttp_message_needs_eof(p) ? "until-close" : "none";
}

static void malformed(enum kind kind, llhttp_errno_t e)
{
    int framing = e == HPE_UNEXPECTED_CONTENT_LENGTH || e == HPE_INVALID_CONTENT_LENGTH ||
        e == HPE_INVALID_TRANSFER_ENCODING;
    printf("{\"result\":\"malformed\",\"stage\":\"%s\",\"error\":\"%s\"}",
        kind == CHUNKED ? "body" : framing ? "framing" : "head", llhttp_errno_name(e));
}

static void answer(enum kind kind, char *b, size_t size)
{
    static const char head[] = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    llhttp_settings_t settings;
    llhttp_t p;
    llhttp_settings_init(&settings);
    settings.on_url = on_url;
    settings.on_header_field = on_name;
    settings.on_header_value = on_value;
    settings.on_header_value_complete = on_value_complete;
    settings.on_body = on_body;
    settings.on_message_complete = pause_at;
    settings.on_headers_complete = kind == CHUNKED ? start_trailer : pause_at;
    memset(&m, 0, sizeof m);
    m.body.b = m.content;
    llhttp_init(&p, kind == RESPONSE ? HTTP_RESPONSE : HTTP_REQUEST, &settings);
    if (kind == CHUNKED) {
        llhttp_execute(&p, head, sizeof head - 1);
    }
    llhttp_errno_t e = llhttp_execute(&p, b, size);
    if (e == HPE_OK) {
        printf("{\"result\":\"incomplete\"}");
        return;
    }
    size_t n = (size_t)(llhttp_get_error_pos(&p) - b), num_fields = m.n;
    if (e != HPE_PAUSED && e != HPE_PAUSED_UPGRADE) {
        malformed(kind, e);
        return;
    }
    if (kind == CHUNKED) {
        put_body(n, m.body);
        put_fields(",\"trailers\":", m.fields, m.n);
        putchar('}');
        return;
    }
    /* It checks some of the framing only after on_headers_complete. */
    llhttp_t rest = p;
    llhttp_resume(&rest);
    e = llhttp_execute(&rest, b + n, size - n);
    if (e == HPE_UNEXPECTED_CONTENT_LENGTH || e == HPE_INVALID_TRANSFER_ENCODING) {
        malformed(kind, e);
        return;
    }
    printf("{\"result\":\"complete\",\"n\":%zu,\"minor\":%d", n, p.http_minor);
    if (kind == REQUEST) {
        const char *method = llhttp_method_name(p.method);
        put_string(",\"method\":", (struct part){method, strlen(method)});
        put_string(",\"target\":", m.target);
    } else {
        printf(",\"status_code\":%d", p.status_code);
    }
    put_fields(",\"fields\":", m.fields, num_fields);
    printf(",\"framing\":{\"body\":\"%s\",\"length\":%llu,\"keep_alive\":%s}}", body_of(&p),
        (unsigned long long)p.content_length, llhttp_should_keep_alive(&p) ? "true" : "false");
}
