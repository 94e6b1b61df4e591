//go:build ignore

// picohttpparser's side of the yardstick: see main.go.
//
//	yardstick-native CORPUS
//
// reads the corpus (its format is in corpus.go), says on one line what it is,
// and then answers each line of standard input with one line:
//
//	check I      head I: n, fields, bytes of names, bytes of values, digest
//	parse N      ns for parsing all heads, in order, N times
//	read N       the same, taking every name and value; ns, sum of the lengths
//	memchr N     ns for looking through all heads for a byte they do not have
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

struct head {
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

static struct head *heads;
static size_t num_heads;

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
    heads = calloc(st.st_size / slot, sizeof *heads);
    if (heads == NULL)
        die("out of memory");
    for (off_t at = 0; at < st.st_size;) {
        const unsigned char *p = file + at;
        size_t len = p[0] | p[1] << 8 | p[2] << 16 | (size_t)p[3] << 24;
        heads[num_heads++] = (struct head){(const char *)p + slot, len};
        at += slot + (len + slot - 1) / slot * slot;
    }
}

static int parse(const struct head *h, struct request *r)
{
    r->num_fields = max_fields;
    return phr_parse_request(h->bytes, h->len, &r->method, &r->method_len, &r->target, &r->target_len, &r->minor, r->fields,
                             &r->num_fields, 0);
}

static void must_parse(const struct head *h, struct request *r)
{
    int n = parse(h, r);
    if (n != (int)h->len) {
        printf("error: head %td: phr_parse_request returns %d, want %zu\n", h - heads, n, h->len);
        exit(1);
    }
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void time_parse(long passes)
{
    struct request r;
    int64_t start = now();
    for (long i = 0; i < passes; i++)
        for (size_t j = 0; j < num_heads; j++)
            must_parse(&heads[j], &r);
    printf("%lld\n", (long long)(now() - start));
}

static void time_read(long passes)
{
    struct request r;
    size_t sum = 0;
    int64_t start = now();
    for (long i = 0; i < passes; i++)
        for (size_t j = 0; j < num_heads; j++) {
            must_parse(&heads[j], &r);
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
        for (size_t j = 0; j < num_heads; j++)
            if (memchr(heads[j].bytes, absent, heads[j].len) != NULL)
                die("a head has a NUL");
    printf("%lld\n", (long long)(now() - start));
}

/* digest continues an FNV-1a hash with a string and a NUL. */
static uint64_t digest(uint64_t hash, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    return hash * UINT64_C(0x100000001b3);
}

static void check(size_t i)
{
    if (i >= num_heads)
        die("no such head");
    struct request r;
    must_parse(&heads[i], &r);
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    hash = digest(hash, r.method, r.method_len);
    hash = digest(hash, r.target, r.target_len);
    hash = digest(hash, r.minor ? "1" : "0", 1);
    size_t names = 0, values = 0;
    for (size_t k = 0; k < r.num_fields; k++) {
        struct phr_header *f = &r.fields[k];
        hash = digest(hash, f->name, f->name_len);
        hash = digest(hash, f->value, f->value_len);
        names += f->name_len;
        values += f->value_len;
    }
    printf("%zu %zu %zu %zu %016llx\n", heads[i].len, r.num_fields, names, values, (unsigned long long)hash);
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
        if (strcmp(command, "check") == 0)
            check(n);
        else if (strcmp(command, "parse") == 0)
            time_parse(n);
        else if (strcmp(command, "read") == 0)
            time_read(n);
        else if (strcmp(command, "memchr") == 0)
            time_memchr(n);
        else
            die("unknown command");
    }
    return 0;
}
