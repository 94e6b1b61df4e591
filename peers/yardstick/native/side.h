/*
 * What a side is, for the author of one, and what the sides in C and C++ share.
 *
 * A side is a program with one parser, in any language. The yardstick asks it what it makes of each head, compares that
 * with what picohttp makes of it, and only then asks for times:
 *
 *	go run ./yardstick -side NAME=PROGRAM
 *
 * It starts "PROGRAM CORPUS THREADS". CORPUS is a file of messages, one after another. A message begins with 64 bytes, the
 * first four of which are its length in bytes, little-endian. Its bytes follow, and padding to a multiple of 64. The program
 * maps the file, or reads it to the beginning of a page, so that every message starts a cache line. THREADS is the number of
 * threads that run a timed command at once.
 *
 * The program prints a line that says what it is: the parser, its version, the compiler and its version, and the flags. Then it
 * reads lines "COMMAND N STEP", a word and two decimal numbers, and responds to each with one line, which it flushes. It exits
 * at the end of the input. If anything is wrong, it prints "error: " and what that is, and exits.
 *
 * These commands are about message N, counted from 0, which the parser gets whole:
 *
 *	check-request	what the parser makes of the head of a request
 *		reads CONSUMED METHOD TARGET MINOR [NAME VALUE]...
 *	check-serve	what a server decides about that head, as judge in judge.h does, and what it looks up, as look_up does
 *		serves CONTENT KEEPALIVE FORM CONTINUE EXPECT UPGRADE HOST ENCODING COOKIE ABSENT
 *
 * If the head is incomplete, the response is "waits". If it is malformed, or if judge rejects it, the response is "refuses".
 *
 * Decimal numbers are CONSUMED, the length of the head; MINOR, the digit after "HTTP/1."; CONTENT, the length of the content, -1 if
 * it is chunked, or -2 for a tunnel; and FORM, the form of the request-target: 1 for origin-form, 2 for absolute-form, 3 for
 * authority-form, 4 for asterisk-form. True or false are KEEPALIVE, whether the connection stays open; CONTINUE, whether 100-continue
 * is expected; EXPECT, whether anything else is; and UPGRADE, whether Connection names a field Upgrade that has a value.
 *
 * The others are strings: an x, and then two lower-case hexadecimal digits for each byte. HOST is the host and port of the
 * request-target or else the value of Host, ENCODING the first value of Accept-Encoding, COOKIE that of Cookie, and ABSENT that of
 * X-Absent. A value has no whitespace around it. "-" stands for what a parser does not tell. A parser that changes the case of field
 * names or the order of fields responds "loose" instead of "reads". For GET / HTTP/1.1 with the fields Host: h and A, which is empty:
 *
 *	reads 31 x474554 x2f 1 x486f7374 x68 x41 x
 *	serves 0 true 1 false false false x68 x x x
 *
 * These commands go over all messages, in order, N times in each of the threads. They respond "NS SUM": the nanoseconds until
 * all threads are done, by the monotonic clock, and the sum of the lengths that one of the threads has taken.
 *
 *	parse-request	parses each head. The sum is 0.
 *	read-request	also takes every name and value. The sum is of their lengths.
 *	serve-request	also does what check-serve responds. The sum includes HOST, ENCODING, COOKIE, and ABSENT.
 *	deliver		read-request for heads that arrive in pieces: the parser gets the first STEP bytes, then STEP more, until the
 *			head is complete. If STEP is 0, it gets two halves, of which the first is not the shorter one.
 *	refuse		parse-request for heads that are malformed. The sum is 0.
 *
 * It is an error if the parser does not consume all of a head, or, with refuse, if it does not find it malformed. The last command is
 * not timed:
 *
 *	keep		responds "BYTES OBJECTS NS", for what a server has to keep of a message to read its fields later: the bytes,
 *			the head's among them, and the objects for a garbage collector, both of an average message, and the time of one
 *			collection while N messages are kept. The last two are 0 without a garbage collector.
 *
 * A program may lack commands. It is left out of the tables that need them.
 *
 * A side in C or C++ includes this file, as callbacks.c does. The compiler is given -DABOUT, the line that says what it is. The side
 * first defines the types
 *
 *	field		a struct with name, name_len, value, and value_len
 *	parser_state	what its parser remembers between the pieces of a head
 *
 * and then the functions begin and feed, a table of commands, and main, which calls serve.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { max_fields = 100, slot = 64, max_threads = 64 };

enum { malformed = -1, incomplete = -2 };

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

/* feed parses a head of which len bytes are there, and returns its length, malformed or incomplete. */
static long feed(struct request *r, const char *bytes, size_t len);

static struct message *messages;
static size_t num_messages;
static long threads;

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
    const char *file = (const char *)mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (file == MAP_FAILED)
        die("cannot map the corpus");
    messages = (struct message *)calloc(st.st_size / slot, sizeof *messages);
    if (messages == NULL)
        die("out of memory");
    for (const char *p = file; p < file + st.st_size;) {
        const unsigned char *b = (const unsigned char *)p;
        struct message *m = &messages[num_messages++];
        m->len = b[0] | b[1] << 8 | b[2] << 16 | (size_t)b[3] << 24;
        m->bytes = p + slot;
        p += slot + (m->len + slot - 1) / slot * slot;
    }
}

static void wrong(const struct message *m, const char *what, long result, size_t want)
{
    printf("error: message %td: %s returns %ld, want %zu\n", m - messages, what, result, want);
    exit(1);
}

static const struct message *message(long i)
{
    if (i < 0 || (size_t)i >= num_messages)
        die("no such message");
    return &messages[i];
}

#define INLINE static inline __attribute__((always_inline))

/* use makes the compiler store what p points to, as if it were used. */
INLINE void use(const void *p) { __asm__ volatile("" ::"r"(p) : "memory"); }

INLINE void must(const struct message *m, struct request *r)
{
    begin(r);
    long n = feed(r, m->bytes, m->len);
    if (n != (long)m->len)
        wrong(m, "the parser", n, m->len);
    use(r);
}

/* look_up finds three fields by name, no head has the last one, and returns the length of their values and the host. */
static inline size_t look_up(const struct request *r, const struct judgment *v, const field *found[3])
{
    size_t sum = v->host_len;
    found[0] = find(r, "accept-encoding", 15);
    found[1] = find(r, "cookie", 6);
    found[2] = find(r, "x-absent", 8);
    for (int i = 0; i < 3; i++)
        if (found[i] != NULL)
            sum += found[i]->value_len;
    return sum;
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

static void print_fields(const field *fields, size_t num_fields)
{
    for (size_t k = 0; k < num_fields; k++) {
        print_string(fields[k].name, fields[k].name_len);
        print_string(fields[k].value, fields[k].value_len);
    }
}

/* rejected reports whether n, which feed returned, is no length, and prints the response to that. */
static int rejected(long n)
{
    if (n < 0)
        printf("%s", n == incomplete ? "waits" : "refuses");
    return n < 0;
}

static void check_request(long i)
{
    const struct message *m = message(i);
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

static void check_serve(long i)
{
    const struct message *m = message(i);
    struct request r;
    struct judgment v;
    const field *found[3];
    begin(&r);
    long n = feed(&r, m->bytes, m->len);
    if (rejected(n >= 0 && !judge(&r, &v) ? malformed : n))
        return;
    look_up(&r, &v, found);
    printf("serves %lld %s %d %s %s %s", (long long)v.content, truth(v.keep_alive), v.form, truth(v.expect_continue),
           truth(v.expect_other), truth(v.upgrade));
    print_string(v.host, v.host_len);
    for (int k = 0; k < 3; k++)
        print_string(found[k] ? found[k]->value : "", found[k] ? found[k]->value_len : 0);
}

/* keep counts the head and struct request up to its last field. */
static void keep(long n)
{
    size_t bytes = 0;
    struct request r;
    for (size_t i = 0; i < num_messages; i++) {
        must(&messages[i], &r);
        bytes += messages[i].len + ((const char *)&r.fields[r.num_fields] - (const char *)&r);
    }
    printf("%zu 0 0", bytes / num_messages);
}

/* A loop goes over the corpus several times, and returns a sum of lengths. */
typedef size_t loop(long passes, long step);

/* LOOP defines a loop that calls one, which is inlined, with every message. */
#define LOOP(all, one) \
    static size_t all(long passes, long step) \
    { \
        size_t sum = 0; \
        for (long i = 0; i < passes; i++) \
            for (size_t j = 0; j < num_messages; j++) \
                sum += one(&messages[j], step); \
        return sum; \
    }

INLINE size_t parse_one(const struct message *m, long step)
{
    struct request r;
    must(m, &r);
    return 0;
}

INLINE size_t read_one(const struct message *m, long step)
{
    struct request r;
    must(m, &r);
    return lengths(r.fields, r.num_fields);
}

INLINE size_t serve_one(const struct message *m, long step)
{
    struct request r;
    struct judgment v;
    const field *found[3];
    must(m, &r);
    if (!judge(&r, &v))
        wrong(m, "judge", 0, 1);
    size_t sum = look_up(&r, &v, found);
    use(&v);
    return sum + lengths(r.fields, r.num_fields);
}

INLINE size_t deliver_one(const struct message *m, long step)
{
    struct request r;
    size_t by = step > 0 ? (size_t)step : (m->len + 1) / 2;
    long n = incomplete;
    begin(&r);
    for (size_t end = 0; n == incomplete && end < m->len;) {
        end = end + by < m->len ? end + by : m->len;
        n = feed(&r, m->bytes, end);
    }
    if (n != (long)m->len)
        wrong(m, "the parser", n, m->len);
    return lengths(r.fields, r.num_fields);
}

INLINE size_t refuse_one(const struct message *m, long step)
{
    struct request r;
    begin(&r);
    long n = feed(&r, m->bytes, m->len);
    if (n != malformed)
        wrong(m, "the parser", n, malformed);
    return 0;
}

LOOP(parse_all, parse_one)
LOOP(read_all, read_one)
LOOP(serve_all, serve_one)
LOOP(deliver_all, deliver_one)
LOOP(refuse_all, refuse_one)

/* The loop that is timed. */
static struct {
    loop *run;
    long passes, step;
} job;

static void *work(void *sum)
{
    *(size_t *)sum = job.run(job.passes, job.step);
    return NULL;
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* measure times the job in all threads, of which this is one. */
static void measure(void)
{
    pthread_t others[max_threads];
    size_t sums[max_threads];
    int64_t start = now();
    for (long i = 1; i < threads; i++)
        if (pthread_create(&others[i], NULL, work, &sums[i]) != 0)
            die("cannot start a thread");
    work(&sums[0]);
    for (long i = 1; i < threads; i++) {
        pthread_join(others[i], NULL);
        if (sums[i] != sums[0])
            die("threads have different sums");
    }
    printf("%lld %zu", (long long)(now() - start), sums[0]);
}

/* A command has a function that prints the response, or a loop that is timed. */
struct command {
    const char *word;
    void (*print)(long n);
    loop *run;
};

#define REQUEST_COMMANDS \
    {"check-request", check_request, NULL}, {"check-serve", check_serve, NULL}, {"keep", keep, NULL}, \
    {"parse-request", NULL, parse_all}, {"read-request", NULL, read_all}, {"serve-request", NULL, serve_all}, \
    {"deliver", NULL, deliver_all}, {"refuse", NULL, refuse_all}

static void respond(const struct command *c, const char *word, long n, long step)
{
    while (c->word != NULL && strcmp(word, c->word) != 0)
        c++;
    if (c->word == NULL)
        die("unknown command");
    job.run = c->run;
    job.passes = n;
    job.step = step;
    if (job.run != NULL)
        measure();
    else
        c->print(n);
    printf("\n");
}

static int serve(int argc, char **argv, const struct command *commands)
{
    setvbuf(stdout, NULL, _IOLBF, 1 << 16);
    if (argc != 3)
        die("usage: PROGRAM CORPUS THREADS");
    load(argv[1]);
    make_classes();
    threads = atol(argv[2]);
    if (threads < 1 || threads > max_threads)
        die("not a number of threads");
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
