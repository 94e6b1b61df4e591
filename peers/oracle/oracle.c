//go:build ignore

// The side of picohttpparser: see main.go. The constraint keeps the go command from
// compiling this file as a part of the package.
//
// It writes a line that says what it is, and then answers the questions on standard
// input in order. A question is a struct question, the sizes of the pieces (32 bits each)
// and the input. An answer is its size in bytes (32 bits), and then words of 64 bits and
// data. All integers have the byte order of the machine.
//
// The answer for a head begins with its length, -2 (incomplete) or -1 (malformed). If the
// head is complete, these follow: the minor version, the status, two parts of the
// start-line, and for each field its name and its value. A part is a word: its offset in
// the input in the upper half and its length in the lower. It is 0 for an empty part, and -1 for
// NULL.
//
// The answer for a body in chunked coding has, for each call of phr_decode_chunked, what
// that returned, the size of the data, and the data.

#define _GNU_SOURCE
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
    uint8_t kind, last; /* of those that are sent together */
    uint16_t max_fields;
    uint32_t pieces; /* how many sizes follow; a body is cut into such pieces, over and over */
};

enum { max_input = 4 << 20, max_pieces = 1 << 16, max_answer = 64 << 20, buffer_size = 1 << 20 };

static struct phr_header fields[UINT16_MAX];
static uint32_t pieces[max_pieces];
static char body[max_input];
static char *guard; /* what is parsed ends here, before a page that cannot be read */

static char answer[max_answer];
static uint32_t answer_size;

static void die(const char *what)
{
    fprintf(stderr, "oracle: %s\n", what);
    exit(1);
}

static void put(const void *b, size_t size)
{
    if (size > max_answer - answer_size)
        die("an answer is too long");
    memcpy(answer + answer_size, b, size);
    answer_size += size;
}

static void put_word(int64_t word) { put(&word, sizeof word); }

static void put_part(const char *input, const char *part, size_t size)
{
    if (part == NULL)
        put_word(-1);
    else
        put_word(size == 0 ? 0 : (part - input) << 32 | size);
}

static void answer_head(const struct question *q, const char *b)
{
    const char *first = "", *second = "";
    size_t first_size = 0, second_size = 0, num_fields = q->max_fields;
    int n, minor = 0, status = 0;
    if (q->kind == request)
        n = phr_parse_request(b, q->size, &first, &first_size, &second, &second_size, &minor, fields, &num_fields, 0);
    else if (q->kind == response)
        n = phr_parse_response(b, q->size, &minor, &status, &first, &first_size, fields, &num_fields, 0);
    else
        n = phr_parse_headers(b, q->size, fields, &num_fields, 0);
    put_word(n);
    if (n < 0)
        return;
    put_word(minor);
    put_word(status);
    put_part(b, first, first_size);
    put_part(b, second, second_size);
    for (size_t i = 0; i < num_fields; i++) {
        put_part(b, fields[i].name, fields[i].name_len);
        put_part(b, fields[i].value, fields[i].value_len);
    }
}

static void answer_body(const struct question *q)
{
    struct phr_chunked_decoder decoder = {.consume_trailer = q->kind == chunked};
    size_t from = 0, i = 0;
    ssize_t result;
    do {
        size_t size = q->size - from;
        if (q->pieces > 0 && pieces[i % q->pieces] < size)
            size = pieces[i % q->pieces];
        i++;
        char *b = memcpy(guard - size, body + from, size);
        from += size;
        result = phr_decode_chunked(&decoder, b, &size);
        put_word(result);
        put_word(size);
        put(b, size);
    } while (from < q->size && result == -2);
}

int main(void)
{
    struct question q;
    size_t page = sysconf(_SC_PAGESIZE);
    char *region = mmap(NULL, max_input + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (region == MAP_FAILED || mprotect(region + max_input, page, PROT_NONE) != 0)
        die("out of memory");
    guard = region + max_input;
    setvbuf(stdin, NULL, _IOFBF, buffer_size);
    setvbuf(stdout, NULL, _IOFBF, buffer_size);
    printf("picohttpparser of %s, %s\n", SOURCE, CODE);
    fflush(stdout);
    while (fread(&q, sizeof q, 1, stdin) == 1) {
        if (q.size > max_input || q.pieces > max_pieces || q.kind > chunked_leave)
            die("this is no question");
        char *input = q.kind < chunked ? guard - q.size : body;
        if (fread(pieces, sizeof *pieces, q.pieces, stdin) != q.pieces || fread(input, 1, q.size, stdin) != q.size)
            die("the end of a question is missing");
        answer_size = 0;
        if (q.kind < chunked)
            answer_head(&q, input);
        else
            answer_body(&q);
        fwrite(&answer_size, sizeof answer_size, 1, stdout);
        fwrite(answer, 1, answer_size, stdout);
        if (q.last)
            fflush(stdout); /* the other side waits for it */
    }
    return ferror(stdin) || fflush(stdout) != 0;
}
