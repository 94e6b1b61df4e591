/*
 * picohttpparser's side. Besides what all sides answer (see side.h) it answers
 *
 *	memchr N            ns for looking through all heads for a byte they do not have, N times
 *	*-response          check, parse and read for heads of responses
 *
 * and, if the corpus is of bodies in chunked coding:
 *
 *	check-chunked I     body I: n, bytes of content, digest
 *	copy N              ns for restoring all bodies, in order, N times
 *	decode N            the same, decoding each one; ns, sum of the lengths of the contents
 *	memmove N           the same, moving each chunk by 6 bytes instead of decoding; ns, sum of what was moved
 */
#include <stddef.h>

#include "picohttpparser.h"

typedef struct phr_header field;

typedef struct {
    size_t last_len;
} state;

#include "side.h"

#ifdef __SSE4_2__
#define CODE "SSE4.2"
#else
#define CODE "scalar"
#endif

struct response {
    int minor, status;
    const char *reason;
    size_t reason_len;
    struct phr_header fields[max_fields];
    size_t num_fields;
};

/* Bodies are decoded in place: here, where the longest has room. */
static char *buffer;

static void make_buffer(void)
{
    buffer = mmap(NULL, longest, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (buffer == MAP_FAILED)
        die("out of memory");
}

static void begin(struct request *r) { r->state.last_len = 0; }

static long feed(struct request *r, const char *b, size_t len)
{
    r->num_fields = max_fields;
    int n = phr_parse_request(b, len, &r->method, &r->method_len, &r->target, &r->target_len, &r->minor, r->fields,
                              &r->num_fields, r->state.last_len);
    r->state.last_len = len;
    return n;
}

static void must_parse_response(const struct message *m, struct response *r)
{
    r->num_fields = max_fields;
    int n = phr_parse_response(m->bytes, m->len, &r->minor, &r->status, &r->reason, &r->reason_len, r->fields, &r->num_fields, 0);
    if (n != (int)m->len)
        wrong(m, "phr_parse_response", n, m->len);
}

/* decode decodes the body in the buffer and returns how many bytes are left behind it, or what is negative. */
static ssize_t decode(const struct message *m, size_t *size)
{
    struct phr_chunked_decoder decoder = {.consume_trailer = 1};
    *size = m->len;
    return phr_decode_chunked(&decoder, buffer, size);
}

static size_t parse_responses(long passes, long step)
{
    struct response r;
    for (long i = 0; i < passes; i++)
        for (size_t j = 0; j < num_messages; j++)
            must_parse_response(&messages[j], &r);
    return 0;
}

static size_t read_responses(long passes, long step)
{
    struct response r;
    size_t sum = 0;
    for (long i = 0; i < passes; i++)
        for (size_t j = 0; j < num_messages; j++) {
            must_parse_response(&messages[j], &r);
            for (size_t k = 0; k < r.num_fields; k++)
                sum += r.fields[k].name_len + r.fields[k].value_len;
        }
    return sum;
}

static size_t memchr_all(long passes, long step)
{
    volatile int absent = '\0'; /* volatile: or the calls are all alike, and one would do */
    for (long i = 0; i < passes; i++)
        for (size_t j = 0; j < num_messages; j++)
            if (memchr(messages[j].bytes, absent, messages[j].len) != NULL)
                die("a head has a NUL");
    return 0;
}

/* restore copies a body to the buffer. */
static void restore(const struct message *m)
{
    if (buffer == NULL)
        make_buffer();
    memcpy(buffer, m->bytes, m->len);
    keep(buffer);
}

static size_t decode_all(long passes, long step)
{
    size_t sum = 0;
    for (long i = 0; i < passes; i++)
        for (size_t j = 0; j < num_messages; j++) {
            size_t size;
            restore(&messages[j]);
            ssize_t rest = decode(&messages[j], &size);
            if (rest != 0)
                wrong(&messages[j], "phr_decode_chunked", rest, 0);
            sum += size;
        }
    return sum;
}

static size_t copy_all(long passes, long step)
{
    for (long i = 0; i < passes; i++)
        for (size_t j = 0; j < num_messages; j++)
            restore(&messages[j]);
    return 0;
}

/*
 * memmove_all restores each body, as decode_all does, and moves each chunk by 6 bytes, the least that decoding moves
 * one of 16 KiB. All chunks of a corpus are of one size.
 */
static size_t memmove_all(long passes, long step)
{
    const size_t by = strlen("4000\r\n");
    char *line_end;
    size_t size = strtoul(messages[0].bytes, &line_end, 16);
    size_t encoded = line_end - messages[0].bytes + size + strlen("\r\n\r\n");
    size_t sum = 0;
    for (long i = 0; i < passes; i++)
        for (size_t j = 0; j < num_messages; j++) {
            restore(&messages[j]);
            char *to = buffer;
            for (size_t k = messages[j].len / encoded; k > 0; k--, to += size)
                memmove(to, to + by, size);
            sum += to - buffer;
            keep(buffer);
        }
    return sum;
}

static void check_response(long i, long step)
{
    const struct message *m = message(i);
    struct response r;
    must_parse_response(m, &r);
    uint64_t hash = digest_start;
    hash = digest_int(hash, r.minor);
    hash = digest_int(hash, r.status);
    hash = digest(hash, r.reason, r.reason_len);
    answer_head(m->len, hash, r.fields, r.num_fields, 0);
    printf("\n");
}

static void check_chunked(long i, long step)
{
    const struct message *m = message(i);
    size_t size;
    restore(m);
    ssize_t rest = decode(m, &size);
    if (rest < 0)
        wrong(m, "phr_decode_chunked", rest, 0);
    printf("%zu %zu %016llx\n", m->len - rest, size, (unsigned long long)digest(digest_start, buffer, size));
}

static const struct command commands[] = {
    REQUEST_COMMANDS,
    {"check-response", check_response},
    {"parse-response", .run = parse_responses},
    {"read-response", .run = read_responses},
    {"check-chunked", check_chunked},
    {"decode", .run = decode_all},
    {"copy", .run = copy_all},
    {"memmove", .run = memmove_all},
    {"memchr", .run = memchr_all},
    {NULL},
};

int main(int argc, char **argv) { return serve(argc, argv, "picohttpparser of " SOURCE ", " CODE, commands); }
