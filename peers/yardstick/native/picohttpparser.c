/* The side of picohttpparser, which also has the commands for responses and for bodies in chunked coding. */
#include "picohttpparser.h"

#define field struct phr_header

typedef struct {
    size_t last_len;
} parser_state;

#include "side.h"

static void begin(struct request *r) { r->state.last_len = 0; }

static long feed(struct request *r, const char *b, size_t len)
{
    r->num_fields = max_fields;
    int n = phr_parse_request(b, len, &r->method, &r->method_len, &r->target, &r->target_len, &r->minor, r->fields,
                              &r->num_fields, r->state.last_len);
    r->state.last_len = len;
    return n;
}

struct response {
    int minor, status;
    const char *reason;
    size_t reason_len;
    field fields[max_fields];
    size_t num_fields;
};

INLINE void must_parse_response(const struct message *m, struct response *r)
{
    r->num_fields = max_fields;
    int n = phr_parse_response(m->bytes, m->len, &r->minor, &r->status, &r->reason, &r->reason_len, r->fields, &r->num_fields, 0);
    if (n != (int)m->len)
        wrong(m);
}

LOOP(parse_responses, {
    struct response r;
    must_parse_response(m, &r);
    use(&r);
})

static char buffer[1 << 20] __attribute__((aligned(4096)));

/* prepare copies a body to the buffer, because decoding in place destroys it. */
INLINE void prepare(const struct message *m)
{
    if (m->len > sizeof buffer)
        die("a body is longer than the buffer");
    memcpy(buffer, m->bytes, m->len);
    use(buffer);
}

/* decode returns the length of the content, and in rest how many bytes follow the body, or a negative result. */
INLINE size_t decode(const struct message *m, ssize_t *rest)
{
    struct phr_chunked_decoder decoder = {.consume_trailer = 1};
    size_t size = m->len;
    prepare(m);
    *rest = phr_decode_chunked(&decoder, buffer, &size);
    return size;
}

LOOP(prepare_all, prepare(m);)

LOOP(decode_bodies, {
    ssize_t rest;
    sum += decode(m, &rest);
    if (rest != 0)
        wrong(m);
})

/*
 * decode_all decodes all bodies. First it measures the preparation alone, to subtract it. Before that it prepares them once
 * more, because for the first milliseconds copying is slower.
 */
static size_t decode_all(long passes, long step)
{
    int64_t start = now();
    prepare_all(passes, step);
    int64_t warm = now();
    prepare_all(passes, step);
    preparation = now() - start + (now() - warm);
    return decode_bodies(passes, step);
}

static void check_response(const struct message *m)
{
    struct response r;
    must_parse_response(m, &r);
    printf("reads %zu %d %d", m->len, r.minor, r.status);
    print_string(r.reason, r.reason_len);
    print_fields(r.fields, r.num_fields);
}

static void check_chunked(const struct message *m)
{
    ssize_t rest;
    size_t size = decode(m, &rest);
    if (rejected(rest))
        return;
    printf("reads %zu", m->len - rest);
    print_string(buffer, size);
}

static const struct command commands[] = {
    REQUEST_COMMANDS,
    {"check-response", check_response, NULL},
    {"parse-response", NULL, parse_responses},
    {"check-chunked", check_chunked, NULL},
    {"decode", NULL, decode_all},
    {NULL},
};

int main(int argc, char **argv) { return serve(argc, argv, commands); }
