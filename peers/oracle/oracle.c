//go:build ignore

// picohttpparser's side of the oracle: see main.go.
//
// Says on a line what it is, and then answers questions from standard input, in
// order. A question is a struct question, the sizes of pieces (32 bits each) and
// the input. Its answer is a sequence of words of 64 bits, which are sent only if
// the question is verbose, their number first; else a hash of them is sent. All
// integers are those of the machine.
//
// The words for a head are its length, -2 (incomplete) or -1 (malformed), and, if it
// is complete, what the functions below put. For a body in chunked coding they are, for
// each call of phr_decode_chunked: what it returned, the size of the data, and the data.
//
// The constraint in the first line is for the go command, which would take this
// file for a part of the package.

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "picohttpparser.h"

#ifdef __SSE4_2__
#define CODE "SSE4.2"
#else
#define CODE "scalar"
#endif

enum kind { request, response, trailer, chunked, chunked_leave };

struct question {
    uint32_t size; /* of the input */
    uint8_t kind, verbose;
    uint16_t max_fields;
    uint32_t pieces; /* how many sizes of pieces; the body is cut into such pieces, over and over */
};

enum { max_input = 4 << 20, max_pieces = 1 << 16, buffer_size = 8 << 20, pipe_size = 1 << 20 };

static struct phr_header fields[UINT16_MAX];

/* What is parsed ends where this points, before a page that may not be read. */
static char *guard;

static const uint64_t hash_start = UINT64_C(0xcbf29ce484222325); /* not 0, which a word 0 would not change */
static uint64_t hash;
static uint64_t *words;
static size_t num_words, max_words;
static int verbose;

static void die(const char *what)
{
    fprintf(stderr, "oracle: %s\n", what);
    exit(1);
}

/* put adds a word to the answer. */
static inline void put(uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 32;
    if (!verbose)
        return;
    if (num_words == max_words) {
        max_words = max_words ? 2 * max_words : 1024;
        if ((words = realloc(words, max_words * sizeof *words)) == NULL)
            die("out of memory");
    }
    words[num_words++] = word;
}

/* put_part puts where a part of a head lies, which says nothing for an empty one, and its length. */
static inline void put_part(const char *input, const char *part, size_t len)
{
    if (part == NULL)
        put(UINT64_MAX);
    else
        put(len == 0 ? 0 : (uint64_t)(part - input) << 32 | len);
}

static inline void put_fields(const char *input, size_t num_fields)
{
    put(num_fields);
    for (size_t i = 0; i < num_fields; i++) {
        put_part(input, fields[i].name, fields[i].name_len);
        put_part(input, fields[i].value, fields[i].value_len);
    }
}

static void put_data(const char *data, size_t size)
{
    put(size);
    for (; size > 0;) {
        uint64_t word = 0;
        size_t n = size < sizeof word ? size : sizeof word;
        memcpy(&word, data, n);
        put(word);
        data += n;
        size -= n;
    }
}

static void answer_request(const char *input, size_t size, size_t num_fields)
{
    const char *method, *target;
    size_t method_len, target_len;
    int minor;
    int n = phr_parse_request(input, size, &method, &method_len, &target, &target_len, &minor, fields, &num_fields, 0);
    put((int64_t)n);
    if (n < 0)
        return;
    put_part(input, method, method_len);
    put_part(input, target, target_len);
    put(minor);
    put_fields(input, num_fields);
}

static void answer_response(const char *input, size_t size, size_t num_fields)
{
    const char *reason;
    size_t reason_len;
    int minor, status;
    int n = phr_parse_response(input, size, &minor, &status, &reason, &reason_len, fields, &num_fields, 0);
    put((int64_t)n);
    if (n < 0)
        return;
    put(minor);
    put(status);
    put_part(input, reason, reason_len);
    put_fields(input, num_fields);
}

static void answer_trailer(const char *input, size_t size, size_t num_fields)
{
    int n = phr_parse_headers(input, size, fields, &num_fields, 0);
    put((int64_t)n);
    if (n >= 0)
        put_fields(input, num_fields);
}

/* next_piece returns the size of the piece that is taken from so many octets. */
static size_t next_piece(const struct question *q, const char *pieces, size_t *at, size_t left)
{
    if (q->pieces == 0)
        return left;
    uint32_t size;
    memcpy(&size, pieces + *at * sizeof size, sizeof size);
    *at = (*at + 1) % q->pieces;
    return size < left ? size : left;
}

static void answer_chunked(const struct question *q, const char *pieces, const char *input)
{
    struct phr_chunked_decoder decoder = {.consume_trailer = q->kind == chunked};
    size_t at = 0, piece;
    for (size_t left = q->size; left > 0; left -= piece) {
        piece = next_piece(q, pieces, &at, left);
        char *b = memcpy(guard - piece, input + q->size - left, piece);
        size_t size = piece;
        ssize_t result = phr_decode_chunked(&decoder, b, &size);
        put((int64_t)result);
        put_data(b, size);
        if (result != -2)
            return;
    }
}

static void answer(const struct question *q, const char *pieces, const char *input)
{
    hash = hash_start;
    num_words = 0;
    verbose = q->verbose;
    if (q->kind >= chunked) {
        answer_chunked(q, pieces, input);
        return;
    }
    char *b = memcpy(guard - q->size, input, q->size);
    switch (q->kind) {
    case request:
        answer_request(b, q->size, q->max_fields);
        break;
    case response:
        answer_response(b, q->size, q->max_fields);
        break;
    case trailer:
        answer_trailer(b, q->size, q->max_fields);
        break;
    }
}

static char out[1 << 14];
static size_t out_len;

static void flush(void)
{
    for (size_t at = 0; at < out_len;) {
        ssize_t n = write(STDOUT_FILENO, out + at, out_len - at);
        if (n < 0)
            die("cannot write");
        at += n;
    }
    out_len = 0;
}

static void send_word(uint64_t word)
{
    if (out_len == sizeof out)
        flush();
    memcpy(out + out_len, &word, sizeof word);
    out_len += sizeof word;
}

/* answer_first answers the question that in begins with and returns its size, or 0 if it is not all there. */
static size_t answer_first(const char *in, size_t len)
{
    struct question q;
    if (len < sizeof q)
        return 0;
    memcpy(&q, in, sizeof q);
    if (q.size > max_input || q.pieces > max_pieces || q.kind > chunked_leave)
        die("this is no question");
    const char *pieces = in + sizeof q, *input = pieces + q.pieces * sizeof(uint32_t);
    size_t size = input + q.size - in;
    if (len < size)
        return 0;
    answer(&q, pieces, input);
    if (!verbose) {
        send_word(hash);
        return size;
    }
    send_word(num_words);
    for (size_t i = 0; i < num_words; i++)
        send_word(words[i]);
    return size;
}

int main(void)
{
    size_t page = sysconf(_SC_PAGESIZE);
    char *region = mmap(NULL, max_input + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    static char in[buffer_size];
    if (region == MAP_FAILED || mprotect(region + max_input, page, PROT_NONE) != 0)
        die("out of memory");
    guard = region + max_input;
    fcntl(STDIN_FILENO, F_SETPIPE_SZ, pipe_size); /* only for speed: fewer turns */
    printf("picohttpparser of %s, %s\n", SOURCE, CODE);
    fflush(stdout);

    for (size_t to = 0;;) { /* in[:to] was read and not answered */
        size_t from = 0, n;
        while ((n = answer_first(in + from, to - from)) > 0)
            from += n;
        flush(); /* the other side may wait for it */
        memmove(in, in + from, to - from);
        to -= from;
        ssize_t got = read(STDIN_FILENO, in + to, buffer_size - to < pipe_size ? buffer_size - to : pipe_size);
        if (got <= 0)
            return got < 0 || to > 0;
        to += got;
    }
}
