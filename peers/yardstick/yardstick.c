//go:build ignore

// picohttpparser's side of the yardstick: see main.go.
//
//	yardstick-native CORPUS
//
// reads the corpus (its format is in corpus.go), says on one line what it is,
// and then answers each line of standard input with one line:
//
//	check-request I     head I: n, fields, bytes of names, bytes of values, digest
//	parse-request N     ns for parsing all heads, in order, N times
//	read-request N      the same, taking every name and value; ns, sum of the lengths
//	memchr N            ns for looking through all heads for a byte they do not have
//	*-response          the same for heads of responses
//
// or, if the corpus is of bodies in chunked coding:
//
//	check-chunked I     body I: n, bytes of content, digest
//	copy N              ns for restoring all bodies, in order, N times
//	decode N            the same, decoding each one; ns, sum of the lengths of the contents
//	memmove N           the same, moving each chunk by 6 bytes instead of decoding; ns, sum of what was moved
//
// The constraint in the first line is for the go command, which would take this
// file for a part of the package.

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "picohttpparser.h"

#ifdef __SSE4_2__
#define CODE "SSE4.2"
#else
#define CODE "scalar"
#endif

enum { max_fields = 100, slot = 64 };

/* A message is a head or a body. */
struct message {
    const char *bytes;
    size_t len;
};

struct request {
    const char *method, *target;
    size_t method_len, target_len;
    int minor;
    struct phr_header fields[max_fields];
    size_t num_fields;
};

struct response {
    int minor, status;
    const char *reason;
    size_t reason_len;
    struct phr_header fields[max_fields];
    size_t num_fields;
};

static struct message *messages;
static size_t num_messages;

/* Bodies are decoded in place: here, where the longest has room. */
static char *buffer;

static void die(const char *what)
{
    printf("error: %s\n", what);
    exit(1);
}

static void load(const char *path)
{
    int fd = open(path, O_RDONLY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        die("cannot open the corpus");
    const unsigned char *file = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (file == MAP_FAILED)
        die("cannot map the corpus");
    messages = calloc(st.st_size / slot, sizeof *messages);
    buffer = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (messages == NULL || buffer == MAP_FAILED)
        die("out of memory");
    for (off_t at = 0; at < st.st_size;) {
        const unsigned char *p = file + at;
        size_t len = p[0] | p[1] << 8 | p[2] << 16 | (size_t)p[3] << 24;
        messages[num_messages++] = (struct message){(const char *)p + slot, len};
        at += slot + (len + slot - 1) / slot * slot;
    }
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void wrong(const struct message *m, const char *function, long result, size_t want)
{
    printf("error: message %td: %s returns %ld, want %zu\n", m - messages, function, result, want);
    exit(1);
}

static void must_parse_request(const struct message *m, struct request *r)
{
    r->num_fields = max_fields;
    int n = phr_parse_request(m->bytes, m->len, &r->method, &r->method_len, &r->target, &r->target_len, &r->minor, r->fields,
                              &r->num_fields, 0);
    if (n != (int)m->len)
        wrong(m, "phr_parse_request", n, m->len);
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

static void time_parse_request(long passes)
{
    struct request r;
    int64_t start = now();
    for (long i = 0; i < passes; i++)
        for (size_t j = 0; j < num_messages; j++)
            must_parse_request(&messages[j], &r);
    printf("%lld\n", (long long)(now() - start));
}

static void time_parse_response(long passes)
{
    struct response r;
    int64_t start = now();
    for (long i = 0; i < passes; i++)
        for (size_t j = 0; j < num_messages; j++)
            must_parse_response(&messages[j], &r);
    printf("%lld\n", (long long)(now() - start));
}

static void time_read_request(long passes)
{
    struct request r;
    size_t sum = 0;
    int64_t start = now();
    for (long i = 0; i < passes; i++)
        for (size_t j = 0; j < num_messages; j++) {
            must_parse_request(&messages[j], &r);
            for (size_t k = 0; k < r.num_fields; k++)
                sum += r.fields[k].name_len + r.fields[k].value_len;
        }
    int64_t ns = now() - start;
    printf("%lld %zu\n", (long long)ns, sum);
}

static void time_read_response(long passes)
{
    struct response r;
    size_t sum = 0;
    int64_t start = now();
    for (long i = 0; i < passes; i++)
        for (size_t j = 0; j < num_messages; j++) {
            must_parse_response(&messages[j], &r);
            for (size_t k = 0; k < r.num_fields; k++)
                sum += r.fields[k].name_len + r.fields[k].value_len;
        }
    int64_t ns = now() - start;
    printf("%lld %zu\n", (long long)ns, sum);
}

static void time_memchr(long passes)
{
    volatile int absent = '\0'; /* volatile: or the calls are all alike, and one would do */
    int64_t start = now();
    for (long i = 0; i < passes; i++)
        for (size_t j = 0; j < num_messages; j++)
            if (memchr(messages[j].bytes, absent, messages[j].len) != NULL)
                die("a head has a NUL");
    printf("%lld\n", (long long)(now() - start));
}

/* keep does nothing, but for all that gcc knows it reads the buffer: what was moved there must be there. */
static void keep(void)
{
    __asm__ volatile("" ::: "memory");
}

/* restore copies a body to the buffer. */
static void restore(const struct message *m)
{
    memcpy(buffer, m->bytes, m->len);
    keep();
}

static void time_decode(long passes)
{
    size_t sum = 0;
    int64_t start = now();
    for (long i = 0; i < passes; i++)
        for (size_t j = 0; j < num_messages; j++) {
            size_t size;
            restore(&messages[j]);
            ssize_t rest = decode(&messages[j], &size);
            if (rest != 0)
                wrong(&messages[j], "phr_decode_chunked", rest, 0);
            sum += size;
        }
    int64_t ns = now() - start;
    printf("%lld %zu\n", (long long)ns, sum);
}

static void time_copy(long passes)
{
    int64_t start = now();
    for (long i = 0; i < passes; i++)
        for (size_t j = 0; j < num_messages; j++)
            restore(&messages[j]);
    printf("%lld\n", (long long)(now() - start));
}

/*
 * time_memmove restores each body, as time_decode does, and moves each chunk by 6 bytes, the least that decoding moves
 * one of 16 KiB. All chunks of a corpus are of one size.
 */
static void time_memmove(long passes)
{
    const size_t by = strlen("4000\r\n");
    char *line_end;
    size_t size = strtoul(messages[0].bytes, &line_end, 16);
    size_t encoded = line_end - messages[0].bytes + size + strlen("\r\n\r\n");
    size_t sum = 0;
    int64_t start = now();
    for (long i = 0; i < passes; i++)
        for (size_t j = 0; j < num_messages; j++) {
            restore(&messages[j]);
            char *to = buffer;
            for (size_t k = messages[j].len / encoded; k > 0; k--, to += size)
                memmove(to, to + by, size);
            sum += to - buffer;
            keep();
        }
    int64_t ns = now() - start;
    printf("%lld %zu\n", (long long)ns, sum);
}

static const uint64_t digest_start = UINT64_C(0xcbf29ce484222325);

/* digest continues an FNV-1a hash with a string and a NUL. */
static uint64_t digest(uint64_t hash, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    return hash * UINT64_C(0x100000001b3);
}

static uint64_t digest_int(uint64_t hash, int value)
{
    char text[16];
    return digest(hash, text, snprintf(text, sizeof text, "%d", value));
}

/* answer_head continues the digest of a start-line with the fields, and answers. */
static void answer_head(size_t n, uint64_t hash, const struct phr_header *fields, size_t num_fields)
{
    size_t names = 0, values = 0;
    for (size_t k = 0; k < num_fields; k++) {
        const struct phr_header *f = &fields[k];
        hash = digest(hash, f->name, f->name_len);
        hash = digest(hash, f->value, f->value_len);
        names += f->name_len;
        values += f->value_len;
    }
    printf("%zu %zu %zu %zu %016llx\n", n, num_fields, names, values, (unsigned long long)hash);
}

static const struct message *message(long i)
{
    if (i < 0 || (size_t)i >= num_messages)
        die("no such message");
    return &messages[i];
}

static void check_request(long i)
{
    const struct message *m = message(i);
    struct request r;
    must_parse_request(m, &r);
    uint64_t hash = digest_start;
    hash = digest(hash, r.method, r.method_len);
    hash = digest(hash, r.target, r.target_len);
    hash = digest_int(hash, r.minor);
    answer_head(m->len, hash, r.fields, r.num_fields);
}

static void check_response(long i)
{
    const struct message *m = message(i);
    struct response r;
    must_parse_response(m, &r);
    uint64_t hash = digest_start;
    hash = digest_int(hash, r.minor);
    hash = digest_int(hash, r.status);
    hash = digest(hash, r.reason, r.reason_len);
    answer_head(m->len, hash, r.fields, r.num_fields);
}

static void check_chunked(long i)
{
    const struct message *m = message(i);
    size_t size;
    restore(m);
    ssize_t rest = decode(m, &size);
    if (rest < 0)
        wrong(m, "phr_decode_chunked", rest, 0);
    printf("%zu %zu %016llx\n", m->len - rest, size, (unsigned long long)digest(digest_start, buffer, size));
}

static const struct {
    const char *word;
    void (*answer)(long n);
} commands[] = {
    {"check-request", check_request},   {"parse-request", time_parse_request},   {"read-request", time_read_request},
    {"check-response", check_response}, {"parse-response", time_parse_response}, {"read-response", time_read_response},
    {"check-chunked", check_chunked},   {"decode", time_decode},                 {"copy", time_copy},
    {"memmove", time_memmove},          {"memchr", time_memchr},
};

static void answer(const char *command, long n)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(command, commands[i].word) == 0) {
            commands[i].answer(n);
            return;
        }
    die("unknown command");
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc != 2)
        die("usage: yardstick CORPUS");
    load(argv[1]);
    printf("picohttpparser of %s, %s, gcc %s %s\n", SOURCE, CODE, __VERSION__, FLAGS);

    char line[64], command[16];
    long n;
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "%15s %ld", command, &n) != 2)
            die("a command is a word and a number");
        answer(command, n);
    }
    return 0;
}
