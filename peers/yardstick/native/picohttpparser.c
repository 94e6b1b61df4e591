/*
 * The side of picohttpparser. Besides the commands in side.h it has
 *
 *	check-response, parse-response, read-response
 *			the same for heads of responses: reads CONSUMED MINOR STATUS REASON [NAME VALUE]..., STATUS in decimal
 *	memchr		searches all heads for a byte that they do not have
 *
 * and, if the corpus is of bodies in chunked coding,
 *
 *	check-chunked	reads CONSUMED CONTENT
 *	copy		restores each body. The sum is 0.
 *	decode		also decodes it. The sum is of the lengths of the contents.
 *	memmove		moves each chunk by 6 bytes instead. The sum is of the bytes moved.
 */
#include <stddef.h>

#include "picohttpparser.h"

typedef struct phr_header field;

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
        wrong(m, "phr_parse_response", n, m->len);
}

INLINE size_t parse_response_one(const struct message *m, long step)
{
    struct response r;
    must_parse_response(m, &r);
    return 0;
}

INLINE size_t read_response_one(const struct message *m, long step)
{
    struct response r;
    must_parse_response(m, &r);
    return lengths(r.fields, r.num_fields);
}

INLINE size_t memchr_one(const struct message *m, long step)
{
    volatile int absent = '\0'; /* volatile, or one call would do for all passes */
    if (memchr(m->bytes, absent, m->len) != NULL)
        die("a head has a NUL");
    return 0;
}

/* Bodies are decoded in place: here. */
static char buffer[1 << 20] __attribute__((aligned(4096)));

INLINE size_t copy_one(const struct message *m, long step)
{
    if (m->len > sizeof buffer)
        die("a body is longer than the buffer");
    memcpy(buffer, m->bytes, m->len);
    use(buffer);
    return 0;
}

/* decode returns the length of the content, and how many bytes are left after the body, or what is negative. */
INLINE size_t decode(const struct message *m, ssize_t *rest)
{
    struct phr_chunked_decoder decoder = {.consume_trailer = 1};
    size_t size = m->len;
    copy_one(m, 0);
    *rest = phr_decode_chunked(&decoder, buffer, &size);
    return size;
}

INLINE size_t decode_one(const struct message *m, long step)
{
    ssize_t rest;
    size_t size = decode(m, &rest);
    if (rest != 0)
        wrong(m, "phr_decode_chunked", rest, 0);
    return size;
}

/* memmove_one moves each chunk by 6 bytes, the least that decoding moves one of 16 KiB. All chunks of a body have one size. */
INLINE size_t memmove_one(const struct message *m, long step)
{
    const size_t by = strlen("4000\r\n");
    char *line_end, *to = buffer;
    size_t size = strtoul(m->bytes, &line_end, 16);
    size_t encoded = line_end - m->bytes + size + strlen("\r\n\r\n");
    copy_one(m, 0);
    for (size_t k = m->len / encoded; k > 0; k--, to += size)
        memmove(to, to + by, size);
    use(buffer);
    return to - buffer;
}

LOOP(parse_responses, parse_response_one)
LOOP(read_responses, read_response_one)
LOOP(memchr_all, memchr_one)
LOOP(copy_all, copy_one)
LOOP(decode_all, decode_one)
LOOP(memmove_all, memmove_one)

static void check_response(long i)
{
    struct response r;
    must_parse_response(message(i), &r);
    printf("reads %zu %d %d", message(i)->len, r.minor, r.status);
    print_string(r.reason, r.reason_len);
    print_fields(r.fields, r.num_fields);
}

static void check_chunked(long i)
{
    ssize_t rest;
    size_t size = decode(message(i), &rest);
    if (rejected(rest))
        return;
    printf("reads %zu", message(i)->len - rest);
    print_string(buffer, size);
}

static const struct command commands[] = {
    REQUEST_COMMANDS,
    {"check-response", check_response, NULL},
    {"parse-response", NULL, parse_responses},
    {"read-response", NULL, read_responses},
    {"check-chunked", check_chunked, NULL},
    {"copy", NULL, copy_all},
    {"decode", NULL, decode_all},
    {"memmove", NULL, memmove_all},
    {"memchr", NULL, memchr_all},
    {NULL},
};

int main(int argc, char **argv) { return serve(argc, argv, commands); }
