/*
 * What the sides in C and C++ share. The section "Another parser" of ../../README.md says what a side is and which commands
 * it has.
 *
 * A side, such as llhttp.c, first defines the type parser_state, for what its parser remembers between the pieces of a head. If
 * the parser has a struct of its own with name, name_len, value and value_len, the side defines field as its name. Then it
 * includes this file, and defines the functions begin and feed, a table of commands, and main, which calls serve. The compiler
 * is given -DABOUT, the line that says what the side is.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { max_fields = 100, slot = 64 };

enum { malformed = -1, incomplete = -2 };

#ifndef field
typedef struct {
    const char *name;
    size_t name_len;
    const char *value;
    size_t value_len;
} field;
#endif

/* A message is a head or a body. */
struct message {
    const char *bytes;
    size_t len;
};

struct request {
    const char *method, *target;
    size_t method_len, target_len;
    int minor;
    size_t num_fields;
    field fields[max_fields];
    parser_state state;
};

#include "judge.h"

/* begin makes r ready for a head. */
static void begin(struct request *r);

/* feed parses a head of which the first len bytes have arrived, and returns its length, malformed or incomplete. */
static long feed(struct request *r, const char *bytes, size_t len);

static struct message *messages;
static size_t num_messages;

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
    const char *p = (const char *)mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0), *end = p + st.st_size;
    messages = (struct message *)calloc(st.st_size / slot, sizeof *messages);
    if (p == MAP_FAILED || messages == NULL)
        die("out of memory");
    while (p < end) {
        const unsigned char *b = (const unsigned char *)p;
        struct message *m = &messages[num_messages++];
        m->len = b[0] | b[1] << 8 | b[2] << 16 | (size_t)b[3] << 24;
        m->bytes = p + slot;
        p += slot + (m->len + slot - 1) / slot * slot;
    }
}

/* wrong ends the program, because a parser has another result than when it was checked. */
static void wrong(const struct message *m)
{
    printf("error: message %td has another result than before\n", m - messages);
    exit(1);
}

#define INLINE static inline __attribute__((always_inline))

/* use makes the compiler store what p points to, as if it were used. */
INLINE void use(const void *p) { __asm__ volatile("" ::"r"(p) : "memory"); }

/* must parses a head that arrives in pieces of by bytes, and ends the program if it is not accepted whole. */
INLINE void must(const struct message *m, struct request *r, size_t by)
{
    size_t len = m->len;
    long n = incomplete;
    begin(r);
    for (size_t end = 0; n == incomplete && end < len;) {
        end = by < len - end ? end + by : len;
        n = feed(r, m->bytes, end);
    }
    if (n != (long)len)
        wrong(m);
    use(r);
}

static size_t lengths(const field *fields, size_t num_fields)
{
    size_t sum = 0;
    for (size_t k = 0; k < num_fields; k++)
        sum += fields[k].name_len + fields[k].value_len;
    return sum;
}

static void print_string(const char *bytes, size_t len)
{
    printf(" x");
    for (size_t i = 0; i < len; i++)
        printf("%02x", (unsigned char)bytes[i]);
}

static void print_value(field f) { print_string(f.value, f.value_len); }

static void print_fields(const field *fields, size_t num_fields)
{
    for (size_t k = 0; k < num_fields; k++) {
        print_string(fields[k].name, fields[k].name_len);
        print_value(fields[k]);
    }
}

/* rejected reports whether n, which feed returned, is not a length, and if so prints the response. */
static int rejected(long n)
{
    if (n < 0)
        printf("%s", n == incomplete ? "waits" : "rejects");
    return n < 0;
}

static void check_request(const struct message *m)
{
    struct request r;
    begin(&r);
    long n = feed(&r, m->bytes, m->len);
    if (rejected(n))
        return;
    printf("reads %ld", n);
    print_string(r.method, r.method_len);
    print_string(r.target, r.target_len);
    printf(" %d", r.minor);
    print_fields(r.fields, r.num_fields);
}

static const char *truth(int v) { return v ? "true" : "false"; }

static void check_serve(const struct message *m)
{
    struct request r;
    struct judgment v;
    begin(&r);
    long n = feed(&r, m->bytes, m->len);
    if (rejected(n >= 0 && !judge(&r, &v) ? malformed : n))
        return;
    printf("serves %lld %s %d %s %s %s", (long long)v.content, truth(v.keep_alive), v.form, truth(v.expect_continue),
           truth(v.expect_other), truth(v.upgrade));
    print_string(v.host, v.host_len);
    print_value(find(&r, "accept-encoding", 15));
    print_value(find(&r, "cookie", 6));
    print_value(find(&r, "x-absent", 8)); /* no head has it */
}

/* A loop goes over the corpus several times, and returns a sum of lengths. */
typedef size_t loop(long passes, long step);

/* LOOP defines a loop that runs a statement for each message m. The statement may add to sum. */
#define LOOP(all, ...) \
    static size_t all(long passes, long step) \
    { \
        size_t sum = 0; \
        for (long i = 0; i < passes; i++) \
            for (const struct message *m = messages; m < messages + num_messages; m++) \
                __VA_ARGS__ \
        return sum; \
    }

LOOP(parse_all, {
    struct request r;
    must(m, &r, m->len);
})

LOOP(read_all, {
    struct request r;
    must(m, &r, m->len);
    sum += lengths(r.fields, r.num_fields);
})

LOOP(serve_all, {
    struct request r;
    struct judgment v;
    must(m, &r, m->len);
    if (!judge(&r, &v))
        wrong(m);
    use(&v);
    sum += v.host_len + find(&r, "accept-encoding", 15).value_len + find(&r, "cookie", 6).value_len;
    sum += find(&r, "x-absent", 8).value_len + lengths(r.fields, r.num_fields);
})

LOOP(deliver_all, {
    struct request r;
    must(m, &r, step > 0 ? step : m->len);
    sum += lengths(r.fields, r.num_fields);
})

LOOP(reject_all, {
    struct request r;
    begin(&r);
    if (feed(&r, m->bytes, m->len) != malformed)
        wrong(m);
})

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* What a loop spends on making messages ready. It is subtracted. */
static int64_t preparation;

/* A command has a function that prints the response, or a loop that is timed. */
struct command {
    const char *word;
    void (*print)(const struct message *m);
    loop *run;
};

#define REQUEST_COMMANDS \
    {"check-request", check_request, NULL}, {"check-serve", check_serve, NULL}, {"parse-request", NULL, parse_all}, \
    {"read-request", NULL, read_all}, {"serve-request", NULL, serve_all}, {"deliver", NULL, deliver_all}, \
    {"reject", NULL, reject_all}

static void respond(const struct command *c, const char *word, long n, long step)
{
    while (c->word != NULL && strcmp(word, c->word) != 0)
        c++;
    if (c->word == NULL)
        die("unknown command");
    if (c->run != NULL) {
        preparation = 0;
        int64_t start = now();
        size_t sum = c->run(n, step);
        printf("%lld %zu\n", (long long)(now() - start - preparation), sum);
    } else if (n < 0 || (size_t)n >= num_messages) {
        die("no such message");
    } else {
        c->print(&messages[n]);
        printf("\n");
    }
}

static int serve(int argc, char **argv, const struct command *commands)
{
    setvbuf(stdout, NULL, _IOLBF, 1 << 16);
    if (argc < 2)
        die("usage: PROGRAM CORPUS");
    load(argv[1]);
    make_classes();
    printf("%s\n", ABOUT);

    char line[64], word[16];
    long n, step;
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "%15s %ld %ld", word, &n, &step) != 3)
            die("a command is a word and two numbers");
        respond(commands, word, n, step);
    }
    return 0;
}
