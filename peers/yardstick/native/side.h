/*
 * What the sides in C have in common: see ../main.go.
 *
 *	PROGRAM CORPUS THREADS
 *
 * reads the corpus (its format is in ../corpus.go), says on one line what it is,
 * and then answers each line of standard input, "COMMAND N STEP", with one line. A
 * time is followed by a sum of lengths, which is 0 where nothing is read.
 *
 *	check-request I     head I: n, fields, bytes of names, bytes of values, a digest of all
 *	                    parts, and one that knows neither the case of names nor their order
 *	check-serve I       the same for what serve-request does; the bytes of values include the host and what was looked up.
 *	                    Then a digest of these, the length of the content (-1: chunked, -2: tunnel), whether the
 *	                    connection stays open, and FORM/CONTINUE/EXPECT/UPGRADE: see struct judgment
 *	verdict I           what becomes of head I: accepts, waits or refuses
 *	parse-request N     ns for parsing all heads, in order, N times, in each thread
 *	read-request N      the same, taking every name and value; the sum is of their lengths
 *	serve-request N     the same, and judge.h's judge and look_up; the sum includes what was looked up
 *	deliver N STEP      read-request with the heads in pieces of STEP bytes; 0 for two halves
 *	refuse N            parse-request for heads that must be refused
 *	keep N              bytes, objects and ns of a garbage collection for a message that is kept
 *
 * A file that includes this defines first
 *
 *	field    a struct with name, name_len, value, value_len
 *	state    what its parser remembers between the pieces of a head
 *
 * and then the two functions that are declared below.
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
    state state;
};

#include "judge.h"

/* begin makes r ready for a head. */
static void begin(struct request *r);

/* feed parses a head of which len bytes are there, and returns its length or what is negative. */
static long feed(struct request *r, const char *bytes, size_t len);

static struct message *messages;
static size_t num_messages, longest;
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
    const unsigned char *file = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (file == MAP_FAILED)
        die("cannot map the corpus");
    messages = calloc(st.st_size / slot, sizeof *messages);
    if (messages == NULL)
        die("out of memory");
    for (off_t at = 0; at < st.st_size;) {
        const unsigned char *p = file + at;
        size_t len = p[0] | p[1] << 8 | p[2] << 16 | (size_t)p[3] << 24;
        messages[num_messages++] = (struct message){(const char *)p + slot, len};
        if (len > longest)
            longest = len;
        at += slot + (len + slot - 1) / slot * slot;
    }
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
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

static uint64_t digest_lower(uint64_t hash, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = bytes[i];
        hash = (hash ^ (c >= 'A' && c <= 'Z' ? c | 0x20 : c)) * UINT64_C(0x100000001b3);
    }
    return hash * UINT64_C(0x100000001b3);
}

/* answer_head continues the digest of a start-line with the fields, and answers; values are bytes to count as well. */
static void answer_head(size_t n, uint64_t hash, const field *fields, size_t num_fields, size_t values)
{
    size_t names = 0;
    uint64_t loose = hash;
    for (size_t k = 0; k < num_fields; k++) {
        const field *f = &fields[k];
        hash = digest(hash, f->name, f->name_len);
        hash = digest(hash, f->value, f->value_len);
        loose += digest(digest_lower(digest_start, f->name, f->name_len), f->value, f->value_len);
        names += f->name_len;
        values += f->value_len;
    }
    printf("%zu %zu %zu %zu %016llx %016llx", n, num_fields, names, values, (unsigned long long)hash, (unsigned long long)loose);
}

static const char *verdict_of(long n)
{
    return n >= 0 ? "accepts" : n == incomplete ? "waits" : "refuses";
}

/* look_up finds the host and three fields by name, the last of which is in no head, and returns their lengths. */
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

static const char *truth(int v) { return v ? "true" : "false"; }

static void answer_check(long i, int serve)
{
    const struct message *m = message(i);
    struct request r;
    struct judgment v;
    const field *found[3];
    begin(&r);
    long n = feed(&r, m->bytes, m->len);
    if (n >= 0 && serve && !judge(&r, &v))
        n = malformed;
    if (n < 0) {
        printf("%s\n", verdict_of(n));
        return;
    }
    uint64_t hash = digest_start;
    hash = digest(hash, r.method, r.method_len);
    hash = digest(hash, r.target, r.target_len);
    hash = digest_int(hash, r.minor);
    answer_head(n, hash, r.fields, r.num_fields, serve ? look_up(&r, &v, found) : 0);
    if (serve) {
        hash = digest(digest_start, v.host, v.host_len);
        for (int i = 0; i < 3; i++)
            hash = found[i] != NULL ? digest(hash, found[i]->value, found[i]->value_len) : digest(hash, "", 0);
        printf(" %016llx %lld %s %d/%s/%s/%s", (unsigned long long)hash, (long long)v.content, truth(v.keep_alive), v.form,
               truth(v.expect_continue), truth(v.expect_other), truth(v.upgrade));
    }
    printf("\n");
}

static void check_request(long i, long step) { answer_check(i, 0); }

static void check_serve(long i, long step) { answer_check(i, 1); }

static void answer_verdict(long i, long step)
{
    struct request r;
    begin(&r);
    printf("%s\n", verdict_of(feed(&r, message(i)->bytes, message(i)->len)));
}

static void must(const struct message *m, struct request *r)
{
    begin(r);
    long n = feed(r, m->bytes, m->len);
    if (n != (long)m->len)
        wrong(m, "the parser", n, m->len);
}

static void answer_keep(long n, long step)
{
    size_t bytes = 0;
    struct request r;
    for (size_t i = 0; i < num_messages; i++) {
        must(&messages[i], &r);
        bytes += messages[i].len + offsetof(struct request, fields) + r.num_fields * sizeof *r.fields;
    }
    printf("%zu 0 0\n", bytes / num_messages);
}

static size_t lengths(const struct request *r)
{
    size_t sum = 0;
    for (size_t k = 0; k < r->num_fields; k++)
        sum += r->fields[k].name_len + r->fields[k].value_len;
    return sum;
}

/* A loop goes over the corpus so many times, and returns a sum of lengths. */
typedef size_t loop(long passes, long step);

/* keep does nothing, but for all that gcc knows it reads what p points to, and all memory: so that has to be there. */
static void keep(const void *p) { __asm__ volatile("" ::"r"(p) : "memory"); }

/* What is done with a head. */
enum depth { parse, take, respond };

static inline __attribute__((always_inline)) size_t each(long passes, enum depth depth)
{
    struct request r;
    struct judgment v;
    const field *found[3];
    size_t sum = 0;
    for (long i = 0; i < passes; i++)
        for (size_t j = 0; j < num_messages; j++) {
            must(&messages[j], &r);
            if (depth >= respond) {
                if (!judge(&r, &v))
                    wrong(&messages[j], "judge", 0, 1);
                sum += look_up(&r, &v, found);
                keep(&v);
            }
            if (depth >= take)
                sum += lengths(&r);
        }
    return sum;
}

static size_t parse_all(long passes, long step) { return each(passes, parse); }

static size_t read_all(long passes, long step) { return each(passes, take); }

static size_t serve_all(long passes, long step) { return each(passes, respond); }

static size_t deliver_all(long passes, long step)
{
    struct request r;
    size_t sum = 0;
    for (long i = 0; i < passes; i++)
        for (size_t j = 0; j < num_messages; j++) {
            const struct message *m = &messages[j];
            size_t by = step > 0 ? (size_t)step : (m->len + 1) / 2;
            long n = incomplete;
            begin(&r);
            for (size_t end = 0; n == incomplete && end < m->len;) {
                end = end + by < m->len ? end + by : m->len;
                n = feed(&r, m->bytes, end);
            }
            if (n != (long)m->len)
                wrong(m, "the parser", n, m->len);
            sum += lengths(&r);
        }
    return sum;
}

static size_t refuse_all(long passes, long step)
{
    struct request r;
    for (long i = 0; i < passes; i++)
        for (size_t j = 0; j < num_messages; j++) {
            begin(&r);
            long n = feed(&r, messages[j].bytes, messages[j].len);
            if (n != malformed)
                wrong(&messages[j], "the parser", n, malformed);
        }
    return 0;
}

/* A worker is a loop in a thread. */
struct worker {
    pthread_t thread;
    loop *run;
    long passes, step;
    size_t sum;
};

static void *work(void *p)
{
    struct worker *w = p;
    w->sum = w->run(w->passes, w->step);
    return NULL;
}

/* answer_time runs a loop in all threads at once; the sum that it answers is that of one. */
static void answer_time(loop *run, long passes, long step)
{
    struct worker workers[max_threads];
    int64_t start = now();
    for (long i = 1; i < threads; i++) {
        workers[i] = (struct worker){.run = run, .passes = passes, .step = step};
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            die("no thread");
    }
    size_t sum = run(passes, step);
    for (long i = 1; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        if (workers[i].sum != sum)
            die("threads have different sums");
    }
    printf("%lld %zu\n", (long long)(now() - start), sum);
}

/* A command answers, or is a loop to be timed. */
struct command {
    const char *word;
    void (*answer)(long n, long step);
    loop *run;
};

#define REQUEST_COMMANDS \
    {"check-request", check_request}, {"check-serve", check_serve}, {"verdict", answer_verdict}, {"keep", answer_keep}, \
    {"parse-request", .run = parse_all}, {"read-request", .run = read_all}, {"serve-request", .run = serve_all}, \
    {"deliver", .run = deliver_all}, {"refuse", .run = refuse_all}

static void answer(const struct command *commands, const char *word, long n, long step)
{
    for (; commands->word != NULL; commands++)
        if (strcmp(word, commands->word) == 0) {
            if (commands->run != NULL)
                answer_time(commands->run, n, step);
            else
                commands->answer(n, step);
            return;
        }
    die("unknown command");
}

static int serve(int argc, char **argv, const char *about, const struct command *commands)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc != 3)
        die("usage: PROGRAM CORPUS THREADS");
    load(argv[1]);
    threads = atol(argv[2]);
    if (threads < 1 || threads > max_threads)
        die("not a number of threads");
    printf("%s, gcc %s %s\n", about, __VERSION__, FLAGS);

    char line[64], word[16];
    long n, step;
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "%15s %ld %ld", word, &n, &step) != 3)
            die("a command is a word and two numbers");
        answer(commands, word, n, step);
    }
    return 0;
}
